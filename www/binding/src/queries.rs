//! Questions to the map. Those about owners are to the agreed answer, or else to the living one.

use crdt_range_map::{Answer, Owner, Registration, Routing};
use js_sys::Array;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answers::{self, Columns};
use crate::failure::Failure;
use crate::replica::{Replica, node_id, range};

#[wasm_bindgen]
impl Replica {
    /// `Owner[]`
    pub fn owners(&self, key: u64, is_living: bool) -> Array {
        answers::owners(&self.answer(is_living).owners(&key))
    }

    /// `Owner[]`
    pub fn route(&self, key: u64, is_weighted: bool, wanted: u32, is_living: bool) -> Array {
        let routing = if is_weighted { Routing::Weighted } else { Routing::Preferred };
        answers::owners(&self.answer(is_living).route(&key, routing, wanted as usize))
    }

    /// Offsets, nodes, priorities, names.
    #[wasm_bindgen(js_name = ownersOf)]
    pub fn owners_of(&self, keys: Vec<u64>, is_living: bool) -> Array {
        let (answer, mut columns) = (self.answer(is_living), Columns::new());
        keys.iter().for_each(|key| columns.push_owners(&answer.owners(key)));
        columns.finish()
    }

    /// `Owner[]`
    #[wasm_bindgen(js_name = ownersIn)]
    pub fn owners_in(&self, start: u64, end: u64, is_living: bool) -> Array {
        answers::owners(&self.answer(is_living).owners_in(&range(start, end)))
    }

    /// Offsets, nodes, priorities, names, starts, ends.
    #[wasm_bindgen(js_name = splitsIn)]
    pub fn splits_in(&self, start: u64, end: u64, is_living: bool) -> Array {
        let mut columns = Columns::new();
        self.answer(is_living).splits_in(&range(start, end)).for_each(|split| {
            columns.push_range(&split.range);
            columns.push_owners(split.owners);
        });
        columns.finish()
    }

    /// The same, each with one owner.
    #[wasm_bindgen(js_name = registrationsIn)]
    pub fn registrations_in(&self, start: u64, end: u64) -> Array {
        registrations(self.node.map().registrations_in(&range(start, end)))
    }

    /// The same.
    #[wasm_bindgen(js_name = registrationsOf)]
    pub fn registrations_of(&self, node: &str) -> Result<Array, Failure> {
        Ok(registrations(self.node.map().registrations_of(&node_id(node)?)))
    }

    /// `string[]`
    pub fn nodes(&self) -> Vec<String> {
        self.node.map().nodes().map(|node| node.as_str().to_string()).collect()
    }

    /// Starts and ends.
    #[wasm_bindgen(js_name = servedByFewerThan)]
    pub fn served_by_fewer_than(&self, count: u32, start: u64, end: u64, is_living: bool) -> Vec<u64> {
        let ranges = self.answer(is_living).served_by_fewer_than(count as usize, &range(start, end));
        answers::starts_and_ends(&ranges.collect::<Vec<_>>())
    }

    /// The same.
    #[wasm_bindgen(js_name = servedByMoreThan)]
    pub fn served_by_more_than(&self, count: u32, start: u64, end: u64, is_living: bool) -> Vec<u64> {
        let ranges = self.answer(is_living).served_by_more_than(count as usize, &range(start, end));
        answers::starts_and_ends(&ranges.collect::<Vec<_>>())
    }

    /// Offsets, nodes, priorities, names, starts, ends, each with one owner or none; no priority tells anything.
    pub fn cover(&self, start: u64, end: u64, is_living: bool) -> Array {
        let mut columns = Columns::new();
        self.answer(is_living).cover(&range(start, end)).for_each(|piece| {
            columns.push_range(&piece.range);
            let owner = piece.node.map(|node| Owner { node, priority: 0 });
            columns.push_owners(owner.as_slice());
        });
        columns.finish()
    }

    pub fn priority(&self, node: &str, start: u64, end: u64) -> Result<Option<f64>, Failure> {
        let priority = self.node.map().priority(&node_id(node)?, &range(start, end));
        Ok(priority.map(|priority| priority as f64))
    }

    pub fn fingerprint(&self) -> u64 {
        self.node.map().state().version().fingerprint()
    }
}

impl Replica {
    fn answer(&self, is_living: bool) -> Answer<'_, u64> {
        if is_living { self.node.living() } else { self.node.map().agreed() }
    }
}

fn registrations(registrations: impl Iterator<Item = Registration<u64>>) -> Array {
    let mut columns = Columns::new();
    registrations.for_each(|registration| {
        columns.push_range(&registration.range);
        columns.push_owner(&registration.node, registration.priority);
    });
    columns.finish()
}
