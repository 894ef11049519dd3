//! The lattice of the states: the effects that are known, who is retired, and an ordered store of what is left of the effects.
//!
//! The first two, the [version](Version), are lattices of their own and are joined each by itself. The store is joined in the light of both
//! sides' contexts: what is absent from a state although its context knows the birth of it has been dropped, and a join drops it on the
//! other side too. Drops that the context does not imply have [tombstones](Tombstones). A full state and the delta of one operation are the
//! same type; both are joined in the same way.

use core::cell::RefCell;

use smallvec::SmallVec;

use crate::causal::{CausalContext, Dot};
use crate::id::{NodeId, ReplicaId};
use crate::key::Key;
use crate::registration::{Entry, Record, RegistrationId};
use crate::retired::Retired;
use crate::sort::sorted;
use crate::store::{Interner, JoinObserver, Joined, Living, RowRef, Side, Store, StoreBuilder, Unobserved};
use crate::tombstones::{RecordDrop, Tombstone, Tombstones};
use crate::version::Version;

/// Up to how many entries, drops and runs of dots are checked in a build with debug assertions.
const CHECKED_MAX: usize = 300;

/// A join-irreducible piece of state, or many of them: what an operation changed, or everything that a replica knows.
///
/// Joining ([`merge`](Self::merge)) is associative, commutative and idempotent, so deltas may arrive late, twice and in any
/// order. Two replicas that know the same hold equal states with equal [encodings](Self::encode).
#[derive(Clone, Debug)]
#[must_use = "a delta that is not sent to the others is lost to them"]
pub struct Delta<K> {
    /// What it claims: the dots, and beside them who is retired.
    pub(crate) version: Version,
    pub(crate) entries: Store<K>,
    pub(crate) tombstones: Tombstones<K>,
    /// Whether it is known to carry all that it claims; of a delta that is put together or changed but by the methods here, or
    /// joined, that is not known. It is no part of what the delta says.
    is_exact: bool,
}

impl<K: PartialEq> PartialEq for Delta<K> {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version && self.entries == other.entries && self.tombstones == other.tombstones
    }
}

impl<K: Eq> Eq for Delta<K> {}

impl<K> Default for Delta<K> {
    fn default() -> Self {
        Self::new(Version::default(), Store::default(), Tombstones::default())
    }
}

impl<K> Delta<K> {
    /// A delta of those parts.
    pub(crate) fn new(version: Version, entries: Store<K>, tombstones: Tombstones<K>) -> Self {
        Self { version, entries, tombstones, is_exact: false }
    }
}

impl<K: Key> Delta<K> {
    /// An empty delta, to be built from the entries and drops that are added to it, and known to claim nothing else.
    pub(crate) fn exact() -> Self {
        Self { is_exact: true, ..Self::default() }
    }

    /// Declares that those replicas write no more.
    pub(crate) fn retiring(retired: Retired) -> Self {
        Self::new(retired.into(), Store::default(), Tombstones::default())
    }

    /// Declares that those dots are lost, which nobody has sent. A state that still has records of them drops these.
    pub(crate) fn giving_up(lost: CausalContext) -> Self {
        Self::new(lost.into(), Store::default(), Tombstones::default())
    }

    /// Whether the delta carries nothing at all: no operation happened. O(1).
    pub fn is_empty(&self) -> bool {
        self.version.is_empty()
    }

    /// Which effects the delta carries or knows of, and who it knows to be retired: for a peer that is to tell what it
    /// [lacks](crate::RangeMap::delta_since). O(1).
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Which effects the delta carries or knows of. O(1).
    pub fn context(&self) -> &CausalContext {
        &self.version.context
    }

    /// Who the delta knows to be [retired](crate::RangeMap::retire). O(1).
    pub fn retired(&self) -> &Retired {
        &self.version.retired
    }

    /// Joins another delta or state into this one: afterwards this one carries what either did.
    ///
    /// O(m log n) for a delta of m registrations that carries all that it claims to know, as an operation's delta does, and
    /// O((n + m)/64 + 64 d) for a whole state that differs in d.
    ///
    /// ```
    /// use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    ///
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// let (node, range) = (NodeId::new("a").unwrap(), KeyRange::new(1u64, 5).unwrap());
    /// let mut both = map.register(&node, &range).unwrap();
    /// both.merge(&map.increase(&node, &range, 3.try_into().unwrap()).unwrap());
    ///
    /// let mut other = RangeMap::new(ReplicaId::new(2));
    /// other.merge(&both);
    /// assert_eq!(other.priority(&node, &range), Some(4));
    /// ```
    pub fn merge(&mut self, other: &Self) {
        self.join(other, &mut Unobserved);
    }

    /// [`merge`](Self::merge), telling the observer of each entry that changed.
    pub(crate) fn join(&mut self, other: &Self, observer: &mut dyn JoinObserver<K>) {
        self.is_exact = false;
        let is_small = || {
            let touched = other.entries.len() + other.tombstones.len();
            self.entries.holds_as_many_as(touched.saturating_mul(8))
        };
        if is_small() && (other.names_every_drop() || other.carries_all_it_claims()) {
            self.join_touched(other, observer);
        } else {
            let Self { version, entries, tombstones, .. } = self;
            let here = Side { context: &version.context, tombstones };
            let there = Side { context: other.context(), tombstones: &other.tombstones };
            entries.join(&other.entries, here, there, observer);
        }
        self.version.join(&other.version);
        self.tombstones.join(&other.tombstones, &self.version.context);
        self.prune_tombstones(other.context());
        self.debug_check();
    }

    /// Whether there is a tombstone for every drop that the context knows: only without prefixes is that so.
    fn names_every_drop(&self) -> bool {
        self.context().replicas().all(|(_, runs)| runs.prefix() == 0)
    }

    /// Joins only the registrations that `other` names; right if nothing else is to be concluded from its context.
    fn join_touched(&mut self, other: &Self, observer: &mut dyn JoinObserver<K>) {
        let there = Side { context: other.context(), tombstones: &other.tombstones };
        other.entries.for_each(|row| {
            observer.differs(row);
            self.join_entry(there, &row.id(), &row.entry(), observer);
        });
        for (id, ..) in other.tombstones.iter() {
            if other.entries.get(id).is_none() {
                self.join_entry(there, id, &Entry::default(), observer);
            }
        }
    }

    /// Takes everything that the version knows as known. Right only for who holds all that is left of it.
    pub(crate) fn adopt(&mut self, version: &Version) {
        self.is_exact = false;
        self.version.join(version);
        self.prune_tombstones(&version.context);
        self.debug_check();
    }

    /// Joins one entry of another side, possibly an empty one.
    fn join_entry(
        &mut self,
        there: Side<'_, K>,
        id: &RegistrationId<K>,
        theirs: &Entry,
        observer: &mut dyn JoinObserver<K>,
    ) {
        let Self { version, entries, tombstones, .. } = self;
        let here = Side { context: &version.context, tombstones };
        let stale = RefCell::new(SmallVec::<[(ReplicaId, u64); 1]>::new());
        entries.edit(id, &mut |ours| {
            let before = ours.priority();
            let living_before = observer.counted().map(|counted| ours.living_priority(&id.node, counted));
            let dropped_here = |writer, record: &Record| {
                let is_dropped = here.has_dropped(|| id.clone(), writer, record.birth);
                if is_dropped {
                    stale.borrow_mut().push((writer, record.birth));
                }
                is_dropped
            };
            let dropped_there =
                |writer, record: &Record| there.has_dropped(|| id.clone(), writer, record.birth);
            if ours.join(theirs, dropped_here, dropped_there) {
                let counted = observer.counted().zip(living_before);
                let living = counted.map(|(counted, before)| Living::of(before, &id.node, ours, counted));
                observer.joined(Joined {
                    start: id.range.start(),
                    end: id.range.end(),
                    node: &id.node,
                    entry: Some(ours),
                    before,
                    after: ours.priority(),
                    living,
                    dropped: &[],
                });
            }
        });
        for (writer, birth) in stale.into_inner() {
            observer.stale(id.clone(), writer, birth);
        }
    }

    /// Claims the dots of a drop, and adds a tombstone as long as the context does not imply the drop; it may be a bare one. Of
    /// that writer's records of the registration, none must be as old. O(log n).
    pub(crate) fn add_tombstone(&mut self, id: RegistrationId<K>, writer: ReplicaId, drop: RecordDrop) {
        let context = &mut self.version.context;
        context.insert(Dot { replica: writer, seq: drop.birth });
        context.insert(drop.stamp);
        self.is_exact &= self.tombstones.insert(id, writer, drop, context);
        self.is_exact &= !self.tombstones.prune([writer, drop.stamp.replica].into_iter(), context);
    }

    /// Whether a tombstone says anything new: there is a record that it drops, or it would be added to those that are here. O(log n).
    pub(crate) fn lacks(&self, tombstone: &Tombstone<K>) -> bool {
        let Tombstone { id, writer, drop } = tombstone;
        let record = self.entries.get(id).and_then(|row| row.entry().get(*writer).map(|record| record.birth));
        record.is_some_and(|birth| birth <= drop.birth) || self.tombstones.lacks(tombstone, self.context())
    }

    /// Adds an entry that is lacking, and claims its dots. O(its writers · log n).
    pub(crate) fn add_entry(&mut self, id: &RegistrationId<K>, entry: &Entry) {
        let mut claimed = CausalContext::default();
        entry.claim(&mut claimed);
        self.version.context.join(&claimed);
        let mut is_lacking = false;
        self.entries.edit(id, &mut |added| {
            is_lacking = added.is_empty();
            added.clone_from(entry);
        });
        self.is_exact &= is_lacking;
        self.prune_tombstones(&claimed);
    }

    /// Some of the rows of this state and some drops, both in order, in a delta that claims their dots alone. O(m log m + the nodes of
    /// the state).
    pub(crate) fn part(&self, rows: &[RowRef<'_, K>], tombstones: &[Tombstone<K>]) -> Self {
        let tables = self.entries.tables();
        let mut nodes: Vec<u32> = rows.iter().map(RowRef::node_number).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let nodes = sorted(&nodes, |a, b| tables.nodes.get(*a).cmp(tables.nodes.get(*b)));
        let mut numbers = vec![0; tables.nodes.len()];
        nodes.iter().zip(0..).for_each(|(node, number)| numbers[*node as usize] = number);
        let names: Vec<NodeId> = nodes.iter().map(|node| tables.nodes.get(*node).clone()).collect();
        let mut writers = Vec::new();
        rows.iter().for_each(|row| row.for_each_record(|writer, _| writers.push(writer)));
        writers.sort_unstable();
        writers.dedup();
        let mut builder = StoreBuilder::new(&names, &writers);
        for row in rows {
            let is_after = builder.push(&row.range(), numbers[row.node_number() as usize], row.entry());
            debug_assert!(is_after, "rows come in order");
        }
        let tombstones = Tombstones::from_ordered(tombstones.to_vec());
        let mut part = Self::new(Version::default(), builder.finish(), tombstones);
        let mut claimed = CausalContext::default();
        part.carried_dots(&CausalContext::default()).into_iter().for_each(|dot| claimed.insert(dot));
        part.adopt(&claimed.into());
        part
    }

    /// The last registration of which something is carried, by an entry or a drop. O(log n).
    pub(crate) fn last_id(&self) -> Option<RegistrationId<K>> {
        let last = self.entries.rows().last().map(|row| row.id());
        last.into_iter().chain(self.tombstones.iter().map(|(id, ..)| id.clone()).last()).max()
    }

    /// The first and the second half of what is carried, by registration, each claiming its own dots; `None` if it is all of one
    /// registration. O(m log m).
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        let rows: Vec<RowRef<'_, K>> = self.entries.rows().collect();
        let tombstones: Vec<Tombstone<K>> = self.tombstones.iter().map(Tombstone::from).collect();
        let ids = rows.iter().map(RowRef::id).chain(tombstones.iter().map(|drop| drop.id.clone()));
        let mut ids = sorted(&ids.collect::<Vec<_>>(), Ord::cmp);
        ids.dedup();
        let middle = ids.get(ids.len() / 2).filter(|_| ids.len() > 1)?;
        let at = rows.partition_point(|row| row.cmp_id(middle).is_lt());
        let drop_at = tombstones.partition_point(|drop| drop.id < *middle);
        Some((self.part(&rows[..at], &tombstones[..drop_at]), self.part(&rows[at..], &tombstones[drop_at..])))
    }

    /// Removes the tombstones that the context implies, now that it was joined with `joined`.
    fn prune_tombstones(&mut self, joined: &CausalContext) {
        if !self.tombstones.is_empty() {
            self.is_exact &=
                !self.tombstones.prune(joined.replicas().map(|(replica, _)| replica), &self.version.context);
        }
    }

    /// The dots that the entries and the tombstones claim by being there, but for those that the prefixes of `known` cover; in
    /// order, each once. O(n), and O(m log m) for m such dots.
    pub(crate) fn carried_dots(&self, known: &CausalContext) -> SmallVec<[Dot; 12]> {
        let prefixes = self.writer_prefixes(known);
        let writers = &self.entries.tables().writers;
        // Those of an operation's delta take no memory apart.
        let mut dots = SmallVec::new();
        self.entries.for_each(|row| match row.compact() {
            Some((writer, record)) if record.last <= prefixes[writer as usize] => {}
            Some((writer, record)) => dots.extend(record.dots(*writers.get(writer))),
            None => row.for_each_record(|writer, record| dots.extend(record.dots(writer))),
        });
        for (_, replica, drop) in self.tombstones.iter() {
            dots.extend([Dot { replica, seq: drop.birth }, drop.stamp]);
        }
        if !known.is_empty() {
            dots.retain(|dot: &mut Dot| dot.seq > known.prefix(dot.replica));
        }
        // Those of few registrations mostly are.
        if !dots.is_sorted() {
            dots = sorted(&dots, Dot::cmp).into();
        }
        dots.dedup();
        dots
    }

    /// Visits the births of the records, as far as the context knows them, with their writers. O(n).
    pub(crate) fn for_each_birth(&self, context: &CausalContext, mut visit: impl FnMut(ReplicaId, u64)) {
        let prefixes = self.writer_prefixes(context);
        let writers = &self.entries.tables().writers;
        for row in self.entries.rows() {
            match row.compact() {
                Some((writer, record)) if record.birth <= prefixes[writer as usize] => {
                    visit(*writers.get(writer), record.birth);
                }
                _ => row.for_each_record(|replica, record| {
                    if context.contains(Dot { replica, seq: record.birth }) {
                        visit(replica, record.birth);
                    }
                }),
            }
        }
    }

    /// For each writer of an entry, by its number, how far its dots are known to `context` without a gap.
    pub(crate) fn writer_prefixes(&self, context: &CausalContext) -> SmallVec<[u64; 4]> {
        let writers: &Interner<ReplicaId> = &self.entries.tables().writers;
        (0..writers.len() as u32).map(|number| context.prefix(*writers.get(number))).collect()
    }

    /// Notes that the delta carries all that it claims.
    pub(crate) fn note_exact(&mut self) {
        self.is_exact = true;
        debug_assert_eq!(self.count_claimed(), self.count_carried());
    }

    /// Whether every claimed dot is that of a record or drop that the delta carries. O(1) for one that an operation made, or that was
    /// read from bytes which claim nothing by themselves; else O(m log m).
    pub(crate) fn carries_all_it_claims(&self) -> bool {
        if self.is_exact {
            return true;
        }
        let claimed = self.count_claimed();
        let carriers = self.entries.records() + self.tombstones.len();
        claimed <= 3 * carriers as u64 && claimed == self.count_carried()
    }

    fn count_claimed(&self) -> u64 {
        self.context().tally().total
    }

    fn count_carried(&self) -> u64 {
        self.carried_dots(&CausalContext::default()).len() as u64
    }

    /// The invariants of the tombstones, which the decoder refuses to see broken: what they claim is claimed and not implied by
    /// the context already, and no record is as old as the drop of its writer. O(d log n) for d drops.
    pub(crate) fn check_tombstones(&self) -> Result<(), &'static str> {
        for named in self.tombstones.each() {
            let RecordDrop { birth, stamp } = named.drop;
            let born = Dot { replica: named.writer, seq: birth };
            let is_claimed = self.context().contains(born) && self.context().contains(stamp);
            if !is_claimed || stamp.replica == named.writer && birth > stamp.seq {
                return Err("a tombstone whose dots the context does not claim");
            }
            if named.is_implied_by(self.context()) {
                return Err("a tombstone that the context implies");
            }
            let mut is_dropped = false;
            if let Some(row) = self.entries.get(&named.id) {
                row.for_each_record(|owner, record| {
                    is_dropped |= owner == named.writer && record.birth <= birth
                });
            }
            if is_dropped {
                return Err("a record that its writer has dropped");
            }
        }
        Ok(())
    }

    /// In a build with debug assertions: checks the invariants, unless there is so much that nothing would be tested in time.
    fn debug_check(&self) {
        let is_small = || {
            self.entries.len() + self.tombstones.len() <= CHECKED_MAX
                && self.context().run_count() <= CHECKED_MAX
        };
        debug_assert!(!is_small() || self.check() == Ok(()), "{:?}", self.check());
    }

    /// The invariants that every state keeps: those of its parts, and that what is carried is claimed. O(n log n).
    fn check(&self) -> Result<(), &'static str> {
        self.entries.check()?;
        self.check_tombstones()?;
        let carried = self.carried_dots(&CausalContext::default());
        let is_claimed = carried.iter().all(|dot| self.context().contains(*dot));
        if is_claimed { Ok(()) } else { Err("a record's dot that the context does not claim") }
    }
}

/// All of them, [merged](Delta::merge).
impl<K: Key> Extend<Delta<K>> for Delta<K> {
    fn extend<T: IntoIterator<Item = Delta<K>>>(&mut self, deltas: T) {
        deltas.into_iter().for_each(|delta| self.merge(&delta));
    }
}

impl<'a, K: Key> Extend<&'a Delta<K>> for Delta<K> {
    fn extend<T: IntoIterator<Item = &'a Delta<K>>>(&mut self, deltas: T) {
        deltas.into_iter().for_each(|delta| self.merge(delta));
    }
}

impl<K: Key> FromIterator<Delta<K>> for Delta<K> {
    fn from_iter<T: IntoIterator<Item = Delta<K>>>(deltas: T) -> Self {
        let mut deltas = deltas.into_iter();
        let mut joined = deltas.next().unwrap_or_default();
        joined.extend(deltas);
        joined
    }
}

impl<'a, K: Key> FromIterator<&'a Delta<K>> for Delta<K> {
    fn from_iter<T: IntoIterator<Item = &'a Delta<K>>>(deltas: T) -> Self {
        let mut joined = Delta::default();
        joined.extend(deltas);
        joined
    }
}
