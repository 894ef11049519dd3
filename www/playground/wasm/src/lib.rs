//! Nodes of [`crdt_range_map`] for the playground's world, for wasm32. See [`Replica`].
//!
//! It is the lower half: `www/playground/src/world/replica.ts` checks what comes in, and makes objects of the columns that go out. Keys are
//! 64-bit numbers, and an end of 0 is no end.
#![cfg(target_arch = "wasm32")]
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod columns;
mod contributions;
#[path = "../../../binding/src/memory.rs"]
mod memory;
mod operations;
mod replica;

pub use self::contributions::describe;
pub use self::replica::{Next, Replica};

#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::allocator();
