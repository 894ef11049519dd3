//! Workloads, references and checks for measuring `crdt-range-map` on native machines.
//!
//! The pieces, from the bottom up:
//!
//! - [`workload`]: W(n), a deterministic workload of n registrations; [`ipv4`]: the same from real data;
//! - [`model`], [`naive`]: what the results must be, computed in the slowest and most obvious way; [`check`]: digests by which
//!   results are compared, with each other and across machines;
//! - [`scenario`]: replicas that stand ready for one of the merges, and the result that each must have;
//! - [`mod@reference`]: what the hardware allows, hand-written loops that are timed beside the map;
//! - [`timer`], [`measure`], [`machine`], [`report`], [`table`]: the binary `range-bench`. The criterion benches use the scenarios alone;
//! - [`region`], [`instructions`]: counts of executed instructions, under an emulator;
//! - [`sync`]: the binary `sync-bench`, what synchronisation costs in messages and bytes;
//! - [`page`], [`plot`]: the report page, from what the others wrote down.
//!
//! A wrong fast answer cannot pass: everything that is timed is also checked, outside of the timed region.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod allocator;
pub mod check;
pub mod compare;
pub mod consume;
pub mod instructions;
pub mod ipv4;
pub mod machine;
pub mod measure;
pub mod memory;
pub mod model;
pub mod naive;
pub mod page;
pub mod plot;
pub mod reference;
pub mod region;
pub mod report;
pub mod scenario;
pub mod sync;
pub mod table;
pub mod timer;
pub mod workload;
