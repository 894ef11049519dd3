//! The calls that the benches in JavaScript make of the package, natively: for how much of the time is WebAssembly's.
//!
//! Usage: web-bench-native N... Prints one JSON object a line: the size, the bench, the samples in nanoseconds of a whole run,
//! and what the result is known by.

mod digest;
mod workload;

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Instant;

use crdt_range_map::{Delta, NodeId, RangeMap, ReplicaId, Splits};

use crate::digest::Digest;
use crate::workload::{Item, Workload};

const SAMPLES: usize = 11;

fn main() {
    for n in std::env::args().skip(1).map(|n| n.parse().expect("sizes are numbers")) {
        measure(&Workload::new(n));
    }
}

fn measure(workload: &Workload) {
    let items = &workload.items;
    let (first_half, second_half) = items.split_at(items.len() / 2);
    let [first, second] = [(1, first_half), (2, second_half)].map(|(replica, items)| {
        let mut map = empty(replica);
        apply(&mut map, items);
        map.state().encode()
    });
    let both = |replica, mine, theirs| {
        let mut map = load(replica, mine);
        merge(&mut map, theirs);
        map
    };
    let full = both(1, &first, &second).state().encode();
    let [one, other] =
        [(1, &first, &second, 0), (2, &second, &first, 1)].map(|(replica, mine, theirs, part)| {
            let mut map = both(replica, mine, theirs);
            apply(&mut map, &workload.raised(part));
            map.state().encode()
        });

    let bench = Bench { n: items.len() };
    bench.time("apply as a batch", || empty(1), |map| apply(map, items), |map, _| of_registrations(map));
    bench.time(
        "encode",
        || load(1, &full),
        |map| map.state().encode(),
        |_, bytes| of_registrations(&load(3, bytes)),
    );
    bench.time(
        "merge into an empty map",
        || empty(1),
        |map| merge(map, &full),
        |map, _| of_registrations(map),
    );
    bench.time("merge halves", || load(1, &first), |map| merge(map, &second), |map, _| of_registrations(map));
    bench.time(
        "merge what differs in 2 %",
        || load(1, &one),
        |map| merge(map, &other),
        |map, _| of_registrations(map),
    );
    bench.time(
        "splits from scratch, in columns",
        || load(1, &full),
        |map| Columns::of(map.splits()),
        |map, _| of_splits(map.splits()),
    );
    let looked_up = || {
        let map = load(1, &full);
        map.owners(&0);
        map
    };
    let look_up =
        |map: &mut RangeMap<u64>| -> Vec<_> { workload.keys.iter().map(|key| map.owners(key)).collect() };
    bench.time("look-up, in columns", looked_up, look_up, |_, lists| {
        let mut digest = Digest::ordered();
        workload.keys.iter().zip(lists).for_each(|(key, owners)| digest.owners(&[*key], owners));
        digest
    });
}

/// What JavaScript gets of splits.
#[derive(Default)]
struct Columns {
    starts: Vec<u64>,
    ends: Vec<u64>,
    offsets: Vec<u32>,
    nodes: Vec<NodeId>,
    priorities: Vec<f64>,
}

impl Columns {
    fn of(splits: &Splits<u64>) -> Self {
        let mut columns = Self::default();
        for split in splits.iter() {
            columns.starts.push(*split.range.start());
            columns.ends.push(split.range.end().copied().unwrap_or_default());
            for owner in split.owners {
                columns.nodes.push(owner.node.clone());
                columns.priorities.push(owner.priority as f64);
            }
            columns.offsets.push(columns.nodes.len() as u32);
        }
        columns
    }
}

fn empty(replica: u64) -> RangeMap<u64> {
    RangeMap::new(ReplicaId::new(replica.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn load(replica: u64, bytes: &[u8]) -> RangeMap<u64> {
    let mut map = empty(replica);
    merge(&mut map, bytes);
    map
}

fn merge(map: &mut RangeMap<u64>, bytes: &[u8]) {
    map.merge(&Delta::decode(bytes).expect("a state"));
}

/// All increases, and the bytes of their joined delta.
fn apply(map: &mut RangeMap<u64>, items: &[Item]) -> Vec<u8> {
    let mut joined = Delta::default();
    for Item { node, range, by } in items {
        let by = NonZeroU32::new(*by).expect("an amount is positive");
        joined.merge(&map.increase(node, range, by).unwrap());
    }
    joined.encode()
}

fn of_registrations(map: &RangeMap<u64>) -> Digest {
    let mut digest = Digest::unordered();
    map.registrations().for_each(|registration| digest.registration(&registration));
    digest
}

fn of_splits(splits: &Splits<u64>) -> Digest {
    let mut digest = Digest::ordered();
    for split in splits.iter() {
        let end = split.range.end().copied().unwrap_or_default();
        digest.owners(&[*split.range.start(), end], split.owners);
    }
    digest
}

/// The benches of one workload.
struct Bench {
    n: usize,
}

impl Bench {
    fn time<T, R>(
        &self,
        name: &str,
        prepare: impl Fn() -> T,
        run: impl Fn(&mut T) -> R,
        digest: impl Fn(&T, &R) -> Digest,
    ) {
        let mut samples_ns = Vec::new();
        let mut found = Digest::unordered();
        // The first warms up.
        for sample in 0..=SAMPLES {
            let mut prepared = prepare();
            let begun = Instant::now();
            let result = black_box(run(black_box(&mut prepared)));
            let ns = begun.elapsed().as_nanos();
            found = digest(&prepared, &result);
            if sample > 0 {
                samples_ns.push(ns);
            }
        }
        let Digest { count, sum, hash, .. } = found;
        let n = self.n;
        println!(
            r#"{{"n":{n},"bench":"{name}","samplesNs":{samples_ns:?},"digest":{{"count":{count},"sum":{sum},"hash":{hash}}}}}"#
        );
    }
}
