//! Reports as tables for people. Without times it is the same text on every machine.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

use crate::report::{Build, Kind, Machine, Report, Row};

/// A table, in which all but the first columns are figures.
fn table(heads: impl IntoIterator<Item = impl Into<String>>, lines: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    let heads = heads.into_iter().map(Into::into);
    table.load_preset(presets::NOTHING).set_header(heads.collect::<Vec<String>>()).add_rows(lines);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

/// A figure with so many decimals, or nothing if there is none.
fn shown(figure: Option<f64>, decimals: usize) -> String {
    figure.map(|figure| format!("{figure:.decimals$}")).unwrap_or_default()
}

/// A ratio compares a whole run with that of the reference, for a peer with that of the map.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rows in self.rows.chunk_by(|one, next| one.workload == next.workload) {
            let heads = [&rows[0].workload, "by", "ns", "ratio", "instructions", "bytes", "count", "hash"];
            let line = |row: &Row| {
                let mark = match row.kind {
                    Kind::Map => ' ',
                    Kind::Reference => '*',
                    Kind::Peer => '+',
                };
                vec![
                    format!("{mark} {}", row.bench),
                    row.unit.clone(),
                    shown(row.median_ns, 1),
                    shown(self.ratio(row), 2),
                    shown(row.instructions, 1),
                    row.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
                    row.count.to_string(),
                    row.hash.clone(),
                ]
            };
            writeln!(f, "{}\n", table(heads, rows.iter().map(line).collect()).trim_fmt())?;
        }
        if !self.memory.is_empty() {
            let heads = ["memory", "state B/reg", "indexed B/reg", "peak kB", "process kB", "splits", "hash"];
            let lines = self.memory.iter().map(|it| {
                let by_registration = |bytes: u64| shown(Some(bytes as f64 / it.n as f64), 1);
                vec![
                    it.workload.clone(),
                    by_registration(it.state_bytes),
                    by_registration(it.indexed_bytes),
                    (it.peak_bytes / 1000).to_string(),
                    it.process_peak_bytes.map(|bytes| (bytes / 1000).to_string()).unwrap_or_default(),
                    it.count.to_string(),
                    it.hash.clone(),
                ]
            });
            writeln!(f, "{}\n", table(heads, lines.collect()).trim_fmt())?;
        }
        let heads = ["one-operation deltas, bytes", "min", "mean", "max", "count"];
        let lines = self.deltas.iter().map(|it| {
            let [min, max, count] = [it.bytes_min, it.bytes_max, it.count].map(|figure| figure.to_string());
            vec![it.operation.clone(), min, shown(Some(it.bytes_mean), 1), max, count]
        });
        write!(f, "{}", table(heads, lines.collect()).trim_fmt())
    }
}

/// The figures of several reports side by side, and the last divided by the first: machines, or before and after a change. Times,
/// or where there are none, instructions. A row that not all have, or of which the results differ, says so.
pub fn side_by_side(reports: &[Report]) -> String {
    let mut text = String::new();
    let columns: Vec<String> = ('A'..).take(reports.len()).map(String::from).collect();
    for (column, Report { date, build, machine, .. }) in columns.iter().zip(reports) {
        let machine = machine.as_ref().map(ToString::to_string).unwrap_or_default();
        text += &format!("{column}: {date}; {build}; {machine}\n");
    }
    let mut names: Vec<(&str, &str, &str)> = Vec::new();
    for row in reports.iter().flat_map(|report| &report.rows) {
        let name = (row.workload.as_str(), row.bench.as_str(), row.unit.as_str());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let lines = names.iter().map(|(workload, bench, unit)| {
        let rows: Vec<Option<&Row>> = reports.iter().map(|report| report.row(workload, bench)).collect();
        let figures: Vec<Option<f64>> =
            rows.iter().map(|row| row.and_then(|row| row.median_ns.or(row.instructions))).collect();
        let quotient = figures.first().copied().flatten().zip(figures.last().copied().flatten());
        let known: Vec<&&Row> = rows.iter().flatten().collect();
        let note = match known.windows(2).all(|pair| pair[0].hash == pair[1].hash) {
            false => "another result",
            true if known.len() < rows.len() => "not in all",
            true => "",
        };
        let mut line = vec![format!("{workload}  {bench}"), (*unit).into()];
        line.extend(figures.into_iter().map(|figure| shown(figure, 1)));
        line.extend([shown(quotient.map(|(first, last)| last / first), 2), note.into()]);
        line
    });
    let (first, last) = (&columns[0], &columns[columns.len() - 1]);
    let heads = ["ns or instructions", "by"].map(String::from).into_iter().chain(columns.iter().cloned());
    let heads = heads.chain([format!("{last}/{first}"), String::new()]);
    text + "\n" + &table(heads, lines.collect()).trim_fmt() + "\n"
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, kernel, cpu, cpus } = self;
        let separator = if model.is_empty() { "" } else { ", " };
        write!(f, "{model}{separator}{cpus} × {cpu}; {kernel}")
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, commit, rustc, target, .. } = self;
        write!(f, "crdt-range-map {version} {commit}; {target}, {rustc}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{report, row};

    fn line(text: &str, name: &str) -> String {
        let line = text.lines().find(|line| line.contains(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_row_shows_its_time_and_result() {
        let text = report(vec![row("W(10)", "merge", 2.5)]).to_string();
        assert_eq!(line(&text, "merge"), "merge registration 2.5 7 0000000000000abc");
        assert_eq!(line(&text, "register "), "register 30 35.0 40 2");
    }

    #[test]
    fn rows_of_one_name_are_divided_and_the_others_named() {
        let rows = |names: &[(&str, f64)]| names.iter().map(|(name, ns)| row("W(10)", name, *ns)).collect();
        let before = report(rows(&[("merge", 4.0), ("old", 1.0), ("codec", 1.0)]));
        let mut after = report(rows(&[("codec", 1.0), ("merge", 2.0), ("new", 1.0)]));
        after.rows[0].hash = "another".into();
        let text = side_by_side(&[before, after]);
        assert_eq!(line(&text, "W(10)  merge"), "W(10) merge registration 4.0 2.0 0.50");
        assert_eq!(line(&text, "W(10)  codec"), "W(10) codec registration 1.0 1.0 1.00 another result");
        assert_eq!(line(&text, "W(10)  old"), "W(10) old registration 1.0 not in all");
        assert_eq!(line(&text, "W(10)  new"), "W(10) new registration 1.0 not in all");
    }
}
