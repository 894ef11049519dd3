//! Who is alive, as a node knows it, and what ends with a life.

use super::Node;
use super::evictions::Evictions;
use crate::codec::WireKey;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::map::WriteError;
use crate::registration::RegistrationId;
use crate::splits::Answer;
use crate::sync::presence::Attributes;

impl<K: WireKey> Node<K> {
    /// The answer as of who is alive: see [`RangeMap::living`](crate::RangeMap::living), which has the cost. Present are the
    /// [ephemeral](crate::ReplicaId#ephemeral-writers) writers that this node sees alive over some link: so it must take part in
    /// [presence](super::Options::name). After the first call, [`Event::LivingChanged`](super::Event::LivingChanged) tells what changes.
    pub fn living(&self) -> Answer<'_, K> {
        self.map.living()
    }

    /// Marks a node as down, here alone: see [`RangeMap::mark_down`](crate::RangeMap::mark_down).
    pub fn mark_down(&mut self, node: &NodeId) {
        self.map.mark_down(node);
    }

    /// Takes [`mark_down`](Self::mark_down) back.
    pub fn mark_up(&mut self, node: &NodeId) {
        self.map.mark_up(node);
    }

    /// Says that of this node from now on, to all who see it. Only with a [name](super::Options::name), or as an ephemeral writer. O(log of
    /// the participants).
    pub fn set_attributes(&mut self, attributes: Attributes) {
        self.presences.set_attributes(attributes);
    }

    /// What a participant says of itself, as far as is known here; of one that is gone, what it said last.
    /// [`RangeMap::living_writers`](crate::RangeMap::living_writers) tells which participants back the owners of a key. O(log of the
    /// participants).
    pub fn attributes(&self, replica: ReplicaId) -> Option<&Attributes> {
        self.presences.attributes(replica)
    }

    /// Takes over from presence who is there. O(1) if nobody came or went.
    pub(super) fn follow_life(&mut self) {
        for (writer, is_present) in self.presences.take_turns() {
            self.map.set_present(writer, is_present);
        }
    }
}

/// What ends with a life.
impl<K: WireKey> Node<K> {
    /// Withdraws everything that this node contributed under its id, in one delta, and then says goodbye over every link: it takes part in
    /// presence no more. Close the links once [`poll`](Self::poll) says [`Wait`](super::Output::Wait). Costs what
    /// [`RangeMap::withdraw`](crate::RangeMap::withdraw) costs.
    ///
    /// # Errors
    /// [`WriteError`] if it is refused. Nothing has changed then, and it stays.
    pub fn leave(&mut self) -> Result<(), WriteError> {
        let own = self.map.replica();
        let left = self.map.left_of(own);
        self.operate(touched(&left), |map| map.withdraw(own))?;
        self.is_leaving = true;
        Ok(())
    }

    /// Releases every registration of a node, in one delta: see [`RangeMap::release_node`](crate::RangeMap::release_node).
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn leave_node(&mut self, node: &NodeId) -> Result<(), WriteError> {
        let left = self.map.left_of_node(node);
        self.operate(touched(&left), |map| map.release_node(node))
    }

    /// Ends a life for all: see [`RangeMap::evict`](crate::RangeMap::evict). If it is this node itself, it goes on under another id.
    /// [`Options::evict_after_ms`](super::Options::evict_after_ms) does it by itself.
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn evict(&mut self, writer: ReplicaId) -> Result<(), WriteError> {
        let left = self.map.left_of(writer);
        self.operate(touched(&left), |map| map.evict(writer))?;
        self.go_on_if_retired();
        Ok(())
    }

    /// Sets [`Options::evict_after_ms`](super::Options::evict_after_ms). How long those who are gone have been so counts anew. O(1).
    pub fn set_evict_after_ms(&mut self, evict_after_ms: Option<u64>) {
        self.evictions = Evictions::new(evict_after_ms);
    }

    /// [`Options::evict_after_ms`](super::Options::evict_after_ms), as it is now. O(1).
    pub fn evict_after_ms(&self) -> Option<u64> {
        self.evictions.after_ms()
    }

    /// Who would be [evicted](super::Options::evict_after_ms) next, and since when this node does not see them, as its clock says: ephemeral
    /// writers of which something is left, who has been gone longest first. It is looked for them about once a second. None while nobody is
    /// evicted by itself. O(log n) for each of their registrations, after O(n) the first time.
    pub fn gone(&self) -> impl Iterator<Item = (ReplicaId, u64)> {
        let gone = self.evictions.gone_since().filter(|(writer, _)| !self.map.is_present(*writer));
        let mut left: Vec<_> = gone.filter(|(writer, _)| !self.map.left_of(*writer).is_empty()).collect();
        left.sort_by_key(|(writer, since_ms)| (*since_ms, *writer));
        left.into_iter()
    }

    /// The goodbyes of a node that leaves, once all that it did is sent.
    pub(super) fn say_goodbyes(&mut self) {
        if self.is_leaving && self.map.is_saved() {
            self.is_leaving = false;
            for (link, goodbye) in self.presences.leave_all() {
                self.push_goodbye(link, self.map.replica(), goodbye);
            }
            self.follow_life();
        }
    }

    /// Evicts the ephemeral writers that have been gone for long enough.
    pub(super) fn evict_absent(&mut self, now_ms: u64) {
        if !self.presences.takes_part() {
            // Who hears nobody knows of nobody that he is gone.
            return self.evictions.begin_anew();
        }
        let is_due = self.evictions.is_due(now_ms) && self.map.state().context().has_ephemeral();
        if !is_due {
            return;
        }
        let writers = self.map.ephemeral_writers();
        let gone = writers.into_iter().filter(|writer| !self.map.is_present(*writer)).collect();
        for writer in self.evictions.take_due(gone, now_ms) {
            if !self.map.left_of(writer).is_empty() {
                // Where it is refused, it is tried again.
                _ = self.evict(writer);
            }
        }
    }

    /// When it is to be looked for who is gone.
    pub(super) fn next_eviction_ms(&self) -> u64 {
        let may_be_gone = self.presences.takes_part() && self.map.state().context().has_ephemeral();
        if may_be_gone { self.evictions.due_ms() } else { u64::MAX }
    }
}

fn touched<K>(ids: &[RegistrationId<K>]) -> Vec<(&NodeId, &KeyRange<K>)> {
    ids.iter().map(|id| (&id.node, &id.range)).collect()
}
