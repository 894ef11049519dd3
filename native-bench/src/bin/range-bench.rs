//! `range-bench`: every bench on every workload, a table, and a JSON report. Copy the binary to a board and run it there.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Parser, Subcommand, value_parser};
use native_bench::allocator::CountingAllocator;
use native_bench::report::{Build, FORMAT, Machine, Report, counted};
use native_bench::timer::Effort;
use native_bench::web::WebWorkload;
use native_bench::workload::Workload;
use native_bench::{ipv4, machine, measure, memory, now};

/// Deltas are sized on this workload.
const SIZED_ON: usize = 10_000;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Measures crdt-range-map, checks every result, prints a table and writes a JSON report.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Command {
    /// The workloads W(N), and what must come out, as JSON for make bench-web
    Workloads {
        #[arg(required = true, value_parser = value_parser!(u32).range(100..=1_000_000))]
        sizes: Vec<u32>,
    },
    /// Only what W(n) takes in memory, as JSON
    Memory {
        #[arg(value_parser = value_parser!(u32).range(1..=4_000_000))]
        n: u32,
    },
}

#[derive(Args)]
struct Options {
    /// A short pass: W(1000) and W(10000), few samples
    #[arg(long)]
    quick: bool,
    /// Results only, as under emulation; the same table on every machine
    #[arg(long)]
    no_timing: bool,
    /// Counts instructions under qemu with the plugin that logs them to LOG, see make bench-arm; of W(1000) to W(100000), and what
    /// W(1000000) takes in memory
    #[arg(long, value_name = "LOG")]
    instructions: Option<PathBuf>,
    /// The workloads W(N) instead of 1000,10000,100000,1000000 (the last on 64-bit machines only)
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = value_parser!(u32).range(1..=4_000_000))]
    sizes: Vec<u32>,
    /// The real data as well: where asn-country-ipv4.csv and asn-ipv4.csv lie, of the npm packages @ip-location-db/asn-country and
    /// @ip-location-db/asn
    #[arg(long, value_name = "FOLDER")]
    ipv4: Option<PathBuf>,
    /// Where the report goes
    #[arg(long, default_value = "target/range-bench.json")]
    json: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { command, options } = Arguments::parse();
    match command {
        None => measure_all(&options)?,
        Some(Command::Workloads { sizes }) => {
            let workloads = sizes.iter().map(|n| WebWorkload::new(*n as usize));
            println!("{}", serde_json::to_string(&workloads.collect::<Vec<_>>())?);
        }
        Some(Command::Memory { n }) => {
            println!("{}", serde_json::to_string_pretty(&memory::measure(n as usize))?);
        }
    }
    Ok(())
}

fn measure_all(options: &Options) -> Result<(), Box<dyn Error>> {
    let effort = match options {
        Options { instructions: Some(_), .. } => Effort::Marked,
        Options { no_timing: true, .. } => Effort::Nothing,
        _ if machine::is_emulated() => {
            eprintln!("This seems to be an emulator, whose times say nothing: only results are shown.");
            Effort::Nothing
        }
        Options { quick: true, .. } => Effort::Quick,
        _ => Effort::Full,
    };
    let is_timed = matches!(effort, Effort::Quick | Effort::Full);
    let (date, build, machine) = (now(), Build::this(), is_timed.then(Machine::this));
    eprintln!("{build}; {date}");
    machine.iter().for_each(|machine| eprintln!("{machine}"));

    let begun = Instant::now();
    let mut progress = |what: &str| eprintln!("{:>5} s  {what} …", begun.elapsed().as_secs());
    let sizes = sizes(options);
    // Memory first: where no other process can be started, it is measured in this one, which holds little yet.
    let mut memory = Vec::new();
    let weighed = match effort {
        Effort::Marked if !options.quick => vec![1_000_000],
        // It is another on 32-bit machines.
        Effort::Marked | Effort::Nothing => vec![],
        _ => sizes.clone(),
    };
    for n in weighed {
        progress(&format!("{}: memory", Workload::name_of(n)));
        memory.push(memory::measure_apart(n)?);
    }
    let mut rows = Vec::new();
    let tables = options.ipv4.as_deref().map(ipv4::load).transpose()?;
    for workload in sizes.iter().map(|n| Workload::new(*n)).chain(tables.into_iter().flatten()) {
        rows.extend(measure::all(&workload, effort, &mut progress));
    }
    if let Some(log) = &options.instructions {
        counted(&mut rows, &fs::read_to_string(log)?)?;
    }
    let deltas = measure::delta_sizes(&Workload::new(SIZED_ON));
    let report = Report { format: FORMAT, date, build, machine, rows, memory, deltas };
    println!("{report}");
    native_bench::write(&report, &options.json)?;
    eprintln!("Every result is right. Report: {}", options.json.display());
    Ok(())
}

fn sizes(options: &Options) -> Vec<usize> {
    if !options.sizes.is_empty() {
        return options.sizes.iter().map(|n| *n as usize).collect();
    }
    // What checks the results of a million does not fit into 32 bits of addresses.
    let is_small = usize::BITS == 32 || options.instructions.is_some();
    let count = if options.quick { 2 } else { 4 - usize::from(is_small) };
    [1_000, 10_000, 100_000, 1_000_000][..count].into()
}
