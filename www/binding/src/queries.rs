//! Questions to the map.

use js_sys::Array;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answers::{self, Columns};
use crate::failure::Failure;
use crate::replica::{Replica, node_id, range};

#[wasm_bindgen]
impl Replica {
    /// `Owner[]`
    pub fn owners(&self, key: u64) -> Array {
        answers::owners(&self.node.map().owners(&key))
    }

    /// Offsets, nodes, priorities, names.
    #[wasm_bindgen(js_name = ownersOf)]
    pub fn owners_of(&self, keys: Vec<u64>) -> Array {
        let (map, mut columns) = (self.node.map(), Columns::new());
        keys.iter().for_each(|key| columns.push_owners(&map.owners(key)));
        columns.finish()
    }

    /// Offsets, nodes, priorities, names, starts, ends.
    pub fn splits(&self) -> Array {
        let mut columns = Columns::new();
        self.node.map().for_each_split(|split| {
            columns.push_range(&split.range);
            columns.push_owners(split.owners);
        });
        columns.finish()
    }

    /// The same, each with one owner.
    pub fn registrations(&self) -> Array {
        let mut columns = Columns::new();
        self.node.map().registrations().for_each(|registration| {
            columns.push_range(&registration.range);
            columns.push_owner(&registration.node, registration.priority);
        });
        columns.finish()
    }

    /// Starts and ends.
    pub fn gaps(&self) -> Vec<u64> {
        let gaps: Vec<_> = self.node.map().gaps().collect();
        answers::starts_and_ends(&gaps)
    }

    pub fn priority(&self, node: &str, start: u64, end: u64) -> Result<Option<f64>, Failure> {
        let priority = self.node.map().priority(&node_id(node)?, &range(start, end));
        Ok(priority.map(|priority| priority as f64))
    }

    pub fn fingerprint(&self) -> u64 {
        self.node.map().state().version().fingerprint()
    }
}
