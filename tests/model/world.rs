//! The map and the model side by side: a few replicas of each go through the same history and are compared at every step.

mod draining;

use std::collections::BTreeSet;
use std::fmt::Display;

use crdt_range_map::{Changes, Delta, KeyRange, LeastKey, NodeId, RangeMap, ReplicaId, WireKey, WriteError};

use super::effects::Effects;
use super::history::{History, Operation, Place, Step};
use super::served::{self, agree};
use super::{Id, Knowledge, Replica};

/// How many sample keys there are; every range begins and ends at one of them, or is unbounded.
pub const KEYS: usize = 10;

/// A key type with [`KEYS`] sample keys: ascending, from the least one on.
pub trait SampleKey: WireKey + LeastKey {
    fn sample(at: usize) -> Self;

    fn samples() -> Vec<Self> {
        (0..KEYS).map(Self::sample).collect()
    }
}

impl SampleKey for u64 {
    fn sample(at: usize) -> Self {
        at as u64
    }
}

impl SampleKey for String {
    fn sample(at: usize) -> Self {
        ["", "\0", "a", "a\0", "aa", "ab", "b", "z", "ä", "😀"][at].to_string()
    }
}

/// Where the ranges of the pool begin and end: touching, nested, equal in one end, unbounded, full.
pub const POOL: [(usize, Option<usize>); 10] = [
    (2, Some(4)),
    (4, Some(6)),
    (2, Some(6)),
    (3, Some(5)),
    (0, Some(8)),
    (4, None),
    (0, None),
    (2, Some(3)),
    (0, Some(2)),
    (6, None),
];

pub fn range<K: SampleKey>((start, end): (usize, Option<usize>)) -> KeyRange<K> {
    match end {
        Some(end) => KeyRange::new(K::sample(start), K::sample(end)).unwrap(),
        None => KeyRange::from_start(K::sample(start)),
    }
}

pub fn node(at: usize) -> NodeId {
    NodeId::new(["n", "a", "node-b"][at]).unwrap()
}

/// One replica: the map and what the model says it knows.
#[derive(Clone)]
pub struct Peer<K> {
    pub map: RangeMap<K>,
    pub model: Replica<K>,
}

#[derive(Clone)]
pub struct World<K> {
    pub peers: Vec<Peer<K>>,
    /// Everything that was ever sent.
    pub messages: Vec<(Delta<K>, Knowledge<K>)>,
    /// Whom each replica sees, and which nodes it marked as down.
    lives: Vec<(BTreeSet<ReplicaId>, BTreeSet<NodeId>)>,
    effects: Effects<K>,
    nodes: Vec<NodeId>,
    ranges: Vec<KeyRange<K>>,
    ballast: Vec<Id<K>>,
}

impl<K: SampleKey> World<K> {
    /// Replicas that know nothing but the ballast: that many registrations beside those that steps are about. A join into a
    /// state that is large beside the delta takes another way.
    pub fn new(replicas: usize, nodes: usize, pool: impl IntoIterator<Item = usize>, ballast: usize) -> Self {
        // Ids with gaps, whose order is not that in which the replicas start to write.
        let number = |at: u64| (at * 7 + 3) % 11;
        // Every other one is ephemeral.
        let id = |at| if at % 2 == 0 { ReplicaId::new(number(at)) } else { ReplicaId::ephemeral(number(at)) };
        let ids = (0..replicas as u64).map(id);
        let mut peers: Vec<Peer<K>> =
            ids.map(|id| Peer { map: RangeMap::new(id), model: Replica::new(id) }).collect();
        let ballast = (0..ballast).map(|at| (range(POOL[7]), NodeId::new(format!("ballast-{at}")).unwrap()));
        let ballast: Vec<Id<K>> = ballast.collect();
        let mut effects = Effects::default();
        for id in &ballast {
            let Peer { map, model } = &mut peers[0];
            let (before, seq_before) = (model.knowledge.clone(), own_seq(map));
            let delta = wrote(map.register(&id.1, &id.0));
            let knowledge = model.register(id);
            let done = (&before, &model.knowledge);
            effects
                .issue(map.replica(), None, done, seq_before, map.state().context())
                .expect("the first effects");
            for peer in &mut peers[1..] {
                let _ = peer.map.merge(&delta);
                let _ = peer.model.merge(&knowledge);
            }
        }
        let nodes = (0..nodes).map(node).collect();
        let ranges = pool.into_iter().map(|at| range(POOL[at])).collect();
        let lives = vec![Default::default(); replicas];
        Self { peers, messages: Vec::new(), lives, effects, nodes, ranges, ballast }
    }

    /// Lives through a history, comparing at every step, and lets the replicas agree at the end.
    pub fn live(history: &History) -> Result<Self, String> {
        let mut world =
            Self::new(history.replicas, history.nodes, history.ranges.iter().copied(), history.ballast);
        for (at, step) in history.steps.iter().enumerate() {
            world.step(*step).map_err(|wrong| format!("step {at}, {step:?}: {wrong}"))?;
        }
        Ok(world)
    }

    pub fn step(&mut self, step: Step) -> Result<(), String> {
        let replicas = self.peers.len();
        match step {
            Step::Operate(at, place, operation) => self.operate(at % replicas, place, operation),
            Step::Deliver(at, sent) => match self.message(sent) {
                Some((delta, knowledge)) => self.deliver(at % replicas, &delta, &knowledge),
                None => Ok(()),
            },
            Step::Combine(first, second) => {
                let (Some(mut joined), Some(other)) = (self.message(first), self.message(second)) else {
                    return Ok(());
                };
                joined.0.merge(&other.0);
                joined.1.join(&other.1);
                self.send(joined.0, joined.1)
            }
            Step::Snapshot(at) => {
                let Peer { map, model } = &self.peers[at % replicas];
                self.send(map.state().clone(), model.knowledge.clone())
            }
            Step::Exchange(from, to) => {
                let Peer { map, model } = self.peers[from % replicas].clone();
                self.deliver(to % replicas, map.state(), &model.knowledge)
            }
            Step::Restart(at) => {
                let peer = &mut self.peers[at % replicas];
                let mut map = RangeMap::new(peer.map.replica());
                let changes = map.merge(peer.map.state());
                agree("news from a restart", changes.delta().is_empty(), true)?;
                agree("the restarted state", map.state(), peer.map.state())?;
                self.lives[at % replicas] = Default::default();
                peer.map = map;
                self.check(at % replicas)
            }
            Step::Life(at, of) => {
                let (at, writer) = (at % replicas, self.peers[of % replicas].map.replica());
                let (present, _) = &mut self.lives[at];
                let is_present = !present.remove(&writer) && present.insert(writer);
                self.peers[at].map.set_present(writer, is_present);
                self.check_living(at)
            }
            Step::Down(at, node) => {
                let (at, node) = (at % replicas, &self.nodes[node % self.nodes.len()]);
                let (_, down) = &mut self.lives[at];
                if down.remove(node) {
                    self.peers[at].map.mark_up(node);
                } else {
                    down.insert(node.clone());
                    self.peers[at].map.mark_down(node);
                }
                self.check_living(at)
            }
        }
    }

    fn operate(&mut self, at: usize, (node, range): Place, operation: Operation) -> Result<(), String> {
        let id = self.id(node, range);
        match operation {
            Operation::Drain(window, count) => {
                let window = self.ranges[window % self.ranges.len()].clone();
                return self.drain(at, &id.1, &window, count);
            }
            Operation::StandIn(node) => {
                let node = self.nodes[node % self.nodes.len()].clone();
                return self.stand_in(at, &node, &id.1, &id.0);
            }
            _ => {}
        }
        let writer = |at: usize| self.peers[at % self.peers.len()].map.replica();
        let withdrawn = if let Operation::Withdraw(of) = operation { Some(writer(of)) } else { None };
        let Peer { map, model } = &mut self.peers[at];
        let mut joined = map.state().clone();
        let (before, seq_before) = (model.knowledge.clone(), own_seq(map));
        let (delta, knowledge) = match operation {
            Operation::Register => (wrote(map.register(&id.1, &id.0)), model.register(&id)),
            Operation::Increase(by) => {
                (wrote(map.increase(&id.1, &id.0, by)), model.increase(&id, by.get().into()))
            }
            Operation::Decrease(by) => {
                (wrote(map.decrease(&id.1, &id.0, by)), model.decrease(&id, by.get().into()))
            }
            Operation::Release => (wrote(map.release(&id.1, &id.0)), model.release(&id)),
            Operation::SetPriority(to) => {
                (wrote(map.set_priority(&id.1, &id.0, to)), model.set_priority(&id, to))
            }
            Operation::Withdraw(_) => {
                let writer = withdrawn.expect("it was named");
                (wrote(map.withdraw(writer)), model.withdraw(writer))
            }
            Operation::Unite => (wrote(map.unite(&id.1, &id.0)), model.unite(&id, &K::samples())),
            Operation::ReleaseNode => (wrote(map.release_node(&id.1)), model.release_node(&id.1)),
            Operation::Drain(..) | Operation::StandIn(_) => unreachable!("they are several operations"),
            Operation::Tighten(_) | Operation::MoveTo(_) | Operation::Carve(_) | Operation::HandOver(_) => {
                let range = |at: usize| &self.ranges[at % self.ranges.len()];
                let moved = |at: usize| (range(at).clone(), id.1.clone());
                let done = match operation {
                    Operation::Tighten(to) => {
                        told(map.tighten(&id.1, &id.0, range(to)), model.tighten(&id, &moved(to)))
                    }
                    Operation::MoveTo(to) => {
                        told(map.move_to(&id.1, &id.0, range(to)), model.replace(&id, &[moved(to)]))
                    }
                    Operation::Carve(hole) => {
                        told(map.carve(&id.1, &id.0, range(hole)), model.carve(&id, range(hole)))
                    }
                    Operation::HandOver(to) => {
                        let to = &self.nodes[to % self.nodes.len()];
                        let handed = (id.0.clone(), to.clone());
                        told(map.hand_over(&id.1, &id.0, to), model.replace(&id, &[handed]))
                    }
                    _ => unreachable!("all others are above"),
                };
                match done {
                    (Ok(delta), Ok(knowledge)) => (delta, knowledge),
                    (map_says, model_says) => {
                        agree("what is refused", map_says.map(|_| ()), model_says.map(|_| ()))?;
                        agree("the state after an error", map.state(), &joined)?;
                        return self.check(at);
                    }
                }
            }
        };
        let id = (!matches!(operation, Operation::Withdraw(_) | Operation::ReleaseNode)).then_some(&id);
        joined.merge(&delta);
        self.end(at, id, (&before, seq_before, &joined), delta, knowledge)
    }

    /// What an operation did to the map must be what it did to the model. With an id it is about that registration alone.
    fn end(
        &mut self,
        at: usize,
        id: Option<&Id<K>>,
        (before, seq_before, joined): (&Knowledge<K>, u64, &Delta<K>),
        delta: Delta<K>,
        knowledge: Knowledge<K>,
    ) -> Result<(), String> {
        agree("the delta is empty", delta.is_empty(), knowledge.is_empty())?;
        let state = self.peers[at].map.state();
        agree("the state, and the one before joined with the delta,", state, joined)?;
        let (effects, peer) = (&mut self.effects, &self.peers[at]);
        let knowledge = check_content(effects, peer, id, (before, seq_before), &delta, knowledge)?;
        self.check(at)?;
        self.send(delta, knowledge)
    }

    fn deliver(&mut self, at: usize, delta: &Delta<K>, knowledge: &Knowledge<K>) -> Result<(), String> {
        let Peer { map, model } = &mut self.peers[at];
        let mut before = model.knowledge.clone();
        let shown_before = before.registrations();
        before.join(knowledge);
        let seq_before = own_seq(map);
        let mut joined = map.state().clone();
        let changes = map.merge(delta);
        let drops = model.merge(knowledge);
        agree("nothing is dropped", changes.delta().is_empty(), drops.is_empty())?;
        joined.merge(delta);
        joined.merge(changes.delta());
        agree("the state, and the one before joined with what was learnt,", map.state(), &joined)?;
        check_ranges(&changes, &shown_before, &model.knowledge.registrations())?;
        let drops = check_content(
            &mut self.effects,
            &self.peers[at],
            None,
            (&before, seq_before),
            changes.delta(),
            drops,
        )?;
        self.check(at)?;
        self.send(changes.delta().clone(), drops)
    }

    /// Lets everybody learn everybody's state until nothing changes, which must be soon.
    ///
    /// In the first round everybody learns what anybody knows, and so makes all the drops that are still to be made; in the
    /// second these spread; in the third nothing changes.
    pub fn agree(&mut self) -> Result<(), String> {
        for round in 1.. {
            let before: Vec<Delta<K>> = self.peers.iter().map(|peer| peer.map.state().clone()).collect();
            for (from, to) in self.pairs() {
                self.step(Step::Exchange(from, to))?;
            }
            if self.peers.iter().map(|peer| peer.map.state()).eq(&before) {
                break;
            }
            agree("rounds until nothing changes are at most 3", round < 3, true)?;
        }
        let first = &self.peers[0];
        for peer in &self.peers[1..] {
            agree("the state after exchange", peer.map.state(), first.map.state())?;
            agree("its bytes", peer.map.state().encode(), first.map.state().encode())?;
            agree("knowledge in the model", &peer.model.knowledge, &first.model.knowledge)?;
        }
        Ok(())
    }

    /// Releases everything everywhere; then no state may hold anything but contexts. Returns the length of one.
    pub fn wind_up(&mut self) -> Result<usize, String> {
        self.agree()?;
        for id in self.ids() {
            let (node, range) = (&id.1, &id.0);
            let Peer { map, model } = &mut self.peers[0];
            let (before, seq_before) = (model.knowledge.clone(), own_seq(map));
            let (delta, knowledge) = (wrote(map.release(node, range)), model.release(&id));
            let knowledge = check_content(
                &mut self.effects,
                &self.peers[0],
                None,
                (&before, seq_before),
                &delta,
                knowledge,
            )?;
            self.send(delta, knowledge)?;
        }
        self.agree()?;
        let state = self.peers[0].map.state();
        agree("registrations after all is released", self.peers[0].map.registrations().count(), 0)?;
        Ok(state.encode().len())
    }

    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<K> {
        let replicas = self.peers.len();
        (0..replicas * replicas).map(move |at| (at / replicas, at % replicas)).filter(|(from, to)| from != to)
    }

    /// Sends a message, unless it says nothing. It is sound: its bytes mean the same.
    fn send(&mut self, delta: Delta<K>, knowledge: Knowledge<K>) -> Result<(), String> {
        if !delta.is_empty() {
            agree("a message decoded again", Delta::decode(&delta.encode()).as_ref(), Ok(&delta))?;
            self.messages.push((delta, knowledge));
        }
        Ok(())
    }

    fn message(&self, sent_after: usize) -> Option<(Delta<K>, Knowledge<K>)> {
        let last = self.messages.len().checked_sub(1)?;
        Some(self.messages[last - sent_after % self.messages.len()].clone())
    }

    fn id(&self, node: usize, range: usize) -> Id<K> {
        (self.ranges[range % self.ranges.len()].clone(), self.nodes[node % self.nodes.len()].clone())
    }

    /// Every registration that there can be.
    fn ids(&self) -> Vec<Id<K>> {
        let of_range = |range: &KeyRange<K>| {
            self.nodes.iter().map(|node| (range.clone(), node.clone())).collect::<Vec<_>>()
        };
        let pool = self.ranges.iter().flat_map(of_range).chain(self.ballast.iter().cloned());
        // What is carved leaves others.
        let known = self.peers.iter().flat_map(|peer| peer.model.knowledge.known.values());
        let ids: BTreeSet<Id<K>> = pool.chain(known.map(|(id, _)| id.clone())).collect();
        ids.into_iter().collect()
    }

    /// Whether the map answers every question as the model does.
    fn check(&self, at: usize) -> Result<(), String> {
        let Peer { map, model } = &self.peers[at];
        let registrations = model.knowledge.registrations();
        for id in self.ids() {
            let visible = registrations.iter().find(|(visible, _)| *visible == id);
            let priority = visible.map(|(_, priority)| *priority);
            agree(format_args!("priority of {id:?}"), map.priority(&id.1, &id.0), priority)?;
        }
        let listed: Vec<(Id<K>, u64)> =
            map.registrations().map(|it| ((it.range, it.node), it.priority)).collect();
        agree("registrations", &listed, &registrations)?;
        served::check(map, &registrations, &K::samples())?;
        // Every time would take twice as long, and what is wrong once mostly stays so.
        if self.messages.len().is_multiple_of(3) { self.check_living(at) } else { Ok(()) }
    }

    /// Whether it answers as of who is alive as if there had been nobody else.
    fn check_living(&self, at: usize) -> Result<(), String> {
        let (map, living) = (&self.peers[at].map, self.living(at));
        for id in self.ids() {
            let visible = living.iter().find(|(visible, _)| *visible == id);
            let priority = visible.map(|(_, priority)| *priority);
            agree(format_args!("living priority of {id:?}"), map.living_priority(&id.1, &id.0), priority)?;
        }
        served::check_answer(map.living(), &living, &K::samples())
    }

    /// What counts at a replica as of who is alive.
    fn living(&self, at: usize) -> Vec<(Id<K>, u64)> {
        let (Peer { map, model }, (present, down)) = (&self.peers[at], &self.lives[at]);
        let counts = |writer: ReplicaId| {
            writer.get() < 1 << 48 || writer == map.replica() || present.contains(&writer)
        };
        model.knowledge.living(counts, down)
    }
}

fn own_seq<K: SampleKey>(map: &RangeMap<K>) -> u64 {
    map.state().context().last_seq(map.replica())
}

/// What a delta tells that a peer made, whose knowledge and last dot were those before. `least` is what the model says.
fn check_content<K: SampleKey>(
    effects: &mut Effects<K>,
    peer: &Peer<K>,
    first: Option<&Id<K>>,
    (before, seq_before): (&Knowledge<K>, u64),
    delta: &Delta<K>,
    least: Knowledge<K>,
) -> Result<Knowledge<K>, String> {
    let Peer { map, model } = peer;
    let after = &model.knowledge;
    let context = map.state().context();
    let issued = effects.issue(map.replica(), first, (before, after), seq_before, context);
    let content = issued.and_then(|()| effects.content_beyond(&least, after, delta.context()));
    content.map_err(|fault| format!("{fault:?}"))
}

/// Both, with their errors in words.
fn told<D, K, E: Display>(map: Result<D, E>, model: Result<K, E>) -> (Result<D, String>, Result<K, String>) {
    (map.map_err(|error| error.to_string()), model.map_err(|error| error.to_string()))
}

/// What an operation did that nothing keeps from writing.
pub fn wrote<K>(done: Result<Delta<K>, WriteError>) -> Delta<K> {
    done.expect("there is no limit, and it is not retired")
}

/// Whether the ranges are disjoint, in order, hold every key whose owners changed, and are none if no priority did.
fn check_ranges<K: SampleKey>(
    changes: &Changes<K>,
    before: &[(Id<K>, u64)],
    after: &[(Id<K>, u64)],
) -> Result<(), String> {
    let ranges = changes.ranges();
    agree("the changes are empty", changes.is_empty(), before == after)?;
    agree("there are changed ranges", !ranges.is_empty(), before != after)?;
    let is_apart = |pair: &[KeyRange<K>]| pair[0].end().is_some_and(|end| end <= pair[1].start());
    agree("changed ranges are disjoint and in order", ranges.windows(2).all(is_apart), true)?;
    for key in K::samples() {
        let has_changed = served::owners(before, &key) != served::owners(after, &key);
        let is_reported = ranges.iter().any(|range| range.contains(&key));
        agree(format_args!("a change at {key:?} is told"), is_reported || !has_changed, true)?;
    }
    Ok(())
}
