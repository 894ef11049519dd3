//! A node that saves in a storage that it shares with others. Each of them saves what it did itself.

use super::Node;
use super::journal::Journal;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::sync::{self, IgnoreReason};

/// Saving in a shared storage, as the tabs of a browser do in one database. A tab that opens it merges all pages in it, and goes on under
/// an id that no other tab has at the time.
///
/// [`poll`](Node::poll) hands out pages as with [`Options::is_durable`](super::Options::is_durable). But a page has only what is on no
/// other page, and none of them replaces the others. The caller joins them, by saving [`RangeMap::state`](crate::RangeMap::state)
/// instead.
impl<K: WireKey> Node<K> {
    /// Begins to hand out pages. All that is known counts as not saved. Effects are sent all the same until
    /// [`set_sends_unsaved`](Self::set_sends_unsaved) says otherwise. O(1).
    pub fn share_storage(&mut self) {
        self.journal = Some(Journal::shared(&self.map));
        self.map.set_saved(None);
    }

    /// Hands out no more pages. What is not saved is sent. O(1).
    pub fn leave_storage(&mut self) {
        self.journal = None;
        self.map.set_saved(None);
    }

    /// Goes on under an id under which others saved in the shared storage before, with numbers below `next_seq`, as
    /// [`set_replica`](Node::set_replica) does. Returns whether it did. If some of these effects were not [absorbed](Self::absorb), or if the
    /// id is retired, nothing happens: numbers would be used again. That holds although they may be known from elsewhere: the next page
    /// would name them anew. With a `next_seq` of 1 or 0 no effect was saved: then it does go on under that id, known or not, as long as
    /// all is known up to the last number of it that is. An [ephemeral](ReplicaId#ephemeral-writers) id is for one life: it is never taken
    /// up again. O(n) for n registrations.
    pub fn go_on_as(&mut self, replica: ReplicaId, next_seq: u64) -> bool {
        let context = self.map.state().context();
        let last_seq = context.last_seq(replica);
        let absorbed = self.journal.as_ref().map_or(last_seq, |journal| journal.saved_prefix(replica));
        let is_complete = context.prefix(replica) == last_seq && absorbed >= next_seq.saturating_sub(1);
        if replica.is_ephemeral() {
            return false;
        }
        if !is_complete || self.map.state().retired().contains(replica) {
            return false;
        }
        self.set_replica(replica);
        true
    }

    /// Merges a page that is in the shared storage, or a state in the form of [`Delta::encode`]. It counts as saved, and is not sent:
    /// its writer did that. A page that is out is made anew, since less may be missing. Costs what
    /// [`RangeMap::merge`](crate::RangeMap::merge) costs.
    ///
    /// # Errors
    /// [`IgnoreReason`] if the bytes are neither of these. Nothing has changed then.
    pub fn absorb(&mut self, bytes: &[u8]) -> Result<(), IgnoreReason> {
        let delta = match sync::read_page(bytes) {
            Ok((_, _, delta)) => delta,
            // It may be a state. Otherwise it is most likely a damaged page.
            Err(reason) => Delta::decode(bytes).map_err(|_| reason)?,
        };
        self.last_delta = Delta::default();
        let changes = self.map.merge(&delta);
        changes.ranges().iter().for_each(|range| self.changed.add(range.clone()));
        if let Some(journal) = &mut self.journal {
            journal.absorb(&mut self.map, delta.version());
        }
        self.did(changes.delta());
        self.go_on_if_retired();
        Ok(())
    }

    /// Forgets what is saved: from now on it counts as not saved, unless it is [absorbed](Self::absorb) again. For a change to another
    /// storage. O(1).
    pub fn forget_saved(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.forget_saved(&mut self.map);
        }
    }

    /// Sets whether effects that are not saved are sent. They are, at first. That is right only for an id that nobody will use again.
    /// O(1).
    pub fn set_sends_unsaved(&mut self, sends_unsaved: bool) {
        if let Some(journal) = &mut self.journal {
            journal.set_sends_unsaved(&mut self.map, sends_unsaved);
        }
    }

    /// Whether something that was done here, or [merged](Self::merge), is on no saved page. O(1).
    pub fn has_unsaved(&self) -> bool {
        self.journal.as_ref().is_some_and(|journal| journal.has_unsaved(&self.map))
    }
}
