//! A simple timer: the median of samples, with the preparation of each run and the disposal of its result left out.
//!
//! What is counted is the processor time of the thread, so that other load on the machine disturbs little: everything that is
//! measured here computes and waits for nothing. criterion knows more statistics; this timer serves where a binary is copied to
//! a board and has to run there in a minute.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub enum Effort {
    /// Nothing: only the results are of interest, as under emulation, where times mean nothing.
    Nothing,
    /// A few samples.
    Quick,
    /// Enough samples for a median that can be quoted.
    Full,
}

impl Effort {
    fn samples_min(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Quick => 3,
            Self::Full => 11,
        }
    }

    /// Beyond the least number of samples, measuring goes on for this long, preparation included, or to [`SAMPLES_MAX`].
    fn time(self) -> Duration {
        match self {
            Self::Nothing => Duration::ZERO,
            Self::Quick => Duration::from_millis(50),
            Self::Full => Duration::from_millis(700),
        }
    }
}

const SAMPLES_MAX: usize = 101;

/// A sample takes at least this long, so that reading the clock does not count.
const SAMPLE_MIN: Duration = Duration::from_micros(200);

/// The samples of one measurement, in nanoseconds a run.
#[derive(Clone, Debug)]
pub struct Timing {
    samples_ns: Vec<f64>,
}

impl Timing {
    /// Of samples that were taken already.
    pub fn of(samples_ns: Vec<f64>) -> Self {
        Self { samples_ns }
    }

    /// The samples in the order in which they were taken.
    pub fn samples_ns(&self) -> &[f64] {
        &self.samples_ns
    }

    /// The median of the samples.
    pub fn median_ns(&self) -> f64 {
        let mut sorted = self.samples_ns.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        if sorted.len().is_multiple_of(2) {
            (sorted[middle - 1] + sorted[middle]) / 2.0
        } else {
            sorted[middle]
        }
    }
}

/// Times runs that need something fresh each. `None` if nothing is to be measured.
pub fn time_fresh<I, O>(
    effort: Effort,
    mut prepare: impl FnMut() -> I,
    mut run: impl FnMut(&mut I) -> O,
) -> Option<Timing> {
    sample(effort, || {
        let mut input = black_box(prepare());
        time_once(|| run(&mut input))
    })
}

/// Times runs on one subject that needs some preparation before each. `None` if nothing is to be measured.
pub fn time_prepared<S, O>(
    effort: Effort,
    subject: &mut S,
    mut prepare: impl FnMut(&mut S),
    mut run: impl FnMut(&mut S) -> O,
) -> Option<Timing> {
    sample(effort, || {
        prepare(subject);
        time_once(|| run(subject))
    })
}

fn time_once<O>(run: impl FnOnce() -> O) -> f64 {
    let start = ThreadTime::now();
    let output = black_box(run());
    let elapsed = start.elapsed();
    drop(output);
    elapsed.as_nanos() as f64
}

/// Times runs that can follow each other directly, as many a sample as it takes. `None` if nothing is to be measured.
pub fn time_repeated<O>(effort: Effort, mut run: impl FnMut() -> O) -> Option<Timing> {
    let mut runs = 1u32;
    sample(effort, || {
        loop {
            let start = ThreadTime::now();
            for _ in 0..runs {
                black_box(run());
            }
            let elapsed = start.elapsed();
            if elapsed >= SAMPLE_MIN || runs >= 1 << 20 {
                return elapsed.as_nanos() as f64 / f64::from(runs);
            }
            runs *= 2;
        }
    })
}

fn sample(effort: Effort, mut take: impl FnMut() -> f64) -> Option<Timing> {
    if matches!(effort, Effort::Nothing) {
        return None;
    }
    take();
    let begun = Instant::now();
    let mut samples_ns = Vec::new();
    while samples_ns.len() < effort.samples_min()
        || (begun.elapsed() < effort.time() && samples_ns.len() < SAMPLES_MAX)
    {
        samples_ns.push(take());
    }
    Some(Timing::of(samples_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let median = |samples: &[f64]| Timing::of(samples.to_vec()).median_ns();
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), 3.0);
    }

    #[test]
    fn each_run_gets_its_own_input_and_nothing_runs_without_timing() {
        let mut prepared = 0;
        let timing = time_fresh(
            Effort::Quick,
            || {
                prepared += 1;
                vec![prepared]
            },
            |input| input.pop(),
        );
        assert_eq!(timing.unwrap().samples_ns().len() + 1, prepared);
        assert!(time_fresh(Effort::Nothing, || panic!("prepared"), |_: &mut ()| ()).is_none());
        assert!(time_repeated(Effort::Nothing, || panic!("run")).is_none());
    }
}
