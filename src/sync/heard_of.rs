//! What somebody is known to know, beyond what is known here.

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
    /// What it is.
    version: Version,
    /// Who knew of it last, and was not asked since.
    from: Option<ReplicaId>,
    /// Whether everybody was asked since then.
    is_all_asked: bool,
    /// How many inquiries ended since then without all of it.
    fruitless: u32,
    /// What peers know and cannot send. It is not asked for but when a digest differs.
    withheld: CausalContext,
}

impl HeardOf {
    /// A peer knows so much.
    pub(super) fn add(&mut self, peer: ReplicaId, version: &Version) {
        self.from = Some(peer);
        let news = version.without(&self.withheld);
        if !self.version.includes(&news) {
            self.version.join(&news);
            self.fruitless = 0;
            self.is_all_asked = false;
        }
    }

    /// A peer cannot send those.
    pub(super) fn withhold(&mut self, dots: &CausalContext) {
        if !dots.is_empty() {
            self.withheld.join(dots);
            self.version = self.version.without(&self.withheld);
        }
    }

    /// Forgets what was heard of.
    pub(super) fn clear(&mut self) {
        let withheld = core::mem::take(&mut self.withheld);
        *self = Self { withheld, ..Self::default() };
    }

    /// Whether a peer that knows that much could send something that is not known here.
    pub(super) fn is_news(&self, version: &Version, known: &Version) -> bool {
        !known.includes(version) && !known.includes(&version.without(&self.withheld))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.version.is_empty()
    }

    /// Whether who knows so much knows all of it.
    pub(super) fn is_known_in(&self, version: &Version) -> bool {
        version.includes(&self.version)
    }

    /// That peer, or `None` for everybody, has told all that it knows, and not all of this: whom to ask next, of whom else there is. Who told of it may be
    /// gone, so that it is asked about more and more rarely; and if nobody has more to tell, no more.
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
