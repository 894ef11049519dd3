//! The drops that a state names.
//!
//! A delta that carries a drop also names the registration ([`RecordDrop`]), so that the receiver finds the record without looking
//! through everything it holds, and so that the drop is not mistaken when the births before it never arrived. Such a named drop
//! is kept only while its stamp lies beyond the contiguous prefix of the context: once the prefix covers the stamp it also
//! covers every earlier birth, and the context alone tells the same. Prefixes only grow, so this pruning commutes with joins.
//! Who does not know a drop's stamp can name it all the same: such a *bare* drop claims the record's birth and nothing else, and is
//! kept only while that lies beyond the prefix.
//!
//! There are few nearly always. But a lost message keeps all that come after it from being told by the context alone, and somebody
//! may send any number of them in any order: so they are found by what was dropped and by the dots that they wait for, and each of
//! them is looked at only when one of these is reached.

use core::cmp::Ordering;
use std::sync::{Arc, OnceLock};

use crate::causal::{CausalContext, Dot};
use crate::hash;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::ordered::Ordered;
use crate::registration::RegistrationId;

/// A writer's record of a registration was dropped, the one born at `birth`, and with it all its earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordDrop {
    pub(crate) birth: u64,
    /// The dot of the drop itself: of the same writer, or of who cleared up after it once it had retired. In a *bare* drop that dot
    /// is not known, and its birth's dot stands for it: such a drop claims the birth alone.
    pub(crate) stamp: Dot,
}

impl RecordDrop {
    /// The bare drop of the record of that birth.
    pub(crate) fn bare(writer: ReplicaId, birth: u64) -> Self {
        Self { birth, stamp: Dot { replica: writer, seq: birth } }
    }
}

/// Drops in the order of registrations, writers, and replicas that dropped, the latest of each.
#[derive(Clone, Debug)]
pub(crate) struct Tombstones<K>(Option<Arc<TombstoneIndex<K>>>);

/// A drop with what was dropped.
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
    /// By what drops are ordered. A writer and those who clear up after it may drop the same record without knowing of each other:
    /// each drop is pruned by itself, and so has to be kept by itself.
    pub(crate) fn key(&self) -> (&RegistrationId<K>, ReplicaId, ReplicaId) {
        (&self.id, self.writer, self.drop.stamp.replica)
    }

    /// The dots that the prefixes have to cover before the context tells the same. Of one writer, the stamp covers the birth.
    fn dots(&self) -> impl Iterator<Item = Dot> {
        let RecordDrop { birth, stamp } = self.drop;
        let birth = (stamp.replica != self.writer).then_some(Dot { replica: self.writer, seq: birth });
        core::iter::once(stamp).chain(birth)
    }

    /// Whether the context tells the same by itself.
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

/// The drops, if there are any.
#[derive(Clone, Debug)]
struct TombstoneIndex<K> {
    by_key: Ordered<[Arc<Tombstone<K>>; 1]>,
    /// Each drop at each of its [dots](NamedDrop::dots) that no prefix has reached, and maybe at one that a prefix has reached before
    /// the drop was named.
    waiting: Ordered<[(Dot, Arc<Tombstone<K>>); 1]>,
    /// The sum of the hashes, computed when it is first asked for and followed from then on.
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

    /// Names a drop, unless a later one of the same key is named. O(log d).
    fn insert(&mut self, named: Arc<Tombstone<K>>) {
        let position = self.by_key.position_of(|other| other.key() < named.key());
        let same = self.by_key.get(position).filter(|other| other.key() == named.key()).cloned();
        match &same {
            Some(same) if same.drop >= named.drop => return,
            Some(same) => {
                self.follow(|sum| sum.wrapping_sub(same.hash()));
                self.wait_no_more(same);
                if let Some(held) = self.by_key.get_mut(position) {
                    held.clone_from(&named);
                }
            }
            None => self.by_key.insert(position, named.clone()),
        }
        self.follow(|sum| sum.wrapping_add(named.hash()));
        for dot in named.dots() {
            let position = self.waiting.position_of(|waiting| cmp_waiting(waiting, dot, &named).is_lt());
            self.waiting.insert(position, (dot, named.clone()));
        }
    }

    fn wait_no_more(&mut self, named: &Tombstone<K>) {
        for dot in named.dots() {
            let position = self.waiting.position_of(|waiting| cmp_waiting(waiting, dot, named).is_lt());
            if self.waiting.get(position).is_some_and(|waiting| cmp_waiting(waiting, dot, named).is_eq()) {
                self.waiting.remove(position);
            }
        }
    }

    /// Takes those that wait for a dot up to that one of its replica. O(log d), and O(1) for each.
    fn take_reached(&mut self, reached: Dot) -> Vec<Arc<Tombstone<K>>> {
        let from = self.waiting.position_of(|(dot, _)| *dot < Dot { seq: 0, ..reached });
        let to = self.waiting.position_of(|(dot, _)| *dot <= reached);
        let all = self.waiting.iter_from(from).take_while(|(dot, _)| *dot <= reached);
        let all = all.map(|(_, named)| named.clone()).collect();
        self.waiting.remove_range(from, to);
        all
    }
}

fn cmp_waiting<K: Key>(waiting: &(Dot, Arc<Tombstone<K>>), dot: Dot, named: &Tombstone<K>) -> Ordering {
    waiting.0.cmp(&dot).then_with(|| waiting.1.key().cmp(&named.key()))
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
        self.0.as_ref().map_or(0, |named| named.by_key.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The drops, ordered by registration, writer, and the stamp's replica.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&RegistrationId<K>, ReplicaId, RecordDrop)> + Clone {
        self.each().map(|named| (&named.id, named.writer, named.drop))
    }

    /// The same.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Tombstone<K>> + Clone {
        self.0.iter().flat_map(|named| named.by_key.iter()).map(|named| &**named)
    }
}

impl<K: Key> Tombstones<K> {
    /// From drops in order, each of another key. O(d log d).
    pub(crate) fn from_ordered(tombstones: Vec<Tombstone<K>>) -> Self {
        let mut all = Self::default();
        tombstones.into_iter().for_each(|named| all.index_mut().insert(Arc::new(named)));
        all
    }

    fn index_mut(&mut self) -> &mut TombstoneIndex<K> {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    /// A sum of hashes of all that is named. O(1), and O(d) when it is first asked for.
    pub(crate) fn fingerprint(&self) -> u64 {
        let Some(named) = &self.0 else { return 0 };
        *named.sum.get_or_init(|| self.each().map(Tombstone::hash).fold(0, u64::wrapping_add))
    }

    /// Up to which birth that writer's records of a registration are known to be dropped by being named; 0 if none is. O(log d).
    pub(crate) fn last_birth(&self, id: &RegistrationId<K>, writer: ReplicaId) -> u64 {
        let Some(named) = &self.0 else { return 0 };
        let from = named.by_key.position_of(|named| (&named.id, named.writer) < (id, writer));
        let named =
            named.by_key.iter_from(from).take_while(|named| (&named.id, named.writer) == (id, writer));
        named.map(|named| named.drop.birth).max().unwrap_or_default()
    }

    /// Names a drop, unless the context tells it by itself or a later one of the same record's writer is named already. O(log d).
    /// Returns whether the context does not tell it.
    pub(crate) fn insert(
        &mut self,
        id: RegistrationId<K>,
        writer: ReplicaId,
        drop: RecordDrop,
        context: &CausalContext,
    ) -> bool {
        let named = Tombstone { id, writer, drop };
        let is_needed = !named.is_implied_by(context);
        if is_needed {
            self.index_mut().insert(Arc::new(named));
        }
        is_needed
    }

    /// Names the drops of `other` as well, but for those that the context tells by itself. O(log d) for each of them.
    pub(crate) fn join(&mut self, other: &Self, context: &CausalContext) {
        let Some(theirs) = &other.0 else { return };
        if self.0.as_ref().is_some_and(|ours| Arc::ptr_eq(ours, theirs)) {
            return;
        }
        for named in theirs.by_key.iter().filter(|named| !named.is_implied_by(context)) {
            self.index_mut().insert(named.clone());
        }
    }

    /// Forgets the drops that the context tells by itself, now that it grew by dots of those replicas. O(log d) for each of them,
    /// and O(log d) for each drop that a prefix has got to. Returns whether there was any.
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

    /// Whether a drop waits for a dot up to that one of its replica. O(log d).
    fn has_reached(&self, reached: Dot) -> bool {
        let Some(named) = &self.0 else { return false };
        let first = named.waiting.position_of(|(dot, _)| *dot < Dot { seq: 0, ..reached });
        named.waiting.get(first).is_some_and(|(dot, _)| *dot <= reached)
    }

    #[cold]
    fn forget_reached(&mut self, reached: Dot, context: &CausalContext) {
        let named = self.index_mut();
        for told in named.take_reached(reached) {
            if told.is_implied_by(context) {
                named.wait_no_more(&told);
                named.follow(|sum| sum.wrapping_sub(told.hash()));
                let position = named.by_key.position_of(|other| other.key() < told.key());
                named.by_key.remove(position);
            }
        }
        if named.by_key.is_empty() {
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
    fn only_the_latest_drop_is_named_and_only_until_the_prefix_covers_it() {
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
    fn what_somebody_else_dropped_is_named_until_the_birth_is_covered_too() {
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
    fn a_bare_drop_gives_way_to_the_whole_one_and_to_a_later_one() {
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

    /// What is held, kept as a plain list.
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
        fn drops_in_any_order_are_those_that_the_context_does_not_tell(
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
