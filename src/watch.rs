//! Watches: each hears only of its own range, with what was and what is.
//!
//! What was is read when it is about to be lost: at the first change of a key since its watch was last told, from an index of the splits that
//! is still right for that key. So nothing is copied for keys that nobody watches, and changes that come before the next telling are told as
//! one. Which index it is does not matter here: whoever has one [notes](Watchers::note) what changes in it, and [takes](Watchers::take) what
//! is to be told.

mod tree;

use std::collections::{BTreeMap, VecDeque};

use self::tree::Tree;
use crate::key::{Key, KeyRange};
use crate::ordered::Ordered;
use crate::splits::{Owners, SplitsIn};

/// A watch, by the number under which it was begun. No other watch of its map ever gets that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(pub u64);

/// What changed in the range of a watch since it was last told. See [`RangeMap::watch`](crate::RangeMap::watch) and
/// [`RangeMap::watch_living`](crate::RangeMap::watch_living).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched<K> {
    /// Which watch.
    pub watch: WatchId,
    /// The keys of its range whose owners are others now, or in another order, or with other priorities: maximal ranges with one answer
    /// before and one after, in key order. Never empty.
    pub pieces: Vec<WatchedPiece<K>>,
}

/// A range of keys whose owners changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedPiece<K> {
    /// The keys.
    pub range: KeyRange<K>,
    /// Who served them when the watch was last told, or began. Empty if nobody did.
    pub before: Owners,
    /// Who serves them now. Empty if nobody does; never equal to `before`.
    pub after: Owners,
}

/// The watches of one answer of a map, and what is to be told to them.
#[derive(Clone, Debug)]
pub(crate) struct Watchers<K> {
    next: u64,
    tree: Tree<K>,
    /// Their ranges by their numbers.
    ranges: Ordered<[(u64, KeyRange<K>); 1]>,
    /// What was before, of those who are to be told something.
    hit: BTreeMap<u64, Before<K>>,
    /// Whose turn it is: those who were hit first come first. Some may have ended since.
    turns: VecDeque<u64>,
}

/// The first number of watches of the living answer: those of the agreed one never get that far.
const LIVING_FIRST: u64 = 1 << 52;

impl<K> Default for Watchers<K> {
    /// None, of the agreed answer.
    fn default() -> Self {
        let (tree, ranges) = (Tree::default(), Ordered::default());
        Self { next: 0, tree, ranges, hit: BTreeMap::new(), turns: VecDeque::new() }
    }
}

impl<K: Key> Watchers<K> {
    /// None, of the living answer.
    pub(crate) fn of_living() -> Self {
        Self { next: LIVING_FIRST, ..Self::default() }
    }

    /// Whether there are none. O(1).
    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether there may be something to [take](Self::take). O(1).
    pub(crate) fn is_hit(&self) -> bool {
        !self.turns.is_empty()
    }

    /// O(log w) for w watches.
    pub(crate) fn add(&mut self, range: &KeyRange<K>) -> WatchId {
        let number = self.next;
        self.next += 1;
        self.tree.insert(range, number);
        self.ranges.push((number, range.clone()));
        WatchId(number)
    }

    /// O(log w).
    pub(crate) fn remove(&mut self, WatchId(number): WatchId) {
        let position = self.ranges.position_of(|(other, _)| *other < number);
        if let Some((_, range)) = self.ranges.get(position).filter(|(other, _)| *other == number) {
            self.tree.remove(range, number);
            self.ranges.remove(position);
            self.hit.remove(&number);
        }
    }

    /// Remembers who serves those keys, which are changing. The splits are those before the change, or of any time since then at which
    /// the keys of a watch that are not noted yet had the same owners: of the others, nothing is read.
    ///
    /// O((1 + h) (log n + log w)) for each range that hits h watches, and for each of these the splits that it holds of the range.
    pub(crate) fn note(&mut self, changed: &[KeyRange<K>], splits: &SplitsIn<'_, K>) {
        let Self { tree, hit, turns, .. } = self;
        for range in changed {
            tree.for_each_intersecting(range, &mut |watched, number| {
                note(hit, turns, number, range.intersection(watched), splits);
            });
        }
    }

    /// Remembers who serves the keys of all watches.
    pub(crate) fn note_all(&mut self, splits: &SplitsIn<'_, K>) {
        let Self { ranges, hit, turns, .. } = self;
        for (number, range) in ranges.iter() {
            note(hit, turns, *number, Some(range.clone()), splits);
        }
    }

    /// What is to be told next, by the splits as they are now. O(log n) for each range of keys that was noted, and its splits before and
    /// after.
    pub(crate) fn take(&mut self, splits: &SplitsIn<'_, K>) -> Option<Watched<K>> {
        while let Some(number) = self.turns.pop_front() {
            let pieces = self.hit.remove(&number).map_or_else(Vec::new, |before| before.compare(splits));
            if !pieces.is_empty() {
                return Some(Watched { watch: WatchId(number), pieces });
            }
        }
        None
    }
}

fn note<K: Key>(
    hit: &mut BTreeMap<u64, Before<K>>,
    turns: &mut VecDeque<u64>,
    number: u64,
    range: Option<KeyRange<K>>,
    splits: &SplitsIn<'_, K>,
) {
    let Some(range) = range else { return };
    let before = hit.entry(number).or_insert_with(|| {
        turns.push_back(number);
        Before(BTreeMap::new())
    });
    before.note(range, splits);
}

/// Who served some keys: disjoint ranges by their starts, each with its owners, or with none.
#[derive(Clone, Debug)]
struct Before<K>(BTreeMap<K, (KeyRange<K>, Owners)>);

impl<K: Key> Before<K> {
    /// Adds those of the keys that are not noted yet.
    fn note(&mut self, range: KeyRange<K>, splits: &SplitsIn<'_, K>) {
        let mut rest = Some(range);
        while let Some(range) = rest.take() {
            // The first that is noted and ends after the start, if it begins before the end.
            let at_start =
                self.0.range(..=range.start()).next_back().filter(|(_, it)| it.0.intersects(&range));
            let noted = at_start.or_else(|| self.0.range(range.start()..).next());
            let noted = noted.map(|(_, (noted, _))| noted).filter(|noted| noted.intersects(&range)).cloned();
            let Some(noted) = noted else {
                self.read(range, splits);
                continue;
            };
            for part in range.without(&noted) {
                if part.start() < noted.start() {
                    self.read(part, splits);
                } else {
                    rest = Some(part);
                }
            }
        }
    }

    fn read(&mut self, range: KeyRange<K>, splits: &SplitsIn<'_, K>) {
        for (range, owners) in splits.clone().within(&range).into_window().stretches() {
            self.0.insert(range.start().clone(), (range, owners));
        }
    }

    /// Where others serve now.
    fn compare(self, splits: &SplitsIn<'_, K>) -> Vec<WatchedPiece<K>> {
        let mut pieces: Vec<WatchedPiece<K>> = Vec::new();
        for (range, before) in self.0.into_values() {
            let now = splits.clone().within(&range).into_window().stretches();
            for (range, after) in now.filter(|(_, after)| *after != before) {
                match pieces.last_mut() {
                    Some(last)
                        if last.range.end() == Some(range.start())
                            && last.before == before
                            && last.after == after =>
                    {
                        // It touches, so nothing is handed back.
                        _ = last.range.absorb(range);
                    }
                    _ => pieces.push(WatchedPiece { range, before: before.clone(), after }),
                }
            }
        }
        pieces
    }
}
