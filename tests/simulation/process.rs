//! One replica with its clock and its disk, which may crash and come back.

use crdt_range_map::sync::Config;
use crdt_range_map::{Delta, RangeMap, ReplicaId};

use crate::keys::SimulatedKey;
use crate::protocol::Protocol;

/// Clocks begin here, so that they can be set back.
const CLOCK_BEGIN_MS: i64 = 1 << 40;

/// When a replica saves, which decides under which id it may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    /// Soon after each effect of its own, of which nothing is said before. It comes back under the same id.
    Soon,
    /// Now and then. It comes back under a new id.
    Sometimes,
}

/// What is on the disk: the state at some earlier moment.
#[derive(Clone)]
pub struct Save {
    pub replica: ReplicaId,
    /// The replica's own last number in it.
    pub seq: u64,
    pub state: Vec<u8>,
}

pub struct Running<K> {
    pub map: RangeMap<K>,
    pub protocol: Protocol<K>,
    /// When what is not saved yet will be, if something is.
    pub save_due_ms: Option<u64>,
    /// Whether its protocol has received anything: it clears up after the retired only when others agree, then.
    pub has_received: bool,
}

impl<K: SimulatedKey> Running<K> {
    pub fn start(map: RangeMap<K>, protocol: Protocol<K>) -> Self {
        Self { map, protocol, save_due_ms: None, has_received: false }
    }

    pub fn own_seq(&self) -> u64 {
        self.map.state().context().last_seq(self.map.replica())
    }
}

pub enum Life<K> {
    Running(Box<Running<K>>),
    /// Comes back at that time, or never.
    Down {
        returns_ms: Option<u64>,
    },
}

pub struct Process<K> {
    pub life: Life<K>,
    pub config: Config,
    pub saving: Saving,
    pub disk: Option<Save>,
    /// The ids under which it wrote before, and as which it may come back as long as it has not saved under the one that it has.
    pub former: Vec<ReplicaId>,
    /// How far its clock is from the true time.
    clock_offset_ms: i64,
    /// The same when it last looked at the clock: whoever sleeps for a while is not woken later because the clock was set back.
    timer_offset_ms: i64,
    /// Replicas hear each other if they are in the same group; nobody hears one without a group.
    pub group: Option<u32>,
    /// Where it has links to, in a mesh.
    pub neighbours: Vec<usize>,
}

impl<K: SimulatedKey> Process<K> {
    pub fn new(config: Config, saving: Saving) -> Self {
        let life = Life::Down { returns_ms: None };
        Self {
            life,
            config,
            saving,
            disk: None,
            former: Vec::new(),
            clock_offset_ms: CLOCK_BEGIN_MS,
            timer_offset_ms: CLOCK_BEGIN_MS,
            group: Some(0),
            neighbours: Vec::new(),
        }
    }

    pub fn running(&self) -> Option<&Running<K>> {
        match &self.life {
            Life::Running(running) => Some(running),
            Life::Down { .. } => None,
        }
    }

    pub fn running_mut(&mut self) -> Option<&mut Running<K>> {
        match &mut self.life {
            Life::Running(running) => Some(running),
            Life::Down { .. } => None,
        }
    }

    /// What the replica's own clock shows.
    pub fn clock_ms(&self, now_ms: u64) -> u64 {
        (now_ms as i64 + self.clock_offset_ms) as u64
    }

    /// Looks at the clock, to know for how long to sleep.
    pub fn set_timer(&mut self) {
        self.timer_offset_ms = self.clock_offset_ms;
    }

    pub fn set_clock(&mut self, by_ms: i64) {
        self.clock_offset_ms += by_ms;
    }

    /// Whether it comes back under the same id, since nothing of its own leaves it that is not saved.
    pub fn is_durable(&self) -> bool {
        self.saving == Saving::Soon
    }

    /// Whether something of its own would be lost in a crash.
    pub fn has_unsaved(&self) -> bool {
        self.running().is_some_and(|running| running.own_seq() > self.saved_seq())
    }

    /// Up to which of its own numbers the disk would bring it back under the id that it has.
    pub fn saved_seq(&self) -> u64 {
        let id = self.running().map(|running| running.map.replica());
        self.disk.as_ref().map_or(0, |save| if Some(save.replica) == id { save.seq } else { 0 })
    }

    /// Whether nothing waits to be saved.
    pub fn is_at_rest(&self) -> bool {
        self.running().is_none_or(|running| running.save_due_ms.is_none())
    }

    pub fn save(&mut self) {
        let is_durable = self.is_durable();
        let Life::Running(running) = &mut self.life else { return };
        running.save_due_ms = None;
        let (replica, seq) = (running.map.replica(), running.own_seq());
        self.disk = Some(Save { replica, seq, state: running.map.state().encode() });
        if is_durable {
            running.map.set_saved(Some(seq));
        }
    }

    /// When the replica does something next by itself, in true time.
    pub fn next_ms(&self, now_ms: u64) -> Option<u64> {
        match &self.life {
            Life::Running(running) => {
                let wake_ms = running.protocol.next_wake_ms().saturating_sub(self.timer_offset_ms as u64);
                // What is not saved yet keeps it from speaking.
                Some(running.save_due_ms.unwrap_or(wake_ms.max(now_ms)))
            }
            Life::Down { returns_ms } => *returns_ms,
        }
    }
}

/// A map with what was saved, that writes under that id.
pub fn restored<K: SimulatedKey>(replica: ReplicaId, save: Option<&Save>) -> Result<RangeMap<K>, String> {
    let mut map = RangeMap::new(replica);
    if let Some(save) = save {
        let state = Delta::decode(&save.state).map_err(|error| format!("a save cannot be read: {error}"))?;
        let changes = map.merge(&state);
        if !changes.delta().is_empty() || *map.state() != state {
            return Err("a restored state is not the saved one".into());
        }
    }
    Ok(map)
}
