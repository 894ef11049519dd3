//! One random schedule: operations while everything goes wrong, then peace, and what must hold then.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

use crdt_range_map::node::Options;
use crdt_range_map::sync::Config;
use crdt_range_map::{Node, NodeId, ReplicaId};

use crate::keys::{Pool, SimulatedKey};
use crate::kit::random::Random;
use crate::limits::{self, DIGESTS_OFF_MS, DIGESTS_OFTEN_MS};
use crate::long;
use crate::medium::Medium;
use crate::model::Id;
use crate::model::seeds::number;
use crate::model::world::node;
use crate::network::{Faults, no_faults};
use crate::oracle::{Operation, Oracle, Place, TooUncertain};
use crate::place::Place as SharedPlace;
use crate::process::Saving;
use crate::tally::{Group, Tally};
use crate::world::{World, trace};

/// How far a clock is set at once, at most.
const CLOCK_STEP_MAX_MS: u64 = 3_600_000;

/// Where there is a digest in every few milliseconds, a message takes no longer than that.
const LATENCY_OF_OFTEN_MAX_MS: u64 = 500;

/// How a schedule failed.
pub struct Failure {
    pub what: String,
    /// How many of its steps are enough for it to fail.
    pub steps: u64,
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

/// How schedules are counted that ended early, since the reference could not foretell anything any more.
pub const UNCERTAIN: &str = "ended early: too uncertain";

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
    // Neighbouring seeds have nothing in common.
    let mut random = Random(Random(seed).next());
    let live = || match random.percent(75) {
        true => Schedule::<u64>::new(seed, random, is_traced).live(steps_max),
        false => Schedule::<String>::new(seed, random, is_traced).live(steps_max),
    };
    panic::catch_unwind(AssertUnwindSafe(live)).unwrap_or_else(|payload| {
        if !payload.is::<TooUncertain>() {
            return Err(PANIC.take());
        }
        let mut tally = Tally::default();
        tally.count(Group::Schedules, UNCERTAIN);
        Ok(tally)
    })
}

/// What a schedule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bit of everything.
    Ordinary,
    /// Many dense slots, and more changes than a log holds.
    Dense,
    /// Parts that did something each meet.
    Meeting,
    /// Somebody comes to many who know the same.
    Joining,
    /// Registrations that not everybody can take.
    Long,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Ordinary, Self::Dense, Self::Meeting, Self::Joining, Self::Long];

    fn draw(random: &mut Random) -> Self {
        let drawn = random.below(1_000);
        if let Some(kind) = number("SIMULATION_KIND") {
            return Self::ALL[kind as usize % Self::ALL.len()];
        }
        match drawn {
            0..960 => Self::Ordinary,
            960..968 => Self::Dense,
            968..985 => Self::Meeting,
            985..990 => Self::Joining,
            _ => Self::Long,
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "of everything",
            Self::Dense => "of dense slots",
            Self::Meeting => "of parts that meet",
            Self::Joining => "of a joiner",
            Self::Long => "of long registrations",
        }
    }
}

pub struct Schedule<K> {
    pub kind: Kind,
    pub world: World<K>,
    /// For what is done and what goes wrong; the rest is the world's.
    pub random: Random,
    pub replicas: usize,
    steps: u64,
    /// The longest time between two steps.
    pause_max_ms: u64,
    /// What happens to messages when nothing goes wrong.
    pub calm: Faults,
}

impl<K: SimulatedKey> Schedule<K> {
    fn new(seed: u64, mut random: Random, is_traced: bool) -> Self {
        let kind = Kind::draw(&mut random);
        let (replicas, steps) = match (kind, random.below(1_000)) {
            (Kind::Meeting, _) => (random.pick(&[2, 2, 3, 4, 5, 8, 12, 16, 24, 32, 48, 64]), 0),
            (Kind::Joining, _) => (random.pick(&[2, 8, 31, 31, 31, 63]), 0),
            (Kind::Dense, _) => (2 + random.index(2), 10 + random.below(20)),
            (Kind::Long, _) => (2 + random.index(4), 10 + random.below(20)),
            (_, 0..900) => (2 + random.index(5), 10 + random.below(80)),
            (_, 900..996) => (7 + random.index(10), 10 + random.below(60)),
            _ => (17 + random.index(48), 10 + random.below(30)),
        };
        let mut tally = Tally::default();
        let mut config = match kind {
            Kind::Ordinary | Kind::Dense => limits::draw(&mut random),
            _ => Config::default(),
        };
        if config.check().is_err() {
            tally.count(Group::Schedules, "configurations that are refused");
            let options = Options { sync: config, ..Options::default() };
            let begun = Node::<K>::with(options.clone(), ReplicaId::new(1), 1);
            let restored = Node::<K>::restore(options, [[]], ReplicaId::new(1), 1);
            assert!(begun.is_err() && restored.is_err(), "{config:?} is wrong, and taken");
            config = Config::default();
        }
        if replicas > 2 && config.message_bytes_max < 2_048
            || replicas > 6 && config.message_bytes_max < 16_384
        {
            // Too little for the records of so many, and what they tell of what they know.
            config.message_bytes_max = Config::default().message_bytes_max;
        }
        if kind == Kind::Long {
            config.message_bytes_max = random.pick(&[4_096, 8_192, 64 << 10]);
            config.answer_bytes_max = config.message_bytes_max / 4;
        }
        tally.count(Group::Schedules, K::NAME);
        let latency_ms = match random.below(100) {
            0..70 => 0,
            70..85 => random.pick(&[1, 5, 20, 60]),
            85..95 => random.pick(&[200, 500, 950]),
            _ => random.pick(&[1_100, 2_000, 5_000, 10_000]),
        };
        // Or there are thousands of digests on their way at any time.
        let is_often = config.digest_interval_ms < DIGESTS_OFTEN_MS;
        let latency_ms = if is_often { latency_ms.min(LATENCY_OF_OFTEN_MAX_MS) } else { latency_ms };
        let jitter_ms = random.pick(&[0, 5, 5, 40]);
        let places = Self::places(kind, &config, &mut random);
        let mut pause_max_ms = random.pick(&[1, 50, 800, 800, 5_000]);
        if is_often {
            // There is a digest in every millisecond.
            pause_max_ms = pause_max_ms.min(50);
        }
        let log_bytes_max = random.pick(&[0, 1, 200, 2_000, 20_000, 1 << 20]);
        let mut world = World::new(seed, Oracle::new(places), random, is_traced);
        world.tally = tally;
        world.log_bytes_max = log_bytes_max;
        world.config = config;
        if world.random.percent(25) && !matches!(kind, Kind::Meeting | Kind::Joining) {
            let fan_in = 1 + world.random.index(4);
            world.medium = match world.random.percent(40) {
                true => Medium::Bridged { fan_in },
                false => Medium::Mesh { fan_in },
            };
        }
        world.has_names = kind == Kind::Ordinary
            && replicas <= 16
            && world.config.digest_interval_ms >= DIGESTS_OFTEN_MS
            && world.random.percent(2);
        world.place = SharedPlace::draw(seed).filter(|_| kind == Kind::Ordinary);
        // What is done does not depend on what the protocol draws, nor on how much it says.
        let random = core::mem::replace(&mut world.random, Random(Random(!seed).next()));
        let calm = no_faults(latency_ms, jitter_ms);
        Self { kind, world, random, replicas, steps, pause_max_ms, calm }
    }

    fn places(kind: Kind, config: &Config, random: &mut Random) -> Vec<Id<K>> {
        let nodes = 1 + random.below(3) as usize;
        if kind == Kind::Dense {
            return Pool::Slots(random.pick(&[60, 200, 200, 600, 600, 2_048])).places(random, nodes);
        }
        if kind == Kind::Long {
            return long::places(config.message_bytes_max, random);
        }
        let pool = Pool::draw(random, config.message_bytes_max / 16);
        let mut places: Vec<Id<K>> = pool.places(random, nodes);
        let ballast = if random.percent(10) { random.below(80) } else { 0 };
        let name = |number| NodeId::new(format!("ballast-{number}")).expect("a name");
        let of_ranges: Vec<Id<K>> = places.iter().filter(|(_, of)| *of == node(0)).cloned().collect();
        let heavy = |number| of_ranges.iter().map(move |(range, _)| (range.clone(), name(number)));
        places.extend((0..ballast).flat_map(heavy));
        places
    }

    fn live(mut self, steps_max: u64) -> Result<Tally, String> {
        trace!(
            self.world,
            "{:?} of {} {:?}, logs of {}, {:?}, {:?}",
            self.kind,
            K::NAME,
            self.world.medium,
            self.world.log_bytes_max,
            self.world.config,
            self.calm
        );
        match self.kind {
            Kind::Meeting => self.meet()?,
            Kind::Joining => self.join_many()?,
            Kind::Ordinary | Kind::Dense | Kind::Long => self.live_dangerously(steps_max)?,
        }
        if self.kind == Kind::Long {
            self.end_faults()?;
            self.end_with_too_long()?;
        } else {
            self.heal()?;
            self.watch_idle()?;
            self.check()?;
            self.world.check_place()?;
            self.wind_up()?;
        }
        for process in &self.world.processes {
            if let Some(running) = process.running() {
                self.world.tally.statistics(&running.node.statistics());
            }
        }
        let World { mut tally, seed, .. } = self.world;
        tally.count(Group::Schedules, "schedules");
        tally.count(Group::Schedules, self.kind.name());
        tally.count(Group::Schedules, self.world.medium.name());
        if self.world.has_names {
            tally.count(Group::Schedules, "with names");
        }
        if self.world.place.is_some() {
            tally.count(Group::Schedules, "with a place that is shared");
        }
        tally.add(Group::Schedules, "replicas", self.world.processes.len() as u64);
        tally.add(Group::Schedules, "ids", self.world.writers.len() as u64);
        tally.add(Group::Schedules, "virtual seconds", self.world.now_ms / 1_000);
        tally.at_most("replicas in one schedule", self.world.processes.len() as u64, seed);
        Ok(tally)
    }

    fn live_dangerously(&mut self, steps_max: u64) -> Result<(), String> {
        self.choose_faults();
        if self.kind == Kind::Long {
            self.open_without_limit()?;
        }
        while self.world.processes.len() < self.replicas {
            let saving = self.saving();
            self.world.open(saving)?;
        }
        match self.kind {
            Kind::Dense => {
                self.fill_slots()?;
                if self.random.percent(50) {
                    self.outrun_the_log()?;
                }
            }
            Kind::Long => self.register_all()?,
            _ => self.lay_ballast()?,
        }
        for _ in 0..self.steps.min(steps_max) {
            if self.kind == Kind::Dense && self.random.percent(20) {
                self.bulk_step()?;
            } else {
                self.step()?;
            }
            let pause_ms = self.random.below(self.pause_max_ms + 1);
            self.world.run_for(pause_ms)?;
        }
        Ok(())
    }

    pub fn saving(&mut self) -> Saving {
        self.random.pick(&[Saving::Always, Saving::Always, Saving::Sometimes])
    }

    /// Registers what most operations are not about.
    fn lay_ballast(&mut self) -> Result<(), String> {
        let is_ballast = |place: &Place| self.world.oracle.places[*place].1.as_str().starts_with("ballast");
        let ballast: Vec<Place> = (0..self.world.oracle.places.len()).filter(is_ballast).collect();
        ballast.into_iter().try_for_each(|place| self.world.operate(0, Operation::Register(place)))
    }

    fn choose_faults(&mut self) {
        let random = &mut self.random;
        let mut perhaps = |value: u64| if random.percent(60) { value } else { 0 };
        let is_on = [perhaps(1), perhaps(1), perhaps(1), perhaps(1), perhaps(1)];
        let delay_max_ms = random.pick(&[100, 3_000, 3_000, 10_000]);
        let up_to = |random: &mut Random, on: u64, most: u64| on * random.below(most + 1);
        self.world.faults = Faults {
            lost_percent: up_to(random, is_on[0], 60),
            repeated_percent: up_to(random, is_on[1], 60),
            spoilt_percent: up_to(random, is_on[2], 40),
            latency_ms: self.calm.latency_ms,
            delay_max_ms: self.calm.delay_max_ms + up_to(random, is_on[3], delay_max_ms),
            crash_permille: up_to(random, is_on[4], 15),
            unsaved_percent: if random.percent(30) { random.below(60) } else { 0 },
        };
        trace!(self.world, "{:?}", self.world.faults);
    }

    fn step(&mut self) -> Result<(), String> {
        let at = self.random.index(self.world.processes.len());
        if self.world.may_leave(at)? {
            return Ok(());
        }
        match self.random.below(100) {
            0..70 => {
                // Several at once come together as one message.
                let times = self.random.pick(&[1, 1, 1, 2, 5]);
                for _ in 0..times {
                    let operation = self.operation();
                    if at == 0 || !self.is_too_long(operation) {
                        self.world.operate(at, operation)?;
                    }
                }
                Ok(())
            }
            70..76 => self.separate(at),
            76..80 => self.reunite(),
            80..84 => {
                let returns_ms = self.world.now_ms + self.random.below(6_000);
                if self.world.processes[at].running().is_some() {
                    self.world.crash(at, Some(returns_ms));
                }
                Ok(())
            }
            84..89 => {
                self.world.end_writing(at);
                self.world.pump(at)
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
                let saving = self.saving();
                self.world.open(saving)
            }
            _ => Ok(()),
        }
    }

    pub fn operation(&mut self) -> Operation {
        let World { oracle, writers, .. } = &self.world;
        let random = &mut self.random;
        let places = &oracle.places;
        if random.percent(4) {
            return if random.percent(50) {
                Operation::Maintain
            } else {
                Operation::Retire(random.pick(writers))
            };
        }
        // Mostly the same few, or nothing would ever concern the same one.
        let hot = if random.percent(90) { places.len().min(12) } else { places.len() };
        let place = random.index(hot);
        let by = if random.percent(5) { u32::MAX } else { 1 + random.below(4) as u32 };
        match random.below(16) {
            0..5 => Operation::Register(place),
            5..8 => Operation::Increase(place, by),
            8..11 => Operation::Decrease(place, by),
            11..13 => Operation::Release(place),
            what => {
                let is_tightened = what < 15;
                let is_near = |to: &Place| {
                    places[*to].1 == places[place].1 || !is_tightened && places[*to].0 == places[place].0
                };
                let near: Vec<Place> = (0..places.len().min(100)).filter(is_near).collect();
                let to = if near.is_empty() { place } else { random.pick(&near) };
                if is_tightened { Operation::Tighten(place, to) } else { Operation::Move(place, to) }
            }
        }
    }

    /// Takes a replica off the medium or to another part of it; or tears the medium apart.
    fn separate(&mut self, at: usize) -> Result<(), String> {
        let World { processes, tally, .. } = &mut self.world;
        let random = &mut self.random;
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
        // Those who never send a digest have to.
        let has_noticed = self.random.percent(50) || self.world.config.digest_interval_ms > DIGESTS_OFF_MS;
        if has_noticed {
            self.world.rejoin(at)?;
        }
        Ok(())
    }

    /// Sets the clock of a replica, or of all, as when they share a machine.
    fn set_clock(&mut self, at: usize) {
        let World { processes, tally, .. } = &mut self.world;
        let random = &mut self.random;
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
