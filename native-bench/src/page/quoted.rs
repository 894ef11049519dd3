//! What other systems take that are not Rust crates, or cannot be measured in the same run: measured once, in November 2026, on two
//! shared x86_64 cores like those of the report, on the same workloads. Where a run measures one of them, its figure is the run's.

/// Boost ICL's `split_interval_map`, all splits of W(100,000): nanoseconds a registration.
pub const BOOST_SPLITS_NS: f64 = 3026.0;

/// A one-operation delta of yrs 0.28 that registers: bytes.
pub const YRS_REGISTER_BYTES: f64 = 38.0;

/// What a browser downloads of yjs 13.6, brotli 11: bytes.
pub const YJS_DOWNLOAD_BYTES: f64 = 25_800.0;

/// Allocated memory on W(10,000) to W(100,000): bytes a registration, all without splits.
pub const MEMORY: [(&str, f64); 4] = [
    ("crdts 7.3, Rust", 569.0),
    ("yrs 0.28, Rust", 412.0),
    ("delta-CRDTs, C++", 288.0),
    ("loom, Elixir", 206.0),
];

/// Encoded state of W(10,000): bytes a registration.
pub const ENCODED: [(&str, f64); 3] =
    [("automerge 3.5", 14.6), ("crdts 7.3, varint bincode", 19.9), ("yjs 13.6", 32.2)];
