//! A delta from anybody: what can be read is written the same, and merging it twice is merging it once.

use crdt_range_map::{Delta, RangeMap, WireKey};

use crate::written;

/// Reads the bytes as a delta, for each type of key.
pub fn run(bytes: &[u8]) {
    read(bytes, |number| number);
    // Three digits, so that they order as their numbers do.
    read(bytes, |number| format!("{number:03}"));
}

fn read<K: WireKey>(bytes: &[u8], key: fn(u64) -> K) {
    let Ok(delta) = Delta::<K>::decode(bytes) else { return };
    assert_eq!(delta.encode(), bytes, "there is one way to write a delta");
    let mut twice = delta.clone();
    twice.merge(&delta);
    assert!(twice == delta, "a delta holds what it holds");
    for count in [0, 40] {
        let mut map: RangeMap<K> = written(3, 100, count, key);
        drop(map.merge(&delta));
        assert!(map.state().version().includes(delta.version()), "what was merged is known");
        let once = map.state().clone();
        drop(map.merge(&delta));
        assert!(*map.state() == once, "the second time is no news");
        let encoded = once.encode();
        assert!(Delta::decode(&encoded).as_ref() == Ok(&once), "what was merged can be sent");
        map.for_each_split(|split| assert!(!split.owners.is_empty()));
    }
}
