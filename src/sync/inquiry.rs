//! What a replica is finding out: whom it asks, what it has got, and what it still wants.

mod taking;

use std::collections::VecDeque;

use super::meet::{BirthsWanted, Gone, PagesWanted, Question, Want};
use super::message::Fingerprints;
use crate::causal::{CausalContext, Runs};
use crate::codec::WireKey;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::registration::RegistrationId;
use crate::version::Version;

/// How many of the questions that were sent may still be answered.
const SENT_MAX: usize = 8;

/// Of what is told in several messages, so many stretches may have come without those between; or none counts any more.
const STRETCHES_MAX: usize = 64;

/// A question that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) id: u32,
    /// `None` if that is no use: the clock was set, or the replica slept, since.
    pub(super) at_ms: Option<u64>,
    /// What was known then.
    pub(super) version: Version,
    /// Whether whoever asked holds the same as this replica, as far as that matters to the answer.
    is_same: bool,
    /// How far the inquiry was: an answer to a question before is not the next page. `None` if it was another inquiry that was under way.
    progress: Option<u32>,
    /// What it asked to hear of births.
    births: BirthsWanted,
    /// How many of the births that are gone were told, and how many there are in all.
    gone: HeardGone,
}

/// What was heard of births that are gone, which may take several messages, in whatever order.
#[derive(Clone, Debug, Default)]
struct HeardGone {
    /// Which of the births, in the order in which they are told, from 1 on.
    heard: Runs,
    /// How many there are, once that was told.
    count: Option<u64>,
    /// How many dots the teller knew. When it knew more it may tell others.
    at: u64,
}

impl HeardGone {
    /// Some came, from a teller that knew so many dots, and these are the last ones or not. Returns whether all have come.
    fn hear(&mut self, gone: &Gone, at: u64, are_last: bool) -> bool {
        if self.at != at || self.heard.iter().len() > STRETCHES_MAX {
            *self = Self { at, ..Self::default() };
        }
        let until = gone.until();
        if until > gone.before {
            self.heard.insert(gone.before.saturating_add(1), until);
        }
        if are_last {
            self.count = Some(until);
        }
        self.count == Some(self.heard.prefix())
    }
}

/// A question of the peer that is being asked, which is told what is gone when that is found.
#[derive(Clone, Debug)]
pub(super) struct Counterpart {
    pub(super) peer: ReplicaId,
    pub(super) id: u32,
    /// When it was heard.
    pub(super) asked_ms: u64,
    /// What the peer knew.
    pub(super) version: Version,
}

/// What a replica is finding out.
#[derive(Clone, Debug)]
pub(super) struct Inquiry<K> {
    /// Whom it asks; `None`: everybody.
    pub(super) peer: Option<ReplicaId>,
    /// When it asks, or asks again; `u64::MAX`: it has given up, but an answer is still welcome.
    pub(super) due_ms: u64,
    /// How often it has asked since it last got on.
    pub(super) tries: u32,
    pub(super) sent: VecDeque<Sent>,
    /// What the peer knew at first, which is known here when all is done.
    pub(super) target: Option<Version>,
    /// What the peer cannot send of it.
    pub(super) withheld: CausalContext,
    /// What was known here when the question was asked to which the target was the answer.
    known: Version,
    /// What was known here when the target was set. The peer is told no more than that until all is found out: what its pages bring
    /// lies in as many runs as there are registrations, and each question would have to tell them.
    claimed: Version,
    /// What the peer sent since.
    paged: Version,
    /// What was known when a question was asked that was answered since.
    asked: Version,
    /// Whether all entries are wanted and not only those that the version lacks.
    is_all: bool,
    /// Whether it is about what is held differently although the same is known.
    pub(super) is_doubt: bool,
    /// Whom to ask again when this is done, for something that came up meanwhile.
    pub(super) again: Option<ReplicaId>,
    /// Whether nobody in particular is known to know more: it does not end by itself when enough was heard.
    pub(super) is_open: bool,
    /// Whether it is about what somebody is known to know: it ends when that is known here too.
    pub(super) is_of_heard: bool,
    /// Whether it is about something that may only be late.
    pub(super) is_about_gap: bool,
    /// The digest that it is about: if the same is known and held before it asks, it ends.
    pub(super) digest: Option<Fingerprints>,
    after: Option<RegistrationId<K>>,
    is_paged: bool,
    /// Whether what is unknown here was asked for.
    are_pages_asked: bool,
    births: BirthsWanted,
    is_resolved: bool,
    /// How many dots the peer knew when it made the latest page that was taken.
    paged_at: u64,
    /// How many it knew when the births were compared.
    resolved_at: u64,
    /// Of what both sides know, the dots whose births were compared here.
    compared: Option<Version>,
    /// Of what both sides know, the dots of which nothing is held here that the peer has dropped.
    covered: Version,
    /// Whether the peer, when it made a page, knew what the target lacks before something else. It names no more what was dropped there,
    /// and of what was before that may be held here, or come: so the target cannot be taken as known.
    is_unnamed: bool,
    progress: u32,
    /// What the peer said that shows, said again, that it was heard.
    pub(super) token: Option<u32>,
    pub(super) counterpart: Option<Counterpart>,
    /// Births that the peer holds and that are dropped here, as far as they were found.
    pub(super) gone: CausalContext,
}

impl<K: WireKey> Inquiry<K> {
    pub(super) fn new(peer: Option<ReplicaId>, due_ms: u64) -> Self {
        Self {
            peer,
            due_ms,
            tries: 0,
            sent: VecDeque::new(),
            target: None,
            known: Version::default(),
            claimed: Version::default(),
            paged: Version::default(),
            asked: Version::default(),
            withheld: CausalContext::default(),
            is_all: false,
            is_doubt: false,
            again: None,
            is_open: peer.is_none(),
            is_of_heard: false,
            is_about_gap: false,
            digest: None,
            after: None,
            is_paged: false,
            are_pages_asked: false,
            births: BirthsWanted::Sketch(0),
            is_resolved: false,
            paged_at: 0,
            resolved_at: 0,
            compared: None,
            covered: Version::default(),
            is_unnamed: false,
            progress: 0,
            token: None,
            counterpart: None,
            gone: CausalContext::default(),
        }
    }

    /// Begins anew. What was asked before may still be answered: on a slow medium nothing else ever would be.
    pub(super) fn begin_anew(&mut self, peer: Option<ReplicaId>, due_ms: u64) {
        let mut sent = core::mem::take(&mut self.sent);
        sent.iter_mut().for_each(|sent| sent.progress = sent.progress.filter(|progress| *progress == 0));
        *self = Self { sent, ..Self::new(peer, due_ms) };
    }

    /// Whether it has a peer that answered.
    pub(super) fn is_under_way(&self) -> bool {
        self.target.is_some()
    }

    /// Makes it be about what is held differently although the same is known: about all entries, or only about what was dropped.
    pub(super) fn doubt(&mut self, is_all: bool) {
        self.is_doubt = true;
        self.is_all = is_all;
        self.is_paged = !is_all;
    }

    /// Whether so much is what it was to find out.
    pub(super) fn is_known_in(&self, version: &Version) -> bool {
        !self.is_doubt && self.target.as_ref().is_some_and(|target| version.includes(target))
    }

    pub(super) fn has_given_up(&self) -> bool {
        self.due_ms == u64::MAX
    }

    /// Asks no more. A late answer is still welcome.
    pub(super) fn give_up(&mut self) {
        self.due_ms = u64::MAX;
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_paged && self.is_resolved
    }

    /// Fixes what it finds out: what the peer knows now, in answer to a question by who knew so much; `ours` is known now. What that did not
    /// include has to come in pages, although it was to be about the births alone.
    pub(super) fn aim(&mut self, peer: ReplicaId, target: Version, known: &Version, ours: &Version) {
        self.peer = Some(peer);
        self.known = known.clone();
        self.claimed = ours.clone();
        self.is_paged &= self.are_pages_asked || known.includes(&target);
        self.target = Some(target);
    }

    /// What that peer is told of what is known here, if it is less than all.
    pub(super) fn claimed_to(&self, peer: ReplicaId) -> Option<&Version> {
        (self.is_under_way() && self.peer == Some(peer)).then_some(&self.claimed)
    }

    /// Tells the peer that gaps before what it was told are closed, if that is so by now: what was dropped beyond them is named no more.
    pub(super) fn close_gaps(&mut self, ours: &CausalContext) {
        for (replica, runs) in self.claimed.context.beyond_closed_gaps(ours).replicas() {
            self.claimed.context.insert_run(replica, 1, runs.last());
        }
    }

    /// What of the target came another way, if so much is known, and was not compared. What is held here of that and was asked for in vain,
    /// the peer has dropped. `None` if it is not certain that it was asked for, or that all that was dropped was named.
    pub(super) fn came_otherwise(&self, target: &Version, version: &Version) -> Option<Version> {
        let came = version.intersection(target).difference(&self.paged).difference(&self.covered);
        let is_certain = came.is_empty() || self.are_pages_asked && came.intersection(&self.asked).is_empty();
        (is_certain && !self.is_unnamed).then_some(came)
    }

    /// Whether an answer to that question, from a peer that knows `theirs`, is about all that is to be found out. One that is late may
    /// have been made of less, or for somebody who knew less.
    pub(super) fn is_about_all(&self, sent: &Sent, theirs: &Version) -> bool {
        sent.version.includes(&self.known)
            && self.target.as_ref().is_some_and(|target| theirs.includes(target))
    }

    /// The next question, under that number, in a message that tells to know so much.
    pub(super) fn ask(
        &mut self,
        id: u32,
        now_ms: u64,
        map: &RangeMap<K>,
        version: Version,
        reads_log2: u8,
    ) -> Question<K> {
        self.tries += 1;
        let births = if self.is_resolved { BirthsWanted::LeftToPeer } else { self.births };
        self.send(id, Some(now_ms), version, births, true);
        let pages = match (self.is_paged, self.is_all) {
            (true, _) => PagesWanted::Nothing,
            (false, true) => PagesWanted::All,
            (false, false) => PagesWanted::Unknown,
        };
        self.are_pages_asked |= pages != PagesWanted::Nothing;
        Question {
            id,
            registrations: map.state().entries.len() as u64,
            reads_log2,
            want: Want { pages, after: self.after.clone(), births },
        }
    }

    /// Listens to the answers to a question of somebody else, who knows no more than this replica and has asked nothing before it that
    /// this replica did not hear. Returns whether it can.
    pub(super) fn listen(&mut self, question: &Question<K>, version: Version) -> bool {
        let Want { pages, after, births } = &question.want;
        let is_list = |births: &BirthsWanted| matches!(births, BirthsWanted::List(from) if *from > 0);
        let is_next_page = if self.is_paged { *pages == PagesWanted::Nothing } else { *after == self.after };
        let is_paging = self.is_paged || *pages != PagesWanted::Nothing;
        if !is_paging || !is_next_page || is_list(births) && self.births != *births {
            return false;
        }
        self.births = *births;
        self.are_pages_asked |= *pages != PagesWanted::Nothing;
        let is_same = version.is_empty();
        self.send(question.id, None, version, *births, is_same);
        true
    }

    /// Whoever asked told what it holds: that is, or is not, what this replica holds.
    pub(super) fn is_asker_same(&mut self, is_same: bool) {
        self.sent.iter_mut().for_each(|sent| sent.is_same = is_same || sent.version.is_empty());
    }

    fn send(&mut self, id: u32, at_ms: Option<u64>, version: Version, births: BirthsWanted, is_same: bool) {
        if self.sent.len() == SENT_MAX {
            self.sent.pop_front();
        }
        let (progress, gone) = (Some(self.progress), HeardGone::default());
        self.sent.push_back(Sent { id, at_ms, version, is_same, progress, births, gone });
    }

    /// The question that was sent under that number.
    pub(super) fn question(&self, id: u32) -> Option<&Sent> {
        self.sent.iter().find(|sent| sent.id == id)
    }

    /// Whether the last question was put so long ago that it, or its answer, is lost, and not left for the peer to find out.
    pub(super) fn is_unheard(&self, now_ms: u64, wait_ms: u64) -> bool {
        let is_late = |sent: &Sent| sent.at_ms.is_none_or(|at_ms| now_ms.saturating_sub(at_ms) >= wait_ms);
        !self.has_given_up() && !self.is_waiting() && self.sent.back().is_some_and(is_late)
    }

    /// Whether an answer to that question is the next thing that is wanted.
    pub(super) fn is_next(&self, sent: &Sent) -> bool {
        sent.progress == Some(self.progress)
    }

    /// The peer answered: there is no need to ask the same again.
    pub(super) fn get_on(&mut self, due_ms: u64) {
        self.progress += 1;
        self.tries = 0;
        self.due_ms = due_ms;
    }

    /// A page came, up to that registration.
    pub(super) fn page(&mut self, last: Option<RegistrationId<K>>, is_last: bool) {
        self.is_paged = is_last || last.is_none();
        self.after = last.filter(|_| !is_last);
    }

    /// The peer will find out which births are gone, and tell.
    pub(super) fn leave_births(&mut self) {
        self.births = BirthsWanted::LeftToPeer;
    }

    /// If the peer was to find out which births are gone, this side does.
    pub(super) fn find_births(&mut self, now_ms: u64) {
        if self.births == BirthsWanted::LeftToPeer && !self.is_resolved {
            if self.is_waiting() {
                self.due_ms = self.due_ms.min(now_ms);
            }
            self.births = BirthsWanted::Sketch(0);
        }
    }

    pub(super) fn want_births(&mut self, births: BirthsWanted) {
        self.births = births;
    }

    /// The births of those dots, which both sides know, were compared here, as far as they were asked for.
    pub(super) fn note_compared(&mut self, both: &Version) {
        self.compared = Some(match &self.compared {
            Some(compared) => compared.intersection(both),
            None => both.clone(),
        });
    }

    /// The question of the peer to which it is an answer that the births were compared, if all were of which the peer was told that
    /// they are known here; and what it was told.
    pub(super) fn resolution_for(&mut self) -> Option<(Counterpart, Version)> {
        let (counterpart, compared) = (self.counterpart.take()?, self.compared.as_ref()?);
        let is_of_peer = self.peer == Some(counterpart.peer);
        let both = counterpart.version.intersection(&self.claimed);
        (is_of_peer && compared.includes(&both)).then(|| (counterpart, core::mem::take(&mut self.claimed)))
    }

    /// Whether a part of the list of births was compared, and more is to come.
    fn is_listing(&self) -> bool {
        matches!(self.births, BirthsWanted::List(from) if from > 0)
    }

    /// Whether only the births are left to be told by the peer.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_paged && !self.is_resolved && self.births == BirthsWanted::LeftToPeer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(last: u64) -> Version {
        let mut context = CausalContext::default();
        context.insert_run(ReplicaId::new(1), 1, last);
        context.into()
    }

    #[test]
    fn what_was_compared_answers_whoever_it_was_compared_with_if_it_was_all() {
        let [peer, other] = [7, 8].map(ReplicaId::new);
        let resolution_for = |asker: ReplicaId, compared: u64| {
            let mut inquiry = Inquiry::<u64>::new(Some(peer), 0);
            inquiry.aim(peer, known(9), &known(5), &known(5));
            inquiry.counterpart = Some(Counterpart { peer: asker, id: 3, asked_ms: 0, version: known(4) });
            inquiry.note_compared(&known(compared));
            inquiry.resolution_for().map(|(counterpart, claimed)| (counterpart.id, claimed))
        };
        assert_eq!(resolution_for(peer, 4), Some((3, known(5))));
        assert_eq!(resolution_for(peer, 3), None);
        assert_eq!(resolution_for(other, 4), None);
    }

    #[test]
    fn a_gap_that_was_closed_is_told_to_be_closed_and_nothing_else_that_came_since() {
        let [writer, other] = [1, 2].map(ReplicaId::new);
        let context = |all: &[(ReplicaId, u64, u64)]| {
            let mut context = CausalContext::default();
            all.iter().for_each(|(replica, first, last)| context.insert_run(*replica, *first, *last));
            context
        };
        let claimed = context(&[(writer, 1, 2), (writer, 5, 6), (writer, 9, 9), (other, 1, 3)]);
        let mut inquiry = Inquiry::<u64>::new(Some(other), 0);
        inquiry.aim(other, known(9), &claimed.clone().into(), &claimed.clone().into());
        inquiry.close_gaps(&context(&[(writer, 1, 3), (writer, 5, 6), (writer, 9, 9), (other, 1, 8)]));
        assert_eq!(inquiry.claimed.context, claimed);
        inquiry.close_gaps(&context(&[(writer, 1, 7), (writer, 9, 9), (other, 1, 8)]));
        assert_eq!(inquiry.claimed.context, context(&[(writer, 1, 6), (writer, 9, 9), (other, 1, 3)]));
        inquiry.close_gaps(&context(&[(writer, 1, 12), (other, 1, 8)]));
        assert_eq!(inquiry.claimed.context, context(&[(writer, 1, 9), (other, 1, 3)]));
    }

    #[test]
    fn what_was_asked_in_another_inquiry_is_no_later_page_of_this_one() {
        let map = RangeMap::<u64>::new(ReplicaId::new(1));
        let mut inquiry = Inquiry::<u64>::new(None, 0);
        let is_next =
            |inquiry: &Inquiry<u64>, id| inquiry.question(id).is_some_and(|sent| inquiry.is_next(sent));
        let ask = |inquiry: &mut Inquiry<u64>, id| drop(inquiry.ask(id, 0, &map, known(1), 20));
        ask(&mut inquiry, 10);
        inquiry.get_on(0);
        ask(&mut inquiry, 11);
        assert_eq!([10, 11].map(|id| is_next(&inquiry, id)), [false, true]);
        inquiry.begin_anew(None, 0);
        assert_eq!([10, 11].map(|id| is_next(&inquiry, id)), [true, false], "the first page is the same");
        inquiry.get_on(0);
        ask(&mut inquiry, 12);
        assert_eq!([10, 11, 12].map(|id| is_next(&inquiry, id)), [false, false, true]);
    }

    #[test]
    fn all_that_is_gone_was_heard_when_no_message_is_missing() {
        let told =
            |before: u64| Gone { runs: vec![(before + 1, before + 2), (before + 9, before + 9)], before };
        let mut heard = HeardGone::default();
        assert!(!heard.hear(&told(6), 5, true));
        assert!(!heard.hear(&told(0), 5, false));
        assert!(!heard.hear(&told(0), 5, false), "it came again");
        assert!(heard.hear(&told(3), 5, false));
        assert!(
            !heard.hear(&told(6), 7, true),
            "the teller knew more: what was told before is another matter"
        );
        assert!(HeardGone::default().hear(&Gone::default(), 5, true), "nothing is gone");
    }

    #[test]
    fn what_is_missing_between_is_remembered_up_to_a_limit() {
        let stretch = |at: usize| Gone { runs: vec![(1, 1)], before: 2 * at as u64 };
        for (stretches, is_all) in [(1, true), (STRETCHES_MAX, true), (STRETCHES_MAX + 1, false)] {
            let mut heard = HeardGone::default();
            for at in 0..stretches {
                heard.hear(&stretch(at), 5, at + 1 == stretches);
            }
            assert!(heard.heard.iter().len() <= STRETCHES_MAX + 1);
            let between = Gone { runs: vec![(1, 1)], before: 1 };
            heard.hear(&between, 5, false);
            assert_eq!(heard.heard.contains(1), is_all, "{stretches}");
        }
    }
}
