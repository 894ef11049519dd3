//! Many come and go: no ghost stays, and little of those who went.

use crdt_range_map::node::{LinkKind, Options};
use crdt_range_map::{Node, RangeMap, ReplicaId};

use crate::kit::builders::{node, range, slot};
use crate::net::Net;
use crate::{SILENCE_MS, are_converged, kill, named, tab};

/// Those who stay see all others go, ten times.
#[test]
fn many_that_are_killed_ten_times_each_leave_no_ghost() {
    const CROWD: u64 = 12;
    let mut net = Net::new(1);
    let options = |name| Options { evict_after_ms: Some(15_000), ..named(name) };
    let [first, second, far] = ["first", "second", "far"].map(|name| net.add(options(name)));
    net.wire(LinkKind::Neighbour, &[second, far]);
    for life in 0..10 {
        let crowd: Vec<usize> =
            (0..CROWD).map(|at| tab(&mut net, 1 + life * CROWD + at, Options::default())).collect();
        net.wire(LinkKind::Medium, &[&crowd[..], &[first, second]].concat());
        for (number, at) in (0..).zip(&crowd) {
            for key in 0..4 {
                net.operate(*at, |host| host.register(&node(number), &slot(4 * number + key)).unwrap());
            }
        }
        net.run_for(4_000);
        let living = |net: &Net, at: usize| net.hosts[at].node.living().splits().len();
        for at in [first, second, far, crowd[0]] {
            assert_eq!(living(&net, at), CROWD as usize, "{at} sees all of life {life}");
        }
        crowd.iter().for_each(|at| kill(&mut net, *at));
        net.run_for(SILENCE_MS + 1_500);
        [first, second, far]
            .iter()
            .for_each(|at| assert_eq!(living(&net, *at), 0, "{at} sees no ghost of {life}"));
    }
    // Reset records go once all have agreed, over every link, for a while.
    let mut waited = 0;
    while net.hosts[far].node.map().state().carried_count() > 0 && waited < 40 {
        net.run_for(30_000);
        waited += 1;
    }
    println!("cleared after {waited}");
    for at in [first, second, far] {
        let map = net.hosts[at].node.map();
        assert_eq!(map.registrations().count(), 0, "{at}");
        assert_eq!(map.state().retired().len(), 10 * CROWD as usize);
        // Nothing is left of any record: of each life its id, its last number, and that it is retired.
        assert_eq!(map.state().carried_count(), 0);
        let bytes = map.state().encode().len();
        assert!(bytes <= 16 * 10 * CROWD as usize + 100, "{bytes}");
    }
    assert!(are_converged(&net, &[first, second, far]));
}

/// The same with many more, and with three servers: each life has a link to one of them.
#[test]
#[ignore = "takes minutes"]
fn two_hundred_that_are_killed_ten_times_each_over_links_leave_no_ghost() {
    const CROWD: u64 = 200;
    let mut net = Net::new(1);
    let options = |name| Options { evict_after_ms: Some(15_000), ..named(name) };
    let servers = ["first", "second", "third"].map(|name| net.add(options(name)));
    net.wire(LinkKind::Medium, &servers);
    let mut crowd: Vec<usize> = Vec::new();
    for life in 0..10 {
        for number in 0..CROWD {
            let at = match crowd.get(number as usize) {
                Some(at) => {
                    let id = ReplicaId::ephemeral(1 + life * CROWD + number);
                    net.reboot(*at, Node::with(Options::default(), id, number).unwrap());
                    *at
                }
                None => {
                    crowd.push(tab(&mut net, 1 + number, Options::default()));
                    crowd[number as usize]
                }
            };
            net.wire(LinkKind::Neighbour, &[at, servers[number as usize % 3]]);
            net.operate(at, |host| host.register(&node(number), &slot(number)).unwrap());
            net.run_for(5);
        }
        net.run_for(4_000);
        let living = |net: &Net, at: usize| net.hosts[at].node.living().splits().len();
        for at in servers.into_iter().chain([crowd[0], crowd[100]]) {
            assert_eq!(living(&net, at), CROWD as usize, "{at} sees all of life {life}");
        }
        crowd.iter().for_each(|at| kill(&mut net, *at));
        net.run_for(SILENCE_MS + 4_000);
        for at in servers {
            assert_eq!(living(&net, at), 0, "{at} sees no ghost of {life}");
        }
        println!("life {life}: {} messages", net.sent);
    }
    net.run_for(120_000);
    for at in servers {
        let map = net.hosts[at].node.map();
        assert_eq!(map.registrations().count(), 0, "{at}");
        println!("{} bytes, {} of records", map.state().encode().len(), map.state().carried_count());
    }
    assert!(are_converged(&net, &servers));
}

/// The bytes of the state after `lives` of each of `nodes`, with so many ranges each, and of a fresh one with the last life alone.
fn bytes_after(nodes: u64, ranges: u64, lives: u64) -> (usize, usize) {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut fresh = RangeMap::<u64>::new(ReplicaId::new(1));
    for life in 0..lives {
        for at in 0..nodes {
            let id = ReplicaId::ephemeral((life * nodes + at).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut writer = RangeMap::new(id);
            for number in 0..ranges {
                let start = 1_000 * (at + nodes * number) / 7;
                _ = writer.register(&node(at), &range(start)).unwrap();
            }
            _ = map.merge(writer.state());
            if life + 1 < lives {
                _ = map.evict(id).unwrap();
            } else {
                _ = fresh.merge(writer.state());
            }
        }
        _ = map.maintain();
    }
    assert_eq!(map.registrations().count() as u64, nodes * ranges);
    (map.state().encode().len(), fresh.state().encode().len())
}

/// What a life leaves is so many bytes, whatever it had registered.
#[test]
fn a_life_that_ended_leaves_a_few_bytes_however_much_it_had_registered() {
    for (nodes, ranges) in [(100, 1), (100, 10), (100, 100)] {
        let (bytes, fresh) = bytes_after(nodes, ranges, 10);
        let ended = nodes * 9;
        println!(
            "{nodes} nodes, {ranges} ranges each: {bytes} bytes, fresh {fresh}, {:.2}",
            bytes as f64 / fresh as f64
        );
        let left = (bytes - fresh) as u64;
        assert!(left <= 16 * ended + 1_000, "{left} bytes of {ended} lives");
    }
}
