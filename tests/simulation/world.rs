//! The replicas, the network between them and the reference, in virtual time.

use std::rc::Rc;

use crdt_range_map::sync::{Config, IgnoreReason, Received};
use crdt_range_map::{CausalContext, RangeMap, ReplicaId};

use crate::network::{Delivery, Faults, NO_FAULTS, Network};
use crate::oracle::Oracle;
use crate::process::{Life, Process, Running, Saving, restored};
use crate::protocol::{Medium, Protocol};
use crate::random::Random;
use crate::tally::{Group, Tally};

/// A replica may say that much at once; one that says more does not come to an end.
const POSTS_AT_ONCE_MAX: usize = 100;

pub struct World {
    pub now_ms: u64,
    pub processes: Vec<Process>,
    pub network: Network,
    pub faults: Faults,
    pub oracle: Oracle,
    pub random: Random,
    pub tally: Tally,
    /// Every id that anybody wrote under.
    pub writers: Vec<ReplicaId>,
    /// How many messages were posted, in all and since [`forget_posts`](Self::forget_posts) by kind.
    pub posts: u64,
    pub posts_by_kind: [u64; 8],
    pub bytes_posted: u64,
    /// How many effects each replica remembers one by one.
    pub log_capacity: usize,
    pub config: Config,
    pub medium: Medium,
    pub is_traced: bool,
}

/// What happens is printed if the schedule is run alone.
macro_rules! trace {
    ($world:expr, $($what:tt)*) => {
        if $world.is_traced {
            eprintln!("{:>8} {}", $world.now_ms, format_args!($($what)*));
        }
    };
}
pub(crate) use trace;

impl World {
    pub fn new(oracle: Oracle, random: Random, is_traced: bool) -> Self {
        Self {
            now_ms: 0,
            processes: Vec::new(),
            network: Network::default(),
            faults: NO_FAULTS,
            oracle,
            random,
            tally: Tally::default(),
            writers: Vec::new(),
            posts: 0,
            posts_by_kind: [0; 8],
            bytes_posted: 0,
            log_capacity: usize::MAX,
            config: Config::default(),
            medium: Medium::Broadcast,
            is_traced,
        }
    }

    /// An id that nobody has used. Their order is not that in which they are given out.
    fn new_id(&mut self) -> ReplicaId {
        let id = ReplicaId::new((self.writers.len() as u64 + 1) * 7_919 % 65_537);
        self.writers.push(id);
        id
    }

    /// Adds a replica that knows nothing.
    pub fn open(&mut self, saving: Saving) -> Result<(), String> {
        // A mesh has nothing to hold back with.
        let saving = match (&self.medium, saving) {
            (Medium::Mesh { .. }, Saving::Holding) => Saving::BeforeSending,
            _ => saving,
        };
        let mut process = Process::new(saving);
        process.set_clock(self.random.below(1 << 20) as i64);
        self.processes.push(process);
        let at = self.processes.len() - 1;
        if let (Medium::Mesh { .. }, true) = (&self.medium, at > 0) {
            for _ in 0..2 {
                let other = self.random.index(at);
                self.link(at, other);
            }
        }
        self.start(at)
    }

    /// Starts a replica from its disk, or from nothing.
    pub fn start(&mut self, at: usize) -> Result<(), String> {
        let process = &self.processes[at];
        let save = process.disk.clone();
        let same_id = save.as_ref().filter(|_| process.is_durable());
        let is_return = save.is_some();
        let id = match same_id {
            Some(save) if !self.random.percent(20) => {
                self.tally.fault("returned from a save under the same id");
                self.oracle.forget_after(save.replica, save.seq);
                save.replica
            }
            _ => {
                if is_return {
                    self.tally.fault("returned from a save under a new id");
                }
                trace!(self, "{at} gets a new id");
                self.new_id()
            }
        };
        trace!(
            self,
            "{at} starts as {id} from a save of {:?}",
            save.as_ref().map(|save| (save.replica, save.seq))
        );
        let map = restored(id, save.as_ref())?;
        let protocol = self.join(at);
        let mut running = Running::start(map, protocol);
        running.map.set_log_capacity(self.log_capacity);
        self.processes[at].life = Life::Running(Box::new(running));
        (0..self.processes.len()).try_for_each(|at| self.check_claims(at))?;
        self.go_on(at)?;
        self.pump(at)
    }

    pub fn crash(&mut self, at: usize, returns_ms: Option<u64>) {
        trace!(self, "{at} crashes, to return at {returns_ms:?}");
        self.tally.fault(if returns_ms.is_some() { "crash" } else { "crash for ever" });
        if self.processes[at].has_unsaved() {
            self.tally.fault("crash that lost something");
        }
        if let Some(running) = self.processes[at].running() {
            self.tally.statistics(&running.protocol.statistics());
        }
        self.processes[at].life = Life::Down { returns_ms };
    }

    /// A replica that runs has another connection, and knows it.
    pub fn rejoin(&mut self, at: usize) -> Result<(), String> {
        if self.processes[at].running().is_none() {
            return Ok(());
        }
        let protocol = self.join(at);
        if let Some(running) = self.processes[at].running_mut() {
            self.tally.statistics(&running.protocol.statistics());
            running.protocol = protocol;
        }
        self.pump(at)
    }

    fn join(&mut self, at: usize) -> Protocol {
        let process = &self.processes[at];
        let clock_ms = process.clock_ms(self.now_ms);
        Protocol::join(&self.medium, self.config, &process.neighbours, clock_ms, &mut self.random)
    }

    /// Links two replicas of a mesh, if they are not.
    pub fn link(&mut self, first: usize, second: usize) {
        if first == second || self.processes[first].neighbours.contains(&second) {
            return;
        }
        for (here, there) in [(first, second), (second, first)] {
            let process = &mut self.processes[here];
            process.neighbours.push(there);
            let clock_ms = process.clock_ms(self.now_ms);
            if let Some(running) = process.running_mut() {
                running.protocol.open(there, clock_ms, &mut self.random);
            }
        }
    }

    /// Perhaps crashes, between any two things that a replica does.
    pub fn may_crash(&mut self, at: usize) -> bool {
        if self.processes[at].running().is_none() {
            return true;
        }
        // More often when there is something to lose.
        let times = if self.processes[at].has_unsaved() { 5 } else { 1 };
        if !self.random.permille(self.faults.crash_permille * times) {
            return false;
        }
        let others = self
            .processes
            .iter()
            .filter(|process| matches!(process.life, Life::Running(_) | Life::Down { returns_ms: Some(_) }));
        let is_last = others.count() <= 2;
        let returns_ms = (is_last || self.random.percent(80)).then(|| self.now_ms + self.random.below(4_000));
        self.crash(at, returns_ms);
        true
    }

    pub fn living(&self) -> impl Iterator<Item = &RangeMap<u64>> {
        self.processes.iter().filter_map(|process| Some(&process.running()?.map))
    }

    /// A replica that learns that it is retired goes on under another id.
    pub fn go_on(&mut self, at: usize) -> Result<(), String> {
        if !self.processes[at].running().is_some_and(|running| running.map.is_retired()) {
            return Ok(());
        }
        self.tell(at);
        let id = self.new_id();
        trace!(self, "{at} is retired, and goes on as {id}");
        self.tally.fault("retired, though it lived");
        let running = self.processes[at].running_mut().expect("it runs");
        if !running.map.set_replica(id).is_empty() {
            return Err("a new id has something to drop".into());
        }
        if self.processes[at].is_durable() {
            self.save(at);
        }
        self.check(at)
    }

    /// Lets virtual time pass, with everything that falls due on the way.
    pub fn run_for(&mut self, duration_ms: u64) -> Result<(), String> {
        let until_ms = self.now_ms + duration_ms;
        let mut stood_still = 0;
        loop {
            let own = self.processes.iter().filter_map(|process| process.next_ms(self.now_ms)).min();
            let next_ms = self.network.next_ms().into_iter().chain(own).min().unwrap_or(u64::MAX);
            if next_ms > until_ms {
                self.now_ms = until_ms;
                return Ok(());
            }
            stood_still = if next_ms > self.now_ms { 0 } else { stood_still + 1 };
            if stood_still > 10_000 {
                return Err("time stands still: somebody wants to be woken again and again".into());
            }
            self.now_ms = self.now_ms.max(next_ms);
            while let Some(delivery) = self.network.arrived(self.now_ms) {
                self.deliver(&delivery)?;
            }
            for at in 0..self.processes.len() {
                if self.processes[at].next_ms(self.now_ms).is_some_and(|due_ms| due_ms <= self.now_ms) {
                    self.wake(at)?;
                }
            }
        }
    }

    fn wake(&mut self, at: usize) -> Result<(), String> {
        match &self.processes[at].life {
            Life::Down { .. } => self.start(at),
            Life::Running(running) => {
                if running.save_due_ms.is_some_and(|due_ms| due_ms <= self.now_ms) && !self.may_crash(at) {
                    self.save(at);
                }
                self.pump(at)
            }
        }
    }

    pub fn save(&mut self, at: usize) {
        self.tally.count(Group::Schedules, "saves");
        self.processes[at].save(&mut self.random);
        self.tell(at);
    }

    /// What a replica did may be heard of from now on: from itself, or from who starts under another id from what it saved.
    fn tell(&mut self, at: usize) {
        if let Some(running) = self.processes[at].running() {
            self.oracle.tell(running.map.replica());
        }
    }

    fn deliver(&mut self, delivery: &Delivery) -> Result<(), String> {
        let to = delivery.to;
        let clock_ms = self.processes[to].clock_ms(self.now_ms);
        let Some(running) = self.processes[to].running_mut() else {
            self.tally.fault("message to somebody who is down");
            return Ok(());
        };
        let before = running.map.clone();
        let Running { map, protocol, .. } = running;
        let received = protocol.receive(map, delivery.from, &delivery.bytes, clock_ms, &mut self.random);
        let id = map.replica();
        let allowed = match received {
            // That its sender is retired, and others are, may be news.
            Received::Ignored(IgnoreReason::Retired) => {
                let knows = |map: &RangeMap<u64>| {
                    let context = map.state().context();
                    let of = |writer: &ReplicaId| (context.prefix(*writer), context.last_seq(*writer));
                    self.writers.iter().map(of).collect::<Vec<_>>()
                };
                knows(map) == knows(&before) && map.registrations().eq(before.registrations())
            }
            Received::Ignored(_) => map.state() == before.state(),
            _ => true,
        };
        if !allowed {
            return Err("a message that is ignored has changed something".into());
        }
        if delivery.is_spoilt && !matches!(received, Received::Ignored(_)) {
            return Err(format!("a spoilt message is taken: {:02x?}", delivery.bytes));
        }
        self.tally.count(Group::Received, name_of(&received));
        if self.is_traced && map.state() != before.state() {
            eprintln!("{:>8} {to} holds {:?}", self.now_ms, map.state());
        }
        trace!(self, "{to} receives kind {:?}: {}", delivery.bytes.get(4), name_of(&received));
        if map.state().context() != before.state().context() {
            let grown = map.state().context().last_seq(id) - before.state().context().last_seq(id);
            if grown > 0 {
                let none = CausalContext::default();
                let told = if let Received::Applied(changes) = &received {
                    changes.delta().context()
                } else {
                    &none
                };
                self.note_drops(to, grown, told)?;
            }
            self.check_claims(to)?;
        }
        self.go_on(to)?;
        if self.may_crash(to) {
            return Ok(());
        }
        self.pump(to)
    }

    /// Posts everything that a replica has to say now, unless that has to be saved before.
    pub fn pump(&mut self, at: usize) -> Result<(), String> {
        for _ in 0..POSTS_AT_ONCE_MAX {
            if self.may_crash(at) {
                return Ok(());
            }
            if self.processes[at].is_durable() && self.processes[at].has_unsaved() {
                let is_waiting = !self.processes[at].is_at_rest();
                if !is_waiting && self.random.percent(50) {
                    self.save(at);
                    if self.may_crash(at) {
                        return Ok(());
                    }
                } else {
                    let most_ms = self.random.pick(&[60, 60, 60, 2_000]);
                    let due_ms = self.now_ms + 1 + self.random.below(most_ms);
                    let saving = self.processes[at].saving;
                    let running = self.processes[at].running_mut().expect("it has not crashed");
                    running.save_due_ms.get_or_insert(due_ms);
                    if saving == Saving::BeforeSending {
                        return Ok(());
                    }
                    running.protocol.hold();
                }
            }
            let process = &mut self.processes[at];
            let (clock_ms, group) = (process.clock_ms(self.now_ms), process.group);
            let Running { map, protocol, .. } = process.running_mut().expect("it has not crashed");
            let Some((to, bytes)) = protocol.poll(map, clock_ms, &mut self.random) else {
                if protocol.next_wake_ms() <= clock_ms {
                    return Err(format!("{at} has nothing to say, but wants to be woken at once"));
                }
                return Ok(());
            };
            self.post((at, to), group, bytes.into());
        }
        Err(format!("{at} does not stop talking"))
    }

    fn post(&mut self, (from, only_to): (usize, Option<usize>), group: Option<u32>, bytes: Rc<[u8]>) {
        self.tell(from);
        let kind = usize::from(bytes[4] & 7);
        trace!(self, "{from} posts kind {kind}, {} bytes", bytes.len());
        self.posts += 1;
        self.posts_by_kind[kind] += 1;
        self.bytes_posted += bytes.len() as u64;
        self.tally.count(Group::Messages, KINDS[kind]);
        for to in 0..self.processes.len() {
            let is_meant = to != from && only_to.is_none_or(|only| only == to);
            if is_meant && group.is_some() && self.processes[to].group == group {
                let World { network, faults, random, tally, .. } = self;
                network.send((from, to), &bytes, self.now_ms, faults, random, tally);
            }
        }
    }

    pub fn forget_posts(&mut self) {
        self.posts_by_kind = [0; 8];
        self.bytes_posted = 0;
    }
}

/// By the fifth byte of a message.
const KINDS: [&str; 8] = [
    "kind 0",
    "deltas",
    "questions",
    "steps of sessions",
    "digests",
    "presence",
    "answers with questions",
    "kind 7",
];

fn name_of(received: &Received<u64>) -> &'static str {
    match received {
        Received::Applied(_) => "applied",
        Received::Heard => "heard",
        Received::Presence(_) => "presence",
        Received::Ignored(reason) => IgnoreReason::NAMES[reason.index()],
    }
}
