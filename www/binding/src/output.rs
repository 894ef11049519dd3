//! What is to be done next: [`Node::poll`](crdt_range_map::Node::poll) hands it out, and the upper half asks for its parts.

use crdt_range_map::node::{Event, Output};
use crdt_range_map::sync::Renaming;
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answers::{self, Columns};
use crate::replica::Replica;

/// What is to be done. The upper half knows these numbers by the generated type.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Next {
    /// Nothing before `untilMs`.
    Wait,
    /// Send `takeBytes` over `link`.
    Send,
    /// Save the `page`.
    Save,
    /// The owners in `ranges` may have changed.
    Changed,
    /// A watch is to be told what is `watched`.
    Watched,
    /// The living owners in `ranges` may have changed.
    LivingChanged,
    /// Somebody came or went over `link`.
    Peer,
    /// Somebody says something new of itself: `said`.
    Said,
    /// A new id: `renaming`.
    Renamed,
    /// Nothing that anybody has to know.
    Other,
}

#[wasm_bindgen]
impl Replica {
    pub fn poll(&mut self, now_ms: f64) -> Next {
        self.output = self.node.poll(now_ms as u64);
        match &self.output {
            Output::Wait { .. } => Next::Wait,
            Output::Send { .. } => Next::Send,
            Output::Save(_) => Next::Save,
            Output::Event(Event::Changed(_)) => Next::Changed,
            Output::Event(Event::Watched(_)) => Next::Watched,
            Output::Event(Event::LivingChanged(_)) => Next::LivingChanged,
            Output::Event(Event::Peer { .. }) => Next::Peer,
            Output::Event(Event::Attributes { .. }) => Next::Said,
            Output::Event(Event::Renamed { .. }) => Next::Renamed,
            // The statistics count what was refused.
            Output::Event(_) => Next::Other,
        }
    }

    #[wasm_bindgen(js_name = untilMs)]
    pub fn until_ms(&self) -> f64 {
        if let Output::Wait { until_ms } = self.output { until_ms as f64 } else { 0.0 }
    }

    pub fn link(&self) -> f64 {
        match &self.output {
            Output::Send { link, .. } | Output::Event(Event::Peer { link, .. }) => link.0 as f64,
            _ => -1.0,
        }
    }

    #[wasm_bindgen(js_name = takeBytes)]
    pub fn take_bytes(&mut self) -> Vec<u8> {
        match &mut self.output {
            Output::Send { bytes, .. } => core::mem::take(bytes),
            Output::Save(page) => core::mem::take(&mut page.bytes),
            _ => Vec::new(),
        }
    }

    /// Starts and ends.
    pub fn ranges(&self) -> Vec<u64> {
        if let Output::Event(Event::Changed(ranges) | Event::LivingChanged(ranges)) = &self.output {
            answers::starts_and_ends(ranges)
        } else {
            Vec::new()
        }
    }

    /// The number, the replica, the numbers of its first effect and of the next one, whether it is own, whether it is whole; and `takeBytes`.
    pub fn page(&mut self) -> Array {
        let Output::Save(page) = &self.output else { return Array::new() };
        let parts: [JsValue; 6] = [
            JsValue::from(page.number as f64),
            JsValue::from(page.replica.get()),
            JsValue::from(page.own.start as f64),
            JsValue::from(page.own.end as f64),
            JsValue::from(page.is_own),
            JsValue::from(page.is_whole),
        ];
        parts.iter().collect()
    }

    /// The former id, the new one, whether the former was retired, and registrations in columns.
    pub fn renaming(&self) -> Array {
        let Output::Event(Event::Renamed { from, to, why, unheard }) = &self.output else {
            return Array::new();
        };
        let mut columns = Columns::new();
        for (node, range) in unheard {
            columns.push_range(range);
            columns.push_owner(node, 0);
        }
        Array::of4(
            &JsValue::from(from.get()),
            &JsValue::from(to.get()),
            &JsValue::from(*why == Renaming::Retired),
            &columns.finish(),
        )
    }
}
