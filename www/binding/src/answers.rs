//! Answers, in columns: the upper half makes objects of them. Keys become bigints, priorities numbers.

use std::collections::BTreeMap;

use crdt_range_map::{KeyRange, NodeId, Owner};
use js_sys::{Array, BigUint64Array, Float64Array, Uint32Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/js/push.js")]
extern "C" {
    #[wasm_bindgen(js_name = pushOwner)]
    fn push_owner(owners: &Array, node: &str, priority: f64);
}

/// `Owner[]`
pub(crate) fn owners(owners: &[Owner]) -> Array {
    let list = Array::new();
    owners.iter().for_each(|owner| push_owner(&list, owner.node.as_str(), owner.priority as f64));
    list
}

/// The start and the end of each, in turn.
pub(crate) fn starts_and_ends(ranges: &[KeyRange<u64>]) -> Vec<u64> {
    ranges.iter().flat_map(|range| [*range.start(), end(range)]).collect()
}

fn end(range: &KeyRange<u64>) -> u64 {
    range.end().copied().unwrap_or_default()
}

/// How many of the nodes that were found last are found again without a search, as a power of two.
const RECENT_BITS: u32 = 12;

/// Ranges, and the owners of each.
pub(crate) struct Columns {
    starts: Vec<u64>,
    ends: Vec<u64>,
    offsets: Vec<u32>,
    nodes: Vec<u32>,
    priorities: Vec<f64>,
    /// By name, and in the order in which they first came.
    numbers: BTreeMap<NodeId, u32>,
    names: Array,
    /// The nodes that were found last, each in a place that its name decides.
    recent: Vec<Option<(NodeId, u32)>>,
}

impl Columns {
    pub(crate) fn new() -> Self {
        let (starts, ends, nodes, priorities, numbers) = Default::default();
        let recent = vec![None; 1 << RECENT_BITS];
        Self { starts, ends, offsets: vec![0], nodes, priorities, numbers, names: Array::new(), recent }
    }

    pub(crate) fn push_range(&mut self, range: &KeyRange<u64>) {
        self.starts.push(*range.start());
        self.ends.push(end(range));
    }

    pub(crate) fn push_owners(&mut self, owners: &[Owner]) {
        owners.iter().for_each(|owner| self.push_owner(&owner.node, owner.priority));
        self.offsets.push(self.nodes.len() as u32);
    }

    pub(crate) fn push_owner(&mut self, node: &NodeId, priority: u64) {
        let number = self.number(node);
        self.nodes.push(number);
        self.priorities.push(priority as f64);
    }

    fn number(&mut self, node: &NodeId) -> u32 {
        // FNV-1a (Fowler, Noll and Vo, 1991), of which the highest bits are the best.
        let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        let hash = node.as_bytes().iter().fold(0x811c_9dc5, step);
        let recent = &mut self.recent[(hash >> (u32::BITS - RECENT_BITS)) as usize];
        if let Some((known, number)) = recent
            && known == node
        {
            return *number;
        }
        let next = self.names.length();
        let number = *self.numbers.entry(node.clone()).or_insert(next);
        if number == next {
            self.names.push(&JsValue::from_str(node.as_str()));
        }
        *recent = Some((node.clone(), number));
        number
    }

    /// Offsets, nodes, priorities, names, starts, ends.
    pub(crate) fn finish(self) -> Array {
        let columns: [JsValue; 6] = [
            Uint32Array::from(&self.offsets[..]).into(),
            Uint32Array::from(&self.nodes[..]).into(),
            Float64Array::from(&self.priorities[..]).into(),
            self.names.into(),
            BigUint64Array::from(&self.starts[..]).into(),
            BigUint64Array::from(&self.ends[..]).into(),
        ];
        columns.iter().collect()
    }
}
