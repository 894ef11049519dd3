//! The sweep: from visible registrations to the boundaries at which owners change.
//!
//! It visits the ends of all ranges in key order and keeps, for each node, a heap of its ranges that cover the current key, the
//! highest priority on top. A node owns a key with the highest of them, so a boundary matters only if that highest one changed
//! for some node; boundaries that change nobody's disappear by themselves, which makes the splits maximal. The ends that are
//! still to come wait in a heap too, which holds no more ranges than overlap, so nothing is sorted as a whole: O(n log k) for
//! n ranges of which k overlap. A range that has ended stays in its node's heap until it comes to the top.

use core::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::key::Key;

/// A range served by the node of that number.
#[derive(Clone, Copy)]
pub(super) struct Served<'a, K> {
    pub(super) start: &'a K,
    /// `None` if the range is unbounded.
    pub(super) end: Option<&'a K>,
    pub(super) node: u32,
    pub(super) priority: u64,
}

/// A node's priority from a boundary on; 0 if it owns nothing there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OwnerChange {
    pub(super) node: u32,
    pub(super) priority: u64,
}

/// A range that covers the current key, or has ended. Ordered by priority alone.
struct Covering<'a, K> {
    priority: u64,
    end: Option<&'a K>,
}

impl<K> PartialEq for Covering<'_, K> {
    fn eq(&self, other: &Self) -> bool {
        self.priority == other.priority
    }
}

impl<K> Eq for Covering<'_, K> {}

impl<K> Ord for Covering<'_, K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.priority.cmp(&other.priority)
    }
}

impl<K> PartialOrd for Covering<'_, K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The ranges of one node that cover the current key, and some that have ended.
struct NodeRanges<'a, K> {
    covering: BinaryHeap<Covering<'a, K>>,
    /// Whether one of them begins or ends at the current key.
    is_touched: bool,
}

impl<K: Key> NodeRanges<'_, K> {
    fn highest(&self) -> u64 {
        self.covering.peek().map_or(0, |covering| covering.priority)
    }

    /// Remembers the priority before what happens at the current key, the first time that something does.
    fn touch(&mut self, node: u32, touched: &mut Vec<OwnerChange>) {
        if !core::mem::replace(&mut self.is_touched, true) {
            touched.push(OwnerChange { node, priority: self.highest() });
        }
    }

    /// Takes ranges that have ended at `key` from the top.
    fn leave(&mut self, key: &K) {
        while self.covering.peek().is_some_and(|covering| covering.end.is_some_and(|end| end <= key)) {
            self.covering.pop();
        }
    }
}

/// Calls `boundary` for each key below `until` at which the owners change, in order, with one change for each node.
///
/// The ranges come in the order of their starts; their nodes are numbered below `nodes`.
pub(super) fn sweep<'a, K: Key + 'a>(
    served: impl Iterator<Item = Served<'a, K>>,
    nodes: usize,
    until: Option<&K>,
    mut boundary: impl FnMut(&K, &[OwnerChange]),
) {
    let mut starts = served.peekable();
    let mut ends: BinaryHeap<Reverse<(&K, u32)>> = BinaryHeap::new();
    let no_ranges = |_| NodeRanges { covering: BinaryHeap::new(), is_touched: false };
    let mut ranges: Vec<NodeRanges<'_, K>> = (0..nodes).map(no_ranges).collect();
    let mut touched: Vec<OwnerChange> = Vec::new();
    loop {
        let key = match (starts.peek(), ends.peek()) {
            (Some(served), Some(Reverse((end, _)))) => served.start.min(end),
            (Some(served), None) => served.start,
            (None, Some(Reverse((end, _)))) => end,
            (None, None) => return,
        };
        if until.is_some_and(|until| until <= key) {
            return;
        }
        touched.clear();
        while let Some(Reverse((_, node))) = ends.peek().filter(|Reverse((end, _))| *end == key) {
            let ranges = &mut ranges[*node as usize];
            ranges.touch(*node, &mut touched);
            ranges.leave(key);
            ends.pop();
        }
        while let Some(Served { end, node, priority, .. }) = starts.next_if(|served| served.start == key) {
            let ranges = &mut ranges[node as usize];
            ranges.touch(node, &mut touched);
            ranges.covering.push(Covering { priority, end });
            ends.extend(end.map(|end| Reverse((end, node))));
        }
        touched.retain_mut(|change| {
            let ranges = &mut ranges[change.node as usize];
            ranges.is_touched = false;
            let now = ranges.highest();
            core::mem::replace(&mut change.priority, now) != now
        });
        if !touched.is_empty() {
            boundary(key, &touched);
        }
    }
}
