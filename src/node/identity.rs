//! The replica id under which a node writes.

use super::journal::Journal;
use super::{Event, Node};
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::sync;

impl<K: WireKey> Node<K> {
    /// Declares that a replica writes no more: see [`RangeMap::retire`](crate::RangeMap::retire). If it is this node itself, the node
    /// goes on under another id at once.
    pub fn retire(&mut self, replica: ReplicaId) {
        self.last_delta = Delta::default();
        let delta = self.map.retire(replica);
        self.did(&delta);
        self.go_on_if_retired();
    }

    /// Goes on under another id if this one is retired. If the declaration came over a link, the protocol has done it already.
    pub(super) fn go_on_if_retired(&mut self) {
        if self.map.is_retired() {
            let (from, random) = (self.map.replica(), &mut self.random);
            let known = self.map.state().retired().last_seq(from).unwrap_or(0);
            let unheard = self.map.written_after(known).into_iter().map(|id| (id.node, id.range)).collect();
            let to = sync::fresh(&self.map, from, &mut || random.next());
            let news = self.map.go_on_as(to);
            self.did(&news);
            let why = sync::Renaming::Retired;
            self.report_renamed(Event::Renamed { from, to, why, unheard });
        }
    }

    /// Goes on under that id, as [`RangeMap::set_replica`](crate::RangeMap::set_replica) does; if it is retired, under another one. What
    /// an [ephemeral](ReplicaId#ephemeral-writers) writer contributed goes with it, since its former life ends. O(n) for n registrations.
    pub fn set_replica(&mut self, replica: ReplicaId) {
        let dropped = self.map.go_on_as(replica);
        if let Some(journal) = &mut self.journal {
            journal.note_renamed();
            journal.follow(&mut self.map);
        }
        self.last_delta = Delta::default();
        self.did(&dropped);
        self.go_on_if_retired();
    }

    /// Forgets everything, closes all links, and begins anew under another id, in the same shared storage: for when another writer turns out
    /// to have saved something else there under this node's id. What was not saved is undone, since its numbers mean something else
    /// there. Numbers of links and pages go on, so what was said of earlier ones counts for nothing. It has the usual
    /// [`Options`](super::Options) then but for [`evict_after_ms`](super::Options::evict_after_ms), which stays, and
    /// [sends what is unsaved](Self::set_sends_unsaved). [`Event::Renamed`] tells of it: with [`Renaming::Twin`](sync::Renaming::Twin), and
    /// what is undone as `unheard`. [Watches](Self::watch) go on, and are told what has changed by the next [`poll`](Self::poll). O(n) for n
    /// registrations.
    pub fn restart(&mut self, replica: ReplicaId, seed: u64) {
        let from = self.map.replica();
        let saved = self.journal.as_ref().map_or(0, |journal| journal.saved_seq(from));
        let unheard = self.map.written_after(saved).into_iter().map(|id| (id.node, id.range)).collect();
        let evict_after_ms = self.evict_after_ms();
        let (next_link, pages) = (self.next_link, self.journal.as_ref().map_or(0, Journal::pages));
        let watchers = self.map.take_watchers();
        *self = Self::new(replica, seed);
        self.map.set_watchers(watchers);
        self.next_link = next_link;
        self.set_evict_after_ms(evict_after_ms);
        self.share_storage();
        self.journal.iter_mut().for_each(|journal| journal.go_on_after_page(pages));
        self.report_renamed(Event::Renamed { from, to: replica, why: sync::Renaming::Twin, unheard });
    }

    pub(super) fn report_renamed(&mut self, event: Event<K>) {
        self.journal.iter_mut().for_each(Journal::note_renamed);
        self.events.push_back(event);
    }
}
