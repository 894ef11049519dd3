//! One random schedule: operations while everything goes wrong, then peace, and what must hold then.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};

use crdt_range_map::{CausalContext, Delta};

use crate::model::Id;
use crate::model::served;
use crate::model::world::{POOL, SampleKey, node, range};
use crate::network::{Faults, NO_FAULTS};
use crate::oracle::{Operation, Oracle, Place};
use crate::process::{Life, Saving};
use crate::random::Random;
use crate::tally::{Group, Tally};
use crate::world::{World, trace};

/// Whether messages may be spoilt on their way.
const SPOILING: bool = true;

/// How far a clock may be set back at once.
const CLOCK_BACK_MAX_MS: i64 = 3_600_000;

/// After so long without faults all must be equal.
const HEALING_MAX_MS: u64 = 120_000;
/// What is still under way when all are equal, such as questions that nobody can answer, may take so long.
const SETTLING_MS: u64 = 30_000;
/// How long the replicas are watched when they have nothing to do.
const IDLE_MS: u64 = 60_000;

/// How a schedule failed.
pub struct Failure {
    pub what: String,
    /// How many of its steps are enough for it to fail.
    pub steps: u64,
}

/// Runs the schedule of that seed, or its first steps, and looks for how many steps suffice if it fails.
pub fn run(seed: u64, steps_max: u64, is_traced: bool) -> Result<Tally, Failure> {
    attempt(seed, steps_max, is_traced).map_err(|what| {
        let fewer = (0..steps_max.min(100)).find_map(|steps| {
            let what = attempt(seed, steps, false).err()?;
            Some(Failure { what, steps })
        });
        fewer.unwrap_or(Failure { what, steps: steps_max })
    })
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what panics say for the report of the schedule, instead of printing it, while `within` runs.
pub fn with_quiet_panics<T>(within: impl FnOnce() -> T) -> T {
    let shown = panic::take_hook();
    panic::set_hook(Box::new(|info| PANIC.set(info.to_string())));
    let result = within();
    panic::set_hook(shown);
    result
}

fn attempt(seed: u64, steps_max: u64, is_traced: bool) -> Result<Tally, String> {
    let live = || Schedule::new(seed, is_traced).live(steps_max);
    panic::catch_unwind(AssertUnwindSafe(live)).unwrap_or_else(|_| Err(PANIC.take()))
}

struct Schedule {
    seed: u64,
    world: World,
    replicas: usize,
    steps: u64,
    /// The longest time between two steps.
    pause_max_ms: u64,
}

impl Schedule {
    fn new(seed: u64, is_traced: bool) -> Self {
        // Neighbouring seeds have nothing in common.
        let mut random = Random(Random(seed).next());
        let nodes = 1 + random.below(3) as usize;
        let ranges: BTreeSet<usize> = (0..1 + random.below(4)).map(|_| random.index(POOL.len())).collect();
        let places: Vec<Id<u64>> =
            ranges.iter().flat_map(|at| (0..nodes).map(|number| (range(POOL[*at]), node(number)))).collect();
        let (replicas, steps) = match random.below(100) {
            0..82 => (2 + random.index(5), 10 + random.below(80)),
            82..98 => (7 + random.index(10), 10 + random.below(60)),
            _ => (17 + random.index(34), 10 + random.below(50)),
        };
        let pause_max_ms = random.pick(&[1, 50, 800, 800, 5_000]);
        let log_capacity = random.pick(&[0, 3, 20, 4_096]);
        let mut world = World::new(Oracle::new(places), random, is_traced);
        world.log_capacity = log_capacity;
        Self { seed, world, replicas, steps, pause_max_ms }
    }

    fn live(mut self, steps_max: u64) -> Result<Tally, String> {
        self.choose_faults();
        for _ in 0..self.replicas {
            let saving = self.world.random.pick(&[Saving::BeforeSending, Saving::Holding, Saving::Sometimes]);
            self.world.open(saving)?;
        }
        for _ in 0..self.steps.min(steps_max) {
            self.step()?;
            let pause_ms = self.world.random.below(self.pause_max_ms + 1);
            self.world.run_for(pause_ms)?;
        }
        self.heal()?;
        self.watch_idle()?;
        self.check()?;
        self.wind_up()?;
        for process in &self.world.processes {
            if let Some(running) = process.running() {
                self.world.tally.statistics(&running.sync.statistics());
            }
        }
        let mut tally = self.world.tally;
        tally.count(Group::Schedules, "schedules");
        tally.add(Group::Schedules, "replicas", self.world.processes.len() as u64);
        tally.add(Group::Schedules, "ids", self.world.writers.len() as u64);
        tally.add(Group::Schedules, "virtual seconds", self.world.now_ms / 1_000);
        tally.at_most("replicas in one schedule", self.world.processes.len() as u64, self.seed);
        Ok(tally)
    }

    fn choose_faults(&mut self) {
        let World { random, .. } = &mut self.world;
        let mut perhaps = |value: u64| if random.percent(60) { value } else { 0 };
        let is_on = [perhaps(1), perhaps(1), perhaps(1), perhaps(1), perhaps(1)];
        let random = &mut self.world.random;
        let up_to = |random: &mut Random, on: u64, most: u64| on * random.below(most + 1);
        self.world.faults = Faults {
            lost_percent: up_to(random, is_on[0], 60),
            repeated_percent: up_to(random, is_on[1], 60),
            spoilt_percent: if SPOILING { up_to(random, is_on[2], 40) } else { 0 },
            delay_max_ms: 1 + up_to(random, is_on[3], 3_000),
            crash_permille: up_to(random, is_on[4], 15),
        };
        trace!(self.world, "{:?}", self.world.faults);
    }

    fn step(&mut self) -> Result<(), String> {
        let at = self.world.random.index(self.world.processes.len());
        match self.world.random.below(100) {
            0..70 => {
                // Several at once come together as one message.
                let times = self.world.random.pick(&[1, 1, 1, 2, 5]);
                for _ in 0..times {
                    let operation = self.operation();
                    self.world.operate(at, operation)?;
                }
                Ok(())
            }
            70..76 => self.separate(at),
            76..80 => self.reunite(),
            80..84 => {
                let returns_ms = self.world.now_ms + self.world.random.below(6_000);
                if self.world.processes[at].running().is_some() {
                    self.world.crash(at, Some(returns_ms));
                }
                Ok(())
            }
            84..89 => {
                if self.world.processes[at].running().is_some() {
                    self.world.save(at);
                }
                Ok(())
            }
            89..94 => {
                self.set_clock(at);
                self.world.pump(at)
            }
            94..96 => {
                self.choose_faults();
                Ok(())
            }
            96..98 if self.world.processes.len() < self.replicas + 4 => {
                self.world.tally.fault("newcomer");
                let saving =
                    self.world.random.pick(&[Saving::BeforeSending, Saving::Holding, Saving::Sometimes]);
                self.world.open(saving)
            }
            _ => Ok(()),
        }
    }

    fn operation(&mut self) -> Operation {
        let World { random, oracle, writers, .. } = &mut self.world;
        let places = &oracle.places;
        if random.percent(4) {
            return if random.percent(50) {
                Operation::Maintain
            } else {
                Operation::Retire(random.pick(writers))
            };
        }
        let place = random.index(places.len());
        let by = if random.percent(5) { u32::MAX } else { 1 + random.below(4) as u32 };
        match random.below(16) {
            0..5 => Operation::Register(place),
            5..8 => Operation::Increase(place, by),
            8..11 => Operation::Decrease(place, by),
            11..14 => Operation::Release(place),
            _ => {
                let same_node: Vec<Place> =
                    (0..places.len()).filter(|to| places[*to].1 == places[place].1).collect();
                Operation::Tighten(place, random.pick(&same_node))
            }
        }
    }

    /// Takes a replica off the medium or to another part of it; or tears the medium apart.
    fn separate(&mut self, at: usize) -> Result<(), String> {
        let World { random, processes, tally, .. } = &mut self.world;
        if random.percent(40) {
            tally.fault("partition of all");
            for process in processes {
                process.group = Some(random.below(3) as u32);
            }
            return Ok(());
        }
        tally.fault("partition of one");
        processes[at].group = random.pick(&[None, Some(0), Some(1)]);
        self.rejoin(at)
    }

    fn reunite(&mut self) -> Result<(), String> {
        self.world.tally.fault("reunion");
        for at in 0..self.world.processes.len() {
            self.world.processes[at].group = Some(0);
            self.rejoin(at)?;
        }
        Ok(())
    }

    /// Whoever notices that it has another connection joins anew; some do not notice.
    fn rejoin(&mut self, at: usize) -> Result<(), String> {
        let has_noticed = self.world.random.percent(50);
        if has_noticed {
            self.world.rejoin(at)?;
        }
        Ok(())
    }

    fn set_clock(&mut self, at: usize) {
        let World { random, processes, tally, .. } = &mut self.world;
        let by_ms = random.below(random.clone().pick(&[100, 10_000, 3_600_000])) as i64;
        if random.percent(50) {
            tally.fault("clock set forwards");
            processes[at].set_clock(by_ms);
        } else {
            tally.fault("clock set back");
            processes[at].set_clock(-by_ms.min(CLOCK_BACK_MAX_MS));
        }
    }

    /// Ends all faults and waits until all are equal.
    fn heal(&mut self) -> Result<(), String> {
        self.world.faults = NO_FAULTS;
        self.reunite()?;
        let mut known: Vec<CausalContext> = self.contexts();
        let begin_ms = self.world.now_ms;
        let posts = self.world.posts;
        trace!(self.world, "all faults end");
        self.wait_until_equal()?;
        let World { tally, now_ms, posts: posts_now, .. } = &mut self.world;
        tally.at_most("milliseconds to heal", *now_ms - begin_ms, self.seed);
        tally.at_most("messages posted to heal", *posts_now - posts, self.seed);
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

    /// When all know the same, there is nothing to say but that.
    fn watch_idle(&mut self) -> Result<(), String> {
        self.world.run_for(SETTLING_MS)?;
        self.world.forget_posts();
        self.world.run_for(IDLE_MS)?;
        let by_kind = self.world.posts_by_kind;
        let posts: u64 = by_kind.iter().sum();
        self.world.tally.at_most("messages in an idle minute", posts, self.seed);
        self.world.tally.at_most("bytes in an idle minute", self.world.bytes_posted, self.seed);
        match posts - by_kind[DIGEST] {
            0 => Ok(()),
            _ => Err(format!("in an idle minute there are messages of the kinds {by_kind:?}")),
        }
    }

    /// What must hold of replicas that are equal.
    fn check(&mut self) -> Result<(), String> {
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
    fn wind_up(&mut self) -> Result<(), String> {
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

const DIGEST: usize = 4;
