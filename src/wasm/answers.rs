//! Answers: from the core's types to plain JavaScript objects and arrays, by serde. Keys become bigints, priorities numbers.

use serde::{Serialize, Serializer};
use wasm_bindgen::JsValue;

use crate::key::KeyRange;
use crate::registration::Registration;
use crate::splits::{Owner, Split};

/// Writes an answer: `u64` as bigint, `f64` as number, `None` as null.
pub(super) fn to_js(value: &impl Serialize) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::new()
        .serialize_large_number_types_as_bigints(true)
        .serialize_missing_as_null(true);
    // Only a type that refuses to be serialized could fail here, and none of those below does.
    value.serialize(&serializer).unwrap_or(JsValue::UNDEFINED)
}

/// Writes what an iterator yields as an array, without collecting it first.
#[derive(Clone)]
pub(super) struct Items<I>(pub(super) I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Items<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

/// `Range` in TypeScript.
#[derive(Serialize)]
pub(super) struct RangeAnswer {
    start: u64,
    end: Option<u64>,
}

impl From<&KeyRange<u64>> for RangeAnswer {
    fn from(range: &KeyRange<u64>) -> Self {
        Self { start: *range.start(), end: range.end().copied() }
    }
}

/// `Range[]` in TypeScript.
pub(super) fn ranges(ranges: &[KeyRange<u64>]) -> impl Serialize {
    Items(ranges.iter().map(RangeAnswer::from))
}

/// `Owner` in TypeScript.
#[derive(Serialize)]
struct OwnerAnswer<'a> {
    node: &'a str,
    priority: f64,
}

impl<'a> From<&'a Owner> for OwnerAnswer<'a> {
    fn from(owner: &'a Owner) -> Self {
        Self { node: owner.node.as_str(), priority: owner.priority as f64 }
    }
}

/// `Owner[]` in TypeScript.
pub(super) fn owners(owners: &[Owner]) -> impl Serialize {
    Items(owners.iter().map(OwnerAnswer::from))
}

#[derive(Serialize)]
struct SplitAnswer<O> {
    start: u64,
    end: Option<u64>,
    owners: O,
}

/// `Split` in TypeScript.
pub(super) fn split(split: Split<'_, u64>) -> impl Serialize {
    let RangeAnswer { start, end } = (&split.range).into();
    SplitAnswer { start, end, owners: owners(split.owners) }
}

#[derive(Serialize)]
struct RegistrationAnswer<'a> {
    node: &'a str,
    start: u64,
    end: Option<u64>,
    priority: f64,
}

/// `Registration` in TypeScript.
pub(super) fn registration(registration: &Registration<u64>) -> impl Serialize {
    let RangeAnswer { start, end } = (&registration.range).into();
    let priority = registration.priority as f64;
    RegistrationAnswer { node: registration.node.as_str(), start, end, priority }
}
