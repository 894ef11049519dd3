//! A plan, and what it advises each node.

use core::fmt;

use super::histogram::{Aims, Capacities, Histogram};
use super::parcel::{SCALE, Standing, parcels};
use super::planner::Planner;
use super::site::{Site, Sites};
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::map::RangeMap;

/// What all nodes of a map should do now, so that none is too full. Made by [`RangeMap::plan`](crate::RangeMap::plan).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<K> {
    /// By name.
    advices: Vec<Advice<K>>,
    moved: u64,
    peak_per_mille: u64,
    peak_wanted_per_mille: u64,
}

/// What one node should do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice<K> {
    /// The node that this is for.
    pub node: NodeId,
    /// How many have to serve each key.
    pub count: usize,
    /// What the node bears now, in the unit of the histogram, cut to a whole number.
    pub load: u64,
    /// What it will bear when all have done as they are advised.
    pub wanted: u64,
    /// Its part of all load by its capacity; what it may bear is a little more, see [`Aims::slack_per_mille`].
    pub fair: u64,
    /// What to do, in this order. Empty: nothing.
    pub steps: Vec<Step<K>>,
}

/// One thing that a node should do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<K> {
    /// [`RangeMap::register`](crate::RangeMap::register): serve these keys as well, behind those who do.
    Register {
        /// Which keys.
        range: KeyRange<K>,
    },
    /// [`RangeMap::stand_in`](crate::RangeMap::stand_in): serve these keys, and come before one who is to give them up.
    StandIn {
        /// Who is to give them up.
        other: NodeId,
        /// Which keys.
        range: KeyRange<K>,
    },
    /// [`RangeMap::drain`](crate::RangeMap::drain): give these keys up; enough others come before the node.
    Drain {
        /// Which keys.
        range: KeyRange<K>,
    },
    /// Serve these keys by one registration, in place of several that touch or overlap, with the highest of their priorities. No owner
    /// changes by that, only their order.
    Unite {
        /// Which keys.
        range: KeyRange<K>,
    },
}

impl<K> Step<K> {
    /// Which keys it is about. O(1).
    pub fn range(&self) -> &KeyRange<K> {
        match self {
            Self::Register { range }
            | Self::StandIn { range, .. }
            | Self::Drain { range }
            | Self::Unite { range } => range,
        }
    }
}

impl<K: fmt::Display> fmt::Display for Step<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { range } => write!(f, "register {range}"),
            Self::StandIn { other, range } => write!(f, "stand in for {other} in {range}"),
            Self::Drain { range } => write!(f, "drain {range}"),
            Self::Unite { range } => write!(f, "unite {range}"),
        }
    }
}

/// The node, its load, and what is wanted: `a bears 90, wanted 55: drain [0, 10)`.
impl<K: fmt::Display> fmt::Display for Advice<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bears {}, wanted {}:", self.node, self.load, self.wanted)?;
        if self.steps.is_empty() {
            f.write_str(" nothing to do")?;
        }
        (0..)
            .zip(&self.steps)
            .try_for_each(|(at, step)| write!(f, "{}{step}", if at == 0 { " " } else { ", " }))
    }
}

impl<K: Key> Plan<K> {
    pub(super) fn new(
        map: &RangeMap<K>,
        histogram: &Histogram<K>,
        capacities: &Capacities,
        aims: &Aims,
    ) -> Self {
        let mut sites = Sites::new(capacities, |node| is_gone(map, node), histogram.load(), aims);
        let mut all = Vec::new();
        for bucket in histogram.buckets() {
            parcels(map.living(), bucket, |owner| sites.number(&owner.node), &mut all);
        }
        let planner = Planner::new(all, sites, histogram.keys(), aims).plan();
        let steps = steps(&planner, map);
        let unscaled = |load: u128| u64::try_from(load >> SCALE).unwrap_or(u64::MAX);
        let advices =
            planner.sites.nodes().zip(steps).filter(|((_, site), _)| planner.sites.is_listed(*site));
        let advices = advices.map(|((node, site), steps)| {
            let Site { load, load_now, fair, .. } = *planner.sites.get(site);
            let [load, wanted, fair] = [load_now, load, fair].map(unscaled);
            Advice { node: node.clone(), count: aims.count.max(1), load, wanted, fair, steps }
        });
        Self {
            advices: advices.collect(),
            moved: planner.moved,
            peak_per_mille: planner.sites.peak_per_mille(|site| site.load_now),
            peak_wanted_per_mille: planner.sites.peak_per_mille(|site| site.load),
        }
    }

    /// What each node with a capacity should do who is not gone, by name. O(1).
    pub fn advices(&self) -> &[Advice<K>] {
        &self.advices
    }

    /// What one node should do; `None` for a node without a capacity, and for one that is gone. O(log n).
    pub fn advice(&self, node: &NodeId) -> Option<&Advice<K>> {
        let at = self.advices.binary_search_by(|advice| advice.node.cmp(node)).ok()?;
        self.advices.get(at)
    }

    /// Whether there is nothing to do for anybody. O(n).
    pub fn is_empty(&self) -> bool {
        self.advices.iter().all(|advice| advice.steps.is_empty())
    }

    /// How many keys are to come to nodes that do not serve them: each key once for each such node. O(1).
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// The greatest load that somebody bears now, for its fair share, in thousandths: 1000 if each bears what it can. O(1).
    pub fn peak_per_mille(&self) -> u64 {
        self.peak_per_mille
    }

    /// The same, when all have done as they are advised. O(1).
    pub fn peak_wanted_per_mille(&self) -> u64 {
        self.peak_wanted_per_mille
    }
}

/// Whether a node is marked as down, or registered and not alive.
fn is_gone<K: Key>(map: &RangeMap<K>, node: &NodeId) -> bool {
    let mut own = map.registrations_of(node).peekable();
    let is_dead = own.peek().is_some() && own.all(|one| map.living_priority(node, &one.range).is_none());
    is_dead || map.down().any(|down| down == node)
}

/// What a step is about, of which those that touch are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Register,
    StandIn(u32),
    Drain,
    Unite,
}

/// As many registrations that touch or overlap are united. Fewer are left as they are.
const UNITED_MIN: usize = 4;

/// What to do from which parcel to which.
type Run = (Kind, usize, usize);

/// The steps of each node, by name.
fn steps<K: Key>(planner: &Planner<K>, map: &RangeMap<K>) -> Vec<Vec<Step<K>>> {
    let Planner { parcels, sites, .. } = planner;
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); sites.len()];
    let mut kept: Vec<Vec<Run>> = runs.clone();
    let extend = |runs: &mut Vec<Run>, kind: Kind, at: usize| match runs.last_mut() {
        Some((before, _, last))
            if *before == kind && *last + 1 == at && parcels[*last].touches(&parcels[at]) =>
        {
            *last = at;
        }
        _ => runs.push((kind, at, at)),
    };
    for (at, parcel) in parcels.iter().enumerate() {
        let mut leaving = None;
        let first_leaving = parcel.members.iter().find(|it| it.standing == Standing::Leaves);
        let join = first_leaving.map_or(Kind::Register, |leaving| Kind::StandIn(leaving.site));
        for member in &parcel.members {
            let kind = match member.standing {
                Standing::Leaves => {
                    leaving = leaving.or(Some(member.site));
                    None
                }
                Standing::Drains => Some(Kind::Drain),
                Standing::Stays => {
                    extend(&mut kept[member.site as usize], Kind::Unite, at);
                    leaving.map(Kind::StandIn)
                }
                Standing::Joins => Some(join),
            };
            kind.into_iter().for_each(|kind| extend(&mut runs[member.site as usize], kind, at));
        }
    }
    let mut named: Vec<Option<&NodeId>> = vec![None; sites.len()];
    sites.nodes().for_each(|(node, site)| named[site as usize] = Some(node));
    let range = |first: usize, last: usize| {
        KeyRange::between(parcels[first].range.start().clone(), parcels[last].range.end().cloned())
    };
    let step = |(kind, first, last): &Run| {
        let range = range(*first, *last);
        Some(match kind {
            Kind::Register => Step::Register { range },
            Kind::StandIn(other) => Step::StandIn { other: named[*other as usize]?.clone(), range },
            Kind::Drain => Step::Drain { range },
            Kind::Unite => Step::Unite { range },
        })
    };
    let of = |(node, site): (&NodeId, u32)| {
        let kept = kept[site as usize].iter().map(|(_, first, last)| range(*first, *last)).collect();
        let steps = runs[site as usize].iter().filter_map(step);
        steps.chain(united(map, node, kept)).collect()
    };
    sites.nodes().map(of).collect()
}

/// Where a node serves by several registrations what one would do: only within ranges that it keeps.
fn united<K: Key>(map: &RangeMap<K>, node: &NodeId, kept: Vec<KeyRange<K>>) -> Vec<Step<K>> {
    let mut own = map.registrations_of(node).map(|one| one.range).peekable();
    let mut steps = Vec::new();
    for kept in kept {
        let mut group: Option<(KeyRange<K>, usize)> = None;
        let mut finish = |group: Option<(KeyRange<K>, usize)>| {
            let range = group.filter(|(_, count)| *count >= UNITED_MIN).map(|(range, _)| range);
            steps.extend(range.map(|range| Step::Unite { range }));
        };
        while let Some(range) = own.next_if(|range| kept.end().is_none_or(|end| range.start() < end)) {
            if !kept.contains_range(&range) {
                continue;
            }
            group = match group.take() {
                None => Some((range, 1)),
                Some((mut all, count)) => match all.absorb(range) {
                    Ok(()) => Some((all, count + 1)),
                    Err(next) => {
                        finish(Some((all, count)));
                        Some((next, 1))
                    }
                },
            };
        }
        finish(group);
    }
    steps
}
