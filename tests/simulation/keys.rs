//! The keys of which a schedule's registrations are made: few that touch, bounds of the type, keys far apart, long ones, and dense
//! slots.

use std::collections::BTreeSet;

use crdt_range_map::{KeyRange, NodeId};

use crate::kit::random::Random;
use crate::model::Id;
use crate::model::world::{POOL, SampleKey, node, range};

pub trait SimulatedKey: SampleKey {
    /// What the table shows.
    const NAME: &'static str;

    /// The least keys, the greatest that a test can name, and others beside which there is no room; in order.
    fn edges() -> Vec<Self>;

    /// Any key; of that many bytes, where keys may have more than one length.
    fn any(random: &mut Random, length: usize) -> Self;

    /// The keys of slots that leave no key out between them, where there is such a thing.
    fn slot(at: usize) -> Self;
}

impl SimulatedKey for u64 {
    const NAME: &'static str = "keys are numbers";

    fn edges() -> Vec<Self> {
        vec![0, 1, 127, 128, 1 << 32, u64::MAX - 1, u64::MAX]
    }

    fn any(random: &mut Random, _: usize) -> Self {
        random.next() >> random.below(64)
    }

    fn slot(at: usize) -> Self {
        at as u64
    }
}

impl SimulatedKey for String {
    const NAME: &'static str = "keys are strings";

    fn edges() -> Vec<Self> {
        let last = char::MAX.to_string();
        vec![
            String::new(),
            "\0".into(),
            "\0\0".into(),
            "\u{7f}".into(),
            last.clone(),
            last.repeat(2),
            last.repeat(60),
        ]
    }

    /// Alike at the beginning, as keys are that somebody has thought of.
    fn any(random: &mut Random, length: usize) -> Self {
        let mut key = "tenant/".repeat(length / 7);
        while key.len() < length {
            key.push(random.pick(&['a', 'b', '0', '~']));
        }
        key
    }

    fn slot(at: usize) -> Self {
        format!("{at:05}")
    }
}

/// Which keys the ranges of a schedule begin and end at.
#[derive(Clone, Copy, Debug)]
pub enum Pool {
    /// Ranges that touch, overlap and contain each other.
    Touching,
    /// Ranges between the bounds of the key type.
    Edges,
    /// Keys of that many bytes with much room between them.
    Sparse { length: usize },
    /// So many slots `[s, s + 1)` of one node, beside some that touch.
    Slots(usize),
}

impl Pool {
    /// With keys of so many bytes at most.
    pub fn draw(random: &mut Random, length_max: usize) -> Self {
        match random.below(100) {
            0..60 => Self::Touching,
            60..72 => Self::Edges,
            72..90 => Self::Sparse { length: 1 + random.index(length_max.min(20)) },
            _ => Self::Sparse { length: length_max.min(random.pick(&[200, 600, 2_000, 20_000])) },
        }
    }

    /// Registrations of so many nodes.
    pub fn places<K: SimulatedKey>(self, random: &mut Random, nodes: usize) -> Vec<Id<K>> {
        let count = 1 + random.index(4);
        let ranges: BTreeSet<KeyRange<K>> = match self {
            Self::Touching => (0..count).map(|_| range(POOL[random.index(POOL.len())])).collect(),
            Self::Edges => between(&K::edges(), count, random),
            Self::Sparse { length } => {
                let keys: BTreeSet<K> = (0..6).map(|_| K::any(random, length)).collect();
                between(&keys.into_iter().collect::<Vec<_>>(), count, random)
            }
            Self::Slots(slots) => {
                let slot = |at| KeyRange::new(K::slot(at), K::slot(at + 1)).expect("slots are in order");
                return (0..slots).map(|at| (slot(at), node(0))).chain([(slot(0), node(1))]).collect();
            }
        };
        let of_ranges = |node: NodeId| ranges.iter().map(move |range| (range.clone(), node.clone()));
        (0..nodes).flat_map(|number| of_ranges(node(number))).collect()
    }
}

/// Ranges that begin and end at those keys, which are in order.
fn between<K: SimulatedKey>(keys: &[K], count: usize, random: &mut Random) -> BTreeSet<KeyRange<K>> {
    let mut range = || {
        let start = random.index(keys.len());
        let end = start + 1 + random.index(keys.len() - start);
        let start = keys[start].clone();
        match keys.get(end) {
            Some(end) => KeyRange::new(start, end.clone()).expect("keys are in order"),
            None => KeyRange::from_start(start),
        }
    };
    (0..count).map(|_| range()).collect()
}

/// The least key and all at which a range begins or ends, in order.
pub fn ends<K: SimulatedKey>(places: &[Id<K>]) -> Vec<K> {
    let ends = places.iter().flat_map(|(range, _)| [Some(range.start()), range.end()].into_iter().flatten());
    ends.cloned().chain([K::least()]).collect::<BTreeSet<K>>().into_iter().collect()
}
