//! The JavaScript face, only for wasm32: the classes [`RangeMap`], [`Connection`] and [`Journal`] that the npm package exports.
//!
//! The core knows nothing of this module. Here JavaScript values become the core's types and back (`arguments`, `answers`, and
//! `values.js`, which takes objects apart and builds them), the core's errors become `Error` objects with a `code` (`errors`),
//! callbacks are kept and called (`callbacks`, `subscribers`), and the sync protocol gets its channel, clock and randomness (`link`, `party`, `world`).
//!
//! One rule keeps callbacks free to call anything, the map that calls them included: **no `RefCell` is borrowed while
//! JavaScript of the user runs**. Arguments are read before the state is borrowed, callbacks run after the borrow has ended.

mod answers;
mod arguments;
mod callbacks;
mod connection;
mod errors;
mod journal;
mod link;
mod operation;
mod party;
mod range_map;
mod replica;
mod subscribers;
mod types;
mod values;
mod world;

pub use self::connection::Connection;
pub use self::errors::Failure;
pub use self::journal::Journal;
pub use self::range_map::RangeMap;

/// As fast as the standard library's allocator and six kilobytes smaller. Whoever uses this crate in a module of their own chooses
/// for themselves.
#[cfg(feature = "npm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
