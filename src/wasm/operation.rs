//! The operations on one registration, as values: what a method does, and what a list of operations holds.

use core::num::NonZeroU32;

use crate::delta::Delta;
use crate::id::NodeId;
use crate::key::KeyRange;
use crate::map::{RangeMap, WriteError};
use crate::registration::RegistrationId;

/// What to do with a registration.
#[derive(Clone, Copy)]
pub(super) enum Verb {
    Register,
    Release,
    Increase(NonZeroU32),
    Decrease(NonZeroU32),
}

/// What to do with which registration.
pub(super) struct Operation {
    pub(super) verb: Verb,
    pub(super) node: NodeId,
    pub(super) range: KeyRange<u64>,
}

impl Operation {
    pub(super) fn apply(&self, map: &mut RangeMap<u64>) -> Result<Delta<u64>, WriteError> {
        let Self { verb, node, range } = self;
        match verb {
            Verb::Register => map.register(node, range),
            Verb::Release => map.release(node, range),
            Verb::Increase(by) => map.increase(node, range, *by),
            Verb::Decrease(by) => map.decrease(node, range, *by),
        }
    }

    /// Whether it would be refused. Nothing that another operation does makes it so: keys and names here are short.
    pub(super) fn check(&self, map: &RangeMap<u64>) -> Result<(), WriteError> {
        map.check_write(Some(&RegistrationId { range: self.range.clone(), node: self.node.clone() }))
    }
}
