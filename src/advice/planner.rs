//! How a plan is found: nodes that are too full give, those with room take, and whoever is not needed any more goes.
//!
//! Three passes, each in an order that follows from the input alone. *Fewer*: where more serve than have to, the last in order go, unless
//! that would make others too full. *Enough*: where too few serve, those with the most room join. *Relief*: nodes that are too full, the
//! worst first. Of theirs, what is too hot for those who serve it is spread over more; of the rest, they give what lies at the ends of what
//! they serve: to neighbours with room, else to whoever has the most. To spread what is left is the last resort.
//!
//! **Why it comes to rest.** Takers are never filled above their aim, which is less than what makes a node too full, and nobody goes where
//! that would make others so. So each plan lowers the sum of what nodes have too much, or the number of those who serve something, or it is
//! empty.

use std::collections::VecDeque;

use super::histogram::Aims;
use super::segment::{Segment, Standing};
use super::site::{Site, Sites};
use crate::key::Key;
use crate::sort::sorted;

/// Over how many more nodes a segment is spread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// Until so many serve it, or fewer if these have room; or more, if so many have none.
    Until(usize),
    /// Over as few as have room.
    Little,
}

/// By how much finer than wanted a segment may be spread, where nodes have little room. All that is too hot is together not more than the
/// load, so this bounds the work as well.
const FINER_MAX: usize = 8;

/// The most nodes that join at a segment which is not too hot.
const LITTLE_MAX: usize = 16;

/// Of so many who serve the keys beside those that are given, the last, one is looked for who takes them.
const NEIGHBOURS_MAX: usize = 8;

/// A plan that is being made.
#[derive(Debug)]
pub(super) struct Planner<K> {
    pub(super) segments: Vec<Segment<K>>,
    pub(super) sites: Sites,
    /// The segments of each node, in key order.
    owned: Vec<Vec<u32>>,
    count: usize,
    /// The greatest share of a segment that is not too hot.
    piece: u128,
    /// How many keys may still move.
    budget: u64,
    /// How many keys are to move.
    pub(super) moved: u64,
    /// When each node was marked last, to tell who has to do with a segment in O(1).
    marked: Vec<u32>,
    mark: u32,
}

impl<K: Key> Planner<K> {
    /// O(s k log n) for s segments with k owners.
    pub(super) fn new(segments: Vec<Segment<K>>, sites: Sites, keys: u64, aims: &Aims) -> Self {
        let mut owned = vec![Vec::new(); sites.len()];
        for (at, segment) in (0..).zip(&segments) {
            segment.bearers().for_each(|site| owned[site as usize].push(at));
        }
        let budget = u128::from(keys) * u128::from(aims.moved_per_mille) / 1000;
        let (marked, piece) = (vec![0; sites.len()], sites.mean / 2);
        let budget = u64::try_from(budget).unwrap_or(u64::MAX);
        let count = aims.count.max(1);
        let mut planner = Self { segments, sites, owned, count, piece, budget, moved: 0, marked, mark: 0 };
        (0..planner.segments.len()).for_each(|at| planner.add_load(at));
        planner.sites.start();
        planner
    }

    /// All passes.
    pub(super) fn plan(mut self) -> Self {
        (0..self.segments.len()).for_each(|at| self.let_go(at));
        (0..self.segments.len()).for_each(|at| self.fill(at));
        for site in self.sites.too_full() {
            self.relieve(site);
        }
        self
    }

    /// Lets each who serves a segment bear its share of it.
    fn add_load(&mut self, at: usize) {
        let share = self.segments[at].share();
        for site in self.segments[at].bearers() {
            self.sites.set_load(site, self.sites.get(site).load + share);
        }
    }

    /// Changes what becomes of some nodes at a segment, and what each bears. O(m log n) for m who serve it then.
    fn change(&mut self, at: usize, sites: &[u32], standing: Standing) {
        let share = self.segments[at].share();
        for site in self.segments[at].bearers() {
            self.sites.set_load(site, self.sites.get(site).load.saturating_sub(share));
        }
        if standing == Standing::Joins {
            self.segments[at].join(sites);
            let keys = self.segments[at].keys.saturating_mul(sites.len() as u64);
            self.budget = self.budget.saturating_sub(keys);
            self.moved = self.moved.saturating_add(keys);
        } else {
            self.mark_all(sites.iter().copied());
            let (marked, mark) = (&self.marked, self.mark);
            self.segments[at].set(|site| marked[site as usize] == mark, standing);
        }
        self.add_load(at);
    }

    /// Marks these nodes and no others.
    fn mark_all(&mut self, sites: impl Iterator<Item = u32>) {
        self.mark += 1;
        sites.for_each(|site| self.marked[site as usize] = self.mark);
    }

    fn is_marked(&self, site: u32) -> bool {
        self.marked[site as usize] == self.mark
    }

    /// How many have to serve a segment so that it is not too hot for them.
    fn wanted(&self, at: usize) -> usize {
        let least = self.segments[at].load.div_ceil(self.piece.max(1));
        usize::try_from(least).unwrap_or(usize::MAX).max(self.count)
    }

    /// Lets the last in order go who are not needed: as many as can without more load that is too much.
    fn let_go(&mut self, at: usize) {
        let segment = &self.segments[at];
        let may_go = segment.members.iter().skip(self.count).map(|member| member.site);
        let may_go: Vec<u32> = may_go.filter(|site| self.sites.is_listed(*site)).collect();
        let mut going = may_go.len().min(segment.bearers.saturating_sub(self.wanted(at)));
        let before = if going > 0 { self.too_much(at, &[]) } else { 0 };
        while going > 0 {
            let gone = &may_go[may_go.len() - going..];
            if self.too_much(at, gone) <= before {
                return self.change(at, gone, Standing::Drains);
            }
            going /= 2;
        }
    }

    /// What those who serve a segment bear too much, all together, when some of them are gone. O(m) for m who serve it.
    fn too_much(&mut self, at: usize, gone: &[u32]) -> u128 {
        self.mark_all(gone.iter().copied());
        let segment = &self.segments[at];
        let share = segment.load / (segment.bearers - gone.len()) as u128;
        let too_much = |site: u32| {
            let Site { load, high, capacity, .. } = *self.sites.get(site);
            let load = load.saturating_sub(segment.share()) + if self.is_marked(site) { 0 } else { share };
            if capacity.is_some() { load.saturating_sub(high) } else { 0 }
        };
        segment.bearers().map(too_much).sum()
    }

    /// Finds those who are lacking where too few serve. The last who joined is asked first, while it has room.
    fn fill(&mut self, at: usize) {
        while self.segments[at].bearers < self.count {
            let segment = &self.segments[at];
            if segment.keys > self.budget {
                return;
            }
            let share = segment.load / (segment.bearers as u128 + 1);
            let Some(site) = self.neighbour(at, at.checked_sub(1), share).or_else(|| self.roomiest(at))
            else {
                return;
            };
            self.change(at, &[site], Standing::Joins);
        }
    }

    /// Of those who serve a segment beside another, who has the most room, if it is so much, and nothing to do with the other.
    fn neighbour(&self, at: usize, beside: Option<usize>, share: u128) -> Option<u32> {
        let (segment, beside) = (&self.segments[at], self.segments.get(beside?)?);
        if !beside.touches(segment) && !segment.touches(beside) {
            return None;
        }
        let is_free = |site: &u32| self.sites.has_room(*site, share) && segment.standing(*site).is_none();
        beside
            .bearers()
            .rev()
            .take(NEIGHBOURS_MAX)
            .filter(is_free)
            .max_by_key(|site| self.sites.get(*site).room())
    }

    /// Who has the most room of those who have nothing to do with a segment.
    fn roomiest(&self, at: usize) -> Option<u32> {
        let segment = &self.segments[at];
        self.sites.by_room().map(|(site, _)| site).find(|site| segment.standing(*site).is_none())
    }

    /// Makes a node bear no more than its aim, as far as that can be.
    fn relieve(&mut self, site: u32) {
        let is_hot = |planner: &Self, at: &u32| planner.segments[*at as usize].share() > planner.piece;
        for at in self.by_share(site).into_iter().take_while(|at| is_hot(self, at)).collect::<Vec<_>>() {
            if self.is_relieved(site) {
                return;
            }
            self.spread(at as usize, Spread::Until(self.wanted(at as usize)));
        }
        self.give(site);
        if self.sites.get(site).load <= self.sites.get(site).high {
            return;
        }
        for at in self.by_share(site) {
            if self.is_relieved(site) {
                return;
            }
            self.spread(at as usize, Spread::Little);
        }
    }

    fn is_relieved(&self, site: u32) -> bool {
        self.sites.get(site).load <= self.sites.get(site).aim
    }

    /// Where a node stays and bears something, the hottest first.
    fn by_share(&self, site: u32) -> Vec<u32> {
        let bears =
            |segment: &Segment<K>| segment.standing(site) == Some(Standing::Stays) && segment.load > 0;
        let stays = |at: &&u32| bears(&self.segments[**at as usize]);
        let own: Vec<u32> = self.owned[site as usize].iter().filter(stays).copied().collect();
        let share = |at: &u32| self.segments[*at as usize].share();
        sorted(&own, |a, b| share(b).cmp(&share(a)).then(a.cmp(b)))
    }

    /// Lets more serve a segment, as far as they have room for their share of it.
    fn spread(&mut self, at: usize, how_far: Spread) {
        let segment = &self.segments[at];
        let (wanted, most) = match how_far {
            Spread::Until(wanted) => {
                (wanted.saturating_sub(segment.bearers), wanted.saturating_mul(FINER_MAX))
            }
            Spread::Little => (0, LITTLE_MAX),
        };
        let affordable = self.budget.checked_div(segment.keys).map(usize::try_from);
        let most = most.min(affordable.and_then(Result::ok).unwrap_or(usize::MAX));
        self.mark_all(self.segments[at].members.clone().iter().map(|member| member.site));
        let segment = &self.segments[at];
        let (mut found, mut enough) = (Vec::new(), 0);
        for (site, room) in self.sites.by_room() {
            if found.len() >= most || room == 0 || (found.len() >= wanted && enough > 0) {
                break;
            }
            if !self.is_marked(site) {
                found.push(site);
                if room >= segment.load / (segment.bearers + found.len()) as u128 {
                    enough = found.len();
                }
            }
        }
        // Those before have more room than the last.
        self.change(at, &found[..enough], Standing::Joins);
    }

    /// Gives away what lies at the ends of what a node serves, until it bears its aim.
    fn give(&mut self, site: u32) {
        let is_given = |at: &&u32| {
            let segment = &self.segments[**at as usize];
            segment.standing(site) == Some(Standing::Stays) && segment.load > 0
        };
        let mut left: VecDeque<u32> = self.owned[site as usize].iter().filter(is_given).copied().collect();
        while let (Some(first), Some(last)) = (left.front(), left.back())
            && !self.is_relieved(site)
        {
            let ends = [(*first as usize, false), (*last as usize, true)];
            if let Some((_, is_last)) = ends.into_iter().find(|(at, _)| !self.may_give(*at, site)) {
                _ = if is_last { left.pop_back() } else { left.pop_front() };
                continue;
            }
            let beside = |(at, is_last): (usize, bool)| {
                let beside = if is_last { at.checked_add(1) } else { at.checked_sub(1) };
                let taker = self.neighbour(at, beside, self.segments[at].share())?;
                Some((self.sites.get(taker).room(), is_last, at, taker))
            };
            let best = ends.into_iter().filter_map(beside).max();
            let (is_last, at, taker) = match best {
                Some((_, is_last, at, taker)) => (is_last, at, Some(taker)),
                None => (true, ends[1].0, self.roomiest(ends[1].0)),
            };
            _ = if is_last { left.pop_back() } else { left.pop_front() };
            if let Some(taker) = taker.filter(|taker| self.sites.has_room(*taker, self.segments[at].share()))
            {
                self.change(at, &[site], Standing::Leaves);
                self.change(at, &[taker], Standing::Joins);
            }
        }
    }

    /// Whether a node can be replaced at a segment: it is not too hot, not too large, and enough will come before it when all have done
    /// as they are advised.
    fn may_give(&self, at: usize, site: u32) -> bool {
        let segment = &self.segments[at];
        if segment.share() > self.piece || segment.keys > self.budget {
            return false;
        }
        let own = segment.members.iter().position(|member| member.site == site);
        let is_behind = |position: usize| own.is_some_and(|own| position > own);
        let is_before = |(position, member): (usize, &super::segment::Member)| match member.standing {
            Standing::Leaves | Standing::Drains => false,
            Standing::Joins => true,
            Standing::Stays => {
                member.site != site && (!is_behind(position) || self.sites.is_listed(member.site))
            }
        };
        // With the one who is to take it.
        segment.members.iter().enumerate().filter(|it| is_before(*it)).count() + 1 >= self.count
    }
}
