//! Answers in columns.

use std::collections::BTreeMap;

use crdt_range_map::{KeyRange, NodeId, Owner, Registration};
use js_sys::{Array, BigUint64Array, Float64Array, Uint32Array};
use wasm_bindgen::JsValue;

/// Ranges, and the owners of each.
#[derive(Default)]
pub(crate) struct Columns {
    starts: Vec<u64>,
    ends: Vec<u64>,
    /// Of the owners of each range, the place behind the last.
    offsets: Vec<u32>,
    nodes: Vec<u32>,
    priorities: Vec<f64>,
    /// In the order in which they first came.
    numbers: BTreeMap<NodeId, u32>,
    names: Array,
}

impl Columns {
    pub(crate) fn push(&mut self, range: &KeyRange<u64>, owners: &[Owner]) {
        owners.iter().for_each(|owner| self.push_owner(&owner.node, owner.priority));
        self.push_range(range);
    }

    pub(crate) fn push_registration(&mut self, registration: &Registration<u64>) {
        self.push_owner(&registration.node, registration.priority);
        self.push_range(&registration.range);
    }

    fn push_range(&mut self, range: &KeyRange<u64>) {
        self.starts.push(*range.start());
        self.ends.push(end(range));
        self.offsets.push(self.nodes.len() as u32);
    }

    fn push_owner(&mut self, node: &NodeId, priority: u64) {
        let number = match self.numbers.get(node) {
            Some(number) => *number,
            None => {
                let number = self.names.push(&JsValue::from_str(node.as_str())) - 1;
                self.numbers.insert(node.clone(), number);
                number
            }
        };
        self.nodes.push(number);
        self.priorities.push(priority as f64);
    }

    /// Starts, ends, offsets, nodes, priorities, names.
    pub(crate) fn finish(self) -> Array {
        let columns: [JsValue; 6] = [
            BigUint64Array::from(&self.starts[..]).into(),
            BigUint64Array::from(&self.ends[..]).into(),
            Uint32Array::from(&self.offsets[..]).into(),
            Uint32Array::from(&self.nodes[..]).into(),
            Float64Array::from(&self.priorities[..]).into(),
            self.names.into(),
        ];
        columns.iter().collect()
    }
}

/// The end, or 0 if there is none.
pub(crate) fn end(range: &KeyRange<u64>) -> u64 {
    range.end().copied().unwrap_or_default()
}
