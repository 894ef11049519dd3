//! Random histories: what happens, in which order, with small numbers that stand for replicas, nodes, ranges and messages.

use std::num::NonZeroU32;

use proptest::prelude::*;

/// Which registration is meant: numbers of a node and a range, taken modulo how many there are.
pub type Place = (usize, usize);

#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Register,
    Increase(NonZeroU32),
    Decrease(NonZeroU32),
    Release,
    /// To the range of that number.
    Tighten(usize),
    /// To the range of that number.
    MoveTo(usize),
    /// The range of that number is taken out.
    Carve(usize),
    /// To the node of that number.
    HandOver(usize),
    SetPriority(u64),
    /// All that the replica of that number contributed.
    Withdraw(usize),
    /// All of the node.
    ReleaseNode,
    /// Of the range of that number, where so many others come before it.
    Drain(usize, usize),
    /// The node of that number stands in for it, in the range of the registration.
    StandIn(usize),
    /// One registration with that range in place of several.
    Unite,
}

/// One step. A message is named by how many were sent after it, modulo how many there are; none is ever forgotten, so that it
/// may be delivered late, twice, in any order or never.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// The replica does something to a registration, and the delta is sent.
    Operate(usize, Place, Operation),
    /// The replica receives the message; what it drops in answer is sent.
    Deliver(usize, usize),
    /// Two messages are joined, and sent as one.
    Combine(usize, usize),
    /// The replica sends its whole state.
    Snapshot(usize),
    /// The second replica receives the state of the first.
    Exchange(usize, usize),
    /// The replica starts again from its own saved state.
    Restart(usize),
    /// The first replica sees the second come, or go.
    Life(usize, usize),
    /// The replica marks the node of that number as down, or up again.
    Down(usize, usize),
}

#[derive(Clone, Debug)]
pub struct History {
    pub replicas: usize,
    pub nodes: usize,
    /// Numbers of ranges of the pool.
    pub ranges: Vec<usize>,
    /// How many other registrations everybody knows from the beginning.
    pub ballast: usize,
    pub steps: Vec<Step>,
}

/// Histories of up to `steps_max` steps over a pool of `pool` ranges.
///
/// Few registrations, or nothing would ever concern the same one; and many more operations and deliveries than exchanges, or
/// everybody would know everything.
pub fn histories(pool: usize, steps_max: usize) -> impl Strategy<Value = History> {
    let ranges = proptest::sample::subsequence((0..pool).collect::<Vec<_>>(), 1..=pool.min(5));
    let ballast = prop_oneof![Just(0usize), Just(16)];
    let steps = proptest::collection::vec(steps(), 1..=steps_max);
    (2..=5usize, 1..=3usize, ranges, ballast, steps).prop_map(|(replicas, nodes, ranges, ballast, steps)| {
        History { replicas, nodes, ranges, ballast, steps }
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let replica = 0..5usize;
    let message = || prop_oneof![4 => 0..4usize, 2 => 0..12usize, 1 => 0..100usize];
    prop_oneof![
        10 => (replica.clone(), (0..3usize, 0..5usize), operations())
            .prop_map(|(at, place, operation)| Step::Operate(at, place, operation)),
        12 => (replica.clone(), message()).prop_map(|(at, sent)| Step::Deliver(at, sent)),
        2 => (message(), message()).prop_map(|(first, second)| Step::Combine(first, second)),
        1 => replica.clone().prop_map(Step::Snapshot),
        2 => (replica.clone(), replica.clone()).prop_map(|(from, to)| Step::Exchange(from, to)),
        1 => replica.clone().prop_map(Step::Restart),
        3 => (replica.clone(), replica.clone()).prop_map(|(at, of)| Step::Life(at, of)),
        1 => (replica, 0..3usize).prop_map(|(at, node)| Step::Down(at, node)),
    ]
}

fn operations() -> impl Strategy<Value = Operation> {
    let amount = prop_oneof![20 => 1..5u32, 1 => Just(u32::MAX)].prop_map(|by| NonZeroU32::new(by).unwrap());
    prop_oneof![
        5 => Just(Operation::Register),
        3 => amount.clone().prop_map(Operation::Increase),
        3 => amount.prop_map(Operation::Decrease),
        4 => Just(Operation::Release),
        2 => (0..5usize).prop_map(Operation::Tighten),
        1 => (0..5usize).prop_map(Operation::MoveTo),
        1 => (0..5usize).prop_map(Operation::Carve),
        1 => (0..3usize).prop_map(Operation::HandOver),
        1 => (0..4u64).prop_map(Operation::SetPriority),
        1 => (0..5usize).prop_map(Operation::Withdraw),
        1 => Just(Operation::ReleaseNode),
        1 => (0..5usize, 0..3usize).prop_map(|(range, count)| Operation::Drain(range, count)),
        1 => (0..3usize).prop_map(Operation::StandIn),
        1 => Just(Operation::Unite),
    ]
}
