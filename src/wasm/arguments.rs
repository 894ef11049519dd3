//! Arguments: from JavaScript values to the core's types. Whatever does not fit is refused in words that name the argument.

use core::num::NonZeroU32;

use js_sys::{ArrayBuffer, Number, Reflect, Symbol, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::errors::{Code, Failure};
use super::globals::{Callback, random_u64};
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;

/// A key: a number that is an integer from 0 to 2^53 − 1, or a bigint from 0 to 2^64 − 1.
pub(super) fn key(name: &str, value: &JsValue) -> Result<u64, Failure> {
    let must = "an integer from 0 to 2^53 - 1 or a bigint from 0 to 2^64 - 1";
    key_of(value).ok_or_else(|| Failure::argument(Code::InvalidKey, name, must, value))
}

fn key_of(value: &JsValue) -> Option<u64> {
    match value.as_f64() {
        Some(number) => {
            let is_exact = (0.0..=Number::MAX_SAFE_INTEGER).contains(&number) && number.fract() == 0.0;
            is_exact.then_some(number as u64)
        }
        None => u64::try_from(value.clone()).ok(),
    }
}

/// The range from `start` to `end`, unbounded for `null`.
pub(super) fn range(start: &JsValue, end: &JsValue) -> Result<KeyRange<u64>, Failure> {
    named_range(["start", "end"], start, end)
}

/// The range that an object `{ start, end }` tells.
pub(super) fn range_object(name: &str, value: &JsValue) -> Result<KeyRange<u64>, Failure> {
    let property = |property: &str| {
        let found = if value.is_object() { Reflect::get(value, &property.into()).ok() } else { None };
        let must = "an object with start and end";
        found.ok_or_else(|| Failure::argument(Code::InvalidRange, name, must, value))
    };
    let (start, end) = (property("start")?, property("end")?);
    let [start_name, end_name] = [".start", ".end"].map(|property| [name, property].concat());
    named_range([&start_name, &end_name], &start, &end)
}

fn named_range(names: [&str; 2], start: &JsValue, end: &JsValue) -> Result<KeyRange<u64>, Failure> {
    let from = key(names[0], start)?;
    if end.is_null() {
        return Ok(KeyRange::from_start(from));
    }
    let must = "an integer from 0 to 2^53 - 1, a bigint from 0 to 2^64 - 1, or null for no end";
    let to = key_of(end).ok_or_else(|| Failure::argument(Code::InvalidKey, names[1], must, end))?;
    KeyRange::new(from, to).map_err(|error| Failure::range(&error, names, [from, to]))
}

/// A node's name: a well-formed string of 1 to 255 bytes in UTF-8.
pub(super) fn node(value: &JsValue) -> Result<NodeId, Failure> {
    let refused = |must| Failure::argument(Code::InvalidNode, "node", must, value);
    let name = value.as_string().ok_or_else(|| refused("a string"))?;
    // Half a surrogate pair has become U+FFFD, which would make different names equal.
    if name.chars().any(|char| char == char::REPLACEMENT_CHARACTER) && JsValue::from_str(&name) != *value {
        return Err(refused("a string without half surrogate pairs"));
    }
    Ok(NodeId::new(&name)?)
}

/// By how much to change a priority: an integer from 1 to 2^32 − 1, and 1 if it is left out.
pub(super) fn amount(value: &JsValue) -> Result<NonZeroU32, Failure> {
    if value.is_undefined() {
        return Ok(NonZeroU32::MIN);
    }
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && *number <= f64::from(u32::MAX));
    // A number below 0 becomes 0 here.
    let amount = number.and_then(|number| NonZeroU32::new(number as u32));
    amount.ok_or_else(|| Failure::argument(Code::InvalidAmount, "by", "an integer from 1 to 2^32 - 1", value))
}

/// A replica id: a bigint from 0 to 2^64 − 1, and a random one if it is left out.
pub(super) fn replica(value: &JsValue) -> Result<ReplicaId, Failure> {
    let replica = if value.is_undefined() {
        random_u64().ok_or_else(|| {
            let message = "there is no crypto.getRandomValues to draw a replica id from: pass one";
            Failure::new(Code::InvalidReplica, message.to_owned())
        })
    } else {
        let must = "a bigint from 0 to 2^64 - 1";
        u64::try_from(value.clone())
            .map_err(|_| Failure::argument(Code::InvalidReplica, "replica", must, value))
    };
    replica.map(ReplicaId::new)
}

/// The bytes of a `Uint8Array`.
pub(super) fn bytes(name: &str, value: &JsValue) -> Result<Vec<u8>, Failure> {
    let bytes = as_bytes(value).filter(|_| ArrayBuffer::is_view(value));
    // Copying out of an array whose buffer was transferred away would throw; it is as long as an empty one.
    let bytes = bytes.map(|bytes| if bytes.length() == 0 { Vec::new() } else { bytes.to_vec() });
    bytes.ok_or_else(|| Failure::argument(Code::Malformed, name, "a Uint8Array", value))
}

/// The `Uint8Array` that this is, also one of another window or context, for which `instanceof` would say no; or one over
/// the `ArrayBuffer` that this is.
pub(super) fn as_bytes(value: &JsValue) -> Option<Uint8Array> {
    if !value.is_object() {
        return None;
    }
    let tag = Reflect::get(value, &Symbol::to_string_tag()).ok()?.as_string()?;
    match tag.as_str() {
        "Uint8Array" if ArrayBuffer::is_view(value) => Some(value.unchecked_ref::<Uint8Array>().clone()),
        "ArrayBuffer" if value.is_instance_of::<ArrayBuffer>() => Some(Uint8Array::new(value)),
        _ => None,
    }
}

/// The name of a channel: any string.
pub(super) fn channel_name(value: &JsValue) -> Result<String, Failure> {
    let name = value.as_string();
    name.ok_or_else(|| Failure::argument(Code::ChannelUnavailable, "channelName", "a string", value))
}

/// A function to call later.
pub(super) fn callback(value: &JsValue) -> Result<Callback, Failure> {
    let callback = value.dyn_ref::<Callback>().cloned();
    callback.ok_or_else(|| Failure::argument(Code::InvalidCallback, "callback", "a function", value))
}
