//! The protocol on a medium where everybody hears everybody.

mod hearing;

use self::hearing::learn_retired;
use super::message::{Ask, Fingerprints, Message, held};
use super::sessions::Sessions;
use super::{Config, IgnoreReason, Received, Statistics};
use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::map::RangeMap;

/// A question that is due at some time, and how often it will be asked if nobody answers.
#[derive(Clone, Copy, Debug)]
struct Question {
    due_ms: u64,
    tries_left: u32,
    /// Whether a delta may be what it asks for: it was asked, or it is about a gap.
    is_met_by_delta: bool,
}

/// An answer that is due at some time, unless somebody else gives it.
#[derive(Clone, Debug)]
struct Answer {
    due_ms: u64,
    /// What all who asked know, and what was said since.
    known: CausalContext,
    /// Who asked last, and with what.
    asker: ReplicaId,
    asked: Ask,
}

/// The protocol of one replica on a medium where everybody hears everybody. See the [module](super).
///
/// After each call, send what [`poll`](Self::poll) hands out until it hands out nothing, and call it again at
/// [`next_wake_ms`](Self::next_wake_ms).
///
/// ```
/// use crdt_range_map::sync::{Broadcast, Config, Received};
/// use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
///
/// let mut random = || 7; // use a real generator
/// let mut here = RangeMap::<u64>::new(ReplicaId::new(1));
/// let mut there = RangeMap::<u64>::new(ReplicaId::new(2));
/// let mut here_sync = Broadcast::join(Config::default(), 0, &mut random);
/// let mut there_sync = Broadcast::join(Config::default(), 0, &mut random);
///
/// here_sync.publish(&here.register(&NodeId::new("a").unwrap(), &KeyRange::new(1, 5).unwrap()));
/// let post = here_sync.poll(&here, 0, &mut random).unwrap();
/// let received = there_sync.receive(&mut there, &post, 0, &mut random);
/// assert!(matches!(received, Received::Applied(_)));
/// assert_eq!(here.state(), there.state());
/// ```
#[derive(Clone, Debug)]
pub struct Broadcast<K> {
    config: Config,
    /// What this replica did and has not sent yet.
    unposted: Delta<K>,
    /// What it dropped when it learnt of resets. That is not urgent, and goes along with something else or after a while.
    dropped: Delta<K>,
    dropped_due_ms: u64,
    is_held: bool,
    question: Option<Question>,
    /// Whether somebody was heard who knows the same and holds something else.
    is_contradicted: bool,
    /// What the latest asker said that it knows, if that was more than this replica did.
    heard_of: CausalContext,
    /// The gaps that were last asked about, so that a gap that nobody can fill is asked about once.
    gaps_asked: CausalContext,
    answer: Option<Answer>,
    sessions: Sessions<K>,
    digest_due_ms: u64,
    /// The latest time that was passed in.
    seen_ms: u64,
    /// What the last message told of what its sender knows.
    told: CausalContext,
    /// The delta that the last message was.
    heard: Option<Delta<K>>,
    statistics: Statistics,
}

impl<K: WireKey> Broadcast<K> {
    /// The protocol of a replica that has just come to the medium: it asks the others at once for what it lacks, and they ask
    /// back for what they lack.
    pub fn join(config: Config, now_ms: u64, random: &mut impl FnMut() -> u64) -> Self {
        let mut joined = Self {
            config,
            unposted: Delta::default(),
            dropped: Delta::default(),
            dropped_due_ms: 0,
            is_held: false,
            question: Some(Question { due_ms: now_ms, tries_left: config.tries_max, is_met_by_delta: false }),
            is_contradicted: false,
            heard_of: CausalContext::default(),
            gaps_asked: CausalContext::default(),
            answer: None,
            sessions: Sessions::default(),
            digest_due_ms: 0,
            seen_ms: now_ms,
            told: CausalContext::default(),
            heard: None,
            statistics: Statistics::default(),
        };
        joined.digest_due_ms = joined.next_digest_ms(now_ms, random);
        joined
    }

    /// Takes the delta of an own operation, or of a merge that did not come over the medium and its
    /// [`Changes::delta`](crate::Changes::delta), to be sent with the next [`poll`](Self::poll).
    pub fn publish(&mut self, delta: &Delta<K>) {
        self.unposted.merge(delta);
    }

    /// Holds back everything but what is [published](Self::publish), until it is [released](Self::release).
    ///
    /// For a replica that returns under the same id after a crash: nothing that it did may leave it before it is saved, or it
    /// would come back and use the same sequence numbers for something else. So hold while something is unsaved, and publish
    /// each operation once it is saved. Answers wait, since they tell all that is known.
    pub fn hold(&mut self) {
        self.is_held = true;
    }

    /// Ends what [`hold`](Self::hold) began.
    pub fn release(&mut self) {
        self.is_held = false;
    }

    /// What was sent and heard so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// What the last message told of what its sender knows.
    pub(super) fn take_told(&mut self) -> CausalContext {
        core::mem::take(&mut self.told)
    }

    /// The delta that the last message was, if it was one, with what this replica dropped in answer.
    pub(super) fn take_delta(&mut self) -> Option<Delta<K>> {
        self.heard.take()
    }

    /// When [`poll`](Self::poll) has something to do next, if nothing is received before. The greatest number there is while
    /// everything is [held](Self::hold) back.
    pub fn next_wake_ms(&self) -> u64 {
        if !self.unposted.is_empty() {
            return 0;
        }
        if self.is_held {
            return u64::MAX;
        }
        if self.sessions.has_reply() {
            return 0;
        }
        let dropped = if self.dropped.is_empty() { u64::MAX } else { self.dropped_due_ms };
        let question = self.question.map_or(u64::MAX, |question| question.due_ms);
        let answer = self.answer.as_ref().map_or(u64::MAX, |answer| answer.due_ms);
        self.digest_due_ms.min(question).min(answer).min(dropped)
    }

    /// Takes a message that came over the medium, from anybody. Costs what merging its delta costs and O(replicas that ever wrote), and
    /// O(n) at most for a step of a session.
    pub fn receive(
        &mut self,
        map: &mut RangeMap<K>,
        bytes: &[u8],
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        let now_ms = self.see(now_ms);
        self.statistics.messages_received += 1;
        self.statistics.bytes_received += bytes.len() as u64;
        self.told = CausalContext::default();
        self.heard = None;
        self.sessions.expire(now_ms);
        let read = self.read(map, bytes).and_then(|(sender, message)| {
            learn_retired(map, &message);
            // It may still ask, and so learn that it is retired.
            let carries = matches!(message, Message::Delta(_) | Message::Compare(_) | Message::Exchange(..));
            let is_refused = carries && map.state().context().is_retired(sender);
            if is_refused { Err(IgnoreReason::Retired) } else { Ok((sender, message)) }
        });
        match read {
            Ok((sender, message)) => self.handle(map, sender, message, now_ms, random),
            Err(reason) => {
                self.statistics.messages_ignored += 1;
                self.statistics.ignored[reason.index()] += 1;
                Received::Ignored(reason)
            }
        }
    }

    /// Hands out the next message to send, if any is due. Call it until there is none.
    pub fn poll(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        let now_ms = self.see(now_ms);
        loop {
            let bytes = self.next_message(map, now_ms, random)?;
            // What is too long reaches the others in sessions, when they see by a digest that they lack it.
            if bytes.len() <= self.config.message_bytes_max {
                self.count_post(&bytes);
                return Some(bytes);
            }
        }
    }

    /// The message that carries what [`Presence::poll`](super::Presence::poll) hands out. Also while it is [held](Self::hold): it
    /// tells nothing of the map.
    pub fn presence_message(&mut self, map: &RangeMap<K>, content: Vec<u8>) -> Vec<u8> {
        let bytes = Message::<K>::Presence(content).encode(map.replica());
        self.count_post(&bytes);
        bytes
    }

    fn count_post(&mut self, bytes: &[u8]) {
        self.statistics.messages_posted += 1;
        self.statistics.bytes_posted += bytes.len() as u64;
        self.statistics.posted[usize::from(bytes[4]) - 1] += 1;
    }

    /// Takes a clock that was set back into account: what is due is due as much earlier. Returns the time, but never one after
    /// which there is none for anything to be due.
    fn see(&mut self, now_ms: u64) -> u64 {
        let now_ms = now_ms.min(u64::MAX / 2);
        let back_ms = self.seen_ms.saturating_sub(now_ms);
        self.seen_ms = now_ms;
        if back_ms == 0 {
            return now_ms;
        }
        let question = self.question.as_mut().map(|question| &mut question.due_ms);
        let answer = self.answer.as_mut().map(|answer| &mut answer.due_ms);
        let sessions = self.sessions.deadlines();
        let due = [&mut self.digest_due_ms, &mut self.dropped_due_ms];
        for due_ms in due.into_iter().chain(question).chain(answer).chain(sessions) {
            *due_ms = due_ms.saturating_sub(back_ms);
        }
        now_ms
    }

    /// Answers what was asked: by a delta, or by a session if no delta can tell it.
    fn next_answer(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        let Answer { known, asker, asked, .. } = self.answer.take_if(|answer| answer.due_ms <= now_ms)?;
        let ours = map.state().context();
        let differs = asked.contradicts(map.state());
        if known.includes(ours) && !differs {
            return None;
        }
        let is_retired = ours.is_retired(asker);
        // Whoever is retired takes no part in sessions, since what it would say does not count.
        let told = map.delta_since(&known).or_else(|| is_retired.then(|| map.state().clone()));
        if !differs && let Some(delta) = told {
            let tells_dropped = delta.context.includes(&self.dropped.context);
            let message = if self.question.is_none() || ours.includes(&self.heard_of) {
                Message::Delta(delta)
            } else {
                Message::Exchange(delta, ours.clone())
            };
            let bytes = message.encode(map.replica());
            if bytes.len() <= self.config.message_bytes_max {
                if matches!(message, Message::Exchange(..)) {
                    self.has_asked(map, now_ms, random);
                }
                if tells_dropped {
                    self.dropped = Delta::default();
                }
                return Some(bytes);
            }
        }
        if is_retired {
            return Some(Message::Delta(Delta::<K>::claiming(ours.only_retired())).encode(map.replica()));
        }
        let at = (&self.config, now_ms);
        let asked = (asker, &asked.context);
        let compare = self.sessions.open(map, asked, random() as u32, at, &mut self.statistics);
        self.wait_for_session(now_ms);
        Some(Message::Compare(compare.into()).encode(map.replica()))
    }

    /// The session will bring what there is to ask for. Should it break off, it is asked then.
    fn wait_for_session(&mut self, now_ms: u64) {
        if let Some(question) = &mut self.question {
            question.due_ms = question.due_ms.max(now_ms.saturating_add(self.config.session_ms));
        }
    }

    fn next_message(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        let encode = |message: Message<K>| Some(message.encode(map.replica()));
        let is_due = self.dropped_due_ms <= now_ms && !self.dropped.is_empty();
        if !self.is_held && (is_due || !self.unposted.is_empty()) {
            self.unposted.merge(&core::mem::take(&mut self.dropped));
        }
        if !self.unposted.is_empty() {
            return encode(Message::Delta(core::mem::take(&mut self.unposted)));
        }
        if self.is_held {
            return None;
        }
        if let Some(reply) = self.sessions.next_reply() {
            return encode(Message::Compare(reply.into()));
        }
        if let Some(answer) = self.next_answer(map, now_ms, random) {
            return Some(answer);
        }
        if self.question.is_some_and(|question| question.due_ms <= now_ms) {
            self.has_asked(map, now_ms, random);
            let entries = core::mem::take(&mut self.is_contradicted).then(|| held(map.state()));
            return encode(Message::Ask(Ask { context: map.state().context.clone(), entries }));
        }
        if self.digest_due_ms <= now_ms {
            self.digest_due_ms = self.next_digest_ms(now_ms, random);
            return if map.is_retired() {
                None
            } else {
                encode(Message::Digest(Fingerprints::of(map.state())))
            };
        }
        None
    }

    /// Notes that the question was asked now, and when it is to be asked again.
    fn has_asked(&mut self, map: &RangeMap<K>, now_ms: u64, random: &mut impl FnMut() -> u64) {
        let tries_left = self.question.map_or(self.config.tries_max, |question| question.tries_left);
        let tries_left = tries_left.saturating_sub(1);
        let due_ms = now_ms.saturating_add(self.config.retry_ms).saturating_add(self.delay_ms(random));
        self.question = (tries_left > 0).then_some(Question { due_ms, tries_left, is_met_by_delta: true });
        if self.question.is_none() {
            // Given up, until somebody says again that there is more.
            self.heard_of = CausalContext::default();
        }
        self.gaps_asked = map.state().context().gaps();
    }

    /// Asks at that time, unless a question is waiting to be asked before.
    fn ask_by(&mut self, due_ms: u64, is_met_by_delta: bool) {
        let tries_left = self.config.tries_max;
        let due_ms = self.question.map_or(due_ms, |question| question.due_ms.min(due_ms));
        self.question = Some(Question { due_ms, tries_left, is_met_by_delta });
    }

    fn delay_ms(&self, random: &mut impl FnMut() -> u64) -> u64 {
        random() % self.config.delay_max_ms.saturating_add(1)
    }

    fn next_digest_ms(&self, now_ms: u64, random: &mut impl FnMut() -> u64) -> u64 {
        // Not none at all, or there would always be another digest to send.
        let interval_ms = self.config.digest_interval_ms.max(1);
        now_ms.saturating_add(interval_ms).saturating_add(random() % (interval_ms / 2 + 1))
    }
}
