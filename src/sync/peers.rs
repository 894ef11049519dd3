//! Who was heard on the medium, and whose turn it is to answer a question to everybody.
//!
//! If everybody answered, there would be a storm. If each waited for a random time, more would answer the slower the medium is. So
//! peers stand in a line, in an order that their ids and the asker's decide, and each gives those before it the time to be heard.

use crate::id::ReplicaId;

/// How many peers are remembered. If there are more, the one that was silent for longest is forgotten; then two may take the same turn.
const PEERS_MAX: usize = 128;

#[derive(Clone, Copy, Debug)]
struct Peer {
    id: ReplicaId,
    heard_ms: u64,
    /// Whether it has repeated a number that was sent to it. An attacker that only replays old messages cannot.
    is_proven: bool,
    /// When this replica last answered one of its questions to everybody.
    answered_ms: Option<u64>,
}

/// The peers, in no order.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers(Vec<Peer>);

impl Peers {
    /// Notes that a peer spoke. O(peers), of which there are at most 128.
    pub(super) fn heard(&mut self, id: ReplicaId, now_ms: u64) {
        if let Some(peer) = self.0.iter_mut().find(|peer| peer.id == id) {
            peer.heard_ms = now_ms;
            return;
        }
        if self.0.len() == PEERS_MAX
            && let Some(longest) = (0..PEERS_MAX).min_by_key(|at| self.0[*at].heard_ms)
        {
            self.0.swap_remove(longest);
        }
        self.0.push(Peer { id, heard_ms: now_ms, is_proven: false, answered_ms: None });
    }

    /// Notes that a peer has repeated a number that was sent to it.
    pub(super) fn prove(&mut self, id: ReplicaId) {
        self.0.iter_mut().filter(|peer| peer.id == id).for_each(|peer| peer.is_proven = true);
    }

    pub(super) fn is_proven(&self, id: ReplicaId) -> bool {
        self.0.iter().any(|peer| peer.id == id && peer.is_proven)
    }

    /// How many peers stand before `own` in the line to answer the asker. O(peers).
    pub(super) fn before(&self, own: ReplicaId, asker: ReplicaId) -> u64 {
        let distance = distance(own, asker);
        let is_before = |peer: &&Peer| peer.id != asker && self::distance(peer.id, asker) < distance;
        self.0.iter().filter(is_before).count() as u64
    }

    /// Notes that a peer's question to everybody is answered.
    pub(super) fn note_answered(&mut self, id: ReplicaId, now_ms: u64) {
        self.0.iter_mut().filter(|peer| peer.id == id).for_each(|peer| peer.answered_ms = Some(now_ms));
    }

    /// Whether a peer's question to everybody was answered after that time.
    pub(super) fn was_answered(&self, id: ReplicaId, after_ms: u64) -> bool {
        self.0.iter().any(|peer| peer.id == id && peer.answered_ms.is_some_and(|at_ms| at_ms > after_ms))
    }

    /// How many other peers there are. O(peers).
    pub(super) fn others(&self, peer: ReplicaId) -> u64 {
        self.0.iter().filter(|other| other.id != peer).count() as u64
    }

    /// Forgets the peers that stood before `own` and were not heard since that time, though it was their turn. They are remembered again
    /// when they are heard.
    pub(super) fn forget_before(&mut self, own: ReplicaId, asker: ReplicaId, since_ms: u64) {
        let own = distance(own, asker);
        self.0.retain(|peer| peer.heard_ms >= since_ms || distance(peer.id, asker) >= own);
    }

    /// The times at which peers were heard, for a clock that was set.
    pub(super) fn times(&mut self) -> impl Iterator<Item = &mut u64> {
        self.0.iter_mut().flat_map(|peer| [Some(&mut peer.heard_ms), peer.answered_ms.as_mut()]).flatten()
    }
}

/// The order in the line. It is mixed by the finalizer of splitmix64, so that the same peer is not always the first.
fn distance(id: ReplicaId, asker: ReplicaId) -> u64 {
    let mut mixed = id.get() ^ asker.get().rotate_left(32);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_those_who_know_each_other_one_is_first() {
        let ids: Vec<ReplicaId> = (1..=32).map(ReplicaId::new).collect();
        let asker = ReplicaId::new(99);
        let mut turns: Vec<u64> = Vec::new();
        for own in &ids {
            let mut peers = Peers::default();
            ids.iter().filter(|id| *id != own).for_each(|id| peers.heard(*id, 0));
            peers.heard(asker, 0);
            turns.push(peers.before(*own, asker));
            peers.forget_before(*own, asker, 0);
            assert_eq!(peers.before(*own, asker), *turns.last().unwrap(), "all were heard lately");
            peers.forget_before(*own, asker, 1);
            assert_eq!(peers.before(*own, asker), 0);
        }
        turns.sort_unstable();
        assert_eq!(turns, (0..32).collect::<Vec<_>>());
    }

    #[test]
    fn who_was_not_heard_for_longest_is_forgotten() {
        let mut peers = Peers::default();
        (0..=PEERS_MAX as u64).for_each(|id| peers.heard(ReplicaId::new(id), id));
        peers.prove(ReplicaId::new(0));
        peers.prove(ReplicaId::new(1));
        assert!(!peers.is_proven(ReplicaId::new(0)) && peers.is_proven(ReplicaId::new(1)));
        assert_eq!(peers.0.len(), PEERS_MAX);
    }
}
