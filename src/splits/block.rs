//! Blocks of consecutive boundaries, each with its owners in order of preference.
//!
//! For each owner of any key in a block, the block holds a *span*: the node, its priority, and at which of the block's
//! boundaries it begins and ceases to own. The spans are in order of preference, so the owners from a boundary on are found by
//! passing over the spans once: no sorting, no search. A block has as many boundaries as it takes over owners from the block
//! before, and at least [`BLOCK_MIN`]. So all blocks together hold O(n) spans, however many ranges overlap, and passing over
//! a block takes O(k) for the k owners at its beginning, or for [`BLOCK_MIN`].

use core::cmp::Reverse;
use core::ops::Range;

use super::sweep::OwnerChange;
use crate::id::NodeId;
use crate::key::Key;
use crate::store::Interner;

/// The least number of boundaries of a block that is followed by another.
pub(super) const BLOCK_MIN: usize = 16;

/// The greatest, for which positions are counted in 16 bits.
const BLOCK_MAX: usize = 1 << 15;

/// An owner within a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) priority: u64,
    pub(super) node: u32,
    /// The boundary at which the node begins to own with that priority.
    pub(super) from: u16,
    /// The boundary at which it ceases to.
    pub(super) to: u16,
}

impl Span {
    /// Whether the node owns the keys from that boundary to the next.
    pub(super) fn covers(&self, at: u16) -> bool {
        // One comparison: what lies before `from` wraps around.
        at.wrapping_sub(self.from) < self.to - self.from
    }
}

/// Visits those of a block's spans that cover a boundary, in order.
///
/// Which spans do is unpredictable, so a branch for each would be guessed wrong often. Instead they are marked in a word, 64 at
/// a time, and the marks are counted off.
#[inline]
pub(super) fn for_each_covering<'a>(spans: &'a [Span], at: usize, mut visit: impl FnMut(&'a Span)) {
    for spans in spans.chunks(64) {
        let mut marks =
            spans.iter().rev().fold(0u64, |marks, span| marks << 1 | u64::from(span.covers(at as u16)));
        while marks != 0 {
            visit(&spans[marks.trailing_zeros() as usize]);
            marks &= marks - 1;
        }
    }
}

/// Stands for the end of a span that is still open.
const OPEN: u16 = u16::MAX;

/// Stands for a node without an open span.
const NONE: u32 = u32::MAX;

/// Some blocks in key order, their parts one after the other.
#[derive(Clone, Debug)]
pub(super) struct Blocks<K> {
    /// The first key of each block.
    pub(super) firsts: Vec<K>,
    /// Where the keys and the spans of each block end.
    ends: Vec<(u32, u32)>,
    /// The boundaries.
    keys: Vec<K>,
    spans: Vec<Span>,
}

impl<K> Default for Blocks<K> {
    fn default() -> Self {
        Self { firsts: Vec::new(), ends: Vec::new(), keys: Vec::new(), spans: Vec::new() }
    }
}

impl<K: Key> Blocks<K> {
    pub(super) fn len(&self) -> usize {
        self.firsts.len()
    }

    /// The boundaries of a block.
    pub(super) fn keys(&self, block: usize) -> &[K] {
        &self.keys[self.begin(block).0..self.ends[block].0 as usize]
    }

    /// The owners of a block, in order of preference.
    pub(super) fn spans(&self, block: usize) -> &[Span] {
        &self.spans[self.begin(block).1..self.ends[block].1 as usize]
    }

    fn begin(&self, block: usize) -> (usize, usize) {
        block.checked_sub(1).map_or((0, 0), |before| {
            let (keys, spans) = self.ends[before];
            (keys as usize, spans as usize)
        })
    }

    fn push(&mut self, keys: &[K], spans: impl Iterator<Item = Span>) {
        self.firsts.extend(keys.first().cloned());
        self.keys.extend_from_slice(keys);
        self.spans.extend(spans);
        self.ends.push((self.keys.len() as u32, self.spans.len() as u32));
    }

    /// Gives back memory that is not needed.
    pub(super) fn shrink(&mut self) {
        self.firsts.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.keys.shrink_to_fit();
        self.spans.shrink_to_fit();
    }

    /// Replaces some blocks by others. O(keys and spans).
    pub(super) fn replace(&mut self, blocks: Range<usize>, by: Self) {
        let (keys_from, spans_from) = self.begin(blocks.start);
        let (keys_to, spans_to) = self.begin(blocks.end);
        let (keys, spans) = (by.keys.len(), by.spans.len());
        self.firsts.splice(blocks.clone(), by.firsts);
        self.keys.splice(keys_from..keys_to, by.keys);
        self.spans.splice(spans_from..spans_to, by.spans);
        for (key_end, span_end) in &mut self.ends[blocks.end..] {
            *key_end = (*key_end as usize - keys_to + keys_from + keys) as u32;
            *span_end = (*span_end as usize - spans_to + spans_from + spans) as u32;
        }
        let ends = by.ends.into_iter();
        self.ends.splice(blocks, ends.map(|(key, span)| (key + keys_from as u32, span + spans_from as u32)));
    }

    /// Takes the blocks from `at` on.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let (keys_from, spans_from) = self.begin(at);
        let mut ends = self.ends.split_off(at);
        for (key_end, span_end) in &mut ends {
            *key_end -= keys_from as u32;
            *span_end -= spans_from as u32;
        }
        Self {
            firsts: self.firsts.split_off(at),
            ends,
            keys: self.keys.split_off(keys_from),
            spans: self.spans.split_off(spans_from),
        }
    }

    /// The invariants: keys ascend, spans lie within their block and are in order of preference, and no node owns a key twice.
    pub(super) fn check(&self, names: &Interner<NodeId>) -> Result<(), &'static str> {
        if !self.keys.is_sorted_by(|a, b| a < b) {
            return Err("boundaries out of order");
        }
        for block in 0..self.len() {
            let (keys, spans) = (self.keys(block), self.spans(block));
            if keys.first() != Some(&self.firsts[block]) {
                return Err("a block that begins elsewhere");
            }
            if spans.iter().any(|span| span.from >= span.to || usize::from(span.to) > keys.len()) {
                return Err("a span that is empty or leaves its block");
            }
            if !spans.is_sorted_by(|a, b| preference(a, names) <= preference(b, names)) {
                return Err("owners out of order");
            }
            let mut by_node: Vec<&Span> = spans.iter().collect();
            by_node.sort_by_key(|span| (span.node, span.from));
            if by_node.windows(2).any(|pair| pair[0].node == pair[1].node && pair[0].to > pair[1].from) {
                return Err("a node that owns a key twice");
            }
        }
        Ok(())
    }
}

/// The order of owners: by priority, the highest first, then by name.
fn preference<'a>(span: &Span, names: &'a Interner<NodeId>) -> (Reverse<u64>, &'a NodeId) {
    (Reverse(span.priority), names.get(span.node))
}

/// Writes blocks from the changes at boundaries, which come in key order.
pub(super) struct BlockWriter<'a, K> {
    names: &'a Interner<NodeId>,
    /// The store's number of each node by the number that it has here.
    numbers: &'a [u32],
    /// The index of each node's open span.
    open: Vec<u32>,
    keys: Vec<K>,
    /// The spans of the block that is being written, with the nodes as they are numbered here.
    spans: Vec<Span>,
    /// How many of them were taken over from the block before.
    carried: usize,
    written: Blocks<K>,
}

impl<'a, K: Key> BlockWriter<'a, K> {
    /// A writer of nothing yet. `numbers` are the store's numbers of the nodes.
    pub(super) fn new(names: &'a Interner<NodeId>, numbers: &'a [u32]) -> Self {
        let open = vec![NONE; numbers.len()];
        let (keys, spans) = (Vec::new(), Vec::new());
        Self { names, numbers, open, keys, spans, carried: 0, written: Blocks::default() }
    }

    /// Begins the first block at `key`, whether or not anybody owns it.
    pub(super) fn begin(&mut self, key: &K) {
        self.keys.push(key.clone());
    }

    /// How many blocks are written.
    pub(super) fn blocks(&self) -> usize {
        self.written.len()
    }

    /// Hands out the blocks that are written.
    pub(super) fn take(&mut self) -> Blocks<K> {
        core::mem::take(&mut self.written)
    }

    /// Writes a boundary.
    pub(super) fn boundary(&mut self, key: &K, changes: &[OwnerChange]) {
        if self.keys.last() != Some(key) {
            if self.keys.len() >= BLOCK_MAX || self.keys.len() >= self.carried.max(BLOCK_MIN) {
                self.end_block();
            }
            self.keys.push(key.clone());
        }
        let at = (self.keys.len() - 1) as u16;
        for change in changes {
            let node = change.node as usize;
            if let Some(span) = self.spans.get_mut(self.open[node] as usize) {
                span.to = at;
            }
            self.open[node] = NONE;
            if change.priority > 0 {
                self.open[node] = self.spans.len() as u32;
                self.spans.push(Span { priority: change.priority, node: change.node, from: at, to: OPEN });
            }
        }
    }

    /// Ends the last block.
    pub(super) fn finish(mut self) -> Blocks<K> {
        if !self.keys.is_empty() {
            self.end_block();
        }
        self.written
    }

    fn end_block(&mut self) {
        // At the first boundary of a block, what was taken over may cease at once.
        self.spans.retain(|span| span.from < span.to);
        let (names, numbers) = (self.names, self.numbers);
        let name = |span: &Span| names.get(numbers[span.node as usize]);
        self.spans.sort_unstable_by(|a, b| b.priority.cmp(&a.priority).then_with(|| name(a).cmp(name(b))));
        let length = self.keys.len() as u16;
        let finished = self.spans.iter().map(|span| Span {
            node: numbers[span.node as usize],
            to: span.to.min(length),
            ..*span
        });
        self.written.push(&self.keys, finished);
        self.keys.clear();
        self.spans.retain(|span| span.to == OPEN);
        for (index, span) in self.spans.iter_mut().enumerate() {
            span.from = 0;
            self.open[span.node as usize] = index as u32;
        }
        self.carried = self.spans.len();
    }
}
