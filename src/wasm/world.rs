//! What `world.js` brings of the JavaScript world around this module.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/wasm/world.js")]
extern "C" {
    /// A number that nobody else draws, or `None` if there is no `crypto.getRandomValues` here.
    #[wasm_bindgen(js_name = random)]
    pub(super) fn random_u64() -> Option<u64>;

    /// A number between 0 and 1 that others may draw too.
    pub(super) fn guess() -> f64;

    fn now() -> f64;

    /// In Node, keeps an open channel from keeping the process alive.
    pub(super) fn unref(value: &JsValue);

    #[wasm_bindgen(js_name = setTimer)]
    fn set_timer(callback: &JsValue, delay_ms: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimer)]
    fn clear_timer(timer: &JsValue);

    /// An open channel: a BroadcastChannel, or what the user handed in.
    #[derive(Clone)]
    pub(super) type Line;

    /// Calls back with the data of each message until it is closed. Runs code of the user, as the other two do.
    #[wasm_bindgen(constructor, catch)]
    pub(super) fn new(channel: &JsValue, receive: &JsValue) -> Result<Line, JsValue>;

    /// Posts bytes, which are the channel's own from then on.
    #[wasm_bindgen(method)]
    pub(super) fn post(this: &Line, bytes: &JsValue);

    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Line);

    /// What a connection that takes part in presence is told of the world around it.
    pub(super) type Surroundings;

    /// `tell` is called with the number of an event and a replica; never within a call of this.
    #[wasm_bindgen(constructor, js_class = "Surroundings")]
    pub(super) fn new(prefix: Option<String>, tell: &JsValue) -> Surroundings;

    /// Holds the lock of this replica. Says whether there are locks here.
    #[wasm_bindgen(method)]
    pub(super) fn hold(this: &Surroundings, replica: u64) -> bool;

    /// Waits for a peer's lock.
    #[wasm_bindgen(method)]
    pub(super) fn watch(this: &Surroundings, replica: u64);

    #[wasm_bindgen(method)]
    pub(super) fn unwatch(this: &Surroundings, replica: u64);

    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Surroundings);

    /// Calls a function of the user, and reports what it throws.
    pub(super) fn tell(callback: &JsValue, argument: &JsValue);
}

/// Milliseconds since some moment.
pub(super) fn now_ms() -> u64 {
    now() as u64
}

/// A timer that is running. In Node it does not keep the process alive.
pub(super) struct Timer {
    id: JsValue,
    /// When it is due, in terms of [`now_ms`].
    pub(super) due_ms: u64,
}

impl Timer {
    /// Calls back at `due_ms`.
    pub(super) fn set(callback: &JsValue, due_ms: u64, now_ms: u64) -> Self {
        // The longest delay that browsers take; a longer one would be taken for none at all.
        let delay_ms = due_ms.saturating_sub(now_ms).min(i32::MAX as u64);
        Self { id: set_timer(callback, delay_ms as f64), due_ms }
    }

    /// Calls back no more.
    pub(super) fn clear(&self) {
        clear_timer(&self.id);
    }
}
