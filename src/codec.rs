//! The wire format of deltas and states, version 1: canonical, compact, and safe to decode from anybody.
//!
//! `docs/protocol.md` defines every byte, for the building blocks (*number*, *column*, *zigzag*), deltas and contexts. This module writes
//! and reads them: `bytes` the building blocks, `column` the packed blocks of a column, `encode` and `decode` deltas and contexts,
//! `keys` the ranges of a key type ([`WireKey`]).
//!
//! # Why it is so
//!
//! - **Canonical.** Equal deltas have equal bytes, so that replicas and tests can compare states by their bytes. Bytes are accepted only if
//!   encoding their value again would give the same bytes: every number has its shortest form, every list is in strict order, nothing
//!   is said twice, and nothing unused is listed.
//! - **Columns.** The records of a state are much alike in each of their fields. So each field is a column of its own, and a block of a
//!   column takes as many bits for each number as its greatest number needs.
//! - **Carried dots are not written.** A record or a tombstone shows its dots, so the context has runs only for dots that nothing in the
//!   message carries.
//!
//! # Bounds
//!
//! A message of b bytes holds at most b registrations, b records, b tombstones and b/2 of anything else, which is checked before
//! anything is allocated. Decoding allocates at most a constant multiple of b. A written context has at most 65,536 runs beyond the
//! prefixes of all its replicas; of a context with more, the last ones are left out, so that it claims less than is known.

mod bytes;
mod column;
mod decode;
mod encode;
mod keys;

use core::fmt;

pub use self::bytes::{Reader, Writer};
pub use self::keys::WireKey;
use crate::causal::CausalContext;
use crate::delta::Delta;
pub use crate::hash::KeyHasher;
use crate::version::Version;

impl Version {
    /// The canonical bytes of this version, for a peer that is to answer with [what is lacking](crate::RangeMap::delta_since). If there
    /// are more than 65,536 runs beyond the prefixes, the last ones are left out: the bytes then claim less than is known. O(replicas +
    /// runs).
    ///
    /// ```
    /// # use crdt_range_map::{Delta, KeyRange, NodeId, RangeMap, ReplicaId, Version};
    /// let mut here = RangeMap::<u64>::new(ReplicaId::new(1));
    /// let mut there = RangeMap::<u64>::new(ReplicaId::new(2));
    /// _ = here.register(&NodeId::new("a")?, &KeyRange::new(0, 100)?)?;
    /// // There asks here, which answers.
    /// let question = there.state().version().encode();
    /// let version = Version::decode(&question)?;
    /// let answer = here.delta_since(&version).unwrap_or_else(|| here.state().clone()).encode();
    /// there.merge(&Delta::decode(&answer)?);
    /// assert_eq!(here.state(), there.state());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(&[VERSION << 4 | CONTEXT_KIND]);
        self.write(&mut writer);
        writer.finish()
    }

    /// Reads what [`encode`](Self::encode) wrote. O(its length).
    ///
    /// # Errors
    /// [`DecodeError`] for anything else, with the offset and the reason. Decoding allocates at most a constant multiple of the length.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        decode::read_header(CONTEXT_KIND, &mut reader)?;
        let version = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(version)
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        encode::write_version(self, writer);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        decode::read_version(reader)
    }
}

/// As a version in which nobody is retired.
impl CausalContext {
    pub(crate) fn write(&self, writer: &mut Writer) {
        Version::from(self.clone()).write(writer);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let Version { context, retired } = Version::read(reader)?;
        if retired.is_empty() {
            Ok(context)
        } else {
            Err(reader.error(DecodeProblem::OutOfBounds("who is retired, where only dots may be")))
        }
    }
}

/// The version of the format.
const VERSION: u8 = 1;

/// Stands for the kind of key in the header of a context by itself.
const CONTEXT_KIND: u8 = 0;

/// How many runs beyond the prefixes a written context has at most.
pub(crate) const RUNS_MAX: usize = 1 << 16;

/// The value of half a byte that says that a further byte follows. Lengths that fit into half a byte are less than this.
const HALF_BYTE_MAX: u8 = 15;

mod flag {
    pub(super) const REGISTERED: u64 = 3;
    pub(super) const GREW: u64 = 4;
    pub(super) const NET: u64 = 8;
    pub(super) const NEGATIVE: u64 = 16;
    pub(super) const BASELINE: u64 = 32;
    pub(super) const ALL: u64 = 63;
}

/// When a record's writer last registered: the values of the flags' lowest two bits.
mod registered {
    pub(super) const NEVER: u64 = 0;
    pub(super) const AT_BIRTH: u64 = 1;
    pub(super) const AT_LAST: u64 = 2;
    pub(super) const BETWEEN: u64 = 3;
}

impl<K: WireKey> Delta<K> {
    /// The canonical bytes of this delta: equal deltas have equal bytes. O(n + m log m) for n registrations of m nodes.
    ///
    /// The [layout](crate::codec) takes about 10 bytes a registration for thousands of them, and 32 to 38 for an operation on one that
    /// nobody else wrote to.
    pub fn encode(&self) -> Vec<u8> {
        encode::encode(self)
    }

    /// Reads what [`encode`](Self::encode) wrote. O(n) for what honest replicas write, O(n log n) for anything.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else, with the offset and the reason. Decoding never panics, and never allocates more than a
    /// constant multiple of the length of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode::decode(bytes)
    }
}

/// Why bytes are no delta, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// How many bytes had been read.
    pub offset: usize,
    /// What was wrong there.
    pub problem: DecodeProblem,
}

/// What was wrong with bytes that are no delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// The bytes end too early.
    Truncated,
    /// The bytes go on after the end of the message.
    TrailingBytes,
    /// The format has another version.
    Version(u8),
    /// The keys are of another type.
    KeyKind(u8),
    /// A value is out of its bounds.
    OutOfBounds(&'static str),
    /// The same could be said in other bytes, or it contradicts itself.
    NotCanonical(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a delta, at byte {}: ", self.offset)?;
        match self.problem {
            DecodeProblem::Truncated => f.write_str("it ends too early"),
            DecodeProblem::TrailingBytes => f.write_str("it goes on after its end"),
            DecodeProblem::Version(found) => write!(f, "format version {found} instead of {VERSION}"),
            DecodeProblem::KeyKind(found) => write!(f, "keys of another type (kind {found})"),
            DecodeProblem::OutOfBounds(what) => write!(f, "{what} is out of bounds"),
            DecodeProblem::NotCanonical(what) => f.write_str(what),
        }
    }
}

impl core::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causal::Dot;
    use crate::id::ReplicaId;

    #[test]
    fn dots_alone_are_written_as_a_version_and_refused_with_who_is_retired() {
        let replica = ReplicaId::new(1);
        let mut version = Version::default();
        version.context.insert(Dot { replica, seq: 3 });
        let bytes = |version: &Version| {
            let mut writer = Writer::default();
            version.write(&mut writer);
            writer.finish()
        };
        let mut writer = Writer::default();
        version.context.write(&mut writer);
        assert_eq!(writer.finish(), bytes(&version));
        assert_eq!(CausalContext::read(&mut Reader::new(&bytes(&version))).as_ref(), Ok(version.context()));
        version.retired.insert(replica, 5);
        assert_eq!(Version::read(&mut Reader::new(&bytes(&version))).as_ref(), Ok(&version));
        let refused = CausalContext::read(&mut Reader::new(&bytes(&version)));
        assert!(matches!(refused.map_err(|error| error.problem), Err(DecodeProblem::OutOfBounds(_))));
    }
}
