//! What replicas do, beside the reference: each operation must have the effects that it foretells, and each answer must be that
//! which follows from what the replica claims to know.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use crdt_range_map::{CausalContext, Delta, Dot, RangeMap, ReplicaId};

use crate::oracle::{Effect, Operation, Place};
use crate::process::{Life, Process, Saving};
use crate::tally::Group;
use crate::view::Doer;
use crate::world::{World, trace};

impl World {
    /// Does something at a replica that runs, and checks that it has the effects that the reference foretells.
    pub fn operate(&mut self, at: usize, operation: Operation) -> Result<(), String> {
        let Some(running) = self.processes[at].running_mut() else { return Ok(()) };
        let map = &mut running.map;
        let id = map.replica();
        let seq = map.state().context().last_seq(id);
        let place = |place: usize| &self.oracle.places[place];
        let foretold = {
            let context = map.state().context();
            let mut view = self.oracle.view(context);
            let is_void = match operation {
                Operation::Retire(retired) if context.prefix(retired) == context.last_seq(retired) => {
                    view.finished.insert(retired);
                    retired == id || context.is_retired(retired)
                }
                Operation::Retire(_) => true,
                _ => false,
            };
            let by = Doer { replica: id, seq, finished: &view.finished };
            let priority = |it| map.priority(&place(it).1, &place(it).0);
            match is_void {
                true => Ok(vec![Vec::new()]),
                false => view.foretell(by, operation, &self.oracle.places, priority)?,
            }
        };
        let by = |by| NonZeroU32::new(by).expect("amounts are not 0");
        let done = match operation {
            Operation::Register(it) => Ok(map.register(&place(it).1, &place(it).0)),
            Operation::Increase(it, amount) => Ok(map.increase(&place(it).1, &place(it).0, by(amount))),
            Operation::Decrease(it, amount) => Ok(map.decrease(&place(it).1, &place(it).0, by(amount))),
            Operation::Release(it) => Ok(map.release(&place(it).1, &place(it).0)),
            Operation::Tighten(from, to) => map.tighten(&place(from).1, &place(from).0, &place(to).0),
            Operation::Maintain => Ok(map.maintain()),
            Operation::Retire(retired) => Ok(map.retire(retired)),
        };
        let possible = match (&done, foretold) {
            (Ok(_), Ok(possible)) => possible,
            (Err(map_says), Err(model_says)) if *map_says == model_says => vec![Vec::new()],
            (map_says, model_says) => {
                return Err(format!(
                    "{operation:?} at {at}: the map says {map_says:?}, the model {model_says:?}"
                ));
            }
        };
        let none = CausalContext::default();
        let last = map.state().context().last_seq(id);
        let Some(effects) =
            the_one_of(&possible, id, seq + 1..=last, done.as_ref().map_or(&none, Delta::context))
        else {
            return Err(format!("{operation:?} at {at}: {} effects instead of {possible:?}", last - seq));
        };
        trace!(self, "{at} {operation:?}, from number {}: {effects:?}", seq + 1);
        self.tally.count(Group::Operations, operation.name());
        self.oracle.issue(id, effects);
        self.check(at)?;
        self.go_on(at)?;
        if let Ok(delta) = done
            && !self.may_crash(at)
            && let Process { saving, life: Life::Running(running), .. } = &mut self.processes[at]
        {
            match saving {
                Saving::Holding => running.unpublished.merge(&delta),
                _ => running.protocol.publish(&delta, &mut self.random),
            }
        }
        self.pump(at)
    }

    /// What a replica drops by itself, since it learnt that all it had contributed is reset.
    pub fn note_drops(&mut self, at: usize, count: u64, told: &CausalContext) -> Result<(), String> {
        let Some(running) = self.processes[at].running() else { return Ok(()) };
        let id = running.map.replica();
        let view = self.oracle.view(running.map.state().context());
        let priority = |place| self.priority(&running.map, place);
        let (mut dropped, uncertain) =
            view.awaited_drops(id, priority).map_err(|wrong| format!("{at}: {wrong}"))?;
        let is_told = |effect: &Effect| effect.dropped().is_some_and(|birth| told.contains(birth));
        dropped.extend(uncertain.into_iter().filter(is_told));
        dropped.sort_by_key(Effect::place);
        if dropped.len() as u64 != count {
            return Err(format!("{at} drops {count} records, but these are reset: {dropped:?}"));
        }
        trace!(self, "{at} drops {dropped:?}");
        self.tally.add(Group::Operations, "drops of what others reset", count);
        self.oracle.issue(id, dropped);
        self.check(at)
    }

    pub fn check_claims(&self, at: usize) -> Result<(), String> {
        let Some(running) = self.processes[at].running() else { return Ok(()) };
        self.oracle.check_claims(running.map.replica(), running.map.state().context())
    }

    /// Whether a replica answers as the reference says that it should, knowing what it claims to know.
    pub fn check(&self, at: usize) -> Result<(), String> {
        let Some(running) = self.processes[at].running() else { return Ok(()) };
        let map = &running.map;
        let view = self.oracle.view(map.state().context());
        let awaited = view.awaited_drops(map.replica(), |place| self.priority(map, place));
        match awaited.map_err(|wrong| format!("{at}: {wrong}"))? {
            (certain, _) if certain.is_empty() || map.is_retired() => Ok(()),
            (certain, _) => Err(format!("{at} has not done {certain:?}")),
        }
    }

    fn priority(&self, map: &RangeMap<u64>, place: Place) -> Option<u64> {
        let (range, node) = &self.oracle.places[place];
        map.priority(node, range)
    }
}

/// The effects of `by`, from number `seq` on to the last, of which a delta tells: those whose records it names. Where several
/// possibilities are left, they differ in whether a reset concerns records that somebody has dropped: then it does no harm to
/// take all.
fn the_one_of(
    possible: &[Vec<Effect>],
    by: ReplicaId,
    seq: RangeInclusive<u64>,
    delta: &CausalContext,
) -> Option<Vec<Effect>> {
    let records = |effects: &[Effect]| -> Vec<Dot> {
        let record = |(seq, effect): (u64, &Effect)| match effect {
            Effect::Drop { writer, birth, .. } => Some(Dot { replica: *writer, seq: *birth }),
            Effect::Contribution { contribution, .. } if contribution.birth != seq => {
                Some(Dot { replica: by, seq: contribution.birth })
            }
            _ => None,
        };
        seq.clone().zip(effects).filter_map(record).collect()
    };
    let is_told = |effects: &&Vec<Effect>| {
        effects.len() == seq.clone().count() && records(effects).iter().all(|dot| delta.contains(*dot))
    };
    let fitting: Vec<&Vec<Effect>> = possible.iter().filter(is_told).collect();
    let most = fitting.iter().map(|effects| records(effects).len()).max()?;
    let mut fitting = fitting.into_iter().filter(|effects| records(effects).len() == most);
    let mut effects = fitting.next()?.clone();
    for other in fitting {
        for (effect, also) in effects.iter_mut().zip(other) {
            if let (Effect::Reset { observed, .. }, Effect::Reset { observed: also, .. }) = (effect, also) {
                observed.extend(also);
            }
        }
    }
    Some(effects)
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Increase(..) => "increase",
            Self::Decrease(..) => "decrease",
            Self::Release(_) => "release",
            Self::Tighten(..) => "tighten",
            Self::Maintain => "maintain",
            Self::Retire(_) => "retire",
        }
    }
}
