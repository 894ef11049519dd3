//! `sync-bench`: what synchronisation costs in messages and bytes, as JSON.

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;
use native_bench::sync::Measured;

/// Counts what synchronisation costs, in messages and bytes.
#[derive(Parser)]
struct Options {
    /// n up to 100,000, a hundred nodes instead of a thousand, 100,000 operations instead of a million
    #[arg(long)]
    quick: bool,
    /// Where the figures go
    #[arg(long, default_value = "target/sync-bench.json")]
    json: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Options { quick, json } = Options::parse();
    native_bench::write(&Measured::this(native_bench::now(), quick)?, &json)?;
    eprintln!("In each row all became equal. Figures: {}", json.display());
    Ok(())
}
