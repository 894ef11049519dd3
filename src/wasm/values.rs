//! What `values.js` does for this module: checking what JavaScript hands in, and building what it gets.
//!
//! What a check refuses, it refuses with a ready `Error`. None of these functions runs code of the user, except those that take
//! objects apart or put something into words to refuse it: those must not be called while the state is borrowed.

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/wasm/values.js")]
extern "C" {
    pub(super) fn failure(code: &str, message: &str) -> JsValue;

    /// The channel cannot be opened, for this reason.
    #[wasm_bindgen(js_name = channelFailure)]
    pub(super) fn channel_failure(reason: &JsValue) -> JsValue;

    // Single arguments.

    #[wasm_bindgen(catch)]
    pub(super) fn key(value: &JsValue) -> Result<u64, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) fn node(value: &JsValue) -> Result<String, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) fn amount(value: &JsValue) -> Result<u32, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) fn start(value: &JsValue) -> Result<u64, JsValue>;

    /// 0 for no end.
    #[wasm_bindgen(catch)]
    pub(super) fn end(start: u64, value: &JsValue) -> Result<u64, JsValue>;

    /// Start, end, start, end.
    #[wasm_bindgen(catch)]
    pub(super) fn ranges(from: &JsValue, to: &JsValue) -> Result<Vec<u64>, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) fn replica(value: &JsValue) -> Result<u64, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) fn delta(value: &JsValue) -> Result<Vec<u8>, JsValue>;

    #[wasm_bindgen(catch, js_name = context)]
    pub(super) fn context(value: &JsValue) -> Result<Vec<u8>, JsValue>;

    pub(super) fn message(value: &JsValue, bytes_max: u32) -> Option<Vec<u8>>;

    /// A channel's name, or what looks like a channel.
    #[wasm_bindgen(catch)]
    pub(super) fn channel(value: &JsValue) -> Result<JsValue, JsValue>;

    /// The name for presence, if any, and what the locks' names begin with, if that is a string.
    #[wasm_bindgen(catch)]
    pub(super) fn presence(options: &JsValue, channel: &JsValue) -> Result<Array, JsValue>;

    #[wasm_bindgen(catch, js_name = peerName)]
    pub(super) fn peer_name(value: &JsValue) -> Result<String, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) fn callback(value: &JsValue) -> Result<JsValue, JsValue>;

    // Lists of arguments.

    #[wasm_bindgen(catch)]
    pub(super) fn keys(list: &JsValue) -> Result<Vec<u64>, JsValue>;

    /// Three words for each operation, see there.
    #[wasm_bindgen(catch)]
    pub(super) fn operations(list: &JsValue, nodes: &Names) -> Result<Vec<u64>, JsValue>;

    // Answers.

    /// A `Uint8Array` of its own.
    #[wasm_bindgen(js_name = copied)]
    pub(super) fn bytes(bytes: &[u8]) -> JsValue;

    /// `ConnectionStatistics`, from their values in order, and the names by which the last of them count, with blanks between.
    pub(super) fn statistics(counts: &JsValue, kinds: &str, reasons: &str) -> JsValue;

    /// `JournalPage`
    pub(super) fn page(
        replica: u64,
        first: f64,
        next: f64,
        own: &[u8],
        received: &[u8],
        is_posted: bool,
        is_last: bool,
    ) -> JsValue;

    /// Numbers nodes in the order in which they first come.
    pub(super) type Names;

    #[wasm_bindgen(constructor)]
    pub(super) fn new() -> Names;

    #[wasm_bindgen(method, getter)]
    pub(super) fn list(this: &Names) -> Array;

    #[wasm_bindgen(method)]
    pub(super) fn number(this: &Names, name: &str) -> u32;

    #[wasm_bindgen(js_name = rangeObjects)]
    pub(super) fn range_objects(starts: &[u64], ends: &[u64]) -> JsValue;

    pub(super) fn change(source: &str, starts: &[u64], ends: &[u64]) -> JsValue;

    #[wasm_bindgen(js_name = pushOwner)]
    pub(super) fn push_owner(owners: &Array, node: &str, priority: f64);

    #[wasm_bindgen(js_name = pushPeer)]
    pub(super) fn push_peer(
        peers: &Array,
        replica: u64,
        name: &str,
        age_ms: f64,
        is_alive: bool,
        has_left: bool,
    );

    #[wasm_bindgen(js_name = ownerColumns)]
    pub(super) fn owner_columns(
        offsets: &[u32],
        owners: &[u32],
        priorities: &[f64],
        nodes: &Names,
    ) -> JsValue;

    #[wasm_bindgen(js_name = splitColumns)]
    pub(super) fn split_columns(
        starts: &[u64],
        ends: &[u64],
        offsets: &[u32],
        owners: &[u32],
        priorities: &[f64],
        nodes: &Names,
    ) -> JsValue;

    #[wasm_bindgen(js_name = splitObjects)]
    pub(super) fn split_objects(
        starts: &[u64],
        ends: &[u64],
        offsets: &[u32],
        owners: &[u32],
        priorities: &[f64],
        nodes: &Names,
    ) -> JsValue;

    #[wasm_bindgen(js_name = registrationObjects)]
    pub(super) fn registration_objects(
        starts: &[u64],
        ends: &[u64],
        nodes: &[u32],
        priorities: &[f64],
        names: &Names,
    ) -> JsValue;
}
