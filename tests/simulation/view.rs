//! What somebody knows of each registration, and what an operation must do then.

use std::collections::BTreeMap;

use crdt_range_map::{ReplicaId, TightenError};

use crate::model::Id;
use crate::oracle::{Contribution, Effect, Operation, Place};

/// What is known of one writer's contributions to one registration.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The number of the latest known contribution or drop.
    pub reach: u64,
    /// What is known after the last drop.
    pub contributions: Vec<(u64, Contribution)>,
    /// All up to this number is reset.
    pub reset: u64,
}

impl Known {
    fn left(&self) -> impl Iterator<Item = &Contribution> {
        self.contributions.iter().filter(|(seq, _)| *seq > self.reset).map(|(_, contribution)| contribution)
    }

    pub fn has_record(&self) -> bool {
        !self.contributions.is_empty()
    }

    pub fn is_left(&self) -> bool {
        self.left().next().is_some()
    }

    fn register_is_left(&self) -> bool {
        self.left().any(|contribution| contribution.is_register)
    }
}

/// What is known of one registration, by writer.
#[derive(Clone, Debug, Default)]
pub struct Registration(pub BTreeMap<ReplicaId, Known>);

impl Registration {
    /// `None` if the registration is not visible.
    pub fn priority(&self) -> Option<u64> {
        let adjustments: i64 = self.0.values().flat_map(Known::left).map(|left| left.adjustment).sum();
        let priority = adjustments + i64::from(self.register_is_left());
        u64::try_from(priority).ok().filter(|priority| *priority >= 1)
    }

    fn register_is_left(&self) -> bool {
        self.0.values().any(Known::register_is_left)
    }

    fn release(&self, writer: ReplicaId, place: Place) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.0.get(&writer).is_some_and(Known::has_record) {
            effects.push(Effect::Drop { place });
        }
        let left = self.0.iter().filter(|(other, known)| **other != writer && known.is_left());
        let observed: BTreeMap<_, _> = left.map(|(other, known)| (*other, known.reach)).collect();
        if !observed.is_empty() {
            effects.push(Effect::Reset { place, observed });
        }
        effects
    }

    fn contribute(&self, writer: ReplicaId, place: Place, contribution: Contribution) -> Vec<Effect> {
        let mut effects = if self.priority().is_some() { Vec::new() } else { self.release(writer, place) };
        effects.push(Effect::Contribution { place, contribution });
        effects
    }

    /// The effects of an operation by `writer` on this registration alone.
    pub fn operate(&self, writer: ReplicaId, operation: Operation) -> Vec<Effect> {
        let adjust = |adjustment| Contribution { is_register: false, adjustment };
        match operation {
            Operation::Register(place) => {
                self.contribute(writer, place, Contribution { is_register: true, adjustment: 0 })
            }
            Operation::Increase(place, by) => self.contribute(writer, place, adjust(by.into())),
            Operation::Decrease(place, by) => match self.priority() {
                None => Vec::new(),
                Some(priority) if priority <= u64::from(by) => self.release(writer, place),
                Some(_) => self.contribute(writer, place, adjust(-i64::from(by))),
            },
            Operation::Release(place) | Operation::Tighten(place, _) => self.release(writer, place),
        }
    }

    /// The effects of tightening this registration to the other one.
    pub fn tighten(&self, to: &Self, writer: ReplicaId, places: (Place, Place)) -> Option<Vec<Effect>> {
        let priority = self.priority()?;
        let registered = match to.priority() {
            None => 1,
            Some(priority) => priority + u64::from(!to.register_is_left()),
        };
        let adjustment = priority.saturating_sub(registered) as i64;
        let mut effects = self.release(writer, places.0);
        effects.extend(to.contribute(writer, places.1, Contribution { is_register: true, adjustment }));
        Some(effects)
    }
}

/// What somebody knows of each place. Mostly that is certain; else there is more than one possibility, see
/// [`Oracle::view`](crate::oracle::Oracle::view).
pub struct View(pub Vec<Vec<Registration>>);

impl View {
    /// The possibilities with that priority, of which there must be one.
    pub fn with_priority(&self, place: Place, map_says: Option<u64>) -> Result<Vec<&Registration>, String> {
        let fitting: Vec<_> = self.0[place].iter().filter(|it| it.priority() == map_says).collect();
        if fitting.is_empty() {
            let model_says: Vec<_> = self.0[place].iter().map(Registration::priority).collect();
            return Err(format!("priority of {place}: the map says {map_says:?}, the model {model_says:?}"));
        }
        Ok(fitting)
    }

    /// Records that a state holds: contributions that their writer has not dropped.
    pub fn record_count(&self) -> usize {
        let registrations = self.0.iter().filter_map(|possible| possible.first());
        registrations.flat_map(|it| it.0.values()).filter(|known| known.has_record()).count()
    }

    /// Places of which `writer` should drop its record, since all of it is reset. Of its own a writer knows everything for certain.
    pub fn awaiting_drop(&self, writer: ReplicaId) -> Vec<Place> {
        let awaits = |place: &Place| {
            let own = self.0[*place].first().and_then(|it| it.0.get(&writer));
            own.is_some_and(|own| own.has_record() && !own.is_left())
        };
        (0..self.0.len()).filter(awaits).collect()
    }

    /// The effects that an operation may have, one of which it must have. `priority` is what the map says before.
    pub fn foretell(
        &self,
        writer: ReplicaId,
        operation: Operation,
        places: &[Id<u64>],
        priority: impl Fn(Place) -> Option<u64>,
    ) -> Result<Result<Vec<Vec<Effect>>, TightenError>, String> {
        let at = |place| self.with_priority(place, priority(place));
        let Operation::Tighten(from, to) = operation else {
            let possible = at(operation.place())?;
            return Ok(Ok(possible.iter().map(|it| it.operate(writer, operation)).collect()));
        };
        if from == to || !places[from].0.contains_range(&places[to].0) {
            return Ok(Err(TightenError::NotSubRange));
        }
        let mut possible = Vec::new();
        for wide in at(from)? {
            for narrow in at(to)? {
                possible.extend(wide.tighten(narrow, writer, (from, to)));
            }
        }
        Ok(if possible.is_empty() { Err(TightenError::NotRegistered) } else { Ok(possible) })
    }
}
