//! `range-bench`: every bench on every workload, a table, and a JSON report. Copy the binary to a board and run it there.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use native_bench::allocator::CountingAllocator;
use native_bench::compare::Comparison;
use native_bench::instructions::{Counts, Run};
use native_bench::ipv4::{self, Ipv4Error};
use native_bench::machine::{self, Machine};
use native_bench::page::web::Web;
use native_bench::page::{self, Inputs};
use native_bench::report::{Build, FORMAT, Memory, Report, Row, with_growth};
use native_bench::timer::Effort;
use native_bench::workload::Workload;
use native_bench::{measure, memory};
use serde::Serialize;

const HELP: &str = "\
Measures crdt-range-map, checks every result, prints a table and writes a JSON report.

Usage: range-bench [OPTIONS]                 measure
       range-bench memory --size N           only what W(N) takes in memory, as JSON
       range-bench compare A.json B.json     two reports side by side
       range-bench instructions --log LOG [--sizes N,N,...] [--memory N,N,...] [--json PATH]
                                             adds this architecture's counts to PATH [target/instructions.json],
                                             under qemu with the plugin that logs them to LOG: see make bench-arm
       range-bench report [--native PATH] [--instructions PATH] [--web PATH] [--download-bytes N] [--out FOLDER]
                                             writes a page with plots from the files of earlier runs
                                             [target/range-bench.json, instructions.json, web-bench.json; native-bench/report]

  --quick          a short pass: W(1000) and W(10000), few samples
  --no-timing      results only, as under emulation; the same table on every machine
  --sizes N,N,...  the workloads W(N) instead of 1000,10000,100000,1000000 (the last on 64-bit machines only)
  --ipv4 FOLDER    where asn-country-ipv4.csv and asn-ipv4.csv lie, of the npm packages @ip-location-db/asn-country and
                   @ip-location-db/asn; else RANGE_BENCH_IPV4, else as installed below www/
  --json PATH      where the report goes [target/range-bench.json]
  --help           this text";

/// Deltas are sized on this workload.
const SIZED_ON: usize = 10_000;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// What to do.
enum Command {
    Measure(Options),
    Memory { size: usize },
    Compare { before: PathBuf, after: PathBuf },
    Instructions { sizes: Vec<usize>, memory: Vec<usize>, log: PathBuf, json: PathBuf },
    Page(PageOptions),
    Help,
}

struct PageOptions {
    native: PathBuf,
    instructions: PathBuf,
    web: PathBuf,
    download_bytes: Option<u64>,
    out: PathBuf,
}

struct Options {
    is_quick: bool,
    is_timed: bool,
    sizes: Option<Vec<usize>>,
    ipv4: Option<PathBuf>,
    json: PathBuf,
}

fn main() -> ExitCode {
    match command().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("range-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Measure(options) => measure_all(&options)?,
        Command::Memory { size } => println!("{}", serde_json::to_string_pretty(&memory::measure(size))?),
        Command::Compare { before, after } => {
            let [before, after] = [Report::read(&before)?, Report::read(&after)?];
            print!("{}", Comparison { before: &before, after: &after });
        }
        Command::Instructions { sizes, memory, log, json } => {
            let mut counts = Counts::read(&json)?;
            counts.add(Run::under_emulator(&sizes, &memory, &log, &mut progress())?);
            print!("{counts}");
            write(&counts, &json)?;
        }
        Command::Page(PageOptions { native, instructions, web, download_bytes, out }) => {
            let (native, counts, web) =
                (Report::read(&native)?, Counts::read(&instructions)?, Web::read(&web)?);
            page::write(&Inputs { native, counts, web, download_bytes }, &out)?;
            eprintln!("The page: {}", out.join("report.md").display());
        }
        Command::Help => println!("{HELP}"),
    }
    Ok(())
}

fn command() -> Result<Command, Box<dyn Error>> {
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
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(name) if name == "memory" => return memory_command(arguments),
            Value(name) if name == "compare" => return compare_command(arguments),
            Value(name) if name == "report" => return page_command(arguments),
            Value(name) if name == "instructions" => return instructions_command(arguments),
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(Command::Measure(options))
}

fn memory_command(mut arguments: lexopt::Parser) -> Result<Command, Box<dyn Error>> {
    use lexopt::prelude::*;

    let mut size = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("size") => size = Some(arguments.value()?.parse_with(self::size)?),
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(Command::Memory { size: size.ok_or("memory needs --size N")? })
}

fn compare_command(mut arguments: lexopt::Parser) -> Result<Command, Box<dyn Error>> {
    let mut paths = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Value(path) => paths.push(PathBuf::from(path)),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let [before, after] = paths.try_into().map_err(|_| "compare needs two reports")?;
    Ok(Command::Compare { before, after })
}

fn instructions_command(mut arguments: lexopt::Parser) -> Result<Command, Box<dyn Error>> {
    use lexopt::prelude::*;

    let (mut sizes, mut memory, mut log) = (vec![1000, 10_000, 100_000], Vec::new(), None);
    let mut json = PathBuf::from("target/instructions.json");
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("sizes") => sizes = arguments.value()?.parse_with(self::sizes)?,
            Long("memory") => memory = arguments.value()?.parse_with(self::sizes)?,
            Long("log") => log = Some(arguments.value()?.into()),
            Long("json") => json = arguments.value()?.into(),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let log = log.ok_or("instructions needs --log LOG")?;
    Ok(Command::Instructions { sizes, memory, log, json })
}

fn page_command(mut arguments: lexopt::Parser) -> Result<Command, Box<dyn Error>> {
    use lexopt::prelude::*;

    let mut options = PageOptions {
        native: "target/range-bench.json".into(),
        instructions: "target/instructions.json".into(),
        web: "target/web-bench.json".into(),
        download_bytes: None,
        out: "native-bench/report".into(),
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("native") => options.native = arguments.value()?.into(),
            Long("instructions") => options.instructions = arguments.value()?.into(),
            Long("web") => options.web = arguments.value()?.into(),
            Long("download-bytes") => options.download_bytes = Some(arguments.value()?.parse()?),
            Long("out") => options.out = arguments.value()?.into(),
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(Command::Page(options))
}

fn sizes(list: &str) -> Result<Vec<usize>, String> {
    list.split(',').map(size).collect()
}

fn size(text: &str) -> Result<usize, String> {
    let size = text.parse().ok().filter(|n| (1..=4_000_000).contains(n));
    size.ok_or_else(|| "a size is a number from 1 to 4000000".into())
}

fn measure_all(options: &Options) -> Result<(), Box<dyn Error>> {
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
    let (build, machine) = (Build::this(), is_timed.then(Machine::this));
    eprintln!("{build}");
    if let Some(machine) = &machine {
        eprintln!("{machine}; {date}");
    }

    let mut progress = progress();
    let sizes = options.sizes.clone().unwrap_or_else(|| default_sizes(options.is_quick));
    let tables = tables(options)?;
    // Memory first: where no other process can be started, it is measured in this one, which holds little yet.
    let mut memory = Vec::new();
    // Not where only results are of interest: it is another on 32-bit machines.
    for size in sizes.iter().filter(|_| is_timed) {
        progress(&format!("{}: memory", Workload::name_of(*size)));
        memory.push(memory::measure_apart(*size)?);
    }
    let mut rows = Vec::new();
    for workload in sizes.iter().map(|size| Workload::new(*size)).chain(tables) {
        rows.extend(measure::all(&workload, effort, &mut progress));
    }
    check_memory(&memory, &rows)?;
    let rows = with_growth(rows, |n| Workload::name_of(n as usize));
    let deltas = measure::delta_sizes(&Workload::new(SIZED_ON));
    let report = Report { format: FORMAT, date, build, machine, rows, memory, deltas };
    println!("{report}");
    write(&report, &options.json)?;
    eprintln!("Every result is right. Report: {}", options.json.display());
    Ok(())
}

/// Tells what is under way, and since when.
fn progress() -> impl FnMut(&str) {
    let begun = Instant::now();
    move |what| eprintln!("{:>5} s  {what} …", begun.elapsed().as_secs())
}

/// The splits that were visited in the other processes must be those that were checked here.
fn check_memory(memory: &[Memory], rows: &[Row]) -> Result<(), String> {
    for taken in memory {
        let same = |row: &Row| row.workload == taken.workload && row.hash == taken.hash;
        if !rows.iter().any(same) {
            return Err(format!("the splits of {} are others where its memory was measured", taken.workload));
        }
    }
    Ok(())
}

fn default_sizes(is_quick: bool) -> Vec<usize> {
    let sizes = [1000, 10_000, 100_000, 1_000_000];
    // What checks the results of a million does not fit into 32 bits of addresses.
    let full = if usize::BITS > 32 { 4 } else { 3 };
    sizes[..if is_quick { 2 } else { full }].into()
}

/// The real data, if it is installed. A short pass leaves it out, unless it is asked for.
fn tables(options: &Options) -> Result<Vec<Workload>, Ipv4Error> {
    if options.is_quick && options.ipv4.is_none() {
        return Ok(Vec::new());
    }
    match ipv4::load(options.ipv4.as_deref()) {
        Ok(tables) => Ok(tables.into()),
        Err(error @ Ipv4Error::NotInstalled) => {
            eprintln!("{error}");
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

fn write(report: &impl Serialize, path: &Path) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let json = serde_json::to_string_pretty(report)? + "\n";
    fs::write(path, json).map_err(|error| format!("{}: {error}", path.display()).into())
}
