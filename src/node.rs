//! A participant, sans-io: a replica of the map with its links, who is there, and what is to be saved.
//!
//! See [`Node`].

mod abouts;
mod evictions;
mod identity;
mod journal;
mod life;
mod link_presence;
mod operations;
mod options;
mod output;
mod random;
mod restore;
mod shared;
mod vouching;

use std::collections::{BTreeSet, VecDeque};

use self::evictions::Evictions;
pub use self::journal::Page;
use self::journal::{Journal, Saved};
use self::link_presence::LinkPresences;
pub use self::options::Options;
pub use self::output::{Event, LinkId, LinkKind, Output};
use self::random::Random;
pub use self::restore::Damage;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::map::RangeMap;
use crate::splits::RangeCollector;
use crate::sync::presence::{self, Name, Peer};
use crate::sync::{self, ConfigError, Mesh, Received, Statistics, sender_of};
use crate::watch::WatchId;

/// The latest time. Later ones count as this one, so that something can always be due after now.
const TIME_MS_MAX: u64 = 1 << 60;

/// How many refusals wait for [`Node::poll`]. If there are more, the oldest is forgotten; the [statistics](Node::statistics) count all.
const REFUSALS_MAX: usize = 64;

/// How many goodbyes wait for [`Node::poll`]. If there are more, the oldest is forgotten: that peer is then taken for dead a little later.
const GOODBYES_MAX: usize = 1_024;

/// A participant, sans-io: the caller carries the bytes, and passes the time in with each call.
///
/// **In** go operations, bytes that came over a link, links that open and close, and pages that were saved. **Out** come, by
/// [`poll`](Self::poll), bytes to send, pages to save, events, and when to call again. It owns its generator, and its clock is
/// the `now_ms` of each call: a clone goes on exactly as the original would, under the same id; so only one of them may have links.
///
/// A participant writes under a [`ReplicaId`]. A [`NodeId`] names who serves keys; any participant may register any of them.
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
/// With [`Options::is_durable`], [`poll`](Self::poll) hands out *pages*. No message that shows an own effect leaves before the page with
/// that effect is saved. So a node that lost its memory may return under its id: [`restore`](Self::restore) it with all pages since the
/// last whole one. One page is out at a time.
///
/// Own effects are to be saved at once, and what came from others a second later, together with what else comes. A page mostly has
/// only what is new. It has the whole state if the log of recent changes does not reach back to the page before.
#[derive(Clone, Debug)]
pub struct Node<K> {
    map: RangeMap<K>,
    mesh: Mesh<K>,
    links: BTreeSet<LinkId>,
    next_link: u64,
    presences: LinkPresences,
    evictions: Evictions,
    /// Whether it says goodbye once all is sent.
    is_leaving: bool,
    journal: Option<Journal<K>>,
    random: Random,
    now_ms: u64,
    changed: RangeCollector<K>,
    events: VecDeque<Event<K>>,
    refusals: usize,
    /// Goodbyes that are to be sent, also over links that were just closed.
    goodbyes: VecDeque<(LinkId, Vec<u8>)>,
    /// The delta of the last operation.
    last_delta: Delta<K>,
}

impl<K: WireKey> Node<K> {
    /// A node that knows nothing yet, with the usual [`Options`]. See [`ReplicaId`] for who may use an id; the seed should be
    /// another one each time.
    pub fn new(replica: ReplicaId, seed: u64) -> Self {
        Self::begin(RangeMap::new(replica), Options::default(), seed, Saved::default())
    }

    /// The same with those options.
    ///
    /// # Errors
    /// [`ConfigError`] if the protocol could not work with them.
    pub fn with(options: Options, replica: ReplicaId, seed: u64) -> Result<Self, ConfigError> {
        options.sync.check()?;
        Ok(Self::begin(RangeMap::new(replica), options, seed, Saved::default()))
    }

    fn begin(mut map: RangeMap<K>, options: Options, seed: u64, saved: Saved) -> Self {
        let Options { sync, fan_in, name, attributes, is_durable, evict_after_ms, log_bytes_max } = options;
        map.set_registration_bytes_max(sync.registration_bytes_max());
        map.set_log_capacity(log_bytes_max);
        map.report_living_changes();
        let journal = is_durable.then(|| Journal::begin(&mut map, saved));
        let presence = presence::Config::heartbeats().within(sync.message_bytes_max);
        let mut presences = LinkPresences::new(presence, map.replica(), name);
        presences.set_attributes(attributes);
        let mut node = Self {
            map,
            mesh: Mesh::start(sync, fan_in),
            links: BTreeSet::new(),
            next_link: 0,
            presences,
            evictions: Evictions::new(evict_after_ms),
            is_leaving: false,
            journal,
            random: Random(seed),
            now_ms: 0,
            changed: RangeCollector::default(),
            events: VecDeque::new(),
            refusals: 0,
            goodbyes: VecDeque::new(),
            last_delta: Delta::default(),
        };
        node.go_on_if_retired();
        node
    }

    /// The map of this node, for queries: [`owners`](RangeMap::owners), [`splits`](RangeMap::splits), and so on. O(1).
    pub fn map(&self) -> &RangeMap<K> {
        &self.map
    }

    /// The peers that are known over each link, if this node has a [name](Options::name). Those that are gone are listed for a while.
    /// O(peers).
    pub fn peers(&self) -> impl Iterator<Item = (LinkId, Peer)> {
        self.presences.peers()
    }

    /// Draws its delays, and the numbers of its questions, from another seed from now on. So what becomes of a clone need not be what becomes
    /// of the original: for whoever tries out several futures of one node, as a model checker does. O(1).
    pub fn reseed(&mut self, seed: u64) {
        self.random = Random(seed);
    }

    /// Changes the name, if the node has one, and tells the others. O(links).
    pub fn set_name(&mut self, name: Name) {
        self.presences.set_name(name);
    }

    /// Begins to watch a range: [`Event::Watched`] tells where in it the owners became others, with what was and what is. What
    /// changes several times before the next [`poll`](Self::poll) is told once. Costs as [`RangeMap::watch`].
    ///
    /// ```
    /// use crdt_range_map::node::{Event, Output};
    /// use crdt_range_map::{KeyRange, Node, ReplicaId};
    ///
    /// let mut node = Node::new(ReplicaId::new(1), 42);
    /// let watch = node.watch(&KeyRange::new(0u64, 50)?);
    /// node.register(&"node-a".parse()?, &KeyRange::new(0u64, 100)?)?;
    /// let watched = loop {
    ///     match node.poll(0) {
    ///         Output::Event(Event::Watched(watched)) => break watched,
    ///         Output::Wait { .. } => panic!("nothing is told"),
    ///         _ => {}
    ///     }
    /// };
    /// assert_eq!(watched.watch, watch);
    /// assert_eq!(watched.pieces[0].range.to_string(), "[0, 50)");
    /// assert_eq!(watched.pieces[0].after[0].node.as_str(), "node-a");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch(&mut self, range: &KeyRange<K>) -> WatchId {
        self.map.watch(range)
    }

    /// The same for the [living answer](Self::living): see [`RangeMap::watch_living`]. [`Event::Watched`] tells of it, too.
    pub fn watch_living(&mut self, range: &KeyRange<K>) -> WatchId {
        self.map.watch_living(range)
    }

    /// Ends a watch, of either answer: nothing more is told of it. Does nothing if it has ended. O(log w) for w watches.
    pub fn unwatch(&mut self, watch: WatchId) {
        self.map.unwatch(watch);
    }

    /// Counts of what was sent and received so far, over all links. O(links).
    pub fn statistics(&self) -> Statistics {
        self.mesh.statistics()
    }

    /// Counts of what was sent and received so far over a link, as long as it is open.
    pub fn link_statistics(&self, link: LinkId) -> Option<Statistics> {
        self.mesh.link_statistics(link.0)
    }

    /// Opens a link, and asks whoever is at its other end for what is lacking here. O(links).
    pub fn open(&mut self, kind: LinkKind, now_ms: u64) -> LinkId {
        let link = self.open_without_presence(kind, now_ms);
        self.presences.open(link, self.now_ms);
        link
    }

    /// The same, but takes no part in presence over the link before [`join`](Self::join) says so: for callers that report deaths, whom the
    /// others must not hear of before their own death would be reported. O(links).
    pub fn open_without_presence(&mut self, kind: LinkKind, now_ms: u64) -> LinkId {
        let now_ms = self.see(now_ms);
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let random = &mut self.random;
        match kind {
            LinkKind::Medium => self.mesh.open_medium(link.0, now_ms, &mut || random.next()),
            LinkKind::Neighbour => self.mesh.open(link.0, now_ms, &mut || random.next()),
        }
        self.links.insert(link);
        link
    }

    /// Closes a link at once; what waits to be sent over it is discarded. If the node has a [name](Options::name), the next
    /// [`poll`](Self::poll) hands out a goodbye for that link: keep the transport until then. Of goodbyes that were not polled for, the last
    /// 1,024 are kept. O(log of the links).
    pub fn close(&mut self, link: LinkId) {
        if self.links.remove(&link) {
            self.mesh.close(link.0);
            if let Some(goodbye) = self.presences.leave(link) {
                self.push_goodbye(link, self.map.replica(), goodbye);
            }
            self.follow_life();
        }
    }

    fn push_goodbye(&mut self, link: LinkId, replica: ReplicaId, goodbye: Vec<u8>) {
        if self.goodbyes.len() == GOODBYES_MAX {
            self.goodbyes.pop_front();
        }
        self.goodbyes.push_back((link, sync::write_presence::<K>(replica, goodbye)));
    }

    /// Takes a message that arrived over a link. It may be damaged or hostile: then an [event](Event::Refused) says so. Does nothing if
    /// the link is not open. Costs what merging the message costs, and O(links + replicas that ever wrote); at most O(n) for a message
    /// that compares two states.
    pub fn receive(&mut self, link: LinkId, bytes: &[u8], now_ms: u64) {
        let now_ms = self.see(now_ms);
        if !self.links.contains(&link) {
            return;
        }
        let random = &mut self.random;
        let received = self.mesh.receive(&mut self.map, link.0, bytes, now_ms, &mut || random.next());
        if let Some(sender) = sender_of(bytes) {
            self.presences.hear(link, sender, &received, now_ms, &mut || random.next());
            self.follow_life();
        }
        match received {
            Received::Applied(changes) => {
                changes.ranges().iter().for_each(|range| self.changed.add(range.clone()));
            }
            Received::Ignored(reason) => self.refuse(link, reason),
            Received::Heard | Received::Presence(_) => {}
        }
        while let Some(sync::Event::Renamed { from, to, why, unheard }) = self.mesh.take_event() {
            self.report_renamed(Event::Renamed { from, to, why, unheard });
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

    /// What the caller is to do next. Call it after every other call, and at the time of the last [`Output::Wait`]; call it again until
    /// it returns [`Output::Wait`]. O(log of the links), and what it takes to write the message or page.
    pub fn poll(&mut self, now_ms: u64) -> Output<K> {
        let given_ms = now_ms;
        let now_ms = self.see(now_ms);
        let former = self.presences.own();
        for (link, goodbye) in self.presences.follow(self.map.replica(), now_ms) {
            self.push_goodbye(link, former, goodbye);
        }
        self.follow_life();
        self.evict_absent(now_ms);
        if let Some(event) = self.next_event() {
            return Output::Event(event);
        }
        if let Some(page) = self.journal.as_mut().and_then(|journal| journal.next_page(&mut self.map, now_ms))
        {
            return Output::Save(page);
        }
        if let Some((link, bytes)) = self.goodbyes.pop_front() {
            return Output::Send { link, bytes };
        }
        let random = &mut self.random;
        if let Some((link, bytes)) = self.mesh.poll(&self.map, now_ms, &mut || random.next()) {
            let link = LinkId(link);
            self.presences.sent(link, now_ms);
            return Output::Send { link, bytes };
        }
        self.say_goodbyes();
        if let Some((link, bytes)) = self.goodbyes.pop_front() {
            return Output::Send { link, bytes };
        }
        let said = self.presences.poll(now_ms);
        self.follow_life();
        if let Some((link, content)) = said {
            let bytes = self.mesh.presence_message(link.0, &self.map, content);
            return Output::Send { link, bytes };
        }
        // A peer may have been found dead.
        if let Some(event) = self.next_event() {
            return Output::Event(event);
        }
        // Nothing is due any more at the given time, so the next call is to be later.
        Output::Wait { until_ms: self.next_wake_ms(now_ms).max(given_ms.saturating_add(1)) }
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
        if let Some(watched) = self.map.next_watched() {
            return Some(Event::Watched(watched));
        }
        let living = self.map.take_living_changes();
        if !living.is_empty() {
            return Some(Event::LivingChanged(living));
        }
        if let Some((link, peer)) = self.presences.next_news() {
            return Some(Event::Peer { link, peer });
        }
        if let Some((replica, attributes)) = self.presences.next_told() {
            return Some(Event::Attributes { replica, attributes });
        }
        let event = self.events.pop_front()?;
        self.refusals -= usize::from(matches!(event, Event::Refused { .. }));
        Some(event)
    }

    fn next_wake_ms(&mut self, now_ms: u64) -> u64 {
        let saving =
            self.journal.as_mut().map_or(u64::MAX, |journal| journal.next_wake_ms(&self.map, now_ms));
        // While something is not saved, nothing is sent, so there is no need to wake for it.
        let sending = if self.map.is_saved() { self.mesh.next_wake_ms() } else { u64::MAX };
        saving.min(sending).min(self.presences.next_wake_ms()).min(self.next_eviction_ms())
    }

    /// Reports that the [page](Output::Save) of that number is saved: its effects may be sent from now on. Does nothing if that page is
    /// not out. O(replicas that ever wrote).
    pub fn saved(&mut self, number: u64) {
        if let Some(journal) = &mut self.journal {
            journal.saved(&mut self.map, number);
        }
    }

    /// Reports that the page of that number could not be saved. A second later a page with the same effects, and what is new, is handed
    /// out under another number. Does nothing if that page is not out. O(1).
    pub fn not_saved(&mut self, number: u64) {
        if let Some(journal) = &mut self.journal {
            journal.failed(number, self.now_ms);
        }
    }

    /// Clears residue, and the reset records of retired writers: see [`RangeMap::maintain`]. O(n log r).
    pub fn maintain(&mut self) {
        self.last_delta = Delta::default();
        let delta = self.map.maintain();
        self.did(&delta);
    }

    /// Merges a delta that did not come over a link, and passes it on if it is news. Returns the ranges whose owners may have changed.
    /// Costs what [`RangeMap::merge`] costs, and O(links).
    pub fn merge(&mut self, delta: &Delta<K>) -> Vec<KeyRange<K>> {
        self.last_delta = Delta::default();
        let is_news = !self.map.state().version().includes(delta.version());
        // Also what claims nothing new may change something: what was given up of a retired writer shows in no version.
        let changes = self.map.merge(delta);
        changes.ranges().iter().for_each(|range| self.changed.add(range.clone()));
        if is_news {
            self.publish(delta);
        }
        self.did(changes.delta());
        self.go_on_if_retired();
        changes.ranges().to_vec()
    }

    /// The delta of the last operation, for those that no link reaches; empty if it changed nothing. After a [`merge`](Self::merge) it
    /// has the drops that this node made in answer. O(1).
    pub fn last_delta(&self) -> &Delta<K> {
        &self.last_delta
    }

    fn operate<E>(
        &mut self,
        touched: Vec<(&NodeId, &KeyRange<K>)>,
        operation: impl FnOnce(&mut RangeMap<K>) -> Result<Delta<K>, E>,
    ) -> Result<(), E> {
        let before: Vec<Option<u64>> =
            touched.iter().map(|(node, range)| self.map.priority(node, range)).collect();
        self.last_delta = Delta::default();
        let delta = operation(&mut self.map)?;
        for ((node, range), before) in touched.into_iter().zip(before) {
            if self.map.priority(node, range) != before {
                self.changed.add(range.clone());
            }
        }
        self.did(&delta);
        Ok(())
    }

    /// Adds a delta to that of the last operation, and publishes it.
    fn did(&mut self, delta: &Delta<K>) {
        if self.last_delta.is_empty() {
            self.last_delta = delta.clone();
        } else {
            self.last_delta.merge(delta);
        }
        self.publish(delta);
    }

    fn publish(&mut self, delta: &Delta<K>) {
        if !delta.is_empty() {
            self.journal.iter_mut().for_each(|journal| journal.note_own(delta));
            let random = &mut self.random;
            self.mesh.publish(delta, &mut || random.next());
        }
    }
}
