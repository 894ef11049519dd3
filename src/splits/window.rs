//! A window of keys, read from the index: one search finds the block of its first key, and from there one boundary follows the other.
//!
//! Between two boundaries lies a *stretch* of keys with the same owners. Whatever is asked of a window is a fold over its stretches.

use super::block::Span;
use super::index::{SplitIndex, last_not_after};
use super::walk::Walk;
use super::{Owner, Owners};
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::sort::sorted;
use crate::store::Interner;

/// The stretches of a window, one after the other.
#[derive(Clone)]
pub(crate) struct Window<'a, K> {
    index: &'a SplitIndex<K>,
    names: &'a Interner<NodeId>,
    start: Option<K>,
    end: Option<K>,
    place: Place,
    /// The boundaries of the block.
    keys: &'a [K],
    walk: Walk<'a>,
}

/// How far a walk has come.
#[derive(Clone, Copy)]
enum Place {
    /// Before the first stretch.
    Before,
    /// In the one before the first boundary of all, which nobody owns.
    Ahead,
    /// In one that begins at a boundary, or in the first of the window, which it cuts.
    At(Boundary),
    /// After the last.
    After,
}

/// Where a boundary is in the index.
#[derive(Clone, Copy)]
struct Boundary {
    group: usize,
    block: usize,
    at: usize,
    /// Whether the window cuts the stretch.
    is_cut: bool,
}

impl<'a, K: Key> Window<'a, K> {
    /// Before the first stretch from `start` on, or from the first boundary on.
    pub(super) fn new(
        index: &'a SplitIndex<K>,
        names: &'a Interner<NodeId>,
        start: Option<K>,
        end: Option<K>,
    ) -> Self {
        Self { index, names, start, end, place: Place::Before, keys: &[], walk: Walk::default() }
    }

    /// Goes to the next stretch; `false` after the last one. O(log n) for the first, and O(1) and what changes for each other.
    pub(super) fn step(&mut self) -> bool {
        self.place = match self.place {
            Place::Before => self.first(),
            Place::Ahead => self.enter(0, 0),
            Place::At(Boundary { group, block, at, .. }) if at + 1 < self.keys.len() => {
                if self.is_after(&self.keys[at + 1]) {
                    Place::After
                } else {
                    self.walk.step(at + 1, at + 1);
                    Place::At(Boundary { group, block, at: at + 1, is_cut: false })
                }
            }
            Place::At(Boundary { group, block, .. }) if block + 1 < self.index.group(group).len() => {
                self.enter(group, block + 1)
            }
            Place::At(Boundary { group, .. }) => self.enter(group + 1, 0),
            Place::After => Place::After,
        };
        !matches!(self.place, Place::After)
    }

    /// Where the window begins.
    fn first(&mut self) -> Place {
        let Some(start) = &self.start else { return self.enter(0, 0) };
        let group = last_not_after(&self.index.firsts, start);
        let Some(blocks) = self.index.groups.get(group) else { return Place::Ahead };
        let block = last_not_after(&blocks.firsts, start);
        let keys = blocks.keys(block);
        let Some(at) = keys.partition_point(|key| key <= start).checked_sub(1) else { return Place::Ahead };
        self.keys = keys;
        self.walk.enter(keys.len(), blocks.spans(block));
        self.walk.step(0, at);
        Place::At(Boundary { group, block, at, is_cut: true })
    }

    /// The first boundary of a block.
    fn enter(&mut self, group: usize, block: usize) -> Place {
        let Some(blocks) = self.index.groups.get(group) else { return Place::After };
        let keys = blocks.keys(block);
        if self.is_after(&keys[0]) {
            return Place::After;
        }
        self.keys = keys;
        self.walk.enter(keys.len(), blocks.spans(block));
        self.walk.step(0, 0);
        Place::At(Boundary { group, block, at: 0, is_cut: false })
    }

    fn is_after(&self, key: &K) -> bool {
        self.end.as_ref().is_some_and(|end| end <= key)
    }

    /// The first key of the stretch; `None` before the first and after the last.
    pub(super) fn start(&self) -> Option<K> {
        match self.place {
            Place::Ahead | Place::At(Boundary { is_cut: true, .. }) => self.start.clone(),
            Place::At(Boundary { at, .. }) => Some(self.keys[at].clone()),
            Place::Before | Place::After => None,
        }
    }

    /// Where the stretch ends, if that shows within its block: at the first boundary of the next one the owners may be the same.
    fn end_in_block(&self) -> Option<Option<K>> {
        let Place::At(Boundary { at, .. }) = self.place else { return None };
        let key = self.keys.get(at + 1)?;
        Some(if self.is_after(key) { self.end.clone() } else { Some(key.clone()) })
    }

    /// How many own the stretch. O(1).
    pub(super) fn count(&self) -> usize {
        if let Place::At(_) = self.place { self.walk.count() } else { 0 }
    }

    /// Visits the owners of the stretch, in order of preference, by their numbers. O(1) each.
    #[inline]
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u32)) {
        if let Place::At(_) = self.place {
            self.walk.for_each(|index| visit(self.walk.spans()[index].node));
        }
    }

    /// The owners of the stretch, in order of preference. O(k) for k of them.
    fn owners(&self) -> Owners {
        let mut owners = Owners::default();
        if let Place::At(_) = self.place {
            self.walk.for_each(|index| owners.push(owner(&self.walk.spans()[index], self.names)));
        }
        owners
    }

    /// The ranges with the same owners, those of nobody as well, which together are the window. Only who owns a key of it is asked for his
    /// name. O(k) for each boundary with k owners.
    pub(crate) fn stretches(mut self) -> impl Iterator<Item = (KeyRange<K>, Owners)> + 'a
    where
        K: 'a,
    {
        let mut open: Option<(K, Owners)> = None;
        core::iter::from_fn(move || {
            while self.step() {
                let Some(next) = self.start() else { continue };
                let owners = self.owners();
                match open.take() {
                    Some((start, before)) if before == owners => open = Some((start, before)),
                    Some((start, before)) => {
                        open = Some((next.clone(), owners));
                        return Some((KeyRange::between(start, Some(next)), before));
                    }
                    None => open = Some((next, owners)),
                }
            }
            let (start, owners) = open.take()?;
            Some((KeyRange::between(start, self.end()), owners))
        })
    }

    /// The end of what begins in the window, has not ended before it, and ends with it.
    pub(super) fn end(&self) -> Option<K> {
        self.end.clone()
    }

    /// The name that a span has the number of.
    pub(super) fn name(&self, node: u32) -> &'a NodeId {
        self.names.get(node)
    }

    /// The maximal ranges in which the number of owners is one that `is_wanted`.
    pub(crate) fn ranges_by_count(
        self,
        is_wanted: impl Fn(usize) -> bool + 'a,
    ) -> impl Iterator<Item = KeyRange<K>> + 'a
    where
        K: 'a,
    {
        self.ranges_where(move |stretch| is_wanted(stretch.count()))
    }

    /// The maximal ranges of the stretches that are wanted.
    pub(crate) fn ranges_where(
        mut self,
        is_wanted: impl Fn(&Self) -> bool + 'a,
    ) -> impl Iterator<Item = KeyRange<K>> + 'a
    where
        K: 'a,
    {
        let mut start: Option<K> = None;
        core::iter::from_fn(move || {
            while self.step() {
                if !is_wanted(&self) {
                    if let Some(start) = start.take() {
                        return Some(KeyRange::between(start, self.start()));
                    }
                } else if start.is_none() {
                    start = self.start();
                }
            }
            start.take().map(|start| KeyRange::between(start, self.end()))
        })
    }

    /// Everybody who owns some key of the window, with the highest priority there, in order of preference. O(log n + s log s) for
    /// the s spans of its blocks.
    pub(crate) fn all_owners(mut self) -> Owners {
        let mut spans: Vec<&Span> = Vec::new();
        while self.step() {
            let Place::At(boundary) = self.place else { continue };
            let until = self.keys.partition_point(|key| !self.is_after(key));
            let is_within =
                |span: &&Span| usize::from(span.to) > boundary.at && usize::from(span.from) < until;
            spans.extend(self.walk.spans().iter().filter(is_within));
            // On to the next block.
            self.place = Place::At(Boundary { at: self.keys.len() - 1, ..boundary });
        }
        let by_node = |a: &&Span, b: &&Span| a.node.cmp(&b.node).then(b.priority.cmp(&a.priority));
        let mut spans = sorted(&spans, by_node);
        spans.dedup_by_key(|span| span.node);
        let name = |span: &Span| self.names.get(span.node);
        let spans = sorted(&spans, |a, b| b.priority.cmp(&a.priority).then_with(|| name(a).cmp(name(b))));
        let mut owners = Owners::default();
        spans.into_iter().for_each(|span| owners.push(owner(span, self.names)));
        owners
    }
}

/// An owner by its name.
pub(super) fn owner(span: &Span, names: &Interner<NodeId>) -> Owner {
    Owner { node: names.get(span.node).clone(), priority: span.priority }
}

/// The splits of a window, one after the other. Their owners lie here and are changed from one to the next: mostly it is one who begins or
/// ceases to own.
#[derive(Clone)]
pub(super) struct Cursor<'a, K> {
    window: Window<'a, K>,
    /// The spans of the block by their names, found together: that takes much less time than one by one.
    named: Vec<Owner>,
    /// The owners of the split.
    pub(super) owners: Vec<Owner>,
    /// Those of the next stretch, if the window has come to it already.
    ahead: Vec<Owner>,
    is_ahead: bool,
}

impl<'a, K: Key> Cursor<'a, K> {
    pub(super) fn new(window: Window<'a, K>) -> Self {
        Self { window, named: Vec::new(), owners: Vec::new(), ahead: Vec::new(), is_ahead: false }
    }

    /// Goes to the next split, and tells its keys; `None` after the last. O(1) and what changes, and O(k) at the first of a block.
    #[inline]
    pub(super) fn step(&mut self) -> Option<KeyRange<K>> {
        loop {
            if core::mem::take(&mut self.is_ahead) {
                core::mem::swap(&mut self.owners, &mut self.ahead);
            } else if self.window.step() {
                self.list();
            } else {
                return None;
            }
            if !self.owners.is_empty() {
                break;
            }
        }
        let start = self.window.start()?;
        let end = loop {
            if let Some(end) = self.window.end_in_block() {
                break end;
            }
            core::mem::swap(&mut self.owners, &mut self.ahead);
            let is_any = self.window.step();
            self.list();
            core::mem::swap(&mut self.owners, &mut self.ahead);
            if !is_any {
                break self.window.end();
            }
            if self.ahead != self.owners {
                self.is_ahead = true;
                break self.window.start();
            }
        };
        Some(KeyRange::between(start, end))
    }

    /// Lists the owners of the stretch, given those of the one before, unless it is the first of its block.
    fn list(&mut self) {
        let Self { window, named, owners, .. } = self;
        let Place::At(Boundary { at, is_cut, .. }) = window.place else { return owners.clear() };
        if at > 0 && !is_cut {
            return window.walk.follow(at, named, owners);
        }
        named.clear();
        named.extend(window.walk.spans().iter().map(|span| owner(span, window.names)));
        window.walk.list(named, owners);
    }
}
