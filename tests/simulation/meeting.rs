//! Meetings of many on one broadcast medium, and what they cost: parts that did something each meet, or somebody comes to many who
//! know the same.

use crate::keys::SimulatedKey;
use crate::oracle::Operation;
use crate::schedule::Schedule;
use crate::world::trace;

/// A meeting takes so many messages of each replica at most, and so many more.
const MEETING_POSTS_EACH_MAX: u64 = 16;
const MEETING_POSTS_MAX: u64 = 60;
/// So many replicas at most answer a joiner, as long as a message takes no longer than that.
const ANSWERS_MAX: usize = 3;
const ANSWERS_LATENCY_MAX_MS: u64 = 500;
/// Whoever stands last in a line of those who may answer does so up to this much later.
const LINE_MS: u64 = 30_000;
/// Which kind of message a digest is.
pub const DIGEST: u8 = 4;

impl<K: SimulatedKey> Schedule<K> {
    /// Parts of a medium did something each, and meet.
    pub fn meet(&mut self) -> Result<(), String> {
        self.calm.latency_ms = self.latency();
        self.gather(self.replicas)?;
        let parts = 2 + self.random.below(3.min(self.replicas as u64 - 1));
        for at in 0..self.replicas {
            // The first of each part has its place, the others come where they come.
            let part = if (at as u64) < parts { at as u64 } else { self.random.below(parts) };
            self.world.processes[at].group = Some(part as u32);
        }
        self.act_in_peace(2 + 2 * parts)?;
        let noticed_percent = self.random.pick(&[0, 50, 100]);
        for at in 0..self.replicas {
            self.world.processes[at].group = Some(0);
        }
        for at in 0..self.replicas {
            if self.random.percent(noticed_percent) {
                self.world.rejoin(at)?;
            }
        }
        let (posts, begin_ms) = (self.world.posts, self.world.now_ms);
        self.wait_until_equal()?;
        let (posts, took_ms) = (self.world.posts - posts, self.world.now_ms - begin_ms);
        trace!(
            self.world,
            "a meeting of {} in {parts} parts takes {posts} messages, {took_ms} ms", self.replicas
        );
        let (replicas, seed) = (self.replicas as u64, self.world.seed);
        self.world.tally.at_most("ms that a meeting takes", took_ms, seed);
        self.world.tally.at_most("messages of each in a meeting", posts.div_ceil(replicas), seed);
        if posts > MEETING_POSTS_MAX + MEETING_POSTS_EACH_MAX * replicas {
            return Err(format!(
                "a meeting of {replicas} in {parts} parts takes {posts} messages, {took_ms} ms"
            ));
        }
        Ok(())
    }

    /// Somebody who knows nothing, or is back after a while, comes to many.
    pub fn join_many(&mut self) -> Result<(), String> {
        self.calm.latency_ms = self.latency();
        let is_new = self.random.percent(60);
        self.gather(self.replicas + usize::from(!is_new))?;
        let joiner = self.replicas;
        if !is_new {
            self.world.processes[joiner].group = None;
        }
        for _ in 0..1 + self.random.below(6) {
            let at = self.random.index(joiner);
            let operation = self.operation();
            self.world.operate(at, operation)?;
        }
        self.quiet()?;
        self.world.run_for(LINE_MS)?;
        self.world.forget_posts();
        if is_new {
            let saving = self.saving();
            self.world.open(saving)?;
        } else {
            self.world.processes[joiner].group = Some(0);
            self.world.rejoin(joiner)?;
        }
        self.wait_until_equal()?;
        self.world.run_for(4 * self.calm.latency_ms + 4_000)?;
        let mut answering: Vec<usize> =
            self.world.posted.keys().filter(|(_, kind)| *kind != DIGEST).map(|(from, _)| *from).collect();
        answering.retain(|from| *from != joiner);
        answering.dedup();
        let (answers, seed) = (answering.len(), self.world.seed);
        self.world.tally.at_most("replicas that answer a joiner", answers as u64, seed);
        if answers > ANSWERS_MAX && self.calm.latency_ms <= ANSWERS_LATENCY_MAX_MS {
            let posted = &self.world.posted;
            return Err(format!("{answers} of {} answer a joiner: {posted:?}", self.replicas));
        }
        Ok(())
    }

    fn latency(&mut self) -> u64 {
        self.random.pick(&[0, 1, 20, 60, 60, 200, 500, 700, 1_100, 2_000, 5_000])
    }

    /// So many join and learn the same.
    fn gather(&mut self, replicas: usize) -> Result<(), String> {
        self.world.faults = self.calm;
        for _ in 0..replicas {
            let saving = self.saving();
            self.world.open(saving)?;
        }
        self.act_in_peace(self.random.clone().below(30))?;
        self.wait_until_equal()
    }

    /// So many operations, and time for all to hear of them.
    fn act_in_peace(&mut self, operations: u64) -> Result<(), String> {
        for _ in 0..operations {
            let at = self.random.index(self.world.processes.len());
            let operation = match self.operation() {
                Operation::Retire(_) => Operation::Maintain,
                operation => operation,
            };
            self.world.operate(at, operation)?;
            let pause_ms = self.random.below(100);
            self.world.run_for(pause_ms)?;
        }
        self.quiet()
    }

    fn quiet(&mut self) -> Result<(), String> {
        self.world.run_for(5_000 + 6 * (self.calm.latency_ms + self.calm.delay_max_ms))
    }
}
