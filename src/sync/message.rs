//! The messages, and their bytes.
//!
//! Every message begins with 13 bytes: `crm`, 16 · version + the key's kind, the kind of message, and the sender's replica id,
//! big endian. Then comes the content: of a *delta* (1) and an *answer* (3) a [delta](crate::codec); of an *ask* (2) the causal
//! context, as a delta without registrations; of a *digest* (4) the context's fingerprint, 8 bytes, big endian; of a *presence*
//! (5) what [`presence`](super::presence) says.

use super::{IgnoreReason, presence};
use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;

const MAGIC: [u8; 3] = *b"crm";
const VERSION: u8 = 1;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message<K> {
    /// What the sender just did.
    Delta(Delta<K>),
    /// What the sender knows, asking for the rest.
    Ask(CausalContext),
    /// Everything that the sender knows.
    Answer(Delta<K>),
    /// A fingerprint of what the sender knows.
    Digest(u64),
    /// Who is there.
    Presence(Vec<u8>),
}

const DELTA: u8 = 1;
const ASK: u8 = 2;
const ANSWER: u8 = 3;
const DIGEST: u8 = 4;
const PRESENCE: u8 = 5;

pub(super) fn encode_message<K: WireKey>(sender: ReplicaId, message: &Message<K>) -> Vec<u8> {
    let (kind, content) = match message {
        Message::Delta(delta) => (DELTA, delta.encode()),
        Message::Ask(context) => (ASK, Delta::<K>::claiming(context.clone()).encode()),
        Message::Answer(state) => (ANSWER, state.encode()),
        Message::Digest(fingerprint) => (DIGEST, fingerprint.to_be_bytes().to_vec()),
        Message::Presence(content) => (PRESENCE, content.clone()),
    };
    let mut bytes = Vec::with_capacity(13 + content.len());
    bytes.extend(MAGIC);
    bytes.extend([VERSION << 4 | K::KIND, kind]);
    bytes.extend(sender.get().to_be_bytes());
    bytes.extend(content);
    bytes
}

pub(super) fn decode_message<K: WireKey>(bytes: &[u8]) -> Result<(ReplicaId, Message<K>), IgnoreReason> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(IgnoreReason::Foreign)?;
    let (header, rest) = rest.split_first_chunk::<2>().ok_or(IgnoreReason::Foreign)?;
    let (sender, content) = rest.split_first_chunk::<8>().ok_or(IgnoreReason::Foreign)?;
    let [versions, kind] = *header;
    if versions >> 4 != VERSION {
        return Err(IgnoreReason::Version(versions >> 4));
    }
    if versions & 15 != K::KIND {
        return Err(IgnoreReason::KeyKind(versions & 15));
    }
    let delta = || Delta::<K>::decode(content).map_err(IgnoreReason::Malformed);
    let message = match kind {
        DELTA => Message::Delta(delta()?),
        ASK => Message::Ask(delta()?.context().clone()),
        ANSWER => Message::Answer(delta()?),
        DIGEST => Message::Digest(u64::from_be_bytes(content.try_into().map_err(|_| IgnoreReason::Foreign)?)),
        PRESENCE => {
            presence::check(content).map_err(IgnoreReason::Malformed)?;
            Message::Presence(content.to_vec())
        }
        unknown => return Err(IgnoreReason::MessageKind(unknown)),
    };
    Ok((ReplicaId::new(u64::from_be_bytes(*sender)), message))
}

/// Who sent a message that was understood.
pub(super) fn sender(bytes: &[u8]) -> Option<ReplicaId> {
    let id = bytes.get(5..13)?.try_into().ok()?;
    Some(ReplicaId::new(u64::from_be_bytes(id)))
}
