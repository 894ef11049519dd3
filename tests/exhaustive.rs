//! Small cases, all of them: every order of a few operations and deliveries, where a message may be lost, late or repeated.
//!
//! From each world every operation at every replica is tried, and every delivery of every message that was ever sent, to its
//! own sender too. A step that changes nothing (an idle operation, most repetitions) is compared with the model and not
//! followed further; a world that was reached before is not followed again. The numbers of steps and worlds are pinned, so that
//! a search cannot shrink unnoticed.
//!
//! `DEEPER=1 cargo test --release --test exhaustive -- --nocapture` searches one step deeper, in ten times the time.

use instances as _;
mod model;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU32;

use model::history::Operation::{self, Decrease, Increase, Register, Release, Tighten};
use model::history::{Place, Step};
use model::seeds::number;
use model::world::World;

const ONE: NonZeroU32 = NonZeroU32::new(1).unwrap();
const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// Node 0 with the first and with the second of the ranges.
const FIRST: Place = (0, 0);
const SECOND: Place = (0, 1);

#[derive(Debug, PartialEq)]
struct Searched {
    /// How many steps were taken and compared.
    steps: u64,
    /// How many different worlds were reached.
    worlds: usize,
}

struct Search {
    operations: Vec<(Place, Operation)>,
    /// Whether replicas also exchange whole states on the way.
    exchanges: bool,
    steps: u64,
    /// How far each world, by its hash, was followed.
    followed: HashMap<u64, usize>,
}

/// Replicas with ranges of the pool and one node, and as many other registrations as make a delta of one look small.
fn world(replicas: usize, pool: &[usize], ballast: usize) -> World<u64> {
    World::new(replicas, 1, pool.iter().copied(), ballast)
}

/// Tries everything that can happen in `depth` steps with these operations, and compares how much that was.
fn search(
    world: World<u64>,
    operations: &[(Place, Operation)],
    exchanges: bool,
    depth: usize,
    expected: Searched,
) {
    let operations = operations.to_vec();
    let mut search = Search { operations, exchanges, steps: 0, followed: HashMap::new() };
    let deeper = number("DEEPER").unwrap_or(0) as usize;
    search.follow(&world, depth + deeper, &mut Vec::new());
    let searched = Searched { steps: search.steps, worlds: search.followed.len() };
    if deeper == 0 {
        assert_eq!(searched, expected);
    } else {
        println!("{} replicas, {} steps deep: {searched:?}", world.peers.len(), depth + deeper);
    }
}

impl Search {
    fn follow(&mut self, world: &World<u64>, depth: usize, path: &mut Vec<Step>) {
        let hash = hash(world);
        if self.followed.get(&hash).is_some_and(|followed| *followed >= depth) {
            return;
        }
        self.followed.insert(hash, depth);
        if depth == 0 {
            world.clone().agree().unwrap_or_else(|wrong| panic!("agreeing after {path:?}: {wrong}"));
            return;
        }
        for step in self.steps_from(world) {
            path.push(step);
            self.steps += 1;
            let mut next = world.clone();
            next.step(step).unwrap_or_else(|wrong| panic!("{path:?}: {wrong}"));
            self.follow(&next, depth - 1, path);
            path.pop();
        }
    }

    fn steps_from(&self, world: &World<u64>) -> Vec<Step> {
        let replicas = 0..world.peers.len();
        let operate = |at| self.operations.iter().map(move |(place, what)| Step::Operate(at, *place, *what));
        let deliver = |at| (0..world.messages.len()).map(move |sent| Step::Deliver(at, sent));
        let mut steps: Vec<Step> = replicas.flat_map(|at| operate(at).chain(deliver(at))).collect();
        if self.exchanges {
            steps.extend(world.pairs().map(|(from, to)| Step::Exchange(from, to)));
        }
        steps
    }
}

/// What can make a difference from here on. The order in which messages were sent cannot.
fn hash(world: &World<u64>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for peer in &world.peers {
        (peer.map.state().encode(), &peer.model.knowledge).hash(&mut hasher);
    }
    let sent = world.messages.iter().map(|(delta, knowledge)| (delta.encode(), knowledge));
    let mut sent: Vec<u64> = sent
        .map(|message| {
            let mut hasher = DefaultHasher::new();
            message.hash(&mut hasher);
            hasher.finish()
        })
        .collect();
    sent.sort_unstable();
    sent.dedup();
    sent.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn two_replicas_and_one_registration() {
    let operations = [Register, Increase(TWO), Decrease(ONE), Release].map(|operation| (FIRST, operation));
    search(world(2, &[0], 0), &operations, false, 6, Searched { steps: 77_640, worlds: 28_089 });
}

#[test]
fn two_replicas_that_register_release_and_exchange() {
    let operations = [Register, Release].map(|operation| (FIRST, operation));
    search(world(2, &[0], 8), &operations, true, 8, Searched { steps: 95_214, worlds: 19_896 });
}

#[test]
fn two_replicas_that_tighten() {
    let operations = [(FIRST, Increase(TWO)), (FIRST, Tighten(1)), (SECOND, Register), (SECOND, Release)];
    search(world(2, &[2, 0], 0), &operations, false, 6, Searched { steps: 54_926, worlds: 17_916 });
}

#[test]
fn three_replicas_and_one_registration() {
    let operations = [Register, Increase(TWO), Release].map(|operation| (FIRST, operation));
    search(world(3, &[0], 0), &operations, false, 5, Searched { steps: 41_445, worlds: 15_381 });
}

#[test]
fn three_replicas_that_register_and_release() {
    let operations = [Register, Release].map(|operation| (FIRST, operation));
    search(world(3, &[0], 8), &operations, false, 6, Searched { steps: 34_026, worlds: 9_707 });
}
