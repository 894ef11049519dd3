//! What advice is made from: the load by key, what each node can bear, and what is wanted.

use core::fmt;
use std::collections::BTreeMap;

use crate::id::NodeId;
use crate::key::{Key, KeyRange};

/// A range of keys with the load that they cause. Advice moves it whole: a key that is much hotter than others gets one of its own. Where the
/// owners change within it, each piece is taken to have an equal part of its load and keys, since nobody knows where in it they lie.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket<K> {
    /// The keys.
    pub range: KeyRange<K>,
    /// What they cause, in any unit that all buckets share: requests in a minute, milliseconds of work.
    pub load: u64,
    /// How many keys lie in it, or bytes: what it costs to bring them to another node, in any unit that all buckets share.
    pub keys: u64,
}

/// The load by key: buckets in key order. Keys between them are left alone.
///
/// ```
/// # use crdt_range_map::KeyRange;
/// # use crdt_range_map::advice::{AdviceError, Bucket, Histogram};
/// let bucket = |start, end, load| Bucket { range: KeyRange::new(start, end).unwrap(), load, keys: end - start };
/// let histogram = Histogram::new([bucket(0u64, 50, 10), bucket(50, 51, 700), bucket(51, 100, 9)])?;
/// assert_eq!((histogram.load(), histogram.keys()), (719, 100));
/// assert_eq!(Histogram::new([bucket(5, 9, 1), bucket(0, 6, 1)]), Err(AdviceError::NotInOrder { index: 1 }));
/// # Ok::<(), AdviceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram<K> {
    pub(super) buckets: Vec<Bucket<K>>,
    load: u64,
    keys: u64,
}

impl<K: Key> Histogram<K> {
    /// The most buckets that there may be.
    pub const BUCKETS_MAX: usize = 1 << 16;

    /// Takes buckets in key order, none of which overlaps another. O(1) for each.
    ///
    /// # Errors
    /// [`AdviceError`] if they are not in order, more than [`BUCKETS_MAX`](Self::BUCKETS_MAX), or if their loads or keys sum up to more than
    /// [`TOTAL_MAX`].
    pub fn new(buckets: impl IntoIterator<Item = Bucket<K>>) -> Result<Self, AdviceError> {
        let mut histogram = Self { buckets: Vec::new(), load: 0, keys: 0 };
        for bucket in buckets {
            let index = histogram.buckets.len();
            if index == Self::BUCKETS_MAX {
                return Err(AdviceError::TooManyBuckets);
            }
            let before = histogram.buckets.last().map(|before| before.range.end());
            if before.is_some_and(|end| end.is_none_or(|end| end > bucket.range.start())) {
                return Err(AdviceError::NotInOrder { index });
            }
            histogram.load = total(histogram.load, bucket.load)?;
            histogram.keys = total(histogram.keys, bucket.keys)?;
            histogram.buckets.push(bucket);
        }
        Ok(histogram)
    }

    /// The load of all buckets. O(1).
    pub fn load(&self) -> u64 {
        self.load
    }

    /// The keys of all buckets. O(1).
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// The buckets, in key order. O(1).
    pub fn buckets(&self) -> &[Bucket<K>] {
        &self.buckets
    }
}

/// The most that loads, keys or capacities may sum up to: 2^53 − 1, which JavaScript can count, too.
pub const TOTAL_MAX: u64 = (1 << 53) - 1;

/// A sum that is not too great.
fn total(sum: u64, more: u64) -> Result<u64, AdviceError> {
    sum.checked_add(more).filter(|sum| *sum <= TOTAL_MAX).ok_or(AdviceError::TooMuch)
}

/// What each node can bear, in any unit that all share: one that can bear twice as much as another is to get twice the load.
///
/// A node with a capacity of 0 takes nothing, and gives away all that has a load. Nodes that are not listed are left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacities {
    pub(super) of: BTreeMap<NodeId, u64>,
}

impl Capacities {
    /// Takes the capacities of nodes; of two for one node, the later. O(log n) for each.
    ///
    /// # Errors
    /// [`AdviceError::TooMuch`] if they sum up to more than [`TOTAL_MAX`].
    pub fn new(capacities: impl IntoIterator<Item = (NodeId, u64)>) -> Result<Self, AdviceError> {
        let of: BTreeMap<NodeId, u64> = capacities.into_iter().collect();
        of.values().try_fold(0, |sum, capacity| total(sum, *capacity))?;
        Ok(Self { of })
    }

    /// That of one node. O(log n).
    pub fn get(&self, node: &NodeId) -> Option<u64> {
        self.of.get(node).copied()
    }
}

/// What is wanted of advice. All who give it to the nodes of one map have to want the same, above all the same `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Aims {
    /// How many nodes have to serve each key. 0 is taken as 1.
    pub count: usize,
    /// The most keys that may come to nodes which did not serve them before, in thousandths of all keys, in one plan; also where too few
    /// serve. A bucket that has more of them never moves. If some follow before others plan, more may move in the same time.
    pub moved_per_mille: u32,
    /// By how much more than its fair share a node may bear before it is advised to give something away, in thousandths of that share.
    /// In one round it is advised to give until it bears half of that more, and others to take up to there: so small changes of the load move
    /// nothing. Where room is scarce, it may end with somebody above the whole.
    pub slack_per_mille: u32,
}

impl Default for Aims {
    /// Three nodes for each key, 5 % of the keys at a time, and a slack of 20 %.
    fn default() -> Self {
        Self { count: 3, moved_per_mille: 50, slack_per_mille: 200 }
    }
}

/// Why no advice can be made from what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdviceError {
    /// A bucket begins before the one ahead of it ends.
    NotInOrder {
        /// Which bucket, from 0 on.
        index: usize,
    },
    /// There are more buckets than [`Histogram::BUCKETS_MAX`].
    TooManyBuckets,
    /// Loads, keys or capacities sum up to more than [`TOTAL_MAX`].
    TooMuch,
}

impl fmt::Display for AdviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInOrder { index } => write!(f, "bucket {index} begins before the one ahead of it ends"),
            Self::TooManyBuckets => {
                write!(f, "there are more than {} buckets", Histogram::<u64>::BUCKETS_MAX)
            }
            Self::TooMuch => write!(f, "loads, keys or capacities sum up to more than {TOTAL_MAX}"),
        }
    }
}

impl core::error::Error for AdviceError {}
