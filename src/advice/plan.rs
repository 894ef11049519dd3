//! A plan, and what it advises each node.

use core::fmt;

use super::histogram::{Aims, Capacities, Histogram};
use super::parcel::{SCALE, Standing, parcels};
use super::planner::Planner;
use super::site::{Site, Sites};
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::map::RangeMap;
use crate::operation::Operation;

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
    /// What the node bears now, in the unit of the histogram, cut to a whole number.
    pub load: u64,
    /// What it will bear when all have done as they are advised.
    pub wanted: u64,
    /// Its part of all load by its capacity; what it may bear is a little more, see [`Aims::slack_per_mille`].
    pub fair: u64,
    /// What to do, in this order, by [`RangeMap::apply`](crate::RangeMap::apply). Empty: nothing. What may not be done yet, or has been done,
    /// does nothing then: keys are given up by [`drain`](crate::RangeMap::drain), with the [wanted count](Aims::count), and with its promise if
    /// for each node one replica does as it is advised.
    pub operations: Vec<Operation<K>>,
}

/// The node, its load, and what is wanted: `a bears 90, wanted 55: drain a [0, 10) down to 3 others`.
impl<K: fmt::Display> fmt::Display for Advice<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bears {}, wanted {}:", self.node, self.load, self.wanted)?;
        if self.operations.is_empty() {
            f.write_str(" nothing to do")?;
        }
        (0..)
            .zip(&self.operations)
            .try_for_each(|(at, operation)| write!(f, "{}{operation}", if at == 0 { " " } else { ", " }))
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
        let operations = operations(&planner, map, aims.count.max(1));
        let unscaled = |load: u128| u64::try_from(load >> SCALE).unwrap_or(u64::MAX);
        let advices =
            planner.sites.nodes().zip(operations).filter(|((_, site), _)| planner.sites.is_listed(*site));
        let advices = advices.map(|((node, site), operations)| {
            let Site { load, load_now, fair, .. } = *planner.sites.get(site);
            let [load, wanted, fair] = [load_now, load, fair].map(unscaled);
            Advice { node: node.clone(), load, wanted, fair, operations }
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
        self.advices.iter().all(|advice| advice.operations.is_empty())
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

/// What is to be done, of which what touches is joined.
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

/// The operations of each node, by name.
fn operations<K: Key>(planner: &Planner<K>, map: &RangeMap<K>, count: usize) -> Vec<Vec<Operation<K>>> {
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
    let operation = |node: &NodeId, (kind, first, last): &Run| {
        let (node, range) = (node.clone(), range(*first, *last));
        Some(match kind {
            Kind::Register => Operation::Register { node, range },
            Kind::StandIn(other) => {
                Operation::StandIn { node, other: named[*other as usize]?.clone(), range }
            }
            Kind::Drain => Operation::Drain { node, range, count },
            Kind::Unite => Operation::Unite { node, range },
        })
    };
    let of = |(node, site): (&NodeId, u32)| {
        let kept = kept[site as usize].iter().map(|(_, first, last)| range(*first, *last)).collect();
        let operations = runs[site as usize].iter().filter_map(|run| operation(node, run));
        operations.chain(united(map, node, kept)).collect()
    };
    sites.nodes().map(of).collect()
}

/// Where a node serves by several registrations what one would do: only within ranges that it keeps.
fn united<K: Key>(map: &RangeMap<K>, node: &NodeId, kept: Vec<KeyRange<K>>) -> Vec<Operation<K>> {
    let mut own = map.registrations_of(node).map(|one| one.range).peekable();
    let mut operations = Vec::new();
    for kept in kept {
        let mut group: Option<(KeyRange<K>, usize)> = None;
        let mut finish = |group: Option<(KeyRange<K>, usize)>| {
            let range = group.filter(|(_, count)| *count >= UNITED_MIN).map(|(range, _)| range);
            operations.extend(range.map(|range| Operation::Unite { node: node.clone(), range }));
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
    operations
}
