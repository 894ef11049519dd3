//! The wire format of deltas and states, version 1: canonical, compact, and safe to decode from anybody.
//!
//! Equal deltas have equal bytes, and bytes that are accepted are the ones that encoding again would give: every number is
//! written in its shortest form, every list is in strict order, nothing is said twice, and nothing unused is listed.
//!
//! # Building blocks
//!
//! - **number**: an unsigned LEB128 of at most 64 bits: seven bits a byte, the lowest first, the top bit set on all bytes but
//!   the last. The last byte is not 0 unless it is the only one.
//! - **column** of c numbers: if c < 8, one *number* after the other. Otherwise blocks of 128 (the last may be shorter): one byte
//!   *width*, 0 to 64, then each number in that many bits, lowest bit first, from the lowest bit of each byte on; the rest of
//!   the block's last byte is 0. The width is the smallest in which the block's greatest number fits.
//! - **zigzag**: a signed v as the number 2v, or −2v − 1 if v is negative.
//!
//! # Layout
//!
//! | part | bytes |
//! |---|---|
//! | header | one byte: 16 · version + the key's kind ([`WireKey::KIND`]) |
//! | replicas | *number* 2·count + c: c if the context follows; 8 bytes each, big endian, ascending |
//! | context | only if c, and then it tells something: for each replica, *number* 2·p + x: p is how far its dots are known without a gap. If x is 1: *number* 2·runs + r, then for each run *number* of dots between it and the run before (or p), less one, and *number* of its dots, less one; if r is 1, the replica is retired: *number* of its last dot that was known then |
//! | counts | *number* 8·registrations + 4·s + 2·u + d: s if any has several records, u if any is unbounded, d if drops follow |
//! | nodes | *number* of them, left out if there are no drops and at most one registration: then there are as many nodes; ascending by bytes. The first: one byte of its length, and its bytes. Each other: of how many bytes it begins with that the one before begins with too, and of the length of the rest, what is below 16 in one byte, 16 · the first + the second; for each of the two that is 15 or more 15 stands there, and a byte of what is beyond 15 follows; then the rest |
//! | registrations | the *ids* of the registrations, ascending; if s, *column* of records less one |
//! | records | the columns below, over all records in order: by registration, then by writer |
//! | drops | only if d: *number* 4·count + 2·f + u: f if the stamp of any is not of the writer; their *ids*; *column* of writers (left out if there is one replica); *column* of births less one; if f, *column* of the stamps' replicas; *column* of stamp − birth for a stamp of the writer (0 if the drop is bare: its own dot is not told), else of stamp − 1. Ascending by id, writer and the stamp's replica |
//!
//! A run of the context holds dots beyond p that no record and no drop of the message names; those that they name (births,
//! latest contributions, stamps) are known by being there.
//!
//! **context** by itself, as messages of [`crate::sync`] hold it: *number* of replicas; 8 bytes each, big endian, ascending; then as
//! the context above, where it tells everything. It is a [`Version`]: the dots, and who is retired. As bytes of its own
//! ([`Version::encode`]) it has a header before it, with the kind 0.
//!
//! **ids** of c registrations: if u, a *column* of 1 for unbounded and 0 for bounded; a *column* of node numbers (left out if
//! there is one node); the ranges, as the key type writes them ([`WireKey`]): for `u64` a *column* of differences to the start
//! before, then a *column* of the bounded ranges' end − start − 1.
//!
//! | column of records | of which | value |
//! |---|---|---|
//! | flags | all | bits 0–1: registered never (0), at birth (1), at the latest contribution (2), in between (3); 4: there is more than the birth; 8: the sum of adjustments is not 0; 16: it is negative; 32: there is a baseline |
//! | writer | all, left out if there is one replica | number of the replica |
//! | birth | all | birth − 1 |
//! | last | flag 4 | last − birth − 1 |
//! | registered | bits 0–1 are 3 | registered − birth − 1 |
//! | net | flag 8 | its absolute value − 1 |
//! | unreset | flag 32 | last − the baseline's last |
//! | baseline net | flag 32 and unreset > 0 | *zigzag* (otherwise it is the record's) |
//! | stamp replica | flag 32, left out if there is one replica | number of the replica |
//! | stamp | flag 32 | its sequence number − 1 |
//!
//! # Bounds
//!
//! A context tells at most 65,536 runs beyond the prefixes of all its replicas; of one that knows more, the last ones are left out, so
//! that it claims less than it knows. The dots that are known by being there are not counted.
//!
//! Sequence numbers are 1 to 2^53 − 1, sums of adjustments at most 2^62 in absolute value. A message of b bytes holds at most b
//! registrations, b records, b drops and b/2 of anything else, which is checked before anything is allocated; decoding
//! allocates at most a constant multiple of b.

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
    /// The canonical bytes of this version, for a peer that is to find out what it can [tell](crate::RangeMap::delta_since). Of more than
    /// 65,536 runs beyond the prefixes the last are left out: then it claims less than it knows. O(replicas + runs).
    ///
    /// ```
    /// # use crdt_range_map::{Delta, KeyRange, NodeId, RangeMap, ReplicaId, Version};
    /// let mut here = RangeMap::<u64>::new(ReplicaId::new(1));
    /// let mut there = RangeMap::<u64>::new(ReplicaId::new(2));
    /// here.register(&NodeId::new("a")?, &KeyRange::new(0, 100)?)?;
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
    /// [`DecodeError`] for anything else, with the place and the reason. Nothing is allocated but for a constant multiple of the length.
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
            Err(reader.error(DecodeProblem::OutOfBounds("who is retired, where only dots are told")))
        }
    }
}

/// The version of the format.
const VERSION: u8 = 1;

/// Stands for the kind of key in the header of a context by itself.
const CONTEXT_KIND: u8 = 0;

/// How many runs of dots beyond the prefixes a context tells at most.
pub(crate) const RUNS_MAX: usize = 1 << 16;

/// A length that fits into half a byte is less than that.
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
    /// The [layout](crate::codec) takes about 10 bytes a registration for thousands of them, and 32 to 38 for an operation on one that nobody else wrote to.
    pub fn encode(&self) -> Vec<u8> {
        encode::encode(self)
    }

    /// Reads what [`encode`](Self::encode) wrote. O(n) for what honest replicas write, O(n log n) for anything.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else, with the place and the reason: decoding never panics, and never allocates more than
    /// a constant multiple of the length of `bytes`.
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
