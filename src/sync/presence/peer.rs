//! A peer, as it is shown.

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
