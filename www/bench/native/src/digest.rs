//! What a result is known by: the same as in `src/digest.js`.

use crdt_range_map::{NodeId, Owner, Registration};

/// A count, a sum of priorities and a hash.
pub struct Digest {
    pub count: usize,
    pub sum: u64,
    pub hash: u32,
}

fn mix(hash: u32, value: u64) -> u32 {
    let mut mixed = (hash ^ value as u32).wrapping_mul(0x9e37_79b1);
    mixed ^= mixed >> 15;
    mixed = (mixed ^ (value >> 32) as u32).wrapping_mul(0x85eb_ca6b);
    mixed ^ (mixed >> 13)
}

/// The number of a node as the workload names them.
fn number_of(node: &NodeId) -> u64 {
    node.as_str()[5..].parse().expect("a node's name ends in its number")
}

impl Digest {
    /// Of registrations in any order.
    pub fn unordered() -> Self {
        Self { count: 0, sum: 0, hash: 0 }
    }

    /// Of lists of owners.
    pub fn ordered() -> Self {
        Self { count: 0, sum: 0, hash: 1 }
    }

    pub fn registration(&mut self, registration: &Registration<u64>) {
        let Registration { node, range, priority } = registration;
        self.count += 1;
        self.sum += priority;
        let end = range.end().copied().unwrap_or_default();
        let values = [*range.start(), end, number_of(node), *priority];
        self.hash = self.hash.wrapping_add(values.into_iter().fold(1, mix));
    }

    /// One list, with the numbers that it belongs to.
    pub fn owners(&mut self, of: &[u64], owners: &[Owner]) {
        self.count += 1;
        self.hash = of.iter().copied().fold(self.hash, mix);
        for Owner { node, priority } in owners {
            self.sum += priority;
            self.hash = mix(mix(self.hash, number_of(node)), *priority);
        }
    }
}
