//! What participants say of themselves.

use crdt_range_map::node::{Event, LinkKind, Options};
use crdt_range_map::sync::presence::Attributes;
use crdt_range_map::{Node, ReplicaId};

use crate::net::Net;
use crate::{kill, named, register, tab};

fn zone(zone: &str) -> Attributes {
    Attributes::new([("zone", zone), ("address", "10.0.0.7")]).unwrap()
}

fn say(net: &mut Net, at: usize, attributes: &Attributes) {
    net.operate(at, |host| host.set_attributes(attributes.clone()));
}

fn heard(net: &Net, at: usize, of: usize) -> Option<&Attributes> {
    net.hosts[at].node.attributes(net.hosts[of].node.map().replica())
}

#[test]
fn what_a_participant_says_of_itself_is_known_to_all_who_see_it_and_to_who_comes_later() {
    let mut net = Net::new(1);
    let [first, second, third] = ["first", "second", "third"].map(|name| net.add(named(name)));
    net.wire(LinkKind::Medium, &[first, second, third]);
    say(&mut net, first, &zone("east"));
    say(&mut net, second, &zone("west"));
    net.run_for(2_000);
    assert_eq!(heard(&net, third, first), Some(&zone("east")));
    assert_eq!([first, second].map(|at| heard(&net, at, second)), [Some(&zone("west")); 2]);
    assert_eq!(heard(&net, first, third), None, "it says nothing");
    let told = |net: &Net, at: usize| {
        let of = |event: &Event<u64>| matches!(event, Event::Attributes { attributes, .. } if *attributes == zone("east"));
        net.hosts[at].events.iter().filter(|event| of(event)).count()
    };
    assert_eq!([first, second, third].map(|at| told(&net, at)), [0, 1, 1]);
    // Another word of it counts, and is told once.
    say(&mut net, first, &zone("north"));
    net.run_for(60_000);
    assert_eq!(heard(&net, third, first), Some(&zone("north")));
    assert_eq!([first, second, third].map(|at| told(&net, at)), [0, 1, 1]);
    let late = net.add(named("late"));
    net.wire(LinkKind::Neighbour, &[third, late]);
    net.run_for(2_000);
    assert_eq!(heard(&net, late, first), Some(&zone("north")));
}

#[test]
fn the_attributes_of_those_who_back_an_owner_are_known_several_links_away() {
    let mut net = Net::new(2);
    let end = tab(&mut net, 1, Options { attributes: zone("east"), ..Options::default() });
    let nodes: Vec<usize> = (0..3).map(|at| net.add(named(&format!("{at}")))).collect();
    for (from, to) in [(end, nodes[0]), (nodes[0], nodes[1]), (nodes[1], nodes[2])] {
        net.wire(LinkKind::Neighbour, &[from, to]);
    }
    register(&mut net, end, 7);
    net.run_for(4_000);
    let far = &net.hosts[nodes[2]].node;
    let writers = far.map().living_writers(&7);
    assert_eq!(writers.len(), 1);
    assert_eq!(far.attributes(writers[0].1), Some(&zone("east")));
    // The dead are not spoken of to who comes later.
    kill(&mut net, end);
    net.run_for(20_000);
    let late = net.add(named("late"));
    net.wire(LinkKind::Neighbour, &[nodes[1], late]);
    net.run_for(20_000);
    assert_eq!(net.hosts[late].node.map().owners(&7).len(), 1);
    assert_eq!(net.hosts[late].node.attributes(ReplicaId::ephemeral(1)), None);
}

#[test]
fn what_was_lost_is_said_again() {
    for seed in 0..5 {
        let mut net = Net::new(seed);
        net.lost_percent = 60;
        let [first, second, third] = ["first", "second", "third"].map(|name| net.add(named(name)));
        net.wire(LinkKind::Neighbour, &[first, second]);
        net.wire(LinkKind::Medium, &[second, third]);
        say(&mut net, first, &zone("east"));
        net.run_for(200_000);
        net.lost_percent = 0;
        net.run_for(40_000);
        assert_eq!([second, third].map(|at| heard(&net, at, first)), [Some(&zone("east")); 2], "seed {seed}");
    }
}

/// A node that begins to count anew outdoes what others remember of it.
#[test]
fn who_returns_under_its_id_says_what_counts() {
    let mut net = Net::new(3);
    let [first, second] = ["first", "second"].map(|name| net.add(named(name)));
    let wire = net.wire(LinkKind::Neighbour, &[first, second]);
    (0..5).for_each(|at| say(&mut net, first, &zone(&format!("zone-{at}"))));
    net.run_for(2_000);
    net.cut(wire, false);
    net.run_for(10_000);
    net.reboot(first, Node::with(named("first"), ReplicaId::new(1), 9).unwrap());
    net.wire(LinkKind::Neighbour, &[first, second]);
    say(&mut net, first, &zone("new"));
    net.run_for(3_000);
    assert_eq!(heard(&net, second, first), Some(&zone("new")));
    let before = net.sent;
    net.run_for(4_000);
    assert!(net.sent - before < 20, "they do not argue about it");
}
