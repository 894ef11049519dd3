//! What this replica has heard of and does not know: versions that peers claimed.

use crate::causal::CausalContext;
use crate::id::ReplicaId;
use crate::version::Version;

/// Whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Peer(ReplicaId),
    Everybody,
}

impl Next {
    /// The peer, `None` for everybody.
    pub(super) fn peer(self) -> Option<ReplicaId> {
        match self {
            Self::Peer(peer) => Some(peer),
            Self::Everybody => None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct HeardOf {
    /// What peers claimed to know.
    version: Version,
    /// The peer that claimed it last and was not asked since.
    from: Option<ReplicaId>,
    /// Whether everybody was asked since then.
    is_all_asked: bool,
    /// How many inquiries have ended since then without all of it.
    fruitless: u32,
    /// What peers know and cannot send. It is asked for only when a digest differs.
    withheld: CausalContext,
}

impl HeardOf {
    /// Notes that a peer claims that version.
    pub(super) fn add(&mut self, peer: ReplicaId, version: &Version) {
        self.from = Some(peer);
        let news = version.without(&self.withheld);
        if !self.version.includes(&news) {
            self.version.join(&news);
            self.fruitless = 0;
            self.is_all_asked = false;
        }
    }

    /// Notes that a peer cannot send what those dots brought.
    pub(super) fn withhold(&mut self, dots: &CausalContext) {
        if !dots.is_empty() {
            self.withheld.join(dots);
            self.version = self.version.without(&self.withheld);
        }
    }

    /// Forgets what peers claimed, but not what is withheld.
    pub(super) fn clear(&mut self) {
        let withheld = core::mem::take(&mut self.withheld);
        *self = Self { withheld, ..Self::default() };
    }

    /// Whether a peer of that version could send something that is not in `known`.
    pub(super) fn is_news(&self, version: &Version, known: &Version) -> bool {
        !known.includes(version) && !known.includes(&version.without(&self.withheld))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.version.is_empty()
    }

    /// Whether that version includes all that peers claimed.
    pub(super) fn is_known_in(&self, version: &Version) -> bool {
        version.includes(&self.version)
    }

    /// Whom to ask next, after an inquiry to `asked`, or to everybody if that is `None`, has ended without all of it. `has_others`: there
    /// are other peers to ask. `None`: nobody is left. The peer that claimed it may be gone, so it is asked for more and more rarely.
    pub(super) fn next(&mut self, asked: Option<ReplicaId>, has_others: bool) -> Option<Next> {
        self.fruitless = self.fruitless.saturating_add(1);
        if self.from == asked {
            self.from = None;
        }
        match self.from {
            Some(peer) => Some(Next::Peer(peer)),
            None if has_others && !self.is_all_asked => {
                self.is_all_asked = true;
                Some(Next::Everybody)
            }
            None => None,
        }
    }

    pub(super) fn fruitless(&self) -> u32 {
        self.fruitless
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_told_all_is_not_asked_again_and_then_everybody_once() {
        let [peer, other] = [7, 8].map(ReplicaId::new);
        let mut dots = CausalContext::default();
        dots.insert_run(ReplicaId::new(1), 1, 4);
        let mut heard_of = HeardOf::default();
        let version = dots.into();
        heard_of.add(peer, &version);
        assert_eq!(heard_of.next(Some(other), true), Some(Next::Peer(peer)));
        assert_eq!(heard_of.next(Some(peer), true), Some(Next::Everybody));
        assert_eq!(heard_of.next(None, true), None);
        heard_of.add(other, &version);
        assert_eq!(heard_of.next(Some(other), true), None, "it is no news");
    }
}
