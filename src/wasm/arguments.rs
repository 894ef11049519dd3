//! Arguments: from JavaScript values to the core's types. Whatever does not fit is refused in words that name the argument.

use core::num::NonZeroU32;

use wasm_bindgen::JsValue;

use super::errors::{Code, Failure};
use super::operation::{Operation, Verb};
use super::values::{self, Names};
use super::world::random_u64;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;

/// The range from `start` to `end`, unbounded for `null`.
pub(super) fn range(start: &JsValue, end: &JsValue) -> Result<KeyRange<u64>, Failure> {
    let start = values::start(start)?;
    Ok(checked_range(start, values::end(start, end)?))
}

/// The ranges that two objects `{ start, end }` tell.
pub(super) fn ranges(from: &JsValue, to: &JsValue) -> Result<[KeyRange<u64>; 2], Failure> {
    let keys = values::ranges(from, to)?;
    let key = |at| keys.get(at).copied().unwrap_or_default();
    Ok([checked_range(key(0), key(1)), checked_range(key(2), key(3))])
}

/// From keys that were checked already; an end of 0 is none.
fn checked_range(start: u64, end: u64) -> KeyRange<u64> {
    KeyRange::new(start, end).unwrap_or_else(|_| KeyRange::from_start(start))
}

/// A node's name: a well-formed string of 1 to 255 bytes in UTF-8.
pub(super) fn node(value: &JsValue) -> Result<NodeId, Failure> {
    Ok(NodeId::new(values::node(value)?)?)
}

/// By how much to change a priority: an integer from 1 to 2^32 − 1, and 1 if it is left out.
pub(super) fn amount(value: &JsValue) -> Result<NonZeroU32, Failure> {
    Ok(positive(values::amount(value)?))
}

/// From an amount that was checked already.
fn positive(amount: u32) -> NonZeroU32 {
    NonZeroU32::new(amount).unwrap_or(NonZeroU32::MIN)
}

/// A replica id: a bigint from 0 to 2^64 − 1, and a random one if it is left out.
pub(super) fn replica(value: &JsValue) -> Result<ReplicaId, Failure> {
    let id = if value.is_undefined() {
        let message = "there is no crypto.getRandomValues to draw a replica id from: pass one";
        random_u64().ok_or_else(|| Failure::new(Code::InvalidReplica, message))?
    } else {
        values::replica(value)?
    };
    Ok(ReplicaId::new(id))
}

/// The operations that an array of objects tells.
pub(super) fn operations(list: &JsValue) -> Result<Vec<Operation>, Failure> {
    let names = Names::new();
    unpack(&values::operations(list, &names)?, &names)
}

/// Takes apart what `operations` in `values.js` put together.
fn unpack(words: &[u64], names: &Names) -> Result<Vec<Operation>, Failure> {
    let nodes: Vec<NodeId> = (names.list().iter())
        .map(|name| NodeId::new(name.as_string().unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    let (operations, _) = words.as_chunks();
    let operation = |[start, end, packed]: &[u64; 3]| {
        let by = positive(*packed as u32);
        let verb = match packed >> 32 & 3 {
            0 => Verb::Register,
            1 => Verb::Release,
            2 => Verb::Increase(by),
            _ => Verb::Decrease(by),
        };
        let node = nodes.get((packed >> 34) as usize)?.clone();
        Some(Operation { verb, node, range: checked_range(*start, *end) })
    };
    Ok(operations.iter().filter_map(operation).collect())
}
