//! What was to be reached, and whether it was: a row for each target, all from the same run.

use super::figures::{bytes, mb_per_s, ratio, time, whole};
use super::{Inputs, markdown_table, quoted, web};
use crate::report::{Kind, Row};

/// One target.
struct Target {
    /// What is measured, and on what.
    what: &'static str,
    /// What was to be reached.
    target: &'static str,
    /// What was reached; nothing if it was not measured.
    reach: fn(&Inputs) -> Option<Reached>,
    /// What a reader should know, above all if it was not met.
    note: &'static str,
}

/// What was reached.
struct Reached {
    measured: String,
    reference: String,
    ratio: Option<f64>,
    is_met: bool,
}

const TARGETS: &[Target] = &[
    Target {
        what: "merge A: disjoint halves, W(100,000)",
        target: "at most 4 × the two-pointer merge",
        reach: |inputs| by_ratio(inputs, 100_000, "merge A: disjoint", 4.0),
        note: "the reference writes into memory that it uses again, and knows neither causality nor names; in the caches, W(10,000), the map takes half as long",
    },
    Target {
        what: "merge B: 1 % differs, W(100,000)",
        target: "at most 2 × the two-pointer merge",
        reach: |inputs| by_ratio(inputs, 100_000, "merge B: mostly equal", 2.0),
        note: "2 % of all rows differ, spread over nearly three of four leaves; those rows take most of the time: two records to be joined, resets to be remembered",
    },
    Target {
        what: "merge B10: 10 registrations differ, W(100,000)",
        target: "at most 0.1 × the two-pointer merge",
        reach: |inputs| by_ratio(inputs, 100_000, "merge B10: 10 differ", 0.1),
        note: "every leaf's fingerprint is compared; what takes the time is that most are not in the caches: merged again at once, the same takes about a sixth",
    },
    Target {
        what: "merge C: a one-operation delta, W(100,000)",
        target: "at most 0.5 µs",
        reach: |inputs| by_time(inputs, 100_000, "merge C: 1,000 deltas", 500.0),
        note: "some two dozen cache lines, most of them not in the caches where the map is larger than they are",
    },
    Target {
        what: "merge C, from W(1,000) to W(1,000,000)",
        target: "at most 2 × as slow",
        reach: merge_c_growth,
        note: "the same: the map of W(1,000) lies in the caches, that of W(1,000,000) in memory",
    },
    Target {
        what: "splits from scratch, W(100,000)",
        target: "at most 1.5 × sort and sweep",
        reach: |inputs| by_ratio(inputs, 100_000, FLAT_SPLITS, 1.5),
        note: "coalesced, owners in order, written out flat as the reference does, which does neither",
    },
    Target {
        what: "the same beside Boost ICL",
        target: "15 × faster",
        reach: boost,
        note: "Boost's figure is quoted: it is not part of the run",
    },
    Target {
        what: "splits current again after one change, W(1,000,000)",
        target: "at most 5 µs",
        reach: after_change,
        note: "the increase itself and a look-up in the range that it touched included; `splits()`, which writes out all of them, takes O(n)",
    },
    Target {
        what: "look-up of a random key, W(100,000)",
        target: "at most 60 ns",
        reach: |inputs| by_time(inputs, 100_000, "look-up: random key", 60.0),
        note: "all owners in order; what it is compared with finds them unordered; three short searches, and the block's keys and owners from outside the second cache",
    },
    Target {
        what: "look-up of a random key, W(1,000,000)",
        target: "at most 150 ns",
        reach: |inputs| by_time(inputs, 1_000_000, "look-up: random key", 150.0),
        note: "the same, from memory",
    },
    Target {
        what: "memory of state and splits' index, W(1,000,000)",
        target: "at most 100 bytes a registration",
        reach: memory,
        note: "what is quoted holds no splits",
    },
    Target {
        what: "a process with W(1,000,000), built and queried",
        target: "at most 128 MB",
        reach: process_memory,
        note: "resident, as the kernel counts it (VmHWM)",
    },
    Target {
        what: "the same on 32-bit ARM",
        target: "at most 128 MB",
        reach: arm_memory,
        note: "the most that was allocated at once, under qemu: the process itself would be the emulator's",
    },
    Target {
        what: "encoded full state, W(10,000)",
        target: "at most 11 bytes a registration",
        reach: encoded,
        note: "the entropy is about 7, or 9 with the births",
    },
    Target {
        what: "encode, W(100,000)",
        target: "at least 200 MB/s",
        reach: |inputs| rate(inputs, "encode"),
        note: "of encoded bytes",
    },
    Target {
        what: "decode, W(100,000)",
        target: "at least 200 MB/s",
        reach: |inputs| rate(inputs, "decode"),
        note: "of encoded bytes",
    },
    Target {
        what: "a one-operation delta, names of 10 bytes, ids of 8",
        target: "at most 38 B, self-contained",
        reach: deltas,
        note: "the longest of each kind; an increase of another's registration carries the records of both",
    },
    Target {
        what: "wasm beside native, the same workloads",
        target: "at most 1.6 ×",
        reach: wasm,
        note: "calls of the npm package, with what it costs to cross over to JavaScript",
    },
    Target {
        what: "what a browser downloads, wasm and glue, brotli 11",
        target: "at most 40 kB",
        reach: download,
        note: "the sums of what each part takes: codec, store, splits, sync and face are each larger than they can be for 40 kB; optimising for size alone would save 5 kB and make the map slower by half",
    },
];

/// The bench of all splits, written out as the sweep does.
const FLAT_SPLITS: &str = "splits: visited, flat output";

/// The table in Markdown.
pub(super) fn table(inputs: &Inputs) -> String {
    let heads = ["what", "target", "measured", "reference", "ratio", "met", "note"].map(str::to_owned);
    let rows: Vec<Vec<String>> = TARGETS.iter().map(|target| cells(target, (target.reach)(inputs))).collect();
    let reached = rows.iter().filter(|cells| cells[5] == "yes").count();
    let missed = rows.iter().filter(|cells| cells[5] == "**no**").count();
    let absent = rows.len() - reached - missed;
    format!(
        "\n## Targets\n\nMet: {reached}. Not met: {missed}. Not measured: {absent}.\n\n{}",
        markdown_table(7, &heads, &rows)
    )
}

fn cells(target: &Target, reached: Option<Reached>) -> Vec<String> {
    let Target { what, target, note, .. } = target;
    let [measured, reference, ratio, met] = match reached {
        Some(Reached { measured, reference, ratio: times, is_met }) => {
            let met = if is_met { "yes" } else { "**no**" };
            [measured, reference, times.map_or_else(String::new, ratio), met.into()]
        }
        None => ["not measured", "", "", ""].map(str::to_owned),
    };
    // No unit is to be torn off at the end of a line.
    let target = ["×", "µs", "ns", "kB", "MB", "B,"]
        .iter()
        .fold((*target).to_owned(), |text, unit| text.replace(&format!(" {unit}"), &format!("\u{a0}{unit}")));
    vec![(*what).into(), target, measured, reference, ratio, met, (*note).into()]
}

/// The time by unit is to be at most so many times that of the row's own reference.
fn by_ratio(inputs: &Inputs, n: u64, bench: &str, at_most: f64) -> Option<Reached> {
    let row = inputs.row(n, bench)?;
    let measured = row.ratio?;
    Some(Reached {
        measured: time(row.median_ns?),
        reference: references(inputs, row),
        ratio: Some(measured),
        is_met: measured <= at_most,
    })
}

/// The time by unit is to be at most so many nanoseconds.
fn by_time(inputs: &Inputs, n: u64, bench: &str, at_most_ns: f64) -> Option<Reached> {
    let row = inputs.row(n, bench)?;
    let measured = row.median_ns?;
    Some(Reached {
        measured: time(measured),
        reference: references(inputs, row),
        ratio: row.ratio,
        is_met: measured <= at_most_ns,
    })
}

/// The times of what a row is compared with, and of the peers that are compared with it.
fn references(inputs: &Inputs, row: &Row) -> String {
    let same = |other: &&Row| other.workload == row.workload;
    let compared = inputs.native.rows.iter().filter(same).filter(|other| {
        row.reference.as_deref() == Some(other.bench.as_str())
            || (other.kind == Kind::Peer && other.reference.as_deref() == Some(row.bench.as_str()))
    });
    compared
        .filter_map(|other| Some(format!("{}: {}", other.bench, time(other.median_ns?))))
        .collect::<Vec<_>>()
        .join("<br>")
}

fn merge_c_growth(inputs: &Inputs) -> Option<Reached> {
    let [small, large] = [1000, 1_000_000].map(|n| inputs.row(n, "merge C: 1,000 deltas"));
    let (small, large) = (small?.median_ns?, large?.median_ns?);
    let growth = large / small;
    let (measured, reference) = (time(large), format!("W(1,000): {}", time(small)));
    Some(Reached { measured, reference, ratio: Some(growth), is_met: growth <= 2.0 })
}

fn boost(inputs: &Inputs) -> Option<Reached> {
    let measured = inputs.row(100_000, FLAT_SPLITS)?.median_ns?;
    let times = measured / quoted::BOOST_SPLITS_NS;
    Some(Reached {
        measured: time(measured),
        reference: format!("Boost ICL, quoted: {}", time(quoted::BOOST_SPLITS_NS)),
        ratio: Some(times),
        is_met: times <= 1.0 / 15.0,
    })
}

fn after_change(inputs: &Inputs) -> Option<Reached> {
    let measured = inputs.row(1_000_000, "look-up: after one change")?.median_ns?;
    let sweep = inputs.row(1_000_000, "sort and sweep")?.run_ns()?;
    let (text, reference) = (time(measured), format!("a full sweep: {}", time(sweep)));
    Some(Reached { measured: text, reference, ratio: None, is_met: measured <= 5e3 })
}

fn memory(inputs: &Inputs) -> Option<Reached> {
    let measured = inputs.memory(1_000_000)?.indexed_bytes_per_registration;
    let quoted = quoted::MEMORY.map(|(name, size)| format!("{name}, quoted: {}", bytes(size))).join("<br>");
    Some(Reached { measured: bytes(measured), reference: quoted, ratio: None, is_met: measured <= 100.0 })
}

/// What a small board has.
const BOARD_BYTES: u64 = 128_000_000;

fn of_board(measured: u64) -> Reached {
    let is_met = measured <= BOARD_BYTES;
    Reached { measured: bytes(measured as f64), reference: String::new(), ratio: None, is_met }
}

fn process_memory(inputs: &Inputs) -> Option<Reached> {
    inputs.memory(1_000_000)?.process_peak_bytes.map(of_board)
}

fn arm_memory(inputs: &Inputs) -> Option<Reached> {
    let run = inputs.counts.runs.iter().find(|run| run.architecture == "arm")?;
    run.memory.iter().find(|memory| memory.n == 1_000_000).map(|memory| of_board(memory.peak_bytes))
}

fn encoded(inputs: &Inputs) -> Option<Reached> {
    let measured = inputs.row(10_000, "encode")?.bytes_per_registration?;
    let others = web::encoded_by_others(inputs.web.as_ref());
    let least = others.iter().map(|(_, bytes)| *bytes).reduce(f64::min)?;
    let texts = others.iter().map(|(name, size)| format!("{name}: {}", bytes(*size)));
    Some(Reached {
        measured: bytes(measured),
        reference: texts.collect::<Vec<_>>().join("<br>"),
        ratio: Some(measured / least),
        is_met: measured <= 11.0,
    })
}

fn rate(inputs: &Inputs, bench: &str) -> Option<Reached> {
    let measured = inputs.row(100_000, bench)?.mb_per_s?;
    let text = mb_per_s(measured);
    Some(Reached { measured: text, reference: String::new(), ratio: None, is_met: measured >= 200.0 })
}

fn deltas(inputs: &Inputs) -> Option<Reached> {
    let deltas = &inputs.native.deltas;
    let longest = deltas.iter().map(|delta| delta.bytes_max).max()?;
    let each = deltas.iter().map(|delta| format!("{}: {}", delta.operation, bytes(delta.bytes_max as f64)));
    Some(Reached {
        measured: each.collect::<Vec<_>>().join("<br>"),
        reference: format!("yrs 0.28, a register, quoted: {}", bytes(quoted::YRS_REGISTER_BYTES)),
        ratio: Some(longest as f64 / quoted::YRS_REGISTER_BYTES),
        is_met: longest as f64 <= quoted::YRS_REGISTER_BYTES,
    })
}

fn wasm(inputs: &Inputs) -> Option<Reached> {
    let mut calls: Vec<_> = inputs.web.as_ref()?.calls().collect();
    calls.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    let (least, most) = (calls.first()?, calls.last()?);
    let within = calls.iter().filter(|call| call.ratio() <= 1.6).count();
    Some(Reached {
        measured: format!(
            "{} to {}; {within} of {} calls are within",
            ratio(least.ratio()),
            ratio(most.ratio()),
            calls.len()
        ),
        reference: format!("the most: {}, W({}), {}", most.bench, whole(most.n as f64), most.runtime),
        ratio: Some(most.ratio()),
        is_met: most.ratio() <= 1.6,
    })
}

fn download(inputs: &Inputs) -> Option<Reached> {
    let measured = inputs.download_bytes? as f64;
    Some(Reached {
        measured: bytes(measured),
        reference: format!("yjs, quoted: {}", bytes(quoted::YJS_DOWNLOAD_BYTES)),
        ratio: Some(measured / quoted::YJS_DOWNLOAD_BYTES),
        is_met: measured <= 40e3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::tests::inputs;
    use crate::report::DeltaSize;

    fn line(table: &str, what: &str) -> Vec<String> {
        let line = table.lines().find(|line| line.starts_with(&format!("| {what}"))).unwrap();
        line.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.replace('\u{a0}', " ").trim().to_owned())
            .collect()
    }

    #[test]
    fn a_target_is_met_missed_or_not_measured() {
        let table = table(&inputs());
        let merge = line(&table, "merge A");
        assert_eq!(
            merge[2..6],
            ["30 ns", "two-pointer merge A: 10 ns<br>crdts: merge A: 600 ns", "3 ×", "yes"]
        );
        assert_eq!(line(&table, "merge B:")[2..6], ["50 ns", "two-pointer merge B: 10 ns", "5 ×", "**no**"]);
        assert_eq!(line(&table, "merge B10")[2..6], ["not measured", "", "", ""]);
    }

    #[test]
    fn the_slowest_call_of_wasm_decides() {
        let mut inputs = inputs();
        assert_eq!(line(&table(&inputs), "wasm")[2], "not measured");
        inputs.web = Some(crate::page::web::tests::web());
        let cells = line(&table(&inputs), "wasm");
        assert_eq!(
            cells[2..6],
            [
                "1.5 × to 1.5 ×; 1 of 1 calls are within",
                "the most: encode, W(1,000), Node 20",
                "1.5 ×",
                "yes"
            ]
        );
    }

    #[test]
    fn the_longest_delta_decides() {
        let mut inputs = inputs();
        inputs.native.deltas =
            vec![DeltaSize::new("register", &[34, 36]), DeltaSize::new("increase", &[37, 39])];
        let cells = line(&table(&inputs), "a one-operation delta");
        assert_eq!((cells[2].as_str(), cells[5].as_str()), ("register: 36 B<br>increase: 39 B", "**no**"));
    }
}
