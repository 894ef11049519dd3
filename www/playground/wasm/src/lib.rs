//! Nodes of [`crdt_range_map`] for the playground's world, for wasm32. See [`Replica`].
//!
//! It is the lower half: `www/playground/src/world/replica.ts` checks what comes in, and makes objects of the columns that go out. Keys are
//! 64-bit numbers, and an end of 0 is no end.
#![cfg(target_arch = "wasm32")]
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod columns;
mod contributions;
mod operations;
mod replica;
mod room;

pub use self::contributions::describe;
pub use self::replica::{Next, Replica};

/// As fast as the standard library's allocator and six kilobytes smaller.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
