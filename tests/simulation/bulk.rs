//! Steps of schedules with dense slots: many changes at once, more of one registration than a log holds.

use crdt_range_map::Operation as Again;

use crate::keys::SimulatedKey;
use crate::oracle::{Contribution, Effect, Operation, Place};
use crate::process::Life;
use crate::schedule::Schedule;
use crate::tally::Group;
use crate::world::{World, trace};

/// So often a registration is made again where the log holds more.
const AGAIN_MAX: usize = 8_000;
/// What the log takes for each at least.
const LOGGED_BYTES_MIN: usize = 100;
/// What happens at once goes out in pieces of so many operations.
const AT_ONCE: usize = 64;

impl<K: SimulatedKey> Schedule<K> {
    fn slots(&self) -> usize {
        self.world.oracle.places.len() - 1
    }

    /// Registers all slots, and lets everybody hear of it; or not.
    pub fn fill_slots(&mut self) -> Result<(), String> {
        for place in 0..=self.slots() {
            self.operate_often(0, place, Operation::Register(place))?;
        }
        let has_time = self.random.percent(80);
        self.world.run_for(if has_time { 5_000 + 4 * self.calm.latency_ms } else { 0 })
    }

    /// While somebody is away, who registered the slots releases every other one, and registers one of them more often than the log
    /// holds. Nothing but a search for them brings the drops to who was away.
    pub fn outrun_the_log(&mut self) -> Result<(), String> {
        let at = 0;
        self.world.processes[1].group = None;
        for place in (0..self.slots()).step_by(2) {
            self.operate_often(at, place, Operation::Release(place))?;
        }
        self.world.register_again(at, 1, self.more_than_the_log())
    }

    /// Changes many slots, perhaps while somebody is away.
    pub fn bulk_step(&mut self) -> Result<(), String> {
        let at = self.random.index(self.world.processes.len());
        let away = self.random.index(self.world.processes.len());
        if self.random.percent(70) && away != at {
            self.world.processes[away].group = None;
        }
        let stride = self.random.pick(&[1, 2, 2, 3, 10]);
        let first = self.random.index(self.slots());
        let last = self.random.pick(&[self.slots(), self.slots(), first + 30]).min(self.slots());
        let first = if self.random.percent(70) { 0 } else { first };
        match self.random.below(10) {
            0..4 => {
                trace!(self.world, "{at} releases every slot of {stride} from {first} to {last}");
                for place in (first..last).step_by(stride) {
                    self.operate_often(at, place, Operation::Release(place))?;
                }
            }
            4..6 => {
                trace!(self.world, "{at} registers every slot of {stride} from {first} to {last}");
                for place in (first..last).step_by(stride) {
                    self.operate_often(at, place, Operation::Register(place))?;
                }
            }
            _ => {
                self.world.register_again(at, first, self.more_than_the_log())?;
            }
        }
        Ok(())
    }

    fn more_than_the_log(&self) -> u64 {
        AGAIN_MAX.min(self.world.log_bytes_max / LOGGED_BYTES_MIN + 100) as u64
    }

    /// Does one of many things.
    fn operate_often(&mut self, at: usize, place: Place, operation: Operation) -> Result<(), String> {
        self.world.operate_silently(at, operation)?;
        if place.is_multiple_of(AT_ONCE) { self.world.pump(at) } else { Ok(()) }
    }
}

impl<K: SimulatedKey> World<K> {
    /// Registers a visible registration again and again: nothing but its latest number changes.
    fn register_again(&mut self, at: usize, place: Place, times: u64) -> Result<(), String> {
        self.operate(at, Operation::Register(place))?;
        let (range, node) = self.oracle.places[place].clone();
        let Life::Running(running) = &mut self.processes[at].life else { return Ok(()) };
        let (seq, id) = (running.own_seq(), running.map().replica());
        let birth = self.oracle.view(running.map().state().context(), place).registrations[0]
            .0
            .get(&id)
            .and_then(|known| known.birth());
        // If the replica went on under another id since, there is none.
        let Some(birth) = birth else { return Ok(()) };
        let again = (0..times).map(|_| Again::Register { node: node.clone(), range: range.clone() });
        if let Err(error) = running.node.apply(again) {
            return Err(format!("{at} cannot register {place} again: {error}"));
        }
        if running.own_seq() != seq + times {
            return Err(format!(
                "{at} registered {place} {times} times in {} effects",
                running.own_seq() - seq
            ));
        }
        trace!(self, "{at} registers {place} {times} times");
        let contribution = Contribution { birth, is_register: true, adjustment: 0 };
        for _ in 0..times {
            self.oracle.issue(id, vec![Effect::Contribution { place, contribution }]);
        }
        self.tally.add(Group::Operations, "register again", times);
        self.check(at, &[place])?;
        self.pump(at)
    }
}
