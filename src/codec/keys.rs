//! How the ranges of a key type are written.

use core::fmt;

use super::{DecodeError, DecodeProblem, Reader, Writer};
use crate::hash::KeyHasher;
use crate::key::{Key, KeyRange};

/// A key type that can be written to the wire.
///
/// An implementation for a type of your own takes a [`KIND`](Self::KIND) from 8 to 15, the same on all replicas.
/// Decoding must accept exactly what encoding writes, or states would not be canonical, and must check lengths before it
/// allocates.
///
/// The order of the keys need not be that of their bytes on the wire. Here is a version number, major before minor:
///
/// ```
/// use crdt_range_map::codec::{DecodeError, DecodeProblem, Reader, WireKey, Writer};
/// use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
/// struct Version(u32, u32);
///
/// impl Version {
///     fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
///         let mut part = || {
///             let part = u32::try_from(reader.number()?);
///             part.map_err(|_| reader.error(DecodeProblem::OutOfBounds("a part of a version")))
///         };
///         Ok(Self(part()?, part()?))
///     }
/// }
///
/// impl WireKey for Version {
///     const KIND: u8 = 8;
///
///     fn encode_ranges<'a>(
///         ranges: impl Iterator<Item = (&'a Self, Option<&'a Self>)> + Clone,
///         writer: &mut Writer,
///     ) {
///         for Version(major, minor) in ranges.flat_map(|(start, end)| [Some(start), end]).flatten() {
///             writer.number((*major).into());
///             writer.number((*minor).into());
///         }
///     }
///
///     fn decode_ranges(
///         is_unbounded: &[bool],
///         reader: &mut Reader<'_>,
///     ) -> Result<Vec<KeyRange<Self>>, DecodeError> {
///         let mut ranges = Vec::new();
///         for is_unbounded in is_unbounded {
///             let start = Self::read(reader)?;
///             ranges.push(if *is_unbounded {
///                 KeyRange::from_start(start)
///             } else {
///                 KeyRange::new(start, Self::read(reader)?)
///                     .map_err(|_| reader.error(DecodeProblem::NotCanonical("a range that holds no key")))?
///             });
///         }
///         Ok(ranges)
///     }
/// }
///
/// let mut map = RangeMap::new(ReplicaId::new(1));
/// let delta = map.register(&"old".parse()?, &KeyRange::try_from(Version(1, 0)..Version(2, 3))?)?;
/// assert_eq!(crdt_range_map::Delta::decode(&delta.encode())?, delta);
/// assert_eq!(map.owners(&Version(2, 2)).len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait WireKey: Ord + Clone + fmt::Debug {
    /// Names the key type in the first byte of each message: 1 is `u64`, 2 is `String`, 3 to 7 are reserved, 8 to 15 are free
    /// for types of your own.
    const KIND: u8;

    /// Writes the starts and ends of ranges, which come in ascending order. Whether a range is unbounded is written elsewhere.
    fn encode_ranges<'a>(
        ranges: impl Iterator<Item = (&'a Self, Option<&'a Self>)> + Clone,
        writer: &mut Writer,
    ) where
        Self: 'a;

    /// Reads as many ranges as `is_unbounded` has items. The caller checks their order.
    ///
    /// # Errors
    /// If the bytes are not those that [`encode_ranges`](Self::encode_ranges) would write for some ranges.
    fn decode_ranges(
        is_unbounded: &[bool],
        reader: &mut Reader<'_>,
    ) -> Result<Vec<KeyRange<Self>>, DecodeError>;

    /// Hashes the key by a canonical form, the same on every machine and for all replicas, since states are compared by hashes of their
    /// content. Different keys must write different input.
    ///
    /// The default form is the bytes by which [`encode_ranges`](Self::encode_ranges) writes the unbounded range that begins with the
    /// key. A type may have a faster one.
    fn hash_into(&self, hasher: &mut KeyHasher) {
        let mut writer = Writer::default();
        Self::encode_ranges(core::iter::once((self, None)), &mut writer);
        hasher.bytes(&writer.finish());
    }
}

impl<T: WireKey> Key for T {
    #[inline]
    fn feed(&self, hasher: &mut KeyHasher) {
        self.hash_into(hasher);
    }
}

/// A column of differences of the starts, and a column of end − start − 1 for the bounded ranges.
impl WireKey for u64 {
    const KIND: u8 = 1;

    fn encode_ranges<'a>(
        ranges: impl Iterator<Item = (&'a Self, Option<&'a Self>)> + Clone,
        writer: &mut Writer,
    ) {
        let mut before = 0;
        writer.column(ranges.clone().map(|(start, _)| start - core::mem::replace(&mut before, *start)));
        writer.column(ranges.filter_map(|(start, end)| Some(end? - start - 1)));
    }

    fn decode_ranges(
        is_unbounded: &[bool],
        reader: &mut Reader<'_>,
    ) -> Result<Vec<KeyRange<Self>>, DecodeError> {
        let too_large = |reader: &Reader<'_>| reader.error(DecodeProblem::OutOfBounds("a key"));
        let differences = reader.column(is_unbounded.len())?;
        let bounded = is_unbounded.iter().filter(|is_unbounded| !**is_unbounded).count();
        let mut lengths = reader.column(bounded)?.into_iter();
        let mut ranges = Vec::with_capacity(is_unbounded.len());
        let mut start = 0u64;
        for (difference, is_unbounded) in differences.into_iter().zip(is_unbounded) {
            start = start.checked_add(difference).ok_or_else(|| too_large(reader))?;
            let length = if *is_unbounded { None } else { lengths.next() };
            ranges.push(match length {
                None => KeyRange::from_start(start),
                Some(length) => {
                    let end = start.checked_add(length).and_then(|last| last.checked_add(1));
                    KeyRange::between(start, Some(end.ok_or_else(|| too_large(reader))?))
                }
            });
        }
        Ok(ranges)
    }

    #[inline]
    fn hash_into(&self, hasher: &mut KeyHasher) {
        hasher.number(*self);
    }
}

/// For each range its start and, if it is bounded, its end: a number of bytes, and the UTF-8.
impl WireKey for String {
    const KIND: u8 = 2;

    fn encode_ranges<'a>(
        ranges: impl Iterator<Item = (&'a Self, Option<&'a Self>)> + Clone,
        writer: &mut Writer,
    ) {
        for key in ranges.flat_map(|(start, end)| [Some(start), end]).flatten() {
            writer.number(key.len() as u64);
            writer.raw(key.as_bytes());
        }
    }

    fn decode_ranges(
        is_unbounded: &[bool],
        reader: &mut Reader<'_>,
    ) -> Result<Vec<KeyRange<Self>>, DecodeError> {
        let mut ranges = Vec::with_capacity(is_unbounded.len());
        for is_unbounded in is_unbounded {
            let start = read_string(reader)?;
            ranges.push(if *is_unbounded {
                KeyRange::from_start(start)
            } else {
                KeyRange::new(start, read_string(reader)?)
                    .map_err(|_| reader.error(DecodeProblem::NotCanonical("a range that holds no key")))?
            });
        }
        Ok(ranges)
    }

    fn hash_into(&self, hasher: &mut KeyHasher) {
        hasher.bytes(self.as_bytes());
    }
}

fn read_string(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let length = reader.count(1)?;
    let bytes = reader.raw(length)?;
    let text = core::str::from_utf8(bytes);
    text.map(str::to_owned).map_err(|_| reader.error(DecodeProblem::NotCanonical("text that is not UTF-8")))
}
