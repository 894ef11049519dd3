//! Reasons: who contributed what to a registration, and what a message carries.

use crdt_range_map::{Carried, Dot, KeyRange, NodeId, sync};
use js_sys::{Array, BigUint64Array, Float64Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::columns::end;
use crate::replica::{Replica, range};

/// Pieces of a delta, in columns.
#[derive(Default)]
struct CarriedColumns {
    /// Two for each: the writer, and who cancelled or dropped.
    replicas: Vec<u64>,
    /// [`NUMBERS`](Self::NUMBERS) for each.
    numbers: Vec<f64>,
}

impl CarriedColumns {
    /// For each: whether it is a drop, its birth, its last, the register, whether that counts, the adjustments that count, until where it
    /// is cancelled, the adjustments that are cancelled, and the number of the effect that cancelled or dropped; 0 where there is none.
    const NUMBERS: usize = 9;

    fn push(&mut self, carried: &Carried) {
        let dot = |dot: Option<Dot>| dot.map_or((0, 0.0), |dot| (dot.replica.get(), dot.seq as f64));
        let mut numbers = [0.0; Self::NUMBERS];
        match carried {
            Carried::Contribution(it) => {
                let (replica, seq) = dot(it.cancelled.map(|cancelled| cancelled.by));
                self.replicas.extend([it.replica.get(), replica]);
                let registered = it.registered.unwrap_or_default() as f64;
                let (until, cancelled) =
                    it.cancelled.map_or((0, 0), |cancelled| (cancelled.until, cancelled.adjustments));
                let is_registered = f64::from(u8::from(it.is_registered));
                numbers = [
                    0.0,
                    it.birth as f64,
                    it.last as f64,
                    registered,
                    is_registered,
                    it.adjustments as f64,
                    until as f64,
                    cancelled as f64,
                    seq,
                ];
            }
            Carried::Dropped(it) => {
                let (replica, seq) = dot(it.by);
                self.replicas.extend([it.replica.get(), replica]);
                (numbers[0], numbers[1], numbers[8]) = (1.0, it.birth as f64, seq);
            }
            // There are no others yet.
            _ => self.replicas.extend([0, 0]),
        }
        self.numbers.extend(numbers);
    }

    fn finish(&self) -> [JsValue; 2] {
        [BigUint64Array::from(&self.replicas[..]).into(), Float64Array::from(&self.numbers[..]).into()]
    }
}

#[wasm_bindgen]
impl Replica {
    /// What each writer contributed to a registration: replicas, numbers. Nothing if there can be no such node.
    pub fn contributions(&self, node: String, start: u64, end: u64) -> Array {
        let mut columns = CarriedColumns::default();
        if let Ok(node) = NodeId::new(node) {
            let carried = self.node.map().state().carried_of(&node, &range(start, end));
            carried.iter().for_each(|it| columns.push(it));
        }
        columns.finish().iter().collect()
    }
}

/// What a message says: kind, sender, for whom, the number that it asks, that it answers, how many dots are claimed, how many drops it
/// tells, how many pieces it carries; and of at most `most` of these the starts, ends, nodes, replicas, numbers. If it is no message, why.
#[wasm_bindgen]
pub fn describe(bytes: &[u8], most: u32) -> JsValue {
    let described = match sync::describe::<u64>(bytes, most as usize) {
        Ok(described) => described,
        Err(reason) => return JsValue::from_str(&reason.to_string()),
    };
    let (mut starts, mut ends, nodes) = (Vec::new(), Vec::new(), Array::new());
    let mut columns = CarriedColumns::default();
    let mut push = |node: &NodeId, range: &KeyRange<u64>, carried: &Carried| {
        starts.push(*range.start());
        ends.push(end(range));
        nodes.push(&JsValue::from_str(node.as_str()));
        columns.push(carried);
    };
    described.carried.iter().for_each(|(node, range, carried)| push(node, range, carried));
    let [replicas, numbers] = columns.finish();
    let parts: [JsValue; 13] = [
        JsValue::from_str(described.kind),
        JsValue::from(described.sender.get()),
        JsValue::from(described.to.map(|to| to.get())),
        JsValue::from(described.asks),
        JsValue::from(described.answers),
        JsValue::from(described.claimed as f64),
        JsValue::from(described.drops as f64),
        JsValue::from(described.carried_count as f64),
        BigUint64Array::from(&starts[..]).into(),
        BigUint64Array::from(&ends[..]).into(),
        nodes.into(),
        replicas,
        numbers,
    ];
    parts.iter().collect::<Array>().into()
}
