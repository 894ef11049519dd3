//! A sorted list that is nearly always short, and may become very long.
//!
//! Up to [`FEW_MAX`] items lie in one piece, the first of them in the list itself. More items lie in [chunks] of at most
//! `CHUNK_MAX` items, which copies share.
//!
//! The list does not know the order. The caller of a search passes a predicate that says which items come before the one sought.

mod chunks;

use core::fmt;
use std::sync::Arc;

use smallvec::{Array, SmallVec};

use self::chunks::Chunks;

/// How many items lie in one piece at most.
const FEW_MAX: usize = 64;

/// With fewer items than this, chunks become one piece again. It is much less than [`FEW_MAX`], so that a list does not change its form
/// again and again.
const MANY_MIN: usize = 16;

/// Items in order. `A` is an array of as many items as lie in the list itself, without memory on the heap.
pub(crate) struct Ordered<A: Array>(Pieces<A>);

enum Pieces<A: Array> {
    Few(SmallVec<A>),
    Many(Box<Chunks<A::Item>>),
}

/// The position of an item, or the one after the last item. It is valid until the list changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    chunk: usize,
    at: usize,
}

impl<A: Array> Default for Ordered<A> {
    fn default() -> Self {
        Self(Pieces::Few(SmallVec::new()))
    }
}

impl<A: Array<Item: Clone>> Clone for Ordered<A> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Pieces::Few(items) => Pieces::Few(items.clone()),
            Pieces::Many(chunks) => Pieces::Many(chunks.clone()),
        })
    }
}

impl<A: Array<Item: PartialEq>> PartialEq for Ordered<A> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<A: Array<Item: Eq>> Eq for Ordered<A> {}

impl<A: Array<Item: fmt::Debug>> fmt::Debug for Ordered<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<A: Array> Ordered<A> {
    /// O(1).
    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Pieces::Few(items) => items.len(),
            Pieces::Many(chunks) => chunks.len(),
        }
    }

    /// O(1).
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// O(1).
    pub(crate) fn first(&self) -> Option<&A::Item> {
        match &self.0 {
            Pieces::Few(items) => items.first(),
            Pieces::Many(chunks) => chunks.first(),
        }
    }

    /// O(1).
    pub(crate) fn last(&self) -> Option<&A::Item> {
        match &self.0 {
            Pieces::Few(items) => items.last(),
            Pieces::Many(chunks) => chunks.last(),
        }
    }

    /// The items in order. O(1) each.
    pub(crate) fn iter(&self) -> All<'_, A::Item> {
        All { items: self.iter_from(Position { chunk: 0, at: 0 }), left: self.len() }
    }

    /// The items in order from that position to the end. O(1), and O(1) each.
    pub(crate) fn iter_from(&self, from: Position) -> Iter<'_, A::Item> {
        match &self.0 {
            Pieces::Few(items) => {
                Iter { items: items.get(from.at..).unwrap_or_default().iter(), chunks: [].iter() }
            }
            Pieces::Many(chunks) => chunks.iter_from(from),
        }
    }

    /// The position of the first item that `is_before` is false of; it must be true of all items before and of none after. O(log n).
    #[inline]
    pub(crate) fn position_of(&self, is_before: impl Fn(&A::Item) -> bool) -> Position {
        match &self.0 {
            Pieces::Few(items) => Position { chunk: 0, at: items.partition_point(is_before) },
            Pieces::Many(chunks) => chunks.position_of(is_before),
        }
    }

    /// The position after the last item.
    fn end(&self) -> Position {
        match &self.0 {
            Pieces::Few(items) => Position { chunk: 0, at: items.len() },
            Pieces::Many(chunks) => chunks.end(),
        }
    }

    /// The item at that position, `None` after the last. O(1).
    #[inline]
    pub(crate) fn get(&self, position: Position) -> Option<&A::Item> {
        match &self.0 {
            Pieces::Few(items) => items.get(position.at),
            Pieces::Many(chunks) => chunks.get(position),
        }
    }

    /// The position after that of an item. O(1).
    pub(crate) fn after(&self, position: Position) -> Position {
        match &self.0 {
            Pieces::Few(_) => Position { at: position.at + 1, ..position },
            Pieces::Many(chunks) => chunks.after(position),
        }
    }

    /// The item before that position. O(1).
    pub(crate) fn before(&self, position: Position) -> Option<&A::Item> {
        match &self.0 {
            Pieces::Few(items) => items.get(position.at.checked_sub(1)?),
            Pieces::Many(chunks) => chunks.before(position),
        }
    }
}

impl<A: Array<Item: Clone>> Ordered<A> {
    /// O(1), and O(CHUNK_MAX) if the chunk is shared.
    #[inline]
    pub(crate) fn get_mut(&mut self, position: Position) -> Option<&mut A::Item> {
        match &mut self.0 {
            Pieces::Few(items) => items.get_mut(position.at),
            Pieces::Many(chunks) => chunks.get_mut(position),
        }
    }

    /// O(1), and O(CHUNK_MAX) if the chunk is shared.
    #[inline]
    pub(crate) fn last_mut(&mut self) -> Option<&mut A::Item> {
        match &mut self.0 {
            Pieces::Few(items) => items.last_mut(),
            Pieces::Many(chunks) => chunks.last_mut(),
        }
    }

    /// Adds an item after all others. O(1) amortised.
    #[inline]
    pub(crate) fn push(&mut self, item: A::Item) {
        match &mut self.0 {
            Pieces::Few(items) if items.len() < FEW_MAX => items.push(item),
            _ => self.insert(self.end(), item),
        }
    }

    /// Removes the last item. O(1) amortised.
    pub(crate) fn pop(&mut self) {
        let end = self.end();
        if let Some(at) = end.at.checked_sub(1) {
            self.remove_range(Position { at, ..end }, end);
        }
    }

    /// Inserts an item before the one at that position. O(CHUNK_MAX), and for every CHUNK_MAX/2 of them O(n / CHUNK_MAX).
    #[inline]
    pub(crate) fn insert(&mut self, position: Position, item: A::Item) {
        match &mut self.0 {
            Pieces::Few(items) if items.len() < FEW_MAX => items.insert(position.at, item),
            Pieces::Few(items) => {
                let mut items = core::mem::take(items).into_vec();
                items.insert(position.at, item);
                self.0 = Pieces::Many(Box::new(Chunks::new(items)));
            }
            Pieces::Many(chunks) => chunks.insert(position, item),
        }
    }

    /// Removes the item at that position. O(CHUNK_MAX), and O(n / CHUNK_MAX) if it was the last of its chunk.
    pub(crate) fn remove(&mut self, position: Position) {
        self.remove_range(position, self.after(position));
    }

    /// Removes the items from one position up to another. O(CHUNK_MAX + those items), and O(n / CHUNK_MAX) if whole chunks are removed.
    pub(crate) fn remove_range(&mut self, from: Position, to: Position) {
        match &mut self.0 {
            Pieces::Few(items) => drop(items.drain(from.at..to.at)),
            Pieces::Many(chunks) => {
                chunks.remove_range(from, to);
                if chunks.len() < MANY_MIN {
                    self.0 = Pieces::Few(chunks.iter_from(Position { chunk: 0, at: 0 }).cloned().collect());
                }
            }
        }
    }

    /// The invariants of the chunks, if there are any.
    #[cfg(test)]
    fn check(&self) -> Result<(), &'static str> {
        match &self.0 {
            Pieces::Few(_) => Ok(()),
            Pieces::Many(chunks) => chunks.check(),
        }
    }
}

/// The items of a list in order. See [`Ordered::iter_from`].
#[derive(Debug)]
pub(crate) struct Iter<'a, T> {
    items: core::slice::Iter<'a, T>,
    chunks: core::slice::Iter<'a, Arc<Vec<T>>>,
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), chunks: self.chunks.clone() }
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        loop {
            match self.items.next() {
                Some(item) => return Some(item),
                None => self.items = self.chunks.next()?.iter(),
            }
        }
    }
}

/// All items of a list in order. See [`Ordered::iter`].
#[derive(Debug)]
pub(crate) struct All<'a, T> {
    items: Iter<'a, T>,
    left: usize,
}

impl<T> Clone for All<'_, T> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), left: self.left }
    }
}

impl<'a, T> Iterator for All<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        self.left = self.left.saturating_sub(1);
        self.items.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for All<'_, T> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position(list: &Ordered<[u32; 1]>, rank: usize) -> Position {
        let mut position = Position { chunk: 0, at: 0 };
        (0..rank).for_each(|_| position = list.after(position));
        position
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 200 }))]

        #[test]
        fn a_list_holds_what_a_vector_holds(
            steps in prop::collection::vec((any::<u32>(), 0usize..400, 0usize..6, any::<bool>()), 1..300),
        ) {
            let mut list = Ordered::<[u32; 1]>::default();
            let mut expected: Vec<u32> = Vec::new();
            let mut before: Option<(Ordered<[u32; 1]>, Vec<u32>)> = None;
            for (value, count, what, is_kept) in steps {
                if is_kept {
                    before = Some((list.clone(), expected.clone()));
                }
                if what < 5 {
                    for more in 0..count as u32 {
                        let value = value % 5_000 + more * (what as u32 * 50 + 1);
                        let from = expected.partition_point(|held| *held < value);
                        expected.insert(from, value);
                        let position = list.position_of(|held| *held < value);
                        list.insert(position, value);
                    }
                } else {
                    let from = expected.partition_point(|held| *held < value % 6_000);
                    let to = expected.len().min(from + 4 * count);
                    let [first, last] = [from, to].map(|rank| position(&list, rank));
                    prop_assert_eq!(list.before(first).copied(), from.checked_sub(1).map(|at| expected[at]));
                    prop_assert_eq!(list.get(last).copied(), expected.get(to).copied());
                    expected.drain(from..to);
                    list.remove_range(first, last);
                }
                prop_assert_eq!(list.check(), Ok(()));
                prop_assert!(list.iter().eq(&expected) && list.len() == expected.len());
                prop_assert_eq!((list.first(), list.last()), (expected.first(), expected.last()));
                if let Some((list, expected)) = &before {
                    prop_assert!(list.iter().eq(expected), "a copy changed with the original");
                }
            }
        }
    }

    #[test]
    fn removed_one_by_one_in_any_order_a_long_list_leaves_few_chunks() {
        let mut list = Ordered::<[u32; 1]>::default();
        (0..20_000).for_each(|value| list.push(value));
        for value in (0..20_000).map(|step| step * 7919 % 20_000) {
            if value % 100 != 0 {
                list.remove(list.position_of(|held| *held < value));
                assert_eq!(list.check(), Ok(()));
            }
        }
        assert!(list.iter().copied().eq((0..20_000).step_by(100)));
    }
}
