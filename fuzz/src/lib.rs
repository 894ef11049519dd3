//! What the fuzz targets do with bytes. Everything is a function of them: no clock, and random numbers that are the same each time.

pub mod conversation;
pub mod delta_decode;
pub mod message;

use crdt_range_map::node::{LinkId, LinkKind, Options, Output};
use crdt_range_map::{KeyRange, Node, NodeId, RangeMap, ReplicaId, WireKey};

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

/// A node that comes to a medium with what a replica holds, under its id.
pub fn join(map: &RangeMap<u64>, log_bytes_max: usize, seed: u64) -> (Node<u64>, LinkId) {
    let options = Options { log_bytes_max, ..Options::default() };
    let mut node = Node::with(options, map.replica(), seed).expect("the configuration works");
    node.merge(map.state());
    let link = node.open(LinkKind::Medium, 0);
    (node, link)
}

/// The next message that a node has to send, if any is due.
pub fn next_post(node: &mut Node<u64>, now_ms: u64) -> Option<Vec<u8>> {
    loop {
        match node.poll(now_ms) {
            Output::Send { bytes, .. } => return Some(bytes),
            Output::Save(_) => unreachable!("nothing is to be saved"),
            Output::Event(_) => {}
            Output::Wait { .. } => return None,
        }
    }
}
