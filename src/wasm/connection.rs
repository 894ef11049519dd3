//! The class `Connection`.

use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::callbacks::Callbacks;
use super::errors::Failure;
use super::link::Link;
use super::party::Party;
use super::values;
use crate::sync::presence::Name;
use crate::sync::{IgnoreReason, Statistics};

/// An open connection of a map to a channel. Made by `map.connect(channel)`.
///
/// It lives until it is closed or its map is freed, whether or not this object is kept.
#[wasm_bindgen]
pub struct Connection {
    channel_name: Option<String>,
    link: Rc<Link>,
}

impl Connection {
    pub(super) fn new(channel_name: Option<String>, link: Rc<Link>) -> Self {
        Self { channel_name, link }
    }
}

/// The names of the kinds of messages, in the order in which [`Statistics::posted`] counts them.
const MESSAGE_KINDS: [&str; 7] = ["delta", "ask", "meet", "digest", "presence", "announce", "drops"];

#[wasm_bindgen]
impl Connection {
    /// The BroadcastChannel's name, or `undefined` if the channel was handed in.
    #[wasm_bindgen(getter, js_name = channelName)]
    pub fn channel_name(&self) -> Option<String> {
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
        let counts = self.link.statistics();
        let Statistics { posted, ignored, .. } = counts;
        let counts = [
            counts.messages_posted,
            counts.bytes_posted,
            counts.messages_received,
            counts.bytes_received,
            counts.messages_ignored,
            counts.sessions_begun,
            counts.sessions_finished,
        ];
        let counts = counts.into_iter().chain(posted).chain(ignored).map(|count| count as f64);
        // Numbers, since nobody counts to 2^53. As a list: with the names of properties, serde-wasm-bindgen brings a table of them,
        // three kilobytes. Only a type that refuses to be serialized could fail here.
        let counts = serde_wasm_bindgen::to_value(&counts.collect::<Vec<f64>>()).unwrap_or_default();
        values::statistics(&counts, &MESSAGE_KINDS.join(" "), &IgnoreReason::NAMES.join(" "))
    }

    /// The other replicas that take part in presence here, by id: those that are there, and some of those that are gone. Empty if
    /// this connection takes no part. O(n).
    #[wasm_bindgen(unchecked_return_type = "Peer[]")]
    pub fn peers(&self) -> JsValue {
        self.link.party().map_or_else(|| Array::new().into(), Party::peers)
    }

    /// Calls back with `peers()` whenever one comes, goes or changes its name, and returns the function that ends that.
    ///
    /// Throws `invalid-callback`.
    #[wasm_bindgen(js_name = onPeers, unchecked_return_type = "() => void")]
    pub fn on_peers(
        &self,
        #[wasm_bindgen(unchecked_param_type = "(peers: Peer[]) => void")] callback: &JsValue,
    ) -> Result<JsValue, Failure> {
        let callback = values::callback(callback)?;
        Ok(match self.link.party() {
            Some(party) => party.callbacks().subscribe(callback),
            // Nobody will ever call it.
            None => Rc::<Callbacks>::default().subscribe(callback),
        })
    }

    /// Goes by another name from now on. Does nothing if this connection takes no part in presence.
    ///
    /// Throws `invalid-name`.
    #[wasm_bindgen(js_name = setName)]
    pub fn set_name(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: &JsValue,
    ) -> Result<(), Failure> {
        self.link.set_name(Name::new(values::peer_name(name)?)?);
        Ok(())
    }

    /// Closes the channel, also one that was handed in, and releases it, the timer and the callbacks. The map stays as it is.
    /// Closing again does nothing. `free()` and `using` close too.
    pub fn close(&self) {
        self.link.close();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.link.close();
    }
}
