//! What the tests share: one source of random numbers, one way for messages to be on their way, names and ranges, and nodes on a medium.
#![allow(dead_code, reason = "each test binary uses another part of the kit")]

pub mod builders;
pub mod flight;
pub mod random;
pub mod tab;
