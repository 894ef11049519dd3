//! Answering questions: whose turn it is, and what the answer has.

use super::Broadcast;
use crate::causal::CausalContext;
use crate::codec::{RUNS_MAX, WireKey};
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::sync::Config;
use crate::sync::births::Numbering;
use crate::sync::inquiry::{Counterpart, Inquiry};
use crate::sync::meet::{Answer, BirthsWanted, Claim, Gone, Meet, PagesWanted, Question, Want};
use crate::sync::message::{Ask, FRAME_BYTES, Message};
use crate::version::Version;

/// How many questions wait for an answer. An asker whose question is forgotten asks again.
const WAITING_MAX: usize = 128;

/// An answer to a peer that is not proven is at most so many times as long as the question.
const AMPLIFICATION_MAX: usize = 10;

/// A replica that knows the same as the asker lets so many more speak first.
const SAME_PLACES: u64 = 2;

/// How many answers are remembered that came before their questions.
const ANSWERED_EARLY_MAX: usize = 32;

/// A replica whose turn would come later than that leaves the question to the others and to the digests. On a slow medium the first so
/// many in the line still wait for their turn.
const LINE_MS_MAX: u64 = 30_000;
const LINE_PLACES_MIN: u64 = 4;

/// A question to everybody that may be this replica's to answer.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) due_ms: u64,
    pub(super) asked_ms: u64,
    /// When the line began. If the asker asks again before it was answered, the line goes on, so that another replica answers.
    pub(super) since_ms: u64,
    asker: ReplicaId,
    ask: Ask,
    bytes: usize,
    /// How many stand before this replica.
    before: u64,
}

/// A question to be answered.
#[derive(Clone, Debug)]
pub(super) struct Reply<K> {
    pub(super) to: ReplicaId,
    pub(super) id: u32,
    /// What the asker knew.
    pub(super) version: Version,
    pub(super) registrations: u64,
    pub(super) reads_log2: u8,
    pub(super) want: Want<K>,
    /// How long the question was.
    pub(super) bytes: usize,
    pub(super) is_proven: bool,
    pub(super) asked_ms: u64,
    pub(super) resolution: Option<Resolution>,
}

/// The births that are gone, which this replica found for both sides.
#[derive(Clone, Debug)]
pub(super) struct Resolution {
    /// The births that are gone and were not sent yet.
    pub(super) births: CausalContext,
    /// The version that this replica claimed to the peer. Its births were compared; those of a later claim were not.
    pub(super) claimed: Version,
    /// What was known here when they were found. What was dropped since is not among them.
    pub(super) known: Version,
    /// How many births that are gone were sent.
    pub(super) births_sent: u64,
}

impl<K: WireKey> Broadcast<K> {
    /// Takes a question to everybody.
    pub(super) fn hear_ask(
        &mut self,
        map: &RangeMap<K>,
        asker: ReplicaId,
        ask: Ask,
        bytes: usize,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) {
        ask.round_trip_ms.into_iter().for_each(|round_trip_ms| self.round_trip.add_reported(round_trip_ms));
        self.sender_version.join(&ask.version);
        self.hear_of(map, asker, &ask.version, now_ms, random);
        let want = Want { pages: PagesWanted::Unknown, after: None, births: BirthsWanted::Sketch(0) };
        let Ask { id, registrations, reads_log2, .. } = ask;
        let question = Question { id, registrations, reads_log2, want };
        self.overhear_question(map, asker, None, &question, ask.version.clone(), now_ms);
        let since_ms =
            self.turns.iter().find(|turn| turn.asker == asker).map_or(now_ms, |turn| turn.since_ms);
        self.turns.retain(|turn| turn.asker != asker);
        let is_answered = self.answered_early.contains(&id);
        if self.turns.len() < WAITING_MAX && !is_answered {
            let mut turn = Turn { due_ms: now_ms, asked_ms: now_ms, since_ms, asker, ask, bytes, before: 0 };
            self.stand_in_line(map, &mut turn);
            let has_come =
                |inquiry: &Inquiry<K>| inquiry.is_open && !inquiry.is_under_way() && !inquiry.has_given_up();
            if self.inquiry.as_ref().is_some_and(has_come) {
                // A replica that has just come does not know yet who else is there, and others may have come at the same time.
                turn.due_ms = turn.due_ms.max(now_ms.saturating_add(self.config.delay_max_ms));
            }
            if turn.due_ms <= self.line_ends_ms(since_ms) {
                self.turns.push(turn);
            }
        }
    }

    /// Until when somebody may answer a question that was asked at that time.
    fn line_ends_ms(&self, since_ms: u64) -> u64 {
        let turn_ms = self.round_trip.turn_ms(self.config.delay_max_ms);
        since_ms.saturating_add(LINE_MS_MAX.max(turn_ms.saturating_mul(LINE_PLACES_MIN)))
    }

    /// Finds out when it is this replica's turn.
    fn stand_in_line(&self, map: &RangeMap<K>, turn: &mut Turn) {
        let recent_ms = self.round_trip.wait_ms(self.config.retry_ms, 2);
        turn.before = if self.peers.was_answered(turn.asker, turn.asked_ms.saturating_sub(recent_ms)) {
            // The answer may be on the way. If it is lost, that of another replica may come through.
            self.peers.others(turn.asker)
        } else {
            self.peers.before(map.replica(), turn.asker)
        };
        let is_news = turn.ask.version != *map.state().version();
        // Another replica may know more than this one.
        let places = turn.before + if is_news { 0 } else { SAME_PLACES.min(self.peers.others(turn.asker)) };
        let wait_ms = self.round_trip.line_ms(self.config.delay_max_ms, places);
        turn.due_ms = turn.since_ms.saturating_add(wait_ms);
    }

    /// Notes that somebody answered a question: nobody else has to.
    pub(super) fn note_answered(&mut self, id: u32, now_ms: u64, random: &mut impl FnMut() -> u64) {
        let count = self.turns.len();
        self.turns.retain(|turn| turn.ask.id != id);
        if self.turns.len() < count {
            // If the answer did not have all, a digest will show that soon.
            let soon_ms =
                self.round_trip.wait_ms(self.config.retry_ms, 1).saturating_add(self.delay_ms(random));
            self.digest_at(now_ms.saturating_add(soon_ms));
        } else if self.answered_early.iter().all(|answered| *answered != id) {
            if self.answered_early.len() == ANSWERED_EARLY_MAX {
                self.answered_early.pop_front();
            }
            self.answered_early.push_back(id);
        }
    }

    /// Notes that a peer knows all that is known here: its question needs no answer, nor does any with the same version.
    pub(super) fn leave_turns(&mut self, peer: ReplicaId, version: &Version) {
        self.turns.retain(|turn| turn.asker != peer && turn.ask.version != *version);
    }

    /// The question to everybody that it is this replica's turn to answer, if any is.
    pub(super) fn next_turn(&mut self, map: &RangeMap<K>, now_ms: u64) -> Option<Reply<K>> {
        let Turn { asked_ms, asker, ask, bytes, before, .. } = loop {
            let at = self.turns.iter().position(|turn| turn.due_ms <= now_ms)?;
            let mut turn = self.turns.swap_remove(at);
            let before = turn.before;
            self.stand_in_line(map, &mut turn);
            if turn.before <= before || turn.due_ms <= now_ms {
                break turn;
            }
            // Others were heard since then that stand before this replica.
            if turn.due_ms <= self.line_ends_ms(turn.since_ms) {
                self.turns.push(turn);
            }
        };
        self.overheard.forget(asker);
        self.peers.note_answered(asker, now_ms);
        if before > 0 {
            let recent_ms = self.round_trip.wait_ms(self.config.retry_ms, 2);
            self.peers.forget_before(map.replica(), asker, asked_ms.saturating_sub(recent_ms));
        }
        Some(Reply {
            to: asker,
            id: ask.id,
            version: ask.version,
            registrations: ask.registrations,
            reads_log2: ask.reads_log2,
            want: Want { pages: PagesWanted::Unknown, after: None, births: BirthsWanted::Sketch(0) },
            bytes,
            is_proven: false,
            asked_ms,
            resolution: None,
        })
    }

    /// Takes a question to this replica, from a peer that claims `version`.
    pub(super) fn hear_question(
        &mut self,
        to: ReplicaId,
        question: Question<K>,
        version: Version,
        bytes: usize,
        now_ms: u64,
    ) {
        let Question { id, registrations, reads_log2, want, .. } = question;
        // Only for the same question: births that were found for another one may be fewer than are needed now.
        let same = self.replies.iter_mut().find(|reply| reply.to == to && reply.id == id);
        let resolution = same.and_then(|reply| reply.resolution.take());
        self.replies.retain(|reply| reply.to != to);
        if self.replies.len() < WAITING_MAX {
            self.replies.push_back(Reply {
                to,
                id,
                version,
                registrations,
                reads_log2,
                want,
                bytes,
                is_proven: self.peers.is_proven(to),
                asked_ms: now_ms,
                resolution,
            });
        }
    }

    /// Answers the question of the peer of the inquiry with the births that are gone, now that they are found.
    pub(super) fn answer_counterpart(&mut self, counterpart: Counterpart, resolution: Resolution) {
        let Counterpart { peer, id, asked_ms, version } = counterpart;
        self.replies.push_back(Reply {
            to: peer,
            id,
            version,
            registrations: 0,
            reads_log2: u8::MAX,
            want: Want { pages: PagesWanted::Nothing, after: None, births: BirthsWanted::LeftToPeer },
            bytes: 0,
            is_proven: true,
            asked_ms,
            resolution: Some(resolution),
        });
    }

    /// The message that answers a question, with this replica's own next question to that peer, if there is one. `None` if something
    /// else has to be sent before.
    pub(super) fn reply(
        &mut self,
        map: &RangeMap<K>,
        mut reply: Reply<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        let ours = map.state().version();
        // A page must not come with a claim that has a gap beyond which there are no more tombstones.
        self.inquiry.iter_mut().for_each(|inquiry| inquiry.close_gaps(&ours.context));
        if reply.want.pages != PagesWanted::Nothing {
            reply.resolution.take_if(|it| !it.claimed.context.beyond_closed_gaps(&ours.context).is_empty());
        }
        let lacking = ours.difference(&reply.version);
        let claimed = match &reply.resolution {
            Some(resolution) => &resolution.claimed,
            None => self.inquiry.as_ref().and_then(|it| it.claimed_to(reply.to)).unwrap_or(ours),
        };
        let claimed = claimed.limited(RUNS_MAX);
        let lacks = reply.version.difference(&claimed);
        let most = if reply.is_proven { usize::MAX } else { AMPLIFICATION_MAX * reply.bytes };
        let reads = 1usize.checked_shl(reply.reads_log2.into()).unwrap_or(usize::MAX);
        let reads = reads.max(Config::MESSAGE_BYTES_MIN);
        let bytes_max = self.config.message_bytes_max.min(most).min(reads);
        let mut meet = Meet {
            to: None,
            re: Some(reply.id),
            waited_ms: now_ms.saturating_sub(reply.asked_ms),
            round_trip_ms: self.round_trip.mean_ms(),
            claim: if lacks.context.run_count() <= RUNS_MAX {
                Claim::Relative { lacks, more: claimed.difference(&reply.version) }
            } else {
                Claim::Absolute(claimed.clone())
            },
            question: None,
            answer: Answer::Nothing,
            gone: Gone::default(),
        };
        if let Some(complete) = self.complete_answer(map, &reply, &lacking, bytes_max, &meet) {
            if complete.version().includes(self.own_drops.version()) {
                self.own_drops = Delta::default();
            }
            if let Claim::Relative { more, .. } = &mut meet.claim {
                *more = more.difference(complete.version());
            }
            meet.answer = Answer::Complete(complete.into());
        } else if !self.own_drops.is_empty() {
            // The drops that this replica made when it took the peer's message are sent before, or they would be asked for.
            let dropped = core::mem::take(&mut self.own_drops);
            self.publish(&dropped);
            self.replies.push_front(reply);
            return None;
        } else if !reply.is_proven {
            meet.answer = Answer::Offer;
        }
        // A receiver of a question takes the asker to know the delta beside it, too. So both sides number the births alike.
        let mut known = claimed.clone();
        if let Answer::Complete(complete) = &meet.answer {
            known.join(complete.version());
        }
        self.ask_back(map, &mut meet, &reply, &known, now_ms, random);
        if matches!(meet.answer, Answer::Nothing) {
            let (asked, mut rest) = (&reply.version.context, CausalContext::default());
            if let (Some(resolution), Some(numbering)) = (&reply.resolution, Numbering::of(asked)) {
                let (runs, left) = numbering.runs(&resolution.births, asked, bytes_max / 4);
                (meet.gone, rest) = (Gone { runs, before: resolution.births_sent }, left);
            }
            let room = bytes_max.saturating_sub(encoded(&meet, map).len());
            let room = room.saturating_sub(FRAME_BYTES);
            meet.answer = self.part(map, &reply, &claimed, room, rest.is_empty());
            if !rest.is_empty() {
                let want =
                    Want { pages: PagesWanted::Nothing, after: None, births: BirthsWanted::LeftToPeer };
                let births_sent = meet.gone.until();
                let resolution =
                    reply.resolution.map(|resolution| Resolution { births: rest, births_sent, ..resolution });
                self.replies.push_front(Reply { resolution, want, ..reply });
            }
        }
        let bytes = encoded(&meet, map);
        if bytes.len() <= bytes_max || !matches!(meet.answer, Answer::Offer) {
            return Some(bytes);
        }
        // An offer need not have the version: that comes with the first page.
        let want = Want { pages: PagesWanted::Nothing, after: None, births: BirthsWanted::LeftToPeer };
        meet.question = Some(Question { id: self.token, registrations: 0, reads_log2: 0, want });
        meet.claim = Claim::Relative { lacks: Version::default(), more: Version::default() };
        Some(encoded(&meet, map))
    }

    /// A delta of all that the asker lacks: if the log reaches back far enough, or the asker knows nothing, and if it is not too long.
    fn complete_answer(
        &self,
        map: &RangeMap<K>,
        reply: &Reply<K>,
        lacking: &Version,
        bytes_max: usize,
        meet: &Meet<K>,
    ) -> Option<Delta<K>> {
        if reply.want.pages != PagesWanted::Unknown || reply.want.after.is_some() {
            return None;
        }
        if lacking.is_empty() {
            return Some(Delta::default());
        }
        // The claim in `meet` still has the dots of that delta. They will not be written twice.
        let frame = encoded(meet, map).len() + 16;
        let most = bytes_max.saturating_sub(frame);
        let room = most.min(self.config.part_bytes_max());
        let is_all = reply.version.is_empty() && map.state().entries.len() < most / 4;
        if is_all {
            // In pages it would take many times as long to merge: the dots of the pages lie in as many runs as there are registrations.
            let all = map.state();
            return (all.encode().len() <= most).then(|| all.clone());
        }
        let delta = map.delta_from_log(lacking)?;
        (delta.encode().len() <= room).then_some(delta)
    }

    /// Adds this replica's next question to an answer to that peer, which claims `known`. Begins an inquiry if the peer knows more.
    fn ask_back(
        &mut self,
        map: &RangeMap<K>,
        meet: &mut Meet<K>,
        reply: &Reply<K>,
        known: &Version,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) {
        let lacks = reply.version.difference(map.state().version());
        let is_free = self.inquiry.as_ref().is_none_or(|inquiry| !inquiry.is_under_way());
        if is_free && !lacks.is_empty() && !reply.want.is_resolving() {
            let mut inquiry = self.inquiry.take().unwrap_or_else(|| Inquiry::new(None, now_ms));
            inquiry.begin_anew(Some(reply.to), now_ms);
            inquiry.aim(reply.to, reply.version.clone(), known, known);
            self.statistics.sessions_begun += 1;
            if !matches!(meet.answer, Answer::Complete(_)) && reply.want.births != BirthsWanted::LeftToPeer {
                // The side that began the meeting compares the births for both.
                inquiry.leave_births();
            }
            self.inquiry = Some(inquiry);
        }
        match &mut self.inquiry {
            Some(inquiry) if inquiry.peer == Some(reply.to) => {
                if reply.want.waits_for_births() {
                    let Reply { to: peer, id, asked_ms, .. } = *reply;
                    let version = reply.version.clone();
                    inquiry.counterpart = Some(Counterpart { peer, id, asked_ms, version });
                }
                // A peer that asks instead of answering did not hear the question.
                let wait_ms = self.round_trip.wait_ms(self.config.retry_ms, 0);
                if inquiry.due_ms <= now_ms || inquiry.is_unheard(now_ms, wait_ms) {
                    let id = random() as u32;
                    meet.question =
                        Some(inquiry.ask(id, now_ms, map, known.clone(), self.config.reads_log2()));
                    let wait_ms = self.round_trip.asked_ms(self.config.retry_ms, 0);
                    inquiry.due_ms = now_ms.saturating_add(wait_ms);
                }
            }
            _ => {}
        }
        if meet.question.is_none() && matches!(meet.answer, Answer::Offer) {
            let want = Want { pages: PagesWanted::Nothing, after: None, births: BirthsWanted::LeftToPeer };
            meet.question = Some(Question { id: self.token, registrations: 0, reads_log2: 0, want });
        }
    }
}

fn encoded<K: WireKey>(meet: &Meet<K>, map: &RangeMap<K>) -> Vec<u8> {
    Message::Meet(meet.clone().into()).encode(map.replica())
}
