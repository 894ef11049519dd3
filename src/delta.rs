//! The lattice: an ordered store of entries with the causal context that they were learnt in.
//!
//! A full state and the delta of one operation are the same type; both are joined in the same way. What is absent from a
//! state although its context knows the birth of it has been dropped, and a join drops it on the other side too.
//!
//! A delta that carries a drop also names the registration ([`Drop`]), so that the receiver finds the record without looking
//! through everything it holds, and so that the drop is not mistaken when the births before it never arrived. Such a named drop
//! is kept only while its stamp lies beyond the contiguous prefix of the context: once the prefix covers the stamp it also
//! covers every earlier birth, and the context alone tells the same. Prefixes only grow, so this pruning commutes with joins.

mod drops;

use core::cmp::Ordering;
use std::collections::BTreeMap;

pub(crate) use self::drops::{Drop, Drops};
use crate::causal::{CausalContext, Dot};
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::{Entry, Record, RegistrationId};

/// A join-irreducible piece of state, or many of them: what an operation changed, or everything that a replica knows.
///
/// Joining ([`merge`](Self::merge)) is associative, commutative and idempotent, so deltas may arrive late, twice and in any
/// order. Two replicas that know the same hold equal states with equal [encodings](Self::encode).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta<K> {
    pub(crate) context: CausalContext,
    pub(crate) entries: BTreeMap<RegistrationId<K>, Entry>,
    pub(crate) drops: Drops<K>,
}

/// What the two sides of a join knew before it, by which each tells whether a record that it lacks was dropped.
struct Sides<'a, K> {
    here: (&'a CausalContext, &'a Drops<K>),
    there: (&'a CausalContext, &'a Drops<K>),
}

impl<K: Key> Sides<'_, K> {
    /// Joins their entry into ours, either of them possibly empty.
    fn join_entry(
        &self,
        id: &RegistrationId<K>,
        ours: &mut Entry,
        theirs: &Entry,
        observer: &mut impl JoinObserver<K>,
    ) {
        if ours == theirs {
            return;
        }
        let before = ours.priority();
        let dropped_here = |writer, record: &Record| has_dropped(self.here, id, writer, record.birth);
        let dropped_there = |writer, record: &Record| has_dropped(self.there, id, writer, record.birth);
        if ours.join(theirs, dropped_here, dropped_there) {
            observer(id, before, ours);
        }
    }

    /// What to hold of an entry that this side lacks.
    fn learn_entry(
        &self,
        id: &RegistrationId<K>,
        theirs: &Entry,
        observer: &mut impl JoinObserver<K>,
    ) -> Option<Entry> {
        let mut ours = Entry::default();
        self.join_entry(id, &mut ours, theirs, observer);
        (!ours.is_empty()).then_some(ours)
    }

    fn learn(
        &self,
        id: &RegistrationId<K>,
        theirs: &Entry,
        observer: &mut impl JoinObserver<K>,
    ) -> Option<(RegistrationId<K>, Entry)> {
        Some((id.clone(), self.learn_entry(id, theirs, observer)?))
    }
}

/// Whether a side that does not hold that record knows that it was dropped.
fn has_dropped<K: Key>(
    (context, drops): (&CausalContext, &Drops<K>),
    id: &RegistrationId<K>,
    writer: ReplicaId,
    birth: u64,
) -> bool {
    context.contains(Dot { replica: writer, seq: birth })
        || drops.get(id, writer).is_some_and(|drop| birth <= drop.birth)
}

/// Tells what became of an entry in a join: its id, its priority before, and the entry itself now (possibly empty).
pub(crate) trait JoinObserver<K>: FnMut(&RegistrationId<K>, Option<u64>, &Entry) {}

impl<K, F: FnMut(&RegistrationId<K>, Option<u64>, &Entry)> JoinObserver<K> for F {}

impl<K> Default for Delta<K> {
    fn default() -> Self {
        Self { context: CausalContext::default(), entries: BTreeMap::new(), drops: Drops::default() }
    }
}

impl<K: Key> Delta<K> {
    /// A message that only tells which dots are known. It is no state: joined like one, it would drop all that it claims.
    pub(crate) fn claiming(context: CausalContext) -> Self {
        Self { context, ..Self::default() }
    }

    /// Whether the delta carries nothing at all: no operation happened.
    pub fn is_empty(&self) -> bool {
        self.context.is_empty()
    }

    /// Which effects the delta carries or knows of.
    pub fn context(&self) -> &CausalContext {
        &self.context
    }

    /// Joins another delta or state into this one: afterwards this one carries what either did.
    ///
    /// O(m log n) for a delta of m registrations that carries all that it claims to know, as an operation's delta does, and
    /// O(n + m) for a whole state.
    ///
    /// ```
    /// use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    ///
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// let (node, range) = (NodeId::new("a").unwrap(), KeyRange::new(1u64, 5).unwrap());
    /// let mut both = map.register(&node, &range);
    /// both.merge(&map.increase(&node, &range, 3.try_into().unwrap()));
    ///
    /// let mut other = RangeMap::new(ReplicaId::new(2));
    /// other.merge(&both);
    /// assert_eq!(other.priority(&node, &range), Some(4));
    /// ```
    pub fn merge(&mut self, other: &Self) {
        self.join(other, &mut |_: &RegistrationId<K>, _: Option<u64>, _: &Entry| {});
    }

    /// [`merge`](Self::merge), telling the observer of each entry that changed.
    pub(crate) fn join(&mut self, other: &Self, observer: &mut impl JoinObserver<K>) {
        let is_small = other.entries.len() + other.drops.len() <= self.entries.len() / 8;
        if is_small && other.carries_all_it_claims() {
            self.join_touched(other, observer);
        } else {
            self.join_all(other, observer);
        }
        for (id, writer, drop) in other.drops.iter() {
            self.drops.insert(id.clone(), writer, drop);
        }
        self.context.join(&other.context);
        self.prune_drops(&other.context);
    }

    /// Joins only the registrations that `other` names; right if it claims to know nothing that it doesn't carry.
    fn join_touched(&mut self, other: &Self, observer: &mut impl JoinObserver<K>) {
        let Self { context, entries, drops } = self;
        let sides = Sides { here: (context, drops), there: (&other.context, &other.drops) };
        let absent = Entry::default();
        let dropped = other.drops.iter().map(|(id, ..)| id).filter(|id| !other.entries.contains_key(id));
        let touched = other.entries.iter().chain(dropped.map(|id| (id, &absent)));
        for (id, theirs) in touched {
            if let Some(ours) = entries.get_mut(id) {
                sides.join_entry(id, ours, theirs, observer);
                if ours.is_empty() {
                    entries.remove(id);
                }
            } else if let Some(ours) = sides.learn_entry(id, theirs, observer) {
                entries.insert(id.clone(), ours);
            }
        }
    }

    /// Joins two states by walking both in order.
    fn join_all(&mut self, other: &Self, observer: &mut impl JoinObserver<K>) {
        let Self { context, entries, drops } = self;
        let sides = Sides { here: (context, drops), there: (&other.context, &other.drops) };
        let absent = Entry::default();
        let mut theirs = other.entries.iter().peekable();
        let mut learnt = Vec::new();
        // `retain` visits in ascending order, so that both sides are walked in step.
        entries.retain(|id, ours| {
            let mut entry = &absent;
            while let Some((their_id, their_entry)) = theirs.peek() {
                match (*their_id).cmp(id) {
                    Ordering::Less => learnt.extend(sides.learn(their_id, their_entry, observer)),
                    Ordering::Equal => entry = *their_entry,
                    Ordering::Greater => break,
                }
                theirs.next();
            }
            sides.join_entry(id, ours, entry, observer);
            !ours.is_empty()
        });
        learnt.extend(theirs.filter_map(|(id, entry)| sides.learn(id, entry, observer)));
        // `append` rebuilds the whole tree, which only pays for many.
        if learnt.len() > entries.len() / 8 {
            entries.append(&mut learnt.into_iter().collect());
        } else {
            entries.extend(learnt);
        }
    }

    /// Adds what the drop claims and, as long as it needs to be named, the drop itself. O(log n).
    pub(crate) fn add_drop(&mut self, id: RegistrationId<K>, writer: ReplicaId, drop: Drop) {
        self.context.insert(Dot { replica: writer, seq: drop.birth });
        self.context.insert(Dot { replica: writer, seq: drop.stamp });
        self.drops.insert(id, writer, drop);
        self.drops.prune(writer, &self.context);
    }

    /// Adds an entry that is lacking, and claims its dots. O(its writers · log n).
    pub(crate) fn add_entry(&mut self, id: RegistrationId<K>, entry: Entry) {
        let mut claimed = CausalContext::default();
        entry.claim(&mut claimed);
        self.context.join(&claimed);
        self.entries.insert(id, entry);
        self.prune_drops(&claimed);
    }

    /// Forgets the named drops that the context tells by itself, now that it was joined with `joined`.
    fn prune_drops(&mut self, joined: &CausalContext) {
        if !self.drops.is_empty() {
            joined.replicas().for_each(|(replica, _)| self.drops.prune(replica, &self.context));
        }
    }

    /// The dots that the entries and the named drops claim by being there and of which `wanted` holds, in order, each once.
    pub(crate) fn carried_dots(&self, wanted: impl Fn(&Dot) -> bool) -> Vec<Dot> {
        let records = self.entries.values().flat_map(Entry::records);
        let drops = self
            .drops
            .iter()
            .flat_map(|(_, replica, drop)| [drop.birth, drop.stamp].map(|seq| Dot { replica, seq }));
        let carried = records.flat_map(|(writer, record)| record.dots(writer)).chain(drops);
        let mut dots: Vec<Dot> = carried.filter(wanted).collect();
        dots.sort_unstable();
        dots.dedup();
        dots
    }

    /// Whether every claimed dot is that of a record or drop that the delta carries. O(m log m).
    fn carries_all_it_claims(&self) -> bool {
        let carried_max =
            3 * (self.entries.values().map(|entry| entry.records().len()).sum::<usize>() + self.drops.len());
        let claimed: u64 = (self.context.replicas())
            .flat_map(|(_, runs)| runs.iter().map(|(first, last)| last - first + 1))
            .fold(0, u64::saturating_add);
        claimed <= carried_max as u64 && claimed == self.carried_dots(|_| true).len() as u64
    }

    /// The invariants that every state keeps; the decoder refuses bytes that break them.
    ///
    /// No entry is empty; what is carried is claimed; drops are named only beyond the prefix, and no record is older than the
    /// drop of its writer.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.entries.values().any(Entry::is_empty) {
            return Err("an entry without records");
        }
        for (id, entry) in &self.entries {
            for (writer, record) in entry.records() {
                if record.dots(writer).any(|dot| !self.context.contains(dot)) {
                    return Err("a record's dot that the context does not claim");
                }
                if self.drops.get(id, writer).is_some_and(|drop| record.birth <= drop.birth) {
                    return Err("a record that its writer has dropped");
                }
            }
        }
        for (_, writer, drop) in self.drops.iter() {
            let claims = |seq| self.context.contains(Dot { replica: writer, seq });
            if !claims(drop.birth) || !claims(drop.stamp) || drop.birth >= drop.stamp {
                return Err("a drop whose dots the context does not claim");
            }
            if drop.stamp <= self.context.prefix(writer) {
                return Err("a named drop that the context already tells");
            }
        }
        Ok(())
    }
}
