//! The presence of a node over each of its links.

use core::ops::Bound;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::abouts::Abouts;
use super::vouching::Vouching;
use super::{LinkId, Node};
use crate::codec::WireKey;
use crate::id::ReplicaId;
use crate::sync::presence::{self, Attributes, Config, ConfigError, Deaths, Liveness, Name, OfOthers, Peer};
use crate::sync::{Presence, Received};

/// The presence over one link.
#[derive(Clone, Debug)]
struct LinkPresence {
    presence: Presence,
    deaths: Deaths,
    /// When it has something to do next.
    wake_ms: u64,
    /// What was last reported of the peers, and the revision of the presence then.
    revision: u64,
    reported: BTreeMap<ReplicaId, (Name, Liveness)>,
}

/// The presence over all links where this node takes part.
#[derive(Clone, Debug)]
pub(super) struct LinkPresences {
    config: Config,
    own: ReplicaId,
    name: Option<Name>,
    by_link: BTreeMap<LinkId, LinkPresence>,
    /// When each has something to do next.
    wakes: BTreeSet<(u64, LinkId)>,
    /// The peers that changed and were not reported yet, once each.
    news: BTreeMap<(LinkId, ReplicaId), Peer>,
    /// The latest time that was passed in.
    seen_ms: u64,
    /// Over how many links each peer is alive.
    sightings: BTreeMap<ReplicaId, usize>,
    /// Those that came or went since [`take_turns`](Self::take_turns).
    turns: BTreeSet<ReplicaId>,
    vouching: Vouching,
    abouts: Abouts,
    /// Those who say something new of themselves.
    told: BTreeSet<ReplicaId>,
    /// What is to be said of others.
    outbox: VecDeque<(LinkId, Vec<u8>)>,
}

impl LinkPresences {
    pub(super) fn new(config: Config, own: ReplicaId, name: Option<Name>) -> Self {
        let (by_link, wakes, news, sightings, turns, vouching, outbox) = Default::default();
        let (abouts, told) = Default::default();
        // Who is bound to its life has to be heard of.
        let name = name.or_else(|| own.is_ephemeral().then(Name::default));
        let seen_ms = 0;
        Self {
            config,
            own,
            name,
            by_link,
            wakes,
            news,
            seen_ms,
            sightings,
            turns,
            vouching,
            abouts,
            told,
            outbox,
        }
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = (LinkId, Peer)> {
        self.by_link.iter().flat_map(|(link, local)| local.presence.peers().map(|peer| (*link, peer)))
    }

    pub(super) fn set_name(&mut self, name: Name) {
        if self.name.is_some() {
            self.name = Some(name.clone());
            for link in self.links() {
                self.with(link, |local| local.presence.set_name(name.clone()));
            }
        }
    }

    /// Takes part over a link that was opened, if the node has a name for all links.
    pub(super) fn open(&mut self, link: LinkId, now_ms: u64) {
        if let Some(name) = self.name.clone() {
            // The configuration was checked when the node was made.
            _ = self.join(link, self.config, name, now_ms);
        }
    }

    /// Takes part over a link. If it does already, and deaths are noticed in the same way, it only takes that name there.
    fn join(&mut self, link: LinkId, config: Config, name: Name, now_ms: u64) -> Result<(), ConfigError> {
        match self.by_link.get(&link).map(|local| local.deaths) {
            Some(deaths) if deaths == config.deaths => {
                self.with(link, |local| local.presence.set_name(name));
                return Ok(());
            }
            // It says hello, and so there is no goodbye.
            Some(_) => drop(self.leave(link)),
            None => {}
        }
        let presence = Presence::join(config, self.own, name, now_ms)?;
        let (deaths, reported) = (config.deaths, BTreeMap::new());
        self.vouching.open(link);
        self.abouts.open(link, deaths != Deaths::Reported);
        self.by_link.insert(link, LinkPresence { presence, deaths, wake_ms: 0, revision: 0, reported });
        self.wakes.insert((0, link));
        Ok(())
    }

    /// Whether it takes part over some link.
    pub(super) fn takes_part(&self) -> bool {
        !self.by_link.is_empty()
    }

    /// Leaves, and returns the content of the goodbye.
    pub(super) fn leave(&mut self, link: LinkId) -> Option<Vec<u8>> {
        let local = self.by_link.remove(&link)?;
        self.wakes.remove(&(local.wake_ms, link));
        self.news.retain(|(other, _), _| *other != link);
        let alive = local.reported.iter().filter(|(_, (_, liveness))| *liveness == Liveness::Alive);
        let replicas: Vec<ReplicaId> = alive.map(|(replica, _)| *replica).collect();
        replicas.into_iter().for_each(|replica| self.sight(replica, link, false));
        self.vouching.close(link);
        self.abouts.close(link);
        self.outbox.retain(|(other, _)| *other != link);
        Some(local.presence.goodbye())
    }

    /// Leaves over all links, and takes part over none that is opened later. Returns the contents of the goodbyes.
    pub(super) fn leave_all(&mut self) -> Vec<(LinkId, Vec<u8>)> {
        self.name = None;
        self.links().into_iter().filter_map(|link| Some((link, self.leave(link)?))).collect()
    }

    pub(super) fn own(&self) -> ReplicaId {
        self.own
    }

    /// Goes on under that id. Where the caller reports deaths, it leaves until it joins anew. Returns the goodbyes that are to be sent
    /// under the former id. O(1) if the id is the same, otherwise O(links).
    pub(super) fn follow(&mut self, own: ReplicaId, now_ms: u64) -> Vec<(LinkId, Vec<u8>)> {
        if self.own == own {
            return Vec::new();
        }
        self.abouts.rename(self.own, own);
        self.own = own;
        let mut goodbyes = Vec::new();
        for link in self.links() {
            let are_deaths_reported =
                self.by_link.get(&link).is_some_and(|local| local.deaths == Deaths::Reported);
            if are_deaths_reported {
                goodbyes.extend(self.leave(link).map(|goodbye| (link, goodbye)));
                continue;
            }
            self.with(link, |local| {
                goodbyes.push((link, local.presence.goodbye()));
                local.presence.go_on_as(own, now_ms);
            });
        }
        goodbyes
    }

    /// Takes a message of that sender, with what the protocol made of it.
    pub(super) fn hear<K>(
        &mut self,
        link: LinkId,
        sender: ReplicaId,
        received: &Received<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) {
        self.see(now_ms);
        if let Received::Presence(content) = received
            && self.by_link.contains_key(&link)
            && let Some(of_others) = presence::of_others(content)
        {
            let is_seen = |writer| self.sightings.contains_key(&writer);
            match of_others {
                OfOthers::Words(words) => self.vouching.hear(link, &words, self.own, is_seen, now_ms),
                OfOthers::Abouts(abouts) => {
                    let is_there = |replica| is_seen(replica) || self.vouching.is_present(replica);
                    self.told.extend(self.abouts.hear(link, abouts, self.own, is_there));
                }
            }
        }
        self.with(link, |local| match received {
            // The protocol has ignored a content that cannot be read.
            Received::Presence(content) => drop(local.presence.receive(sender, content, now_ms, random)),
            Received::Ignored(_) => {}
            Received::Applied(_) | Received::Heard => local.presence.heard(sender, now_ms, random),
        });
    }

    pub(super) fn set_attributes(&mut self, attributes: Attributes) {
        self.abouts.set_own(self.own, attributes);
    }

    pub(super) fn attributes(&self, replica: ReplicaId) -> Option<&Attributes> {
        self.abouts.get(replica)
    }

    /// The next who says something new of itself, and what.
    pub(super) fn next_told(&mut self) -> Option<(ReplicaId, Attributes)> {
        let replica = self.told.pop_first()?;
        Some((replica, self.abouts.get(replica).cloned().unwrap_or_default()))
    }

    /// Notes that a message was sent, which is a sign of life.
    pub(super) fn sent(&mut self, link: LinkId, now_ms: u64) {
        self.with(link, |local| local.presence.posted(now_ms));
    }

    /// The content of the next message that is due, and the link to send it over. O(log of the links), and what it takes to write it.
    pub(super) fn poll(&mut self, now_ms: u64) -> Option<(LinkId, Vec<u8>)> {
        self.see(now_ms);
        if let Some(vouched) = self.vouch(now_ms) {
            return Some(vouched);
        }
        let mut after = Bound::Unbounded;
        loop {
            let (due_ms, link) = *self
                .wakes
                .range((after, Bound::Unbounded))
                .next()
                .filter(|(due_ms, _)| *due_ms <= now_ms)?;
            let mut content = None;
            self.with(link, |local| content = local.presence.poll(now_ms));
            if let Some(content) = content {
                if presence::is_roster(&content) {
                    self.abouts.say_again(link);
                }
                return Some((link, content));
            }
            after = Bound::Excluded((due_ms, link));
        }
    }

    /// Notes the time. If the clock was set back, each link finds out anew when something is due.
    fn see(&mut self, now_ms: u64) {
        if now_ms < self.seen_ms {
            self.vouching.set_back(self.seen_ms - now_ms);
            self.by_link.values_mut().for_each(|local| local.wake_ms = 0);
            self.wakes = self.by_link.keys().map(|link| (0, *link)).collect();
        }
        self.seen_ms = now_ms;
    }

    pub(super) fn next_wake_ms(&self) -> u64 {
        let sees_ephemeral =
            self.sightings.keys().next_back().is_some_and(|last| *last >= ReplicaId::ephemeral(0));
        let others_ms = self.vouching.next_wake_ms(sees_ephemeral).min(self.abouts.next_wake_ms());
        self.wakes.first().map_or(u64::MAX, |(due_ms, _)| *due_ms).min(others_ms)
    }

    /// What is to be said next of those who are seen over other links.
    fn vouch(&mut self, now_ms: u64) -> Option<(LinkId, Vec<u8>)> {
        if self.outbox.is_empty() {
            let is_seen_over = |writer: ReplicaId, link: LinkId| {
                let reported = self.by_link.get(&link).and_then(|local| local.reported.get(&writer));
                reported.is_some_and(|(_, liveness)| *liveness == Liveness::Alive)
            };
            let seen = self.sightings.keys().copied().filter(|replica| replica.is_ephemeral());
            for (link, words) in self.vouching.speak(seen, is_seen_over, now_ms) {
                let contents = presence::vouch(&words, self.config.content_bytes_max);
                self.outbox.extend(contents.into_iter().map(|content| (link, content)));
            }
            let is_there = |replica: ReplicaId| {
                self.sightings.contains_key(&replica) || self.vouching.is_present(replica)
            };
            for (link, abouts) in self.abouts.speak(is_there, now_ms) {
                let contents = presence::pass_on(&abouts, self.config.content_bytes_max);
                self.outbox.extend(contents.into_iter().map(|content| (link, content)));
            }
        }
        let (link, content) = self.outbox.pop_front()?;
        self.with(link, |local| local.presence.posted(now_ms));
        Some((link, content))
    }

    /// The next peer that has changed.
    pub(super) fn next_news(&mut self) -> Option<(LinkId, Peer)> {
        self.news.pop_first().map(|((link, _), peer)| (link, peer))
    }

    fn links(&self) -> Vec<LinkId> {
        self.by_link.keys().copied().collect()
    }

    /// Changes the presence over one link, and notes what is new and when it is due next. O(log of the links), and O(its peers) if one
    /// of them has changed.
    fn with(&mut self, link: LinkId, change: impl FnOnce(&mut LinkPresence)) {
        let Some(local) = self.by_link.get_mut(&link) else { return };
        change(local);
        let (news, turns) = local.news();
        self.news.extend(news.into_iter().map(|peer| ((link, peer.replica), peer)));
        let wake_ms = local.presence.next_wake_ms();
        if wake_ms != local.wake_ms {
            self.wakes.remove(&(local.wake_ms, link));
            self.wakes.insert((wake_ms, link));
            local.wake_ms = wake_ms;
        }
        turns.into_iter().for_each(|(replica, is_alive)| self.sight(replica, link, is_alive));
    }

    /// Notes that a peer is alive over one more link, or over one less.
    fn sight(&mut self, replica: ReplicaId, link: LinkId, is_alive: bool) {
        let count = self.sightings.entry(replica).or_default();
        *count = if is_alive { *count + 1 } else { count.saturating_sub(1) };
        let count = *count;
        if count == 0 {
            self.sightings.remove(&replica);
        }
        if replica.is_ephemeral() {
            match count {
                0 => self.vouching.lose(replica, link, self.seen_ms),
                1 if is_alive => self.vouching.see(replica, self.seen_ms),
                _ => {}
            }
            self.turns.insert(replica);
        }
    }

    /// The ephemeral writers that came or went since the last call, each with whether it is alive over some link, or
    /// others vouch for it. O(1) if there are none.
    pub(super) fn take_turns(&mut self) -> Vec<(ReplicaId, bool)> {
        let mut turns = core::mem::take(&mut self.turns);
        turns.extend(self.vouching.take_turned());
        let is_there =
            |replica: &ReplicaId| self.sightings.contains_key(replica) || self.vouching.is_present(*replica);
        turns.into_iter().map(|replica| (replica, is_there(&replica))).collect()
    }
}

impl LinkPresence {
    /// The peers that have changed since the last call, and which of them came to life or ceased to be alive. O(1) if none has.
    fn news(&mut self) -> (Vec<Peer>, Vec<(ReplicaId, bool)>) {
        if self.revision == self.presence.revision() {
            return Default::default();
        }
        self.revision = self.presence.revision();
        let before = core::mem::take(&mut self.reported);
        let (mut news, mut turns) = (Vec::new(), Vec::new());
        for peer in self.presence.peers() {
            let now = (peer.name.clone(), peer.liveness);
            let is_old = before.get(&peer.replica) == Some(&now);
            // A peer that came and went between two calls is not reported.
            let is_gone = peer.liveness != Liveness::Alive && !before.contains_key(&peer.replica);
            let was_alive =
                before.get(&peer.replica).is_some_and(|(_, liveness)| *liveness == Liveness::Alive);
            let is_alive = peer.liveness == Liveness::Alive;
            if was_alive != is_alive {
                turns.push((peer.replica, is_alive));
            }
            if !is_gone {
                self.reported.insert(peer.replica, now);
            }
            if !is_old && !is_gone {
                news.push(peer);
            }
        }
        // Who is gone and was forgotten in one call.
        let forgotten = before.into_iter().filter(|(replica, (_, liveness))| {
            *liveness == Liveness::Alive && !self.reported.contains_key(replica)
        });
        turns.extend(forgotten.map(|(replica, _)| (replica, false)));
        (news, turns)
    }
}

/// Presence over one link at a time: for callers that report deaths, or that have another name on each link.
impl<K: WireKey> Node<K> {
    /// Takes part in presence over a link under that name, or changes the name if it does already. Does nothing if the link is not
    /// open. With [`Deaths::Reported`], call it only once the others would get to know the death of [this
    /// replica](crate::RangeMap::replica). So after an [`Event::Renamed`](super::Event::Renamed) the node takes no part there until
    /// this is called anew. O(log of the links).
    ///
    /// # Errors
    /// [`ConfigError`] for a configuration that cannot work.
    pub fn join(&mut self, link: LinkId, config: Config, name: Name, now_ms: u64) -> Result<(), ConfigError> {
        config.check()?;
        let now_ms = self.see(now_ms);
        if !self.links.contains(&link) {
            return Ok(());
        }
        let config = config.within(self.mesh.message_bytes_max());
        let joined = self.presences.join(link, config, name, now_ms);
        self.follow_life();
        joined
    }

    /// Reports that a peer has died: see [`Deaths::Reported`]. O(log of the peers).
    pub fn died(&mut self, link: LinkId, replica: ReplicaId, now_ms: u64) {
        let now_ms = self.see(now_ms);
        self.presences.see(now_ms);
        self.presences.with(link, |local| local.presence.died(replica, now_ms));
        self.follow_life();
    }

    /// Reports that this node could not listen for a while: it says hello over the link anew, and gives the others time to be heard.
    /// O(log of the links).
    pub fn resume(&mut self, link: LinkId, now_ms: u64) {
        let now_ms = self.see(now_ms);
        self.presences.with(link, |local| local.presence.resume(now_ms));
    }

    /// Says goodbye over a link with the next [`poll`](Self::poll), and stays: for a page that may be about to die without a further
    /// call. O(1).
    pub fn say_goodbye(&mut self, link: LinkId) {
        if let Some(local) = self.presences.by_link.get(&link) {
            let goodbye = local.presence.goodbye();
            self.push_goodbye(link, self.map.replica(), goodbye);
        }
    }
}
