//! What a node hands out beside bytes and pages.

use crdt_range_map::node::{Event, LinkKind, Options, Output};
use crdt_range_map::sync::IgnoreReason;
use crdt_range_map::sync::presence::{self, Liveness, Name};
use crdt_range_map::{KeyRange, MoveError, Node, Operation, OperationError, RangeMap, ReplicaId};

use crate::kit::builders::{node, range};
use crate::net::Net;

fn named(name: &str) -> Options {
    Options { name: Some(Name::new(name).unwrap()), ..Options::default() }
}

fn changes(net: &mut Net, at: usize) -> Vec<KeyRange<u64>> {
    let events = net.hosts[at].events.drain(..);
    events.flat_map(|event| if let Event::Changed(ranges) = event { ranges } else { Vec::new() }).collect()
}

#[test]
fn ranges_whose_owners_changed_are_told_here_and_there() {
    let mut net = Net::new(1);
    (0..2).for_each(|_| _ = net.add(Options::default()));
    net.wire(LinkKind::Medium, &[0, 1]);
    net.run_for(1_000);
    let wide = KeyRange::new(0, 100).unwrap();
    net.operate(0, |host| host.register(&node(0), &wide).unwrap());
    net.run_for(1_000);
    assert_eq!(changes(&mut net, 0), std::slice::from_ref(&wide));
    assert_eq!(changes(&mut net, 1), std::slice::from_ref(&wide));
    // Nothing that anybody sees.
    net.operate(0, |host| host.decrease(&node(1), &range(500), 3.try_into().unwrap()).unwrap());
    net.operate(0, |host| host.register(&node(0), &wide).unwrap());
    net.run_for(1_000);
    assert_eq!(changes(&mut net, 0), []);
    assert_eq!(changes(&mut net, 1), []);
    net.operate(1, |host| host.tighten(&node(0), &wide, &range(20)).unwrap());
    net.run_for(1_000);
    for at in 0..2 {
        assert_eq!(changes(&mut net, at), std::slice::from_ref(&wide));
        assert_eq!(net.hosts[at].node.map().splits().len(), 1);
    }
}

#[test]
fn a_list_of_operations_is_done_as_a_whole_or_not_at_all() {
    let mut host = Node::<u64>::new(ReplicaId::new(1), 1);
    let register = Operation::Register { node: node(0), range: range(0) };
    let tighten = |to| Operation::Tighten { node: node(0), range: range(0), to };
    let refused = host.apply([register.clone(), tighten(range(5))]).unwrap_err();
    assert_eq!(refused, OperationError { index: 1, why: MoveError::NotSubRange });
    assert_eq!(refused.to_string(), "operation 1: the new range is not a proper sub-range of the old one");
    assert!(host.map().state().is_empty());
    assert!(matches!(host.poll(0), Output::Wait { .. }), "nothing has changed, and nothing is to be said");
    let narrow = KeyRange::new(2, 5).unwrap();
    host.apply([register, tighten(narrow.clone())]).unwrap();
    assert_eq!(host.map().priority(&node(0), &narrow), Some(1));
    assert_eq!(host.poll(0), Output::Event(Event::Changed(vec![narrow])));
}

#[test]
fn a_list_may_drain_what_it_registered_before() {
    let (wide, part, moved) = (range(0), KeyRange::new(2, 5).unwrap(), range(100));
    let mut host = Node::<u64>::new(ReplicaId::new(1), 1);
    host.register(&node(0), &wide).unwrap();
    host.register(&node(2), &wide).unwrap();
    assert_eq!(host.poll(0), Output::Event(Event::Changed(vec![wide.clone()])));
    let operations = [
        Operation::StandIn { node: node(1), other: node(0), range: wide.clone() },
        // One comes before it, and not two.
        Operation::Drain { node: node(0), range: part.clone(), count: 2 },
        Operation::Drain { node: node(0), range: part.clone(), count: 1 },
        Operation::HandOver { node: node(2), range: wide.clone(), to: node(3) },
        Operation::MoveTo { node: node(3), range: wide.clone(), to: moved.clone() },
        Operation::SetPriority { node: node(3), range: moved.clone(), to: 5 },
        Operation::Carve { node: node(1), range: wide.clone(), hole: KeyRange::new(0, 1).unwrap() },
    ];
    let mut one_by_one = host.clone();
    for operation in operations.clone() {
        one_by_one.apply([operation]).unwrap();
    }
    host.apply(operations.clone()).unwrap();
    assert_eq!(host.map().state(), one_by_one.map().state());
    let shown: Vec<String> = host.map().registrations().map(|it| it.to_string()).collect();
    assert_eq!(shown, ["[0, 2) node-0:1", "[1, 10) node-1:2", "[5, 10) node-0:1", "[100, 110) node-3:5"]);
    for mut told in [host, one_by_one] {
        assert_eq!(told.poll(0), Output::Event(Event::Changed(vec![wide.clone(), moved.clone()])));
    }
}

#[test]
fn peers_come_and_leave_and_die() {
    let mut net = Net::new(2);
    ["Ada", "Grace", "Edsger"].iter().for_each(|name| _ = net.add(named(name)));
    let wire = net.wire(LinkKind::Medium, &[0, 1, 2]);
    net.run_for(3_000);
    let told = |net: &mut Net, at: usize| -> Vec<(String, Liveness)> {
        let mut told = Vec::new();
        for event in net.hosts[at].events.drain(..) {
            if let Event::Peer { peer, .. } = event {
                told.push((peer.name.as_str().to_string(), peer.liveness));
            }
        }
        told.sort_by(|a, b| a.0.cmp(&b.0));
        told
    };
    let alive = |name: &str| (name.to_string(), Liveness::Alive);
    assert_eq!(told(&mut net, 0), [alive("Edsger"), alive("Grace")]);
    assert_eq!(told(&mut net, 1), [alive("Ada"), alive("Edsger")]);
    assert_eq!(net.hosts[0].node.peers().count(), 2);
    net.operate(2, |host| host.set_name(Name::new("Barbara").unwrap()));
    net.run_for(3_000);
    assert_eq!(told(&mut net, 0), [alive("Barbara")]);
    let link = net.link(wire, 2);
    net.operate(2, |host| host.close(link));
    net.run_for(1_000);
    assert_eq!(told(&mut net, 0), [("Barbara".into(), Liveness::Left)]);
    net.cut(wire, false);
    net.run_for(10_000);
    assert_eq!(told(&mut net, 0), [("Grace".into(), Liveness::Dead)]);
}

#[test]
fn what_is_refused_is_told_and_does_not_pile_up() {
    let mut host = Node::<u64>::new(ReplicaId::new(1), 1);
    let link = host.open(LinkKind::Medium, 0);
    for _ in 0..100_000 {
        host.receive(link, b"hello", 0);
    }
    let mut refusals = 0;
    loop {
        match host.poll(0) {
            Output::Event(event) => {
                assert_eq!(event, Event::Refused { link, reason: IgnoreReason::Foreign });
                refusals += 1;
            }
            Output::Wait { .. } => break,
            _ => {}
        }
    }
    assert_eq!(refusals, 64);
    assert_eq!(host.statistics().messages_ignored, 100_000);
}

/// Whoever opens and closes without sending keeps no more than that.
#[test]
fn goodbyes_do_not_pile_up() {
    for (closed, forgotten) in [(1_024, 0), (1_025, 1)] {
        let mut host = Node::<u64>::with(named("Ada"), ReplicaId::new(1), 1).unwrap();
        let links: Vec<_> = (0..closed).map(|_| host.open(LinkKind::Medium, 0)).collect();
        links.iter().for_each(|link| host.close(*link));
        let mut told = Vec::new();
        while let Output::Send { link, .. } = host.poll(0) {
            told.push(link);
        }
        assert_eq!(told, links[forgotten..]);
    }
}

#[test]
fn a_node_that_is_retired_and_alive_says_under_which_id_it_goes_on() {
    let mut net = Net::new(3);
    (0..2).for_each(|at| _ = net.add(named(&format!("{at}"))));
    net.wire(LinkKind::Neighbour, &[0, 1]);
    net.run_for(1_000);
    net.operate(0, |host| host.register(&node(0), &range(0)).unwrap());
    net.run_for(1_000);
    net.operate(1, |host| host.retire(ReplicaId::new(1)));
    net.run_for(20_000);
    let renamed = net.hosts[0].events.iter().find_map(|event| match event {
        Event::Renamed { from, to, .. } => Some((*from, *to)),
        _ => None,
    });
    let to = net.hosts[0].node.map().replica();
    assert_eq!(renamed, Some((ReplicaId::new(1), to)));
    assert!(net.is_converged());
    assert_eq!(net.hosts[1].node.map().priority(&node(0), &range(0)), Some(1));
    // It is there under the new id, too.
    let alive = |peer: &crdt_range_map::sync::presence::Peer| peer.liveness == Liveness::Alive;
    let there: Vec<ReplicaId> =
        net.hosts[1].node.peers().map(|(_, peer)| peer).filter(alive).map(|peer| peer.replica).collect();
    assert_eq!(there, [to]);
}

/// A clone goes on as the original does: the same inputs, the same bytes.
#[test]
fn a_clone_goes_on_exactly_as_the_original() {
    let mut original = Node::<u64>::with(named("Ada"), ReplicaId::new(1), 7).unwrap();
    let mut other = Node::<u64>::with(named("Grace"), ReplicaId::new(2), 8).unwrap();
    let links = [LinkKind::Medium, LinkKind::Neighbour].map(|kind| original.open(kind, 0));
    let theirs = other.open(LinkKind::Medium, 0);
    other.register(&node(2), &range(0)).unwrap();
    let mut clone = original.clone();
    let mut outputs = [0, 0];
    for now_ms in (0..60_000).step_by(20) {
        let said = loop {
            match other.poll(now_ms) {
                Output::Send { bytes, .. } => break Some(bytes),
                Output::Wait { .. } => break None,
                _ => {}
            }
        };
        for (host, outputs) in [&mut original, &mut clone].into_iter().zip(&mut outputs) {
            if let Some(bytes) = &said {
                links.iter().for_each(|link| host.receive(*link, bytes, now_ms));
            }
            if now_ms % 5_000 == 0 {
                host.register(&node(1), &range(now_ms)).unwrap();
            }
            *outputs += 1;
        }
        loop {
            let [one, two] = [&mut original, &mut clone].map(|host| host.poll(now_ms));
            assert_eq!(one, two);
            match one {
                Output::Send { bytes, .. } => other.receive(theirs, &bytes, now_ms),
                Output::Wait { .. } => break,
                _ => {}
            }
        }
    }
    assert_eq!(original.map().state(), clone.map().state());
    assert_eq!(original.map().state(), other.map().state());
}

/// Near the longest registration: the second increase would make it too long, and what peers with larger limits sent can be released.
#[test]
fn a_list_is_refused_as_its_operations_are_one_by_one() {
    let mut refused = 0;
    for length in 880..960 {
        let mut map = RangeMap::<String>::new(ReplicaId::new(1));
        map.set_registration_bytes_max(960);
        let range = KeyRange::from_start("x".repeat(length));
        let increase =
            Operation::Increase { node: node(0), range: range.clone(), by: u32::MAX.try_into().unwrap() };
        let before = map.state().clone();
        match map.apply([increase.clone(), increase.clone(), increase.clone()]) {
            Ok(_) => assert!(map.apply([increase]).is_ok()),
            Err(OperationError { index, why }) => {
                assert!(matches!(why, MoveError::TooLong { .. }));
                assert_eq!(map.state(), &before, "length {length}");
                refused += usize::from(index > 0);
            }
        }
    }
    assert!(refused > 0, "at some length the first would have been done");
    let mut map = RangeMap::<String>::new(ReplicaId::new(1));
    let range = KeyRange::from_start("x".repeat(2_000));
    _ = map.register(&node(0), &range).unwrap();
    map.set_registration_bytes_max(960);
    assert!(map.apply([Operation::Register { node: node(0), range: range.clone() }]).is_err());
    _ = map.apply([Operation::Release { node: node(0), range: range.clone() }]).unwrap();
    assert_eq!(map.priority(&node(0), &range), None);
}

/// Whatever the clock says, nothing is due again and again.
#[test]
fn no_time_makes_a_node_talk_without_end() {
    for now_ms in [0, 1 << 40, (1 << 60) - 1, 1 << 60, (1 << 62) + 5, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        let options = Options { is_durable: true, ..named("Ada") };
        let mut host = Node::<u64>::with(options, ReplicaId::new(1), 7).unwrap();
        for kind in [LinkKind::Medium, LinkKind::Neighbour] {
            host.open(kind, now_ms);
        }
        host.register(&node(0), &range(0)).unwrap();
        let mut outputs = 0;
        let until_ms = loop {
            match host.poll(now_ms) {
                Output::Wait { until_ms } => break until_ms,
                Output::Save(page) => host.saved(page.number),
                _ => {}
            }
            outputs += 1;
            assert!(outputs < 100, "at {now_ms}");
        };
        assert!(until_ms > now_ms || now_ms == u64::MAX, "at {now_ms}");
    }
}

#[test]
fn what_peers_call_themselves_does_not_pile_up() {
    let mut host = Node::<u64>::with(named("Ada"), ReplicaId::new(1), 1).unwrap();
    let link = host.open(LinkKind::Medium, 0);
    let mut other = Node::<u64>::with(named("Grace"), ReplicaId::new(2), 2).unwrap();
    other.open(LinkKind::Medium, 0);
    for at in 0..5_000 {
        other.set_name(Name::new(format!("Grace {at}")).unwrap());
        loop {
            match other.poll(at) {
                Output::Send { bytes, .. } => host.receive(link, &bytes, at),
                Output::Wait { .. } => break,
                _ => {}
            }
        }
    }
    let mut names = Vec::new();
    loop {
        match host.poll(5_000) {
            Output::Event(Event::Peer { peer, .. }) => names.push(peer.name.as_str().to_string()),
            Output::Wait { .. } => break,
            _ => {}
        }
    }
    assert_eq!(names, ["Grace 4999"]);
}

/// A node goes on under another id, and one of its peers dies at that moment.
#[test]
fn who_dies_while_a_node_takes_another_id_is_missed() {
    let mut net = Net::new(4);
    (0..3).for_each(|at| _ = net.add(named(&format!("{at}"))));
    let wire = net.wire(LinkKind::Medium, &[0, 1]);
    net.wire(LinkKind::Medium, &[0, 2]);
    net.run_for(3_000);
    net.hosts.iter_mut().for_each(|host| host.events.clear());
    net.cut(wire, false);
    net.operate(0, |host| host.retire(ReplicaId::new(1)));
    net.run_for(10_000);
    let own = net.hosts[0].node.map().replica();
    assert_ne!(own, ReplicaId::new(1));
    let told = |at: usize| {
        let peers = net.hosts[at].events.iter().filter_map(|event| match event {
            Event::Peer { peer, .. } => Some((peer.replica, peer.liveness)),
            _ => None,
        });
        peers.collect::<Vec<_>>()
    };
    assert_eq!(told(0), [(ReplicaId::new(2), Liveness::Dead)], "nobody else came or went");
    assert_eq!(told(1), [(ReplicaId::new(1), Liveness::Dead)]);
    let mut others = told(2);
    others.sort_by_key(|(replica, _)| *replica != own);
    assert_eq!(others, [(own, Liveness::Alive), (ReplicaId::new(1), Liveness::Left)]);
}

/// Where the surroundings tell of deaths, a node joins when they can tell of its own, under each id anew.
#[test]
fn a_node_takes_part_under_an_id_once_its_death_would_be_told() {
    let config = presence::Config::default();
    let mut net = Net::new(4);
    (0..2).for_each(|_| _ = net.add(Options::default()));
    let wire = net.wire(LinkKind::Medium, &[0, 1]);
    net.run_for(1_000);
    let links = [0, 1].map(|at| net.link(wire, at));
    let join = |net: &mut Net, at: usize, name: &str| {
        let now_ms = net.now_ms;
        net.operate(at, |host| host.join(links[at], config, Name::new(name).unwrap(), now_ms).unwrap());
    };
    let peers = |net: &Net, at: usize| -> Vec<(String, Liveness)> {
        net.hosts[at].node.peers().map(|(_, peer)| (peer.name.as_str().into(), peer.liveness)).collect()
    };
    join(&mut net, 0, "Ada");
    join(&mut net, 1, "Grace");
    net.run_for(60_000);
    assert_eq!(peers(&net, 0), [("Grace".into(), Liveness::Alive)], "silence is no death");
    join(&mut net, 1, "Barbara");
    net.run_for(1_000);
    assert_eq!(peers(&net, 0), [("Barbara".into(), Liveness::Alive)]);
    let (former, now_ms) = (net.hosts[1].node.map().replica(), net.now_ms);
    net.operate(1, |host| host.set_replica(ReplicaId::new(77)));
    net.run_for(10_000);
    assert_eq!(peers(&net, 0), [("Barbara".into(), Liveness::Left)], "nobody could tell of its death yet");
    assert_eq!(peers(&net, 1), []);
    join(&mut net, 1, "Barbara");
    net.run_for(1_000);
    assert!(peers(&net, 0).contains(&("Barbara".into(), Liveness::Alive)));
    assert_eq!(peers(&net, 1), [("Ada".into(), Liveness::Alive)]);
    net.operate(0, |host| host.died(links[0], ReplicaId::new(77), now_ms + 11_000));
    assert!(net.hosts[0].node.peers().all(|(_, peer)| peer.liveness != Liveness::Alive));
    net.operate(1, |host| host.say_goodbye(links[1]));
    net.run_for(100);
    assert!(peers(&net, 0).iter().all(|(_, liveness)| *liveness == Liveness::Left), "{:?}", peers(&net, 0));
    net.operate(1, |host| host.resume(links[1], now_ms + 12_000));
    net.run_for(3_000);
    assert!(peers(&net, 0).contains(&("Barbara".into(), Liveness::Alive)));
    assert_ne!(former, ReplicaId::new(77));
}

#[test]
fn the_last_delta_is_that_of_the_last_operation() {
    let mut host = Node::<u64>::new(ReplicaId::new(1), 1);
    let mut other = RangeMap::new(ReplicaId::new(2));
    host.register(&node(0), &range(0)).unwrap();
    other.merge(host.last_delta());
    assert_eq!(other.state(), host.map().state());
    host.merge(&other.state().clone());
    assert!(host.last_delta().is_empty(), "nothing was new");
    host.register(&node(1), &range(0)).unwrap();
    assert!(host.tighten(&node(5), &range(0), &KeyRange::new(1, 2).unwrap()).is_err());
    assert!(host.last_delta().is_empty(), "it was refused");
    other.merge(host.map().state());
    host.retire(ReplicaId::new(1));
    other.merge(host.last_delta());
    assert!(other.state().retired().contains(ReplicaId::new(1)), "others hear that it is retired");
}

#[test]
fn what_nobody_heard_is_told_however_the_retirement_comes() {
    let retired = |first: bool| {
        let mut host = Node::<u64>::new(ReplicaId::new(1), 1);
        let mut other = RangeMap::new(ReplicaId::new(2));
        host.register(&node(0), &range(0)).unwrap();
        other.merge(host.last_delta());
        host.register(&node(1), &range(0)).unwrap();
        let delta = other.retire(ReplicaId::new(1));
        if first {
            host.merge(&delta);
        } else {
            host.absorb(&delta.encode()).unwrap();
        }
        loop {
            match host.poll(0) {
                Output::Event(Event::Renamed { unheard, .. }) => return unheard,
                Output::Wait { .. } => return Vec::new(),
                _ => {}
            }
        }
    };
    assert_eq!(retired(true), [(node(1), range(0))]);
    assert_eq!(retired(false), [(node(1), range(0))]);
}
