//! The cases: what is made ready, and what is counted.

use std::hint::black_box;

use crdt_range_map::advice::{Aims, Bucket, Capacities, Histogram};
use crdt_range_map::node::{LinkKind, Options};
use crdt_range_map::{Delta, KeyRange, Node, NodeId, Operation, RangeMap, ReplicaId};

use crate::bytes;
use crate::kit::builders::by;
use crate::ready::*;

/// By how much the cost may grow when there is four times as much.
#[derive(Clone, Copy)]
pub enum Growth {
    /// O(log n).
    Flat,
    /// O(n log n).
    Linear,
}

impl Growth {
    pub fn most(self) -> f64 {
        match self {
            Self::Flat => 1.5,
            Self::Linear => 5.5,
        }
    }
}

/// What is to be counted, made ready. What it works on is freed afterwards, uncounted.
pub type Work = Box<dyn FnMut()>;

pub struct Case {
    pub name: &'static str,
    pub growth: Growth,
    pub size: u64,
    pub prepare: fn(u64) -> Work,
}

const fn case(name: &'static str, growth: Growth, size: u64, prepare: fn(u64) -> Work) -> Case {
    Case { name, growth, size, prepare }
}

use Growth::{Flat, Linear};

pub const CASES: &[Case] = &[
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
