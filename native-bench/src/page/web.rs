//! What the web bench wrote: the npm package in Node and in a browser, beside other packages and beside the same calls natively.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::figures::{bytes, ratio, time, whole};
use super::sections::Section;
use super::{markdown_table, quoted};

/// The version of the JSON's shape that this program reads.
const FORMAT: u32 = 1;

/// What the npm package is called in the file.
const OWN: &str = "crdt-range-map";

/// One run of the web bench; only what is shown here.
#[derive(Debug, Deserialize)]
pub struct Web {
    format: u32,
    /// When it ran.
    date: String,
    /// What was measured.
    commit: String,
    runtimes: Vec<Runtime>,
}

/// The same calls natively.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NativeRow {
    n: u64,
    bench: String,
    /// Of a whole run.
    median_ns: f64,
}

/// A JavaScript runtime.
#[derive(Debug, Deserialize)]
struct Runtime {
    name: String,
    rows: Vec<Row>,
    bytes: Vec<Sizes>,
    native: Vec<NativeRow>,
}

/// One bench of one system.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    n: u64,
    bench: String,
    system: String,
    unit: String,
    units: f64,
    /// By unit.
    median_ns: f64,
}

/// How many bytes things take in a system.
#[derive(Debug, Deserialize)]
struct Sizes {
    system: String,
    /// By registration.
    state: f64,
    increase: f64,
    register: f64,
    synchronise: f64,
}

/// How long the same call takes in a runtime and natively, a whole run.
pub(super) struct Call<'a> {
    pub(super) runtime: &'a str,
    pub(super) bench: &'a str,
    pub(super) n: u64,
    wasm_ns: f64,
    native_ns: f64,
}

impl Call<'_> {
    /// How many times as long as natively.
    pub(super) fn ratio(&self) -> f64 {
        self.wasm_ns / self.native_ns
    }
}

impl Web {
    /// Reads what an earlier run wrote; nothing if there is no such file.
    ///
    /// # Errors
    /// What is wrong with the file, in words that name it.
    pub fn read(path: &Path) -> Result<Option<Self>, String> {
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        let web = text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        match web {
            Ok(Self { format, .. }) if format != FORMAT => {
                Err(format!("{}: its format is {format}, this program reads {FORMAT}", path.display()))
            }
            Ok(web) => Ok(Some(web)),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Every call that was run natively too, runtime by runtime.
    pub(super) fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.runtimes.iter().flat_map(|runtime| {
            runtime.native.iter().filter_map(|NativeRow { n, bench, median_ns }| {
                let mut rows = runtime.rows.iter().filter(|row| row.system == OWN);
                let row = rows.find(|row| row.n == *n && row.bench == *bench)?;
                let wasm_ns = row.median_ns * row.units;
                Some(Call { runtime: &runtime.name, bench, n: *n, wasm_ns, native_ns: *median_ns })
            })
        })
    }

    /// The encoded state of the other packages: a name, and bytes a registration.
    fn encoded(&self) -> impl Iterator<Item = (&str, f64)> {
        let sizes = self.runtimes.first().into_iter().flat_map(|runtime| &runtime.bytes);
        sizes.filter(|sizes| sizes.system != OWN).map(|sizes| (sizes.system.as_str(), sizes.state))
    }
}

/// The tables of the web.
pub(super) fn section(web: &Web) -> Section {
    let text = format!(
        "The npm package of commit {} on {}, and others with an equal model. Some of them have the last writer win instead of \
         counting. Bytes are of W(10,000): the state by registration, deltas of one operation, and what goes over the wire until \
         two replicas are equal again after 10 changes on either side.",
        web.commit, web.date
    );
    let mut tables: Vec<String> = web.runtimes.iter().map(times).collect();
    tables.extend(web.runtimes.first().map(sizes));
    tables.push(beside_native(web));
    Section { title: "In JavaScript", text, plots: vec![], tables }
}

fn times(runtime: &Runtime) -> String {
    let systems = distinct(runtime.rows.iter().map(|row| row.system.as_str()));
    let benches = distinct(runtime.rows.iter().map(|row| (row.n, row.bench.as_str(), row.unit.as_str())));
    let heads = [runtime.name.as_str(), "by"].into_iter().chain(systems.iter().copied()).map(str::to_owned);
    let lines = benches.iter().map(|(n, bench, unit)| {
        let cell = |system: &&str| {
            let mut rows = runtime.rows.iter();
            let row =
                rows.find(|row| (row.n, row.bench.as_str(), row.system.as_str()) == (*n, *bench, *system));
            row.map_or_else(String::new, |row| time(row.median_ns))
        };
        let name = format!("{bench}, W({})", whole(*n as f64));
        [name, (*unit).into()].into_iter().chain(systems.iter().map(cell)).collect()
    });
    markdown_table(2, &heads.collect::<Vec<_>>(), &lines.collect::<Vec<_>>())
}

fn sizes(runtime: &Runtime) -> String {
    let heads = ["bytes", "state", "one increase", "one register", "until equal again"].map(str::to_owned);
    let line = |sizes: &Sizes| {
        let Sizes { system, state, increase, register, synchronise } = sizes;
        [system.clone()]
            .into_iter()
            .chain([state, increase, register, synchronise].map(|size| bytes(*size)))
            .collect()
    };
    markdown_table(1, &heads, &runtime.bytes.iter().map(line).collect::<Vec<_>>())
}

/// A row for each call, and for each runtime how it compares.
fn beside_native(web: &Web) -> String {
    let runtimes = web.runtimes.iter().map(|runtime| format!("{}, beside native", runtime.name));
    let heads: Vec<String> = ["the same calls, a whole run".into()].into_iter().chain(runtimes).collect();
    let calls: Vec<Call<'_>> = web.calls().collect();
    let lines = distinct(calls.iter().map(|call| (call.bench, call.n))).into_iter().map(|(bench, n)| {
        let cells = web.runtimes.iter().map(|runtime| {
            let mut same = calls.iter().filter(|call| (call.bench, call.n) == (bench, n));
            let call = same.find(|call| call.runtime == runtime.name);
            call.map_or_else(String::new, |call| {
                format!("{} / {} = {}", time(call.wasm_ns), time(call.native_ns), ratio(call.ratio()))
            })
        });
        [format!("{bench}, W({})", whole(n as f64))].into_iter().chain(cells).collect()
    });
    markdown_table(1, &heads, &lines.collect::<Vec<_>>())
}

/// What the encoded state of others takes: the name, and bytes a registration. Quoted where it was not measured.
pub(super) fn encoded_by_others(web: Option<&Web>) -> Vec<(String, f64)> {
    let measured = web.into_iter().flat_map(Web::encoded).map(|(name, bytes)| (name.to_owned(), bytes));
    let measured: Vec<(String, f64)> = measured.collect();
    if measured.is_empty() {
        return quoted::ENCODED.map(|(name, bytes)| (format!("{name}, quoted"), bytes)).into();
    }
    measured
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for item in items {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two benches in one runtime, beside another package.
    pub(in crate::page) fn web() -> Web {
        let json = r#"{
            "format": 1,
            "date": "2026-11-01T00:00:00Z",
            "commit": "abc",
            "runtimes": [{
                "name": "Node 20",
                "rows": [
                    { "n": 1000, "bench": "encode", "system": "crdt-range-map", "unit": "registration", "units": 1000, "medianNs": 75 },
                    { "n": 1000, "bench": "encode", "system": "yjs", "unit": "registration", "units": 1000, "medianNs": 900 }
                ],
                "bytes": [
                    { "system": "crdt-range-map", "state": 9.9, "increase": 38, "register": 36, "synchronise": 500 },
                    { "system": "yjs", "state": 32.2, "increase": 21, "register": 38, "synchronise": 400 }
                ],
                "native": [
                    { "n": 1000, "bench": "encode", "medianNs": 50000, "samplesNs": [50000] },
                    { "n": 1000, "bench": "only natively", "medianNs": 1 }
                ]
            }]
        }"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn whole_runs_are_divided_by_what_they_take_natively() {
        let web = web();
        let ratios: Vec<(&str, f64)> = web.calls().map(|call| (call.bench, call.ratio())).collect();
        assert_eq!(ratios, [("encode", 1.5)]);
        let table = beside_native(&web).replace('\u{a0}', " ");
        assert!(table.contains("| encode, W(1,000) | 75 µs / 50 µs = 1.5 × |"), "{table}");
    }

    #[test]
    fn each_system_has_a_column() {
        let section = section(&web());
        let [times, sizes] = [0, 1].map(|at| section.tables[at].replace('\u{a0}', " "));
        assert!(times.contains("| encode, W(1,000) | registration | 75 ns | 900 ns |"), "{times}");
        assert!(sizes.contains("| yjs | 32.2 B | 21 B | 38 B | 400 B |"), "{sizes}");
    }

    #[test]
    fn what_was_measured_replaces_what_is_quoted() {
        assert_eq!(encoded_by_others(Some(&web())), [("yjs".into(), 32.2)]);
        assert!(encoded_by_others(None).iter().all(|(name, _)| name.contains("quoted")));
    }
}
