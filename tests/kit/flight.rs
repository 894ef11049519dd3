//! Messages on their way, in virtual time.

use std::collections::BTreeMap;

/// What is on its way. Of what arrives at the same time, what was sent first comes first.
pub struct Flight<T> {
    by_arrival: BTreeMap<(u64, u64), T>,
    sent: u64,
}

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self { by_arrival: BTreeMap::new(), sent: 0 }
    }
}

impl<T> Flight<T> {
    pub fn send(&mut self, due_ms: u64, message: T) {
        self.sent += 1;
        self.by_arrival.insert((due_ms, self.sent), message);
    }

    /// When the next message arrives.
    pub fn next_ms(&self) -> Option<u64> {
        self.by_arrival.first_key_value().map(|((due_ms, _), _)| *due_ms)
    }

    /// When the last message arrives that is on its way.
    pub fn last_ms(&self) -> Option<u64> {
        self.by_arrival.last_key_value().map(|((due_ms, _), _)| *due_ms)
    }

    /// The next message that has arrived by now.
    pub fn arrived(&mut self, now_ms: u64) -> Option<T> {
        let first = self.by_arrival.first_entry().filter(|entry| entry.key().0 <= now_ms)?;
        Some(first.remove())
    }

    /// Loses what is on its way and is not to be kept.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        self.by_arrival.retain(|_, message| is_kept(message));
    }

    /// All arrives so much earlier, since the clock is set back.
    pub fn set_back(&mut self, by_ms: u64) {
        let earlier = std::mem::take(&mut self.by_arrival).into_iter();
        self.by_arrival =
            earlier.map(|((due_ms, sent), message)| ((due_ms - by_ms, sent), message)).collect();
    }
}
