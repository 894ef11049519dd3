//! The operations of a replica, as values.

use core::fmt;
use core::num::NonZeroU32;

use crate::delta::Delta;
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::map::{MoveError, RangeMap};
use crate::registration::RegistrationId;

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
        rename_all = "snake_case",
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
    /// [`RangeMap::move_to`].
    MoveTo {
        /// Who serves.
        node: NodeId,
        /// Which keys it served so far.
        range: KeyRange<K>,
        /// Which keys it serves from now on.
        to: KeyRange<K>,
    },
    /// [`RangeMap::carve`].
    Carve {
        /// Who serves.
        node: NodeId,
        /// Which keys it served so far.
        range: KeyRange<K>,
        /// Which of them it gives up.
        hole: KeyRange<K>,
    },
    /// [`RangeMap::hand_over`].
    HandOver {
        /// Who serves no more.
        node: NodeId,
        /// Which keys.
        range: KeyRange<K>,
        /// Who serves them from now on.
        to: NodeId,
    },
    /// [`RangeMap::set_priority`].
    SetPriority {
        /// Who serves.
        node: NodeId,
        /// Which keys.
        range: KeyRange<K>,
        /// The priority; 0 releases it.
        to: u64,
    },
    /// [`RangeMap::drain`].
    Drain {
        /// Who gives up what it may.
        node: NodeId,
        /// Of which keys.
        range: KeyRange<K>,
        /// How many others have to come before it.
        count: usize,
    },
    /// [`RangeMap::stand_in`].
    StandIn {
        /// Who serves from now on what the other one serves.
        node: NodeId,
        /// The other one, before which it comes.
        other: NodeId,
        /// Of which keys.
        range: KeyRange<K>,
    },
    /// [`RangeMap::unite`].
    Unite {
        /// Who serves.
        node: NodeId,
        /// Which keys, by one registration from now on.
        range: KeyRange<K>,
    },
}

impl<K> Operation<K> {
    /// The node whose keys it is about; of several the one that the operation begins with. O(1).
    pub fn node(&self) -> &NodeId {
        self.subject().0
    }

    /// The keys that it is about: of a move those that the node served so far. O(1).
    pub fn range(&self) -> &KeyRange<K> {
        self.subject().1
    }

    fn subject(&self) -> (&NodeId, &KeyRange<K>) {
        match self {
            Self::Register { node, range }
            | Self::Release { node, range }
            | Self::Increase { node, range, .. }
            | Self::Decrease { node, range, .. }
            | Self::Tighten { node, range, .. }
            | Self::MoveTo { node, range, .. }
            | Self::Carve { node, range, .. }
            | Self::HandOver { node, range, .. }
            | Self::SetPriority { node, range, .. }
            | Self::Drain { node, range, .. }
            | Self::StandIn { node, range, .. }
            | Self::Unite { node, range } => (node, range),
        }
    }
}

/// What is done to whom: `tighten a [0, 100) to [0, 60)`.
impl<K: fmt::Display> fmt::Display for Operation<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (node, range) = self.subject();
        match self {
            Self::Register { .. } => write!(f, "register {node} {range}"),
            Self::Release { .. } => write!(f, "release {node} {range}"),
            Self::Increase { by, .. } => write!(f, "increase {node} {range} by {by}"),
            Self::Decrease { by, .. } => write!(f, "decrease {node} {range} by {by}"),
            Self::Tighten { to, .. } => write!(f, "tighten {node} {range} to {to}"),
            Self::MoveTo { to, .. } => write!(f, "move {node} {range} to {to}"),
            Self::Carve { hole, .. } => write!(f, "carve {hole} out of {node} {range}"),
            Self::HandOver { to, .. } => write!(f, "hand {node} {range} over to {to}"),
            Self::SetPriority { to, .. } => write!(f, "set the priority of {node} {range} to {to}"),
            Self::Drain { count, .. } => write!(f, "drain {node} {range} down to {count} others"),
            Self::StandIn { other, .. } => write!(f, "{node} stands in for {other} in {range}"),
            Self::Unite { .. } => write!(f, "unite {node} {range}"),
        }
    }
}

impl<K: Key> Operation<K> {
    /// The registrations that it may change, in that state. What else changes lies in their ranges.
    pub(crate) fn touched(&self, map: &RangeMap<K>) -> Vec<RegistrationId<K>> {
        let id =
            |node: &NodeId, range: &KeyRange<K>| RegistrationId { node: node.clone(), range: range.clone() };
        match self {
            Self::Register { node, range }
            | Self::Release { node, range }
            | Self::Increase { node, range, .. }
            | Self::Decrease { node, range, .. }
            | Self::Carve { node, range, .. }
            | Self::SetPriority { node, range, .. } => vec![id(node, range)],
            Self::Unite { node, range } => {
                let parts = map.ranges_of(node, range).into_iter().filter(|part| range.contains_range(part));
                core::iter::once(id(node, range)).chain(parts.map(|part| id(node, &part))).collect()
            }
            Self::Tighten { node, range, to } | Self::MoveTo { node, range, to } => {
                vec![id(node, range), id(node, to)]
            }
            Self::HandOver { node, range, to } => vec![id(node, range), id(to, range)],
            Self::Drain { node, range, .. } => {
                map.ranges_of(node, range).iter().map(|whole| id(node, whole)).collect()
            }
            Self::StandIn { node, other, range } => {
                map.parts_of(other, range).iter().map(|part| id(node, part)).collect()
            }
        }
    }

    fn apply(&self, map: &mut RangeMap<K>) -> Result<Delta<K>, MoveError> {
        Ok(match self {
            Self::Register { node, range } => map.register(node, range)?,
            Self::Release { node, range } => map.release(node, range)?,
            Self::Increase { node, range, by } => map.increase(node, range, *by)?,
            Self::Decrease { node, range, by } => map.decrease(node, range, *by)?,
            Self::Tighten { node, range, to } => map.tighten(node, range, to)?,
            Self::MoveTo { node, range, to } => map.move_to(node, range, to)?,
            Self::Carve { node, range, hole } => map.carve(node, range, hole)?,
            Self::HandOver { node, range, to } => map.hand_over(node, range, to)?,
            Self::SetPriority { node, range, to } => map.set_priority(node, range, *to)?,
            Self::Drain { node, range, count } => map.drain(node, range, *count)?,
            Self::StandIn { node, other, range } => map.stand_in(node, other, range)?,
            Self::Unite { node, range } => map.unite(node, range)?,
        })
    }
}

impl<K: Key> RangeMap<K> {
    /// Applies these operations, one after the other, and returns one delta of all; or none of them, if any is refused. Costs what each costs
    /// by itself, O(m log n) for m of the simple ones, and O(n/512) more if there are several: they may have to be taken back.
    ///
    /// # Errors
    /// [`OperationError`] for the first that is refused. Nothing has changed then.
    pub fn apply(
        &mut self,
        operations: impl IntoIterator<Item = Operation<K>>,
    ) -> Result<Delta<K>, OperationError> {
        self.apply_noting(operations, |_, _| ())
    }

    /// The same; `note` sees the state before each operation.
    pub(crate) fn apply_noting(
        &mut self,
        operations: impl IntoIterator<Item = Operation<K>>,
        mut note: impl FnMut(&Self, &Operation<K>),
    ) -> Result<Delta<K>, OperationError> {
        let mut operations = operations.into_iter().enumerate().peekable();
        let mut delta = Delta::default();
        let mut before = None;
        while let Some((index, operation)) = operations.next() {
            if before.is_none() && operations.peek().is_some() {
                before = Some(self.clone());
            }
            note(self, &operation);
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
    pub why: MoveError,
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {}: {}", self.index, self.why)
    }
}

impl core::error::Error for OperationError {}
