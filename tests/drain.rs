//! Draining in random schedules: nodes come, stand in for each other, move and drain at the same time, and deltas arrive late, twice, in any
//! order or never. Whoever knows that a key was given up has it served by as many as there have to be.
//!
//! `cargo test --release --test drain -- --ignored` runs a million schedules.

use instances as _;
mod kit;

use crdt_range_map::node::{Event, Output};
use crdt_range_map::{Delta, Dot, KeyRange, MoveError, Node, NodeId, RangeMap, ReplicaId, Version};
use kit::builders::{between, by, named, node};
use kit::random::Random;

const KEYS: u64 = 3;

/// What a node does when it wants to give up a range; with how many others, of whom the rule is that they come before it.
type Drain = fn(&mut RangeMap<u64>, &NodeId, &KeyRange<u64>, usize) -> Delta<u64>;

fn drain(map: &mut RangeMap<u64>, node: &NodeId, range: &KeyRange<u64>, count: usize) -> Delta<u64> {
    map.drain(node, range, count).unwrap()
}

/// The rule that seems to be enough: that as many others serve the keys, whoever they are.
fn drain_if_others_serve(
    map: &mut RangeMap<u64>,
    node: &NodeId,
    range: &KeyRange<u64>,
    count: usize,
) -> Delta<u64> {
    if map.served_by_fewer_than(count + 1, range).next().is_some() {
        return Delta::default();
    }
    let own: Vec<_> =
        map.registrations_of(node).map(|one| one.range).filter(|it| it.intersects(range)).collect();
    own.iter().map(|whole| map.carve(node, whole, range).unwrap()).collect()
}

/// The right rule, but of the others nothing is told.
fn drain_without_telling_why(
    map: &mut RangeMap<u64>,
    node: &NodeId,
    range: &KeyRange<u64>,
    count: usize,
) -> Delta<u64> {
    let before = map.state().version().clone();
    _ = map.drain(node, range, count).unwrap();
    map.delta_since(&before).unwrap()
}

/// A node with the replica that writes for it, and what it wants to give up.
struct Member {
    node: NodeId,
    map: RangeMap<u64>,
    leaving: Option<KeyRange<u64>>,
    /// The keys that it once gave up.
    gave_up: Vec<KeyRange<u64>>,
}

/// A node gave keys up.
struct HandOver {
    keys: KeyRange<u64>,
    /// The numbers of its effects, under its writer.
    dots: Vec<Dot>,
    /// What the writer knew then.
    knew: Version,
}

/// Whether keys are served again by who gave them up, so that only who knows all that was known then can be held to it.
#[derive(Clone, Copy, PartialEq)]
enum Returning {
    Never,
    Allowed,
}

struct Schedule {
    random: Random,
    count: usize,
    returning: Returning,
    drain: Drain,
    members: Vec<Member>,
    sent: Vec<Delta<u64>>,
    hand_overs: Vec<HandOver>,
    /// How often somebody who knew of a hand-over was asked.
    checked: u64,
}

impl Schedule {
    fn new(seed: u64, returning: Returning, drain: Drain) -> Self {
        let mut random = Random(seed);
        let count = 1 + random.index(2);
        // So many are willing, and one or two more drain.
        let all = count + 1 + 1 + random.index(2);
        let members = (0..all as u64).map(|at| Member {
            node: node(at),
            map: RangeMap::new(ReplicaId::new(at + 1)),
            leaving: None,
            gave_up: Vec::new(),
        });
        let members = members.collect();
        let (sent, hand_overs) = (Vec::new(), Vec::new());
        Self { random, count, returning, drain, members, sent, hand_overs, checked: 0 }
    }

    fn range(&mut self) -> KeyRange<u64> {
        let start = self.random.below(KEYS);
        between(start, start + 1 + self.random.below(KEYS - start))
    }

    /// Whether a node may serve those keys.
    fn may_serve(&self, at: usize, keys: &KeyRange<u64>) -> bool {
        self.returning == Returning::Allowed || !self.members[at].gave_up.iter().any(|it| it.intersects(keys))
    }

    fn step(&mut self) -> Result<(), String> {
        let at = self.random.index(self.members.len());
        match self.random.below(20) {
            0..=2 => self.join(at),
            3..=6 => self.stand_in(at),
            7 | 8 => {
                let range = self.range();
                self.members[at].leaving.get_or_insert(range);
            }
            9 => self.begin_move(at),
            10..=12 => return self.drain(at),
            13..=16 => {
                if !self.sent.is_empty() {
                    // Mostly what is new.
                    let most = if self.random.percent(50) { 4 } else { 99 };
                    let back = self.random.index(self.sent.len().min(most));
                    let delta = &self.sent[self.sent.len() - 1 - back];
                    drop(self.members[at].map.merge(delta));
                    return self.check(at);
                }
            }
            _ => {
                let from = self.random.index(self.members.len());
                let state = self.members[from].map.state().clone();
                drop(self.members[at].map.merge(&state));
                return self.check(at);
            }
        }
        self.check(at)
    }

    fn send(&mut self, delta: Delta<u64>) {
        if !delta.is_empty() {
            self.sent.push(delta);
        }
    }

    fn join(&mut self, at: usize) {
        let (range, more) = (self.range(), self.random.below(4) as u32);
        if self.members[at].leaving.is_some() || !self.may_serve(at, &range) {
            return;
        }
        let Member { node, map, .. } = &mut self.members[at];
        let mut delta = map.register(node, &range).unwrap();
        if more > 0 {
            delta.merge(&map.increase(node, &range, by(more)).unwrap());
        }
        self.send(delta);
    }

    /// For somebody who leaves; it asks by any way.
    fn stand_in(&mut self, at: usize) {
        let other = self.random.index(self.members.len());
        let Some(range) = self.members[other].leaving.clone() else { return };
        if self.members[at].leaving.is_some() || !self.may_serve(at, &range) {
            return;
        }
        let other = self.members[other].node.clone();
        let Member { node, map, .. } = &mut self.members[at];
        let delta = map.stand_in(node, &other, &range).unwrap();
        self.send(delta);
    }

    /// The new range first, and then the old one is drained.
    fn begin_move(&mut self, at: usize) {
        let to = self.range();
        if self.members[at].leaving.is_some() || !self.may_serve(at, &to) {
            return;
        }
        let Member { node, map, leaving, .. } = &mut self.members[at];
        let Some(from) = map.registrations_of(node).next() else { return };
        let rest = (0..KEYS)
            .map(|key| between(key, key + 1))
            .find(|key| from.range.intersects(key) && !to.intersects(key));
        *leaving = rest;
        let delta = map.register(node, &to).unwrap();
        self.send(delta);
    }

    fn drain(&mut self, at: usize) -> Result<(), String> {
        let Some(keys) = self.members[at].leaving.clone() else { return Ok(()) };
        let (count, drain) = (self.count, self.drain);
        let Member { node, map, .. } = &mut self.members[at];
        let (writer, knew) = (map.replica(), map.state().version().clone());
        let served = |map: &RangeMap<u64>| {
            let is_served = |key: &u64| map.owners(key).iter().any(|owner| owner.node == *node);
            (0..KEYS).map(|key| is_served(&key)).collect::<Vec<_>>()
        };
        let before = served(map);
        let delta = drain(map, node, &keys, count);
        let after = served(map);
        let first = knew.context().last_seq(writer) + 1;
        let last = map.state().context().last_seq(writer);
        let dots: Vec<Dot> = (first..=last).map(|seq| Dot { replica: writer, seq }).collect();
        let given_up: Vec<_> =
            (0..KEYS).filter(|key| before[*key as usize] && !after[*key as usize]).collect();
        for key in given_up {
            let keys = between(key, key + 1);
            self.members[at].gave_up.push(keys.clone());
            self.hand_overs.push(HandOver { keys, dots: dots.clone(), knew: knew.clone() });
        }
        let is_done = !(0..KEYS).any(|key| keys.contains(&key) && after[key as usize]);
        if is_done {
            self.members[at].leaving = None;
        }
        self.send(delta);
        self.check(at)
    }

    /// Whether those that a replica knows to be given up are served by enough.
    fn check(&mut self, at: usize) -> Result<(), String> {
        let map = &self.members[at].map;
        let context = map.state().context();
        let knows = |it: &&HandOver| it.dots.iter().all(|dot| context.contains(*dot));
        let known: Vec<&HandOver> = self.hand_overs.iter().filter(knows).collect();
        let knows_all = || known.iter().all(|it| map.state().version().includes(&it.knew));
        if self.returning == Returning::Allowed && !knows_all() {
            return Ok(());
        }
        for HandOver { keys, .. } in known {
            self.checked += 1;
            let owners = map.owners(keys.start());
            if owners.len() < self.count {
                let (replica, count) = (map.replica(), self.count);
                return Err(format!("at {replica}, {owners:?} serve {keys}, which needs {count}"));
            }
        }
        Ok(())
    }

    fn run(mut self) -> Result<Self, String> {
        let steps = 30 + self.random.index(50);
        (0..steps).try_for_each(|_| self.step())?;
        Ok(self)
    }

    /// Everybody hears all, those who are not leaving stand in where they may, and so all who leave can go.
    fn end(mut self) -> Result<u64, String> {
        let mut waiting = 0;
        for _ in 0..2 {
            for at in 0..self.members.len() {
                for from in 0..self.members.len() {
                    let state = self.members[from].map.state().clone();
                    drop(self.members[at].map.merge(&state));
                }
            }
            let is_willing: Vec<bool> = self.members.iter().map(|it| it.leaving.is_none()).collect();
            for at in 0..self.members.len() {
                for other in 0..self.members.len() {
                    let Some(range) = self.members[other].leaving.clone() else { continue };
                    if self.members[at].leaving.is_none() && self.may_serve(at, &range) {
                        let other = self.members[other].node.clone();
                        let Member { node, map, .. } = &mut self.members[at];
                        drop(map.stand_in(node, &other, &range).unwrap());
                    }
                }
            }
            for at in 0..self.members.len() {
                for from in 0..self.members.len() {
                    let state = self.members[from].map.state().clone();
                    drop(self.members[at].map.merge(&state));
                }
                self.check(at)?;
            }
            for at in 0..self.members.len() {
                let Some(range) = self.members[at].leaving.clone() else { continue };
                let may_stand_in = |it: &usize| is_willing[*it] && self.may_serve(*it, &range);
                let willing = (0..self.members.len()).filter(may_stand_in).count();
                self.drain(at)?;
                if willing >= self.count {
                    waiting += 1;
                    if self.members[at].leaving.is_some() {
                        return Err(format!("{at} cannot leave {range}, though {willing} are willing"));
                    }
                }
            }
        }
        Ok(waiting)
    }
}

/// How often somebody who knew of a hand-over was asked, and how many left at the end of those schedules that were ended.
fn run(seeds: std::ops::Range<u64>, returning: Returning) -> (u64, u64) {
    let (mut checked, mut left) = (0, 0);
    for seed in seeds {
        let schedule = Schedule::new(seed, returning, drain).run();
        let schedule = schedule.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        checked += schedule.checked;
        if seed % 8 == 0 {
            left += schedule.end().unwrap_or_else(|why| panic!("seed {seed}, at the end: {why}"));
        }
    }
    (checked, left)
}

#[test]
fn whoever_knows_of_a_hand_over_has_the_keys_served_by_enough() {
    let (checked, left) = run(0..10_000, Returning::Never);
    assert!(checked > 15_000 && left > 1_000, "{checked} checks, {left} left at the end");
}

#[test]
fn that_holds_where_keys_are_taken_again_for_whoever_knows_all_that_was_known() {
    let (checked, left) = run(0..10_000, Returning::Allowed);
    assert!(checked > 15_000 && left > 1_000, "{checked} checks, {left} left at the end");
}

#[test]
#[ignore = "takes minutes"]
fn a_million_schedules() {
    let sums = [Returning::Never, Returning::Allowed].map(|it| run(1 << 32..(1 << 32) + 500_000, it));
    println!("checks, and how many left at the end: {sums:?}");
}

fn is_found_wrong(returning: Returning, drain: Drain) -> bool {
    (0..5_000).any(|seed| Schedule::new(seed, returning, drain).run().is_err())
}

/// The trap: two nodes that each count on the other. The schedules find it.
#[test]
fn that_others_serve_is_not_enough() {
    assert!(is_found_wrong(Returning::Never, drain_if_others_serve));
    assert!(is_found_wrong(Returning::Allowed, drain_if_others_serve));
}

#[test]
fn to_tell_of_a_hand_over_and_not_of_those_who_are_counted_on_is_not_enough() {
    assert!(is_found_wrong(Returning::Never, drain_without_telling_why));
    assert!(!is_found_wrong(Returning::Allowed, drain_without_telling_why));
}

#[test]
fn two_who_count_on_each_other_do_not_both_go() {
    let range = between(0, 10);
    let mut maps = [1, 2, 3].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    for at in 0..3 {
        let delta = maps[at].register(&node(at as u64), &range).unwrap();
        maps.iter_mut().for_each(|map| drop(map.merge(&delta)));
    }
    // All see three, and two have to stay: those that come first.
    let deltas: Vec<_> = (0..3).map(|at| maps[at].drain(&node(at as u64), &range, 2).unwrap()).collect();
    assert_eq!(deltas.iter().map(Delta::is_empty).collect::<Vec<_>>(), [true, true, false]);
    let needed = |map: &RangeMap<u64>, at| map.needed_in(&node(at), &between(5, 99), 2).collect::<Vec<_>>();
    assert_eq!(
        [0, 1, 2].map(|at| needed(&maps[2], at)),
        [vec![between(5, 10)], vec![between(5, 10)], vec![]]
    );
    // Who knows of it alone has two, since it says who they are.
    let mut fresh = RangeMap::<u64>::new(ReplicaId::new(9));
    fresh.merge(&deltas[2]);
    assert_eq!(fresh.owners(&5).len(), 2);
}

#[test]
fn what_is_needed_and_who_stands_in_follow_from_every_key() {
    for seed in 0..300 {
        let mut random = Random(seed);
        let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
        for _ in 0..random.below(9) {
            let start = random.below(20);
            let range = between(start, start + 1 + random.below(8));
            _ = map.increase(&node(random.below(4)), &range, by(1 + random.below(3) as u32)).unwrap();
        }
        let (one, other) = (node(random.below(4)), node(random.below(5)));
        let (window, count) = (between(random.below(10), 10 + random.below(20)), random.index(3));
        let place = |map: &RangeMap<u64>, key: u64, of: &NodeId| {
            map.owners(&key).iter().position(|owner| owner.node == *of)
        };
        let is_needed = |map: &RangeMap<u64>, key: u64| {
            window.contains(&key) && place(map, key, &one).is_some_and(|place| place < count)
        };
        let needed: Vec<KeyRange<u64>> = map.needed_in(&one, &window, count).collect();
        assert!(needed.windows(2).all(|pair| pair[0].end().unwrap() < pair[1].start()), "{needed:?}");
        for key in 0..40 {
            let found = needed.iter().any(|range| range.contains(&key));
            assert_eq!(found, is_needed(&map, key), "seed {seed}, key {key}");
        }

        let before: Vec<_> = map.clone().registrations().collect();
        let mut drained = map.clone();
        _ = drained.drain(&one, &window, count).unwrap();
        for key in 0..40 {
            let whole = |it: &&crdt_range_map::Registration<u64>| it.node == one && it.range.contains(&key);
            let part = |it: &KeyRange<u64>| {
                (0..40).filter(|key| it.contains(key) && window.contains(key)).collect::<Vec<_>>()
            };
            let is_free = |it: &crdt_range_map::Registration<u64>| {
                let part = part(&it.range);
                !part.is_empty() && window.contains(&key) && !part.iter().any(|key| is_needed(&map, *key))
            };
            let expected = before.iter().filter(whole).filter(|it| !is_free(it)).map(|it| it.priority).max();
            let found = drained.owners(&key).iter().find(|it| it.node == one).map(|it| it.priority);
            assert_eq!(found, expected, "seed {seed}, key {key}");
        }

        let mut relieved = map.clone();
        _ = relieved.stand_in(&one, &other, &window).unwrap();
        for key in
            (0..40).filter(|key| one != other && window.contains(key) && place(&map, *key, &other).is_some())
        {
            assert!(place(&relieved, key, &one) < place(&relieved, key, &other), "seed {seed}, key {key}");
        }
        assert_eq!(relieved.stand_in(&one, &other, &window).unwrap(), Delta::default());
    }
}

#[test]
fn a_node_drains_as_its_map_does() {
    let range = between(0, 10);
    let (mut of_a, mut of_b) = (Node::new(ReplicaId::new(1), 1), Node::new(ReplicaId::new(2), 2));
    let changes = |node: &mut Node<u64>| loop {
        match node.poll(0) {
            Output::Event(Event::Changed(ranges)) => break ranges,
            Output::Wait { .. } => break vec![],
            _ => {}
        }
    };
    of_a.increase(&named("a"), &range, by(3)).unwrap();
    of_b.merge(of_a.last_delta());
    changes(&mut of_a);
    changes(&mut of_b);
    of_a.drain(&named("a"), &range, 1).unwrap();
    assert!(of_a.last_delta().is_empty() && changes(&mut of_a).is_empty());
    of_b.stand_in(&named("b"), &named("a"), &between(0, 5)).unwrap();
    assert_eq!(changes(&mut of_b), [between(0, 5)]);
    of_a.merge(of_b.last_delta());
    changes(&mut of_a);
    of_a.drain(&named("a"), &between(2, 5), 1).unwrap();
    assert_eq!(changes(&mut of_a), std::slice::from_ref(&range));
    let shown: Vec<String> = of_a.map().registrations().map(|one| one.to_string()).collect();
    assert_eq!(shown, ["[0, 2) a:3", "[0, 5) b:4", "[5, 10) a:3"]);
}

#[test]
fn who_is_gone_or_down_is_not_counted_on() {
    let range = between(0, 10);
    let mut map = RangeMap::new(ReplicaId::new(1));
    let mut life = RangeMap::new(ReplicaId::ephemeral(2));
    _ = map.register(&named("a"), &range).unwrap();
    _ = map.merge(&life.increase(&named("b"), &range, 5.try_into().unwrap()).unwrap());
    let needed = |map: &RangeMap<u64>| map.needed_in(&named("a"), &range, 1).count();
    assert_eq!((needed(&map), map.living().needed_in(&named("a"), &range, 1).count()), (0, 1));
    assert!(map.drain(&named("a"), &range, 1).unwrap().is_empty(), "b is not there");
    map.set_present(ReplicaId::ephemeral(2), true);
    map.mark_down(&named("b"));
    assert!(map.drain(&named("a"), &range, 1).unwrap().is_empty(), "b is down");
    map.mark_up(&named("b"));
    assert!(!map.drain(&named("a"), &range, 1).unwrap().is_empty());
    assert_eq!(map.living().owners(&5)[0].node, named("b"));
}

#[test]
fn who_may_not_write_is_told() {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    _ = map.retire(ReplicaId::new(1));
    assert_eq!(map.drain(&node(1), &between(0, 5), 1), Err(MoveError::Retired));
    assert!(map.stand_in(&node(1), &node(2), &between(0, 5)).is_err());
}
