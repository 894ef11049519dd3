//! The sweep: from visible registrations to the boundaries at which owners change.
//!
//! It visits the ends of all ranges in key order and keeps, for each node, a heap of its ranges that cover the current key, the
//! highest priority on top. A node owns a key with the highest of them, so a boundary matters only if that highest one changed
//! for some node; boundaries that change nobody's disappear by themselves, which makes the splits maximal. A range that has
//! ended stays in its heap until it comes to the top, so each is pushed and popped once: O(n log n), however many overlap.

use core::cmp::Ordering;
use std::collections::BinaryHeap;

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

/// The ranges of one node that cover the current key, as (priority, place in the list of ranges), and some that have ended.
#[derive(Clone, Default)]
struct Covering(BinaryHeap<(u64, u32)>);

impl Covering {
    fn highest(&self) -> u64 {
        self.0.peek().map_or(0, |(priority, _)| *priority)
    }

    /// Takes ranges that have ended at `key` from the top.
    fn leave<K: Key>(&mut self, served: &[Served<'_, K>], key: &K) {
        let has_ended = |at: u32| served[at as usize].range.end().is_some_and(|end| end <= key);
        while self.0.peek().is_some_and(|(_, at)| has_ended(*at)) {
            self.0.pop();
        }
    }
}

/// Calls `boundary` for each key at which the owners change, in order, with the changes ordered by node.
///
/// The ranges, fewer than 2^32, come in the order of their starts.
pub(super) fn sweep<'a, K: Key>(
    served: &[Served<'a, K>],
    nodes: usize,
    mut boundary: impl FnMut(&'a K, &[OwnerChange]),
) {
    debug_assert!(served.is_sorted_by_key(|served| served.range.start()));
    let mut ends: Vec<(&K, u32)> =
        served.iter().filter_map(|served| Some((served.range.end()?, served.node))).collect();
    ends.sort_unstable_by_key(|(end, _)| *end);
    let mut ends = ends.into_iter().peekable();
    let mut starts = served.iter().zip(0..).peekable();

    let mut covering = vec![Covering::default(); nodes];
    let mut touched: Vec<OwnerChange> = Vec::new();
    let mut changes: Vec<OwnerChange> = Vec::new();
    loop {
        let key = match (starts.peek(), ends.peek()) {
            (Some((served, _)), Some((end, _))) => served.range.start().min(*end),
            (Some((served, _)), None) => served.range.start(),
            (None, Some((end, _))) => *end,
            (None, None) => return,
        };
        touched.clear();
        while let Some((_, node)) = ends.next_if(|(end, _)| *end == key) {
            let covering = &mut covering[node as usize];
            touched.push(OwnerChange { node, priority: covering.highest() });
            covering.leave(served, key);
        }
        while let Some((Served { node, priority, .. }, at)) =
            starts.next_if(|(served, _)| served.range.start().cmp(key) == Ordering::Equal)
        {
            let covering = &mut covering[*node as usize];
            touched.push(OwnerChange { node: *node, priority: covering.highest() });
            covering.0.push((*priority, at));
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
            boundary(key, &changes);
        }
    }
}
