//! Thousands of random schedules in virtual time: replicas that crash, come back from their last save or never, with clocks that
//! jump, on a medium that loses, repeats, reorders, delays and tears apart. Afterwards all must be equal, and what they answer must be
//! what the reference says.
//!
//! `SIMULATION_SEED=7 cargo test --test simulation` runs that schedule alone and prints what happens in it; `SIMULATION_STEPS=20` stops
//! it after so many steps. `SOAK=600` runs new ones for 600 seconds; `make soak MINUTES=10` does so.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../model/mod.rs"]
mod model;
mod network;
mod oracle;
mod process;
mod random;
mod schedule;
mod tally;
mod view;
mod world;

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::seeds::number;
use schedule::{Failure, run, with_quiet_panics};
use tally::Tally;

const SCHEDULES: u64 = 10_000;

#[test]
fn replicas_agree_after_all_faults() {
    let steps = number("SIMULATION_STEPS").unwrap_or(u64::MAX);
    if let Some(seed) = number("SIMULATION_SEED") {
        return with_quiet_panics(|| run(seed, steps, true))
            .map(|tally| show(&tally))
            .unwrap_or_else(|failure| fail(seed, &failure));
    }
    let begin = Instant::now();
    let (first, last, until) = match number("SOAK") {
        Some(seconds) => {
            let first = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() << 24;
            (first, u64::MAX, Some(begin + Duration::from_secs(seconds)))
        }
        None => (0, number("SIMULATION_SCHEDULES").unwrap_or(SCHEDULES), None),
    };
    let next = AtomicU64::new(first);
    let is_over = AtomicBool::new(false);
    let total = Mutex::new(Tally::default());
    let failures = Mutex::new(Vec::new());
    let work = || {
        let mut tally = Tally::default();
        while !is_over.load(Ordering::Relaxed) && until.is_none_or(|until| Instant::now() < until) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= last {
                break;
            }
            match run(seed, steps, false) {
                Ok(of_one) => tally.join(&of_one),
                Err(failure) => {
                    is_over.store(number("SIMULATION_ALL").is_none(), Ordering::Relaxed);
                    failures.lock().unwrap().push((seed, failure));
                }
            }
        }
        total.lock().unwrap().join(&tally);
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    with_quiet_panics(|| {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
    });
    let total = total.into_inner().unwrap();
    show(&total);
    let seconds = begin.elapsed().as_secs_f64();
    let schedules = total.of(tally::Group::Schedules, "schedules");
    let rate = schedules as f64 / seconds;
    print(&format!("{schedules} schedules in {seconds:.0} s, {rate:.0} a second, seeds from {first} on\n"));
    let mut failures = failures.into_inner().unwrap();
    failures.sort_by_key(|(seed, _)| *seed);
    for (seed, Failure { what, steps }) in failures.iter().skip(1) {
        print(&format!("SIMULATION_SEED={seed}, {steps} steps: {what}\n"));
    }
    if let Some((seed, failure)) = failures.first() {
        fail(*seed, failure);
    }
}

fn fail(seed: u64, Failure { what, steps }: &Failure) -> ! {
    panic!("{what}\nagain: SIMULATION_SEED={seed} SIMULATION_STEPS={steps} cargo test --test simulation");
}

/// A test that passes shows its table too.
fn show(tally: &Tally) {
    print(&format!("\n{tally}\n"));
}

/// Past the test harness, which keeps for itself what tests print.
fn print(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).expect("there is a standard error");
}
