//! Nothing unsaved leaves, and what is saved comes back.

use crdt_range_map::node::{LinkId, LinkKind, Options, Output, Page};
use crdt_range_map::{Node, ReplicaId};

use crate::kit::builders::{between, named, node, range};
use crate::kit::random::Random;

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

fn assert_all_comes_back(options: &Options, pages: &[Vec<u8>], host: &Node<u64>) {
    let (again, _) = Node::<u64>::restore(options.clone(), pages, ReplicaId::new(9), 1).unwrap();
    let mut both = host.map().state().clone();
    both.merge(again.map().state());
    assert_eq!(both.version(), host.map().state().version());
    assert_eq!(&both, again.map().state(), "something is on no page");
}

/// Drops are heard of in pieces and without their own numbers where messages get lost, and a short log forgets them soon: the pages have
/// them all the same.
#[test]
fn a_node_comes_back_as_it_was_when_its_last_page_was_made() {
    let link = LinkId(0);
    for seed in 0..40 {
        let mut random = Random(seed);
        let log_bytes_max = random.pick(&[0, 300, 1_000, 2_000, 1 << 20]);
        let options = Options { is_durable: true, log_bytes_max, ..Options::default() };
        let begin = |id: u64| Node::with(options.clone(), ReplicaId::new(id), 10 * seed + id).unwrap();
        let mut nodes = [1, 2, 3].map(begin);
        let mut pages: [Vec<Vec<u8>>; 3] = Default::default();
        nodes.iter_mut().for_each(|host| _ = host.open(LinkKind::Medium, 0));
        for step in 0..304u64 {
            // In the end nothing happens but that the last pages are made.
            let is_over = step >= 300;
            let (at, now_ms) = (random.index(3), 40 * step + if is_over { 2_000 * step } else { 0 });
            let (who, what) = (node(random.below(2)), range(10 * random.below(2)));
            match random.below(6) {
                _ if is_over => {}
                0 => nodes[at].register(&who, &what).unwrap(),
                1 => nodes[at].increase(&who, &what, 2.try_into().unwrap()).unwrap(),
                2 => nodes[at].release(&who, &what).unwrap(),
                _ => {}
            }
            for from in 0..3 {
                loop {
                    match nodes[from].poll(now_ms) {
                        Output::Wait { .. } => break,
                        Output::Event(_) => {}
                        Output::Save(page) => {
                            if page.is_whole {
                                pages[from].clear();
                            }
                            pages[from].push(page.bytes);
                            nodes[from].saved(page.number);
                            assert_all_comes_back(&options, &pages[from], &nodes[from]);
                        }
                        Output::Send { bytes, .. } => {
                            for to in (0..3).filter(|to| *to != from) {
                                if !is_over && random.percent(60) {
                                    nodes[to].receive(link, &bytes, now_ms);
                                }
                            }
                        }
                    }
                }
            }
        }
        for (host, pages) in nodes.iter().zip(&pages) {
            assert_all_comes_back(&options, pages, host);
        }
    }
}
