//! The protocol on a medium where everybody hears everybody.

mod answering;
mod asking;
mod hearing;
mod overhearing;
mod parts;
mod renaming;

use std::collections::VecDeque;

use self::answering::{Reply, Turn};
use self::hearing::Doubt;
use self::overhearing::Overheard;
pub(crate) use self::renaming::fresh;
use super::drop_runs::DropRuns;
use super::heard_of::HeardOf;
use super::inquiry::{Inquiry, Sent};
use super::message::{FRAME_BYTES, Fingerprints, Message};
use super::peers::Peers;
use super::round_trip::RoundTrip;
use super::{Config, ConfigError, Event, Received, Statistics};
use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::map::RangeMap;
use crate::version::Version;

/// What a neighbour would rather have over a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// It had to ask for what was only announced.
    News,
    /// What it was sent it had another way before.
    Announcements,
}

/// Who is polled so much later than it wished has slept, or its clock was set forwards.
const LATE_MS: u64 = 2_000;

/// Whoever is there says a digest at the latest after one and a half of its intervals.
const SILENT_INTERVALS: u64 = 4;

/// How many deltas wait to be posted one by one; more are joined.
const UNPOSTED_MAX: usize = 1_024;

/// The protocol of one replica on a medium where everybody hears everybody. See the [module](super).
///
/// After each call, send what [`poll`](Self::poll) hands out until it hands out nothing, and call it again at
/// [`next_wake_ms`](Self::next_wake_ms).
///
/// ```
/// use crdt_range_map::sync::{Broadcast, Config, Received};
/// use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
///
/// let mut random = || 7; // use a real generator
/// let mut here = RangeMap::<u64>::new(ReplicaId::new(1));
/// let mut there = RangeMap::<u64>::new(ReplicaId::new(2));
/// let mut here_sync = Broadcast::join(Config::default(), 0, &mut random)?;
/// let mut there_sync = Broadcast::join(Config::default(), 0, &mut random)?;
///
/// here_sync.publish(&here.register(&NodeId::new("a").unwrap(), &KeyRange::new(1, 5).unwrap()).unwrap());
/// let post = here_sync.poll(&here, 0, &mut random).unwrap();
/// let received = there_sync.receive(&mut there, &post, 0, &mut random);
/// assert!(matches!(received, Received::Applied(_)));
/// assert_eq!(here.state(), there.state());
/// # Ok::<(), crdt_range_map::sync::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Broadcast<K> {
    config: Config,
    /// What this replica did and has not sent yet, in order.
    unposted: VecDeque<Delta<K>>,
    /// What it dropped when it learnt of resets. That is not urgent, and goes along with something else or after a while.
    own_drops: Delta<K>,
    own_drops_due_ms: u64,
    /// What it is finding out.
    inquiry: Option<Inquiry<K>>,
    /// The questions of the inquiry that ended last: whoever answers them late may ask back.
    past: VecDeque<Sent>,
    /// What others are finding out.
    overheard: Overheard<K>,
    /// What somebody is known to know, beyond what is known here.
    heard_of: HeardOf,
    /// The gaps that were last asked about, so that a gap that nobody can fill is asked about once.
    gaps_asked: CausalContext,
    /// Whether there may be others: to find out takes as long as there are gaps.
    may_have_new_gaps: bool,
    /// Questions to everybody, to be answered when it is this replica's turn.
    turns: Vec<Turn>,
    /// Questions that others answered before they were heard here, the latest last.
    answered_early: VecDeque<u32>,
    /// Questions to this replica.
    replies: VecDeque<Reply<K>>,
    /// Tells that a question was heard by whoever says it again.
    token: u32,
    digest_due_ms: u64,
    /// Whether the next digest is this replica's to send, and must not be left to others: it tells of news, or was left once.
    is_digest_own: bool,
    /// What was known and held here when somebody last said to know and hold the same.
    agreed: Option<Fingerprints>,
    /// Since when that is so.
    agreed_since_ms: u64,
    /// Whether those at the ends of other links agree for as long, too.
    others_agree: bool,
    /// When anybody was heard last.
    heard_ms: u64,
    /// When news was last heard or sent that others may not have heard yet.
    news_ms: u64,
    doubt: Doubt,
    peers: Peers,
    round_trip: RoundTrip,
    /// The latest time that was passed in.
    seen_ms: u64,
    /// What the last message told of what its sender knows.
    sender_version: Version,
    /// The delta that the last message was, with what this replica dropped in answer.
    received_delta: Option<Delta<K>>,
    /// What shows somebody else who writes under the same id that there are two.
    evidence: Option<Vec<u8>>,
    /// What is to be announced.
    announcement: Option<Version>,
    /// What the last message wished.
    wish: Option<Wish>,
    events: VecDeque<Event<K>>,
    statistics: Statistics,
}

impl<K: WireKey> Broadcast<K> {
    /// The protocol of a replica that has just come to the medium: it asks the others at once for what it lacks, and they ask
    /// back for what they lack.
    ///
    /// # Errors
    /// [`ConfigError`] if it could not work with that configuration.
    pub fn join(config: Config, now_ms: u64, random: &mut impl FnMut() -> u64) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self::start(config, now_ms, random))
    }

    /// The same, with a configuration that was checked.
    pub(crate) fn start(config: Config, now_ms: u64, random: &mut impl FnMut() -> u64) -> Self {
        let mut joined = Self {
            config,
            unposted: VecDeque::new(),
            own_drops: Delta::default(),
            own_drops_due_ms: 0,
            inquiry: Some(Inquiry::new(None, now_ms)),
            past: VecDeque::new(),
            overheard: Overheard::default(),
            heard_of: HeardOf::default(),
            gaps_asked: CausalContext::default(),
            may_have_new_gaps: true,
            turns: Vec::new(),
            answered_early: VecDeque::new(),
            replies: VecDeque::new(),
            token: random() as u32,
            digest_due_ms: 0,
            is_digest_own: false,
            agreed: None,
            agreed_since_ms: 0,
            others_agree: true,
            heard_ms: now_ms,
            news_ms: 0,
            doubt: Doubt::default(),
            peers: Peers::default(),
            round_trip: RoundTrip::default(),
            seen_ms: now_ms,
            sender_version: Version::default(),
            received_delta: None,
            evidence: None,
            announcement: None,
            wish: None,
            events: VecDeque::new(),
            statistics: Statistics::default(),
        };
        joined.digest_due_ms = joined.next_digest_ms(now_ms, random);
        joined
    }

    /// Takes the delta of an own operation, or of a merge that did not come over the medium and its
    /// [`Changes::delta`](crate::Changes::delta), to be sent with the next [`poll`](Self::poll): as soon as what it tells of is
    /// [saved](RangeMap::set_saved), if that matters.
    pub fn publish(&mut self, delta: &Delta<K>) {
        if delta.is_empty() {
            return;
        }
        let is_full = self.unposted.len() >= UNPOSTED_MAX;
        match self.unposted.back_mut().filter(|_| is_full) {
            Some(last) => last.merge(delta),
            None => self.unposted.push_back(delta.clone()),
        }
    }

    /// Whether whoever is there has known and held the same for a digest interval, in which anybody else would have said so.
    pub(super) fn has_agreed(&self, ours: Fingerprints, now_ms: u64) -> bool {
        let since_ms = self.agreed_since_ms.saturating_add(self.config.digest_interval_ms);
        self.agreed == Some(ours) && since_ms <= now_ms
    }

    /// Whether nobody was heard for so long that nobody is there.
    pub(super) fn is_silent(&self, now_ms: u64) -> bool {
        let silent_ms = self.config.digest_interval_ms.saturating_mul(SILENT_INTERVALS);
        self.heard_ms.saturating_add(silent_ms) < now_ms
    }

    /// Notes whether those at the ends of other links have agreed.
    pub(super) fn note_others(&mut self, agree: bool) {
        self.others_agree = agree;
    }

    /// Whether there may be gaps that were not asked about.
    pub(super) fn may_have_new_gaps(&self) -> bool {
        self.may_have_new_gaps
    }

    /// Over another link came what may lie beyond a gap.
    pub(super) fn expect_new_gaps(&mut self) {
        self.may_have_new_gaps = true;
    }

    /// What was sent and heard so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// What happened that the caller should know of, the oldest first; call it until there is none.
    pub fn take_event(&mut self) -> Option<Event<K>> {
        self.events.pop_front()
    }

    /// What the last message told of what its sender knows.
    pub(super) fn take_sender_version(&mut self) -> Version {
        core::mem::take(&mut self.sender_version)
    }

    /// The delta that the last message was, if it was one, with what this replica dropped in answer.
    pub(super) fn take_delta(&mut self) -> Option<Delta<K>> {
        self.received_delta.take()
    }

    /// What the last message wished.
    pub(super) fn take_wish(&mut self) -> Option<Wish> {
        self.wish.take()
    }

    /// Announces what can be asked for. Nothing at all wishes for announcements rather than news.
    pub(super) fn announce(&mut self, news: Version) {
        self.announcement.get_or_insert_default().join(&news);
    }

    /// Sends a digest at that time, or earlier.
    pub(super) fn digest_at(&mut self, due_ms: u64) {
        self.digest_due_ms = self.digest_due_ms.min(due_ms);
        self.is_digest_own = true;
    }

    /// When [`poll`](Self::poll) has something to do next, if nothing is received before. Whether something has to be
    /// [saved](RangeMap::set_saved) before is the caller's to know: until it is, polling hands out nothing.
    pub fn next_wake_ms(&self) -> u64 {
        if !self.unposted.is_empty()
            || !self.replies.is_empty()
            || self.announcement.is_some()
            || self.evidence.is_some()
        {
            return 0;
        }
        let dropped = if self.own_drops.is_empty() { u64::MAX } else { self.own_drops_due_ms };
        let inquiry = self.inquiry.as_ref().map_or(u64::MAX, |inquiry| inquiry.due_ms);
        let turn = self.turns.iter().map(|turn| turn.due_ms).min().unwrap_or(u64::MAX);
        self.digest_due_ms.min(inquiry).min(turn).min(dropped)
    }

    /// Takes a message that came over the medium, from anybody. Costs what merging its delta costs and O(replicas that ever wrote),
    /// and O(n) at most for what compares births.
    pub fn receive(
        &mut self,
        map: &mut RangeMap<K>,
        bytes: &[u8],
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        let now_ms = self.see(now_ms);
        map.limit_registrations(self.config.registration_bytes_max());
        map.synchronise();
        self.statistics.messages_received += 1;
        self.statistics.bytes_received += bytes.len() as u64;
        self.sender_version = Version::default();
        self.received_delta = None;
        self.wish = None;
        // It may have been retired by what came another way.
        self.go_on_if_retired(map, random);
        let handled = self.read(map, bytes, random).map(|(sender, message)| {
            self.peers.heard(sender, now_ms);
            self.heard_ms = now_ms;
            self.handle(map, sender, message, bytes.len(), now_ms, random)
        });
        handled.unwrap_or_else(|reason| {
            self.statistics.messages_ignored += 1;
            self.statistics.ignored[reason.index()] += 1;
            Received::Ignored(reason)
        })
    }

    /// Hands out the next message to send, if any is due. Call it until there is none.
    ///
    /// Nothing that it hands out tells of own effects that are not [saved](RangeMap::set_saved), if that matters.
    pub fn poll(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        let now_ms = self.see(now_ms);
        loop {
            let bytes = self.next_message(map, now_ms, random)?;
            // A version can be too long, of very many replicas, or a delta that cannot be split any further.
            if bytes.len() <= self.config.message_bytes_max {
                self.count_post(&bytes);
                return Some(bytes);
            }
            self.statistics.messages_too_long += 1;
        }
    }

    /// The message that carries what [`Presence::poll`](super::Presence::poll) hands out. Also while something is unsaved: it tells
    /// nothing of the map.
    pub fn presence_message(&mut self, map: &RangeMap<K>, content: Vec<u8>) -> Vec<u8> {
        let bytes = Message::<K>::Presence(content).encode(map.replica());
        self.count_post(&bytes);
        bytes
    }

    fn count_post(&mut self, bytes: &[u8]) {
        self.statistics.messages_posted += 1;
        self.statistics.bytes_posted += bytes.len() as u64;
        self.statistics.posted[usize::from(bytes[4]) - 1] += 1;
    }

    /// Takes a clock that was set into account. Set back: what is due is due as much earlier. Set forwards, or a replica that slept:
    /// what was under way then is not measured. Returns the time, but never one after which there is none for anything to be due.
    fn see(&mut self, now_ms: u64) -> u64 {
        let now_ms = now_ms.min(u64::MAX / 2);
        let back_ms = self.seen_ms.saturating_sub(now_ms);
        if now_ms > self.seen_ms.max(self.next_wake_ms()).saturating_add(LATE_MS) {
            let sent = self.inquiry.iter_mut().flat_map(|inquiry| &mut inquiry.sent);
            sent.for_each(|sent| sent.at_ms = None);
        }
        self.seen_ms = now_ms;
        if back_ms == 0 {
            return now_ms;
        }
        let inquiry = self.inquiry.iter_mut().flat_map(|inquiry| {
            let sent = inquiry.sent.iter_mut().filter_map(|sent| sent.at_ms.as_mut());
            let heard = inquiry.counterpart.iter_mut().map(|counterpart| &mut counterpart.asked_ms);
            sent.chain(heard).chain(Some(&mut inquiry.due_ms).filter(|due_ms| **due_ms < u64::MAX))
        });
        let turns =
            self.turns.iter_mut().flat_map(|turn| [&mut turn.due_ms, &mut turn.asked_ms, &mut turn.since_ms]);
        let replies = self.replies.iter_mut().map(|reply| &mut reply.asked_ms);
        let own = [
            &mut self.digest_due_ms,
            &mut self.own_drops_due_ms,
            &mut self.news_ms,
            &mut self.agreed_since_ms,
            &mut self.heard_ms,
            self.doubt.time(),
        ];
        let others = self.peers.times().chain(self.overheard.times());
        for time_ms in own.into_iter().chain(inquiry).chain(turns).chain(replies).chain(others) {
            *time_ms = time_ms.saturating_sub(back_ms);
        }
        now_ms
    }

    fn next_message(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        let is_saved = map.is_saved();
        let are_due = self.own_drops_due_ms <= now_ms || !self.unposted.is_empty();
        if is_saved && are_due && !self.own_drops.is_empty() {
            let dropped = core::mem::take(&mut self.own_drops);
            self.publish(&dropped);
        }
        if let Some(bytes) = self.evidence.take() {
            return Some(bytes);
        }
        if let Some(bytes) = self.next_unposted(map) {
            self.news_ms = now_ms;
            return Some(bytes);
        }
        if !is_saved {
            // Anything else might tell of it, if only by its version.
            return None;
        }
        if let Some(news) = self.announcement.take() {
            return Some(Message::<K>::Announce(news).encode(map.replica()));
        }
        if let Some(reply) = self.replies.pop_front() {
            return self.reply(map, reply, now_ms, random).or_else(|| self.next_message(map, now_ms, random));
        }
        if let Some(turn) = self.next_turn(map, now_ms) {
            return self.reply(map, turn, now_ms, random).or_else(|| self.next_message(map, now_ms, random));
        }
        if let Some(question) = self.next_question(map, now_ms, random) {
            return Some(question);
        }
        if self.digest_due_ms <= now_ms && map.is_to_clear() && !self.is_digest_own {
            // Whoever hears that others agree clears up; so another is to speak.
            self.is_digest_own = true;
            self.digest_due_ms = now_ms.saturating_add(self.config.digest_interval_ms);
        }
        if self.digest_due_ms <= now_ms {
            self.is_digest_own = false;
            // What the caller joined by itself.
            self.may_have_new_gaps = true;
            self.digest_due_ms = self.next_digest_ms(now_ms, random);
            return Some(Message::<K>::Digest(Fingerprints::of(map.state())).encode(map.replica()));
        }
        None
    }

    /// What waits to be sent and tells of nothing unsaved, as much as fits into a message.
    fn next_unposted(&mut self, map: &RangeMap<K>) -> Option<Vec<u8>> {
        let is_saved = |delta: &Delta<K>| map.is_saved_up_to(delta.context().last_seq(map.replica()));
        let size = |delta: &Delta<K>| delta.entries.len() + delta.tombstones.len();
        if !self.unposted.front().is_some_and(is_saved) {
            return None;
        }
        let mut delta = self.unposted.pop_front()?;
        let most = self.config.message_bytes_max - FRAME_BYTES;
        if let Some(dropped) = DropRuns::of(&delta) {
            let bytes = Message::<K>::Drops(dropped).encode(map.replica());
            if bytes.len() <= self.config.message_bytes_max {
                return Some(bytes);
            }
        }
        while let Some(next) = self.unposted.front()
            && is_saved(next)
            && size(&delta) + size(next) <= most / 128
            && !DropRuns::may_be(next)
        {
            delta.merge(next);
            self.unposted.pop_front();
        }
        while delta.encode().len() > most
            && let Some((first, rest)) = delta.halves()
        {
            self.unposted.push_front(rest);
            delta = first;
        }
        Some(Message::Delta(delta).encode(map.replica()))
    }

    fn next_digest_ms(&self, now_ms: u64, random: &mut impl FnMut() -> u64) -> u64 {
        let interval_ms = self.config.digest_interval_ms;
        now_ms.saturating_add(interval_ms).saturating_add(random() % (interval_ms / 2 + 1))
    }

    /// A random time in which whoever else has the same question is likely to be heard.
    fn delay_ms(&self, random: &mut impl FnMut() -> u64) -> u64 {
        let most_ms = self.config.delay_max_ms.max(2 * self.round_trip.mean_ms().unwrap_or(0));
        random() % (most_ms + 1)
    }
}
