//! Who is alive, as this replica knows it, and what ends with a life.

use crdt_range_map::ReplicaId;
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::Failure;
use crate::replica::{Replica, node_id};

#[wasm_bindgen]
impl Replica {
    /// Marks a node as down, or takes that back.
    #[wasm_bindgen(js_name = setDown)]
    pub fn set_down(&mut self, node: &str, is_down: bool) -> Result<(), Failure> {
        let id = node_id(node)?;
        if is_down {
            self.node.mark_down(&id);
        } else {
            self.node.mark_up(&id);
        }
        Ok(())
    }

    /// Those that are marked as down.
    pub fn down(&self) -> Vec<String> {
        self.node.map().down().map(|node| node.as_str().to_string()).collect()
    }

    /// Who is to be evicted, and since when it is gone, in milliseconds of the clock that the calls tell; in turn.
    pub fn gone(&self) -> Array {
        let parts = self
            .node
            .gone()
            .flat_map(|(writer, since_ms)| [JsValue::from(writer.get()), JsValue::from(since_ms as f64)]);
        parts.collect()
    }

    /// Returns the delta, here and below; empty if nothing happened.
    pub fn leave(&mut self) -> Result<Vec<u8>, Failure> {
        self.operate(|node| Ok(node.leave()?))
    }

    #[wasm_bindgen(js_name = leaveNode)]
    pub fn leave_node(&mut self, node: &str) -> Result<Vec<u8>, Failure> {
        let id = node_id(node)?;
        self.operate(|node| Ok(node.leave_node(&id)?))
    }

    pub fn evict(&mut self, replica: u64) -> Result<Vec<u8>, Failure> {
        self.operate(|node| Ok(node.evict(ReplicaId::new(replica))?))
    }

    /// Nobody is evicted by itself if it is left out.
    #[wasm_bindgen(js_name = setEvictAfter)]
    pub fn set_evict_after(&mut self, evict_after_ms: Option<f64>) {
        self.node.set_evict_after_ms(evict_after_ms.map(|after_ms| after_ms as u64));
    }

    #[wasm_bindgen(js_name = evictAfter)]
    pub fn evict_after(&self) -> Option<f64> {
        self.node.evict_after_ms().map(|after_ms| after_ms as f64)
    }
}
