//! `range-bench`: every bench on every workload, a table, and a JSON report. Copy the binary to a board and run it there.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use native_bench::ipv4::{self, Ipv4Error};
use native_bench::machine::{self, Machine};
use native_bench::measure;
use native_bench::report::{Build, FORMAT, Report, with_growth};
use native_bench::timer::Effort;
use native_bench::workload::Workload;

const HELP: &str = "\
Measures crdt-range-map, checks every result, prints a table and writes a JSON report.

Usage: range-bench [OPTIONS]

  --quick          a short pass: W(1000) and W(10000), few samples
  --no-timing      results only, as under emulation; the same table on every machine
  --sizes N,N,...  the workloads W(N) instead of 1000,10000,100000
  --ipv4 PATH      asn-country-ipv4.csv of the npm package @ip-location-db/asn-country;
                   else RANGE_BENCH_IPV4, else as installed below www/
  --json PATH      where the report goes [target/range-bench.json]
  --help           this text";

/// Deltas are sized on this workload.
const SIZED_ON: usize = 10_000;

struct Options {
    is_quick: bool,
    is_timed: bool,
    sizes: Option<Vec<usize>>,
    ipv4: Option<PathBuf>,
    json: PathBuf,
}

fn main() -> ExitCode {
    match options().and_then(|options| options.map_or(Ok(()), |options| run(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("range-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The options, or `None` if all that was asked for is help.
fn options() -> Result<Option<Options>, Box<dyn Error>> {
    use lexopt::prelude::*;

    let mut options = Options {
        is_quick: false,
        is_timed: true,
        sizes: None,
        ipv4: None,
        json: PathBuf::from("target/range-bench.json"),
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("quick") => options.is_quick = true,
            Long("no-timing") => options.is_timed = false,
            Long("sizes") => options.sizes = Some(arguments.value()?.parse_with(sizes)?),
            Long("ipv4") => options.ipv4 = Some(arguments.value()?.into()),
            Long("json") => options.json = arguments.value()?.into(),
            Long("help") | Short('h') => {
                println!("{HELP}");
                return Ok(None);
            }
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(Some(options))
}

fn sizes(list: &str) -> Result<Vec<usize>, String> {
    let sizes: Result<Vec<usize>, _> = list.split(',').map(str::parse).collect();
    match sizes {
        Ok(sizes) if sizes.iter().all(|n| (1..=4_000_000).contains(n)) => Ok(sizes),
        _ => Err("sizes are numbers from 1 to 4000000 with commas between them".into()),
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let is_timed = options.is_timed && !machine::is_emulated();
    if options.is_timed && !is_timed {
        eprintln!("This seems to be an emulator, whose times say nothing: only results are shown.");
    }
    let effort = match (is_timed, options.is_quick) {
        (false, _) => Effort::Nothing,
        (true, true) => Effort::Quick,
        (true, false) => Effort::Full,
    };
    let date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let machine = is_timed.then(Machine::this);
    if let Some(machine) = &machine {
        eprintln!("{machine}; {date}");
    }
    let build = Build::this();
    eprintln!("{build}");

    let mut rows = Vec::new();
    for workload in workloads(options)? {
        eprintln!("{} …", workload.name);
        rows.extend(measure::all(&workload, effort));
    }
    let deltas = measure::delta_sizes(&Workload::random(SIZED_ON));
    let rows = with_growth(rows, |n| Workload::random_name(n as usize));
    let report = Report { format: FORMAT, date, build, machine, rows, memory: Vec::new(), deltas };
    println!("{report}");
    let json = serde_json::to_string_pretty(&report)?;
    if let Some(folder) = options.json.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&options.json, json + "\n").map_err(|error| format!("{}: {error}", options.json.display()))?;
    eprintln!("Every result is right. Report: {}", options.json.display());
    Ok(())
}

fn workloads(options: &Options) -> Result<Vec<Workload>, Ipv4Error> {
    let sizes = match &options.sizes {
        Some(sizes) => sizes,
        None if options.is_quick => &vec![1000, 10_000],
        None => &vec![1000, 10_000, 100_000],
    };
    let mut workloads: Vec<Workload> = sizes.iter().map(|n| Workload::random(*n)).collect();
    // A short pass leaves the real data out, unless it is asked for.
    if options.is_quick && options.ipv4.is_none() {
        return Ok(workloads);
    }
    match ipv4::load(options.ipv4.as_deref()) {
        Ok(workload) => workloads.push(workload),
        Err(error @ Ipv4Error::NotInstalled) => eprintln!("{error}"),
        Err(error) => return Err(error),
    }
    Ok(workloads)
}
