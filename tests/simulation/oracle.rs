//! The reference: every effect of every operation is kept for ever under its own dot, and what a replica should answer follows
//! from the dots that it claims to know.
//!
//! It foretells which effects an operation has, one dot each, in the order in which they are numbered: a drop of the own record,
//! a reset of the others', and then what is contributed. Whoever knows a contribution knows all that its writer contributed to
//! the same registration before; whoever knows a drop or something later knows that what was dropped is reset.
//!
//! A context that claims what was not received, a reset that reaches too far, a drop that gets lost or is mistaken: all show as a
//! priority that does not follow from the context.

use std::collections::BTreeMap;

use crdt_range_map::{CausalContext, Dot, ReplicaId};

use crate::model::Id;
use crate::view::{Known, Registration, View};

/// A registration, by its place in the pool; places are in the order of `registrations()`.
pub type Place = usize;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    pub is_register: bool,
    pub adjustment: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Contribution {
        place: Place,
        contribution: Contribution,
    },
    /// Cancels what these writers contributed, up to those numbers.
    Reset {
        place: Place,
        observed: BTreeMap<ReplicaId, u64>,
    },
    /// The writer forgets its own contributions so far: all are reset.
    Drop {
        place: Place,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Register(Place),
    Increase(Place, u32),
    Decrease(Place, u32),
    Release(Place),
    Tighten(Place, Place),
}

impl Operation {
    /// What it is about, or first about.
    pub fn place(self) -> Place {
        match self {
            Self::Register(place)
            | Self::Increase(place, _)
            | Self::Decrease(place, _)
            | Self::Release(place)
            | Self::Tighten(place, _) => place,
        }
    }
}

/// Every effect there ever was, but for those that were lost before anybody could learn of them.
pub struct Oracle {
    pub places: Vec<Id<u64>>,
    /// By writer; the number of an effect is its index + 1.
    issued: BTreeMap<ReplicaId, Vec<Effect>>,
    /// How many effects each writer had had when it last said something.
    told: BTreeMap<ReplicaId, u64>,
}

/// The holes in a context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lost {
    /// Effects before the last known one of their writer.
    pub gaps: usize,
    /// Known drops that a state has to name, since they come after a gap.
    pub named_drops: usize,
}

impl Oracle {
    pub fn new(mut places: Vec<Id<u64>>) -> Self {
        places.sort();
        Self { places, issued: BTreeMap::new(), told: BTreeMap::new() }
    }

    pub fn issue(&mut self, writer: ReplicaId, effects: Vec<Effect>) {
        self.issued.entry(writer).or_default().extend(effects);
    }

    /// The writer says something, perhaps something that follows from all that it has done.
    pub fn tell(&mut self, writer: ReplicaId) {
        let issued = self.issued.get(&writer).map_or(0, Vec::len);
        self.told.insert(writer, issued as u64);
    }

    /// The writer lost what it did after that number, and nobody had heard of it.
    pub fn forget_after(&mut self, writer: ReplicaId, seq: u64) {
        self.issued.entry(writer).or_default().truncate(seq as usize);
    }

    /// Whether the context claims only what somebody did.
    pub fn check_claims(&self, learner: ReplicaId, context: &CausalContext) -> Result<(), String> {
        for (writer, effects) in &self.issued {
            let (claimed, issued) = (context.last_seq(*writer), effects.len() as u64);
            if claimed > issued {
                return Err(format!(
                    "{learner} claims number {claimed} of {writer}, who did {issued} things"
                ));
            }
        }
        Ok(())
    }

    /// What should be known to whoever knows those dots.
    ///
    /// A reset is learnt together with the records that it resets. Of a writer that has dropped its record meanwhile, others tell
    /// nothing any more: whoever learns of the reset from them does not learn that it concerns this writer, until it learns of the
    /// drop. So while a drop is on its way, two things are possible.
    pub fn view(&self, context: &CausalContext) -> View {
        let mut known = vec![Registration::default(); self.places.len()];
        let mut resets = Vec::new();
        for (writer, effects) in &self.issued {
            let prefix = context.prefix(*writer);
            for (seq, effect) in (1..).zip(effects) {
                if seq > prefix && !context.contains(Dot { replica: *writer, seq }) {
                    continue;
                }
                match effect {
                    Effect::Contribution { place, .. } | Effect::Drop { place } => {
                        known[*place].0.entry(*writer).or_default().reach = seq;
                    }
                    Effect::Reset { place, observed } => {
                        resets.extend(observed.iter().map(|(other, reach)| (*place, *other, *reach)));
                    }
                }
            }
        }
        for (writer, effects) in &self.issued {
            for (seq, effect) in (1..).zip(effects) {
                let (Effect::Contribution { place, .. } | Effect::Drop { place }) = effect else { continue };
                let Some(known) = known[*place].0.get_mut(writer).filter(|known| seq <= known.reach) else {
                    continue;
                };
                match effect {
                    Effect::Contribution { contribution, .. } => {
                        known.contributions.push((seq, *contribution))
                    }
                    _ => known.contributions.clear(),
                }
            }
        }
        let mut possible: Vec<Vec<Registration>> = known.into_iter().map(|it| vec![it]).collect();
        for (place, writer, reach) in resets {
            let is_certain = !self.is_dropping(writer, place, &possible[place][0]);
            let unreset = if is_certain { Vec::new() } else { possible[place].clone() };
            for registration in &mut possible[place] {
                let known = registration.0.entry(writer).or_insert_with(Known::default);
                known.reset = known.reset.max(reach);
            }
            possible[place].extend(unreset);
        }
        View(possible)
    }

    /// Whether the writer has dropped its record, and others may have heard so, but not those who know only this.
    fn is_dropping(&self, writer: ReplicaId, place: Place, known: &Registration) -> bool {
        let Some(known) = known.0.get(&writer).filter(|known| known.has_record()) else { return false };
        let told = self.told.get(&writer).copied().unwrap_or(0);
        let after = self.issued[&writer].iter().take(told as usize).skip(known.reach as usize);
        after.into_iter().any(|effect| *effect == Effect::Drop { place })
    }

    /// What nobody will ever learn who knows only this, and what it costs.
    pub fn lost(&self, context: &CausalContext) -> Lost {
        let mut lost = Lost::default();
        for (writer, effects) in &self.issued {
            let (prefix, last) = (context.prefix(*writer), context.last_seq(*writer));
            for (seq, effect) in (1..).zip(effects).filter(|(seq, _)| (prefix + 1..=last).contains(seq)) {
                let is_known = context.contains(Dot { replica: *writer, seq });
                lost.gaps += usize::from(!is_known);
                lost.named_drops += usize::from(is_known && matches!(effect, Effect::Drop { .. }));
            }
        }
        lost
    }
}
