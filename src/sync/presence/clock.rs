//! A clock that never goes back.

/// The latest time, and the most that a clock is set back in all. So something can always be due later than now.
const TIME_MS_MAX: u64 = 1 << 62;

/// Goes on where the caller's clock was set back. So times that are stored need not be changed then.
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

    /// The time when the caller's clock says `now_ms`, and how long ago the last call was.
    pub(super) fn see(&mut self, now_ms: u64) -> (u64, u64) {
        let now_ms = now_ms.min(TIME_MS_MAX);
        let back_ms = self.seen_ms.saturating_sub(now_ms);
        let since_ms = now_ms.saturating_sub(self.seen_ms);
        self.back_ms = (self.back_ms + back_ms).min(TIME_MS_MAX);
        self.seen_ms = now_ms;
        (now_ms + self.back_ms, since_ms)
    }

    /// What the caller's clock says at that time; `u64::MAX`, which is never, stays.
    pub(super) fn outside(&self, time_ms: u64) -> u64 {
        if time_ms == u64::MAX { u64::MAX } else { time_ms.saturating_sub(self.back_ms) }
    }
}
