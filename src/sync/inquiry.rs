//! An inquiry, which is one replica's side of a meeting: whom it asks, what it has got, and what it still wants.

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

/// How many of the sent questions are kept, so that an answer is understood.
const SENT_MAX: usize = 8;

/// What comes in several messages may have at most so many gaps meanwhile. With more, counting begins anew.
const STRETCHES_MAX: usize = 64;

/// A question that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) id: u32,
    /// When it was sent. `None` if the clock was set or the replica slept since, so that a round trip cannot be measured.
    pub(super) at_ms: Option<u64>,
    /// What the asker claimed to know.
    pub(super) version: Version,
    /// Whether the asker has the same records as this replica, as far as that matters to the answer.
    is_same: bool,
    /// The progress of the inquiry when it was asked: the answer to an earlier question is not the next page. `None` if it was asked in
    /// another inquiry that was under way.
    progress: Option<u32>,
    /// Which births it asked for.
    births: BirthsWanted,
    /// Which of the births that are gone have come in answer.
    gone: HeardGone,
}

/// The births that are gone, which may take several messages, in any order.
#[derive(Clone, Debug, Default)]
struct HeardGone {
    /// Which of them have come, counted from 1 on in the order in which they are sent.
    heard: Runs,
    /// How many there are in all, once that is known.
    count: Option<u64>,
    /// How many dots the sender knew. When it knows more it may send other births.
    at: u64,
}

impl HeardGone {
    /// Notes some, from a sender that knew `at` dots. `are_last`: no further ones follow. Returns whether all have come.
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

/// A question of the peer that this replica asks too. It is answered with the births that are gone when these are found.
#[derive(Clone, Debug)]
pub(super) struct Counterpart {
    pub(super) peer: ReplicaId,
    pub(super) id: u32,
    /// When it was heard.
    pub(super) asked_ms: u64,
    /// What the peer knew.
    pub(super) version: Version,
}

/// One replica's side of a meeting: what it has asked, what it has got, and what is left.
#[derive(Clone, Debug)]
pub(super) struct Inquiry<K> {
    /// Whom it asks; `None` is everybody.
    pub(super) peer: Option<ReplicaId>,
    /// When it asks, or asks again. `u64::MAX`: it has given up, but a late answer is still taken.
    pub(super) due_ms: u64,
    /// How often it has asked since the last progress.
    pub(super) tries: u32,
    pub(super) sent: VecDeque<Sent>,
    /// What the peer claimed in its first answer. It is known here when the inquiry is done.
    pub(super) target: Option<Version>,
    /// The part of it that the peer cannot send.
    pub(super) withheld: CausalContext,
    /// What was claimed in the question whose answer set the target.
    known: Version,
    /// What this replica claims to know until the inquiry is done: what it knew when the target was set. The dots that pages bring lie
    /// in as many runs as there are registrations, and each question would have to list them.
    claimed: Version,
    /// What the pages of the peer claimed.
    paged: Version,
    /// What was claimed in those questions that have been answered.
    asked: Version,
    /// Whether all entries are wanted, and not only those that the version lacks.
    is_all: bool,
    /// Whether it looks for different content although the versions are equal.
    pub(super) is_doubt: bool,
    /// Whom to ask when this is done, for something that came up meanwhile.
    pub(super) again: Option<ReplicaId>,
    /// Whether no particular peer is known to know more: it does not end when all that was heard of is known.
    pub(super) is_open: bool,
    /// Whether it is about what a peer claimed to know: it ends when that is known here too.
    pub(super) is_of_heard: bool,
    /// Whether it is about a gap, which something late may close.
    pub(super) is_about_gap: bool,
    /// The digest that it is about. If version and content are equal to it before the first question is sent, the inquiry ends.
    pub(super) digest: Option<Fingerprints>,
    after: Option<RegistrationId<K>>,
    is_paged: bool,
    /// Whether pages were asked for.
    are_pages_asked: bool,
    births: BirthsWanted,
    is_resolved: bool,
    /// How many dots the peer knew when it made the latest page that was taken.
    paged_at: u64,
    /// How many it knew when the births were compared.
    resolved_at: u64,
    /// What both sides know, as far as its births were compared here.
    compared: Option<Version>,
    /// What both sides know, as far as no record of it is left here that the peer has dropped.
    covered: Version,
    /// Whether the peer had closed a gap of the target when it made a page. Then it has no more tombstones for what was dropped beyond
    /// that gap. An earlier record of the same writer may be here, or come later. So the target cannot be taken as known.
    is_unnamed: bool,
    progress: u32,
    /// The number of the peer's last question. To repeat it shows that this replica has heard it.
    pub(super) token: Option<u32>,
    pub(super) counterpart: Option<Counterpart>,
    /// Births of records that the peer has and that are dropped here, as far as they were found.
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

    /// Begins anew. Earlier questions may still be answered: on a slow medium no others ever would be.
    pub(super) fn begin_anew(&mut self, peer: Option<ReplicaId>, due_ms: u64) {
        let mut sent = core::mem::take(&mut self.sent);
        sent.iter_mut().for_each(|sent| sent.progress = sent.progress.filter(|progress| *progress == 0));
        *self = Self { sent, ..Self::new(peer, due_ms) };
    }

    /// Whether a peer has answered.
    pub(super) fn is_under_way(&self) -> bool {
        self.target.is_some()
    }

    /// Makes it look for different content although the versions are equal: in all entries, or only in what was dropped.
    pub(super) fn doubt(&mut self, is_all: bool) {
        self.is_doubt = true;
        self.is_all = is_all;
        self.is_paged = !is_all;
    }

    /// Whether that version includes all that it was to find out.
    pub(super) fn is_known_in(&self, version: &Version) -> bool {
        !self.is_doubt && self.target.as_ref().is_some_and(|target| version.includes(target))
    }

    pub(super) fn has_given_up(&self) -> bool {
        self.due_ms == u64::MAX
    }

    /// Asks no more. A late answer is still taken.
    pub(super) fn give_up(&mut self) {
        self.due_ms = u64::MAX;
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_paged && self.is_resolved
    }

    /// Sets the target: what the peer knows now. `known` is what the answered question claimed, and `ours` is known now. If `known`
    /// does not include the target, pages have to come, also if the inquiry was to be about the births alone.
    pub(super) fn aim(&mut self, peer: ReplicaId, target: Version, known: &Version, ours: &Version) {
        self.peer = Some(peer);
        self.known = known.clone();
        self.claimed = ours.clone();
        self.is_paged &= self.are_pages_asked || known.includes(&target);
        self.target = Some(target);
    }

    /// What this replica claims to know in messages to that peer, if it is less than all.
    pub(super) fn claimed_to(&self, peer: ReplicaId) -> Option<&Version> {
        (self.is_under_way() && self.peer == Some(peer)).then_some(&self.claimed)
    }

    /// Claims what has closed gaps of the claimed version since. Beyond a closed gap, there are no more tombstones.
    pub(super) fn close_gaps(&mut self, ours: &CausalContext) {
        for (replica, runs) in self.claimed.context.beyond_closed_gaps(ours).replicas() {
            self.claimed.context.insert_run(replica, 1, runs.last());
        }
    }

    /// The part of the target that came another way and was not compared; `version` is known now. It was asked for in vain, so the peer
    /// has dropped the records of it that are still here. `None` if it is not certain that it was asked for, or that a tombstone came
    /// for each drop.
    pub(super) fn came_otherwise(&self, target: &Version, version: &Version) -> Option<Version> {
        let came = version.intersection(target).difference(&self.paged).difference(&self.covered);
        let is_certain = came.is_empty() || self.are_pages_asked && came.intersection(&self.asked).is_empty();
        (is_certain && !self.is_unnamed).then_some(came)
    }

    /// Whether an answer to that question, from a peer that knows `theirs`, is about all that is to be found out. A late answer may have
    /// been made from less, or for a question that claimed less.
    pub(super) fn is_about_all(&self, sent: &Sent, theirs: &Version) -> bool {
        sent.version.includes(&self.known)
            && self.target.as_ref().is_some_and(|target| theirs.includes(target))
    }

    /// The next question, with that number, in a message that claims `version`.
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

    /// Follows the question of another replica, which knows no more than this one. That works only if this replica heard all its earlier
    /// questions. Returns whether it does.
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

    /// Notes whether the asker that is followed has the same records as this replica.
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

    /// The question that was sent with that number.
    pub(super) fn question(&self, id: u32) -> Option<&Sent> {
        self.sent.iter().find(|sent| sent.id == id)
    }

    /// Whether the last question was sent so long ago that it or its answer is lost. Not while the peer is to find the births that are
    /// gone.
    pub(super) fn is_unheard(&self, now_ms: u64, wait_ms: u64) -> bool {
        let is_late = |sent: &Sent| sent.at_ms.is_none_or(|at_ms| now_ms.saturating_sub(at_ms) >= wait_ms);
        !self.has_given_up() && !self.is_waiting() && self.sent.back().is_some_and(is_late)
    }

    /// Whether the inquiry waits for an answer to that question.
    pub(super) fn is_next(&self, sent: &Sent) -> bool {
        sent.progress == Some(self.progress)
    }

    /// Notes that the peer answered: the next question is due then.
    pub(super) fn get_on(&mut self, due_ms: u64) {
        self.progress += 1;
        self.tries = 0;
        self.due_ms = due_ms;
    }

    /// Notes that a page came, up to that registration.
    pub(super) fn page(&mut self, last: Option<RegistrationId<K>>, is_last: bool) {
        self.is_paged = is_last || last.is_none();
        self.after = last.filter(|_| !is_last);
    }

    /// Leaves it to the peer to find the births that are gone.
    pub(super) fn leave_births(&mut self) {
        self.births = BirthsWanted::LeftToPeer;
    }

    /// If the peer was to find the births that are gone, this side does it instead.
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

    /// Notes that births were compared here, as far as they were asked for, of the dots that both sides know.
    pub(super) fn note_compared(&mut self, both: &Version) {
        self.compared = Some(match &self.compared {
            Some(compared) => compared.intersection(both),
            None => both.clone(),
        });
    }

    /// The question of the peer that the comparison of births answers, and the version that this replica claimed; `None` if not all
    /// births of that version were compared.
    pub(super) fn resolution_for(&mut self) -> Option<(Counterpart, Version)> {
        let (counterpart, compared) = (self.counterpart.take()?, self.compared.as_ref()?);
        let is_of_peer = self.peer == Some(counterpart.peer);
        let both = counterpart.version.intersection(&self.claimed);
        (is_of_peer && compared.includes(&both)).then(|| (counterpart, core::mem::take(&mut self.claimed)))
    }

    /// Whether a part of a list of births was compared, and more is to come.
    fn is_listing(&self) -> bool {
        matches!(self.births, BirthsWanted::List(from) if from > 0)
    }

    /// Whether it waits for nothing but the births that are gone, which the peer is to find.
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
