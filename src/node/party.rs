//! Who is there, over one link.

use std::collections::BTreeMap;

use crate::id::ReplicaId;
use crate::sync::presence::{Config, Liveness, Name, Peer};
use crate::sync::{Presence, Received};

/// This node's part in the presence over a link.
#[derive(Clone, Debug)]
pub(super) struct Party {
    presence: Presence,
    config: Config,
    own: ReplicaId,
    /// What was said of the peers, and when their revision was that.
    revision: u64,
    said: BTreeMap<ReplicaId, (Name, Liveness)>,
}

impl Party {
    /// `None` if the configuration cannot work, which is checked before.
    pub(super) fn join(config: Config, own: ReplicaId, name: Name, now_ms: u64) -> Option<Self> {
        let presence = Presence::join(config, own, name, now_ms).ok()?;
        Some(Self { presence, config, own, revision: 0, said: BTreeMap::new() })
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = Peer> {
        self.presence.peers()
    }

    pub(super) fn set_name(&mut self, name: Name) {
        self.presence.set_name(name);
    }

    /// Takes part under that id. For the others, who had the former one is gone.
    pub(super) fn follow(&mut self, own: ReplicaId, now_ms: u64) {
        if self.own != own {
            let name = self.presence.name().clone();
            if let Ok(presence) = Presence::join(self.config, own, name, now_ms) {
                (self.presence, self.own, self.revision) = (presence, own, u64::MAX);
            }
        }
    }

    /// Takes a message of that sender, of which the protocol made that.
    pub(super) fn hear<K>(
        &mut self,
        sender: ReplicaId,
        received: &Received<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) {
        match received {
            // The protocol has read it already.
            Received::Presence(content) => drop(self.presence.receive(sender, content, now_ms, random)),
            Received::Ignored(_) => {}
            Received::Applied(_) | Received::Heard => self.presence.heard(sender, now_ms, random),
        }
    }

    /// A message was sent, which is a sign of life.
    pub(super) fn sent(&mut self, now_ms: u64) {
        self.presence.posted(now_ms);
    }

    pub(super) fn goodbye(&self) -> Vec<u8> {
        self.presence.goodbye()
    }

    pub(super) fn poll(&mut self, now_ms: u64) -> Option<Vec<u8>> {
        self.presence.poll(now_ms)
    }

    pub(super) fn next_wake_ms(&self) -> u64 {
        self.presence.next_wake_ms()
    }

    /// The peers of whom there is something new. O(1) if there are none.
    pub(super) fn news(&mut self) -> Vec<Peer> {
        if self.revision == self.presence.revision() {
            return Vec::new();
        }
        self.revision = self.presence.revision();
        let before = core::mem::take(&mut self.said);
        let mut news = Vec::new();
        for peer in self.presence.peers() {
            let now = (peer.name.clone(), peer.liveness);
            let is_old = before.get(&peer.replica) == Some(&now);
            // Who came and went unnoticed was never there.
            let is_gone = peer.liveness != Liveness::Alive && !before.contains_key(&peer.replica);
            self.said.insert(peer.replica, now);
            if !is_old && !is_gone {
                news.push(peer);
            }
        }
        news
    }
}
