//! The sweep: from visible registrations to the boundaries at which owners change.
//!
//! It visits the ends of all ranges in key order and keeps, for each node, the priorities of its ranges that cover the current
//! key. A node owns a key with the highest of them, so a boundary matters only if that highest one changed for some node;
//! boundaries that change nobody's disappear by themselves, which makes the splits maximal. The cost does not depend on how
//! many ranges overlap: O(n log n).

use std::collections::BTreeMap;

use crate::key::{Key, KeyRange};

/// A range served by the node of that number.
pub(super) struct Served<'a, K> {
    pub(super) range: &'a KeyRange<K>,
    pub(super) node: u32,
    pub(super) priority: u64,
}

/// A node's priority from a boundary on; 0 if it owns nothing there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OwnerChange {
    pub(super) node: u32,
    pub(super) priority: u64,
}

/// How many of a node's ranges cover the current key, by priority.
#[derive(Clone, Default)]
struct Covering(BTreeMap<u64, u32>);

impl Covering {
    fn highest(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(priority, _)| *priority)
    }

    fn enter(&mut self, priority: u64) {
        *self.0.entry(priority).or_insert(0) += 1;
    }

    fn leave(&mut self, priority: u64) {
        if let Some(count) = self.0.get_mut(&priority) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&priority);
            }
        }
    }
}

/// Calls `boundary` for each key at which the owners change, in order, with the changes ordered by node.
pub(super) fn sweep<'a, K: Key>(
    served: &[Served<'a, K>],
    nodes: usize,
    mut boundary: impl FnMut(&'a K, &[OwnerChange]),
) {
    let ends = served.iter().enumerate().filter_map(|(at, served)| Some((served.range.end()?, at, false)));
    let starts = served.iter().enumerate().map(|(at, served)| (served.range.start(), at, true));
    let mut events: Vec<(&K, usize, bool)> = starts.chain(ends).collect();
    events.sort_unstable();

    let mut covering = vec![Covering::default(); nodes];
    let mut touched: Vec<OwnerChange> = Vec::new();
    let mut changes: Vec<OwnerChange> = Vec::new();
    for at_one_key in events.chunk_by(|a, b| a.0 == b.0) {
        touched.clear();
        for (_, at, enters) in at_one_key {
            let Served { node, priority, .. } = served[*at];
            let covering = &mut covering[node as usize];
            touched.push(OwnerChange { node, priority: covering.highest() });
            if *enters {
                covering.enter(priority);
            } else {
                covering.leave(priority);
            }
        }
        // The stable sort leaves the priority before the first event of each node in front.
        touched.sort_by_key(|before| before.node);
        touched.dedup_by_key(|before| before.node);
        changes.clear();
        changes.extend(touched.iter().filter_map(|before| {
            let now = covering[before.node as usize].highest();
            (now != before.priority).then_some(OwnerChange { node: before.node, priority: now })
        }));
        if !changes.is_empty() {
            boundary(at_one_key[0].0, &changes);
        }
    }
}
