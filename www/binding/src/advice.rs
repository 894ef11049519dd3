//! Advice which keys to take and which to give up.

use crdt_range_map::advice::{Advice, AdviceError, Aims, Bucket, Capacities, Histogram};
use crdt_range_map::{KeyRange, NodeId, Operation};
use js_sys::{Array, BigUint64Array, Float64Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answers;
use crate::failure::Failure;
use crate::replica::{Replica, node_id, range};

/// The operations that are advised, by their numbers.
const REGISTER: u64 = 0;
const STAND_IN: u64 = 1;
const DRAIN: u64 = 2;
const UNITE: u64 = 3;

#[wasm_bindgen]
impl Replica {
    /// Of `words`, four are a bucket: its start, its end, its load and its keys. Returns what a node bears, what is wanted, and what is
    /// fair; of each operation its start, its end, its number and its count; and for whom those stand in that do. `None` for a node without a capacity.
    #[expect(clippy::too_many_arguments, reason = "all of them cross in one call")]
    pub fn advice(
        &self,
        node: &str,
        words: Vec<u64>,
        names: Vec<String>,
        capacities: Vec<u64>,
        count: u32,
        moved_per_mille: u32,
        slack_per_mille: u32,
    ) -> Result<Option<Array>, Failure> {
        let id = node_id(node)?;
        let bucket = |words: &[u64]| match *words {
            [start, end, load, keys] => Some(Bucket { range: range(start, end), load, keys }),
            _ => None,
        };
        let histogram = Histogram::new(words.chunks(4).filter_map(bucket))?;
        let names = names.into_iter().map(NodeId::new).collect::<Result<Vec<_>, _>>()?;
        let capacities = Capacities::new(names.into_iter().zip(capacities))?;
        let aims = Aims { count: count as usize, moved_per_mille, slack_per_mille };
        let plan = self.node.map().plan(&histogram, &capacities, &aims);
        Ok(plan.advice(&id).map(columns))
    }
}

fn columns(advice: &Advice<u64>) -> Array {
    let loads = [advice.load, advice.wanted, advice.fair].map(|load| load as f64);
    let others = Array::new();
    let mut words = Vec::new();
    for operation in &advice.operations {
        let (number, count) = match operation {
            Operation::StandIn { other, .. } => {
                others.push(&JsValue::from_str(other.as_str()));
                (STAND_IN, 0)
            }
            Operation::Drain { count, .. } => (DRAIN, *count as u64),
            Operation::Unite { .. } => (UNITE, 0),
            // No other is ever advised.
            _ => (REGISTER, 0),
        };
        words.extend(answers::starts_and_ends(core::slice::from_ref::<KeyRange<u64>>(operation.range())));
        words.extend([number, count]);
    }
    let columns: [JsValue; 3] =
        [Float64Array::from(&loads[..]).into(), BigUint64Array::from(&words[..]).into(), others.into()];
    columns.iter().collect()
}

impl From<AdviceError> for Failure {
    fn from(error: AdviceError) -> Self {
        Self::new("invalid-options", error)
    }
}
