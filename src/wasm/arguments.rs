//! Arguments: from JavaScript values to the core's types. Whatever does not fit is refused in words that name the argument.

use core::num::NonZeroU32;

use js_sys::{ArrayBuffer, Function, Number, Reflect, Symbol, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::errors::{Code, Failure};
use super::globals::{describe, random_u64};
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;

/// A key: a number that is an integer from 0 to 2^53 − 1, or a bigint from 0 to 2^64 − 1.
pub(super) fn key(name: &str, value: &JsValue) -> Result<u64, Failure> {
    key_of(value).ok_or_else(|| invalid_key(name, "", value))
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

fn invalid_key(name: &str, or_null: &str, value: &JsValue) -> Failure {
    let must = " must be an integer from 0 to 2^53 - 1 or a bigint from 0 to 2^64 - 1";
    Failure::new(Code::InvalidKey, [name, must, or_null, ", not ", &describe(value)].concat())
}

/// The range from `start` to `end`, unbounded for `null`. `prefix` stands before the two names in messages.
pub(super) fn range(prefix: &str, start: &JsValue, end: &JsValue) -> Result<KeyRange<u64>, Failure> {
    let [start_name, end_name] = ["start", "end"].map(|name| [prefix, name].concat());
    let from = key(&start_name, start)?;
    if end.is_null() {
        return Ok(KeyRange::from_start(from));
    }
    let to = key_of(end).ok_or_else(|| invalid_key(&end_name, ", or null for no end", end))?;
    KeyRange::new(from, to).map_err(|error| {
        let [reason, from, to] = [error.to_string(), from.to_string(), to.to_string()];
        let message = [&*reason, ", but ", &start_name, " is ", &from, " and ", &end_name, " is ", &to];
        Failure::new(Code::InvalidRange, message.concat())
    })
}

/// The range that an object `{ start, end }` tells.
pub(super) fn range_object(name: &str, value: &JsValue) -> Result<KeyRange<u64>, Failure> {
    let property = |property: &str| {
        Reflect::get(value, &property.into()).map_err(|_| {
            let message = [name, " must be an object with start and end, not ", &describe(value)].concat();
            Failure::new(Code::InvalidRange, message)
        })
    };
    range(&[name, "."].concat(), &property("start")?, &property("end")?)
}

/// A node's name: a well-formed string of 1 to 255 bytes in UTF-8.
pub(super) fn node(value: &JsValue) -> Result<NodeId, Failure> {
    let Some(name) = value.as_string() else {
        let message = ["node must be a string, not ", &describe(value)].concat();
        return Err(Failure::new(Code::InvalidNode, message));
    };
    // Half a surrogate pair has become U+FFFD, which would make different names equal.
    if name.contains('\u{FFFD}') && JsValue::from_str(&name) != *value {
        return Err(Failure::new(
            Code::InvalidNode,
            "node must be a well-formed string, without half surrogate pairs",
        ));
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
    number.and_then(|number| NonZeroU32::new(number as u32)).ok_or_else(|| {
        let message = ["by must be an integer from 1 to 2^32 - 1, not ", &describe(value)].concat();
        Failure::new(Code::InvalidAmount, message)
    })
}

/// A replica id: a bigint from 0 to 2^64 − 1, and a random one if it is left out.
pub(super) fn replica(value: &JsValue) -> Result<ReplicaId, Failure> {
    if value.is_undefined() {
        let random = random_u64().ok_or_else(|| {
            let message = "there is no crypto.getRandomValues to draw a replica id from: pass one";
            Failure::new(Code::InvalidReplica, message)
        });
        return random.map(ReplicaId::new);
    }
    u64::try_from(value.clone()).map(ReplicaId::new).map_err(|_| {
        let message = ["replica must be a bigint from 0 to 2^64 - 1, not ", &describe(value)].concat();
        Failure::new(Code::InvalidReplica, message)
    })
}

/// The bytes of a `Uint8Array`.
pub(super) fn bytes(name: &str, value: &JsValue) -> Result<Vec<u8>, Failure> {
    as_bytes(value).filter(|_| ArrayBuffer::is_view(value)).map(|bytes| bytes.to_vec()).ok_or_else(|| {
        let message = [name, " must be a Uint8Array, not ", &describe(value)].concat();
        Failure::new(Code::Malformed, message)
    })
}

/// The `Uint8Array` that this is, or one over the `ArrayBuffer` that this is. Those of other windows or contexts count too,
/// for which `instanceof` would say no.
pub(super) fn as_bytes(value: &JsValue) -> Option<Uint8Array> {
    let tag = Reflect::get(value, &Symbol::to_string_tag()).ok()?.as_string()?;
    match tag.as_str() {
        "Uint8Array" if ArrayBuffer::is_view(value) => Some(value.unchecked_ref::<Uint8Array>().clone()),
        "ArrayBuffer" if value.is_instance_of::<ArrayBuffer>() => Some(Uint8Array::new(value)),
        _ => None,
    }
}

/// The name of a channel: any string.
pub(super) fn channel_name(value: &JsValue) -> Result<String, Failure> {
    value.as_string().ok_or_else(|| {
        let message = ["channelName must be a string, not ", &describe(value)].concat();
        Failure::new(Code::ChannelUnavailable, message)
    })
}

/// A function to call later.
pub(super) fn callback(value: &JsValue) -> Result<Function, Failure> {
    value.dyn_ref::<Function>().cloned().ok_or_else(|| {
        let message = ["callback must be a function, not ", &describe(value)].concat();
        Failure::new(Code::InvalidCallback, message)
    })
}
