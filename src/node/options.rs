//! The settings of a node.

use crate::map::LOG_BYTES_MAX;
use crate::sync::Config;
use crate::sync::presence::{self, Name};

/// From how many neighbours a node wants news at once, by default.
const FAN_IN: usize = 3;

/// The settings of a node. All times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The times and limits of the protocol.
    pub sync: Config,
    /// From how many neighbours it wants news at once. The others announce theirs a moment later, and the node asks for what did not come
    /// another way. 0 counts as 1.
    pub fan_in: usize,
    /// The name under which it takes part in [`presence`] on every link: the others learn that it is there, and it
    /// learns who else is. A peer that is silent for 4.5 s counts as dead. `None`: it takes no part; but an
    /// [ephemeral](crate::ReplicaId#ephemeral-writers) writer does all the same, under the empty name.
    pub name: Option<Name>,
    /// What it [says of itself](super::Node::set_attributes) at first, where it takes part in presence.
    pub attributes: presence::Attributes,
    /// Whether it hands out pages to be saved, so that it can return under its id: see [`Node`](super::Node#what-is-saved).
    pub is_durable: bool,
    /// After how long somebody who is gone is [evicted](super::Node::evict): an [ephemeral](crate::ReplicaId#ephemeral-writers) writer that this node
    /// does not see, from when it first did not. It should be much longer than a partition lasts. While the node takes part in presence over
    /// no link, it evicts nobody, and then the time begins anew. `None`: never.
    pub evict_after_ms: Option<u64>,
    /// How many bytes of memory the log of recent changes takes at most. Peers that were away get what they missed from it: see
    /// [`RangeMap::set_log_capacity`](crate::RangeMap::set_log_capacity).
    pub log_bytes_max: usize,
}

impl Default for Options {
    /// Not durable, without a name, and nobody is evicted.
    fn default() -> Self {
        let sync = Config::default();
        Self {
            sync,
            fan_in: FAN_IN,
            name: None,
            attributes: presence::Attributes::default(),
            is_durable: false,
            evict_after_ms: None,
            log_bytes_max: LOG_BYTES_MAX,
        }
    }
}
