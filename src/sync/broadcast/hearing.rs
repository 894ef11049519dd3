//! What a replica makes of the messages that it hears.

use super::{Answer, Broadcast};
use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::splits::Changes;
use crate::sync::compare::Compare;
use crate::sync::message::{Ask, Fingerprints, Message};
use crate::sync::sessions::Progress;
use crate::sync::{IgnoreReason, Received};

impl<K: WireKey> Broadcast<K> {
    pub(super) fn read(
        &self,
        map: &RangeMap<K>,
        bytes: &[u8],
    ) -> Result<(ReplicaId, Message<K>), IgnoreReason> {
        if bytes.len() > self.config.message_bytes_max {
            return Err(IgnoreReason::TooLong { bytes: bytes.len() });
        }
        let (sender, message) = Message::decode(bytes)?;
        if sender == map.replica() {
            return Err(IgnoreReason::OwnReplica);
        }
        Ok((sender, message))
    }

    pub(super) fn handle(
        &mut self,
        map: &mut RangeMap<K>,
        sender: ReplicaId,
        message: Message<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        match message {
            Message::Delta(delta) => self.merge(map, &delta, now_ms, random),
            Message::Exchange(delta, context) => {
                let received = self.merge(map, &delta, now_ms, random);
                self.asked(map, sender, Ask { context, entries: None }, now_ms, random);
                received
            }
            Message::Ask(asked) => {
                self.asked(map, sender, asked, now_ms, random);
                Received::Heard
            }
            Message::Compare(compare) => self.compare(map, sender, &compare, now_ms),
            Message::Digest(_) if map.state().context().is_retired(sender) => {
                // Whoever knows that it is retired sends none.
                let context = map.state().context().without_retired();
                self.asked(map, sender, Ask { context, entries: None }, now_ms, random);
                Received::Heard
            }
            Message::Digest(theirs) => {
                if theirs == Fingerprints::of(map.state()) {
                    self.told = map.state().context().clone();
                    self.question = None;
                    self.digest_due_ms = self.next_digest_ms(now_ms, random);
                } else {
                    self.is_contradicted = theirs.context == Fingerprints::of(map.state()).context;
                    self.ask_by(now_ms.saturating_add(self.delay_ms(random)), false);
                    if let (Some(question), true) = (&mut self.question, map.is_retired()) {
                        // What it knows alone will not be asked for; so it cannot tell whether it lacks anything.
                        question.tries_left = 1;
                    }
                }
                Received::Heard
            }
            Message::Presence(content) => Received::Presence(content),
        }
    }

    fn merge(
        &mut self,
        map: &mut RangeMap<K>,
        delta: &Delta<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        let changes = map.merge(delta);
        self.publish_dropped(&changes, now_ms);
        let mut heard = delta.clone();
        heard.merge(changes.delta());
        self.heard = Some(heard);
        self.learnt(map, &delta.context);
        let gaps = map.state().context().gaps();
        if self.gaps_asked.includes(&gaps) {
            let is_met = self.question.is_some_and(|question| question.is_met_by_delta);
            if is_met && self.heard_of.is_empty() {
                self.question = None;
            }
        } else if self.question.is_none() {
            // A delta before this one was lost or is late; give it as much time as a retry has.
            let due_ms = now_ms.saturating_add(self.config.retry_ms);
            self.ask_by(due_ms.saturating_add(self.delay_ms(random)), true);
        }
        Received::Applied(changes.into())
    }

    fn publish_dropped(&mut self, changes: &Changes<K>, now_ms: u64) {
        if self.dropped.is_empty() {
            self.dropped_due_ms = now_ms.saturating_add(self.config.retry_ms / 2);
        }
        self.dropped.merge(changes.delta());
    }

    /// Everybody has heard those dots: what is to be answered, and asked, is less.
    fn learnt(&mut self, map: &RangeMap<K>, said: &CausalContext) {
        self.told.join(said);
        let ours = map.state().context();
        if let Some(answer) = &mut self.answer {
            answer.known.join(said);
            if answer.known.includes(ours) {
                self.answer = None;
            }
        }
        if !self.heard_of.is_empty() && ours.includes(&self.heard_of) {
            self.heard_of = CausalContext::default();
            self.question = None;
        }
    }

    fn asked(
        &mut self,
        map: &RangeMap<K>,
        asker: ReplicaId,
        asked: Ask,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) {
        self.told.join(&asked.context);
        let ours = map.state().context();
        let knows_the_same = asked.context == *ours;
        if asked.contradicts(map.state()) || !asked.context.includes(ours) {
            let due_ms = now_ms.saturating_add(self.delay_ms(random));
            let (due_ms, known) = match self.answer.take() {
                Some(answer) => (answer.due_ms, answer.known.intersection(&asked.context)),
                None => (due_ms, asked.context.clone()),
            };
            self.answer = Some(Answer { due_ms, known, asker, asked: asked.clone() });
        }
        if !ours.includes(&asked.context) && !ours.is_retired(asker) {
            self.heard_of = asked.context;
            // An answer that is due carries the question too.
            let answer_ms = self.answer.as_ref().map(|answer| answer.due_ms);
            let due_ms = answer_ms.unwrap_or_else(|| now_ms.saturating_add(self.delay_ms(random)));
            self.ask_by(due_ms, false);
        } else if knows_the_same && let Some(question) = &mut self.question {
            // The same question was asked just now, and its answer will be heard here too.
            question.due_ms = question.due_ms.max(now_ms.saturating_add(self.config.retry_ms));
        }
    }

    /// Takes a step of a session.
    fn compare(
        &mut self,
        map: &mut RangeMap<K>,
        peer: ReplicaId,
        message: &Compare<K>,
        now_ms: u64,
    ) -> Received<K> {
        if message.to != map.replica() {
            if message.step == 0 && self.answer.as_ref().is_some_and(|answer| answer.asker == message.to) {
                // Somebody else serves the asker.
                self.answer = None;
            }
            return Received::Heard;
        }
        if message.step == 0 {
            // What is to be answered to the peer goes through the session.
            self.answer.take_if(|answer| answer.asker == peer);
        }
        let at = (&self.config, now_ms);
        let Some(stepped) = self.sessions.step(map, peer, message, at, &mut self.statistics) else {
            return Received::Heard;
        };
        // At once: otherwise the session would find the difference, and tell it again.
        self.publish_dropped(&stepped.changes, now_ms);
        self.dropped_due_ms = now_ms;
        match stepped.state {
            Progress::Open => self.wait_for_session(now_ms),
            Progress::Joined(theirs) => {
                self.question = None;
                self.learnt(map, &theirs);
            }
            Progress::Unjoined => {
                self.question = None;
                self.ask_by(now_ms.saturating_add(self.config.retry_ms), false);
            }
        }
        Received::Applied(stepped.changes.into())
    }
}

/// Takes who is retired, and nothing else, from any message: who is retired may say it too, of somebody who says so of it.
pub(super) fn learn_retired<K: WireKey>(map: &mut RangeMap<K>, message: &Message<K>) {
    let contexts = match message {
        Message::Delta(delta) => [Some(&delta.context), None],
        Message::Ask(asked) => [Some(&asked.context), None],
        Message::Compare(compare) => [Some(&compare.context), None],
        Message::Exchange(delta, context) => [Some(&delta.context), Some(context)],
        Message::Digest(_) | Message::Presence(_) => [None, None],
    };
    for context in contexts.into_iter().flatten() {
        let retired = context.only_retired();
        if !map.state().context().includes(&retired) {
            map.merge(&Delta::claiming(retired));
        }
    }
}
