//! What a delta or a state carries, for whoever asks why: what each writer contributed to a registration, and what it dropped.
//!
//! All of it is read off the records and tombstones, so it says as much as they know: of what was released, no more than a state has to
//! remember.

use crate::causal::Dot;
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::{Key, KeyRange};
use crate::registration::{Record, RegistrationId};
use crate::store::RowRef;
use crate::tombstones::RecordDrop;

/// What one writer contributed to a registration, and how much of it counts. The registration's priority is 1 if [`is_registered`]
/// of any writer, plus the [`adjustments`] of all.
///
/// [`is_registered`]: Self::is_registered
/// [`adjustments`]: Self::adjustments
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contribution {
    /// The writer.
    pub replica: ReplicaId,
    /// The sequence number of its first contribution since it last dropped a record of the registration.
    pub birth: u64,
    /// The sequence number of its latest contribution.
    pub last: u64,
    /// The sequence number of its latest register, whether or not that counts.
    pub registered: Option<u64>,
    /// Whether a register of it counts.
    pub is_registered: bool,
    /// The sum of those of its adjustments that count.
    pub adjustments: i128,
    /// What of it was cancelled.
    pub cancelled: Option<Cancelled>,
}

/// The contributions of a writer that a release of somebody cancelled: the furthest one that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cancelled {
    /// The sequence number of the writer's latest contribution that the release had observed. All up to that one are cancelled.
    pub until: u64,
    /// The sum of the adjustments up to there.
    pub adjustments: i64,
    /// Who released, and at which of its effects.
    pub by: Dot,
}

/// All contributions of a writer to a registration up to some point are cancelled and out of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// The writer.
    pub replica: ReplicaId,
    /// The sequence number of the first contribution that the dropped record had.
    pub birth: u64,
    /// Who dropped it, and at which of its effects; `None` if that is not known. Mostly that is the writer itself: when it releases the
    /// registration, or learns that somebody else did.
    pub by: Option<Dot>,
}

/// A piece of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carried {
    /// What a writer contributed, all in one.
    Contribution(Contribution),
    /// What a writer contributed is gone.
    Dropped(Dropped),
}

impl Contribution {
    fn of(replica: ReplicaId, record: &Record) -> Self {
        let cancelled = record.baseline.map(|baseline| Cancelled {
            until: baseline.last,
            adjustments: baseline.net,
            by: baseline.stamp,
        });
        Self {
            replica,
            birth: record.birth,
            last: record.last,
            registered: record.registered,
            is_registered: record.register_is_left(),
            adjustments: record.adjustments_left(),
            cancelled,
        }
    }
}

impl Dropped {
    fn of(replica: ReplicaId, drop: RecordDrop) -> Self {
        let is_bare = drop == RecordDrop::bare(replica, drop.birth);
        Self { replica, birth: drop.birth, by: (!is_bare).then_some(drop.stamp) }
    }
}

impl<K: Key> Delta<K> {
    /// What the delta carries of one registration: the contributions in the order of their writers, then the drops that it names. For a
    /// [state](crate::RangeMap::state): why the registration has its priority. O(log n + its writers, and all drops that are named).
    ///
    /// ```
    /// use crdt_range_map::{Carried, KeyRange, NodeId, RangeMap, ReplicaId};
    ///
    /// let (node, range) = (NodeId::new("a")?, KeyRange::new(0u64, 10)?);
    /// let mut here = RangeMap::new(ReplicaId::new(1));
    /// let mut there = RangeMap::new(ReplicaId::new(2));
    /// there.merge(&here.increase(&node, &range, 5.try_into()?)?);
    /// let increased = here.increase(&node, &range, 1.try_into()?)?;
    /// here.merge(&there.release(&node, &range)?);
    /// there.merge(&increased);
    /// let Carried::Contribution(left) = there.state().carried_of(&node, &range)[0] else { panic!() };
    /// assert_eq!((left.replica, left.adjustments), (ReplicaId::new(1), 1));
    /// let cancelled = left.cancelled.unwrap();
    /// assert_eq!((cancelled.adjustments, cancelled.by.replica), (5, ReplicaId::new(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn carried_of(&self, node: &NodeId, range: &KeyRange<K>) -> Vec<Carried> {
        let id = RegistrationId { range: range.clone(), node: node.clone() };
        let mut carried = Vec::new();
        if let Some(row) = self.entries.get(&id) {
            row.for_each_record(|writer, record| {
                carried.push(Carried::Contribution(Contribution::of(writer, record)));
            });
        }
        let drops = self.tombstones.each().filter(|tombstone| tombstone.id == id);
        carried.extend(drops.map(|it| Carried::Dropped(Dropped::of(it.writer, it.drop))));
        carried
    }

    /// All that the delta carries: first the contributions, then the drops that it names, each in the order of registrations. O(1) for
    /// each, and O(its writers) for a registration.
    pub fn carried(&self) -> impl Iterator<Item = (NodeId, KeyRange<K>, Carried)> + '_ {
        let contributions = self.entries.rows().flat_map(|row: RowRef<'_, K>| {
            let mut records = Vec::with_capacity(row.record_count());
            row.for_each_record(|writer, record| records.push(Contribution::of(writer, record)));
            let (node, range) = (row.node().clone(), row.range());
            records.into_iter().map(move |it| (node.clone(), range.clone(), Carried::Contribution(it)))
        });
        let drops = self.tombstones.each().map(|it| {
            let dropped = Dropped::of(it.writer, it.drop);
            (it.id.node.clone(), it.id.range.clone(), Carried::Dropped(dropped))
        });
        contributions.chain(drops)
    }

    /// How many pieces [`carried`](Self::carried) has. O(n).
    pub fn carried_count(&self) -> usize {
        let records: usize = self.entries.rows().map(|row| row.record_count()).sum();
        records + self.tombstones.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::map::RangeMap;

    fn triple(start: u64) -> (NodeId, KeyRange<u64>) {
        (NodeId::new("a").unwrap(), KeyRange::new(start, start + 10).unwrap())
    }

    /// The priority that the contributions of a registration come to.
    fn priority(carried: &[Carried]) -> Option<u64> {
        let contributions = || {
            carried.iter().filter_map(|it| match it {
                Carried::Contribution(it) => Some(it),
                Carried::Dropped(_) => None,
            })
        };
        let registered = i128::from(contributions().any(|it| it.is_registered));
        let sum = registered + contributions().map(|it| it.adjustments).sum::<i128>();
        u64::try_from(sum).ok().filter(|priority| *priority > 0)
    }

    #[test]
    fn a_release_shows_as_what_it_cancelled_and_as_the_own_drop() {
        let (node, range) = triple(0);
        let [one, two] = [1, 2].map(ReplicaId::new);
        let (mut here, mut there) = (RangeMap::new(one), RangeMap::new(two));
        // So that the context of the release does not begin at 1, and does not imply the drop.
        let (_, other) = triple(100);
        there.merge(&here.register(&node, &other).unwrap());
        there.merge(&here.register(&node, &range).unwrap());
        here.merge(&there.increase(&node, &range, 4.try_into().unwrap()).unwrap());
        let release = here.release(&node, &range).unwrap();
        let carried = release.carried_of(&node, &range);
        assert_eq!(carried, release.carried().map(|(.., it)| it).collect::<Vec<_>>());
        assert_eq!(carried.len(), release.carried_count());
        let [Carried::Contribution(theirs), Carried::Dropped(own)] = carried[..] else {
            panic!("{carried:?}");
        };
        let stamp = |seq| Dot { replica: one, seq };
        assert_eq!((theirs.replica, theirs.adjustments, theirs.is_registered), (two, 0, false));
        assert_eq!(theirs.cancelled, Some(Cancelled { until: 1, adjustments: 4, by: stamp(4) }));
        assert_eq!(own, Dropped { replica: one, birth: 2, by: Some(stamp(3)) });
        // Now the other writer drops its record too, and nothing is left but what the contexts imply.
        let answer = there.merge(&release);
        here.merge(answer.delta());
        assert_eq!(here.state().carried_of(&node, &range), []);
        assert_eq!(here.state().carried_count(), 1);
    }

    #[test]
    fn a_drop_whose_own_dot_is_not_known_is_of_nobody() {
        let writer = ReplicaId::new(7);
        let bare = Dropped::of(writer, RecordDrop::bare(writer, 5));
        assert_eq!(bare, Dropped { replica: writer, birth: 5, by: None });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 200 }))]

        #[test]
        fn contributions_come_to_the_priority(
            steps in prop::collection::vec((0usize..3, 0u64..3, 0u8..6, 1u32..9), 1..80),
        ) {
            let mut maps = [1, 2, 3].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
            for (at, start, what, by) in steps {
                let (node, range) = triple(start);
                let by = by.try_into().unwrap();
                let state = maps[(at + 1) % 3].state().clone();
                let map = &mut maps[at];
                match what {
                    0 => drop(map.register(&node, &range).unwrap()),
                    1 => drop(map.release(&node, &range).unwrap()),
                    2 => drop(map.increase(&node, &range, by).unwrap()),
                    3 => drop(map.decrease(&node, &range, by).unwrap()),
                    _ => drop(map.merge(&state)),
                }
                let mut count = 0;
                for (node, range) in [0, 1, 2].map(triple) {
                    let carried = map.state().carried_of(&node, &range);
                    prop_assert_eq!(priority(&carried), map.priority(&node, &range));
                    let all = map.state().carried().filter(|it| (&it.0, &it.1) == (&node, &range));
                    prop_assert_eq!(all.map(|it| it.2).collect::<Vec<_>>(), carried.clone());
                    count += carried.len();
                }
                prop_assert_eq!(map.state().carried_count(), count);
            }
        }
    }
}
