//! What is saved before it leaves, and what becomes of a node that lost its memory.

use crdt_range_map::node::{Damage, LinkKind, Options, Output};
use crdt_range_map::sync::IgnoreReason;
use crdt_range_map::{Node, Operation, ReplicaId};

use crate::kit::builders::{node, range};
use crate::kit::random::Random;
use crate::net::Net;

fn saved() -> Options {
    Options { is_durable: true, ..Options::default() }
}

#[test]
fn nothing_leaves_before_it_is_saved() {
    for kind in [LinkKind::Medium, LinkKind::Neighbour] {
        let mut net = Net::new(1);
        net.add(saved());
        net.add(Options::default());
        net.wire(kind, &[0, 1]);
        net.run_for(2_000);
        net.saving_ms = 5_000;
        net.operate(0, |host| host.register(&node(0), &range(0)).unwrap());
        let sent = net.hosts[0].node.statistics().messages_posted;
        net.run_for(4_900);
        assert_eq!(net.hosts[0].node.statistics().messages_posted, sent);
        assert_eq!(net.hosts[1].node.map().registrations().count(), 0);
        net.run_for(200);
        assert_eq!(net.hosts[1].node.map().registrations().count(), 1);
    }
}

/// A page that could not be saved comes again, with what is new.
#[test]
fn what_could_not_be_saved_is_handed_out_again() {
    let mut host = Node::<u64>::with(saved(), ReplicaId::new(1), 1).unwrap();
    let link = host.open(LinkKind::Medium, 0);
    let next = |host: &mut Node<u64>| loop {
        match host.poll(0) {
            Output::Event(_) => {}
            other => return other,
        }
    };
    while !matches!(next(&mut host), Output::Wait { .. }) {}
    host.register(&node(0), &range(0)).unwrap();
    let Output::Save(first) = next(&mut host) else { panic!("it is to be saved") };
    host.register(&node(0), &range(50)).unwrap();
    assert!(matches!(next(&mut host), Output::Wait { .. }), "one page is out at a time");
    host.not_saved(first.number);
    host.saved(first.number);
    assert_eq!(next(&mut host), Output::Wait { until_ms: 1_000 }, "whatever failed need not succeed at once");
    let Output::Save(second) = host.poll(1_000) else { panic!("it comes again") };
    assert!(second.number > first.number && second.bytes.len() > first.bytes.len());
    assert!(matches!(next(&mut host), Output::Wait { .. }));
    host.saved(second.number);
    assert!(matches!(next(&mut host), Output::Send { link: over, .. } if over == link));
}

/// Nodes of a network lose their memory at any time, and return with what they had saved: whatever anybody saw stays, and in the end
/// all hold the same.
#[test]
fn who_loses_its_memory_returns_under_its_id() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let mut net = Net::new(seed);
        net.saving_ms = random.pick(&[1, 30, 700]);
        net.lost_percent = random.pick(&[0, 10]);
        let options = Options { fan_in: 1 + random.index(3), ..saved() };
        (0..4).for_each(|_| _ = net.add(options.clone()));
        let kind = random.pick(&[LinkKind::Medium, LinkKind::Neighbour]);
        let wires = [[0, 1], [1, 2], [2, 3], [3, 0]];
        wires.iter().for_each(|pair| _ = net.wire(kind, pair));
        let mut seen_by_others = Vec::new();
        for step in 0..60 {
            let at = random.index(4);
            match random.below(10) {
                0..7 => net.operate(at, |host| host.register(&node(at as u64), &range(20 * step)).unwrap()),
                7 => net.operate(at, |host| host.release(&node(at as u64), &range(20 * step / 2)).unwrap()),
                _ => {
                    let (id, seed) = (net.hosts[at].node.map().replica(), random.next());
                    // A page that was being written is lost, or it is not.
                    if let Some((_, page)) = net.hosts[at].saving.take().filter(|_| random.percent(50)) {
                        if page.is_whole {
                            net.hosts[at].disk.clear();
                        }
                        net.hosts[at].disk.push(page.bytes);
                    }
                    let disk = &net.hosts[at].disk;
                    let fresh = if disk.is_empty() { id } else { ReplicaId::new(99) };
                    let (again, damaged) = Node::restore(options.clone(), disk, fresh, seed).unwrap();
                    assert!(damaged.is_empty());
                    assert_eq!(again.map().replica(), id);
                    net.reboot(at, again);
                    for pair in wires.iter().filter(|pair| pair.contains(&at)) {
                        net.wire(kind, pair);
                    }
                }
            }
            net.run_for(random.below(400));
            for (by, host) in net.hosts.iter().enumerate() {
                for registration in host.node.map().registrations() {
                    let start = *registration.range.start();
                    if registration.node != node(by as u64) && !seen_by_others.contains(&start) {
                        seen_by_others.push(start);
                    }
                }
            }
        }
        net.lost_percent = 0;
        net.run_for(60_000);
        assert!(net.is_converged(), "seed {seed}");
        let shown: Vec<u64> =
            net.hosts[0].node.map().registrations().map(|registration| *registration.range.start()).collect();
        assert!(!shown.is_empty());
        // Only a release takes away what somebody else saw.
        let released: Vec<u64> = (0..60).map(|step| 20 * step / 2).collect();
        let gone = |start: &&u64| !shown.contains(start) && !released.contains(start);
        assert_eq!(seen_by_others.iter().find(gone), None, "seed {seed}");
    }
}

/// Pages are joined when they have become longer than everything: the disk does not grow with history.
#[test]
fn the_disk_does_not_grow_with_history() {
    let mut net = Net::new(5);
    net.add(saved());
    let mut longest = 0;
    for step in 0..20_000 {
        net.operate(0, |host| {
            host.increase(&node(0), &range(20 * (step % 50)), 1.try_into().unwrap()).unwrap()
        });
        longest = longest.max(net.hosts[0].disk.iter().map(Vec::len).sum::<usize>());
    }
    assert!(longest < 80 << 10, "{longest} bytes");
    let again = Node::restore(saved(), &net.hosts[0].disk, ReplicaId::new(9), 1).unwrap().0;
    assert_eq!(again.map().state(), net.hosts[0].node.map().state());
}

/// The first page holds everything, and nothing else is needed from then on.
fn assert_replaces_all(mut again: Node<u64>) {
    loop {
        match again.poll(0) {
            Output::Save(page) => {
                assert!(page.is_whole);
                again.saved(page.number);
                let (third, damages) = Node::restore(saved(), [page.bytes], ReplicaId::new(10), 2).unwrap();
                assert!(damages.is_empty());
                assert_eq!(third.map().replica(), ReplicaId::new(9));
                assert_eq!(third.map().state(), again.map().state());
                return;
            }
            Output::Wait { .. } => panic!("what is damaged is to be replaced"),
            _ => {}
        }
    }
}

/// What comes after the page that is missing holds nothing of the node's own: the id is not used again all the same.
#[test]
fn a_page_is_missed_by_those_that_hold_what_others_did() {
    let mut net = Net::new(8);
    (0..2).for_each(|_| _ = net.add(saved()));
    net.wire(LinkKind::Medium, &[0, 1]);
    net.operate(0, |host| host.register(&node(0), &range(0)).unwrap());
    net.run_for(5_000);
    net.operate(1, |host| host.register(&node(1), &range(50)).unwrap());
    net.run_for(5_000);
    let disk = net.hosts[0].disk.clone();
    assert_eq!(disk.len(), 2);
    let (again, damages) = Node::<u64>::restore(saved(), &disk[1..], ReplicaId::new(9), 1).unwrap();
    assert_eq!(damages, [Damage::Missing { replica: ReplicaId::new(1) }]);
    assert_eq!(again.map().replica(), ReplicaId::new(9));
    assert_replaces_all(again);
}

#[test]
fn a_damaged_page_is_named_and_the_id_is_not_used_again() {
    let mut net = Net::new(6);
    net.add(saved());
    for start in 0..5 {
        net.operate(0, |host| host.register(&node(start), &range(20 * start)).unwrap());
    }
    let disk = net.hosts[0].disk.clone();
    assert_eq!(disk.len(), 5);
    for at in 0..disk.len() {
        for bit in 0..8 * disk[at].len() {
            let mut damaged = disk.clone();
            damaged[at][bit / 8] ^= 1 << (bit % 8);
            let (again, damages) = Node::<u64>::restore(saved(), &damaged, ReplicaId::new(9), 1).unwrap();
            assert!(matches!(damages[0], Damage::Unreadable { page, .. } if page == at));
            // What comes after shows that it is missing; the last one is not missed by any.
            assert_eq!(damages.len(), if at + 1 < disk.len() { 2 } else { 1 });
            assert_eq!(again.map().replica(), ReplicaId::new(9));
            assert_eq!(again.map().registrations().count(), 4);
            assert_replaces_all(again);
        }
        let mut cut = disk.clone();
        cut[at].truncate(7);
        let (_, damages) = Node::<u64>::restore(saved(), &cut, ReplicaId::new(9), 1).unwrap();
        assert_eq!(damages[0], Damage::Unreadable { page: at, reason: IgnoreReason::Foreign });
        cut.remove(at);
        let (again, damages) = Node::<u64>::restore(saved(), &cut, ReplicaId::new(9), 1).unwrap();
        let is_missed = at + 1 < disk.len();
        assert_eq!(damages, [Damage::Missing { replica: ReplicaId::new(1) }][..usize::from(is_missed)]);
        assert_eq!(again.map().replica(), ReplicaId::new(if is_missed { 9 } else { 1 }));
    }
    let message = {
        let mut host = Node::<u64>::new(ReplicaId::new(3), 1);
        host.open(LinkKind::Medium, 0);
        let Output::Send { bytes, .. } = host.poll(0) else { panic!("it asks") };
        bytes
    };
    let (again, damages) = Node::<u64>::restore(saved(), [message], ReplicaId::new(9), 1).unwrap();
    assert_eq!(damages.len(), 1, "a message is no page");
    assert!(again.map().state().is_empty());
}

/// An id that was used is none that is fresh; nor is the former one of a node that is not kept any more.
#[test]
fn the_former_id_is_used_again_only_where_nothing_is_missing() {
    let mut net = Net::new(7);
    net.add(saved());
    (0..3).for_each(|at| net.operate(0, |host| host.register(&node(at), &range(20 * at)).unwrap()));
    let disk = net.hosts[0].disk.clone();
    let restored = |options: Options, pages: &[Vec<u8>], fresh: u64| {
        Node::<u64>::restore(options, pages, ReplicaId::new(fresh), 5).unwrap().0.map().replica().get()
    };
    let mut damaged = disk.clone();
    damaged[1][20] ^= 1;
    assert_eq!(restored(saved(), &disk, 9), 1);
    assert_eq!(restored(saved(), &damaged, 9), 9);
    assert!(![1, 9].contains(&restored(saved(), &damaged, 1)));
    assert_eq!(restored(Options::default(), &disk, 9), 9);
    assert!(![1, 9].contains(&restored(Options::default(), &disk, 1)));
    assert_eq!(restored(saved(), &[], 9), 9);
}

/// The first page holds everything, and after a restart it is not written once more.
#[test]
fn a_large_state_is_not_written_again_at_each_restart() {
    let pages_of = |host: &mut Node<u64>| {
        let mut pages = Vec::new();
        loop {
            match host.poll(0) {
                Output::Save(page) => {
                    host.saved(page.number);
                    pages.push(page);
                }
                Output::Wait { .. } => return pages,
                _ => {}
            }
        }
    };
    let mut host = Node::<u64>::with(saved(), ReplicaId::new(1), 1).unwrap();
    let register = |at| Operation::Register { node: node(at % 9), range: range(20 * at) };
    host.apply((0..20_000).map(register)).unwrap();
    let mut disk: Vec<Vec<u8>> = Vec::new();
    for page in pages_of(&mut host) {
        assert!(page.is_whole && page.bytes.len() > 64 << 10);
        disk.push(page.bytes);
    }
    for at in 20_000..20_010 {
        let (mut again, damaged) = Node::restore(saved(), &disk, ReplicaId::new(9), at).unwrap();
        assert!(damaged.is_empty());
        again.apply([register(at)]).unwrap();
        for page in pages_of(&mut again) {
            assert!(!page.is_whole && page.bytes.len() < 100);
            disk.push(page.bytes);
        }
    }
    assert_eq!(disk.len(), 11);
}

/// As its documentation says: only what is missing of the own effects shows, and the last page says who it is.
#[test]
fn what_restoring_cannot_see() {
    let page_of = |host: &mut Node<u64>, now_ms: u64| loop {
        match host.poll(now_ms) {
            Output::Save(page) => {
                host.saved(page.number);
                return page.bytes;
            }
            Output::Wait { until_ms } if until_ms > now_ms + 10_000 => panic!("nothing is to be saved"),
            _ => {}
        }
    };
    let mut host = Node::<u64>::with(saved(), ReplicaId::new(1), 1).unwrap();
    let mut other = Node::<u64>::with(saved(), ReplicaId::new(2), 2).unwrap();
    host.register(&node(1), &range(0)).unwrap();
    let mut disk = vec![page_of(&mut host, 0)];
    other.register(&node(2), &range(0)).unwrap();
    host.merge(other.last_delta());
    host.poll(0);
    disk.push(page_of(&mut host, 2_000));
    host.register(&node(3), &range(0)).unwrap();
    disk.push(page_of(&mut host, 2_000));
    let restored = |disk: &[Vec<u8>]| {
        let (again, damaged) = Node::<u64>::restore(saved(), disk, ReplicaId::new(9), 1).unwrap();
        assert!(damaged.is_empty());
        let shown = [1, 2, 3].map(|at| again.map().priority(&node(at), &range(0)).is_some());
        (again.map().replica().get(), shown)
    };
    assert_eq!(restored(&disk), (1, [true; 3]));
    let without_others = [disk[0].clone(), disk[2].clone()];
    assert_eq!(restored(&without_others), (1, [true, false, true]));
    disk.push(page_of(&mut other, 0));
    assert_eq!(restored(&disk), (2, [true; 3]));
}
