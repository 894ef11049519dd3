//! Names, ranges and amounts in few characters.

use std::num::NonZeroU32;

use crdt_range_map::{KeyRange, NodeId};

/// One of many nodes.
pub fn node(number: u64) -> NodeId {
    named(&format!("node-{number}"))
}

pub fn named(name: &str) -> NodeId {
    name.parse().unwrap()
}

/// The ten keys from there on.
pub fn range(start: u64) -> KeyRange<u64> {
    between(start, start + 10)
}

pub fn between(start: u64, end: u64) -> KeyRange<u64> {
    KeyRange::new(start, end).unwrap()
}

pub fn by(amount: u32) -> NonZeroU32 {
    NonZeroU32::new(amount).unwrap()
}

/// The one key.
pub fn slot(key: u64) -> KeyRange<u64> {
    between(key, key + 1)
}
