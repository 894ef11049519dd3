//! A participant, sans-io: a replica of the map with its links, who is there, and what is to be saved.
//!
//! See [`Node`].

mod journal;
mod output;
mod party;
mod random;
mod restore;

use std::collections::{BTreeSet, VecDeque};

pub use self::journal::Page;
use self::journal::{Journal, Saved};
pub use self::output::{Event, LinkId, LinkKind, Output};
use self::party::Parties;
use self::random::Random;
pub use self::restore::Damage;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::map::{LOG_BYTES_MAX, RangeMap, TightenError, WriteError};
use crate::operation::{Operation, OperationError};
use crate::splits::RangeCollector;
use crate::sync::presence::{self, Name, Peer};
use crate::sync::{self, Config, ConfigError, Mesh, Received, Statistics, sender_of};

/// From how many neighbours a node wants news at once, unless something else is set.
const FAN_IN: usize = 3;

/// No time that is told is taken for later than that: there is always some left for what is due after it.
const TIME_MS_MAX: u64 = 1 << 60;

/// How many refusals wait to be handed out; of more, the oldest is forgotten. All are counted in the [statistics](Node::statistics).
const REFUSALS_MAX: usize = 64;

/// How a node works. What stands for a time is in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The times and limits of the protocol.
    pub sync: Config,
    /// From how many neighbours it wants news at once; of other news its neighbours tell it a moment later. 0 is taken for 1.
    pub fan_in: usize,
    /// What it calls itself, if it tells the others that it is there and wants to know who else is. Every link takes part then: peers that
    /// are silent for 4.5 s are dead.
    pub name: Option<Name>,
    /// Whether what it knows is to be saved, so that it can return under its id: see [`Node`](Node#what-is-saved).
    pub is_durable: bool,
    /// How many bytes of memory its log of recent changes takes at most, 1 MiB at first: see [`RangeMap::set_log_capacity`].
    pub log_capacity: usize,
}

impl Default for Options {
    /// Not saved, and without a name.
    fn default() -> Self {
        let sync = Config::default();
        Self { sync, fan_in: FAN_IN, name: None, is_durable: false, log_capacity: LOG_BYTES_MAX }
    }
}

/// A participant, sans-io: the caller brings bytes in and out, and tells the time.
///
/// **In** go operations, bytes that came over a link, links that open and close, and pages that were saved. **Out** come, by
/// [`poll`](Self::poll), bytes to send, pages to save, events, and when to call again. It owns its generator, and its clock is
/// the `now_ms` of each call: a clone goes on exactly as the original would, under the same id; so only one of them may have links.
///
/// It is a participant, and writes under a [`ReplicaId`]. Who serves keys is named by a [`NodeId`]: one participant may register any.
///
/// ```
/// use crdt_range_map::node::{LinkKind, Output};
/// use crdt_range_map::{KeyRange, Node, NodeId, ReplicaId};
///
/// let mut node = Node::new(ReplicaId::new(1), 42); // an id of its own, and a seed
/// let link = node.open(LinkKind::Medium, 0);
/// node.register(&NodeId::new("node-a")?, &KeyRange::new(0u64, 100)?)?;
/// let until_ms = loop {
///     match node.poll(0) {
///         Output::Send { bytes, .. } => println!("send {} bytes", bytes.len()),
///         Output::Wait { until_ms } => break until_ms,
///         other => println!("{other:?}"),
///     }
/// };
/// # assert!(until_ms > 0);
/// // What comes over it: node.receive(link, &bytes, now_ms), and then poll again.
/// # let _ = link;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Links
///
/// A node may have several at once, of [both kinds](LinkKind). What it learns over one goes on over the others where it is news; so whole
/// networks may be joined by a node that is part of both.
///
/// # What is saved
///
/// With [`Options::is_durable`], nothing that tells of what this node did leaves before the page that holds it is saved. So a node that
/// lost its memory returns under its id, by [`restore`](Self::restore) with all pages since the last whole one, and goes on with what
/// others hold of it. One page is out at a time.
///
/// What it does itself is to be saved at once, and what came from others a second later, together with what else came. A page is
/// mostly as long as what is new; and as long as the whole state if the log of recent changes does not reach back to the last one.
#[derive(Clone, Debug)]
pub struct Node<K> {
    map: RangeMap<K>,
    mesh: Mesh<K>,
    links: BTreeSet<LinkId>,
    next_link: u64,
    parties: Parties,
    journal: Option<Journal<K>>,
    random: Random,
    now_ms: u64,
    changed: RangeCollector<K>,
    events: VecDeque<Event<K>>,
    refusals: usize,
    /// Goodbyes of links that close.
    last_words: VecDeque<(LinkId, Vec<u8>)>,
}

impl<K: WireKey> Node<K> {
    /// A node that knows nothing yet, with the usual [`Options`]. See [`ReplicaId`] for who may use an id; the seed should be
    /// another one each time.
    pub fn new(replica: ReplicaId, seed: u64) -> Self {
        Self::begin(RangeMap::new(replica), Options::default(), seed, Saved::default())
    }

    /// The same with other options.
    ///
    /// # Errors
    /// [`ConfigError`] if the protocol could not work with them.
    pub fn with(options: Options, replica: ReplicaId, seed: u64) -> Result<Self, ConfigError> {
        options.sync.check()?;
        Ok(Self::begin(RangeMap::new(replica), options, seed, Saved::default()))
    }

    fn begin(mut map: RangeMap<K>, options: Options, seed: u64, saved: Saved) -> Self {
        let Options { sync, fan_in, name, is_durable, log_capacity } = options;
        map.set_log_capacity(log_capacity);
        map.set_registration_bytes_max(sync.registration_bytes_max());
        let journal = is_durable.then(|| Journal::begin(&mut map, saved));
        let presence = presence::Config::heartbeats().within(sync.message_bytes_max);
        let parties = Parties::new(presence, map.replica(), name);
        let mut node = Self {
            map,
            mesh: Mesh::start(sync, fan_in),
            links: BTreeSet::new(),
            next_link: 0,
            parties,
            journal,
            random: Random(seed),
            now_ms: 0,
            changed: RangeCollector::default(),
            events: VecDeque::new(),
            refusals: 0,
            last_words: VecDeque::new(),
        };
        node.go_on_if_retired();
        node
    }

    /// What this node knows, to be asked: [`owners`](RangeMap::owners), [`splits`](RangeMap::splits), and so on.
    pub fn map(&self) -> &RangeMap<K> {
        &self.map
    }

    /// Who is there, over each link, as far as it is known: with [`Options::name`]. Those that are gone are listed for a while.
    /// O(peers).
    pub fn peers(&self) -> impl Iterator<Item = (LinkId, Peer)> {
        self.parties.peers()
    }

    /// Goes by another name, if it has one. O(links).
    pub fn set_name(&mut self, name: Name) {
        self.parties.set_name(name);
    }

    /// What was sent and heard so far over all links.
    pub fn statistics(&self) -> Statistics {
        self.mesh.statistics()
    }

    /// Opens a link, and asks who is at its other end for what is lacking here. O(links).
    pub fn open(&mut self, kind: LinkKind, now_ms: u64) -> LinkId {
        let now_ms = self.see(now_ms);
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let random = &mut self.random;
        match kind {
            LinkKind::Medium => self.mesh.open_medium(link.0, now_ms, &mut || random.next()),
            LinkKind::Neighbour => self.mesh.open(link.0, now_ms, &mut || random.next()),
        }
        self.links.insert(link);
        self.parties.join(link, now_ms);
        link
    }

    /// Closes a link at once: what was not sent over it yet is discarded. With a [name](Options::name), a goodbye over it comes with the next
    /// [`poll`](Self::poll), so that the transport is better kept until then. O(log of the links).
    pub fn close(&mut self, link: LinkId) {
        if self.links.remove(&link) {
            self.mesh.close(link.0);
            if let Some(goodbye) = self.parties.leave(link) {
                self.last_words.push_back((link, sync::write_presence::<K>(self.map.replica(), goodbye)));
            }
        }
    }

    /// Takes a message that came over a link. Over one that is not open, nothing is taken. Costs what merging it costs, and O(links +
    /// replicas that ever wrote); and O(n) at most for what compares two states.
    pub fn receive(&mut self, link: LinkId, bytes: &[u8], now_ms: u64) {
        let now_ms = self.see(now_ms);
        if !self.links.contains(&link) {
            return;
        }
        let random = &mut self.random;
        let received = self.mesh.receive(&mut self.map, link.0, bytes, now_ms, &mut || random.next());
        if let Some(sender) = sender_of(bytes) {
            self.parties.hear(link, sender, &received, now_ms, &mut || random.next());
        }
        match received {
            Received::Applied(changes) => {
                self.journal.iter_mut().for_each(Journal::note_received);
                changes.ranges().iter().for_each(|range| self.changed.add(range.clone()));
            }
            Received::Ignored(reason) => self.refuse(link, reason),
            Received::Heard | Received::Presence(_) => {}
        }
        while let Some(sync::Event::Renamed { from, to, why, unheard }) = self.mesh.take_event() {
            self.events.push_back(Event::Renamed { from, to, why, unheard });
        }
    }

    fn refuse(&mut self, link: LinkId, reason: sync::IgnoreReason) {
        if self.refusals == REFUSALS_MAX {
            let is_refusal = |event: &Event<K>| matches!(event, Event::Refused { .. });
            let oldest = self.events.iter().position(is_refusal);
            oldest.into_iter().for_each(|at| drop(self.events.remove(at)));
        } else {
            self.refusals += 1;
        }
        self.events.push_back(Event::Refused { link, reason });
    }

    /// What is to be done next. Call it after every other call, and at the time that it last told, until it hands out
    /// [`Output::Wait`]. O(log of the links), apart from what it says.
    pub fn poll(&mut self, now_ms: u64) -> Output<K> {
        let told_ms = now_ms;
        let now_ms = self.see(now_ms);
        let former = self.parties.own();
        for (link, goodbye) in self.parties.follow(self.map.replica(), now_ms) {
            self.last_words.push_back((link, sync::write_presence::<K>(former, goodbye)));
        }
        if let Some(event) = self.next_event() {
            return Output::Event(event);
        }
        if let Some(page) = self.journal.as_mut().and_then(|journal| journal.next_page(&self.map, now_ms)) {
            return Output::Save(page);
        }
        if let Some((link, bytes)) = self.last_words.pop_front() {
            return Output::Send { link, bytes };
        }
        let random = &mut self.random;
        if let Some((link, bytes)) = self.mesh.poll(&self.map, now_ms, &mut || random.next()) {
            let link = LinkId(link);
            self.parties.sent(link, now_ms);
            return Output::Send { link, bytes };
        }
        if let Some((link, content)) = self.parties.poll(now_ms) {
            let bytes = self.mesh.presence_message(link.0, &self.map, content);
            return Output::Send { link, bytes };
        }
        // Somebody may have been found dead.
        if let Some(event) = self.next_event() {
            return Output::Event(event);
        }
        // Nothing is due now, whatever the clock says.
        Output::Wait { until_ms: self.next_wake_ms(now_ms).max(told_ms.saturating_add(1)) }
    }

    fn see(&mut self, now_ms: u64) -> u64 {
        self.now_ms = now_ms.min(TIME_MS_MAX);
        self.now_ms
    }

    fn next_event(&mut self) -> Option<Event<K>> {
        if !self.changed.is_empty() {
            let ranges = core::mem::take(&mut self.changed).finish();
            return Some(Event::Changed(ranges.into_vec()));
        }
        if let Some((link, peer)) = self.parties.next_news() {
            return Some(Event::Peer { link, peer });
        }
        let event = self.events.pop_front()?;
        self.refusals -= usize::from(matches!(event, Event::Refused { .. }));
        Some(event)
    }

    fn next_wake_ms(&mut self, now_ms: u64) -> u64 {
        let saving =
            self.journal.as_mut().map_or(u64::MAX, |journal| journal.next_wake_ms(&self.map, now_ms));
        // While something is not saved there is nothing to be woken for: what is due waits for that.
        let sending = if self.map.is_saved() { self.mesh.next_wake_ms() } else { u64::MAX };
        saving.min(sending).min(self.parties.next_wake_ms())
    }

    /// The [page](Output::Save) of that number is saved: what it tells may leave from now on. Nothing happens if it is not out.
    pub fn saved(&mut self, number: u64) {
        if let Some(journal) = &mut self.journal {
            journal.saved(&mut self.map, number);
        }
    }

    /// The page of that number could not be saved. What it told is handed out again a second later, under another number, together with what
    /// is new. Nothing happens if it is not out.
    pub fn not_saved(&mut self, number: u64) {
        if let Some(journal) = &mut self.journal {
            journal.failed(number, self.now_ms);
        }
    }

    /// Does all of that, or nothing: see [`RangeMap::apply`].
    ///
    /// # Errors
    /// [`OperationError`] for the first operation that is refused.
    pub fn apply(
        &mut self,
        operations: impl IntoIterator<Item = Operation<K>>,
    ) -> Result<(), OperationError> {
        let operations: Vec<Operation<K>> = operations.into_iter().collect();
        let touched = operations.iter().flat_map(Operation::touched).collect();
        self.operate(touched, |map| map.apply(operations.iter().cloned()))
    }

    /// Registers a node for a range: see [`RangeMap::register`].
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn register(&mut self, node: &NodeId, range: &KeyRange<K>) -> Result<(), WriteError> {
        self.operate(vec![(node, range)], |map| map.register(node, range))
    }

    /// Releases a registration: see [`RangeMap::release`].
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn release(&mut self, node: &NodeId, range: &KeyRange<K>) -> Result<(), WriteError> {
        self.operate(vec![(node, range)], |map| map.release(node, range))
    }

    /// Raises a priority: see [`RangeMap::increase`].
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn increase(
        &mut self,
        node: &NodeId,
        range: &KeyRange<K>,
        by: core::num::NonZeroU32,
    ) -> Result<(), WriteError> {
        self.operate(vec![(node, range)], |map| map.increase(node, range, by))
    }

    /// Lowers a priority: see [`RangeMap::decrease`].
    ///
    /// # Errors
    /// [`WriteError`] if it is refused.
    pub fn decrease(
        &mut self,
        node: &NodeId,
        range: &KeyRange<K>,
        by: core::num::NonZeroU32,
    ) -> Result<(), WriteError> {
        self.operate(vec![(node, range)], |map| map.decrease(node, range, by))
    }

    /// Moves a registration to a smaller range: see [`RangeMap::tighten`].
    ///
    /// # Errors
    /// [`TightenError`] if it is refused.
    pub fn tighten(
        &mut self,
        node: &NodeId,
        range: &KeyRange<K>,
        to: &KeyRange<K>,
    ) -> Result<(), TightenError> {
        self.operate(vec![(node, range), (node, to)], |map| map.tighten(node, range, to))
    }

    /// Declares that a replica writes no more: see [`RangeMap::retire`]. If it is this one, it goes on under another id at once.
    pub fn retire(&mut self, replica: ReplicaId) {
        let delta = self.map.retire(replica);
        self.publish(&delta);
        self.go_on_if_retired();
    }

    /// Goes on under another id, if it is known to be retired: where that comes over a link, the protocol has done it already.
    fn go_on_if_retired(&mut self) {
        if self.map.is_retired() {
            let (from, random) = (self.map.replica(), &mut self.random);
            let to = sync::fresh(&self.map, &mut || random.next());
            let dropped = self.map.set_replica(to);
            self.publish(&dropped);
            let (why, unheard) = (sync::Renaming::Retired, Vec::new());
            self.events.push_back(Event::Renamed { from, to, why, unheard });
        }
    }

    /// Clears what counts for nothing: see [`RangeMap::maintain`].
    pub fn maintain(&mut self) {
        let delta = self.map.maintain();
        self.publish(&delta);
    }

    fn operate<E>(
        &mut self,
        touched: Vec<(&NodeId, &KeyRange<K>)>,
        operation: impl FnOnce(&mut RangeMap<K>) -> Result<Delta<K>, E>,
    ) -> Result<(), E> {
        let before: Vec<Option<u64>> =
            touched.iter().map(|(node, range)| self.map.priority(node, range)).collect();
        let delta = operation(&mut self.map)?;
        for ((node, range), before) in touched.into_iter().zip(before) {
            if self.map.priority(node, range) != before {
                self.changed.add(range.clone());
            }
        }
        self.publish(&delta);
        Ok(())
    }

    fn publish(&mut self, delta: &Delta<K>) {
        if !delta.is_empty() {
            self.journal.iter_mut().for_each(|journal| journal.note_own(delta));
            let random = &mut self.random;
            self.mesh.publish(delta, &mut || random.next());
        }
    }
}
