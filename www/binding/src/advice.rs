//! Advice which keys to take and which to give up, and doing it.

use crdt_range_map::advice::{Advice, AdviceError, Aims, Bucket, Capacities, Histogram, Step};
use crdt_range_map::{KeyRange, NodeId};
use js_sys::{Array, BigUint64Array, Float64Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answers;
use crate::failure::Failure;
use crate::replica::{Replica, node_id, range};

/// The steps by their numbers.
const STAND_IN: u64 = 1;

#[wasm_bindgen]
impl Replica {
    /// Of `words`, four are a bucket: its start, its end, its load and its keys. Returns what a node bears, what is wanted, and what is
    /// fair; and of each step its start, its end and its number; and for whom those stand in that do. `None` for a node without a capacity.
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

    /// Of `words`, three are a step. `others` are those for whom steps stand in, one after the other.
    pub fn follow(
        &mut self,
        node: &str,
        words: Vec<u64>,
        others: Vec<String>,
        count: u32,
    ) -> Result<Vec<u8>, Failure> {
        let mut others = others.into_iter().map(NodeId::new).collect::<Result<Vec<_>, _>>()?.into_iter();
        let step = |words: &[u64]| {
            let [start, end, number] = *words else { return None };
            let range = range(start, end);
            Some(match number {
                0 => Step::Register { range },
                STAND_IN => Step::StandIn { other: others.next()?, range },
                2 => Step::Drain { range },
                _ => Step::Unite { range },
            })
        };
        let steps = words.chunks(3).filter_map(step).collect();
        let (load, wanted, fair) = (0, 0, 0);
        let advice = Advice { node: node_id(node)?, count: count as usize, load, wanted, fair, steps };
        self.operate(|node| Ok(node.follow(&advice)?))
    }
}

fn columns(advice: &Advice<u64>) -> Array {
    let loads = [advice.load, advice.wanted, advice.fair].map(|load| load as f64);
    let others = Array::new();
    let mut words = Vec::new();
    for step in &advice.steps {
        let number = match step {
            Step::Register { .. } => 0,
            Step::StandIn { other, .. } => {
                others.push(&JsValue::from_str(other.as_str()));
                STAND_IN
            }
            Step::Drain { .. } => 2,
            Step::Unite { .. } => 3,
        };
        words.extend(answers::starts_and_ends(core::slice::from_ref::<KeyRange<u64>>(step.range())));
        words.push(number);
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
