//! Anti-entropy on a broadcast medium, sans-io: bytes in, bytes out.
//!
//! [`Broadcast`] is the protocol of one replica on a medium where everybody hears everybody, such as a BroadcastChannel. It owns
//! no clock, no randomness and no transport: `now` and random numbers are arguments, and messages are bytes that the caller
//! posts and hands over. The medium may lose, repeat and reorder.
//!
//! - **Push.** Each operation's delta is posted once; deltas that come together are joined into one message. Nobody forwards.
//! - **Ask.** A replica that joins, that sees a gap in what it heard, or that heard of something it lacks, posts the causal
//!   context of what it knows. Whoever knows more waits for a random moment and posts an *answer*, unless another's answer
//!   that says as much came first. So one answers, not all.
//! - **Digest.** After a quiet interval, one replica posts a fingerprint of its context. Those who know the same stay quiet
//!   and start their interval anew; those who don't ask.
//!
//! An answer is the whole state, which is sound whatever the other side knows: it carries all that its context claims. Answers
//! that carry less need the rules for exchanging contexts range by range; [`Broadcast::poll`] is the one place to put them.

mod message;
pub mod presence;

use core::fmt;

use self::message::{Message, decode_message, encode_message};
pub use self::presence::Presence;
use crate::causal::CausalContext;
use crate::codec::{DecodeError, WireKey};
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::splits::Changes;

/// How often and how fast a [`Broadcast`] speaks. The defaults suit tabs of one browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The quiet time after which somebody posts a digest; everybody adds up to half of it at random.
    pub digest_interval_ms: u64,
    /// Answers, and questions that others may have too, wait for a random time up to this.
    pub delay_max_ms: u64,
    /// How long to wait for an answer before asking again.
    pub retry_ms: u64,
    /// How often to ask before leaving it to the digests.
    pub tries_max: u32,
    /// The longest message that is read or posted. A state that encodes to more cannot be handed to a joining replica.
    pub message_bytes_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            digest_interval_ms: 10_000,
            delay_max_ms: 40,
            retry_ms: 500,
            tries_max: 3,
            message_bytes_max: 16 << 20,
        }
    }
}

/// What became of a received message.
#[derive(Clone, Debug, PartialEq)]
pub enum Received<K> {
    /// It carried registrations, which were merged.
    Applied(Box<Changes<K>>),
    /// It was about who knows what.
    Heard,
    /// It was about who is there: to be handed to the [`Presence`] of this replica, if it takes part in that.
    Presence(Vec<u8>),
    /// It was not for this replica, or broken; nothing has changed.
    Ignored(IgnoreReason),
}

/// Why a message was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IgnoreReason {
    /// It does not begin as messages of this protocol do.
    Foreign,
    /// Another version of the protocol.
    Version(u8),
    /// Another key type.
    KeyKind(u8),
    /// A kind of message that this version does not know.
    MessageKind(u8),
    /// Longer than [`Config::message_bytes_max`].
    TooLong {
        /// The message's length.
        bytes: usize,
    },
    /// It came under this replica's own id: an echo, or two writers share an id.
    OwnReplica,
    /// Its content is no delta.
    Malformed(DecodeError),
}

impl fmt::Display for IgnoreReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("not a message of this protocol"),
            Self::Version(found) => write!(f, "protocol version {found}"),
            Self::KeyKind(found) => write!(f, "keys of another type (kind {found})"),
            Self::MessageKind(found) => write!(f, "a message of the unknown kind {found}"),
            Self::TooLong { bytes } => write!(f, "a message of {bytes} bytes is too long"),
            Self::OwnReplica => f.write_str("a message under this replica's own id"),
            Self::Malformed(error) => error.fmt(f),
        }
    }
}

/// Who sent a message, which is a sign of life: for [`Presence::heard`], if [`Broadcast::receive`] did not ignore it. `None` if it
/// is too short to be any.
pub fn sender_of(message: &[u8]) -> Option<ReplicaId> {
    message::sender(message)
}

/// What a [`Broadcast`] has posted and heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages handed out to be posted.
    pub messages_posted: u64,
    /// Their length in all.
    pub bytes_posted: u64,
    /// Messages received, ignored ones included.
    pub messages_received: u64,
    /// Their length in all.
    pub bytes_received: u64,
    /// Messages that were ignored, see [`IgnoreReason`].
    pub messages_ignored: u64,
}

/// A question that is due at some time, and how often it will be asked if nobody answers.
#[derive(Clone, Copy, Debug)]
struct Question {
    due_ms: u64,
    tries_left: u32,
}

/// The protocol of one replica on a broadcast medium. See the [module](self).
///
/// After each call, post what [`poll`](Self::poll) hands out until it hands out nothing, and call it again at
/// [`next_wake_ms`](Self::next_wake_ms).
///
/// ```
/// use crdt_range_map::sync::{Broadcast, Config, Received};
/// use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
///
/// let mut random = || 7; // use a real generator
/// let mut here = RangeMap::<u64>::new(ReplicaId::new(1));
/// let mut there = RangeMap::<u64>::new(ReplicaId::new(2));
/// let mut here_sync = Broadcast::join(Config::default(), 0, &mut random);
/// let mut there_sync = Broadcast::join(Config::default(), 0, &mut random);
///
/// here_sync.publish(&here.register(&NodeId::new("a").unwrap(), &KeyRange::new(1, 5).unwrap()));
/// let post = here_sync.poll(&here, 0, &mut random).unwrap();
/// let received = there_sync.receive(&mut there, &post, 0, &mut random);
/// assert!(matches!(received, Received::Applied(_)));
/// assert_eq!(here.state(), there.state());
/// ```
#[derive(Clone, Debug)]
pub struct Broadcast<K> {
    config: Config,
    /// What this replica did and has not posted yet.
    unposted: Delta<K>,
    question: Option<Question>,
    /// What the latest asker said that it knows, if that was more than this replica did.
    heard_of: CausalContext,
    /// The gaps that were last asked about, so that a gap that nobody can fill is asked about once.
    gaps_asked: CausalContext,
    answer_due_ms: Option<u64>,
    digest_due_ms: u64,
    statistics: Statistics,
}

impl<K: WireKey> Broadcast<K> {
    /// The protocol of a replica that has just come to the medium: it asks the others at once for what it lacks, and they ask
    /// back for what they lack.
    pub fn join(config: Config, now_ms: u64, random: &mut impl FnMut() -> u64) -> Self {
        let mut joined = Self {
            config,
            unposted: Delta::default(),
            question: Some(Question { due_ms: now_ms, tries_left: config.tries_max }),
            heard_of: CausalContext::default(),
            gaps_asked: CausalContext::default(),
            answer_due_ms: None,
            digest_due_ms: 0,
            statistics: Statistics::default(),
        };
        joined.digest_due_ms = joined.next_digest_ms(now_ms, random);
        joined
    }

    /// Takes the delta of an own operation, or a merge's [`Changes::delta`], to be posted with the next
    /// [`poll`](Self::poll).
    pub fn publish(&mut self, delta: &Delta<K>) {
        self.unposted.merge(delta);
    }

    /// What was posted and heard so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// When [`poll`](Self::poll) has something to do next, if nothing is received before.
    pub fn next_wake_ms(&self) -> u64 {
        if !self.unposted.is_empty() {
            return 0;
        }
        let question = self.question.map(|question| question.due_ms);
        self.digest_due_ms.min(question.unwrap_or(u64::MAX)).min(self.answer_due_ms.unwrap_or(u64::MAX))
    }

    /// Takes a message that came over the medium, from anybody. Costs what merging its delta costs.
    pub fn receive(
        &mut self,
        map: &mut RangeMap<K>,
        bytes: &[u8],
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        self.statistics.messages_received += 1;
        self.statistics.bytes_received += bytes.len() as u64;
        match self.read(map, bytes) {
            Ok(message) => self.handle(map, message, now_ms, random),
            Err(reason) => {
                self.statistics.messages_ignored += 1;
                Received::Ignored(reason)
            }
        }
    }

    /// Hands out the next message to post, if any is due. Call it until there is none.
    pub fn poll(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        let message = self.next_message(map, now_ms, random)?;
        let bytes = encode_message(map.replica(), &message);
        if bytes.len() > self.config.message_bytes_max {
            return None;
        }
        self.statistics.messages_posted += 1;
        self.statistics.bytes_posted += bytes.len() as u64;
        Some(bytes)
    }

    /// The message to post for what [`Presence::poll`] hands out.
    pub fn presence_message(&mut self, map: &RangeMap<K>, content: Vec<u8>) -> Vec<u8> {
        let bytes = encode_message(map.replica(), &Message::<K>::Presence(content));
        self.statistics.messages_posted += 1;
        self.statistics.bytes_posted += bytes.len() as u64;
        bytes
    }

    fn read(&self, map: &RangeMap<K>, bytes: &[u8]) -> Result<Message<K>, IgnoreReason> {
        if bytes.len() > self.config.message_bytes_max {
            return Err(IgnoreReason::TooLong { bytes: bytes.len() });
        }
        let (sender, message) = decode_message(bytes)?;
        if sender == map.replica() { Err(IgnoreReason::OwnReplica) } else { Ok(message) }
    }

    fn handle(
        &mut self,
        map: &mut RangeMap<K>,
        message: Message<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        match message {
            Message::Delta(delta) => {
                let changes = self.merge(map, &delta);
                let gaps = map.state().context().gaps();
                if !self.gaps_asked.includes(&gaps) {
                    // A delta before this one was lost or is late; give it as much time as a retry has.
                    self.gaps_asked = gaps;
                    self.ask_by(
                        now_ms.saturating_add(self.config.retry_ms).saturating_add(self.delay_ms(random)),
                    );
                }
                Received::Applied(changes.into())
            }
            Message::Answer(state) => {
                if state.context().includes(map.state().context()) {
                    self.answer_due_ms = None;
                }
                let changes = self.merge(map, &state);
                if map.state().context().includes(&self.heard_of) {
                    self.question = None;
                }
                Received::Applied(changes.into())
            }
            Message::Ask(theirs) => {
                let ours = map.state().context();
                if !theirs.includes(ours) && self.answer_due_ms.is_none() {
                    self.answer_due_ms = Some(now_ms.saturating_add(self.delay_ms(random)));
                }
                if !ours.includes(&theirs) {
                    self.heard_of = theirs;
                    self.ask_by(now_ms.saturating_add(self.delay_ms(random)));
                } else if theirs == *ours
                    && let Some(question) = &mut self.question
                {
                    // The same question was asked just now, and its answer will be heard here too.
                    question.due_ms = question.due_ms.max(now_ms.saturating_add(self.config.retry_ms));
                }
                Received::Heard
            }
            Message::Presence(content) => Received::Presence(content),
            Message::Digest(fingerprint) => {
                if fingerprint == map.state().context().fingerprint() {
                    self.question = None;
                    self.digest_due_ms = self.next_digest_ms(now_ms, random);
                } else {
                    self.ask_by(now_ms.saturating_add(self.delay_ms(random)));
                }
                Received::Heard
            }
        }
    }

    /// Merges, and takes what the merge did by itself as something to post.
    fn merge(&mut self, map: &mut RangeMap<K>, delta: &Delta<K>) -> Changes<K> {
        let changes = map.merge(delta);
        self.publish(changes.delta());
        changes
    }

    fn next_message(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Message<K>> {
        if !self.unposted.is_empty() {
            return Some(Message::Delta(core::mem::take(&mut self.unposted)));
        }
        if self.answer_due_ms.is_some_and(|due_ms| due_ms <= now_ms) {
            self.answer_due_ms = None;
            return Some(Message::Answer(map.state().clone()));
        }
        if let Some(question) = self.question.filter(|question| question.due_ms <= now_ms) {
            let tries_left = question.tries_left.saturating_sub(1);
            let due_ms = now_ms.saturating_add(self.config.retry_ms).saturating_add(self.delay_ms(random));
            self.question = (tries_left > 0).then_some(Question { due_ms, tries_left });
            return Some(Message::Ask(map.state().context().clone()));
        }
        if self.digest_due_ms <= now_ms {
            self.digest_due_ms = self.next_digest_ms(now_ms, random);
            return Some(Message::Digest(map.state().context().fingerprint()));
        }
        None
    }

    /// Asks at that time, unless a question is waiting to be asked before.
    fn ask_by(&mut self, due_ms: u64) {
        let tries_left = self.config.tries_max;
        let due_ms = self.question.map_or(due_ms, |question| question.due_ms.min(due_ms));
        self.question = Some(Question { due_ms, tries_left });
    }

    fn delay_ms(&self, random: &mut impl FnMut() -> u64) -> u64 {
        random() % self.config.delay_max_ms.saturating_add(1)
    }

    fn next_digest_ms(&self, now_ms: u64, random: &mut impl FnMut() -> u64) -> u64 {
        let jitter_ms = random() % (self.config.digest_interval_ms / 2 + 1);
        now_ms.saturating_add(self.config.digest_interval_ms).saturating_add(jitter_ms)
    }
}
