//! Time that never goes back.

/// No clock says more, and none is set back by more in all, so that something can always be due later than now.
const TIME_MS_MAX: u64 = 1 << 62;

/// Counts on where a clock was set back, so that what is due, and what was, need not be touched then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The latest time that was passed in.
    seen_ms: u64,
    /// By how much it was set back in all.
    back_ms: u64,
}

impl Clock {
    pub(super) fn new(now_ms: u64) -> Self {
        Self { seen_ms: now_ms.min(TIME_MS_MAX), back_ms: 0 }
    }

    /// The time here when the caller's clock says `now_ms`, and how long ago it was last looked at.
    pub(super) fn see(&mut self, now_ms: u64) -> (u64, u64) {
        let now_ms = now_ms.min(TIME_MS_MAX);
        let back_ms = self.seen_ms.saturating_sub(now_ms);
        let since_ms = now_ms.saturating_sub(self.seen_ms);
        self.back_ms = (self.back_ms + back_ms).min(TIME_MS_MAX);
        self.seen_ms = now_ms;
        (now_ms + self.back_ms, since_ms)
    }

    /// What the caller's clock says at that time; what is never is never.
    pub(super) fn outside(&self, time_ms: u64) -> u64 {
        if time_ms == u64::MAX { u64::MAX } else { time_ms.saturating_sub(self.back_ms) }
    }
}
