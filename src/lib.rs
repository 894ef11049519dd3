//! Which nodes serve which key ranges, and in which order of preference: a delta-state CRDT.
//!
//! Nodes announce, through any replica, which half-open key ranges they serve and how strongly. Announcements spread lazily; they
//! may arrive late, twice or in any order. Every replica *computes* the same split points and, for every key, the same ordered
//! list of serving nodes. Nothing is ever agreed on in a conversation.
//!
//! A [`Node`] is a participant: it takes operations and received bytes, and hands out bytes to send, what has changed, and
//! when to call it again. It does no input or output itself.
//!
//! ```
//! use crdt_range_map::node::{LinkKind, Output};
//! use crdt_range_map::{KeyRange, Node, ReplicaId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut node = Node::new(ReplicaId::new(0x2a), 0x2a); // a random id of its own, and a random seed
//! let link = node.open(LinkKind::Medium, 0); // all on it hear each other
//! node.register(&"node-a".parse()?, &KeyRange::new(0u64, 100)?)?;
//! let wake_ms = loop {
//!     match node.poll(0) {
//!         Output::Send { link, bytes } => println!("send {} bytes over {link:?}", bytes.len()),
//!         Output::Event(event) => println!("{event:?}"), // other owners, peers that came and went
//!         Output::Save(page) => node.saved(page.number), // only for a durable node
//!         Output::Wait { until_ms } => break until_ms,
//!     }
//! };
//! // What arrives: node.receive(link, &bytes, now_ms), and poll again; at the latest at `wake_ms`.
//! assert_eq!(node.map().owners(&70)[0].to_string(), "node-a:1");
//! # assert!(wake_ms > 0);
//! # let _ = link;
//! # Ok(())
//! # }
//! ```
//!
//! [`RangeMap`] is the map alone, for those who carry deltas themselves:
//!
//! ```
//! use crdt_range_map::{Delta, KeyRange, NodeId, RangeMap, ReplicaId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (a, b) = (NodeId::new("node-a")?, NodeId::new("node-b")?);
//! let (all, half) = (KeyRange::new(0u64, 100)?, KeyRange::new(0, 50)?);
//!
//! // Two replicas, each under an id of its own. Each operation returns a delta for the others.
//! let mut here = RangeMap::new(ReplicaId::new(1));
//! let mut there = RangeMap::new(ReplicaId::new(2));
//! let registered = here.register(&a, &all)?;
//! let bytes = there.increase(&b, &half, 2.try_into()?)?.encode();
//!
//! // Deltas arrive in any order, more than once, as values or as bytes.
//! let changes = here.merge(&Delta::decode(&bytes)?);
//! assert_eq!(changes.ranges(), [half]);
//! there.merge(&registered);
//!
//! // Both replicas answer the same: who serves key 10, in order of preference?
//! for replica in [&here, &there] {
//!     let owners: Vec<String> = replica.owners(&10).iter().map(|owner| owner.to_string()).collect();
//!     assert_eq!(owners, ["node-b:2", "node-a:1"]);
//!     assert_eq!(replica.splits().len(), 2);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it means
//!
//! A *registration* is a triple `(node, start, end)`; its *priority* is one for being registered, plus all increases, minus all
//! decreases. It is *visible*, and counts, while its priority is 1 or more. [`RangeMap`]'s operations say precisely what each does.
//!
//! A release cancels exactly what the releasing replica had observed. A concurrent register or increase wins over it, but only
//! with what the release had not observed: of +5, seen by all, then a release concurrent with +1, there remains 1, not 6.
//!
//! # Documents
//!
//! In `docs/` of the repository: `design.md`, the meaning and why it is exact; `protocol.md`, the messages byte by byte; `why.md`, short
//! answers. `tests/vectors/` has bytes for other implementations. The words are explained in the [glossary](#glossary) below.
//!
//! # Map of the code
//!
//! Each module uses only those above it.
//!
//! | module | what it is | the trick it relies on |
//! |---|---|---|
//! | `hash` | the hash by which pieces of two states are compared | it takes numbers and bytes, and so is the same on every machine |
//! | `key`, `id` | keys, half-open ranges, node names, replica ids | the order (start, end), unbounded last, is the order of everything stored |
//! | `sort` | sorting what need not be fast | one copy of the code for all types |
//! | `ordered` | a sorted list that is nearly always short | few items lie in one piece, many in chunks that copies share |
//! | `tally` | how many events are known, in a few bytes | a count of events only grows with them; writers share twelve counts by their hash |
//! | `causal` | dots and causal contexts: which effects are known | runs of consecutive sequence numbers |
//! | `retired` | who is retired: a lattice of its own beside the dots | of two declarations for one replica, the one with the greater number counts |
//! | `version` | which effects are known, and who is retired: the claim of a state, without its records | it is no state, so it cannot be joined as one |
//! | `life` | who is alive: whose contributions count in the living answer | an id tells whether its writer is bound to its life, so the state does as well |
//! | `registration` | records: what each writer contributed, and the baseline up to which it was reset | a reset always observes a prefix of a writer's contributions, so one number remembers it exactly |
//! | `tombstones` | the drops of records that a state names | a drop that the prefixes of the context cover needs no tombstone |
//! | `store` | the ordered store of registrations, and the join of two | a B+-tree whose leaves begin where the content says so: equal content has equal leaves, which a join skips |
//! | `delta` | the lattice: a store with a version, and their join | a record that is absent although the context knows its birth was dropped |
//! | `contribution` | what a delta carries, for whoever asks why | it reads the records; nothing is kept for it |
//! | [`codec`] | the wire format | columns of bit-packed numbers; a dot that a record shows is not written again |
//! | `splits` | sweep, index, look-up, windows, covers, changes | blocks of boundaries with their owners in order; a change writes anew only the blocks that it touches |
//! | `watch` | watches: who hears of which keys, with what was and what is | what was is read when it is about to be lost, and only for keys that are watched |
//! | `answer_version` | [`AnswerVersion`]: which of two answers is newer, in 24 bytes | what is ordered is always told so; of what is concurrent not all is told |
//! | `map` | [`RangeMap`]: the operations of one replica | every effect takes a sequence number of its own |
//! | `operation` | [`Operation`]: the operations as values, and lists of them | all or nothing |
//! | [`advice`] | who should take or give up which keys, from load and capacity: plans that all make alike | in whole numbers and without a memory; it adds at once and gives up by the rule of a drain alone |
//! | `serial` | with the feature `serde`, forms that people read | what is read is checked as it is when it is made |
//! | [`sync`] | anti-entropy on a medium or over links, sans-io | silence means agreement; a random delay makes one answer and not all |
//! | [`node`] | [`Node`]: a replica with its links, who is there, and what is to be saved | nothing that is not saved leaves |
//!
//! # What it costs
//!
//! For n registrations of which k cover a key, d that differ, and m that a delta touches:
//!
//! | what | time |
//! |---|---|
//! | an operation | O(log n) |
//! | merge of a delta that carries all it claims, as an operation's does | O(m log n) |
//! | merge of a whole state | O((n + m)/64 + 64 d): leaves of 64 are compared by hash, and read where they differ |
//! | splits from scratch | O(n log k) |
//! | splits after a change | O((b + k) log n) for the b boundaries that it touches |
//! | the owners of a key | O(log n + k) |
//! | draining a node, or standing in for one, with r registrations that hold s splits | O(r (log n + k s)) |
//! | [advice](advice) to all nodes, for b buckets | O((b + s k) log n) for the s splits and buckets together |
//! | all splits, one after the other | O(n k) |
//! | a window: its splits, owners, gaps, registrations, where too few serve, a cover | O(log n), and what lies in it |
//! | of the [living answer](RangeMap::living), a writer that comes or goes | O(log n) for each of its registrations |
//! | the registrations of a node | O(log n), and O(1) each; O(n log n) when nodes are first asked for |
//! | the version of an answer, which a client carries | O(1), and O(64) for each leaf that changed |
//! | a change where w ranges are watched | O((1 + h) (log n + log w)) more, and the splits that it holds of the h that it hits |
//! | encode, decode | O(n) |
//! | a clone | O(1) for the state and O(n/512) for the splits; what is changed afterwards is copied before |
//!
//! A registration takes about 44 bytes of memory, and as much again once its splits were asked for, if it has one writer and a
//! node's name of at most 15 bytes; and another 60 once nodes were asked for. One that two writers wrote to, or that another writer reset, takes 190 more; each further
//! writer 90.
//!
//! # History is bounded
//!
//! A state holds one record for each writer of a registration, however many adjustments it made, and one run of sequence
//! numbers for each writer. When a registration was released and all its writers know, nothing of it is left: each writer removes
//! its own record as soon as it learns that everything in it was reset (see [`RangeMap::merge`]).
//!
//! # Features
//!
//! `serde`, off by default, gives the types that people read or write a form in files, requests and logs. What is read is checked as it
//! is when it is made: a name of 256 bytes, a range that holds no key, or a range without the field of its end, is an error. States
//! travel by [`Delta::encode`].
//!
//! | type | in JSON, and likewise in other formats |
//! |---|---|
//! | [`NodeId`] | `"node-a"` |
//! | [`ReplicaId`] | `"000000000000002a"`, since many programs read a number in JSON with 53 bits; in a format that nobody reads, a number |
//! | [`KeyRange`] | `{"start":0,"end":100}`, and `null` for the end of an unbounded one |
//! | [`Owner`] | `{"node":"node-a","priority":3}`; [`Owners`], written only, is a list of them |
//! | [`Registration`] | `{"node":"node-a","range":{"start":0,"end":100},"priority":3}` |
//! | [`Split`], written only | `{"range":{"start":0,"end":100},"owners":[{"node":"node-a","priority":3}]}`; [`Splits`] and [`SplitsIn`] are lists of them |
//! | [`Piece`], written only | `{"range":{"start":0,"end":100},"node":"node-a"}`, and `null` for a node where nobody serves |
//! | [`AnswerVersion`] | `"0102030405060708090a0b0cfffefdfcfbfaf9f8f7f6f5f4"`; in a format that nobody reads, 24 bytes |
//! | [`Operation`] | `{"increase":{"node":"node-a","range":{"start":0,"end":100},"by":2}}` |
//!
//! # Hostile input
//!
//! [`Delta::decode`] and [`Node::receive`] take bytes from anybody: they return errors that say what was wrong and
//! where, never panic, and allocate no more than a constant multiple of the input. What they accept cannot overflow later. They
//! do not authenticate: whoever can speak to a replica can also write to the map. Parts of two states are taken for equal if
//! 64-bit hashes of them are: somebody who looks for a collision can keep two replicas from agreeing on a part.
//!
#![doc = include_str!("../docs/glossary.md")]
#![forbid(unsafe_code)]
// An example that somebody pastes into a program says nothing there, either.
#![doc(test(attr(deny(warnings))))]
// What anybody sends is answered by an error. Tests may panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod advice;
mod answer_version;
mod causal;
pub mod codec;
mod contribution;
mod delta;
mod hash;
mod id;
mod key;
mod life;
mod map;
pub mod node;
mod operation;
mod ordered;
mod registration;
mod retired;
#[cfg(feature = "serde")]
mod serial;
mod sort;
mod splits;
mod store;
pub mod sync;
mod tally;
mod tombstones;
mod version;
mod watch;

pub use answer_version::{AnswerVersion, AnswerVersionError, OwnersSince};
pub use causal::{CausalContext, Dot};
pub use codec::{DecodeError, DecodeProblem, WireKey};
pub use contribution::{Cancelled, Carried, Contribution, Dropped};
pub use delta::Delta;
pub use id::{NodeError, NodeId, ReplicaId};
pub use key::{Key, KeyRange, LeastKey, RangeError};
pub use map::{MoveError, RangeMap, WriteError};
pub use node::Node;
pub use operation::{Operation, OperationError};
pub use registration::Registration;
pub use retired::Retired;
pub use splits::{
    Answer, Changes, OwnedSplit, Owner, Owners, Piece, Routing, Split, Splits, SplitsIn, SplitsInIter,
    SplitsIter,
};
pub use version::Version;
pub use watch::{WatchId, Watched, WatchedPiece};

/// The README's examples in Rust are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What the tests outside use as well, by the name that the crate has there.
#[cfg(test)]
extern crate self as crdt_range_map;
#[cfg(test)]
#[path = "../tests/kit/mod.rs"]
mod kit;
