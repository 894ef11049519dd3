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
use super::{Config, Event, Received, Statistics};
use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::map::RangeMap;
use crate::version::Version;

/// What a neighbour wants to be sent over a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// News itself: it had to ask for what was only announced.
    News,
    /// Announcements: it already knew the news that it was sent.
    Announcements,
}

/// A replica that is polled so much later than it asked for has slept, or its clock was set forwards.
const LATE_MS: u64 = 2_000;

/// After how many digest intervals without a message nobody is there. A peer sends a digest after at most one and a half intervals.
const SILENT_INTERVALS: u64 = 4;

/// How many deltas wait one by one to be sent; further ones are joined to the last.
const UNPOSTED_MAX: usize = 1_024;

/// The protocol of one replica on a medium where everybody hears everybody. See the [module](super).
///
/// After each call, send what [`poll`](Self::poll) hands out until it hands out nothing, and call it again at
/// [`next_wake_ms`](Self::next_wake_ms).
#[derive(Clone, Debug)]
pub(crate) struct Broadcast<K> {
    config: Config,
    /// The deltas that are to be sent, in order.
    unposted: VecDeque<Delta<K>>,
    /// The drops that it made when it received resets. They are not urgent: they are sent with something else, or after a while.
    own_drops: Delta<K>,
    own_drops_due_ms: u64,
    /// Its own inquiry.
    inquiry: Option<Inquiry<K>>,
    /// The questions of the inquiry that ended last. A late answer to one may have a question of its own.
    past: VecDeque<Sent>,
    /// The inquiries of others.
    overheard: Overheard<K>,
    /// What peers claimed that is not known here.
    heard_of: HeardOf,
    /// The gaps that were asked about last. So a gap that nobody can close is asked about once.
    gaps_asked: CausalContext,
    /// Whether there may be other gaps. To look for them takes O(gaps).
    may_have_new_gaps: bool,
    /// Questions to everybody, which are answered when it is this replica's turn.
    turns: Vec<Turn>,
    /// The numbers of questions whose answers were heard first, the latest last.
    answered_early: VecDeque<u32>,
    /// Questions to this replica, which are to be answered.
    replies: VecDeque<Reply<K>>,
    /// The number in the questions of offers. A peer that repeats it shows that it heard the offer.
    token: u32,
    digest_due_ms: u64,
    /// Whether this replica has to send the next digest itself, and not leave it to others: it announces news, or was left once.
    is_digest_own: bool,
    /// The fingerprints of this state when a digest was last equal to them.
    agreed: Option<Fingerprints>,
    /// Since when digests are equal to these.
    agreed_since_ms: u64,
    /// Whether the peers over all other links have agreed for as long, too.
    others_agree: bool,
    /// When a message was last received.
    heard_ms: u64,
    /// When news was last received or sent that others may not have yet.
    news_ms: u64,
    doubt: Doubt,
    peers: Peers,
    round_trip: RoundTrip,
    /// The latest time that was passed in.
    seen_ms: u64,
    /// What the last message showed of its sender's version.
    sender_version: Version,
    /// The delta of the last message, if it was one, with the drops that this replica made in answer.
    received_delta: Option<Delta<K>>,
    /// A message that shows another writer with the same id that there are two.
    evidence: Option<Vec<u8>>,
    /// The version that is to be announced.
    announcement: Option<Version>,
    /// The wish in the last message.
    wish: Option<Wish>,
    events: VecDeque<Event<K>>,
    statistics: Statistics,
}

impl<K: WireKey> Broadcast<K> {
    /// The protocol of a replica that has just come to the medium, with a configuration that was checked. It asks the others at once for
    /// what it lacks, and they ask it for what they lack.
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

    /// Takes a delta that is to be sent with the next [`poll`](Self::poll): that of an own operation, or one that was merged and did
    /// not come over the medium, and its [`Changes::delta`](crate::Changes::delta). If effects have to be [saved](RangeMap::set_saved)
    /// first, the delta waits until its own effects are.
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

    /// Whether all digests have been equal to these fingerprints for a digest interval. A peer that differs would have sent its own by
    /// then.
    pub(super) fn has_agreed(&self, ours: Fingerprints, now_ms: u64) -> bool {
        let since_ms = self.agreed_since_ms.saturating_add(self.config.digest_interval_ms);
        self.agreed == Some(ours) && since_ms <= now_ms
    }

    /// Whether nothing was received for so long that nobody is there.
    pub(super) fn is_silent(&self, now_ms: u64) -> bool {
        let silent_ms = self.config.digest_interval_ms.saturating_mul(SILENT_INTERVALS);
        self.heard_ms.saturating_add(silent_ms) < now_ms
    }

    /// Notes whether the peers over all other links have agreed.
    pub(super) fn note_others(&mut self, agree: bool) {
        self.others_agree = agree;
    }

    /// Whether there may be gaps that were not asked about.
    pub(super) fn may_have_new_gaps(&self) -> bool {
        self.may_have_new_gaps
    }

    /// Notes that over another link something came that may lie beyond a gap.
    pub(super) fn expect_new_gaps(&mut self) {
        self.may_have_new_gaps = true;
    }

    /// What was sent and heard so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// The next event, the oldest first. Call it until there is none.
    pub fn take_event(&mut self) -> Option<Event<K>> {
        self.events.pop_front()
    }

    /// What the last message showed of its sender's version.
    pub(super) fn take_sender_version(&mut self) -> Version {
        core::mem::take(&mut self.sender_version)
    }

    /// The delta of the last message, if it was one, with the drops that this replica made in answer.
    pub(super) fn take_delta(&mut self) -> Option<Delta<K>> {
        self.received_delta.take()
    }

    /// The wish in the last message.
    pub(super) fn take_wish(&mut self) -> Option<Wish> {
        self.wish.take()
    }

    /// Announces what can be asked for. An empty version is a wish: for announcements instead of news.
    pub(super) fn announce(&mut self, news: Version) {
        self.announcement.get_or_insert_default().join(&news);
    }

    /// Sends a digest at that time, or earlier.
    pub(super) fn digest_at(&mut self, due_ms: u64) {
        self.digest_due_ms = self.digest_due_ms.min(due_ms);
        self.is_digest_own = true;
    }

    /// When [`poll`](Self::poll) has something to do next, if nothing is received before. This does not know whether something has to be
    /// [saved](RangeMap::set_saved) first: until that is done, polling hands out nothing.
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

    /// Takes a message that came over the medium, from anybody. Costs what merging its delta costs, and O(replicas that ever wrote); at
    /// most O(n) if it compares births.
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
        // A delta that came another way may have retired this replica.
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
    /// If effects have to be [saved](RangeMap::set_saved) first, no message shows an own effect that is not.
    pub fn poll(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        let now_ms = self.see(now_ms);
        loop {
            let bytes = self.next_message(map, now_ms, random)?;
            // The version of very many replicas can be too long, or a delta that cannot be split any further.
            if bytes.len() <= self.config.message_bytes_max {
                self.count_post(&bytes);
                return Some(bytes);
            }
            self.statistics.messages_too_long += 1;
        }
    }

    /// The message that carries what [`Presence::poll`](super::Presence::poll) hands out. It may be sent while something is unsaved: it
    /// shows nothing of the map.
    pub(crate) fn presence_message(&mut self, map: &RangeMap<K>, content: Vec<u8>) -> Vec<u8> {
        let bytes = Message::<K>::Presence(content).encode(map.replica());
        self.count_post(&bytes);
        bytes
    }

    fn count_post(&mut self, bytes: &[u8]) {
        self.statistics.messages_posted += 1;
        self.statistics.bytes_posted += bytes.len() as u64;
        self.statistics.posted[usize::from(bytes[4]) - 1] += 1;
    }

    /// Notes the time, and whether the clock was set. If it was set back, everything is due as much earlier. If it was set forwards, or
    /// if the replica slept, the questions that are under way measure no round trip. Returns the time, but not a time so late that
    /// nothing could be due after it.
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
            // Any other message might show an unsaved effect, if only by its version.
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
            // A replica clears up when it hears that others agree. So another replica is to send the digest.
            self.is_digest_own = true;
            self.digest_due_ms = now_ms.saturating_add(self.config.digest_interval_ms);
        }
        if self.digest_due_ms <= now_ms {
            self.is_digest_own = false;
            // The caller may have merged something by itself.
            self.may_have_new_gaps = true;
            self.digest_due_ms = self.next_digest_ms(now_ms, random);
            return Some(Message::<K>::Digest(Fingerprints::of(map.state())).encode(map.replica()));
        }
        None
    }

    /// The next message of the deltas that wait: as many as fit into it, and only if their own effects are saved.
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

    /// A random delay, within which another replica with the same question is likely to be heard.
    fn delay_ms(&self, random: &mut impl FnMut() -> u64) -> u64 {
        let most_ms = self.config.delay_max_ms.max(2 * self.round_trip.mean_ms().unwrap_or(0));
        random() % (most_ms + 1)
    }
}

#[cfg(test)]
mod tests;
