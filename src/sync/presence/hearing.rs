//! What is noted of replicas that are heard, and of those that are gone.

use super::peers::Known;
use super::{Deaths, Greeting, Liveness, Name, Presence};
use crate::id::ReplicaId;

impl Presence {
    pub(super) fn introduce(&mut self, replica: ReplicaId, name: Name, now_ms: u64) {
        if replica == self.own || !self.has_room_for(replica) {
            return;
        }
        let known = self.peers.get(replica);
        let is_news = known.is_none_or(|known| known.liveness != Liveness::Alive || known.name != name);
        let listed_ms = known.and_then(|known| known.listed_ms);
        self.strangers.forget(replica);
        let known = Known { name, last_seen_ms: now_ms, liveness: Liveness::Alive, listed_ms };
        self.peers.insert(replica, known);
        self.revision += u64::from(is_news);
    }

    pub(super) fn introduce_unless_left(&mut self, replica: ReplicaId, name: Name, now_ms: u64) {
        if !self.has_just_left(replica, now_ms) {
            self.introduce(replica, name, now_ms);
        }
    }

    /// What was posted before a goodbye may arrive after it.
    fn has_just_left(&self, replica: ReplicaId, now_ms: u64) -> bool {
        self.peers.get(replica).is_some_and(|known| {
            let until_ms = known.last_seen_ms.saturating_add(self.config.retry_ms);
            known.liveness == Liveness::Left && now_ms <= until_ms
        })
    }

    pub(super) fn hear(&mut self, sender: ReplicaId, now_ms: u64, random: &mut impl FnMut() -> u64) {
        if self.has_just_left(sender, now_ms) {
            return;
        }
        match self.peers.get(sender).cloned() {
            Some(known) => {
                self.revision += u64::from(known.liveness != Liveness::Alive);
                let known = Known { liveness: Liveness::Alive, last_seen_ms: now_ms, ..known };
                self.peers.insert(sender, known);
            }
            // Where there are beats, a stranger says its name soon.
            None if self.config.deaths == Deaths::Reported
                && sender != self.own
                && self.has_room_for(sender) =>
            {
                self.strangers.hear(sender, now_ms, self.delay_ms(random), &self.config);
            }
            None => {}
        }
    }

    /// A goodbye may come after the news of a death that it explains.
    pub(super) fn mark_gone(&mut self, replica: ReplicaId, liveness: Liveness, now_ms: u64) {
        self.strangers.forget(replica);
        let Some(known) = self.peers.get(replica).cloned() else { return };
        let explains = known.liveness == Liveness::Dead && liveness == Liveness::Left;
        if known.liveness == Liveness::Alive || explains {
            let last_seen_ms = if liveness == Liveness::Left { now_ms } else { known.last_seen_ms };
            self.peers.insert(replica, Known { liveness, last_seen_ms, listed_ms: None, ..known });
            self.revision += 1;
        }
    }

    /// Takes a *who*: somebody asks who those replicas are. If this replica is one of them, it may not have heard the others either. So
    /// it answers with a hello, once.
    pub(super) fn hear_who(&mut self, replicas: &[ReplicaId], now_ms: u64) {
        replicas.iter().for_each(|replica| self.strangers.note_asked(*replica, now_ms));
        if replicas.binary_search(&self.own).is_ok() {
            self.say_here_by(now_ms);
            let once =
                Greeting { due_ms: self.here_due_ms.unwrap_or(now_ms), said: self.config.tries_max - 1 };
            self.greeting.get_or_insert(once);
        }
    }

    /// Whether a replica is remembered, or there is room for it. Makes room by forgetting one that is gone, or a stranger.
    pub(super) fn has_room_for(&mut self, replica: ReplicaId) -> bool {
        let is_remembered = self.peers.get(replica).is_some() || self.strangers.contains(replica);
        if is_remembered || self.peers.len() + self.strangers.len() < self.config.peers_max {
            return true;
        }
        let (gone, stranger) = (self.peers.longest_gone(), self.strangers.longest_silent());
        let longest = [gone, stranger].into_iter().flatten().min();
        if let Some((_, replica)) = longest {
            self.peers.remove(replica);
            self.strangers.forget(replica);
        }
        longest.is_some()
    }
}
