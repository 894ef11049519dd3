//! `count-instructions`: every operation in a region that a plugin of the emulator recognizes. `make bench-arm` runs it.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use native_bench::instructions::{Counts, Run};

const HELP: &str = "\
Runs every operation of the benchmark once, under qemu with the plugin that counts instructions.

Usage: qemu-ARCH -plugin libcount.so -d plugin -D LOG count-instructions [OPTIONS]

  --log LOG        where the plugin writes its counts (required)
  --json PATH      the report, to which this architecture is added [target/instructions.json]
  --sizes N,N,...  the workloads W(N) instead of 1000,10000,100000
  --help           this text";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("count-instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    use lexopt::prelude::*;

    let mut sizes = vec![1000, 10_000, 100_000];
    let mut log: Option<PathBuf> = None;
    let mut json = PathBuf::from("target/instructions.json");
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("log") => log = Some(arguments.value()?.into()),
            Long("json") => json = arguments.value()?.into(),
            Long("sizes") => {
                sizes = arguments
                    .value()?
                    .parse_with(|list| list.split(',').map(str::parse).collect::<Result<_, _>>())?
            }
            Long("help") | Short('h') => {
                println!("{HELP}");
                return Ok(());
            }
            _ => return Err(argument.unexpected().into()),
        }
    }
    let log = log.ok_or("--log is missing; see --help")?;

    let run = Run::on_this_machine(&sizes);
    // The plugin wrote it meanwhile: nothing was kept of it before.
    let logged = fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut counts = match fs::read(&json) {
        Ok(text) => serde_json::from_slice(&text)?,
        Err(error) if error.kind() == ErrorKind::NotFound => Counts::default(),
        Err(error) => return Err(format!("{}: {error}", json.display()).into()),
    };
    counts.add(run.with_counts(&logged)?);
    fs::write(&json, serde_json::to_string_pretty(&counts)? + "\n")
        .map_err(|error| format!("{}: {error}", json.display()))?;
    println!("{counts}");
    Ok(())
}
