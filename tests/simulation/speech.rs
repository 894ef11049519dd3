//! What replicas say and hear, and what must hold of each message.

use std::rc::Rc;

use crdt_range_map::sync::{Event, IgnoreReason, Received, Renaming};
use crdt_range_map::{CausalContext, Dot, RangeMap, ReplicaId};

use crate::keys::SimulatedKey;
use crate::meeting::DIGEST;
use crate::network::Delivery;
use crate::oracle::Place;
use crate::process::Running;
use crate::tally::Group;
use crate::told::told_by;
use crate::world::{World, trace};

/// A replica may say that much at once; one that says more does not come to an end.
const POSTS_AT_ONCE_MAX: usize = 100;

impl<K: SimulatedKey> World<K> {
    pub fn deliver(&mut self, delivery: &Delivery) -> Result<(), String> {
        let to = delivery.to;
        let clock_ms = self.processes[to].clock_ms(self.now_ms);
        let Some(running) = self.processes[to].running_mut() else {
            self.tally.fault("message to somebody who is down");
            return Ok(());
        };
        let before = running.map.clone();
        let Running { map, protocol, has_received, .. } = running;
        let received = protocol.receive(map, delivery.from, &delivery.bytes, clock_ms, &mut self.random);
        *has_received |= protocol.statistics().messages_received > 0;
        self.check_received(
            delivery,
            &received,
            (&before, &self.processes[to].running().expect("it runs").map),
        )?;
        self.tally.count(Group::Received, name_of(&received));
        trace!(self, "{to} receives kind {:?}: {}", delivery.bytes.get(4), name_of(&received));
        self.follow(to, &before, &received, delivery.bytes.get(4).copied())?;
        self.go_on(to)?;
        if self.may_crash(to) {
            return Ok(());
        }
        self.pump(to)
    }

    /// Posts everything that a replica has to say now; what it did itself may have to be saved before, which happens some time later.
    pub fn pump(&mut self, at: usize) -> Result<(), String> {
        for _ in 0..POSTS_AT_ONCE_MAX {
            if self.may_crash(at) {
                return Ok(());
            }
            if self.processes[at].is_durable() && self.processes[at].has_unsaved() {
                let is_waiting = !self.processes[at].is_at_rest();
                if !is_waiting && self.random.percent(50) {
                    self.save(at);
                    if self.may_crash(at) {
                        return Ok(());
                    }
                } else {
                    let most_ms = self.random.pick(&[60, 60, 60, 2_000]);
                    let due_ms = self.now_ms + 1 + self.random.below(most_ms);
                    let running = self.processes[at].running_mut().expect("it has not crashed");
                    running.save_due_ms.get_or_insert(due_ms);
                }
            }
            let process = &mut self.processes[at];
            process.set_timer();
            let (clock_ms, group) = (process.clock_ms(self.now_ms), process.group);
            let Running { map, protocol, .. } = process.running_mut().expect("it has not crashed");
            let Some((to, bytes)) = protocol.poll(map, clock_ms, &mut self.random) else {
                if map.is_saved() && protocol.next_wake_ms() <= clock_ms {
                    return Err(format!("{at} has nothing to say, but wants to be woken at once"));
                }
                return Ok(());
            };
            self.post((at, to), group, bytes.into())?;
        }
        Err(format!("{at} does not stop talking"))
    }

    fn post(
        &mut self,
        (from, only_to): (usize, Option<usize>),
        group: Option<u32>,
        bytes: Rc<[u8]>,
    ) -> Result<(), String> {
        self.check_posted(from, &bytes)?;
        self.tell(from);
        let kind = bytes[4];
        trace!(self, "{from} posts kind {kind}, {} bytes", bytes.len());
        self.posts += 1;
        *self.posted.entry((from, kind)).or_default() += 1;
        self.bytes_posted += bytes.len() as u64;
        self.tally.count(Group::Messages, KINDS.get(usize::from(kind)).unwrap_or(&"others"));
        for to in 0..self.processes.len() {
            let is_meant = to != from && only_to.is_none_or(|only| only == to);
            if is_meant && group.is_some() && self.processes[to].group == group {
                let World { network, faults, random, tally, .. } = self;
                network.send((from, to), &bytes, self.now_ms, faults, random, tally);
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
        let Some(running) = process.running().filter(|_| process.is_durable() && process.has_unsaved())
        else {
            return Ok(());
        };
        let replica = running.map.replica();
        let unsaved = process.saved_seq() + 1..=running.own_seq();
        let told = told_by::<K>(bytes).unwrap_or_default();
        match unsaved.clone().find(|seq| told.contains(Dot { replica, seq: *seq })) {
            Some(seq) => Err(format!("{from} tells of its number {seq}, but {unsaved:?} are not saved")),
            None => Ok(()),
        }
    }

    /// What must hold of a message that was received by who held the one before and holds the other now.
    fn check_received(
        &self,
        delivery: &Delivery,
        received: &Received<K>,
        (before, after): (&RangeMap<K>, &RangeMap<K>),
    ) -> Result<(), String> {
        let is_unchanged = match received {
            // That its sender is retired, and others are, may be news.
            Received::Ignored(IgnoreReason::Retired) => {
                let knows = |map: &RangeMap<K>| {
                    let context = map.state().context();
                    let of = |writer: &_| (context.prefix(*writer), context.last_seq(*writer));
                    self.writers.iter().map(of).collect::<Vec<_>>()
                };
                knows(after) == knows(before) && after.registrations().eq(before.registrations())
            }
            Received::Ignored(_) => after.state() == before.state(),
            _ => true,
        };
        if !is_unchanged {
            return Err("a message that is ignored has changed something".into());
        }
        let Received::Ignored(reason) = received else {
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
    fn note_renaming(&mut self, at: usize, former: ReplicaId) -> Result<(), String> {
        let Some(running) = self.processes[at].running_mut() else { return Ok(()) };
        let id = running.map.replica();
        match running.protocol.take_event() {
            None if id == former => Ok(()),
            Some(Event::Renamed { from, to, why: Renaming::Retired, .. }) if (from, to) == (former, id) => {
                trace!(self, "{at} learns that it is retired, and goes on as {id}");
                self.tally.fault("retired, though it lived");
                self.oracle.tell(former);
                self.writers.push(id);
                self.note_new_id(at, from, to);
                Ok(())
            }
            event => Err(format!("{at} was {former} and is {id}: {event:?}")),
        }
    }

    /// What follows from a message for who held that before, and must hold then.
    fn follow(
        &mut self,
        at: usize,
        before: &RangeMap<K>,
        received: &Received<K>,
        kind: Option<u8>,
    ) -> Result<(), String> {
        self.note_renaming(at, before.replica())?;
        let Some(running) = self.processes[at].running() else { return Ok(()) };
        let (id, knew, knows) =
            (running.map.replica(), before.state().context(), running.map.state().context());
        let (changed, told) = match received {
            Received::Applied(changes) => (changes.ranges(), changes.delta().context().clone()),
            _ => (&[][..], CausalContext::default()),
        };
        if running.map.state().version() == before.state().version() && changed.is_empty() {
            return Ok(());
        }
        if matches!(received, Received::Heard) && kind == Some(DIGEST) {
            self.note_clearing(at, before)?;
            return self.check_claims(at);
        }
        let places: Vec<Place> = self.oracle.places_between(knew, knows, changed).into_iter().collect();
        let grown = knows.last_seq(id) - knew.last_seq(id);
        if grown > 0 {
            self.note_drops(at, &places, grown, &told)?;
        }
        self.check_claims(at)?;
        self.check(at, &places)
    }
}

/// By the fifth byte of a message.
const KINDS: [&str; 8] =
    ["kind 0", "deltas", "questions", "steps of meetings", "digests", "presence", "announcements", "drops"];

fn name_of<K>(received: &Received<K>) -> &'static str {
    match received {
        Received::Applied(_) => "applied",
        Received::Heard => "heard",
        Received::Presence(_) => "presence",
        Received::Ignored(reason) => IgnoreReason::NAMES[reason.index()],
    }
}
