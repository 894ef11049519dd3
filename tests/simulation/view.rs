//! What somebody knows of each registration, and which effects an operation must have then.

use std::collections::{BTreeMap, BTreeSet};

use crdt_range_map::{CausalContext, MoveError, ReplicaId};

use crate::keys::SimulatedKey;
use crate::oracle::{Contribution, Effect, Operation, Oracle, Place};

/// What is known of one writer's contributions to one registration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The number of the latest known contribution or own drop.
    pub reach: u64,
    /// What is known, and not dropped.
    pub contributions: Vec<(u64, Contribution)>,
    /// The number of the last of these that is reset; 0 if none is.
    pub reset: u64,
}

impl Known {
    fn left(&self) -> impl Iterator<Item = &Contribution> {
        self.contributions.iter().filter(|(seq, _)| *seq > self.reset).map(|(_, contribution)| contribution)
    }

    /// The birth of the record, if there is one.
    pub fn birth(&self) -> Option<u64> {
        self.contributions.last().map(|(_, contribution)| contribution.birth)
    }

    pub fn is_left(&self) -> bool {
        self.left().next().is_some()
    }

    fn awaits_drop(&self) -> bool {
        self.birth().is_some() && !self.is_left()
    }

    fn register_is_left(&self) -> bool {
        self.left().any(|contribution| contribution.is_register)
    }
}

/// Who does something, and which retired writers it may clear up after.
#[derive(Clone, Copy)]
pub struct Doer<'a> {
    pub replica: ReplicaId,
    pub seq: u64,
    pub finished: &'a BTreeSet<ReplicaId>,
}

/// What is known of one registration, by writer.
#[derive(Clone, Debug, Default)]
pub struct Registration(pub BTreeMap<ReplicaId, Known>);

impl Registration {
    /// `None` if the registration is not visible.
    pub fn priority(&self) -> Option<u64> {
        Self::priority_of(self.0.values().flat_map(Known::left))
    }

    /// The priority of a registration of which those contributions are left.
    pub fn priority_of<'a>(left: impl Iterator<Item = &'a Contribution>) -> Option<u64> {
        let (mut register, mut adjustments) = (false, 0);
        for contribution in left {
            register |= contribution.is_register;
            adjustments += contribution.adjustment;
        }
        u64::try_from(adjustments + i64::from(register)).ok().filter(|priority| *priority >= 1)
    }

    fn register_is_left(&self) -> bool {
        self.0.values().any(Known::register_is_left)
    }

    fn drops(&self, place: Place, is_meant: impl Fn(ReplicaId, &Known) -> bool) -> Vec<Effect> {
        let meant = self.0.iter().filter(|(writer, known)| is_meant(**writer, known));
        meant
            .filter_map(|(writer, known)| {
                Some(Effect::Drop { place, writer: *writer, birth: known.birth()? })
            })
            .collect()
    }

    fn release(&self, by: Doer, place: Place) -> Vec<Effect> {
        let mut effects = self.drops(place, |writer, _| writer == by.replica);
        let others = |writer| writer != by.replica;
        effects.extend(self.drops(place, |writer, _| others(writer) && by.finished.contains(&writer)));
        let left = self
            .0
            .iter()
            .filter(|(writer, known)| others(**writer) && !by.finished.contains(writer) && known.is_left());
        effects.extend(left.map(|(writer, known)| Effect::Reset {
            place,
            writer: *writer,
            reach: known.reach,
        }));
        effects
    }

    fn contribute(&self, by: Doer, place: Place, is_register: bool, adjustment: i64) -> Vec<Effect> {
        let (mut effects, birth) = match self.priority() {
            Some(_) => (Vec::new(), self.0.get(&by.replica).and_then(Known::birth)),
            None => (self.release(by, place), None),
        };
        let seq = by.seq + 1 + effects.len() as u64;
        let contribution = Contribution { birth: birth.unwrap_or(seq), is_register, adjustment };
        effects.push(Effect::Contribution { place, contribution });
        effects
    }

    /// The effects of an operation on this registration alone.
    pub fn operate(&self, by: Doer, operation: Operation) -> Vec<Effect> {
        match operation {
            Operation::Register(place) => self.contribute(by, place, true, 0),
            Operation::Increase(place, amount) => self.contribute(by, place, false, amount.into()),
            Operation::Decrease(place, amount) => match self.priority() {
                None => Vec::new(),
                Some(priority) if priority <= u64::from(amount) => self.release(by, place),
                Some(_) => self.contribute(by, place, false, -i64::from(amount)),
            },
            Operation::Release(place) | Operation::Tighten(place, _) | Operation::Move(place, _) => {
                self.release(by, place)
            }
            Operation::Maintain | Operation::Retire(_) => unreachable!("they concern all registrations"),
        }
    }

    /// The effects of tightening this registration to the other one.
    fn tighten(&self, to: &Self, by: Doer, places: (Place, Place)) -> Option<Vec<Effect>> {
        let priority = self.priority()?;
        let registered = match to.priority() {
            None => 1,
            Some(priority) => priority + u64::from(!to.register_is_left()),
        };
        let adjustment = priority.saturating_sub(registered) as i64;
        let mut effects = self.release(by, places.0);
        let by = Doer { seq: by.seq + effects.len() as u64, ..by };
        effects.extend(to.contribute(by, places.1, true, adjustment));
        Some(effects)
    }

    /// The effects of clearing up: residue, and what retired writers would have to drop.
    fn clear(&self, by: Doer, place: Place) -> Vec<Effect> {
        if self.priority().is_none() && self.0.values().any(Known::is_left) {
            return self.release(by, place);
        }
        self.drops(place, |writer, known| by.finished.contains(&writer) && known.awaits_drop())
    }

    /// The same where a retired writer would have to drop something, and nothing elsewhere.
    pub fn clear_retired(&self, by: Doer, place: Place) -> Vec<Effect> {
        let awaits =
            |(writer, known): (&ReplicaId, &Known)| by.finished.contains(writer) && known.awaits_drop();
        if self.0.iter().any(awaits) { self.clear(by, place) } else { Vec::new() }
    }
}

/// What somebody knows of one registration. Mostly that is certain; else there is more than one possibility, see
/// [`Oracle::view`](crate::oracle::Oracle::view).
pub struct Possible {
    pub place: Place,
    pub registrations: Vec<Registration>,
}

impl Possible {
    /// The possibilities with that priority, of which there must be one.
    pub fn with_priority(&self, map_says: Option<u64>) -> Result<Vec<&Registration>, String> {
        let possible = &self.registrations;
        let fitting: Vec<_> = possible.iter().filter(|it| it.priority() == map_says).collect();
        if fitting.is_empty() {
            let model_says: Vec<_> = possible.iter().map(Registration::priority).collect();
            let place = self.place;
            return Err(format!("priority of {place}: the map says {map_says:?}, the model {model_says:?}"));
        }
        Ok(fitting)
    }

    /// The drop of `writer`'s record if all of it is reset, and whether that is certain.
    pub fn awaited_drop(
        &self,
        writer: ReplicaId,
        map_says: Option<u64>,
    ) -> Result<Option<(Effect, Certainty)>, String> {
        let possible = self.with_priority(map_says)?;
        let own = || possible.iter().filter_map(|it| it.0.get(&writer));
        let Some(birth) = own().find_map(Known::birth) else { return Ok(None) };
        let drop = Effect::Drop { place: self.place, writer, birth };
        Ok(match own().filter(|own| own.awaits_drop()).count() {
            0 => None,
            all if all == possible.len() => Some((drop, Certainty::Certain)),
            _ => Some((drop, Certainty::Possible)),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    Certain,
    Possible,
}

impl<K: SimulatedKey> Oracle<K> {
    /// The effects that an operation may have, one of which it must have. `priority` is what the map says before.
    pub fn foretell(
        &self,
        by: Doer,
        context: &CausalContext,
        operation: Operation,
        priority: impl Fn(Place) -> Option<u64>,
    ) -> Result<Result<Vec<Vec<Effect>>, MoveError>, String> {
        let at = |place| {
            let possible = self.view(context, place);
            let fitting = possible.with_priority(priority(place))?;
            Ok::<_, String>(fitting.into_iter().cloned().collect::<Vec<Registration>>())
        };
        let possible = match operation {
            Operation::Tighten(from, to) | Operation::Move(from, to) => {
                let is_tightened = matches!(operation, Operation::Tighten(..));
                if is_tightened && (from == to || !self.places[from].0.contains_range(&self.places[to].0)) {
                    return Ok(Err(MoveError::NotSubRange));
                }
                let mut possible = Vec::new();
                let narrow = at(to)?;
                for wide in at(from)? {
                    possible.extend(narrow.iter().filter_map(|narrow| wide.tighten(narrow, by, (from, to))));
                }
                if possible.is_empty() {
                    return Ok(Err(MoveError::NotRegistered));
                }
                if from == to {
                    // It is where it is to go.
                    possible = vec![Vec::new()];
                }
                possible
            }
            Operation::Retire(_) => vec![Vec::new()],
            Operation::Maintain => {
                let mut possible = vec![Vec::new()];
                for place in 0..self.places.len() {
                    let mut each: Vec<Vec<Effect>> = Vec::new();
                    for effects in at(place)?.iter().map(|it| it.clear(by, place)) {
                        if !each.contains(&effects) {
                            each.push(effects);
                        }
                    }
                    if each.iter().all(Vec::is_empty) {
                        continue;
                    }
                    let with = |effects: &Vec<Effect>| {
                        let after = |before: &Vec<Effect>| [&before[..], effects].concat();
                        possible.iter().map(after).collect::<Vec<_>>()
                    };
                    possible = each.iter().flat_map(with).collect();
                }
                possible
            }
            Operation::Register(place)
            | Operation::Increase(place, _)
            | Operation::Decrease(place, _)
            | Operation::Release(place) => at(place)?.iter().map(|it| it.operate(by, operation)).collect(),
        };
        Ok(Ok(possible))
    }
}
