//! Nodes that save in a place that they share.

use crdt_range_map::node::{LinkKind, Output, Page};
use crdt_range_map::{Node, RangeMap, ReplicaId};

use crate::kit::builders::{node, range};

fn sharing(id: u64) -> Node<u64> {
    let mut host = Node::new(ReplicaId::new(id), id);
    host.share_storage();
    host.set_sends_unsaved(false);
    host
}

/// What it hands out until it waits: how much it sent, and the page.
fn drain(host: &mut Node<u64>, now_ms: u64) -> (usize, Option<Page>) {
    let (mut sent, mut saving) = (0, None);
    loop {
        match host.poll(now_ms) {
            Output::Send { .. } => sent += 1,
            Output::Save(page) => saving = Some(page),
            Output::Event(_) => {}
            Output::Wait { .. } => return (sent, saving),
        }
    }
}

#[test]
fn what_is_not_saved_leaves_only_if_that_is_said() {
    let mut host = sharing(1);
    host.open(LinkKind::Medium, 0);
    drain(&mut host, 0);
    host.register(&node(0), &range(0)).unwrap();
    let (sent, page) = drain(&mut host, 1);
    assert!(sent == 0 && host.has_unsaved());
    host.set_sends_unsaved(true);
    assert!(drain(&mut host, 2).0 > 0 && host.has_unsaved());
    host.set_sends_unsaved(false);
    host.saved(page.unwrap().number);
    assert!(!host.has_unsaved());
    host.release(&node(0), &range(0)).unwrap();
    let (sent, page) = drain(&mut host, 3);
    assert_eq!(sent, 0);
    host.saved(page.unwrap().number);
    assert!(drain(&mut host, 4).0 > 0);
    host.register(&node(1), &range(0)).unwrap();
    assert_eq!(drain(&mut host, 5).0, 0);
    host.leave_storage();
    assert!(drain(&mut host, 6).0 > 0 && !host.has_unsaved());
}

/// Each own effect is on one page that names it, whole or in parts, and no page replaces another.
#[test]
fn pages_name_each_own_effect_once() {
    let mut host = sharing(1);
    let (mut next, mut pages) = (1, Vec::new());
    for round in 0..500 {
        for at in 0..=round % 3 {
            host.increase(&node(at), &range(round), 2.try_into().unwrap()).unwrap();
        }
        let Some(page) = drain(&mut host, round).1 else { panic!("each round is saved") };
        assert_eq!((page.replica, page.own.start), (ReplicaId::new(1), next));
        assert!(!page.own.is_empty() && !page.is_whole);
        next = page.own.end;
        host.saved(page.number);
        pages.push(page);
    }
    assert_eq!(next, host.map().last_own_seq() + 1);
    let mut other = sharing(2);
    pages.iter().for_each(|page| other.absorb(&page.bytes).unwrap());
    assert_eq!(other.map().state(), host.map().state());
    assert_eq!(drain(&mut other, 10_000).1, None, "all of it is saved already");
    let mut third = sharing(3);
    third.absorb(&other.map().state().encode()).unwrap();
    assert_eq!(third.map().state(), host.map().state());
    assert_eq!(drain(&mut third, 10_000).1, None);
}

/// What came over a link is saved by one of those who share the place: the others find it there before they write their pages.
#[test]
fn a_page_that_is_out_is_made_anew_when_another_is_learnt() {
    let (mut here, mut there) = (sharing(1), sharing(2));
    let mut elsewhere = RangeMap::new(ReplicaId::new(9));
    let delta = elsewhere.register(&node(9), &range(0)).unwrap();
    let pages = [&mut here, &mut there].map(|host| {
        host.merge(&delta);
        assert!(host.has_unsaved());
        drain(host, 0).1.unwrap()
    });
    assert!(pages[0].own.is_empty());
    here.saved(pages[0].number);
    there.absorb(&pages[0].bytes).unwrap();
    there.saved(pages[1].number);
    assert!(there.has_unsaved(), "that page counts for nothing any more");
    there.register(&node(2), &range(0)).unwrap();
    let again = drain(&mut there, 2_000).1.unwrap();
    assert!(again.number > pages[1].number && again.own == (1..2));
    assert!(again.bytes.len() < pages[1].bytes.len() + 30, "only what is missing");
    there.saved(again.number);
    assert!(!there.has_unsaved());
    here.absorb(&again.bytes).unwrap();
    assert_eq!(here.map().state(), there.map().state());
}

/// What was done under an id that somebody may go on with is held until it is saved, although the node has another id by now.
#[test]
fn what_a_former_id_did_is_held() {
    let mut host = sharing(1);
    host.open(LinkKind::Medium, 0);
    drain(&mut host, 0);
    host.register(&node(0), &range(0)).unwrap();
    host.set_replica(ReplicaId::new(2));
    host.absorb(&RangeMap::<u64>::new(ReplicaId::new(3)).state().encode()).unwrap();
    let (sent, page) = drain(&mut host, 1);
    assert_eq!(sent, 0);
    let page = page.unwrap();
    assert!(page.replica == ReplicaId::new(2) && page.own.is_empty());
    host.saved(page.number);
    assert!(drain(&mut host, 2).0 > 0);
}

#[test]
fn another_place_gets_everything() {
    let mut host = sharing(1);
    host.register(&node(0), &range(0)).unwrap();
    let page = drain(&mut host, 0).1.unwrap();
    host.saved(page.number);
    assert_eq!(drain(&mut host, 5_000).1, None);
    host.forget_saved();
    let page = drain(&mut host, 5_000).1.expect("own effects are missing");
    let mut other = sharing(2);
    other.absorb(&page.bytes).unwrap();
    assert_eq!(other.map().state(), host.map().state());
}

#[test]
fn what_is_no_page_is_refused() {
    let mut host = sharing(1);
    let mut page = {
        host.register(&node(0), &range(0)).unwrap();
        drain(&mut host, 0).1.unwrap().bytes
    };
    *page.last_mut().unwrap() ^= 1;
    let mut other = sharing(2);
    for bytes in [&page[..], &page[..3], b"", b"hello"] {
        assert!(other.absorb(bytes).is_err());
    }
    assert_eq!(other.map().state(), RangeMap::new(ReplicaId::new(2)).state());
}
