//! The drops that a state names.

use smallvec::SmallVec;

use crate::causal::{CausalContext, Dot};
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::RegistrationId;
use crate::sort::sorted;
use crate::store;

/// A writer's record of a registration was dropped, the one born at `birth`, and with it all its earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Drop {
    pub(crate) birth: u64,
    /// The dot of the drop itself: of the same writer, or of who cleared up after it once it had retired. The birth itself if it is
    /// not known by which effect the record was dropped.
    pub(crate) stamp: Dot,
}

/// Drops in the order of registrations, writers, and replicas that dropped, the latest of each. They are few: most are told by the context alone before another is named.
#[derive(Clone, Debug)]
pub(crate) struct Drops<K> {
    named: Vec<NamedDrop<K>>,
    /// For each replica, in order, a dot before which there is none of its stamps, nor a birth that somebody else dropped. While no
    /// prefix gets there, there is nothing to forget.
    first_stamps: Vec<Dot>,
}

/// A drop with what was dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedDrop<K> {
    pub(crate) id: RegistrationId<K>,
    pub(crate) writer: ReplicaId,
    pub(crate) drop: Drop,
}

impl<K: Key> From<(&RegistrationId<K>, ReplicaId, Drop)> for NamedDrop<K> {
    fn from((id, writer, drop): (&RegistrationId<K>, ReplicaId, Drop)) -> Self {
        Self { id: id.clone(), writer, drop }
    }
}

impl<K: Key> NamedDrop<K> {
    /// By what drops are ordered. A writer and those who clear up after it may drop the same record without knowing of each other:
    /// each drop is pruned by itself, and so has to be kept by itself.
    pub(crate) fn key(&self) -> (&RegistrationId<K>, ReplicaId, ReplicaId) {
        (&self.id, self.writer, self.drop.stamp.replica)
    }

    /// The dots that the prefixes have to cover before the context tells the same. Of one writer, the stamp covers the birth.
    fn dots(&self) -> impl Iterator<Item = Dot> {
        let Drop { birth, stamp } = self.drop;
        let birth = (stamp.replica != self.writer).then_some(Dot { replica: self.writer, seq: birth });
        core::iter::once(stamp).chain(birth)
    }

    /// Whether the context tells the same by itself.
    pub(crate) fn is_told_by(&self, context: &CausalContext) -> bool {
        self.dots().all(|dot| dot.seq <= context.prefix(dot.replica))
    }
}

impl<K> Default for Drops<K> {
    fn default() -> Self {
        Self { named: Vec::new(), first_stamps: Vec::new() }
    }
}

/// Of equal drops, the first stamps may be known less well on one side.
impl<K: PartialEq> PartialEq for Drops<K> {
    fn eq(&self, other: &Self) -> bool {
        self.named == other.named
    }
}

impl<K: Eq> Eq for Drops<K> {}

impl<K: Key> Drops<K> {
    /// From drops in order, each of another registration or writer. O(n log n).
    pub(crate) fn from_ordered(named: Vec<NamedDrop<K>>) -> Self {
        let mut drops = Self { named, first_stamps: Vec::new() };
        drops.note_all_stamps();
        drops
    }

    pub(crate) fn len(&self) -> usize {
        self.named.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// The drops, ordered by registration, writer, and the stamp's replica.
    pub(crate) fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = (&RegistrationId<K>, ReplicaId, Drop)> + Clone {
        self.named().iter().map(|named| (&named.id, named.writer, named.drop))
    }

    /// The same.
    pub(crate) fn named(&self) -> &[NamedDrop<K>] {
        &self.named
    }

    /// A sum of hashes of all that is named. O(n).
    pub(crate) fn fingerprint(&self) -> u64 {
        let hash = |named: &NamedDrop<K>| {
            let (NamedDrop { id, writer, .. }, Drop { birth, stamp }) = (named, named.drop);
            store::hash_of(&(
                &id.range,
                id.node.as_str(),
                writer.get(),
                birth,
                stamp.replica.get(),
                stamp.seq,
            ))
        };
        self.named.iter().map(hash).fold(0, u64::wrapping_add)
    }

    /// Up to which birth that writer's records of a registration are known to be dropped by being named; 0 if none is. O(log n).
    pub(crate) fn last_birth(&self, id: &RegistrationId<K>, writer: ReplicaId) -> u64 {
        let from = self.named.partition_point(|named| (&named.id, named.writer) < (id, writer));
        let named = self.named[from..].iter().take_while(|named| (&named.id, named.writer) == (id, writer));
        named.map(|named| named.drop.birth).max().unwrap_or_default()
    }

    /// Names a drop, unless the context tells it by itself or a later one of the same record's writer is named already. O(log n)
    /// if it comes last, otherwise O(n).
    pub(crate) fn insert(
        &mut self,
        id: RegistrationId<K>,
        writer: ReplicaId,
        drop: Drop,
        context: &CausalContext,
    ) {
        let named = NamedDrop { id, writer, drop };
        if !named.is_told_by(context) {
            let dots: SmallVec<[Dot; 2]> = named.dots().collect();
            self.note_stamps(&dots);
            self.merge(&mut core::iter::once(named));
        }
    }

    /// Names the drops of `other` as well, but for those that the context tells by itself. O(n + m), less if all come after those
    /// that are here.
    pub(crate) fn join(&mut self, other: &Self, context: &CausalContext) {
        if other.is_empty() {
            return;
        }
        self.note_stamps(&other.first_stamps);
        self.merge(&mut other.named.iter().filter(|named| !named.is_told_by(context)).cloned());
    }

    /// Forgets the drops that the context tells by itself, now that it grew by dots of those replicas. O(log n) for each of them,
    /// and O(n log n) if a prefix has got to a stamp.
    pub(crate) fn prune(&mut self, mut grown: impl Iterator<Item = ReplicaId>, context: &CausalContext) {
        if self.is_empty() {
            return;
        }
        let is_reached = |replica| {
            let at = self.first_stamps.binary_search_by_key(&replica, |stamp| stamp.replica);
            at.is_ok_and(|at| self.first_stamps[at].seq <= context.prefix(replica))
        };
        if grown.any(is_reached) {
            self.forget_told_by(context);
        }
    }

    #[cold]
    fn forget_told_by(&mut self, context: &CausalContext) {
        self.named.retain(|named| !named.is_told_by(context));
        self.first_stamps.clear();
        self.note_all_stamps();
    }

    /// Where that drop is, or where it would have to be inserted.
    fn place_of(&self, key: (&RegistrationId<K>, ReplicaId, ReplicaId)) -> usize {
        self.named.partition_point(|named| named.key() < key)
    }

    /// Merges drops that come in order.
    #[cold]
    fn merge(&mut self, drops: &mut dyn Iterator<Item = NamedDrop<K>>) {
        let mut drops = drops.peekable();
        let Some(first) = drops.peek() else { return };
        let mut after = self.named.split_off(self.place_of(first.key())).into_iter().peekable();
        for drop in drops {
            while let Some(before) = after.next_if(|named| named.key() < drop.key()) {
                self.named.push(before);
            }
            let same = after.next_if(|named| named.key() == drop.key());
            self.named.push(same.filter(|same| same.drop > drop.drop).unwrap_or(drop));
        }
        self.named.extend(after);
    }

    fn note_all_stamps(&mut self) {
        let stamps: Vec<Dot> = self.named.iter().flat_map(NamedDrop::dots).collect();
        self.note_stamps(&stamps);
    }

    fn note_stamps(&mut self, stamps: &[Dot]) {
        self.first_stamps.extend_from_slice(stamps);
        self.first_stamps = sorted(&self.first_stamps, Dot::cmp);
        self.first_stamps.dedup_by_key(|stamp| stamp.replica);
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
        let drop = |birth, seq| Drop { birth, stamp: Dot { replica: writer, seq } };
        let mut context = CausalContext::default();
        let mut drops = Drops::default();
        drops.insert(second.clone(), writer, drop(4, 5), &context);
        for (birth, stamp) in [(2, 3), (6, 8), (2, 3)] {
            drops.insert(first.clone(), writer, drop(birth, stamp), &context);
        }
        assert_eq!(drops.last_birth(&first, writer), 6);
        context.insert_run(writer, 1, 7);
        let mut joined = Drops::default();
        joined.join(&drops, &context);
        drops.prune([writer].into_iter(), &context);
        assert_eq!(drops.iter().map(|(id, ..)| id).collect::<Vec<_>>(), [&first]);
        assert_eq!(joined, drops);
        context.insert_run(writer, 8, 8);
        drops.prune([writer].into_iter(), &context);
        assert_eq!(drops, Drops::default());
        drops.insert(first, writer, drop(6, 8), &context);
        assert!(drops.is_empty());
    }

    #[test]
    fn what_somebody_else_dropped_is_named_until_the_birth_is_covered_too() {
        let id = RegistrationId { range: KeyRange::from_start(5u64), node: NodeId::new("a").unwrap() };
        let [writer, other] = [1, 2].map(ReplicaId::new);
        let mut context = CausalContext::default();
        let mut drops = Drops::default();
        let drop = Drop { birth: 4, stamp: Dot { replica: other, seq: 3 } };
        drops.insert(id.clone(), writer, drop, &context);
        context.insert_run(other, 1, 3);
        drops.prune([other].into_iter(), &context);
        assert_eq!(drops.last_birth(&id, writer), 4);
        context.insert_run(writer, 1, 4);
        drops.prune([writer].into_iter(), &context);
        assert!(drops.is_empty());
    }
}
