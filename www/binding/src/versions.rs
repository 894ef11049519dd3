//! Versions of answers, as their texts.

use core::cmp::Ordering;

use crdt_range_map::{AnswerVersion, OwnersSince};
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answers;
use crate::failure::Failure;
use crate::replica::Replica;

/// How two versions are ordered: -1, 0, 1, and nothing if they are concurrent.
#[wasm_bindgen(js_name = compareVersions)]
pub fn compare_versions(one: &str, other: &str) -> Result<Option<i32>, Failure> {
    let order = parsed(one)?.partial_cmp(&parsed(other)?);
    Ok(order.map(|order| order as i32))
}

#[wasm_bindgen(js_name = tokenOf)]
pub fn token_of(version: &str) -> Result<u64, Failure> {
    Ok(parsed(version)?.token())
}

#[wasm_bindgen]
impl Replica {
    pub fn version(&self) -> String {
        self.node.map().answer_version().to_string()
    }

    /// How the version of this replica is ordered to the known one, as above; that version; and `Owner[]`, of an older one none.
    #[wasm_bindgen(js_name = ownersSince)]
    pub fn owners_since(&self, key: u64, known: &str) -> Result<Array, Failure> {
        let (order, version, owners) = match self.node.map().owners_since(&key, &parsed(known)?) {
            OwnersSince::Same => (Some(Ordering::Equal), None, None),
            OwnersSince::Newer { owners, version } => (Some(Ordering::Greater), Some(version), Some(owners)),
            OwnersSince::Older { version } => (Some(Ordering::Less), Some(version), None),
            OwnersSince::Concurrent { owners, version } => (None, Some(version), Some(owners)),
        };
        let order = order.map_or(JsValue::UNDEFINED, |order| JsValue::from(order as i32));
        let version = version.map(|version| version.to_string());
        let owners = owners.map_or(JsValue::UNDEFINED, |owners| answers::owners(&owners).into());
        Ok(Array::of3(&order, &version.into(), &owners))
    }
}

fn parsed(version: &str) -> Result<AnswerVersion, Failure> {
    Ok(version.parse()?)
}
