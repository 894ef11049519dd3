//! Presence: which replicas are alive, under which names, and when each was last heard. Sans-io, over the channel of the sync
//! messages.
//!
//! It is news for people, and for whoever picks a peer to talk to; what the map means does not depend on it.
//!
//! - **Hello.** Who joins says so once. Everybody takes it down, and one posts the *roster*: all who are alive. Who that is is no
//!   matter of luck: peers stand in a line that their ids and the joiner's decide, and each waits for those before it. Whoever
//!   the roster lacks is added by a *supplement*. A joiner gets one answer, and not all.
//! - **Being heard.** Any message is a sign of life, a map's delta as good as any. One from a replica that nobody introduced
//!   makes its hearers ask, once, with a hello.
//! - **Leaving.** Who closes says *goodbye*. Deaths are told by the caller ([`Presence::died`]) where it has better means than
//!   time, as browsers have with Web Locks: then an idle medium stays silent. Elsewhere replicas that have nothing to say post a
//!   *beat* every two seconds, and one that is not heard for too long is dead ([`Config::heartbeats`]).
//! - **Coming back.** A replica that was suspended is heard again, and so is alive again. It notices itself that it slept, says
//!   hello, and gives the others time to be heard before it calls them dead.

mod config;
mod content;
mod peer;

pub use self::config::{Config, Deaths};
use self::content::{Content, Entry};
pub use self::content::{Name, NameError};
use self::peer::{Known, Peers};
pub use self::peer::{Liveness, Peer};
use crate::codec::DecodeError;
use crate::id::ReplicaId;

/// A hello that is due, and how often it will be said if nobody answers.
#[derive(Clone, Copy, Debug)]
struct Greeting {
    due_ms: u64,
    tries_left: u32,
}

/// A hello that is to be answered, and whom others have listed meanwhile.
#[derive(Clone, Debug)]
struct Answer {
    asker: ReplicaId,
    asked_ms: u64,
    listed: Vec<ReplicaId>,
}

/// Whether this is the content of a presence message.
pub(super) fn check(content: &[u8]) -> Result<(), DecodeError> {
    content::decode(content).map(drop)
}

/// Who is alive, as one replica knows it. See the [module](self).
///
/// After each call post what [`poll`](Self::poll) hands out until it hands out nothing, and call it again at
/// [`next_wake_ms`](Self::next_wake_ms). Everything costs O(log n) for n peers, rosters O(n log n).
#[derive(Clone, Debug)]
pub struct Presence {
    config: Config,
    own: ReplicaId,
    name: Name,
    peers: Peers,
    greeting: Option<Greeting>,
    introduction_is_due: bool,
    answer: Option<Answer>,
    /// When a beat is due, with [`Deaths::Silence`].
    beat_due_ms: u64,
    /// Silence counts from here on at the earliest.
    listening_since_ms: u64,
    last_call_ms: u64,
    revision: u64,
}

impl Presence {
    /// The presence of a replica that has just come to the medium: it says hello at once.
    pub fn join(config: Config, own: ReplicaId, name: Name, now_ms: u64) -> Self {
        Self {
            config,
            own,
            name,
            peers: Peers::default(),
            greeting: Some(Greeting { due_ms: now_ms, tries_left: config.tries_max }),
            introduction_is_due: false,
            answer: None,
            beat_due_ms: now_ms,
            listening_since_ms: now_ms,
            last_call_ms: now_ms,
            revision: 0,
        }
    }

    /// What this replica calls itself.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Goes by another name from now on, and tells the others.
    pub fn set_name(&mut self, name: Name) {
        self.introduction_is_due |= name != self.name;
        self.name = name;
    }

    /// The replicas that introduced themselves, by id, those that are gone and not yet forgotten included.
    pub fn peers(&self) -> impl Iterator<Item = Peer> {
        self.peers.iter().filter_map(|(replica, known)| {
            let Known { name, last_seen_ms, liveness, .. } = known.clone();
            Some(Peer { replica, name: name?, last_seen_ms, liveness })
        })
    }

    /// A number that grows whenever a peer came, left, died or changed its name; being heard alone changes nothing.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes a message of any other kind for a sign of life.
    pub fn heard(&mut self, sender: ReplicaId, now_ms: u64, random: &mut impl FnMut() -> u64) {
        self.notice_sleep(now_ms);
        let Some(known) = self.peers.get_mut(sender).filter(|known| known.name.is_some()) else {
            return self.hear_stranger(sender, now_ms, random);
        };
        // What was posted before a goodbye may arrive after it.
        if known.liveness != Liveness::Left
            || known.last_seen_ms.saturating_add(self.config.retry_ms) < now_ms
        {
            self.revision += u64::from(known.liveness != Liveness::Alive);
            known.liveness = Liveness::Alive;
            known.last_seen_ms = now_ms;
        }
    }

    /// Takes the content of a presence message.
    ///
    /// # Errors
    /// [`DecodeError`] if it is none; nothing has changed then.
    pub fn receive(
        &mut self,
        sender: ReplicaId,
        content: &[u8],
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Result<(), DecodeError> {
        let content = content::decode(content)?;
        self.notice_sleep(now_ms);
        match content {
            Content::Hello(name) => {
                self.introduce(sender, name, now_ms);
                self.note_question();
                self.answer_to(sender, Vec::new(), now_ms);
            }
            Content::Here(name) => self.introduce(sender, name, now_ms),
            Content::Beat => self.heard(sender, now_ms, random),
            Content::Goodbye => self.mark_gone(sender, Liveness::Left, now_ms),
            Content::Roster(entries) => {
                self.heard(sender, now_ms, random);
                self.hear_roster(sender, &entries, now_ms);
            }
            Content::Supplement(entries) => {
                self.heard(sender, now_ms, random);
                self.learn(&entries, now_ms);
                if let Some(answer) = &mut self.answer {
                    answer.listed.extend(entries.iter().map(|entry| entry.replica));
                }
            }
        }
        Ok(())
    }

    /// The caller knows that a peer is no more, whoever it is.
    pub fn died(&mut self, replica: ReplicaId, now_ms: u64) {
        self.mark_gone(replica, Liveness::Dead, now_ms);
    }

    /// The caller knows that this replica could not listen for a while: it says hello, and gives the others time to be heard.
    /// With [`Deaths::Silence`] it notices that itself.
    pub fn resume(&mut self, now_ms: u64) {
        self.listening_since_ms = now_ms;
        self.greeting = Some(Greeting { due_ms: now_ms, tries_left: self.config.tries_max });
    }

    /// Something was posted under this replica's id, which is a sign of life: no beat is needed for a while.
    pub fn posted(&mut self, now_ms: u64) {
        if let Deaths::Silence { beat_ms, .. } = self.config.deaths {
            self.beat_due_ms = now_ms.saturating_add(beat_ms);
        }
    }

    /// The content of the message to post before leaving. Nothing should be posted after it.
    pub fn goodbye(&self) -> Vec<u8> {
        content::encode(&Content::Goodbye)
    }

    /// Hands out the content of the next message to post, if any is due. Call it until there is none.
    pub fn poll(&mut self, now_ms: u64) -> Option<Vec<u8>> {
        self.notice_sleep(now_ms);
        self.notice_silence(now_ms);
        let content = self.next_content(now_ms)?;
        self.posted(now_ms);
        Some(content::encode(&content))
    }

    /// When [`poll`](Self::poll) has something to do next, if nothing is received before; `u64::MAX` is never.
    pub fn next_wake_ms(&self) -> u64 {
        if self.introduction_is_due {
            return 0;
        }
        let greeting_ms = self.greeting.map(|greeting| greeting.due_ms);
        let answer_ms = self.answer.as_ref().map(|answer| self.turn_ms(answer));
        let silence = match self.config.deaths {
            Deaths::Told => None,
            Deaths::Silence { silence_ms_max, .. } => {
                let alive = self.peers.values().filter(|known| known.liveness == Liveness::Alive);
                let deaths = alive.map(|known| self.silent_since_ms(known).saturating_add(silence_ms_max));
                deaths.chain([self.beat_due_ms]).min()
            }
        };
        [greeting_ms, answer_ms, silence].into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    fn next_content(&mut self, now_ms: u64) -> Option<Content> {
        if let Some(greeting) = self.greeting.filter(|greeting| greeting.due_ms <= now_ms) {
            let due_ms = now_ms.saturating_add(self.config.retry_ms);
            let tries_left = greeting.tries_left.saturating_sub(1);
            self.note_question();
            self.greeting = (tries_left > 0).then_some(Greeting { due_ms, tries_left });
            self.introduction_is_due = false;
            return Some(Content::Hello(self.name.clone()));
        }
        if core::mem::take(&mut self.introduction_is_due) {
            return Some(Content::Here(self.name.clone()));
        }
        if self.answer.as_ref().is_some_and(|answer| self.turn_ms(answer) <= now_ms)
            && let Some(answer) = self.answer.take()
        {
            let mut entries = self.present(now_ms);
            if answer.listed.is_empty() {
                return Some(Content::Roster(entries));
            }
            entries.retain(|entry| !answer.listed.contains(&entry.replica));
            if !entries.is_empty() {
                return Some(Content::Supplement(entries));
            }
        }
        let beats = matches!(self.config.deaths, Deaths::Silence { .. });
        (beats && self.beat_due_ms <= now_ms).then_some(Content::Beat)
    }

    /// Everybody who is here, this replica included, by id.
    fn present(&self, now_ms: u64) -> Vec<Entry> {
        let own = Entry { replica: self.own, name: self.name.clone(), age_ms: 0 };
        let others = self.peers.iter().filter(|(_, known)| known.liveness == Liveness::Alive);
        let others = others.filter_map(|(replica, known)| {
            let age_ms = now_ms.saturating_sub(known.last_seen_ms);
            Some(Entry { replica, name: known.name.clone()?, age_ms })
        });
        let mut entries: Vec<Entry> = others.collect();
        let at = entries.partition_point(|entry| entry.replica < self.own);
        entries.insert(at, own);
        entries
    }

    fn introduce(&mut self, replica: ReplicaId, name: Name, now_ms: u64) {
        let name = Some(name);
        let is_news = self.peers.get(replica).is_none_or(|known| !known.is_present() || known.name != name);
        if self.has_room_for(replica) {
            let known = Known { name, asked: 0, last_seen_ms: now_ms, liveness: Liveness::Alive };
            self.peers.insert(replica, known);
            self.revision += u64::from(is_news);
        }
    }

    /// A goodbye may come after the news of a death that it explains.
    fn mark_gone(&mut self, replica: ReplicaId, liveness: Liveness, now_ms: u64) {
        let is_news = |known: &&mut Known| {
            known.liveness == Liveness::Alive
                || (known.liveness == Liveness::Dead && liveness == Liveness::Left)
        };
        if let Some(known) = self.peers.get_mut(replica).filter(is_news) {
            self.revision += u64::from(known.name.is_some());
            known.liveness = liveness;
            if liveness == Liveness::Left {
                known.last_seen_ms = now_ms;
            }
        }
    }

    /// Takes a stranger down, and asks soon who it is, unless somebody else does before. Not for ever: it may not want to be known.
    fn hear_stranger(&mut self, replica: ReplicaId, now_ms: u64, random: &mut impl FnMut() -> u64) {
        if !self.has_room_for(replica) {
            return;
        }
        let unknown = Known { name: None, asked: 0, last_seen_ms: now_ms, liveness: Liveness::Alive };
        let known = self.peers.get_or_insert(replica, unknown);
        known.last_seen_ms = now_ms;
        if known.asked < self.config.tries_max && self.greeting.is_none() {
            let delay_ms = random() % self.config.retry_ms.saturating_add(1);
            let due_ms = now_ms.saturating_add(self.config.retry_ms).saturating_add(delay_ms);
            self.greeting = Some(Greeting { due_ms, tries_left: 1 });
        }
    }

    /// Somebody, perhaps this replica, is just saying hello, which strangers hear too.
    fn note_question(&mut self) {
        self.peers.values_mut().filter(|known| known.name.is_none()).for_each(|stranger| stranger.asked += 1);
        self.greeting = self.greeting.filter(|greeting| greeting.tries_left > 1);
    }

    /// A roster answers everybody's hello. What it lacks is added later, unless another does so before.
    fn hear_roster(&mut self, sender: ReplicaId, entries: &[Entry], now_ms: u64) {
        self.greeting = None;
        self.learn(entries, now_ms);
        let own = entries.iter().find(|entry| entry.replica == self.own);
        self.introduction_is_due |= own.is_some_and(|entry| entry.name != self.name);
        let listed = entries.iter().map(|entry| entry.replica);
        match &mut self.answer {
            Some(answer) => answer.listed.extend(listed),
            None if own.is_none() => self.answer_to(sender, listed.collect(), now_ms),
            None => {}
        }
    }

    /// Answers a hello when it is this replica's turn. One that waits for an answer already gets the same.
    fn answer_to(&mut self, asker: ReplicaId, listed: Vec<ReplicaId>, now_ms: u64) {
        if self.answer.as_ref().is_none_or(|answer| !answer.listed.is_empty()) {
            self.answer = Some(Answer { asker, asked_ms: now_ms, listed });
        }
    }

    /// When it is this replica's turn to answer: the peers stand in line by their ids' distance from the asker's. The line is as
    /// it is now, so that many who join together have heard each other before the first turn comes.
    fn turn_ms(&self, answer: &Answer) -> u64 {
        let distance = |replica: ReplicaId| replica.get() ^ answer.asker.get();
        let before = self.peers.iter().filter(|(replica, known)| {
            *replica != answer.asker && known.is_present() && distance(*replica) < distance(self.own)
        });
        let wait_ms = self.config.turn_ms.saturating_mul(before.count() as u64 + 1);
        answer.asked_ms.saturating_add(wait_ms)
    }

    /// Learns from another who is here. That brings nobody back: who is there is heard itself.
    fn learn(&mut self, entries: &[Entry], now_ms: u64) {
        for Entry { replica, name, age_ms } in entries {
            let is_news = match self.peers.get(*replica) {
                Some(known) => known.name.is_none(),
                None => *replica != self.own,
            };
            if is_news && self.has_room_for(*replica) {
                let last_seen_ms = now_ms.saturating_sub(*age_ms);
                let known =
                    Known { name: Some(name.clone()), asked: 0, last_seen_ms, liveness: Liveness::Alive };
                self.peers.insert(*replica, known);
                self.revision += 1;
            }
        }
    }

    fn is_too_silent(&self, silent_ms: u64) -> bool {
        matches!(self.config.deaths, Deaths::Silence { silence_ms_max, .. } if silent_ms >= silence_ms_max)
    }

    /// Whether a replica is remembered or may be; makes room by forgetting who is gone, or a stranger.
    fn has_room_for(&mut self, replica: ReplicaId) -> bool {
        if self.peers.len() < self.config.peers_max || self.peers.get(replica).is_some() {
            return true;
        }
        let dispensable = self.peers.iter().filter(|(_, known)| !known.is_present());
        let longest = dispensable.min_by_key(|(_, known)| known.last_seen_ms).map(|(replica, _)| replica);
        longest.is_some_and(|replica| self.peers.remove(replica))
    }

    fn silent_since_ms(&self, known: &Known) -> u64 {
        known.last_seen_ms.max(self.listening_since_ms)
    }

    fn notice_silence(&mut self, now_ms: u64) {
        let is_silent =
            |known: &Known| self.is_too_silent(now_ms.saturating_sub(self.silent_since_ms(known)));
        let silent: Vec<ReplicaId> = self
            .peers
            .iter()
            .filter(|(_, known)| known.liveness == Liveness::Alive && is_silent(known))
            .map(|(replica, _)| replica)
            .collect();
        silent.into_iter().for_each(|replica| self.died(replica, now_ms));
    }

    /// Who has to beat is called at least that often: if it was not, it slept, and did not hear who is there.
    fn notice_sleep(&mut self, now_ms: u64) {
        self.notice_clock_set_back(self.last_call_ms.saturating_sub(now_ms));
        if self.is_too_silent(now_ms.saturating_sub(self.last_call_ms)) {
            self.resume(now_ms);
        }
        self.last_call_ms = now_ms;
    }

    /// What is due, and what was, is as much earlier.
    fn notice_clock_set_back(&mut self, back_ms: u64) {
        if back_ms > 0 {
            let seen = self.peers.values_mut().map(|known| &mut known.last_seen_ms);
            let greeting = self.greeting.as_mut().map(|greeting| &mut greeting.due_ms);
            let answer = self.answer.as_mut().map(|answer| &mut answer.asked_ms);
            let own = [&mut self.beat_due_ms, &mut self.listening_since_ms];
            for time_ms in seen.chain(greeting).chain(answer).chain(own) {
                *time_ms = time_ms.saturating_sub(back_ms);
            }
        }
    }
}
