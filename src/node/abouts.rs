//! What participants say of themselves: their attributes, passed on over all links.
//!
//! Each participant numbers what it says; the greater number counts. Over each link goes what neither end has said there, of the node itself and
//! of those whom it sees or others vouch for. Who sends a roster
//! says it all again, so that who has just come hears it; and where there are beats, what came from elsewhere is repeated now and then, as
//! it may have been lost.

use std::collections::BTreeMap;

use super::LinkId;
use crate::id::ReplicaId;
use crate::sync::presence::{About, Attributes};

/// Of how many participants attributes are remembered. Of more, those of who is not there are forgotten, or the later ones are not known.
pub(super) const ABOUTS_MAX: usize = 4_096;

/// The least time between two messages over a link.
const PAUSE_MS: u64 = 100;

/// After how long it is said again over a link that may lose messages.
const REPEATED_MS: u64 = 16_000;

#[derive(Clone, Debug)]
struct Known {
    number: u64,
    attributes: Attributes,
    /// Over which link it came; `None` for the node's own.
    from: Option<LinkId>,
}

#[derive(Clone, Debug, Default)]
struct Said {
    /// The greatest number that either end said of each.
    numbers: BTreeMap<ReplicaId, u64>,
    /// Whether messages may be lost, so that it is repeated.
    is_repeated: bool,
}

/// What is known of each, and what was said over each link.
#[derive(Clone, Debug, Default)]
pub(super) struct Abouts {
    known: BTreeMap<ReplicaId, Known>,
    said: BTreeMap<LinkId, Said>,
    is_due: bool,
    spoken_ms: u64,
    repeated_ms: u64,
}

impl Abouts {
    pub(super) fn open(&mut self, link: LinkId, is_repeated: bool) {
        self.said.insert(link, Said { is_repeated, ..Said::default() });
        self.is_due |= !self.known.is_empty();
    }

    pub(super) fn close(&mut self, link: LinkId) {
        self.said.remove(&link);
    }

    /// What is known of one. O(log n).
    pub(super) fn get(&self, replica: ReplicaId) -> Option<&Attributes> {
        self.known.get(&replica).map(|known| &known.attributes)
    }

    /// The node itself says something else from now on. O(log n).
    pub(super) fn set_own(&mut self, own: ReplicaId, attributes: Attributes) {
        let number = self.known.get(&own).map_or(0, |known| known.number);
        if number > 0 || !attributes.is_empty() {
            self.known.insert(own, Known { number: number.saturating_add(1), attributes, from: None });
            self.is_due = true;
        }
    }

    /// The node goes on under another id.
    pub(super) fn rename(&mut self, from: ReplicaId, to: ReplicaId) {
        if let Some(known) = self.known.remove(&from) {
            self.set_own(to, known.attributes);
        }
    }

    /// A roster was sent over that link.
    pub(super) fn say_again(&mut self, link: LinkId) {
        self.said.get_mut(&link).into_iter().for_each(|said| said.numbers.clear());
        self.is_due |= !self.known.is_empty();
    }

    /// Takes what came over a link. Returns of whom it is news. O(m log n), and O(n) once if there are too many.
    pub(super) fn hear(
        &mut self,
        link: LinkId,
        abouts: Vec<About>,
        own: ReplicaId,
        is_there: impl Fn(ReplicaId) -> bool,
    ) -> Vec<ReplicaId> {
        if self.known.len() + abouts.len() > ABOUTS_MAX {
            self.known.retain(|replica, _| *replica == own || is_there(*replica));
            self.said.values_mut().for_each(|said| said.numbers.retain(|it, _| self.known.contains_key(it)));
        }
        let mut news = Vec::new();
        for About { replica, number, attributes } in abouts {
            let known = self.known.get(&replica);
            if known.is_none() && self.known.len() >= ABOUTS_MAX {
                continue;
            }
            let order = (number, &attributes);
            let before = known.map(|known| (known.number, &known.attributes));
            if replica == own {
                // Somebody remembers what was said in an earlier run.
                let differs = before.is_none_or(|before| before != order);
                if differs && before.is_none_or(|(before, _)| before <= number) {
                    let attributes = known.map(|known| known.attributes.clone()).unwrap_or_default();
                    let number = number.saturating_add(1);
                    self.known.insert(own, Known { number, attributes, from: None });
                    self.is_due = true;
                }
                continue;
            }
            let is_news = before.is_none_or(|before| before < order);
            if is_news {
                self.known.insert(replica, Known { number, attributes, from: Some(link) });
                self.is_due |= self.said.len() > 1;
                news.push(replica);
            }
            if let Some(said) = self.said.get_mut(&link) {
                let said = said.numbers.entry(replica).or_default();
                *said = number.max(*said);
            }
        }
        news
    }

    /// What is to be said over which links, of the node itself and of those who are there. O(n · links · log n) if something is due.
    pub(super) fn speak(
        &mut self,
        is_there: impl Fn(ReplicaId) -> bool,
        now_ms: u64,
    ) -> Vec<(LinkId, Vec<About>)> {
        if self.repeats_ms().is_some_and(|due_ms| due_ms <= now_ms) || self.repeated_ms > now_ms {
            self.repeated_ms = now_ms;
            for (link, said) in self.said.iter_mut().filter(|(_, said)| said.is_repeated) {
                let from_here =
                    |it: &ReplicaId| self.known.get(it).is_none_or(|known| known.from == Some(*link));
                said.numbers.retain(|replica, _| from_here(replica));
            }
            self.is_due = true;
        }
        if self.speaks_ms().is_none_or(|due_ms| due_ms > now_ms) && self.spoken_ms <= now_ms || !self.is_due {
            return Vec::new();
        }
        (self.is_due, self.spoken_ms) = (false, now_ms);
        let mut all = Vec::new();
        for (link, said) in &mut self.said {
            let mut abouts = Vec::new();
            for (replica, known) in &self.known {
                let is_told = known.from.is_none() || is_there(*replica);
                if is_told && said.numbers.get(replica).is_none_or(|said| *said < known.number) {
                    said.numbers.insert(*replica, known.number);
                    let (number, attributes) = (known.number, known.attributes.clone());
                    abouts.push(About { replica: *replica, number, attributes });
                }
            }
            if !abouts.is_empty() {
                all.push((*link, abouts));
            }
        }
        all
    }

    /// When there is something to do next; `u64::MAX` is never. O(links).
    pub(super) fn next_wake_ms(&self) -> u64 {
        self.speaks_ms().into_iter().chain(self.repeats_ms()).min().unwrap_or(u64::MAX)
    }

    fn speaks_ms(&self) -> Option<u64> {
        (self.is_due && !self.said.is_empty()).then(|| self.spoken_ms.saturating_add(PAUSE_MS))
    }

    fn repeats_ms(&self) -> Option<u64> {
        let any = !self.known.is_empty() && self.said.values().any(|said| said.is_repeated);
        any.then(|| self.repeated_ms.saturating_add(REPEATED_MS))
    }
}
