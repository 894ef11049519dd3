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
