//! The index over the splits: O(n) memory however many ranges overlap, look-ups in O(log n + k), and changes that cost what they
//! touch.
//!
//! It is a list of groups of [blocks](super::block). When registrations change, the blocks whose keys they cover are written
//! anew, from the registrations that cover their first keys and those that start within: the store finds both. A block begins
//! at a key of its own for as long as it lives, so the owners at its first key may have become those before it.

use core::borrow::Borrow;
use std::sync::Arc;

use super::block::{BLOCK_MIN, BlockWriter, Blocks, Span, for_each_covering};
use super::route::{Candidate, Candidates, First};
use super::sweep::{Served, sweep};
use super::window::owner;
use super::{Owners, Routing};
use crate::hash;
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::life::Counted;
use crate::sort::sort_numbers;
use crate::store::{Interner, RowRef, Store};

/// How many blocks a group has at first, and at most twice as many later.
const GROUP: usize = 64;

/// Up to how many groups are checked at each step in a build with debug assertions.
const CHECKED_MAX: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct SplitIndex<K> {
    /// The first key of each group.
    pub(super) firsts: Vec<K>,
    /// Shared between the copies of an index, and copied when they are changed.
    pub(super) groups: Vec<Arc<Blocks<K>>>,
}

impl<K: Key> SplitIndex<K> {
    /// Sweeps over the visible registrations. O(n log k) for n of which k overlap.
    pub(crate) fn new<'a>(source: impl Into<Source<'a, K>>) -> Self
    where
        K: 'a,
    {
        let source = source.into();
        let store = source.store;
        let names = &store.tables().nodes;
        let numbers: Vec<u32> = (0..names.len() as u32).collect();
        let mut index = Self { firsts: Vec::new(), groups: Vec::new() };
        let mut writer = BlockWriter::new(names, &numbers);
        sweep(store.rows().filter_map(|row| source.served(row)), numbers.len(), None, |key, changes| {
            if writer.blocks() == GROUP {
                index.push(writer.take());
            }
            writer.boundary(key, changes);
        });
        index.push(writer.finish());
        index.groups.shrink_to_fit();
        debug_assert!(index.groups.len() > CHECKED_MAX || index.check(names) == Ok(()));
        index
    }

    /// Makes the index right again after the registrations changed, of which all that changed lie in those ranges.
    ///
    /// O((b + k) log n) for the b boundaries in each range and the k owners there; if they are more than a quarter of all,
    /// O(n log k).
    pub(crate) fn update<'a>(&mut self, source: impl Into<Source<'a, K>>, changed: &[KeyRange<K>])
    where
        K: 'a,
    {
        let source = source.into();
        let blocks: usize = self.groups.iter().map(|group| group.len()).sum();
        let touched: usize = changed.iter().map(|range| self.blocks_in(range)).sum();
        if touched > blocks / 4 {
            *self = Self::new(source);
            return;
        }
        self.update_ranges(source, changed);
    }

    fn update_ranges<'a>(&mut self, source: impl Into<Source<'a, K>>, changed: &[KeyRange<K>])
    where
        K: 'a,
    {
        let source = source.into();
        changed.iter().for_each(|range| self.update_range(source, range));
        let names = &source.store.tables().nodes;
        debug_assert!(self.groups.len() > CHECKED_MAX || self.check(names) == Ok(()));
    }

    /// How many blocks a range touches, counted roughly where it spans groups.
    fn blocks_in(&self, range: &KeyRange<K>) -> usize {
        let (from, to) = self.groups_in(range);
        match to - from {
            0 => 2,
            groups => groups * GROUP,
        }
    }

    /// The first and the last group that a range touches.
    fn groups_in(&self, range: &KeyRange<K>) -> (usize, usize) {
        let from = last_not_after(&self.firsts, range.start());
        let until =
            range.end().map_or(self.firsts.len(), |end| self.firsts.partition_point(|first| first < end));
        (from, until.saturating_sub(1).max(from))
    }

    fn update_range(&mut self, source: Source<'_, K>, range: &KeyRange<K>) {
        let (first_group, last_group) = self.groups_in(range);
        // From the last on: groups may be split, and the indexes before stay.
        for at in (first_group..=last_group).rev() {
            let next = self.firsts.get(at + 1).cloned();
            let Some(group) = self.groups.get_mut(at).map(Arc::make_mut) else { return };
            let from = last_not_after(&group.firsts, range.start());
            let until =
                range.end().map_or(group.len(), |end| group.firsts.partition_point(|first| first < end));
            let mut until = until.max(from + 1);
            if group.keys(from).len() < BLOCK_MIN / 2 && until < group.len() {
                // What has become small is written together with the next.
                until += 1;
            }
            // Only the first block of all can begin later than the range.
            let begin = range.start().min(&group.firsts[from]);
            let begin = if from == 0 && at == 0 { begin.clone() } else { group.firsts[from].clone() };
            let end = group.firsts.get(until).or(next.as_ref());
            group.replace(from..until, blocks_between(source, &begin, end));
            self.firsts[at] = group.firsts[0].clone();
            if group.len() > 2 * GROUP {
                let tail = group.split_off(GROUP);
                self.firsts.insert(at + 1, tail.firsts[0].clone());
                self.groups.insert(at + 1, Arc::new(tail));
            }
        }
    }

    fn push(&mut self, mut group: Blocks<K>) {
        group.shrink();
        if let Some(first) = group.firsts.first() {
            self.firsts.push(first.clone());
            self.groups.push(Arc::new(group));
        }
    }

    /// The owners of one key. O(log n + k) for k owners.
    #[inline]
    pub(crate) fn owners<Q: Ord + ?Sized>(&self, key: &Q, names: &Interner<NodeId>) -> Owners
    where
        K: Borrow<Q>,
    {
        let mut owners = Owners::default();
        self.for_each_owner(key, |span| owners.push(owner(span, names)));
        owners
    }

    /// The owners of one key, each with what it draws, by priority and name. O(log n + k) for k owners.
    pub(crate) fn candidates(&self, key: &K, names: &Interner<NodeId>) -> Candidates {
        let mut candidates = Candidates::new();
        self.for_each_candidate(key, names, |candidate| candidates.push(candidate));
        candidates
    }

    /// The first of them. O(log n + k) for k owners.
    pub(crate) fn first_candidate(
        &self,
        key: &K,
        routing: Routing,
        names: &Interner<NodeId>,
    ) -> Option<Candidate> {
        let mut first = First::default();
        self.for_each_candidate(key, names, |candidate| first.offer(candidate, routing));
        first.candidate()
    }

    #[inline]
    fn for_each_candidate(&self, key: &K, names: &Interner<NodeId>, mut visit: impl FnMut(Candidate)) {
        let key_hash = hash::of(|hasher| key.feed(hasher));
        self.for_each_owner(key, |&Span { node, priority, .. }| {
            visit(Candidate::draw(key_hash, names.hash(node), node, priority));
        });
    }

    #[inline]
    fn for_each_owner<Q: Ord + ?Sized>(&self, key: &Q, visit: impl FnMut(&Span))
    where
        K: Borrow<Q>,
    {
        if let Some(group) = self.groups.get(last_not_after(&self.firsts, key)) {
            let block = last_not_after(&group.firsts, key);
            let after = group.keys(block).partition_point(|boundary| boundary.borrow() <= key);
            if let Some(at) = after.checked_sub(1) {
                for_each_covering(group.spans(block), at, visit);
            }
        }
    }

    /// The blocks of a group.
    pub(super) fn group(&self, at: usize) -> &Blocks<K> {
        &self.groups[at]
    }

    /// The invariants: groups and their blocks in order, none empty.
    fn check(&self, names: &Interner<NodeId>) -> Result<(), &'static str> {
        for (group, first) in self.groups.iter().zip(&self.firsts) {
            if group.firsts.first() != Some(first) || group.len() > 2 * GROUP {
                return Err("a group that begins elsewhere or is too long");
            }
            group.check(names)?;
        }
        let mut keys =
            self.groups.iter().flat_map(|group| (0..group.len()).flat_map(|block| group.keys(block)));
        let mut before = keys.next();
        if keys.all(|key| before.replace(key) < Some(key)) { Ok(()) } else { Err("groups out of order") }
    }
}

/// The last index whose first key is not after `key`; 0 if there is none.
pub(super) fn last_not_after<K: Borrow<Q>, Q: Ord + ?Sized>(firsts: &[K], key: &Q) -> usize {
    firsts.partition_point(|first| first.borrow() <= key).saturating_sub(1)
}

/// What an index is made from: a store, and what of it counts.
pub(crate) struct Source<'a, K> {
    pub(crate) store: &'a Store<K>,
    /// `None` if all does.
    pub(crate) counted: Option<&'a Counted>,
}

impl<K> Clone for Source<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Source<'_, K> {}

impl<'a, K> From<&'a Store<K>> for Source<'a, K> {
    fn from(store: &'a Store<K>) -> Self {
        Self { store, counted: None }
    }
}

impl<'a, K: Key> Source<'a, K> {
    /// A visible registration as the sweep takes it.
    fn served(self, row: RowRef<'a, K>) -> Option<Served<'a, K>> {
        let priority = match self.counted {
            None => row.priority()?,
            Some(counted) => row.living_priority(counted)?,
        };
        Some(Served { start: row.start(), end: row.end(), node: row.node_number(), priority })
    }
}

/// The blocks of the keys from `begin` to `end`.
fn blocks_between<K: Key>(source: Source<'_, K>, begin: &K, end: Option<&K>) -> Blocks<K> {
    let store = source.store;
    let mut within: Vec<Served<'_, K>> = Vec::new();
    store
        .stab(begin, |row| within.extend(source.served(row).map(|served| Served { start: begin, ..served })));
    let starting = store.rows_from(begin).skip_while(|row| row.start() == begin);
    within.extend(
        starting
            .take_while(|row| end.is_none_or(|end| row.start() < end))
            .filter_map(|row| source.served(row)),
    );
    // Numbered anew, so that the sweep needs memory for these nodes only.
    let mut numbers: Vec<u32> = within.iter().map(|served| served.node).collect();
    sort_numbers(&mut numbers, &mut |a, b| a.cmp(&b));
    numbers.dedup();
    for served in &mut within {
        served.node = numbers.partition_point(|number| *number < served.node) as u32;
    }
    let mut writer = BlockWriter::new(&store.tables().nodes, &numbers);
    writer.begin(begin);
    sweep(within.into_iter(), numbers.len(), end, |key, changes| writer.boundary(key, changes));
    writer.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::SplitsIn;
    use super::*;
    use crate::id::ReplicaId;
    use crate::registration::{Entry, Record, RegistrationId};

    /// A registration, and its priority; 0 for none.
    type Change = (u64, u64, u64, u64);

    fn apply(store: &mut Store<u64>, (start, length, node, priority): Change) -> KeyRange<u64> {
        let range = match length {
            0 => KeyRange::from_start(start),
            _ => KeyRange::new(start, start + length).unwrap(),
        };
        let node = NodeId::new(format!("node-{}", node % 7)).unwrap();
        let record = Record { birth: 1, last: 2, net: priority as i64, registered: None, baseline: None };
        let entry = if priority == 0 { Entry::default() } else { Entry::of(ReplicaId::new(1), record) };
        store.edit(&RegistrationId { range: range.clone(), node }, &mut |stored| stored.clone_from(&entry));
        range
    }

    fn splits(index: &SplitIndex<u64>, store: &Store<u64>) -> Vec<String> {
        SplitsIn::all(index, &store.tables().nodes).iter().map(|split| split.to_string()).collect()
    }

    fn changes(keys: u64, lengths: u64, count: usize) -> impl Strategy<Value = Vec<Change>> {
        prop::collection::vec((0..keys, 0..lengths, 0u64..7, 0u64..4), count)
    }

    /// Many narrow ranges, some of them unbounded, and few wide ones.
    fn any_changes() -> impl Strategy<Value = Vec<Change>> {
        prop_oneof![
            changes(3000, 9, 900),
            changes(200, 150, 500),
            changes(3000, 2500, 500),
            changes(40, 4, 200)
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 60 }))]

        #[test]
        fn an_updated_index_is_the_one_from_scratch(before in any_changes(), after in any_changes(), together in 1usize..5) {
            let mut store = Store::default();
            for change in before {
                apply(&mut store, change);
            }
            let mut index = SplitIndex::new(&store);
            for changes in after.chunks(together) {
                let mut changed = super::super::RangeCollector::default();
                changes.iter().for_each(|change| changed.add(apply(&mut store, *change)));
                index.update_ranges(&store, &changed.finish());
                prop_assert_eq!(index.check(&store.tables().nodes), Ok(()));
            }
            let scratch = SplitIndex::new(&store);
            prop_assert_eq!(splits(&index, &store), splits(&scratch, &store));
            let [gaps, from_scratch] = [&index, &scratch].map(|index| {
                let all = SplitsIn::all(index, &store.tables().nodes).within(&KeyRange::full()).into_window();
                all.ranges_by_count(|count| count == 0).collect::<Vec<_>>()
            });
            prop_assert_eq!(gaps, from_scratch);
            for key in 0..5600 {
                prop_assert_eq!(index.owners(&key, &store.tables().nodes), scratch.owners(&key, &store.tables().nodes));
            }
        }
    }

    #[test]
    fn blocks_stay_of_a_size_while_ranges_come_and_go() {
        let mut store = Store::default();
        let mut index = SplitIndex::new(&store);
        let blocks = |index: &SplitIndex<u64>| index.groups.iter().map(|group| group.len()).sum::<usize>();
        let change = |store: &mut Store<u64>, index: &mut SplitIndex<u64>, at: u64, priority| {
            let range = apply(store, (10 * at, 7, at, priority));
            index.update(&*store, &[range]);
        };
        (0..5000).for_each(|at| change(&mut store, &mut index, at, 1));
        assert!((300..1300).contains(&blocks(&index)), "{}", blocks(&index));
        (100..5000).for_each(|at| change(&mut store, &mut index, at, 0));
        assert_eq!(splits(&index, &store).len(), 100);
        assert!(blocks(&index) < 300, "{}", blocks(&index));
    }

    #[test]
    fn ranges_that_all_overlap_take_linear_memory() {
        let mut store = Store::default();
        for at in 0..4000 {
            apply(&mut store, (at, 20_000 - 2 * at, at, 1 + at % 3));
            store.edit(
                &RegistrationId {
                    range: KeyRange::new(at, 20_000 - at).unwrap(),
                    node: NodeId::new(format!("n{at}")).unwrap(),
                },
                &mut |stored| {
                    *stored = Entry::of(
                        ReplicaId::new(2),
                        Record { birth: at + 1, last: at + 1, net: 5, registered: None, baseline: None },
                    )
                },
            );
        }
        let index = SplitIndex::new(&store);
        let blocks =
            || index.groups.iter().flat_map(|group| (0..group.len()).map(move |block| (group, block)));
        let spans: usize = blocks().map(|(group, block)| group.spans(block).len()).sum();
        let boundaries: usize = blocks().map(|(group, block)| group.keys(block).len()).sum();
        assert!(boundaries >= 8000 && spans < 4 * boundaries, "{spans} spans for {boundaries} boundaries");
        assert_eq!(index.owners(&4500, &store.tables().nodes).len(), 4007);
    }
}
