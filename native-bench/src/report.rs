//! The results as one JSON file holds them; [`table`](crate::table) shows them to people.
//!
//! Everything here can be read back, so that reports can be compared and drawn later, on another machine.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::check::Digest;
use crate::machine::Machine;
use crate::timer::Timing;

/// The version of the JSON's shape that this program writes and reads.
pub const FORMAT: u32 = 2;

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
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| named(&error))?;
        // The format first, since a report of another one would fail with a less helpful message.
        let Format { format } = serde_json::from_str(&text).map_err(|error| named(&error))?;
        if format != FORMAT {
            return Err(named(&format!("its format is {format}, this program reads {FORMAT}")));
        }
        serde_json::from_str(&text).map_err(|error| named(&error))
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
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
    pub target_features: Vec<String>,
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// The bench on the same workload that this one is compared with: a reference for the map, the map for a peer.
    pub reference: Option<String>,
    /// How many times as long as the reference a whole run takes, by the medians.
    pub ratio: Option<f64>,
    /// How many times as long a unit takes as on the workload W(n/10) of the same run.
    pub growth: Option<f64>,
    /// The encoded size.
    pub bytes: Option<u64>,
    /// The same by registration.
    pub bytes_per_registration: Option<f64>,
    /// Encoded bytes in 10^6 by second.
    pub mb_per_s: Option<f64>,
    /// How many items the result has.
    pub count: u64,
    /// A hash of the result.
    pub hash: String,
}

impl Row {
    /// A row of the map without times.
    pub fn new(workload: &str, n: u64, bench: &str, unit: &str, units: u64, digest: Digest) -> Self {
        Self {
            workload: workload.into(),
            n,
            bench: bench.into(),
            kind: Kind::Map,
            unit: unit.into(),
            units,
            median_ns: None,
            samples_ns: Vec::new(),
            reference: None,
            ratio: None,
            growth: None,
            bytes: None,
            bytes_per_registration: None,
            mb_per_s: None,
            count: digest.count,
            hash: digest.hash_text(),
        }
    }

    /// As a row of another kind.
    pub fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// To be compared with that bench of the same workload, see [`compared`].
    pub fn beside(mut self, reference: &str) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// With the size of what is encoded.
    pub fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self.bytes_per_registration = Some(bytes as f64 / self.n as f64);
        self
    }

    /// With the times of the runs, if they were taken.
    pub fn timed(mut self, timing: Option<&Timing>) -> Self {
        if let Some(timing) = timing {
            // A picosecond is much less than any of this can tell apart.
            let by_unit = |ns: f64| (ns / self.units as f64 * 1e3).round() / 1e3;
            self.median_ns = Some(by_unit(timing.median_ns()));
            self.samples_ns = timing.samples_ns().iter().map(|ns| by_unit(*ns)).collect();
            self.mb_per_s = self.bytes.map(|bytes| bytes as f64 * 1e3 / timing.median_ns());
        }
        self
    }

    /// The median time of a whole run in nanoseconds.
    pub fn run_ns(&self) -> Option<f64> {
        self.median_ns.map(|ns| ns * self.units as f64)
    }
}

/// The rows with their ratios to the references among them. Runs are compared, since a reference may count other units.
pub fn compared(mut rows: Vec<Row>) -> Vec<Row> {
    for at in 0..rows.len() {
        let row = &rows[at];
        let reference = row.reference.as_ref().and_then(|bench| {
            rows.iter().find(|other| other.workload == row.workload && other.bench == *bench)
        });
        let ratio = reference.and_then(|reference| Some(row.run_ns()? / reference.run_ns()?));
        rows[at].ratio = ratio;
    }
    rows
}

/// The rows with their growth: the time by unit on W(n) divided by that on W(n/10).
pub fn with_growth(mut rows: Vec<Row>, name_of: impl Fn(u64) -> String) -> Vec<Row> {
    for at in 0..rows.len() {
        let row = &rows[at];
        let smaller = rows.iter().find(|other| {
            other.bench == row.bench
                && other.n * 10 == row.n
                && other.workload == name_of(other.n)
                && row.workload == name_of(row.n)
        });
        let growth = smaller.and_then(|smaller| Some(row.median_ns? / smaller.median_ns?));
        rows[at].growth = growth;
    }
    rows
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
    /// The same by registration.
    pub state_bytes_per_registration: f64,
    /// The bytes that it has allocated after look-ups: the state and the index of the splits.
    pub indexed_bytes: u64,
    /// The same by registration.
    pub indexed_bytes_per_registration: f64,
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
        let sum: u64 = sizes.iter().sum();
        Self {
            operation: operation.into(),
            count: sizes.len() as u64,
            bytes_min: sizes.iter().min().copied().unwrap_or(0),
            bytes_mean: sum as f64 / sizes.len().max(1) as f64,
            bytes_max: sizes.iter().max().copied().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workload: &str, n: u64, bench: &str, median_ns: f64) -> Row {
        let row = Row::new(workload, n, bench, "registration", n, Digest { count: 7, hash: 0xabc });
        Row { median_ns: Some(median_ns), ..row }
    }

    #[test]
    fn whole_runs_of_one_workload_are_compared() {
        let reference = Row { units: 1, ..row("W(10)", 10, "loop", 20.0) }.of_kind(Kind::Reference);
        let elsewhere = Row { workload: "W(9)".into(), ..reference.clone() };
        let rows = compared(vec![elsewhere, row("W(10)", 10, "merge", 4.0).beside("loop"), reference]);
        assert_eq!(rows.iter().map(|row| row.ratio).collect::<Vec<_>>(), [None, Some(2.0), None]);
    }

    #[test]
    fn rates_are_of_encoded_bytes() {
        let row = row("W(10)", 10, "encode", 0.0).with_bytes(80).timed(Some(&Timing::of(vec![40.0])));
        assert_eq!(
            (row.median_ns, row.mb_per_s, row.bytes_per_registration),
            (Some(4.0), Some(2000.0), Some(8.0))
        );
    }

    #[test]
    fn growth_is_from_a_tenth_of_the_same_family() {
        let name = |n| format!("W({n})");
        let rows = vec![
            row("data", 10, "merge", 1.0),
            row("W(10)", 10, "merge", 2.0),
            row("W(100)", 100, "merge", 3.0),
            row("W(100)", 100, "splits", 3.0),
            row("data", 100, "merge", 3.0),
        ];
        let growths: Vec<Option<f64>> = with_growth(rows, name).iter().map(|row| row.growth).collect();
        assert_eq!(growths, [None, None, Some(1.5), None, None]);
    }

    #[test]
    fn a_report_of_another_format_is_refused_by_name() {
        let path = std::env::temp_dir().join(format!("range-bench-format-{}.json", std::process::id()));
        fs::write(&path, r#"{"format": 1, "rows": "of another shape"}"#).unwrap();
        let error = Report::read(&path).unwrap_err();
        fs::remove_file(&path).unwrap();
        assert!(error.contains("format is 1") && error.contains("range-bench-format"), "{error}");
    }

    #[test]
    fn a_report_is_read_back_as_it_was_written() {
        let report = Report {
            format: FORMAT,
            date: "2026-11-01T00:00:00Z".into(),
            build: Build::this(),
            machine: Some(Machine::this()),
            rows: vec![row("W(10)", 10, "merge", 2.5)],
            memory: vec![],
            deltas: vec![DeltaSize::new("register", &[3, 5])],
        };
        let json = serde_json::to_string(&report).unwrap();
        let back: Report = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), json);
    }
}
