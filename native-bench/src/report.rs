//! The results as one JSON file holds them. Everything here can be read back, on another machine.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::check::Digest;
use crate::timer::median;

/// The version of the JSON's shape that this program writes and reads.
pub const FORMAT: u32 = 3;

/// Everything that one run of `range-bench` found out.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

impl Report {
    /// Reads a report that an earlier run wrote.
    ///
    /// # Errors
    /// What is wrong with the file, in words that name it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let named = |error: &dyn Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| named(&error))?;
        // The format first, since a report of another one would fail with a less helpful message.
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| named(&error))?;
        if value["format"] != FORMAT {
            return Err(named(&format!("its format is {}, this program reads {FORMAT}", value["format"])));
        }
        serde_json::from_value(value).map_err(|error| named(&error))
    }

    /// The row of a bench on a workload.
    pub fn row(&self, workload: &str, bench: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.workload == workload && row.bench == bench)
    }

    /// How many times as long as its reference a whole run takes, by the medians. Runs are compared, since a reference may count
    /// other units.
    pub fn ratio(&self, row: &Row) -> Option<f64> {
        let reference = self.row(&row.workload, row.reference.as_ref()?)?;
        Some(row.run_ns()? / reference.run_ns()?)
    }
}

/// What was built. What could not be found out is empty.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Build {
    /// The version of `crdt-range-map`.
    pub version: String,
    /// The git commit, with a `+` if the sources differed from it.
    pub commit: String,
    /// The compiler.
    pub rustc: String,
    /// The target triple that the binary was built for.
    pub target: String,
    /// The processor features that the compiler took for granted.
    pub target_features: String,
}

/// A machine. What could not be found out is empty.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    pub fn run_ns(&self) -> Option<f64> {
        self.median_ns.map(|ns| ns * self.units as f64)
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// How many splits there are.
    pub count: u64,
    /// A hash of the splits.
    pub hash: String,
}

/// The encoded sizes of many one-operation deltas of a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    fn whole_runs_of_one_workload_are_compared() {
        let reference = Row { units: 1, ..row("W(10)", "loop", 20.0) }.of_kind(Kind::Reference);
        let elsewhere = Row { workload: "W(9)".into(), median_ns: Some(1.0), ..reference.clone() };
        let merge = Row { reference: Some("loop".into()), ..row("W(10)", "merge", 4.0) };
        let report = report(vec![elsewhere, merge, reference]);
        let ratios: Vec<Option<f64>> = report.rows.iter().map(|row| report.ratio(row)).collect();
        assert_eq!(ratios, [None, Some(2.0), None]);
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

    #[test]
    fn a_report_is_read_back_as_it_was_written_and_one_of_another_format_refused() {
        let path = std::env::temp_dir().join(format!("range-bench-format-{}.json", std::process::id()));
        let written = report(vec![row("W(10)", "merge", 2.5)]);
        fs::write(&path, serde_json::to_string(&written).unwrap()).unwrap();
        assert_eq!(Report::read(&path).unwrap().rows, written.rows);
        fs::write(&path, r#"{"format": 1, "rows": "of another shape"}"#).unwrap();
        let error = Report::read(&path).unwrap_err();
        fs::remove_file(&path).unwrap();
        assert!(error.contains("format is 1") && error.contains("range-bench-format"), "{error}");
    }
}
