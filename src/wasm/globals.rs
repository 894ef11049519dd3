//! What this module uses of the JavaScript world around it, in windows, workers and Node alike.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, js_name = reportError)]
    fn report_error(error: &JsValue) -> Result<(), JsValue>;

    /// A function of the user. Not js-sys's `Function`, whose calls have an answer: without one to hand over, a call that
    /// throws leaves no reference behind in the glue.
    #[wasm_bindgen(is_type_of = JsValue::is_function)]
    #[derive(Clone)]
    pub(super) type Callback;

    #[wasm_bindgen(catch, method)]
    pub(super) fn call(this: &Callback, this_argument: &JsValue, change: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, js_namespace = performance, js_name = now)]
    fn performance_now() -> Result<f64, JsValue>;

    #[wasm_bindgen(catch, js_name = setTimeout)]
    fn set_timeout(callback: &Function, delay_ms: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, js_name = String)]
    pub(super) fn string(value: &JsValue) -> Result<String, JsValue>;
}

/// A number that nobody else draws, or `None` if there is no `crypto.getRandomValues` here.
pub(super) fn random_u64() -> Option<u64> {
    let mut bytes = [0; 8];
    get_random_values(&mut bytes).ok()?;
    Some(u64::from_le_bytes(bytes))
}

/// Reports what a callback threw, as an exception in an event handler is reported: to the `error` event where there is
/// `reportError`, and as an unhandled rejection elsewhere, which ends a Node process that does not listen for it.
pub(super) fn report(error: &JsValue) {
    if report_error(error).is_err() {
        drop(Promise::reject(error));
    }
}

/// Milliseconds since some moment; they only ever grow, except where there is no `performance`.
pub(super) fn now_ms() -> u64 {
    performance_now().unwrap_or_else(|_| js_sys::Date::now()) as u64
}

/// A timer that is running.
pub(super) struct Timer {
    id: JsValue,
    /// When it is due, in terms of [`now_ms`].
    pub(super) due_ms: u64,
}

impl Timer {
    /// Calls back at `due_ms`. `None` if this world has no timers.
    pub(super) fn set(callback: &Function, due_ms: u64, now_ms: u64) -> Option<Self> {
        // The longest delay that browsers take; a longer one would be taken for none at all.
        let delay_ms = due_ms.saturating_sub(now_ms).min(i32::MAX as u64);
        let id = set_timeout(callback, delay_ms as f64).ok()?;
        unref(&id);
        Some(Self { id, due_ms })
    }

    /// Calls back no more.
    pub(super) fn clear(&self) {
        let _ = clear_timeout(&self.id);
    }
}

/// In Node, keeps an open channel or a timer from keeping the process alive. Browsers have no such thing.
pub(super) fn unref(value: &JsValue) {
    // A browser's timer is a number.
    if value.is_object()
        && let Ok(unref) = Reflect::get(value, &"unref".into())
        && let Some(unref) = unref.dyn_ref::<Function>()
    {
        let _ = unref.call0(value);
    }
}
