//! The end of a schedule: no more faults, and what must hold then.

use std::collections::BTreeSet;

use crdt_range_map::{Delta, Version};

use crate::keys::{SimulatedKey, ends};
use crate::medium::Medium;
use crate::meeting::DIGEST;
use crate::model::Id;
use crate::model::served;
use crate::oracle::Operation;
use crate::process::Life;
use crate::schedule::{Kind, Schedule};
use crate::world::World;
use crate::world::trace;

/// Who sends digests no more often than that is not waited for.
const DIGESTS_RARE_MS: u64 = 100_000;
/// After so long without faults all must be equal, where a message takes no time and limits are as they come.
const HEALING_MAX_MS: u64 = 120_000;
/// What is still under way when all are equal, such as questions that nobody can answer, may take so long.
const SETTLING_MS: u64 = 120_000;
/// How long the replicas are watched when they have nothing to do.
const IDLE_MS: u64 = 60_000;
/// How often it is looked whether all are equal.
const LOOK_EVERY_MS: u64 = 500;
/// No limit makes replicas wait for longer than this, or they would wait for ever.
const WAITING_MAX_MS: u64 = 600_000;

/// To heal takes so many messages of each replica at most, beside its digests.
const HEALING_POSTS_MAX: u64 = 500;
/// Beyond so many registrations splits are not computed again by brute force.
const SERVED_MAX: usize = 300;

impl<K: SimulatedKey> Schedule<K> {
    /// Ends all faults and waits until all are equal.
    pub fn heal(&mut self) -> Result<(), String> {
        self.end_faults()?;
        let mut known: Vec<Version> = self.versions();
        let begin_ms = self.world.now_ms;
        let posts = self.world.posts;
        self.wait_until_equal()?;
        let World { tally, now_ms, posts: posts_now, seed, .. } = &mut self.world;
        let (took_ms, posts) = (*now_ms - begin_ms, *posts_now - posts);
        tally.at_most("milliseconds to heal", took_ms, *seed);
        tally.at_most("messages posted to heal", posts, *seed);
        let replicas = self.world.processes.len() as u64;
        if posts > replicas * HEALING_POSTS_MAX + self.speakers() * self.digests_in(took_ms) {
            return Err(format!("{posts} messages to heal"));
        }
        let all = self.versions().pop().expect("somebody is alive");
        match known.drain(..).all(|known| all.includes(&known)) {
            true => Ok(()),
            false => Err("something that was known is not known any more".into()),
        }
    }

    pub fn end_faults(&mut self) -> Result<(), String> {
        self.world.faults = self.calm;
        self.world.peace_ms.get_or_insert(self.world.now_ms);
        trace!(self.world, "all faults end");
        // What is still on its way may be news to one alone.
        let last_ms = self.world.network.last_ms().unwrap_or(0);
        self.world.run_for(last_ms.saturating_sub(self.world.now_ms))?;
        self.close_ranks();
        self.reunite()
    }

    /// How many send digests: each end of a link.
    fn speakers(&self) -> u64 {
        self.world.processes.iter().map(|process| process.wires.len() as u64).sum()
    }

    /// How many digests each sends in that time at most.
    fn digests_in(&self, time_ms: u64) -> u64 {
        1 + time_ms / self.world.config.digest_interval_ms.max(1)
    }

    /// How long one replica may have to wait for another, at each step of what they say to each other.
    fn round_ms(&self) -> u64 {
        let config = &self.world.config;
        let there_and_back_ms = 2 * (self.calm.latency_ms + self.calm.delay_max_ms);
        let waits =
            [config.delay_max_ms, config.retry_ms, config.session_ms].map(|ms| ms.min(WAITING_MAX_MS));
        there_and_back_ms + waits.into_iter().max().unwrap_or(0)
    }

    pub fn wait_until_equal(&mut self) -> Result<(), String> {
        let digest_ms = self.world.config.digest_interval_ms.min(WAITING_MAX_MS);
        let patience_ms = HEALING_MAX_MS + 60 * self.round_ms() + 6 * digest_ms;
        let begin_ms = self.world.now_ms;
        let mut before: Vec<Delta<K>> = Vec::new();
        let mut moved_ms = begin_ms;
        while !self.is_equal() {
            let states: Vec<Delta<K>> = self.world.living().map(|map| map.state().clone()).collect();
            if states != before {
                moved_ms = self.world.now_ms;
                before = states;
            }
            if self.world.now_ms >= begin_ms + patience_ms {
                return Err(
                    self.disagreement(&format!("not equal {} s after the last fault", patience_ms / 1_000))
                );
            }
            let still_ms = self.world.now_ms - moved_ms;
            if still_ms > HEALING_MAX_MS / 2 + 20 * self.round_ms() + 3 * digest_ms {
                return Err(self.disagreement(&format!("no progress in {} s", still_ms / 1_000)));
            }
            self.world.run_for(LOOK_EVERY_MS)?;
        }
        trace!(self.world, "all are equal");
        Ok(())
    }

    fn disagreement(&self, what: &str) -> String {
        for map in self.world.living() {
            trace!(self.world, "{}: {:?}", map.replica(), map.state());
        }
        for process in &self.world.processes {
            if let Some(running) = process.running() {
                trace!(self.world, "{:?}", running.node);
            }
        }
        let versions = self.versions();
        let know_the_same = versions.windows(2).all(|pair| pair[0] == pair[1]);
        let is_retired = |id| versions.iter().any(|version| version.retired().contains(id));
        let unaware = self.world.living().filter(|map| is_retired(map.replica())).count();
        let claim =
            if know_the_same { "though all claim to know the same" } else { "and not knowing the same" };
        format!("{what}, {claim}; {unaware} do not know that they are retired")
    }

    fn versions(&self) -> Vec<Version> {
        self.world.living().map(|map| map.state().version().clone()).collect()
    }

    fn is_equal(&self) -> bool {
        let has_returned = |life: &Life<K>| !matches!(life, Life::Down { returns_ms: Some(_) });
        let states: Vec<&Delta<K>> = self.world.living().map(|map| map.state()).collect();
        self.world.processes.iter().all(|process| has_returned(&process.life) && process.is_at_rest())
            && (states.windows(2).all(|pair| pair[0] == pair[1])
                || self.kind == Kind::Long && self.shows_the_same())
    }

    /// In a mesh, those who are left find each other.
    fn close_ranks(&mut self) {
        let is_left = |at: &usize| !matches!(self.world.processes[*at].life, Life::Down { returns_ms: None });
        let left: Vec<usize> = (0..self.world.processes.len()).filter(is_left).collect();
        if self.world.medium != Medium::Broadcast {
            left.windows(2).for_each(|pair| self.world.link(pair[0], pair[1]));
        }
    }

    /// When all know the same, there is nothing to say but that.
    pub fn watch_idle(&mut self) -> Result<(), String> {
        // Where there is a digest in every millisecond, not for long.
        let interval_ms = self.world.config.digest_interval_ms.max(1);
        let idle_ms = IDLE_MS.min(500 + 20 * interval_ms.min(IDLE_MS));
        let settling_ms =
            SETTLING_MS.min(4_000 + 20 * interval_ms.min(IDLE_MS)) + 30 * self.round_ms().min(WAITING_MAX_MS);
        self.world.run_for(settling_ms)?;
        if interval_ms <= DIGESTS_RARE_MS {
            // Whoever clears up after the retired does so when all have agreed for a while.
            self.world.run_for(4 * interval_ms)?;
        }
        self.world.forget_posts();
        self.world.run_for(idle_ms)?;
        let posted = &self.world.posted;
        let posts: u64 = posted.values().sum();
        let digests: u64 =
            posted.iter().filter(|((_, kind), _)| *kind == DIGEST).map(|(_, count)| count).sum();
        let posted = format!("{posted:?}");
        let is_mesh = self.world.medium != Medium::Broadcast;
        // In the same millisecond nobody hears the others.
        let there_and_back_ms = (2 * (self.calm.latency_ms + self.calm.delay_max_ms)).max(1);
        let each = self.digests_in(idle_ms);
        // One after each interval. But each speaks for itself if it does not hear the others in time, and some do so of those whose
        // digests are due in that time.
        let too_late = (2 * self.speakers() * there_and_back_ms).div_ceil(interval_ms).min(self.speakers());
        let (name, bound) = match is_mesh {
            true => ("messages in an idle minute, mesh", self.speakers() * each),
            false if 8 * self.speakers() * there_and_back_ms < interval_ms => {
                ("messages in an idle minute", each + each / 2 + 2)
            }
            false => ("messages in an idle minute, slow", each * (1 + too_late)),
        };
        self.world.check_presence()?;
        if interval_ms >= 10_000 {
            self.world.tally.at_most(name, posts, self.world.seed);
        }
        if posts > bound {
            return Err(format!("{posts} messages in {idle_ms} idle ms, not {bound}"));
        }
        // Who never gives up goes on asking where nobody is left.
        let may_ask = is_mesh && self.world.config.tries_max > 5;
        match posts - digests {
            others if others == 0 || may_ask => Ok(()),
            _ => Err(format!("in {idle_ms} idle ms there are messages of these senders and kinds: {posted}")),
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
        let versions: Vec<_> = self.world.living().map(|map| map.answer_version()).collect();
        if versions.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err("equal states have different versions of their answers".into());
        }
        (0..self.world.processes.len()).try_for_each(|at| self.world.check_all(at))?;
        let map = self.world.living().next().expect("somebody is alive");
        let listed: Vec<(Id<K>, u64)> =
            map.registrations().map(|it| ((it.range, it.node), it.priority)).collect();
        let places = self.world.oracle.places.iter();
        let visible: Vec<(Id<K>, u64)> =
            places.filter_map(|id| Some((id.clone(), map.priority(&id.1, &id.0)?))).collect();
        served::agree("registrations", &listed, &visible)?;
        if listed.len() <= SERVED_MAX {
            served::check(map, &listed, &ends(&self.world.oracle.places))?;
        }
        self.check_size("registrations")
    }

    /// A state holds what is registered and what was not told to everybody yet.
    fn check_size(&mut self, when: &str) -> Result<(), String> {
        let World { oracle, writers, .. } = &self.world;
        let map = self.world.living().next().expect("somebody is alive");
        let context = map.state().context();
        if map.log_bytes() > self.world.log_bytes_max {
            return Err(format!("a log of {} bytes", map.log_bytes()));
        }
        let (bytes, records) = (map.state().encode().len(), oracle.record_count(context));
        let lost = oracle.lost(context);
        let ids = oracle
            .places
            .iter()
            .map(|(range, node)| node.as_str().len() + format!("{:?}{:?}", range.start(), range.end()).len());
        // What is beyond that of common registrations.
        let id_bytes = ids.max().unwrap_or(0).saturating_sub(40);
        let bound = 4 + 12 * writers.len() + (64 + id_bytes) * (records + lost.named_drops) + 12 * lost.gaps;
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
        let at = at.expect("somebody is alive");
        for place in 0..self.world.oracle.places.len() {
            self.world.operate_silently(at, Operation::Release(place))?;
        }
        self.world.pump(at)?;
        self.wait_until_equal()?;
        let map = self.world.living().next().expect("somebody is alive");
        if map.registrations().count() > 0 {
            return Err("something is left of what was released".into());
        }
        self.check_size("nothing registered")
    }
}
