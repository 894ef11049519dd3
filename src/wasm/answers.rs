//! Answers: from the core's types to what JavaScript gets. They are written in columns, and one call to `values.js` makes objects
//! of them or copies them. Keys become bigints, priorities numbers.

use js_sys::Array;
use wasm_bindgen::JsValue;

use super::values::{self, Names};
use crate::id::NodeId;
use crate::key::KeyRange;
use crate::registration::Registration;
use crate::splits::{Owner, Split};

/// `Owner[]` in TypeScript.
pub(super) fn owners(owners: &[Owner]) -> JsValue {
    let list = Array::new();
    owners.iter().for_each(|owner| values::push_owner(&list, owner.node.as_str(), owner.priority as f64));
    list.into()
}

/// Ranges in columns.
#[derive(Default)]
pub(super) struct Ranges {
    starts: Vec<u64>,
    /// 0 for no end.
    ends: Vec<u64>,
}

impl Ranges {
    pub(super) fn push(&mut self, range: &KeyRange<u64>) {
        self.starts.push(*range.start());
        self.ends.push(range.end().copied().unwrap_or_default());
    }

    /// `Range[]` in TypeScript.
    pub(super) fn objects(&self) -> JsValue {
        values::range_objects(&self.starts, &self.ends)
    }

    /// `Change` in TypeScript.
    pub(super) fn change(&self, source: &str) -> JsValue {
        values::change(source, &self.starts, &self.ends)
    }
}

impl<'a> FromIterator<&'a KeyRange<u64>> for Ranges {
    fn from_iter<I: IntoIterator<Item = &'a KeyRange<u64>>>(ranges: I) -> Self {
        let mut columns = Self::default();
        ranges.into_iter().for_each(|range| columns.push(range));
        columns
    }
}

/// Nodes with their priorities in columns.
struct Nodes {
    names: Names,
    /// The nodes that were found last, each at a place that its name decides: this spares asking JavaScript.
    recent: Vec<Option<(NodeId, u32)>>,
    numbers: Vec<u32>,
    priorities: Vec<f64>,
}

impl Nodes {
    const RECENT_BITS: u32 = 12;

    fn new() -> Self {
        Self {
            names: Names::new(),
            recent: vec![None; 1 << Self::RECENT_BITS],
            numbers: Vec::new(),
            priorities: Vec::new(),
        }
    }

    fn push(&mut self, node: &NodeId, priority: u64) {
        // FNV-1a (Fowler, Noll and Vo, 1991), of which the highest bits are the best.
        let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        let hash = node.as_bytes().iter().fold(0x811c_9dc5, step);
        let recent = &mut self.recent[(hash >> (u32::BITS - Self::RECENT_BITS)) as usize];
        let number = match recent {
            Some((known, number)) if known == node => *number,
            _ => {
                let number = self.names.number(node.as_str());
                *recent = Some((node.clone(), number));
                number
            }
        };
        self.numbers.push(number);
        self.priorities.push(priority as f64);
    }
}

/// The owners of many splits or keys in columns.
pub(super) struct OwnerLists {
    offsets: Vec<u32>,
    nodes: Nodes,
}

impl OwnerLists {
    pub(super) fn new() -> Self {
        Self { offsets: vec![0], nodes: Nodes::new() }
    }

    pub(super) fn push(&mut self, owners: &[Owner]) {
        owners.iter().for_each(|owner| self.nodes.push(&owner.node, owner.priority));
        self.offsets.push(self.nodes.numbers.len() as u32);
    }

    /// `OwnerColumns` in TypeScript.
    pub(super) fn columns(&self) -> JsValue {
        let Nodes { names, numbers, priorities, .. } = &self.nodes;
        values::owner_columns(&self.offsets, numbers, priorities, names)
    }
}

/// Splits in columns.
pub(super) struct Splits {
    ranges: Ranges,
    owners: OwnerLists,
}

impl Splits {
    pub(super) fn new() -> Self {
        Self { ranges: Ranges::default(), owners: OwnerLists::new() }
    }

    pub(super) fn push(&mut self, split: &Split<'_, u64>) {
        self.ranges.push(&split.range);
        self.owners.push(split.owners);
    }

    /// `SplitColumns` in TypeScript.
    pub(super) fn columns(&self) -> JsValue {
        let (Ranges { starts, ends }, OwnerLists { offsets, nodes }) = (&self.ranges, &self.owners);
        values::split_columns(starts, ends, offsets, &nodes.numbers, &nodes.priorities, &nodes.names)
    }

    /// `Split[]` in TypeScript.
    pub(super) fn objects(&self) -> JsValue {
        let (Ranges { starts, ends }, OwnerLists { offsets, nodes }) = (&self.ranges, &self.owners);
        values::split_objects(starts, ends, offsets, &nodes.numbers, &nodes.priorities, &nodes.names)
    }
}

/// `Registration[]` in TypeScript.
pub(super) fn registrations(registrations: impl Iterator<Item = Registration<u64>>) -> JsValue {
    let (mut ranges, mut nodes) = (Ranges::default(), Nodes::new());
    registrations.for_each(|registration| {
        ranges.push(&registration.range);
        nodes.push(&registration.node, registration.priority);
    });
    let Ranges { starts, ends } = &ranges;
    values::registration_objects(starts, ends, &nodes.numbers, &nodes.priorities, &nodes.names)
}
