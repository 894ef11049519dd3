//! The drops that a state names.

use std::collections::{BTreeMap, BTreeSet};

use crate::causal::{CausalContext, Dot};
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::RegistrationId;

/// A writer dropped its record of a registration, the one born at `birth`, and with it all its earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Drop {
    pub(crate) birth: u64,
    /// The sequence number of the drop itself, of the same writer.
    pub(crate) stamp: u64,
}

/// Drops by registration and writer, and by stamp, so that those that a grown prefix covers are found without a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drops<K> {
    by_registration: BTreeMap<(RegistrationId<K>, ReplicaId), Drop>,
    /// The registrations of each stamp: one, unless somebody forged it.
    by_stamp: BTreeMap<Dot, BTreeSet<RegistrationId<K>>>,
}

impl<K> Default for Drops<K> {
    fn default() -> Self {
        Self { by_registration: BTreeMap::new(), by_stamp: BTreeMap::new() }
    }
}

impl<K: Key> Drops<K> {
    pub(crate) fn len(&self) -> usize {
        self.by_registration.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_registration.is_empty()
    }

    /// The drops, ordered by registration and writer.
    pub(crate) fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = (&RegistrationId<K>, ReplicaId, Drop)> + Clone {
        self.by_registration.iter().map(|((id, writer), drop)| (id, *writer, *drop))
    }

    /// The drop of that writer, if one is named. O(log n), O(1) if there is none at all.
    pub(crate) fn get(&self, id: &RegistrationId<K>, writer: ReplicaId) -> Option<Drop> {
        if self.is_empty() { None } else { self.by_registration.get(&(id.clone(), writer)).copied() }
    }

    /// Names a drop, unless a later one of the same record's writer is named already. O(log n).
    pub(crate) fn insert(&mut self, id: RegistrationId<K>, writer: ReplicaId, drop: Drop) {
        let before = self.get(&id, writer);
        if before >= Some(drop) {
            return;
        }
        if let Some(before) = before {
            self.forget_stamp(Dot { replica: writer, seq: before.stamp }, &id);
        }
        self.by_stamp.entry(Dot { replica: writer, seq: drop.stamp }).or_default().insert(id.clone());
        self.by_registration.insert((id, writer), drop);
    }

    /// Forgets the drops whose stamps the context's prefix of that writer covers. O(log n), and so for each that it forgets.
    pub(crate) fn prune(&mut self, writer: ReplicaId, context: &CausalContext) {
        let covered = Dot { replica: writer, seq: 0 }..=Dot { replica: writer, seq: context.prefix(writer) };
        while let Some((stamp, _)) = self.by_stamp.range(covered.clone()).next() {
            let stamp = *stamp;
            for id in self.by_stamp.remove(&stamp).unwrap_or_default() {
                self.by_registration.remove(&(id, writer));
            }
        }
    }

    fn forget_stamp(&mut self, stamp: Dot, id: &RegistrationId<K>) {
        if let Some(ids) = self.by_stamp.get_mut(&stamp) {
            ids.remove(id);
            if ids.is_empty() {
                self.by_stamp.remove(&stamp);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;
    use crate::key::KeyRange;

    #[test]
    fn only_the_latest_drop_is_named_and_only_until_the_prefix_covers_it() {
        let [first, second] = [5u64, 7].map(|start| RegistrationId {
            range: KeyRange::from_start(start),
            node: NodeId::new("a").unwrap(),
        });
        let writer = ReplicaId::new(1);
        let mut drops = Drops::default();
        drops.insert(first.clone(), writer, Drop { birth: 2, stamp: 3 });
        drops.insert(first.clone(), writer, Drop { birth: 6, stamp: 8 });
        drops.insert(first.clone(), writer, Drop { birth: 2, stamp: 3 });
        drops.insert(second.clone(), writer, Drop { birth: 4, stamp: 5 });
        assert_eq!(drops.get(&first, writer), Some(Drop { birth: 6, stamp: 8 }));
        let mut context = CausalContext::default();
        context.insert_run(writer, 1, 7);
        drops.prune(writer, &context);
        assert_eq!(drops.iter().map(|(id, ..)| id).collect::<Vec<_>>(), [&first]);
        context.insert_run(writer, 8, 8);
        drops.prune(writer, &context);
        assert_eq!(drops, Drops::default());
    }
}
