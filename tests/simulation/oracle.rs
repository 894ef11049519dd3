//! The reference: every effect of every operation is kept for ever under its own dot, and what a replica should answer follows
//! from the dots that it claims to know.
//!
//! It foretells which effects an operation has, one dot each, in the order in which they are numbered: a drop of the own record
//! and of those of retired writers, a reset of the others', and then what is contributed. Whoever knows a contribution knows all
//! that its writer contributed to the same registration before; whoever knows a drop or something later knows that what was
//! dropped is reset.
//!
//! A context that claims what was not received, a reset that reaches too far, a drop that gets lost or is mistaken: all show as a
//! priority that does not follow from the context.

use std::collections::{BTreeMap, BTreeSet};

use crdt_range_map::{CausalContext, Dot, ReplicaId};

use crate::model::Id;
use crate::view::{Known, Registration, View};

/// A registration, by its place in the pool; places are in the order of `registrations()`.
pub type Place = usize;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// The number of the first contribution of the same record.
    pub birth: u64,
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
    /// All of the record of that birth is reset, and forgotten: by its writer, or by somebody who clears up after a retired one.
    /// Then what the writer added unheard goes with it.
    Drop {
        place: Place,
        writer: ReplicaId,
        birth: u64,
    },
}

impl Effect {
    pub fn place(&self) -> Place {
        match self {
            Self::Contribution { place, .. } | Self::Reset { place, .. } | Self::Drop { place, .. } => *place,
        }
    }

    /// The birth of the record that it drops, if it does that.
    pub fn dropped(&self) -> Option<Dot> {
        match self {
            Self::Drop { writer, birth, .. } => Some(Dot { replica: *writer, seq: *birth }),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Register(Place),
    Increase(Place, u32),
    Decrease(Place, u32),
    Release(Place),
    Tighten(Place, Place),
    Maintain,
    Retire(ReplicaId),
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

    fn effects(&self) -> impl Iterator<Item = (Dot, &Effect)> {
        self.issued.iter().flat_map(|(replica, effects)| {
            (1..).zip(effects).map(|(seq, effect)| (Dot { replica: *replica, seq }, effect))
        })
    }

    /// What should be known to whoever knows those dots.
    ///
    /// A reset is learnt together with the records that it resets. Of a record that was dropped meanwhile, others tell nothing any
    /// more: whoever learns of the reset from them does not learn that it concerns that record, until it learns of the drop. And who
    /// compares ranges with them may drop it too without hearing by which effect that was done. So while a drop is on its way, several
    /// things are possible.
    pub fn view(&self, context: &CausalContext) -> View {
        let mut registrations = vec![Registration::default(); self.places.len()];
        let mut resets = BTreeMap::<(Place, ReplicaId), BTreeSet<u64>>::new();
        for (dot, effect) in self.effects().filter(|(dot, _)| context.contains(*dot)) {
            match effect {
                Effect::Contribution { place, .. } => {
                    registrations[*place].0.entry(dot.replica).or_default().reach = dot.seq;
                }
                Effect::Drop { place, writer, birth } => {
                    let known = registrations[*place].0.entry(*writer).or_default();
                    known.dropped = known.dropped.max(*birth);
                    if dot.replica == *writer {
                        known.reach = dot.seq;
                    }
                }
                Effect::Reset { place, observed } => {
                    for (other, reach) in observed {
                        resets.entry((*place, *other)).or_default().insert(*reach);
                    }
                }
            }
        }
        for (dot, effect) in self.effects() {
            let Effect::Contribution { place, contribution } = effect else { continue };
            if let Some(known) = registrations[*place].0.get_mut(&dot.replica)
                && dot.seq <= known.reach
                && contribution.birth > known.dropped
            {
                // Of two births the later one wins: the earlier was dropped.
                known.contributions.retain(|(_, earlier)| earlier.birth == contribution.birth);
                known.contributions.push((dot.seq, *contribution));
            }
        }
        let mut possible: Vec<Vec<Registration>> = registrations.into_iter().map(|it| vec![it]).collect();
        for ((place, writer), reaches) in &resets {
            let reset = reaches.last().copied().unwrap_or(0);
            possible[*place][0].0.entry(*writer).or_default().reset = reset;
        }
        for (place, writer) in self.dropping(&possible) {
            let certain = &possible[place][0].0[&writer];
            let gone = Known { contributions: Vec::new(), ..certain.clone() };
            let reaches = resets.get(&(place, writer)).into_iter().flatten();
            let less = |reset: u64| Known { reset, ..certain.clone() };
            let each: Vec<Known> = reaches.copied().chain([0]).map(less).chain([gone]).collect();
            let with = |it: &Registration, known: &Known| {
                let mut it = it.clone();
                it.0.insert(writer, known.clone());
                it
            };
            possible[place] =
                possible[place].iter().flat_map(|it| each.iter().map(move |known| with(it, known))).collect();
        }
        let is_finished = |writer: &&ReplicaId| {
            let last = context.last_seq(**writer);
            context.retired_at(**writer).is_some_and(|told| context.prefix(**writer) >= last.max(told))
        };
        View { possible, finished: self.issued.keys().filter(is_finished).copied().collect() }
    }

    /// The records that were dropped, so that others may have heard, but not those who know only this.
    fn dropping(&self, known: &[Vec<Registration>]) -> BTreeSet<(Place, ReplicaId)> {
        let told = |by: ReplicaId| self.told.get(&by).copied().unwrap_or(0);
        let drops = self.effects().filter(|(dot, _)| dot.seq <= told(dot.replica));
        let is_news = |(_, effect): (Dot, &Effect)| {
            let Effect::Drop { place, writer, birth } = effect else { return None };
            let known = known[*place][0].0.get(writer)?;
            (known.birth() == Some(*birth)).then_some((*place, *writer))
        };
        drops.filter_map(is_news).collect()
    }

    /// What nobody will ever learn who knows only this, and what it costs.
    pub fn lost(&self, context: &CausalContext) -> Lost {
        let mut lost = Lost::default();
        let is_after_gap = |dot: Dot| dot.seq > context.prefix(dot.replica);
        for (dot, effect) in self.effects().filter(|(dot, _)| dot.seq <= context.last_seq(dot.replica)) {
            if !context.contains(dot) {
                lost.gaps += 1;
            } else if let Effect::Drop { writer, birth, .. } = effect {
                let born = Dot { replica: *writer, seq: *birth };
                lost.named_drops += usize::from(is_after_gap(dot) || is_after_gap(born));
            }
        }
        lost
    }
}
