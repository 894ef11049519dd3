//! How a life ends for all: who leaves, and who is evicted.

use crdt_range_map::node::{Event, LinkKind, Options, Output};
use crdt_range_map::sync::Renaming;
use crdt_range_map::{Node, RangeMap, ReplicaId};

use crate::kit::builders::{by, node, slot};
use crate::net::Net;
use crate::{SILENCE_MS, are_converged, kill, named, owners, register, tab};

#[test]
fn several_evict_at_once_and_again_and_what_others_did_stays() {
    let gone = ReplicaId::ephemeral(9);
    let mut lost = RangeMap::<u64>::new(gone);
    let [mut here, mut there] = [1, 2].map(|id| RangeMap::new(ReplicaId::new(id)));
    for delta in [
        lost.increase(&node(1), &slot(1), by(5)).unwrap(),
        lost.register(&node(2), &slot(2)).unwrap(),
        here.increase(&node(1), &slot(1), by(2)).unwrap(),
    ] {
        [&mut here, &mut there].into_iter().for_each(|map| _ = map.merge(&delta));
    }
    // What it does at the same time is not known to those who evict it.
    let unheard = lost.increase(&node(1), &slot(1), by(1)).unwrap();
    let [first, second] = [&mut here, &mut there].map(|map| map.evict(gone).unwrap());
    assert!(here.evict(gone).unwrap().is_empty(), "there is nothing left to do");
    _ = here.merge(&second);
    _ = there.merge(&first);
    assert_eq!(here.state(), there.state());
    assert_eq!(here.priority(&node(1), &slot(1)), Some(2));
    assert_eq!(here.priority(&node(2), &slot(2)), None);
    assert!(here.state().retired().contains(gone));
    // It comes back by itself, and alone; and may be evicted again.
    _ = here.merge(&unheard);
    assert_eq!(here.priority(&node(1), &slot(1)), Some(3));
    _ = here.evict(gone).unwrap();
    assert_eq!(here.priority(&node(1), &slot(1)), Some(2));
    // Who evicts nobody's writer says only that it writes no more.
    assert_eq!(there.evict(ReplicaId::ephemeral(77)).unwrap().retired().len(), 1);
}

#[test]
fn who_is_gone_for_as_long_as_was_set_is_evicted_and_not_before() {
    for (after_ms, waits_ms, is_left) in [(20_000, 18_000, true), (20_000, 27_000, false)] {
        let mut net = Net::new(4);
        let options = |name| Options { evict_after_ms: Some(after_ms), ..named(name) };
        let (gone, first) = (tab(&mut net, 1, Options::default()), net.add(options("first")));
        net.wire(LinkKind::Neighbour, &[gone, first]);
        register(&mut net, gone, 7);
        net.run_for(1_000);
        kill(&mut net, gone);
        // A latecomer counts from when it first did not see it.
        net.run_for(SILENCE_MS);
        let second = net.add(options("second"));
        net.wire(LinkKind::Neighbour, &[first, second]);
        net.run_for(waits_ms - SILENCE_MS);
        for at in [first, second] {
            let owned: &[&str] = if is_left { &["node-7:1"] } else { &[] };
            assert_eq!(owners(&net, at, 7), [&[][..], owned], "{at} after {waits_ms} ms");
            assert_eq!(net.hosts[at].node.map().state().retired().len(), usize::from(!is_left));
            let next: Vec<ReplicaId> = net.hosts[at].node.gone().map(|(writer, _)| writer).collect();
            assert_eq!(next, if is_left { vec![ReplicaId::ephemeral(1)] } else { vec![] }, "who is next");
        }
        let since = |at: usize| net.hosts[at].node.gone().map(|(_, since_ms)| since_ms).next();
        assert!(!is_left || since(first) < since(second), "the latecomer counts from later");
        assert!(are_converged(&net, &[first, second]));
    }
}

/// A node that hears nobody, since it has no name or no link, knows of nobody that he is gone.
#[test]
fn who_takes_no_part_in_presence_evicts_nobody() {
    let evicting = Options { evict_after_ms: Some(1_000), ..Options::default() };
    let mut net = Net::new(9);
    let (alive, nameless) = (tab(&mut net, 1, Options::default()), net.add(evicting.clone()));
    let alone = net.add(Options { name: named("alone").name, ..evicting });
    net.wire(LinkKind::Neighbour, &[alive, nameless]);
    let wire = net.wire(LinkKind::Neighbour, &[alive, alone]);
    let link = net.link(wire, alone);
    register(&mut net, alive, 7);
    net.run_for(500);
    net.operate(alone, |host| host.close(link));
    net.run_for(10_000);
    for at in [alive, nameless, alone] {
        assert_eq!(owners(&net, at, 7)[1], ["node-7:1"], "{at}");
        assert!(net.hosts[at].node.map().state().retired().is_empty());
    }
    // It sees it again before the time is over.
    net.wire(LinkKind::Neighbour, &[alive, alone]);
    net.run_for(5_000);
    assert!(net.hosts[alone].node.map().state().retired().is_empty());
}

#[test]
fn who_is_evicted_and_lives_goes_on_under_another_ephemeral_id() {
    let mut net = Net::new(5);
    let (slow, other) = (tab(&mut net, 1, Options::default()), net.add(named("other")));
    net.wire(LinkKind::Neighbour, &[slow, other]);
    register(&mut net, slow, 7);
    net.run_for(2_000);
    net.operate(other, |host| host.evict(ReplicaId::ephemeral(1)).unwrap());
    net.run_for(5_000);
    let now = net.hosts[slow].node.map().replica();
    assert!(now.is_ephemeral() && now != ReplicaId::ephemeral(1));
    let renamed = net.hosts[slow].events.iter().any(|event| {
        matches!(event, Event::Renamed { from, to, why: Renaming::Retired, .. } if *from == ReplicaId::ephemeral(1) && *to == now)
    });
    assert!(renamed);
    assert_eq!(owners(&net, slow, 7), [[""; 0], [""; 0]], "it is released");
    register(&mut net, slow, 7);
    net.run_for(2_000);
    assert_eq!(owners(&net, other, 7), [["node-7:1"], ["node-7:1"]]);
}

#[test]
fn who_leaves_takes_all_of_its_own_along_in_one_delta_and_says_goodbye() {
    let mut net = Net::new(6);
    let (leaves, other) = (tab(&mut net, 1, Options::default()), tab(&mut net, 2, named("other")));
    net.wire(LinkKind::Medium, &[leaves, other]);
    (0..20).for_each(|number| register(&mut net, leaves, number));
    register(&mut net, other, 5);
    net.run_for(2_000);
    net.operate(leaves, |host| host.leave().unwrap());
    let mut knows_all = net.hosts[other].node.map().clone();
    _ = knows_all.merge(net.hosts[leaves].node.last_delta());
    assert_eq!(knows_all.registrations().count(), 1, "one delta says all");
    net.run_for(300);
    assert!((0..20).all(|key| owners(&net, other, key)[1].len() == usize::from(key == 5)));
    let is_left = |event: &Event<u64>| matches!(event, Event::Peer { peer, .. } if peer.liveness == crdt_range_map::sync::presence::Liveness::Left);
    assert!(net.hosts[other].events.iter().any(is_left));
    let map = net.hosts[other].node.map();
    let of_leaver = map.state().carried().filter(|(.., carried)| {
        matches!(carried, crdt_range_map::Carried::Contribution(one) if one.replica == ReplicaId::ephemeral(1))
    });
    assert_eq!(of_leaver.count(), 0, "its records are dropped");
}

#[test]
fn a_node_leaves_with_all_that_anybody_registered_of_it_in_one_delta() {
    let mut net = Net::new(7);
    let (first, second) = (net.add(named("first")), net.add(named("second")));
    net.wire(LinkKind::Neighbour, &[first, second]);
    for (at, key) in [(first, 1), (second, 1), (second, 2)] {
        net.operate(at, |host| host.register(&node(9), &slot(key)).unwrap());
    }
    register(&mut net, first, 1);
    net.run_for(2_000);
    net.operate(first, |host| host.leave_node(&node(9)).unwrap());
    net.run_for(2_000);
    for at in [first, second] {
        assert_eq!([1, 2].map(|key| owners(&net, at, key)[1].len()), [1, 0]);
    }
    assert!(net.hosts[first].node.map().registrations_of(&node(9)).next().is_none());
}

/// An id that is taken up by the user's wish ends the former life.
#[test]
fn what_an_ephemeral_writer_did_goes_along_to_another_id() {
    let mut net = Net::new(8);
    let (tab, other) = (tab(&mut net, 1, Options::default()), net.add(named("other")));
    net.wire(LinkKind::Neighbour, &[tab, other]);
    register(&mut net, tab, 7);
    net.operate(tab, |host| host.increase(&node(7), &slot(7), by(3)).unwrap());
    net.run_for(2_000);
    net.operate(tab, |host| host.set_replica(ReplicaId::ephemeral(2)));
    net.run_for(2_000);
    for at in [tab, other] {
        assert_eq!(owners(&net, at, 7), [["node-7:4"], ["node-7:4"]]);
        let writers = net.hosts[at].node.map().living_writers(&7);
        assert_eq!(writers, [(node(7), ReplicaId::ephemeral(2))]);
    }
}

/// However soon it evicts, it does not look for that all the time.
#[test]
fn who_evicts_at_once_sleeps_between() {
    let options = Options { evict_after_ms: Some(0), ..named("a") };
    let mut host = Node::<u64>::with(options, ReplicaId::new(1), 1).unwrap();
    host.open(LinkKind::Medium, 0);
    let mut dead = RangeMap::new(ReplicaId::ephemeral(7));
    _ = host.merge(&dead.register(&node(0), &slot(0)).unwrap());
    let (mut now_ms, mut wakes) = (0, 0);
    while now_ms < 10_000 {
        if let Output::Wait { until_ms } = host.poll(now_ms) {
            (now_ms, wakes) = (until_ms, wakes + 1);
        }
    }
    assert_eq!(host.map().registrations().count(), 0, "it is evicted");
    assert!((90..150).contains(&wakes), "{wakes} wakes in 10 s");
}
