//! Asking questions: when, whom, and how the answers are taken.

use super::Broadcast;
use super::answering::Resolution;
use crate::causal::{CausalContext, Dot};
use crate::codec::{RUNS_MAX, WireKey};
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::splits::Changes;
use crate::sync::heard_of::Next;
use crate::sync::inquiry::{Inquiry, Sent};
use crate::sync::meet::{Answer, BirthsWanted, Claim, Gone, Meet};
use crate::sync::message::{Ask, Fingerprints, Message};
use crate::version::Version;

/// A peer that was asked so often without an answer is left for one that is heard.
pub(super) const SILENT_TRIES: u32 = 2;

impl<K: WireKey> Broadcast<K> {
    /// Asks a peer at that time, unless something is being asked already.
    pub(super) fn inquire(&mut self, peer: ReplicaId, due_ms: u64) {
        match &mut self.inquiry {
            // A peer that does not answer may be gone; this one is there.
            Some(inquiry) if inquiry.tries >= SILENT_TRIES && inquiry.peer != Some(peer) => {
                inquiry.begin_anew(Some(peer), due_ms);
            }
            Some(inquiry) if inquiry.is_under_way() && !inquiry.has_given_up() => inquiry.again = Some(peer),
            Some(inquiry) if !inquiry.has_given_up() => {
                if inquiry.tries == 0 {
                    inquiry.due_ms = inquiry.due_ms.min(due_ms);
                }
            }
            Some(inquiry) => inquiry.begin_anew(Some(peer), due_ms),
            None => self.inquiry = Some(Inquiry::new(Some(peer), due_ms)),
        }
    }

    /// Asks everybody soon about new gaps, unless it is asking already. What closes a gap may only be late, so the question waits as
    /// long as a retry.
    pub(super) fn ask_about_gaps(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) {
        let is_asking = self.inquiry.as_ref().is_some_and(|inquiry| !inquiry.has_given_up());
        if !self.may_have_new_gaps || is_asking {
            return;
        }
        let context = map.state().context();
        if !context.has_gaps() || self.gaps_asked.includes(&context.gaps()) {
            self.may_have_new_gaps = false;
            return;
        }
        let wait_ms = self.round_trip.wait_ms(self.config.retry_ms, 0);
        let mut inquiry =
            Inquiry::new(None, now_ms.saturating_add(wait_ms).saturating_add(self.delay_ms(random)));
        inquiry.is_about_gap = true;
        self.inquiry = Some(inquiry);
    }

    /// Notes whether the joined dots lie beyond a gap that was not asked about. O(m log n) for m runs.
    pub(super) fn look_for_gaps(&mut self, map: &RangeMap<K>, joined: &CausalContext) {
        let context = map.state().context();
        self.may_have_new_gaps |= joined.replicas().any(|(replica, runs)| {
            runs.iter().any(|(first, _)| {
                let before = Dot { replica, seq: first - 1 };
                before.seq > 0 && !context.contains(before) && !self.gaps_asked.contains(before)
            })
        });
    }

    /// Notes that a peer claims that version. What is not known here will be asked for.
    pub(super) fn hear_of(
        &mut self,
        map: &RangeMap<K>,
        peer: ReplicaId,
        version: &Version,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) {
        if self.heard_of.is_news(version, map.state().version()) {
            let due_ms = now_ms.saturating_add(self.round_trip.turn_ms(self.config.delay_max_ms));
            let due_ms = due_ms.saturating_add(self.delay_ms(random));
            self.inquire_heard(peer, version, due_ms);
        }
    }

    /// Asks a peer at that time for the version that it claims.
    pub(super) fn inquire_heard(&mut self, peer: ReplicaId, version: &Version, due_ms: u64) {
        self.heard_of.add(peer, version);
        let is_idle = self.inquiry.as_ref().is_none_or(Inquiry::has_given_up);
        self.inquire(peer, due_ms);
        if let Some(inquiry) = &mut self.inquiry {
            inquiry.is_of_heard |= is_idle;
            inquiry.digest = None;
        }
    }

    /// Ends the inquiry if `is_moot` says so and nobody has answered yet. Its questions may still be answered, and an answer may have a
    /// question of its own.
    pub(super) fn end_if(&mut self, is_moot: impl FnOnce(&Inquiry<K>) -> bool) {
        if let Some(ended) = self.inquiry.take_if(|inquiry| !inquiry.is_under_way() && is_moot(inquiry)) {
            self.past = ended.sent;
        }
    }

    /// Waits with the question, since a replica that knows the same asks: the answer will be heard here too.
    pub(super) fn leave_question_to_others(&mut self, now_ms: u64) {
        let wait_ms = self.round_trip.wait_ms(self.config.retry_ms, 0);
        if let Some(inquiry) = &mut self.inquiry
            && inquiry.tries == 0
            && !inquiry.is_under_way()
        {
            inquiry.due_ms = inquiry.due_ms.max(now_ms.saturating_add(wait_ms));
        }
    }

    /// Notes what the sender of a message claims and was merged here. Ends the inquiry if all that was heard of is known now.
    pub(super) fn learnt(&mut self, map: &RangeMap<K>, claimed: &Version) {
        self.sender_version.join(claimed);
        if !self.heard_of.is_empty() && self.heard_of.is_known_in(map.state().version()) {
            self.heard_of.clear();
            self.end_if(|inquiry| !inquiry.is_open);
        }
    }

    /// The question that is due, if any is.
    pub(super) fn next_question(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        // It may have come another way, for example over another link.
        let is_known = self.heard_of.is_known_in(map.state().version());
        self.end_if(|inquiry| {
            let is_due = inquiry.due_ms <= now_ms && inquiry.tries == 0;
            let is_same = |digest: &Fingerprints| is_due && *digest == Fingerprints::of(map.state());
            inquiry.is_of_heard && is_known || inquiry.digest.as_ref().is_some_and(is_same)
        });
        if let Some(inquiry) = &mut self.inquiry {
            // The peer may still wait for the births that are gone.
            let is_waited_for = inquiry.counterpart.is_some() && inquiry.tries < SILENT_TRIES;
            if inquiry.is_known_in(map.state().version()) && !is_waited_for {
                inquiry.begin_anew(None, now_ms);
                inquiry.give_up();
            }
        }
        let inquiry = self.inquiry.as_mut().filter(|inquiry| inquiry.due_ms <= now_ms)?;
        if inquiry.is_waiting() && inquiry.tries > 0 {
            // The peer did not send the births that are gone. It is asked for its births instead, and that counts as no try.
            inquiry.want_births(BirthsWanted::Sketch(0));
            inquiry.tries = 0;
        }
        if inquiry.tries >= self.config.tries_max {
            let heard_since = inquiry.again.filter(|again| inquiry.peer != Some(*again));
            let is_only = inquiry.peer.is_none_or(|peer| self.peers.others(peer) == 0);
            if heard_since.is_none() && (is_only || inquiry.is_under_way()) {
                inquiry.give_up();
                self.heard_of.clear();
                return None;
            }
            // The peer may be gone, or have another id now; somebody else may know.
            inquiry.begin_anew(heard_since, now_ms);
        }
        self.gaps_asked = map.state().context().gaps();
        inquiry.close_gaps(map.state().context());
        let claimed = inquiry.peer.and_then(|peer| inquiry.claimed_to(peer));
        // What does not fit into the claim of a message counts as not known, on both sides.
        let version = claimed.unwrap_or(map.state().version()).limited(RUNS_MAX);
        let wait_ms = self.round_trip.asked_ms(self.config.retry_ms, inquiry.tries);
        let wait_ms = if inquiry.is_under_way() { wait_ms.max(self.config.session_ms) } else { wait_ms };
        let id = random() as u32;
        let question = inquiry.ask(id, now_ms, map, version.clone(), self.config.reads_log2());
        inquiry.due_ms = now_ms.saturating_add(wait_ms);
        let round_trip_ms = self.round_trip.mean_ms();
        let Some(to) = inquiry.peer else {
            let ask = Ask {
                id,
                round_trip_ms,
                registrations: question.registrations,
                reads_log2: question.reads_log2,
                version,
            };
            return Some(Message::<K>::Ask(ask).encode(map.replica()));
        };
        let meet = Meet {
            to: Some(to),
            re: inquiry.token,
            waited_ms: 0,
            round_trip_ms,
            claim: Claim::Absolute(version),
            question: Some(question),
            answer: Answer::Nothing,
            gone: Gone::default(),
        };
        Some(Message::Meet(meet.into()).encode(map.replica()))
    }

    /// Takes an answer to a question of this replica, from a peer that claims `theirs`.
    pub(super) fn take_answer(
        &mut self,
        map: &mut RangeMap<K>,
        peer: ReplicaId,
        sent: &Sent,
        theirs: &Version,
        meet: Meet<K>,
        now_ms: u64,
    ) -> Changes<K> {
        let Some(inquiry) = self.inquiry.as_mut() else { return Changes::default() };
        // A peer that only asks shows by the number that it has heard a question, maybe long ago. That is no answer.
        let is_answer = !matches!(meet.answer, Answer::Nothing);
        if let Some(at_ms) = sent.at_ms.filter(|_| is_answer) {
            self.round_trip.add(now_ms.saturating_sub(at_ms).saturating_sub(meet.waited_ms));
        }
        if inquiry.is_under_way() && inquiry.peer != Some(peer) {
            // Another peer was quicker. The delta in this answer is merged all the same.
            return self.take_carried(map, meet.answer);
        }
        let is_next = inquiry.is_next(sent);
        if let Some(question) = &meet.question {
            inquiry.token = Some(question.id);
        }
        inquiry.peer = Some(peer);
        let mut changes = Changes::default();
        match meet.answer {
            Answer::Nothing => {}
            Answer::Offer => {
                if is_next {
                    inquiry.get_on(now_ms);
                }
            }
            Answer::Complete(delta) => {
                changes = map.merge(&delta);
                self.learnt(map, delta.version());
                self.sender_version.join(theirs);
                changes.join(self.finish(map, now_ms));
            }
            Answer::Part(part) => {
                self.statistics.sessions_begun += u64::from(!inquiry.is_under_way());
                part.page.iter().for_each(|page| self.sender_version.join(page.delta.version()));
                changes = inquiry.take_part(map, (peer, theirs), sent, *part, &meet.gone, now_ms);
                changes.join(self.wait_or_finish(map, now_ms));
            }
        }
        changes
    }

    /// Goes on with the inquiry, waits for the births that the peer finds, or ends.
    fn wait_or_finish(&mut self, map: &mut RangeMap<K>, now_ms: u64) -> Changes<K> {
        let wait_ms = self.round_trip.wait_ms(self.config.retry_ms, 1);
        let Some(inquiry) = self.inquiry.as_mut() else { return Changes::default() };
        if inquiry.is_done() {
            return self.finish(map, now_ms);
        }
        if inquiry.is_waiting() && inquiry.due_ms <= now_ms {
            inquiry.tries = 1;
            inquiry.due_ms = now_ms.saturating_add(wait_ms.max(self.config.session_ms));
        }
        Changes::default()
    }

    /// Merges the delta of an answer, whatever question it answers.
    pub(super) fn take_carried(&mut self, map: &mut RangeMap<K>, answer: Answer<K>) -> Changes<K> {
        let Some(delta) = answer.delta().filter(|delta| !map.state().version().includes(delta.version()))
        else {
            return Changes::default();
        };
        let changes = map.merge(delta);
        self.look_for_gaps(map, delta.context());
        self.learnt(map, delta.version());
        changes
    }

    /// Takes the target of an inquiry as known, when it has found out all. `None` if some of the target has to be asked for again.
    pub(super) fn conclude(&mut self, map: &mut RangeMap<K>, inquiry: &Inquiry<K>) -> Option<Changes<K>> {
        let target = inquiry.target.as_ref()?.without(&inquiry.withheld);
        let came = inquiry.came_otherwise(&target, map.state().version())?;
        let changes = if came.is_empty() { Changes::default() } else { map.drop_born(&came.context) };
        self.heard_of.withhold(&inquiry.withheld);
        map.adopt(&target);
        self.may_have_new_gaps = true;
        self.learnt(map, &target);
        Some(changes)
    }

    /// Ends an inquiry. If it found out all, its target is taken as known. What came another way meanwhile is dropped if the peer has
    /// dropped it, or asked for again.
    fn finish(&mut self, map: &mut RangeMap<K>, now_ms: u64) -> Changes<K> {
        let Some(mut inquiry) = self.inquiry.take() else { return Changes::default() };
        let mut changes = Changes::default();
        let mut again = inquiry.again;
        let counterpart = inquiry.resolution_for();
        if inquiry.is_done() {
            match self.conclude(map, &inquiry) {
                Some(concluded) => {
                    changes = concluded;
                    self.statistics.sessions_finished += 1;
                }
                None => again = inquiry.peer,
            }
        }
        if let Some((counterpart, claimed)) = counterpart {
            let known = map.state().version().clone();
            self.answer_counterpart(
                counterpart,
                Resolution { births: inquiry.gone, claimed, known, births_sent: 0 },
            );
        }
        self.past = core::mem::take(&mut inquiry.sent);
        let is_known = self.heard_of.is_known_in(map.state().version());
        let has_others = inquiry.peer.is_some_and(|peer| self.peers.others(peer) > 0);
        let more = if is_known { None } else { self.heard_of.next(inquiry.peer, has_others) };
        if more.is_none() {
            self.heard_of.clear();
        }
        if let Some(next) = more.or(again.map(Next::Peer)) {
            let wait_ms = self.round_trip.wait_ms(self.config.retry_ms, self.heard_of.fruitless());
            let mut inquiry = Inquiry::new(next.peer(), now_ms.saturating_add(wait_ms));
            inquiry.is_of_heard = more.is_some();
            self.inquiry = Some(inquiry);
        }
        changes
    }
}
