//! Which of a key's owners to go to, so that all replicas choose alike, and equal ones share the keys.
//!
//! Each node draws a number for each key, by a hash of both, and the one that draws best is first: rendezvous hashing (Thaler and
//! Ravishankar, 1998). A node that comes or goes moves only the keys that it is first for. With weights w the number is the logarithm of
//! the draw, divided by w: so that each is first for a share of w (the logarithmic method of Schindelhauer and Schomaker, 2005).
//!
//! The logarithm is computed with whole numbers, since those of floating-point libraries differ from machine to machine.

use core::cmp::Ordering;

use smallvec::SmallVec;

use super::Owner;
use crate::hash::fold;
use crate::id::NodeId;
use crate::store::Interner;

/// How [`RangeMap::route`](crate::RangeMap::route) arranges the owners of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Routing {
    /// By priority, the highest first, as [`owners`](crate::RangeMap::owners) does. Of those with equal priority each comes first for an
    /// equal share of the keys.
    Preferred,
    /// Each comes first for a share of the keys as large as its priority among those of all owners: with priorities 1 and 3, for a
    /// quarter and three quarters.
    Weighted,
}

/// An owner of a key that has drawn a number for it. Its name is not copied before it is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) node: u32,
    pub(crate) priority: u64,
    /// The less, the better.
    draw: u64,
}

impl Candidate {
    /// Draws for a key of that hash by a name of that hash.
    #[inline]
    pub(crate) fn draw(key: u64, name: u64, node: u32, priority: u64) -> Self {
        Self { node, priority, draw: !fold(name, key) }
    }

    /// Whether it comes before another one or after. If both are equal, their order by name decides.
    #[inline]
    pub(crate) fn compare(&self, other: &Self, routing: Routing) -> Ordering {
        let by_priority = other.priority.cmp(&self.priority);
        let by_draw = self.draw.cmp(&other.draw);
        match routing {
            Routing::Preferred => by_priority.then(by_draw),
            // Of equal weights the logarithms are in the order of the draws, so they need not be known.
            Routing::Weighted if by_priority.is_eq() => by_draw,
            Routing::Weighted => self.compare_weighted(self.lateness(), other, other.lateness()),
        }
    }

    /// The less, the better, beside the priority.
    fn lateness(&self) -> u64 {
        lateness(!self.draw)
    }

    /// The same by weights, with the lateness of both: its logarithms are dear.
    fn compare_weighted(&self, late: u64, other: &Self, other_late: u64) -> Ordering {
        compare_quotients((late, self.priority), (other_late, other.priority))
            .then(self.draw.cmp(&other.draw))
    }

    pub(crate) fn owner(self, names: &Interner<NodeId>) -> Owner {
        Owner { node: names.get(self.node).clone(), priority: self.priority }
    }
}

/// The first of the candidates so far, as [`Candidate::compare`] orders them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct First {
    candidate: Option<Candidate>,
    /// Its lateness, once that was needed.
    late: Option<u64>,
}

impl First {
    /// Takes the next one, which comes after all before by name if it is equal. O(1).
    #[inline]
    pub(crate) fn offer(&mut self, next: Candidate, routing: Routing) {
        let late = match &self.candidate {
            None => None,
            Some(first) if routing == Routing::Preferred || first.priority == next.priority => {
                if next.compare(first, routing).is_ge() {
                    return;
                }
                None
            }
            Some(first) => {
                let first_late = *self.late.get_or_insert_with(|| first.lateness());
                let late = next.lateness();
                if next.compare_weighted(late, first, first_late).is_ge() {
                    return;
                }
                Some(late)
            }
        };
        *self = Self { candidate: Some(next), late };
    }

    pub(crate) fn candidate(self) -> Option<Candidate> {
        self.candidate
    }
}

/// As many as mostly own a key need no memory of their own.
pub(crate) type Candidates = SmallVec<[Candidate; 8]>;

/// Moves those that share their attribute with one before to the end; otherwise all stay in their order. O(k²) for k owners.
pub(crate) fn spread<A: PartialEq>(candidates: &mut Candidates, mut attribute: impl FnMut(u32) -> A) {
    let mut seen = Vec::<A>::new();
    let (apart, others): (Candidates, Candidates) =
        core::mem::take(candidates).into_iter().partition(|candidate| {
            let value = attribute(candidate.node);
            let is_new = !seen.contains(&value);
            if is_new {
                seen.push(value);
            }
            is_new
        });
    candidates.extend(apart);
    candidates.extend(others);
}

/// Compares a / b with c / d.
fn compare_quotients((a, b): (u64, u64), (c, d): (u64, u64)) -> Ordering {
    (u128::from(a) * u128::from(d)).cmp(&(u128::from(c) * u128::from(b)))
}

/// How many bits of a logarithm are behind the point.
const FRACTION: u32 = 32;

/// log2(1 + i / 256) for i from 0 to 256.
const LOGARITHMS: [u64; 257] = {
    let mut table = [0; 257];
    let mut i = 0;
    while i < table.len() {
        table[i] = log2((1 << 63) + ((i as u128) << 55));
        i += 1;
    }
    table
};

/// The logarithm of a number from 1 to 2, which has 63 bits behind the point: by squaring, bit by bit.
const fn log2(number: u128) -> u64 {
    let mut rest = number;
    let mut log = (rest >> 64) as u64;
    rest >>= log as u32;
    let mut bit = 0;
    while bit < FRACTION {
        rest = (rest * rest) >> 63;
        let is_over = (rest >> 64) as u64;
        rest >>= is_over as u32;
        log = log << 1 | is_over;
        bit += 1;
    }
    log
}

/// −log2 of a draw from 0 to 1, at least 1 unit: drawn evenly, an exponentially distributed time. The error is below 2^-18.
fn lateness(draw: u64) -> u64 {
    let draw = draw | 1;
    let zeros = draw.leading_zeros();
    let mantissa = draw << zeros;
    let (at, between) = ((mantissa >> 55 & 0xff) as usize, mantissa >> 23 & 0xffff_ffff);
    let step = LOGARITHMS[at + 1] - LOGARITHMS[at];
    let log = (u64::from(63 - zeros) << FRACTION) + LOGARITHMS[at] + ((step * between) >> 32);
    (64 << FRACTION) - log
}

#[cfg(test)]
mod tests {
    use core::cmp::Reverse;

    use super::*;
    use crate::hash::of;

    /// Nodes of these priorities, each named by its place.
    fn nodes(priorities: &[u64]) -> Vec<(u32, u64)> {
        let mut nodes: Vec<_> = (0..).zip(priorities.iter().copied()).collect();
        nodes.sort_by_key(|(_, priority)| Reverse(*priority));
        nodes
    }

    fn first(routing: Routing, key: u64, nodes: &[(u32, u64)]) -> u32 {
        let key = of(|hasher| hasher.number(key));
        let candidates = nodes.iter().map(|(node, priority)| {
            let name = of(|hasher| hasher.bytes(format!("node-{node}").as_bytes()));
            Candidate::draw(key, name, *node, *priority)
        });
        candidates.min_by(|one, other| one.compare(other, routing)).unwrap().node
    }

    const KEYS: u64 = 1_000_000;

    /// For how many of a million keys each is first.
    fn shares(routing: Routing, nodes: &[(u32, u64)]) -> Vec<f64> {
        let mut counts = vec![0u32; nodes.len()];
        (0..KEYS).for_each(|key| counts[first(routing, key, nodes) as usize] += 1);
        counts.into_iter().map(|count| f64::from(count) / KEYS as f64).collect()
    }

    #[test]
    fn equal_nodes_get_equal_shares() {
        for routing in [Routing::Preferred, Routing::Weighted] {
            for share in shares(routing, &nodes(&[3; 10])) {
                assert!((share - 0.1).abs() < 0.005, "{routing:?}: {share}");
            }
        }
    }

    #[test]
    fn by_weight_shares_are_as_the_weights() {
        for weights in [&[1, 2, 4][..], &[1, 1_000_000], &[5, 5, 90], &[1 << 62, 1 << 60]] {
            let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
            for (share, weight) in shares(Routing::Weighted, &nodes(weights)).iter().zip(weights) {
                let expected = *weight as f64 / sum as f64;
                assert!((share - expected).abs() < 0.002, "{weights:?}: {share} for {expected}");
            }
        }
    }

    #[test]
    fn one_more_node_moves_only_its_share() {
        for (routing, weights) in [
            (Routing::Preferred, [2; 11]),
            (Routing::Weighted, [2; 11]),
            (Routing::Weighted, [1, 9, 3, 4, 1, 7, 5, 2, 8, 6, 5]),
        ] {
            let all = nodes(&weights);
            let before: Vec<_> = all.iter().filter(|(node, _)| *node != 10).copied().collect();
            let mut moved = 0;
            for key in 0..KEYS / 10 {
                let (was, is) = (first(routing, key, &before), first(routing, key, &all));
                if was != is {
                    // None moves from one of the others to another.
                    assert_eq!(is, 10, "{routing:?}, key {key}");
                    moved += 1;
                }
            }
            let share = weights[10] as f64 / weights.iter().sum::<u64>() as f64;
            let moved = f64::from(moved) / (KEYS / 10) as f64;
            assert!((moved - share).abs() < 0.005, "{routing:?}: {moved} for {share}");
        }
    }

    /// Small numbers, so that many are equal in one way or the other.
    #[test]
    fn the_first_is_the_least_as_candidates_are_compared() {
        let mut random = crate::kit::random::Random(5);
        for _ in 0..20_000 {
            let mut candidates: Candidates = (0..1 + random.below(6) as u32)
                .map(|node| {
                    let priority = random.pick(&[1, 1, 2, 3, 6, 1 << 40]);
                    let draw = !random.pick(&[0, 1, 2, 3, 1 << 20, (1 << 20) + 1, 1 << 63, u64::MAX]);
                    Candidate { node, priority, draw }
                })
                .collect();
            candidates.sort_by_key(|candidate| Reverse(candidate.priority));
            for routing in [Routing::Preferred, Routing::Weighted] {
                let mut first = First::default();
                candidates.iter().for_each(|candidate| first.offer(*candidate, routing));
                let least = candidates.iter().min_by(|one, other| one.compare(other, routing));
                assert_eq!(first.candidate().map(|it| it.node), least.map(|it| it.node), "{candidates:?}");
            }
        }
        assert!(First::default().candidate().is_none());
    }

    #[test]
    fn a_logarithm_is_close_and_never_turns_back() {
        let mut before = u64::MAX;
        for step in 1..=200_000u64 {
            let draw = step * (u64::MAX / 200_000);
            let late = lateness(draw);
            assert!(late <= before && late >= 1);
            before = late;
            let exact = 64.0 - ((draw | 1) as f64).log2();
            let error = late as f64 / f64::from(2u32).powi(32) - exact;
            assert!(error.abs() < 1.0 / f64::from(1 << 18), "{draw}: {error}");
        }
        assert_eq!([0, 1, u64::MAX].map(lateness), [64 << 32, 64 << 32, 1]);
    }

    /// Whatever the machine and the version, replicas have to choose alike.
    #[test]
    fn choices_are_the_same_on_every_machine() {
        let nodes = nodes(&[1, 2, 3, 3, 3]);
        let shown =
            |routing| -> String { (0..16).map(|key| first(routing, key, &nodes).to_string()).collect() };
        assert_eq!(shown(Routing::Preferred), "4324344323424232");
        assert_eq!(shown(Routing::Weighted), "0314141123124231");
    }
}
