//! A node with one link to a medium, as a tab has it: bytes in, bytes out.

use crdt_range_map::node::{Event, LinkId, LinkKind, Options, Output};
use crdt_range_map::sync::{Config, IgnoreReason};
use crdt_range_map::{Node, RangeMap, WireKey};

#[derive(Clone)]
pub struct Tab<K> {
    pub node: Node<K>,
    pub link: LinkId,
}

impl<K: WireKey> Tab<K> {
    /// A tab with what a replica holds, under its id.
    pub fn open(map: &RangeMap<K>, sync: Config, log_bytes_max: usize, now_ms: u64, seed: u64) -> Self {
        let options = Options { sync, log_bytes_max, ..Options::default() };
        let mut node = Node::with(options, map.replica(), seed).unwrap();
        node.merge(map.state());
        let link = node.open(LinkKind::Medium, now_ms);
        Self { node, link }
    }

    /// Takes a message, and tells whether it was refused, and why.
    pub fn receive(&mut self, bytes: &[u8], now_ms: u64) -> Result<(), IgnoreReason> {
        let refused = |node: &Node<K>| node.statistics().messages_ignored;
        let before = refused(&self.node);
        self.node.receive(self.link, bytes, now_ms);
        if refused(&self.node) == before {
            return Ok(());
        }
        // The events come before anything else.
        loop {
            match self.node.poll(now_ms) {
                Output::Event(Event::Refused { reason, .. }) => return Err(reason),
                Output::Event(_) => {}
                other => panic!("{other:?} before it is told why something was refused"),
            }
        }
    }

    /// The next message to send, if any is due.
    pub fn poll(&mut self, now_ms: u64) -> Option<Vec<u8>> {
        loop {
            match self.node.poll(now_ms) {
                Output::Send { bytes, .. } => return Some(bytes),
                Output::Event(_) => {}
                Output::Save(_) => panic!("nothing is to be saved"),
                Output::Wait { .. } => return None,
            }
        }
    }
}
