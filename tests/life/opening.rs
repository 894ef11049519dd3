//! A link on which a node is not heard of before it says so, and evictions that are set later.

use crdt_range_map::node::{LinkKind, Output};
use crdt_range_map::sync::presence::{self, Name};
use crdt_range_map::{Node, RangeMap, ReplicaId};

use crate::kit::builders::{node, slot};

/// What it sends by that time.
fn sent(host: &mut Node<u64>, now_ms: u64) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    loop {
        match host.poll(now_ms) {
            Output::Send { bytes, .. } => sent.push(bytes),
            Output::Wait { .. } => return sent,
            _ => {}
        }
    }
}

/// Whether the others know of an ephemeral writer by its messages up to then.
fn is_known(messages: &[Vec<u8>]) -> bool {
    let mut other = Node::<u64>::new(ReplicaId::new(1), 1);
    let link = other.open_without_presence(LinkKind::Medium, 0);
    other.join(link, presence::Config::default(), Name::default(), 0).unwrap();
    messages.iter().for_each(|bytes| other.receive(link, bytes, 0));
    other.peers().count() == 1
}

#[test]
fn nobody_hears_of_an_ephemeral_writer_before_it_joins() {
    let begin = || Node::<u64>::new(ReplicaId::ephemeral(7), 7);
    let mut loud = begin();
    loud.open(LinkKind::Medium, 0);
    assert!(is_known(&sent(&mut loud, 10_000)));

    let mut quiet = begin();
    let link = quiet.open_without_presence(LinkKind::Medium, 0);
    assert!(!is_known(&sent(&mut quiet, 10_000)));
    quiet.join(link, presence::Config::default(), Name::default(), 10_000).unwrap();
    assert!(is_known(&sent(&mut quiet, 10_000)));
}

#[test]
fn evictions_are_set_and_stay_when_the_node_begins_anew() {
    let mut host = Node::<u64>::new(ReplicaId::new(1), 1);
    assert_eq!(host.evict_after_ms(), None);
    host.share_storage();
    host.set_evict_after_ms(Some(5_000));
    host.restart(ReplicaId::new(2), 2);
    assert_eq!(host.evict_after_ms(), Some(5_000));
    // Who takes no part in presence evicts nobody.
    let link = host.open(LinkKind::Medium, 0);
    host.join(link, presence::Config::default(), Name::default(), 0).unwrap();
    let mut gone = RangeMap::new(ReplicaId::ephemeral(7));
    host.merge(&gone.register(&node(7), &slot(7)).unwrap());
    let priority_at = |host: &mut Node<u64>, now_ms| {
        sent(host, now_ms);
        host.map().priority(&node(7), &slot(7))
    };
    assert_eq!(priority_at(&mut host, 0), Some(1));
    assert_eq!(priority_at(&mut host, 4_000), Some(1));
    // Set anew, it counts anew.
    host.set_evict_after_ms(Some(5_000));
    assert_eq!(priority_at(&mut host, 4_001), Some(1));
    assert_eq!(priority_at(&mut host, 9_000), Some(1));
    assert_eq!(priority_at(&mut host, 10_500), None);
}
