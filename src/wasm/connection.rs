//! The class `Connection`.

use std::rc::Rc;

use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::answers;
use super::link::Link;

/// An open connection of a map to a BroadcastChannel. Made by `map.connect(channelName)`.
///
/// It lives until it is closed or its map is freed, whether or not this object is kept.
#[wasm_bindgen]
pub struct Connection {
    channel_name: String,
    link: Rc<Link>,
}

/// `ConnectionStatistics` in TypeScript. Numbers, since nobody counts to 2^53.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatisticsAnswer {
    messages_posted: f64,
    bytes_posted: f64,
    messages_received: f64,
    bytes_received: f64,
    messages_ignored: f64,
}

impl Connection {
    pub(super) fn new(channel_name: String, link: Rc<Link>) -> Self {
        Self { channel_name, link }
    }
}

#[wasm_bindgen]
impl Connection {
    /// The channel's name.
    #[wasm_bindgen(getter, js_name = channelName)]
    pub fn channel_name(&self) -> String {
        self.channel_name.clone()
    }

    /// Whether messages still come and go: until `close()`, or until the map is freed.
    #[wasm_bindgen(getter, js_name = isOpen)]
    pub fn is_open(&self) -> bool {
        self.link.is_open()
    }

    /// What was posted and received so far. Also after closing.
    #[wasm_bindgen(unchecked_return_type = "ConnectionStatistics")]
    pub fn statistics(&self) -> JsValue {
        let statistics = self.link.statistics();
        answers::to_js(&StatisticsAnswer {
            messages_posted: statistics.messages_posted as f64,
            bytes_posted: statistics.bytes_posted as f64,
            messages_received: statistics.messages_received as f64,
            bytes_received: statistics.bytes_received as f64,
            messages_ignored: statistics.messages_ignored as f64,
        })
    }

    /// Leaves the channel and releases the channel, the timer and the callbacks. The map stays as it is. Closing again does
    /// nothing. `free()` and `using` close too.
    pub fn close(&self) {
        self.link.close();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.link.close();
    }
}
