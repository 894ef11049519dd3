//! The page's subjects: for each a text, plots and tables.

use super::figures::{bytes, digits, mb_per_s, ratio, short, time, whole};
use super::{Inputs, markdown_table, quoted, web};
use crate::plot::bars::{Bar, BarPlot};
use crate::plot::dots::{DotPlot, DotRow};
use crate::plot::lines::{LinePlot, Series};
use crate::plot::svg::{Colour, Stroke};
use crate::report::{Kind, Row};
use crate::workload::Workload;

/// A part of the page.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) text: String,
    pub(super) plots: Vec<Plot>,
    pub(super) tables: Vec<String>,
}

/// A picture in a file of its own.
pub(super) struct Plot {
    pub(super) title: &'static str,
    pub(super) file: &'static str,
    pub(super) svg: String,
}

/// Benches that are shown together, with what they are compared with.
struct Group {
    title: &'static str,
    file: &'static str,
    y_name: &'static str,
    /// The map's benches.
    benches: &'static [&'static str],
    /// The loops by hand.
    references: &'static [&'static str],
}

const MERGES: Group = Group {
    title: "Merging a whole state",
    file: "merge.svg",
    y_name: "time by registration",
    benches: &["merge A: disjoint", "merge B: mostly equal", "merge B10: 10 differ"],
    references: &["two-pointer merge A", "two-pointer merge B", "memcpy of 40 bytes each"],
};

const CHANGES: Group = Group {
    title: "One change",
    file: "changes.svg",
    y_name: "time by change",
    benches: &["merge C: 1,000 deltas", "look-up: after one change", "splits: after one change"],
    references: &[],
};

const SPLITS: Group = Group {
    title: "All splits from scratch",
    file: "splits.svg",
    y_name: "time by registration",
    benches: &["splits: from scratch", "splits: visited, flat output"],
    references: &["sort and sweep"],
};

const LOOK_UPS: Group = Group {
    title: "The owners of a random key",
    file: "look-up.svg",
    y_name: "time by key",
    benches: &["look-up: random key"],
    references: &["search in the sweep", "buckets over the sweep"],
};

const CODEC: Group = Group {
    title: "Encoding and decoding",
    file: "codec.svg",
    y_name: "time by registration",
    benches: &["encode", "decode"],
    references: &[],
};

/// All of the sections that there are figures for.
pub(super) fn all(inputs: &Inputs) -> Vec<Section> {
    let timed = [
        (&MERGES, "One replica merges the other's whole state, which was encoded and decoded before."),
        (
            &CHANGES,
            "A delta of one operation is merged; or a registration changes, and a key or all splits are asked for.",
        ),
        (
            &SPLITS,
            "The first splits of a replica that was never asked for them. The sweep does not order owners, nor coalesce.",
        ),
        (&LOOK_UPS, "All owners in their order. What it is compared with finds them unordered."),
        (&CODEC, "The whole state."),
    ];
    let mut sections: Vec<Section> =
        timed.iter().filter_map(|(group, text)| of_group(inputs, group, text)).collect();
    sections.extend(sizes(inputs));
    sections.extend(instructions(inputs));
    sections.extend(inputs.web.as_ref().map(web::section));
    sections
}

fn of_group(inputs: &Inputs, group: &Group, text: &str) -> Option<Section> {
    let names = [group.benches, group.references].concat();
    let is_peer = |row: &&Row| {
        row.kind == Kind::Peer && row.reference.as_deref().is_some_and(|bench| group.benches.contains(&bench))
    };
    let mut peers: Vec<&str> =
        inputs.native.rows.iter().filter(is_peer).map(|row| row.bench.as_str()).collect();
    peers.sort_unstable();
    peers.dedup();
    let table = times(inputs, &names.iter().copied().chain(peers.iter().copied()).collect::<Vec<_>>())?;

    let own = group.benches.iter().zip(Colour::OWN).map(|(bench, colour)| (*bench, Stroke::Strong, colour));
    let references = group.references.iter().map(|bench| (*bench, Stroke::Dashed, Colour::Grey));
    let peers = peers.iter().zip([Colour::Purple, Colour::Pink].into_iter().cycle());
    let peers = peers.map(|(bench, colour)| (*bench, Stroke::Thin, colour));
    let series = own.chain(references).chain(peers).map(|(bench, stroke, colour)| {
        let points = random_rows(inputs, bench).filter_map(|row| Some([row.n as f64, row.median_ns?]));
        Series { name: bench.into(), stroke, colour, points: points.collect() }
    });
    let svg = LinePlot {
        title: group.title,
        y_name: group.y_name,
        y_text: time,
        x_name: "registrations, n (both axes are logarithmic)",
        x_text: whole,
        series: series.filter(|series| !series.points.is_empty()).collect(),
    }
    .draw();
    let plots = vec![Plot { title: group.title, file: group.file, svg }];
    Some(Section { title: group.title, text: text.into(), plots, tables: vec![table] })
}

/// The rows of a bench on W(n), by n.
fn random_rows<'a>(inputs: &'a Inputs, bench: &'a str) -> impl Iterator<Item = &'a Row> {
    let is_random = |row: &&Row| row.workload == Workload::name_of(row.n as usize);
    inputs.native.rows.iter().filter(move |row| row.bench == bench).filter(is_random)
}

/// A row for each bench, a column for each workload; nothing if none was timed.
fn times(inputs: &Inputs, benches: &[&str]) -> Option<String> {
    let rows = &inputs.native.rows;
    let timed = |row: &&Row| row.median_ns.is_some() && benches.contains(&row.bench.as_str());
    let mut workloads: Vec<(&str, u64)> = Vec::new();
    for row in rows.iter().filter(timed) {
        if !workloads.contains(&(&row.workload, row.n)) {
            workloads.push((&row.workload, row.n));
        }
    }
    let named = |(name, n): &(&str, u64)| match *name == Workload::name_of(*n as usize) {
        true => format!("W({})", whole(*n as f64)),
        false => format!("{name}, {}", whole(*n as f64)),
    };
    let heads: Vec<String> =
        ["bench".into(), "by".into()].into_iter().chain(workloads.iter().map(named)).collect();
    let lines = benches.iter().filter_map(|bench| {
        let first = rows.iter().find(|row| row.bench == *bench && row.median_ns.is_some())?;
        let cell = |(workload, _): &(&str, u64)| {
            rows.iter()
                .find(|row| row.bench == *bench && row.workload == *workload)
                .map_or_else(String::new, timing)
        };
        let name = if first.kind == Kind::Map { format!("**{bench}**") } else { (*bench).into() };
        Some([name, first.unit.clone()].into_iter().chain(workloads.iter().map(cell)).collect())
    });
    let lines: Vec<Vec<String>> = lines.collect();
    (!lines.is_empty()).then(|| markdown_table(2, &heads, &lines))
}

/// A time, with how it compares, and how fast bytes went through.
fn timing(row: &Row) -> String {
    let against = if row.kind == Kind::Peer { "\u{a0}ours" } else { "" };
    let compared = row.ratio.map(|times| format!("{}{against}", ratio(times)));
    let rate = row.mb_per_s.map(mb_per_s);
    let compared = compared.into_iter().chain(rate).collect::<Vec<_>>().join(", ");
    match (row.median_ns, compared.is_empty()) {
        (None, _) => String::new(),
        (Some(ns), true) => time(ns),
        (Some(ns), false) => format!("{} ({compared})", time(ns)),
    }
}

/// Memory and encoded bytes.
fn sizes(inputs: &Inputs) -> Option<Section> {
    let mut plots = Vec::new();
    let mut tables = Vec::new();
    if !inputs.native.memory.is_empty() {
        plots.push(memory_plot(inputs));
        tables.push(memory_table(inputs));
    }
    let encoded: Vec<&Row> = inputs.native.rows.iter().filter(|row| row.bench == "encode").collect();
    if !encoded.is_empty() {
        plots.push(encoded_plot(inputs, &encoded));
    }
    if !inputs.native.deltas.is_empty() {
        let heads = ["a delta of one operation", "least", "mean", "most"].map(str::to_owned);
        let line = |delta: &crate::report::DeltaSize| {
            let [least, mean, most] = [delta.bytes_min as f64, delta.bytes_mean, delta.bytes_max as f64];
            vec![delta.operation.clone(), bytes(least), bytes(mean), bytes(most)]
        };
        tables.push(markdown_table(1, &heads, &inputs.native.deltas.iter().map(line).collect::<Vec<_>>()));
    }
    let text = "Memory is what a replica has allocated that wrote one half, merged the other, and was asked for splits. Grey bars \
                are other systems: their memory was measured once in November 2026, not in this run, and holds no splits.";
    (!plots.is_empty()).then(|| Section { title: "Bytes", text: text.into(), plots, tables })
}

fn memory_plot(inputs: &Inputs) -> Plot {
    let own = inputs.native.memory.iter().map(|memory| {
        let index = memory.indexed_bytes_per_registration - memory.state_bytes_per_registration;
        let parts =
            vec![(memory.state_bytes_per_registration, Colour::Blue), (index.max(0.0), Colour::Green)];
        Bar { name: format!("W({})", whole(memory.n as f64)), parts }
    });
    let title = "Memory by registration";
    let svg = BarPlot {
        title,
        name: "bytes",
        limit: (100.0, "target: 100"),
        legend: vec![
            ("state", Colour::Blue),
            ("index of the splits", Colour::Green),
            ("others, quoted", Colour::Grey),
        ],
        bars: own.chain(quoted::MEMORY.map(|(name, figure)| bar_of_other(name, figure))).collect(),
    }
    .draw();
    Plot { title, file: "memory.svg", svg }
}

fn encoded_plot(inputs: &Inputs, rows: &[&Row]) -> Plot {
    let own = rows.iter().filter_map(|row| {
        let is_random = row.workload == Workload::name_of(row.n as usize);
        let name = if is_random { format!("W({})", whole(row.n as f64)) } else { row.workload.clone() };
        Some(Bar { name, parts: vec![(row.bytes_per_registration?, Colour::Blue)] })
    });
    let others = web::encoded_by_others(inputs.web.as_ref());
    let others = others.iter().map(|(name, figure)| bar_of_other(name, *figure));
    let title = "Encoded state by registration";
    let svg = BarPlot {
        title,
        name: "bytes",
        limit: (11.0, "target: 11"),
        legend: vec![("this map", Colour::Blue), ("others", Colour::Grey)],
        bars: own.chain(others).collect(),
    }
    .draw();
    Plot { title, file: "encoded.svg", svg }
}

fn bar_of_other(name: &str, figure: f64) -> Bar {
    Bar { name: name.into(), parts: vec![(figure, Colour::Grey)] }
}

fn memory_table(inputs: &Inputs) -> String {
    let heads =
        ["memory", "state, by registration", "with the index", "most allocated", "most of the process"];
    let heads = heads.map(str::to_owned);
    let native = inputs.native.memory.iter().map(|memory| (memory, inputs.native.build.target.as_str()));
    let emulated = inputs.counts.runs.iter();
    let emulated =
        emulated.flat_map(|run| run.memory.iter().map(|memory| (memory, run.build.target.as_str())));
    let lines = native.chain(emulated).map(|(memory, target)| {
        vec![
            format!("W({}), {target}", whole(memory.n as f64)),
            bytes(memory.state_bytes_per_registration),
            bytes(memory.indexed_bytes_per_registration),
            bytes(memory.peak_bytes as f64),
            memory.process_peak_bytes.map_or_else(String::new, |peak| bytes(peak as f64)),
        ]
    });
    markdown_table(1, &heads, &lines.collect::<Vec<_>>())
}

/// Instructions on each architecture, on the largest workload that all have.
fn instructions(inputs: &Inputs) -> Option<Section> {
    let counts = &inputs.counts;
    let largest = counts.runs.first()?.benches.last()?;
    let shown: Vec<_> =
        counts.runs[0].benches.iter().filter(|bench| bench.workload == largest.workload).collect();
    let colours = [Colour::Grey, Colour::Blue, Colour::Orange].into_iter().cycle();
    let columns = counts.runs.iter().map(|run| run.architecture.clone()).zip(colours).collect();
    let rows = shown.iter().map(|bench| DotRow {
        name: bench.bench.clone(),
        is_reference: bench.kind == Kind::Reference,
        figures: counts.by_unit(&bench.workload, &bench.bench).collect(),
    });
    let title = "Instructions by unit";
    let svg = DotPlot {
        title,
        name: "instructions (the axis is logarithmic)",
        text: short,
        columns,
        rows: rows.collect(),
    }
    .draw();

    let architectures = counts.runs.iter().map(|run| run.architecture.clone());
    let heads: Vec<String> = ["bench".into(), "by".into()].into_iter().chain(architectures).collect();
    let lines = shown.iter().map(|bench| {
        let name = if bench.kind == Kind::Map { format!("**{}**", bench.bench) } else { bench.bench.clone() };
        let figures = counts.by_unit(&bench.workload, &bench.bench);
        let figures = figures.map(|figure| figure.map_or_else(String::new, digits));
        [name, bench.unit.clone()].into_iter().chain(figures).collect()
    });
    let table = markdown_table(2, &heads, &lines.collect::<Vec<_>>());
    let text = format!(
        "How many instructions commit {} executes on W({}), counted under qemu. They leave out what memory costs and are no \
         times; an emulator's times would say nothing.",
        counts.runs[0].build.commit,
        whole(largest.n as f64)
    );
    let plots = vec![Plot { title, file: "instructions.svg", svg }];
    Some(Section { title: "Instructions on ARM and x86_64", text, plots, tables: vec![table] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::tests::inputs;

    #[test]
    fn a_table_has_what_was_timed_with_its_ratio() {
        let table = times(&inputs(), &["merge A: disjoint", "two-pointer merge A", "absent"]).unwrap();
        let table = table.replace('\u{a0}', " ");
        assert_eq!(
            table.lines().skip(2).collect::<Vec<_>>(),
            [
                "| **merge A: disjoint** | registration | 30 ns (3 ×) |",
                "| two-pointer merge A | registration | 10 ns |"
            ]
        );
        assert!(times(&inputs(), &["absent"]).is_none());
    }

    #[test]
    fn peers_stand_beside_the_bench_that_they_are_compared_with() {
        let sections = all(&inputs());
        let titles: Vec<&str> = sections.iter().map(|section| section.title).collect();
        assert_eq!(titles, ["Merging a whole state"]);
        assert!(sections[0].plots[0].svg.contains("crdts: merge A"));
    }
}
