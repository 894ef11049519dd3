//! What may be given, at its edges.

use crdt_range_map::advice::{AdviceError, Aims, Bucket, Capacities, Histogram, TOTAL_MAX};
use crdt_range_map::node::{Event, Output};
use crdt_range_map::{KeyRange, MoveError, Node, Operation, OperationError, RangeMap, ReplicaId};

use crate::kit::builders::{between, by};
use crate::world::{capacities, done, histogram, name};

fn bucket(start: u64, load: u64, keys: u64) -> Bucket<u64> {
    Bucket { range: between(start, start + 1), load, keys }
}

#[test]
fn a_histogram_has_so_many_buckets_and_no_more() {
    let max = Histogram::<u64>::BUCKETS_MAX as u64;
    let of = |count| Histogram::new((0..count).map(|at| bucket(at, 1, 1)));
    assert_eq!(of(0).unwrap(), Histogram::default());
    assert_eq!(of(max).unwrap().load(), max);
    assert_eq!(of(max + 1), Err(AdviceError::TooManyBuckets));
}

/// All serve all, and one more than has to; loads are even.
fn crowded(names: &[&str]) -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::new(1));
    for name in names {
        _ = map.register(&name.parse().unwrap(), &between(0, 100)).unwrap();
    }
    map
}

fn rest(map: &mut RangeMap<u64>, capacities: &[(&str, u64)], aims: &Aims) {
    let histogram = histogram(&[10; 100], 1);
    let capacities =
        Capacities::new(capacities.iter().map(|(name, of)| (name.parse().unwrap(), *of))).unwrap();
    for _ in 0..60 {
        let plan = map.plan(&histogram, &capacities, aims);
        if plan.is_empty() {
            return;
        }
        plan.advices().iter().for_each(|advice| drop(done(map, advice)));
        assert_eq!(map.served_by_fewer_than(aims.count, &between(0, 100)).count(), 0);
    }
    panic!("no rest");
}

#[test]
fn who_can_bear_nothing_gives_all_away_wherever_it_stands_in_the_order() {
    let aims = Aims { count: 2, ..Aims::default() };
    for slow in ["a", "o", "z"] {
        let mut map = crowded(&[slow, "n1", "p2"]);
        rest(&mut map, &[(slow, 0), ("n1", 100), ("p2", 100)], &aims);
        assert_eq!(map.registrations_of(&slow.parse().unwrap()).count(), 0, "{slow}");
        // And who can bear a little keeps little.
        let mut map = crowded(&[slow, "n1", "n2", "p1", "p2"]);
        let others = [("n1", 100), ("n2", 100), ("p1", 100), ("p2", 100)];
        rest(&mut map, &[&[(slow, 10)], &others[..]].concat(), &aims);
        let slow = slow.parse().unwrap();
        let bears: f64 = (0..100)
            .map(|key| map.owners(&key))
            .filter(|owners| owners.iter().any(|owner| owner.node == slow))
            .map(|owners| 10.0 / owners.len() as f64)
            .sum();
        // Fair are 24.4 of 1,000, and a fifth more is even enough.
        assert!(bears <= 29.3, "{slow} bears {bears}");
    }
}

#[test]
fn nobody_is_counted_on_who_is_marked_as_down_or_dead() {
    let aims = Aims { count: 2, moved_per_mille: 1_000, ..Aims::default() };
    let capacities = [("a", 100), ("d", 100), ("ghost", 1_000)];
    let mut map = crowded(&["a"]);
    map.mark_down(&"ghost".parse().unwrap());
    rest(&mut map, &capacities, &aims);
    assert_eq!(map.served_by_fewer_than(2, &between(0, 100)).count(), 0);

    let mut map = crowded(&["a"]);
    let mut dead = RangeMap::new(ReplicaId::ephemeral(7));
    _ = map.merge(&dead.register(&"ghost".parse().unwrap(), &between(0, 50)).unwrap());
    rest(&mut map, &capacities, &aims);
    let living = map.living();
    assert_eq!(living.served_by_fewer_than(2, &between(0, 100)).count(), 0);
    let ghost = "ghost".parse().unwrap();
    let given = Capacities::new([(name(0), 1), (ghost, 1)]).unwrap();
    let plan = map.plan(&histogram(&[10; 100], 1), &given, &aims);
    assert_eq!(plan.advice(&"ghost".parse().unwrap()), None);
}

#[test]
fn sums_have_a_limit() {
    for (load, keys) in [(TOTAL_MAX - 1, 0), (0, TOTAL_MAX - 1)] {
        let of = |more| {
            Histogram::new([
                bucket(0, load, keys),
                bucket(1, more * u64::from(load > 0), more * u64::from(keys > 0)),
            ])
        };
        assert_eq!(of(0).map(|it| it.load() + it.keys()), Ok(TOTAL_MAX - 1));
        assert_eq!(of(1).map(|it| it.load() + it.keys()), Ok(TOTAL_MAX));
        assert_eq!(of(2), Err(AdviceError::TooMuch));
        assert_eq!(of(u64::MAX), Err(AdviceError::TooMuch));
    }
    let of = |more| Capacities::new([(name(0), TOTAL_MAX - 1), (name(1), more)]);
    assert!(of(1).is_ok());
    assert_eq!(of(2), Err(AdviceError::TooMuch));
}

#[test]
fn buckets_are_in_order_and_do_not_overlap() {
    let of = |ranges: &[KeyRange<u64>]| {
        Histogram::new(ranges.iter().map(|range| Bucket { range: range.clone(), load: 1, keys: 1 }))
    };
    assert!(of(&[between(0, 5), between(5, 7), KeyRange::from_start(9)]).is_ok());
    assert_eq!(of(&[between(0, 5), between(4, 7)]), Err(AdviceError::NotInOrder { index: 1 }));
    assert_eq!(of(&[between(0, 5), between(6, 7), between(0, 1)]), Err(AdviceError::NotInOrder { index: 2 }));
    assert_eq!(of(&[KeyRange::from_start(3), between(8, 9)]), Err(AdviceError::NotInOrder { index: 1 }));
    let shown = AdviceError::NotInOrder { index: 1 }.to_string();
    assert_eq!(shown, "bucket 1 begins before the one ahead of it ends");
}

/// The greatest of all: nothing overflows, and all is planned as with small numbers.
#[test]
fn the_greatest_numbers_are_as_good_as_small_ones() {
    let plan = |load: u64, capacity: u64| {
        let mut map = RangeMap::new(ReplicaId::new(1));
        _ = map.register(&name(0), &between(0, 4)).unwrap();
        let histogram = histogram(&[load; 4], 1);
        let aims = Aims { count: 1, moved_per_mille: u32::MAX, slack_per_mille: 200 };
        map.plan(&histogram, &capacities(&[capacity; 4]), &aims)
    };
    let (small, great) = (plan(1_000, 1), plan(TOTAL_MAX / 4, TOTAL_MAX / 4));
    let steps = |plan: &crdt_range_map::advice::Plan<u64>| {
        plan.advices().iter().map(|advice| advice.operations.clone()).collect::<Vec<_>>()
    };
    assert!(!small.is_empty());
    assert_eq!(steps(&small), steps(&great));
    assert_eq!(small.peak_per_mille(), 4_000);
    assert!(great.peak_per_mille().abs_diff(4_000) <= 1);
}

#[test]
fn where_there_is_nothing_nothing_is_advised() {
    let mut map = RangeMap::new(ReplicaId::new(1));
    _ = map.register(&name(0), &between(0, 4)).unwrap();
    let aims = Aims { count: 0, moved_per_mille: 0, slack_per_mille: u32::MAX };
    for aims in [aims, Aims::default()] {
        for of in [&[][..], &[0], &[0, 0]] {
            let empty = map.plan(&histogram(&[5, 5], 2), &capacities(of), &aims);
            assert!(empty.is_empty() && empty.advices().len() == of.len(), "{of:?}");
        }
        assert!(map.plan(&Histogram::default(), &capacities(&[1, 1]), &aims).is_empty());
    }
}

#[test]
fn who_may_not_write_changes_nothing() {
    let mut map = RangeMap::new(ReplicaId::new(1));
    let plan = map.plan(
        &histogram(&[5, 5, 5], 2),
        &capacities(&[1, 1]),
        &Aims { count: 2, moved_per_mille: 2_000, ..Aims::default() },
    );
    let advice = plan.advices()[0].clone();
    assert_eq!(advice.operations.len(), 1, "{advice}");
    assert_eq!(advice.to_string(), "node-000 bears 0, wanted 7: register node-000 [0, 6)");
    map.set_registration_bytes_max(64);
    let node = crate::kit::builders::named(&"x".repeat(200));
    let range = advice.operations[0].range().clone();
    let long = [advice.operations[0].clone(), Operation::Register { node, range }];
    let before = map.state().clone();
    let refused = map.apply(long).unwrap_err();
    assert!(refused.index == 1 && matches!(refused.why, MoveError::TooLong { .. }), "{refused}");
    assert_eq!(*map.state(), before);
    _ = map.retire(ReplicaId::new(1));
    assert_eq!(map.apply(advice.operations), Err(OperationError { index: 0, why: MoveError::Retired }));
}

#[test]
fn a_node_does_what_is_advised_as_its_map_does() {
    let mut map = RangeMap::new(ReplicaId::new(1));
    let mut of_node = Node::new(ReplicaId::new(1), 7);
    for part in [between(0, 2), between(2, 3), between(3, 4), between(1, 4), between(4, 6)] {
        _ = map.register(&name(0), &part).unwrap();
        of_node.register(&name(0), &part).unwrap();
    }
    _ = map.increase(&name(1), &between(0, 2), by(4)).unwrap();
    of_node.increase(&name(1), &between(0, 2), by(4)).unwrap();
    while !matches!(of_node.poll(0), Output::Wait { .. }) {}
    let aims = Aims { count: 1, moved_per_mille: 1_000, ..Aims::default() };
    let mut kinds = [0; 4];
    for loads in [
        [5, 5, 0, 0, 40, 40],
        [6, 6, 6, 6, 6, 6],
        [5, 5, 5, 5, 50, 50],
        [1, 1, 1, 1, 1, 1],
        [9, 9, 9, 9, 1, 1],
        [0, 0, 1, 1, 300, 0],
        [0, 0, 30, 30, 30, 30],
        [30, 30, 30, 30, 0, 0],
    ] {
        for round in 0..20 {
            let plan = map.plan(&histogram(&loads, 1), &capacities(&[1, 1]), &aims);
            if plan.is_empty() {
                break;
            }
            assert!(round < 19);
            for advice in plan.advices().iter().filter(|advice| !advice.operations.is_empty()) {
                let before = map.splits().clone();
                for step in &advice.operations {
                    kinds[match step {
                        Operation::Register { .. } => 0,
                        Operation::StandIn { .. } => 1,
                        Operation::Drain { .. } => 2,
                        Operation::Unite { .. } => 3,
                        other => panic!("{other}"),
                    }] += 1;
                }
                _ = done(&mut map, advice);
                of_node.apply(advice.operations.iter().cloned()).unwrap();
                assert!(map.registrations().eq(of_node.map().registrations()));
                let mut changed = Vec::new();
                loop {
                    match of_node.poll(0) {
                        Output::Event(Event::Changed(ranges)) => changed.extend(ranges),
                        Output::Wait { .. } => break,
                        _ => {}
                    }
                }
                // It tells of every key whose owners changed.
                for key in 0..6 {
                    let owners = before.iter().find(|split| split.range.contains(&key));
                    let is_told = changed.iter().any(|range| range.contains(&key));
                    let is_same = owners.map_or(&[][..], |split| split.owners) == &*map.owners(&key);
                    assert!(is_same || is_told, "{advice}: {key}");
                }
            }
        }
    }
    assert!(kinds.iter().all(|count| *count > 0), "{kinds:?}");
}
