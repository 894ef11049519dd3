//! The operations of a replica, as values.

use core::fmt;
use core::num::NonZeroU32;

use crate::delta::Delta;
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::map::{RangeMap, TightenError};

/// An operation of [`RangeMap`] as a value, for lists and logs of operations.
///
/// ```
/// use crdt_range_map::{KeyRange, NodeId, Operation, RangeMap, ReplicaId};
///
/// let node = NodeId::new("node-a").unwrap();
/// let [wide, narrow] = [100u64, 60].map(|end| KeyRange::new(0, end).unwrap());
/// let mut map = RangeMap::new(ReplicaId::new(1));
/// _ = map.apply([
///     Operation::Register { node: node.clone(), range: wide.clone() },
///     Operation::Increase { node: node.clone(), range: wide.clone(), by: 4.try_into().unwrap() },
///     Operation::Tighten { node: node.clone(), range: wide, to: narrow.clone() },
/// ])?;
/// assert_eq!(map.priority(&node, &narrow), Some(5));
/// # Ok::<(), crdt_range_map::OperationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        rename_all = "lowercase",
        bound(serialize = "K: Ord + serde::Serialize", deserialize = "K: Ord + serde::Deserialize<'de>")
    )
)]
pub enum Operation<K> {
    /// [`RangeMap::register`].
    Register {
        /// Who serves.
        node: NodeId,
        /// Which keys.
        range: KeyRange<K>,
    },
    /// [`RangeMap::release`].
    Release {
        /// Who serves no more.
        node: NodeId,
        /// Which keys.
        range: KeyRange<K>,
    },
    /// [`RangeMap::increase`].
    Increase {
        /// Who serves.
        node: NodeId,
        /// Which keys.
        range: KeyRange<K>,
        /// What is added to the priority.
        by: NonZeroU32,
    },
    /// [`RangeMap::decrease`].
    Decrease {
        /// Who serves.
        node: NodeId,
        /// Which keys.
        range: KeyRange<K>,
        /// What is taken from the priority.
        by: NonZeroU32,
    },
    /// [`RangeMap::tighten`].
    Tighten {
        /// Who serves.
        node: NodeId,
        /// Which keys it served so far.
        range: KeyRange<K>,
        /// Which keys it serves from now on: a proper part of these.
        to: KeyRange<K>,
    },
}

impl<K: Key> Operation<K> {
    /// The registrations that it may change.
    pub(crate) fn touched(&self) -> impl Iterator<Item = (&NodeId, &KeyRange<K>)> {
        let (node, range, to) = match self {
            Self::Register { node, range } | Self::Release { node, range } => (node, range, None),
            Self::Increase { node, range, .. } | Self::Decrease { node, range, .. } => (node, range, None),
            Self::Tighten { node, range, to } => (node, range, Some(to)),
        };
        core::iter::once((node, range)).chain(to.map(|to| (node, to)))
    }

    fn apply(&self, map: &mut RangeMap<K>) -> Result<Delta<K>, TightenError> {
        Ok(match self {
            Self::Register { node, range } => map.register(node, range)?,
            Self::Release { node, range } => map.release(node, range)?,
            Self::Increase { node, range, by } => map.increase(node, range, *by)?,
            Self::Decrease { node, range, by } => map.decrease(node, range, *by)?,
            Self::Tighten { node, range, to } => map.tighten(node, range, to)?,
        })
    }
}

impl<K: Key> RangeMap<K> {
    /// Applies these operations, one after the other, and returns one delta of all; or none of them, if any is refused. O(m log n) for m
    /// operations, and O(n/512) more if there are several: they may have to be taken back.
    ///
    /// # Errors
    /// [`OperationError`] for the first that is refused. Nothing has changed then.
    pub fn apply(
        &mut self,
        operations: impl IntoIterator<Item = Operation<K>>,
    ) -> Result<Delta<K>, OperationError> {
        let mut operations = operations.into_iter().enumerate().peekable();
        let mut delta = Delta::default();
        let mut before = None;
        while let Some((index, operation)) = operations.next() {
            if before.is_none() && operations.peek().is_some() {
                before = Some(self.clone());
            }
            match operation.apply(self) {
                Ok(more) if delta.is_empty() => delta = more,
                Ok(more) => delta.merge(&more),
                Err(why) => {
                    before.into_iter().for_each(|before| *self = before);
                    return Err(OperationError { index, why });
                }
            }
        }
        Ok(delta)
    }
}

/// Why a list of operations was refused. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationError {
    /// Which of them was refused, from 0 on.
    pub index: usize,
    /// Why.
    pub why: TightenError,
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {}: {}", self.index, self.why)
    }
}

impl core::error::Error for OperationError {}
