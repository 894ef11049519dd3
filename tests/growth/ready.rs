//! What the cases begin with: replicas and nodes that hold so much already.

use crdt_range_map::node::{Options, Output};
use crdt_range_map::sync::presence::Name;
use crdt_range_map::{Delta, KeyRange, Node, NodeId, Operation, RangeMap, ReplicaId};

use crate::bytes;

/// A replica that holds so much already that nothing is checked at each step, as it is in small maps by debug assertions: some
/// registrations of another replica, behind all keys that the cases are about.
pub fn new(replica: u64) -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::new(replica));
    drop(map.merge(&enough()));
    map
}

/// One that holds nothing, for single operations.
pub fn author(replica: u64) -> RangeMap<u64> {
    RangeMap::new(ReplicaId::new(replica))
}

pub fn enough() -> Delta<u64> {
    Delta::decode(&bytes::registrations(u64::MAX, ENOUGH_FROM, ENOUGH)).unwrap()
}

pub const ENOUGH: u64 = 400;
pub const ENOUGH_FROM: u64 = 1 << 40;

pub fn node() -> NodeId {
    NodeId::new("n").unwrap()
}

pub fn range(at: u64) -> KeyRange<u64> {
    KeyRange::new(10 * at, 10 * at + 5).unwrap()
}

/// The numbers below n, each once, in no order.
pub fn shuffled(n: u64) -> impl Iterator<Item = u64> {
    // A prime that divides no size.
    (0..n).map(move |at| at * 7919 % n)
}

pub fn register(map: &mut RangeMap<u64>, at: u64) -> Delta<u64> {
    map.register(&node(), &range(at)).unwrap()
}

pub fn release(map: &mut RangeMap<u64>, at: u64) -> Delta<u64> {
    map.release(&node(), &range(at)).unwrap()
}

/// A replica that made n registrations.
pub fn full(replica: u64, n: u64) -> RangeMap<u64> {
    let mut map = new(replica);
    drop(map.merge(&Delta::decode(&bytes::registrations(replica, 0, n)).unwrap()));
    map
}

/// A replica that released the n registrations of another, which does not know it.
pub fn released(author: u64, n: u64) -> RangeMap<u64> {
    let mut map = new(1);
    drop(map.merge(full(author, n).state()));
    shuffled(n).for_each(|at| drop(release(&mut map, at)));
    map
}

/// A replica that holds so many drops of records of replica 1 by replica 2. It knows all that replica 1 wrote; that of replica 2 it
/// lacks the first effect keeps the drops from being told by the context.
pub fn with_drops(count: u64) -> RangeMap<u64> {
    let mut map = new(3);
    for bytes in [bytes::foreign_drops(count), bytes::prefix(1, 1)] {
        drop(map.merge(&Delta::decode(&bytes).unwrap()));
    }
    map
}

/// A replica with a few registrations to which a context of many runs of replica 1 was sent.
pub fn poisoned(runs: u64) -> RangeMap<u64> {
    let mut map = full(3, 100);
    drop(map.merge(&Delta::decode(&bytes::runs(1, runs)).unwrap()));
    map
}

/// A replica with n registrations, each of whose ranges is watched.
pub fn watched(n: u64) -> RangeMap<u64> {
    let mut map = full(1, n);
    (0..n).for_each(|at| _ = map.watch(&range(at)));
    map
}

/// What a node hands out until there is nothing to do.
pub fn outputs(node: &mut Node<u64>, now_ms: u64) -> Vec<Output<u64>> {
    let mut outputs = Vec::new();
    loop {
        match node.poll(now_ms) {
            Output::Wait { .. } => return outputs,
            Output::Save(page) => {
                node.saved(page.number);
                outputs.push(Output::Save(page));
            }
            output => outputs.push(output),
        }
    }
}

/// A node that knows enough already, and the pages that it handed out.
pub fn host(is_durable: bool) -> (Node<u64>, Vec<Vec<u8>>) {
    let name = Some(Name::new("host").unwrap());
    let mut host =
        Node::with(Options { name, is_durable, ..Options::default() }, ReplicaId::new(1), 1).unwrap();
    let enough = (0..ENOUGH).map(|at| Operation::Register { node: node(), range: range(ENOUGH_FROM + at) });
    host.apply(enough).unwrap();
    let pages = pages_of(outputs(&mut host, 0)).collect();
    (host, pages)
}

pub fn pages_of(outputs: Vec<Output<u64>>) -> impl Iterator<Item = Vec<u8>> {
    outputs
        .into_iter()
        .filter_map(|output| if let Output::Save(page) = output { Some(page.bytes) } else { None })
}

/// The pages of a node that did so much, one thing after the other.
pub fn pages(n: u64) -> Vec<Vec<u8>> {
    let (mut host, mut pages) = host(true);
    for at in 0..n {
        host.register(&node(), &range(at)).unwrap();
        pages.extend(pages_of(outputs(&mut host, 0)));
    }
    pages
}
