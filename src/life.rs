//! Who is alive, as one replica knows it: whose contributions count in the living answer.
//!
//! The agreed answer counts all that is in the state, and all who know the same give the same. Beside it stands the answer as of who is
//! alive. It counts what permanent writers contributed, and of [ephemeral](crate::ReplicaId#ephemeral-writers) ones what those did that
//! are present; and nothing of nodes that the user marked as down. The ids tell who is ephemeral, so nothing in the state is needed for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::id::{NodeId, ReplicaId};

/// Who counts.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// The replica itself.
    own: ReplicaId,
    /// The ephemeral writers that are there. Shared by the copies of a map until one of them changes it.
    present: Arc<BTreeSet<ReplicaId>>,
    down: Arc<BTreeSet<NodeId>>,
}

impl Counted {
    pub(crate) fn new(own: ReplicaId) -> Self {
        Self { own, present: Arc::default(), down: Arc::default() }
    }

    /// Whether the contributions of that writer count. O(log of the present ones).
    pub(crate) fn counts(&self, writer: ReplicaId) -> bool {
        !writer.is_ephemeral() || writer == self.own || self.present.contains(&writer)
    }

    /// Whether the user marked that node as down. O(log of those).
    pub(crate) fn is_down(&self, node: &NodeId) -> bool {
        !self.down.is_empty() && self.down.contains(node)
    }

    /// The nodes that are marked as down.
    pub(crate) fn down(&self) -> &BTreeSet<NodeId> {
        &self.down
    }

    pub(crate) fn set_own(&mut self, own: ReplicaId) {
        self.own = own;
    }

    pub(crate) fn set_present(&mut self, writer: ReplicaId, is_present: bool) {
        let present = Arc::make_mut(&mut self.present);
        if is_present {
            present.insert(writer)
        } else {
            present.remove(&writer)
        };
    }

    pub(crate) fn set_down(&mut self, node: &NodeId, is_down: bool) {
        let down = Arc::make_mut(&mut self.down);
        if is_down {
            down.insert(node.clone())
        } else {
            down.remove(node)
        };
    }
}
