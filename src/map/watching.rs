//! Watches of a map: who wants to hear of which keys.

use super::RangeMap;
use crate::key::{Key, KeyRange};
use crate::splits::SplitsIn;
use crate::watch::{WatchId, Watched, Watchers};

impl<K: Key> RangeMap<K> {
    /// Begins to watch a range: from now on [`next_watched`](Self::next_watched) tells where in it the owners became others, with what was
    /// and what is. Other keys are not told of, and cost nothing.
    ///
    /// What changes several times before it is asked for is told once: as it was when the watch was last told, or began, and as it is
    /// then; and not at all if that is the same. Until it is asked for, what was is kept: no more than the watched range had splits. A
    /// clone of the map watches as well, on its own.
    ///
    /// O(log w) for w watches, after what [`owners`](Self::owners) takes to bring the splits up to date. Each later change that hits h of
    /// the w takes O((1 + h) (log n + log w)) more, and the splits that it holds of the ranges of these.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
    /// # let range = |start, end| KeyRange::new(start, end).unwrap();
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// _ = map.register(&"a".parse()?, &range(0, 100))?;
    /// let watch = map.watch(&range(50, 200));
    /// _ = map.increase(&"b".parse()?, &range(0, 60), 3.try_into()?)?;
    /// _ = map.register(&"c".parse()?, &range(300, 400))?;
    ///
    /// let watched = map.next_watched().unwrap();
    /// let [piece] = &watched.pieces[..] else { panic!() };
    /// assert_eq!((watched.watch, &piece.range), (watch, &range(50, 60)));
    /// assert_eq!((piece.before.len(), piece.after.len()), (1, 2));
    /// assert_eq!(piece.after[0].to_string(), "b:3");
    /// assert!(map.next_watched().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch(&mut self, range: &KeyRange<K>) -> WatchId {
        _ = self.agreed();
        self.cache.watchers.add(range)
    }

    /// The same for the [living answer](Self::living): where the owners as of who is alive became others, because of an operation, of what was
    /// merged, or because a writer came or went or a node was marked.
    ///
    /// Costs as [`watch`](Self::watch). While anybody watches it, the living splits are kept, also while they are the agreed ones: as much
    /// memory again as those take.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// # let (node, range): (NodeId, _) = ("tab-7".parse()?, KeyRange::new(0u64, 100)?);
    /// let tab = ReplicaId::ephemeral(7);
    /// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    /// map.merge(&RangeMap::new(tab).register(&node, &range)?);
    /// let watch = map.watch_living(&range);
    /// map.set_present(tab, true);
    /// let watched = map.next_watched().unwrap();
    /// assert_eq!((watched.watch, &watched.pieces[0].range), (watch, &range));
    /// assert!(watched.pieces[0].before.is_empty());
    /// assert_eq!(watched.pieces[0].after[0].node, node);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch_living(&mut self, range: &KeyRange<K>) -> WatchId {
        self.life.watch(range, &self.state.entries)
    }

    /// Ends a watch, of either answer: nothing more is told of it, not even what has changed already. Does nothing if it has ended. O(log w)
    /// for w watches.
    pub fn unwatch(&mut self, watch: WatchId) {
        self.cache.watchers.remove(watch);
        self.life.watchers.remove(watch);
    }

    /// What is to be told next to a [watch](Self::watch), `None` if there is nothing. Those in whose range something changed first come
    /// first, and those of the agreed answer before those of the [living](Self::watch_living) one.
    ///
    /// O(1) if nothing changed where anybody watches. Otherwise O(log n) for each range that changed there, and its splits before and
    /// after, after what [`owners`](Self::owners) takes to bring the splits up to date.
    pub fn next_watched(&mut self) -> Option<Watched<K>> {
        self.next_agreed_watched().or_else(|| self.life.next_watched(&self.state.entries))
    }

    fn next_agreed_watched(&mut self) -> Option<Watched<K>> {
        if !self.cache.watchers.is_hit() {
            return None;
        }
        let store = &self.state.entries;
        self.cache.index(store);
        let (watchers, index) = self.cache.watchers_and_index()?;
        watchers.take(&SplitsIn::all(index, &store.tables().nodes))
    }

    /// The watches, of both answers, without their map: all that they watch is about to change.
    pub(crate) fn take_watchers(&mut self) -> (Watchers<K>, Watchers<K>) {
        let mut agreed = core::mem::take(&mut self.cache.watchers);
        agreed.note_all(&self.agreed().splits());
        let mut living = core::mem::replace(&mut self.life.watchers, Watchers::of_living());
        living.note_all(&self.living().splits());
        (agreed, living)
    }

    /// Goes on with watches of another map.
    pub(crate) fn set_watchers(&mut self, (agreed, living): (Watchers<K>, Watchers<K>)) {
        _ = self.agreed();
        self.cache.watchers = agreed;
        self.life.set_watchers(living, &self.state.entries);
    }
}
