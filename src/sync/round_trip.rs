//! How long an answer takes: measured as TCP does it (Jacobson, "Congestion avoidance and control", 1988; RFC 6298).

/// The time that others are given to speak first until a round trip was measured.
const TURN_UNKNOWN_MS: u64 = 300;

/// The longest wait for an answer.
const WAIT_MS_MAX: u64 = 120_000;

/// Before a round trip was measured, waits grow with each question that got no answer, up to this.
const UNKNOWN_MS_MAX: u64 = 32_000;

/// What is known of the round trips on a medium.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoundTrip {
    /// The mean, smoothed, and how far samples lie from it; `None` before the first.
    measured: Option<(u64, u64)>,
    /// How many questions were asked before the first was answered.
    unanswered: u32,
}

impl RoundTrip {
    /// Takes a measured round trip. A longer one counts at once, since a mean that is too short causes storms.
    pub(super) fn add(&mut self, sample_ms: u64) {
        let sample_ms = sample_ms.min(WAIT_MS_MAX);
        self.measured = Some(match self.measured {
            None => (sample_ms, sample_ms / 2),
            Some((mean, deviation)) => {
                let deviation = (3 * deviation + mean.abs_diff(sample_ms)) / 4;
                if sample_ms > mean {
                    (sample_ms, deviation)
                } else {
                    ((7 * mean + sample_ms) / 8, deviation)
                }
            }
        });
    }

    /// Takes the mean that a peer reports, if nothing was measured here yet: the medium is the same.
    pub(super) fn add_reported(&mut self, mean_ms: u64) {
        if self.measured.is_none() {
            self.add(mean_ms);
        }
    }

    /// The mean, to be reported to others; `None` if nothing was measured.
    pub(super) fn mean_ms(&self) -> Option<u64> {
        self.measured.map(|(mean, _)| mean)
    }

    /// How long to wait for an answer: at the first try `unknown_ms` if nothing was measured, and twice as long at each further try.
    pub(super) fn wait_ms(&self, unknown_ms: u64, tries: u32) -> u64 {
        let first_ms = self.measured.map_or(unknown_ms, |(mean, deviation)| mean + (4 * deviation).max(20));
        let doubled = first_ms.saturating_mul(1 << tries.min(20));
        doubled.clamp(1, WAIT_MS_MAX)
    }

    /// How long to wait for the answer to a question that is asked now. Before anything was measured, each wait is longer than the one
    /// before, whoever is asked: the medium may be slower than all waits so far.
    pub(super) fn asked_ms(&mut self, unknown_ms: u64, tries: u32) -> u64 {
        if self.measured.is_some() {
            return self.wait_ms(unknown_ms, tries);
        }
        let doubled_ms = self.wait_ms(unknown_ms, self.unanswered).min(UNKNOWN_MS_MAX);
        self.unanswered = self.unanswered.saturating_add(1);
        doubled_ms.max(self.wait_ms(unknown_ms, tries))
    }

    /// After how long somebody who was to speak first would have been heard.
    pub(super) fn turn_ms(&self, least_ms: u64) -> u64 {
        let heard_ms = self.measured.map_or(TURN_UNKNOWN_MS, |(mean, deviation)| mean + deviation + 2);
        heard_ms.max(least_ms).max(1)
    }

    /// After how long `others`, who were to speak one after the other, would have been heard. Before anything was measured, each is given
    /// twice as long as the one before it. Otherwise, on a slow medium, all in a long line would speak.
    pub(super) fn line_ms(&self, least_ms: u64, others: u64) -> u64 {
        let turn_ms = self.turn_ms(least_ms);
        match self.measured {
            Some(_) => turn_ms.saturating_mul(others),
            None => turn_ms.saturating_mul((1 << others.min(20)) - 1).min(WAIT_MS_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_follow_what_is_measured_and_double() {
        let mut trip = RoundTrip::default();
        assert_eq!(
            [trip.wait_ms(500, 0), trip.wait_ms(500, 1), trip.wait_ms(500, 30)],
            [500, 1_000, 120_000]
        );
        trip.add(100);
        assert_eq!((trip.mean_ms(), trip.wait_ms(500, 0)), (Some(100), 300));
        (0..40).for_each(|_| trip.add(100));
        assert_eq!([trip.wait_ms(500, 0), trip.wait_ms(500, 2)], [120, 480]);
        trip.add(20_000);
        assert!(trip.wait_ms(500, 0) >= 20_000 && trip.turn_ms(40) >= 20_000);
        trip.add(0);
        assert!(trip.mean_ms() > Some(15_000), "it falls slowly");
        trip.add_reported(60_000);
        assert!(trip.mean_ms() < Some(20_000), "what was measured here counts more");
        trip.add(u64::MAX);
        assert_eq!([trip.wait_ms(500, 0), trip.wait_ms(500, 3)], [120_000; 2]);
        let asked = |unknown_ms: u64, count: usize| {
            let mut unmeasured = RoundTrip::default();
            (0..count).map(|_| unmeasured.asked_ms(unknown_ms, 0)).collect::<Vec<u64>>()
        };
        assert_eq!(asked(500, 8), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000]);
        assert_eq!(asked(7, 16)[10..], [7_168, 14_336, 28_672, 32_000, 32_000, 32_000]);
        assert_eq!(asked(60_000, 2), [60_000; 2]);
    }
}
