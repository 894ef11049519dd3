//! The protocol itself, as bytes on a medium where everybody hears everybody.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crdt_range_map::sync::{Broadcast, Config};
use crdt_range_map::{Dot, RangeMap, ReplicaId};
use stateright::{Model, Property};

use super::history::{DotMisused, History};
use super::model::Id;
use super::model::history::Operation;
use super::site::fingerprint;

/// Each replica's clock stands still but when it posts: whatever a timer would bring about later may come about now, and need not.
const NOW_MS: u64 = 0;

/// A digest comes when nothing else is to be waited for.
const CONFIG: Config = Config {
    digest_interval_ms: 10_000,
    delay_max_ms: 0,
    retry_ms: 1,
    tries_max: 1,
    session_ms: 1,
    message_bytes_max: 4096,
    answer_bytes_max: 1024,
};

/// Who wakes so often has something to say, if only a digest.
const WAKES_MAX: usize = 16;

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
    /// How many effects the maps remember to answer from.
    pub log_max: usize,
}

#[derive(Clone, Debug)]
pub struct Tab {
    map: RangeMap<u64>,
    sync: Broadcast<u64>,
    /// Its own among the tabs.
    number: u64,
    fingerprint: u64,
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
    fault: Option<DotMisused>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Operate(usize, usize),
    /// The replica posts whatever it has to say next.
    Post(usize),
    Deliver(usize, usize),
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tabs.iter().for_each(|tab| tab.fingerprint.hash(state));
        self.posts.iter().for_each(|post| post.fingerprint.hash(state));
        (self.posts.len(), &self.history, self.operations, self.polls, self.fault).hash(state);
    }
}

/// States are told apart by hashes of 64 bits, as the checker itself does.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        fingerprint(self) == fingerprint(other)
    }
}

impl Tab {
    fn new(number: u64, log_max: usize) -> Self {
        // Ids whose order is not that of the tabs.
        let mut map = RangeMap::new(ReplicaId::new((number * 7 + 3) % 11));
        map.set_log_capacity(log_max);
        Self {
            map,
            sync: Broadcast::join(CONFIG, NOW_MS, &mut || number).expect("a sound configuration"),
            number,
            fingerprint: 0,
        }
    }

    fn post(&mut self) -> Option<Vec<u8>> {
        // Whoever has nothing else to say lets time pass until a digest is due. What is received comes at the same time as
        // everything else, for which the clock is set back.
        // The only random numbers that matter name questions; each must be another.
        let number = self.sync.statistics().messages_posted << 8 | self.number;
        (0..WAKES_MAX).find_map(|_| {
            let now_ms = self.sync.next_wake_ms();
            self.sync.poll(&self.map, now_ms, &mut || number)
        })
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.sync.receive(&mut self.map, bytes, NOW_MS, &mut || 0);
    }

    /// Everything that makes a difference is shown by `Debug`; of the statistics, which come last, only the posts do.
    fn settle(&mut self) {
        let (map, sync) = (format!("{:?}", self.map), format!("{:?}", self.sync));
        let log = map.rfind("log: Log {").expect("a map shows its log");
        let statistics = sync.rfind("statistics: ").expect("a protocol shows its statistics");
        let posted = self.sync.statistics().messages_posted;
        self.fingerprint =
            fingerprint(&(self.map.state().encode(), &map[log..], &sync[..statistics], posted));
    }
}

impl State {
    fn new(medium: &Medium) -> Self {
        let mut tabs: Vec<Tab> = (0..medium.replicas as u64).map(|at| Tab::new(at, medium.log_max)).collect();
        let mut history = History::default();
        for operation in &medium.heard {
            let delta = history.operate(&mut tabs[0].map, &medium.ids, *operation).expect("the first dots");
            tabs[1..].iter_mut().for_each(|tab| drop(tab.map.merge(&delta)));
        }
        for (tab, operation) in tabs.iter_mut().zip(&medium.unheard) {
            _ = history.operate(&mut tab.map, &medium.ids, *operation).expect("the next dots");
        }
        // Everybody asks when it joins, and there is nothing to answer.
        tabs.iter_mut().for_each(|tab| drop(tab.post()));
        tabs.iter_mut().for_each(Tab::settle);
        Self { tabs, posts: Vec::new(), history: history.into(), operations: 0, polls: 0, fault: None }
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
        match history.operate(&mut self.tabs[at].map, &medium.ids, medium.menu[entry]) {
            Ok(delta) if delta.is_empty() => {}
            Ok(delta) => {
                self.tabs[at].sync.publish(&delta);
                let bytes = self.tabs[at].post().expect("what was published is posted");
                self.send(at, true, bytes);
            }
            Err(fault) => self.fault = Some(fault),
        }
    }

    /// Whether nobody claims to know a dot that was never issued.
    fn claims_what_was_issued(&self) -> bool {
        let last = |of: &Tab, writer: ReplicaId| of.map.state().context().last_seq(writer);
        let writers =
            || self.tabs.iter().map(|writer| (last(writer, writer.map.replica()), writer.map.replica()));
        self.tabs.iter().all(|tab| writers().all(|(issued, writer)| last(tab, writer) <= issued))
    }

    /// Whether those who claim to know everything show what all that happened amounts to.
    fn is_known_by_those_who_say_so(&self, medium: &Medium) -> bool {
        let issued = || {
            self.tabs.iter().map(|tab| {
                let replica = tab.map.replica();
                Dot { replica, seq: tab.map.state().context().last_seq(replica) }
            })
        };
        let knows_all =
            |tab: &Tab| issued().all(|dot| tab.map.state().context().prefix(dot.replica) == dot.seq);
        self.tabs
            .iter()
            .filter(|tab| knows_all(tab))
            .all(|tab| self.history.is_shown_by(&tab.map, &medium.ids))
    }

    fn is_converged(&self) -> bool {
        self.tabs.windows(2).all(|pair| pair[0].map.state() == pair[1].map.state())
    }

    /// Whether, when everything that is under way is lost and nothing any more, all come to hold the same and lose nothing.
    fn heals(&self, medium: &Medium) -> bool {
        let mut healed = self.clone();
        for _ in 0..ROUNDS_MAX {
            if healed.is_converged() {
                let first = healed.tabs[0].map.state().encode();
                return healed.tabs.iter().all(|tab| {
                    tab.map.state().encode() == first && self.history.is_shown_by(&tab.map, &medium.ids)
                });
            }
            for from in 0..healed.tabs.len() {
                let Some(bytes) = healed.tabs[from].post() else { continue };
                let others = healed.tabs.iter_mut().enumerate().filter(|(at, _)| *at != from);
                others.for_each(|(_, tab)| tab.receive(&bytes));
            }
        }
        false
    }

    fn finished_sessions(&self) -> u64 {
        self.tabs.iter().map(|tab| tab.sync.statistics().sessions_finished).sum()
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
            let others = (0..state.posts.len()).filter(|post| state.posts[*post].from != at);
            actions.extend(others.map(|post| Action::Deliver(at, post)));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        let (Action::Operate(at, _) | Action::Post(at) | Action::Deliver(at, _)) = action;
        match action {
            Action::Operate(_, entry) => next.operate(at, self, entry),
            Action::Post(_) => {
                next.polls += 1;
                let bytes = next.tabs[at].post()?;
                next.send(at, false, bytes);
            }
            Action::Deliver(_, post) => next.tabs[at].receive(&state.posts[post].bytes),
        }
        next.tabs[at].settle();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("each operation takes dots of its own", |_: &Self, state: &State| {
                state.fault.is_none()
            }),
            Property::always("nobody claims what was not issued", |_: &Self, state: &State| {
                state.claims_what_was_issued()
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
