//! The results: a table for people and one JSON file for machines.

use std::fmt;

use serde::Serialize;

use crate::check::Digest;
use crate::machine::Machine;
use crate::timer::Timing;

/// Everything that one run of `range-bench` found out.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The version of this format.
    pub format: u32,
    /// When the run began, in RFC 3339.
    pub date: String,
    /// Where it ran; unknown under emulation, which shows the host instead.
    pub machine: Option<Machine>,
    /// Every bench on every workload.
    pub rows: Vec<Row>,
    /// The sizes of one-operation deltas on W(10,000).
    pub deltas: Vec<DeltaSize>,
}

/// One bench on one workload.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The workload's name.
    pub workload: String,
    /// How many registrations the workload has.
    pub n: u64,
    /// What was done.
    pub bench: &'static str,
    /// Whether this is not the map but a loop to compare it with.
    pub is_reference: bool,
    /// What times are given by.
    pub unit: &'static str,
    /// How many of these one run handles.
    pub units: u64,
    /// The median time by unit in nanoseconds.
    pub median_ns: Option<f64>,
    /// The samples of that time.
    pub samples_ns: Vec<f64>,
    /// The bench that this one is compared with.
    pub reference: Option<&'static str>,
    /// How many times as long as the reference a unit takes.
    pub ratio: Option<f64>,
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
    /// A row without times.
    pub fn new(
        workload: &str,
        n: u64,
        bench: &'static str,
        unit: &'static str,
        units: u64,
        digest: Digest,
    ) -> Self {
        Self {
            workload: workload.into(),
            n,
            bench,
            is_reference: false,
            unit,
            units,
            median_ns: None,
            samples_ns: Vec::new(),
            reference: None,
            ratio: None,
            bytes: None,
            bytes_per_registration: None,
            mb_per_s: None,
            count: digest.count,
            hash: format!("{:016x}", digest.hash),
        }
    }

    /// With the times of the runs, if they were taken.
    pub fn timed(mut self, timing: Option<&Timing>) -> Self {
        if let Some(timing) = timing {
            let by_unit = |ns: f64| ns / self.units as f64;
            self.median_ns = Some(by_unit(timing.median_ns()));
            self.samples_ns = timing.samples_ns().iter().map(|ns| by_unit(*ns)).collect();
        }
        self
    }

    /// As a loop to compare with.
    pub fn as_reference(mut self) -> Self {
        self.is_reference = true;
        self
    }

    /// Beside a reference, which may count other units: whole runs are compared.
    pub fn beside(mut self, reference: &Self) -> Self {
        self.reference = Some(reference.bench);
        self.ratio = self.run_ns().zip(reference.run_ns()).map(|(ours, theirs)| ours / theirs);
        self
    }

    /// With the size of what is encoded.
    pub fn with_bytes(mut self, bytes: u64, registrations: u64) -> Self {
        self.bytes = Some(bytes);
        self.bytes_per_registration = Some(bytes as f64 / registrations as f64);
        self.mb_per_s = self.run_ns().map(|ns| bytes as f64 * 1e3 / ns);
        self
    }

    fn run_ns(&self) -> Option<f64> {
        self.median_ns.map(|ns| ns * self.units as f64)
    }
}

/// The encoded sizes of many one-operation deltas of a kind.
#[derive(Debug, Serialize)]
pub struct DeltaSize {
    /// The operation.
    pub operation: &'static str,
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
    pub fn new(operation: &'static str, sizes: &[u64]) -> Self {
        let sum: u64 = sizes.iter().sum();
        Self {
            operation,
            count: sizes.len() as u64,
            bytes_min: sizes.iter().min().copied().unwrap_or(0),
            bytes_mean: sum as f64 / sizes.len().max(1) as f64,
            bytes_max: sizes.iter().max().copied().unwrap_or(0),
        }
    }
}

/// The table. Without times it is the same text on every machine.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_timed = self.rows.iter().any(|row| row.median_ns.is_some());
        for of_one in self.rows.chunk_by(|a, b| a.workload == b.workload) {
            let Some(first) = of_one.first() else { continue };
            let title = format!("{}, n = {}", first.workload, first.n);
            write!(f, "{title:<29}")?;
            if is_timed {
                write!(f, "{:>12}    {:<14}{:>9}{:>9}", "ns", "by", "ratio", "MB/s")?;
            }
            writeln!(f, "{:>11}{:>9}{:>9}  hash", "bytes", "B/reg", "count")?;
            of_one.iter().try_for_each(|row| write_row(f, row, is_timed))?;
            writeln!(f)?;
        }
        if is_timed {
            writeln!(
                f,
                "* a reference: a loop by hand that does the bare minimum; ratios are to the one above, in time a run"
            )?;
            writeln!(f)?;
        }
        if !self.deltas.is_empty() {
            writeln!(
                f,
                "{:<29}{:>9}{:>9}{:>9}{:>9}",
                "one-operation deltas, bytes", "min", "mean", "max", "count"
            )?;
        }
        for delta in &self.deltas {
            let DeltaSize { operation, count, bytes_min, bytes_mean, bytes_max } = delta;
            writeln!(f, "  {operation:<27}{bytes_min:>9}{bytes_mean:>9.1}{bytes_max:>9}{count:>9}")?;
        }
        Ok(())
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &Row, is_timed: bool) -> fmt::Result {
    let mark = if row.is_reference { '*' } else { ' ' };
    write!(f, "{mark} {:<27}", row.bench)?;
    if is_timed {
        let [ns, mb_per_s] = [row.median_ns, row.mb_per_s].map(|figure| shown(figure, 1));
        write!(f, "{ns:>12}    {:<14}{:>9}{mb_per_s:>9}", row.unit, shown(row.ratio, 2))?;
    }
    let bytes = row.bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
    writeln!(f, "{bytes:>11}{:>9}{:>9}  {}", shown(row.bytes_per_registration, 2), row.count, row.hash)
}

fn shown(figure: Option<f64>, decimals: usize) -> String {
    figure.map(|figure| format!("{figure:.decimals$}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bench: &'static str, median_ns: Option<f64>) -> Row {
        let digest = Digest { count: 7, hash: 0xabc };
        Row { median_ns, ..Row::new("W(10)", 10, bench, "registration", 10, digest) }
    }

    fn report(rows: Vec<Row>) -> Report {
        Report { format: 1, date: String::new(), machine: None, rows, deltas: vec![] }
    }

    #[test]
    fn whole_runs_are_compared_and_rates_are_of_encoded_bytes() {
        let reference = Row { units: 1, ..row("loop", Some(20.0)) }.as_reference();
        let row = row("encode", Some(4.0)).beside(&reference).with_bytes(80, 10);
        assert_eq!(
            (row.ratio, row.mb_per_s, row.bytes_per_registration),
            (Some(2.0), Some(2000.0), Some(8.0))
        );
        assert_eq!(row.reference, Some("loop"));
    }

    #[test]
    fn without_times_the_table_shows_none() {
        let shown = report(vec![row("merge", None)]).to_string();
        assert!(!shown.contains("ns") && !shown.contains("ratio"), "{shown}");
        assert!(shown.contains("merge") && shown.contains("0000000000000abc"));
        assert!(report(vec![row("merge", Some(2.5))]).to_string().contains("2.5    registration"));
    }
}
