//! Splits, gaps and look-ups against brute force on every key of a small key space, for ranges in every order of arrival.

use instances as _;
mod model;

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use crdt_range_map::{KeyRange, LeastKey, NodeId, RangeMap, ReplicaId};
use model::Id;
use model::served;
use model::world::{SampleKey, node, range};

/// A registration of a test: number of the node, where the range starts and ends, priority.
type Served = (usize, usize, Option<usize>, u64);

fn id<K: SampleKey>((at, start, end, _): Served) -> Id<K> {
    (range((start, end)), node(at))
}

/// Announces a registration with its priority.
fn serve<K: LeastKey>(map: &mut RangeMap<K>, (range, node): &Id<K>, priority: u64) {
    let by = NonZeroU32::new(priority.try_into().unwrap()).unwrap();
    let _ = map.increase(node, range, by).unwrap();
}

/// Calls `visit` with every order of the values from `fixed` on.
fn permute<T>(values: &mut [T], fixed: usize, visit: &mut impl FnMut(&[T])) {
    if fixed == values.len() {
        return visit(values);
    }
    for at in fixed..values.len() {
        values.swap(fixed, at);
        permute(values, fixed + 1, visit);
        values.swap(fixed, at);
    }
}

/// Compares with brute force after every single arrival, in every order, and back again while they are released. Returns how
/// many orders there were.
fn check_every_order<K: SampleKey>(served: &[Served]) -> usize {
    let keys = K::samples();
    let mut orders = BTreeSet::new();
    permute(&mut served.to_vec(), 0, &mut |order| {
        orders.insert(order.to_vec());
        let mut map = RangeMap::<K>::new(ReplicaId::new(1));
        let mut registrations: Vec<(Id<K>, u64)> = Vec::new();
        for one in order {
            serve(&mut map, &id(*one), one.3);
            registrations.push((id(*one), one.3));
            served::check(&map, &registrations, &keys).unwrap_or_else(|wrong| panic!("{order:?}: {wrong}"));
            check_tiling(&map);
        }
        for one in order {
            let _ = map.release(&node(one.0), &range((one.1, one.2))).unwrap();
            registrations.retain(|(other, _)| *other != id(*one));
            served::check(&map, &registrations, &keys)
                .unwrap_or_else(|wrong| panic!("{order:?} back: {wrong}"));
        }
    });
    orders.len()
}

/// Splits and gaps together hold every key once, splits have owners, and neighbours differ.
fn check_tiling<K: LeastKey>(map: &RangeMap<K>) {
    let splits = map.splits();
    assert!(splits.iter().all(|split| !split.owners.is_empty()));
    let owned = splits.iter().map(|split| (split.range, split.owners));
    let mut tiles: Vec<_> = owned.chain(map.gaps().map(|range| (range, &[][..]))).collect();
    tiles.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(tiles[0].0.start(), &K::least());
    assert_eq!(tiles[tiles.len() - 1].0.end(), None);
    for pair in tiles.windows(2) {
        assert_eq!(pair[0].0.end(), Some(pair[1].0.start()));
        assert_ne!(pair[0].1, pair[1].1, "neighbours with equal owners are one");
    }
}

fn check_both_keys(served: &[Served]) {
    let factorial = (1..=served.len()).product::<usize>();
    assert_eq!(check_every_order::<u64>(served), factorial);
    assert_eq!(check_every_order::<String>(served), factorial);
}

#[test]
fn touching_ranges_of_several_nodes() {
    check_both_keys(&[
        (0, 2, Some(4), 1),
        (1, 4, Some(6), 1),
        (2, 6, Some(8), 1),
        (0, 3, Some(5), 1),
        (1, 5, Some(7), 1),
    ]);
}

#[test]
fn touching_ranges_of_one_node_make_one_split_if_their_priorities_are_equal() {
    check_both_keys(&[(0, 1, Some(3), 2), (0, 3, Some(5), 2), (0, 5, Some(7), 2), (0, 7, Some(8), 3)]);
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    for one in [(0, 5, Some(7), 2), (0, 1, Some(3), 2), (0, 3, Some(5), 2)] {
        serve(&mut map, &id(one), one.3);
    }
    let shown: Vec<String> = map.splits().iter().map(|split| split.to_string()).collect();
    assert_eq!(shown, ["[1, 7) n:2"]);
}

#[test]
fn nested_ranges() {
    check_both_keys(&[
        (0, 0, Some(9), 1),
        (1, 1, Some(8), 2),
        (2, 2, Some(7), 3),
        (0, 3, Some(6), 4),
        (1, 4, Some(5), 5),
    ]);
}

#[test]
fn equal_ranges_with_equal_and_with_different_priorities() {
    check_both_keys(&[
        (0, 3, Some(6), 2),
        (1, 3, Some(6), 2),
        (2, 3, Some(6), 5),
        (0, 3, Some(7), 2),
        (1, 2, Some(6), 2),
    ]);
}

#[test]
fn unbounded_ranges() {
    check_both_keys(&[
        (0, 0, None, 1),
        (1, 4, None, 3),
        (0, 4, None, 2),
        (2, 9, None, 1),
        (1, 2, Some(4), 3),
    ]);
}

#[test]
fn one_node_that_overlaps_itself() {
    check_both_keys(&[
        (0, 0, Some(6), 2),
        (0, 2, Some(8), 5),
        (0, 3, Some(4), 9),
        (0, 4, Some(9), 2),
        (0, 1, None, 1),
    ]);
}

#[test]
fn the_last_and_the_first_key() {
    check_both_keys(&[(0, 0, Some(1), 1), (1, 0, Some(9), 1), (2, 8, Some(9), 1), (1, 9, None, 1)]);
}

#[test]
fn six_ranges_of_every_kind() {
    let served = [
        (0, 2, Some(5), 3),
        (0, 4, Some(7), 3),
        (1, 2, Some(5), 3),
        (1, 0, None, 1),
        (2, 5, Some(7), 4),
        (0, 5, None, 3),
    ];
    assert_eq!(check_every_order::<u64>(&served), 720);
}

#[test]
fn the_greatest_number_is_a_key_too() {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let (low, high) = (NodeId::new("low").unwrap(), NodeId::new("high").unwrap());
    let _ = map.register(&low, &KeyRange::new(0, u64::MAX).unwrap()).unwrap();
    let _ = map.register(&high, &KeyRange::from_start(u64::MAX)).unwrap();
    assert_eq!(map.owners(&(u64::MAX - 1))[0].node, low);
    assert_eq!(map.owners(&u64::MAX)[0].node, high);
    assert_eq!(map.gaps().count(), 0);
    assert_eq!(map.splits().len(), 2);
}

/// The owners of keys under many overlapping ranges agree with brute force.
fn check_lookups(registrations: &[(Id<u64>, u64)], keys: impl Iterator<Item = u64>) -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::new(1));
    registrations.iter().for_each(|(id, priority)| serve(&mut map, id, *priority));
    for key in keys {
        let owners: served::Owners =
            map.owners(&key).into_iter().map(|owner| (owner.node, owner.priority)).collect();
        assert_eq!(owners, served::owners(registrations, &key), "owners of {key}");
    }
    map
}

#[test]
fn lookups_under_two_thousand_nested_ranges() {
    const RANGES: u64 = 2_000;
    let registrations: Vec<(Id<u64>, u64)> = (0..RANGES)
        .map(|at| {
            let range = KeyRange::new(at, 2 * RANGES - at).unwrap();
            // 500 nodes, so that each has four of the ranges, and priorities that are neither up nor down.
            ((range, NodeId::new(format!("node-{}", at * 7 % 500)).unwrap()), 1 + at * 37 % 101)
        })
        .collect();
    let map = check_lookups(&registrations, (0..2 * RANGES + 2).step_by(131));
    assert_eq!(map.gaps().collect::<Vec<_>>(), [KeyRange::from_start(2 * RANGES)]);
}

#[test]
fn lookups_in_a_staircase_of_overlapping_ranges() {
    const RANGES: u64 = 600;
    let registrations: Vec<(Id<u64>, u64)> = (0..RANGES)
        .map(|at| {
            let range = KeyRange::new(3 * at, 3 * at + 1 + at * 53 % 400).unwrap();
            ((range, NodeId::new(format!("node-{}", at % 45)).unwrap()), 1 + at * 11 % 13)
        })
        .collect();
    let map = check_lookups(&registrations, 0..3 * RANGES + 450);
    let keys: Vec<u64> = (0..3 * RANGES + 450).collect();
    served::check(&map, &registrations, &keys).unwrap();
}
