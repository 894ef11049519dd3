//! Questions to the map: all of it, a key, or a window of keys. All answers are computed from the visible registrations.

use core::borrow::Borrow;

use super::{RangeMap, id};
use crate::id::NodeId;
use crate::key::{Key, KeyRange, LeastKey};
use crate::registration::Registration;
use crate::splits::{Answer, Owners, Piece, Routing, Split, Splits, SplitsIn};
use crate::store::RowRef;

impl<K: Key> RangeMap<K> {
    /// The registration's priority, 1 or more, or `None` if it is not visible. O(log n + its writers).
    pub fn priority(&self, node: &NodeId, range: &KeyRange<K>) -> Option<u64> {
        self.state.entries.get(&id(node, range)).and_then(|row| row.priority())
    }

    /// The visible registrations, ordered by start, end and node. O(its writers) for each that the state holds, visible or not.
    pub fn registrations(&self) -> impl Iterator<Item = Registration<K>> + '_ {
        self.state.entries.rows().filter_map(visible)
    }

    /// The visible registrations that serve some key of the range, ordered by start, end and node.
    ///
    /// O((1 + k) log n) for the k that cover its first key, and O(its writers) for each other that begins in it, visible or not.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
    /// # let range = |start, end| KeyRange::new(start, end).unwrap();
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// _ = map.register(&"a".parse()?, &range(0, 100))?;
    /// _ = map.register(&"b".parse()?, &range(50, 60))?;
    /// let within = |start, end| map.registrations_in(&range(start, end)).map(|one| one.to_string()).collect::<Vec<_>>();
    /// assert_eq!(within(55, 70), ["[0, 100) a:1", "[50, 60) b:1"]);
    /// assert_eq!(within(60, 70), ["[0, 100) a:1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn registrations_in(
        &self,
        range: &KeyRange<K>,
    ) -> impl Iterator<Item = Registration<K>> + use<'_, K> {
        self.rows_in(range).filter_map(visible)
    }

    /// The registrations, visible or not, that have some key of the range, in order.
    pub(super) fn rows_in(&self, range: &KeyRange<K>) -> impl Iterator<Item = RowRef<'_, K>> + use<'_, K> {
        let (store, range) = (&self.state.entries, range.clone());
        let mut covering: Vec<RowRef<'_, K>> = Vec::new();
        store.stab(range.start(), |row| covering.push(row));
        let from = range.start().clone();
        let starting = store.rows_from(range.start()).skip_while(move |row| *row.start() == from);
        let starting = starting.take_while(move |row| range.end().is_none_or(|end| row.start() < end));
        covering.into_iter().chain(starting)
    }

    /// The visible registrations of a node, ordered by start and end.
    ///
    /// O(log n + s) for s of them. The first question about nodes ever takes O(n log n) and about 60 bytes of memory a registration from
    /// then on; after that, each change of a registration since the last one takes O(log n).
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// let (a, b): (NodeId, NodeId) = ("a".parse()?, "b".parse()?);
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// _ = map.register(&a, &KeyRange::new(50, 60)?)?;
    /// _ = map.register(&a, &KeyRange::new(0, 100)?)?;
    /// let ranges: Vec<String> = map.registrations_of(&a).map(|one| one.range.to_string()).collect();
    /// assert_eq!(ranges, ["[0, 100)", "[50, 60)"]);
    /// assert_eq!(map.registrations_of(&b).count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn registrations_of(&self, node: &NodeId) -> impl Iterator<Item = Registration<K>> + use<'_, K> {
        self.cache.by_node(&self.state.entries).of(node).cloned()
    }

    /// The nodes with a visible registration, by name. O(log n) each, after what [`registrations_of`](Self::registrations_of) takes to
    /// be up to date.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeId> {
        self.cache.by_node(&self.state.entries).nodes()
    }

    /// The maximal ranges of keys with the same owners in the same order, in key order, without the gaps.
    ///
    /// O(1) if nothing visible has changed since the last call. Otherwise what [`owners`](Self::owners) takes to bring the splits up
    /// to date, and O(n + o) time and memory for the o owners of all splits together, as they are all written out: about nk, up to n²
    /// for n ranges that all overlap. [`splits_in`](Self::splits_in) and [`for_each_split`](Self::for_each_split) write nothing out:
    /// `splits_in(&KeyRange::full())` is a view of them all.
    pub fn splits(&self) -> &Splits<K> {
        self.cache.splits(&self.state.entries)
    }

    /// Visits what [`splits`](Self::splits) lists, without memory for more than one split at a time. O(n) and what changes from each
    /// split to the next, mostly one owner, after what [`owners`](Self::owners) takes to bring the splits up to date.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// _ = map.register(&NodeId::new("a").unwrap(), &KeyRange::new(0, 100).unwrap()).unwrap();
    /// _ = map.register(&NodeId::new("b").unwrap(), &KeyRange::new(40, 60).unwrap()).unwrap();
    /// let mut longest = 0;
    /// map.for_each_split(|split| longest = longest.max(split.owners.len()));
    /// assert_eq!(longest, 2);
    /// ```
    pub fn for_each_split(&self, visit: impl FnMut(Split<'_, K>)) {
        self.agreed().for_each_split(visit);
    }

    /// What the range holds of [`splits`](Self::splits): the first and the last may be cut by it. A view, of which nothing is written
    /// out; of all splits it is `splits_in(&KeyRange::full())`.
    ///
    /// O(log n), and O(k) for each split with k owners, after what [`owners`](Self::owners) takes to bring the splits up to date.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
    /// # let range = |start, end| KeyRange::new(start, end).unwrap();
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// _ = map.register(&"a".parse()?, &range(0, 100))?;
    /// _ = map.register(&"b".parse()?, &range(40, 60))?;
    /// let shown: Vec<String> = map.splits_in(&range(10, 50)).iter().map(|split| split.to_string()).collect();
    /// assert_eq!(shown, ["[10, 40) a:1", "[40, 50) a:1 b:1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn splits_in(&self, range: &KeyRange<K>) -> SplitsIn<'_, K> {
        self.agreed().splits_in(range)
    }

    /// The answer that all who know the same agree on, beside [`living`](Self::living): for code that asks either. Its questions are those
    /// of the map itself, and cost the same. To bring the splits up to date takes what it takes with [`owners`](Self::owners).
    #[inline]
    pub fn agreed(&self) -> Answer<'_, K> {
        let store = &self.state.entries;
        Answer::new(self.cache.index(store), &store.tables().nodes)
    }

    /// The nodes that serve `key`, in order of preference: by priority, the highest first, then by name.
    ///
    /// O(log n + k) while the splits are up to date. To bring them up to date takes O(n log k) for the first call ever, and then
    /// O((b + k) log n) for the b splits that changes touched since the last call.
    ///
    /// The key may be borrowed as in the standard library's maps: a `String` by a `&str`, without a copy.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
    /// let mut map = RangeMap::<String>::new(ReplicaId::new(1));
    /// _ = map.register(&"node-a".parse()?, &KeyRange::from("k".to_string()..))?;
    /// assert_eq!(map.owners("key").len(), 1);
    /// assert!(map.owners("ark").is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn owners<Q: Ord + ?Sized>(&self, key: &Q) -> Owners
    where
        K: Borrow<Q>,
    {
        self.agreed().owners(key)
    }

    /// Whom to go to for `key`: its owners arranged for action, the first `wanted` of them. Replicas that know the same choose alike.
    ///
    /// [`owners`](Self::owners) names the same node first for each key of a split; here [equal ones share](Routing) the keys, and one node
    /// more or less moves no keys but its share.
    ///
    /// O(log n + k) for the first of k owners, O(log n + k log k) for more, after what [`owners`](Self::owners) takes to bring the splits up to date.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId, Routing};
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// for node in ["a", "b", "c"] {
    ///     _ = map.register(&node.parse()?, &KeyRange::from(0..))?;
    /// }
    /// let first = |key: u64| map.route(&key, Routing::Preferred, 1)[0].node.clone();
    /// let shares = ["a", "b", "c"].map(|node| (0..3_000).filter(|key| first(*key).as_str() == node).count());
    /// assert!(shares.iter().all(|share| (900..1_100).contains(share)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn route(&self, key: &K, routing: Routing, wanted: usize) -> Owners {
        self.agreed().route(key, routing, wanted)
    }

    /// The same, but those come first that are apart by an attribute of their nodes, such as a zone: whoever shares its value with one
    /// before comes after all that do not. So as many of the first `wanted` are apart as can be, and there are `wanted` of them if there
    /// are as many owners at all.
    ///
    /// O(log n + k²) for k owners, after what [`owners`](Self::owners) takes to bring the splits up to date.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId, Routing};
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// for node in ["east-1", "east-2", "west-1"] {
    ///     _ = map.register(&node.parse()?, &KeyRange::from(0..))?;
    /// }
    /// let zone = |node: &NodeId| node.as_str()[..4].to_owned();
    /// let two = map.route_apart(&7, Routing::Preferred, 2, zone);
    /// assert_ne!(zone(&two[0].node), zone(&two[1].node));
    /// assert_eq!(map.route_apart(&7, Routing::Preferred, 3, zone).len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn route_apart<A: PartialEq>(
        &self,
        key: &K,
        routing: Routing,
        wanted: usize,
        attribute: impl FnMut(&NodeId) -> A,
    ) -> Owners {
        self.agreed().route_apart(key, routing, wanted, attribute)
    }

    /// The nodes that serve some key of the range, each once with the highest priority that it has there, in order of preference.
    ///
    /// O(log n + (s + k) log (s + k)) for the s splits in the range and the k owners of its first key, after what
    /// [`owners`](Self::owners) takes to bring the splits up to date.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
    /// # let range = |start, end| KeyRange::new(start, end).unwrap();
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// _ = map.register(&"a".parse()?, &range(0, 100))?;
    /// _ = map.increase(&"b".parse()?, &range(40, 60), 3.try_into()?)?;
    /// let owners: Vec<String> = map.owners_in(&range(50, 200)).iter().map(|owner| owner.to_string()).collect();
    /// assert_eq!(owners, ["b:3", "a:1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn owners_in(&self, range: &KeyRange<K>) -> Owners {
        self.agreed().owners_in(range)
    }

    /// The maximal ranges of keys that nobody serves, in key order. O(n) in all, once the splits are known.
    pub fn gaps(&self) -> impl Iterator<Item = KeyRange<K>> + use<'_, K>
    where
        K: LeastKey,
    {
        self.gaps_in(&KeyRange::full())
    }

    /// What the range holds of the keys that nobody serves, as maximal ranges in key order. Costs as
    /// [`served_by_fewer_than`](Self::served_by_fewer_than).
    pub fn gaps_in(&self, range: &KeyRange<K>) -> impl Iterator<Item = KeyRange<K>> + use<'_, K> {
        self.served_by_fewer_than(1, range)
    }

    /// What the range holds of the keys that fewer than `count` nodes serve, as maximal ranges in key order: where one more node has to
    /// be found. Gaps belong to it, unless `count` is 0.
    ///
    /// O(log n + s) for the s splits and gaps of the range, however many owners they have, after what [`owners`](Self::owners) takes to
    /// bring the splits up to date.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
    /// # let range = |start, end| KeyRange::new(start, end).unwrap();
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// _ = map.register(&"a".parse()?, &range(0, 100))?;
    /// _ = map.register(&"b".parse()?, &range(40, 60))?;
    /// assert!(map.served_by_fewer_than(2, &range(0, 120)).eq([range(0, 40), range(60, 120)]));
    /// assert!(map.served_by_more_than(1, &range(0, 50)).eq([range(40, 50)]));
    /// assert!(map.gaps_in(&range(90, 120)).eq([range(100, 120)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn served_by_fewer_than(
        &self,
        count: usize,
        range: &KeyRange<K>,
    ) -> impl Iterator<Item = KeyRange<K>> + use<'_, K> {
        self.agreed().served_by_fewer_than(count, range)
    }

    /// What the range holds of the keys that more than `count` nodes serve, as maximal ranges in key order: where one could go. Costs as
    /// [`served_by_fewer_than`](Self::served_by_fewer_than).
    pub fn served_by_more_than(
        &self,
        count: usize,
        range: &KeyRange<K>,
    ) -> impl Iterator<Item = KeyRange<K>> + use<'_, K> {
        self.agreed().served_by_more_than(count, range)
    }

    /// The range in as few pieces as can be, in key order, each served by one node throughout; what nobody serves is a piece without a
    /// node. All replicas that know the same answer the same.
    ///
    /// Each piece reaches as far as any node does that owns its first key without a break; of several that reach as far it names the
    /// one that comes first among that key's [`owners`](Self::owners). If every node owns one unbroken part of the range, this is also
    /// a smallest set of nodes that serve together what is served of it. A node that owns several parts may be named several times, and
    /// then there may be a smaller set: to find it is the set cover problem, which is NP-hard (Karp, "Reducibility among combinatorial
    /// problems", 1972).
    ///
    /// O(log n), and O(k log k) for each split in the range with k owners, after what [`owners`](Self::owners) takes to bring the splits
    /// up to date.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let range = |start, end| KeyRange::new(start, end).unwrap();
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// for (node, start, end) in [("a", 0, 50), ("b", 10, 40), ("c", 30, 90), ("d", 120, 130)] {
    ///     _ = map.register(&node.parse()?, &range(start, end))?;
    /// }
    /// let pieces: Vec<_> = map.cover(&range(20, 125)).map(|piece| (piece.range, piece.node)).collect();
    /// let [a, c, d] = ["a", "c", "d"].map(|name| NodeId::new(name).ok());
    /// assert_eq!(pieces, [(range(20, 50), a), (range(50, 90), c), (range(90, 120), None), (range(120, 125), d)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cover(&self, range: &KeyRange<K>) -> impl Iterator<Item = Piece<K>> + use<'_, K> {
        self.agreed().cover(range)
    }
}

/// A registration as it is, if it is visible.
pub(super) fn visible<K: Key>(row: RowRef<'_, K>) -> Option<Registration<K>> {
    let priority = row.priority()?;
    Some(Registration { node: row.node().clone(), range: row.range(), priority })
}
