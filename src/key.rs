//! Keys and half-open key ranges.
//!
//! A range is never empty and its end may be unbounded. The order of ranges is (start, end) with the unbounded end last,
//! which is the order in which registrations are stored, encoded and listed.

use core::borrow::Borrow;
use core::fmt;
use core::ops::{Bound, Range, RangeBounds, RangeFrom};

use crate::hash::KeyHasher;

/// What a key must be: totally ordered, cheap enough to clone, and hashed to the same on every machine, since states are compared by
/// hashes of what they hold. Every [`WireKey`](crate::WireKey) is a key.
pub trait Key: Ord + Clone + fmt::Debug {
    /// Hashes the key by its canonical form: see [`WireKey::hash_into`](crate::WireKey::hash_into).
    fn feed(&self, hasher: &mut KeyHasher);
}

/// A key type with a least value, which [`KeyRange::full`] and the gaps before the first split need.
pub trait LeastKey: Key {
    /// The least key there is: no key orders before it.
    fn least() -> Self;
}

impl LeastKey for u64 {
    fn least() -> Self {
        0
    }
}

impl LeastKey for String {
    fn least() -> Self {
        String::new()
    }
}

/// The upper end of a range. The derived order puts `Unbounded` last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum End<K> {
    Before(K),
    Unbounded,
}

/// A half-open range of keys, `[start, end)`. Never empty; the end may be unbounded.
///
/// Ranges order by start, then end, an unbounded end last.
///
/// ```
/// use crdt_range_map::KeyRange;
///
/// let range = KeyRange::new(10, 20).unwrap();
/// assert!(range.contains(&10) && !range.contains(&20));
/// assert!(KeyRange::new(20, 20).is_err());
/// assert_eq!(KeyRange::from_start(7).to_string(), "[7, ..)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRange<K> {
    start: K,
    end: End<K>,
}

impl<K: Ord> KeyRange<K> {
    /// The keys from `start` up to, but not including, `end`. O(1).
    ///
    /// # Errors
    /// [`RangeError`] unless `start < end`: a range holds at least its start.
    pub fn new(start: K, end: K) -> Result<Self, RangeError> {
        if start < end { Ok(Self { start, end: End::Before(end) }) } else { Err(RangeError) }
    }

    /// The keys from `start` on, without an upper bound. O(1).
    pub fn from_start(start: K) -> Self {
        Self { start, end: End::Unbounded }
    }

    /// Every key there is. O(1).
    pub fn full() -> Self
    where
        K: LeastKey,
    {
        Self::from_start(K::least())
    }

    /// The first key of the range. O(1).
    pub fn start(&self) -> &K {
        &self.start
    }

    /// The first key after the range, or `None` if the range is unbounded. O(1).
    pub fn end(&self) -> Option<&K> {
        match &self.end {
            End::Before(end) => Some(end),
            End::Unbounded => None,
        }
    }

    /// Whether `key`, which may be borrowed as in the standard library's maps, lies in the range. O(1) comparisons.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        key >= self.start.borrow() && self.end().is_none_or(|end| key < end.borrow())
    }

    /// Whether every key of `other` lies in this range. True for equal ranges. O(1) comparisons.
    pub fn contains_range(&self, other: &Self) -> bool {
        other.start >= self.start && other.end <= self.end
    }

    /// Whether the two ranges share a key. Ranges that only touch do not. O(1) comparisons.
    pub fn intersects(&self, other: &Self) -> bool {
        other.end().is_none_or(|end| self.start < *end) && self.end().is_none_or(|end| other.start < *end)
    }

    /// The range from `start` to `end`, unbounded for `None`; the caller knows that it is not empty.
    pub(crate) fn between(start: K, end: Option<K>) -> Self {
        debug_assert!(end.as_ref().is_none_or(|end| start < *end));
        Self { start, end: end.map_or(End::Unbounded, End::Before) }
    }

    /// The keys that both ranges have, if there are any.
    pub(crate) fn intersection(&self, other: &Self) -> Option<Self>
    where
        K: Clone,
    {
        let start = Ord::max(&self.start, &other.start).clone();
        let end = Ord::min(&self.end, &other.end).clone();
        self.intersects(other).then_some(Self { start, end })
    }

    /// What is left of the range without another that shares a key with it: what lies before that, and what lies after it.
    pub(crate) fn without(&self, hole: &Self) -> impl Iterator<Item = Self>
    where
        K: Clone,
    {
        let before = (self.start < hole.start)
            .then(|| Self { start: self.start.clone(), end: End::Before(hole.start.clone()) });
        let after = hole.end().filter(|end| self.contains(*end));
        let after = after.map(|end| Self { start: end.clone(), end: self.end.clone() });
        before.into_iter().chain(after)
    }

    /// The upper end, ordered with the unbounded one last.
    pub(crate) fn upper(&self) -> &End<K> {
        &self.end
    }

    /// Joins to this range one that starts no earlier and overlaps or touches it.
    ///
    /// Returns the other range back when there is a gap between the two.
    pub(crate) fn absorb(&mut self, later: Self) -> Result<(), Self> {
        if self.end().is_some_and(|end| *end < later.start) {
            return Err(later);
        }
        if later.end > self.end {
            self.end = later.end;
        }
        Ok(())
    }
}

impl<K: Ord> TryFrom<Range<K>> for KeyRange<K> {
    type Error = RangeError;

    /// As [`KeyRange::new`].
    fn try_from(range: Range<K>) -> Result<Self, RangeError> {
        Self::new(range.start, range.end)
    }
}

impl<K: Ord> From<RangeFrom<K>> for KeyRange<K> {
    /// As [`KeyRange::from_start`].
    fn from(range: RangeFrom<K>) -> Self {
        Self::from_start(range.start)
    }
}

impl<K> RangeBounds<K> for KeyRange<K> {
    fn start_bound(&self) -> Bound<&K> {
        Bound::Included(&self.start)
    }

    fn end_bound(&self) -> Bound<&K> {
        match &self.end {
            End::Before(end) => Bound::Excluded(end),
            End::Unbounded => Bound::Unbounded,
        }
    }
}

impl<K: fmt::Display> fmt::Display for KeyRange<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            End::Before(end) => write!(f, "[{}, {})", self.start, end),
            End::Unbounded => write!(f, "[{}, ..)", self.start),
        }
    }
}

/// The start of a range was not below its end, so that the range would hold no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeError;

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a range's start must be below its end")
    }
}

impl core::error::Error for RangeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64) -> KeyRange<u64> {
        KeyRange::new(start, end).unwrap()
    }

    #[test]
    fn empty_and_reversed_ranges_are_refused() {
        assert_eq!(KeyRange::new(3, 3), Err(RangeError));
        assert_eq!(KeyRange::new(4, 3), Err(RangeError));
        assert_eq!(KeyRange::new("b".to_string(), "a".to_string()), Err(RangeError));
    }

    #[test]
    fn order_is_start_then_end_with_unbounded_last() {
        let mut ranges = [range(1, 9), KeyRange::from_start(1), range(0, 2), range(1, 2), KeyRange::full()];
        ranges.sort();
        let shown: Vec<String> = ranges.iter().map(|range| range.to_string()).collect();
        assert_eq!(shown, ["[0, 2)", "[0, ..)", "[1, 2)", "[1, 9)", "[1, ..)"]);
    }

    #[test]
    fn intersection_and_containment_agree_with_the_keys() {
        let mut ranges = vec![];
        for start in 0..5 {
            ranges.extend((start + 1..6).map(|end| range(start, end)));
            ranges.push(KeyRange::from_start(start));
        }
        for a in &ranges {
            for b in &ranges {
                let shared = (0..8).any(|key| a.contains(&key) && b.contains(&key));
                assert_eq!(a.intersects(b), shared, "{a} {b}");
                let common = a.intersection(b);
                let is_common = |key: &u64| common.as_ref().is_some_and(|common| common.contains(key));
                assert!((0..8).all(|key| is_common(&key) == (a.contains(&key) && b.contains(&key))));
                if a.intersects(b) {
                    let rest: Vec<_> = a.without(b).collect();
                    let is_left = |key: &u64| rest.iter().any(|rest| rest.contains(key));
                    assert!((0..8).all(|key| is_left(&key) == (a.contains(&key) && !b.contains(&key))));
                }
                let within = (0..8).all(|key| !b.contains(&key) || a.contains(&key));
                assert_eq!(a.contains_range(b), within, "{a} {b}");
            }
        }
    }

    #[test]
    fn absorbing_joins_touching_ranges_and_hands_back_distant_ones() {
        let mut joined = range(1, 3);
        assert_eq!(joined.absorb(range(3, 5)), Ok(()));
        assert_eq!(joined.absorb(range(2, 4)), Ok(()));
        assert_eq!(joined, range(1, 5));
        assert_eq!(joined.absorb(range(6, 7)), Err(range(6, 7)));
        assert_eq!(joined.absorb(KeyRange::from_start(5)), Ok(()));
        assert_eq!(joined, KeyRange::from_start(1));
        assert_eq!(joined.absorb(range(9, 10)), Ok(()));
        assert_eq!(joined, KeyRange::from_start(1));
    }
}
