//! The reference model: the meaning of the map, spelled out with sets that only grow.
//!
//! It is deliberately slow and has no representation to get wrong: every contribution is kept for ever under its own name, and
//! so is every reset of it. It must stay short enough to trust by eye.
//!
//! Beside contributions and resets it tracks *drops*, which mean nothing by themselves (what is dropped was reset before) but
//! decide what a delta speaks of: see [`Replica::entry`].
#![allow(dead_code, reason = "each test binary uses another part of the model")]

pub mod effects;
pub mod history;
pub mod seeds;
pub mod served;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};

use crdt_range_map::{Key, KeyRange, MoveError, NodeId, ReplicaId};

/// A registration. The order is that of `registrations()`: start, end, node.
pub type Id<K> = (KeyRange<K>, NodeId);

/// The name of a contribution: its writer and the number of that writer's contributions up to it.
pub type Name = (ReplicaId, u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contribution {
    Register,
    Adjustment(i64),
}

/// What somebody knows, or what a message tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Knowledge<K> {
    pub known: BTreeMap<Name, (Id<K>, Contribution)>,
    pub reset: BTreeSet<Name>,
    /// A subset of the reset ones: those of which their writer observed that they are reset.
    pub dropped: BTreeSet<Name>,
}

impl<K> Default for Knowledge<K> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), reset: BTreeSet::new(), dropped: BTreeSet::new() }
    }
}

impl<K: Key> Knowledge<K> {
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub fn join(&mut self, other: &Self) {
        self.known.extend(other.known.clone());
        self.reset.extend(&other.reset);
        self.dropped.extend(&other.dropped);
    }

    /// Whether everything that `other` knows is known here.
    pub fn includes(&self, other: &Self) -> bool {
        other.known.keys().all(|name| self.known.contains_key(name))
            && self.reset.is_superset(&other.reset)
            && self.dropped.is_superset(&other.dropped)
    }

    /// What is known of those contributions alone.
    fn only(&self, named: impl Fn(&Name, &Id<K>) -> bool) -> Self {
        let named = self.known.iter().filter(|(name, (id, _))| named(name, id));
        let known: BTreeMap<_, _> = named.map(|(name, what)| (*name, what.clone())).collect();
        let of_those =
            |names: &BTreeSet<Name>| names.iter().copied().filter(|name| known.contains_key(name)).collect();
        Self { reset: of_those(&self.reset), dropped: of_those(&self.dropped), known }
    }

    fn left<'a>(&'a self, id: &'a Id<K>) -> impl Iterator<Item = (Name, Contribution)> + 'a {
        let of_id = self.known.iter().filter(move |(_, (of, _))| of == id);
        of_id.filter(|(name, _)| !self.reset.contains(name)).map(|(name, (_, what))| (*name, *what))
    }

    /// The priority of a registration, `None` if that makes it invisible.
    pub fn priority(&self, id: &Id<K>) -> Option<u64> {
        let left: Vec<Contribution> = self.left(id).map(|(_, what)| what).collect();
        let register = i64::from(left.contains(&Contribution::Register));
        let adjustments: i64 =
            left.iter().map(|what| if let Contribution::Adjustment(by) = what { *by } else { 0 }).sum();
        u64::try_from(register + adjustments).ok().filter(|priority| *priority >= 1)
    }

    /// The visible registrations as of who is alive: what there would be if those writers alone had contributed, and those nodes were not.
    pub fn living(&self, counts: impl Fn(ReplicaId) -> bool, down: &BTreeSet<NodeId>) -> Vec<(Id<K>, u64)> {
        self.only(|(writer, _), id| counts(*writer) && !down.contains(&id.1)).registrations()
    }

    /// The visible registrations with their priorities, in order.
    pub fn registrations(&self) -> Vec<(Id<K>, u64)> {
        let ids: BTreeSet<&Id<K>> = self.known.values().map(|(id, _)| id).collect();
        ids.into_iter().filter_map(|id| Some((id.clone(), self.priority(id)?))).collect()
    }
}

/// A replica of the model. Each operation returns what its delta tells.
#[derive(Clone, Debug)]
pub struct Replica<K> {
    replica: ReplicaId,
    pub knowledge: Knowledge<K>,
}

impl<K: Key> Replica<K> {
    pub fn new(replica: ReplicaId) -> Self {
        Self { replica, knowledge: Knowledge::default() }
    }

    pub fn register(&mut self, id: &Id<K>) -> Knowledge<K> {
        self.contribute(id, Contribution::Register)
    }

    pub fn increase(&mut self, id: &Id<K>, by: u64) -> Knowledge<K> {
        self.contribute(id, Contribution::Adjustment(by as i64))
    }

    pub fn decrease(&mut self, id: &Id<K>, by: u64) -> Knowledge<K> {
        match self.knowledge.priority(id) {
            None => Knowledge::default(),
            Some(priority) if priority > by => self.contribute(id, Contribution::Adjustment(-(by as i64))),
            Some(_) => self.release(id),
        }
    }

    pub fn release(&mut self, id: &Id<K>) -> Knowledge<K> {
        let left: Vec<Name> = self.knowledge.left(id).map(|(name, _)| name).collect();
        if left.is_empty() {
            return Knowledge::default();
        }
        self.knowledge.reset.extend(left);
        let mut delta = self.drop_own(id);
        delta.join(&self.entry(id));
        delta
    }

    /// Withdraws all that a writer contributed.
    pub fn withdraw(&mut self, writer: ReplicaId) -> Knowledge<K> {
        self.reset_each(|(name, _)| name.0 == writer)
    }

    /// Releases all of a node.
    pub fn release_node(&mut self, node: &NodeId) -> Knowledge<K> {
        self.reset_each(|(_, id)| id.1 == *node)
    }

    fn reset_each(&mut self, is_meant: impl Fn((Name, &Id<K>)) -> bool) -> Knowledge<K> {
        let all = &self.knowledge;
        let left = all.known.iter().filter(|(name, _)| !all.reset.contains(name));
        let meant = left.filter(|(name, (id, _))| is_meant((**name, id)));
        let meant: Vec<(Name, Id<K>)> = meant.map(|(name, (id, _))| (*name, id.clone())).collect();
        self.knowledge.reset.extend(meant.iter().map(|(name, _)| *name));
        let mut delta = Knowledge::default();
        for id in meant.into_iter().map(|(_, id)| id).collect::<BTreeSet<_>>() {
            delta.join(&self.drop_own(&id));
            delta.join(&self.entry(&id));
        }
        delta
    }

    pub fn tighten(&mut self, from: &Id<K>, to: &Id<K>) -> Result<Knowledge<K>, MoveError> {
        if from == to || !from.0.contains_range(&to.0) {
            return Err(MoveError::NotSubRange);
        }
        self.replace(from, std::slice::from_ref(to))
    }

    pub fn carve(&mut self, from: &Id<K>, hole: &KeyRange<K>) -> Result<Knowledge<K>, MoveError> {
        let (range, node) = from;
        if !range.intersects(hole) {
            return Err(MoveError::NotOverlapping);
        }
        let before = KeyRange::new(range.start().clone(), hole.start().clone()).ok();
        let after = hole.end().and_then(|start| match range.end() {
            Some(end) => KeyRange::new(start.clone(), end.clone()).ok(),
            None => Some(KeyRange::from_start(start.clone())),
        });
        let rest: Vec<Id<K>> = before.into_iter().chain(after).map(|range| (range, node.clone())).collect();
        self.replace(from, &rest)
    }

    /// Moves, hands over and tightens.
    pub fn replace(&mut self, from: &Id<K>, to: &[Id<K>]) -> Result<Knowledge<K>, MoveError> {
        let priority = self.knowledge.priority(from).ok_or(MoveError::NotRegistered)?;
        if to.contains(from) {
            return Ok(Knowledge::default());
        }
        let mut delta = self.release(from);
        for id in to {
            delta.join(&self.register(id));
            let missing = priority.saturating_sub(self.knowledge.priority(id).unwrap_or(0));
            if missing > 0 {
                delta.join(&self.increase(id, missing));
            }
        }
        Ok(delta)
    }

    /// One registration in place of those that lie in its range, if these are all of it.
    pub fn unite(&mut self, whole: &Id<K>, keys: &[K]) -> Knowledge<K> {
        let (range, node) = whole;
        let all = self.knowledge.registrations();
        let is_own = |(part, of): &Id<K>| of == node && range.contains_range(part);
        let own: Vec<(Id<K>, u64)> = all.into_iter().filter(|(id, _)| is_own(id)).collect();
        let is_covered = |key: &K| own.iter().any(|((part, _), _)| part.contains(key));
        if own.len() < 2 || !keys.iter().filter(|key| range.contains(key)).all(is_covered) {
            return Knowledge::default();
        }
        let most = own.iter().map(|(_, priority)| *priority).max().unwrap_or(0);
        let mut delta = self.register(whole);
        let missing = most.saturating_sub(self.knowledge.priority(whole).unwrap_or(0));
        if missing > 0 {
            delta.join(&self.increase(whole, missing));
        }
        for (part, _) in own.iter().filter(|(part, _)| part != whole) {
            delta.join(&self.release(part));
        }
        delta
    }

    pub fn set_priority(&mut self, id: &Id<K>, to: u64) -> Knowledge<K> {
        if to == 0 {
            return self.release(id);
        }
        let is_visible = self.knowledge.priority(id).is_some();
        let mut delta = if is_visible { Knowledge::default() } else { self.register(id) };
        let by = to as i64 - self.knowledge.priority(id).unwrap_or(0) as i64;
        if by != 0 {
            delta.join(&self.contribute(id, Contribution::Adjustment(by)));
        }
        delta
    }

    /// Learns what a message tells. Returns what the drops tell that follow from it.
    pub fn merge(&mut self, message: &Knowledge<K>) -> Knowledge<K> {
        self.knowledge.join(message);
        let mut drops = Knowledge::default();
        let ids: BTreeSet<Id<K>> = self.knowledge.known.values().map(|(id, _)| id.clone()).collect();
        for id in &ids {
            drops.join(&self.drop_own(id));
        }
        drops
    }

    /// Adds to a registration; what is left of an invisible one is reset first.
    fn contribute(&mut self, id: &Id<K>, what: Contribution) -> Knowledge<K> {
        let is_visible = self.knowledge.priority(id).is_some();
        let mut delta = if is_visible { Knowledge::default() } else { self.release(id) };
        let seq =
            1 + self.knowledge.known.keys().filter(|(writer, _)| *writer == self.replica).count() as u64;
        self.knowledge.known.insert((self.replica, seq), (id.clone(), what));
        delta.join(&self.entry(id));
        delta
    }

    /// Drops the own contributions to a registration if all are reset and some not yet dropped, and tells of them.
    fn drop_own(&mut self, id: &Id<K>) -> Knowledge<K> {
        let own = self.knowledge.only(|(writer, _), of| *writer == self.replica && of == id);
        let is_reset = own.known.keys().all(|name| own.reset.contains(name));
        if !is_reset || own.dropped.len() == own.known.len() {
            return Knowledge::default();
        }
        self.knowledge.dropped.extend(own.known.keys());
        Knowledge { dropped: own.reset.clone(), ..own }
    }

    /// What a delta tells of a registration that it touches: everything of the writers with a contribution that is not dropped.
    ///
    /// Of a writer that has dropped all of them it need not tell anything. That is what lets a state forget them.
    fn entry(&self, id: &Id<K>) -> Knowledge<K> {
        let all = &self.knowledge;
        let of_id = all.known.iter().filter(|(_, (of, _))| of == id).map(|(name, _)| name);
        let writers: BTreeSet<ReplicaId> =
            of_id.filter(|name| !all.dropped.contains(name)).map(|(writer, _)| *writer).collect();
        all.only(|(writer, _), of| of == id && writers.contains(writer))
    }
}
