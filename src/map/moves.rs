//! Operations on several registrations at once, in one delta each. They are made of register, increase and release, and mean what these
//! mean: concurrent contributions to what is released survive there.

use core::fmt;

use super::transaction::Transaction;
use super::{RangeMap, WriteError, id};
use crate::delta::Delta;
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::registration::{Registration, RegistrationId};

impl<K: Key> RangeMap<K> {
    /// Moves a registration to a proper sub-range of its range and keeps at least its priority, in one delta. O(log n + the
    /// writers of both).
    ///
    /// # Errors
    /// [`MoveError`] if the registration is not visible or `to` is not a proper sub-range of `from`. Nothing has changed
    /// then.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let node = NodeId::new("a").unwrap();
    /// let [wide, narrow] = [(0u64, 100), (0, 60)].map(|(start, end)| KeyRange::new(start, end).unwrap());
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// _ = map.increase(&node, &wide, 7.try_into().unwrap()).unwrap();
    /// _ = map.tighten(&node, &wide, &narrow).unwrap();
    /// assert_eq!(map.priority(&node, &wide), None);
    /// assert_eq!(map.priority(&node, &narrow), Some(7));
    /// assert!(map.tighten(&node, &narrow, &wide).is_err());
    /// ```
    pub fn tighten(
        &mut self,
        node: &NodeId,
        from: &KeyRange<K>,
        to: &KeyRange<K>,
    ) -> Result<Delta<K>, MoveError> {
        if from == to || !from.contains_range(to) {
            return Err(MoveError::NotSubRange);
        }
        self.replace(id(node, from), vec![id(node, to)])
    }

    /// Moves a registration to any range, and keeps at least its priority there, in one delta. If `to` is the range that it has, nothing
    /// happens and the delta is empty. O(log n + the writers of both).
    ///
    /// Nobody sees the node serve neither range or both, unless somebody wrote to the old one at the same time.
    ///
    /// # Errors
    /// [`MoveError`] if the registration is not visible. Nothing has changed then.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let node = NodeId::new("a").unwrap();
    /// let [here, there] = [(0u64, 100), (50, 150)].map(|(start, end)| KeyRange::new(start, end).unwrap());
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// _ = map.increase(&node, &here, 7.try_into().unwrap()).unwrap();
    /// _ = map.move_to(&node, &here, &there)?;
    /// assert_eq!((map.priority(&node, &here), map.priority(&node, &there)), (None, Some(7)));
    /// # Ok::<(), crdt_range_map::MoveError>(())
    /// ```
    pub fn move_to(
        &mut self,
        node: &NodeId,
        from: &KeyRange<K>,
        to: &KeyRange<K>,
    ) -> Result<Delta<K>, MoveError> {
        self.replace(id(node, from), vec![id(node, to)])
    }

    /// Takes the keys of `hole` out of a registration: in one delta, it is released, and registered for what lies before the hole and
    /// for what lies after it, each with at least its priority. A hole that holds the whole range releases it. O(log n + the writers of
    /// all three).
    ///
    /// # Errors
    /// [`MoveError`] if the registration is not visible, or the hole holds none of its keys. Nothing has changed then.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let range = |start, end| KeyRange::<u64>::new(start, end).unwrap();
    /// # let node = NodeId::new("a").unwrap();
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// _ = map.increase(&node, &range(0, 100), 7.try_into().unwrap()).unwrap();
    /// _ = map.carve(&node, &range(0, 100), &range(40, 60))?;
    /// let shown: Vec<String> = map.registrations().map(|registration| registration.to_string()).collect();
    /// assert_eq!(shown, ["[0, 40) a:7", "[60, 100) a:7"]);
    /// # Ok::<(), crdt_range_map::MoveError>(())
    /// ```
    pub fn carve(
        &mut self,
        node: &NodeId,
        range: &KeyRange<K>,
        hole: &KeyRange<K>,
    ) -> Result<Delta<K>, MoveError> {
        if !range.intersects(hole) {
            return Err(MoveError::NotOverlapping);
        }
        let rest = range.without(hole).map(|rest| id(node, &rest)).collect();
        self.replace(id(node, range), rest)
    }

    /// Hands a registration over to another node, which gets at least its priority, in one delta. If `to` serves the range already, it is
    /// served by one node fewer then. If `to` is the node itself, nothing happens and the delta is empty. O(log n + the writers of both).
    ///
    /// # Errors
    /// [`MoveError`] if the registration is not visible. Nothing has changed then.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// let [a, b] = ["a", "b"].map(|name| NodeId::new(name).unwrap());
    /// let range = KeyRange::new(0u64, 100).unwrap();
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// _ = map.increase(&a, &range, 7.try_into().unwrap()).unwrap();
    /// _ = map.hand_over(&a, &range, &b)?;
    /// assert_eq!((map.priority(&a, &range), map.priority(&b, &range)), (None, Some(7)));
    /// # Ok::<(), crdt_range_map::MoveError>(())
    /// ```
    pub fn hand_over(
        &mut self,
        node: &NodeId,
        range: &KeyRange<K>,
        to: &NodeId,
    ) -> Result<Delta<K>, MoveError> {
        self.replace(id(node, range), vec![id(to, range)])
    }

    /// Releases a registration and registers others, which get at least its priority, in one delta; tells if it is not visible.
    fn replace(
        &mut self,
        from: RegistrationId<K>,
        to: Vec<RegistrationId<K>>,
    ) -> Result<Delta<K>, MoveError> {
        let Some(priority) = self.priority(&from.node, &from.range) else {
            return Err(MoveError::NotRegistered);
        };
        self.check_write(None)?;
        to.iter().try_for_each(|id| self.check_write(Some(id)))?;
        if to.contains(&from) {
            return Ok(Delta::default());
        }
        Ok(self.operate(|operation| {
            let released = operation.touch(from);
            operation.reset(released);
            to.into_iter().for_each(|id| contribute(operation, id, priority));
        }))
    }

    /// Gives a registration exactly that priority, as far as is known here: an increase or a decrease by the difference, a register and an
    /// increase if it is not visible, and a release for 0. O(log n + its writers).
    ///
    /// It is no assignment: what others add or take at the same time counts on top, and two who set it at once may both add what is
    /// missing. The adjustments of one writer to one registration sum up to at most 2^62; what goes beyond is cut off.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let node = NodeId::new("a").unwrap();
    /// let range = KeyRange::new(0u64, 100).unwrap();
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// for priority in [7, 3, 3, 0] {
    ///     _ = map.set_priority(&node, &range, priority)?;
    ///     assert_eq!(map.priority(&node, &range).unwrap_or(0), priority);
    /// }
    /// # Ok::<(), crdt_range_map::WriteError>(())
    /// ```
    pub fn set_priority(
        &mut self,
        node: &NodeId,
        range: &KeyRange<K>,
        to: u64,
    ) -> Result<Delta<K>, WriteError> {
        let id = id(node, range);
        self.check_write(Some(&id).filter(|_| to > 0))?;
        Ok(self.operate(|operation| {
            let at = operation.touch(id);
            if to == 0 {
                return operation.reset(at);
            }
            if operation.priority(at).is_none() {
                operation.reset(at);
                operation.register(at);
            }
            let missing = i128::from(to) - i128::from(operation.priority(at).unwrap_or(0));
            if missing != 0 {
                let limit = i128::from(i64::MAX);
                operation.adjust(at, missing.clamp(-limit, limit) as i64);
            }
        }))
    }

    /// Puts one registration in place of those of the node that lie in a range, if these are all of the range: with the highest of their
    /// priorities, in one delta. No owner changes by that, only their order, and the node's priority is lowered nowhere. The delta is empty if
    /// there are fewer than two, or if they leave some of the range out. O(m log n) for m of them, after what
    /// [`registrations_of`](Self::registrations_of) takes.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let range = |start, end| KeyRange::<u64>::new(start, end).unwrap();
    /// # let node = NodeId::new("a").unwrap();
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// _ = map.register(&node, &range(0, 60))?;
    /// _ = map.increase(&node, &range(40, 100), 7.try_into().unwrap())?;
    /// _ = map.unite(&node, &range(0, 100))?;
    /// let shown: Vec<String> = map.registrations().map(|registration| registration.to_string()).collect();
    /// assert_eq!(shown, ["[0, 100) a:7"]);
    /// # Ok::<(), crdt_range_map::WriteError>(())
    /// ```
    pub fn unite(&mut self, node: &NodeId, range: &KeyRange<K>) -> Result<Delta<K>, WriteError> {
        let own = self.registrations_of(node).filter(|one| range.contains_range(&one.range));
        let own: Vec<Registration<K>> = own.collect();
        let mut ranges = own.iter().map(|one| one.range.clone());
        let mut covered = ranges.next();
        let is_whole = ranges.all(|next| covered.as_mut().is_some_and(|all| all.absorb(next).is_ok()));
        let whole = id(node, range);
        let is_needed = is_whole && covered.as_ref() == Some(range) && own.len() > 1;
        self.check_write(is_needed.then_some(&whole))?;
        if !is_needed {
            return Ok(Delta::default());
        }
        let most = own.iter().map(|one| one.priority).max().unwrap_or(1);
        Ok(self.operate(|operation| {
            contribute(operation, whole, most);
            for part in own.iter().filter(|one| one.range != *range) {
                let at = operation.touch(id(node, &part.range));
                operation.reset(at);
            }
        }))
    }
}

/// Registers, with at least that priority.
fn contribute<K: Key>(operation: &mut Transaction<'_, K>, id: RegistrationId<K>, priority: u64) {
    let at = operation.touch(id);
    operation.clear_residue(at);
    operation.register(at);
    let missing = priority.saturating_sub(operation.priority(at).unwrap_or(0));
    if missing > 0 {
        operation.adjust(at, i64::try_from(missing).unwrap_or(i64::MAX));
    }
}

/// Why an operation on several registrations was refused: a registration could not be tightened, moved, carved, handed over or drained.
/// Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MoveError {
    /// The registration is not visible.
    NotRegistered,
    /// What it is to be tightened to is not a proper sub-range of its range.
    NotSubRange,
    /// The hole that is to be carved holds none of the registration's keys.
    NotOverlapping,
    /// This replica's sequence numbers have run out, see [`RangeMap::is_exhausted`].
    Exhausted,
    /// This replica is retired, see [`RangeMap::retire`].
    Retired,
    /// A new registration would be too long to be sent, see [`RangeMap::set_registration_bytes_max`].
    TooLong {
        /// How many bytes it would take at most.
        bytes: usize,
        /// How many it may take.
        bytes_max: usize,
    },
}

impl From<WriteError> for MoveError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Retired => Self::Retired,
            WriteError::Exhausted => Self::Exhausted,
            WriteError::TooLong { bytes, bytes_max } => Self::TooLong { bytes, bytes_max },
        }
    }
}

impl fmt::Display for MoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotRegistered => f.write_str("the registration is not visible"),
            Self::NotSubRange => f.write_str("the new range is not a proper sub-range of the old one"),
            Self::NotOverlapping => f.write_str("the hole holds none of the registration's keys"),
            Self::Exhausted => WriteError::Exhausted.fmt(f),
            Self::Retired => WriteError::Retired.fmt(f),
            Self::TooLong { bytes, bytes_max } => WriteError::TooLong { bytes, bytes_max }.fmt(f),
        }
    }
}

impl core::error::Error for MoveError {}
