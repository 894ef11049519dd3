//! The log of recent changes: which registration each recent effect touched.
//!
//! It tells what a peer lacks that is slightly behind, without a look at everything that is held. It is bounded; of what it
//! has forgotten, or never knew one by one, it keeps the *horizon*: for each writer, up to where. Only a peer that knows
//! everything below the horizon can be answered from the log. What a received delta claims and does not carry raises the horizon:
//! updates that later ones superseded before they were sent, and drops of which the prefix of its context tells.

use std::collections::VecDeque;

use crate::causal::{CausalContext, Dot};
use crate::delta::{Delta, Drop};
use crate::key::Key;
use crate::registration::RegistrationId;

/// How many effects the log holds at most. With a short node name each takes about 100 bytes.
pub(super) const LOG_MAX: usize = 4096;

/// Where effects went, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Log<K> {
    recent: VecDeque<Logged<K>>,
    /// For each writer, a run from 1 to where the log may lack something.
    horizon: CausalContext,
    capacity: usize,
}

/// An effect and what it touched.
#[derive(Clone, Debug)]
pub(super) struct Logged<K> {
    pub(super) dot: Dot,
    pub(super) id: RegistrationId<K>,
    /// If it dropped a record: that record's birth.
    pub(super) dropped: Option<Dot>,
}

impl<K> Default for Log<K> {
    fn default() -> Self {
        Self { recent: VecDeque::new(), horizon: CausalContext::default(), capacity: LOG_MAX }
    }
}

impl<K: Key> Log<K> {
    pub(super) fn len(&self) -> usize {
        self.recent.len()
    }

    /// Sets how much is remembered from now on.
    pub(super) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.shrink();
    }

    /// O(1).
    pub(super) fn push(&mut self, logged: Logged<K>) {
        self.recent.push_back(logged);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.recent.len() > self.capacity {
            if let Some(forgotten) = self.recent.pop_front() {
                self.forget(forgotten.dot);
            }
        }
    }

    /// Effects of that writer may be missing, up to this one. O(log of the writers).
    pub(super) fn forget(&mut self, dot: Dot) {
        self.horizon.insert_run(dot.replica, 1, dot.seq);
    }

    /// Effects of all those writers may be missing, up to the last one that the context knows.
    pub(super) fn forget_all(&mut self, context: &CausalContext) {
        // Joined at once: one by one, each would move all that order after it.
        let mut lost = CausalContext::default();
        context.replicas().for_each(|(replica, runs)| lost.insert_run(replica, 1, runs.last()));
        self.horizon.join(&lost);
    }

    /// Nothing is remembered, of all that is known.
    pub(super) fn forget_everything(&mut self, known: &CausalContext) {
        self.recent.clear();
        self.forget_all(known);
    }

    /// Notes what is about to be joined. `known` is what is known without it. Returns whether that claims something that it does not
    /// carry. O(m log m) for a delta of m registrations, O(writers) for more than the log holds.
    pub(super) fn note(&mut self, delta: &Delta<K>, known: &CausalContext) -> bool {
        if delta.entries.len() + delta.drops.len() > self.capacity {
            self.forget_all(&delta.context.difference(known));
            return true;
        }
        for held in delta.entries.rows() {
            held.for_each_record(|writer, record| {
                let last = Dot { replica: writer, seq: record.last };
                for dot in core::iter::once(last).chain(record.baseline.map(|baseline| baseline.stamp)) {
                    if !known.contains(dot) {
                        self.push(Logged { dot, id: held.id(), dropped: None });
                    }
                }
            });
        }
        for (id, replica, Drop { birth, stamp }) in delta.drops.iter() {
            if !known.contains(stamp) {
                let dropped = Some(Dot { replica, seq: birth });
                self.push(Logged { dot: stamp, id: id.clone(), dropped });
            }
        }
        if delta.carries_all_it_claims() {
            return false;
        }
        let news = delta.context.difference(known);
        let carried = delta.carried_dots(known);
        let mut lost = CausalContext::default();
        for (replica, runs) in news.replicas() {
            for (first, last) in runs.iter() {
                let from = carried.partition_point(|dot| *dot < Dot { replica, seq: first });
                let to = carried.partition_point(|dot| *dot <= Dot { replica, seq: last });
                // The last dot that is not carried, if any.
                let mut seq = last;
                for dot in carried[from..to].iter().rev() {
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
        !lost.is_empty()
    }

    /// Whether the log tells everything of `known` that such a peer lacks.
    pub(super) fn reaches(&self, peer: &CausalContext, known: &CausalContext) -> bool {
        peer.includes(&known.intersection(&self.horizon))
    }

    /// What is remembered of those dots, in the order in which it was learnt. O(log).
    pub(super) fn of<'a>(&'a self, dots: &'a CausalContext) -> impl Iterator<Item = &'a Logged<K>> {
        self.recent.iter().filter(|logged| dots.contains(logged.dot))
    }

    /// The drops that are remembered. O(log).
    pub(super) fn dropped(&self) -> impl Iterator<Item = &Logged<K>> {
        self.recent.iter().filter(|logged| logged.dropped.is_some())
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;

    use proptest::prelude::*;

    use crate::{KeyRange, NodeId, RangeMap, ReplicaId};

    fn by(amount: u32) -> NonZeroU32 {
        NonZeroU32::new(amount).unwrap()
    }

    /// Operations and exchanges among three replicas with short logs, each checked: a delta since some context makes the peer that
    /// has it equal to the whole state.
    fn exchange(steps: &[(usize, usize, u64, u8)], capacity: usize) -> (usize, usize) {
        let mut maps: Vec<RangeMap<u64>> = (1..4).map(|id| RangeMap::new(ReplicaId::new(id))).collect();
        maps.iter_mut().for_each(|map| map.set_log_capacity(capacity));
        let (mut told, mut untold) = (0, 0);
        for (from, to, start, what) in steps {
            let (node, range) = (NodeId::new("a").unwrap(), KeyRange::new(*start, start + 3).unwrap());
            let map = &mut maps[*from];
            match what % 8 {
                0 | 1 => drop(map.register(&node, &range)),
                2 => drop(map.increase(&node, &range, by(2))),
                3 => drop(map.decrease(&node, &range, by(1))),
                4 => drop(map.release(&node, &range)),
                // Its last number is told. Of who is retired before all is known that it wrote, something may be lost.
                5 if *what > 200 => drop(map.retire(map.replica())),
                5 => drop(map.maintain()),
                _ => {}
            }
            let context = maps[*to].state().context().clone();
            let mut expected = maps[*to].clone();
            expected.merge(maps[*from].state());
            match maps[*from].delta_since(&context) {
                Some(delta) => {
                    told += 1;
                    maps[*to].merge(&delta);
                    assert_eq!(maps[*to].state(), expected.state(), "{from} to {to}");
                }
                None => {
                    untold += 1;
                    if what % 2 == 0 {
                        let state = maps[*from].state().clone();
                        maps[*to].merge(&state);
                    }
                }
            }
            assert!(maps[*to].log_len() <= capacity);
        }
        (told, untold)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 400 }))]

        #[test]
        fn a_delta_since_a_context_brings_all_that_is_lacking(
            steps in prop::collection::vec((0usize..3, 0usize..3, 0u64..4, any::<u8>()), 0..60),
            capacity in 0usize..12,
        ) {
            exchange(&steps, capacity);
        }
    }

    #[test]
    fn a_long_log_tells_everything_and_a_short_one_what_is_recent() {
        let steps: Vec<_> = (0..300usize)
            .map(|at| (at % 3, (at / 3 + 1) % 3, (at % 5) as u64, (at * 7 % 200) as u8))
            .collect();
        let (told, untold) = exchange(&steps, 4096);
        assert!(told > 250, "{told} told, {untold} not");
        let (told, untold) = exchange(&steps, 3);
        assert!(told > 50 && untold > 50, "{told} told, {untold} not");
    }
}
