//! What a join reports while it runs.

use crate::id::{NodeId, ReplicaId};
use crate::key::{Key, KeyRange};
use crate::life::Counted;
use crate::registration::{Entry, RegistrationId};
use crate::store::RowRef;

/// Takes reports of what a join changes, and of what it refuses.
pub(crate) trait JoinObserver<K> {
    /// The other side holds the registration so, and this one otherwise or not at all, whether that changes it or not. Of some that are the
    /// same, it is told as well.
    fn differs(&mut self, _theirs: RowRef<'_, K>) {}

    /// Who counts as of who is alive, if that is to be reported.
    fn counted(&self) -> Option<&Counted> {
        None
    }

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
    /// The same as of who is alive, if that is [asked for](JoinObserver::counted).
    pub(crate) living: Option<Living>,
    /// The writers and births of records that are gone because the other side knew that they were dropped. Left out where the other
    /// side names them itself.
    pub(crate) dropped: &'a [(ReplicaId, u64)],
}

/// What a join changed as of who is alive.
#[derive(Clone, Copy)]
pub(crate) struct Living {
    pub(crate) before: Option<u64>,
    pub(crate) after: Option<u64>,
    /// Whether a record that is left is bound to a life.
    pub(crate) is_bound: bool,
}

impl Living {
    /// What it is of a registration of that node that has these records now.
    pub(crate) fn of(before: Option<u64>, node: &NodeId, now: &Entry, counted: &Counted) -> Self {
        let is_bound = now.records().any(|(writer, _)| writer.is_ephemeral());
        Self { before, after: now.living_priority(node, counted), is_bound }
    }
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

/// Tells an observer of a row that came.
#[inline]
pub(super) fn report_new<K: Key>(observer: &mut dyn JoinObserver<K>, row: RowRef<'_, K>) {
    let (start, end, node, entry) = (row.start, row.end(), row.node(), row.entry_aside());
    let living = observer.counted().map(|counted| Living {
        before: None,
        after: row.living_priority(counted),
        is_bound: row.is_bound(),
    });
    observer.joined(Joined {
        start,
        end,
        node,
        entry,
        before: None,
        after: row.priority(),
        living,
        dropped: &[],
    });
}

/// Tells an observer of a row that has another entry now, and which records are gone.
pub(super) fn report<K: Key>(
    observer: &mut dyn JoinObserver<K>,
    row: RowRef<'_, K>,
    entry: &Entry,
    dropped: &[(ReplicaId, u64)],
) {
    let (start, end, node, before, after) =
        (row.start, row.end(), row.node(), row.priority(), entry.priority());
    let counted = observer.counted();
    let living = counted.map(|counted| Living::of(row.living_priority(counted), node, entry, counted));
    observer.joined(Joined { start, end, node, entry: Some(entry), before, after, living, dropped });
}
