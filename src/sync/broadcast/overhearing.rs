//! Questions and answers of others, on a medium where everybody hears everybody.
//!
//! A replica that knows no less than an asker can take the answers as the asker does. So of many replicas that know the same, one asks,
//! and all get the rest. This needs no further trust: an answer is made from its question alone, whoever sent that.

use std::collections::VecDeque;

use super::Broadcast;
use crate::codec::WireKey;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::splits::Changes;
use crate::sync::births::Numbering;
use crate::sync::inquiry::Inquiry;
use crate::sync::meet::{Answer, BirthsAnswer, Claim, Meet, Question};
use crate::version::Version;

/// How many questions of others are remembered, so that the answers can be understood.
const QUESTIONS_MAX: usize = 64;

/// How many inquiries of others are followed at a time.
const FOLLOWED_MAX: usize = 16;

/// The version in a question is kept only if it has at most so many runs more than what is known here.
const RUNS_MORE_MAX: usize = 64;

/// An inquiry of another replica, which is followed.
#[derive(Clone, Debug)]
struct Followed<K> {
    asker: ReplicaId,
    /// When it was last heard of.
    heard_ms: u64,
    inquiry: Inquiry<K>,
}

/// What is remembered of the meetings of others.
#[derive(Clone, Debug)]
pub(super) struct Overheard<K> {
    /// The numbers of questions, and the versions that their askers claimed.
    questions: VecDeque<(u32, Version)>,
    followed: Vec<Followed<K>>,
}

impl<K> Default for Overheard<K> {
    fn default() -> Self {
        Self { questions: VecDeque::new(), followed: Vec::new() }
    }
}

impl<K: WireKey> Overheard<K> {
    /// The times at which others were heard, for a clock that was set.
    pub(super) fn times(&mut self) -> impl Iterator<Item = &mut u64> {
        self.followed.iter_mut().map(|followed| &mut followed.heard_ms)
    }

    /// Follows the inquiry of that replica no more.
    pub(super) fn forget(&mut self, asker: ReplicaId) {
        self.followed.retain(|followed| followed.asker != asker);
    }

    /// The version that the sender of a message claims. `None` if it is relative to a question that is not remembered.
    fn claimed_by_sender(&self, meet: &Meet<K>) -> Option<Version> {
        let mut theirs = match &meet.claim {
            Claim::Absolute(version) => version.clone(),
            Claim::Relative { lacks, more } => {
                let (_, asked) = self.questions.iter().find(|(id, _)| Some(*id) == meet.re)?;
                let mut version = asked.difference(lacks);
                version.join(more);
                version
            }
        };
        if let Answer::Complete(delta) = &meet.answer {
            theirs.join(delta.version());
        }
        Some(theirs)
    }
}

impl<K: WireKey> Broadcast<K> {
    /// Takes a message of a meeting of others.
    pub(super) fn overhear(
        &mut self,
        map: &mut RangeMap<K>,
        sender: ReplicaId,
        meet: Meet<K>,
        now_ms: u64,
    ) -> Changes<K> {
        let (to, question) = (meet.to, meet.question.clone());
        let Some(theirs) = self.overheard.claimed_by_sender(&meet) else {
            return self.take_carried(map, meet.answer);
        };
        if map.state().version().includes(&theirs) {
            // That peer knows nothing that is lacking here, so it need not be asked. But its answer may have a question of its own.
            let is_moot = |inquiry: &&mut Inquiry<K>| {
                inquiry.peer == Some(sender) && !inquiry.is_under_way() && !inquiry.is_doubt
            };
            self.inquiry.as_mut().filter(is_moot).into_iter().for_each(Inquiry::give_up);
        }
        self.overhear_births(map, sender, &theirs, &meet);
        let changes = self.overhear_answer(map, sender, &theirs, meet, now_ms);
        if let Some(question) = question.filter(|question| !question.want.is_resolving()) {
            self.overhear_question(map, sender, to, &question, theirs, now_ms);
        }
        changes
    }

    /// Takes the births that an asker sends so that its peer can compare them for both. If this replica has the same records as the
    /// asker, the births that the peer then reports to be gone are right for this replica, too.
    fn overhear_births(&mut self, map: &RangeMap<K>, asker: ReplicaId, theirs: &Version, meet: &Meet<K>) {
        let Answer::Part(part) = &meet.answer else { return };
        let BirthsAnswer::Sketch { sketch, .. } = &part.births else { return };
        let Some(followed) = self.overheard.followed.iter_mut().find(|followed| followed.asker == asker)
        else {
            return;
        };
        let Some((_, asked)) = self.overheard.questions.iter().find(|(id, _)| Some(*id) == meet.re) else {
            return;
        };
        let Some(numbering) = Numbering::of(&asked.context) else { return };
        let both = asked.context.intersection(&theirs.context);
        let mut ours = numbering.sketch(map.state(), &both, 1);
        if let Some(page) = &part.page {
            numbering.numbers(&page.delta, &both).into_iter().for_each(|number| ours.toggle(number));
        }
        followed.inquiry.is_asker_same(ours.total == sketch.total);
    }

    /// Takes an answer to a question of another replica, from a peer that claims `theirs`.
    fn overhear_answer(
        &mut self,
        map: &mut RangeMap<K>,
        peer: ReplicaId,
        theirs: &Version,
        meet: Meet<K>,
        now_ms: u64,
    ) -> Changes<K> {
        let is_of =
            |followed: &Followed<K>| meet.re.is_some_and(|re| followed.inquiry.question(re).is_some());
        let Some(at) = self.overheard.followed.iter().position(is_of) else {
            return self.take_carried(map, meet.answer);
        };
        let followed = &mut self.overheard.followed[at];
        let is_of_another = followed.inquiry.peer.is_some_and(|other| other != peer);
        let (Answer::Part(part), Some(sent)) =
            (&meet.answer, meet.re.and_then(|re| followed.inquiry.question(re)).cloned())
        else {
            return self.take_carried(map, meet.answer);
        };
        if is_of_another || !followed.inquiry.is_under_way() && map.state().version().includes(theirs) {
            return self.take_carried(map, meet.answer);
        }
        followed.heard_ms = now_ms;
        let mut changes =
            followed.inquiry.take_part(map, (peer, theirs), &sent, *part.clone(), &meet.gone, now_ms);
        if followed.inquiry.is_done() {
            let Followed { inquiry, .. } = self.overheard.followed.swap_remove(at);
            if let Some(concluded) = self.conclude(map, &inquiry) {
                changes.join(concluded);
            }
        }
        changes
    }

    /// Takes a question of another replica, which claims `version`, to that peer or to everybody.
    pub(super) fn overhear_question(
        &mut self,
        map: &RangeMap<K>,
        asker: ReplicaId,
        to: Option<ReplicaId>,
        question: &Question<K>,
        version: Version,
        now_ms: u64,
    ) {
        let ours = map.state().version();
        if version.context.run_count() > ours.context.run_count() + RUNS_MORE_MAX
            || self.peers.others(asker) == 0
        {
            return;
        }
        if self.overheard.questions.iter().any(|(id, _)| *id == question.id) {
            // The message came twice.
            return;
        }
        if self.overheard.questions.len() == QUESTIONS_MAX {
            self.overheard.questions.pop_front();
        }
        self.overheard.questions.push_back((question.id, version.clone()));
        if !ours.includes(&version) {
            return self.overheard.forget(asker);
        }
        let is_mine = self.inquiry.as_ref().is_some_and(|inquiry| to.is_some() && inquiry.peer == to);
        if is_mine || version == *ours {
            self.leave_question_to_others(now_ms);
        }
        let at = self.overheard.followed.iter().position(|followed| followed.asker == asker);
        if let Some(at) = at {
            let followed = &mut self.overheard.followed[at];
            followed.heard_ms = now_ms;
            if followed.inquiry.listen(question, version.clone()) {
                return;
            }
            self.overheard.followed.swap_remove(at);
        }
        if self.overheard.followed.len() == FOLLOWED_MAX {
            let patience_ms = self.round_trip.wait_ms(self.config.retry_ms, 2).max(self.config.session_ms);
            self.overheard.followed.retain(|followed| followed.heard_ms.saturating_add(patience_ms) > now_ms);
        }
        let mut inquiry = Inquiry::new(None, u64::MAX);
        if self.overheard.followed.len() < FOLLOWED_MAX && inquiry.listen(question, version) {
            self.overheard.followed.push(Followed { asker, heard_ms: now_ms, inquiry });
        }
    }
}
