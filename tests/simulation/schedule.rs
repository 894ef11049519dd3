//! One random schedule: operations while everything goes wrong, then peace, and what must hold then.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};

use crdt_range_map::NodeId;
use crdt_range_map::sync::Config;

use crate::model::Id;
use crate::model::seeds::number;
use crate::model::world::{POOL, node, range};
use crate::network::Faults;
use crate::oracle::{Operation, Oracle, Place};
use crate::process::Saving;
use crate::protocol::Medium;
use crate::random::Random;
use crate::tally::{Group, Tally};
use crate::world::{World, trace};

/// How far a clock is set at once, at most.
const CLOCK_STEP_MAX_MS: u64 = 3_600_000;

/// How a schedule failed.
pub struct Failure {
    pub what: String,
    /// How many of its steps are enough for it to fail.
    pub steps: u64,
}

/// Mostly as it comes; else with little room, so that much has to be said in small pieces.
fn config(random: &mut Random, replicas: usize) -> Config {
    let mut config = Config::default();
    if random.percent(30) {
        config.compare_bytes_max = random.pick(&[100, 400, 2_000]);
        config.delay_max_ms = random.pick(&[0, 10, 40, 200]);
        if replicas <= 6 {
            config.message_bytes_max = random.pick(&[2_000, 5_000, 16 << 20]);
        }
    }
    config
}

/// Runs the schedule of that seed, or its first steps, and looks for how many steps suffice if it fails.
pub fn run(seed: u64, steps_max: u64, is_traced: bool) -> Result<Tally, Failure> {
    attempt(seed, steps_max, is_traced).map_err(|what| {
        let is_worth_it = number("SIMULATION_ALL").is_none();
        let fewer = (0..steps_max.min(100)).filter(|_| is_worth_it).find_map(|steps| {
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

pub struct Schedule {
    pub seed: u64,
    pub world: World,
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
        let of_ranges = |node: NodeId| ranges.iter().map(move |at| (range(POOL[*at]), node.clone()));
        let mut places: Vec<Id<u64>> = (0..nodes).flat_map(|number| of_ranges(node(number))).collect();
        let ballast = if random.percent(10) { random.below(80) } else { 0 };
        let name = |number| NodeId::new(format!("ballast-{number}")).expect("a name");
        places.extend((0..ballast).flat_map(|number| of_ranges(name(number))));
        let (replicas, steps) = match random.below(100) {
            0..88 => (2 + random.index(5), 10 + random.below(80)),
            88..99 => (7 + random.index(10), 10 + random.below(60)),
            _ => (17 + random.index(34), 10 + random.below(50)),
        };
        let pause_max_ms = random.pick(&[1, 50, 800, 800, 5_000]);
        let log_capacity = random.pick(&[0, 3, 20, 4_096]);
        let mut world = World::new(Oracle::new(places), random, is_traced);
        world.log_capacity = log_capacity;
        world.config = config(&mut world.random, replicas);
        if world.random.percent(25) {
            world.medium = Medium::Mesh { fan_out: 1 + world.random.index(4) };
        }
        Self { seed, world, replicas, steps, pause_max_ms }
    }

    fn live(mut self, steps_max: u64) -> Result<Tally, String> {
        trace!(
            self.world,
            "{:?}, logs of {}, {:?}", self.world.medium, self.world.log_capacity, self.world.config
        );
        self.choose_faults();
        for _ in 0..self.replicas {
            let saving = self.world.random.pick(&[Saving::BeforeSending, Saving::Holding, Saving::Sometimes]);
            self.world.open(saving)?;
        }
        self.lay_ballast()?;
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
                self.world.tally.statistics(&running.protocol.statistics());
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

    /// Registers what most operations are not about.
    fn lay_ballast(&mut self) -> Result<(), String> {
        let is_ballast = |place: &Place| self.world.oracle.places[*place].1.as_str().starts_with("ballast");
        let ballast: Vec<Place> = (0..self.world.oracle.places.len()).filter(is_ballast).collect();
        ballast.into_iter().try_for_each(|place| self.world.operate(0, Operation::Register(place)))
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
            spoilt_percent: up_to(random, is_on[2], 40),
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
        let hot = if random.percent(90) { places.len().min(12) } else { places.len() };
        let place = random.index(hot);
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

    pub fn reunite(&mut self) -> Result<(), String> {
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

    /// Sets the clock of a replica, or of all, as when they share a machine.
    fn set_clock(&mut self, at: usize) {
        let World { random, processes, tally, .. } = &mut self.world;
        let most_ms = random.pick(&[100, 10_000, CLOCK_STEP_MAX_MS, CLOCK_STEP_MAX_MS]);
        let by_ms = random.below(most_ms) as i64;
        let (name, by_ms) = match random.percent(50) {
            true => ("clock set forwards", by_ms),
            false => ("clock set back", -by_ms),
        };
        tally.fault(name);
        match random.percent(30) {
            true => processes.iter_mut().for_each(|process| process.set_clock(by_ms)),
            false => processes[at].set_clock(by_ms),
        }
    }
}
