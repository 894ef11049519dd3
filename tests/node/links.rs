//! Several links at once, of both kinds: what is heard on one goes on over the others.

use crdt_range_map::node::{LinkKind, Options};
use crdt_range_map::{Node, ReplicaId};

use crate::kit::builders::{node, range};
use crate::net::Net;

fn net(seed: u64, nodes: usize) -> Net {
    let mut net = Net::new(seed);
    (0..nodes).for_each(|_| _ = net.add(Options::default()));
    net
}

/// Each of them does something that the others see at once, and in the end all hold the same.
fn all_see_what_each_does(net: &mut Net, within_ms: u64) {
    for at in 0..net.hosts.len() as u64 {
        net.operate(at as usize, |host| host.register(&node(at), &range(100 * at)).unwrap());
        net.run_for(within_ms);
        for (seen_by, host) in net.hosts.iter().enumerate() {
            let priority = host.node.map().priority(&node(at), &range(100 * at));
            assert_eq!(priority, Some(1), "what {at} did, seen by {seen_by}");
        }
    }
    net.run_for(20_000);
    assert!(net.is_converged());
}

#[test]
fn a_medium_and_a_chain_of_neighbours_are_one_network() {
    for seed in 0..5 {
        // 0 to 3 on a medium; 3 – 4 – 5 in a chain; 5 to 7 on another medium.
        let mut net = net(seed, 8);
        net.wire(LinkKind::Medium, &[0, 1, 2, 3]);
        net.wire(LinkKind::Neighbour, &[3, 4]);
        net.wire(LinkKind::Neighbour, &[4, 5]);
        net.wire(LinkKind::Medium, &[5, 6, 7]);
        net.run_for(5_000);
        all_see_what_each_does(&mut net, 300);
    }
}

/// Two who are on both of two media: what goes over by the one need not go over by the other, and nothing goes round for ever.
#[test]
fn what_two_carry_from_one_medium_to_the_other_does_not_go_round() {
    for seed in 0..10 {
        let mut net = net(seed, 6);
        net.wire(LinkKind::Medium, &[0, 1, 2, 3]);
        net.wire(LinkKind::Medium, &[2, 3, 4, 5]);
        net.run_for(10_000);
        net.sent = 0;
        net.operate(0, |host| host.register(&node(0), &range(0)).unwrap());
        net.run_for(1_000);
        assert!(net.sent <= 5, "{} messages", net.sent);
        all_see_what_each_does(&mut net, 300);
        net.run_for(30_000);
        net.sent = 0;
        net.run_for(60_000);
        // Some digests: one for each medium in each interval.
        assert!(net.sent <= 2 * 2 * 7, "{} messages in a quiet minute", net.sent);
    }
}

/// Two halves of a network that were apart, each of which has done much: they meet where the only link between them is mended.
#[test]
fn halves_that_were_apart_meet_over_one_link() {
    for (seed, kind) in [(1, LinkKind::Medium), (2, LinkKind::Neighbour)] {
        let mut net = net(seed, 6);
        net.wire(kind, &[0, 1]);
        net.wire(LinkKind::Medium, &[0, 2]);
        net.wire(LinkKind::Medium, &[1, 3, 4]);
        net.wire(LinkKind::Neighbour, &[2, 5]);
        net.run_for(5_000);
        net.cut(0, false);
        for at in 0..6 {
            for start in 0..300 {
                net.operate(at, |host| host.register(&node(at as u64), &range(20 * start)).unwrap());
            }
        }
        net.run_for(30_000);
        assert!(!net.is_converged());
        net.cut(0, true);
        net.lost_percent = 20;
        net.run_for(60_000);
        net.lost_percent = 0;
        net.run_for(60_000);
        assert!(net.is_converged());
        assert_eq!(net.hosts[5].node.map().registrations().count(), 6 * 300);
    }
}

/// Links come and go; a message over one that is closed is for nobody.
#[test]
fn a_link_that_is_closed_carries_nothing() {
    let mut net = net(7, 3);
    let wire = net.wire(LinkKind::Medium, &[0, 1]);
    net.wire(LinkKind::Neighbour, &[1, 2]);
    net.run_for(2_000);
    let (link, statistics) = (net.link(wire, 0), net.hosts[0].node.statistics());
    net.operate(0, |host| host.close(link));
    net.operate(1, |host| host.register(&node(1), &range(0)).unwrap());
    net.run_for(30_000);
    assert_eq!(net.hosts[0].node.map().registrations().count(), 0);
    let after = net.hosts[0].node.statistics();
    assert_eq!(after, statistics, "nothing is sent or heard, and nothing forgotten");
    assert_eq!(net.hosts[2].node.map().registrations().count(), 1);
    net.wire(LinkKind::Neighbour, &[0, 2]);
    net.run_for(5_000);
    assert!(net.is_converged());
}

/// What a peer missed is told from the log of recent changes, if that may take memory; else the two compare what they hold.
#[test]
fn without_a_log_those_who_meet_again_compare_what_they_hold() {
    let posted = [Options::default().log_bytes_max, 0].map(|log_bytes_max| {
        let mut net = Net::new(3);
        (0..2).for_each(|_| _ = net.add(Options { log_bytes_max, ..Options::default() }));
        let wire = net.wire(LinkKind::Neighbour, &[0, 1]);
        (0..300).for_each(|at| net.operate(0, |host| host.register(&node(1), &range(20 * at)).unwrap()));
        net.run_for(5_000);
        net.cut(wire, false);
        net.operate(0, |host| host.register(&node(2), &range(7)).unwrap());
        net.run_for(1_000);
        assert!(!net.is_converged());
        net.cut(wire, true);
        let before =
            net.hosts[0].node.statistics().bytes_posted + net.hosts[1].node.statistics().bytes_posted;
        net.run_for(30_000);
        assert!(net.is_converged());
        net.hosts[0].node.statistics().bytes_posted + net.hosts[1].node.statistics().bytes_posted - before
    });
    assert!(posted[0] < posted[1], "{posted:?}");
}

/// What was heard on a medium is known there: nobody says it again, also if it is about something that was known from elsewhere.
#[test]
fn what_a_medium_told_is_not_said_again_there() {
    let mut net = net(4, 2);
    let before = net.wire(LinkKind::Medium, &[0, 1]);
    (0..20).for_each(|at| net.operate(0, |host| host.register(&node(1), &range(20 * at)).unwrap()));
    net.run_for(5_000);
    for at in 0..2 {
        let link = net.link(before, at);
        net.operate(at, |host| host.close(link));
    }
    let by = std::num::NonZeroU32::MIN;
    (0..20).for_each(|at| net.operate(0, |host| host.increase(&node(1), &range(20 * at), by).unwrap()));
    net.wire(LinkKind::Medium, &[0, 1]);
    let deltas = net.hosts[1].node.statistics().posted[0];
    net.run_for(5_000);
    assert!(net.is_converged());
    assert_eq!(net.hosts[1].node.map().priority(&node(1), &range(0)), Some(2));
    assert_eq!(net.hosts[1].node.statistics().posted[0], deltas, "it did nothing that is to be told");
}

/// What was given up of a retired writer shows in no version; still, who merges the state of somebody who gave it up drops it.
#[test]
fn states_of_one_version_become_equal_however_they_are_merged() {
    let [mut writer, mut one, mut other] = [1, 2, 3].map(|id| Node::<u64>::new(ReplicaId::new(id), id));
    writer.register(&node(0), &range(0)).unwrap();
    other.merge(writer.last_delta());
    writer.register(&node(1), &range(20)).unwrap();
    other.merge(writer.last_delta());
    one.merge(writer.last_delta());
    one.retire(ReplicaId::new(1));
    one.maintain();
    let (given_up, all) = (one.map().state().clone(), other.map().state().clone());
    assert_eq!((one.map().registrations().count(), other.map().registrations().count()), (1, 2));
    one.merge(&all);
    let told = other.merge(&given_up);
    assert_eq!(told, [range(0)]);
    assert_eq!(one.map().state(), other.map().state());
    assert_eq!(other.merge(&given_up), []);
}
