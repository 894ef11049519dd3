//! Anti-entropy, sans-io: bytes in, bytes out.
//!
//! The protocols own no clock, no randomness and no transport: `now` and random numbers are arguments, and messages are bytes
//! that the caller sends and hands over. The network may lose, repeat, reorder, delay and damage them.
//!
//! [`Broadcast`] is for a medium on which everybody hears everybody, such as a BroadcastChannel; [`Mesh`] for replicas with links
//! to some neighbours. Both speak the same messages:
//!
//! - **Push.** Each operation's delta goes out at once; deltas that come together are joined into one message. In a mesh, what
//!   was news is forwarded, and not to whom it came from or who is known to know it.
//! - **Ask.** A replica that joins, that sees a gap in what it heard, or that heard of something it lacks, asks with the causal
//!   context of what it knows. Of those who hear a question to everybody, one answers: they stand in a line, and each gives those
//!   before it the time of a round trip. An answer is as good for everybody else who hears it.
//! - **Meet.** What is lacking is told from the [log of recent changes](crate::RangeMap::delta_since), or if that does not reach back so
//!   far, paged in the order of registrations; what one side dropped is found by comparing births (`src/sync/meet.rs`). Who answers remembers
//!   nothing of who asks. Whoever hears the meeting of others, and knows no less than the one who asks, makes the same of the answers.
//! - **Digest.** After a quiet interval, one replica sends fingerprints of what it knows and holds. Those that agree stay quiet and
//!   start their interval anew; those that don't ask it.
//! - **Presence.** Who is there: see [`Presence`], which goes beside a protocol and has its messages carried by it.
//!
//! No replica ever claims to know a dot of which it was not sent what came of it: a delta carries what it claims, or what superseded
//! that, and the context of a whole replica is joined only by who was sent all that came of it. So anything may be
//! cut off anywhere.
//!
//! Waiting times follow the round trips that are measured, and double while nothing is heard.
//!
//! **Bounds.** Messages above [`Config::message_bytes_max`] are neither read nor sent. Reading a message of b bytes allocates at most
//! some 400 b bytes. A replica finds out one thing at a time, follows up to 16 inquiries of others, and remembers what the askers of 64
//! questions knew, if that is in at most 64 runs more than what it knows itself. What it answers to somebody who has not shown that it is there, by
//! repeating something that was said to it, is at most ten times as long as the question. Nothing is authenticated: who can send at
//! all can also forge.

mod births;
mod broadcast;
mod config;
mod drop_runs;
mod heard_of;
mod inquiry;
mod meet;
mod mesh;
mod message;
mod peers;
pub mod presence;
mod round_trip;
mod sketch;

use core::fmt;

pub use self::broadcast::Broadcast;
pub(crate) use self::broadcast::fresh;
pub use self::config::{Config, ConfigError};
pub use self::mesh::Mesh;
use self::message::Message;
pub use self::presence::Presence;
use crate::codec::{DecodeError, WireKey};
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::splits::Changes;

/// What became of a received message.
#[derive(Clone, Debug, PartialEq)]
pub enum Received<K> {
    /// It carried registrations, which were merged.
    Applied(Box<Changes<K>>),
    /// It was about who knows what.
    Heard,
    /// It was about who is there: to be handed to the [`Presence`] of this replica, if it takes part in that.
    Presence(Vec<u8>),
    /// It was not for this replica, or broken, and nothing of it was taken; but for who is retired, which is taken from anybody.
    Ignored(IgnoreReason),
}

/// Something that the caller should know of, beside what a message changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<K> {
    /// This replica goes on under another id. Whoever keeps the map under its id has to save it under the new one.
    Renamed {
        /// The id before.
        from: ReplicaId,
        /// The id from now on.
        to: ReplicaId,
        /// Why.
        why: Renaming,
        /// The registrations to which it contributed under the former id without being sure that anybody heard of it. What it did
        /// stays, unless the others have cleared up after it already.
        unheard: Vec<(NodeId, KeyRange<K>)>,
    },
}

/// Why a replica goes on under another id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renaming {
    /// Others declared it [retired](crate::RangeMap::retire), though it lives.
    Retired,
    /// Somebody else writes under the same id.
    Twin,
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
    /// It was damaged on the way.
    Checksum,
    /// Its content is not what the kind of message should have.
    Malformed(DecodeError),
    /// Its sender was [retired](crate::RangeMap::retire), and what it writes does not count any more.
    Retired,
}

impl IgnoreReason {
    /// The names of all reasons, in the order in which [`Statistics::ignored`] counts them.
    pub const NAMES: [&str; 9] = [
        "foreign",
        "version",
        "key-kind",
        "message-kind",
        "too-long",
        "own-replica",
        "checksum",
        "malformed",
        "retired",
    ];

    /// The reason's place among the [names](Self::NAMES).
    pub fn index(&self) -> usize {
        match self {
            Self::Foreign => 0,
            Self::Version(_) => 1,
            Self::KeyKind(_) => 2,
            Self::MessageKind(_) => 3,
            Self::TooLong { .. } => 4,
            Self::OwnReplica => 5,
            Self::Checksum => 6,
            Self::Malformed(_) => 7,
            Self::Retired => 8,
        }
    }
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
            Self::Checksum => f.write_str("a message that was damaged on the way"),
            Self::Malformed(error) => error.fmt(f),
            Self::Retired => f.write_str("a message of a retired replica"),
        }
    }
}

impl core::error::Error for IgnoreReason {}

/// Who sent a message, which is a sign of life: for [`Presence::heard`], if it was not ignored. `None` if it is too short to be any.
pub fn sender_of(message: &[u8]) -> Option<ReplicaId> {
    message::sender(message)
}

/// What is to be saved of a replica: a delta as a message, then up to which of its own numbers this page and those before hold everything, 8
/// bytes, big endian, and the checksum of all that.
pub(crate) fn write_page<K: WireKey>(replica: ReplicaId, own_seq: u64, delta: Delta<K>) -> Vec<u8> {
    let mut bytes = Message::Delta(delta).encode(replica);
    bytes.extend(own_seq.to_be_bytes());
    bytes.extend(message::checksum(&bytes));
    bytes
}

/// A message that carries what presence says.
pub(crate) fn write_presence<K: WireKey>(replica: ReplicaId, content: Vec<u8>) -> Vec<u8> {
    Message::<K>::Presence(content).encode(replica)
}

/// Reads what was written so.
pub(crate) fn read_page<K: WireKey>(bytes: &[u8]) -> Result<(ReplicaId, u64, Delta<K>), IgnoreReason> {
    let (body, found) = bytes.split_last_chunk().ok_or(IgnoreReason::Foreign)?;
    let (delta, own_seq) = body.split_last_chunk().ok_or(IgnoreReason::Foreign)?;
    if message::checksum(body) != *found {
        return Err(IgnoreReason::Checksum);
    }
    match Message::decode(delta)? {
        (replica, Message::Delta(delta)) => Ok((replica, u64::from_be_bytes(*own_seq), delta)),
        (_, other) => Err(IgnoreReason::MessageKind(other.kind())),
    }
}

/// What a protocol has sent and heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Messages handed out to be sent.
    pub messages_posted: u64,
    /// Their length in all.
    pub bytes_posted: u64,
    /// The messages handed out by kind, in the order of [`KINDS`](Self::KINDS).
    pub posted: [u64; Self::KINDS.len()],
    /// Messages received, ignored ones included.
    pub messages_received: u64,
    /// Their length in all.
    pub bytes_received: u64,
    /// Messages that were ignored, see [`IgnoreReason`].
    pub messages_ignored: u64,
    /// The same by reason, in the order of [`IgnoreReason::NAMES`].
    pub ignored: [u64; IgnoreReason::NAMES.len()],
    /// How often this replica began to find out in a meeting what a peer knows.
    pub sessions_begun: u64,
    /// How often it found out all.
    pub sessions_finished: u64,
    /// Registrations that were not sent because they are longer than [`Config::registration_bytes_max`], each time.
    pub registrations_too_long: u64,
    /// Messages that were not sent because they are longer than [`Config::message_bytes_max`]: with the versions of very many replicas.
    pub messages_too_long: u64,
}

impl Statistics {
    /// The names of the kinds of messages, in the order in which [`posted`](Self::posted) counts them: deltas, questions to everybody,
    /// messages of meetings, digests, presence, announcements, drops of many records.
    pub const KINDS: [&str; 7] = ["delta", "ask", "meet", "digest", "presence", "announce", "drops"];

    /// Adds what another protocol has sent and heard.
    pub fn add(&mut self, other: &Self) {
        self.messages_posted += other.messages_posted;
        self.bytes_posted += other.bytes_posted;
        self.messages_received += other.messages_received;
        self.bytes_received += other.bytes_received;
        self.messages_ignored += other.messages_ignored;
        self.sessions_begun += other.sessions_begun;
        self.sessions_finished += other.sessions_finished;
        self.registrations_too_long += other.registrations_too_long;
        self.messages_too_long += other.messages_too_long;
        let counts = self.posted.iter_mut().zip(other.posted);
        counts.chain(self.ignored.iter_mut().zip(other.ignored)).for_each(|(sum, count)| *sum += count);
    }
}
