//! What is known of others.

use super::Name;
use crate::id::ReplicaId;

/// Another replica on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its id.
    pub replica: ReplicaId,
    /// What it calls itself.
    pub name: Name,
    /// When it was last heard, here or by whoever told of it.
    pub last_seen_ms: u64,
    /// Whether it is there.
    pub liveness: Liveness,
}

/// Whether a peer is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// As far as is known it is.
    Alive,
    /// It said goodbye.
    Left,
    /// It went without a word.
    Dead,
}

/// What is known of another replica.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// `None`: a stranger, who was heard but did not introduce itself. It is not shown.
    pub(super) name: Option<Name>,
    /// How often everybody was asked who that is.
    pub(super) asked: u32,
    pub(super) last_seen_ms: u64,
    pub(super) liveness: Liveness,
}

impl Known {
    pub(super) fn is_present(&self) -> bool {
        self.name.is_some() && self.liveness == Liveness::Alive
    }
}

/// What is known of each, by id. There are few enough for a list in order: [`Config::peers_max`](super::Config::peers_max).
#[derive(Clone, Debug, Default)]
pub(super) struct Peers(Vec<(ReplicaId, Known)>);

impl Peers {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ReplicaId, &Known)> {
        self.0.iter().map(|(replica, known)| (*replica, known))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Known> {
        self.0.iter().map(|(_, known)| known)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Known> {
        self.0.iter_mut().map(|(_, known)| known)
    }

    pub(super) fn get(&self, replica: ReplicaId) -> Option<&Known> {
        Some(&self.0[self.find(replica).ok()?].1)
    }

    pub(super) fn get_mut(&mut self, replica: ReplicaId) -> Option<&mut Known> {
        let at = self.find(replica).ok()?;
        Some(&mut self.0[at].1)
    }

    pub(super) fn get_or_insert(&mut self, replica: ReplicaId, known: Known) -> &mut Known {
        let at = self.find(replica).unwrap_or_else(|at| {
            self.0.insert(at, (replica, known));
            at
        });
        &mut self.0[at].1
    }

    pub(super) fn insert(&mut self, replica: ReplicaId, known: Known) {
        match self.find(replica) {
            Ok(at) => self.0[at].1 = known,
            Err(at) => self.0.insert(at, (replica, known)),
        }
    }

    /// Returns whether it was there.
    pub(super) fn remove(&mut self, replica: ReplicaId) -> bool {
        self.find(replica).map(|at| self.0.remove(at)).is_ok()
    }

    fn find(&self, replica: ReplicaId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&replica, |(replica, _)| *replica)
    }
}
