//! Who serves (nodes) and who writes (replicas). The two are different things: one replica may register any node.

use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;
use std::sync::Arc;

/// The identity of a writer: one incarnation of one replica.
///
/// An id must never be used by two writers, nor again by a writer that lost state: operations are named by
/// `(replica, sequence number)`, and two operations of one name cannot be told apart. A fresh random 64-bit number for each
/// incarnation is the safe default.
///
/// # Ephemeral writers
///
/// An *ephemeral* writer is one whose contributions are bound to its life: they count in the [living answer](crate::RangeMap::living)
/// while it is there, and count in the agreed one until somebody releases or [evicts](crate::RangeMap::evict) them. The id tells it, so
/// whoever has the state knows what is bound to which life, also who came late: its highest 16 bits are `eeee`. The others are as random
/// as in any id. An ephemeral id is for one life: it is never taken up again.
///
/// One bit would be too little: half of all ids that are drawn at random would have it. Of these, one in 65,536 is ephemeral by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaId(u64);

/// The highest bits of the ids of ephemeral writers: all of them lie together in the order of ids.
const EPHEMERAL: u64 = 0xeeee << 48;
const CLASS_BITS: u64 = 0xffff << 48;

impl ReplicaId {
    /// The replica of that number. Any number will do. One whose highest 16 bits are `eeee` is [ephemeral](Self#ephemeral-writers).
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// An [ephemeral](Self#ephemeral-writers) writer: of the number, a random one for each life, the lower 48 bits are used.
    ///
    /// ```
    /// use crdt_range_map::ReplicaId;
    ///
    /// let id = ReplicaId::ephemeral(0x0123_4567_89ab_cdef);
    /// assert_eq!(id.to_string(), "eeee456789abcdef");
    /// assert!(id.is_ephemeral() && !ReplicaId::new(0x2a).is_ephemeral());
    /// ```
    pub const fn ephemeral(id: u64) -> Self {
        Self(EPHEMERAL | id & !CLASS_BITS)
    }

    /// Whether what this writer contributes is bound to its life.
    pub const fn is_ephemeral(self) -> bool {
        self.0 & CLASS_BITS == EPHEMERAL
    }

    /// The id of that number, changed where it must be to be ephemeral or not, as this one is.
    pub(crate) const fn of_same_class(self, id: u64) -> Self {
        match (self.is_ephemeral(), Self(id).is_ephemeral()) {
            (true, _) => Self::ephemeral(id),
            (false, true) => Self(id ^ 1 << 63),
            (false, false) => Self(id),
        }
    }

    /// The number that the replica was made from.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for ReplicaId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The name of a serving node: 1 to 255 bytes of UTF-8, opaque, ordered by bytes. Cloning is O(1); a name of up to 15 bytes
/// takes no memory of its own.
///
/// A map by nodes can be asked by name:
///
/// ```
/// use std::collections::BTreeMap;
///
/// use crdt_range_map::NodeId;
///
/// let node: NodeId = "node-a".parse()?;
/// let addresses = BTreeMap::from([(node, "10.0.0.7")]);
/// assert_eq!(addresses.get("node-a"), Some(&"10.0.0.7"));
/// # Ok::<(), crdt_range_map::NodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct NodeId {
    // Two fields and not two variants: a clone copies whole words, which is several times as fast as byte by byte.
    /// A name that is not short. A thin pointer.
    long: Option<Arc<Box<str>>>,
    /// The bytes of a short name, zeros, and in the last byte the length; all zero for a long one.
    short: [u8; SHORT_MAX + 1],
}

const SHORT_MAX: usize = 15;

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
        let mut short = [0; SHORT_MAX + 1];
        if name.len() > SHORT_MAX {
            return Ok(Self { long: Some(Arc::new(name.into())), short });
        }
        short[..name.len()].copy_from_slice(name.as_bytes());
        short[SHORT_MAX] = name.len() as u8;
        Ok(Self { long: None, short })
    }

    /// The name. O(its length) for a short one: that the bytes are UTF-8 is checked again.
    pub fn as_str(&self) -> &str {
        match &self.long {
            // The bytes are those of a string, so the default is never taken.
            None => core::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Some(name) => name,
        }
    }

    /// The bytes of the name, which is UTF-8. O(1).
    pub fn as_bytes(&self) -> &[u8] {
        match &self.long {
            None => &self.short[..usize::from(self.short[SHORT_MAX]).min(SHORT_MAX)],
            Some(name) => name.as_bytes(),
        }
    }
}

impl FromStr for NodeId {
    type Err = NodeError;

    fn from_str(name: &str) -> Result<Self, NodeError> {
        Self::new(name)
    }
}

impl TryFrom<&str> for NodeId {
    type Error = NodeError;

    fn try_from(name: &str) -> Result<Self, NodeError> {
        Self::new(name)
    }
}

impl TryFrom<String> for NodeId {
    type Error = NodeError;

    fn try_from(name: String) -> Result<Self, NodeError> {
        Self::new(name)
    }
}

impl AsRef<str> for NodeId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Names are equal, ordered and hashed as their strings are.
impl Borrow<str> for NodeId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

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
        // As strings do: the last byte, which is no byte of UTF-8, marks the end of the name.
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
    fn an_id_is_ephemeral_by_its_highest_16_bits_and_another_of_its_class_is_too() {
        let ephemeral = |id| ReplicaId::new(id).is_ephemeral();
        let edges =
            [0xeeed_ffff_ffff_ffff, 0xeeee_0000_0000_0000, 0xeeee_ffff_ffff_ffff, 0xeeef_0000_0000_0000];
        assert_eq!(edges.map(ephemeral), [false, true, true, false]);
        for bit in 48..64 {
            assert!(!ephemeral(0xeeee << 48 ^ 1 << bit));
        }
        for number in edges.into_iter().chain([0, 42, u64::MAX]) {
            for of in edges.map(ReplicaId::new) {
                assert_eq!(of.of_same_class(number).is_ephemeral(), of.is_ephemeral());
                assert_eq!(
                    of.of_same_class(number).get() << 16,
                    number << 16,
                    "the rest is as random as it was"
                );
            }
            assert!(ReplicaId::ephemeral(number).is_ephemeral());
        }
    }

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
        let names = ["a", "a\0", "15-bytes-a-name", "16-bytes-a-name+", "node-00001"];
        let nodes = names.map(|name| NodeId::new(name).unwrap());
        for (name, node) in names.iter().zip(&nodes) {
            assert_eq!(node.as_str(), *name);
            assert_eq!(nodes.iter().filter(|other| *other == node).count(), 1);
            for (other_name, other) in names.iter().zip(&nodes) {
                assert_eq!(node.cmp(other), name.cmp(other_name));
            }
        }
        assert_eq!(size_of::<NodeId>(), 16 + size_of::<usize>());
    }
}
