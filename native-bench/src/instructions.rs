//! Counts of executed instructions: what an operation costs on a processor that is not at hand, as far as an emulator can tell.
//!
//! An emulator's times say nothing about the processor that it imitates, but the instructions that it executes are the same.
//! They leave out what memory and mispredicted branches cost, so they are compared with those of a loop by hand, and between
//! architectures, but not with times.
//!
//! The program runs each bench once in a [marked](crate::region) region; a plugin of the emulator writes the count of each region
//! to a file, in their order.

use std::env::consts;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::measure;
use crate::memory;
use crate::report::{Build, Kind, Memory, Row};
use crate::timer::Effort;
use crate::workload::Workload;

/// The version of the JSON's shape that this program writes and reads.
pub const FORMAT: u32 = 1;

/// The file that collects the counts of every architecture.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// The version of this format, [`FORMAT`].
    pub format: u32,
    /// A run on each architecture.
    pub runs: Vec<Run>,
}

/// What was counted on one architecture.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The architecture, as Rust names it.
    pub architecture: String,
    /// What was run, by what it was built from.
    pub build: Build,
    /// Every bench on every workload.
    pub benches: Vec<Counted>,
    /// What the workloads take in memory there; the process's own peak is the emulator's, and left out.
    pub memory: Vec<Memory>,
}

/// One bench on one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// The workload's name.
    pub workload: String,
    /// How many registrations the workload has.
    pub n: u64,
    /// What was done, named as in the report of times.
    pub bench: String,
    /// Who did it.
    pub kind: Kind,
    /// What instructions are given by.
    pub unit: String,
    /// How many of these were handled.
    pub units: u64,
    /// The instructions that were executed, in all.
    pub instructions: u64,
}

impl Counted {
    fn new(row: Row, instructions: u64) -> Self {
        let Row { workload, n, bench, kind, unit, units, .. } = row;
        Self { workload, n, bench, kind, unit, units, instructions }
    }

    /// The instructions by unit.
    pub fn by_unit(&self) -> f64 {
        self.instructions as f64 / self.units as f64
    }
}

impl Run {
    /// Runs every bench on W(n) for each size in a marked region, and then reads the counts of the regions from the plugin's log.
    /// Measures what `memory_sizes` take in memory, too.
    ///
    /// # Errors
    /// If the log cannot be read, or does not hold one count for each region.
    ///
    /// # Panics
    /// If a result is not what it must be.
    pub fn under_emulator(
        sizes: &[usize],
        memory_sizes: &[usize],
        log: &Path,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Self, String> {
        let memory = memory_sizes.iter().map(|n| {
            progress(&format!("{}: memory", Workload::name_of(*n)));
            Memory { process_peak_bytes: None, ..memory::measure(*n) }
        });
        let memory = memory.collect();
        let rows: Vec<Row> =
            sizes.iter().flat_map(|n| measure::all(&Workload::new(*n), Effort::Marked, progress)).collect();
        let named = |error: String| format!("{}: {error}", log.display());
        let log = fs::read_to_string(log).map_err(|error| named(error.to_string()))?;
        let benches = counted(rows, &log).map_err(named)?;
        Ok(Self { architecture: consts::ARCH.into(), build: Build::this(), benches, memory })
    }
}

/// The rows with the counts that were logged, one a line.
fn counted(rows: Vec<Row>, log: &str) -> Result<Vec<Counted>, String> {
    let counts: Result<Vec<u64>, _> = log.lines().map(str::parse).collect();
    match counts {
        Ok(counts) if counts.len() == rows.len() => {
            Ok(rows.into_iter().zip(counts).map(|(row, count)| Counted::new(row, count)).collect())
        }
        _ => Err(format!(
            "not one count for each of the {} marked regions: was this run under qemu, with the plugin that counts?",
            rows.len()
        )),
    }
}

impl Counts {
    /// Reads what earlier runs wrote; nothing if there is no such file.
    ///
    /// # Errors
    /// What is wrong with the file, in words that name it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let named = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
        if !path.exists() {
            return Ok(Self { format: FORMAT, runs: Vec::new() });
        }
        let text = fs::read_to_string(path).map_err(|error| named(&error))?;
        let counts: Self = serde_json::from_str(&text).map_err(|error| named(&error))?;
        match counts.format {
            FORMAT => Ok(counts),
            format => Err(named(&format!("its format is {format}, this program reads {FORMAT}"))),
        }
    }

    /// Adds a run, in the place of an earlier one on the same architecture.
    pub fn add(&mut self, run: Run) {
        self.runs.retain(|earlier| earlier.architecture != run.architecture);
        self.runs.push(run);
    }

    /// The instructions by unit of a bench on each architecture, in the order of the runs.
    pub fn by_unit<'a>(
        &'a self,
        workload: &'a str,
        bench: &'a str,
    ) -> impl Iterator<Item = Option<f64>> + use<'a> {
        self.runs.iter().map(move |run| {
            let mut benches = run.benches.iter();
            benches
                .find(|counted| counted.workload == workload && counted.bench == bench)
                .map(Counted::by_unit)
        })
    }
}

/// The table: instructions by unit, a column for each architecture.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.runs.first() else { return Ok(()) };
        for of_one in first.benches.chunk_by(|a, b| a.workload == b.workload) {
            write!(f, "{:<38}    {:<13}", format!("instructions, {}", of_one[0].workload), "by")?;
            self.runs.iter().try_for_each(|run| write!(f, "{:>12}", run.architecture))?;
            writeln!(f)?;
            for counted in of_one {
                let mark = if counted.kind == Kind::Reference { '*' } else { ' ' };
                write!(f, "{mark} {:<36}    {:<13}", counted.bench, counted.unit)?;
                for figure in self.by_unit(&counted.workload, &counted.bench) {
                    write!(f, "{:>12}", crate::table::shown(figure, 1))?;
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
    use crate::check::Digest;

    fn rows() -> Vec<Row> {
        let row =
            |bench, units| Row::new("W(50)", 50, bench, "registration", units, Digest { count: 0, hash: 0 });
        vec![row("merge A", 50), row("splits", 40)]
    }

    fn run(architecture: &str, log: &str) -> Run {
        let benches = counted(rows(), log).unwrap();
        Run { architecture: architecture.into(), build: Build::this(), benches, memory: vec![] }
    }

    #[test]
    fn each_region_gets_its_own_count() {
        let counted = run("a", "100\n340\n").benches;
        assert_eq!(counted.iter().map(Counted::by_unit).collect::<Vec<_>>(), [2.0, 8.5]);
    }

    #[test]
    fn another_number_of_counts_or_no_number_is_refused() {
        for log in ["", "1\n", "1\n2\n3\n", "1\ntwo\n"] {
            assert!(counted(rows(), log).unwrap_err().contains("2 marked regions"), "{log:?}");
        }
    }

    #[test]
    fn a_run_replaces_the_earlier_one_and_architectures_stand_side_by_side() {
        let mut counts = Counts { format: FORMAT, runs: vec![] };
        for (architecture, log) in [("a", "1\n2\n"), ("b", "100\n340\n"), ("a", "200\n400\n")] {
            counts.add(run(architecture, log));
        }
        assert_eq!(counts.runs.len(), 2);
        let line = counts.to_string().lines().nth(2).unwrap().to_owned();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["splits", "registration", "8.5", "10.0"]);
    }
}
