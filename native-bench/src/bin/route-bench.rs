//! `route-bench`: how ten equal nodes share a million keys, how many keys move when an eleventh comes, and what a choice costs: the map's
//! routing beside a ring of virtual nodes and a Maglev table.
//!
//! All choose one node for a key. The map looks up who owns the key first; the others know one set of nodes for all keys.

use std::collections::BTreeMap;
use std::error::Error;

use comfy_table::Table;
use consistent_hash_ring::{Ring, RingBuilder};
use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId, Routing};
use maglev::Maglev;
use native_bench::timer::{Effort, Probe, median, sample_in_turn};

const KEYS: u64 = 1_000_000;
const NODES: usize = 10;
/// So many keys are asked for in a sample.
const TIMED_KEYS: u64 = 10_000;
/// As many points on the ring for each node as its authors of such rings commonly take.
const VIRTUAL_NODES: usize = 160;
/// The size of the table in the paper on Maglev (Eisenbud and others, 2016).
const SLOTS: usize = 65_537;
/// Beside each other, so that no key is a multiple of the next.
const STRIDE: u64 = 0x9e37_79b9;

fn key(number: u64) -> u64 {
    number.wrapping_mul(STRIDE)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("node-{number}")).collect()
}

/// All nodes serve all keys, each with the weight that follows from its number.
fn map(count: usize, weight: fn(u64) -> u64) -> Result<RangeMap<u64>, Box<dyn Error>> {
    let mut map = RangeMap::new(ReplicaId::new(1));
    for (number, name) in (0..).zip(names(count)) {
        drop(map.set_priority(&NodeId::new(&*name)?, &KeyRange::full(), weight(number))?);
    }
    Ok(map)
}

fn ring(count: usize) -> Ring<String> {
    RingBuilder::default().vnodes(VIRTUAL_NODES).nodes_iter(names(count)).build()
}

/// Who is chosen for a key.
type Choose<'a> = Box<dyn Fn(u64) -> String + 'a>;

struct Way<'a> {
    name: &'static str,
    before: Choose<'a>,
    after: Choose<'a>,
    probe: Probe<'a>,
}

/// Asks for many keys, and adds up how long the names are, so that no choice can be left out.
fn ask<N: AsRef<str>>(choose: impl Fn(u64) -> N) -> usize {
    (0..TIMED_KEYS).map(|number| choose(key(number)).as_ref().len()).sum()
}

fn first(map: &RangeMap<u64>, routing: Routing, key: u64) -> NodeId {
    map.route(&key, routing, 1)[0].node.clone()
}

/// By two maps, of which the second has one node more.
fn routed<'a>(name: &'static str, [few, more]: &'a [RangeMap<u64>; 2], routing: Routing) -> Way<'a> {
    Way {
        name,
        before: Box::new(move |key| first(few, routing, key).to_string()),
        after: Box::new(move |key| first(more, routing, key).to_string()),
        probe: Probe::repeated(move || ask(|key| first(few, routing, key))),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let equal = [map(NODES, |_| 1)?, map(NODES + 1, |_| 1)?];
    // From 1 to 10, and the eleventh 11.
    let unlike = [map(NODES, |number| number + 1)?, map(NODES + 1, |number| number + 1)?];
    let rings = [ring(NODES), ring(NODES + 1)];
    // Of one size: the default depends on how many nodes there are, and then nearly all keys move.
    let tables = [NODES, NODES + 1].map(|count| Maglev::with_capacity(names(count), SLOTS));
    let ways = [
        Way {
            name: "owners, the first",
            before: Box::new(|key| equal[0].owners(&key)[0].node.to_string()),
            after: Box::new(|key| equal[1].owners(&key)[0].node.to_string()),
            probe: Probe::repeated(|| ask(|key| equal[0].owners(&key)[0].node.clone())),
        },
        routed("route, preferred", &equal, Routing::Preferred),
        routed("route, weighted, equal weights", &equal, Routing::Weighted),
        routed("route, weighted, weights 1 to 10", &unlike, Routing::Weighted),
        Way {
            name: "consistent_hash_ring 0.8",
            before: Box::new(|key| rings[0].get(key).clone()),
            after: Box::new(|key| rings[1].get(key).clone()),
            probe: Probe::repeated(|| ask(|key| rings[0].get(key))),
        },
        Way {
            name: "maglev 0.2",
            before: Box::new(|key| tables[0][&key].clone()),
            after: Box::new(|key| tables[1][&key].clone()),
            probe: Probe::repeated(|| ask(|key| &tables[0][&key])),
        },
    ];
    let (ways, mut probes): (Vec<_>, Vec<_>) =
        ways.into_iter().map(|way| ((way.name, way.before, way.after), way.probe)).unzip();
    let samples = sample_in_turn(Effort::Full, &mut probes);
    let times: Vec<f64> = samples.into_iter().map(|samples| median(samples) / TIMED_KEYS as f64).collect();
    let mut table = Table::new();
    table.set_header(["", "least share", "greatest share", "moved by an 11th", "ns a key", "to owners"]);
    for ((name, before, after), ns) in ways.iter().zip(&times) {
        let mut shares = BTreeMap::<String, u64>::new();
        let mut moved = 0;
        for number in 0..KEYS {
            let chosen = before(key(number));
            moved += u64::from(after(key(number)) != chosen);
            *shares.entry(chosen).or_default() += 1;
        }
        assert!(shares.keys().all(|name| names(NODES).contains(name)), "{name} chose somebody else");
        let percent = |count: u64| format!("{:.2} %", 100.0 * count as f64 / KEYS as f64);
        let least = if shares.len() < NODES { 0 } else { shares.values().copied().min().unwrap_or(0) };
        table.add_row([
            (*name).to_owned(),
            percent(least),
            percent(shares.values().copied().max().unwrap_or(0)),
            percent(moved),
            format!("{ns:.1}"),
            format!("{:.2}", ns / times[0]),
        ]);
    }
    println!("{table}");
    Ok(())
}
