//! The class: a node, what it is told, and what it wants done.

use crdt_range_map::node::{Event, LinkId, LinkKind, Output};
use crdt_range_map::{Dot, KeyRange, Node, ReplicaId};
use js_sys::Array;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::columns::Columns;

/// One node, sans-io. A copy goes on exactly as the original would.
#[wasm_bindgen]
pub struct Replica {
    pub(crate) node: Node<u64>,
    /// What [`poll`](Self::poll) handed out last.
    output: Output<u64>,
}

/// What is to be done.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Next {
    /// Nothing before `untilMs`.
    Wait,
    /// Send `takeBytes` over the link.
    Send,
    /// A message was ignored: `reason`.
    Refused,
    /// It goes on under another id.
    Renamed,
    /// Nothing that anybody has to know.
    Other,
}

#[wasm_bindgen]
impl Replica {
    /// An empty replica under that id, and a seed for its delays.
    #[wasm_bindgen(constructor)]
    pub fn new(replica: u64, seed: u64) -> Self {
        Self { node: Node::new(ReplicaId::new(replica), seed), output: Output::Wait { until_ms: 0 } }
    }

    /// A copy, which shares memory with this one until either changes.
    pub fn fork(&self) -> Self {
        Self { node: self.node.clone(), output: Output::Wait { until_ms: 0 } }
    }

    /// The id that it writes under.
    pub fn replica(&self) -> u64 {
        self.node.map().replica().get()
    }

    /// Opens a link to the medium, and returns its number.
    pub fn open(&mut self, now_ms: f64) -> f64 {
        self.node.open(LinkKind::Medium, now_ms as u64).0 as f64
    }

    pub fn close(&mut self, link: f64) {
        self.node.close(LinkId(link as u64));
    }

    pub fn receive(&mut self, link: f64, bytes: &[u8], now_ms: f64) {
        self.node.receive(LinkId(link as u64), bytes, now_ms as u64);
    }

    /// What is to be done next. It is to be called until that is to wait.
    pub fn poll(&mut self, now_ms: f64) -> Next {
        self.output = self.node.poll(now_ms as u64);
        match &self.output {
            Output::Wait { .. } => Next::Wait,
            Output::Send { .. } => Next::Send,
            Output::Event(Event::Refused { .. }) => Next::Refused,
            Output::Event(Event::Renamed { .. }) => Next::Renamed,
            Output::Event(_) | Output::Save(_) => Next::Other,
        }
    }

    /// Until when there is nothing to do; infinite if that is for ever.
    #[wasm_bindgen(js_name = untilMs)]
    pub fn until_ms(&self) -> f64 {
        match self.output {
            Output::Wait { until_ms: u64::MAX } => f64::INFINITY,
            Output::Wait { until_ms } => until_ms as f64,
            _ => 0.0,
        }
    }

    #[wasm_bindgen(js_name = takeBytes)]
    pub fn take_bytes(&mut self) -> Vec<u8> {
        match &mut self.output {
            Output::Send { bytes, .. } => core::mem::take(bytes),
            _ => Vec::new(),
        }
    }

    /// Why the last message was ignored.
    pub fn reason(&self) -> String {
        match &self.output {
            Output::Event(Event::Refused { reason, .. }) => reason.to_string(),
            _ => String::new(),
        }
    }

    /// A hash of what it knows: those that know the same have the same.
    pub fn fingerprint(&self) -> u64 {
        self.node.map().state().version().fingerprint()
    }

    /// Whether it has heard of an effect, whatever it has kept of it.
    #[wasm_bindgen(js_name = hasHeard)]
    pub fn has_heard(&self, replica: u64, sequence: f64) -> bool {
        let dot = Dot { replica: ReplicaId::new(replica), seq: sequence as u64 };
        self.node.map().state().version().context().contains(dot)
    }

    /// The owners of a key, as one split from that key on.
    pub fn owners(&self, key: u64) -> Array {
        let mut columns = Columns::default();
        columns.push(&KeyRange::from_start(key), &self.node.map().owners(&key));
        columns.finish()
    }

    /// What the range holds of the splits.
    #[wasm_bindgen(js_name = splitsIn)]
    pub fn splits_in(&self, start: u64, end: u64) -> Array {
        let (within, mut columns) = (range(start, end), Columns::default());
        self.node.map().splits_in(&within).for_each(|split| columns.push(&split.range, split.owners));
        columns.finish()
    }

    /// The visible registrations that have keys in the range, each with one owner.
    #[wasm_bindgen(js_name = registrationsIn)]
    pub fn registrations_in(&self, start: u64, end: u64) -> Array {
        let (within, mut columns) = (range(start, end), Columns::default());
        self.node
            .map()
            .registrations_in(&within)
            .for_each(|registration| columns.push_registration(&registration));
        columns.finish()
    }
}

/// A range whose start was found to be below its end; an end of 0 is none.
pub(crate) fn range(start: u64, end: u64) -> KeyRange<u64> {
    KeyRange::new(start, end).unwrap_or_else(|_| KeyRange::from_start(start))
}
