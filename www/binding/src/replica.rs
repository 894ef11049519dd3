//! The class, and what it is made of.

use crdt_range_map::node::Output;
use crdt_range_map::{Delta, KeyRange, Node, NodeId, ReplicaId};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::Failure;

/// One replica with its links and what is to be saved.
#[wasm_bindgen]
pub struct Replica {
    pub(crate) node: Node<u64>,
    /// What [`poll`](Self::poll) handed out last.
    pub(crate) output: Output<u64>,
    /// What this replica dropped in answer to merges. With no link there is nobody else to tell, so the next operation's delta does.
    pub(crate) answers: Delta<u64>,
}

#[wasm_bindgen]
impl Replica {
    /// An empty replica, and a seed for its delays.
    #[wasm_bindgen(constructor)]
    pub fn new(replica: u64, seed: u64) -> Self {
        let node = Node::new(ReplicaId::new(replica), seed);
        Self { node, output: Output::Wait { until_ms: 0 }, answers: Delta::default() }
    }

    /// The id that it writes under.
    pub fn replica(&self) -> u64 {
        self.node.map().replica().get()
    }

    /// Goes on under another id.
    #[wasm_bindgen(js_name = setReplica)]
    pub fn set_replica(&mut self, replica: u64) {
        self.node.set_replica(ReplicaId::new(replica));
        self.answers.merge(self.node.last_delta());
    }
}

/// A range whose start was found to be below its end; an end of 0 is none.
pub(crate) fn range(start: u64, end: u64) -> KeyRange<u64> {
    KeyRange::new(start, end).unwrap_or_else(|_| KeyRange::from_start(start))
}

pub(crate) fn node_id(name: &str) -> Result<NodeId, Failure> {
    Ok(NodeId::new(name)?)
}
