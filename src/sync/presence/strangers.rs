//! Strangers: replicas that were heard and did not introduce themselves, and when to ask who they are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, steps};
use crate::id::ReplicaId;

#[derive(Clone, Copy, Debug, Default)]
struct Stranger {
    last_seen_ms: u64,
    /// How often somebody asked who it is, and when that was last.
    asked: u32,
    asked_ms: u64,
    /// When to ask; `None` if it was not heard since the last question.
    due_ms: Option<u64>,
}

/// All strangers. `by_age` and `due` are indexes of `all` in other orders, so that each call is O(log n).
#[derive(Clone, Debug, Default)]
pub(super) struct Strangers {
    all: BTreeMap<ReplicaId, Stranger>,
    by_age: BTreeSet<(u64, ReplicaId)>,
    due: BTreeSet<(u64, ReplicaId)>,
}

impl Strangers {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn contains(&self, replica: ReplicaId) -> bool {
        self.all.contains_key(&replica)
    }

    /// Notes that a stranger was heard. It is asked about after `delay_ms`, or later if it was asked about before, since it may not
    /// want to be known.
    pub(super) fn hear(&mut self, replica: ReplicaId, now_ms: u64, delay_ms: u64, config: &Config) {
        let mut stranger = self.remove(replica).unwrap_or_default();
        stranger.last_seen_ms = now_ms;
        stranger.due_ms.get_or_insert_with(|| {
            let wait_ms = match stranger.asked {
                0 => 0,
                asked => (config.retry_ms << (asked - 1).min(16)).min(config.ask_ms_max),
            };
            stranger.asked_ms.saturating_add(wait_ms).max(now_ms).saturating_add(delay_ms)
        });
        self.insert(replica, stranger);
    }

    /// Notes that somebody asks who that is, which everybody hears.
    pub(super) fn note_asked(&mut self, replica: ReplicaId, now_ms: u64) {
        if let Some(stranger) = self.remove(replica) {
            let asked = stranger.asked.saturating_add(1);
            self.insert(replica, Stranger { asked, asked_ms: now_ms, due_ms: None, ..stranger });
        }
    }

    /// The strangers to ask about, by id, if any is due; with those that are due within `ahead_ms`.
    pub(super) fn take_due(&mut self, now_ms: u64, ahead_ms: u64) -> Vec<ReplicaId> {
        if self.first_due_ms().is_none_or(|due_ms| due_ms > now_ms) {
            return Vec::new();
        }
        let until_ms = now_ms.saturating_add(ahead_ms);
        let due = self.due.iter().inspect(|_| steps::count()).take_while(|(due_ms, _)| *due_ms <= until_ms);
        let mut replicas: Vec<ReplicaId> = due.map(|(_, replica)| *replica).collect();
        replicas.sort_unstable();
        replicas.iter().for_each(|replica| self.note_asked(*replica, now_ms));
        replicas
    }

    pub(super) fn first_due_ms(&self) -> Option<u64> {
        self.due.first().map(|(due_ms, _)| *due_ms)
    }

    /// The one that was not heard for the longest time, and when it was.
    pub(super) fn longest_silent(&self) -> Option<(u64, ReplicaId)> {
        self.by_age.first().copied()
    }

    /// Forgets a stranger, which may have introduced itself.
    pub(super) fn forget(&mut self, replica: ReplicaId) {
        self.remove(replica);
    }

    fn insert(&mut self, replica: ReplicaId, stranger: Stranger) {
        steps::count();
        self.by_age.insert((stranger.last_seen_ms, replica));
        self.due.extend(stranger.due_ms.map(|due_ms| (due_ms, replica)));
        self.all.insert(replica, stranger);
    }

    fn remove(&mut self, replica: ReplicaId) -> Option<Stranger> {
        steps::count();
        let stranger = self.all.remove(&replica)?;
        self.by_age.remove(&(stranger.last_seen_ms, replica));
        if let Some(due_ms) = stranger.due_ms {
            self.due.remove(&(due_ms, replica));
        }
        Some(stranger)
    }
}
