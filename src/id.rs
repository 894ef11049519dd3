//! Who serves (nodes) and who writes (replicas). The two are different things: one replica may register any node.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
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

/// The name of a serving node: 1 to 255 bytes of UTF-8, opaque, ordered by bytes. Cloning is O(1); a name of up to 14 bytes
/// takes no memory of its own.
#[derive(Clone)]
pub struct NodeId(Name);

/// The bytes of a name, in 16 bytes where they fit.
#[derive(Clone)]
enum Name {
    Short { length: u8, bytes: [u8; SHORT_MAX] },
    // A thin pointer: with a wide one, a name would take 24 bytes.
    Long(Arc<Box<str>>),
}

const SHORT_MAX: usize = 14;

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
        let mut bytes = [0; SHORT_MAX];
        Ok(Self(match bytes.get_mut(..name.len()) {
            Some(begin) => {
                begin.copy_from_slice(name.as_bytes());
                Name::Short { length: name.len() as u8, bytes }
            }
            None => Name::Long(Arc::new(name.into())),
        }))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // The bytes are those of a string, so the default is never taken.
            Name::Short { .. } => core::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Name::Long(name) => name,
        }
    }

    /// The bytes of the name.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Name::Short { length, bytes } => &bytes[..usize::from(*length).min(SHORT_MAX)],
            Name::Long(name) => name.as_bytes(),
        }
    }
}

impl PartialEq for NodeId {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            // What follows a short name is zero, so whole arrays can be compared.
            (Name::Short { length, bytes }, Name::Short { length: their_length, bytes: their_bytes }) => {
                length == their_length && bytes == their_bytes
            }
            (Name::Long(name), Name::Long(their_name)) => name == their_name,
            _ => false,
        }
    }
}

impl Eq for NodeId {}

impl Ord for NodeId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for NodeId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for NodeId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As strings do: the last byte, which no UTF-8 holds, tells where the name ends.
        state.write(self.as_bytes());
        state.write_u8(0xff);
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NodeId").field(&self.as_str()).finish()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
    fn short_and_long_names_behave_alike() {
        let names = ["a", "a\0", "fourteen-bytes", "fourteen-bytes+", "node-00001"];
        let nodes = names.map(|name| NodeId::new(name).unwrap());
        for (name, node) in names.iter().zip(&nodes) {
            assert_eq!(node.as_str(), *name);
            assert_eq!(nodes.iter().filter(|other| *other == node).count(), 1);
            for (other_name, other) in names.iter().zip(&nodes) {
                assert_eq!(node.cmp(other), name.cmp(other_name));
            }
        }
        assert_eq!(size_of::<NodeId>(), 16);
    }
}
