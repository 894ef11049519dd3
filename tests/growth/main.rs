//! What it costs to have four times as much of everything, in executed instructions: no more than the documentation says, for
//! what honest replicas do and for what bytes from anybody can cause, at once or later.
//!
//! Each case tells what is made ready and what is counted. With four times as much, what takes O(n log n) costs a little more than
//! four times as much, what takes O(log n) hardly more than before, and what takes O(n²) sixteen times as much.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod bytes;
mod count;
#[path = "../kit/mod.rs"]
mod kit;

use std::hint::black_box;

use count::{counts_of, growth_counted};
use crdt_range_map::advice::{Aims, Bucket, Capacities, Histogram};
use crdt_range_map::node::{LinkKind, Options, Output};
use crdt_range_map::sync::presence::Name;
use crdt_range_map::{Delta, KeyRange, Node, NodeId, Operation, RangeMap, ReplicaId};
use kit::builders::by;

/// By how much the cost may grow when there is four times as much.
#[derive(Clone, Copy)]
enum Growth {
    /// O(log n).
    Flat,
    /// O(n log n).
    Linear,
}

impl Growth {
    fn most(self) -> f64 {
        match self {
            Self::Flat => 1.5,
            Self::Linear => 5.5,
        }
    }
}

/// A replica that holds so much already that nothing is checked at each step, as it is in small maps by debug assertions: some
/// registrations of another replica, behind all keys that the cases are about.
fn new(replica: u64) -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::new(replica));
    drop(map.merge(&enough()));
    map
}

/// One that holds nothing, for single operations.
fn author(replica: u64) -> RangeMap<u64> {
    RangeMap::new(ReplicaId::new(replica))
}

fn enough() -> Delta<u64> {
    Delta::decode(&bytes::registrations(u64::MAX, ENOUGH_FROM, ENOUGH)).unwrap()
}

const ENOUGH: u64 = 400;
const ENOUGH_FROM: u64 = 1 << 40;

fn node() -> NodeId {
    NodeId::new("n").unwrap()
}

fn range(at: u64) -> KeyRange<u64> {
    KeyRange::new(10 * at, 10 * at + 5).unwrap()
}

/// The numbers below n, each once, in no order.
fn shuffled(n: u64) -> impl Iterator<Item = u64> {
    // A prime that divides no size.
    (0..n).map(move |at| at * 7919 % n)
}

fn register(map: &mut RangeMap<u64>, at: u64) -> Delta<u64> {
    map.register(&node(), &range(at)).unwrap()
}

fn release(map: &mut RangeMap<u64>, at: u64) -> Delta<u64> {
    map.release(&node(), &range(at)).unwrap()
}

/// A replica that made n registrations.
fn full(replica: u64, n: u64) -> RangeMap<u64> {
    let mut map = new(replica);
    drop(map.merge(&Delta::decode(&bytes::registrations(replica, 0, n)).unwrap()));
    map
}

/// A replica that released the n registrations of another, which does not know it.
fn released(author: u64, n: u64) -> RangeMap<u64> {
    let mut map = new(1);
    drop(map.merge(full(author, n).state()));
    shuffled(n).for_each(|at| drop(release(&mut map, at)));
    map
}

/// A replica that holds so many drops of records of replica 1 by replica 2. It knows all that replica 1 wrote; that of replica 2 it
/// lacks the first effect keeps the drops from being told by the context.
fn with_drops(count: u64) -> RangeMap<u64> {
    let mut map = new(3);
    for bytes in [bytes::foreign_drops(count), bytes::prefix(1, 1)] {
        drop(map.merge(&Delta::decode(&bytes).unwrap()));
    }
    map
}

/// A replica with a few registrations to which a context of many runs of replica 1 was sent.
fn poisoned(runs: u64) -> RangeMap<u64> {
    let mut map = full(3, 100);
    drop(map.merge(&Delta::decode(&bytes::runs(1, runs)).unwrap()));
    map
}

/// What is to be counted, made ready. What it works on is freed afterwards, uncounted.
type Work = Box<dyn FnMut()>;

struct Case {
    name: &'static str,
    growth: Growth,
    size: u64,
    prepare: fn(u64) -> Work,
}

const fn case(name: &'static str, growth: Growth, size: u64, prepare: fn(u64) -> Work) -> Case {
    Case { name, growth, size, prepare }
}

use Growth::{Flat, Linear};

const CASES: &[Case] = &[
    case("registrations are made", Linear, 300, |n| {
        let mut map = new(1);
        Box::new(move || shuffled(n).for_each(|at| drop(register(&mut map, at))))
    }),
    case("registrations are changed and tightened", Linear, 200, |n| {
        let mut map = full(1, n);
        Box::new(move || {
            for at in shuffled(n) {
                drop(map.increase(&node(), &range(at), by(5)));
                drop(map.decrease(&node(), &range(at), by(2)));
                drop(map.tighten(&node(), &range(at), &KeyRange::new(10 * at, 10 * at + 2).unwrap()));
            }
        })
    }),
    case("registrations are released", Linear, 300, |n| {
        let mut map = full(1, n);
        Box::new(move || shuffled(n).for_each(|at| drop(release(&mut map, at))))
    }),
    case("deltas are merged in order", Linear, 300, |n| {
        let mut author = new(1);
        let deltas: Vec<_> = shuffled(n).map(|at| register(&mut author, at)).collect();
        let mut map = new(2);
        Box::new(move || deltas.iter().for_each(|delta| drop(map.merge(delta))))
    }),
    case("deltas are merged in no order", Linear, 500, |n| {
        let mut author = new(1);
        let deltas: Vec<_> = (0..n).map(|at| register(&mut author, at)).collect();
        let mut map = new(2);
        Box::new(move || shuffled(n).for_each(|at| drop(map.merge(&deltas[at as usize]))))
    }),
    case("a state of which ten are news is merged by known hashes", Flat, 1_500, |n| {
        let (mut author, mut map) = (full(1, n), new(2));
        (0..2).for_each(|_| drop(map.merge(author.state())));
        (0..10).for_each(|at| drop(release(&mut author, at * n / 10)));
        Box::new(move || drop(map.merge(author.state())))
    }),
    case("all are advised", Linear, 600, |n| {
        // One node serves all of it, and each other a part; one key is as hot as half the nodes can bear.
        let mut map = new(1);
        let name = |at: u64| NodeId::new(format!("node-{at}")).unwrap();
        let tens = |at: u64| KeyRange::new(10 * at, 10 * at + 10).unwrap();
        shuffled(n).for_each(|at| drop(map.register(&name(at), &tens(at)).unwrap()));
        let bucket = |at: u64| Bucket { range: tens(at), load: 1 + 3 * u64::from(at < n / 2), keys: 10 };
        let hot = Bucket { range: KeyRange::new(10 * n, 10 * n + 1).unwrap(), load: 3 * n, keys: 1 };
        drop(map.register(&name(0), &KeyRange::new(0, 10 * n + 1).unwrap()).unwrap());
        let histogram = Histogram::new((0..n).map(bucket).chain([hot])).unwrap();
        let capacities = Capacities::new((0..n).map(|at| (name(at), 10))).unwrap();
        let aims = Aims { count: 1, moved_per_mille: 1_000, ..Aims::default() };
        // The splits are known, and the registrations by their nodes.
        _ = black_box((map.owners(&0), map.registrations_of(&name(0)).count()));
        Box::new(move || assert!(!map.plan(&histogram, &capacities, &aims).is_empty()))
    }),
    case("releases are merged behind a gap, and the gap closes", Linear, 500, |n| {
        let mut author = full(1, n);
        let mut map = new(2);
        drop(map.merge(author.state()));
        let lost = register(&mut author, n);
        let deltas: Vec<_> = shuffled(n).map(|at| release(&mut author, at)).collect();
        Box::new(move || {
            deltas.iter().for_each(|delta| drop(map.merge(delta)));
            drop(map.merge(&lost));
            assert_eq!(map.registrations().count() as u64, ENOUGH + 1);
        })
    }),
    case("releases are collected in one delta", Linear, 500, |n| {
        let mut author = full(1, n);
        let deltas: Vec<_> = shuffled(n).map(|at| release(&mut author, at)).collect();
        Box::new(move || {
            let mut all = enough();
            deltas.iter().for_each(|delta| all.merge(delta));
            _ = black_box(all);
        })
    }),
    case("a delta of releases comes, and is told", Linear, 500, |n| {
        let mut author = full(1, n);
        let mut map = new(2);
        drop(map.merge(author.state()));
        let lost = register(&mut author, n);
        let mut all = enough();
        shuffled(n).for_each(|at| all.merge(&release(&mut author, at)));
        let bytes = all.encode();
        Box::new(move || {
            drop(map.merge(&Delta::decode(&bytes).unwrap()));
            let told = map.state().encode();
            _ = black_box(Delta::<u64>::decode(&told).unwrap());
            drop(map.merge(&lost));
        })
    }),
    case("drops of somebody else's records come at once", Linear, 500, |n| {
        let bytes = bytes::foreign_drops(n);
        let mut map = new(3);
        Box::new(move || {
            drop(map.merge(&Delta::decode(&bytes).unwrap()));
            black_box(map.state().encode());
            // Of both who wrote and who dropped, the first effect was lacking.
            for replica in [1, 2] {
                drop(map.merge(&Delta::decode(&bytes::prefix(replica, 1)).unwrap()));
            }
        })
    }),
    case("an operation where many drops are named", Flat, 2_000, |n| {
        let mut map = with_drops(n);
        Box::new(move || {
            for at in 0..100 {
                drop(register(&mut map, at));
                drop(release(&mut map, at));
            }
        })
    }),
    case("honest deltas where many drops are named", Flat, 2_000, |n| {
        let mut map = with_drops(n);
        let mut author = new(4);
        let deltas: Vec<_> = (0..100).map(|at| register(&mut author, at)).collect();
        let releases: Vec<_> = (1..99).map(|at| release(&mut author, at)).collect();
        Box::new(move || deltas.iter().chain(&releases).for_each(|delta| drop(map.merge(delta))))
    }),
    case("a context of many runs comes", Linear, 2_000, |n| {
        let bytes = bytes::runs(1, n);
        let mut map = new(3);
        Box::new(move || {
            drop(map.merge(&Delta::decode(&bytes).unwrap()));
            let told = map.state().encode();
            _ = black_box(Delta::<u64>::decode(&told).unwrap());
        })
    }),
    case("contexts of many runs are compared", Linear, 2_000, |n| {
        let [ours, theirs] = [bytes::runs(1, n), bytes::runs(1, n + n / 2)];
        let [ours, theirs] = [ours, theirs].map(|bytes| Delta::<u64>::decode(&bytes).unwrap());
        Box::new(move || {
            let (ours, theirs) = (ours.version(), theirs.version());
            assert!(theirs.includes(ours) && !ours.includes(theirs));
            let gaps = ours.context().gaps();
            black_box((theirs.difference(ours), theirs.intersection(ours), gaps, ours.fingerprint()));
        })
    }),
    case("a context of many runs is compared with one of few", Flat, 4_000, |n| {
        let many = Delta::<u64>::decode(&bytes::runs(1, n)).unwrap();
        let few = Delta::<u64>::decode(&bytes::dot(1, 2 * n)).unwrap();
        Box::new(move || {
            for _ in 0..20 {
                let (many, few) = (many.context(), few.context());
                assert!(many.includes(few) && many.has_gaps() && many.run_count() > 1);
                black_box((few.difference(many), few.intersection(many), many.intersection(few)));
            }
        })
    }),
    case("operations where a context of many runs is known", Flat, 16_000, |n| {
        let mut map = poisoned(n);
        Box::new(move || (0..200).for_each(|at| drop(register(&mut map, at))))
    }),
    case("honest deltas where a context of many runs is known", Flat, 16_000, |n| {
        let mut map = poisoned(n);
        let mut author = new(4);
        let mut deltas: Vec<_> = (0..200).map(|at| register(&mut author, at)).collect();
        _ = deltas.remove(17);
        Box::new(move || deltas.iter().for_each(|delta| drop(map.merge(delta))))
    }),
    case("deltas of the replica of which many runs are known", Flat, 16_000, |n| {
        let mut map = poisoned(n);
        let mut author = new(1);
        let deltas: Vec<_> = (0..200).map(|at| register(&mut author, at)).collect();
        Box::new(move || deltas.iter().for_each(|delta| drop(map.merge(delta))))
    }),
    case("many replicas are heard of, one by one", Linear, 500, |n| {
        let deltas: Vec<_> = shuffled(n).map(|at| register(&mut author(at + 10), at)).collect();
        let mut map = new(2);
        Box::new(move || deltas.iter().for_each(|delta| drop(map.merge(delta))))
    }),
    case("a new replica is heard of where many are known", Flat, 16_000, |n| {
        let mut map = new(2);
        drop(map.merge(&Delta::decode(&bytes::replicas(n)).unwrap()));
        let deltas: Vec<_> = (0..100).map(|at| register(&mut author(1_001 + 200 * at), at)).collect();
        Box::new(move || deltas.iter().for_each(|delta| drop(map.merge(delta))))
    }),
    case("a registration of many writers comes twice, from others", Linear, 1_500, |n| {
        let [first, second] = [1, 2].map(|first| bytes::many_writers(n, first));
        let mut map = new(3_000_000);
        Box::new(move || {
            for bytes in [&first, &second] {
                drop(map.merge(&Delta::decode(bytes).unwrap()));
            }
            assert_eq!(map.registrations().count() as u64, ENOUGH + 1);
        })
    }),
    case("whole states are told and joined", Linear, 1_000, |n| {
        let state = full(1, n);
        let mut map = new(2);
        (0..n / 2).for_each(|at| drop(register(&mut map, 2 * at)));
        Box::new(move || {
            drop(map.merge(&Delta::decode(&state.state().encode()).unwrap()));
            drop(map.merge(state.state()));
        })
    }),
    case("what a peer lacks is told", Linear, 900, |n| {
        let mut map = full(1, n);
        let known = map.state().version().clone();
        shuffled(n).for_each(|at| drop(map.increase(&node(), &range(at), by(1))));
        Box::new(move || drop(black_box(map.delta_since(&known))))
    }),
    case("a writer is retired and its records are cleared", Linear, 500, |n| {
        let mut map = released(100, n);
        Box::new(move || {
            drop(black_box(map.retire(ReplicaId::new(100))));
            drop(black_box(map.maintain()));
            black_box(map.state().encode());
        })
    }),
    case("maintenance where many writers are retired", Linear, 300, |n| {
        let mut map = full(1, n);
        // Retired before they were heard of, so that their records are left to maintenance.
        (0..n).for_each(|at| drop(map.retire(ReplicaId::new(100 + at))));
        for at in 0..n {
            drop(map.merge(&register(&mut author(100 + at), at)));
        }
        Box::new(move || drop(black_box(map.maintain())))
    }),
    case("a change after a snapshot of many nodes", Flat, 1000, |n| {
        let mut map = new(1);
        (0..n).for_each(|at| drop(map.register(&NodeId::new(format!("node-{at}")).unwrap(), &range(at))));
        Box::new(move || {
            for at in 0..20 {
                let snapshot = map.clone();
                drop(map.increase(&node(), &range(n / 2 + at), by(1)));
                drop(map.release(&node(), &range(n / 2 + at)));
                drop(snapshot);
            }
        })
    }),
    case("a change after a snapshot where the log is full", Flat, 1000, |n| {
        let mut map = full(1, 300);
        // Half of what as many effects take, at the least.
        map.set_log_capacity(50 * n as usize);
        let change = |map: &mut RangeMap<u64>, at: u64| {
            drop(register(map, at));
            drop(release(map, at));
        };
        (0..n / 2).for_each(|at| change(&mut map, 300 + at % 20));
        assert!(map.log_bytes() > 49 * n as usize);
        Box::new(move || {
            for at in 0..20 {
                let snapshot = map.clone();
                change(&mut map, 300 + at);
                drop(snapshot);
            }
        })
    }),
    case("registrations that begin at one key", Linear, 300, |n| {
        let mut map = new(1);
        let at_one_key = |at: u64| KeyRange::new(7, 8 + at).unwrap();
        Box::new(move || {
            shuffled(n).for_each(|at| drop(map.register(&node(), &at_one_key(at))));
            shuffled(n).for_each(|at| assert!(map.priority(&node(), &at_one_key(at)).is_some()));
            shuffled(n).for_each(|at| drop(map.release(&node(), &at_one_key(at))));
        })
    }),
    case("splits, owners and gaps", Linear, 300, |n| {
        let map = full(1, n);
        Box::new(move || {
            assert!(map.splits().iter().count() as u64 >= n && map.gaps().count() > 0);
            shuffled(n).for_each(|at| assert!(map.owners(&(10 * at)).iter().count() > 0));
        })
    }),
    case("questions about a few keys", Flat, 2_000, |n| {
        let map = full(1, n);
        assert!(!map.splits().is_empty());
        Box::new(move || {
            for at in shuffled(n).take(50) {
                let window = KeyRange::new(10 * at + 2, 10 * at + 32).unwrap();
                assert!(!map.splits_in(&window).is_empty() && map.owners_in(&window).len() == 1);
                assert!(map.splits_in(&window).iter().count() >= map.gaps_in(&window).count());
                assert!(map.registrations_in(&window).count() > 0);
                assert!(map.served_by_more_than(0, &window).count() > 0);
                assert!(map.cover(&window).count() > 1);
            }
        })
    }),
    case("questions about all keys", Linear, 300, |n| {
        let (map, all) = (full(1, n), KeyRange::full());
        Box::new(move || {
            assert_eq!(map.splits_in(&all).len() as u64, n + ENOUGH);
            assert_eq!(map.registrations_in(&all).count() as u64, n + ENOUGH);
            assert_eq!(map.registrations_of(&node()).count() as u64, map.cover(&all).count() as u64 / 2);
            black_box((map.owners_in(&all), map.gaps_in(&all).count(), map.nodes().count()));
        })
    }),
    case("splits where many ranges end at once", Linear, 500, |n| {
        let mut map = new(1);
        for at in 0..n {
            let node = NodeId::new(format!("node-{at}")).unwrap();
            drop(map.register(&node, &KeyRange::new(at % 7, 10).unwrap()));
            drop(map.register(&node, &KeyRange::new(10 * at + 10, 10 * at + 15).unwrap()));
        }
        assert!(!map.splits().is_empty());
        let all = KeyRange::full();
        Box::new(move || {
            assert!(map.splits_in(&all).iter().count() as u64 > n);
            black_box((map.splits_in(&all).len(), map.gaps().count(), map.cover(&all).count()));
        })
    }),
    case("the registrations of a node after a change", Flat, 2_000, |n| {
        let mut map = full(1, n);
        let other = NodeId::new("other").unwrap();
        assert_eq!(map.registrations_of(&other).count(), 0);
        Box::new(move || {
            for at in shuffled(n).take(50) {
                drop(map.increase(&other, &range(at), by(1)));
                assert_eq!(map.registrations_of(&other).count(), 1);
                drop(map.release(&other, &range(at)));
                assert_eq!(map.nodes().count(), 1);
            }
        })
    }),
    case("a list of operations, with tightenings", Linear, 300, |n| {
        let mut map = new(1);
        Box::new(move || {
            let tighten = |at| KeyRange::new(10 * at + 1, 10 * at + 3).unwrap();
            let operations = shuffled(n).flat_map(|at| {
                let (node, range) = (node(), range(at));
                [
                    Operation::Register { node: node.clone(), range: range.clone() },
                    Operation::Tighten { node, range, to: tighten(at) },
                ]
            });
            drop(black_box(map.apply(operations).unwrap()));
        })
    }),
    case("a node with many links does something", Linear, 100, |n| {
        let (mut host, _) = host(false);
        (0..n).for_each(|_| _ = black_box(host.open(LinkKind::Neighbour, 0)));
        outputs(&mut host, 0);
        outputs(&mut host, 5_000);
        Box::new(move || {
            host.register(&node(), &range(0)).unwrap();
            assert!(outputs(&mut host, 5_000).len() as u64 > n);
        })
    }),
    case("a node with many links has nothing to do", Flat, 400, |n| {
        let (mut host, _) = host(false);
        (0..n).for_each(|_| _ = black_box(host.open(LinkKind::Neighbour, 0)));
        outputs(&mut host, 0);
        Box::new(move || (0..100).for_each(|_| assert!(outputs(&mut host, 0).is_empty())))
    }),
    case("what a node does is saved page by page", Linear, 300, |n| {
        Box::new(move || assert!(pages(n).len() as u64 >= n))
    }),
    case("a node is restored", Linear, 300, |n| {
        let pages = pages(n);
        Box::new(move || {
            let options = Options { is_durable: true, ..Options::default() };
            let (again, damaged) = Node::<u64>::restore(options, &pages, ReplicaId::new(2), 1).unwrap();
            assert!(damaged.is_empty() && again.map().last_own_seq() >= n);
        })
    }),
    case("owners after a change", Flat, 2_000, |n| {
        let mut map = full(1, n);
        black_box(map.owners(&0));
        Box::new(move || {
            for at in shuffled(n).take(50) {
                drop(map.increase(&node(), &range(at), by(1)));
                assert!(map.owners(&(10 * at)).iter().count() > 0);
                assert!(!map.splits_in(&range(at)).is_empty());
            }
        })
    }),
    case("the version of an answer after each change, among many writers and runs", Flat, 2_000, |n| {
        let mut map = full(3, n);
        for bytes in [bytes::runs(1, n), bytes::replicas(n)] {
            drop(map.merge(&Delta::decode(&bytes).unwrap()));
        }
        let mut before = map.answer_version();
        Box::new(move || {
            for at in 0..200 {
                drop(map.increase(&node(), &range(at), by(1)));
                let version = map.answer_version();
                assert!(version > before);
                before = version;
            }
        })
    }),
    case("a change where many other ranges are watched", Flat, 2_000, |n| {
        let mut map = watched(n);
        Box::new(move || {
            for at in shuffled(n).take(50) {
                drop(map.increase(&node(), &range(at), by(1)));
                assert_eq!(map.next_watched().unwrap().pieces.len(), 1);
                drop(map.increase(&node(), &KeyRange::new(10 * at + 6, 10 * at + 9).unwrap(), by(1)));
                assert_eq!(map.next_watched(), None);
            }
        })
    }),
    case("marks and changes where many other ranges of the living answer are watched", Flat, 2_000, |n| {
        let mut map = full(1, n);
        (0..n).for_each(|at| _ = map.watch_living(&range(at)));
        let tab = ReplicaId::ephemeral(7);
        let mut author = RangeMap::new(tab);
        drop(map.merge(&register(&mut author, 5)));
        Box::new(move || {
            for at in shuffled(n).take(50) {
                drop(map.increase(&node(), &range(at), by(1)));
                assert_eq!(map.next_watched().unwrap().pieces.len(), 1);
                map.set_present(tab, true);
                drop(map.merge(&author.increase(&node(), &range(5), by(2)).unwrap()));
                assert_eq!(map.next_watched().unwrap().pieces.len(), 1);
                map.set_present(tab, false);
                assert_eq!(map.next_watched().unwrap().pieces.len(), 1);
            }
        })
    }),
    case("a watch of everything hears of many changes at once", Linear, 300, |n| {
        let mut map = full(1, n);
        map.watch(&KeyRange::full());
        Box::new(move || {
            shuffled(n).for_each(|at| drop(map.increase(&node(), &range(at), by(1))));
            assert_eq!(map.next_watched().unwrap().pieces.len() as u64, n);
            shuffled(n).for_each(|at| drop(map.increase(&node(), &range(at), by(1))));
            drop(map.increase(&node(), &KeyRange::full(), by(7)));
            assert!(map.next_watched().unwrap().pieces.len() as u64 > n);
        })
    }),
    case("many watches hear of one change", Linear, 300, |n| {
        let mut map = watched(n);
        Box::new(move || {
            drop(map.increase(&node(), &KeyRange::full(), by(7)));
            assert_eq!(core::iter::from_fn(|| map.next_watched()).count() as u64, n);
        })
    }),
    case("watches begin and end", Linear, 300, |n| {
        let mut map = full(1, n);
        Box::new(move || {
            let watches: Vec<_> = shuffled(n).map(|at| map.watch(&range(at))).collect();
            watches.into_iter().for_each(|watch| map.unwatch(watch));
        })
    }),
];

/// A replica with n registrations, each of whose ranges is watched.
fn watched(n: u64) -> RangeMap<u64> {
    let mut map = full(1, n);
    (0..n).for_each(|at| _ = map.watch(&range(at)));
    map
}

/// What a node hands out until there is nothing to do.
fn outputs(node: &mut Node<u64>, now_ms: u64) -> Vec<Output<u64>> {
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
fn host(is_durable: bool) -> (Node<u64>, Vec<Vec<u8>>) {
    let name = Some(Name::new("host").unwrap());
    let mut host =
        Node::with(Options { name, is_durable, ..Options::default() }, ReplicaId::new(1), 1).unwrap();
    let enough = (0..ENOUGH).map(|at| Operation::Register { node: node(), range: range(ENOUGH_FROM + at) });
    host.apply(enough).unwrap();
    let pages = pages_of(outputs(&mut host, 0)).collect();
    (host, pages)
}

fn pages_of(outputs: Vec<Output<u64>>) -> impl Iterator<Item = Vec<u8>> {
    outputs
        .into_iter()
        .filter_map(|output| if let Output::Save(page) = output { Some(page.bytes) } else { None })
}

/// The pages of a node that did so much, one thing after the other.
fn pages(n: u64) -> Vec<Vec<u8>> {
    let (mut host, mut pages) = host(true);
    for at in 0..n {
        host.register(&node(), &range(at)).unwrap();
        pages.extend(pages_of(outputs(&mut host, 0)));
    }
    pages
}

/// The cases, or those of which the environment tells a part of the name.
fn cases() -> impl Iterator<Item = &'static Case> {
    let part = std::env::var("GROWTH").unwrap_or_default();
    CASES.iter().filter(move |case| case.name.contains(&part))
}

#[test]
#[ignore = "the other test runs it, under valgrind"]
fn everything_once() {
    for case in cases() {
        for size in [case.size, 4 * case.size] {
            growth_counted(&mut (case.prepare)(size));
        }
    }
}

#[test]
fn four_times_as_much_costs_no_more_than_is_documented() {
    let counts = counts_of("everything_once");
    assert_eq!(counts.len(), 2 * cases().count(), "one count for each case and size");
    let mut too_much = 0;
    for (case, counts) in cases().zip(counts.chunks(2)) {
        let factor = counts[1] as f64 / counts[0] as f64;
        let is_too_much = factor > case.growth.most();
        too_much += usize::from(is_too_much);
        let mark = if is_too_much { "TOO MUCH" } else { "" };
        println!("{:<64} {:>12} {:>12} x {factor:.2} {mark}", case.name, counts[0], counts[1]);
    }
    assert_eq!(too_much, 0, "cases that grow by more than they may");
}
