//! Two reports side by side: two machines, or one before and after a change.

use std::fmt;

use crate::report::{DeltaSize, Memory, Report, Row};
use crate::table::shown;

/// Two reports, to be shown row by row with the second's figure divided by the first's.
pub struct Comparison<'a> {
    /// The report that is divided by.
    pub before: &'a Report,
    /// The report that is divided.
    pub after: &'a Report,
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after } = self;
        for (name, report) in [("A", before), ("B", after)] {
            let machine = report.machine.as_ref().map(ToString::to_string).unwrap_or_default();
            writeln!(f, "{name}: {}; {}; {machine}", report.date, report.build)?;
        }
        writeln!(f, "\nns by unit, B divided by A, and each one's ratio to its reference")?;
        write_heads(f, &["A", "B", "B/A", "A ratio", "B ratio"])?;
        write_pairs(f, &before.rows, &after.rows, name, pair_of_rows)?;
        writeln!(f, "\nencoded bytes by registration")?;
        write_heads(f, &["A", "B", "B/A"])?;
        let [before_sized, after_sized] = [before, after].map(|report| sized(report));
        write_pairs(
            f,
            &before_sized,
            &after_sized,
            |row| name(row),
            |a, b| figures([a, b].map(|row| row.bytes_per_registration), 2),
        )?;
        writeln!(f, "\nallocated bytes by registration, the state with the splits' index")?;
        write_heads(f, &["A", "B", "B/A"])?;
        write_pairs(f, &before.memory, &after.memory, |memory| memory.workload.clone(), pair_of_memory)?;
        writeln!(f, "\nbytes of a one-operation delta, the mean")?;
        write_heads(f, &["A", "B", "B/A"])?;
        write_pairs(f, &before.deltas, &after.deltas, |delta| delta.operation.clone(), pair_of_deltas)
    }
}

fn name(row: &Row) -> String {
    format!("{}  {}", row.workload, row.bench)
}

/// The rows that tell how many bytes a state is encoded in.
fn sized(report: &Report) -> Vec<&Row> {
    report.rows.iter().filter(|row| row.bench == "encode").collect()
}

fn pair_of_rows(a: &Row, b: &Row) -> String {
    let [a_ratio, b_ratio] = [a, b].map(|row| shown(row.ratio, 2));
    let note = if (a.count, &a.hash) == (b.count, &b.hash) { "" } else { "  another result" };
    format!("{}{a_ratio:>12}{b_ratio:>12}{note}", figures([a.median_ns, b.median_ns], 1))
}

fn pair_of_memory(a: &Memory, b: &Memory) -> String {
    figures([a, b].map(|memory| Some(memory.indexed_bytes_per_registration)), 1)
}

fn pair_of_deltas(a: &DeltaSize, b: &DeltaSize) -> String {
    figures([a, b].map(|delta| Some(delta.bytes_mean)), 1)
}

/// Two figures and what the second is, divided by the first.
fn figures([a, b]: [Option<f64>; 2], decimals: usize) -> String {
    let quotient = a.zip(b).map(|(a, b)| b / a);
    format!("{:>12}{:>12}{:>12}", shown(a, decimals), shown(b, decimals), shown(quotient, 2))
}

fn write_heads(f: &mut fmt::Formatter<'_>, heads: &[&str]) -> fmt::Result {
    write!(f, "{:<62}", "")?;
    heads.iter().try_for_each(|head| write!(f, "{head:>12}"))?;
    writeln!(f)
}

/// Writes what both have of one name, and names what only one has.
fn write_pairs<T>(
    f: &mut fmt::Formatter<'_>,
    before: &[T],
    after: &[T],
    name: impl Fn(&T) -> String,
    pair: impl Fn(&T, &T) -> String,
) -> fmt::Result {
    for a in before {
        match after.iter().find(|b| name(b) == name(a)) {
            Some(b) => writeln!(f, "{}", format!("  {:<60}{}", name(a), pair(a, b)).trim_end())?,
            None => writeln!(f, "  {:<60}  only in A", name(a))?,
        }
    }
    for b in after.iter().filter(|b| before.iter().all(|a| name(a) != name(b))) {
        writeln!(f, "  {:<60}  only in B", name(b))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Digest;
    use crate::report::{Build, FORMAT};

    fn report(rows: Vec<Row>) -> Report {
        let (date, build) = ("2026-11-01T00:00:00Z".into(), Build::this());
        let deltas = vec![DeltaSize::new("register", &[30, 40])];
        Report { format: FORMAT, date, build, machine: None, rows, memory: vec![], deltas }
    }

    fn row(bench: &str, median_ns: f64, hash: u64) -> Row {
        let row = Row::new("W(10)", 10, bench, "registration", 10, Digest { count: 7, hash });
        Row { median_ns: Some(median_ns), ..row }
    }

    #[test]
    fn rows_of_one_name_are_divided_and_the_others_named() {
        let before = report(vec![row("merge", 4.0, 1), row("old", 1.0, 1), row("codec", 1.0, 1)]);
        let after = report(vec![row("codec", 1.0, 2), row("merge", 2.0, 1), row("new", 1.0, 1)]);
        let text = Comparison { before: &before, after: &after }.to_string();
        let line = |name: &str| {
            let line = text.lines().find(|line| line.contains(&format!("W(10)  {name} "))).unwrap();
            line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("merge"), "4.0 2.0 0.50");
        assert_eq!(line("codec"), "1.0 1.0 1.00 another result");
        assert_eq!(line("old"), "only in A");
        assert_eq!(line("new"), "only in B");
        assert!(text.contains("35.0"), "{text}");
    }
}
