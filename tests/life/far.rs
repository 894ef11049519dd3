//! Who is alive several links away: nodes vouch for those whom they see.

use crdt_range_map::node::{LinkKind, Options};
use crdt_range_map::sync::presence::{self, Name};
use crdt_range_map::{Node, ReplicaId};

use crate::kit::builders::{node, slot};
use crate::net::Net;
use crate::{SILENCE_MS, kill, living_changes, named, owners, register, tab};

/// For how long a counter may stand still.
const FAR_SILENCE_MS: u64 = 6_000;

/// Three beats, of which the death of a neighbour takes less, and for each link on the way half a second for those who see it.
fn far_ms(links: u64) -> u64 {
    SILENCE_MS + links * 700
}

/// A tab at one end of a chain of nodes.
fn chain(net: &mut Net, length: usize) -> (usize, Vec<usize>) {
    let end = tab(net, 1, Options::default());
    let nodes: Vec<usize> = (0..length).map(|at| net.add(named(&format!("{at}")))).collect();
    let mut before = end;
    for at in &nodes {
        net.wire(LinkKind::Neighbour, &[before, *at]);
        before = *at;
    }
    (end, nodes)
}

#[test]
fn all_along_a_chain_know_who_lives_and_who_died() {
    let mut net = Net::new(1);
    let (end, nodes) = chain(&mut net, 5);
    register(&mut net, end, 7);
    net.run_for(3_000);
    nodes.iter().for_each(|at| assert_eq!(owners(&net, *at, 7), [["node-7:1"], ["node-7:1"]], "{at}"));
    nodes.iter().for_each(|at| drop(living_changes(&mut net, *at)));
    net.run_for(60_000);
    for at in &nodes {
        assert_eq!(owners(&net, *at, 7)[0], ["node-7:1"], "{at} keeps it");
        assert_eq!(living_changes(&mut net, *at), [], "and {at} never lost it");
    }
    kill(&mut net, end);
    net.run_for(far_ms(5));
    nodes
        .iter()
        .for_each(|at| assert_eq!(owners(&net, *at, 7), [vec![], vec!["node-7:1".to_string()]], "{at}"));
    // Whoever comes now hears of nobody.
    let late = net.add(named("late"));
    net.wire(LinkKind::Neighbour, &[nodes[2], late]);
    net.run_for(10_000);
    assert_eq!(owners(&net, late, 7), [vec![], vec!["node-7:1".to_string()]]);
}

#[test]
fn one_that_says_goodbye_is_out_everywhere_within_a_second() {
    let mut net = Net::new(2);
    let (end, nodes) = chain(&mut net, 2);
    register(&mut net, end, 7);
    net.run_for(3_000);
    net.operate(end, |host| host.leave().unwrap());
    net.run_for(1_000);
    nodes.iter().for_each(|at| assert_eq!(owners(&net, *at, 7), [[""; 0], [""; 0]]));
    let (end, nodes) = chain(&mut net, 2);
    register(&mut net, end, 8);
    net.run_for(3_000);
    // It goes, and what it registered stays.
    let links: Vec<_> = net.hosts[end].node.peers().map(|(link, _)| link).collect();
    net.operate(end, |host| links.iter().for_each(|link| host.close(*link)));
    net.run_for(1_000);
    nodes.iter().for_each(|at| assert_eq!(owners(&net, *at, 8), [vec![], vec!["node-8:1".to_string()]]));
}

/// No word goes in circles and keeps the dead alive.
#[test]
fn in_a_mesh_with_circles_the_dead_stay_dead_and_those_seen_by_others_alive() {
    for seed in 0..5 {
        let mut net = Net::new(seed);
        net.lost_percent = 5;
        let nodes: Vec<usize> = (0..6).map(|at| net.add(named(&format!("{at}")))).collect();
        for at in 0..6 {
            net.wire(LinkKind::Neighbour, &[nodes[at], nodes[(at + 1) % 6]]);
        }
        net.wire(LinkKind::Neighbour, &[nodes[0], nodes[3]]);
        let twice = tab(&mut net, 1, Options::default());
        let wires = [0, 2].map(|at| net.wire(LinkKind::Neighbour, &[twice, nodes[at]]));
        register(&mut net, twice, 7);
        net.run_for(10_000);
        nodes.iter().for_each(|at| assert_eq!(owners(&net, *at, 7)[0], ["node-7:1"]));
        // One link is cut: the other end of the second one sees it all the same.
        net.cut(wires[0], false);
        net.run_for(20_000);
        nodes.iter().for_each(|at| assert_eq!(owners(&net, *at, 7)[0], ["node-7:1"], "seed {seed}: {at}"));
        kill(&mut net, twice);
        // A message that says that it is gone may be lost.
        net.run_for(far_ms(6) + FAR_SILENCE_MS);
        for _ in 0..30 {
            nodes.iter().for_each(|at| assert_eq!(owners(&net, *at, 7)[0], [""; 0], "seed {seed}: {at}"));
            net.run_for(1_000);
        }
    }
}

/// A page whose tabs share a silent medium, of which one has a link to a server.
#[test]
fn a_node_vouches_over_its_links_for_those_on_a_silent_medium() {
    let mut net = Net::new(3);
    let tabs = [1, 2, 3].map(|number| tab(&mut net, number, Options::default()));
    let medium = net.wire(LinkKind::Medium, &tabs);
    for at in tabs {
        let (link, now_ms) = (net.link(medium, at), net.now_ms);
        net.operate(at, |host| {
            host.join(link, presence::Config::default(), Name::default(), now_ms).unwrap()
        });
    }
    let [server, client] = ["server", "client"].map(|name| net.add(named(name)));
    net.wire(LinkKind::Neighbour, &[tabs[0], server]);
    net.wire(LinkKind::Neighbour, &[server, client]);
    register(&mut net, tabs[1], 7);
    register(&mut net, tabs[2], 8);
    net.run_for(5_000);
    let of_medium = |net: &Net| {
        let (link, host) = (net.link(medium, tabs[1]), &net.hosts[tabs[1]].node);
        host.link_statistics(link).unwrap().messages_received
    };
    let before = of_medium(&net);
    net.run_for(9_000);
    assert!(of_medium(&net) - before <= 4, "nobody is vouched for where all see it");
    [server, client].iter().for_each(|at| {
        assert_eq!([7, 8].map(|key| owners(&net, *at, key)[0].len()), [1, 1]);
    });
    kill(&mut net, tabs[1]);
    for at in [tabs[0], tabs[2]] {
        let (link, now_ms) = (net.link(medium, at), net.now_ms);
        net.operate(at, |host| host.died(link, ReplicaId::ephemeral(2), now_ms));
    }
    net.run_for(1_000);
    [server, client].iter().for_each(|at| {
        assert_eq!([7, 8].map(|key| owners(&net, *at, key)[0].len()), [0, 1], "{at}");
    });
    // The one with the link dies too: then nobody vouches for the third.
    kill(&mut net, tabs[0]);
    net.run_for(far_ms(2) + FAR_SILENCE_MS);
    assert_eq!(owners(&net, client, 8)[0], [""; 0]);
}

#[test]
fn a_beat_is_at_most_one_message_a_link_however_many_are_vouched_for() {
    let mut net = Net::new(4);
    let crowd: Vec<usize> = (1..=40).map(|number| tab(&mut net, number, Options::default())).collect();
    let [bridge, far] = ["bridge", "far"].map(|name| net.add(named(name)));
    net.wire(LinkKind::Medium, &[&crowd[..], &[bridge]].concat());
    let wire = net.wire(LinkKind::Neighbour, &[bridge, far]);
    for at in &crowd {
        net.operate(*at, |host| host.register(&node(7), &slot(*at as u64)).unwrap());
    }
    net.run_for(10_000);
    let posted = |net: &Net| {
        let presence = 4;
        net.hosts[bridge].node.link_statistics(net.link(wire, bridge)).unwrap().posted[presence]
    };
    let before = posted(&net);
    net.run_for(20_000);
    let count = posted(&net) - before;
    assert!((10..=20).contains(&count), "{count}: ten beats, and at most as many of its own");
    let counted =
        |host: &Node<u64>| (0..40).filter(|at| !host.living().owners(&(*at as u64)).is_empty()).count();
    assert_eq!(counted(&net.hosts[far].node), 40);
}
