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
//!   context of what it knows. Whoever knows more waits for a random moment, and answers with a delta of what is lacking, told
//!   from its [log of recent changes](crate::RangeMap::delta_since), unless somebody else's delta says as much before. So one
//!   answers, not all. An answer is as good for everybody else who hears it.
//! - **Compare.** If its log does not reach back so far, it opens a session with the asker, in which the two compare what they hold
//!   [range by range](compare) and exchange what differs.
//! - **Digest.** After a quiet interval, one replica sends fingerprints of what it knows and holds. Those that agree stay quiet and
//!   start their interval anew; those that don't ask.
//! - **Presence.** Who is there: see [`Presence`], which goes beside a protocol and has its messages carried by it.
//!
//! No replica ever claims to know a dot of which it was not sent what came of it: a delta carries what it claims, or what superseded
//! that, and the context of a whole replica is joined only by who was sent all of it, or compared all of it. So anything may be
//! cut off anywhere.
//!
//! **Bounds.** Messages above [`Config::message_bytes_max`] are neither read nor sent; whatever does not fit is exchanged range by
//! range, [`Config::compare_bytes_max`] at a time. Reading a message of b bytes allocates at most some 400 b bytes. A replica
//! takes part in at most 8 sessions at a time, and each ends after 200 steps or without an answer for a while. Peers can make a replica
//! work, O(n) for some messages, but not without end. Nothing is authenticated: who can send at all can also forge.

mod broadcast;
pub mod compare;
mod mesh;
mod message;
pub mod places;
pub mod presence;
mod sessions;

use core::fmt;

pub use self::broadcast::Broadcast;
pub use self::mesh::Mesh;
use self::message::KINDS;
pub use self::presence::Presence;
use crate::codec::DecodeError;
use crate::id::ReplicaId;
use crate::splits::Changes;

/// How often and how fast a protocol speaks. The defaults suit tabs of one browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The quiet time after which somebody sends a digest; everybody adds up to half of it at random.
    pub digest_interval_ms: u64,
    /// Answers, and questions that others may have too, wait for a random time up to this.
    pub delay_max_ms: u64,
    /// How long to wait for an answer before asking again.
    pub retry_ms: u64,
    /// How often to ask before leaving it to the digests.
    pub tries_max: u32,
    /// How long a session waits for the next message before it is given up.
    pub session_ms: u64,
    /// The longest message that is read or sent. It should be some kilobytes, more than four times the longest registration, and more
    /// than the causal context takes, 12 bytes for each replica that ever wrote: what does not fit is not sent.
    pub message_bytes_max: usize,
    /// About how many bytes of registrations a message of a session carries at most; not more than a quarter of the longest message,
    /// and not less than 512.
    pub compare_bytes_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            digest_interval_ms: 10_000,
            delay_max_ms: 40,
            retry_ms: 500,
            tries_max: 3,
            session_ms: 2_000,
            message_bytes_max: 16 << 20,
            compare_bytes_max: 256 << 10,
        }
    }
}

/// With less, a step of a session would not get anywhere.
const PART_BYTES_MIN: usize = 512;

impl Config {
    fn part_bytes_max(&self) -> usize {
        self.compare_bytes_max.min(self.message_bytes_max / 4).max(PART_BYTES_MIN)
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
    /// It was not for this replica, or broken, and nothing of it was taken; but for who is retired, which is taken from anybody.
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

/// Who sent a message, which is a sign of life: for [`Presence::heard`], if it was not ignored. `None` if it is too short to be any.
pub fn sender_of(message: &[u8]) -> Option<ReplicaId> {
    message::sender(message)
}

/// What a protocol has sent and heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages handed out to be sent.
    pub messages_posted: u64,
    /// Their length in all.
    pub bytes_posted: u64,
    /// The messages handed out by kind: deltas, questions, steps of sessions, digests, presence,
    /// answers that ask back.
    pub posted: [u64; KINDS],
    /// Messages received, ignored ones included.
    pub messages_received: u64,
    /// Their length in all.
    pub bytes_received: u64,
    /// Messages that were ignored, see [`IgnoreReason`].
    pub messages_ignored: u64,
    /// The same by reason, in the order of [`IgnoreReason::NAMES`].
    pub ignored: [u64; IgnoreReason::NAMES.len()],
    /// Sessions of comparing ranges in which this replica took part.
    pub sessions_begun: u64,
    /// Those that came to their end.
    pub sessions_finished: u64,
}

impl Statistics {
    /// Adds what another protocol has sent and heard.
    pub fn add(&mut self, other: &Self) {
        self.messages_posted += other.messages_posted;
        self.bytes_posted += other.bytes_posted;
        self.messages_received += other.messages_received;
        self.bytes_received += other.bytes_received;
        self.messages_ignored += other.messages_ignored;
        self.sessions_begun += other.sessions_begun;
        self.sessions_finished += other.sessions_finished;
        let counts = self.posted.iter_mut().zip(other.posted);
        counts.chain(self.ignored.iter_mut().zip(other.ignored)).for_each(|(sum, count)| *sum += count);
    }
}
