//! Who serves a key, by brute force: every registration is looked at for every key.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crdt_range_map::{Answer, Key, KeyRange, LeastKey, NodeId, Owner, RangeMap};

use super::Id;

/// The owners of a key in order of preference, with their priorities.
pub type Owners = Vec<(NodeId, u64)>;

/// The owners of one key.
pub fn owners<K: Key>(registrations: &[(Id<K>, u64)], key: &K) -> Owners {
    let mut highest: BTreeMap<NodeId, u64> = BTreeMap::new();
    for ((range, node), priority) in registrations {
        if range.start() <= key && range.end().is_none_or(|end| key < end) {
            let known = highest.entry(node.clone()).or_default();
            *known = (*known).max(*priority);
        }
    }
    let mut owners: Owners = highest.into_iter().collect();
    owners.sort_by_key(|(node, priority)| (Reverse(*priority), node.clone()));
    owners
}

/// The maximal ranges with the same owners, those without any included; `keys` ascend, begin with the least key and hold every
/// end of every range.
pub fn tiles<K: Key>(registrations: &[(Id<K>, u64)], keys: &[K]) -> Vec<(KeyRange<K>, Owners)> {
    let of_keys: Vec<(&K, Owners)> = keys.iter().map(|key| (key, owners(registrations, key))).collect();
    let runs: Vec<&[(&K, Owners)]> = of_keys.chunk_by(|a, b| a.1 == b.1).collect();
    let range = |at: usize| match runs.get(at + 1) {
        Some(next) => KeyRange::new(runs[at][0].0.clone(), next[0].0.clone()).unwrap(),
        None => KeyRange::from_start(runs[at][0].0.clone()),
    };
    (0..runs.len()).map(|at| (range(at), runs[at][0].1.clone())).collect()
}

/// Whether the map serves exactly these registrations: splits, gaps, and the owners of every one of the keys.
pub fn check<K: LeastKey>(
    map: &RangeMap<K>,
    registrations: &[(Id<K>, u64)],
    keys: &[K],
) -> Result<(), String> {
    let splits = map.splits().iter().map(|it| (it.range.clone(), plain(it.owners))).collect();
    check_tiles(|key| map.owners(key), splits, map.gaps().collect(), registrations, keys)
}

/// The same of the answer as of who is alive.
pub fn check_answer<K: LeastKey>(
    answer: Answer<'_, K>,
    registrations: &[(Id<K>, u64)],
    keys: &[K],
) -> Result<(), String> {
    let splits = answer.splits().iter().map(|it| (it.range, plain(&it.owners))).collect();
    check_tiles(|key| answer.owners(key), splits, answer.gaps().collect(), registrations, keys)
}

fn plain(owners: &[Owner]) -> Owners {
    owners.iter().map(|owner| (owner.node.clone(), owner.priority)).collect()
}

fn check_tiles<K: LeastKey>(
    answer: impl Fn(&K) -> crdt_range_map::Owners,
    splits: Vec<(KeyRange<K>, Owners)>,
    gaps: Vec<KeyRange<K>>,
    registrations: &[(Id<K>, u64)],
    keys: &[K],
) -> Result<(), String> {
    let tiles = tiles(registrations, keys);
    for (range, owners) in &tiles {
        for key in keys.iter().filter(|key| range.contains(key)) {
            agree(format_args!("owners of {key:?}"), &plain(&answer(key)), owners)?;
        }
    }
    let (model_gaps, model_splits): (Vec<_>, Vec<_>) =
        tiles.into_iter().partition(|(_, owners)| owners.is_empty());
    agree("splits", splits, model_splits)?;
    agree("gaps", gaps, model_gaps.into_iter().map(|(range, _)| range).collect::<Vec<_>>())
}

/// Reports what differs, for failures that a shrinking test runner can print.
pub fn agree<T: PartialEq + std::fmt::Debug>(
    what: impl std::fmt::Display,
    map: T,
    model: T,
) -> Result<(), String> {
    if map == model { Ok(()) } else { Err(format!("{what}: the map says {map:?}, the model {model:?}")) }
}
