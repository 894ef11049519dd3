//! Rounds in which all plan from the same, do it, and hear of it.

use crdt_range_map::KeyRange;
use crdt_range_map::advice::{Aims, Capacities, Histogram};

use crate::kit::random::Random;
use crate::world::{Round, World, capacities, done, histogram, name, shuffled, zipf};

const NODES: usize = 100;
const BUCKETS: u64 = 10_000;
/// The keys of a bucket.
const KEYS: u64 = 10;

/// A hundred nodes, three of them slow.
fn hundred() -> Vec<u64> {
    let mut capacities = vec![100; NODES];
    [17, 50, 83].into_iter().for_each(|at| capacities[at] = 30);
    capacities
}

/// Loads by Zipf's law: the hot keys beside each other; flatter, so that no key is too hot for one node; and the hot keys anywhere, in
/// several ways.
fn workloads() -> Vec<(String, Vec<u64>)> {
    let adjacent = ("hot keys beside each other".to_string(), zipf(BUCKETS, 0));
    let range = ("a hot range".to_string(), zipf(BUCKETS, 100));
    let anywhere =
        (1..=6).map(|seed| (format!("hot keys anywhere, {seed}"), shuffled(zipf(BUCKETS, 0), seed)));
    // All else is nearly even then, so that nobody has much room for a part of the hottest key.
    let scattered = (0..BUCKETS).map(|at| adjacent.1[(at * 7_919 % BUCKETS) as usize]).collect();
    [adjacent, range, ("scattered".to_string(), scattered)].into_iter().chain(anywhere).collect()
}

fn world(count: usize) -> World {
    World::even(hundred(), BUCKETS * KEYS, Aims { count, ..Aims::default() })
}

/// What holds in every round.
fn check(world: &World, round: &Round) {
    assert!(round.least_owners >= world.aims.count, "{round:?}");
    assert!(round.moved <= f64::from(world.aims.moved_per_mille) / 1000.0, "{round:?}");
}

/// Until nothing is advised any more, in at most so many rounds; how many there were.
fn run(world: &mut World, histogram: &Histogram<u64>, rounds: usize) -> usize {
    for at in 0..rounds {
        let round = world.round(histogram);
        check(world, &round);
        if round.is_empty {
            return at;
        }
    }
    panic!("no rest after {rounds} rounds, the peak is {}", world.peak(histogram));
}

#[test]
fn a_hundred_nodes_come_to_an_even_load_in_twenty_rounds() {
    for count in [1, 3] {
        for (workload, loads) in workloads() {
            let histogram = histogram(&loads, KEYS);
            let mut world = world(count);
            assert!(world.peak(&histogram) > 3.0);
            run(&mut world, &histogram, 20);
            let peak = world.peak(&histogram);
            assert!(peak <= 1.3, "{workload}, {count} each: {peak}");
            // It stays so, and all replicas know it.
            assert!((0..NODES).step_by(9).all(|at| world.plan(at, &histogram).is_empty()));
            // Each key more than has to serve it is there for its heat.
            let copies = world.owners(&histogram).iter().map(|owners| owners.len()).sum::<usize>();
            assert!(copies < BUCKETS as usize * count + 250, "{workload}: {copies}");
        }
    }
}

#[test]
fn replicas_that_know_the_same_plan_the_same() {
    let histogram = histogram(&workloads()[1].1, KEYS);
    let mut world = world(2);
    for _ in 0..3 {
        world.round(&histogram);
        let plan = world.plan(0, &histogram);
        assert!(!plan.is_empty());
        assert!((1..NODES).step_by(13).all(|at| world.plan(at, &histogram) == plan));
    }
}

#[test]
fn small_changes_of_the_load_move_nothing_after_a_while() {
    let loads = &workloads()[1].1;
    let mut world = world(2);
    let mut random = Random(3);
    let mut moved = Vec::new();
    for _ in 0..40 {
        let noisy: Vec<u64> = loads.iter().map(|load| load * (96 + random.below(9)) / 100).collect();
        let round = world.round(&histogram(&noisy, KEYS));
        check(&world, &round);
        moved.push(round.moved);
    }
    assert!(moved[0] > 0.0 && moved[25..].iter().all(|moved| *moved == 0.0), "{moved:?}");
}

/// What is left behind of many takings and givings does not grow for ever.
#[test]
fn a_hot_range_that_wanders_is_followed() {
    let mut world = World::even(vec![10; 20], 20_000, Aims { count: 2, ..Aims::default() });
    for round in 0..600 {
        let hot = (round / 2 * 10) % 2_000;
        let load = |at: usize| 100 + if (at + 2_000 - hot) % 2_000 < 300 { 400 } else { 0 };
        let it = world.round(&histogram(&(0..2_000).map(load).collect::<Vec<_>>(), KEYS));
        check(&world, &it);
        assert!(round < 20 || it.peak < 1.5, "round {round}: {it:?}");
        assert!(it.registrations < 160, "round {round}: {it:?}");
    }
}

#[test]
fn a_node_that_is_down_is_replaced_and_one_without_capacity_is_relieved() {
    let histogram = histogram(&zipf(1_000, 50), KEYS);
    let mut world = World::even(vec![10; 20], 10_000, Aims { count: 2, ..Aims::default() });
    run(&mut world, &histogram, 20);
    // Nobody is advised for whom no capacity is told; and it does not serve.
    world.maps.iter_mut().for_each(|map| map.mark_down(&name(3)));
    let known =
        || Capacities::new((0..20).filter(|at| *at != 3).map(|at| (name(at), if at == 5 { 0 } else { 10 })));
    let everything = KeyRange::new(0, 10_000).unwrap();
    assert!(world.maps[0].living().served_by_fewer_than(2, &everything).next().is_some());
    for _ in 0..20 {
        let plan = world.maps[0].plan(&histogram, &known().unwrap(), &world.aims);
        assert!(plan.moved() <= 500 && plan.advice(&name(3)).is_none());
        let deltas: Vec<_> = plan
            .advices()
            .iter()
            .map(|advice| {
                let at: usize = advice.node.as_str()[5..].parse().unwrap();
                done(&mut world.maps[at], advice)
            })
            .collect();
        deltas.iter().for_each(|delta| world.maps.iter_mut().for_each(|map| drop(map.merge(delta))));
        if plan.is_empty() {
            break;
        }
    }
    let plan = world.maps[0].plan(&histogram, &known().unwrap(), &world.aims);
    assert!(plan.is_empty() && plan.peak_per_mille() <= 1_300);
    assert_eq!(plan.advice(&name(5)).unwrap().load, 0);
    assert_eq!(world.maps[0].registrations_of(&name(5)).count(), 0);
    assert!(world.maps[0].living().served_by_fewer_than(2, &everything).next().is_none());
    assert_eq!(capacities(&[4, 7]).get(&name(1)), Some(7));
}
