//! The replicas, the network between them and the reference, in virtual time.

use std::collections::BTreeMap;

use crdt_range_map::node::{Damage, Options};
use crdt_range_map::sync::Config;
use crdt_range_map::{Node, RangeMap, ReplicaId};

use crate::disk::{Disk, Health, Writing};
use crate::keys::SimulatedKey;
use crate::kit::random::Random;
use crate::medium::{Medium, Wire};
use crate::network::{Faults, Network, no_faults};
use crate::oracle::{Oracle, Place};
use crate::place::Place as SharedPlace;
use crate::presence::name_of;
use crate::process::{Life, Process, Running, Saving};
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
    /// How many messages were posted that are not about presence, in all, and since [`forget_posts`](Self::forget_posts) by sender and kind.
    pub posts: u64,
    pub posted: BTreeMap<(usize, u8), u64>,
    /// How many bytes of recent changes each replica remembers.
    pub log_bytes_max: usize,
    pub config: Config,
    pub medium: Medium,
    /// Whether replicas tell each other that they are there.
    pub has_names: bool,
    /// Up to which of its numbers each writer is saved that may come back under its id.
    pub saved: BTreeMap<ReplicaId, u64>,
    /// Where those save who share a place, if there is one.
    pub place: Option<SharedPlace>,
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
            log_bytes_max: usize::MAX,
            config: Config::default(),
            medium: Medium::Broadcast,
            has_names: false,
            saved: BTreeMap::new(),
            place: None,
            unexplained: BTreeMap::new(),
            is_traced,
        }
    }

    /// An id that nobody has used. Their order is not that in which they are given out.
    pub fn unused_id(&self) -> ReplicaId {
        ReplicaId::new((self.writers.len() as u64 + 1) * 7_919 % 65_537)
    }

    /// Adds a replica that knows nothing.
    pub fn open(&mut self, saving: Saving) -> Result<(), String> {
        let is_shared = self.place.as_mut().is_some_and(SharedPlace::is_for_one_more);
        let saving = if is_shared { Saving::Shared } else { saving };
        let mut process = Process::new(self.config, saving);
        process.set_clock(self.random.below(1 << 20) as i64);
        let at = self.processes.len();
        let media: &[usize] = match self.medium {
            Medium::Broadcast => &[0],
            Medium::Mesh { .. } => &[],
            Medium::Bridged { .. } if at == 0 => &[0, 1],
            Medium::Bridged { .. } => match self.random.below(10) {
                0..3 => &[0],
                3..6 => &[1],
                6..8 => &[0, 1],
                _ => &[],
            },
        };
        process.wires = media.iter().map(|medium| Wire::Medium(*medium)).collect();
        self.processes.push(process);
        let neighbours = match media {
            [] => 2,
            _ if self.medium == Medium::Broadcast => 0,
            _ => usize::from(self.random.percent(30)),
        };
        for _ in 0..if at > 0 { neighbours } else { 0 } {
            let other = self.random.index(at);
            self.link(at, other);
        }
        self.start(at)
    }

    /// How a replica works.
    pub fn options(&self, at: usize, is_durable: bool) -> Options {
        let log_bytes_max = self.log_bytes_max;
        let fan_in = self.medium.fan_in().unwrap_or(1);
        let name = self.has_names.then(|| name_of(at));
        Options {
            sync: self.processes[at].config,
            fan_in,
            name,
            is_durable,
            log_bytes_max,
            ..Options::default()
        }
    }

    /// Starts a replica from its disk, or from nothing.
    pub fn start(&mut self, at: usize) -> Result<(), String> {
        let is_durable = match self.processes[at].saving {
            Saving::Always => true,
            Saving::Sometimes => self.random.percent(50),
            Saving::Shared => return self.start_sharing(at),
        };
        let process = &mut self.processes[at];
        let Disk { pages, last, .. } = &process.disk;
        if let Some(last) = last {
            trace!(self, "{at} finds {} pages, the last of {} up to {}", pages.len(), last.replica, last.seq);
            if is_durable && self.random.percent(20) {
                process.disk.damage(&mut self.random, &mut self.tally);
            }
        }
        let disk = process.disk.clone();
        // It comes back as the last of them that is on the disk, if as any.
        let gone =
            process.former.drain(..).filter(|id| disk.last.as_ref().is_none_or(|last| last.replica != *id));
        gone.for_each(|former| _ = self.saved.remove(&former));
        let (options, fresh, seed) = (self.options(at, is_durable), self.unused_id(), self.random.next());
        let node = if disk.pages.is_empty() {
            Node::with(options, fresh, seed).map_err(|wrong| wrong.to_string())?
        } else {
            let restored = Node::restore(options, &disk.pages, fresh, seed);
            let (node, damaged) = restored.map_err(|wrong| wrong.to_string())?;
            self.check_restored(at, &node, &damaged, is_durable)?;
            node
        };
        let (id, seq) = (node.map().replica(), node.map().last_own_seq());
        trace!(self, "{at} starts as {id} from number {seq}");
        if id == fresh {
            self.writers.push(fresh);
            if disk.last.is_some() {
                self.tally.fault("returned from a disk under a new id");
            }
        } else {
            self.tally.fault("returned from a disk under the same id");
            self.oracle.forget_after(id, seq);
        }
        match disk.last {
            // It may come back under that one in another life.
            Some(last) if !is_durable && self.saved.contains_key(&last.replica) => {
                self.saved.insert(last.replica, last.seq);
            }
            // Nobody will.
            Some(last) if is_durable && last.replica != id => {
                self.saved.remove(&last.replica);
            }
            _ => {}
        }
        if is_durable {
            self.saved.insert(id, seq);
        }
        let clock_ms = self.processes[at].clock_ms(self.now_ms);
        let mut running = Running::start(node, is_durable);
        self.processes[at].wires.iter().for_each(|wire| running.open(*wire, clock_ms));
        self.processes[at].life = Life::Running(Box::new(running));
        (0..self.processes.len()).try_for_each(|at| self.check_claims(at))?;
        self.check_all(at)?;
        self.pump(at)
    }

    /// What must hold of a replica that comes back: it knows what it had saved, and it goes on under its id if it is sure to know all that
    /// it did under it, and only then.
    fn check_restored(
        &mut self,
        at: usize,
        node: &Node<K>,
        damaged: &[Damage],
        is_durable: bool,
    ) -> Result<(), String> {
        let Disk { last, health, .. } = &self.processes[at].disk;
        let map = node.map();
        let shows = match health {
            Health::Whole => damaged.is_empty(),
            Health::Incomplete => !damaged.iter().any(|it| matches!(it, Damage::Unreadable { .. })),
            Health::Unreadable => damaged.iter().any(|it| matches!(it, Damage::Unreadable { .. })),
        };
        if !shows {
            return Err(format!("{at} comes back from a disk that is {health:?}, and finds {damaged:?}"));
        }
        let Some(last) = last else { return Ok(()) };
        if *health == Health::Whole {
            let mut both = last.state.clone();
            both.merge(map.state());
            // It may name a drop that a later record of the same writer tells by itself.
            if both != *map.state() || map.state().version() != last.state.version() {
                trace!(self, "it had {:?}, and has {:?}", last.state, map.state());
                return Err(format!("{at} comes back with something else than it had saved"));
            }
        }
        let is_same = map.replica() == last.replica;
        if is_same != (is_durable && damaged.is_empty()) {
            return Err(format!(
                "{at} was {} and comes back as {}: {damaged:?}",
                last.replica,
                map.replica()
            ));
        }
        let known = map.state().context();
        match is_same && (map.last_own_seq() != last.seq || known.prefix(last.replica) != last.seq) {
            true => Err(format!("{at} comes back without something that it did")),
            false => Ok(()),
        }
    }

    pub fn crash(&mut self, at: usize, returns_ms: Option<u64>) {
        trace!(self, "{at} crashes, to return at {returns_ms:?}");
        self.tally.fault(if returns_ms.is_some() { "crash" } else { "crash for ever" });
        if self.has_unsaved(at) {
            self.tally.fault("crash that lost something");
        }
        self.end_sharing(at);
        let process = &mut self.processes[at];
        let life = core::mem::replace(&mut process.life, Life::Down { returns_ms });
        if let Life::Running(running) = life {
            self.tally.statistics(&running.node.statistics());
            if let Some(writing) = running.writing {
                process.disk.lose(writing, &mut self.random, &mut self.tally);
            }
        }
        self.unexplained.retain(|(shown_at, _), _| *shown_at != at);
    }

    /// Whether something that a replica did would be lost in a crash.
    pub fn has_unsaved(&self, at: usize) -> bool {
        let running = self.processes[at].running();
        running.is_some_and(|running| running.own_seq() > self.saved_seq(running))
    }

    /// Up to which of its own numbers the disk would bring it back under the id that it has.
    pub fn saved_seq(&self, running: &Running<K>) -> u64 {
        match running.is_durable {
            true => self.saved.get(&running.map().replica()).copied().unwrap_or(0),
            false => 0,
        }
    }

    /// A replica that runs has another connection, and knows it.
    pub fn rejoin(&mut self, at: usize) -> Result<(), String> {
        let process = &mut self.processes[at];
        let (clock_ms, wires) = (process.clock_ms(self.now_ms), process.wires.clone());
        let Some(running) = process.running_mut() else { return Ok(()) };
        wires.into_iter().for_each(|wire| running.open(wire, clock_ms));
        self.pump(at)
    }

    /// Links two replicas, if they are not.
    pub fn link(&mut self, first: usize, second: usize) {
        if first == second || self.processes[first].wires.contains(&Wire::Neighbour(second)) {
            return;
        }
        for (here, there) in [(first, second), (second, first)] {
            let process = &mut self.processes[here];
            process.wires.push(Wire::Neighbour(there));
            let clock_ms = process.clock_ms(self.now_ms);
            if let Some(running) = process.running_mut() {
                running.open(Wire::Neighbour(there), clock_ms);
            }
        }
    }

    /// Perhaps crashes, between any two things that a replica does.
    pub fn may_crash(&mut self, at: usize) -> bool {
        if self.processes[at].running().is_none() {
            return true;
        }
        // More often when there is something to lose.
        let times = if self.has_unsaved(at) { 5 } else { 1 };
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
        self.processes.iter().filter_map(|process| Some(process.running()?.map()))
    }

    /// A replica has gone on under another id.
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
            let own = self.processes.iter().filter_map(Process::next_ms).min();
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
                if self.processes[at].next_ms().is_some_and(|due_ms| due_ms <= self.now_ms) {
                    self.wake(at)?;
                }
            }
        }
    }

    fn wake(&mut self, at: usize) -> Result<(), String> {
        match &self.processes[at].life {
            Life::Down { .. } => self.start(at),
            Life::Running(running) => {
                let is_due = running.writing.as_ref().is_some_and(|writing| writing.due_ms <= self.now_ms);
                let is_to_look = running.sharing.as_ref().is_some_and(|it| it.due_ms <= self.now_ms);
                if is_due && !self.may_crash(at) {
                    self.end_writing(at);
                }
                if is_to_look {
                    self.look(at)?;
                }
                self.pump(at)
            }
        }
    }

    /// The page that is being written is saved, or it turns out that it cannot be.
    pub fn end_writing(&mut self, at: usize) {
        let process = &mut self.processes[at];
        let Life::Running(running) = &mut process.life else { return };
        if running.sharing.is_some() {
            return self.end_own_piece(at);
        }
        let Some(Writing { page, save, .. }) = running.writing.take() else { return };
        if self.random.percent(self.faults.unsaved_percent) {
            self.tally.fault("page that could not be saved");
            running.node.not_saved(page.number);
            // An error that comes late.
            if !page.is_whole && self.random.percent(50) {
                process.disk.hold(page, save);
            }
            return;
        }
        self.tally.count(Group::Schedules, if page.is_whole { "whole pages saved" } else { "pages saved" });
        running.node.saved(page.number);
        let (replica, seq) = (save.replica, save.seq);
        let is_current = running.map().replica() == replica;
        process.disk.hold(page, save);
        self.saved.insert(replica, seq);
        if is_current {
            process.former.drain(..).for_each(|former| {
                self.saved.remove(&former);
            });
        }
    }

    /// What a replica did may be heard of from now on: from itself, or from who starts under another id from what it saved.
    pub fn announce(&mut self, at: usize) {
        if let Some(running) = self.processes[at].running() {
            self.oracle.announce(running.map().replica());
        }
    }

    pub fn forget_posts(&mut self) {
        self.posted.clear();
    }
}
