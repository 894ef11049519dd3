//! The protocol over links to some neighbours.
//!
//! News is sent at once over some links, and announced over the others (Leitão, Pereira and Rodrigues, "Epidemic broadcast trees",
//! 2007: eager and lazy push). When enough neighbours send news, a replica asks the others to announce it only: when their link is
//! opened, or when they send what is known already. When something is announced that does not come another way, the replica asks for it,
//! and that link carries news again. If each replica has one sender, the links that carry news are a tree, and nothing comes twice. With
//! a few more senders, news is faster, and what is lost on one way comes on another.
//!
//! A single piece of news goes on at once. When much comes at about the same time, later pieces wait a moment, and go on together,
//! as far as the neighbour does not know them by then. Announcements wait for further ones. When many dots are to be announced and it
//! has become quiet, a digest takes fewer bytes.

mod link;
mod pace;
#[cfg(test)]
mod tests;

use core::ops::Bound;
use std::collections::{BTreeMap, BTreeSet};

use self::link::Link;
use self::pace::{Pace, new_parts};
use super::broadcast::Wish;
use super::message::Fingerprints;
use super::{Broadcast, Config, Event, Received, Statistics};
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::map::RangeMap;
use crate::version::Version;

/// An own delta of at most so many registrations goes over all links at once, whoever wants news from here. A larger one, such as a state
/// that was loaded, goes to those who want news, as the deltas of others do.
const OWN_MAX: usize = 8;

/// The protocol of one replica that has links to some others, and reaches the rest through them.
///
/// What comes over one link goes on over the others at once, to the neighbours that want news and are not known to know it. To the rest
/// it is announced a moment later. The replica's own operations go to all of them. What comes at about the same time goes on together,
/// up to a fifth of a second later. Each replica wants news from as many neighbours as the *fan-in* says. With a fan-in as great as the
/// number of links, everything takes the shortest way and comes several times. With a small one it takes longer, and rarely comes
/// twice. Losses on a link are made good on that link, as by a [`Broadcast`] of two.
///
/// After each call, send what [`poll`](Self::poll) hands out until it hands out nothing, and call it again at
/// [`next_wake_ms`](Self::next_wake_ms).
#[derive(Clone, Debug)]
pub(crate) struct Mesh<K> {
    config: Config,
    fan_in: usize,
    links: BTreeMap<u64, Link<K>>,
    /// When each link has something to do next.
    wakes: BTreeSet<(u64, u64)>,
    /// The latest time that was passed in.
    seen_ms: u64,
    pace: Pace,
    /// The statistics of the links that were closed.
    closed: Statistics,
}

impl<K: WireKey> Mesh<K> {
    /// A replica without links yet, with a configuration that was checked. It wants news from `fan_in` neighbours at once, at least from one.
    pub(crate) fn start(config: Config, fan_in: usize) -> Self {
        let (links, wakes, pace, closed) = Default::default();
        Self { config, fan_in, links, wakes, seen_ms: 0, pace, closed }
    }

    /// The message that carries what [`Presence::poll`](super::Presence::poll) hands out over a link.
    pub(crate) fn presence_message(&mut self, link: u64, map: &RangeMap<K>, content: Vec<u8>) -> Vec<u8> {
        match self.links.get_mut(&link) {
            Some(link) => link.protocol.presence_message(map, content),
            None => super::write_presence::<K>(map.replica(), content),
        }
    }

    /// Opens a link with a number that the caller chooses, and asks the neighbour for what is lacking here. An open link with the same
    /// number is closed. O(links).
    pub fn open(&mut self, link: u64, now_ms: u64, random: &mut impl FnMut() -> u64) {
        self.close(link);
        let mut opened = Link::open(self.config, now_ms, random);
        let senders: Vec<u64> = self.senders().collect();
        if senders.len() >= self.fan_in.max(1) {
            // Each link has the same chance to be one of those that carry news.
            let place = (random() % (self.links.len() as u64 + 1)) as usize;
            match senders.get(place) {
                Some(id) => self.decline(*id),
                None => opened.decline(),
            }
        }
        self.wakes.insert((0, link));
        self.links.insert(link, opened);
    }

    /// Opens a link to a medium where everybody hears everybody, with a number that the caller chooses. What comes over it goes on over
    /// the other links. What comes over them goes on over the medium, unless somebody else has sent it there first. An open link with
    /// the same number is closed. O(log of the links).
    pub fn open_medium(&mut self, link: u64, now_ms: u64, random: &mut impl FnMut() -> u64) {
        self.close(link);
        self.wakes.insert((0, link));
        self.links.insert(link, Link::open_medium(self.config, now_ms, random));
    }

    /// Closes a link. O(log of the links).
    pub fn close(&mut self, link: u64) {
        if let Some(closed) = self.links.remove(&link) {
            self.wakes.remove(&(closed.wake_ms, link));
            self.closed.add(&closed.protocol.statistics());
        }
    }

    /// Takes a delta that is to be sent: that of an own operation, or one that was merged and did not come over a link. If effects have
    /// to be [saved](RangeMap::set_saved) first, it waits until its own effects are. O(links).
    pub fn publish(&mut self, delta: &Delta<K>, random: &mut impl FnMut() -> u64) {
        self.spread(delta, delta.version(), true, random);
    }

    /// What was sent and heard so far over all links.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = self.closed;
        self.links.values().for_each(|link| statistics.add(&link.protocol.statistics()));
        statistics
    }

    /// What was sent and heard so far over a link that is open. O(log of the links).
    pub fn link_statistics(&self, link: u64) -> Option<Statistics> {
        self.links.get(&link).map(|link| link.protocol.statistics())
    }

    /// The longest message that is sent or taken.
    pub(crate) fn message_bytes_max(&self) -> usize {
        self.config.message_bytes_max
    }

    /// The next event of any link. Call it until there is none. O(links).
    pub fn take_event(&mut self) -> Option<Event<K>> {
        self.links.values_mut().find_map(|link| link.protocol.take_event())
    }

    /// When [`poll`](Self::poll) has something to do next, if nothing is received before; see [`Broadcast::next_wake_ms`]. O(log of the
    /// links).
    pub fn next_wake_ms(&self) -> u64 {
        self.wakes.first().map_or(u64::MAX, |(wake_ms, _)| *wake_ms)
    }

    /// Takes a message that came over a link. Does nothing if the link is not open. Costs what [`Broadcast::receive`] costs, and
    /// O(links + replicas that ever wrote).
    pub fn receive(
        &mut self,
        map: &mut RangeMap<K>,
        link: u64,
        bytes: &[u8],
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        let now_ms = self.see(now_ms);
        if !self.links.contains_key(&link) {
            return Received::Heard;
        }
        let before = map.state().version().clone();
        if map.is_to_settle() {
            let ours = Fingerprints::of(map.state());
            let others = self.links.iter().filter(|(id, _)| **id != link);
            let mut others = others.map(|(_, other)| &other.protocol);
            let agree = others.all(|other| other.is_silent(now_ms) || other.has_agreed(ours, now_ms));
            self.links.get_mut(&link).into_iter().for_each(|link| link.protocol.note_others(agree));
        }
        let Some(open) = self.links.get_mut(&link) else { return Received::Heard };
        let received = open.protocol.receive(map, bytes, now_ms, random);
        let sender_version = open.protocol.take_sender_version();
        let delta = open.protocol.take_delta();
        let version = map.state().version();
        let is_news = before != *version;
        match open.protocol.take_wish().filter(|_| !open.is_medium) {
            Some(Wish::News) => open.is_eager = true,
            Some(Wish::Announcements) => open.is_eager = false,
            None => {}
        }
        // A neighbour that was asked sends news from then on.
        open.sends_news |= is_news && delta.is_none();
        let may_have_new_gaps = is_news && open.protocol.may_have_new_gaps();
        let is_twice = delta.is_some() && !is_news && !open.is_medium;
        if !open.is_medium {
            open.known.join(&sender_version);
        } else if is_news {
            // Others on the medium heard it too. What the sender claims beyond it, the others may not know.
            open.known.join(&version.difference(&before));
        } else if let Some(delta) = &delta {
            open.known.join(delta.version());
        }
        let is_too_many = self.senders().count() > self.fan_in.max(1);
        if let Some(open) =
            self.links.get_mut(&link).filter(|open| is_twice && (is_too_many || !open.sends_news))
        {
            open.decline();
        }
        self.update_wake(link);
        if may_have_new_gaps {
            self.links.values_mut().for_each(|link| link.protocol.expect_new_gaps());
        }
        if is_news {
            let dots = version.difference(&before);
            match delta.or_else(|| map.delta_since(&before)) {
                Some(news) => new_parts(news, &before).iter().for_each(|part| {
                    self.spread(part, &part.version().intersection(&dots), false, random);
                }),
                None => self.announce(&dots, random),
            }
        }
        received
    }

    /// Hands out the next message to send, and the link to send it over, if any is due. Call it until there is none. O(log of the
    /// links), and what it takes to write the message.
    pub fn poll(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<(u64, Vec<u8>)> {
        let now_ms = self.see(now_ms);
        let mut tried = None;
        loop {
            // A link that is due and has no message waits for something to be saved.
            let after = tried.map_or(Bound::Unbounded, Bound::Excluded);
            let (_, id) =
                *self.wakes.range((after, Bound::Unbounded)).next().filter(|wake| wake.0 <= now_ms)?;
            let link = self.links.get_mut(&id)?;
            link.hand_over(now_ms);
            let said = link.protocol.poll(map, now_ms, random);
            let wake_ms = self.update_wake(id);
            if let Some(bytes) = said {
                return Some((id, bytes));
            }
            tried = Some((wake_ms, id)).filter(|wake| wake.0 <= now_ms);
        }
    }

    /// Updates when a link has something to do next, and returns that time.
    fn update_wake(&mut self, id: u64) -> u64 {
        let Some(link) = self.links.get_mut(&id) else { return u64::MAX };
        let wake_ms = link.next_wake_ms();
        if wake_ms != link.wake_ms {
            self.wakes.remove(&(link.wake_ms, id));
            self.wakes.insert((wake_ms, id));
            link.wake_ms = wake_ms;
        }
        wake_ms
    }

    /// Notes the time. If the clock was set back, each link finds out what is due when it is polled next.
    fn see(&mut self, now_ms: u64) -> u64 {
        let now_ms = now_ms.min(u64::MAX / 2);
        if now_ms < self.seen_ms {
            let back_ms = self.seen_ms - now_ms;
            self.wakes = self.links.keys().map(|id| (0, *id)).collect();
            self.links.values_mut().for_each(|link| link.set_back(back_ms));
            self.pace.set_back(back_ms);
        }
        self.seen_ms = now_ms;
        now_ms
    }

    /// The links that carry news to here.
    fn senders(&self) -> impl Iterator<Item = u64> {
        let sends_news = |link: &Link<K>| link.sends_news && !link.is_medium;
        self.links.iter().filter(move |(_, link)| sends_news(link)).map(|(id, _)| *id)
    }

    /// Asks a neighbour to announce news rather than to send it.
    fn decline(&mut self, id: u64) {
        self.links.get_mut(&id).into_iter().for_each(Link::decline);
        self.update_wake(id);
    }

    /// Sends news to the neighbours that want it, or to all if it is small, own, and nothing else came for a while; announces it to the
    /// others. Neighbours that are known to know it get nothing. `dots` are what is new in it: the entries also carry other dots.
    fn spread(&mut self, news: &Delta<K>, dots: &Version, is_own: bool, random: &mut impl FnMut() -> u64) {
        let hold_ms = self.pace.comes(self.seen_ms);
        let is_small = news.entries.len() + news.tombstones.len() <= OWN_MAX;
        let is_for_all = is_own && is_small && hold_ms == 0;
        for link in self.links.values_mut().filter(|link| !link.known.includes(dots)) {
            if link.is_medium {
                // Others on the medium may have it too, and one of them sends it first.
                let spread_ms = if is_own { 0 } else { self.config.delay_max_ms };
                link.send(news, self.seen_ms.saturating_add(random() % (spread_ms + 1)));
            } else if link.is_eager || is_for_all {
                // Both ends must not send at once, or the same news would cross on the way.
                link.send(news, self.seen_ms.saturating_add(random() % (hold_ms + 1)));
            } else {
                // Others may wait as long before they send it.
                link.announce(news.version(), self.seen_ms.saturating_add(hold_ms), random);
            }
        }
        self.update_wakes();
    }

    /// Announces a version to the neighbours that are not known to know it, a moment later.
    fn announce(&mut self, news: &Version, random: &mut impl FnMut() -> u64) {
        for link in self.links.values_mut().filter(|link| !link.known.includes(news)) {
            if link.is_medium {
                // Everybody on the medium would ask for what is announced. After a digest, one of them asks.
                link.protocol.digest_at(self.seen_ms);
            } else {
                link.announce(news, self.seen_ms, random);
            }
        }
        self.update_wakes();
    }

    fn update_wakes(&mut self) {
        for id in self.links.keys().copied().collect::<Vec<u64>>() {
            self.update_wake(id);
        }
    }
}
