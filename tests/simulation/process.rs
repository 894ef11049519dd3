//! One replica with its clock and its disk, which may crash and come back.

use std::collections::{BTreeMap, VecDeque};

use crdt_range_map::node::{LinkId, Output};
use crdt_range_map::sync::Config;
use crdt_range_map::{Node, RangeMap, ReplicaId};

use crate::disk::{Disk, Writing};
use crate::keys::SimulatedKey;
use crate::medium::Wire;
use crate::sharing::Sharing;

/// Clocks begin here, so that they can be set back.
const CLOCK_BEGIN_MS: i64 = 1 << 40;

/// Whether a replica saves what it knows, which decides under which id it may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    /// It is durable, and comes back under the same id.
    Always,
    /// Not in every of its lives. After one in which nothing was saved, what an earlier one had saved is all that is left.
    Sometimes,
    /// In a place that it shares with others, where one or another comes back under its id.
    Shared,
}

pub struct Running<K> {
    pub node: Node<K>,
    /// Whether it is durable in this life.
    pub is_durable: bool,
    /// What each of its links leads to, and which are open.
    wires: BTreeMap<LinkId, Wire>,
    open: BTreeMap<Wire, LinkId>,
    /// What it wants done next, if it said so already.
    pub next: Option<Output<K>>,
    /// When it is to be asked again, as its clock shows it.
    pub wake_ms: u64,
    pub writing: Option<Writing<K>>,
    /// Its part in the place that it shares, if it does.
    pub sharing: Option<Sharing>,
    /// The ids that it has left and taken, of which it has not told yet.
    pub renamed: VecDeque<(ReplicaId, ReplicaId)>,
    /// How often in a row it was woken for nothing, to be woken at once again.
    pub idle_wakes: u32,
}

impl<K: SimulatedKey> Running<K> {
    pub fn start(node: Node<K>, is_durable: bool) -> Self {
        Self {
            node,
            is_durable,
            wires: BTreeMap::new(),
            open: BTreeMap::new(),
            next: None,
            wake_ms: 0,
            writing: None,
            sharing: None,
            renamed: VecDeque::new(),
            idle_wakes: 0,
        }
    }

    pub fn map(&self) -> &RangeMap<K> {
        self.node.map()
    }

    pub fn own_seq(&self) -> u64 {
        self.map().last_own_seq()
    }

    /// Whether it has received anything: it clears up after the retired only when others agree, then.
    pub fn has_received(&self) -> bool {
        self.node.statistics().messages_received > 0
    }

    /// Opens a link to that, anew if there is one.
    pub fn open(&mut self, wire: Wire, clock_ms: u64) {
        if let Some(former) = self.open.remove(&wire) {
            self.node.close(former);
        }
        let link = self.node.open(wire.kind(), clock_ms);
        self.open.insert(wire, link);
        self.wires.insert(link, wire);
    }

    /// Whether it has just saved something in a shared place, and from now on holds back what is not saved, whether it did before or not.
    pub fn has_to_hold_back_again(&mut self) -> bool {
        let is_first = self.sharing.as_mut().is_some_and(Sharing::holds_back_again);
        if is_first {
            self.node.set_sends_unsaved(false);
        }
        is_first
    }

    pub fn wire(&self, link: LinkId) -> Option<Wire> {
        self.wires.get(&link).copied()
    }

    pub fn link(&self, wire: Wire) -> Option<LinkId> {
        self.open.get(&wire).copied()
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
    pub disk: Disk<K>,
    /// The ids under which it wrote before, and as which it may come back as long as it has not saved under the one that it has.
    pub former: Vec<ReplicaId>,
    /// How far its clock is from the true time.
    clock_offset_ms: i64,
    /// The same when it last looked at the clock: whoever sleeps for a while is not woken later because the clock was set back.
    timer_offset_ms: i64,
    /// Replicas hear each other if they are in the same group; nobody hears one without a group.
    pub group: Option<u32>,
    /// What it has links to.
    pub wires: Vec<Wire>,
}

impl<K: SimulatedKey> Process<K> {
    pub fn new(config: Config, saving: Saving) -> Self {
        let life = Life::Down { returns_ms: None };
        Self {
            life,
            config,
            saving,
            disk: Disk::default(),
            former: Vec::new(),
            clock_offset_ms: CLOCK_BEGIN_MS,
            timer_offset_ms: CLOCK_BEGIN_MS,
            group: Some(0),
            wires: Vec::new(),
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

    /// Whether it is durable in this life: nothing of its own leaves it that is not saved.
    pub fn is_durable(&self) -> bool {
        self.running().is_some_and(|running| running.is_durable)
    }

    /// Whether no page is being written.
    pub fn is_at_rest(&self) -> bool {
        self.running().is_none_or(|running| running.writing.is_none())
    }

    /// When the replica does something next by itself, or a page is written, in true time.
    pub fn next_ms(&self) -> Option<u64> {
        match &self.life {
            Life::Running(running) => {
                let wake_ms = running.wake_ms.saturating_sub(self.timer_offset_ms as u64);
                let written_ms = running.writing.as_ref().map_or(u64::MAX, |writing| writing.due_ms);
                let look_ms = running.sharing.as_ref().map_or(u64::MAX, |sharing| sharing.due_ms);
                Some(wake_ms.min(written_ms).min(look_ms))
            }
            Life::Down { returns_ms } => *returns_ms,
        }
    }
}
