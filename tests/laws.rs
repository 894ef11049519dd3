//! The laws of the lattices, on what random histories reach: whole states, the deltas of operations and of drops, and joins of
//! those; and on their parts, the dots and who is retired.

use instances as _;
mod model;

use std::fmt::Debug;

use crdt_range_map::{CausalContext, Delta, Key, KeyRange, NodeId, RangeMap, ReplicaId, Retired, Version};
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

/// A lattice whose order can be asked for, and in which what one has and another has not is a value, too.
trait Ordered: Lattice {
    fn covers(&self, other: &Self) -> bool;
    fn without(&self, other: &Self) -> Self;
    fn shared(&self, other: &Self) -> Self;
}

macro_rules! ordered {
    ($($kind:ty),*) => { $(
        impl Lattice for $kind {
            fn bottom() -> Self {
                Self::default()
            }

            fn join_in(&mut self, other: &Self) {
                self.join(other);
            }
        }

        impl Ordered for $kind {
            fn covers(&self, other: &Self) -> bool {
                self.includes(other)
            }

            fn without(&self, other: &Self) -> Self {
                self.difference(other)
            }

            fn shared(&self, other: &Self) -> Self {
                self.intersection(other)
            }
        }
    )* };
}

ordered!(CausalContext, Retired, Version);

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

/// The order is that of the join, the difference is what a join would add, and the intersection is what both have.
fn check_order<L: Ordered>(values: &[&L]) -> Result<(), TestCaseError> {
    check_laws(values)?;
    for a in values {
        for b in values {
            let both = a.joined(b);
            prop_assert_eq!(a.covers(b), both == **a, "it covers what adds nothing to it");
            prop_assert_eq!(&b.joined(&a.without(b)), &both, "the difference is what is lacking");
            prop_assert_eq!(a.without(b) == L::bottom(), b.covers(a));
            let shared = a.shared(b);
            prop_assert_eq!(&shared, &b.shared(a));
            prop_assert!(a.covers(&shared) && b.covers(&shared));
            prop_assert_eq!(&a.shared(&both), *a, "absorption");
        }
    }
    Ok(())
}

/// The version of a join is the join of the versions, part by part.
fn check_versions<K: Key>(values: &[&Delta<K>]) -> Result<(), TestCaseError> {
    check_order(&values.iter().map(|it| it.version()).collect::<Vec<_>>())?;
    check_order(&values.iter().map(|it| it.context()).collect::<Vec<_>>())?;
    check_order(&values.iter().map(|it| it.retired()).collect::<Vec<_>>())?;
    for a in values {
        prop_assert_eq!(a.is_empty(), **a == Delta::bottom());
        prop_assert_eq!(a.is_empty(), a.version().is_empty());
        let decoded = Version::decode(&a.version().encode());
        prop_assert_eq!(decoded.as_ref(), Ok(a.version()));
        for b in values {
            let both = a.joined(b);
            prop_assert_eq!(both.version(), &a.version().joined(b.version()));
            prop_assert_eq!(both.context(), &a.context().joined(b.context()));
            prop_assert_eq!(both.retired(), &a.retired().joined(b.retired()));
            let is_equal = a.version() == both.version();
            prop_assert_eq!(a.version().fingerprint() == both.version().fingerprint(), is_equal);
            prop_assert_eq!(a.version().encode() == both.version().encode(), is_equal);
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
        check_versions(&deltas)?;
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

/// What somebody knows who heard so many effects of each of those writers before it retired that writer.
fn retiring(heard: &[(u64, usize)]) -> Delta<u64> {
    let mut declaring = RangeMap::new(ReplicaId::new(100));
    for (writer, count) in heard {
        let mut writer = RangeMap::new(ReplicaId::new(*writer));
        let node = NodeId::new("a").expect("it is short");
        for start in 0..*count as u64 {
            let range = KeyRange::new(start, start + 1).expect("it is not empty");
            declaring.merge(&writer.register(&node, &range).expect("it may write"));
        }
        _ = declaring.retire(writer.replica());
    }
    declaring.state().clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn who_is_retired_is_a_lattice_beside_the_dots(
        heard in prop::collection::vec(prop::collection::vec((1u64..5, 0usize..4), 0..5), 1..5),
    ) {
        let deltas: Vec<Delta<u64>> = heard.iter().map(|heard| retiring(heard)).collect();
        let deltas: Vec<&Delta<u64>> = deltas.iter().collect();
        check_laws(&deltas)?;
        check_versions(&deltas)?;
        check_bytes(&deltas)?;
        check_replica(&deltas)?;
        for (heard, delta) in heard.iter().zip(deltas) {
            for (writer, _) in heard {
                prop_assert!(delta.retired().contains(ReplicaId::new(*writer)));
            }
            let writers: std::collections::BTreeSet<u64> = heard.iter().map(|(writer, _)| *writer).collect();
            prop_assert_eq!(delta.retired().len(), writers.len());
            let mut declared = delta.retired().iter().map(|(writer, last)| (writer.get(), last));
            let first = |id: u64| heard.iter().find(|(writer, _)| *writer == id).map(|(_, count)| *count as u64);
            prop_assert!(declared.all(|(writer, last)| first(writer) == Some(last)));
        }
    }
}
