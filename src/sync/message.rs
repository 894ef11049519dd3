//! The messages, and their bytes.
//!
//! Every message begins with 13 bytes: `crm`, 16 · version + the key's kind, the kind of message, and the sender's replica id,
//! big endian. Then comes the content, and at the end the CRC-32 of all before, 4 bytes, big endian: that of ISO 3309 and gzip.
//!
//! | kind | content |
//! |---|---|
//! | 1 delta | a [delta](crate::codec): what the sender did, or what somebody lacks |
//! | 2 ask | what the sender knows, a [context](crate::codec); if the answer might be that somebody knows the same and holds something else, a fingerprint of what it holds, 8 bytes, big endian |
//! | 3 compare | see [`super::compare`] |
//! | 4 digest | fingerprints of what the sender knows and of what it holds, 8 bytes each, big endian |
//! | 5 presence | see [`super::presence`] |
//! | 6 exchange | what the sender knows, a context; then a delta: an answer and a question |

use crc::{CRC_32_ISO_HDLC, Crc};

use super::compare::Compare;
use super::{IgnoreReason, presence};
use crate::causal::CausalContext;
use crate::codec::{DecodeError, Reader, WireKey, Writer};
use crate::delta::Delta;
use crate::id::ReplicaId;

const MAGIC: [u8; 3] = *b"crm";
const VERSION: u8 = 2;
const HEAD_BYTES: usize = 13;
const CHECKSUM_BYTES: usize = 4;

/// The kinds of messages, by the fifth byte less one.
pub(super) const KINDS: usize = 6;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message<K> {
    /// What the sender just did, or what somebody lacks.
    Delta(Delta<K>),
    /// What the sender knows, asking for the rest.
    Ask(Ask),
    /// A step of comparing two replicas range by range.
    Compare(Box<Compare<K>>),
    /// Fingerprints of what the sender knows and holds.
    Digest(Fingerprints),
    /// Who is there.
    Presence(Vec<u8>),
    /// What somebody lacks, and what the sender knows, asking for the rest.
    Exchange(Delta<K>, CausalContext),
}

/// A fingerprint of what is held, apart from what is known.
pub(super) fn held<K: WireKey>(state: &Delta<K>) -> u64 {
    state.entries.fingerprint().wrapping_add(state.drops.fingerprint())
}

/// What a replica knows, with a fingerprint of what it holds, by which two that know the same can tell whether they agree.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ask {
    pub(super) context: CausalContext,
    /// Told only where somebody was heard who knows the same and holds something else.
    pub(super) entries: Option<u64>,
}

impl Ask {
    /// Whether that state, although it knows the same, holds something else.
    pub(super) fn contradicts<K: WireKey>(&self, state: &Delta<K>) -> bool {
        self.context == state.context && self.entries.is_some_and(|theirs| theirs != held(state))
    }
}

/// By what two replicas tell whether they know and hold the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprints {
    pub(super) context: u64,
    pub(super) entries: u64,
}

impl Fingerprints {
    pub(super) fn of<K: WireKey>(state: &Delta<K>) -> Self {
        Self { context: state.context.fingerprint(), entries: held(state) }
    }
}

const DELTA: u8 = 1;
const ASK: u8 = 2;
const COMPARE: u8 = 3;
const DIGEST: u8 = 4;
const PRESENCE: u8 = 5;
const EXCHANGE: u8 = 6;

impl<K: WireKey> Message<K> {
    pub(super) fn encode(&self, sender: ReplicaId) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(&MAGIC);
        writer.raw(&[VERSION << 4 | K::KIND, self.kind()]);
        writer.raw(&sender.get().to_be_bytes());
        match self {
            Self::Delta(delta) => writer.raw(&delta.encode()),
            Self::Ask(ask) => {
                ask.context.write(&mut writer);
                ask.entries.iter().for_each(|entries| writer.raw(&entries.to_be_bytes()));
            }
            Self::Compare(compare) => compare.write(&mut writer),
            Self::Digest(Fingerprints { context, entries }) => {
                writer.raw(&context.to_be_bytes());
                writer.raw(&entries.to_be_bytes());
            }
            Self::Presence(content) => writer.raw(content),
            Self::Exchange(delta, context) => {
                context.write(&mut writer);
                writer.raw(&delta.encode());
            }
        }
        let mut bytes = writer.finish();
        let checksum = checksum(&bytes);
        bytes.extend(checksum);
        bytes
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Delta(_) => DELTA,
            Self::Ask(_) => ASK,
            Self::Compare(_) => COMPARE,
            Self::Digest(_) => DIGEST,
            Self::Presence(_) => PRESENCE,
            Self::Exchange(..) => EXCHANGE,
        }
    }

    /// Reads a message and who sent it.
    pub(super) fn decode(bytes: &[u8]) -> Result<(ReplicaId, Self), IgnoreReason> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(IgnoreReason::Foreign)?;
        let (header, rest) = rest.split_first_chunk::<2>().ok_or(IgnoreReason::Foreign)?;
        let [versions, kind] = *header;
        if versions >> 4 != VERSION {
            return Err(IgnoreReason::Version(versions >> 4));
        }
        let (body, found) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(IgnoreReason::Foreign)?;
        let (sender, _) = rest.split_first_chunk::<8>().ok_or(IgnoreReason::Foreign)?;
        let content = body.get(HEAD_BYTES..).ok_or(IgnoreReason::Foreign)?;
        if checksum(body) != *found {
            return Err(IgnoreReason::Checksum);
        }
        if versions & 15 != K::KIND {
            return Err(IgnoreReason::KeyKind(versions & 15));
        }
        if !(DELTA..=EXCHANGE).contains(&kind) {
            return Err(IgnoreReason::MessageKind(kind));
        }
        let message = Self::read(kind, content).map_err(|error| {
            IgnoreReason::Malformed(DecodeError { offset: HEAD_BYTES + error.offset, ..error })
        })?;
        Ok((ReplicaId::new(u64::from_be_bytes(*sender)), message))
    }

    fn read(kind: u8, content: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(content);
        Ok(match kind {
            DELTA => Self::Delta(Delta::decode(content)?),
            ASK => {
                let context = CausalContext::read(&mut reader)?;
                let has_entries = reader.offset() < content.len();
                let entries = if has_entries { Some(word(&mut reader)?) } else { None };
                reader.finish()?;
                Self::Ask(Ask { context, entries })
            }
            EXCHANGE => {
                let context = CausalContext::read(&mut reader)?;
                Self::Exchange(read_rest(&mut reader)?, context)
            }
            COMPARE => Self::Compare(Compare::read(reader)?.into()),
            DIGEST => {
                let digest = Fingerprints { context: word(&mut reader)?, entries: word(&mut reader)? };
                reader.finish()?;
                Self::Digest(digest)
            }
            _ => {
                presence::check(content)?;
                Self::Presence(content.to_vec())
            }
        })
    }
}

/// Who sent a message that was understood.
pub(super) fn sender(bytes: &[u8]) -> Option<ReplicaId> {
    let id = bytes.get(HEAD_BYTES - 8..HEAD_BYTES)?.try_into().ok()?;
    Some(ReplicaId::new(u64::from_be_bytes(id)))
}

/// Writes a delta after which something follows.
pub(super) fn write_delta<K: WireKey>(delta: &Delta<K>, writer: &mut Writer) {
    let bytes = delta.encode();
    writer.number(bytes.len() as u64);
    writer.raw(&bytes);
}

/// Reads what [`write_delta`] wrote.
pub(super) fn read_delta<K: WireKey>(reader: &mut Reader<'_>) -> Result<Delta<K>, DecodeError> {
    let length = reader.count(1)?;
    let begin = reader.offset();
    Delta::decode(reader.raw(length)?).map_err(|error| DecodeError { offset: begin + error.offset, ..error })
}

/// Reads a delta up to the end.
fn read_rest<K: WireKey>(reader: &mut Reader<'_>) -> Result<Delta<K>, DecodeError> {
    let begin = reader.offset();
    let rest = reader.raw(reader.length() - begin)?;
    Delta::decode(rest).map_err(|error| DecodeError { offset: begin + error.offset, ..error })
}

/// Eight bytes, big endian.
pub(super) fn word(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    Ok(reader.raw(8)?.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)))
}

/// Tells messages that were damaged on the way, but for an accident of one in 2^32.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
    CRC.checksum(bytes).to_be_bytes()
}
