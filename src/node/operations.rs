//! The operations of a node: those of its map, published and saved.

use core::num::NonZeroU32;
use std::collections::BTreeMap;

use super::Node;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::NodeId;
use crate::key::KeyRange;
use crate::map::{MoveError, WriteError};
use crate::operation::{Operation, OperationError};
use crate::registration::RegistrationId;

impl<K: WireKey> Node<K> {
    /// Applies all of these operations, or none: see [`RangeMap::apply`](crate::RangeMap::apply).
    ///
    /// # Errors
    /// [`OperationError`] for the first operation that is refused. Nothing has changed then.
    pub fn apply(
        &mut self,
        operations: impl IntoIterator<Item = Operation<K>>,
    ) -> Result<(), OperationError> {
        let mut before: BTreeMap<RegistrationId<K>, Option<u64>> = BTreeMap::new();
        self.last_delta = Delta::default();
        let delta = self.map.apply_noting(operations, |map, operation| {
            for touched in operation.touched(map) {
                before.entry(touched).or_insert_with_key(|id| map.priority(&id.node, &id.range));
            }
        })?;
        for (id, before) in before {
            if self.map.priority(&id.node, &id.range) != before {
                self.changed.add(id.range);
            }
        }
        self.did(&delta);
        Ok(())
    }

    /// Registers a node for a range: see [`RangeMap::register`](crate::RangeMap::register).
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn register(&mut self, node: &NodeId, range: &KeyRange<K>) -> Result<(), WriteError> {
        self.operate(vec![(node, range)], |map| map.register(node, range))
    }

    /// Releases a registration: see [`RangeMap::release`](crate::RangeMap::release).
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn release(&mut self, node: &NodeId, range: &KeyRange<K>) -> Result<(), WriteError> {
        self.operate(vec![(node, range)], |map| map.release(node, range))
    }

    /// Raises a priority: see [`RangeMap::increase`](crate::RangeMap::increase).
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn increase(&mut self, node: &NodeId, range: &KeyRange<K>, by: NonZeroU32) -> Result<(), WriteError> {
        self.operate(vec![(node, range)], |map| map.increase(node, range, by))
    }

    /// Lowers a priority: see [`RangeMap::decrease`](crate::RangeMap::decrease).
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn decrease(&mut self, node: &NodeId, range: &KeyRange<K>, by: NonZeroU32) -> Result<(), WriteError> {
        self.operate(vec![(node, range)], |map| map.decrease(node, range, by))
    }

    /// Moves a registration to a smaller range: see [`RangeMap::tighten`](crate::RangeMap::tighten).
    ///
    /// # Errors
    /// [`MoveError`] if it is refused.
    pub fn tighten(&mut self, node: &NodeId, range: &KeyRange<K>, to: &KeyRange<K>) -> Result<(), MoveError> {
        self.operate(vec![(node, range), (node, to)], |map| map.tighten(node, range, to))
    }

    /// Moves a registration to any range: see [`RangeMap::move_to`](crate::RangeMap::move_to).
    ///
    /// # Errors
    /// [`MoveError`] if it is refused.
    pub fn move_to(&mut self, node: &NodeId, range: &KeyRange<K>, to: &KeyRange<K>) -> Result<(), MoveError> {
        self.operate(vec![(node, range), (node, to)], |map| map.move_to(node, range, to))
    }

    /// Takes some keys out of a registration: see [`RangeMap::carve`](crate::RangeMap::carve).
    ///
    /// # Errors
    /// [`MoveError`] if it is refused.
    pub fn carve(&mut self, node: &NodeId, range: &KeyRange<K>, hole: &KeyRange<K>) -> Result<(), MoveError> {
        // All that changes lies in the range.
        self.operate(vec![(node, range)], |map| map.carve(node, range, hole))
    }

    /// Hands a registration over to another node: see [`RangeMap::hand_over`](crate::RangeMap::hand_over).
    ///
    /// # Errors
    /// [`MoveError`] if it is refused.
    pub fn hand_over(&mut self, node: &NodeId, range: &KeyRange<K>, to: &NodeId) -> Result<(), MoveError> {
        self.operate(vec![(node, range), (to, range)], |map| map.hand_over(node, range, to))
    }

    /// Gives up what a node serves of a range, where at least `count` others come before it: see
    /// [`RangeMap::drain`](crate::RangeMap::drain).
    ///
    /// # Errors
    /// [`MoveError`] if it is refused.
    pub fn drain(&mut self, node: &NodeId, range: &KeyRange<K>, count: usize) -> Result<(), MoveError> {
        let ranges = self.map.ranges_of(node, range);
        let touched = ranges.iter().map(|whole| (node, whole)).collect();
        self.operate(touched, |map| map.drain(node, range, count))
    }

    /// Lets a node serve what another serves of a range, and come before it: see
    /// [`RangeMap::stand_in`](crate::RangeMap::stand_in).
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn stand_in(&mut self, node: &NodeId, other: &NodeId, range: &KeyRange<K>) -> Result<(), WriteError> {
        let parts = self.map.parts_of(other, range);
        let touched = parts.iter().map(|part| (node, part)).collect();
        self.operate(touched, |map| map.stand_in(node, other, range))
    }

    /// Puts one registration in place of several of a node: see [`RangeMap::unite`](crate::RangeMap::unite).
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn unite(&mut self, node: &NodeId, range: &KeyRange<K>) -> Result<(), WriteError> {
        let mut ranges = self.map.ranges_of(node, range);
        ranges.push(range.clone());
        let touched = ranges.iter().map(|range| (node, range)).collect();
        self.operate(touched, |map| map.unite(node, range))
    }

    /// Gives a registration a priority: see [`RangeMap::set_priority`](crate::RangeMap::set_priority).
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn set_priority(&mut self, node: &NodeId, range: &KeyRange<K>, to: u64) -> Result<(), WriteError> {
        self.operate(vec![(node, range)], |map| map.set_priority(node, range, to))
    }
}
