//! What it costs to have four times as much of everything, in executed instructions: no more than the documentation says, for
//! what honest replicas do and for what bytes from anybody can cause, at once or later.
//!
//! Each case tells what is made ready and what is counted. With four times as much, what takes O(n log n) costs a little more than
//! four times as much, what takes O(log n) hardly more than before, and what takes O(n²) sixteen times as much.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use instances as _;
mod bytes;
mod cases;
mod count;
#[path = "../kit/mod.rs"]
mod kit;
mod ready;

use cases::{CASES, Case};
use count::{counts_of, growth_counted};

/// The cases, or those of which the environment tells a part of the name.
fn cases() -> impl Iterator<Item = &'static Case> {
    let part = std::env::var("GROWTH").unwrap_or_default();
    CASES.iter().filter(move |case| case.name.contains(&part))
}

#[test]
#[ignore = "the other test runs it, under valgrind"]
fn everything_once() {
    for case in cases() {
        for size in [case.size, 4 * case.size] {
            growth_counted(&mut (case.prepare)(size));
        }
    }
}

#[test]
fn four_times_as_much_costs_no_more_than_is_documented() {
    let counts = counts_of("everything_once");
    assert_eq!(counts.len(), 2 * cases().count(), "one count for each case and size");
    let mut too_much = 0;
    for (case, counts) in cases().zip(counts.chunks(2)) {
        let factor = counts[1] as f64 / counts[0] as f64;
        let is_too_much = factor > case.growth.most();
        too_much += usize::from(is_too_much);
        let mark = if is_too_much { "TOO MUCH" } else { "" };
        println!("{:<64} {:>12} {:>12} x {factor:.2} {mark}", case.name, counts[0], counts[1]);
    }
    assert_eq!(too_much, 0, "cases that grow by more than they may");
}
