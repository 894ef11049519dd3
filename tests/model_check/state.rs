//! The state of the whole system: the replicas, what they saved, and the deltas that were sent.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crdt_range_map::{ReplicaId, Version};

use super::model::Id;
use super::model::effects::{Effects, Fault};
use super::model::history::Operation;
use super::site::{Content, Message, Site, fingerprint};

/// When what a replica does leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    AtOnce,
    /// Not before the replica has saved it.
    WhenSaved,
}

#[derive(Clone, Debug)]
pub struct State {
    pub sites: Vec<Arc<Site>>,
    /// What each replica saved last: what it comes back with after a crash.
    saved: Vec<Arc<Site>>,
    /// What each replica did and holds back.
    held: Vec<Vec<Arc<Message>>>,
    /// Every delta that was ever sent, ordered by fingerprint, each once.
    pub messages: Vec<Arc<Message>>,
    /// What replicas knew when they asked for the rest.
    pub asks: Vec<Arc<Version>>,
    pub effects: Effects<u64>,
    effects_fingerprint: u64,
    pub operations: usize,
    pub crashes: usize,
    pub fault: Option<Fault>,
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sites.iter().chain(&self.saved).for_each(|site| site.fingerprint.hash(state));
        for messages in self.held.iter().chain([&self.messages]) {
            messages.len().hash(state);
            messages.iter().for_each(|message| message.fingerprint.hash(state));
        }
        self.asks.iter().for_each(|ask| ask.fingerprint().hash(state));
        (self.effects_fingerprint, self.operations, self.crashes, self.fault).hash(state);
    }
}

/// States are told apart by hashes of 64 bits, as the checker itself does.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        fingerprint(self) == fingerprint(other)
    }
}

impl State {
    pub fn new(replicas: usize, log_max: Option<usize>) -> Self {
        // Ids whose order is not that of the replicas.
        let ids = (0..replicas as u64).map(|at| ReplicaId::new((at * 7 + 3) % 11));
        let sites: Vec<Arc<Site>> = ids.map(|id| Arc::new(Site::new(id, log_max))).collect();
        Self {
            saved: sites.clone(),
            held: vec![Vec::new(); replicas],
            sites,
            messages: Vec::new(),
            asks: Vec::new(),
            effects: Effects::default(),
            effects_fingerprint: 0,
            operations: 0,
            crashes: 0,
            fault: None,
        }
    }

    /// Lets the first replica register something, of which all others hear.
    pub fn begin_with(&mut self, id: &Id<u64>) {
        self.act(0, Sending::AtOnce, |site, effects| site.operate((id, id), Operation::Register, effects));
        for message in std::mem::take(&mut self.messages) {
            for at in 1..self.sites.len() {
                self.deliver(at, Sending::AtOnce, &message);
            }
        }
        self.saved = self.sites.clone();
    }

    /// Lets one replica do something, and sends what comes of it, or holds it back. Returns whether anything changed.
    pub fn act(
        &mut self,
        at: usize,
        sending: Sending,
        act: impl FnOnce(&mut Site, &mut Effects<u64>) -> Result<Option<Content>, Fault>,
    ) -> bool {
        let before = self.sites[at].fingerprint;
        let from = self.sites[at].map.replica();
        match act(Arc::make_mut(&mut self.sites[at]), &mut self.effects) {
            Ok(Some(content)) => {
                self.effects_fingerprint = self.effects.fingerprint();
                let message = Arc::new(Message::new(from, content));
                match sending {
                    Sending::AtOnce => self.send(message),
                    Sending::WhenSaved => self.held[at].push(message),
                }
            }
            Ok(None) => {}
            Err(fault) => self.fault = Some(fault),
        }
        self.sites[at].fingerprint != before || self.fault.is_some()
    }

    pub fn deliver(&mut self, at: usize, sending: Sending, message: &Message) -> bool {
        self.act(at, sending, |site, effects| site.merge(&message.delta, &message.knowledge, effects))
    }

    /// The replica asks for what it does not know.
    pub fn ask(&mut self, at: usize) {
        let known = self.sites[at].map.state().version();
        let place = self.asks.partition_point(|ask| ask.fingerprint() < known.fingerprint());
        self.asks.insert(place, Arc::new(known.clone()));
    }

    /// The replica answers: with what is lacking, or if it cannot tell that, with all it holds. Returns whether anything changed.
    pub fn answer(&mut self, at: usize, ask: &Version) -> bool {
        let Site { map, reference, .. } = &*self.sites[at];
        let content = match map.delta_since(ask) {
            Some(delta) => {
                let content = self.effects.content(&reference.knowledge, delta.context());
                (delta, content)
            }
            None => (map.state().clone(), reference.knowledge.clone()),
        };
        let count = self.messages.len();
        if !content.0.is_empty() {
            self.send(Arc::new(Message::new(map.replica(), content)));
        }
        self.messages.len() > count
    }

    /// Saves what the replica knows, and sends what it held back. Returns whether anything changed.
    pub fn save(&mut self, at: usize) -> bool {
        if self.saved[at].fingerprint == self.sites[at].fingerprint {
            return false;
        }
        self.saved[at] = self.sites[at].clone();
        for message in std::mem::take(&mut self.held[at]) {
            self.send(message);
        }
        true
    }

    /// Takes the replica back to what it saved, under that id; what it held back never happened. Returns whether anything
    /// changed.
    pub fn crash(&mut self, at: usize, id: ReplicaId) -> bool {
        if self.saved[at].fingerprint == self.sites[at].fingerprint && self.sites[at].map.replica() == id {
            return false;
        }
        self.crashes += 1;
        self.sites[at] = Arc::new(self.saved[at].returned(id));
        if !self.held[at].is_empty() {
            self.held[at].clear();
            self.effects.forget_after(id, self.sites[at].own_seq());
            self.effects_fingerprint = self.effects.fingerprint();
        }
        self.saved[at] = self.sites[at].clone();
        true
    }

    fn send(&mut self, message: Arc<Message>) {
        let place = self.messages.binary_search_by_key(&message.fingerprint, |sent| sent.fingerprint);
        if let Err(at) = place {
            self.messages.insert(at, message);
        }
    }

    /// The replicas after they learnt each other's states, until there is nothing more to learn.
    ///
    /// In the first round everybody learns what anybody knows and drops what there is to drop, in the second these drops
    /// spread, and the third changes nothing. `None` if that takes longer, or if something is wrong on the way.
    fn healed(&self) -> Option<Vec<Arc<Site>>> {
        let mut healed = self.clone();
        for _ in 0..3 {
            let mut has_changed = false;
            let last = self.sites.len() - 1;
            let to_first = (1..=last).map(|from| (from, 0));
            for (from, to) in to_first.chain((1..=last).map(|to| (0, to))) {
                let learnt = healed.sites[from].clone();
                has_changed |= healed.act(to, Sending::AtOnce, |site, effects| {
                    site.merge(learnt.map.state(), &learnt.reference.knowledge, effects)
                });
            }
            if !has_changed {
                return healed.fault.is_none().then_some(healed.sites);
            }
        }
        None
    }

    /// Whether replicas of equal versions have equal states.
    pub fn knowing_the_same_is_holding_the_same(&self) -> bool {
        let states = || self.sites.iter().map(|site| site.map.state());
        states().all(|one| states().all(|other| one.version() != other.version() || one == other))
    }

    /// Whether a replica knows all that was sent under its id.
    pub fn knows_what_it_sent(&self, site: &Site) -> bool {
        let mut own = self.messages.iter().filter(|message| message.from == site.map.replica());
        own.all(|message| site.reference.knowledge.includes(&message.knowledge))
    }

    /// Whether some question can be answered with a whole state only.
    pub fn has_to_answer_with_everything(&self) -> bool {
        self.asks.iter().any(|ask| self.sites.iter().any(|site| site.map.delta_since(ask).is_none()))
    }

    /// Whether the replicas are equal after an exchange, byte for byte, and show what all of them knew before it taken together.
    pub fn heals(&self) -> bool {
        let mut all = self.sites[0].reference.knowledge.clone();
        self.sites[1..].iter().for_each(|site| all.join(&site.reference.knowledge));
        let Some(healed) = self.healed() else { return false };
        let bytes: Vec<Vec<u8>> = healed.iter().map(|site| site.map.state().encode()).collect();
        let knowledge = &healed[0].reference.knowledge;
        bytes.windows(2).all(|pair| pair[0] == pair[1])
            && healed.iter().all(|site| site.is_exact && site.reference.knowledge == *knowledge)
            && knowledge.registrations() == all.registrations()
    }
}
