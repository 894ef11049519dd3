//! The messages, and the frame around the content of each. `docs/protocol.md` defines the bytes.

use crc::{CRC_32_ISO_HDLC, Crc};

use super::drop_runs::DropRuns;
use super::meet::Meet;
use super::{IgnoreReason, presence};
use crate::codec::{DecodeError, Reader, WireKey, Writer};
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::version::Version;

const MAGIC: [u8; 3] = *b"crm";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 13;
const CHECKSUM_BYTES: usize = 4;

/// What a message takes beside its content.
pub(super) const FRAME_BYTES: usize = HEAD_BYTES + CHECKSUM_BYTES;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message<K> {
    /// What the sender just did, or received elsewhere.
    Delta(Delta<K>),
    /// A question to everybody: the sender claims what it knows, and asks for the rest.
    Ask(Ask),
    /// A message of a meeting of two.
    Meet(Box<Meet<K>>),
    /// The fingerprints of the sender's version and content.
    Digest(Fingerprints),
    /// Who is there.
    Presence(Vec<u8>),
    /// What can be asked of the sender. An empty version is a wish: to be sent announcements instead of news.
    Announce(Version),
    /// Many records that one writer dropped.
    Drops(DropRuns),
}

/// A question to everybody.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ask {
    pub(super) id: u32,
    pub(super) round_trip_ms: Option<u64>,
    pub(super) registrations: u64,
    /// The asker reads messages of two to the power of that many bytes.
    pub(super) reads_log2: u8,
    pub(super) version: Version,
}

/// The fingerprint of a state's content: its entries and tombstones, without its version.
pub(super) fn content_fingerprint<K: WireKey>(state: &Delta<K>) -> u64 {
    state.entries.fingerprint().wrapping_add(state.tombstones.fingerprint())
}

/// By these, two replicas find out whether they have the same version and the same content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprints {
    pub(super) version: u64,
    pub(super) content: u64,
}

impl Fingerprints {
    pub(super) fn of<K: WireKey>(state: &Delta<K>) -> Self {
        Self { version: state.version().fingerprint(), content: content_fingerprint(state) }
    }
}

const DELTA: u8 = 1;
const ASK: u8 = 2;
const MEET: u8 = 3;
const DIGEST: u8 = 4;
const PRESENCE: u8 = 5;
const ANNOUNCE: u8 = 6;
const DROPS: u8 = 7;

impl<K: WireKey> Message<K> {
    pub(super) fn encode(&self, sender: ReplicaId) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(&MAGIC);
        writer.raw(&[VERSION << 4 | K::KIND, self.kind()]);
        writer.raw(&sender.get().to_be_bytes());
        match self {
            Self::Delta(delta) => writer.raw(&delta.encode()),
            Self::Ask(Ask { id, round_trip_ms, registrations, reads_log2, version }) => {
                writer.raw(&id.to_be_bytes());
                writer.number(round_trip_ms.map_or(0, |round_trip_ms| round_trip_ms + 1));
                writer.number(*registrations);
                writer.raw(&[*reads_log2]);
                version.write(&mut writer);
            }
            Self::Meet(meet) => meet.write(&mut writer),
            Self::Digest(Fingerprints { version, content }) => {
                writer.raw(&version.to_be_bytes());
                writer.raw(&content.to_be_bytes());
            }
            Self::Presence(content) => writer.raw(content),
            Self::Announce(version) => version.write(&mut writer),
            Self::Drops(dropped) => dropped.write(&mut writer),
        }
        let mut bytes = writer.finish();
        let checksum = checksum(&bytes);
        bytes.extend(checksum);
        bytes
    }

    pub(super) fn kind(&self) -> u8 {
        match self {
            Self::Delta(_) => DELTA,
            Self::Ask(_) => ASK,
            Self::Meet(_) => MEET,
            Self::Digest(_) => DIGEST,
            Self::Presence(_) => PRESENCE,
            Self::Announce(_) => ANNOUNCE,
            Self::Drops(_) => DROPS,
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
        if !(DELTA..=DROPS).contains(&kind) {
            return Err(IgnoreReason::MessageKind(kind));
        }
        let message = Self::read(kind, content).map_err(|error| {
            IgnoreReason::Malformed(DecodeError { offset: HEAD_BYTES + error.offset, ..error })
        })?;
        Ok((ReplicaId::new(u64::from_be_bytes(*sender)), message))
    }

    fn read(kind: u8, content: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(content);
        let message = match kind {
            DELTA => return Ok(Self::Delta(Delta::decode(content)?)),
            ASK => Self::Ask(Ask {
                id: reader.u32_be()?,
                round_trip_ms: reader.number()?.checked_sub(1),
                registrations: reader.number()?,
                reads_log2: reader.byte()?,
                version: Version::read(&mut reader)?,
            }),
            MEET => Self::Meet(Meet::read(&mut reader)?.into()),
            DIGEST => Self::Digest(Fingerprints { version: reader.u64_be()?, content: reader.u64_be()? }),
            ANNOUNCE => Self::Announce(Version::read(&mut reader)?),
            DROPS => Self::Drops(DropRuns::read(&mut reader)?),
            _ => {
                presence::check(content)?;
                return Ok(Self::Presence(content.to_vec()));
            }
        };
        reader.finish()?;
        Ok(message)
    }
}

/// The sender of a message; it is not checked whether the rest can be read.
pub(super) fn sender(bytes: &[u8]) -> Option<ReplicaId> {
    let id = bytes.get(HEAD_BYTES - 8..HEAD_BYTES)?.try_into().ok()?;
    Some(ReplicaId::new(u64::from_be_bytes(id)))
}

/// Shows that a message was damaged on the way, but for an accident of one in 2^32.
pub(super) fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
    CRC.checksum(bytes).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::Statistics;
    use super::*;

    #[test]
    fn statistics_name_each_kind_in_its_place() {
        let kinds = [DELTA, ASK, MEET, DIGEST, PRESENCE, ANNOUNCE, DROPS];
        let names = kinds.map(|kind| Statistics::KINDS[usize::from(kind) - 1]);
        assert_eq!(names, ["delta", "ask", "meet", "digest", "presence", "announce", "drops"]);
        assert_eq!(Statistics::KINDS.len(), kinds.len());
    }
}
