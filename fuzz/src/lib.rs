//! What the fuzz targets do with bytes. Everything is a function of them: no clock, and random numbers that are the same each time.

pub mod conversation;
pub mod delta_decode;
pub mod message;

use crdt_range_map::sync::{Broadcast, Config};
use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId, WireKey};

/// Random numbers that are the same each time: splitmix64.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// Those that follow from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A node of that number.
pub fn node(number: u64) -> NodeId {
    NodeId::new(format!("node-{number}")).expect("it is short")
}

/// A map that a replica wrote, so many registrations from that key on; every fifth was released again.
pub fn written<K: WireKey>(id: u64, from: u64, count: u64, key: fn(u64) -> K) -> RangeMap<K> {
    let mut map = RangeMap::new(ReplicaId::new(id));
    for start in from..from + count {
        let range = if start.is_multiple_of(7) {
            KeyRange::from_start(key(start))
        } else {
            KeyRange::new(key(start), key(start + 4)).expect("it is not empty")
        };
        let by = 3.try_into().expect("it is not 0");
        _ = map.register(&node(start % 9), &range).expect("it can write");
        if start.is_multiple_of(5) {
            _ = map.release(&node(start % 9), &range).expect("it can write");
        }
        if start.is_multiple_of(3) {
            _ = map.increase(&node(start % 9), &range, by).expect("it can write");
        }
    }
    map
}

/// A replica that comes to a medium.
pub fn join<K: WireKey>(config: Config, now_ms: u64, random: &mut Random) -> Broadcast<K> {
    Broadcast::join(config, now_ms, &mut || random.draw()).expect("the configuration works")
}
