//! Counts of executed instructions: what an operation costs on a processor that is not at hand, as far as an emulator can tell.
//!
//! An emulator's times say nothing about the processor that it imitates, but the instructions that it executes are the same.
//! They leave out what memory and mispredicted branches cost, so they are compared with those of a loop by hand, and between
//! architectures, but not with times.
//!
//! The program runs each operation once in a [marked](crate::region) region, and remembers which; a plugin of the emulator
//! writes the count of each region to a file in their order ([`Run::with_counts`]).

use std::fmt;
use std::hint::black_box;

use crdt_range_map::Delta;
use serde::{Deserialize, Serialize};

use crate::measure::KEYS;
use crate::reference::{self, FlatRecord, FlatSplits};
use crate::region::marked;
use crate::scenario::{self, DELTAS, MergeCase, Replica};
use crate::workload::Workload;

/// The file that collects the counts of every architecture.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// The version of this format.
    pub format: u32,
    /// A run on each architecture.
    pub runs: Vec<Run>,
}

/// What was counted on one architecture.
#[derive(Debug, Serialize, Deserialize)]
pub struct Run {
    /// The architecture, as Rust names it.
    pub architecture: String,
    /// The target triple that the binary was built for.
    pub target: String,
    /// The compiler.
    pub rustc: String,
    /// Every operation on every workload.
    pub operations: Vec<Operation>,
}

/// One operation on one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// What was done, named as in the report of `range-bench`.
    pub bench: String,
    /// Whether this is not the map but a loop to compare it with.
    pub is_reference: bool,
    /// How many registrations the workload W(n) has.
    pub n: u64,
    /// What instructions are given by.
    pub unit: String,
    /// How many of these were handled.
    pub units: u64,
    /// The instructions that were executed, in all.
    pub instructions: u64,
}

impl Operation {
    /// The instructions by unit.
    pub fn by_unit(&self) -> f64 {
        self.instructions as f64 / self.units as f64
    }
}

impl Run {
    /// Runs every operation on W(n) for each n in a marked region, its instructions not known yet.
    ///
    /// # Panics
    /// If a result is not what it must be.
    pub fn on_this_machine(sizes: &[usize]) -> Self {
        let operations = sizes.iter().flat_map(|n| {
            eprintln!("W({n}) …");
            Bench::on(&Workload::random(*n))
        });
        Self {
            architecture: std::env::consts::ARCH.into(),
            target: env!("RANGE_BENCH_TARGET").into(),
            rustc: env!("RANGE_BENCH_RUSTC").into(),
            operations: operations.collect(),
        }
    }

    /// With the counts that the plugin logged, one a line.
    ///
    /// # Errors
    /// If they are not as many numbers as there were regions.
    pub fn with_counts(mut self, log: &str) -> Result<Self, CountsError> {
        let found: Vec<u64> = log.lines().map_while(|line| line.parse().ok()).collect();
        if found.len() != self.operations.len() || found.len() != log.lines().count() {
            return Err(CountsError { found: found.len(), expected: self.operations.len() });
        }
        for (operation, instructions) in self.operations.iter_mut().zip(found) {
            operation.instructions = instructions;
        }
        Ok(self)
    }
}

impl Counts {
    /// Adds a run, in the place of an earlier one on the same architecture.
    pub fn add(&mut self, run: Run) {
        self.format = 1;
        self.runs.retain(|earlier| earlier.architecture != run.architecture);
        self.runs.push(run);
    }
}

/// The plugin's log does not fit what the program did.
#[derive(Debug, PartialEq, Eq)]
pub struct CountsError {
    found: usize,
    expected: usize,
}

impl std::error::Error for CountsError {}

impl fmt::Display for CountsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, expected } = self;
        write!(
            f,
            "{found} counts for {expected} marked regions: was this run under qemu, with the plugin that counts?"
        )
    }
}

/// The operations on one workload.
struct Bench<'a> {
    workload: &'a Workload,
    done: Vec<Operation>,
}

impl<'a> Bench<'a> {
    fn on(workload: &'a Workload) -> Vec<Operation> {
        let mut bench = Self { workload, done: Vec::new() };
        bench.merges();
        bench.splits();
        bench.codec();
        bench.done
    }

    /// Runs something in a marked region and notes what it was.
    fn count<O>(&mut self, bench: &str, unit: &str, units: usize, run: impl FnOnce() -> O) {
        drop(marked(run));
        self.done.push(Operation {
            bench: bench.into(),
            is_reference: false,
            n: self.workload.n() as u64,
            unit: unit.into(),
            units: units as u64,
            instructions: 0,
        });
    }

    fn count_reference<O>(&mut self, bench: &str, unit: &str, units: usize, run: impl FnOnce() -> O) {
        self.count(bench, unit, units, run);
        self.done.last_mut().expect("it was just noted").is_reference = true;
    }

    fn merges(&mut self) {
        let n = self.workload.n();
        self.two_pointer("two-pointer merge A", reference::flat_halves(self.workload));
        self.merge("merge A: disjoint", "registration", n, &MergeCase::disjoint(self.workload));
        self.two_pointer("two-pointer merge B", reference::flat_twins(self.workload));
        self.merge("merge B: mostly equal", "registration", n, &MergeCase::mostly_equal(self.workload));
        self.merge("merge C: 1,000 deltas", "delta", DELTAS, &MergeCase::one_by_one(self.workload));
    }

    fn two_pointer(&mut self, bench: &str, [ours, theirs]: [Vec<FlatRecord>; 2]) {
        let mut merged = Vec::with_capacity(ours.len() + theirs.len());
        self.count_reference(bench, "registration", self.workload.n(), || {
            reference::two_pointer_merge(black_box(&ours), black_box(&theirs), &mut merged);
        });
    }

    fn merge(&mut self, bench: &str, unit: &str, units: usize, case: &MergeCase) {
        case.check();
        let mut map = case.fresh();
        self.count(bench, unit, units, || case.merge_into(&mut map));
    }

    fn splits(&mut self) {
        let (n, keys) = (self.workload.n(), self.workload.keys(KEYS));
        let served = &self.workload.registrations;
        let [replica, _] = Replica::twins(self.workload);
        // A clone of a replica that was never asked for its splits has to compute them from scratch.
        let unasked = replica.map.clone();
        scenario::check_splits(self.workload, &replica, &keys);
        self.count_reference("sort and sweep", "registration", n, || FlatSplits::sweep(black_box(served)));
        self.count("splits: from scratch", "registration", n, || unasked.splits().len());

        let flat = FlatSplits::sweep(served);
        self.count_reference("search in the sweep", "key", KEYS, || {
            keys.iter().map(|key| flat.covering(*key).iter().fold(0, |sum, number| sum ^ number)).max()
        });
        self.count("look-up: random key", "key", KEYS, || {
            keys.iter().map(|key| replica.map.owners(black_box(key)).len()).sum::<usize>()
        });
    }

    fn codec(&mut self) {
        let n = self.workload.n();
        let [replica, _] = Replica::twins(self.workload);
        let bytes = scenario::check_codec(&replica);
        self.count("encode", "registration", n, || replica.map.state().encode());
        self.count("decode", "registration", n, || Delta::<u64>::decode(black_box(&bytes)));
    }
}

/// The table: instructions by unit, a column for each architecture.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.runs.first() else { return Ok(()) };
        for of_one in first.operations.chunk_by(|a, b| a.n == b.n) {
            write!(f, "{:<29}{:<14}", format!("instructions, W({})", of_one[0].n), "by")?;
            self.runs.iter().try_for_each(|run| write!(f, "{:>12}", run.architecture))?;
            writeln!(f)?;
            for operation in of_one {
                let mark = if operation.is_reference { '*' } else { ' ' };
                write!(f, "{mark} {:<27}{:<14}", operation.bench, operation.unit)?;
                for run in &self.runs {
                    let found =
                        run.operations.iter().find(|o| (o.n, &o.bench) == (operation.n, &operation.bench));
                    write!(
                        f,
                        "{:>12}",
                        found.map_or(String::new(), |found| format!("{:.1}", found.by_unit()))
                    )?;
                }
                writeln!(f)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(architecture: &str, sizes: &[usize]) -> Run {
        Run { architecture: architecture.into(), ..Run::on_this_machine(sizes) }
    }

    #[test]
    fn each_region_gets_its_own_count() {
        let expected = run("a", &[50]).operations.len();
        let log: String = (0..expected).map(|at| format!("{}\n", at * 100)).collect();
        let counted = run("a", &[50]).with_counts(&log).unwrap();
        assert_eq!(counted.operations[3].instructions, 300);
        assert_eq!(counted.operations[3].by_unit(), 6.0);
        let error = run("a", &[50]).with_counts("1\n2\n").unwrap_err();
        assert_eq!(error, CountsError { found: 2, expected });
        assert!(run("a", &[50]).with_counts(&(log + "no number\n")).is_err());
    }

    #[test]
    fn a_run_replaces_the_earlier_one_and_architectures_stand_side_by_side() {
        let mut counts = Counts::default();
        for architecture in ["a", "b", "a"] {
            counts.add(run(architecture, &[50]));
        }
        counts.runs[1].operations[1].instructions = 425;
        let architectures: Vec<&str> = counts.runs.iter().map(|run| run.architecture.as_str()).collect();
        assert_eq!(architectures, ["b", "a"]);
        let line = counts.to_string().lines().nth(2).unwrap().to_owned();
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            ["merge", "A:", "disjoint", "registration", "0.0", "8.5"]
        );
    }
}
