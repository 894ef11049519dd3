//! What a join reports while it runs.

use crate::id::{NodeId, ReplicaId};
use crate::key::{Key, KeyRange};
use crate::registration::{Entry, RegistrationId};
use crate::store::RowRef;

/// Takes reports of what a join changes, and of what it refuses.
pub(crate) trait JoinObserver<K> {
    /// The other side holds the registration so, and this one otherwise or not at all, whether that changes it or not. Of some that are the
    /// same, it is told as well.
    fn differs(&mut self, _theirs: RowRef<'_, K>) {}

    /// A registration was changed.
    fn joined(&mut self, joined: Joined<'_, K>);

    /// The other side carried a record that is known here to be dropped, of that writer and birth.
    fn stale(&mut self, _id: RegistrationId<K>, _writer: ReplicaId, _birth: u64) {}
}

/// A registration that a join changed.
pub(crate) struct Joined<'a, K> {
    pub(crate) start: &'a K,
    /// `None` if the range is unbounded.
    pub(crate) end: Option<&'a K>,
    pub(crate) node: &'a NodeId,
    /// The records that are left. May be left out of a registration with a single record that was never reset.
    pub(crate) entry: Option<&'a Entry>,
    /// The priority before.
    pub(crate) before: Option<u64>,
    /// The priority now.
    pub(crate) after: Option<u64>,
    /// The writers and births of records that are gone because the other side knew that they were dropped. Left out where the other
    /// side names them itself.
    pub(crate) dropped: &'a [(ReplicaId, u64)],
}

impl<K: Key> Joined<'_, K> {
    pub(crate) fn range(&self) -> KeyRange<K> {
        KeyRange::between(self.start.clone(), self.end.cloned())
    }
}

/// Ignores every report.
pub(crate) struct Unobserved;

impl<K> JoinObserver<K> for Unobserved {
    fn joined(&mut self, _: Joined<'_, K>) {}
}

/// Tells an observer of a changed row.
#[inline]
pub(super) fn report<K: Key>(
    observer: &mut dyn JoinObserver<K>,
    row: RowRef<'_, K>,
    entry: Option<&Entry>,
    [before, after]: [Option<u64>; 2],
    dropped: &[(ReplicaId, u64)],
) {
    let (start, end, node) = (row.start, row.end(), row.node());
    observer.joined(Joined { start, end, node, entry, before, after, dropped });
}
