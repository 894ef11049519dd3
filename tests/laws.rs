//! The laws of the lattice, on what random histories reach: whole states, the deltas of operations and of drops, and joins of
//! those.

mod model;

use std::fmt::Debug;

use crdt_range_map::{CausalContext, Delta, Key, RangeMap, ReplicaId};
use model::Knowledge;
use model::history::histories;
use model::seeds;
use model::world::{POOL, SampleKey, World};
use proptest::prelude::*;
use proptest::sample::subsequence;

const HISTORIES: u64 = 500;
const STEPS_MAX: usize = 40;
/// How many values of a history are tried in every combination of three.
const VALUES: usize = 6;

trait Lattice: Clone + PartialEq + Debug {
    fn bottom() -> Self;
    fn join_in(&mut self, other: &Self);

    fn joined(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        joined.join_in(other);
        joined
    }
}

impl<K: Key> Lattice for Delta<K> {
    fn bottom() -> Self {
        Self::default()
    }

    fn join_in(&mut self, other: &Self) {
        self.merge(other);
    }
}

impl<K: Key> Lattice for Knowledge<K> {
    fn bottom() -> Self {
        Self::default()
    }

    fn join_in(&mut self, other: &Self) {
        self.join(other);
    }
}

/// Associative, commutative, idempotent, with a unit: for every three of the values.
fn check_laws<L: Lattice>(values: &[&L]) -> Result<(), TestCaseError> {
    for a in values {
        prop_assert_eq!(&a.joined(a), *a, "idempotent");
        prop_assert_eq!(&a.joined(&L::bottom()), *a, "unit on the right");
        prop_assert_eq!(&L::bottom().joined(a), *a, "unit on the left");
        for b in values {
            let both = a.joined(b);
            prop_assert_eq!(&both, &b.joined(a), "commutative");
            prop_assert_eq!(&both.joined(a), &both, "an upper bound");
            for c in values {
                prop_assert_eq!(both.joined(c), a.joined(&b.joined(c)), "associative");
            }
        }
    }
    Ok(())
}

/// A context is no lattice by its public face, but that of a join is the union of both.
fn check_contexts<K: Key>(values: &[&Delta<K>]) -> Result<(), TestCaseError> {
    for a in values {
        prop_assert_eq!(a.is_empty(), **a == Delta::bottom());
        prop_assert_eq!(a.is_empty(), a.context().is_empty());
        for b in values {
            let (ours, theirs) = (a.context(), b.context());
            let both = a.joined(b);
            prop_assert!(both.context().includes(ours) && both.context().includes(theirs));
            let is_equal = |context: &CausalContext| context == both.context();
            prop_assert_eq!(ours.includes(theirs), is_equal(ours), "it includes what adds nothing to it");
            prop_assert_eq!(ours.fingerprint() == both.context().fingerprint(), is_equal(ours));
        }
    }
    Ok(())
}

/// A replica that writes nothing is the join of what it received, however that was bundled, and keeps silent.
fn check_replica<K: Key>(values: &[&Delta<K>]) -> Result<(), TestCaseError> {
    let reader = || RangeMap::new(ReplicaId::new(u64::MAX));
    let (mut one_by_one, mut joined) = (reader(), Delta::bottom());
    for value in values {
        let changes = one_by_one.merge(value);
        prop_assert!(changes.delta().is_empty());
        joined.merge(value);
        prop_assert_eq!(one_by_one.state(), &joined);
    }
    let mut at_once = reader();
    let _ = at_once.merge(&joined);
    prop_assert_eq!(at_once.state(), one_by_one.state());
    prop_assert_eq!(at_once.splits(), one_by_one.splits());
    let mut backwards = reader();
    for value in values.iter().rev() {
        let _ = backwards.merge(value);
    }
    prop_assert_eq!(backwards.state(), one_by_one.state());
    Ok(())
}

fn check_bytes<K: SampleKey>(values: &[&Delta<K>]) -> Result<(), TestCaseError> {
    for a in values {
        let decoded = Delta::decode(&a.encode());
        prop_assert_eq!(decoded.as_ref(), Ok(*a));
        for b in values {
            prop_assert_eq!(
                a == b,
                a.encode() == b.encode(),
                "equal deltas, and no others, have equal bytes"
            );
        }
    }
    Ok(())
}

fn check<K: SampleKey>() {
    // Of the latest values, which have the most behind them.
    let chosen = subsequence((0..3 * VALUES).collect::<Vec<_>>(), VALUES);
    seeds::check(HISTORIES, &(histories(POOL.len(), STEPS_MAX), chosen), |(history, chosen)| {
        let world = World::<K>::live(&history).map_err(TestCaseError::fail)?;
        let states = world.peers.iter().map(|peer| (peer.map.state(), &peer.model.knowledge));
        let messages = world.messages.iter().map(|(delta, knowledge)| (delta, knowledge));
        let latest: Vec<_> = messages.chain(states).collect();
        let chosen = chosen.iter().filter_map(|at| latest.iter().rev().nth(*at).copied());
        let (deltas, knowledge): (Vec<_>, Vec<_>) = chosen.unzip();
        check_laws(&deltas)?;
        check_laws(&knowledge)?;
        check_contexts(&deltas)?;
        check_replica(&deltas)?;
        check_bytes(&deltas)
    });
}

#[test]
fn deltas_over_numbers_are_a_lattice() {
    check::<u64>();
}

#[test]
fn deltas_over_strings_are_a_lattice() {
    check::<String>();
}
