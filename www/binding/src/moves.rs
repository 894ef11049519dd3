//! Operations that move a registration, give it a priority, or drain a node.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::answers;
use crate::failure::Failure;
use crate::replica::{Replica, node_id, range};

#[wasm_bindgen]
impl Replica {
    #[wasm_bindgen(js_name = moveTo)]
    pub fn move_to(
        &mut self,
        node: &str,
        start: u64,
        end: u64,
        to_start: u64,
        to_end: u64,
    ) -> Result<Vec<u8>, Failure> {
        let (id, from, to) = (node_id(node)?, range(start, end), range(to_start, to_end));
        self.operate(|node| Ok(node.move_to(&id, &from, &to)?))
    }

    pub fn carve(
        &mut self,
        node: &str,
        start: u64,
        end: u64,
        hole_start: u64,
        hole_end: u64,
    ) -> Result<Vec<u8>, Failure> {
        let (id, range, hole) = (node_id(node)?, range(start, end), range(hole_start, hole_end));
        self.operate(|node| Ok(node.carve(&id, &range, &hole)?))
    }

    #[wasm_bindgen(js_name = handOver)]
    pub fn hand_over(&mut self, node: &str, start: u64, end: u64, to: &str) -> Result<Vec<u8>, Failure> {
        let (id, range, to) = (node_id(node)?, range(start, end), node_id(to)?);
        self.operate(|node| Ok(node.hand_over(&id, &range, &to)?))
    }

    #[wasm_bindgen(js_name = setPriority)]
    pub fn set_priority(&mut self, node: &str, start: u64, end: u64, to: f64) -> Result<Vec<u8>, Failure> {
        let (id, range) = (node_id(node)?, range(start, end));
        self.operate(|node| Ok(node.set_priority(&id, &range, to as u64)?))
    }

    pub fn drain(&mut self, node: &str, start: u64, end: u64, count: u32) -> Result<Vec<u8>, Failure> {
        let (id, range) = (node_id(node)?, range(start, end));
        self.operate(|node| Ok(node.drain(&id, &range, count as usize)?))
    }

    #[wasm_bindgen(js_name = standIn)]
    pub fn stand_in(&mut self, node: &str, other: &str, start: u64, end: u64) -> Result<Vec<u8>, Failure> {
        let (id, other, range) = (node_id(node)?, node_id(other)?, range(start, end));
        self.operate(|node| Ok(node.stand_in(&id, &other, &range)?))
    }

    pub fn unite(&mut self, node: &str, start: u64, end: u64) -> Result<Vec<u8>, Failure> {
        let (id, range) = (node_id(node)?, range(start, end));
        self.operate(|node| Ok(node.unite(&id, &range)?))
    }

    /// Starts and ends.
    #[wasm_bindgen(js_name = neededIn)]
    pub fn needed_in(&self, node: &str, start: u64, end: u64, count: u32) -> Result<Vec<u64>, Failure> {
        let ranges = self.node.map().needed_in(&node_id(node)?, &range(start, end), count as usize);
        Ok(answers::starts_and_ends(&ranges.collect::<Vec<_>>()))
    }
}
