//! The tombstones of a state: the drops that it names.
//!
//! A delta that carries a drop also names the registration, so that the receiver finds the record without a search through all that
//! it has, and so that the drop is right although the births before it never arrived. A state keeps such a tombstone only while its
//! stamp lies beyond the contiguous prefix of the context. Once the prefix covers the stamp, it also covers every earlier birth, and the
//! context alone implies the drop. Prefixes only grow, so this pruning commutes with joins.
//!
//! A replica that does not know a drop's stamp can name the drop all the same. Such a *bare* tombstone claims the record's birth and
//! nothing else, and is kept only while the birth lies beyond the prefix.
//!
//! Nearly always there are few. But one lost message keeps all that come after it, and anybody may send any number of them in any
//! order. So they are indexed twice: by what was dropped, and by the dots that they wait for. Each is looked at only when the prefix
//! reaches one of these dots.

use core::cmp::Ordering;
use std::sync::{Arc, OnceLock};

use crate::causal::{CausalContext, Dot};
use crate::hash;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::ordered::Ordered;
use crate::registration::RegistrationId;

/// The drop of a writer's record, the one born at `birth`, and of all its earlier records of the same registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordDrop {
    pub(crate) birth: u64,
    /// The dot of the drop itself: of the same writer, or of a replica that cleared up after it once it had retired. For a *bare* drop
    /// that dot is not known. The dot of the birth stands in its place, so that the drop claims the birth alone.
    pub(crate) stamp: Dot,
}

impl RecordDrop {
    /// The bare drop of the record with that birth.
    pub(crate) fn bare(writer: ReplicaId, birth: u64) -> Self {
        Self { birth, stamp: Dot { replica: writer, seq: birth } }
    }
}

/// Tombstones by registration, writer, and the replica that dropped; of each, the latest.
#[derive(Clone, Debug)]
pub(crate) struct Tombstones<K>(Option<Arc<TombstoneIndex<K>>>);

/// A drop, with the registration and the writer of the record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tombstone<K> {
    pub(crate) id: RegistrationId<K>,
    pub(crate) writer: ReplicaId,
    pub(crate) drop: RecordDrop,
}

impl<K: Key> From<(&RegistrationId<K>, ReplicaId, RecordDrop)> for Tombstone<K> {
    fn from((id, writer, drop): (&RegistrationId<K>, ReplicaId, RecordDrop)) -> Self {
        Self { id: id.clone(), writer, drop }
    }
}

impl<K: Key> Tombstone<K> {
    /// The order of tombstones. A writer and those who clear up after it may drop the same record without knowing of each other. Each
    /// of these drops is pruned by itself, so each is kept by itself.
    pub(crate) fn key(&self) -> (&RegistrationId<K>, ReplicaId, ReplicaId) {
        (&self.id, self.writer, self.drop.stamp.replica)
    }

    /// The dots that the prefixes have to cover before the context implies the drop. A stamp of the writer itself covers the birth.
    fn dots(&self) -> impl Iterator<Item = Dot> {
        let RecordDrop { birth, stamp } = self.drop;
        let birth = (stamp.replica != self.writer).then_some(Dot { replica: self.writer, seq: birth });
        core::iter::once(stamp).chain(birth)
    }

    /// Whether the context alone implies the drop.
    pub(crate) fn is_implied_by(&self, context: &CausalContext) -> bool {
        self.dots().all(|dot| dot.seq <= context.prefix(dot.replica))
    }

    fn hash(&self) -> u64 {
        let (Tombstone { id, writer, .. }, RecordDrop { birth, stamp }) = (self, self.drop);
        hash::of(|hasher| {
            id.range.start().feed(hasher);
            hasher.number(u64::from(id.range.end().is_none()));
            id.range.end().into_iter().for_each(|end| end.feed(hasher));
            hasher.bytes(id.node.as_bytes());
            let numbers = [writer.get(), birth, stamp.replica.get(), stamp.seq];
            numbers.into_iter().for_each(|number| hasher.number(number));
        })
    }
}

/// The tombstones, if there are any, in both orders.
#[derive(Clone, Debug)]
struct TombstoneIndex<K> {
    by_key: Ordered<[Arc<Tombstone<K>>; 1]>,
    /// Each tombstone, once for each of its [dots](Tombstone::dots) that no prefix has reached. There may also be dots that the prefix
    /// had reached before the tombstone was added.
    waiting: Ordered<[(Dot, Arc<Tombstone<K>>); 1]>,
    /// The sum of the hashes. It is computed when it is first asked for, and kept up to date from then on.
    sum: OnceLock<u64>,
}

impl<K> Default for TombstoneIndex<K> {
    fn default() -> Self {
        Self { by_key: Ordered::default(), waiting: Ordered::default(), sum: OnceLock::new() }
    }
}

impl<K: Key> TombstoneIndex<K> {
    fn follow(&mut self, change: impl FnOnce(u64) -> u64) {
        if let Some(sum) = self.sum.get_mut() {
            *sum = change(*sum);
        }
    }

    /// Adds a tombstone, unless there is a later one of the same key. O(log d).
    fn insert(&mut self, tombstone: Arc<Tombstone<K>>) {
        let position = self.by_key.position_of(|other| other.key() < tombstone.key());
        let same = self.by_key.get(position).filter(|other| other.key() == tombstone.key()).cloned();
        match &same {
            Some(same) if same.drop >= tombstone.drop => return,
            Some(same) => {
                self.follow(|sum| sum.wrapping_sub(same.hash()));
                self.wait_no_more(same);
                if let Some(known) = self.by_key.get_mut(position) {
                    known.clone_from(&tombstone);
                }
            }
            None => self.by_key.insert(position, tombstone.clone()),
        }
        self.follow(|sum| sum.wrapping_add(tombstone.hash()));
        for dot in tombstone.dots() {
            let position = self.waiting.position_of(|waiting| cmp_waiting(waiting, dot, &tombstone).is_lt());
            self.waiting.insert(position, (dot, tombstone.clone()));
        }
    }

    fn wait_no_more(&mut self, tombstone: &Tombstone<K>) {
        for dot in tombstone.dots() {
            let position = self.waiting.position_of(|waiting| cmp_waiting(waiting, dot, tombstone).is_lt());
            if self.waiting.get(position).is_some_and(|waiting| cmp_waiting(waiting, dot, tombstone).is_eq())
            {
                self.waiting.remove(position);
            }
        }
    }

    /// Takes out of `waiting` all that wait for a dot of that replica up to `reached`. O(log d), and O(1) for each.
    fn take_reached(&mut self, reached: Dot) -> Vec<Arc<Tombstone<K>>> {
        let from = self.waiting.position_of(|(dot, _)| *dot < Dot { seq: 0, ..reached });
        let to = self.waiting.position_of(|(dot, _)| *dot <= reached);
        let all = self.waiting.iter_from(from).take_while(|(dot, _)| *dot <= reached);
        let all = all.map(|(_, tombstone)| tombstone.clone()).collect();
        self.waiting.remove_range(from, to);
        all
    }
}

fn cmp_waiting<K: Key>(waiting: &(Dot, Arc<Tombstone<K>>), dot: Dot, tombstone: &Tombstone<K>) -> Ordering {
    waiting.0.cmp(&dot).then_with(|| waiting.1.key().cmp(&tombstone.key()))
}

impl<K> Default for Tombstones<K> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: PartialEq> PartialEq for Tombstones<K> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.each().eq(other.each())
    }
}

impl<K: Eq> Eq for Tombstones<K> {}

impl<K> Tombstones<K> {
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |index| index.by_key.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The tombstones, ordered by registration, writer, and the stamp's replica.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&RegistrationId<K>, ReplicaId, RecordDrop)> + Clone {
        self.each().map(|tombstone| (&tombstone.id, tombstone.writer, tombstone.drop))
    }

    /// The same, by reference.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Tombstone<K>> + Clone {
        self.0.iter().flat_map(|index| index.by_key.iter()).map(|tombstone| &**tombstone)
    }
}

impl<K: Key> Tombstones<K> {
    /// From tombstones in order, each of another key. O(d log d).
    pub(crate) fn from_ordered(tombstones: Vec<Tombstone<K>>) -> Self {
        let mut all = Self::default();
        tombstones.into_iter().for_each(|tombstone| all.index_mut().insert(Arc::new(tombstone)));
        all
    }

    fn index_mut(&mut self) -> &mut TombstoneIndex<K> {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    /// The sum of the hashes of all tombstones. O(1), and O(d) when it is first asked for.
    pub(crate) fn fingerprint(&self) -> u64 {
        let Some(index) = &self.0 else { return 0 };
        *index.sum.get_or_init(|| self.each().map(Tombstone::hash).fold(0, u64::wrapping_add))
    }

    /// The latest birth of that writer's records of a registration for which there is a tombstone; 0 if there is none. O(log d).
    pub(crate) fn last_birth(&self, id: &RegistrationId<K>, writer: ReplicaId) -> u64 {
        let Some(index) = &self.0 else { return 0 };
        let from = index.by_key.position_of(|tombstone| (&tombstone.id, tombstone.writer) < (id, writer));
        let found = index
            .by_key
            .iter_from(from)
            .take_while(|tombstone| (&tombstone.id, tombstone.writer) == (id, writer));
        found.map(|tombstone| tombstone.drop.birth).max().unwrap_or_default()
    }

    /// Whether that tombstone would be added to these, of a state with that context. O(log d).
    pub(crate) fn lacks(&self, tombstone: &Tombstone<K>, context: &CausalContext) -> bool {
        let found = self.0.as_ref().and_then(|index| {
            index.by_key.get(index.by_key.position_of(|other| other.key() < tombstone.key()))
        });
        let is_there =
            found.is_some_and(|found| found.key() == tombstone.key() && found.drop >= tombstone.drop);
        !is_there && !tombstone.is_implied_by(context)
    }

    /// Adds a tombstone, unless the context implies the drop or there is a later one of the same writer already. O(log d). Returns
    /// whether the context does not imply it.
    pub(crate) fn insert(
        &mut self,
        id: RegistrationId<K>,
        writer: ReplicaId,
        drop: RecordDrop,
        context: &CausalContext,
    ) -> bool {
        let tombstone = Tombstone { id, writer, drop };
        let is_needed = !tombstone.is_implied_by(context);
        if is_needed {
            self.index_mut().insert(Arc::new(tombstone));
        }
        is_needed
    }

    /// Adds the tombstones of `other`, but for those that the context implies. O(log d) for each of them.
    pub(crate) fn join(&mut self, other: &Self, context: &CausalContext) {
        let Some(theirs) = &other.0 else { return };
        if self.0.as_ref().is_some_and(|ours| Arc::ptr_eq(ours, theirs)) {
            return;
        }
        for tombstone in theirs.by_key.iter().filter(|tombstone| !tombstone.is_implied_by(context)) {
            self.index_mut().insert(tombstone.clone());
        }
    }

    /// Removes the tombstones that the context implies, now that it has grown by dots of those replicas. O(log d) for each replica, and
    /// O(log d) for each tombstone whose dot a prefix has reached. Returns whether there was any.
    pub(crate) fn prune(&mut self, grown: impl Iterator<Item = ReplicaId>, context: &CausalContext) -> bool {
        let before = self.len();
        if before == 0 {
            return false;
        }
        for replica in grown {
            let reached = Dot { replica, seq: context.prefix(replica) };
            if self.has_reached(reached) {
                self.forget_reached(reached, context);
            }
        }
        self.len() < before
    }

    /// Whether a tombstone waits for a dot of that replica up to `reached`. O(log d).
    fn has_reached(&self, reached: Dot) -> bool {
        let Some(index) = &self.0 else { return false };
        let first = index.waiting.position_of(|(dot, _)| *dot < Dot { seq: 0, ..reached });
        index.waiting.get(first).is_some_and(|(dot, _)| *dot <= reached)
    }

    #[cold]
    fn forget_reached(&mut self, reached: Dot, context: &CausalContext) {
        let index = self.index_mut();
        for tombstone in index.take_reached(reached) {
            if tombstone.is_implied_by(context) {
                index.wait_no_more(&tombstone);
                index.follow(|sum| sum.wrapping_sub(tombstone.hash()));
                let position = index.by_key.position_of(|other| other.key() < tombstone.key());
                index.by_key.remove(position);
            }
        }
        if index.by_key.is_empty() {
            self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::NodeId;
    use crate::key::KeyRange;

    fn id(start: u64) -> RegistrationId<u64> {
        RegistrationId { range: KeyRange::from_start(start), node: NodeId::new("a").unwrap() }
    }

    #[test]
    fn only_the_latest_tombstone_is_kept_and_only_until_the_prefix_covers_it() {
        let [first, second] = [5u64, 7].map(id);
        let writer = ReplicaId::new(1);
        let drop = |birth, seq| RecordDrop { birth, stamp: Dot { replica: writer, seq } };
        let mut context = CausalContext::default();
        let mut tombstones = Tombstones::default();
        tombstones.insert(second.clone(), writer, drop(4, 5), &context);
        for (birth, stamp) in [(2, 3), (6, 8), (2, 3)] {
            tombstones.insert(first.clone(), writer, drop(birth, stamp), &context);
        }
        assert_eq!(tombstones.last_birth(&first, writer), 6);
        context.insert_run(writer, 1, 7);
        let mut joined = Tombstones::default();
        joined.join(&tombstones, &context);
        tombstones.prune([writer].into_iter(), &context);
        assert_eq!(tombstones.iter().map(|(id, ..)| id).collect::<Vec<_>>(), [&first]);
        assert_eq!(joined, tombstones);
        context.insert_run(writer, 8, 8);
        tombstones.prune([writer].into_iter(), &context);
        assert_eq!(tombstones, Tombstones::default());
        tombstones.insert(first, writer, drop(6, 8), &context);
        assert!(tombstones.is_empty());
    }

    #[test]
    fn a_tombstone_of_somebody_else_is_kept_until_the_birth_is_covered_too() {
        let id = id(5);
        let [writer, other] = [1, 2].map(ReplicaId::new);
        let mut context = CausalContext::default();
        let mut tombstones = Tombstones::default();
        let drop = RecordDrop { birth: 4, stamp: Dot { replica: other, seq: 3 } };
        tombstones.insert(id.clone(), writer, drop, &context);
        context.insert_run(other, 1, 3);
        tombstones.prune([other].into_iter(), &context);
        assert_eq!(tombstones.last_birth(&id, writer), 4);
        context.insert_run(writer, 1, 4);
        tombstones.prune([writer].into_iter(), &context);
        assert!(tombstones.is_empty());
    }

    #[test]
    fn a_bare_tombstone_gives_way_to_the_whole_one_and_to_a_later_one() {
        let (id, writer) = (id(5), ReplicaId::new(1));
        let drop = |birth, seq| RecordDrop { birth, stamp: Dot { replica: writer, seq } };
        let mut context = CausalContext::default();
        context.insert_run(writer, 1, 4);
        let named = |named: &[RecordDrop]| {
            let mut tombstones = Tombstones::default();
            named.iter().for_each(|drop| _ = tombstones.insert(id.clone(), writer, *drop, &context));
            tombstones
        };
        assert!(named(&[drop(4, 4)]).is_empty(), "the prefix covers the birth");
        let (bare, whole, later) = (drop(5, 5), drop(5, 8), drop(9, 9));
        assert_eq!(named(&[bare]).last_birth(&id, writer), 5);
        for [first, second] in [[bare, whole], [whole, bare]] {
            assert_eq!(named(&[first, second]), named(&[whole]));
        }
        assert_eq!(named(&[later, whole, bare]), named(&[bare, whole, later]));
        assert_eq!(named(&[bare, whole, later]), named(&[later]));
    }

    /// The tombstones that are left, as a plain list.
    fn model(all: &[Tombstone<u64>], context: &CausalContext) -> Vec<Tombstone<u64>> {
        let mut kept: Vec<Tombstone<u64>> =
            all.iter().filter(|it| !it.is_implied_by(context)).cloned().collect();
        kept.sort_by(|a, b| a.key().cmp(&b.key()).then(b.drop.cmp(&a.drop)));
        kept.dedup_by(|a, b| a.key() == b.key());
        kept
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 200 }))]

        #[test]
        fn tombstones_in_any_order_are_those_that_the_context_does_not_imply(
            steps in prop::collection::vec((0u64..40, 0u64..3, 0u64..3, 1u64..300, 0u64..40, 0u8..8), 1..300),
        ) {
            let mut context = CausalContext::default();
            let mut tombstones = [Tombstones::default(), Tombstones::default()];
            let mut all: [Vec<Tombstone<u64>>; 2] = [Vec::new(), Vec::new()];
            for (start, writer, stamper, birth, more, what) in steps {
                let [writer, stamper] = [writer, stamper].map(ReplicaId::new);
                // Of one writer, whatever was born later was dropped later.
                let later = if stamper == writer { birth + birth % 3 } else { more + 1 };
                let named = Tombstone {
                    id: id(start),
                    writer,
                    drop: RecordDrop { birth, stamp: Dot { replica: stamper, seq: later } },
                };
                let which = usize::from(what % 2);
                match what {
                    0..5 => {
                        all[which].push(named.clone());
                        tombstones[which].insert(named.id, writer, named.drop, &context);
                    }
                    5 => {
                        let until = context.prefix(writer) + 1 + birth / 10;
                        context.insert_run(writer, 1, until);
                        tombstones.iter_mut().for_each(|tombstones| _ = tombstones.prune([writer].into_iter(), &context));
                    }
                    6 => {
                        let [ours, theirs] = &mut tombstones;
                        ours.join(theirs, &context);
                        let learnt = all[1].clone();
                        all[0].extend(learnt);
                    }
                    _ => {
                        let sum = tombstones[0].each().map(Tombstone::hash).fold(0, u64::wrapping_add);
                        prop_assert_eq!(tombstones[0].fingerprint(), sum);
                    }
                }
                for (tombstones, all) in tombstones.iter().zip(&mut all) {
                    *all = model(all, &context);
                    prop_assert!(tombstones.each().eq(all.iter()), "{:?} instead of {:?}", tombstones, all);
                    prop_assert_eq!(tombstones.len(), all.len());
                    let last = all.iter().filter(|it| it.id == id(start) && it.writer == writer);
                    let last = last.map(|it| it.drop.birth).max().unwrap_or(0);
                    prop_assert_eq!(tombstones.last_birth(&id(start), writer), last);
                    let waiting = tombstones.0.as_ref().map_or(0, |named| named.waiting.len());
                    prop_assert!(waiting <= 2 * all.len(), "what waits for nothing is kept");
                }
            }
        }
    }
}
