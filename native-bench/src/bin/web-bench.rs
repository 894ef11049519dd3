//! `web-bench`: the calls that the benches of `www/bench` make of the npm package, natively, for how much of the time is WebAssembly's;
//! and what their results must be. Prints JSON.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Instant;

use clap::Parser;
use crdt_range_map::{Delta, NodeId, Owner, RangeMap, ReplicaId, Splits};
use native_bench::expected;
use native_bench::timer::median;
use native_bench::workload::{Served, Workload};
use serde::Serialize;

/// Times what the benches of www/bench do, natively, and prints JSON.
#[derive(Parser)]
struct Options {
    /// Of which W(N)
    #[arg(required = true, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    sizes: Vec<u32>,
    /// How many samples are taken of each
    #[arg(long, default_value_t = 11)]
    samples: usize,
}

fn main() -> Result<(), serde_json::Error> {
    let Options { sizes, samples } = Options::parse();
    let rows = sizes.iter().flat_map(|n| measure(&Workload::new(*n as usize), samples));
    println!("{}", serde_json::to_string(&rows.collect::<Vec<Row>>())?);
    Ok(())
}

/// One bench on one workload.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    n: usize,
    bench: &'static str,
    /// Of a whole run.
    median_ns: f64,
    samples_ns: Vec<f64>,
    digest: Digest,
}

/// What a result is known by, as in `www/bench/src/digest.js`: a count, a sum of priorities and a hash.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Digest {
    count: usize,
    sum: u64,
    hash: u32,
}

fn mix(hash: u32, value: u64) -> u32 {
    let mut mixed = (hash ^ value as u32).wrapping_mul(0x9e37_79b1);
    mixed ^= mixed >> 15;
    mixed = (mixed ^ (value >> 32) as u32).wrapping_mul(0x85eb_ca6b);
    mixed ^ (mixed >> 13)
}

/// The number of a node as the workload names them.
fn number_of(node: &NodeId) -> u64 {
    node.as_str()[5..].parse().expect("a node's name ends in its number")
}

/// Of registrations in any order: start, end, the node's number, priority.
fn of_registrations(all: impl Iterator<Item = [u64; 4]>) -> Digest {
    all.fold(Digest { count: 0, sum: 0, hash: 0 }, |Digest { count, sum, hash }, values| Digest {
        count: count + 1,
        sum: sum + values[3],
        hash: hash.wrapping_add(values.into_iter().fold(1, mix)),
    })
}

/// Of lists of owners, each a node's number and its priority, and what they are the owners of.
fn of_owners<L: IntoIterator<Item = (u64, u64)>>(lists: impl Iterator<Item = (Vec<u64>, L)>) -> Digest {
    let mut digest = Digest { count: 0, sum: 0, hash: 1 };
    for (of, owners) in lists {
        digest.count += 1;
        digest.hash = of.into_iter().fold(digest.hash, mix);
        for (node, priority) in owners {
            digest.sum += priority;
            digest.hash = mix(mix(digest.hash, node), priority);
        }
    }
    digest
}

fn of_map(map: &RangeMap<u64>) -> Digest {
    of_registrations(map.registrations().map(|it| {
        [*it.range.start(), it.range.end().copied().unwrap_or_default(), number_of(&it.node), it.priority]
    }))
}

fn numbers(owners: &[Owner]) -> Vec<(u64, u64)> {
    owners.iter().map(|owner| (number_of(&owner.node), owner.priority)).collect()
}

fn of_splits(splits: &Splits<u64>) -> Digest {
    of_owners(
        splits.iter().map(|it| {
            (vec![*it.range.start(), it.range.end().copied().unwrap_or_default()], numbers(it.owners))
        }),
    )
}

fn of_served(all: &[Served]) -> Digest {
    of_registrations(
        all.iter()
            .map(|Served { triple, priority }| [triple.start, triple.end, u64::from(triple.node), *priority]),
    )
}

/// What a replica raises by 7 after both hold everything: n/100 registrations, others than the other replica.
fn raised(workload: &Workload, part: usize) -> impl Iterator<Item = usize> {
    let n = workload.n();
    (0..n / 100).map(move |at| ((2 * at + part) * 7919) % n)
}

fn measure(workload: &Workload, samples: usize) -> Vec<Row> {
    let items = &workload.registrations;
    let (first_half, second_half) = items.split_at(items.len() / 2);
    let [first, second] = [(1, first_half), (2, second_half)].map(|(replica, items)| {
        let mut map = empty(replica);
        apply(&mut map, workload, items);
        map.state().encode()
    });
    let both = |replica, mine, theirs| {
        let mut map = load(replica, mine);
        merge(&mut map, theirs);
        map
    };
    let full = both(1, &first, &second).state().encode();
    let mut changed = items.clone();
    let [one, other] =
        [(1, &first, &second, 0), (2, &second, &first, 1)].map(|(replica, mine, theirs, part)| {
            let mut map = both(replica, mine, theirs);
            let by_seven: Vec<Served> =
                raised(workload, part).map(|at| Served { priority: 7, ..items[at] }).collect();
            raised(workload, part).for_each(|at| changed[at].priority += 7);
            apply(&mut map, workload, &by_seven);
            map.state().encode()
        });
    let splits = expected::splits(items);
    let wide = |owners: &[(u32, u64)]| -> Vec<(u64, u64)> {
        owners.iter().map(|(node, priority)| (u64::from(*node), *priority)).collect()
    };
    let splits_digest = of_owners(splits.iter().map(|it| (vec![it.start, it.end], wide(&it.owners))));
    let keys: Vec<u64> = workload.keys().into_iter().take(10_000).collect();
    let keys_digest = of_owners(keys.iter().map(|key| {
        let split = splits[..splits.partition_point(|it| it.start <= *key)].last();
        (vec![*key], split.filter(|it| *key < it.end).map_or(vec![], |it| wide(&it.owners)))
    }));
    let all = of_served(items);

    let bench = Bench { n: items.len(), samples };
    let state = |map: &RangeMap<u64>| of_map(map);
    vec![
        bench.time(
            "apply as a batch",
            &all,
            || empty(1),
            |map| apply(map, workload, items),
            |map, _| state(map),
        ),
        bench.time(
            "encode",
            &all,
            || load(1, &full),
            |map| map.state().encode(),
            |_, bytes| of_map(&load(3, bytes)),
        ),
        bench.time(
            "merge into an empty map",
            &all,
            || empty(1),
            |map| merge(map, &full),
            |map, ()| state(map),
        ),
        bench.time("merge halves", &all, || load(1, &first), |map| merge(map, &second), |map, ()| state(map)),
        bench.time(
            "merge what differs in 2 %",
            &of_served(&changed),
            || load(1, &one),
            |map| merge(map, &other),
            |map, ()| state(map),
        ),
        bench.time(
            "splits from scratch, in columns",
            &splits_digest,
            || load(1, &full),
            |map| Columns::of(map.splits()),
            |map, _| of_splits(map.splits()),
        ),
        bench.time(
            "look-up, in columns",
            &keys_digest,
            || {
                let map = load(1, &full);
                map.owners(&0);
                map
            },
            |map| keys.iter().map(|key| map.owners(key)).collect::<Vec<_>>(),
            |_, lists| of_owners(keys.iter().zip(lists).map(|(key, owners)| (vec![*key], numbers(owners)))),
        ),
    ]
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
    drop(map.merge(&Delta::decode(bytes).expect("a state")));
}

/// An increase of each by its priority, and the bytes of their joined delta.
fn apply(map: &mut RangeMap<u64>, workload: &Workload, items: &[Served]) -> Vec<u8> {
    let mut joined = Delta::default();
    for Served { triple, priority } in items {
        let by = NonZeroU32::new(*priority as u32).expect("an amount is positive");
        let node = &workload.nodes[triple.node as usize];
        joined.merge(&map.increase(node, &triple.range(), by).expect("it is not retired"));
    }
    joined.encode()
}

/// How the benches of one workload are timed.
struct Bench {
    n: usize,
    samples: usize,
}

impl Bench {
    fn time<T, R>(
        &self,
        bench: &'static str,
        expected: &Digest,
        prepare: impl Fn() -> T,
        run: impl Fn(&mut T) -> R,
        digest: impl Fn(&T, &R) -> Digest,
    ) -> Row {
        // The first warms up.
        let samples_ns = (0..=self.samples).map(|_| {
            let mut prepared = prepare();
            let begun = Instant::now();
            let result = black_box(run(black_box(&mut prepared)));
            let ns = begun.elapsed().as_nanos() as f64;
            assert_eq!(digest(&prepared, &result), *expected, "{bench}: a wrong result");
            ns
        });
        let samples_ns: Vec<f64> = samples_ns.skip(1).collect();
        let (n, digest) = (self.n, expected.clone());
        Row { n, bench, median_ns: median(samples_ns.clone()), samples_ns, digest }
    }
}
