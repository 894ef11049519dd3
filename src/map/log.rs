//! The log of recent changes: which registrations each recent effect touched.
//!
//! It finds what a peer lacks that is slightly behind, without a look at the whole state. What was learnt together is one *batch*: the
//! dots that it claims, the registrations that it touched, and the records that it dropped. A peer that lacks any of these dots is
//! sent all that the batch touched. The log is bounded by bytes and forgets the oldest batch first; of what it has
//! forgotten, or never knew by name, it keeps the *horizon*: for each writer, up to where. Only a peer that knows everything below
//! the horizon can be answered from the log.
//!
//! Dropped records are also found by their registration. An operation's delta has tombstones for those that the log remembers: whoever gets an
//! entry that a release has changed, and still has a record that the release dropped, would otherwise show half of the release.

mod batches;
mod news;

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use self::batches::{Batch, Batches, Touched};
pub(super) use self::news::News;
use crate::causal::{CausalContext, Dot, Runs};
use crate::delta::Delta;
use crate::hash;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::ordered::{Ordered, Position};
use crate::registration::RegistrationId;
use crate::sort::sorted;
use crate::tombstones::Tombstone;

/// How many bytes of memory the log takes at most. With short names and keys that is some 9,000 effects.
pub(crate) const LOG_BYTES_MAX: usize = 1 << 20;

/// How often something was learnt that no dot tells of: drops without theirs. Who knows the same dots may lack that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Undotted {
    learnt: u64,
    /// How often that was forgotten, the oldest first, and how often it was not remembered at all.
    forgotten: u64,
    unkept: u64,
}

impl Undotted {
    /// Whether something was learnt since it was like that.
    pub(crate) fn has_news_since(&self, before: &Self) -> bool {
        (self.learnt, self.unkept) != (before.learnt, before.unkept)
    }

    /// Whether something that was learnt since then is not remembered.
    pub(crate) fn has_lost_since(&self, before: &Self) -> bool {
        self.forgotten > before.learnt || self.unkept != before.unkept
    }
}

/// What was learnt, oldest first. A copy shares memory with the original, in pieces: what is changed in one is copied before.
#[derive(Clone, Debug)]
pub(super) struct Log<K> {
    recent: Batches<K>,
    /// The records that the batches dropped, each as often as it is in one, in the order of [`position_of`].
    dropped: Ordered<[Arc<Tombstone<K>>; 1]>,
    /// For each writer, a run from 1 to where the log may lack something.
    horizon: CausalContext,
    undotted: Undotted,
    bytes_max: usize,
}

impl<K> Default for Log<K> {
    fn default() -> Self {
        Self {
            recent: Batches::default(),
            dropped: Ordered::default(),
            horizon: CausalContext::default(),
            undotted: Undotted::default(),
            bytes_max: LOG_BYTES_MAX,
        }
    }
}

/// The memory of a key beside its own size: as much as it feeds to a hash.
pub(super) fn key_bytes<K: Key>(key: &K) -> usize {
    if core::mem::needs_drop::<K>() { hash::count_bytes(|hasher| key.feed(hasher)) } else { 0 }
}

impl<K: Key> Log<K> {
    /// How many bytes of memory it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.recent.bytes()
    }

    /// How often something was learnt that no dot tells of.
    pub(super) fn undotted(&self) -> Undotted {
        self.undotted
    }

    /// Sets how many bytes are remembered from now on.
    pub(super) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
        self.shrink_to(bytes_max);
    }

    /// Remembers one effect on a registration. O(1).
    pub(super) fn push(&mut self, dot: Dot, id: RegistrationId<K>) {
        self.add(Batch::of(dot, Touched::Changed(id)));
    }

    /// Remembers that a record was dropped. O(log of the dropped).
    pub(super) fn push_drop(&mut self, dropped: Tombstone<K>) {
        self.add(Batch::of(dropped.drop.stamp, Touched::Dropped(Arc::new(dropped))));
    }

    fn add(&mut self, batch: Batch<K>) {
        let bytes = batch.bytes();
        if bytes > self.bytes_max / 2 {
            // What is learnt all at once, such as a whole state, does not push out everything else.
            batch.forget(&mut self.horizon);
            return self.keep_tombstones(batch.tombstones().cloned().collect());
        }
        self.push_batch(batch, bytes);
    }

    fn push_batch(&mut self, batch: Batch<K>, bytes: usize) {
        for dropped in batch.tombstones() {
            self.dropped.insert(position_of(&self.dropped, dropped), dropped.clone());
        }
        self.undotted.learnt += u64::from(batch.claims.is_empty());
        self.recent.push(batch, bytes);
        self.shrink_to(self.bytes_max);
    }

    /// Of drops that are too many to be remembered together, remembers those of registrations that other batches touched. Without them, what
    /// was done to the dropped records before could not be sent.
    fn keep_tombstones(&mut self, mut tombstones: Vec<Arc<Tombstone<K>>>) {
        if tombstones.is_empty() {
            return;
        }
        let touched = self.recent.iter().flat_map(|batch| batch.touched.iter().map(Touched::id));
        let touched = sorted(&touched.collect::<Vec<_>>(), Ord::cmp);
        let count = tombstones.len();
        tombstones.retain(|named| touched.binary_search(&&named.id).is_ok());
        self.undotted.unkept += u64::from(tombstones.len() < count);
        for named in tombstones {
            let batch = Batch { claims: SmallVec::new(), touched: smallvec![Touched::Dropped(named)] };
            let bytes = batch.bytes();
            if bytes > self.bytes_max / 2 {
                self.undotted.unkept += 1;
                return self.shrink_to(0);
            }
            self.push_batch(batch, bytes);
        }
    }

    /// Forgets the oldest until it takes so many bytes at most.
    fn shrink_to(&mut self, bytes_max: usize) {
        while self.recent.bytes() > bytes_max
            && let Some(oldest) = self.recent.oldest()
        {
            oldest.forget(&mut self.horizon);
            self.undotted.forgotten += u64::from(oldest.claims.is_empty());
            for dropped in oldest.tombstones() {
                self.dropped.remove(position_of(&self.dropped, dropped));
            }
            self.recent.remove_oldest();
        }
    }

    /// Effects of all those writers may be missing, up to the last one that the context knows.
    pub(super) fn forget_all(&mut self, context: &CausalContext) {
        // Joined at once: one by one, each would move all that order after it.
        let mut lost = CausalContext::default();
        context.replicas().for_each(|(replica, runs)| lost.insert_run(replica, 1, runs.last()));
        self.horizon.join(&lost);
    }

    /// How many registrations are remembered together at most.
    pub(super) fn batch_max(&self) -> usize {
        self.bytes_max / 2 / size_of::<Touched<K>>()
    }

    /// Remembers what a joined delta brought, and the records that were `dropped` here by it.
    ///
    /// O(m log m) for m registrations that it changed, drops and news that it shows. O(writers) for more than the log holds. If it hides news
    /// and is of a state that knows a prefix, O(d log d) for all d that the delta carries.
    pub(super) fn note(&mut self, delta: &Delta<K>, mut news: News<K>, dropped: Vec<Tombstone<K>>) {
        let learnt = news.learnt(delta, dropped.len());
        let tombstones = news.take_tombstones();
        let Some(learnt) = learnt else {
            self.forget_all(news.context());
            let tombstones = dropped.into_iter().chain(tombstones);
            return self.keep_tombstones(tombstones.map(Arc::new).collect());
        };
        let is_unclear = learnt.hides && implies_drops(delta, &dropped);
        let mut touched: SmallVec<[Touched<K>; 1]> = SmallVec::new();
        touched.extend(learnt.changed.into_iter().map(Touched::Changed));
        touched.extend(tombstones.into_iter().map(|tombstone| Touched::Dropped(Arc::new(tombstone))));
        for named in dropped {
            if delta.tombstones.last_birth(&named.id, named.writer) < named.drop.birth {
                touched.push(Touched::Dropped(Arc::new(named)));
            }
        }
        self.forget_unnamed(delta, news.context(), &learnt.shown);
        if is_unclear {
            self.forget_all(news.context());
            if !touched.is_empty() {
                self.add(Batch { claims: SmallVec::new(), touched });
            }
        } else if !touched.is_empty() || !news.is_empty() {
            let mut claims = SmallVec::new();
            for (replica, runs) in news.context().replicas() {
                claims.extend(runs.iter().map(|(first, last)| (replica, first, last)));
            }
            self.add(Batch { claims, touched });
        }
    }

    /// Raises the horizon over claimed dots of which nothing that is carried shows what came of them. That can only be dots of a prefix,
    /// which implies drops without tombstones: beyond it, every drop has one. `shown` is what is carried of the news, in order.
    fn forget_unnamed(&mut self, delta: &Delta<K>, news: &CausalContext, shown: &[Dot]) {
        let reach = |replica: ReplicaId| delta.context().prefix(replica);
        let is_beyond = |(replica, runs): (ReplicaId, &Runs)| {
            runs.iter().next().is_none_or(|(first, _)| first > reach(replica))
        };
        if news.replicas().all(is_beyond) {
            return;
        }
        let mut lost = CausalContext::default();
        for (replica, runs) in news.replicas() {
            for (first, last) in runs.iter() {
                let last = last.min(reach(replica));
                if first > last {
                    continue;
                }
                let from = shown.partition_point(|dot| *dot < Dot { replica, seq: first });
                let to = shown.partition_point(|dot| *dot <= Dot { replica, seq: last });
                // The last dot that is not shown, if any.
                let mut seq = last;
                for dot in shown[from..to].iter().rev() {
                    if dot.seq < seq {
                        break;
                    }
                    seq -= 1;
                }
                if seq >= first {
                    lost.insert_run(replica, 1, seq);
                }
            }
        }
        self.horizon.join(&lost);
    }

    /// Whether the log knows what came of all these dots. O(writers).
    pub(super) fn reaches(&self, lacking: &CausalContext) -> bool {
        let is_lost = |(replica, runs): (ReplicaId, &Runs)| {
            runs.iter().next().is_some_and(|(first, _)| first <= self.horizon.last_seq(replica))
        };
        !lacking.replicas().any(is_lost)
    }

    /// The registrations that those dots touched, and whether a record of them was dropped without a dot. O(log).
    pub(super) fn touched_by<'a>(
        &'a self,
        dots: &'a CausalContext,
    ) -> impl Iterator<Item = &'a RegistrationId<K>> {
        let batches = self.recent.iter().filter(|batch| batch.claims_any_of(dots));
        batches.flat_map(|batch| batch.touched.iter().map(Touched::id))
    }

    /// Whether it remembers that dot by itself, as what an operation did, and that it touched another registration. O(log).
    pub(super) fn touched_elsewhere(&self, dot: Dot, id: &RegistrationId<K>) -> bool {
        let alone = (dot.replica, dot.seq, dot.seq);
        let mut batches = self.recent.iter().filter(|batch| batch.claims[..] == [alone]);
        batches.any(|batch| batch.touched.iter().all(|touched| touched.id() != id))
    }

    /// The drops that were learnt without the dots behind them. O(log).
    pub(super) fn unclaimed(&self) -> impl Iterator<Item = &Tombstone<K>> {
        let batches = self.recent.iter().filter(|batch| batch.claims.is_empty());
        batches.flat_map(|batch| batch.tombstones().map(|named| &**named))
    }

    /// The records of a registration that are remembered to be dropped. O(log of the dropped).
    pub(super) fn tombstones_of(&self, id: &RegistrationId<K>) -> impl Iterator<Item = &Tombstone<K>> {
        let from = self.dropped.position_of(|named| named.id < *id);
        self.dropped.iter_from(from).map(|named| &**named).take_while(move |named| named.id == *id)
    }
}

/// Whether a prefix of a delta's context implies drops of records, not all of which were here. Which registrations these belonged to is not
/// known, so what else was done to them could not be passed on. O(m log m).
fn implies_drops<K: Key>(delta: &Delta<K>, dropped: &[Tombstone<K>]) -> bool {
    let prefix = |(replica, _)| delta.context().prefix(replica);
    let reach = delta.context().replicas().map(prefix).fold(0, u64::saturating_add);
    if reach == 0 {
        return false;
    }
    let mut told = delta.carried_dots(&CausalContext::default()).to_vec();
    told.extend(dropped.iter().map(|named| Dot { replica: named.writer, seq: named.drop.birth }));
    told.sort_unstable();
    told.dedup();
    let told = told.iter().filter(|dot| dot.seq <= delta.context().prefix(dot.replica)).count();
    (told as u64) < reach
}

/// Where that drop is, or would have to be inserted.
fn position_of<K: Key>(dropped: &Ordered<[Arc<Tombstone<K>>; 1]>, named: &Tombstone<K>) -> Position {
    dropped.position_of(|other| **other < *named)
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;

    use proptest::prelude::*;

    use crate::{KeyRange, NodeId, RangeMap, ReplicaId};

    fn by(amount: u32) -> NonZeroU32 {
        NonZeroU32::new(amount).unwrap()
    }

    /// Operations, deliveries of single deltas and exchanges among three replicas with short logs. Each exchange is checked: a delta since
    /// some context makes the peer that has it equal to the whole state.
    fn exchange(steps: &[(usize, usize, u64, u8)], capacity: usize) -> (usize, usize) {
        let mut maps: Vec<RangeMap<u64>> = (1..4).map(|id| RangeMap::new(ReplicaId::new(id))).collect();
        maps.iter_mut().for_each(|map| map.set_log_capacity(capacity));
        let (mut told, mut untold) = (0, 0);
        let mut deltas = Vec::new();
        for (from, to, start, what) in steps {
            let (node, range) = (NodeId::new("a").unwrap(), KeyRange::new(*start, start + 3).unwrap());
            let map = &mut maps[*from];
            match what % 8 {
                // Who has retired itself writes nothing more, but still exchanges.
                0..=4 if map.is_retired() => {}
                0 | 1 => deltas.push(map.register(&node, &range).unwrap()),
                2 => deltas.push(map.increase(&node, &range, by(2)).unwrap()),
                3 => deltas.push(map.decrease(&node, &range, by(1)).unwrap()),
                4 => deltas.push(map.release(&node, &range).unwrap()),
                // Its last number is claimed. Of who is retired before all is known that it wrote, something may be lost.
                5 if *what > 200 => drop(map.retire(map.replica())),
                5 => drop(map.maintain()),
                // A delta arrives late, or alone: from now on something between two effects may be lacking.
                6 => {
                    let late = deltas.iter().rev().nth(usize::from(what / 8) % 8);
                    let late = late.cloned();
                    deltas.extend(late.map(|delta| maps[*to].merge(&delta).delta().clone()));
                }
                _ => {}
            }
            if what & 0x40 != 0 {
                continue;
            }
            let version = maps[*to].state().version().clone();
            let mut expected = maps[*to].clone();
            expected.merge(maps[*from].state());
            match maps[*from].delta_since(&version) {
                Some(delta) => {
                    told += 1;
                    deltas.push(maps[*to].merge(&delta).delta().clone());
                    // It may name drops without a dot of their own, of which the whole state tells by what it lacks.
                    assert_eq!(maps[*to].state().version(), expected.state().version(), "{from} to {to}");
                    assert_eq!(maps[*to].state().entries, expected.state().entries, "{from} to {to}");
                }
                None => {
                    untold += 1;
                    if what % 2 == 0 {
                        let state = maps[*from].state().clone();
                        deltas.push(maps[*to].merge(&state).delta().clone());
                    }
                }
            }
            assert!(maps[*to].log_bytes() <= capacity);
        }
        (told, untold)
    }

    /// What names a drop tells nothing new when it is heard again, and must not push out what is remembered.
    #[test]
    fn what_is_heard_again_and_again_is_remembered_once() {
        let (node, range) = (NodeId::new("a").unwrap(), KeyRange::new(0, 3).unwrap());
        let [mut writer, mut other, mut hearer] =
            [1, 2, 3].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
        _ = writer.register(&node, &KeyRange::new(5, 9).unwrap()).unwrap();
        _ = writer.register(&node, &range).unwrap();
        other.merge(writer.state());
        hearer.merge(writer.state());
        let released = other.release(&node, &range).unwrap();
        let dropped = writer.merge(&released).delta().clone();
        let before = hearer.state().version().clone();
        hearer.merge(&released);
        hearer.merge(&dropped);
        let (bytes, told) = (hearer.log_bytes(), hearer.delta_since(&before));
        assert!(told.is_some());
        (0..10).for_each(|_| drop(hearer.merge(&dropped)));
        assert_eq!(hearer.log_bytes(), bytes);
        assert_eq!(hearer.delta_since(&before), told);
    }

    /// Two release the same. Of the two resets, which reach as far, one is kept; who gets the other from somebody who knows both must pass on
    /// the registration with it.
    #[test]
    fn a_reset_that_does_not_show_is_told_with_its_registration() {
        let node = NodeId::new("a").unwrap();
        let range = |start: u64| KeyRange::new(start, start + 3).unwrap();
        let mut maps: Vec<RangeMap<u64>> = (1..6).map(|id| RangeMap::new(ReplicaId::new(id))).collect();
        for (writer, start) in [(0, 9), (2, 0), (2, 1)] {
            let delta = maps[writer].register(&node, &range(start)).unwrap();
            maps.iter_mut().for_each(|map| drop(map.merge(&delta)));
        }
        let [first, second, _, both, third] = &mut maps[..] else { unreachable!() };
        for start in [0, 1] {
            both.merge(&first.release(&node, &range(start)).unwrap());
        }
        both.merge(&second.release(&node, &range(0)).unwrap());
        let known = second.state().version().clone();
        second.merge(&both.delta_since(&known).unwrap());
        third.merge(&second.delta_since(&known).unwrap());
        assert!(third.state().context().contains(crate::Dot { replica: ReplicaId::new(1), seq: 2 }));
        assert_eq!(third.priority(&node, &range(0)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 400 }))]

        #[test]
        fn a_delta_since_a_context_brings_all_that_is_lacking(
            steps in prop::collection::vec((0usize..3, 0usize..3, 0u64..4, any::<u8>()), 0..60),
            capacity in 0usize..3_000,
        ) {
            exchange(&steps, capacity);
        }
    }

    #[test]
    fn a_long_log_tells_everything_and_a_short_one_what_is_recent() {
        let steps: Vec<_> = (0..300usize)
            .map(|at| (at % 3, (at / 3 + 1) % 3, (at % 5) as u64, (at * 7 % 200) as u8))
            .collect();
        let (told, untold) = exchange(&steps, 1 << 20);
        assert!(told > 150, "{told} told, {untold} not");
        let (told, untold) = exchange(&steps, 400);
        assert!(told > 30 && untold > 30, "{told} told, {untold} not");
    }
}
