//! Rosters: whose turn it is to answer a hello, and what is taken from an answer.

use super::content::{self, Member};
use super::peers::Known;
use super::{Liveness, Presence};
use crate::id::ReplicaId;

/// A hello that is to be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingHello {
    pub(super) asker: ReplicaId,
    pub(super) asked_ms: u64,
}

/// How many replicas stand in the line to answer a hello. If all of them fail, the hello is said again.
const LINE_LENGTH: usize = 4;

/// Each in the line waits so many times as long as the one before. So few answer even where a message takes many turns.
const TURNS_FACTOR: u64 = 4;

impl Presence {
    /// Takes a hello: it is answered when it is this replica's turn, unless a roster has just listed the asker.
    pub(super) fn hear_hello(&mut self, asker: ReplicaId, now_ms: u64) {
        let listed_ms = self.peers.get(asker).and_then(|known| known.listed_ms);
        if self.is_recent(listed_ms, now_ms) {
            return;
        }
        // One roster answers all hellos until then.
        if self.waiting_hello.is_none_or(|waiting| self.rank(waiting) == LINE_LENGTH) {
            self.waiting_hello = Some(WaitingHello { asker, asked_ms: now_ms });
        }
    }

    /// When it is this replica's turn to answer. The line is that of now, so that replicas that join together have heard each other
    /// before the first turn comes.
    pub(super) fn turn_ms(&self, answer: WaitingHello) -> u64 {
        let turns = TURNS_FACTOR.pow(self.rank(answer) as u32);
        answer.asked_ms.saturating_add(self.config.turn_ms.saturating_mul(turns))
    }

    /// This replica's rank in the line, from 0; `LINE_LENGTH` if it does not stand in it.
    fn rank(&self, answer: WaitingHello) -> usize {
        self.peers.count_between(answer.asker, self.own, LINE_LENGTH)
    }

    /// Answers the hello, if this replica stands in the line.
    pub(super) fn answer_hello(&mut self, now_ms: u64) {
        if let Some(answer) = self.waiting_hello.take()
            && self.rank(answer) < LINE_LENGTH
        {
            let members = self.present(now_ms);
            self.listed_ms = Some(now_ms);
            members.iter().for_each(|member| self.peers.note_listed(member.replica, now_ms));
            self.outbox.extend(content::rosters(&members, self.config.content_bytes_max));
        }
    }

    /// Everybody who is here, this replica included, by id.
    pub(super) fn present(&self, now_ms: u64) -> Vec<Member> {
        let own = Member { replica: self.own, name: self.name.clone(), age_ms: 0 };
        let others = self.peers.iter().filter(|(_, known)| known.liveness == Liveness::Alive);
        let others = others.map(|(replica, known)| {
            let age_ms = now_ms.saturating_sub(known.last_seen_ms);
            Member { replica, name: known.name.clone(), age_ms }
        });
        let mut members: Vec<Member> = others.collect();
        let at = members.partition_point(|member| member.replica < self.own);
        members.insert(at, own);
        members
    }

    /// Takes a roster, or a part of one. It answers every hello. If this replica is missing, it says *here*, unless another part has
    /// listed it just now.
    pub(super) fn hear_roster(&mut self, members: &[Member], now_ms: u64, random: &mut impl FnMut() -> u64) {
        self.greeting = None;
        self.learn(members, now_ms);
        match members.binary_search_by_key(&self.own, |member| member.replica).map(|at| &members[at].name) {
            Ok(name) if *name == self.name => {
                self.waiting_hello = None;
                self.here_due_ms = None;
                self.listed_ms = Some(now_ms);
            }
            Ok(_) => self.here_due_ms = Some(now_ms),
            Err(_) if self.is_recent(self.listed_ms, now_ms) => {}
            Err(_) => self.say_here_by(now_ms.saturating_add(self.delay_ms(random))),
        }
    }

    /// Adds unknown members of a roster to the peers. One that is known to be gone stays gone until it is heard itself.
    fn learn(&mut self, members: &[Member], now_ms: u64) {
        for Member { replica, name, age_ms } in members {
            if self.peers.get(*replica).is_none() && *replica != self.own && self.has_room_for(*replica) {
                self.strangers.forget(*replica);
                let last_seen_ms = now_ms.saturating_sub(*age_ms);
                let (name, liveness) = (name.clone(), Liveness::Alive);
                self.peers.insert(*replica, Known { name, last_seen_ms, liveness, listed_ms: None });
                self.revision += 1;
            }
            self.peers.note_listed(*replica, now_ms);
        }
    }

    fn is_recent(&self, time_ms: Option<u64>, now_ms: u64) -> bool {
        time_ms.is_some_and(|time_ms| now_ms.saturating_sub(time_ms) < self.config.retry_ms)
    }
}
