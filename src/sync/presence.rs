//! Presence: which replicas are alive, under which names, and when each was last heard. Sans-io, over the channel of the sync
//! messages.
//!
//! It is news for people, and for whoever picks a peer to talk to; what the map means does not depend on it.
//!
//! - **Hello.** Who joins says so once. Everybody takes it down, and one posts the *roster*: all who are alive. Who that is is no
//!   matter of luck: those who follow the joiner by id stand in a line, and each waits for those before it. A joiner gets one answer, and
//!   not all. A roster that is too long for a message comes in several.
//! - **Here.** Whom a roster lacks says so itself.
//! - **Being heard.** Any message is a sign of life, a map's delta as good as any.
//! - **Leaving.** Who closes says *goodbye*. Deaths are told by the caller ([`Presence::died`]) where it has better means than
//!   time, as browsers have with Web Locks: then an idle medium stays silent. Elsewhere replicas that have nothing to say post a
//!   *beat* every two seconds, and one that is not heard for too long is dead ([`Config::heartbeats`]).
//! - **Coming back.** A replica that was suspended is heard again, and so is alive again. It notices itself that it slept, says
//!   hello, and gives the others time to be heard before it calls them dead.
//!
//! **What was lost is made good.** A beat is a *here*: it says the name. Every replica posts one within two intervals, however much else it
//! posts; so two intervals after the last loss everybody knows everybody. Where deaths are told there are no beats. There a stranger
//! that is heard is asked about, by one for all, again and again but ever less often, and only while it goes on being heard; it
//! answers with a hello.

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

use self::clock::Clock;
pub use self::config::{Config, ConfigError, Deaths};
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

/// Who is alive, as one replica knows it. See the [module](self).
///
/// After each call post what [`poll`](Self::poll) hands out until it hands out nothing, and call it again at
/// [`next_wake_ms`](Self::next_wake_ms). For n peers, every call costs O(log n); one that makes or takes in what tells of m peers, or finds
/// m dead, O(m log n).
///
/// ```
/// use crdt_range_map::ReplicaId;
/// use crdt_range_map::sync::Presence;
/// use crdt_range_map::sync::presence::{Config, Name};
///
/// let config = Config::heartbeats().within(4_096);
/// let [ada, grace] = ["Ada", "Grace"].map(|name| Name::new(name).unwrap());
/// let mut here = Presence::join(config, ReplicaId::new(1), ada, 0).unwrap();
/// let mut there = Presence::join(config, ReplicaId::new(2), grace, 0).unwrap();
/// let mut random = || 7; // use a real generator
///
/// let hello = here.poll(0).unwrap();
/// there.receive(ReplicaId::new(1), &hello, 3, &mut random).unwrap();
/// assert_eq!(there.peers().next().unwrap().name.as_str(), "Ada");
/// ```
#[derive(Clone, Debug)]
pub struct Presence {
    config: Config,
    own: ReplicaId,
    name: Name,
    peers: Peers,
    strangers: Strangers,
    greeting: Option<Greeting>,
    waiting_hello: Option<WaitingHello>,
    /// When to say who this is, if anybody does not know.
    here_due_ms: Option<u64>,
    /// When the last roster that lists this replica came or went.
    listed_ms: Option<u64>,
    /// The contents to hand out next.
    outbox: VecDeque<Vec<u8>>,
    /// When something was last posted, and when something that tells this replica's name.
    posted_ms: u64,
    introduced_ms: u64,
    /// Silence counts from here on at the earliest.
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

    /// Goes on under another id: says hello under it, and remembers who is there.
    pub(crate) fn go_on_as(&mut self, own: ReplicaId, now_ms: u64) {
        let now_ms = self.see(now_ms);
        self.own = own;
        self.greeting = Some(Greeting { due_ms: now_ms, said: 0 });
        self.listed_ms = None;
    }

    /// What this replica calls itself.
    pub fn name(&self) -> &Name {
        &self.name
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

    /// Takes a message of any other kind for a sign of life.
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
            Content::Roster(members) => {
                self.hear(sender, now_ms, random);
                self.hear_roster(&members, now_ms, random);
            }
        }
        Ok(())
    }

    /// The caller knows that a peer is no more, whoever it is.
    pub fn died(&mut self, replica: ReplicaId, now_ms: u64) {
        let now_ms = self.see(now_ms);
        self.mark_gone(replica, Liveness::Dead, now_ms);
    }

    /// The caller knows that this replica could not listen for a while: it says hello, and gives the others time to be heard.
    /// With [`Deaths::Silence`] it notices that itself.
    pub fn resume(&mut self, now_ms: u64) {
        let (now_ms, _) = self.clock.see(now_ms);
        self.listen_anew(now_ms);
    }

    /// Something was posted under this replica's id, which is a sign of life: no beat is needed for a while.
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
            // Whatever it is tells the name.
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

    /// Somebody does not know who this is. If this replica said it a moment ago it waits, since they may be about to hear that.
    fn say_here_by(&mut self, due_ms: u64) {
        let due_ms = due_ms.max(self.introduced_ms.saturating_add(self.config.retry_ms));
        self.here_due_ms = Some(self.here_due_ms.map_or(due_ms, |earlier_ms| earlier_ms.min(due_ms)));
    }

    /// How long to wait for others, or for another part, before saying or asking something: about as long as for a roster.
    fn delay_ms(&self, random: &mut impl FnMut() -> u64) -> u64 {
        self.config.retry_ms / 2 + random() % (self.config.retry_ms + 1)
    }

    fn silence_ms_max(&self) -> Option<u64> {
        match self.config.deaths {
            Deaths::Reported => None,
            Deaths::Silence { silence_ms_max, .. } => Some(silence_ms_max),
        }
    }

    /// When nothing was posted for an interval, or no name for two.
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

    /// The time. Who has to beat is called at least that often: if it was not, it slept, and did not hear who is there.
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
