//! A simple timer: the median of samples, with the preparation of each run and the disposal of its result left out.
//!
//! What is counted is the processor time of the thread, so that other load on the machine disturbs little: everything that is
//! measured here computes and waits for nothing. What is compared is sampled in turn, so that a machine that gets slower for a
//! while slows both sides. It serves where a binary is copied to a board and has
//! to run there in minutes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use crate::region::marked;

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub enum Effort {
    /// Nothing: only the results are of interest, as under emulation, where times mean nothing.
    Nothing,
    /// Each bench once in a [marked](crate::region) region, where an emulator counts instructions.
    Marked,
    /// A few samples.
    Quick,
    /// Enough samples for a median that can be quoted.
    Full,
}

impl Effort {
    fn samples_min(self) -> usize {
        match self {
            Self::Nothing | Self::Marked => 0,
            Self::Quick => 3,
            Self::Full => 9,
        }
    }

    /// Beyond the least number of samples, measuring goes on for this long a probe, preparation included, or to
    /// [`SAMPLES_MAX`].
    fn time(self) -> Duration {
        match self {
            Self::Nothing | Self::Marked => Duration::ZERO,
            Self::Quick => Duration::from_millis(50),
            Self::Full => Duration::from_millis(700),
        }
    }
}

const SAMPLES_MAX: usize = 51;

/// A sample takes at least this long, so that reading the clock does not count.
const SAMPLE_MIN: Duration = Duration::from_micros(200);

/// At most so many runs with an input of their own make up a sample, since preparing may take much longer than running.
const FRESH_RUNS_MAX: u32 = 16;

/// The middle one, or the mean of the two in the middle.
pub fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    if samples.len().is_multiple_of(2) {
        (samples[middle - 1] + samples[middle]) / 2.0
    } else {
        samples[middle]
    }
}

/// Something that can be timed again and again.
pub struct Probe<'a> {
    /// Takes one sample: nanoseconds a run.
    take: Box<dyn FnMut(Sample) -> f64 + 'a>,
}

/// How one sample is taken.
#[derive(Clone, Copy)]
enum Sample {
    /// By the clock; reading it takes so long.
    Timed { clock_ns: f64 },
    /// Not at all: one run is marked for whoever counts its instructions.
    Marked,
}

impl<'a> Probe<'a> {
    /// Times runs that need something fresh each, a few a sample if they are short.
    pub fn fresh<I, O>(mut prepare: impl FnMut() -> I + 'a, mut run: impl FnMut(&mut I) -> O + 'a) -> Self {
        Self::prepared((), move |()| prepare(), move |(), input| run(input))
    }

    /// Times runs on one subject that needs some preparation before each.
    pub fn prepared<S: 'a, I, O>(
        mut subject: S,
        mut prepare: impl FnMut(&mut S) -> I + 'a,
        mut run: impl FnMut(&mut S, &mut I) -> O + 'a,
    ) -> Self {
        let take = move |sample| {
            let Sample::Timed { clock_ns } = sample else {
                let mut input = black_box(prepare(&mut subject));
                drop(marked(|| run(&mut subject, &mut input)));
                return 0.0;
            };
            let mut elapsed = Duration::ZERO;
            let mut runs = 0;
            while runs == 0 || (elapsed < SAMPLE_MIN && runs < FRESH_RUNS_MAX) {
                let mut input = black_box(prepare(&mut subject));
                elapsed += time_once(|| run(&mut subject, &mut input));
                runs += 1;
            }
            (elapsed.as_nanos() as f64 / f64::from(runs) - clock_ns).max(0.0)
        };
        Self { take: Box::new(take) }
    }

    /// Times runs that can follow each other directly, as many a sample as it takes, after one that brings their data into the
    /// caches.
    pub fn repeated<O>(mut run: impl FnMut() -> O + 'a) -> Self {
        let mut runs = 1u32;
        let take = move |sample| {
            black_box(run());
            let Sample::Timed { clock_ns } = sample else {
                drop(marked(&mut run));
                return 0.0;
            };
            loop {
                let elapsed = time_once(|| (0..runs).for_each(|_| drop(black_box(run()))));
                if elapsed >= SAMPLE_MIN || runs >= 1 << 20 {
                    return (elapsed.as_nanos() as f64 - clock_ns).max(0.0) / f64::from(runs);
                }
                runs *= 2;
            }
        };
        Self { take: Box::new(take) }
    }
}

/// The time of one run; its output is dropped afterwards.
fn time_once<O>(run: impl FnOnce() -> O) -> Duration {
    let start = ThreadTime::now();
    let output = black_box(run());
    let elapsed = start.elapsed();
    drop(output);
    elapsed
}

/// Samples the probes in turn, each as often as the others: nanoseconds a run. No samples if no times are to be taken.
pub fn sample_in_turn(effort: Effort, probes: &mut [Probe<'_>]) -> Vec<Vec<f64>> {
    let mut samples_ns = vec![Vec::new(); probes.len()];
    if matches!(effort, Effort::Nothing | Effort::Marked) {
        if matches!(effort, Effort::Marked) {
            probes.iter_mut().for_each(|probe| _ = (probe.take)(Sample::Marked));
        }
        return samples_ns;
    }
    let clock_ns = median((0..101).map(|_| time_once(|| ()).as_nanos() as f64).collect());
    let sample = Sample::Timed { clock_ns };
    // The first round only warms up.
    for probe in probes.iter_mut() {
        (probe.take)(sample);
    }
    let time = effort.time() * probes.len() as u32;
    let begun = Instant::now();
    for round in 0..SAMPLES_MAX {
        if round >= effort.samples_min() && begun.elapsed() >= time {
            break;
        }
        for (samples_ns, probe) in samples_ns.iter_mut().zip(probes.iter_mut()) {
            samples_ns.push((probe.take)(sample));
        }
    }
    samples_ns
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!([median(vec![9.0, 1.0, 2.0]), median(vec![9.0, 1.0, 2.0, 4.0])], [2.0, 3.0]);
    }

    #[test]
    fn each_run_gets_its_own_input() {
        let mut prepared = 0;
        let prepare = || {
            prepared += 1;
            vec![prepared]
        };
        let run = |input: &mut Vec<usize>| assert!(input.pop().is_some());
        let timings = sample_in_turn(Effort::Quick, &mut [Probe::fresh(prepare, run)]);
        assert!(timings[0].len() >= Effort::Quick.samples_min());
        assert!(prepared > Effort::Quick.samples_min());
    }

    #[test]
    fn probes_are_sampled_in_turn() {
        let order = RefCell::new(Vec::new());
        let probe = |name: char| {
            let prepare = move |order: &mut &RefCell<Vec<char>>| order.borrow_mut().push(name);
            let run = |_: &mut &RefCell<Vec<char>>, (): &mut ()| std::thread::yield_now();
            Probe::prepared(&order, prepare, run)
        };
        let timings = sample_in_turn(Effort::Quick, &mut [probe('a'), probe('b')]);
        let [a, b] = [0, 1].map(|at| timings[at].len());
        assert_eq!(a, b);
        order.borrow_mut().dedup();
        assert_eq!(order.borrow().len(), 2 * (a + 1));
    }

    #[test]
    fn what_is_marked_runs_once_with_an_input_of_its_own() {
        let mut inputs = Vec::new();
        let mut repeated = 0;
        let mut probes =
            [Probe::fresh(|| 7, |input: &mut u32| inputs.push(*input)), Probe::repeated(|| repeated += 1)];
        assert!(sample_in_turn(Effort::Marked, &mut probes).iter().all(Vec::is_empty));
        drop(probes);
        // A run before the marked one brings the data into the caches, as for timing.
        assert_eq!((inputs, repeated), (vec![7], 2));
    }

    #[test]
    fn nothing_runs_without_timing() {
        let mut probes =
            [Probe::fresh(|| panic!("prepared"), |_: &mut ()| ()), Probe::repeated(|| panic!("run"))];
        assert!(sample_in_turn(Effort::Nothing, &mut probes).iter().all(Vec::is_empty));
    }
}
