//! Which ephemeral writers have been gone for how long.

use std::collections::BTreeMap;

use crate::id::ReplicaId;

/// How often it is looked for who is gone: at least, and at most.
const LOOK_MS: u64 = 1_000;
const LOOK_MS_MIN: u64 = 100;

#[derive(Clone, Debug)]
pub(super) struct Evictions {
    after_ms: Option<u64>,
    /// Since when each was seen to be gone, or since it was evicted last.
    gone_since: BTreeMap<ReplicaId, u64>,
    due_ms: u64,
}

impl Evictions {
    pub(super) fn new(after_ms: Option<u64>) -> Self {
        Self { after_ms, gone_since: BTreeMap::new(), due_ms: 0 }
    }

    pub(super) fn after_ms(&self) -> Option<u64> {
        self.after_ms
    }

    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        // If the clock was set back, it is looked too often rather than too late.
        self.after_ms.is_some() && (self.due_ms <= now_ms || self.due_ms > now_ms.saturating_add(LOOK_MS))
    }

    /// When to look next; `u64::MAX` is never.
    pub(super) fn due_ms(&self) -> u64 {
        self.after_ms.map_or(u64::MAX, |_| self.due_ms)
    }

    /// Who was gone when it was last looked, and since when.
    pub(super) fn gone_since(&self) -> impl Iterator<Item = (ReplicaId, u64)> {
        self.gone_since.iter().map(|(writer, since_ms)| (*writer, *since_ms))
    }

    /// Forgets since when anybody is gone.
    pub(super) fn begin_anew(&mut self) {
        self.gone_since.clear();
    }

    /// Takes who is gone now, and tells which of them have been for long enough. Their time begins anew: what is found of them later is
    /// left for as long. O(m log m).
    pub(super) fn take_due(&mut self, gone: Vec<ReplicaId>, now_ms: u64) -> Vec<ReplicaId> {
        let Some(after_ms) = self.after_ms else { return Vec::new() };
        self.due_ms = now_ms.saturating_add(LOOK_MS.min(after_ms / 4).max(LOOK_MS_MIN));
        let before = core::mem::take(&mut self.gone_since);
        let mut due = Vec::new();
        for writer in gone {
            let since_ms = before.get(&writer).map_or(now_ms, |since_ms| now_ms.min(*since_ms));
            let is_due = now_ms - since_ms >= after_ms;
            if is_due {
                due.push(writer);
            }
            self.gone_since.insert(writer, if is_due { now_ms } else { since_ms });
        }
        due
    }
}
