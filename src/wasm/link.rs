//! The connection of a replica to a channel: carries messages, time and randomness to and from the protocol in
//! [`sync`](crate::sync), which decides everything.
//!
//! The channel is a BroadcastChannel or something of the user's that looks like one. So posting and closing may run code of the user,
//! which may call anything here, a message that comes in meanwhile included: nothing is borrowed then.
//!
//! A replica owns its link, and the link points back weakly. The closures that the channel and the timer call point to the
//! link weakly too. So closing the link, or freeing the map, drops all of them, even while one of them runs.

use core::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use web_sys::BroadcastChannel;

use super::party::{Event, Party};
use super::replica::Replica;
use super::values;
use super::world::{Line, Timer, guess, now_ms, random_u64, unref};
use crate::delta::Delta;
use crate::sync::presence::Name;
use crate::sync::{Broadcast, Config, Received, Statistics, sender_of};

/// A replica's connection to one channel.
pub(super) struct Link {
    replica: Weak<Replica>,
    protocol: RefCell<Broadcast<u64>>,
    message_bytes_max: u32,
    /// How many messages did not get to the protocol: they were no bytes, or too many.
    refused: Cell<u64>,
    random: Random,
    /// Its part in presence, if it takes any.
    party: Option<Party>,
    /// `None` once it is closed.
    medium: RefCell<Option<Medium>>,
}

/// What there is while the link is open.
struct Medium {
    line: Line,
    /// Held for the line, which calls it.
    _on_message: Closure<dyn Fn(JsValue)>,
    on_timer: Closure<dyn Fn()>,
    timer: Option<Timer>,
    /// The JavaScript object that stands for the connection. Holding it keeps it from being collected, which would close the
    /// connection of whoever doesn't keep the object.
    handle: JsValue,
}

impl Link {
    /// Opens the channel of that name, or takes the one that is handed in, and asks the others for what this replica lacks. With a
    /// name, and the prefix of the locks, it takes part in presence. `Err` is what speaks against it.
    pub(super) fn open(
        replica: &Rc<Replica>,
        channel: &JsValue,
        presence: Option<(Name, Option<String>)>,
    ) -> Result<Rc<Self>, JsValue> {
        let channel = match channel.as_string() {
            Some(name) => {
                let channel = BroadcastChannel::new(&name)?;
                unref(&channel);
                channel.into()
            }
            None => channel.clone(),
        };
        let config = Config::default();
        let random = Random::default();
        let own = replica.map().replica();
        let link = Rc::new_cyclic(|link: &Weak<Self>| Self {
            replica: Rc::downgrade(replica),
            protocol: RefCell::new(Broadcast::start(config, now_ms(), &mut || random.next())),
            message_bytes_max: config.message_bytes_max as u32,
            refused: Cell::default(),
            random,
            party: presence.map(|(name, locks)| {
                let link = link.clone();
                Party::join(own, name, locks, move |event| Self::handle(&link, event))
            }),
            medium: RefCell::default(),
        });

        let weak = Rc::downgrade(&link);
        let on_message = Closure::<dyn Fn(JsValue)>::new(move |data: JsValue| {
            if let Some((link, replica)) = weak.upgrade().and_then(Self::while_open) {
                link.receive(&replica, &data);
            }
        });
        let weak = Rc::downgrade(&link);
        let on_timer = Closure::<dyn Fn()>::new(move || {
            if let Some((link, replica)) = weak.upgrade().and_then(Self::while_open) {
                link.forget_timer();
                link.pump(&replica);
            }
        });
        let line = Line::new(&channel, on_message.as_ref()).inspect_err(|_| {
            link.party.iter().for_each(Party::end);
        })?;
        let handle = JsValue::UNDEFINED;
        link.medium.replace(Some(Medium { line, _on_message: on_message, on_timer, timer: None, handle }));
        replica.set_link(Some(link.clone()));
        link.pump(replica);
        Ok(link)
    }

    pub(super) fn is_open(&self) -> bool {
        self.medium.borrow().is_some()
    }

    /// Keeps the JavaScript object of the connection alive as long as it is open.
    pub(super) fn hold(&self, handle: JsValue) {
        if let Some(medium) = &mut *self.medium.borrow_mut() {
            medium.handle = handle;
        }
    }

    /// Posts deltas of the replica's own, together, at once.
    pub(super) fn publish(&self, replica: &Replica, deltas: &[&Delta<u64>]) {
        for delta in deltas {
            self.protocol.borrow_mut().publish(delta);
        }
        self.pump(replica);
    }

    /// What was posted and received so far, also after closing.
    pub(super) fn statistics(&self) -> Statistics {
        let mut statistics = self.protocol.borrow().statistics();
        statistics.messages_received += self.refused.get();
        statistics.messages_ignored += self.refused.get();
        // Foreign, the first reason.
        statistics.ignored[0] += self.refused.get();
        statistics
    }

    pub(super) fn party(&self) -> Option<&Party> {
        self.party.as_ref()
    }

    /// Goes by another name in presence.
    pub(super) fn set_name(&self, name: Name) {
        if let (Some(party), Some(replica)) = (&self.party, self.replica.upgrade()) {
            party.set_name(name);
            self.pump(&replica);
        }
    }

    /// Takes in what the surroundings tell.
    fn handle(link: &Weak<Self>, event: Event) {
        if let Some((link, replica)) = link.upgrade().and_then(Self::while_open)
            && let Some(party) = &link.party
        {
            if let Some(content) = party.handle(event) {
                link.post_presence(&replica, content);
            }
            link.pump(&replica);
        }
    }

    fn post_presence(&self, replica: &Replica, content: Vec<u8>) {
        let message = self.protocol.borrow_mut().presence_message(&replica.map(), content);
        self.post(&message);
    }

    fn post(&self, message: &[u8]) {
        let line = self.medium.borrow().as_ref().map(|medium| medium.line.clone());
        if let Some(line) = line {
            line.post(&values::bytes(message));
        }
    }

    /// Leaves the channel and lets go of everything. Nothing happens the second time.
    pub(super) fn close(&self) {
        let goodbye = self.party.as_ref().and_then(Party::leave);
        if let (Some(content), Some(replica)) = (goodbye, self.replica.upgrade()) {
            self.post_presence(&replica, content);
        }
        self.party.iter().for_each(Party::end);
        // Taken out first: dropping it may drop what points back here.
        let Some(medium) = self.medium.take() else { return };
        if let Some(timer) = &medium.timer {
            timer.clear();
        }
        if let Some(replica) = self.replica.upgrade() {
            replica.set_link(None);
        }
        medium.line.close();
    }

    fn while_open(self: Rc<Self>) -> Option<(Rc<Self>, Rc<Replica>)> {
        let replica = self.replica.upgrade().filter(|_| self.is_open())?;
        Some((self, replica))
    }

    fn receive(&self, replica: &Replica, data: &JsValue) {
        let Some(bytes) = values::message(data, self.message_bytes_max) else {
            return self.refused.set(self.refused.get() + 1);
        };
        let now_ms = now_ms();
        let received = replica.receive(|map| {
            self.protocol.borrow_mut().receive(map, &bytes, now_ms, &mut || self.random.next())
        });
        self.tell_party(&bytes, &received);
        self.pump(replica);
        replica.subscribers().notify();
    }

    /// Any message that was understood is a sign of life.
    fn tell_party(&self, bytes: &[u8], received: &Received<u64>) {
        if let (Some(party), Some(sender)) = (&self.party, sender_of(bytes)) {
            let random = &mut || self.random.next();
            match received {
                Received::Presence(content) => party.hear(sender, Some(content), random),
                Received::Ignored(_) => {}
                _ => party.hear(sender, None, random),
            }
        }
    }

    /// Posts whatever is due and sets the timer for what comes next. While something is not saved, that is only what is; the journal
    /// calls again.
    fn pump(&self, replica: &Replica) {
        let now_ms = now_ms();
        let next = || {
            replica.note_saved();
            let map = replica.map();
            self.protocol.borrow_mut().poll(&map, now_ms, &mut || self.random.next())
        };
        // Looked at anew for each message, since posting one may close the connection.
        while self.is_open() {
            let Some(message) = next() else { break };
            self.post(&message);
            self.party.iter().for_each(Party::note_post);
        }
        if let Some(party) = &self.party {
            party.follow(replica.map().replica());
            while self.is_open() {
                let Some(content) = party.poll() else { break };
                self.post_presence(replica, content);
            }
            party.notify();
        }
        let party_due_ms = self.party.as_ref().map_or(u64::MAX, Party::next_wake_ms);
        // While something is not saved there is nothing to wake up for: the journal calls.
        let own_due_ms = if replica.holds() { u64::MAX } else { self.protocol.borrow().next_wake_ms() };
        let due_ms = own_due_ms.min(party_due_ms);
        if let Some(medium) = &mut *self.medium.borrow_mut() {
            // A timer that is early does no harm: it finds nothing to do and is set anew.
            if medium.timer.as_ref().is_none_or(|timer| timer.due_ms > due_ms) {
                let late = medium.timer.take();
                medium.timer = Some(Timer::set(medium.on_timer.as_ref(), due_ms, now_ms));
                late.iter().for_each(Timer::clear);
            }
        }
    }

    fn forget_timer(&self) {
        if let Some(medium) = &mut *self.medium.borrow_mut() {
            medium.timer = None;
        }
    }
}

/// Numbers to spread delays with: splitmix64 (Steele, Lea and Flood, 2014). It asks JavaScript for its seed only, so that it
/// may draw while the state is borrowed.
struct Random(Cell<u64>);

impl Default for Random {
    fn default() -> Self {
        Self(Cell::new(random_u64().unwrap_or_else(|| guess().to_bits())))
    }
}

impl Random {
    fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
