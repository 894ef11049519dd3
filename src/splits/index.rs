//! The index over the splits: O(n) memory however many ranges overlap, and look-ups in O(log n + k log k).
//!
//! Each boundary stores only how the owners change there. The full owner list is written down as a *check-point* whenever as
//! many changes have passed as the list is long, so the check-points together are no longer than the changes, and a look-up
//! replays at most as many changes as the list at its check-point is long, or [`REPLAY_MIN`].

use core::cmp::Reverse;

use super::sweep::{OwnerChange, Served, sweep};
use super::{Owner, Owners, Splits};
use crate::id::{NodeId, NodeNumbers};
use crate::key::{Key, KeyRange, LeastKey};

/// Check-points are at least this many changes apart.
const REPLAY_MIN: usize = 8;

#[derive(Clone, Debug)]
pub(crate) struct SplitIndex<K> {
    /// The owning nodes in the order of their names, so that their numbers order like the names.
    nodes: Vec<NodeId>,
    /// The keys at which the owners change, in order.
    keys: Vec<K>,
    /// What happens at each of them. Apart from the keys, so that a search touches little memory.
    boundaries: Vec<Boundary>,
    /// The changes of all boundaries, one after the other.
    changes: Vec<OwnerChange>,
    checkpoints: Vec<Checkpoint>,
    /// The owner lists of all check-points, one after the other, each in no order.
    checkpoint_owners: Vec<OwnerChange>,
}

#[derive(Clone, Debug)]
struct Boundary {
    /// Where the changes of this boundary end.
    changes_end: usize,
    /// The check-point to start from, at this boundary or before it.
    checkpoint: usize,
    /// Whether nobody owns the keys from here to the next boundary.
    is_gap: bool,
}

#[derive(Clone, Debug)]
struct Checkpoint {
    /// How many changes the list includes.
    changes_end: usize,
    /// Where the list ends in `checkpoint_owners`.
    owners_end: usize,
}

impl<K: Key> SplitIndex<K> {
    /// Sweeps over the visible registrations, which come in the order of their starts. O(n log n).
    pub(crate) fn new<'a>(visible: impl Iterator<Item = (&'a KeyRange<K>, &'a NodeId, u64)> + Clone) -> Self
    where
        K: 'a,
    {
        let NodeNumbers { nodes, numbers } = NodeNumbers::of(visible.clone().map(|(_, node, _)| node));
        let served: Vec<Served<'_, K>> = visible
            .zip(numbers)
            .map(|((range, _, priority), node)| Served { range, node, priority })
            .collect();

        let mut index = Self {
            nodes: nodes.into_iter().cloned().collect(),
            keys: Vec::new(),
            boundaries: Vec::new(),
            changes: Vec::new(),
            checkpoints: vec![Checkpoint { changes_end: 0, owners_end: 0 }],
            checkpoint_owners: Vec::new(),
        };
        let mut current = Current::of(index.nodes.len());
        let mut since_checkpoint = 0;
        sweep(&served, index.nodes.len(), |key, changes| {
            changes.iter().for_each(|change| current.apply(*change));
            index.changes.extend_from_slice(changes);
            since_checkpoint += changes.len();
            let changes_end = index.changes.len();
            if since_checkpoint >= current.owners.len().max(REPLAY_MIN) {
                since_checkpoint = 0;
                index.checkpoint_owners.extend_from_slice(&current.owners);
                let owners_end = index.checkpoint_owners.len();
                index.checkpoints.push(Checkpoint { changes_end, owners_end });
            }
            let checkpoint = index.checkpoints.len() - 1;
            let is_gap = current.owners.is_empty();
            index.keys.push(key.clone());
            index.boundaries.push(Boundary { changes_end, checkpoint, is_gap });
        });
        debug_assert_eq!(index.check(), Ok(()));
        index
    }

    /// The owners of one key. O(log n + k log k) for k owners.
    pub(crate) fn owners(&self, key: &K) -> Owners {
        let after = self.keys.partition_point(|boundary| boundary <= key);
        after.checked_sub(1).map_or_else(Owners::default, |at| self.owners_from(&self.boundaries[at]))
    }

    /// The owners from a boundary on: those at its check-point with the changes since then replayed.
    fn owners_from(&self, boundary: &Boundary) -> Owners {
        let checkpoint = &self.checkpoints[boundary.checkpoint];
        let owners_start = match boundary.checkpoint {
            0 => 0,
            at => self.checkpoints[at - 1].owners_end,
        };
        let listed = &self.checkpoint_owners[owners_start..checkpoint.owners_end];
        let mut changed = self.changes[checkpoint.changes_end..boundary.changes_end].to_vec();
        // The latest change of a node counts: with the order reversed, the stable sort puts it in front.
        changed.reverse();
        changed.sort_by_key(|change| change.node);
        changed.dedup_by_key(|change| change.node);
        let unchanged = listed
            .iter()
            .filter(|owner| changed.binary_search_by_key(&owner.node, |change| change.node).is_err());
        let mut owners: Vec<&OwnerChange> =
            unchanged.chain(&changed).filter(|owner| owner.priority > 0).collect();
        owners.sort_unstable_by_key(|owner| preference(owner));
        Owners(owners.into_iter().map(|owner| self.named(owner)).collect())
    }

    /// The maximal ranges without an owner, in key order.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = KeyRange<K>> + '_
    where
        K: LeastKey,
    {
        let least = K::least();
        let before_all = match self.keys.first() {
            None => Some(KeyRange::full()),
            Some(first) if *first > least => Some(KeyRange::between(least, Some(first.clone()))),
            Some(_) => None,
        };
        let between =
            (0..self.boundaries.len()).filter(|at| self.boundaries[*at].is_gap).map(|at| self.range_from(at));
        before_all.into_iter().chain(between)
    }

    /// Every split written out. O(n + k log k for the k owners of each split).
    pub(crate) fn flatten(&self) -> Splits<K> {
        let mut ranges = Vec::new();
        let mut owners = Vec::new();
        let mut current: Vec<OwnerChange> = Vec::new();
        let mut changes_start = 0;
        for (at, boundary) in self.boundaries.iter().enumerate() {
            // A boundary's changes are ordered by node, each node once.
            let changes = &self.changes[changes_start..boundary.changes_end];
            current.retain(|owner| changes.binary_search_by_key(&owner.node, |change| change.node).is_err());
            current.extend(changes.iter().filter(|change| change.priority > 0));
            // The stable sort finds that most of them are in order.
            current.sort_by_key(preference);
            changes_start = boundary.changes_end;
            if !boundary.is_gap {
                let start = owners.len();
                owners.extend(current.iter().map(|owner| self.named(owner)));
                ranges.push((self.range_from(at), start..owners.len()));
            }
        }
        Splits { ranges, owners }
    }

    /// The keys from one boundary to the next.
    fn range_from(&self, at: usize) -> KeyRange<K> {
        KeyRange::between(self.keys[at].clone(), self.keys.get(at + 1).cloned())
    }

    fn named(&self, owner: &OwnerChange) -> Owner {
        Owner { node: self.nodes[owner.node as usize].clone(), priority: owner.priority }
    }

    /// The invariants: boundaries ascend, each changes something, and no look-up replays more than the owners it lists.
    fn check(&self) -> Result<(), &'static str> {
        if !self.keys.is_sorted_by(|a, b| a < b) {
            return Err("boundaries out of order");
        }
        if !self.boundaries.is_sorted_by(|a, b| a.changes_end < b.changes_end) {
            return Err("a boundary that changes nothing");
        }
        for boundary in &self.boundaries {
            let owners = self.owners_from(boundary).len();
            if boundary.is_gap != (owners == 0) {
                return Err("a gap with owners or a split without");
            }
            let replayed = boundary.changes_end - self.checkpoints[boundary.checkpoint].changes_end;
            if replayed > owners.max(REPLAY_MIN) {
                return Err("a look-up that replays too much");
            }
        }
        Ok(())
    }
}

/// The owners of the current key during a sweep, in no order, and where each node stands among them.
struct Current {
    owners: Vec<OwnerChange>,
    places: Vec<Option<u32>>,
}

impl Current {
    fn of(nodes: usize) -> Self {
        Self { owners: Vec::new(), places: vec![None; nodes] }
    }

    /// Takes a node's new priority in, or the node out. O(1).
    fn apply(&mut self, change: OwnerChange) {
        let node = change.node as usize;
        match (self.places[node], change.priority) {
            (None, 0) => {}
            (None, _) => {
                self.places[node] = Some(self.owners.len() as u32);
                self.owners.push(change);
            }
            (Some(place), 0) => {
                self.places[node] = None;
                self.owners.swap_remove(place as usize);
                if let Some(moved) = self.owners.get(place as usize) {
                    self.places[moved.node as usize] = Some(place);
                }
            }
            (Some(place), _) => self.owners[place as usize] = change,
        }
    }
}

/// The order of owners: by priority, the highest first, then by name.
fn preference(owner: &OwnerChange) -> (Reverse<u64>, u32) {
    (Reverse(owner.priority), owner.node)
}
