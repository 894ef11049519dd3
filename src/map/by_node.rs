//! The visible registrations by their nodes, for the questions about one node: the store has them by their keys.

use super::queries::visible;
use crate::id::NodeId;
use crate::key::Key;
use crate::ordered::Ordered;
use crate::registration::{Registration, RegistrationId};
use crate::sort::sort_numbers;
use crate::store::{RowRef, Store};

/// In the order of node, start and end. Copies share most of it.
#[derive(Clone, Debug)]
pub(super) struct ByNode<K>(Ordered<[Registration<K>; 1]>);

impl<K: Key> ByNode<K> {
    /// O(n log n).
    pub(super) fn new(store: &Store<K>) -> Self {
        let nodes = &store.tables().nodes;
        let mut numbers: Vec<u32> = nodes.iter().map(|(number, _)| number).collect();
        sort_numbers(&mut numbers, &mut |a, b| nodes.get(a).cmp(nodes.get(b)));
        let mut ranks = vec![0; nodes.len()];
        (0..).zip(&numbers).for_each(|(rank, number): (u32, _)| ranks[*number as usize] = rank);
        let rows: Vec<RowRef<'_, K>> = store.rows().filter(|row| row.priority().is_some()).collect();
        let rank = |index: u32| (ranks[rows[index as usize].node_number() as usize], index);
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        // Those of one node are in the order of their ranges already.
        sort_numbers(&mut order, &mut |a, b| rank(a).cmp(&rank(b)));
        let mut all = Ordered::default();
        let sorted = order.iter().filter_map(|index| visible(rows[*index as usize]));
        sorted.for_each(|one| all.push(one));
        Self(all)
    }

    /// How many there are. O(1).
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Makes it right again after one registration changed. O(log n).
    pub(super) fn update(&mut self, store: &Store<K>, id: &RegistrationId<K>) {
        let now = store.get(id).and_then(visible);
        let position = self.0.position_of(|one| (&one.node, &one.range) < (&id.node, &id.range));
        let is_known = |one: &&mut Registration<K>| (&one.node, &one.range) == (&id.node, &id.range);
        match (self.0.get_mut(position).filter(is_known), now) {
            (Some(known), Some(now)) => *known = now,
            (Some(_), None) => self.0.remove(position),
            (None, Some(now)) => self.0.insert(position, now),
            (None, None) => {}
        }
    }

    /// Those of a node, by start and end. O(log n), and O(1) each.
    pub(super) fn of<'a>(&'a self, node: &NodeId) -> impl Iterator<Item = &'a Registration<K>> + use<'a, K> {
        let all = self.0.iter_from(self.0.position_of(|one| one.node < *node));
        let node = node.clone();
        all.take_while(move |one| one.node == node)
    }

    /// The nodes, by name. O(log n) each.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &NodeId> {
        let mut next = self.0.first();
        core::iter::from_fn(move || {
            let node = &next?.node;
            next = self.0.get(self.0.position_of(|one| one.node <= *node));
            Some(node)
        })
    }
}
