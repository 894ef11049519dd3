//! A node that saves in a place that it shares with others, each of which saves what it did itself.

use super::Node;
use super::journal::Journal;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::sync::{self, IgnoreReason};

/// Saving in a shared place, as the tabs of a browser do in one database: whoever opens it learns all pages in it, and goes on under an
/// id that nobody else there has at the time.
///
/// Pages are handed out by [`poll`](Node::poll) as with [`Options::is_durable`](super::Options::is_durable), but hold only what is on no other
/// one, and none of them replaces the others: the caller puts them together, in [`RangeMap::state`](crate::RangeMap::state).
impl<K: WireKey> Node<K> {
    /// Begins to hand out pages of what is in no such place yet, which counts as not saved. Nothing waits for that until
    /// [`set_sends_unsaved`](Self::set_sends_unsaved) says so. O(1).
    pub fn share_storage(&mut self) {
        self.journal = Some(Journal::shared(&self.map));
        self.map.set_saved(None);
    }

    /// Hands out no more pages: what is not saved is sent. O(1).
    pub fn leave_storage(&mut self) {
        self.journal = None;
        self.map.set_saved(None);
    }

    /// Learns a page that is in the shared place, or a state in the form of [`Delta::encode`]; it counts as saved. It is not sent: who wrote it
    /// did that. A page that is out is made anew, since less may be missing. Costs what [`RangeMap::merge`](crate::RangeMap::merge) costs.
    ///
    /// # Errors
    /// [`IgnoreReason`] if the bytes are neither; nothing has changed then.
    pub fn absorb(&mut self, bytes: &[u8]) -> Result<(), IgnoreReason> {
        let delta = match sync::read_page(bytes) {
            Ok((_, _, delta)) => delta,
            // Or a state; what is neither is most likely a page that was damaged.
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

    /// Forgets what is saved, which counts as missing from now on unless it is [absorbed](Self::absorb) again: for another place. O(1).
    pub fn forget_saved(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.forget_saved(&mut self.map);
        }
    }

    /// Whether what is not saved is sent all the same: only for an id that nobody will go on with. It is, at first. O(1).
    pub fn set_sends_unsaved(&mut self, sends_unsaved: bool) {
        if let Some(journal) = &mut self.journal {
            journal.set_sends_unsaved(&mut self.map, sends_unsaved);
        }
    }

    /// Whether something that was done here, or [merged](Self::merge), is on no page that is saved. O(1).
    pub fn has_unsaved(&self) -> bool {
        self.journal.as_ref().is_some_and(|journal| journal.has_unsaved(&self.map))
    }
}
