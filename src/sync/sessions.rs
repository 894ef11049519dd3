//! The sessions of comparing ranges in which a replica takes part: see [`super::compare`].

use std::collections::VecDeque;

use super::compare::{Compare, STEPS_MAX};
use super::{Config, Statistics};
use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::splits::Changes;

/// In how many sessions a replica takes part at a time.
const SESSIONS_MAX: usize = 8;

/// Sessions under way.
#[derive(Clone, Debug)]
pub(super) struct Sessions<K> {
    open: Vec<Session>,
    /// The next steps, to be sent.
    replies: VecDeque<Compare<K>>,
}

/// A session with another replica.
#[derive(Clone, Debug)]
struct Session {
    peer: ReplicaId,
    id: u32,
    /// The step that the peer is to send next.
    step: u8,
    /// What the peer knew when it began; told in its first step.
    theirs: CausalContext,
    /// Whether it told all that it named as dropped, without which its context may not be joined.
    is_whole: bool,
    /// What this replica knew when the peer told that, before any range was compared; and what the session brought since.
    ours: CausalContext,
    expires_ms: u64,
}

/// What a step of a session did.
pub(super) struct Stepped<K> {
    pub(super) changes: Changes<K>,
    pub(super) state: Progress,
}

/// How far a session is.
pub(super) enum Progress {
    /// It goes on.
    Open,
    /// It is done, and that context was joined.
    Joined(CausalContext),
    /// It is done, and something may still be lacking.
    Unjoined,
}

impl<K> Default for Sessions<K> {
    fn default() -> Self {
        Self { open: Vec::new(), replies: VecDeque::new() }
    }
}

impl<K: WireKey> Sessions<K> {
    /// Gives up those of which nothing was heard for too long.
    pub(super) fn expire(&mut self, now_ms: u64) {
        self.open.retain(|session| session.expires_ms > now_ms);
    }

    /// When each is given up.
    pub(super) fn deadlines(&mut self) -> impl Iterator<Item = &mut u64> {
        self.open.iter_mut().map(|session| &mut session.expires_ms)
    }

    /// Opens a session with a peer that said that it knows `asked`, and returns the first step.
    pub(super) fn open(
        &mut self,
        map: &RangeMap<K>,
        (peer, asked): (ReplicaId, &CausalContext),
        id: u32,
        (config, now_ms): (&Config, u64),
        statistics: &mut Statistics,
    ) -> Compare<K> {
        statistics.sessions_begun += 1;
        let session = Session::new(peer, id);
        self.remember(Session { step: 1, expires_ms: now_ms.saturating_add(config.session_ms), ..session });
        Compare::open(map, peer, id, asked, config.part_bytes_max())
    }

    /// Takes a step that the peer sent, unless it is not the next one: it was repeated, or the session given up.
    pub(super) fn step(
        &mut self,
        map: &mut RangeMap<K>,
        peer: ReplicaId,
        message: &Compare<K>,
        (config, now_ms): (&Config, u64),
        statistics: &mut Statistics,
    ) -> Option<Stepped<K>> {
        let mut session = self.take(peer, message)?;
        statistics.sessions_begun += u64::from(message.step == 0);
        if message.step < 2 {
            session.ours = map.state().context().clone();
            session.theirs = message.context.clone();
            session.is_whole = message.is_whole;
        }
        session.ours.join(&message.entries.context);
        let changes = message.apply(map, &session.theirs);
        let mut is_done = message.is_last();
        if !is_done {
            let reply = message.reply(map, peer, &session.theirs, config.part_bytes_max());
            is_done = reply.is_last();
            if self.replies.len() == SESSIONS_MAX {
                self.replies.pop_front();
            }
            self.replies.push_back(reply);
        }
        let state = if is_done {
            statistics.sessions_finished += 1;
            session.finish(map)
        } else {
            if message.step < STEPS_MAX {
                session.step = message.step + 2;
                session.expires_ms = now_ms.saturating_add(config.session_ms);
                self.remember(session);
            }
            Progress::Open
        };
        Some(Stepped { changes, state })
    }

    /// The next step to send.
    pub(super) fn next_reply(&mut self) -> Option<Compare<K>> {
        self.replies.pop_front()
    }

    /// Whether there is a step to send.
    pub(super) fn has_reply(&self) -> bool {
        !self.replies.is_empty()
    }

    fn remember(&mut self, session: Session) {
        if self.open.len() == SESSIONS_MAX {
            self.open.remove(0);
        }
        self.open.push(session);
    }

    /// The session to which that message belongs, if it is the next step.
    fn take(&mut self, peer: ReplicaId, message: &Compare<K>) -> Option<Session> {
        let id = message.session;
        let at = self.open.iter().position(|session| (session.peer, session.id) == (peer, id));
        match at {
            None if message.step == 0 => Some(Session::new(peer, id)),
            Some(at) if self.open[at].step == message.step => Some(self.open.remove(at)),
            _ => None,
        }
    }
}

impl Session {
    fn new(peer: ReplicaId, id: u32) -> Self {
        let (theirs, ours) = Default::default();
        Self { peer, id, step: 0, theirs, is_whole: false, ours, expires_ms: 0 }
    }

    /// Joins what the peer knew when the session began, now that all ranges are done: unless some of it came another way meanwhile,
    /// which may have put something back into a range that was done already.
    fn finish<K: WireKey>(self, map: &mut RangeMap<K>) -> Progress {
        let came_otherwise = map.state().context().difference(&self.ours);
        if self.is_whole && came_otherwise.intersection(&self.theirs).is_empty() {
            map.adopt(&self.theirs);
            Progress::Joined(self.theirs)
        } else {
            Progress::Unjoined
        }
    }
}
