//! Many items in order, in chunks of at most [`CHUNK_MAX`], so that an insertion moves the items of one chunk only.
//!
//! Copies share their chunks. A copy of n items is O(n / CHUNK_MAX), and a change copies the chunk that it changes.

use std::sync::Arc;

use super::{Iter, Position};

/// How many items a chunk has at most.
const CHUNK_MAX: usize = 128;

/// The chunks, and the number of items in all of them.
#[derive(Clone)]
pub(super) struct Chunks<T> {
    len: usize,
    /// No chunk is empty.
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T> Chunks<T> {
    /// One chunk of those items: at least one, and at most as many as fit.
    pub(super) fn new(items: Vec<T>) -> Self {
        Self { len: items.len(), chunks: vec![Arc::new(items)] }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn first(&self) -> Option<&T> {
        self.chunks.first()?.first()
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    /// The items in order from that position to the end. O(1), and O(1) each.
    pub(super) fn iter_from(&self, from: Position) -> Iter<'_, T> {
        let mut chunks = self.chunks.get(from.chunk..).unwrap_or_default().iter();
        let first = chunks.next().map(|chunk| chunk.as_slice()).unwrap_or_default();
        Iter { items: first.get(from.at..).unwrap_or_default().iter(), chunks }
    }

    /// The position of the first item that `is_before` is false of. O(log n).
    #[inline]
    pub(super) fn position_of(&self, is_before: impl Fn(&T) -> bool) -> Position {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_none_or(&is_before));
        match self.chunks.get(chunk) {
            Some(items) => Position { chunk, at: items.partition_point(is_before) },
            None => self.end(),
        }
    }

    /// The position after the last item, in the last chunk.
    pub(super) fn end(&self) -> Position {
        let chunk = self.chunks.len().saturating_sub(1);
        Position { chunk, at: self.chunks.get(chunk).map_or(0, |items| items.len()) }
    }

    #[inline]
    pub(super) fn get(&self, position: Position) -> Option<&T> {
        self.chunks.get(position.chunk)?.get(position.at)
    }

    /// The position after that of an item: in the next chunk, if the item is the last of its chunk and there is a next one.
    pub(super) fn after(&self, position: Position) -> Position {
        let next = Position { at: position.at + 1, ..position };
        let is_end = self.chunks.get(position.chunk).is_some_and(|items| items.len() == next.at);
        if is_end && self.chunks.len() > position.chunk + 1 {
            Position { chunk: position.chunk + 1, at: 0 }
        } else {
            next
        }
    }

    /// The item before that position.
    pub(super) fn before(&self, position: Position) -> Option<&T> {
        match position.at.checked_sub(1) {
            Some(at) => self.get(Position { at, ..position }),
            None => self.chunks.get(position.chunk.checked_sub(1)?)?.last(),
        }
    }
}

impl<T: Clone> Chunks<T> {
    #[inline]
    pub(super) fn get_mut(&mut self, position: Position) -> Option<&mut T> {
        Arc::make_mut(self.chunks.get_mut(position.chunk)?).get_mut(position.at)
    }

    #[inline]
    pub(super) fn last_mut(&mut self) -> Option<&mut T> {
        Arc::make_mut(self.chunks.last_mut()?).last_mut()
    }

    /// Inserts an item before the one at that position. A chunk that is full is split into two.
    pub(super) fn insert(&mut self, position: Position, item: T) {
        self.len += 1;
        let is_last = position.chunk + 1 == self.chunks.len();
        let chunk = Arc::make_mut(&mut self.chunks[position.chunk]);
        if chunk.len() < CHUNK_MAX {
            return chunk.insert(position.at, item);
        }
        if is_last && position.at == chunk.len() {
            // So items that are added in order fill their chunks.
            return self.chunks.push(Arc::new(vec![item]));
        }
        let mut tail = chunk.split_off(CHUNK_MAX / 2);
        match position.at.checked_sub(chunk.len()) {
            Some(at) if at > 0 => tail.insert(at, item),
            _ => chunk.insert(position.at, item),
        }
        self.chunks.insert(position.chunk + 1, Arc::new(tail));
    }

    /// Removes the items from one position up to another.
    pub(super) fn remove_range(&mut self, from: Position, to: Position) {
        if from == to {
            return;
        }
        if from.chunk == to.chunk {
            Arc::make_mut(&mut self.chunks[from.chunk]).drain(from.at..to.at);
            self.len -= to.at - from.at;
        } else {
            let between = &self.chunks[from.chunk + 1..to.chunk];
            self.len -= between.iter().map(|chunk| chunk.len()).sum::<usize>();
            self.len -= self.chunks[from.chunk].len() - from.at + to.at;
            Arc::make_mut(&mut self.chunks[from.chunk]).truncate(from.at);
            Arc::make_mut(&mut self.chunks[to.chunk]).drain(..to.at);
            self.chunks.drain(from.chunk + 1..to.chunk);
        }
        // Beside the removed items, two chunks that are nearly empty become one. So there are never many of these.
        for at in [from.chunk + 1, from.chunk] {
            if self.chunks.get(at).is_some_and(|chunk| chunk.is_empty()) {
                self.chunks.remove(at);
            }
        }
        for at in [from.chunk, from.chunk.saturating_sub(1)] {
            if let Some([chunk, next]) = self.chunks.get(at..at + 2)
                && chunk.len() + next.len() <= CHUNK_MAX / 4
            {
                let next = self.chunks.remove(at + 1);
                Arc::make_mut(&mut self.chunks[at]).extend(next.iter().cloned());
            }
        }
    }

    /// The invariants: no chunk is empty or too long, the count is right, and there are not too many chunks.
    #[cfg(test)]
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let Self { len, chunks } = self;
        if chunks.iter().any(|chunk| chunk.is_empty() || chunk.len() > CHUNK_MAX) {
            return Err("a chunk that is empty or too long");
        }
        let pairs = chunks.windows(2).filter(|pair| pair[0].len() + pair[1].len() <= CHUNK_MAX / 4);
        if *len != chunks.iter().map(|chunk| chunk.len()).sum::<usize>() || pairs.count() > chunks.len() / 2 {
            return Err("another number of items, or too many chunks for them");
        }
        Ok(())
    }
}
