//! Every state that a few replicas can get into, checked with [stateright](https://www.stateright.rs).
//!
//! # What is modelled
//!
//! [`system`] is replicas that exchange deltas. Whatever was ever sent may be delivered to anybody at any time, again, or never:
//! that covers loss, repetition, delay and every order. Replicas may also ask for what they lack, and are answered from a log of
//! changes, which may be too short (`RangeMap::delta_since`); and they may crash, and return with what they saved, under
//! the same id or another. In every state
//!
//! - each effect of an operation has a dot of its own, which was never used before, and each delta tells what was done;
//! - the priorities are those of the reference model in `tests/model`, which counts every contribution by itself;
//! - replicas that know the same dots hold the same (see [below](#equal-contexts));
//! - whoever sent something knows it, also after it crashed;
//! - an exchange of states makes all equal, byte for byte, in two rounds, and they show what all of them knew taken together.
//!
//! [`medium`] is [`Node`](crdt_range_map::Node)s on a medium, and the bytes that they send: pushes, questions,
//! answers with pages and sketches, and digests. The deltas of operations may be delivered whenever, as above; of what else
//! a node posts, the last message may be delivered late, to some, repeatedly or never, so that a meeting may be cut off after any
//! step, go on after any pause, and lie across operations and other meetings. Durable ones hand out pages. Each page is saved some time
//! later, or that fails, or the node crashes meanwhile: then it is restored from the pages that were saved, and the last one may have
//! been written before the node knew of it. In every state
//!
//! - each operation takes dots of its own; no node takes another id, refuses a message or finds its pages damaged;
//! - nobody knows a dot of another node that was not issued, or is on no page that was saved;
//! - whoever claims to know all dots shows what all operations amount to ([`history`]);
//! - if all that is under way is lost, and from then on nothing, the protocol makes all equal, byte for byte, and they show that too.
//!
//! # What is not
//!
//! A node draws what its seed says, and the seed is set anew before each step, to a number that only what it has said before decides:
//! [`Node::reseed`](crdt_range_map::Node::reseed). Else whoever hears the same twice would be in another state than before, without
//! end. So the generator is no part of a state, and of all that could be drawn one thing is explored.
//! A clock moves on only when its node has nothing to say before: whatever a timer would bring about may
//! come about in any state, or not. So what depends on who waits for how long (that one answers and not all) is left to
//! `tests/sync.rs` and `tests/simulation`. A clock is set back when something is received: the times in a state are few.
//! Each node has one link, to the medium; neighbours, and nodes that join networks, are left to the simulation, and so is presence. A disk
//! keeps what was saved.
//! There are no partitions, which are loss; no damage; no retirement and no maintenance. Replicas are not interchangeable, since
//! ties are broken by their ids; so no symmetry is made use of. States are told apart by hashes of 64 bits.
//!
//! # Equal contexts
//!
//! That two replicas know the same dots does not always mean that they hold the same. A delta speaks of the records that its
//! sender holds, and of those that its log remembers as dropped; once that has forgotten them, the delta tells of a reset by its
//! dot, but not that it reset a record which the sender knows to be dropped since. Whoever holds that record then knows the reset's
//! dot, and not all that it did, until it learns of the drop. That takes four replicas
//! ([`a_reset_that_is_told_by_somebody_else`]), or an answer that a third one overhears; therefore that property is checked of three
//! that exchange the deltas of operations only.
//!
//! # More
//!
//! `cargo test --test model_check -- --nocapture` prints how many states there are; the numbers are pinned, so that the search
//! cannot shrink unnoticed. `DEEPER=1 cargo test --release --test model_check -- --nocapture` allows one operation more, and in
//! the protocol one post more: that takes minutes, and gigabytes of memory.
#![cfg(not(target_arch = "wasm32"))]

use instances as _;
mod history;
mod medium;
#[path = "../model/mod.rs"]
mod model;
mod site;
mod state;
mod system;
mod tab;

use std::fmt::Debug;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Instant;

use crdt_range_map::{RangeMap, ReplicaId};
use medium::Medium;
use model::Id;
use model::history::Operation::{self, Decrease, HandOver, Increase, MoveTo, Register, Release, Tighten};
use model::seeds::number;
use model::world::{POOL, node, range};
use stateright::{Checker, Model};
use system::{Crashes, System};

const ONE: NonZeroU32 = NonZeroU32::new(1).unwrap();
const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// By how much more than usual is to be explored.
fn deeper() -> usize {
    number("DEEPER").unwrap_or(0) as usize
}

/// Explores all states, and compares how many there are.
fn explore<M>(name: &str, model: M, expected: Option<usize>)
where
    M: Model<State: Clone + Debug + Hash + PartialEq + Send + Sync, Action: Clone + Debug + PartialEq>
        + Send
        + Sync
        + 'static,
{
    let start = Instant::now();
    let checker = model.checker().spawn_bfs().join();
    println!(
        "{name}: {} states, {} steps, at most {} in a row, in {:.1} s",
        checker.unique_state_count(),
        checker.state_count() - 1,
        checker.max_depth() - 1,
        start.elapsed().as_secs_f64(),
    );
    checker.assert_properties();
    if let Some(expected) = expected {
        assert_eq!(checker.unique_state_count(), expected);
    }
}

fn explore_system(name: &str, mut system: System, expected: usize) {
    let deeper = deeper();
    system.operations_max += deeper;
    explore(name, system, (deeper == 0).then_some(expected));
}

/// Two registrations of one node, of which the second is of a sub-range of the first.
fn ids() -> Vec<Id<u64>> {
    [2, 1].map(|at| (range(POOL[at]), node(0))).to_vec()
}

/// Three replicas, all of which write.
fn three_replicas(menu: Vec<(usize, Operation)>, operations_max: usize) -> System {
    System {
        replicas: 3,
        writers: 3,
        ids: ids(),
        ballast: 0,
        menu,
        operations_max,
        crashes: Crashes::None,
        asks_max: 0,
        log_max: 0,
    }
}

/// Entries of a menu: each of these operations, with each of these registrations.
fn each(places: &[usize], operations: &[Operation]) -> Vec<(usize, Operation)> {
    places.iter().flat_map(|at| operations.iter().map(|operation| (*at, *operation))).collect()
}

#[test]
fn every_kind_of_operation() {
    let mut menu = each(&[0, 1], &[Register, Increase(TWO), Decrease(ONE), Release]);
    menu.push((0, Tighten(1)));
    explore_system("every kind of operation", three_replicas(menu, 2), 2_461);
}

#[test]
fn two_registrations() {
    let menu = each(&[0, 1], &[Increase(TWO), Release]);
    explore_system("two registrations", three_replicas(menu, 3), 17_535);
}

#[test]
fn tightening() {
    let menu = vec![(0, Increase(TWO)), (0, Tighten(1)), (1, Register), (1, Release)];
    explore_system("tightening", three_replicas(menu, 3), 19_653);
}

#[test]
fn moving_there_and_back() {
    let menu = vec![(0, Increase(TWO)), (0, MoveTo(1)), (1, MoveTo(0)), (1, Release)];
    explore_system("moving there and back", three_replicas(menu, 3), 7_412);
}

#[test]
fn handing_over_and_back() {
    let menu = vec![(0, Increase(TWO)), (0, HandOver(1)), (1, HandOver(0)), (1, Register)];
    let ids = [0, 1].map(|at| (range(POOL[2]), node(at))).to_vec();
    explore_system("handing over and back", System { ids, ..three_replicas(menu, 3) }, 21_951);
}

#[test]
fn one_registration() {
    let menu = each(&[0], &[Register, Increase(TWO), Decrease(ONE), Release]);
    explore_system("one registration", three_replicas(menu, 3), 24_051);
}

#[test]
fn small_deltas_beside_large_states() {
    let menu = each(&[0], &[Register, Increase(TWO), Release]);
    let system = System { ballast: 8, writers: 2, ..three_replicas(menu, 3) };
    explore_system("small deltas beside large states", system, 4_857);
}

#[test]
fn registering_and_releasing() {
    let menu = each(&[0], &[Register, Release]);
    let system = System { writers: 2, ..three_replicas(menu, 4) };
    explore_system("registering and releasing", system, 11_477);
}

#[test]
fn answers_from_a_log() {
    let menu = each(&[0], &[Register, Increase(TWO), Release]);
    let system = System { asks_max: 1, log_max: 4096, ..three_replicas(menu, 2) };
    explore_system("answers from a log", system, 22_106);
}

#[test]
fn answers_from_a_log_that_forgets() {
    let menu = each(&[0], &[Register, Release]);
    let system = System { writers: 1, asks_max: 1, log_max: 310, ..three_replicas(menu, 3) };
    explore_system("answers from a log that forgets", system, 34_895);
}

#[test]
fn crashes_and_returns_under_the_same_id() {
    let menu = each(&[0], &[Register, Increase(TWO), Release]);
    let system = System { crashes: Crashes::SameId(1), ..three_replicas(menu, 2) };
    explore_system("crashes and returns under the same id", system, 6_651);
}

#[test]
fn crashes_and_returns_under_a_new_id() {
    let menu = each(&[0, 1], &[Increase(TWO), Release]);
    let system = System { crashes: Crashes::NewId(1), ..three_replicas(menu, 2) };
    explore_system("crashes and returns under a new id", system, 69_070);
}

/// Tabs that all know two registrations, each of which then did something unheard; with a log that holds that much.
fn diverged_tabs(replicas: usize, log_max: usize) -> Medium {
    Medium {
        replicas,
        ids: ids(),
        heard: vec![(0, Increase(TWO)), (1, Register)],
        unheard: vec![(0, Release), (0, Increase(TWO)), (1, Release)],
        menu: each(&[0], &[Increase(TWO), Release]),
        operations_max: 0,
        posts_max: 0,
        log_max,
        is_durable: false,
        troubles_max: 0,
    }
}

fn explore_medium(name: &str, mut medium: Medium, expected: usize) {
    let deeper = deeper();
    medium.posts_max += deeper;
    explore(name, medium, (deeper == 0).then_some(expected));
}

#[test]
fn protocol_that_answers_from_logs() {
    let medium = Medium { posts_max: 4, ..diverged_tabs(3, 4096) };
    explore_medium("protocol that answers from logs", medium, 23_609);
}

#[test]
fn protocol_that_compares() {
    let medium = Medium { posts_max: 8, ..diverged_tabs(2, 0) };
    explore_medium("protocol that compares", medium, 20_017);
}

#[test]
fn protocol_that_compares_amid_operations() {
    let medium = Medium { operations_max: 1, posts_max: 5, ..diverged_tabs(2, 0) };
    explore_medium("protocol that compares amid operations", medium, 36_124);
}

#[test]
fn protocol_of_three_amid_operations() {
    let medium = Medium { operations_max: 1, posts_max: 2, ..diverged_tabs(3, 0) };
    explore_medium("protocol of three amid operations", medium, 24_982);
}

/// The same, of nodes whose pages are saved some time later, and that crash.
fn durable_tabs(log_max: usize) -> Medium {
    Medium { operations_max: 1, is_durable: true, ..diverged_tabs(2, log_max) }
}

#[test]
fn durable_nodes_that_crash_twice() {
    let medium = Medium { posts_max: 2, troubles_max: 2, ..durable_tabs(4096) };
    explore_medium("durable nodes that crash twice", medium, 11_639);
}

#[test]
fn durable_nodes_that_crash_amid_operations() {
    let medium = Medium { operations_max: 2, posts_max: 1, troubles_max: 1, ..durable_tabs(4096) };
    explore_medium("durable nodes that crash amid operations", medium, 10_909);
}

#[test]
fn durable_nodes_that_crash_while_they_compare() {
    let medium = Medium { posts_max: 3, troubles_max: 1, ..durable_tabs(0) };
    explore_medium("durable nodes that crash while they compare", medium, 19_901);
}

/// What the module says of [equal contexts](self#equal-contexts): who gets a release from somebody who came after it is told all of it
/// as long as that one's log remembers it; then only an exchange makes up for it.
#[test]
fn a_reset_that_is_told_by_somebody_else() {
    for (log_bytes, shown) in [(1 << 20, 1), (0, 3)] {
        let [writer, other, resetter, third] = [0, 1, 2, 3].map(ReplicaId::new);
        let (range, node) = &ids()[0];
        let mut replicas = [writer, other, resetter, third].map(RangeMap::<u64>::new);
        let [a, b, c, d] = &mut replicas;
        c.set_log_capacity(log_bytes);
        let registered = a.register(node, range).unwrap();
        let increased = b.increase(node, range, TWO).unwrap();
        [&registered, &increased].into_iter().for_each(|delta| drop(c.merge(delta)));
        let released = c.release(node, range).unwrap();
        let dropped = b.merge(&released).delta().clone();
        c.merge(&dropped);
        let increased_again = c.increase(node, range, ONE).unwrap();
        // One hears of the release only by the last delta, whose sender knows that the record of `b` is dropped.
        a.merge(&increased);
        let dropped_too = a.merge(&increased_again).delta().clone();
        let heard = [&registered, &increased, &released, &increased_again, &dropped_too];
        heard.into_iter().for_each(|delta| drop(d.merge(delta)));
        assert_eq!((a.priority(node, range), d.priority(node, range)), (Some(shown), Some(1)));
        let (left, right) = (a.state().clone(), d.state().clone());
        a.merge(&right);
        d.merge(&left);
        assert_eq!(a.state(), d.state());
        assert_eq!(a.priority(node, range), Some(1));
    }
}
