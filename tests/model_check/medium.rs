//! The protocol itself: nodes on a medium where everybody hears everybody, and the bytes that they send.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crdt_range_map::Dot;
use stateright::{Model, Property};

use super::history::History;
use super::model::Id;
use super::model::history::Operation;
use super::site::fingerprint;
use super::tab::{Fault, Saving, Tab};

/// So many rounds must be enough to heal; in each, everybody posts once.
const ROUNDS_MAX: usize = 40;

/// What is to be checked.
#[derive(Clone, Debug)]
pub struct Medium {
    pub replicas: usize,
    pub ids: Vec<Id<u64>>,
    /// What can be done, and to which registration, beside [`Operation::Tighten`].
    pub menu: Vec<(usize, Operation)>,
    /// What the first replica did before, and everybody knows.
    pub heard: Vec<(usize, Operation)>,
    /// What replicas did before, each what is at its place, and nobody heard of.
    pub unheard: Vec<(usize, Operation)>,
    pub operations_max: usize,
    /// How many messages are posted in all, beside the deltas of operations, which are posted at once.
    pub posts_max: usize,
    /// How much the maps remember to answer from, in bytes.
    pub log_max: usize,
    /// Whether the nodes hand out pages, which are saved some time later.
    pub is_durable: bool,
    /// How many crashes there are in all, and pages that cannot be saved.
    pub troubles_max: usize,
}

#[derive(Debug)]
pub struct Post {
    from: usize,
    /// Whether it is an operation's delta.
    is_push: bool,
    bytes: Vec<u8>,
    fingerprint: u64,
}

#[derive(Clone, Debug)]
pub struct State {
    tabs: Vec<Tab>,
    /// The deltas of operations, ordered by fingerprint, each once, and then the last other message of each replica. Any of them
    /// may be delivered late, twice or never.
    posts: Vec<Arc<Post>>,
    history: Arc<History>,
    operations: usize,
    polls: usize,
    troubles: usize,
    fault: Option<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Operate(usize, usize),
    /// The node posts whatever it has to say next.
    Post(usize),
    Deliver(usize, usize),
    /// The page that is out is saved, and the node learns it.
    Save(usize),
    /// The page that is out cannot be saved.
    Fail(usize),
    /// The node starts again from what is saved, with or without the page that is out.
    Crash(usize, bool),
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tabs.iter().for_each(|tab| tab.fingerprint.hash(state));
        self.posts.iter().for_each(|post| post.fingerprint.hash(state));
        let counts = (self.operations, self.polls, self.troubles);
        (self.posts.len(), &self.history, counts, self.fault).hash(state);
    }
}

/// States are told apart by hashes of 64 bits, as the checker itself does.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        fingerprint(self) == fingerprint(other)
    }
}

impl State {
    fn new(medium: &Medium) -> Self {
        let Medium { ids, log_max, is_durable, .. } = medium;
        let numbers = 0..medium.replicas as u64;
        let mut tabs: Vec<Tab> = numbers.map(|number| Tab::new(number, *is_durable, *log_max)).collect();
        let mut history = History::default();
        for operation in &medium.heard {
            history.operate(&mut tabs[0].node, ids, *operation).expect("the first dots");
            let delta = tabs[0].node.last_delta().clone();
            tabs[1..].iter_mut().for_each(|tab| drop(tab.node.merge(&delta)));
        }
        for (tab, operation) in tabs.iter_mut().zip(&medium.unheard) {
            history.operate(&mut tab.node, ids, *operation).expect("the next dots");
        }
        for tab in &mut tabs {
            tab.settle(Saving::AtOnce);
            tab.open();
            // Everybody asks when it joins, and there is nothing to answer.
            tab.post(Saving::AtOnce);
            tab.settle(Saving::AtOnce);
        }
        let (posts, operations, polls, troubles, fault) = Default::default();
        Self { tabs, posts, history: history.into(), operations, polls, troubles, fault }
    }

    fn send(&mut self, from: usize, is_push: bool, bytes: Vec<u8>) {
        let fingerprint = fingerprint(&(from, &bytes));
        if !is_push {
            // Who posts something else before the last was heard, has lost it.
            self.posts.retain(|post| post.is_push || post.from != from);
        }
        if let Err(at) = self.posts.binary_search_by_key(&fingerprint, |post| post.fingerprint) {
            self.posts.insert(at, Arc::new(Post { from, is_push, bytes, fingerprint }));
        }
    }

    fn operate(&mut self, at: usize, medium: &Medium, entry: usize) {
        self.operations += 1;
        let history = Arc::make_mut(&mut self.history);
        if let Err(fault) = history.operate(&mut self.tabs[at].node, &medium.ids, medium.menu[entry]) {
            self.fault = Some(fault.into());
        }
    }

    fn crash(&mut self, at: usize, is_written: bool) {
        self.troubles += 1;
        let tab = &mut self.tabs[at];
        tab.crash(is_written);
        let (replica, last_seq) = (tab.node.map().replica(), tab.node.map().last_own_seq());
        Arc::make_mut(&mut self.history).forget_after(replica, last_seq);
    }

    /// Sends the deltas that may leave, and notes what went wrong.
    fn settle(&mut self, at: usize) {
        for bytes in self.tabs[at].settle(Saving::Later) {
            self.send(at, true, bytes);
        }
        self.fault = self.fault.or(self.tabs[at].fault);
    }

    /// Whether nobody claims to know a dot that was never issued, or of which its node was not to tell yet.
    fn claims_what_was_told(&self) -> bool {
        let is_told = |by: &Tab, to: &Tab| {
            let last_seq = to.node.map().state().context().last_seq(by.node.map().replica());
            last_seq <= by.last_to_be_heard_of()
        };
        let others = |by: usize| self.tabs.iter().enumerate().filter(move |(to, _)| *to != by);
        self.tabs.iter().enumerate().all(|(at, by)| others(at).all(|(_, to)| is_told(by, to)))
    }

    /// Whether those who claim to know everything show what all that happened amounts to.
    fn is_known_by_those_who_say_so(&self, medium: &Medium) -> bool {
        let issued = || {
            self.tabs.iter().map(|tab| {
                let map = tab.node.map();
                Dot { replica: map.replica(), seq: map.last_own_seq() }
            })
        };
        let knows_all =
            |tab: &Tab| issued().all(|dot| tab.node.map().state().context().prefix(dot.replica) == dot.seq);
        self.tabs
            .iter()
            .filter(|tab| knows_all(tab))
            .all(|tab| self.history.is_shown_by(&tab.node, &medium.ids))
    }

    fn is_converged(&self) -> bool {
        self.tabs.windows(2).all(|pair| pair[0].node.map().state() == pair[1].node.map().state())
    }

    /// Whether, when everything that is under way is lost and nothing any more, all come to hold the same and lose nothing.
    fn heals(&self, medium: &Medium) -> bool {
        let mut healed = self.clone();
        healed.tabs.iter_mut().for_each(Tab::save);
        for _ in 0..ROUNDS_MAX {
            if healed.is_converged() {
                let first = healed.tabs[0].node.map().state().encode();
                return healed.tabs.iter().all(|tab| {
                    tab.fault.is_none()
                        && tab.node.map().state().encode() == first
                        && self.history.is_shown_by(&tab.node, &medium.ids)
                });
            }
            for from in 0..healed.tabs.len() {
                let Some(bytes) = healed.tabs[from].post(Saving::AtOnce) else { continue };
                let others = healed.tabs.iter_mut().enumerate().filter(|(at, _)| *at != from);
                others.for_each(|(_, tab)| tab.receive(&bytes));
            }
        }
        false
    }

    fn finished_sessions(&self) -> u64 {
        self.tabs.iter().map(|tab| tab.node.statistics().sessions_finished).sum()
    }
}

impl Model for Medium {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.fault.is_some() {
            return;
        }
        for at in 0..self.replicas {
            if state.operations < self.operations_max {
                actions.extend((0..self.menu.len()).map(|entry| Action::Operate(at, entry)));
            }
            if state.polls < self.posts_max {
                actions.push(Action::Post(at));
            }
            let is_out = state.tabs[at].out.is_some();
            actions.extend(is_out.then_some(Action::Save(at)));
            if state.troubles < self.troubles_max {
                actions.push(Action::Crash(at, false));
                if is_out {
                    actions.extend([Action::Fail(at), Action::Crash(at, true)]);
                }
            }
            let others = (0..state.posts.len()).filter(|post| state.posts[*post].from != at);
            actions.extend(others.map(|post| Action::Deliver(at, post)));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        let at = match action {
            Action::Operate(at, entry) => {
                next.operate(at, self, entry);
                at
            }
            Action::Post(at) => {
                next.polls += 1;
                let bytes = next.tabs[at].post(Saving::Later)?;
                next.send(at, false, bytes);
                at
            }
            Action::Deliver(at, post) => {
                next.tabs[at].receive(&state.posts[post].bytes);
                at
            }
            Action::Save(at) => {
                next.tabs[at].save();
                at
            }
            Action::Fail(at) => {
                next.troubles += 1;
                next.tabs[at].fail();
                at
            }
            Action::Crash(at, is_written) => {
                next.crash(at, is_written);
                at
            }
        };
        next.settle(at);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(
                "each operation takes dots of its own, under the same id",
                |_: &Self, state: &State| state.fault.is_none(),
            ),
            Property::always("nobody claims what was not issued, or not saved", |_: &Self, state: &State| {
                state.claims_what_was_told()
            }),
            Property::always("who claims to know everything shows it", |medium: &Self, state: &State| {
                state.is_known_by_those_who_say_so(medium)
            }),
            Property::always("the protocol heals, and nothing is lost", |medium: &Self, state: &State| {
                state.heals(medium)
            }),
        ];
        if self.log_max == 0 && self.posts_max > 4 {
            // It takes five messages to ask, to compare, and to see that nothing is left.
            properties.push(Property::sometimes("a session ends", |_: &Self, state: &State| {
                state.finished_sessions() > 0
            }));
        }
        properties
    }
}
