//! A connection's part in presence: who is there, and who is told of it.
//!
//! Where there are Web Locks, each connection that takes part holds one named after its replica, and waits for those of its peers:
//! who gets a peer's lock knows that it has died, and nothing need be posted for that. Only who holds its lock says hello, so that
//! nobody finds it missing. Elsewhere replicas beat.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use super::callbacks::Callbacks;
use super::values;
use super::world::{Surroundings, now_ms};
use crate::id::ReplicaId;
use crate::sync::Presence;
use crate::sync::presence::{Config, Liveness, Name};

/// What the surroundings tell, by the numbers that `world.js` has for it.
#[derive(Clone, Copy)]
pub(super) enum Event {
    /// This replica's lock is held.
    Held,
    /// A peer's lock was released by something else than a goodbye.
    Died(ReplicaId),
    /// The page was suspended and is back.
    Returned,
    /// The page goes, perhaps to come back.
    Leaving,
}

/// One replica's part in presence.
pub(super) struct Party {
    own: Cell<ReplicaId>,
    name: RefCell<Name>,
    /// `None` until the lock is held.
    presence: RefCell<Option<Presence>>,
    surroundings: Surroundings,
    /// Held for the surroundings, which call it.
    _on_event: Closure<dyn Fn(u32, u64)>,
    /// Whose locks are waited for.
    watched: RefCell<Vec<ReplicaId>>,
    callbacks: Rc<Callbacks>,
    told_revision: Cell<u64>,
}

impl Party {
    /// Takes part under that name. `locks` is what the names of the Web Locks begin with; `None`: without.
    pub(super) fn join(
        own: ReplicaId,
        name: Name,
        locks: Option<String>,
        on_event: impl Fn(Event) + 'static,
    ) -> Self {
        let on_event = Closure::<dyn Fn(u32, u64)>::new(move |event, replica| {
            on_event(match event {
                0 => Event::Held,
                1 => Event::Died(ReplicaId::new(replica)),
                2 => Event::Returned,
                _ => Event::Leaving,
            });
        });
        let surroundings = Surroundings::new(locks, on_event.as_ref());
        let has_locks = surroundings.hold(own.get());
        let presence = if has_locks { None } else { joined(Config::heartbeats(), own, name.clone()) };
        Self {
            own: Cell::new(own),
            name: RefCell::new(name),
            presence: RefCell::new(presence),
            surroundings,
            _on_event: on_event,
            watched: RefCell::default(),
            callbacks: Rc::default(),
            told_revision: Cell::default(),
        }
    }

    /// Takes part under another id, if this replica has one now. For the others, who had the former one is gone.
    pub(super) fn follow(&self, own: ReplicaId) {
        if self.own.replace(own) == own {
            return;
        }
        let name = self.name.borrow().clone();
        let has_locks = self.surroundings.hold(own.get());
        let presence = if has_locks { None } else { joined(Config::heartbeats(), own, name) };
        self.presence.replace(presence);
        let watched = self.watched.take();
        watched.iter().for_each(|replica| self.surroundings.unwatch(replica.get()));
    }

    /// Takes in what the surroundings tell. Returns what is to be posted at once.
    pub(super) fn handle(&self, event: Event) -> Option<Vec<u8>> {
        let presence = &mut *self.presence.borrow_mut();
        match (event, &mut *presence) {
            (Event::Held, None) => {
                let name = self.name.borrow().clone();
                *presence = joined(Config::default(), self.own.get(), name);
            }
            (Event::Died(replica), Some(presence)) => {
                self.watched.borrow_mut().retain(|watched| *watched != replica);
                presence.died(replica, now_ms());
            }
            (Event::Returned, Some(presence)) => presence.resume(now_ms()),
            (Event::Leaving, Some(presence)) => return Some(presence.goodbye()),
            (Event::Held, Some(_)) | (_, None) => {}
        }
        None
    }

    /// Takes in the content of a presence message, or that another message was heard.
    pub(super) fn hear(&self, sender: ReplicaId, content: Option<&[u8]>, random: &mut impl FnMut() -> u64) {
        let Some(presence) = &mut *self.presence.borrow_mut() else { return };
        match content {
            // What is no content was refused before.
            Some(content) => drop(presence.receive(sender, content, now_ms(), random)),
            None => presence.heard(sender, now_ms(), random),
        }
    }

    /// Something else was posted.
    pub(super) fn note_post(&self) {
        if let Some(presence) = &mut *self.presence.borrow_mut() {
            presence.posted(now_ms());
        }
    }

    /// The next content to post.
    pub(super) fn poll(&self) -> Option<Vec<u8>> {
        self.presence.borrow_mut().as_mut()?.poll(now_ms())
    }

    /// When there is something to post next.
    pub(super) fn next_wake_ms(&self) -> u64 {
        self.presence.borrow().as_ref().map_or(u64::MAX, Presence::next_wake_ms)
    }

    pub(super) fn set_name(&self, name: Name) {
        self.name.replace(name.clone());
        if let Some(presence) = &mut *self.presence.borrow_mut() {
            presence.set_name(name);
        }
    }

    /// `Peer[]` in TypeScript.
    pub(super) fn peers(&self) -> JsValue {
        let list = Array::new();
        if let Some(presence) = &*self.presence.borrow() {
            let now_ms = now_ms();
            for peer in presence.peers() {
                let age_ms = now_ms.saturating_sub(peer.last_seen_ms) as f64;
                let (alive, left) = (peer.liveness == Liveness::Alive, peer.liveness == Liveness::Left);
                values::push_peer(&list, peer.replica.get(), peer.name.as_str(), age_ms, alive, left);
            }
        }
        list.into()
    }

    /// Who is told of peers that come, go or change their names.
    pub(super) fn callbacks(&self) -> &Rc<Callbacks> {
        &self.callbacks
    }

    /// Waits for the locks of those who are there now, and tells the subscribers, if anybody came or went. Runs code of the user.
    pub(super) fn notify(&self) {
        let revision = self.presence.borrow().as_ref().map_or(0, Presence::revision);
        if self.told_revision.replace(revision) == revision {
            return;
        }
        self.watch();
        for callback in self.callbacks.all() {
            callback.tell(|| self.peers());
        }
    }

    fn watch(&self) {
        let Some(presence) = &*self.presence.borrow() else { return };
        let watched = &mut *self.watched.borrow_mut();
        let alive = |liveness| liveness == Liveness::Alive;
        let present: Vec<ReplicaId> =
            presence.peers().filter(|peer| alive(peer.liveness)).map(|peer| peer.replica).collect();
        // Both are in order.
        let gone = watched.iter().filter(|replica| present.binary_search(replica).is_err());
        gone.for_each(|replica| self.surroundings.unwatch(replica.get()));
        let come = present.iter().filter(|replica| watched.binary_search(replica).is_err());
        come.for_each(|replica| self.surroundings.watch(replica.get()));
        *watched = present;
    }

    /// Says goodbye: returns what is to be posted before [`end`](Self::end).
    pub(super) fn leave(&self) -> Option<Vec<u8>> {
        self.callbacks.clear();
        self.presence.take().map(|presence| presence.goodbye())
    }

    /// Lets go of the locks.
    pub(super) fn end(&self) {
        self.surroundings.close();
    }
}

/// Never `None`: these configurations work.
fn joined(config: Config, own: ReplicaId, name: Name) -> Option<Presence> {
    Presence::join(config, own, name, now_ms()).ok()
}
