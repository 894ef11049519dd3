//! What can happen to the system, and what must hold in every state.

use crdt_range_map::{NodeId, ReplicaId};
use stateright::{Model, Property};

use super::model::Id;
use super::model::history::Operation;
use super::state::{Sending, State};

/// What is to be checked: how many replicas, what they do, and how often.
#[derive(Clone, Debug)]
pub struct System {
    pub replicas: usize,
    /// The registrations; [`Operation::Tighten`] and the moves name the new one by its place here.
    pub ids: Vec<Id<u64>>,
    /// How many of the replicas operate; the others only hear, and drop nothing since they have written nothing.
    pub writers: usize,
    /// How many other registrations everybody knows from the beginning: a join into a state that is large beside the delta takes
    /// another way.
    pub ballast: usize,
    /// What can be done, and to which registration. Any writer may do any of it.
    pub menu: Vec<(usize, Operation)>,
    /// How many operations are done in all.
    pub operations_max: usize,
    pub crashes: Crashes,
    /// How often somebody asks for what it lacks, in all.
    pub asks_max: usize,
    /// How many effects the maps remember to answer from.
    pub log_max: usize,
}

/// How many crashes there are in all, and how replicas return: with what they saved, whenever that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crashes {
    None,
    /// Under the same id. What a replica does leaves it only when it is saved.
    SameId(usize),
    /// Under a new id. What a replica does leaves it at once, so that others may know more of it than it saved itself.
    NewId(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The replica does this entry of the menu.
    Operate(usize, usize),
    /// The replica receives the message.
    Deliver(usize, usize),
    /// The replica asks for what it lacks.
    Ask(usize),
    /// The replica answers a question.
    Answer(usize, usize),
    /// The replica saves what it knows, and then sends what it held back.
    Save(usize),
    /// The replica forgets what it did not save.
    Crash(usize),
}

impl System {
    fn sending(&self) -> Sending {
        if matches!(self.crashes, Crashes::SameId(_)) { Sending::WhenSaved } else { Sending::AtOnce }
    }

    fn may_crash(&self, state: &State) -> bool {
        let (Crashes::SameId(max) | Crashes::NewId(max)) = self.crashes else { return false };
        state.crashes < max
    }

    /// The id that a replica returns under.
    fn id_after_crash(&self, state: &State, at: usize) -> ReplicaId {
        match self.crashes {
            Crashes::NewId(_) => ReplicaId::new(100 - state.crashes as u64),
            _ => state.sites[at].map.replica(),
        }
    }
}

impl Model for System {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = State::new(self.replicas, (self.asks_max > 0).then_some(self.log_max));
        let range = &self.ids[0].0;
        (0..self.ballast).for_each(|at| {
            let id = (range.clone(), NodeId::new(format!("ballast-{at}")).expect("a short name"));
            state.begin_with(&id);
        });
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.fault.is_some() {
            return;
        }
        for (at, site) in state.sites.iter().enumerate() {
            if state.operations < self.operations_max && at < self.writers {
                actions.extend((0..self.menu.len()).map(|entry| Action::Operate(at, entry)));
            }
            let from_others = |message: &usize| state.messages[*message].from != site.map.replica();
            let messages = (0..state.messages.len()).filter(from_others);
            actions.extend(messages.map(|message| Action::Deliver(at, message)));
            if state.asks.len() < self.asks_max {
                actions.push(Action::Ask(at));
            }
            actions.extend((0..state.asks.len()).map(|ask| Action::Answer(at, ask)));
            if self.may_crash(state) {
                actions.push(Action::Crash(at));
            }
            if self.may_crash(state) || self.sending() == Sending::WhenSaved {
                actions.push(Action::Save(at));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        let has_changed = match action {
            Action::Operate(at, entry) => {
                let (place, operation) = self.menu[entry];
                let to = match operation {
                    Operation::Tighten(to) | Operation::MoveTo(to) | Operation::HandOver(to) => to,
                    _ => place,
                };
                let ids = (&self.ids[place], &self.ids[to]);
                next.operations += 1;
                next.act(at, self.sending(), |site, effects| site.operate(ids, operation, effects))
            }
            Action::Deliver(at, message) => next.deliver(at, self.sending(), &state.messages[message]),
            Action::Ask(at) => {
                next.ask(at);
                true
            }
            Action::Answer(at, ask) => next.answer(at, &state.asks[ask]),
            Action::Save(at) => next.save(at),
            Action::Crash(at) => next.crash(at, self.id_after_crash(state, at)),
        };
        has_changed.then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(
                "every effect has a dot of its own, and deltas tell what was done",
                |_, state: &State| state.fault.is_none(),
            ),
            Property::always("priorities are those of the reference", |_, state: &State| {
                state.sites.iter().all(|site| site.is_exact)
            }),
            Property::always(
                "who sent something knows it, unless it returned as another",
                |_, state: &State| state.sites.iter().all(|site| state.knows_what_it_sent(site)),
            ),
            Property::always(
                "after an exchange all hold the same, and nothing is lost",
                |_, state: &State| state.heals(),
            ),
        ];
        if self.asks_max == 0 {
            let is_so = |_: &Self, state: &State| state.knowing_the_same_is_holding_the_same();
            properties.push(Property::always("who knows the same dots holds the same", is_so));
        } else {
            let is_so = |_: &Self, state: &State| state.has_to_answer_with_everything();
            properties.push(Property::sometimes("a log does not reach back", is_so));
        }
        properties
    }
}
