//! A peer, as the caller sees it.

use super::Name;
use crate::id::ReplicaId;

/// Another replica on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its id.
    pub replica: ReplicaId,
    /// What it calls itself.
    pub name: Name,
    /// When it was last heard, here or by the sender of the roster that listed it.
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
    /// It died without a goodbye.
    Dead,
}
