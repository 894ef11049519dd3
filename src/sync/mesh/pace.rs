//! How much news comes at about the same time, and which parts of it are new.

use crate::codec::WireKey;
use crate::delta::Delta;
use crate::version::Version;

/// After so long, news counts half.
const HALF_LIFE_MS: u64 = 50;

/// How long to wait for more, for each piece of news that came lately.
const HOLD_MS: u64 = 16;

/// How long to wait for more at most.
const HOLD_MS_MAX: u64 = 200;

/// How much news came lately. A single piece goes on at once. When much comes at about the same time, it goes on together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    lately: u64,
    since_ms: u64,
}

impl Pace {
    /// Notes that news came. Returns how long to wait for more, at most.
    pub(super) fn comes(&mut self, now_ms: u64) -> u64 {
        let half_lives = now_ms.saturating_sub(self.since_ms) / HALF_LIFE_MS;
        if half_lives > 0 {
            self.lately = self.lately.checked_shr(half_lives.min(64) as u32).unwrap_or(0);
            self.since_ms = now_ms;
        }
        let hold_ms = self.lately.saturating_mul(HOLD_MS).min(HOLD_MS_MAX);
        self.lately = self.lately.saturating_add(1);
        hold_ms
    }

    /// Moves all times back, after the clock was set back.
    pub(super) fn set_back(&mut self, back_ms: u64) {
        self.since_ms = self.since_ms.saturating_sub(back_ms);
    }
}

/// The parts of a delta, by registration, in which something was not known before. It is the whole delta if all is new, or if the parts
/// together would claim less. O(n log n); if all is new, O(runs of its dots).
pub(super) fn new_parts<K: WireKey>(delta: Delta<K>, before: &Version) -> Vec<Delta<K>> {
    if delta.version().intersection(before).is_empty() {
        return vec![delta];
    }
    let mut parts = Vec::new();
    let mut rest = vec![delta.clone()];
    while let Some(part) = rest.pop() {
        match part.halves() {
            Some((first, second)) => rest.extend([second, first]),
            None => parts.push(part),
        }
    }
    let mut claimed = Version::default();
    parts.iter().for_each(|part| claimed.join(part.version()));
    if !claimed.includes(delta.version()) {
        return vec![delta];
    }
    parts.retain(|part| !before.includes(part.version()));
    parts
}
