//! How the replicas of a world are connected.

use crdt_range_map::node::LinkKind;

/// How replicas are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Everybody hears everybody.
    Broadcast,
    /// Each has links to some, and wants news at once from so many of them.
    Mesh { fan_in: usize },
    /// Two media, each with some of them; some are on both, some on none and have links to others, and some have both.
    Bridged { fan_in: usize },
}

impl Medium {
    /// What the table shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Broadcast => "on one medium",
            Self::Mesh { .. } => "in a mesh",
            Self::Bridged { .. } => "on two media with bridges",
        }
    }

    pub fn fan_in(self) -> Option<usize> {
        match self {
            Self::Broadcast => None,
            Self::Mesh { fan_in } | Self::Bridged { fan_in } => Some(fan_in),
        }
    }
}

/// What a replica has a link to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wire {
    /// The medium of that number.
    Medium(usize),
    /// The replica of that number.
    Neighbour(usize),
}

impl Wire {
    pub fn kind(self) -> LinkKind {
        match self {
            Self::Medium(_) => LinkKind::Medium,
            Self::Neighbour(_) => LinkKind::Neighbour,
        }
    }
}
