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
                    shown(row.ratio, 2),
                    shown(row.instructions, 1),
                    row.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
                    row.count.to_string(),
                    row.hash.clone(),
                ]
            };
            writeln!(f, "{}\n", table(heads, rows.iter().map(line).collect()).trim_fmt())?;
        }
        if !self.memory.is_empty() {
            let heads = ["memory", "state B/reg", "indexed B/reg", "peak kB", "process kB"];
            let lines = self.memory.iter().map(|it| {
                let by_registration = |bytes: u64| shown(Some(bytes as f64 / it.n as f64), 1);
                vec![
                    it.workload.clone(),
                    by_registration(it.state_bytes),
                    by_registration(it.indexed_bytes),
                    (it.peak_bytes / 1000).to_string(),
                    it.process_peak_bytes.map(|bytes| (bytes / 1000).to_string()).unwrap_or_default(),
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

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, kernel, cpu, cpus } = self;
        let separator = if model.is_empty() { "" } else { ", " };
        write!(f, "{model}{separator}{cpus} × {cpu}; {kernel}")
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commit, rustc, target } = self;
        write!(f, "crdt-range-map {commit}; {target}, {rustc}")
    }
}

#[cfg(test)]
mod tests {
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
}
