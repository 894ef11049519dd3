//! What once went wrong, each the example of a kind: found outside, and no schedule had made it.
#![cfg(not(target_arch = "wasm32"))]

use instances as _;
mod hidden;
mod identity;
#[path = "../kit/mod.rs"]
mod kit;
mod saving;
