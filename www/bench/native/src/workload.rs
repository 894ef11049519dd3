//! W(n), as in `src/workload.js`.

use std::collections::HashSet;

use crdt_range_map::{KeyRange, NodeId};

const KEY_SPACE: u64 = 1 << 32;

/// A registration and its priority.
#[derive(Clone)]
pub struct Item {
    pub node: NodeId,
    pub range: KeyRange<u64>,
    pub by: u32,
}

/// The registrations, and keys to look up.
pub struct Workload {
    pub items: Vec<Item>,
    pub keys: Vec<u64>,
}

impl Workload {
    pub fn new(n: usize) -> Self {
        let seed = 0xC0FFEE ^ n as u64;
        let mut random = Random(seed);
        let node = |number| NodeId::new(format!("node-{number:05}")).expect("a short name");
        let nodes: Vec<NodeId> = (0..(n as u64 / 64).max(8)).map(node).collect();
        let longest = (KEY_SPACE * 8 / n as u64).max(1);
        let mut seen = HashSet::new();
        let mut items = Vec::with_capacity(n);
        while items.len() < n {
            let node = random.below(nodes.len() as u64);
            let start = random.below(KEY_SPACE);
            let end = start + 1 + random.below(longest);
            let by = 1 + random.below(100) as u32;
            if seen.insert((node, start, end)) {
                let node = nodes[node as usize].clone();
                let range = KeyRange::new(start, end).expect("start < end");
                items.push(Item { node, range, by });
            }
        }
        let mut random = Random(seed ^ (5 << 56));
        let keys = (0..10_000).map(|_| random.below(KEY_SPACE)).collect();
        Self { items, keys }
    }

    /// n/100 different items, to be raised by 7.
    pub fn raised(&self, part: usize) -> Vec<Item> {
        let n = self.items.len();
        let item = |at: usize| Item { by: 7, ..self.items[((2 * at + part) * 7919) % n].clone() };
        (0..n / 100).map(item).collect()
    }
}

/// splitmix64
struct Random(u64);

impl Random {
    fn below(&mut self, k: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * u128::from(k)) >> 64) as u64
    }
}
