//! Operations.

use core::num::NonZeroU32;

use crdt_range_map::{KeyRange, NodeId, Operation};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::replica::{Replica, range};

#[wasm_bindgen]
impl Replica {
    /// Does all of these operations or none, and returns why they are refused. Of each, `verbs` has the number, `nodes` the node, `keys` the
    /// start and end, and those to tighten to, and `amounts` by how much.
    pub fn apply(
        &mut self,
        verbs: &[u8],
        nodes: Vec<String>,
        keys: &[u64],
        amounts: &[u32],
    ) -> Option<String> {
        let mut operations = Vec::with_capacity(verbs.len());
        for (((verb, node), keys), by) in verbs.iter().zip(nodes).zip(keys.chunks_exact(4)).zip(amounts) {
            let node = match NodeId::new(node) {
                Ok(node) => node,
                Err(error) => return Some(error.to_string()),
            };
            let [start, end, to_start, to_end] = keys else { continue };
            let to = range(*to_start, *to_end);
            operations.push(operation(*verb, node, range(*start, *end), *by, to));
        }
        self.node.apply(operations).err().map(|error| error.why.to_string())
    }
}

fn operation(verb: u8, node: NodeId, range: KeyRange<u64>, by: u32, to: KeyRange<u64>) -> Operation<u64> {
    // The upper half has found it to be no less than 1.
    let by = NonZeroU32::new(by).unwrap_or(NonZeroU32::MIN);
    match verb {
        0 => Operation::Register { node, range },
        1 => Operation::Release { node, range },
        2 => Operation::Increase { node, range, by },
        3 => Operation::Decrease { node, range, by },
        _ => Operation::Tighten { node, range, to },
    }
}
