//! Presence: which replicas are alive, under which names, and when each was last heard. Sans-io; its messages go over the same medium as
//! those of the sync protocol, and `docs/protocol.md` defines their bytes.
//!
//! It is for people, and for programs that choose a peer. What all agree on does not depend on it; the [living answer](crate::RangeMap::living)
//! does.
//!
//! - **Hello.** A replica that joins says hello once. Everybody notes it, and one replica sends the *roster*: all that are alive. The
//!   ids decide which one: those that follow the joiner by id stand in a line, and each waits for those before it. So a joiner gets one
//!   answer, and not as many as there are replicas. A roster that is too long for one message is sent in several.
//! - **Here.** A replica that is missing on a roster says that it is here.
//! - **Signs of life.** Any message is a sign of life, also a delta of the map.
//! - **Leaving.** A replica that leaves says *goodbye*. Some callers can report deaths ([`Node::died`](crate::Node::died)), as browsers can with Web
//!   Locks; then an idle medium stays silent. Elsewhere replicas that have nothing to send post a *beat* every two seconds, and one that
//!   is silent for too long is dead ([`Config::heartbeats`]).
//! - **Vouching.** A node says over its other links which ephemeral writers it sees alive, and passes on what it hears, so that those far
//!   away are known too.
//! - **Attributes.** What a participant says of itself goes along, to who sees it, and from there as far as somebody vouches for it.
//! - **Coming back.** A replica that was suspended is heard again, and so is alive again. It notices that it slept, says hello, and
//!   gives the others time to be heard before it takes them for dead.
//!
//! **Losses are made good.** A beat is a *here*, so it has the name. Every replica posts one within two intervals, whatever else it
//! posts. So two intervals after the last loss, everybody knows everybody. Where deaths are reported, there are no beats. There, when a
//! stranger is heard, one replica asks for all who that is. It is asked again and again, but more and more rarely, and only while the
//! stranger goes on being heard. The stranger answers with a hello.

mod attributes;
mod clock;
mod config;
mod content;
mod hearing;
mod peer;
mod peers;
mod roster;
mod steps;
mod strangers;

use std::collections::VecDeque;

pub use self::attributes::{Attributes, AttributesError};
use self::clock::Clock;
pub use self::config::{Config, ConfigError, Deaths};
pub(crate) use self::content::About;
use self::content::Content;
pub use self::content::{Name, NameError};
pub use self::peer::{Liveness, Peer};
use self::peers::Peers;
use self::roster::WaitingHello;
use self::strangers::Strangers;
use crate::codec::DecodeError;
use crate::id::ReplicaId;

/// A hello that is due, and how often it was said.
#[derive(Clone, Copy, Debug)]
struct Greeting {
    due_ms: u64,
    said: u32,
}

/// Whether this is the content of a presence message.
pub(super) fn check(content: &[u8]) -> Result<(), DecodeError> {
    content::decode(content).map(drop)
}

/// What a presence message says of others.
pub(crate) enum OfOthers {
    /// The words with which it vouches for ephemeral writers.
    Words(Vec<(ReplicaId, u64)>),
    /// What participants say of themselves.
    Abouts(Vec<About>),
}

/// What a presence message says of others, if it is such a one.
pub(crate) fn of_others(content: &[u8]) -> Option<OfOthers> {
    match content::decode(content) {
        Ok(Content::Alive(words)) => Some(OfOthers::Words(words)),
        Ok(Content::Abouts(abouts)) => Some(OfOthers::Abouts(abouts)),
        _ => None,
    }
}

/// Whether that is a roster, or a part of one.
pub(crate) fn is_roster(content: &[u8]) -> bool {
    matches!(content::decode(content), Ok(Content::Roster(_)))
}

/// The contents that pass on what those say of themselves, who are ascending, none longer than that.
pub(crate) fn pass_on(abouts: &[About], bytes_max: usize) -> Vec<Vec<u8>> {
    content::abouts(abouts, bytes_max)
}

/// The contents that vouch for those ephemeral writers, who are ascending, none longer than that.
pub(crate) fn vouch(words: &[(ReplicaId, u64)], bytes_max: usize) -> Vec<Vec<u8>> {
    content::alives(words, bytes_max)
}

/// Who is alive, as one replica knows it. See the [module](self).
///
/// After each call post what [`poll`](Self::poll) hands out until it hands out nothing, and call it again at
/// [`next_wake_ms`](Self::next_wake_ms). For n peers, every call costs O(log n). A call that writes or reads a message with m peers, or
/// finds m of them dead, costs O(m log n).
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    config: Config,
    own: ReplicaId,
    name: Name,
    peers: Peers,
    strangers: Strangers,
    greeting: Option<Greeting>,
    waiting_hello: Option<WaitingHello>,
    /// When to say *here*, if somebody does not know this replica.
    here_due_ms: Option<u64>,
    /// When the last roster that lists this replica was received or sent.
    listed_ms: Option<u64>,
    /// The contents to hand out next.
    outbox: VecDeque<Vec<u8>>,
    /// When something was last posted, and when something with this replica's name.
    posted_ms: u64,
    introduced_ms: u64,
    /// Silence before this time does not count.
    listening_since_ms: u64,
    clock: Clock,
    revision: u64,
}

impl Presence {
    /// The presence of a replica that has just come to the medium: it says hello at once.
    ///
    /// # Errors
    /// [`ConfigError`] for a configuration that cannot work.
    pub fn join(config: Config, own: ReplicaId, name: Name, now_ms: u64) -> Result<Self, ConfigError> {
        config.check()?;
        let mut clock = Clock::new(now_ms);
        let (now_ms, _) = clock.see(now_ms);
        Ok(Self {
            config,
            own,
            name,
            peers: Peers::default(),
            strangers: Strangers::default(),
            greeting: Some(Greeting { due_ms: now_ms, said: 0 }),
            waiting_hello: None,
            here_due_ms: None,
            listed_ms: None,
            outbox: VecDeque::new(),
            posted_ms: now_ms,
            introduced_ms: now_ms,
            listening_since_ms: now_ms,
            clock,
            revision: 0,
        })
    }

    /// Goes on under another id: says hello under it. The peers stay known.
    pub(crate) fn go_on_as(&mut self, own: ReplicaId, now_ms: u64) {
        let now_ms = self.see(now_ms);
        self.own = own;
        // It may be one that it had before, of which it has heard that it left.
        self.peers.remove(own);
        self.greeting = Some(Greeting { due_ms: now_ms, said: 0 });
        self.listed_ms = None;
    }

    /// Goes by another name from now on, and tells the others.
    pub fn set_name(&mut self, name: Name) {
        if name != self.name {
            self.here_due_ms = Some(0);
        }
        self.name = name;
    }

    /// The replicas that introduced themselves, by id, those that are gone and not yet forgotten included. O(n).
    pub fn peers(&self) -> impl Iterator<Item = Peer> {
        self.peers.iter().map(|(replica, known)| Peer {
            replica,
            name: known.name.clone(),
            last_seen_ms: self.clock.outside(known.last_seen_ms),
            liveness: known.liveness,
        })
    }

    /// A number that grows whenever a peer came, left, died or changed its name; being heard alone changes nothing.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes a message of any other kind as a sign of life.
    pub fn heard(&mut self, sender: ReplicaId, now_ms: u64, random: &mut impl FnMut() -> u64) {
        let now_ms = self.see(now_ms);
        self.hear(sender, now_ms, random);
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
        let now_ms = self.see(now_ms);
        match content {
            Content::Hello(name) => {
                self.introduce(sender, name, now_ms);
                self.hear_hello(sender, now_ms);
            }
            Content::Here(name) => self.introduce_unless_left(sender, name, now_ms),
            Content::Who(name, replicas) => {
                self.introduce_unless_left(sender, name, now_ms);
                self.hear_who(&replicas, now_ms);
            }
            Content::Goodbye => self.mark_gone(sender, Liveness::Left, now_ms),
            // The node itself takes what is said of others.
            Content::Alive(_) | Content::Abouts(_) => self.hear(sender, now_ms, random),
            Content::Roster(members) => {
                self.hear(sender, now_ms, random);
                self.hear_roster(&members, now_ms, random);
            }
        }
        Ok(())
    }

    /// Reports that a peer has died. Does nothing if it is not known.
    pub fn died(&mut self, replica: ReplicaId, now_ms: u64) {
        let now_ms = self.see(now_ms);
        self.mark_gone(replica, Liveness::Dead, now_ms);
    }

    /// Reports that this replica could not listen for a while: it says hello, and gives the others time to be heard. With
    /// [`Deaths::Silence`] it notices that itself.
    pub fn resume(&mut self, now_ms: u64) {
        let (now_ms, _) = self.clock.see(now_ms);
        self.listen_anew(now_ms);
    }

    /// Reports that something was posted under this replica's id. That is a sign of life, so no beat is needed for a while.
    pub fn posted(&mut self, now_ms: u64) {
        self.posted_ms = self.see(now_ms);
    }

    /// The content of the message to post before leaving. Nothing should be posted after it.
    pub fn goodbye(&self) -> Vec<u8> {
        content::goodbye()
    }

    /// Hands out the content of the next message to post, if any is due. Call it until there is none.
    pub fn poll(&mut self, now_ms: u64) -> Option<Vec<u8>> {
        let now_ms = self.see(now_ms);
        self.notice_silence(now_ms);
        if self.outbox.is_empty() {
            self.speak(now_ms);
        }
        let content = self.outbox.pop_front()?;
        self.posted_ms = now_ms;
        Some(content)
    }

    /// When [`poll`](Self::poll) has something to do next, if nothing is received before; `u64::MAX` is never.
    pub fn next_wake_ms(&self) -> u64 {
        if !self.outbox.is_empty() {
            return 0;
        }
        let greeting_ms = self.greeting.map(|greeting| greeting.due_ms);
        let answer_ms = self.waiting_hello.map(|answer| self.turn_ms(answer));
        let death_ms = self.silence_ms_max().zip(self.peers.longest_silent());
        let death_ms = death_ms.map(|(silence_ms_max, (last_seen_ms, _))| {
            last_seen_ms.max(self.listening_since_ms).saturating_add(silence_ms_max)
        });
        let due = [
            greeting_ms,
            answer_ms,
            self.here_due_ms,
            self.strangers.first_due_ms(),
            self.beat_due_ms(),
            death_ms,
        ];
        self.clock.outside(due.into_iter().flatten().min().unwrap_or(u64::MAX))
    }

    /// Puts what is due next into the outbox.
    fn speak(&mut self, now_ms: u64) {
        let is_due = |due_ms: Option<u64>| due_ms.is_some_and(|due_ms| due_ms <= now_ms);
        if is_due(self.greeting.map(|greeting| greeting.due_ms)) {
            self.greet(now_ms);
        } else if is_due(self.here_due_ms) {
            self.outbox.push_back(content::here(&self.name));
        } else if is_due(self.waiting_hello.map(|answer| self.turn_ms(answer))) {
            self.answer_hello(now_ms);
        } else {
            let replicas = self.strangers.take_due(now_ms, self.config.retry_ms);
            self.outbox.extend(content::whos(&self.name, &replicas, self.config.content_bytes_max));
        }
        if self.outbox.is_empty() && is_due(self.beat_due_ms()) {
            self.outbox.push_back(content::here(&self.name));
        }
        if !self.outbox.is_empty() {
            // Each of these has the name.
            self.introduced_ms = now_ms;
            self.here_due_ms = None;
        }
    }

    fn greet(&mut self, now_ms: u64) {
        self.outbox.push_back(content::hello(&self.name));
        self.greeting = self.greeting.and_then(|greeting| {
            let wait_ms = self.config.retry_ms << greeting.said.min(16);
            let said = greeting.said.saturating_add(1);
            let again = Greeting { due_ms: now_ms.saturating_add(wait_ms), said };
            (said < self.config.tries_max).then_some(again)
        });
    }

    /// Says *here* by that time, since somebody does not know this replica. If it was said a moment ago, it waits: they may be about to
    /// hear that.
    fn say_here_by(&mut self, due_ms: u64) {
        let due_ms = due_ms.max(self.introduced_ms.saturating_add(self.config.retry_ms));
        self.here_due_ms = Some(self.here_due_ms.map_or(due_ms, |earlier_ms| earlier_ms.min(due_ms)));
    }

    /// How long to wait for others, or for a further part of a roster, before saying or asking something: about as long as for a roster.
    fn delay_ms(&self, random: &mut impl FnMut() -> u64) -> u64 {
        self.config.retry_ms / 2 + random() % (self.config.retry_ms + 1)
    }

    fn silence_ms_max(&self) -> Option<u64> {
        match self.config.deaths {
            Deaths::Reported => None,
            Deaths::Silence { silence_ms_max, .. } => Some(silence_ms_max),
        }
    }

    /// When the next beat is due: after an interval without a message, or after two without this replica's name.
    fn beat_due_ms(&self) -> Option<u64> {
        match self.config.deaths {
            Deaths::Reported => None,
            Deaths::Silence { beat_ms, .. } => {
                let named_ms = self.introduced_ms.saturating_add(2 * beat_ms);
                Some(self.posted_ms.saturating_add(beat_ms).min(named_ms))
            }
        }
    }

    fn notice_silence(&mut self, now_ms: u64) {
        let Some(silence_ms_max) = self.silence_ms_max() else { return };
        while let Some((last_seen_ms, replica)) = self.peers.longest_silent() {
            let since_ms = last_seen_ms.max(self.listening_since_ms);
            if now_ms.saturating_sub(since_ms) < silence_ms_max {
                return;
            }
            self.mark_gone(replica, Liveness::Dead, now_ms);
        }
    }

    /// Notes the time. A replica with beats is called at least once an interval. If it was not called for longer than a peer may be
    /// silent, it slept and did not hear who is there.
    fn see(&mut self, now_ms: u64) -> u64 {
        let (now_ms, since_ms) = self.clock.see(now_ms);
        if self.silence_ms_max().is_some_and(|silence_ms_max| since_ms >= silence_ms_max) {
            self.listen_anew(now_ms);
        }
        now_ms
    }

    fn listen_anew(&mut self, now_ms: u64) {
        self.listening_since_ms = now_ms;
        self.greeting = Some(Greeting { due_ms: now_ms, said: 0 });
    }
}

#[cfg(test)]
mod tests;
