//! A report as a table for people. Without times it is the same text on every machine.

use std::fmt;

use crate::report::{DeltaSize, Kind, Memory, Report, Row};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_timed = self.rows.iter().any(|row| row.median_ns.is_some());
        for of_one in self.rows.chunk_by(|a, b| a.workload == b.workload) {
            write_rows(f, of_one, is_timed)?;
        }
        if is_timed {
            writeln!(
                f,
                "* a reference: a loop by hand that does the bare minimum; + a peer. A ratio compares a whole run with \
                 that of the\nreference above, for a peer with that of the map. Growth is the time of a unit, divided by \
                 that on W(n/10).\n"
            )?;
        }
        write_memory(f, &self.memory)?;
        write_deltas(f, &self.deltas)
    }
}

fn write_rows(f: &mut fmt::Formatter<'_>, rows: &[Row], is_timed: bool) -> fmt::Result {
    let Some(first) = rows.first() else { return Ok(()) };
    let title = format!("{}, n = {}", first.workload, first.n);
    write!(f, "{title:<38}")?;
    if is_timed {
        write!(f, "{:>12}    {:<13}{:>8}{:>8}{:>8}", "ns", "by", "ratio", "growth", "MB/s")?;
    }
    writeln!(f, "{:>10}{:>7}{:>9}  hash", "bytes", "B/reg", "count")?;
    rows.iter().try_for_each(|row| write_row(f, row, is_timed))?;
    writeln!(f)
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &Row, is_timed: bool) -> fmt::Result {
    let mark = match row.kind {
        Kind::Map => ' ',
        Kind::Reference => '*',
        Kind::Peer => '+',
    };
    write!(f, "{mark} {:<36}", row.bench)?;
    if is_timed {
        let [ns, mb_per_s] = [row.median_ns, row.mb_per_s].map(|figure| shown(figure, 1));
        let [ratio, growth] = [row.ratio, row.growth].map(|figure| shown(figure, 2));
        write!(f, "{ns:>12}    {:<13}{ratio:>8}{growth:>8}{mb_per_s:>8}", row.unit)?;
    }
    let bytes = row.bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
    writeln!(f, "{bytes:>10}{:>7}{:>9}  {}", shown(row.bytes_per_registration, 2), row.count, row.hash)
}

/// Of the machine's own figures the process's peak alone differs between runs; it is left out where it is unknown.
fn write_memory(f: &mut fmt::Formatter<'_>, memory: &[Memory]) -> fmt::Result {
    if memory.is_empty() {
        return Ok(());
    }
    let heads = ["state B/reg", "indexed B/reg", "peak kB", "process kB", "splits"];
    write!(f, "{:<22}", "memory")?;
    heads.iter().try_for_each(|head| write!(f, "{head:>15}"))?;
    writeln!(f, "  hash")?;
    for taken in memory {
        let process = taken.process_peak_bytes.map(|bytes| (bytes / 1000).to_string()).unwrap_or_default();
        writeln!(
            f,
            "  {:<20}{:>15.1}{:>15.1}{:>15}{process:>15}{:>15}  {}",
            taken.workload,
            taken.state_bytes_per_registration,
            taken.indexed_bytes_per_registration,
            taken.peak_bytes / 1000,
            taken.count,
            taken.hash,
        )?;
    }
    writeln!(f)
}

fn write_deltas(f: &mut fmt::Formatter<'_>, deltas: &[DeltaSize]) -> fmt::Result {
    if deltas.is_empty() {
        return Ok(());
    }
    let head = "one-operation deltas, bytes";
    writeln!(f, "{head:<38}{:>9}{:>9}{:>9}{:>9}", "min", "mean", "max", "count")?;
    for DeltaSize { operation, count, bytes_min, bytes_mean, bytes_max } in deltas {
        writeln!(f, "  {operation:<36}{bytes_min:>9}{bytes_mean:>9.1}{bytes_max:>9}{count:>9}")?;
    }
    Ok(())
}

/// A figure with so many decimals, or nothing if there is none.
pub(crate) fn shown(figure: Option<f64>, decimals: usize) -> String {
    figure.map(|figure| format!("{figure:.decimals$}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Digest;
    use crate::report::{Build, FORMAT};

    fn report(median_ns: Option<f64>) -> String {
        let row = Row::new("W(10)", 10, "merge", "registration", 10, Digest { count: 7, hash: 0xabc });
        let row = Row { median_ns, growth: median_ns, ..row };
        let (date, build) = (String::new(), Build::this());
        let (memory, deltas) = (vec![], vec![]);
        Report { format: FORMAT, date, build, machine: None, rows: vec![row], memory, deltas }.to_string()
    }

    #[test]
    fn without_times_the_table_shows_none() {
        let shown = report(None);
        assert!(!shown.contains("ns") && !shown.contains("ratio"), "{shown}");
        assert!(shown.contains("merge") && shown.contains("0000000000000abc"));
    }

    #[test]
    fn a_row_shows_its_time_and_growth() {
        let shown = report(Some(2.5));
        let row: Vec<&str> = shown.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row, ["merge", "2.5", "registration", "2.50", "7", "0000000000000abc"]);
    }
}
