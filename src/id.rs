//! Who serves (nodes) and who writes (replicas). The two are different things: one replica may register any node.

use core::fmt;
use std::collections::HashMap;
use std::sync::Arc;

/// The identity of a writer: one incarnation of one replica.
///
/// An id must never be used by two writers, nor again by a writer that lost state: operations are named by
/// `(replica, sequence number)`, and two operations of one name cannot be told apart. A fresh random 64-bit number for each
/// incarnation is the safe default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaId(u64);

impl ReplicaId {
    /// The replica of that number. Any number will do.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number that the replica was made from.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The name of a serving node: 1 to 255 bytes of UTF-8, opaque, ordered by bytes. Cloning is O(1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// The longest name in bytes.
    pub const LENGTH_MAX: usize = 255;

    /// The node of that name.
    ///
    /// # Errors
    /// [`NodeError`] if the name is empty or longer than 255 bytes.
    pub fn new(name: impl AsRef<str>) -> Result<Self, NodeError> {
        let name = name.as_ref();
        if name.is_empty() || name.len() > Self::LENGTH_MAX {
            return Err(NodeError { length: name.len() });
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A node's name was empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeError {
    /// The length of the refused name in bytes.
    pub length: usize,
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a node's name must be 1 to {} bytes long, not {}", NodeId::LENGTH_MAX, self.length)
    }
}

impl core::error::Error for NodeError {}

/// A numbering of the nodes in a list, in the order of their names.
pub(crate) struct NodeNumbers<'a> {
    /// The nodes, each once, ordered by name: a node's place is its number.
    pub(crate) nodes: Vec<&'a NodeId>,
    /// The number of each node of the list.
    pub(crate) numbers: Vec<u32>,
}

impl<'a> NodeNumbers<'a> {
    /// Numbers the nodes of a list of fewer than 2^32. O(n + m log m) for m different names.
    pub(crate) fn of(list: impl Iterator<Item = &'a NodeId>) -> Self {
        let mut first_seen: HashMap<&NodeId, u32> = HashMap::new();
        let mut numbers: Vec<u32> = list
            .map(|node| {
                let next = first_seen.len() as u32;
                *first_seen.entry(node).or_insert(next)
            })
            .collect();
        let mut ordered: Vec<(&NodeId, u32)> = first_seen.into_iter().collect();
        ordered.sort_unstable();
        let mut ranks = vec![0; ordered.len()];
        for (rank, (_, seen)) in ordered.iter().enumerate() {
            ranks[*seen as usize] = rank as u32;
        }
        numbers.iter_mut().for_each(|number| *number = ranks[*number as usize]);
        Self { nodes: ordered.into_iter().map(|(node, _)| node).collect(), numbers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_1_to_255_bytes() {
        assert_eq!(NodeId::new(""), Err(NodeError { length: 0 }));
        assert!(NodeId::new("x".repeat(255)).is_ok());
        assert_eq!(NodeId::new("x".repeat(256)), Err(NodeError { length: 256 }));
        assert!(NodeId::new("ü".repeat(128)).is_err(), "bytes count, not characters");
    }

    #[test]
    fn names_order_by_bytes() {
        let [upper, lower, umlaut] = ["Z", "a", "ä"].map(|name| NodeId::new(name).unwrap());
        assert!(upper < lower && lower < umlaut);
    }

    #[test]
    fn nodes_are_numbered_in_the_order_of_their_names() {
        let list = ["c", "a", "c", "b", "a"].map(|name| NodeId::new(name).unwrap());
        let numbered = NodeNumbers::of(list.iter());
        assert_eq!(numbered.numbers, [2, 0, 2, 1, 0]);
        assert_eq!(numbered.nodes, [&list[1], &list[3], &list[0]]);
    }
}
