//! Draining and standing in: several operations in one, which the map and the model do one after the other.

use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};

use super::{Peer, SampleKey, World, own_seq, wrote};
use crate::model::Id;
use crate::model::served::{self, agree};

impl<K: SampleKey> World<K> {
    /// A drain carves the parts of which the node may give up every key, one after the other, and tells who comes before it there.
    pub(super) fn drain(
        &mut self,
        at: usize,
        node: &NodeId,
        window: &KeyRange<K>,
        count: usize,
    ) -> Result<(), String> {
        let Peer { map, model } = &self.peers[at];
        let registrations = model.knowledge.registrations();
        let living = self.living(at);
        // The agreed answer, and that as of who is alive.
        let may_go = |key: &K| {
            [&registrations, &living].into_iter().all(|known| {
                let owners = served::owners(known, key);
                owners.iter().position(|(owner, _)| owner == node).is_none_or(|place| place >= count)
            })
        };
        let is_given_up = |(range, of): &&Id<K>| {
            let mut keys = K::samples().into_iter().filter(|key| range.contains(key) && window.contains(key));
            of == node && range.intersects(window) && keys.all(|key| may_go(&key))
        };
        let parts: Vec<Id<K>> = registrations.iter().map(|(id, _)| id).filter(is_given_up).cloned().collect();
        let mut drained = map.clone();
        let told = drained.drain(node, window, count).map_err(|error| error.to_string())?;
        for id in &parts {
            let Peer { map, model } = &mut self.peers[at];
            let (mut joined, before, seq) = (map.state().clone(), model.knowledge.clone(), own_seq(map));
            let delta = map.carve(&id.1, &id.0, window).map_err(|error| error.to_string())?;
            let knowledge = model.carve(id, window).map_err(|error| error.to_string())?;
            joined.merge(&delta);
            self.end(at, Some(id), (&before, seq, &joined), delta, knowledge)?;
        }
        let Peer { map, .. } = &self.peers[at];
        agree("the state after a drain, and after as many carvings,", drained.state(), map.state())?;
        agree("the delta of a drain is empty", told.is_empty(), parts.is_empty())?;
        let mut fresh = RangeMap::new(ReplicaId::new(u64::MAX));
        drop(fresh.merge(&told));
        for key in K::samples().iter().filter(|key| window.contains(*key)) {
            let is_of_a_part = parts.iter().any(|(range, _)| range.contains(key));
            let owners = served::owners(&registrations, key);
            let known = fresh.owners(key);
            let is_told = |(node, priority): &(NodeId, u64)| {
                known.iter().any(|owner| owner.node == *node && owner.priority == *priority)
            };
            let before = owners.iter().take_while(|(owner, _)| owner != node);
            agree("those who come before are told", !is_of_a_part || before.into_iter().all(is_told), true)?;
        }
        Ok(())
    }

    /// Standing in gives each part a priority beyond that of the other, where the node does not come before it.
    pub(super) fn stand_in(
        &mut self,
        at: usize,
        node: &NodeId,
        other: &NodeId,
        window: &KeyRange<K>,
    ) -> Result<(), String> {
        let mut relieved = self.peers[at].map.clone();
        let told = relieved.stand_in(node, other, window).map_err(|error| error.to_string())?;
        let mut expected = self.peers[at].map.state().clone();
        expected.merge(&told);
        agree(
            "the state after standing in, and the one before joined with the delta,",
            relieved.state(),
            &expected,
        )?;
        let registrations = self.peers[at].model.knowledge.registrations();
        for ((range, of), _) in registrations.iter().filter(|((_, of), _)| of == other && node != other) {
            let keys = K::samples().into_iter().filter(|key| range.contains(key) && window.contains(key));
            let keys: Vec<K> = keys.collect();
            let owners = keys.iter().map(|key| served::owners(&registrations, key));
            let places: Vec<_> = owners.map(|owners| (place(&owners, node), place(&owners, of))).collect();
            if places
                .iter()
                .all(|(one, other)| matches!((one, other), (Some(one), Some(other)) if one.0 < other.0))
            {
                continue;
            }
            let Some(part) = part(range, window) else { continue };
            let most = places.iter().filter_map(|(_, other)| other.map(|(_, priority)| priority)).max();
            let id = (part, node.clone());
            let Peer { map, model } = &mut self.peers[at];
            let priority = most.unwrap_or(0) + 1;
            if model.knowledge.priority(&id).is_some_and(|it| it >= priority) {
                continue;
            }
            let (mut joined, before, seq) = (map.state().clone(), model.knowledge.clone(), own_seq(map));
            let delta = wrote(map.set_priority(node, &id.0, priority));
            let knowledge = model.set_priority(&id, priority);
            joined.merge(&delta);
            self.end(at, Some(&id), (&before, seq, &joined), delta, knowledge)?;
        }
        agree("the state after standing in", relieved.state(), self.peers[at].map.state())
    }
}

/// Which of the owners a node is, and with which priority.
fn place(owners: &[(NodeId, u64)], node: &NodeId) -> Option<(usize, u64)> {
    let place = owners.iter().position(|(owner, _)| owner == node)?;
    Some((place, owners[place].1))
}

/// The keys of both ranges, of which there are some.
fn part<K: SampleKey>(one: &KeyRange<K>, other: &KeyRange<K>) -> Option<KeyRange<K>> {
    let start = one.start().max(other.start()).clone();
    let end = one.end().into_iter().chain(other.end()).min().cloned();
    end.map_or_else(
        || Some(KeyRange::from_start(start.clone())),
        |end| KeyRange::new(start.clone(), end).ok(),
    )
}
