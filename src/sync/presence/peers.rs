//! The replicas that introduced themselves, by id and by when they were last heard. Every call is O(log n).

use core::ops::Bound::{Excluded, Unbounded};
use std::collections::{BTreeMap, BTreeSet};

use super::{Liveness, Name, steps};
use crate::id::ReplicaId;

/// What is known of a peer.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) name: Name,
    pub(super) last_seen_ms: u64,
    pub(super) liveness: Liveness,
    /// When the last roster that lists it was received or sent.
    pub(super) listed_ms: Option<u64>,
}

/// What is known of each. `living`, `living_by_age` and `gone_by_age` are indexes of `known` in other orders.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers {
    known: BTreeMap<ReplicaId, Known>,
    living: BTreeSet<ReplicaId>,
    living_by_age: BTreeSet<(u64, ReplicaId)>,
    gone_by_age: BTreeSet<(u64, ReplicaId)>,
}

impl Peers {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// All of them by id: O(n).
    pub(super) fn iter(&self) -> impl Iterator<Item = (ReplicaId, &Known)> {
        self.known.iter().map(|(replica, known)| (*replica, known)).inspect(|_| steps::count())
    }

    pub(super) fn get(&self, replica: ReplicaId) -> Option<&Known> {
        steps::count();
        self.known.get(&replica)
    }

    pub(super) fn insert(&mut self, replica: ReplicaId, known: Known) {
        self.remove(replica);
        let age = (known.last_seen_ms, replica);
        if known.liveness == Liveness::Alive {
            self.living.insert(replica);
            self.living_by_age.insert(age);
        } else {
            self.gone_by_age.insert(age);
        }
        self.known.insert(replica, known);
    }

    pub(super) fn remove(&mut self, replica: ReplicaId) {
        steps::count();
        if let Some(known) = self.known.remove(&replica) {
            let age = (known.last_seen_ms, replica);
            self.living.remove(&replica);
            self.living_by_age.remove(&age);
            self.gone_by_age.remove(&age);
        }
    }

    /// Notes that a roster lists it, if it is known.
    pub(super) fn note_listed(&mut self, replica: ReplicaId, now_ms: u64) {
        steps::count();
        if let Some(known) = self.known.get_mut(&replica) {
            known.listed_ms = Some(now_ms);
        }
    }

    /// The one alive that was not heard for the longest time, and when it was.
    pub(super) fn longest_silent(&self) -> Option<(u64, ReplicaId)> {
        self.living_by_age.first().copied()
    }

    /// The one gone that was not heard for the longest time, and when it was.
    pub(super) fn longest_gone(&self) -> Option<(u64, ReplicaId)> {
        self.gone_by_age.first().copied()
    }

    /// How many living peers stand between `from` and `to` in the circle of ids; at most `most` are counted.
    pub(super) fn count_between(&self, from: ReplicaId, to: ReplicaId, most: usize) -> usize {
        let after = self.living.range((Excluded(from), Unbounded));
        let round = self.living.range(..from);
        let between = after.chain(round).inspect(|_| steps::count());
        // The ids are taken in the order of the circle from `from` on, until `to` is passed.
        let distance = |replica: ReplicaId| replica.get().wrapping_sub(from.get());
        between.take(most).take_while(|replica| distance(**replica) < distance(to)).count()
    }
}
