//! What a node hands out.

use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::sync::presence::{Attributes, Peer};
use crate::sync::{IgnoreReason, Renaming};
use crate::watch::Watched;

use super::Page;

/// A link of a node, by the number under which it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// Who is at the other end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkKind {
    /// Many, who all hear each other: a BroadcastChannel, a multicast group, a shared bus.
    Medium,
    /// One neighbour: a socket, a serial line, a data channel.
    Neighbour,
}

/// What is to be done next for a node: see [`Node::poll`](super::Node::poll).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output<K> {
    /// Send bytes over a link.
    Send {
        /// The link.
        link: LinkId,
        /// The whole message. The link has to keep messages apart.
        bytes: Vec<u8>,
    },
    /// Save that page, and then call [`Node::saved`](super::Node::saved), or [`Node::not_saved`](super::Node::not_saved) if saving
    /// failed.
    Save(Page),
    /// Something happened.
    Event(Event<K>),
    /// Nothing is due. Call [`poll`](super::Node::poll) again at that time, or after the next other call; `u64::MAX` is never.
    Wait {
        /// The time, in milliseconds.
        until_ms: u64,
    },
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<K> {
    /// The owners of keys in these ranges may have changed since the last such event. The ranges are disjoint and in order.
    Changed(Vec<KeyRange<K>>),
    /// The owners, or the [living](super::Node::watch_living) ones, of some keys that are [watched](super::Node::watch) became others.
    Watched(Watched<K>),
    /// The [living](super::Node::living) owners of keys in these ranges may have changed since the last such event, by an operation, a
    /// message, or because a writer came or went. The ranges are disjoint and in order. Told once the living answer was asked for.
    LivingChanged(Vec<KeyRange<K>>),
    /// A peer came, left, died, or changed its name.
    Peer {
        /// The link over which it is heard.
        link: LinkId,
        /// The peer, with whether it is there.
        peer: Peer,
    },
    /// A participant says something new of itself: see [`Node::attributes`](super::Node::attributes).
    Attributes {
        /// Who.
        replica: ReplicaId,
        /// What.
        attributes: Attributes,
    },
    /// A message was ignored as a whole.
    Refused {
        /// The link over which it came.
        link: LinkId,
        /// Why.
        reason: IgnoreReason,
    },
    /// The node goes on under another replica id by itself.
    Renamed {
        /// The id before.
        from: ReplicaId,
        /// The id from now on.
        to: ReplicaId,
        /// Why.
        why: Renaming,
        /// The registrations to which it contributed under the former id, where it is not sure that anybody heard. These contributions
        /// still count, unless the others have cleared up after the former id already, or the node was [restarted](super::Node::restart), or
        /// the retired id was [ephemeral](ReplicaId#ephemeral-writers): then all that was done under it is gone.
        unheard: Vec<(NodeId, KeyRange<K>)>,
    },
}
