//! Who is alive beyond the neighbours: each node vouches, over its other links, for the ephemeral writers that it sees, and passes on what
//! it hears (van Renesse, Minsky and Hayden, "A Gossip-Style Failure Detection Service", 1998).
//!
//! Of each writer goes round a *word*: twice a counter, and one more if it is gone as of that. The greater word counts. Only who sees the
//! writer itself makes the counter grow, once a beat, so a word that goes in circles brings nobody back. Who ceases to see it says that
//! it is gone; who sees it all the same answers with a greater counter (as in Das, Gupta and Motivala, "SWIM", 2002). Whose counter has
//! not grown for three beats is gone too.
//!
//! Each node sends its links what is greater than what was said there by either end: about once a beat, soon after it heard it, and at once
//! when somebody came or went.

use std::collections::{BTreeMap, BTreeSet};

use super::LinkId;
use crate::id::ReplicaId;

/// How often the counter of who is seen grows.
pub(super) const BEAT_MS: u64 = 2_000;

/// For how long a counter may stand still.
const SILENCE_MS: u64 = 3 * BEAT_MS;

/// For how long somebody who is said to be gone still counts: others may see it.
const GRACE_MS: u64 = 500;

/// The least time between two messages over a link: if a counter grew, and if somebody came or went. What grew is passed on as soon as it is
/// heard, mostly: were each to wait for a beat of its own, every link on the way would add one.
const PACE_MS: u64 = BEAT_MS * 3 / 4;
const PAUSE_MS: u64 = 100;

/// For how long the word of somebody who is gone is remembered, so that a late message does not bring it back.
const REMEMBERED_MS: u64 = 60_000;

/// Of how many writers words are remembered. Of more, the later ones are not known.
pub(super) const VOUCHED_MAX: usize = 4_096;

#[derive(Clone, Copy, Debug)]
struct Vouched {
    word: u64,
    /// Whether others vouch for it.
    is_present: bool,
    /// When it ceases to be present, or to be remembered.
    until_ms: u64,
}

/// What was said of whom, here and over each link.
#[derive(Clone, Debug, Default)]
pub(super) struct Vouching {
    known: BTreeMap<ReplicaId, Vouched>,
    /// The same writers by the times until which they are known so.
    ends: BTreeSet<(u64, ReplicaId)>,
    /// The greatest word that was said of each over each link, by either end.
    said: BTreeMap<LinkId, BTreeMap<ReplicaId, u64>>,
    /// Those that came or went.
    turned: Vec<ReplicaId>,
    beat_ms: u64,
    spoken_ms: u64,
    /// Whether a counter grew that was not said since.
    has_grown: bool,
    /// Whether somebody came or went.
    is_urgent: bool,
}

impl Vouching {
    pub(super) fn open(&mut self, link: LinkId) {
        self.said.insert(link, BTreeMap::new());
        self.is_urgent |= !self.known.is_empty();
    }

    pub(super) fn close(&mut self, link: LinkId) {
        self.said.remove(&link);
    }

    /// Whether others vouch for it. O(log n).
    pub(super) fn is_present(&self, writer: ReplicaId) -> bool {
        self.known.get(&writer).is_some_and(|vouched| vouched.is_present)
    }

    /// Those that came or went since the last call, as far as others vouch for them.
    pub(super) fn take_turned(&mut self) -> Vec<ReplicaId> {
        core::mem::take(&mut self.turned)
    }

    /// This node sees somebody whom it did not see before. O(log n).
    pub(super) fn see(&mut self, writer: ReplicaId, now_ms: u64) {
        self.grow(writer, now_ms);
        self.is_urgent |= self.said.len() > 1;
    }

    /// This node sees somebody no more, whom it saw over that link last. O(log n).
    pub(super) fn lose(&mut self, writer: ReplicaId, link: LinkId, now_ms: u64) {
        if let Some(vouched) = self.known.get(&writer).copied() {
            let word = vouched.word | 1;
            // If others see it, they say so.
            let grace_ms = if vouched.is_present { now_ms.saturating_add(GRACE_MS) } else { u64::MAX };
            let until_ms = vouched.until_ms.min(grace_ms);
            self.note(writer, Vouched { word, until_ms, ..vouched });
            // Who is there saw it too.
            self.said.get_mut(&link).into_iter().for_each(|said| _ = said.insert(writer, word));
            self.is_urgent |= self.said.len() > 1;
        }
    }

    /// Takes what came over a link: words of ephemeral writers. `is_seen` tells whom this node sees itself. O(m log n).
    pub(super) fn hear(
        &mut self,
        link: LinkId,
        words: &[(ReplicaId, u64)],
        own: ReplicaId,
        is_seen: impl Fn(ReplicaId) -> bool,
        now_ms: u64,
    ) {
        for (writer, word) in words.iter().copied().filter(|(writer, _)| *writer != own) {
            let known = self.known.get(&writer).copied();
            if known.is_none() && self.known.len() >= VOUCHED_MAX {
                continue;
            }
            if let Some(said) = self.said.get_mut(&link) {
                let said = said.entry(writer).or_default();
                *said = word.max(*said);
            }
            if known.is_some_and(|known| word <= known.word) {
                continue;
            }
            let is_gone = word & 1 == 1;
            let was_present = known.is_some_and(|known| known.is_present);
            let until_ms = match (is_gone, known) {
                (false, _) => now_ms.saturating_add(SILENCE_MS),
                (true, Some(known)) if was_present => known.until_ms.min(now_ms.saturating_add(GRACE_MS)),
                (true, _) => now_ms.saturating_add(REMEMBERED_MS),
            };
            let is_present = !is_gone || was_present;
            self.note(writer, Vouched { word, is_present, until_ms });
            if is_gone && is_seen(writer) {
                self.grow(writer, now_ms);
            }
            if is_present != was_present {
                self.turned.push(writer);
            }
            self.has_grown = true;
            self.is_urgent |= is_gone || !was_present;
        }
    }

    /// What is to be said over which links. `seen` are those whom this node sees itself, each with whether that is over a link.
    /// O((n + seen) · links · log n) if something is due, which is about once a beat.
    pub(super) fn speak(
        &mut self,
        seen: impl Iterator<Item = ReplicaId>,
        is_seen_over: impl Fn(ReplicaId, LinkId) -> bool,
        now_ms: u64,
    ) -> Vec<(LinkId, Vec<(ReplicaId, u64)>)> {
        self.end(now_ms);
        if self.said.len() > 1 && (self.beat_ms <= now_ms || self.beat_ms > now_ms.saturating_add(BEAT_MS)) {
            self.beat_ms = now_ms.saturating_add(BEAT_MS);
            seen.for_each(|writer| self.grow(writer, now_ms));
        }
        if self.speaks_ms() > now_ms {
            return Vec::new();
        }
        (self.is_urgent, self.has_grown, self.spoken_ms) = (false, false, now_ms);
        let mut all = Vec::new();
        for (link, said) in &mut self.said {
            let mut words = Vec::new();
            for (writer, vouched) in &self.known {
                let before = said.get(writer).copied();
                if vouched.word <= before.unwrap_or_default() {
                    continue;
                }
                if is_seen_over(*writer, *link) {
                    said.insert(*writer, vouched.word);
                } else if before.is_some() || vouched.word & 1 == 0 {
                    said.insert(*writer, vouched.word);
                    words.push((*writer, vouched.word));
                }
            }
            if !words.is_empty() {
                all.push((*link, words));
            }
        }
        all
    }

    /// When there is something to do next; `u64::MAX` is never. O(1).
    pub(super) fn next_wake_ms(&self, sees_any: bool) -> u64 {
        let beat_ms = if self.said.len() > 1 && sees_any { self.beat_ms } else { u64::MAX };
        let end_ms = self.ends.first().map_or(u64::MAX, |(end_ms, _)| *end_ms);
        beat_ms.min(self.speaks_ms()).min(end_ms)
    }

    /// When there is something to say.
    fn speaks_ms(&self) -> u64 {
        match (self.said.is_empty(), self.is_urgent, self.has_grown) {
            (false, true, _) => self.spoken_ms.saturating_add(PAUSE_MS),
            (false, false, true) => self.spoken_ms.saturating_add(PACE_MS),
            _ => u64::MAX,
        }
    }

    /// The clock was set back by so much.
    pub(super) fn set_back(&mut self, back_ms: u64) {
        self.beat_ms = self.beat_ms.saturating_sub(back_ms);
        self.spoken_ms = self.spoken_ms.saturating_sub(back_ms);
        self.known.values_mut().for_each(|known| known.until_ms = known.until_ms.saturating_sub(back_ms));
        self.ends = self.known.iter().map(|(writer, known)| (known.until_ms, *writer)).collect();
    }

    /// The counter of somebody whom this node sees grows beyond all that was heard.
    fn grow(&mut self, writer: ReplicaId, now_ms: u64) {
        let known = self.known.get(&writer).copied();
        if known.is_none() && self.known.len() >= VOUCHED_MAX {
            return;
        }
        let word = known.map_or(0, |known| known.word | 1).saturating_add(1).max(2) & !1;
        let by_others = known.filter(|known| known.is_present);
        let until_ms = by_others.map_or(now_ms.saturating_add(REMEMBERED_MS), |known| known.until_ms);
        self.note(writer, Vouched { word, is_present: by_others.is_some(), until_ms });
        self.has_grown |= self.said.len() > 1;
    }

    fn note(&mut self, writer: ReplicaId, vouched: Vouched) {
        if let Some(before) = self.known.insert(writer, vouched) {
            self.ends.remove(&(before.until_ms, writer));
        }
        self.ends.insert((vouched.until_ms, writer));
    }

    /// Who was not vouched for in time is gone, and after a while forgotten.
    fn end(&mut self, now_ms: u64) {
        while let Some((_, writer)) = self.ends.first().copied().filter(|(end_ms, _)| *end_ms <= now_ms) {
            self.ends.pop_first();
            match self.known.get(&writer).copied() {
                Some(vouched) if vouched.is_present => {
                    let until_ms = now_ms.saturating_add(REMEMBERED_MS);
                    self.note(writer, Vouched { is_present: false, until_ms, ..vouched });
                    self.turned.push(writer);
                }
                _ => {
                    self.known.remove(&writer);
                    self.said.values_mut().for_each(|said| _ = said.remove(&writer));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: ReplicaId = ReplicaId::new(1);
    const LINKS: [LinkId; 2] = [LinkId(0), LinkId(1)];

    fn writer(number: u64) -> ReplicaId {
        ReplicaId::ephemeral(number)
    }

    /// With two links.
    fn vouching() -> Vouching {
        let mut vouching = Vouching::default();
        LINKS.into_iter().for_each(|link| vouching.open(link));
        vouching
    }

    fn hear(vouching: &mut Vouching, number: u64, word: u64, now_ms: u64) {
        vouching.hear(LINKS[0], &[(writer(number), word)], OWN, |_| false, now_ms);
    }

    /// What is said over the second link.
    fn said(vouching: &mut Vouching, now_ms: u64) -> Vec<(ReplicaId, u64)> {
        let all = vouching.speak([].into_iter(), |_, _| false, now_ms);
        all.into_iter().filter(|(link, _)| *link == LINKS[1]).flat_map(|(_, words)| words).collect()
    }

    #[test]
    fn a_word_counts_if_it_is_greater_and_for_three_beats() {
        let mut vouching = vouching();
        hear(&mut vouching, 5, 4, 1_000);
        assert!(vouching.is_present(writer(5)));
        assert_eq!(said(&mut vouching, 1_100), [(writer(5), 4)]);
        // The same and an earlier one are no news.
        for word in [4, 2, 3] {
            hear(&mut vouching, 5, word, 6_000);
        }
        assert_eq!(said(&mut vouching, 6_999), []);
        assert!(vouching.is_present(writer(5)));
        assert_eq!(vouching.next_wake_ms(false), 7_000);
        _ = said(&mut vouching, 7_000);
        assert!(!vouching.is_present(writer(5)));
        assert_eq!(vouching.take_turned(), [writer(5), writer(5)]);
        hear(&mut vouching, 5, 4, 8_000);
        assert!(!vouching.is_present(writer(5)), "an echo brings nobody back");
        hear(&mut vouching, 5, 6, 8_000);
        assert!(vouching.is_present(writer(5)));
    }

    #[test]
    fn who_is_said_to_be_gone_is_so_after_a_grace_unless_somebody_sees_it() {
        let mut vouching = vouching();
        hear(&mut vouching, 5, 4, 1_000);
        assert_eq!(said(&mut vouching, 1_100), [(writer(5), 4)]);
        hear(&mut vouching, 5, 5, 2_000);
        _ = said(&mut vouching, 2_499);
        assert!(vouching.is_present(writer(5)));
        hear(&mut vouching, 5, 6, 2_499);
        _ = said(&mut vouching, 2_500);
        assert!(vouching.is_present(writer(5)), "it was refuted");
        hear(&mut vouching, 5, 7, 3_000);
        assert_eq!(said(&mut vouching, 3_500), [(writer(5), 7)]);
        assert!(!vouching.is_present(writer(5)));
        // Nobody was told of the other, so nobody is told that it is gone.
        hear(&mut vouching, 6, 9, 4_000);
        assert_eq!(said(&mut vouching, 5_000), []);
        // Who sees it answers at once.
        vouching.see(writer(8), 6_000);
        assert_eq!(said(&mut vouching, 6_100), [(writer(8), 2)]);
        vouching.hear(LINKS[0], &[(writer(8), 11)], OWN, |_| true, 6_200);
        assert_eq!(said(&mut vouching, 6_300), [(writer(8), 12)]);
    }

    #[test]
    fn of_a_writer_too_many_nothing_is_known_and_of_those_who_are_gone_for_a_minute() {
        let mut vouching = vouching();
        let words: Vec<(ReplicaId, u64)> =
            (0..=VOUCHED_MAX as u64).map(|at| (writer(at), u64::MAX - 1)).collect();
        vouching.hear(LINKS[0], &words, OWN, |_| false, 0);
        assert_eq!(vouching.known.len(), VOUCHED_MAX);
        assert!(
            vouching.is_present(writer(VOUCHED_MAX as u64 - 1))
                && !vouching.is_present(writer(VOUCHED_MAX as u64))
        );
        vouching.see(writer(VOUCHED_MAX as u64), 0);
        // The greatest word cannot grow, and does no harm.
        vouching.see(writer(0), 0);
        _ = said(&mut vouching, SILENCE_MS);
        _ = said(&mut vouching, SILENCE_MS + REMEMBERED_MS - 1);
        assert_eq!(vouching.known.len(), VOUCHED_MAX);
        _ = said(&mut vouching, SILENCE_MS + REMEMBERED_MS);
        assert!(vouching.known.is_empty() && vouching.ends.is_empty());
        assert!(vouching.said.values().all(BTreeMap::is_empty));
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_alive_for_longer() {
        let mut vouching = vouching();
        hear(&mut vouching, 5, 4, 1_000_000);
        vouching.set_back(900_000);
        _ = said(&mut vouching, 100_000 + SILENCE_MS - 1);
        assert!(vouching.is_present(writer(5)));
        _ = said(&mut vouching, 100_000 + SILENCE_MS);
        assert!(!vouching.is_present(writer(5)));
    }
}
