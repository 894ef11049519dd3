//! The library for keys of the tests, compiled once: it is generic, so each test that does not link this compiles all that it uses of it
//! anew. It is never called.

use std::num::NonZeroU32;

use crdt_range_map::advice::{Aims, Bucket, Capacities, Histogram};
use crdt_range_map::node::{LinkKind, Options, Output};
use crdt_range_map::{
    Delta, KeyRange, LeastKey, Node, NodeId, Operation, RangeMap, ReplicaId, Routing, Version, WireKey,
};

/// For keys of 64 bits.
pub fn numbers(node: &mut Node<u64>, name: &NodeId, range: &KeyRange<u64>) {
    all(node, name, range);
}

/// For keys of any length.
pub fn strings(node: &mut Node<String>, name: &NodeId, range: &KeyRange<String>) {
    all(node, name, range);
}

fn all<K: WireKey + LeastKey>(node: &mut Node<K>, name: &NodeId, range: &KeyRange<K>) {
    use_node(node, name, range);
    let mut map = RangeMap::new(ReplicaId::new(1));
    operate(&mut map, name, range);
    exchange(&mut map);
    ask(&map, name, range);
    _ = map.watch(range);
    _ = map.watch_living(range);
    while map.next_watched().is_some() {}
}

fn use_node<K: WireKey>(node: &mut Node<K>, name: &NodeId, range: &KeyRange<K>) {
    let link = node.open(LinkKind::Medium, 0);
    node.receive(link, &[], 0);
    while let Output::Save(page) = node.poll(0) {
        node.saved(page.number);
    }
    _ = node.apply([Operation::Register { node: name.clone(), range: range.clone() }]);
    _ = node.register(name, range);
    _ = node.release(name, range);
    _ = node.increase(name, range, NonZeroU32::MIN);
    _ = node.decrease(name, range, NonZeroU32::MIN);
    _ = node.tighten(name, range, range);
    _ = node.evict(ReplicaId::new(2));
    node.merge(&Delta::default());
    node.close(link);
    _ = Node::<K>::restore(Options::default(), [[]], ReplicaId::new(2), 1);
}

fn operate<K: WireKey>(map: &mut RangeMap<K>, name: &NodeId, range: &KeyRange<K>) {
    _ = map.register(name, range);
    _ = map.release(name, range);
    _ = map.increase(name, range, NonZeroU32::MIN);
    _ = map.decrease(name, range, NonZeroU32::MIN);
    _ = map.tighten(name, range, range);
    _ = map.move_to(name, range, range);
    _ = map.carve(name, range, range);
    _ = map.hand_over(name, range, name);
    _ = map.set_priority(name, range, 1);
    _ = map.drain(name, range, 1);
    _ = map.stand_in(name, name, range);
    _ = map.unite(name, range);
    _ = map.withdraw(ReplicaId::new(2));
    _ = map.evict(ReplicaId::new(2));
    _ = map.release_node(name);
    _ = map.maintain();
    _ = map.apply([Operation::Register { node: name.clone(), range: range.clone() }]);
    _ = map.set_replica(ReplicaId::new(2));
}

fn exchange<K: WireKey>(map: &mut RangeMap<K>) {
    let Ok(mut delta) = Delta::<K>::decode(&map.state().encode()) else { return };
    let changes = map.merge(&delta);
    delta.merge(changes.delta());
    assert_eq!(*map.state(), delta);
    _ = map.delta_since(&Version::default());
    let all: Delta<K> = [delta].iter().collect();
    _ = format!("{all:?} {map:?}");
}

fn ask<K: WireKey + LeastKey>(map: &RangeMap<K>, name: &NodeId, range: &KeyRange<K>) {
    let key = range.start();
    _ = format!("{:?}", map.splits());
    _ = (map.owners(key), map.owners_in(range), map.priority(name, range), map.living_priority(name, range));
    _ = map.living().owners(key);
    _ = (map.route(key, Routing::Preferred, 1), map.route_apart(key, Routing::Weighted, 2, Clone::clone));
    _ = (
        map.registrations().count(),
        map.registrations_in(range).count(),
        map.registrations_of(name).count(),
    );
    _ = (map.gaps().count(), map.cover(range));
    _ = (map.served_by_fewer_than(1, range).count(), map.served_by_more_than(1, range).count());
    _ = (map.needed_in(name, range, 1).count(), map.splits_in(range));
    let bucket = Bucket { range: range.clone(), load: 1, keys: 1 };
    let (Ok(load), Ok(capacities)) = (Histogram::new([bucket]), Capacities::new([(name.clone(), 1)])) else {
        return;
    };
    _ = map.plan(&load, &capacities, &Aims::default());
}
