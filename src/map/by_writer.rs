//! The registrations by the ephemeral writers that contributed to them: whose answer changes when such a writer comes or goes.

use crate::id::ReplicaId;
use crate::key::Key;
use crate::ordered::Ordered;
use crate::registration::RegistrationId;
use crate::store::{RowRef, Store};

/// In the order of writer, start, end and node. It may still have what a writer dropped since, but no more of it than of the rest. Copies
/// share most of it.
#[derive(Clone, Debug)]
pub(super) struct ByWriter<K> {
    all: Ordered<[(ReplicaId, RegistrationId<K>); 1]>,
    /// Beyond so many it is looked at which of them are left.
    purged_at: usize,
}

/// Of so few nothing is cleared up.
const PURGED_MIN: usize = 64;

impl<K: Key> ByWriter<K> {
    /// O(n + m log m) for m records of ephemeral writers.
    pub(super) fn new(store: &Store<K>) -> Self {
        let mut pairs = Vec::new();
        store.rows().for_each(|row| for_each_ephemeral(row, |writer| pairs.push((writer, row.id()))));
        pairs.sort();
        Self::of_sorted(pairs.into_iter())
    }

    fn of_sorted(pairs: impl Iterator<Item = (ReplicaId, RegistrationId<K>)>) -> Self {
        let mut all = Ordered::default();
        pairs.for_each(|pair| all.push(pair));
        let purged_at = 2 * all.len() + PURGED_MIN;
        Self { all, purged_at }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Makes it right again after those registrations changed. O(log n) each, amortised.
    pub(super) fn update(&mut self, store: &Store<K>, changed: &[RegistrationId<K>]) {
        for row in changed.iter().filter_map(|id| store.get(id)) {
            for_each_ephemeral(row, |writer| self.insert(writer, row.id()));
        }
        if self.all.len() > self.purged_at {
            let left = self.all.iter().filter(|(writer, id)| is_held(store, *writer, id)).cloned();
            *self = Self::of_sorted(left.collect::<Vec<_>>().into_iter());
        }
    }

    fn insert(&mut self, writer: ReplicaId, id: RegistrationId<K>) {
        let pair = (writer, id);
        let at = self.all.position_of(|other| *other < pair);
        if self.all.get(at) != Some(&pair) {
            self.all.insert(at, pair);
        }
    }

    /// Where a writer has a record, in order. O(log n) each.
    pub(super) fn of<'a>(
        &'a self,
        store: &'a Store<K>,
        writer: ReplicaId,
    ) -> impl Iterator<Item = &'a RegistrationId<K>> {
        let from = self.all.position_of(|(other, _)| *other < writer);
        let all = self.all.iter_from(from).take_while(move |(other, _)| *other == writer);
        all.map(|(_, id)| id).filter(move |id| is_held(store, writer, id))
    }

    /// The ephemeral writers that have a record somewhere, or had one a short while ago, in order. O(log n) each.
    pub(super) fn writers(&self) -> impl Iterator<Item = ReplicaId> {
        let mut next = self.all.first();
        core::iter::from_fn(move || {
            let writer = next?.0;
            next = self.all.get(self.all.position_of(|(other, _)| *other <= writer));
            Some(writer)
        })
    }
}

fn for_each_ephemeral<K: Key>(row: RowRef<'_, K>, mut visit: impl FnMut(ReplicaId)) {
    row.for_each_record(|writer, _| {
        if writer.is_ephemeral() {
            visit(writer);
        }
    });
}

fn is_held<K: Key>(store: &Store<K>, writer: ReplicaId, id: &RegistrationId<K>) -> bool {
    let mut is_held = false;
    if let Some(row) = store.get(id) {
        row.for_each_record(|other, _| is_held |= other == writer);
    }
    is_held
}
