//! `advice-bench`: how a hundred nodes, three of them slow, come to an even load under Zipf's law: by the map's advice, and by a controller of
//! the kind that range-sharded systems have, a PID on the width of each node's slice.
//!
//! Both see the same load, may move 5 % of the keys a round, and hold each key `count` times; the controller is also shown where it may move
//! as many as it likes. A slice and its copies lie in one order, and only
//! the boundaries move. The controller works on the logarithm of each node's load for its fair share, so that a width which is wrong by
//! some factor is put right in one step at a gain of 1; of several gains the best are shown, chosen afterwards.
//!
//! Whatever moves boundaries cannot do better than the hottest key allows: all of it lies on `count` nodes. That bound is shown, too.

use std::collections::BTreeSet;
use std::error::Error;

use comfy_table::Table;
use crdt_range_map::advice::{Aims, Bucket, Capacities, Histogram};
use crdt_range_map::{Delta, KeyRange, NodeId, RangeMap, ReplicaId};
use native_bench::timer::{Effort, Probe, median, sample_in_turn};

const NODES: usize = 100;
const SLOW: [usize; 3] = [17, 50, 83];
const BUCKETS: usize = 10_000;
const ROUNDS: usize = 20;
/// The most keys that may come to other nodes in a round, in thousandths of all.
const MOVED_PER_MILLE: u32 = 50;
/// What was found when this was written, on another machine: all is counted in whole numbers.
const EXPECTED: u64 = 0x6f22_6a8d_e86c_0671;

/// Zipf's law with exponent 1: the load of rank r is as 1 / (r + flat).
fn zipf(flat: u64) -> Vec<u64> {
    (1..=BUCKETS as u64).map(|rank| 1_000_000_000 / (rank + flat)).collect()
}

/// In an order that says nothing about the load. The step has no factor in common with the number of buckets.
fn scattered(loads: &[u64]) -> Vec<u64> {
    (0..loads.len()).map(|at| loads[at * 7_919 % loads.len()]).collect()
}

fn capacities() -> Vec<u64> {
    (0..NODES).map(|at| if SLOW.contains(&at) { 30 } else { 100 }).collect()
}

fn name(at: usize) -> Result<NodeId, Box<dyn Error>> {
    Ok(NodeId::new(format!("node-{at:03}"))?)
}

/// The greatest part that a node bears of what it can, for that of all.
fn peak(loads: &[f64]) -> f64 {
    let mean = loads.iter().sum::<f64>() / capacities().iter().sum::<u64>() as f64;
    let used = loads.iter().zip(capacities()).map(|(load, capacity)| load / capacity as f64 / mean);
    used.fold(0.0, f64::max)
}

/// What became of the load.
struct Course {
    /// Before the first round, and after each.
    peaks: Vec<f64>,
    /// The share of the keys that came to other nodes in all rounds together, and in the one where most did.
    moved: f64,
    moved_most: f64,
}

/// Who holds each bucket.
type Holders = Vec<BTreeSet<usize>>;

impl Course {
    /// Follows what some way of sharing makes of the holders, counted bucket by bucket.
    fn of(
        loads: &[u64],
        mut holders: Holders,
        mut next: impl FnMut(&[f64]) -> Result<Holders, Box<dyn Error>>,
    ) -> Result<Self, Box<dyn Error>> {
        let borne = |holders: &Holders| {
            let mut borne = vec![0.0; NODES];
            for (load, holders) in loads.iter().zip(holders) {
                holders.iter().for_each(|at| borne[*at] += *load as f64 / holders.len() as f64);
            }
            borne
        };
        let mut course = Self { peaks: vec![peak(&borne(&holders))], moved: 0.0, moved_most: 0.0 };
        for _ in 0..ROUNDS {
            let after = next(&borne(&holders))?;
            let came =
                |(before, after): (&BTreeSet<usize>, &BTreeSet<usize>)| after.difference(before).count();
            let moved = holders.iter().zip(&after).map(came).sum::<usize>() as f64 / BUCKETS as f64;
            course.moved += moved;
            course.moved_most = course.moved_most.max(moved);
            holders = after;
            course.peaks.push(peak(&borne(&holders)));
        }
        Ok(course)
    }
}

/// Slices that end there, each held by its node and the next ones.
fn slices(ends: &[usize], count: usize) -> Holders {
    let mut holders = vec![BTreeSet::new(); BUCKETS];
    for slice in 0..NODES {
        for held in &mut holders[ends[slice]..ends[slice + 1]] {
            held.extend((slice..slice + count).map(|at| at % NODES));
        }
    }
    holders
}

fn even_ends() -> Vec<usize> {
    (0..=NODES).map(|at| at * BUCKETS / NODES).collect()
}

/// One map for each node; all hear of all between rounds.
struct Advised {
    maps: Vec<RangeMap<u64>>,
    histogram: Histogram<u64>,
    capacities: Capacities,
    aims: Aims,
}

impl Advised {
    fn new(loads: &[u64], count: usize) -> Result<Self, Box<dyn Error>> {
        let bucket =
            |(at, load): (u64, &u64)| Ok(Bucket { range: KeyRange::new(at, at + 1)?, load: *load, keys: 1 });
        let buckets: Result<Vec<_>, Box<dyn Error>> = (0..).zip(loads).map(bucket).collect();
        let mut maps: Vec<_> = (1..=NODES as u64).map(|id| RangeMap::new(ReplicaId::new(id))).collect();
        let mut all = Delta::default();
        let ends = even_ends();
        for slice in 0..NODES {
            for at in (slice..slice + count).map(|at| at % NODES) {
                let range = KeyRange::new(ends[slice] as u64, ends[slice + 1] as u64)?;
                all.merge(&maps[at].register(&name(at)?, &range)?);
            }
        }
        maps.iter_mut().for_each(|map| drop(map.merge(&all)));
        let named: Result<Vec<_>, Box<dyn Error>> =
            capacities().into_iter().enumerate().map(|(at, capacity)| Ok((name(at)?, capacity))).collect();
        let aims = Aims { count, moved_per_mille: MOVED_PER_MILLE, ..Aims::default() };
        Ok(Self { maps, histogram: Histogram::new(buckets?)?, capacities: Capacities::new(named?)?, aims })
    }

    fn round(&mut self) -> Result<Holders, Box<dyn Error>> {
        let plan = self.maps[0].plan(&self.histogram, &self.capacities, &self.aims);
        let mut all = Delta::default();
        for (map, advice) in self.maps.iter_mut().zip(plan.advices()) {
            all.merge(&map.apply(advice.operations.iter().cloned())?);
        }
        self.maps.iter_mut().for_each(|map| drop(map.merge(&all)));
        self.holders()
    }

    fn holders(&self) -> Result<Holders, Box<dyn Error>> {
        let number = |node: &NodeId| Ok(node.as_str()["node-".len()..].parse::<usize>()?);
        let held = |key| self.maps[0].owners(&key).iter().map(|owner| number(&owner.node)).collect();
        (0..BUCKETS as u64).map(held).collect()
    }
}

/// How strongly a controller reacts: to the error, its sum, and its change.
type Gains = (f64, f64, f64);

struct Controller {
    count: usize,
    /// How many keys may move in a round.
    budget: usize,
    gains: Gains,
    ends: Vec<usize>,
    widths: Vec<f64>,
    sums: Vec<f64>,
    errors: Vec<f64>,
}

impl Controller {
    fn new(count: usize, budget: usize, gains: Gains) -> Self {
        let (widths, zeros) = (vec![1.0; NODES], vec![0.0; NODES]);
        Self { count, budget, gains, ends: even_ends(), widths, sums: zeros.clone(), errors: zeros }
    }

    fn round(&mut self, loads: &[f64]) -> Holders {
        let mean = loads.iter().sum::<f64>() / capacities().iter().sum::<u64>() as f64;
        let (by_error, by_sum, by_change) = self.gains;
        for (at, capacity) in capacities().into_iter().enumerate() {
            let used = loads[at] / capacity as f64 / mean;
            let error = -used.clamp(0.05, 20.0).ln();
            self.sums[at] = (self.sums[at] + error).clamp(-5.0, 5.0);
            let change = error - self.errors[at];
            self.errors[at] = error;
            let step = by_error * error + by_sum * self.sums[at] + by_change * change;
            self.widths[at] = (self.widths[at].max(1e-6) * step.clamp(-2.0, 2.0).exp()).min(1e6);
        }
        let all: f64 = self.widths.iter().sum();
        let mut wanted = vec![0.0];
        for width in &self.widths {
            wanted.push(wanted[wanted.len() - 1] + width / all * BUCKETS as f64);
        }
        // As far on the way there as may move at once.
        let before = slices(&self.ends, self.count);
        let (mut least, mut most) = (0.0, 1.0);
        let mut best = self.ends.clone();
        for _ in 0..12 {
            let part = if least == 0.0 && most == 1.0 { 1.0 } else { (least + most) / 2.0 };
            let on_the_way =
                |(end, wanted): (&usize, &f64)| (*end as f64 + part * (wanted - *end as f64)).round();
            let ends: Vec<usize> = self.ends.iter().zip(&wanted).map(|it| on_the_way(it) as usize).collect();
            let after = slices(&ends, self.count);
            let moved: usize =
                before.iter().zip(&after).map(|(one, other)| other.difference(one).count()).sum();
            if moved <= self.budget {
                (least, best) = (part, ends);
                if part == 1.0 {
                    break;
                }
            } else {
                most = part.min(0.999);
            }
        }
        // Where the boundaries are is what the next step starts from.
        for (at, width) in self.widths.iter_mut().enumerate() {
            *width = (best[at + 1] - best[at]) as f64;
        }
        self.ends = best;
        slices(&self.ends, self.count)
    }
}

/// The course with the best of many gains: by the peak at the end.
fn controlled(loads: &[u64], count: usize, budget: usize) -> Result<(Course, Gains), Box<dyn Error>> {
    let mut best: Option<(Course, Gains)> = None;
    for by_error in [0.1, 0.25, 0.5, 1.0] {
        for by_sum in [0.0, 0.02, 0.1] {
            for by_change in [0.0, 0.2] {
                let gains = (by_error, by_sum, by_change);
                let mut controller = Controller::new(count, budget, gains);
                let course =
                    Course::of(loads, slices(&even_ends(), count), |loads| Ok(controller.round(loads)))?;
                if best.as_ref().is_none_or(|(best, _)| course.peaks[ROUNDS] < best.peaks[ROUNDS]) {
                    best = Some((course, gains));
                }
            }
        }
    }
    best.ok_or_else(|| "no gains".into())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut table = Table::new();
    let rounds = [0, 1, 2, 3, 5, 10, 15, 20];
    let header = ["load", "each key", "by"].map(str::to_owned).into_iter();
    let header = header.chain(rounds.map(|round| format!("{round}")));
    table.set_header(header.chain(["moved", "most a round", "bound"].map(str::to_owned)));
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let workloads = [
        ("hot keys adjacent", zipf(0)),
        ("hot keys anywhere", scattered(&zipf(0))),
        ("a hot range", zipf(100)),
    ];
    let mut times = Table::new();
    times.set_header([
        "load",
        "each key",
        "rounds to rest",
        "registrations",
        "ms a plan, at first",
        "ms a plan, at rest",
    ]);
    for (workload, loads) in &workloads {
        for count in [1, 3] {
            let all = loads.iter().sum::<u64>() as f64;
            let fair = all * 100.0 / capacities().iter().sum::<u64>() as f64;
            let hottest = loads.iter().max().map_or(0.0, |most| *most as f64 / count as f64);
            let bound = (hottest / fair).max(1.0);
            let mut advised = Advised::new(loads, count)?;
            let first = advised.maps[0].clone();
            let mut rest = None;
            let mut round = 0;
            let course = Course::of(loads, advised.holders()?, |_| {
                let plan = advised.maps[0].plan(&advised.histogram, &advised.capacities, &advised.aims);
                rest = rest.or(plan.is_empty().then_some(round));
                round += 1;
                advised.round()
            })?;
            assert!(course.moved_most * 1000.0 <= f64::from(MOVED_PER_MILLE), "{workload}: too much moved");
            for held in advised.holders()? {
                assert!(held.len() >= count, "{workload}: a key is lost");
                held.iter().for_each(|at| hash = (hash ^ *at as u64).wrapping_mul(0x100_0000_01b3));
            }
            let budget = BUCKETS * MOVED_PER_MILLE as usize / 1000;
            let (by_widths, gains) = controlled(loads, count, budget)?;
            let (unbounded, other_gains) = controlled(loads, count, usize::MAX)?;
            let mut row = |by: String, course: &Course, bound: String| {
                let start = [(*workload).to_owned(), format!("{count} times"), by].into_iter();
                let peaks = rounds.map(|round| format!("{:.2}", course.peaks[round]));
                let moved = [course.moved, course.moved_most].map(|moved| format!("{:.1} %", 100.0 * moved));
                table.add_row(start.chain(peaks).chain(moved).chain([bound]));
            };
            row("advice".to_owned(), &course, "1.00".to_owned());
            row(format!("widths, gains {gains:?}"), &by_widths, format!("{bound:.2}"));
            let freely = format!("widths, any keys, gains {other_gains:?}");
            row(freely, &unbounded, format!("{bound:.2}"));
            let plan = |map: &RangeMap<u64>| {
                map.plan(&advised.histogram, &advised.capacities, &advised.aims).moved()
            };
            let mut probes = [Probe::repeated(|| plan(&first)), Probe::repeated(|| plan(&advised.maps[0]))];
            let ms = sample_in_turn(Effort::Quick, &mut probes).into_iter().map(|it| median(it) / 1e6);
            let shown = ms.map(|ms| format!("{ms:.1}"));
            let registrations = advised.maps[0].registrations().count().to_string();
            let rest = rest.map_or("none".to_owned(), |rounds: usize| rounds.to_string());
            let start = [(*workload).to_owned(), format!("{count} times"), rest, registrations];
            times.add_row(start.into_iter().chain(shown));
        }
    }
    println!(
        "Peak to mean after so many rounds; the share of keys that moved, in all and at most in one round; and the least peak that can be."
    );
    println!("{table}\n{times}");
    println!("who holds what, by advice: {hash:016x}");
    if hash != EXPECTED {
        return Err(format!("expected {EXPECTED:016x}").into());
    }
    Ok(())
}
