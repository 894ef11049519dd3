//! Watches, and what is told to them.

use crdt_range_map::WatchId;
use crdt_range_map::node::{Event, Output};
use js_sys::{Array, BigUint64Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answers;
use crate::replica::{Replica, range};

#[wasm_bindgen]
impl Replica {
    /// Returns its number.
    pub fn watch(&mut self, start: u64, end: u64, is_living: bool) -> f64 {
        let range = range(start, end);
        let watch = if is_living { self.node.watch_living(&range) } else { self.node.watch(&range) };
        watch.0 as f64
    }

    pub fn unwatch(&mut self, watch: f64) {
        self.node.unwatch(WatchId(watch as u64));
    }

    /// The watch, starts and ends, and for each range two `Owner[]`, those before and those after.
    pub fn watched(&self) -> Array {
        let Output::Event(Event::Watched(watched)) = &self.output else { return Array::new() };
        let ranges: Vec<_> = watched.pieces.iter().map(|piece| piece.range.clone()).collect();
        let lists = watched.pieces.iter().flat_map(|piece| [&piece.before, &piece.after]);
        let owners: Array = lists.map(|owners| answers::owners(owners)).collect();
        let keys = BigUint64Array::from(&answers::starts_and_ends(&ranges)[..]);
        Array::of3(&JsValue::from(watched.watch.0 as f64), &keys, &owners)
    }
}
