//! What replicas say and hear, and what must hold of each message.

use std::rc::Rc;

use crdt_range_map::node::{Event, LinkId, Output, Page};
use crdt_range_map::sync::{IgnoreReason, Renaming};
use crdt_range_map::{Dot, KeyRange, RangeMap, ReplicaId};

use crate::claims::claimed_by;
use crate::disk::{Health, Save, Writing};
use crate::keys::SimulatedKey;
use crate::limits::DIGESTS_OFTEN_MS;
use crate::medium::Wire;
use crate::meeting::DIGEST;
use crate::network::Delivery;
use crate::oracle::Place;
use crate::presence::PRESENCE;
use crate::tally::Group;
use crate::world::{World, trace};

/// A replica may want that much done at once; one that wants more does not come to an end.
const OUTPUTS_AT_ONCE_MAX: usize = 100;
/// So often in a row it may be woken for nothing, each time for the next millisecond.
const IDLE_WAKES_MAX: u32 = 100;

/// What a replica says of a message that it received.
pub struct Heard<K> {
    /// Where owners may have changed.
    changed: Vec<KeyRange<K>>,
    refused: Option<IgnoreReason>,
}

impl<K: SimulatedKey> World<K> {
    pub fn deliver(&mut self, delivery: &Delivery) -> Result<(), String> {
        let to = delivery.to;
        let clock_ms = self.processes[to].clock_ms(self.now_ms);
        let Some(running) = self.processes[to].running_mut() else {
            self.tally.fault("message to somebody who is down");
            return Ok(());
        };
        let Some(link) = running.link(delivery.wire) else {
            return Err(format!("{to} has no link to {:?}", delivery.wire));
        };
        let before = running.map().clone();
        running.idle_wakes = 0;
        running.node.receive(link, &delivery.bytes, clock_ms);
        self.note_renaming(to, before.replica())?;
        let heard = self.hear(to, link, clock_ms)?;
        let running = self.processes[to].running().expect("it runs");
        self.check_received(delivery, &heard, (&before, running.map()))?;
        let what = match heard.refused {
            Some(reason) => IgnoreReason::NAMES[reason.index()],
            None if running.map().state() != before.state() => "news",
            None => "no news",
        };
        self.tally.count(Group::Received, what);
        trace!(self, "{to} receives kind {:?}: {what}", delivery.bytes.get(4));
        self.check_version(to, &before)?;
        self.follow(to, &before, &heard, delivery.bytes.get(4).copied())?;
        if self.may_crash(to) {
            return Ok(());
        }
        self.pump(to)
    }

    /// What a replica says of what just came over that link. What it wants done next is kept until it is [pumped](Self::pump) right after.
    pub fn hear(&mut self, at: usize, link: LinkId, clock_ms: u64) -> Result<Heard<K>, String> {
        let mut heard = Heard { changed: Vec::new(), refused: None };
        loop {
            let running = self.processes[at].running_mut().expect("it runs");
            match running.node.poll(clock_ms) {
                Output::Event(Event::Changed(ranges)) => heard.changed.extend(ranges),
                Output::Event(Event::Refused { link: over, reason })
                    if over == link && heard.refused.is_none() =>
                {
                    heard.refused = Some(reason);
                }
                Output::Event(event) => self.note_event(at, event)?,
                next => {
                    running.next = Some(next);
                    return Ok(heard);
                }
            }
        }
    }

    /// Does everything that a replica wants done now, each perhaps the last thing before it crashes.
    pub fn pump(&mut self, at: usize) -> Result<(), String> {
        let mut is_woken_for_nothing = true;
        // In small messages, each registration may need its own.
        for _ in 0..OUTPUTS_AT_ONCE_MAX + self.oracle.places.len() {
            if self.may_crash(at) {
                return Ok(());
            }
            let process = &mut self.processes[at];
            process.set_timer();
            let clock_ms = process.clock_ms(self.now_ms);
            let running = process.running_mut().expect("it has not crashed");
            match running.next.take().unwrap_or_else(|| running.node.poll(clock_ms)) {
                Output::Send { link, bytes } => self.post(at, link, bytes.into())?,
                Output::Save(page) => self.begin_writing(at, page)?,
                Output::Event(event) => self.note_event(at, event)?,
                Output::Wait { .. } if running.has_to_hold_back_again() => {}
                Output::Wait { until_ms } => {
                    running.wake_ms = until_ms;
                    let is_often = self.config.digest_interval_ms < DIGESTS_OFTEN_MS;
                    let is_idle = is_woken_for_nothing && until_ms <= clock_ms + 1 && !is_often;
                    running.idle_wakes = if is_idle { running.idle_wakes + 1 } else { 0 };
                    if running.idle_wakes > IDLE_WAKES_MAX {
                        return Err(format!("{at} has nothing to say, but wants to be woken at once"));
                    }
                    return match running.renamed.pop_front() {
                        None => self.check_saved(at),
                        Some(renamed) => Err(format!("{at} does not tell that it went on: {renamed:?}")),
                    };
                }
            }
            is_woken_for_nothing = false;
        }
        Err(format!("{at} does not stop talking"))
    }

    /// A page is to be saved, which takes a while or not; from now on it may be there after a crash.
    fn begin_writing(&mut self, at: usize, page: Page) -> Result<(), String> {
        if self.processes[at].running().is_some_and(|running| running.sharing.is_some()) {
            return self.begin_piece(at, page);
        }
        self.announce(at);
        let due_ms = match self.random.percent(50) {
            true => None,
            false => {
                let most_ms = self.random.pick(&[60, 60, 60, 2_000]);
                Some(self.now_ms + 1 + self.random.below(most_ms))
            }
        };
        let process = &mut self.processes[at];
        let is_sound = process.disk.health != Health::Unreadable;
        let running = process.running_mut().expect("it has not crashed");
        if !running.is_durable || running.writing.is_some() || !is_sound && !page.is_whole {
            return Err(format!("{at} should not save page {}", page.number));
        }
        trace!(self, "{at} saves page {}, {} bytes, until {due_ms:?}", page.number, page.bytes.len());
        let map = running.map();
        let save = Save { replica: map.replica(), seq: map.last_own_seq(), state: map.state().clone() };
        running.writing = Some(Writing { page, save, due_ms: due_ms.unwrap_or(self.now_ms) });
        if due_ms.is_none() && !self.may_crash(at) {
            self.end_writing(at);
        }
        Ok(())
    }

    fn note_event(&mut self, at: usize, event: Event<K>) -> Result<(), String> {
        let running = self.processes[at].running_mut().expect("it has not crashed");
        match event {
            Event::Changed(_) => Ok(()),
            Event::Peer { .. } if self.has_names => Ok(()),
            Event::Renamed { from, to, why: Renaming::Retired, .. }
                if running.renamed.front() == Some(&(from, to)) =>
            {
                running.renamed.pop_front();
                Ok(())
            }
            event => Err(format!("{at} tells of something that did not happen: {event:?}")),
        }
    }

    fn post(&mut self, from: usize, link: LinkId, bytes: Rc<[u8]>) -> Result<(), String> {
        self.check_posted(from, &bytes)?;
        self.announce(from);
        let kind = bytes[4];
        trace!(self, "{from} posts kind {kind}, {} bytes", bytes.len());
        if kind != PRESENCE {
            self.posts += 1;
            *self.posted.entry((from, kind)).or_default() += 1;
        }
        self.tally.count(Group::Messages, KINDS.get(usize::from(kind)).unwrap_or(&"others"));
        let process = &self.processes[from];
        let group = process.group;
        let Some(wire) = process.running().and_then(|running| running.wire(link)) else {
            return Err(format!("{from} sends over a link that was never opened"));
        };
        for to in 0..self.processes.len() {
            let (is_meant, wire_there) = match wire {
                Wire::Medium(_) => (self.processes[to].wires.contains(&wire), wire),
                Wire::Neighbour(only) => (only == to, Wire::Neighbour(from)),
            };
            if to != from && is_meant && group.is_some() && self.processes[to].group == group {
                let World { network, faults, random, tally, .. } = self;
                network.send((to, wire_there), &bytes, self.now_ms, faults, random, tally);
            }
        }
        Ok(())
    }

    /// What must hold of each message that leaves a replica: it is not too long, and of what the replica did itself it tells only what
    /// the replica would come back with.
    fn check_posted(&self, from: usize, bytes: &[u8]) -> Result<(), String> {
        let process = &self.processes[from];
        if bytes.len() > process.config.message_bytes_max {
            return Err(format!("{from} posts {} bytes", bytes.len()));
        }
        let Some(running) = process.running().filter(|running| running.is_durable && self.has_unsaved(from))
        else {
            return Ok(());
        };
        let replica = running.map().replica();
        let unsaved = self.saved_seq(running) + 1..=running.own_seq();
        let claimed = claimed_by::<K>(bytes).unwrap_or_default();
        match unsaved.clone().find(|seq| claimed.contains(Dot { replica, seq: *seq })) {
            Some(seq) => Err(format!("{from} tells of its number {seq}, but {unsaved:?} are not saved")),
            None => Ok(()),
        }
    }

    /// What must hold of a message that was received by who held the one before and holds the other now.
    fn check_received(
        &self,
        delivery: &Delivery,
        heard: &Heard<K>,
        (before, after): (&RangeMap<K>, &RangeMap<K>),
    ) -> Result<(), String> {
        let is_unchanged = match heard.refused {
            // That its sender is retired, and others are, may be news.
            Some(IgnoreReason::Retired) => {
                let knows = |map: &RangeMap<K>| {
                    let context = map.state().context();
                    let of = |writer: &_| (context.prefix(*writer), context.last_seq(*writer));
                    self.writers.iter().map(of).collect::<Vec<_>>()
                };
                knows(after) == knows(before) && after.registrations().eq(before.registrations())
            }
            Some(_) => after.state() == before.state(),
            None => true,
        };
        if !is_unchanged {
            return Err("a message that is ignored has changed something".into());
        }
        let Some(reason) = heard.refused else {
            if delivery.is_spoilt {
                return Err(format!("a spoilt message is taken: {:02x?}", delivery.bytes));
            }
            return Ok(());
        };
        let bytes_max = self.processes[delivery.to].config.message_bytes_max;
        match reason {
            // What was spliced with another may be that as a whole, from anybody, and one of the receiver's own.
            IgnoreReason::OwnReplica | IgnoreReason::Retired => Ok(()),
            _ if delivery.is_spoilt => Ok(()),
            IgnoreReason::TooLong { .. }
                if self.processes.iter().any(|process| process.config.message_bytes_max > bytes_max) =>
            {
                Ok(())
            }
            _ => Err(format!("an undamaged message of {} bytes is ignored: {reason}", delivery.bytes.len())),
        }
    }

    /// A replica that learns that it is retired goes on under another id.
    pub fn note_renaming(&mut self, at: usize, former: ReplicaId) -> Result<(), String> {
        let Some(running) = self.processes[at].running_mut() else { return Ok(()) };
        let map = running.node.map();
        let (id, context) = (map.replica(), map.state().context());
        if id == former {
            return if map.is_retired() {
                Err(format!("{at} goes on as {id}, who is retired"))
            } else {
                Ok(())
            };
        }
        if !map.state().retired().contains(former) || context.last_seq(id) > 0 {
            return Err(format!("{at} was {former} and is {id}, who has done something"));
        }
        running.renamed.push_back((former, id));
        trace!(self, "{at} learns that it is retired, and goes on as {id}");
        self.tally.fault("retired, though it lived");
        self.oracle.announce(former);
        self.writers.push(id);
        self.note_new_id(at, former, id);
        Ok(())
    }

    /// What follows from a message for who held that before, and must hold then.
    pub fn follow(
        &mut self,
        at: usize,
        before: &RangeMap<K>,
        heard: &Heard<K>,
        kind: Option<u8>,
    ) -> Result<(), String> {
        let Some(running) = self.processes[at].running() else { return Ok(()) };
        let map = running.map();
        let (id, knew, knows) = (map.replica(), before.state().context(), map.state().context());
        if map.state().version() == before.state().version() && heard.changed.is_empty() {
            return Ok(());
        }
        if heard.refused.is_none() && kind == Some(DIGEST) {
            self.note_clearing(at, before)?;
            return self.check_claims(at);
        }
        let places: Vec<Place> =
            self.oracle.places_between(knew, knows, &heard.changed).into_iter().collect();
        for place in &places {
            let is_reported = |range: &KeyRange<K>| range.contains_range(&self.oracle.places[*place].0);
            if self.priority(before, *place) != self.priority(map, *place)
                && !heard.changed.iter().any(is_reported)
            {
                return Err(format!("{at} does not tell that {place} has changed: {:?}", heard.changed));
            }
        }
        let grown = knows.last_seq(id) - knew.last_seq(id);
        if grown > 0 {
            self.note_drops(at, &places, grown, before)?;
        }
        self.check_claims(at)?;
        self.check(at, &places)
    }
}

/// By the fifth byte of a message.
const KINDS: [&str; 8] =
    ["kind 0", "deltas", "questions", "steps of meetings", "digests", "presence", "announcements", "drops"];
