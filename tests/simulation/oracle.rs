//! The reference: every effect of every operation is kept for ever under its own dot, and what a replica should answer follows
//! from the dots that it claims to know.
//!
//! It foretells which effects an operation has, one dot each, in the order in which they are numbered: a drop of the own record
//! and of those of retired writers, resets of the others' records one by one, and then what is contributed. Whoever knows a
//! contribution or a reset of it knows all that its writer contributed to the same record before; whoever knows a drop or something
//! later knows that what was dropped is reset.
//!
//! A context that claims what was not received, a reset that reaches too far, a drop that gets lost or is mistaken: all show as a
//! priority that does not follow from the context.

use std::collections::{BTreeMap, BTreeSet};
use std::panic;

use crdt_range_map::{CausalContext, Dot, KeyRange, ReplicaId, Version};

use crate::heard::Heard;
use crate::keys::SimulatedKey;
use crate::model::Id;
use crate::view::{Known, Possible, Registration};

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
    /// Cancels what that writer contributed, up to that number.
    Reset {
        place: Place,
        writer: ReplicaId,
        reach: u64,
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
    /// To another range of the node, or to another node.
    Move(Place, Place),
    Maintain,
    Retire(ReplicaId),
}

/// An effect that somebody had.
#[derive(Clone, Debug)]
pub struct Issued {
    pub effect: Effect,
    /// The number of the first effect of the operation that had it; `None` if it followed from what was heard.
    pub operation: Option<u64>,
}

/// Every effect there ever was, but for those that were lost before anybody could learn of them.
pub struct Oracle<K> {
    pub places: Vec<Id<K>>,
    /// By writer; the number of an effect is its index + 1.
    issued: BTreeMap<ReplicaId, Vec<Issued>>,
    /// The same by registration; those of one writer in order.
    by_place: Vec<Vec<Dot>>,
    /// How many effects each writer had had when it last said something.
    announced: BTreeMap<ReplicaId, u64>,
    /// Effects that somebody took for lost who had not heard what they were.
    given_up: BTreeSet<Dot>,
}

/// Ends a schedule in which too much was given up to foretell anything.
pub struct TooUncertain;

/// Of one registration there are so many possibilities at most.
const POSSIBLE_MAX: usize = 4_096;

/// The holes in a context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lost {
    /// Effects before the last known one of their writer.
    pub gaps: usize,
    /// Known drops that a state has to name, since they come after a gap.
    pub named_drops: usize,
}

impl<K: SimulatedKey> Oracle<K> {
    pub fn new(mut places: Vec<Id<K>>) -> Self {
        places.sort();
        places.dedup();
        let by_place = vec![Vec::new(); places.len()];
        Self {
            places,
            issued: BTreeMap::new(),
            by_place,
            announced: BTreeMap::new(),
            given_up: BTreeSet::new(),
        }
    }

    /// The writer did something.
    pub fn issue(&mut self, writer: ReplicaId, effects: Vec<Effect>) {
        let operation = self.issued(writer) + 1;
        effects.into_iter().for_each(|effect| self.add(writer, effect, Some(operation)));
    }

    /// The writer dropped something by itself.
    pub fn issue_drops(&mut self, writer: ReplicaId, drops: Vec<Effect>) {
        drops.into_iter().for_each(|drop| self.add(writer, drop, None));
    }

    fn add(&mut self, replica: ReplicaId, effect: Effect, operation: Option<u64>) {
        let issued = self.issued.entry(replica).or_default();
        let seq = issued.len() as u64 + 1;
        self.by_place[effect.place()].push(Dot { replica, seq });
        issued.push(Issued { effect, operation });
    }

    fn issued(&self, writer: ReplicaId) -> u64 {
        self.issued.get(&writer).map_or(0, Vec::len) as u64
    }

    /// The writer says something, perhaps something that follows from all that it has done.
    pub fn announce(&mut self, writer: ReplicaId) {
        self.announced.insert(writer, self.issued(writer));
    }

    /// Whether the writer has said something since it had that effect.
    pub fn is_announced(&self, dot: Dot) -> bool {
        self.announced.get(&dot.replica).is_some_and(|announced| *announced >= dot.seq)
    }

    /// The writer lost what it did after that number, and nobody had heard of it.
    pub fn forget_after(&mut self, writer: ReplicaId, seq: u64) {
        let issued = self.issued.entry(writer).or_default();
        if issued.len() as u64 > seq {
            issued.truncate(seq as usize);
            self.by_place
                .iter_mut()
                .for_each(|dots| dots.retain(|dot| dot.replica != writer || dot.seq <= seq));
            self.announced.entry(writer).and_modify(|announced| *announced = seq.min(*announced));
        }
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

    /// The effects on a registration, those of each writer in order.
    pub fn effects(&self, place: Place) -> impl Iterator<Item = (Dot, &Issued)> {
        self.by_place[place].iter().map(|dot| (*dot, &self.issued[&dot.replica][dot.seq as usize - 1]))
    }

    fn all_effects(&self) -> impl Iterator<Item = (Dot, &Effect)> {
        self.issued.iter().flat_map(|(replica, issued)| {
            (1..).zip(issued).map(|(seq, issued)| (Dot { replica: *replica, seq }, &issued.effect))
        })
    }

    /// The registrations of which somebody learns something who knew only the one context before, and knows the other now; and those
    /// in ranges of which something else changed.
    pub fn places_between(
        &self,
        before: &CausalContext,
        after: &CausalContext,
        changed: &[KeyRange<K>],
    ) -> BTreeSet<Place> {
        let mut places = BTreeSet::new();
        let news = after.difference(before);
        for (replica, issued) in &self.issued {
            let last = news.last_seq(*replica).min(issued.len() as u64);
            let unknown = before.prefix(*replica) + 1..=last;
            let learnt = unknown.filter(|seq| news.contains(Dot { replica: *replica, seq: *seq }));
            places.extend(learnt.map(|seq| issued[seq as usize - 1].effect.place()));
        }
        for range in changed {
            let is_in = |place: &Place| range.intersects(&self.places[*place].0);
            places.extend((0..self.places.len()).filter(is_in));
        }
        places
    }

    /// What should be known of a registration to whoever knows those dots.
    ///
    /// Each effect concerns one record, so that follows from the dots alone; but for two things. A drop may be heard of by the name of
    /// what it dropped, without its own dot: then only the record's birth is known for it. So while a drop is on its way, whoever knows
    /// the record's birth and not the drop may have dropped the record or not. And of what somebody has given up, whoever knows
    /// its dot may have heard what it did or not; of a record whose birth was given up nothing may be left.
    pub fn view(&self, context: &CausalContext, place: Place) -> Possible {
        let mut heard = BTreeMap::<ReplicaId, Heard>::new();
        let mut dropping = BTreeSet::new();
        for (dot, issued) in self.effects(place) {
            if let Effect::Drop { writer, birth, .. } = issued.effect
                && self.is_announced(dot)
            {
                dropping.insert((writer, birth));
            }
            if !context.contains(dot) {
                continue;
            }
            let is_sure = !self.given_up.contains(&dot);
            match issued.effect {
                Effect::Contribution { .. } => {
                    heard.entry(dot.replica).or_default().reach.add(dot.seq, is_sure);
                }
                Effect::Drop { writer, birth, .. } => {
                    let heard = heard.entry(writer).or_default();
                    heard.dropped.add(birth, is_sure);
                    if dot.replica == writer {
                        heard.reach.add(dot.seq, is_sure);
                    }
                }
                Effect::Reset { writer, reach, .. } => {
                    heard.entry(writer).or_default().reset.add(reach, is_sure);
                }
            }
        }
        for (dot, issued) in self.effects(place) {
            if let Effect::Contribution { contribution, .. } = issued.effect
                && let Some(heard) = heard.get_mut(&dot.replica)
            {
                heard.contributions.push((dot.seq, contribution));
            }
        }
        let mut registrations = vec![Registration::default()];
        for (writer, heard) in heard {
            let may_be_dropped = |birth| {
                dropping.contains(&(writer, birth))
                    || self.given_up.contains(&Dot { replica: writer, seq: birth })
            };
            let each = heard.possible(may_be_dropped);
            let with = |known: &Known| {
                let with = |it: &Registration| {
                    Registration([(writer, known.clone())].into_iter().chain(it.0.clone()).collect())
                };
                registrations.iter().map(with).collect::<Vec<_>>()
            };
            registrations = match &each[..] {
                [known] => {
                    registrations.iter_mut().for_each(|it| drop(it.0.insert(writer, known.clone())));
                    registrations
                }
                several => several.iter().flat_map(with).collect(),
            };
            if registrations.len() > POSSIBLE_MAX {
                panic::resume_unwind(Box::new(TooUncertain));
            }
        }
        Possible { place, registrations }
    }

    /// Somebody takes those effects for lost: whoever hears that counts them as known.
    pub fn give_up(&mut self, lost: BTreeSet<Dot>) {
        self.given_up.extend(lost);
    }

    /// What somebody has taken for lost who knows more now than before, but for what it did itself: of retired writers only, and then all.
    pub fn given_up(
        &self,
        before: &Version,
        after: &Version,
        by: ReplicaId,
    ) -> Result<BTreeSet<Dot>, String> {
        let news = after.context().difference(before.context());
        let mut given_up = BTreeSet::new();
        for writer in self.issued.keys().filter(|writer| **writer != by) {
            let all = before.context().prefix(*writer) + 1..=news.last_seq(*writer);
            let dots = all.map(|seq| Dot { replica: *writer, seq }).filter(|dot| news.contains(*dot));
            let count = given_up.len();
            given_up.extend(dots);
            if given_up.len() > count && !after.retired().contains(*writer) {
                return Err(format!("{by} gives up what {writer} did, who may still tell"));
            }
        }
        let finished = self.finished(after);
        match self.retired(after).into_iter().find(|writer| !finished.contains(writer)) {
            Some(writer) if !given_up.is_empty() => {
                Err(format!("{by} does not give up all that {writer} did"))
            }
            _ => Ok(given_up),
        }
    }

    /// The writers that are known to be retired.
    pub fn retired(&self, version: &Version) -> BTreeSet<ReplicaId> {
        self.issued.keys().filter(|writer| version.retired().contains(**writer)).copied().collect()
    }

    /// Whether something that was given up concerns a registration, to whoever knows those dots.
    pub fn is_partly_given_up(&self, context: &CausalContext, place: Place) -> bool {
        self.by_place[place].iter().any(|dot| context.contains(*dot) && self.given_up.contains(dot))
    }

    /// Retired writers of whom everything is known.
    pub fn finished(&self, version: &Version) -> BTreeSet<ReplicaId> {
        let context = version.context();
        let is_finished = |writer: &&ReplicaId| {
            let last = context.last_seq(**writer);
            version
                .retired()
                .last_seq(**writer)
                .is_some_and(|announced| context.prefix(**writer) >= last.max(announced))
        };
        self.issued.keys().filter(is_finished).copied().collect()
    }

    /// How many records a state holds of whoever knows that: contributions that nobody has dropped.
    pub fn record_count(&self, context: &CausalContext) -> usize {
        let all = (0..self.places.len()).map(|place| self.view(context, place));
        all.map(|possible| {
            possible.registrations[0].0.values().filter(|known| known.birth().is_some()).count()
        })
        .sum()
    }

    /// What nobody will ever learn who knows only this, and what it costs.
    pub fn lost(&self, context: &CausalContext) -> Lost {
        let mut lost = Lost::default();
        let is_after_gap = |dot: Dot| dot.seq > context.prefix(dot.replica);
        for (dot, effect) in self.all_effects().filter(|(dot, _)| dot.seq <= context.last_seq(dot.replica)) {
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
