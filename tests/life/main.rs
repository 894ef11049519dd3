//! Ownership follows life: who counts as of who is alive, how that ends, over links of every kind.

use instances as _;
mod attributes;
mod crowds;
mod ends;
mod far;
#[path = "../kit/mod.rs"]
mod kit;
#[path = "../node/net.rs"]
#[allow(dead_code, reason = "each test binary uses another part of it")]
mod net;
mod opening;
mod seen;

use crdt_range_map::node::{Event, Options};
use crdt_range_map::sync::presence::Name;
use crdt_range_map::{KeyRange, Node, ReplicaId};
use kit::builders::{node, slot};
use net::Net;

/// A silent peer is dead after that.
const SILENCE_MS: u64 = 4_500;

fn named(name: &str) -> Options {
    Options { name: Some(Name::new(name).unwrap()), ..Options::default() }
}

/// An ephemeral writer of that number.
fn tab(net: &mut Net, number: u64, options: Options) -> usize {
    net.host(Node::with(options, ReplicaId::ephemeral(number), number).unwrap())
}

/// As `kill -9` does: nobody says anything.
fn kill(net: &mut Net, at: usize) {
    net.reboot(at, Node::new(ReplicaId::new(1 << 40 | at as u64), 0));
}

/// Who serves a key, as of who is alive, and as is agreed.
fn owners(net: &Net, at: usize, key: u64) -> [Vec<String>; 2] {
    let node = &net.hosts[at].node;
    [node.living().owners(&key), node.map().owners(&key)]
        .map(|owners| owners.iter().map(|owner| owner.to_string()).collect())
}

/// Registers the node of that number for the one key of that number.
fn register(net: &mut Net, at: usize, number: u64) {
    net.operate(at, |host| host.register(&node(number), &slot(number)).unwrap());
}

/// The ranges that were told to have other living owners.
fn living_changes(net: &mut Net, at: usize) -> Vec<KeyRange<u64>> {
    let events = net.hosts[at].events.drain(..);
    events
        .flat_map(|event| if let Event::LivingChanged(ranges) = event { ranges } else { Vec::new() })
        .collect()
}

/// Whether those know the same.
fn are_converged(net: &Net, hosts: &[usize]) -> bool {
    let state = |at: usize| net.hosts[at].node.map().state();
    hosts.windows(2).all(|pair| state(pair[0]) == state(pair[1]))
}
