//! The results as one JSON file holds them.

use serde::{Deserialize, Serialize};

use crate::check::Digest;
use crate::timer::median;

/// The version of the JSON's shape.
pub const FORMAT: u32 = 4;

/// Everything that one run of `range-bench` found out.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this format, [`FORMAT`].
    pub format: u32,
    /// When the run began, in RFC 3339.
    pub date: String,
    /// What was measured, by what it was built from.
    pub build: Build,
    /// Where it ran; unknown under emulation, which shows the host instead.
    pub machine: Option<Machine>,
    /// Every bench on every workload.
    pub rows: Vec<Row>,
    /// What each of the workloads W(n) takes in memory.
    pub memory: Vec<Memory>,
    /// The sizes of one-operation deltas on W(10,000).
    pub deltas: Vec<DeltaSize>,
}

/// What was built. What could not be found out is empty.
#[derive(Clone, Debug, Serialize)]
pub struct Build {
    /// The git commit, with a `+` if the sources differed from it.
    pub commit: String,
    /// The compiler.
    pub rustc: String,
    /// The target triple that the binary was built for.
    pub target: String,
}

/// A machine. What could not be found out is empty.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The board or machine as its firmware calls it.
    pub model: String,
    /// The kernel's name and release.
    pub kernel: String,
    /// The processor, as the kernel calls it.
    pub cpu: String,
    /// How many processors the program may use.
    pub cpus: usize,
}

/// What a row measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The map itself.
    Map,
    /// A loop by hand that does the bare minimum, as a limit to compare the map with.
    Reference,
    /// Another library that does nearly the same.
    Peer,
}

/// One bench on one workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The workload's name.
    pub workload: String,
    /// How many registrations the workload has.
    pub n: u64,
    /// What was done. Together with the workload it names the row.
    pub bench: String,
    /// Who did it.
    pub kind: Kind,
    /// What times are given by.
    pub unit: String,
    /// How many of these one run handles.
    pub units: u64,
    /// The median time by unit in nanoseconds.
    pub median_ns: Option<f64>,
    /// The samples of that time, taken in turn with those of the reference.
    pub samples_ns: Vec<f64>,
    /// The instructions by unit, if they were counted instead.
    pub instructions: Option<f64>,
    /// The bench on the same workload that this one is compared with: a reference for the map, the map for a peer.
    pub reference: Option<String>,
    /// How many times as long as that one's a whole run takes, by the medians: they may count other units.
    pub ratio: Option<f64>,
    /// The encoded size.
    pub bytes: Option<u64>,
    /// How many items the result has.
    pub count: u64,
    /// A hash of the result.
    pub hash: String,
}

impl Row {
    /// A row of the map without times.
    pub fn new(workload: &str, n: u64, bench: &str, (unit, units): (&str, usize), digest: Digest) -> Self {
        Self {
            workload: workload.into(),
            n,
            bench: bench.into(),
            kind: Kind::Map,
            unit: unit.into(),
            units: units as u64,
            median_ns: None,
            samples_ns: Vec::new(),
            instructions: None,
            reference: None,
            ratio: None,
            bytes: None,
            count: digest.count,
            hash: digest.hash_text(),
        }
    }

    /// As a row of another kind.
    pub fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// With the times of whole runs in nanoseconds, if they were taken.
    pub fn timed(mut self, samples_ns: Vec<f64>) -> Self {
        // A picosecond is much less than any of this can tell apart.
        let by_unit = |ns: f64| (ns / self.units as f64 * 1e3).round() / 1e3;
        self.median_ns = (!samples_ns.is_empty()).then(|| by_unit(median(samples_ns.clone())));
        self.samples_ns = samples_ns.into_iter().map(by_unit).collect();
        self
    }

    /// The median time of a whole run in nanoseconds.
    fn run_ns(&self) -> Option<f64> {
        self.median_ns.map(|ns| ns * self.units as f64)
    }
}

/// Compares the rows of one workload with those that they name.
pub fn compare(rows: &mut [Row]) {
    let runs: Vec<(String, Option<f64>)> = rows.iter().map(|row| (row.bench.clone(), row.run_ns())).collect();
    for row in rows {
        let beside = runs.iter().find(|(bench, _)| row.reference.as_ref() == Some(bench));
        row.ratio = row.run_ns().zip(beside.and_then(|(_, ns)| *ns)).map(|(ns, beside_ns)| ns / beside_ns);
    }
}

/// Gives the rows the counts that an emulator's plugin logged, one a line, each of a marked region.
///
/// # Errors
/// If there is not one count for each row.
pub fn counted(rows: &mut [Row], log: &str) -> Result<(), String> {
    let counts: Result<Vec<u64>, _> = log.lines().map(str::parse).collect();
    let counts = counts.ok().filter(|counts| counts.len() == rows.len());
    let wrong = || {
        let rows = rows.len();
        format!(
            "not one count for each of the {rows} marked regions: was this run under qemu, with the plugin that counts?"
        )
    };
    let counts = counts.ok_or_else(wrong)?;
    for (row, count) in rows.iter_mut().zip(counts) {
        row.instructions = Some(count as f64 / row.units as f64);
    }
    Ok(())
}

/// What W(n) takes in memory, taken in a process of its own by a counting allocator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// The workload's name.
    pub workload: String,
    /// How many registrations the workload has.
    pub n: u64,
    /// The bytes that a replica with everything has allocated before its first look-up.
    pub state_bytes: u64,
    /// The bytes that it has allocated after look-ups: the state and the index of the splits.
    pub indexed_bytes: u64,
    /// The most bytes that were ever allocated at once: writing both halves, encoding and merging one, look-ups, all splits.
    pub peak_bytes: u64,
    /// The most memory that the process ever had resident, as the kernel counts it (VmHWM); unknown under emulation.
    pub process_peak_bytes: Option<u64>,
}

/// The encoded sizes of many one-operation deltas of a kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeltaSize {
    /// The operation.
    pub operation: String,
    /// How many deltas were encoded.
    pub count: u64,
    /// The smallest, in bytes.
    pub bytes_min: u64,
    /// The mean, in bytes.
    pub bytes_mean: f64,
    /// The largest, in bytes.
    pub bytes_max: u64,
}

impl DeltaSize {
    /// From the sizes in bytes.
    pub fn new(operation: &str, sizes: &[u64]) -> Self {
        Self {
            operation: operation.into(),
            count: sizes.len() as u64,
            bytes_min: sizes.iter().min().copied().unwrap_or(0),
            bytes_mean: sizes.iter().sum::<u64>() as f64 / sizes.len().max(1) as f64,
            bytes_max: sizes.iter().max().copied().unwrap_or(0),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn row(workload: &str, bench: &str, median_ns: f64) -> Row {
        let row = Row::new(workload, 10, bench, ("registration", 10), Digest { count: 7, hash: 0xabc });
        Row { median_ns: Some(median_ns), ..row }
    }

    pub(crate) fn report(rows: Vec<Row>) -> Report {
        let (date, build) = ("2026-11-01T00:00:00Z".into(), Build::this());
        let deltas = vec![DeltaSize::new("register", &[30, 40])];
        Report { format: FORMAT, date, build, machine: Some(Machine::this()), rows, memory: vec![], deltas }
    }

    #[test]
    fn whole_runs_are_compared() {
        let reference = Row { units: 1, ..row("W(10)", "loop", 20.0) }.of_kind(Kind::Reference);
        let merge = Row { reference: Some("loop".into()), ..row("W(10)", "merge", 4.0) };
        let mut rows = vec![merge, reference];
        compare(&mut rows);
        assert_eq!([rows[0].ratio, rows[1].ratio], [Some(2.0), None]);
    }

    #[test]
    fn a_row_has_the_median_by_unit() {
        let row = row("W(10)", "encode", 0.0).timed(vec![40.0, 90.0, 10.0]);
        assert_eq!((row.median_ns, row.samples_ns), (Some(4.0), vec![4.0, 9.0, 1.0]));
    }

    #[test]
    fn each_region_gets_its_own_count_and_another_number_of_counts_is_refused() {
        let mut rows = vec![row("W(10)", "merge", 0.0), Row { units: 40, ..row("W(10)", "splits", 0.0) }];
        for log in ["", "1\n", "1\n2\n3\n", "1\ntwo\n"] {
            assert!(counted(&mut rows, log).unwrap_err().contains("2 marked regions"), "{log:?}");
        }
        counted(&mut rows, "100\n340\n").unwrap();
        assert_eq!([rows[0].instructions, rows[1].instructions], [Some(10.0), Some(8.5)]);
    }
}
