//! Nodes that save in a place that they share.

use crdt_range_map::node::{Event, LinkId, LinkKind, Output, Page};
use crdt_range_map::sync::Renaming;
use crdt_range_map::{Node, RangeMap, ReplicaId};

use crate::kit::builders::{node, range};
use crate::kit::random::Random;

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

/// A place that several nodes share, as the tabs of a browser share a database.
#[derive(Default)]
struct Store {
    pages: Vec<Page>,
    /// The ids that may be gone on with, and who has each at the time.
    slots: Vec<(ReplicaId, bool)>,
}

/// Opens the place: learns what is in it, and goes on under an id that nobody has.
fn open(store: &mut Store, fresh: u64) -> (Node<u64>, usize) {
    let mut host = Node::new(ReplicaId::new(fresh), fresh);
    host.share_storage();
    store.pages.iter().for_each(|page| host.absorb(&page.bytes).unwrap());
    let slot = store.slots.iter().position(|(_, is_taken)| !is_taken).unwrap_or_else(|| {
        store.slots.push((ReplicaId::new(fresh), false));
        store.slots.len() - 1
    });
    store.slots[slot].1 = true;
    host.set_replica(store.slots[slot].0);
    host.set_sends_unsaved(false);
    host.open(LinkKind::Medium, 0);
    (host, slot)
}

/// Tabs come, write, and die at any moment, before, amid and after saving, on a medium that loses: nothing that was saved or that anybody
/// heard of is lost, no number is used twice, and in the end all hold the same.
#[test]
fn tabs_that_share_a_place_lose_nothing_that_was_saved_or_told() {
    let (mut died, mut withdrawn) = (0, 0);
    for seed in 0..60 {
        let mut random = Random(seed);
        let (mut store, mut tabs, mut fresh) = (Store::default(), Vec::new(), 1_000 * (seed + 1));
        for step in 0..400u64 {
            let now_ms = 50 * step;
            if tabs.len() < 2 || tabs.len() < 4 && random.below(20) == 0 {
                fresh += 1;
                tabs.push(open(&mut store, fresh));
            }
            let at = random.below(tabs.len() as u64) as usize;
            let (host, slot) = &mut tabs[at];
            match random.below(4) {
                0 => host.register(&node(random.below(3)), &range(10 * random.below(4))).unwrap(),
                1 => host.release(&node(random.below(3)), &range(10 * random.below(4))).unwrap(),
                _ => {}
            }
            let (mut sent, mut saving) = (Vec::new(), None);
            loop {
                match host.poll(now_ms) {
                    Output::Send { bytes, .. } => sent.push(bytes),
                    Output::Save(page) => saving = Some(page),
                    Output::Event(_) => {}
                    Output::Wait { .. } => break,
                }
            }
            if let Some(page) = saving {
                assert!(page.is_own || page.own.is_empty());
                match random.below(6) {
                    0 => host.not_saved(page.number),
                    // Meanwhile it reads what another has saved: then this page may count for nothing.
                    1 if page.own.is_empty() && !store.pages.is_empty() => {
                        let read = random.below(store.pages.len() as u64) as usize;
                        host.absorb(&store.pages[read].bytes).unwrap();
                        host.saved(page.number);
                        withdrawn += 1;
                    }
                    _ => {
                        // What has none may begin at the same number.
                        let is_new = |other: &Page| {
                            other.own.is_empty()
                                || other.replica != page.replica
                                || other.own.start != page.own.start
                        };
                        assert!(
                            page.own.is_empty() || store.pages.iter().all(is_new),
                            "{seed}: {page:?} again"
                        );
                        store.slots[*slot].0 = page.replica;
                        host.saved(page.number);
                        store.pages.push(page);
                    }
                }
            }
            for bytes in sent {
                for (other, (host, _)) in tabs.iter_mut().enumerate() {
                    if other != at && random.below(5) > 0 {
                        host.receive(host_link(), &bytes, now_ms);
                    }
                }
            }
            if tabs.len() > 1 && random.below(25) == 0 {
                died += 1;
                let (gone, slot) = tabs.swap_remove(random.below(tabs.len() as u64) as usize);
                store.slots[slot].1 = false;
                let id = gone.map().replica();
                let heard = tabs.iter().map(|(host, _)| host.map().state().context().last_seq(id)).max();
                fresh += 1;
                tabs.push(open(&mut store, fresh));
                let again = &tabs.last().unwrap().0;
                let known = again.map().state().context().prefix(id);
                assert!(
                    known >= heard.unwrap_or(0),
                    "{seed}: somebody heard {heard:?} of {id}, saved is {known}"
                );
            }
        }
        assert_all_agree(&mut tabs);
    }
    assert!(died > 500 && withdrawn > 5, "{died}, {withdrawn}");
}

/// Each has one link, the first.
fn host_link() -> LinkId {
    LinkId(0)
}

fn assert_all_agree(tabs: &mut [(Node<u64>, usize)]) {
    for step in 0..3_000u64 {
        let now_ms = 50 * (400 + step);
        for at in 0..tabs.len() {
            let mut sent = Vec::new();
            loop {
                match tabs[at].0.poll(now_ms) {
                    Output::Send { bytes, .. } => sent.push(bytes),
                    Output::Save(page) => tabs[at].0.saved(page.number),
                    Output::Event(_) => {}
                    Output::Wait { .. } => break,
                }
            }
            for (_, (host, _)) in tabs.iter_mut().enumerate().filter(|(other, _)| *other != at) {
                sent.iter().for_each(|bytes| host.receive(host_link(), bytes, now_ms));
            }
        }
        if tabs.windows(2).all(|pair| pair[0].0.map().state() == pair[1].0.map().state()) {
            return;
        }
    }
    panic!("they do not agree");
}

/// A page is out while the node takes another id, and does something under the former one before.
#[test]
fn a_page_that_was_out_lets_nothing_go_that_came_after_it() {
    for (back, says_again) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut host = sharing(1);
        host.open(LinkKind::Medium, 0);
        drain(&mut host, 0);
        host.register(&node(0), &range(0)).unwrap();
        let first = drain(&mut host, 1).1.unwrap();
        host.register(&node(1), &range(0)).unwrap();
        host.set_replica(ReplicaId::new(2));
        if back {
            host.register(&node(2), &range(0)).unwrap();
            host.set_replica(ReplicaId::new(1));
        }
        host.saved(first.number);
        if says_again {
            host.set_sends_unsaved(false);
        }
        let (sent, second) = drain(&mut host, 2);
        assert_eq!(sent, 0, "{back} {says_again}");
        host.saved(second.unwrap().number);
        assert!(drain(&mut host, 3).0 > 0 && !host.has_unsaved());
    }
}

#[test]
fn nothing_waits_for_a_page_that_holds_all_already() {
    let mut host = sharing(1);
    host.open(LinkKind::Medium, 0);
    drain(&mut host, 0);
    host.register(&node(0), &range(0)).unwrap();
    let page = drain(&mut host, 1).1.unwrap();
    host.set_replica(ReplicaId::new(2));
    host.saved(page.number);
    assert!(drain(&mut host, 2).0 > 0 && !host.has_unsaved());
    let Output::Wait { until_ms } = host.poll(3) else { panic!("nothing is to be done") };
    assert!(until_ms > 10);
}

#[test]
fn what_a_place_lacks_counts_as_not_saved() {
    let mut host = Node::new(ReplicaId::new(1), 1);
    host.register(&node(0), &range(0)).unwrap();
    host.share_storage();
    assert!(host.has_unsaved());
    let page = drain(&mut host, 0).1.unwrap();
    assert!(page.is_own);
    host.saved(page.number);
    assert!(!host.has_unsaved());
    host.forget_saved();
    assert!(host.has_unsaved());
    host.absorb(&page.bytes).unwrap();
    assert_eq!(drain(&mut host, 1).1, None);
    assert!(!host.has_unsaved());
}

#[test]
fn a_restart_tells_what_it_undoes() {
    let mut host = Node::new(ReplicaId::new(1), 1);
    host.share_storage();
    host.register(&node(0), &range(0)).unwrap();
    let page = drain(&mut host, 0).1.unwrap();
    host.saved(page.number);
    let link = host.open(LinkKind::Medium, 0);
    host.register(&node(1), &range(20)).unwrap();
    let undone = drain(&mut host, 0).1.unwrap();
    host.restart(ReplicaId::new(2), 2);
    let unheard = vec![(node(1), range(20))];
    let (from, to, why) = (ReplicaId::new(1), ReplicaId::new(2), Renaming::Twin);
    assert_eq!(host.poll(1), Output::Event(Event::Renamed { from, to, why, unheard }));
    assert_eq!((host.map().replica(), host.has_unsaved()), (to, false));
    assert!(host.map().state().is_empty());
    // What is said too late of the page or the link counts for no other one.
    assert!(host.open(LinkKind::Medium, 1) > link);
    host.register(&node(2), &range(0)).unwrap();
    let page = drain(&mut host, 1).1.unwrap();
    assert!(page.number > undone.number);
    host.saved(undone.number);
    assert!(host.has_unsaved());
}

/// What others reset is dropped under an id as soon as it is gone on with: that would use a number again if a page was lost.
#[test]
fn an_id_of_which_something_is_missing_is_not_gone_on_with() {
    let (id, mut pages) = (ReplicaId::new(1), Vec::new());
    let mut host = sharing(1);
    for at in [0, 1] {
        host.register(&node(at), &range(0)).unwrap();
        let page = drain(&mut host, at).1.unwrap();
        host.saved(page.number);
        pages.push(page.bytes);
    }
    let mut other = sharing(2);
    other.absorb(&pages[0]).unwrap();
    other.release(&node(0), &range(0)).unwrap();
    let reset = drain(&mut other, 0).1.unwrap().bytes;
    let mut again = sharing(3);
    [&pages[0], &reset].iter().for_each(|page| again.absorb(page).unwrap());
    assert!(!again.go_on_as(id, 3), "the second page is missing");
    assert_eq!((again.map().replica().get(), again.map().state().context().last_seq(id)), (3, 1));
    again.absorb(&pages[1]).unwrap();
    assert!(!again.go_on_as(id, 4), "something else is missing");
    assert!(again.go_on_as(id, 3));
    assert_eq!((again.map().replica(), again.map().last_own_seq()), (id, 3));
    let mut retiring = sharing(4);
    pages.iter().for_each(|page| retiring.absorb(page).unwrap());
    retiring.retire(id);
    assert!(!retiring.go_on_as(id, 3));
}

/// The page is damaged, and others told what was on it: then the first page under that id would begin with the same number.
#[test]
fn an_id_of_which_a_page_cannot_be_read_is_not_gone_on_with() {
    let (id, mut host) = (ReplicaId::new(1), sharing(1));
    let mut pages = Vec::new();
    for at in [0, 1] {
        host.register(&node(at), &range(0)).unwrap();
        let page = drain(&mut host, at).1.unwrap();
        host.saved(page.number);
        pages.push(page);
    }
    for lost in 0..2 {
        let mut again = sharing(3);
        again.merge(host.map().state());
        again.absorb(&pages[1 - lost].bytes).unwrap();
        assert!(!again.go_on_as(id, 3), "page {lost} is not read");
        assert_eq!(again.map().replica(), ReplicaId::new(3));
        again.absorb(&pages[lost].bytes).unwrap();
        assert!(again.go_on_as(id, 3));
        again.register(&node(2), &range(0)).unwrap();
        assert_eq!(drain(&mut again, 5).1.unwrap().own, 3..4);
    }
}

/// Nothing of such an id is missing, and so no number would be used again.
#[test]
fn an_id_under_which_nothing_was_saved_is_gone_on_with() {
    for next_seq in [0, 1] {
        let mut host = sharing(1);
        assert!(host.go_on_as(ReplicaId::new(7), next_seq));
        assert_eq!(host.map().replica(), ReplicaId::new(7));
    }
    let mut host = sharing(1);
    assert!(!host.go_on_as(ReplicaId::new(7), 2), "number 1 is missing");
    // More is known than the row says, and something before it is not.
    let mut other = RangeMap::new(ReplicaId::new(7));
    _ = other.register(&node(0), &range(0)).unwrap();
    host.merge(&other.register(&node(1), &range(0)).unwrap());
    assert!(!host.go_on_as(ReplicaId::new(7), 1));
    assert_eq!(host.map().replica(), ReplicaId::new(1));
}

/// Of that, no dot tells. Whoever shares the storage hears of it, too; or all would write it one after the other, for ever.
#[test]
fn what_no_dot_tells_of_is_not_written_in_turns() {
    let (mut here, mut there) = (sharing(1), sharing(2));
    let mut writer = RangeMap::new(ReplicaId::new(9));
    let registered = writer.register(&node(9), &range(0)).unwrap();
    _ = writer.release(&node(9), &range(0)).unwrap();
    let pages = [&mut here, &mut there].map(|host| {
        host.merge(&registered);
        // The state of the writer tells that the record is gone, and not what it was.
        host.merge(writer.state());
        drain(host, 0).1.unwrap()
    });
    assert_eq!(there.map().registrations().count(), 0);
    here.saved(pages[0].number);
    there.absorb(&pages[0].bytes).unwrap();
    assert_eq!(drain(&mut there, 5_000).1, None);
    assert!(!there.has_unsaved());
}
