//! What counts while its writer is there, on links where nodes see each other.

use crdt_range_map::node::{Event, LinkKind, Options, Output};
use crdt_range_map::sync::presence::{self, Name};
use crdt_range_map::{KeyRange, Node, NodeId, RangeMap, ReplicaId};

use crate::kit::builders::{between, by, node, slot};
use crate::kit::random::Random;
use crate::net::Net;
use crate::{SILENCE_MS, kill, living_changes, named, owners, register, tab};

#[test]
fn what_a_tab_registered_counts_while_it_is_there_and_for_latecomers_too() {
    let mut net = Net::new(1);
    // It has no name: an ephemeral writer takes part in presence all the same.
    let gone = tab(&mut net, 1, Options::default());
    let stays = tab(&mut net, 2, Options::default());
    let server = net.add(named("server"));
    let all = [gone, stays, server];
    net.wire(LinkKind::Medium, &all);
    (0..3).for_each(|at| assert_eq!(owners(&net, at, 7), [[""; 0], [""; 0]]));
    register(&mut net, gone, 7);
    register(&mut net, server, 8);
    net.run_for(2_000);
    for at in all {
        assert_eq!(owners(&net, at, 7), [["node-7:1"], ["node-7:1"]]);
        let mut told = living_changes(&mut net, at);
        told.sort();
        assert_eq!(told, [slot(7), slot(8)]);
    }
    let late = net.add(named("late"));
    net.wire(LinkKind::Medium, &[stays, server, late]);
    net.run_for(2_000);
    kill(&mut net, gone);
    net.run_for(SILENCE_MS + 500);
    for at in [stays, server, late] {
        assert_eq!(owners(&net, at, 7), [vec![], vec!["node-7:1".to_string()]], "{at}");
        assert_eq!(owners(&net, at, 8), [["node-8:1"], ["node-8:1"]], "what a permanent writer did counts");
    }
    assert_eq!(living_changes(&mut net, stays), [slot(7)]);
    assert_eq!(living_changes(&mut net, server), [slot(7)]);
}

#[test]
fn a_tab_that_says_goodbye_is_out_at_once_and_one_that_was_frozen_counts_again() {
    let mut net = Net::new(2);
    let (frozen, other) = (tab(&mut net, 1, Options::default()), tab(&mut net, 2, Options::default()));
    let wire = net.wire(LinkKind::Medium, &[frozen, other]);
    register(&mut net, frozen, 7);
    net.run_for(1_000);
    assert_eq!(owners(&net, other, 7)[0], ["node-7:1"]);
    net.cut(wire, false);
    net.run_for(10_000);
    assert_eq!(owners(&net, other, 7)[0], [""; 0]);
    let state = net.hosts[frozen].node.map().state().clone();
    net.cut(wire, true);
    net.run_for(5_000);
    assert_eq!(owners(&net, other, 7)[0], ["node-7:1"]);
    assert_eq!(net.hosts[other].node.map().state(), &state, "nothing was done for it");
    let link = net.link(wire, frozen);
    net.operate(frozen, |host| host.close(link));
    net.run_for(100);
    assert_eq!(owners(&net, other, 7)[0], [""; 0]);
    assert_eq!(owners(&net, frozen, 7)[0], ["node-7:1"], "it sees itself");
}

/// As in browsers, where Web Locks tell of deaths.
#[test]
fn a_death_that_is_reported_counts_at_once_and_an_idle_medium_stays_silent() {
    let mut net = Net::new(3);
    let tabs = [1, 2, 3].map(|number| tab(&mut net, number, Options::default()));
    let wire = net.wire(LinkKind::Medium, &tabs);
    for at in tabs {
        let (link, now_ms) = (net.link(wire, at), net.now_ms);
        let name = Name::new(format!("tab {at}")).unwrap();
        net.operate(at, |host| host.join(link, presence::Config::default(), name, now_ms).unwrap());
    }
    register(&mut net, tabs[0], 7);
    net.run_for(5_000);
    tabs.iter().for_each(|at| assert_eq!(owners(&net, *at, 7)[0], ["node-7:1"]));
    let before = net.sent;
    net.run_for(9_000);
    assert!(net.sent - before <= 6, "{} messages: digests alone, and no beats", net.sent - before);
    tabs.iter().for_each(|at| assert_eq!(owners(&net, *at, 7)[0], ["node-7:1"], "silence is no death"));
    kill(&mut net, tabs[0]);
    for at in [tabs[1], tabs[2]] {
        let (link, now_ms) = (net.link(wire, at), net.now_ms);
        net.operate(at, |host| host.died(link, ReplicaId::ephemeral(1), now_ms));
        assert_eq!(owners(&net, at, 7)[0], [""; 0]);
    }
}

#[test]
fn a_node_that_is_marked_as_down_counts_nowhere_here_whoever_wrote_it() {
    let mut host = Node::<u64>::new(ReplicaId::new(1), 1);
    for number in [1, 2] {
        host.register(&node(number), &slot(7)).unwrap();
    }
    let living =
        |host: &Node<u64>| host.living().owners(&7).iter().map(|it| it.to_string()).collect::<Vec<_>>();
    assert_eq!(living(&host), ["node-1:1", "node-2:1"]);
    while !matches!(host.poll(0), Output::Wait { .. }) {}
    host.mark_down(&node(1));
    host.mark_down(&node(1));
    assert_eq!(living(&host), ["node-2:1"]);
    assert_eq!(host.poll(0), Output::Event(Event::LivingChanged(vec![slot(7)])));
    assert_eq!(host.map().owners(&7).len(), 2, "it is agreed all the same");
    assert!(host.map().down().eq([&node(1)]));
    // Also what comes later.
    host.register(&node(1), &slot(9)).unwrap();
    assert!(host.living().owners(&9).is_empty());
    host.mark_up(&node(1));
    assert_eq!((living(&host).len(), host.living().owners(&9).len()), (2, 1));
}

#[test]
fn who_draws_another_id_stays_what_it_was_and_an_ephemeral_id_is_never_taken_up_again() {
    let tab = ReplicaId::ephemeral(5);
    let options = Options { is_durable: true, ..Options::default() };
    let mut host = Node::<u64>::with(options.clone(), tab, 1).unwrap();
    host.register(&node(1), &slot(1)).unwrap();
    let mut pages = Vec::new();
    loop {
        match host.poll(0) {
            Output::Save(page) => {
                host.saved(page.number);
                pages.push(page.bytes);
            }
            Output::Wait { .. } => break,
            _ => {}
        }
    }
    let fresh = ReplicaId::ephemeral(6);
    let (again, damaged) = Node::<u64>::restore(options.clone(), &pages, fresh, 2).unwrap();
    assert!(damaged.is_empty());
    assert_eq!(again.map().replica(), fresh);
    assert_eq!((again.living().owners(&1).len(), again.map().owners(&1).len()), (0, 1));
    // The fresh one is not.
    let (third, _) = Node::<u64>::restore(options, &pages, tab, 2).unwrap();
    assert!(third.map().replica() != tab && third.map().replica().is_ephemeral());
    let mut shared = Node::<u64>::new(ReplicaId::ephemeral(7), 3);
    shared.share_storage();
    assert!(!shared.go_on_as(ReplicaId::ephemeral(8), 1) && shared.go_on_as(ReplicaId::new(8), 1));

    host.retire(tab);
    let now = host.map().replica();
    assert!(now != tab && now.is_ephemeral());
    assert_eq!((host.living().owners(&1).len(), host.map().owners(&1).len()), (0, 0), "its life is over");
    for seed in 0..200 {
        let mut host = Node::<u64>::new(ReplicaId::new(5), seed);
        host.retire(ReplicaId::new(5));
        assert!(!host.map().replica().is_ephemeral());
    }
}

#[test]
fn the_writers_that_back_an_owner_are_told() {
    let [first, second] = [1, 2].map(ReplicaId::ephemeral);
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    for writer in [first, second] {
        let mut other = RangeMap::new(writer);
        _ = map.merge(&other.register(&node(7), &slot(7)).unwrap());
    }
    _ = map.register(&node(8), &slot(7)).unwrap();
    let own = (node(8), map.replica());
    assert_eq!(map.living_writers(&7), std::slice::from_ref(&own));
    map.set_present(second, true);
    assert_eq!(map.living_writers(&7), [(node(7), second), own.clone()]);
    assert_eq!(map.living_writers(&6), []);
    _ = map.release(&node(7), &slot(7)).unwrap();
    assert_eq!(map.living_writers(&7), [own]);
}

/// All that changes is told, whatever changes it: operations, deltas, writers that come and go, nodes that are marked.
#[test]
fn every_change_of_the_living_answer_is_told() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let mut host = Node::<u64>::new(ReplicaId::ephemeral(0), seed);
        let link = host.open(LinkKind::Medium, 0);
        host.join(link, presence::Config::default(), Name::default(), 0).unwrap();
        let mut others: Vec<Node<u64>> =
            (1..5).map(|number| Node::new(ReplicaId::ephemeral(number), number)).collect();
        let mut now_ms = 0;
        let mut before = answer(&host);
        for step in 0..150 {
            now_ms += random.below(700);
            let at = random.index(others.len());
            let (node, range) = (node(random.below(3)), between(random.below(8), 9 + random.below(4)));
            match random.below(10) {
                0 => host.register(&node, &range).unwrap(),
                1 => host.increase(&node, &range, by(2)).unwrap(),
                2 => host.leave_node(&node).unwrap(),
                3 => host.evict(ReplicaId::ephemeral(1 + at as u64)).unwrap(),
                4 => others[at].decrease(&node, &range, by(1)).unwrap(),
                5 => others[at].register(&node, &range).unwrap(),
                6 => host.died(link, others[at].map().replica(), now_ms),
                7 if random.percent(50) => host.mark_down(&node),
                7 => host.mark_up(&node),
                8 => hello(&mut host, link, &mut others[at], now_ms),
                _ => {
                    _ = host.merge(others[at].map().state());
                    _ = others[at].merge(host.map().state());
                }
            }
            let mut told: Vec<KeyRange<u64>> = Vec::new();
            loop {
                match host.poll(now_ms) {
                    Output::Event(Event::LivingChanged(ranges)) => told.extend(ranges),
                    Output::Wait { .. } => break,
                    _ => {}
                }
            }
            let after = answer(&host);
            for key in 0..after.len() {
                let is_told = told.iter().any(|range| range.contains(&(key as u64)));
                assert!(is_told || before[key] == after[key], "seed {seed}, step {step}, key {key}");
            }
            before = after;
        }
    }
}

fn answer(host: &Node<u64>) -> Vec<Vec<(NodeId, u64)>> {
    let owners =
        |key| host.living().owners(&key).into_iter().map(|owner| (owner.node, owner.priority)).collect();
    (0..16).map(owners).collect()
}

/// The host hears all that the other has to say first over a new medium.
fn hello(host: &mut Node<u64>, link: crdt_range_map::node::LinkId, other: &mut Node<u64>, now_ms: u64) {
    let medium = other.open(LinkKind::Medium, now_ms);
    other.join(medium, presence::Config::default(), Name::default(), now_ms).unwrap();
    loop {
        match other.poll(now_ms) {
            Output::Send { bytes, .. } => host.receive(link, &bytes, now_ms),
            Output::Wait { .. } => break,
            _ => {}
        }
    }
}
