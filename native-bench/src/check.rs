//! Digests of results: a count and a hash that are the same on every machine.

use std::fmt;
use std::ops::Deref;

use crdt_range_map::{NodeId, Owner, RangeMap, Split};

use crate::expected::ExpectedSplit;
use crate::workload::Served;

/// How many items a result has, and a hash of them in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The number of items.
    pub count: u64,
    /// The hash, FNV-1a over 64-bit words.
    pub hash: u64,
}

impl Digest {
    /// The hash in hexadecimal, as reports show it.
    pub fn hash_text(&self) -> String {
        format!("{:016x}", self.hash)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.hash_text())
    }
}

/// Takes a digest item by item. No `usize` goes in, so that 32-bit machines agree.
pub struct Digester(Digest);

impl Default for Digester {
    fn default() -> Self {
        Self(Digest { count: 0, hash: 0xcbf2_9ce4_8422_2325 })
    }
}

impl Digester {
    /// Adds a registration.
    pub fn registration(&mut self, start: u64, end: u64, node: &str, priority: u64) {
        self.0.count += 1;
        self.word(start);
        self.word(end);
        self.owner(node, priority);
    }

    /// Adds a split, or the answer to a look-up (a key with its owners).
    pub fn owned(&mut self, keys: [u64; 2], owners: &[Owner]) {
        self.0.count += 1;
        keys.into_iter().for_each(|key| self.word(key));
        self.word(owners.len() as u64);
        owners.iter().for_each(|owner| self.owner(owner.node.as_str(), owner.priority));
    }

    fn split(&mut self, split: &Split<'_, u64>) {
        self.owned([*split.range.start(), bounded(split.range.end())], split.owners);
    }

    /// Adds a stretch of keys with the numbers of the registrations that cover it.
    pub fn covered(&mut self, start: u64, numbers: &[u32]) {
        self.0.count += 1;
        self.word(start);
        self.word(numbers.len() as u64);
        numbers.iter().for_each(|number| self.word(u64::from(*number)));
    }

    /// Adds bytes, each an item.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.count += bytes.len() as u64;
        self.text(bytes);
    }

    /// What was taken so far.
    pub fn digest(&self) -> Digest {
        self.0
    }

    fn owner(&mut self, node: &str, priority: u64) {
        self.text(node.as_bytes());
        self.word(priority);
    }

    fn text(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn word(&mut self, word: u64) {
        // Folding the high half back in lets FNV's multiplication, made for bytes, reach every bit of a word.
        let mixed = (self.0.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        self.0.hash = mixed ^ (mixed >> 32);
    }
}

/// The end of a range as a number; no range of the workloads is unbounded.
fn bounded(end: Option<&u64>) -> u64 {
    end.copied().unwrap_or(u64::MAX)
}

/// The visible registrations of a map.
pub fn registrations(map: &RangeMap<u64>) -> Digest {
    let mut digester = Digester::default();
    for it in map.registrations() {
        let (start, end) = (*it.range.start(), bounded(it.range.end()));
        digester.registration(start, end, it.node.as_str(), it.priority);
    }
    digester.digest()
}

/// What [`registrations`] must be, from registrations in order.
pub fn expected_registrations<'a>(nodes: &[NodeId], served: impl IntoIterator<Item = &'a Served>) -> Digest {
    let mut digester = Digester::default();
    for Served { triple, priority } in served {
        let node = nodes[triple.node as usize].as_str();
        digester.registration(triple.start, triple.end, node, *priority);
    }
    digester.digest()
}

/// The splits of a map, from their list.
pub fn splits(map: &RangeMap<u64>) -> Digest {
    let mut digester = Digester::default();
    map.splits().iter().for_each(|split| digester.split(&split));
    digester.digest()
}

/// The same, visited without making a list.
pub fn visited_splits(map: &RangeMap<u64>) -> Digest {
    let mut digester = Digester::default();
    map.for_each_split(|split| digester.split(&split));
    digester.digest()
}

/// What [`splits`] must be.
pub fn expected_splits(splits: &[ExpectedSplit]) -> Digest {
    let mut digester = Digester::default();
    splits.iter().for_each(|split| digester.owned([split.start, split.end], &split.owners));
    digester.digest()
}

/// The owners of each of the keys, as `owners` finds them.
pub fn look_ups<O: Deref<Target = [Owner]>>(
    keys: impl IntoIterator<Item = u64>,
    mut owners: impl FnMut(u64) -> O,
) -> Digest {
    let mut digester = Digester::default();
    keys.into_iter().for_each(|key| digester.owned([key, key], &owners(key)));
    digester.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(nodes: &[&str]) -> Digest {
        let mut digester = Digester::default();
        nodes.iter().for_each(|node| digester.registration(1, 2, node, 3));
        digester.digest()
    }

    #[test]
    fn the_digest_is_pinned_and_tells_order_and_names_apart() {
        assert_eq!(digest(&["a"]).to_string(), "1 34d3f829359c2bae");
        assert_eq!(digest(&["a", "b"]).count, 2);
        assert_ne!(digest(&["a"]), digest(&["b"]));
        assert_ne!(digest(&["a", "b"]), digest(&["b", "a"]));
    }
}
