//! Workloads, references and checks for measuring `crdt-range-map` on native machines.
//!
//! The pieces, from the bottom up:
//!
//! - [`workload`]: W(n), a deterministic workload of n registrations; [`ipv4`]: the same from real data;
//! - [`expected`]: what the results must be, computed in the most obvious way; [`check`]: digests by which results are compared, with
//!   each other and across machines;
//! - [`replica`]: replicas of the library, each beside one of the model;
//! - [`mod@reference`]: what the hardware allows, hand-written loops that are timed beside the map;
//! - [`timer`], [`region`], [`measure`], [`memory`], [`machine`], [`report`], [`show`]: the binary `range-bench`;
//! - [`web`]: the workload as `www/bench` takes it;
//! - [`sync`]: the binary `sync-bench`, what synchronisation costs in messages and bytes;
//! - the binary `route-bench` stands by itself: how keys are shared, beside other libraries; and so does `advice-bench`: how nodes that are
//!   too full are relieved, beside a PID on widths.
//!
//! A wrong fast answer cannot pass: everything that is timed is also checked, outside of the timed region. All of them write JSON,
//! from which `www/report` makes the pages.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod allocator;
pub mod check;
pub mod consume;
pub mod expected;
pub mod ipv4;
pub mod machine;
pub mod measure;
pub mod memory;
pub mod reference;
pub mod region;
pub mod replica;
pub mod report;
pub mod show;
pub mod sync;
pub mod timer;
pub mod web;
pub mod workload;

// With it the unit tests need not compile the library once more.
#[cfg(test)]
use instances as _;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Writes what was measured to a file, and the folders above it.
///
/// # Errors
/// If it cannot be written, in words that name it.
pub fn write(report: &impl serde::Serialize, path: &Path) -> Result<(), Box<dyn Error>> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let json = serde_json::to_string_pretty(report)? + "\n";
    fs::write(path, json).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The time, in RFC 3339.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
