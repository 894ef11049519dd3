//! The end of a schedule: no more faults, and what must hold then.

use std::collections::BTreeSet;

use crdt_range_map::{CausalContext, Delta};

use crate::model::Id;
use crate::model::served;
use crate::model::world::SampleKey;
use crate::network::NO_FAULTS;
use crate::oracle::Operation;
use crate::process::Life;
use crate::protocol::Medium;
use crate::schedule::Schedule;
use crate::world::World;
use crate::world::trace;

/// After so long without faults all must be equal.
const HEALING_MAX_MS: u64 = 120_000;
/// What is still under way when all are equal, such as questions that nobody can answer, may take so long.
const SETTLING_MS: u64 = 30_000;
/// How long the replicas are watched when they have nothing to do.
const IDLE_MS: u64 = 60_000;

/// So many messages are posted then at most: one in 10 s, and now and then two at once.
const IDLE_POSTS_MAX: u64 = 10;
/// To heal takes so many messages of each replica at most.
const HEALING_POSTS_MAX: u64 = 500;
/// Which kind of message a digest is.
const DIGEST: usize = 4;

impl Schedule {
    /// Ends all faults and waits until all are equal.
    pub fn heal(&mut self) -> Result<(), String> {
        self.world.faults = NO_FAULTS;
        self.close_ranks();
        self.reunite()?;
        let mut known: Vec<CausalContext> = self.contexts();
        let begin_ms = self.world.now_ms;
        let posts = self.world.posts;
        trace!(self.world, "all faults end");
        self.wait_until_equal()?;
        let World { tally, now_ms, posts: posts_now, .. } = &mut self.world;
        tally.at_most("milliseconds to heal", *now_ms - begin_ms, self.seed);
        tally.at_most("messages posted to heal", *posts_now - posts, self.seed);
        let posts = self.world.posts - posts;
        if posts > HEALING_POSTS_MAX * self.world.processes.len() as u64 {
            return Err(format!("{posts} messages to heal"));
        }
        let all = self.contexts().pop().expect("somebody is alive");
        match known.drain(..).all(|known| all.includes(&known)) {
            true => Ok(()),
            false => Err("something that was known is not known any more".into()),
        }
    }

    fn wait_until_equal(&mut self) -> Result<(), String> {
        let until_ms = self.world.now_ms + HEALING_MAX_MS;
        while !self.is_equal() {
            if self.world.now_ms >= until_ms {
                let contexts = self.contexts();
                let know_the_same = contexts.windows(2).all(|pair| pair[0] == pair[1]);
                for map in self.world.living() {
                    trace!(self.world, "{}: {:?}", map.replica(), map.state());
                }
                let is_retired = |id| contexts.iter().any(|context| context.is_retired(id));
                let unaware = self.world.living().filter(|map| is_retired(map.replica())).count();
                return Err(format!(
                    "not equal {} s after the last fault, {}; {unaware} do not know that they are retired",
                    HEALING_MAX_MS / 1_000,
                    if know_the_same {
                        "though all claim to know the same"
                    } else {
                        "and not knowing the same"
                    },
                ));
            }
            self.world.run_for(500)?;
        }
        trace!(self.world, "all are equal");
        Ok(())
    }

    fn contexts(&self) -> Vec<CausalContext> {
        self.world.living().map(|map| map.state().context().clone()).collect()
    }

    fn is_equal(&self) -> bool {
        let has_returned = |life: &Life| !matches!(life, Life::Down { returns_ms: Some(_) });
        let states: Vec<&Delta<u64>> = self.world.living().map(|map| map.state()).collect();
        self.world.processes.iter().all(|process| has_returned(&process.life) && process.is_at_rest())
            && states.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// In a mesh, those who are left find each other.
    fn close_ranks(&mut self) {
        let is_left = |at: &usize| !matches!(self.world.processes[*at].life, Life::Down { returns_ms: None });
        let left: Vec<usize> = (0..self.world.processes.len()).filter(is_left).collect();
        if let Medium::Mesh { .. } = self.world.medium {
            left.windows(2).for_each(|pair| self.world.link(pair[0], pair[1]));
        }
    }

    /// When all know the same, there is nothing to say but that.
    pub fn watch_idle(&mut self) -> Result<(), String> {
        self.world.run_for(SETTLING_MS)?;
        self.world.forget_posts();
        self.world.run_for(IDLE_MS)?;
        let by_kind = self.world.posts_by_kind;
        let posts: u64 = by_kind.iter().sum();
        let is_mesh = matches!(self.world.medium, Medium::Mesh { .. });
        let name = if is_mesh { "messages in an idle minute, mesh" } else { "messages in an idle minute" };
        self.world.tally.at_most(name, posts, self.seed);
        if !is_mesh && posts > IDLE_POSTS_MAX {
            return Err(format!("{posts} messages in an idle minute"));
        }
        match posts - by_kind[DIGEST] {
            0 => Ok(()),
            _ => Err(format!("in an idle minute there are messages of the kinds {by_kind:?}")),
        }
    }

    /// What must hold of replicas that are equal.
    pub fn check(&mut self) -> Result<(), String> {
        if !self.is_equal() {
            return Err("replicas that were equal are not any more".into());
        }
        let encoded: BTreeSet<Vec<u8>> = self.world.living().map(|map| map.state().encode()).collect();
        if encoded.len() != 1 {
            return Err("equal states have different bytes".into());
        }
        (0..self.world.processes.len()).try_for_each(|at| self.world.check(at))?;
        let map = self.world.living().next().expect("somebody is alive");
        let listed: Vec<(Id<u64>, u64)> =
            map.registrations().map(|it| ((it.range, it.node), it.priority)).collect();
        let places = self.world.oracle.places.iter();
        let visible: Vec<(Id<u64>, u64)> =
            places.filter_map(|id| Some((id.clone(), map.priority(&id.1, &id.0)?))).collect();
        served::agree("registrations", &listed, &visible)?;
        served::check(map, &listed, &u64::samples())?;
        self.check_size("registrations")
    }

    /// A state holds what is registered and what was not told to everybody yet.
    fn check_size(&mut self, when: &str) -> Result<(), String> {
        let World { oracle, writers, .. } = &self.world;
        let map = self.world.living().next().expect("somebody is alive");
        let context = map.state().context();
        if map.log_len() > self.world.log_capacity {
            return Err(format!("a log of {} effects", map.log_len()));
        }
        let (bytes, records) = (map.state().encode().len(), oracle.view(context).record_count());
        let lost = oracle.lost(context);
        let bound = 4 + 12 * writers.len() + 64 * records + 12 * lost.gaps + 48 * lost.named_drops;
        match bytes <= bound {
            true => Ok(()),
            false => Err(format!(
                "a state of {bytes} bytes with {when}: {records} records, {} writers, {lost:?}",
                writers.len()
            )),
        }
    }

    /// Releases everything, which must leave nothing but what the dead would have had to drop.
    pub fn wind_up(&mut self) -> Result<(), String> {
        let at = (0..self.world.processes.len()).find(|at| self.world.processes[*at].running().is_some());
        for place in 0..self.world.oracle.places.len() {
            self.world.operate(at.expect("somebody is alive"), Operation::Release(place))?;
        }
        self.wait_until_equal()?;
        let map = self.world.living().next().expect("somebody is alive");
        if map.registrations().count() > 0 {
            return Err("something is left of what was released".into());
        }
        self.check_size("nothing registered")
    }
}
