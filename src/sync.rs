//! Anti-entropy, sans-io: bytes in, bytes out.
//!
//! This is how [nodes](crate::Node) find out what each lacks: over a medium on which everybody hears everybody, such as a
//! BroadcastChannel, and over links to one neighbour each. The network may lose, repeat, reorder, delay and damage what they say.
//! `docs/protocol.md` defines the bytes of each message; `docs/design.md` has the rules, and why each is needed.
//!
//! The same messages go over each link:
//!
//! - **Push.** The delta of each operation is sent at once. Deltas that come together are joined into one message. In a mesh, news is
//!   forwarded, but not to the neighbour that sent it, nor to those who are known to know it.
//! - **Ask.** A replica asks when it joins, when it sees a gap, or when it hears of something that it lacks. The question has its causal
//!   context. Of all that hear a question to everybody, one answers: they stand in a line, and each gives those before it the time
//!   of a round trip. Everybody who hears the answer can use it.
//! - **Meet.** What is lacking comes from the [log of recent changes](crate::RangeMap::delta_since). If the log does not reach back far
//!   enough, it comes in pages, in the order of registrations, and births are compared to find what one side has dropped
//!   (`src/sync/meet.rs`). The answerer keeps no state of the asker. A replica that hears the meeting of others, and knows no less than
//!   the asker, takes the answers as the asker does.
//! - **Digest.** After a quiet interval, one replica sends the fingerprints of its version and its content. Those that agree stay quiet
//!   and start their interval anew. Those that differ ask it.
//! - **Presence.** Who is there: see [`presence`], which runs beside a protocol and sends its messages through it.
//!
//! No replica claims a dot without having been sent its effect, or what superseded it. A delta carries what it claims. The context of a
//! whole replica is joined only when all its effects were sent. So an exchange may be cut off anywhere.
//!
//! Waiting times follow the measured round trips, and double while nothing is heard.
//!
//! **Bounds.** Messages longer than [`Config::message_bytes_max`] are neither read nor sent. Reading a message of b bytes allocates at
//! most some 400 b bytes. A replica has one inquiry of its own at a time and follows up to 16 inquiries of others. It remembers what the
//! askers of 64 questions knew, if that takes at most 64 runs more than what it knows itself. A sender is proven when it repeats a
//! number that was sent to it. The answer to one that is not proven is at most ten times as long as the question. Nothing is
//! authenticated: whoever can send can also forge.

mod births;
mod broadcast;
mod config;
mod describe;
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

pub(crate) use self::broadcast::{Broadcast, fresh};
pub use self::config::{Config, ConfigError};
pub use self::describe::{Description, describe};
pub(crate) use self::mesh::Mesh;
use self::message::Message;
pub(crate) use self::presence::Presence;
use crate::codec::{DecodeError, WireKey};
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::splits::Changes;

/// What became of a received message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Received<K> {
    /// It carried registrations, which were merged.
    Applied(Box<Changes<K>>),
    /// It changed no registration: it was about who knows what.
    Heard,
    /// It was about who is there, for the [`presence`] of this replica, if it takes part in that.
    Presence(Vec<u8>),
    /// It was not for this replica, or it was broken, and nothing of it was used. Only who is retired is taken from any message.
    Ignored(IgnoreReason),
}

/// Something that the caller should know, beside what a message changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event<K> {
    /// This replica goes on under another id. A program that saves the map under its id has to save it under the new one.
    Renamed {
        /// The id before.
        from: ReplicaId,
        /// The id from now on.
        to: ReplicaId,
        /// Why.
        why: Renaming,
        /// The registrations to which it contributed under the former id, where it is not sure that anybody heard. The contributions
        /// stay, unless the others have cleared up after the former id already.
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
    /// Its sender has this replica's own id: it is an echo, or two writers share an id.
    OwnReplica,
    /// It was damaged on the way.
    Checksum,
    /// Its content is not what the kind of message should have.
    Malformed(DecodeError),
    /// Its sender is [retired](crate::RangeMap::retire), and what it writes does not count any more.
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

    /// The index of the reason's name in [`NAMES`](Self::NAMES).
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

/// The sender of a message, which is a sign of life, if it was not ignored. `None` if the bytes are too few for a message.
pub(crate) fn sender_of(message: &[u8]) -> Option<ReplicaId> {
    message::sender(message)
}

/// The bytes of a page to be saved, as `docs/protocol.md` defines them: the delta, and up to which of the replica's own numbers this page
/// and those before have everything.
pub(crate) fn write_page<K: WireKey>(replica: ReplicaId, own_seq: u64, delta: Delta<K>) -> Vec<u8> {
    let mut bytes = Message::Delta(delta).encode(replica);
    bytes.extend(own_seq.to_be_bytes());
    bytes.extend(message::checksum(&bytes));
    bytes
}

/// The message that carries the content of a presence message.
pub(crate) fn write_presence<K: WireKey>(replica: ReplicaId, content: Vec<u8>) -> Vec<u8> {
    Message::<K>::Presence(content).encode(replica)
}

/// Reads what [`write_page`] wrote.
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
    /// How many meetings this replica began, to find out what a peer knows.
    pub sessions_begun: u64,
    /// In how many of them it found out all.
    pub sessions_finished: u64,
    /// How often a registration was not sent because it is longer than [`Config::registration_bytes_max`].
    pub registrations_too_long: u64,
    /// Messages that were not sent because they are longer than [`Config::message_bytes_max`]: the version of very many replicas may be.
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
