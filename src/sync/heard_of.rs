//! What somebody is known to know, beyond what is known here.

use crate::causal::CausalContext;
use crate::id::ReplicaId;

#[derive(Clone, Debug, Default)]
pub(super) struct HeardOf {
    dots: CausalContext,
    /// Who knew of it last.
    from: Option<ReplicaId>,
    /// How many inquiries ended since then without all of it.
    fruitless: u32,
}

impl HeardOf {
    /// A peer knows so much.
    pub(super) fn add(&mut self, peer: ReplicaId, context: &CausalContext) {
        self.from = Some(peer);
        if !self.dots.includes(context) {
            self.dots.join(context);
            self.fruitless = 0;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.dots.is_empty()
    }

    /// Whether who knows so much knows all of it.
    pub(super) fn is_known_in(&self, context: &CausalContext) -> bool {
        context.includes(&self.dots)
    }

    /// An inquiry ended without all of it: whom to ask next. Who told of it may be gone, so that it is asked more and more rarely.
    pub(super) fn next(&mut self) -> Option<ReplicaId> {
        self.fruitless = self.fruitless.saturating_add(1);
        self.from
    }

    pub(super) fn fruitless(&self) -> u32 {
        self.fruitless
    }
}
