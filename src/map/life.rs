//! The living answer: who serves which keys as of who is alive, beside the agreed answer, which knows no clock.

use std::sync::OnceLock;

use super::RangeMap;
use super::by_writer::ByWriter;
use super::cache::{Derived, NOTED_MIN};
use crate::id::{NodeId, ReplicaId};
use crate::key::{Key, KeyRange};
use crate::life::Counted;
use crate::registration::RegistrationId;
use crate::splits::{Answer, RangeCollector, Source, SplitIndex, SplitsIn};
use crate::store::{Living, RowRef, Store};
use crate::watch::{WatchId, Watched, Watchers};

/// Who is alive, and what follows from it.
#[derive(Clone, Debug)]
pub(super) struct Life<K> {
    pub(super) counted: Counted,
    /// Whether the living answer was ever asked for: before that, nothing is kept for it.
    is_asked: OnceLock<()>,
    /// The living splits. There are none while nothing is bound to a life and no node is down: then they are the agreed ones.
    index: Derived<SplitIndex<K>, RangeCollector<K>>,
    by_writer: Derived<ByWriter<K>, Vec<RegistrationId<K>>>,
    /// The ranges whose living owners changed and that were not taken yet, if somebody takes them.
    news: Option<RangeCollector<K>>,
    /// While there are any, there is an index, also if it is the agreed one.
    pub(super) watchers: Watchers<K>,
}

/// What changed of the living answer.
pub(super) struct LifeChanges<K> {
    ranges: RangeCollector<K>,
    /// The registrations of which a record that is left is bound to a life, if they are to be noted.
    bound: Option<Vec<RegistrationId<K>>>,
}

impl<K: Key> LifeChanges<K> {
    /// Notes a registration that changed. O(1) amortised.
    pub(super) fn add(&mut self, living: Living, id: impl Fn() -> RegistrationId<K>) {
        if living.before != living.after {
            self.ranges.add(id().range);
        }
        if living.is_bound
            && let Some(bound) = &mut self.bound
        {
            bound.push(id());
        }
    }
}

impl<K: Key> Life<K> {
    pub(super) fn new(own: ReplicaId) -> Self {
        let (is_asked, index, by_writer) = Default::default();
        let watchers = Watchers::of_living();
        Self { counted: Counted::new(own), is_asked, index, by_writer, news: None, watchers }
    }

    /// Who counts, and where to note what changes; `None` while nobody ever asked. O(1).
    pub(super) fn changes(&mut self) -> Option<(&Counted, LifeChanges<K>)> {
        let follows_writers = self.by_writer.exists();
        if !follows_writers && self.is_asked.get().is_none() {
            return None;
        }
        let bound = follows_writers.then(Vec::new);
        Some((&self.counted, LifeChanges { ranges: RangeCollector::default(), bound }))
    }

    /// Takes what changed in that store, or will soon. O(1) for each range and registration, and what the watches [take](Watchers::note).
    pub(super) fn take(&mut self, changes: LifeChanges<K>, store: &Store<K>) {
        self.forget(&changes.ranges.finish(), store);
        let bound = changes.bound.unwrap_or_default();
        if bound.is_empty() {
            return;
        }
        if let Some((index, noted)) = self.by_writer.stale() {
            noted.extend(bound);
            // From there on it is as well made anew.
            if noted.len() > index.len() / 4 + NOTED_MIN {
                self.by_writer = Derived::default();
            }
        }
    }

    /// Remembers that those ranges have other living owners now, as [`Cache::forget`](super::cache::Cache::forget) does of agreed ones.
    fn forget(&mut self, changed: &[KeyRange<K>], store: &Store<K>) {
        if changed.is_empty() {
            return;
        }
        let index = self.index.stale().map(|(index, ranges)| {
            if !self.watchers.is_empty() {
                self.watchers.note(changed, &SplitsIn::all(index, &store.tables().nodes));
            }
            ranges
        });
        let news = self.is_asked.get().and(self.news.as_mut());
        for collector in index.into_iter().chain(news) {
            changed.iter().for_each(|range| collector.add(range.clone()));
        }
    }

    /// Sets who watches, from now on.
    pub(super) fn set_watchers(&mut self, watchers: Watchers<K>, store: &Store<K>) {
        self.watchers = watchers;
        self.follow(store);
    }

    /// Begins to watch a range. O(log w) for w watches, once there is an index.
    pub(super) fn watch(&mut self, range: &KeyRange<K>, store: &Store<K>) -> WatchId {
        let watch = self.watchers.add(range);
        self.follow(store);
        watch
    }

    /// Keeps an index from now on, if anybody watches.
    fn follow(&self, store: &Store<K>) {
        if !self.watchers.is_empty() {
            self.is_asked.get_or_init(|| ());
            self.index(store);
        }
    }

    /// What is to be told next to a watch.
    pub(super) fn next_watched(&mut self, store: &Store<K>) -> Option<Watched<K>> {
        if !self.watchers.is_hit() {
            return None;
        }
        self.index(store);
        let index = self.index.current()?;
        self.watchers.take(&SplitsIn::all(index, &store.tables().nodes))
    }

    fn index(&self, store: &Store<K>) -> &SplitIndex<K> {
        let source = Source { store, counted: Some(&self.counted) };
        self.index.get(|stale| match stale {
            None => SplitIndex::new(source),
            Some((mut index, changed)) => {
                index.update(source, &changed.finish());
                index
            }
        })
    }

    pub(super) fn by_writer(&self, store: &Store<K>) -> &ByWriter<K> {
        self.by_writer.get(|stale| match stale {
            None => ByWriter::new(store),
            Some((mut index, changed)) => {
                index.update(store, &changed);
                index
            }
        })
    }
}

impl<K: Key> RangeMap<K> {
    /// The answer as of who is alive, beside the agreed one: the same questions, answered from what counts at present *here*. Two replicas
    /// that know the same may answer differently, if they see others alive. It never enters the state, and has no
    /// [version](Self::answer_version).
    ///
    /// It counts what permanent writers contributed, and of [ephemeral](ReplicaId#ephemeral-writers) ones what this replica itself did and
    /// those that are [present](Self::set_present); and nothing of nodes that are [marked as down](Self::mark_down). A registration's
    /// living priority is 1 if a register is left of a writer that counts, plus the adjustments left of those; it is visible from 1 on.
    ///
    /// A [`Node`](crate::Node) knows who is present. While no ephemeral writer is known and no node is down, it is the agreed answer, and
    /// costs nothing. Else the first call takes O(n log k), and each later one what the [agreed](Self::owners) takes: splits are computed
    /// again where changes touched them. When a writer comes or goes that takes O(log n) for each of its registrations.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let (node, range): (NodeId, _) = ("tab-7".parse()?, KeyRange::new(0u64, 100)?);
    /// let tab = ReplicaId::ephemeral(7);
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// map.merge(&RangeMap::new(tab).register(&node, &range)?);
    /// assert!(map.living().owners(&5).is_empty() && map.owners(&5).len() == 1);
    /// map.set_present(tab, true);
    /// assert_eq!(map.living().owners(&5).len(), 1);
    /// map.mark_down(&node);
    /// assert!(map.living().owners(&5).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn living(&self) -> Answer<'_, K> {
        self.life.is_asked.get_or_init(|| ());
        if self.state.context().has_ephemeral() || !self.life.counted.down().is_empty() {
            let store = &self.state.entries;
            Answer::new(self.life.index(store), &store.tables().nodes)
        } else {
            self.agreed()
        }
    }

    /// The registration's priority as of who is alive, 1 or more, or `None` if it is not visible then: see [`living`](Self::living).
    /// O(log n + its writers · log of the present ones).
    pub fn living_priority(&self, node: &NodeId, range: &KeyRange<K>) -> Option<u64> {
        let row = self.state.entries.get(&super::id(node, range))?;
        row.living_priority(&self.life.counted)
    }

    /// The nodes whose registrations of that key are as of who is alive, each with the writers that back it: the ephemeral ones that are
    /// there, and the permanent ones. In order of node and writer. O((1 + k) log n) for the k registrations that cover the key, and
    /// O(their writers).
    pub fn living_writers(&self, key: &K) -> Vec<(NodeId, ReplicaId)> {
        let mut writers = Vec::new();
        let counted = &self.life.counted;
        self.state.entries.stab(key, |row| {
            if row.living_priority(counted).is_some() {
                row.for_each_record(|writer, record| {
                    if counted.counts(writer) && !record.is_caught_up() {
                        writers.push((row.node().clone(), writer));
                    }
                });
            }
        });
        writers.sort();
        writers.dedup();
        writers
    }

    /// Says whether an [ephemeral](ReplicaId#ephemeral-writers) writer is there, for the [living answer](Self::living). At first none is,
    /// but this replica itself, which always counts. A permanent writer always counts too: nothing happens then. A
    /// [`Node`](crate::Node) does this by itself. O(m log n) for the m registrations of that writer once the living answer was asked for;
    /// the first time O(n).
    pub fn set_present(&mut self, writer: ReplicaId, is_present: bool) {
        if writer.is_ephemeral() {
            self.recount(&[writer], |counted| counted.set_present(writer, is_present));
        }
    }

    /// Whether the contributions of that writer count in the [living answer](Self::living). O(log of the present ones).
    pub fn is_present(&self, writer: ReplicaId) -> bool {
        self.life.counted.counts(writer)
    }

    /// Marks a node as down: nothing of it counts in the [living answer](Self::living) from now on, whoever wrote it. It is this replica's
    /// view alone, and is not saved. O(n) once the living answer was asked for.
    pub fn mark_down(&mut self, node: &NodeId) {
        self.set_down(node, true);
    }

    /// Takes [`mark_down`](Self::mark_down) back. O(n) once the living answer was asked for.
    pub fn mark_up(&mut self, node: &NodeId) {
        self.set_down(node, false);
    }

    /// The nodes that are [marked as down](Self::mark_down), by name. O(1) each.
    pub fn down(&self) -> impl Iterator<Item = &NodeId> {
        self.life.counted.down().iter()
    }

    fn set_down(&mut self, node: &NodeId, is_down: bool) {
        if self.life.counted.down().contains(node) == is_down {
            return;
        }
        self.life.counted.set_down(node, false);
        let mut changed = RangeCollector::default();
        if self.life.is_asked.get().is_some() {
            let living = |row: &RowRef<'_, K>| row.living_priority(&self.life.counted).is_some();
            let rows = self.state.entries.rows().filter(|row| row.node() == node).filter(living);
            rows.for_each(|row| changed.add(row.range()));
        }
        self.life.counted.set_down(node, is_down);
        self.life.forget(&changed.finish(), &self.state.entries);
    }

    /// Changes who counts of those writers, and finds out what follows.
    pub(super) fn recount(&mut self, writers: &[ReplicaId], change: impl FnOnce(&mut Counted)) {
        let mut before = Vec::new();
        if self.life.is_asked.get().is_some() {
            let store = &self.state.entries;
            let by_writer = self.life.by_writer(store);
            let counted = &self.life.counted;
            let living = |id| store.get(id).and_then(|row| row.living_priority(counted));
            let ids = writers.iter().flat_map(|writer| by_writer.of(store, *writer));
            before.extend(ids.map(|id| (id.clone(), living(id))));
        }
        change(&mut self.life.counted);
        let mut changed = RangeCollector::default();
        for (id, before) in before {
            let after = self.state.entries.get(&id).and_then(|row| row.living_priority(&self.life.counted));
            if before != after {
                changed.add(id.range);
            }
        }
        self.life.forget(&changed.finish(), &self.state.entries);
    }

    /// From now on, [`take_living_changes`](Self::take_living_changes) tells what changed.
    pub(crate) fn report_living_changes(&mut self) {
        self.life.news.get_or_insert_default();
    }

    /// The ranges whose living owners may have changed since the last call. O(m).
    pub(crate) fn take_living_changes(&mut self) -> Vec<KeyRange<K>> {
        let Some(news) = self.life.news.as_mut().filter(|news| !news.is_empty()) else { return Vec::new() };
        core::mem::take(news).finish().into_vec()
    }
}
