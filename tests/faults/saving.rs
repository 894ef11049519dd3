//! Nothing unsaved leaves.

use crdt_range_map::node::{LinkKind, Options, Output, Page};
use crdt_range_map::{Node, ReplicaId};

use crate::kit::builders::{between, named};

/// What a node hands out now: messages, and a page.
fn poll(node: &mut Node<u64>, now_ms: u64) -> (Vec<Vec<u8>>, Option<Page>) {
    let (mut posts, mut page) = (Vec::new(), None);
    loop {
        match node.poll(now_ms) {
            Output::Send { bytes, .. } => posts.push(bytes),
            Output::Save(next) => page = Some(next),
            Output::Event(_) => {}
            Output::Wait { .. } => return (posts, page),
        }
    }
}

/// A merge makes a node drop a record, which is an effect of its own: no message tells of it until it is saved.
#[test]
fn what_a_merge_makes_is_held_back_until_it_is_saved() {
    let (name, range) = (named("node"), between(0u64, 10));
    for kind in [LinkKind::Medium, LinkKind::Neighbour] {
        let options = Options { is_durable: true, ..Options::default() };
        let mut durable = Node::with(options, ReplicaId::new(1), 1).unwrap();
        let mut other = Node::new(ReplicaId::new(2), 2);
        durable.register(&name, &range).unwrap();
        other.merge(durable.last_delta());
        let (_, page) = poll(&mut durable, 0);
        durable.saved(page.expect("it did something").number);
        let links = [(); 3].map(|()| durable.open(kind, 0));
        assert!(!poll(&mut durable, 0).0.is_empty(), "it asks when it comes");
        other.open(LinkKind::Medium, 0);
        other.release(&name, &range).unwrap();
        for bytes in poll(&mut other, 0).0 {
            durable.receive(links[0], &bytes, 1);
        }
        assert_eq!(durable.map().last_own_seq(), 2, "it dropped its record");
        let mut page = None;
        for now_ms in (1..100_000).step_by(50) {
            let (posts, next) = poll(&mut durable, now_ms);
            assert!(posts.is_empty(), "{kind:?}: something unsaved left after {now_ms} ms");
            page = page.or(next);
        }
        durable.saved(page.expect("it is to be saved").number);
        assert!(!poll(&mut durable, 100_000).0.is_empty());
    }
}
