//! `sync-bench`: what synchronisation costs in messages and bytes. Writes JSON, and a page with plots.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::Arg::Long;
use lexopt::ValueExt;
use native_bench::sync::meeting::Base;
use native_bench::sync::page::{self, Measured};
use native_bench::sync::{churn, gossip, rows, tabs};

const HELP: &str = "\
Counts what synchronisation costs, in messages and bytes, and writes a page with plots.

Usage: sync-bench [OPTIONS]

  --quick        n up to 100,000, 100,000 operations instead of a million, a hundred replicas instead of a thousand
  --json PATH    where the figures go [target/sync-bench.json]
  --out FOLDER   where the page goes [native-bench/report]
  --help         this text";

struct Options {
    is_quick: bool,
    json: PathBuf,
    out: PathBuf,
}

fn main() -> ExitCode {
    match options().and_then(|options| options.map_or(Ok(()), run)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sync-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The options, `None` if only the help was asked for.
fn options() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options =
        Options { is_quick: false, json: "target/sync-bench.json".into(), out: "native-bench/report".into() };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("quick") => options.is_quick = true,
            Long("json") => options.json = arguments.value()?.parse()?,
            Long("out") => options.out = arguments.value()?.parse()?,
            Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}

fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let operations = if options.is_quick { 100_000 } else { 1_000_000 };
    let mut measured = Measured {
        rows: Vec::new(),
        specials: Vec::new(),
        draws: Vec::new(),
        spreads: [2, 8, 32].into_iter().flat_map(tabs::run).collect(),
        gossip: gossip::run(options.is_quick)?,
        churn: churn::run(operations, 20, true),
        unretired: churn::run(operations, 20, false),
    };
    for n in [10_000, 100_000, 1_000_000].into_iter().take(if options.is_quick { 2 } else { 3 }) {
        let base = Base::new(n);
        measured.rows.extend(rows::rows(&base));
        measured.specials.push(rows::after_raise_and_release(&base));
        measured.specials.extend(rows::wholes(&base));
        measured.draws.push(rows::draws(&base, 100));
    }
    page::write(&measured, &options.out)?;
    options.json.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(&options.json, serde_json::to_string_pretty(&measured)?)?;
    println!("{}", fs::read_to_string(options.out.join("sync.md"))?);
    Ok(())
}
