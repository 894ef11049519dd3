//! The replicas, the network between them and the reference, in virtual time.

use std::collections::BTreeMap;

use crdt_range_map::sync::Config;
use crdt_range_map::{RangeMap, ReplicaId};

use crate::keys::SimulatedKey;
use crate::network::{Faults, Network, no_faults};
use crate::oracle::{Oracle, Place};
use crate::process::{Life, Process, Running, Saving, restored};
use crate::protocol::{Medium, Protocol};
use crate::random::Random;
use crate::tally::{Group, Tally};

pub struct World<K> {
    pub seed: u64,
    pub now_ms: u64,
    /// When the last fault ended, if that is so.
    pub peace_ms: Option<u64>,
    pub processes: Vec<Process<K>>,
    pub network: Network,
    pub faults: Faults,
    pub oracle: Oracle<K>,
    pub random: Random,
    pub tally: Tally,
    /// Every id that anybody wrote under.
    pub writers: Vec<ReplicaId>,
    /// How many messages were posted, in all, and since [`forget_posts`](Self::forget_posts) by sender and kind.
    pub posts: u64,
    pub posted: BTreeMap<(usize, u8), u64>,
    pub bytes_posted: u64,
    /// How many bytes of recent changes each replica remembers.
    pub log_capacity: usize,
    pub config: Config,
    pub medium: Medium,
    /// Up to which of its numbers each writer is saved that may come back under its id.
    pub saved: BTreeMap<ReplicaId, u64>,
    /// Since when a replica shows of a registration what nothing explains.
    pub unexplained: BTreeMap<(usize, Place), u64>,
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

impl<K: SimulatedKey> World<K> {
    pub fn new(seed: u64, oracle: Oracle<K>, random: Random, is_traced: bool) -> Self {
        Self {
            seed,
            now_ms: 0,
            peace_ms: None,
            processes: Vec::new(),
            network: Network::default(),
            faults: no_faults(0, 5),
            oracle,
            random,
            tally: Tally::default(),
            writers: Vec::new(),
            posts: 0,
            posted: BTreeMap::new(),
            bytes_posted: 0,
            log_capacity: usize::MAX,
            config: Config::default(),
            medium: Medium::Broadcast,
            saved: BTreeMap::new(),
            unexplained: BTreeMap::new(),
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
        let mut process = Process::new(self.config, saving);
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
        self.processes[at].former.clear();
        let mut map = restored(id, save.as_ref())?;
        map.set_log_capacity(self.log_capacity);
        map.set_registration_bytes_max(self.processes[at].config.registration_bytes_max());
        if self.processes[at].is_durable() {
            let saved = save.filter(|save| save.replica == id).map_or(0, |save| save.seq);
            map.set_saved(Some(saved));
            self.saved.insert(id, saved);
        }
        let protocol = self.join(at);
        let running = Running::start(map, protocol);
        self.processes[at].life = Life::Running(Box::new(running));
        (0..self.processes.len()).try_for_each(|at| self.check_claims(at))?;
        self.check_all(at)?;
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
        self.unexplained.retain(|(shown_at, _), _| *shown_at != at);
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

    fn join(&mut self, at: usize) -> Protocol<K> {
        let process = &self.processes[at];
        let clock_ms = process.clock_ms(self.now_ms);
        let joined =
            Protocol::join(&self.medium, process.config, &process.neighbours, clock_ms, &mut self.random);
        joined.expect("the configuration was checked")
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

    pub fn living(&self) -> impl Iterator<Item = &RangeMap<K>> {
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
        let former = self.processes[at].running().expect("it runs").map.replica();
        self.note_new_id(at, former, id);
        let running = self.processes[at].running_mut().expect("it runs");
        if !running.map.set_replica(id).is_empty() {
            return Err("a new id has something to drop".into());
        }
        if self.processes[at].is_durable() {
            self.save(at);
        }
        self.check_all(at)
    }

    /// A replica is about to go on under another id, or just has.
    pub fn note_new_id(&mut self, at: usize, former: ReplicaId, id: ReplicaId) {
        if self.processes[at].is_durable() {
            self.processes[at].former.push(former);
            self.saved.insert(id, 0);
        }
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
        let process = &mut self.processes[at];
        process.save();
        if let (true, Some(save)) = (process.is_durable(), &process.disk) {
            self.saved.insert(save.replica, save.seq);
            process.former.drain(..).for_each(|former| {
                self.saved.remove(&former);
            });
        }
        self.tell(at);
    }

    /// What a replica did may be heard of from now on: from itself, or from who starts under another id from what it saved.
    pub fn tell(&mut self, at: usize) {
        if let Some(running) = self.processes[at].running() {
            self.oracle.tell(running.map.replica());
        }
    }

    pub fn forget_posts(&mut self) {
        self.posted.clear();
        self.bytes_posted = 0;
    }
}
