//! What replicas do, beside the reference: each operation must have the effects that it foretells, and each answer must be that
//! which follows from what the replica claims to know.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use crdt_range_map::{CausalContext, Delta, Dot, MoveError, Node, RangeMap, ReplicaId};

use crate::keys::SimulatedKey;
use crate::looks::Look;
use crate::model::Id;
use crate::oracle::{Contribution, Effect, Operation, Place};
use crate::tally::Group;
use crate::view::{Certainty, Doer};
use crate::world::{World, trace};

impl<K: SimulatedKey> World<K> {
    /// Does something at a replica that runs, checks that it has the effects that the reference foretells, and says so.
    pub fn operate(&mut self, at: usize, operation: Operation) -> Result<(), String> {
        self.operate_silently(at, operation)?;
        self.pump(at)
    }

    /// The same, to be said later.
    pub fn operate_silently(&mut self, at: usize, operation: Operation) -> Result<(), String> {
        let Some(running) = self.processes[at].running_mut() else { return Ok(()) };
        let map = running.map();
        let id = map.replica();
        let seq = map.state().context().last_seq(id);
        let place = |place: usize| &self.oracle.places[place];
        let before = map.state().version().clone();
        let gives_up = matches!(operation, Operation::Maintain) && !running.has_received();
        let foretold = {
            let mut finished = self.oracle.finished(&before);
            finished.retain(|writer| map.is_settled(*writer));
            if gives_up {
                // What it does not know of them it gives up.
                finished = self.oracle.retired(&before);
            }
            let by = Doer { replica: id, seq, finished: &finished };
            let priority = |it| map.priority(&place(it).1, &place(it).0);
            self.oracle.foretell(by, before.context(), operation, priority)?
        };
        if foretold.as_ref().is_ok_and(|possible| are_alike(possible, seq, id)) {
            self.tally.count(Group::Operations, "left out, since the reference could not tell what it did");
            return Ok(());
        }
        // The map alone does the same, and tells more of it.
        let mut map = map.clone();
        let done = apply(&mut map, operation, &self.oracle.places);
        let node_says = direct(&mut running.node, operation, &self.oracle.places);
        if node_says.as_ref().err() != done.as_ref().err() || running.map().state() != map.state() {
            return Err(format!("{operation:?} at {at}: its map does {done:?}, the node {node_says:?}"));
        }
        if let Err(MoveError::TooLong { bytes, bytes_max }) = done {
            let config = &self.processes[at].config;
            if bytes_max != config.registration_bytes_max() || bytes <= bytes_max {
                return Err(format!("{operation:?} at {at} is refused: {bytes} bytes of {bytes_max}"));
            }
            self.tally.count(Group::Operations, "refused, since the registration would be too long");
            return Ok(());
        }
        let possible = match (&done, foretold) {
            (Ok(_), Ok(possible)) => possible,
            (Err(map_says), Err(model_says)) if *map_says == model_says => vec![Vec::new()],
            (map_says, model_says) => {
                return Err(format!(
                    "{operation:?} at {at}: the map says {map_says:?}, the model {model_says:?}"
                ));
            }
        };
        let last = map.state().context().last_seq(id);
        let none = CausalContext::default();
        let claimed = done.as_ref().map_or(&none, Delta::context);
        let is_claimed =
            |effects: &Vec<Effect>| named_by(effects, seq, id).iter().all(|dot| claimed.contains(*dot));
        let fits = |effects: &&Vec<Effect>| effects.len() as u64 == last - seq && is_claimed(effects);
        // Of what was given up the map may hold less than somebody else; of what it tells, it holds the latest.
        let named =
            |effects: &&Vec<Effect>| named_by(effects, seq, id).iter().map(|dot| dot.seq).sum::<u64>();
        let Some(effects) = possible.iter().filter(fits).max_by_key(named).cloned() else {
            return Err(format!("{operation:?} at {at}: {} effects instead of {possible:?}", last - seq));
        };
        trace!(self, "{at} {operation:?}, from number {}: {effects:?}", seq + 1);
        let given_up = self.oracle.given_up(&before, map.state().version(), id)?;
        if !given_up.is_empty() {
            if !gives_up {
                return Err(format!("{operation:?} at {at} claims what it has not heard of: {given_up:?}"));
            }
            self.tally.count(Group::Operations, "maintenances that gave something up");
            self.oracle.give_up(given_up);
        }
        self.tally.count(Group::Operations, operation.name());
        self.oracle.issue(id, effects);
        self.note_renaming(at, id)?;
        self.check(at, &self.places_of(operation))?;
        self.may_crash(at);
        Ok(())
    }

    /// The registrations that an operation may change.
    fn places_of(&self, operation: Operation) -> Vec<Place> {
        match operation {
            Operation::Register(place)
            | Operation::Increase(place, _)
            | Operation::Decrease(place, _)
            | Operation::Release(place) => vec![place],
            Operation::Tighten(from, to) | Operation::Move(from, to) => vec![from, to],
            Operation::Maintain | Operation::Retire(_) => (0..self.oracle.places.len()).collect(),
        }
    }

    /// What a replica drops by itself, since it learnt that all it had contributed to some of these registrations is reset.
    pub fn note_drops(
        &mut self,
        at: usize,
        places: &[Place],
        count: u64,
        before: &RangeMap<K>,
    ) -> Result<(), String> {
        let Some(running) = self.processes[at].running() else { return Ok(()) };
        let map = running.map();
        let (id, context) = (map.replica(), map.state().context());
        let is_gone = |drop: &Effect| self.has_record(before, drop) && !self.has_record(map, drop);
        let mut dropped = Vec::new();
        for place in places {
            let awaited = self.oracle.view(context, *place).awaited_drop(id, self.priority(map, *place));
            match awaited.map_err(|wrong| format!("{at}: {wrong}"))? {
                Some((drop, Certainty::Possible)) if !is_gone(&drop) => {}
                awaited => dropped.extend(awaited.map(|(drop, _)| drop)),
            }
        }
        if dropped.len() as u64 != count {
            return Err(format!("{at} drops {count} records, but these are reset: {dropped:?}"));
        }
        // In the order of births.
        dropped.sort_by_key(Effect::dropped);
        trace!(self, "{at} drops {dropped:?}");
        self.tally.add(Group::Operations, "drops of what others reset", count);
        self.oracle.issue_drops(id, dropped);
        Ok(())
    }

    /// Whether somebody holds its own record that would be dropped: a release tells.
    fn has_record(&self, map: &RangeMap<K>, drop: &Effect) -> bool {
        let released = apply(&mut map.clone(), Operation::Release(drop.place()), &self.oracle.places);
        let names = |birth| released.is_ok_and(|delta| delta.context().contains(birth));
        drop.dropped().is_some_and(names)
    }

    /// A replica that heard that somebody knows the same may clear up after those whom it declared retired: it gives up what it has not
    /// heard of them, and drops what is reset of them.
    pub fn note_clearing(&mut self, at: usize, before: &RangeMap<K>) -> Result<(), String> {
        let Some(running) = self.processes[at].running() else { return Ok(()) };
        let (map, knew) = (running.map(), before.state().context());
        let (id, seq, knows) = (map.replica(), knew.last_seq(map.replica()), map.state().context());
        let given_up = self.oracle.given_up(before.state().version(), map.state().version(), id)?;
        let retired = self.oracle.retired(before.state().version());
        let by = Doer { replica: id, seq, finished: &retired };
        // The reference cannot always tell what the replica held. A maintenance would have told, without a protocol.
        let mut alone = RangeMap::new(id);
        alone.merge(before.state());
        let claimed = alone.maintain().context().clone();
        let grown = knows.last_seq(id) - seq;
        let mut effects = Vec::new();
        for place in 0..self.oracle.places.len() {
            let possible = self.oracle.view(knew, place);
            let mut fitting = possible.with_priority(self.priority(before, place))?;
            if fitting.len() > 1 {
                // A release would have told, too.
                let release = Operation::Release(place);
                let mut map = before.clone();
                let claimed =
                    apply(&mut map, release, &self.oracle.places).map_err(|wrong| wrong.to_string())?;
                let count = map.state().context().last_seq(id) - seq;
                let mut finished = self.oracle.finished(before.state().version());
                finished.retain(|writer| before.is_settled(*writer));
                fitting.retain(|it| {
                    let effects = it.operate(Doer { replica: id, seq, finished: &finished }, release);
                    let named = named_by(&effects, seq, id);
                    effects.len() as u64 == count && named.iter().all(|dot| claimed.context().contains(*dot))
                });
            }
            let by = Doer { seq: seq + effects.len() as u64, ..by };
            let is_claimed = |effects: &Vec<Effect>| {
                named_by(effects, by.seq, id).iter().all(|dot| claimed.contains(*dot))
            };
            let left = (grown as usize).saturating_sub(effects.len());
            let clear = fitting.iter().map(|it| it.clear_retired(by, place)).filter(is_claimed);
            let clear = clear.filter(|effects| effects.len() <= left);
            effects.extend(clear.max_by_key(Vec::len).unwrap_or_default());
        }
        if effects.len() as u64 != grown {
            return Err(format!("{at} clears up {grown} times instead of {effects:?}"));
        }
        trace!(self, "{at} clears up: {effects:?}, and gives up {given_up:?}");
        self.tally.count(Group::Operations, "clearings after the retired");
        self.tally.add(Group::Operations, "effects given up when replicas agreed", given_up.len() as u64);
        self.oracle.issue(id, effects);
        self.oracle.give_up(given_up);
        self.check_all(at)
    }

    /// Whether a replica knows only what somebody did, and of those who come back what they will come back with.
    pub fn check_claims(&self, at: usize) -> Result<(), String> {
        let Some(running) = self.processes[at].running() else { return Ok(()) };
        let (id, context) = (running.map().replica(), running.map().state().context());
        let is_own = |writer: &ReplicaId| *writer == id || self.processes[at].former.contains(writer);
        let is_leaked =
            |(writer, saved): &(&ReplicaId, &u64)| !is_own(writer) && context.last_seq(**writer) > **saved;
        if let Some((writer, saved)) = self.saved.iter().find(is_leaked) {
            let known = context.last_seq(*writer);
            return Err(format!("{at} knows number {known} of {writer}, who has saved only {saved}"));
        }
        self.oracle.check_claims(id, context)
    }

    /// Whether a replica answers as the reference says that it should, knowing what it claims to know. And is there anything that
    /// explains what it shows?
    pub fn check(&mut self, at: usize, places: &[Place]) -> Result<(), String> {
        let Some(running) = self.processes[at].running() else { return Ok(()) };
        let map = running.map();
        let context = map.state().context();
        let mut looks = Vec::new();
        for place in places {
            let shown = self.priority(map, *place);
            let awaited = self.oracle.view(context, *place).awaited_drop(map.replica(), shown);
            match awaited.map_err(|wrong| format!("{at}: {wrong}"))? {
                Some((drop, Certainty::Certain)) if !map.is_retired() => {
                    return Err(format!("{at} has not done {drop:?}"));
                }
                _ => looks.push((*place, self.oracle.look(context, *place, shown))),
            }
        }
        looks.into_iter().for_each(|(place, look)| self.note_look(at, place, look));
        Ok(())
    }

    /// The same for all registrations.
    pub fn check_all(&mut self, at: usize) -> Result<(), String> {
        let all: Vec<Place> = (0..self.oracle.places.len()).collect();
        self.check(at, &all)
    }

    fn note_look(&mut self, at: usize, place: Place, look: Look) {
        self.tally.count(Group::Looks, "looks");
        match look {
            Look::Undecided => self.tally.count(Group::Looks, "undecided"),
            Look::Unexplained => {
                self.tally.count(Group::Looks, "unexplained");
                if !self.unexplained.contains_key(&(at, place)) {
                    trace!(self, "{at} shows of {place} what nothing explains");
                }
                self.unexplained.entry((at, place)).or_insert(self.now_ms);
            }
            Look::Explained => {
                if let Some(since_ms) = self.unexplained.remove(&(at, place)) {
                    self.note_unexplained(since_ms);
                }
            }
        }
    }

    fn note_unexplained(&mut self, since_ms: u64) {
        let World { tally, now_ms, peace_ms, seed, .. } = self;
        tally.count(Group::Looks, "times that something stayed unexplained");
        tally.add(Group::Looks, "ms that something stayed unexplained", *now_ms - since_ms);
        tally.at_most("ms unexplained", *now_ms - since_ms, *seed);
        if let Some(peace_ms) = peace_ms {
            tally.at_most("ms unexplained after the last fault", *now_ms - since_ms.max(*peace_ms), *seed);
        }
    }

    pub fn priority(&self, map: &RangeMap<K>, place: Place) -> Option<u64> {
        let (range, node) = &self.oracle.places[place];
        map.priority(node, range)
    }
}

/// The contributions, other than new ones, to which the effects of an operation from that number on point, in order: its delta tells of
/// these too.
fn named_by(effects: &[Effect], seq: u64, by: ReplicaId) -> Vec<Dot> {
    let named = |(seq, effect): (u64, &Effect)| match *effect {
        Effect::Drop { writer, birth, .. } => Some(Dot { replica: writer, seq: birth }),
        Effect::Reset { writer, reach, .. } => Some(Dot { replica: writer, seq: reach }),
        Effect::Contribution { contribution: Contribution { birth, .. }, .. } => {
            (birth != seq).then_some(Dot { replica: by, seq: birth })
        }
    };
    (seq + 1..).zip(effects).filter_map(named).collect()
}

/// Whether two of the possibilities cannot be told from each other by how many effects there are and what they name.
fn are_alike(possible: &[Vec<Effect>], seq: u64, by: ReplicaId) -> bool {
    let named = |effects: &Vec<Effect>| named_by(effects, seq, by).into_iter().collect::<BTreeSet<Dot>>();
    let is_like = |one: &Vec<Effect>, other: &Vec<Effect>| {
        one != other && one.len() == other.len() && named(one) == named(other)
    };
    possible.iter().enumerate().any(|(at, one)| possible[..at].iter().any(|other| is_like(one, other)))
}

fn apply<K: SimulatedKey>(
    map: &mut RangeMap<K>,
    operation: Operation,
    places: &[Id<K>],
) -> Result<Delta<K>, MoveError> {
    let by = |by| NonZeroU32::new(by).expect("amounts are not 0");
    Ok(match operation {
        Operation::Register(it) => map.register(&places[it].1, &places[it].0)?,
        Operation::Increase(it, amount) => map.increase(&places[it].1, &places[it].0, by(amount))?,
        Operation::Decrease(it, amount) => map.decrease(&places[it].1, &places[it].0, by(amount))?,
        Operation::Release(it) => map.release(&places[it].1, &places[it].0)?,
        Operation::Tighten(from, to) => map.tighten(&places[from].1, &places[from].0, &places[to].0)?,
        Operation::Move(from, to) if places[from].1 == places[to].1 => {
            map.move_to(&places[from].1, &places[from].0, &places[to].0)?
        }
        Operation::Move(from, to) => map.hand_over(&places[from].1, &places[from].0, &places[to].1)?,
        Operation::Maintain => map.maintain(),
        Operation::Retire(retired) => map.retire(retired),
    })
}

/// The same at a node.
fn direct<K: SimulatedKey>(
    to: &mut Node<K>,
    operation: Operation,
    places: &[Id<K>],
) -> Result<(), MoveError> {
    let by = |by| NonZeroU32::new(by).expect("amounts are not 0");
    match operation {
        Operation::Register(it) => to.register(&places[it].1, &places[it].0)?,
        Operation::Increase(it, amount) => to.increase(&places[it].1, &places[it].0, by(amount))?,
        Operation::Decrease(it, amount) => to.decrease(&places[it].1, &places[it].0, by(amount))?,
        Operation::Release(it) => to.release(&places[it].1, &places[it].0)?,
        Operation::Tighten(from, into) => to.tighten(&places[from].1, &places[from].0, &places[into].0)?,
        Operation::Move(from, into) if places[from].1 == places[into].1 => {
            to.move_to(&places[from].1, &places[from].0, &places[into].0)?
        }
        Operation::Move(from, into) => to.hand_over(&places[from].1, &places[from].0, &places[into].1)?,
        Operation::Maintain => to.maintain(),
        Operation::Retire(retired) => to.retire(retired),
    }
    Ok(())
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Increase(..) => "increase",
            Self::Decrease(..) => "decrease",
            Self::Release(_) => "release",
            Self::Tighten(..) => "tighten",
            Self::Move(..) => "move",
            Self::Maintain => "maintain",
            Self::Retire(_) => "retire",
        }
    }
}
