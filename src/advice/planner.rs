//! How a plan is found: nodes that are too full give, those with room take, and whoever is not needed any more goes.
//!
//! Three passes, each in an order that follows from the input alone. *Fewer*: where more serve than have to, the last in order go, unless
//! all together would then have more too much. *Enough*: where too few serve, those with the most room join. *Relief*: nodes that are too full, the
//! worst first. Of theirs, what is too hot for those who serve it is spread over more; of the rest, they give what lies at the ends of what
//! they serve: to those who serve it as well, where these are more than have to be, to neighbours with room, else to whoever has the most. To spread what is left is the last resort.
//!
//! **Why it comes to rest.** Once each key is served by enough: takers are never filled above their aim, which is not more than what makes a
//! node too full, and nobody goes where all together would then have more too much. So the sum of what nodes have too much never grows, and
//! each relief lowers it; between two of these only those go who are not needed, of whom there are so many and no more.

use std::collections::VecDeque;

use super::histogram::Aims;
use super::parcel::{Parcel, Standing};
use super::site::{Site, Sites};
use crate::key::Key;
use crate::sort::sorted;

/// Over how many more nodes a parcel is spread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// Until so many serve it, or fewer if these have room; or more, if so many have none.
    Until(usize),
    /// Over as few as have room.
    Little,
}

/// By how much finer than wanted a parcel may be spread, where nodes have little room. All that is too hot is together not more than the
/// load, so this bounds the work as well.
const FINER_MAX: usize = 8;

/// The most nodes that join at a parcel which is not too hot.
const LITTLE_MAX: usize = 16;

/// Of so many who serve the keys beside those that are given, the last, one is looked for who takes them.
const NEIGHBOURS_MAX: usize = 8;

/// A plan that is being made.
#[derive(Debug)]
pub(super) struct Planner<K> {
    pub(super) parcels: Vec<Parcel<K>>,
    pub(super) sites: Sites,
    /// The parcels of each node, in key order.
    owned: Vec<Vec<u32>>,
    count: usize,
    /// The greatest share of a parcel that is not too hot.
    share_max: u128,
    /// How many keys may still move.
    budget: u64,
    /// How many keys are to move.
    pub(super) moved: u64,
    /// When each node was marked last, to tell who has to do with a parcel in O(1).
    marked: Vec<u32>,
    mark: u32,
}

impl<K: Key> Planner<K> {
    /// O(s k log n) for s parcels with k owners.
    pub(super) fn new(parcels: Vec<Parcel<K>>, sites: Sites, keys: u64, aims: &Aims) -> Self {
        let mut owned = vec![Vec::new(); sites.len()];
        for (at, parcel) in (0..).zip(&parcels) {
            parcel.bearers().for_each(|site| owned[site as usize].push(at));
        }
        let budget = u128::from(keys) * u128::from(aims.moved_per_mille) / 1000;
        let (marked, share_max) = (vec![0; sites.len()], sites.mean / 2);
        let budget = u64::try_from(budget).unwrap_or(u64::MAX);
        let count = aims.count.max(1);
        let mut planner = Self { parcels, sites, owned, count, share_max, budget, moved: 0, marked, mark: 0 };
        (0..planner.parcels.len()).for_each(|at| planner.add_load(at));
        planner.sites.start();
        planner
    }

    /// All passes.
    pub(super) fn plan(mut self) -> Self {
        (0..self.parcels.len()).for_each(|at| self.let_go(at));
        (0..self.parcels.len()).for_each(|at| self.fill(at));
        for site in self.sites.too_full() {
            self.relieve(site);
        }
        self
    }

    /// Lets each who serves a parcel bear its share of it.
    fn add_load(&mut self, at: usize) {
        let share = self.parcels[at].share();
        for site in self.parcels[at].bearers() {
            self.sites.set_load(site, self.sites.get(site).load + share);
        }
    }

    /// Changes what becomes of some nodes at a parcel, and what each bears. O(m log n) for m who serve it then.
    fn change(&mut self, at: usize, sites: &[u32], standing: Standing) {
        let share = self.parcels[at].share();
        for site in self.parcels[at].bearers() {
            self.sites.set_load(site, self.sites.get(site).load.saturating_sub(share));
        }
        if standing == Standing::Joins {
            self.parcels[at].join(sites);
            let keys = self.parcels[at].keys.saturating_mul(sites.len() as u64);
            self.budget = self.budget.saturating_sub(keys);
            self.moved = self.moved.saturating_add(keys);
        } else {
            self.mark_all(sites.iter().copied());
            let (marked, mark) = (&self.marked, self.mark);
            self.parcels[at].set(|site| marked[site as usize] == mark, standing);
        }
        self.add_load(at);
    }

    /// Marks these nodes and no others.
    fn mark_all(&mut self, sites: impl Iterator<Item = u32>) {
        self.mark += 1;
        sites.for_each(|site| self.marked[site as usize] = self.mark);
    }

    /// Marks those who have to do with a parcel.
    fn mark_members(&mut self, at: usize) {
        self.mark += 1;
        self.parcels[at].members.iter().for_each(|member| self.marked[member.site as usize] = self.mark);
    }

    fn is_marked(&self, site: u32) -> bool {
        self.marked[site as usize] == self.mark
    }

    /// How many have to serve a parcel so that it is not too hot for them.
    fn wanted(&self, at: usize) -> usize {
        let least = self.parcels[at].load.div_ceil(self.share_max.max(1));
        usize::try_from(least).unwrap_or(usize::MAX).max(self.count)
    }

    /// Lets the last in order go who are not needed: as many as can without more load that is too much.
    fn let_go(&mut self, at: usize) {
        let parcel = &self.parcels[at];
        let may_go = parcel.members.iter().skip(self.count).map(|member| member.site);
        let may_go: Vec<u32> = may_go.filter(|site| self.sites.is_listed(*site)).collect();
        let mut going = may_go.len().min(parcel.bearers.saturating_sub(self.wanted(at)));
        let before = if going > 0 { self.too_much(at, &[]) } else { 0 };
        while going > 0 {
            let gone = &may_go[may_go.len() - going..];
            if self.too_much(at, gone) <= before {
                return self.change(at, gone, Standing::Drains);
            }
            going /= 2;
        }
    }

    /// How a node goes whom nobody replaces, if more serve a parcel than have to, and all have less too much then: at once, if enough who
    /// stay come before it, or when those behind it do who can be advised to.
    fn way_out(&mut self, at: usize, site: u32) -> Option<Standing> {
        let parcel = &self.parcels[at];
        if parcel.standing(site) != Some(Standing::Stays) || parcel.bearers <= self.wanted(at) {
            return None;
        }
        let (mut before, mut behind, mut is_before) = (0, 0, true);
        for member in &parcel.members {
            is_before &= member.site != site;
            if member.site == site || member.standing != Standing::Stays {
                continue;
            }
            before += usize::from(is_before);
            behind += usize::from(!is_before && self.sites.is_listed(member.site));
        }
        let standing = if before >= self.count { Standing::Drains } else { Standing::Leaves };
        let is_better = self.too_much(at, &[site]) < self.too_much(at, &[]);
        (before + behind >= self.count && is_better).then_some(standing)
    }

    /// What those who serve a parcel bear too much, all together, when some of them are gone. O(m) for m who serve it.
    fn too_much(&mut self, at: usize, gone: &[u32]) -> u128 {
        self.mark_all(gone.iter().copied());
        let parcel = &self.parcels[at];
        let share = parcel.load / (parcel.bearers - gone.len()) as u128;
        let too_much = |site: u32| {
            let Site { load, high, capacity, .. } = *self.sites.get(site);
            let load = load.saturating_sub(parcel.share()) + if self.is_marked(site) { 0 } else { share };
            if capacity.is_some() { load.saturating_sub(high) } else { 0 }
        };
        parcel.bearers().map(too_much).sum()
    }

    /// Finds those who are lacking where too few serve. The last who joined is asked first, while it has room.
    fn fill(&mut self, at: usize) {
        while self.parcels[at].bearers < self.count {
            let parcel = &self.parcels[at];
            if parcel.keys > self.budget {
                return;
            }
            let share = parcel.load / (parcel.bearers as u128 + 1);
            let beside = self.neighbour(at, at.checked_sub(1), share);
            let Some(site) = beside.or_else(|| self.roomiest(at)) else { return };
            self.change(at, &[site], Standing::Joins);
        }
    }

    /// Of those who serve a parcel beside another, who has the most room, if it is so much, and nothing to do with the other.
    fn neighbour(&self, at: usize, beside: Option<usize>, share: u128) -> Option<u32> {
        let (parcel, beside) = (&self.parcels[at], self.parcels.get(beside?)?);
        if !beside.touches(parcel) && !parcel.touches(beside) {
            return None;
        }
        let is_free = |site: &u32| self.sites.has_room(*site, share) && parcel.standing(*site).is_none();
        beside
            .bearers()
            .rev()
            .take(NEIGHBOURS_MAX)
            .filter(is_free)
            .max_by_key(|site| self.sites.get(*site).room())
    }

    /// Who has the most room of those who have nothing to do with a parcel. O(m + log n) for m who have.
    fn roomiest(&mut self, at: usize) -> Option<u32> {
        self.mark_members(at);
        self.sites.by_room().map(|(site, _)| site).find(|site| !self.is_marked(*site))
    }

    /// Makes a node bear no more than its aim, as far as that can be.
    fn relieve(&mut self, site: u32) {
        let is_hot = |planner: &Self, at: &u32| planner.parcels[*at as usize].share() > planner.share_max;
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
        let bears = |parcel: &Parcel<K>| parcel.standing(site) == Some(Standing::Stays) && parcel.load > 0;
        let stays = |at: &&u32| bears(&self.parcels[**at as usize]);
        let own: Vec<u32> = self.owned[site as usize].iter().filter(stays).copied().collect();
        let share = |at: &u32| self.parcels[*at as usize].share();
        sorted(&own, |a, b| share(b).cmp(&share(a)).then(a.cmp(b)))
    }

    /// Lets more serve a parcel, as far as they have room for their share of it.
    fn spread(&mut self, at: usize, how_far: Spread) {
        let parcel = &self.parcels[at];
        let (wanted, most) = match how_far {
            Spread::Until(wanted) => {
                (wanted.saturating_sub(parcel.bearers), wanted.saturating_mul(FINER_MAX))
            }
            Spread::Little => (0, LITTLE_MAX),
        };
        let affordable = self.budget.checked_div(parcel.keys).map(usize::try_from);
        let most = most.min(affordable.and_then(Result::ok).unwrap_or(usize::MAX));
        self.mark_members(at);
        let parcel = &self.parcels[at];
        let (mut found, mut enough) = (Vec::new(), 0);
        for (site, room) in self.sites.by_room() {
            if found.len() >= most || room == 0 || (found.len() >= wanted && enough > 0) {
                break;
            }
            if !self.is_marked(site) {
                found.push(site);
                if room >= parcel.load / (parcel.bearers + found.len()) as u128 {
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
            let parcel = &self.parcels[**at as usize];
            parcel.standing(site) == Some(Standing::Stays) && parcel.load > 0
        };
        let mut left: VecDeque<u32> = self.owned[site as usize].iter().filter(is_given).copied().collect();
        while let (Some(first), Some(last)) = (left.front(), left.back())
            && !self.is_relieved(site)
        {
            let ends = [(*first as usize, false), (*last as usize, true)];
            let left_to_others = ends.into_iter().find_map(|end| Some((end, self.way_out(end.0, site)?)));
            if let Some(((at, is_last), standing)) = left_to_others {
                self.change(at, &[site], standing);
                _ = if is_last { left.pop_back() } else { left.pop_front() };
                continue;
            }
            if let Some((_, is_last)) = ends.into_iter().find(|(at, _)| !self.may_give(*at, site)) {
                _ = if is_last { left.pop_back() } else { left.pop_front() };
                continue;
            }
            let beside = |(at, is_last): (usize, bool)| {
                let beside = if is_last { at.checked_add(1) } else { at.checked_sub(1) };
                let taker = self.neighbour(at, beside, self.parcels[at].share())?;
                Some((self.sites.get(taker).room(), is_last, at, taker))
            };
            let best = ends.into_iter().filter_map(beside).max();
            let (is_last, at, taker) = match best {
                Some((_, is_last, at, taker)) => (is_last, at, Some(taker)),
                None => (true, ends[1].0, self.roomiest(ends[1].0)),
            };
            _ = if is_last { left.pop_back() } else { left.pop_front() };
            if let Some(taker) = taker.filter(|taker| self.sites.has_room(*taker, self.parcels[at].share())) {
                self.change(at, &[site], Standing::Leaves);
                self.change(at, &[taker], Standing::Joins);
            }
        }
    }

    /// Whether a node can be replaced at a parcel: it is not too hot, not too large, and enough will come before it when all have done
    /// as they are advised.
    fn may_give(&self, at: usize, site: u32) -> bool {
        let parcel = &self.parcels[at];
        if parcel.share() > self.share_max || parcel.keys > self.budget {
            return false;
        }
        let own = parcel.members.iter().position(|member| member.site == site);
        let is_behind = |position: usize| own.is_some_and(|own| position > own);
        let is_before = |(position, member): (usize, &super::parcel::Member)| match member.standing {
            Standing::Leaves | Standing::Drains => false,
            Standing::Joins => true,
            Standing::Stays => {
                member.site != site && (!is_behind(position) || self.sites.is_listed(member.site))
            }
        };
        // With the one who is to take it.
        parcel.members.iter().enumerate().filter(|it| is_before(*it)).count() + 1 >= self.count
    }
}
