//! Links, and presence over them. A link is told by its number; times are in milliseconds.

use crdt_range_map::ReplicaId;
use crdt_range_map::node::{LinkId, LinkKind};
use crdt_range_map::sync::presence::{Config, Liveness, Name};
use crdt_range_map::sync::{IgnoreReason, Statistics};
use js_sys::{Array, Object};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::Failure;
use crate::replica::Replica;

#[wasm_bindgen(module = "/js/push.js")]
extern "C" {
    #[wasm_bindgen(js_name = pushPeer)]
    fn push_peer(peers: &Array, replica: u64, name: &str, last_seen_ms: f64, alive: bool, left: bool);

    #[wasm_bindgen(js_name = setCount)]
    fn set_count(counts: &Object, name: &str, count: f64);
}

/// Whether something may call itself that.
#[wasm_bindgen(js_name = checkName)]
pub fn check_name(name: &str) -> Result<(), Failure> {
    Name::new(name)?;
    Ok(())
}

#[wasm_bindgen]
impl Replica {
    /// Opens a link to one neighbour, or else to a medium where all hear all. It takes part in presence there once it has joined.
    pub fn open(&mut self, is_neighbour: bool, now_ms: f64) -> f64 {
        let kind = if is_neighbour { LinkKind::Neighbour } else { LinkKind::Medium };
        self.node.open_without_presence(kind, now_ms as u64).0 as f64
    }

    pub fn close(&mut self, link: f64) {
        self.node.close(id(link));
    }

    pub fn receive(&mut self, link: f64, bytes: &[u8], now_ms: f64) {
        self.node.receive(id(link), bytes, now_ms as u64);
    }

    /// Takes part in presence under that name, or changes the name. `has_locks`: deaths are told, by [`died`](Self::died).
    pub fn join(&mut self, link: f64, name: &str, has_locks: bool, now_ms: f64) -> Result<(), Failure> {
        let config = if has_locks { Config::default() } else { Config::heartbeats() };
        // These configurations work.
        _ = self.node.join(id(link), config, Name::new(name)?, now_ms as u64);
        Ok(())
    }

    pub fn died(&mut self, link: f64, replica: u64, now_ms: f64) {
        self.node.died(id(link), ReplicaId::new(replica), now_ms as u64);
    }

    pub fn resume(&mut self, link: f64, now_ms: f64) {
        self.node.resume(id(link), now_ms as u64);
    }

    #[wasm_bindgen(js_name = sayGoodbye)]
    pub fn say_goodbye(&mut self, link: f64) {
        self.node.say_goodbye(id(link));
    }

    /// `Peer[]`, with the time in milliseconds of the clock that the calls tell.
    pub fn peers(&self, link: f64) -> Array {
        let list = Array::new();
        for (_, peer) in self.node.peers().filter(|(over, _)| *over == id(link)) {
            let (alive, left) = (peer.liveness == Liveness::Alive, peer.liveness == Liveness::Left);
            push_peer(&list, peer.replica.get(), peer.name.as_str(), peer.last_seen_ms as f64, alive, left);
        }
        list
    }

    /// `ConnectionStatistics` but for its lists, the posted messages by kind, and the ignored ones by reason; nothing if the link is not open.
    pub fn statistics(&self, link: f64) -> Option<Array> {
        let counts = self.node.link_statistics(id(link))?;
        let totals = [
            ("messagesPosted", counts.messages_posted),
            ("bytesPosted", counts.bytes_posted),
            ("messagesReceived", counts.messages_received),
            ("bytesReceived", counts.bytes_received),
            ("messagesIgnored", counts.messages_ignored),
            ("sessionsBegun", counts.sessions_begun),
            ("sessionsFinished", counts.sessions_finished),
            ("registrationsTooLong", counts.registrations_too_long),
            ("messagesTooLong", counts.messages_too_long),
        ];
        let posted = Statistics::KINDS.into_iter().zip(counts.posted);
        let ignored = IgnoreReason::NAMES.into_iter().zip(counts.ignored);
        Some(Array::of3(&object(totals), &object(posted), &object(ignored)))
    }
}

fn object(counts: impl IntoIterator<Item = (&'static str, u64)>) -> Object {
    let object = Object::new();
    counts.into_iter().for_each(|(name, count)| set_count(&object, name, count as f64));
    object
}

pub(crate) fn id(link: f64) -> LinkId {
    LinkId(link as u64)
}
