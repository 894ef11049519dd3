//! Versions of answers: they grow with all that is learnt, equal states have equal ones, what is ordered is told so, and how often that
//! is told of what is not.

use instances as _;
#[path = "kit/mod.rs"]
mod kit;
mod model;

use std::cmp::Ordering;

use crdt_range_map::{AnswerVersion, Delta, Key, KeyRange, OwnersSince, RangeMap, ReplicaId};
use kit::builders::{by, named, range};
use kit::random::Random;
use model::history::histories;
use model::seeds;
use model::world::{POOL, World};
use proptest::prelude::*;

const HISTORIES: u64 = 400;
const STEPS_MAX: usize = 40;

/// The version of somebody who received just that.
fn version_of<K: Key>(state: &Delta<K>) -> AnswerVersion {
    let mut reader = RangeMap::new(ReplicaId::new(u64::MAX));
    let changes = reader.merge(state);
    assert!(changes.delta().is_empty());
    assert_eq!(reader.state(), state);
    reader.answer_version()
}

/// Whether two states are told to be ordered as the join of them says that they are; `false` if they are concurrent and told to be ordered.
fn check_pair<K: Key>(a: &Delta<K>, b: &Delta<K>) -> Result<bool, TestCaseError> {
    let mut both = a.clone();
    both.merge(b);
    let [version_a, version_b, version_both] = [a, b, &both].map(version_of);
    prop_assert!(version_both >= version_a && version_both >= version_b);
    let told = version_a.partial_cmp(&version_b);
    prop_assert_eq!(told, version_b.partial_cmp(&version_a).map(Ordering::reverse));
    let (is_in_a, is_in_b) = (both == *a, both == *b);
    match (is_in_a, is_in_b) {
        (true, true) => prop_assert_eq!(told, Some(Ordering::Equal)),
        (false, true) => prop_assert_eq!(told, Some(Ordering::Less)),
        (true, false) => prop_assert_eq!(told, Some(Ordering::Greater)),
        (false, false) => return Ok(told.is_none()),
    }
    Ok(true)
}

#[test]
fn versions_are_ordered_as_the_states_are() {
    seeds::check(HISTORIES, &histories(POOL.len(), STEPS_MAX), |history| {
        let mut world = World::<u64>::new(history.replicas, history.nodes, history.ranges, history.ballast);
        for step in history.steps {
            let before: Vec<_> = world.peers.iter().map(|peer| peer.map.clone()).collect();
            // What is followed is compared with what is counted anew.
            before.iter().for_each(|map| _ = map.answer_version());
            world.step(step).map_err(TestCaseError::fail)?;
            for (before, peer) in before.iter().zip(&world.peers) {
                let (is_same, map) = (before.state() == peer.map.state(), &peer.map);
                let order = if is_same { Ordering::Equal } else { Ordering::Greater };
                prop_assert_eq!(map.answer_version().partial_cmp(&before.answer_version()), Some(order));
                prop_assert_eq!(map.answer_version(), version_of(map.state()));
            }
        }
        let states = world.peers.iter().map(|peer| peer.map.state());
        let messages = world.messages.iter().rev().take(4).map(|(delta, _)| delta);
        let values: Vec<_> = states.chain(messages).collect();
        for (at, a) in values.iter().enumerate() {
            for b in &values[at..] {
                check_pair(a, b)?;
            }
        }
        world.agree().map_err(TestCaseError::fail)?;
        let first = world.peers[0].map.answer_version();
        prop_assert!(world.peers.iter().all(|peer| peer.map.answer_version() == first));
        Ok(())
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Also of who is retired, of drops that came without their dots, and of what was cleared.
    #[test]
    fn versions_grow_with_all_that_is_learnt(
        steps in prop::collection::vec((0usize..3, 0usize..3, 0u64..4, 0u8..12), 1..60),
    ) {
        let mut maps = [1, 2, 3].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
        let mut lost_nothing = true;
        for (at, other, start, what) in steps {
            let (before, known) = (maps[at].answer_version(), maps[at].state().clone());
            let (node, range) = (named("n"), range(start * 5));
            let of_other = match what {
                // A peer that asks about what it knows in part.
                0..3 => maps[other].delta_since(&known.version().intersection(maps[other].state().version())),
                3 => Some(maps[other].state().clone()),
                _ => None,
            };
            let map = &mut maps[at];
            match what {
                4..6 => drop(map.register(&node, &range)),
                6 => drop(map.increase(&node, &range, by(2))),
                7..9 => drop(map.release(&node, &range)),
                9 => drop(map.retire(ReplicaId::new(other as u64 + 1))),
                10 if start == 0 => {
                    lost_nothing = false;
                    drop(map.maintain());
                }
                _ => of_other.iter().for_each(|delta| _ = map.merge(delta)),
            }
            let order = if *map.state() == known { Ordering::Equal } else { Ordering::Greater };
            prop_assert_eq!(map.answer_version().partial_cmp(&before), Some(order));
            prop_assert!(map.answer_version().token() >= before.token());
            prop_assert_eq!(map.answer_version(), version_of(map.state()));
        }
        for a in &maps {
            for b in &maps {
                if lost_nothing {
                    check_pair(a.state(), b.state())?;
                }
            }
        }
    }
}

#[test]
fn what_is_new_is_told_to_who_knows_an_older_answer() {
    let [mut here, mut there] = [1, 2].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    let nothing = here.answer_version();
    assert_eq!(nothing, AnswerVersion::default());
    assert_eq!(here.owners_since(&3, &nothing), OwnersSince::Same);
    let delta = here.register(&named("a"), &range(0)).unwrap();
    let (owners, version) = (here.owners(&3), here.answer_version());
    let newer = OwnersSince::Newer { owners: owners.clone(), version };
    assert_eq!((owners.len(), here.owners_since(&3, &nothing)), (1, newer));
    assert_eq!(there.owners_since(&3, &version), OwnersSince::Older { version: nothing });
    drop(there.register(&named("b"), &range(0)).unwrap());
    let apart = OwnersSince::Concurrent { owners: there.owners(&3), version: there.answer_version() };
    assert_eq!(there.owners_since(&3, &version), apart);
    there.merge(&delta);
    let OwnersSince::Newer { owners, .. } = there.owners_since(&3, &version) else { panic!() };
    assert_eq!(owners.len(), 2);
}

/// Two sides of so many writers each that go on apart, each writer with some effects.
fn apart(random: &mut Random, writers: [u64; 2], effects_max: u64) -> [AnswerVersion; 2] {
    writers.map(|writers| {
        let mut side = RangeMap::<u64>::new(ReplicaId::new(0));
        for _ in 0..writers {
            let mut writer = RangeMap::<u64>::new(ReplicaId::new(random.next()));
            for _ in 0..=random.below(effects_max) {
                drop(writer.increase(&named("n"), &KeyRange::full(), by(1)).unwrap());
            }
            side.merge(writer.state());
        }
        side.answer_version()
    })
}

/// The numbers are those of the documentation of `AnswerVersion`.
#[test]
fn how_often_concurrent_answers_are_called_ordered() {
    const PAIRS: usize = 2_000;
    let mut random = Random(13);
    let mut measured = Vec::new();
    let cases = [([1, 1], 9), ([3, 3], 9), ([10, 10], 9), ([1, 10], 9), ([1, 1], 200), ([1, 1], 2_000)];
    for (writers, effects_max) in cases {
        let pairs = (0..PAIRS).map(|_| apart(&mut random, writers, effects_max));
        let ordered = pairs.filter(|[a, b]| a.partial_cmp(b).is_some()).count();
        measured.push(ordered * 1_000 / PAIRS);
    }
    assert_eq!(measured, [66, 3, 0, 393, 96, 880], "in a thousand");
}
