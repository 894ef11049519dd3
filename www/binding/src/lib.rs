//! The JavaScript binding of [`crdt_range_map`], for wasm32: one class that drives a [`Node`](crdt_range_map::Node).
//!
//! It is the lower half of the binding. The upper half, in `js/`, has the classes that the npm package exports: it checks all arguments,
//! brings messages to channels and back, keeps timers and calls callbacks. So no code of the user ever runs while this half is at work.
//! Keys are 64-bit numbers, and an end of 0 is no end.
#![cfg(target_arch = "wasm32")]

mod advice;
mod answers;
mod attributes;
mod failure;
mod journal;
mod life;
mod links;
mod memory;
mod moves;
mod operations;
mod output;
mod queries;
mod replica;
mod versions;
mod watches;

pub use self::replica::Replica;

#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::allocator();
