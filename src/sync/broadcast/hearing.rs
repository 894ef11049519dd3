//! How a replica takes each kind of message.

use super::asking::SILENT_TRIES;
use super::{Broadcast, Wish};
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::retired::Retired;
use crate::splits::Changes;
use crate::sync::drop_runs::DropRuns;
use crate::sync::inquiry::{Counterpart, Inquiry};
use crate::sync::meet::{Answer, BirthsWanted, Claim, Meet};
use crate::sync::message::{Fingerprints, Message};
use crate::sync::{IgnoreReason, Received};
use crate::version::Version;

/// When to look into a peer that has the same version and other content. Few things cause that: two writers of one id, a forger, a
/// meeting that was cut, a delta of a third replica (see `docs/design.md`). It is looked into more and more rarely, so that a
/// difference that cannot be mended does not cost for ever.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Doubt {
    /// It is not looked into again before that time.
    until_ms: u64,
    times: u32,
    /// The peer that was looked into last. That others agree says nothing of it.
    peer: Option<ReplicaId>,
}

impl Doubt {
    pub(super) fn time(&mut self) -> &mut u64 {
        &mut self.until_ms
    }

    /// Begins to look into a peer: how often that was done before, or `None` if it is too early.
    fn look(&mut self, peer: ReplicaId, now_ms: u64, interval_ms: u64) -> Option<u32> {
        if now_ms < self.until_ms {
            return None;
        }
        self.peer = Some(peer);
        let times = self.times;
        // The first few times follow each other at once.
        let wait_ms = if times < 4 { 0 } else { interval_ms.saturating_mul(1 << times.min(12)) };
        self.until_ms = now_ms.saturating_add(wait_ms);
        self.times = self.times.saturating_add(1);
        Some(times)
    }
}

impl<K: WireKey> Broadcast<K> {
    /// Reads a message, and merges who is retired from it.
    pub(super) fn read(
        &mut self,
        map: &mut RangeMap<K>,
        bytes: &[u8],
        random: &mut impl FnMut() -> u64,
    ) -> Result<(ReplicaId, Message<K>), IgnoreReason> {
        if bytes.len() > self.config.message_bytes_max {
            return Err(IgnoreReason::TooLong { bytes: bytes.len() });
        }
        let (sender, message) = Message::decode(bytes)?;
        let is_own = sender == map.replica();
        self.meet_twin(map, &message, random);
        if is_own {
            return Err(IgnoreReason::OwnReplica);
        }
        self.learn_retired(map, &message, random);
        // A retired sender may still ask, and so learn that it is retired.
        let carries = match &message {
            Message::Delta(_) | Message::Drops(_) => true,
            Message::Meet(meet) => meet.re.is_some(),
            _ => false,
        };
        let is_refused = carries && map.state().retired().contains(sender);
        if is_refused { Err(IgnoreReason::Retired) } else { Ok((sender, message)) }
    }

    pub(super) fn handle(
        &mut self,
        map: &mut RangeMap<K>,
        sender: ReplicaId,
        message: Message<K>,
        bytes: usize,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        match message {
            Message::Delta(delta) => self.hear_delta(map, &delta, now_ms, random),
            Message::Ask(ask) => {
                self.hear_ask(map, sender, ask, bytes, now_ms, random);
                Received::Heard
            }
            Message::Meet(meet) => self.hear_meet(map, sender, *meet, bytes, now_ms, random),
            Message::Digest(theirs) => {
                self.hear_digest(map, sender, theirs, now_ms, random);
                Received::Heard
            }
            Message::Presence(content) => Received::Presence(content),
            Message::Announce(version) => {
                self.hear_announce(map, sender, &version, now_ms);
                Received::Heard
            }
            Message::Drops(dropped) => self.hear_drops(map, sender, &dropped, now_ms, random),
        }
    }

    fn hear_delta(
        &mut self,
        map: &mut RangeMap<K>,
        delta: &Delta<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        let changes = map.merge(delta);
        self.news_ms = now_ms;
        self.publish_own_drops(&changes, now_ms);
        let mut received = delta.clone();
        received.merge(changes.delta());
        self.received_delta = Some(received);
        self.learnt(map, delta.version());
        if !map.state().context().has_gaps() && self.heard_of.is_empty() {
            // What closed the gap was late and not lost.
            self.end_if(|inquiry| inquiry.is_about_gap);
        }
        self.look_for_gaps(map, delta.context());
        self.ask_about_gaps(map, now_ms, random);
        Received::Applied(changes.into())
    }

    /// Takes many drops of one writer. If the birth of a dropped record is not known here, the drop has to be asked for.
    fn hear_drops(
        &mut self,
        map: &mut RangeMap<K>,
        sender: ReplicaId,
        dropped: &DropRuns,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        if dropped.writer == map.replica() {
            return Received::Heard;
        }
        let (named, unnamed) = map.tombstones_for(dropped.writer, &dropped.runs);
        let received = self.hear_delta(map, &named, now_ms, random);
        map.adopt(&unnamed.clone().into());
        self.look_for_gaps(map, &unnamed);
        let claims = dropped.claims().into();
        self.learnt(map, &claims);
        self.hear_of(map, sender, &claims, now_ms, random);
        received
    }

    fn publish_own_drops(&mut self, changes: &Changes<K>, now_ms: u64) {
        if changes.delta().is_empty() {
            return;
        }
        if self.own_drops.is_empty() {
            self.own_drops_due_ms = now_ms.saturating_add(self.config.retry_ms / 2);
        }
        self.own_drops.merge(changes.delta());
    }

    fn hear_meet(
        &mut self,
        map: &mut RangeMap<K>,
        sender: ReplicaId,
        meet: Meet<K>,
        bytes: usize,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        meet.round_trip_ms.into_iter().for_each(|round_trip_ms| self.round_trip.add_reported(round_trip_ms));
        let sent = meet.re.and_then(|re| self.inquiry.as_ref()?.question(re)).cloned();
        let past = self.past.iter().find(|past| meet.re == Some(past.id));
        let asked = sent.as_ref().or(past).map(|sent| &sent.version);
        let is_meant = asked.is_some() || meet.re == Some(self.token) || meet.to == Some(map.replica());
        if !is_meant {
            if let Some(re) = meet.re.filter(|_| meet.to.is_none()) {
                self.note_answered(re, now_ms, random);
                self.leave_question_to_others(now_ms);
            }
            let changes = self.overhear(map, sender, meet, now_ms);
            return self.applied(changes, now_ms);
        }
        if asked.is_some() || meet.re == Some(self.token) {
            self.peers.prove(sender);
        }
        let theirs = match (&meet.claim, asked) {
            (Claim::Absolute(version), _) => Some(version.clone()),
            (Claim::Relative { lacks, more }, Some(asked)) => {
                let mut version = asked.difference(lacks);
                version.join(more);
                Some(version)
            }
            (Claim::Relative { .. }, None) => None,
        };
        let Some(mut theirs) = theirs else {
            let changes = self.take_carried(map, meet.answer);
            return self.applied(changes, now_ms);
        };
        if let Answer::Complete(delta) = &meet.answer {
            theirs.join(delta.version());
        }
        let question = meet.question.clone().filter(|question| !question.want.is_resolving());
        if let (Some(question), Some(inquiry)) = (&question, &mut self.inquiry)
            && inquiry.peer.is_none_or(|peer| peer == sender)
        {
            let version = theirs.clone();
            // A peer that wants births from here compares them itself.
            let waits = question.want.births == BirthsWanted::LeftToPeer;
            let (peer, id, asked_ms) = (sender, question.id, now_ms);
            inquiry.counterpart = waits.then_some(Counterpart { peer, id, asked_ms, version });
        }
        let changes = match sent {
            Some(sent) => self.take_answer(map, sender, &sent, &theirs, meet, now_ms),
            None => self.take_carried(map, meet.answer),
        };
        let received = self.applied(changes, now_ms);
        match question {
            Some(question) => {
                self.wish = Some(Wish::News);
                self.hear_question(sender, question, theirs, bytes, now_ms);
            }
            None => self.hear_of(map, sender, &theirs, now_ms, random),
        }
        self.may_have_new_gaps = true;
        self.ask_about_gaps(map, now_ms, random);
        received
    }

    fn applied(&mut self, changes: Changes<K>, now_ms: u64) -> Received<K> {
        self.publish_own_drops(&changes, now_ms);
        if changes.is_empty() && changes.delta().is_empty() {
            Received::Heard
        } else {
            Received::Applied(changes.into())
        }
    }

    /// Takes a digest: compares its fingerprints with those of this state.
    fn hear_digest(
        &mut self,
        map: &mut RangeMap<K>,
        sender: ReplicaId,
        theirs: Fingerprints,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) {
        let ours = Fingerprints::of(map.state());
        if theirs == ours {
            self.sender_version = map.state().version().clone();
            if self.agreed != Some(ours) {
                (self.agreed, self.agreed_since_ms) = (Some(ours), now_ms);
            }
            // That one peer agrees says nothing of another whose content differs.
            let is_other = |inquiry: &Inquiry<K>| inquiry.is_doubt && inquiry.peer != Some(sender);
            self.end_if(|inquiry| inquiry.tries == 0 && !is_other(inquiry));
            // A peer that was asked already may still know more. But one that is silent is left for this one.
            let is_left = |inquiry: &&mut Inquiry<K>| {
                !inquiry.is_under_way() && !is_other(inquiry) || inquiry.tries > SILENT_TRIES
            };
            self.inquiry.as_mut().filter(is_left).into_iter().for_each(Inquiry::give_up);
            self.heard_of.clear();
            self.leave_turns(sender, map.state().version());
            self.digest_due_ms = self.next_digest_ms(now_ms, random);
            self.is_digest_own = false;
            if self.doubt.peer == Some(sender) {
                self.doubt = Doubt::default();
            }
            if map.is_to_settle() && self.others_agree && self.has_agreed(ours, now_ms) {
                // All that are there have the same from the retired replicas.
                map.settle();
                if map.is_to_clear() {
                    let cleared = map.clear_retired();
                    self.publish(&cleared);
                }
            }
            return;
        }
        let due_ms = now_ms.saturating_add(self.delay_ms(random));
        if theirs.version != ours.version {
            let is_idle = self.inquiry.as_ref().is_none_or(Inquiry::has_given_up);
            // A peer with the state that this replica had before may only lack news that is on the way to it.
            let news_ends_ms = self.news_ms.saturating_add(self.round_trip.mean_ms().unwrap_or(0));
            let is_on_the_way = self.agreed == Some(theirs) && now_ms < news_ends_ms;
            self.inquire(sender, if is_on_the_way { due_ms.max(news_ends_ms) } else { due_ms });
            if let Some(inquiry) = &mut self.inquiry {
                // If another digest differs too, its sender may know more.
                inquiry.digest = Some(theirs).filter(|theirs| is_idle || inquiry.digest == Some(*theirs));
            }
            return;
        }
        if self.inquiry.as_ref().is_none_or(Inquiry::has_given_up)
            && let Some(times) = self.doubt.look(sender, now_ms, self.config.digest_interval_ms)
        {
            let mut inquiry = self.inquiry.take().unwrap_or_else(|| Inquiry::new(None, due_ms));
            inquiry.begin_anew(Some(sender), due_ms);
            // Mostly the difference is something that one side has dropped.
            inquiry.doubt(times % 2 == 1);
            self.inquiry = Some(inquiry);
        }
    }

    /// Takes an announcement: what of it does not come by itself is asked for.
    fn hear_announce(&mut self, map: &RangeMap<K>, sender: ReplicaId, version: &Version, now_ms: u64) {
        if version.is_empty() {
            self.wish = Some(Wish::Announcements);
        }
        self.sender_version.join(version);
        if self.heard_of.is_news(version, map.state().version()) {
            let wait_ms = self.round_trip.turn_ms(self.config.delay_max_ms);
            self.inquire_heard(sender, version, now_ms.saturating_add(wait_ms));
        }
    }

    /// Merges who is retired, and nothing else, from any message, also from one of a retired sender: two replicas may have declared each
    /// other retired. A replica that learns that it is retired itself goes on under a new id.
    fn learn_retired(
        &mut self,
        map: &mut RangeMap<K>,
        message: &Message<K>,
        random: &mut impl FnMut() -> u64,
    ) {
        let mut retired = Retired::default();
        match message {
            Message::Delta(delta) => retired.join(delta.retired()),
            Message::Ask(ask) => retired.join(&ask.version.retired),
            Message::Meet(meet) => {
                let (Claim::Absolute(version) | Claim::Relative { more: version, .. }) = &meet.claim;
                retired.join(&version.retired);
                if let Answer::Complete(delta) = &meet.answer {
                    retired.join(delta.retired());
                }
            }
            Message::Digest(_) | Message::Presence(_) | Message::Announce(_) | Message::Drops(_) => {}
        }
        if !map.state().retired().includes(&retired) {
            map.merge(&Delta::retiring(retired));
            self.go_on_if_retired(map, random);
        }
    }
}
