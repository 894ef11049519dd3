//! What was learnt, in batches and in order, in pieces that copies of a log share.

use core::fmt;
use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::key_bytes;
use crate::causal::{CausalContext, Dot};
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::RegistrationId;
use crate::tombstones::Tombstone;

/// How many bytes of memory a piece takes at most, unless it is a single batch.
const PIECE_BYTES_MAX: usize = 4 << 10;

/// What was learnt together.
#[derive(Clone, Debug)]
pub(super) struct Batch<K> {
    /// Runs of dots, first to last.
    pub(super) claims: SmallVec<[(ReplicaId, u64, u64); 1]>,
    pub(super) touched: SmallVec<[Touched<K>; 1]>,
}

/// What became of a registration.
#[derive(Clone, Debug)]
pub(super) enum Touched<K> {
    Changed(RegistrationId<K>),
    /// A record of it was dropped.
    Dropped(Arc<Tombstone<K>>),
}

impl<K> Touched<K> {
    pub(super) fn id(&self) -> &RegistrationId<K> {
        match self {
            Self::Changed(id) => id,
            Self::Dropped(named) => &named.id,
        }
    }
}

impl<K: Key> Batch<K> {
    /// A single effect.
    pub(super) fn of(dot: Dot, touched: Touched<K>) -> Self {
        Self { claims: smallvec![(dot.replica, dot.seq, dot.seq)], touched: smallvec![touched] }
    }

    /// About how much memory it takes, with the indexes of its drops among all of them. O(touched).
    pub(super) fn bytes(&self) -> usize {
        let of_touched = |touched: &Touched<K>| {
            let RegistrationId { range, node } = touched.id();
            let keys = key_bytes(range.start()) + range.end().map_or(0, key_bytes);
            let apart = match touched {
                Touched::Changed(_) => 0,
                // Counted by two, and in the list of the dropped.
                Touched::Dropped(_) => size_of::<Tombstone<K>>() + 3 * size_of::<usize>(),
            };
            keys + node.as_bytes().len() + apart
        };
        let claims_apart = if self.claims.spilled() { size_of_val(&self.claims[..]) } else { 0 };
        let touched_apart = if self.touched.spilled() { size_of_val(&self.touched[..]) } else { 0 };
        let of_all: usize = self.touched.iter().map(of_touched).sum();
        size_of::<Self>() + claims_apart + touched_apart + of_all
    }

    pub(super) fn claims_any_of(&self, dots: &CausalContext) -> bool {
        self.claims.iter().any(|(replica, first, last)| dots.intersects(*replica, *first, *last))
    }

    /// Notes that effects up to those that are claimed may be missing.
    pub(super) fn forget(&self, horizon: &mut CausalContext) {
        self.claims.iter().for_each(|(replica, _, last)| horizon.insert_run(*replica, 1, *last));
    }

    /// The records that were dropped.
    pub(super) fn tombstones(&self) -> impl Iterator<Item = &Arc<Tombstone<K>>> {
        self.touched.iter().filter_map(|touched| match touched {
            Touched::Changed(_) => None,
            Touched::Dropped(named) => Some(named),
        })
    }
}

/// Batches, the oldest first. A copy is O(pieces) and shares them; of what is changed in one copy, only the first and the last piece
/// are copied before.
#[derive(Clone)]
pub(super) struct Batches<K> {
    /// None is empty.
    pieces: VecDeque<Arc<VecDeque<Batch<K>>>>,
    /// How many bytes were put into the last piece.
    last_bytes: usize,
    bytes: usize,
}

impl<K> Default for Batches<K> {
    fn default() -> Self {
        Self { pieces: VecDeque::new(), last_bytes: 0, bytes: 0 }
    }
}

impl<K: fmt::Debug> fmt::Debug for Batches<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<K> Batches<K> {
    /// About how much memory they take. O(1).
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// All of them. O(1) each.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Batch<K>> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }
}

impl<K: Key> Batches<K> {
    /// Adds a batch that takes so many bytes. O(1) amortised, and O(piece) if the last piece is shared.
    pub(super) fn push(&mut self, batch: Batch<K>, bytes: usize) {
        self.bytes += bytes;
        match self.pieces.back_mut() {
            Some(last) if self.last_bytes + bytes <= PIECE_BYTES_MAX => {
                self.last_bytes += bytes;
                Arc::make_mut(last).push_back(batch);
            }
            full => {
                // It is likely to hold as many as the one before, and the first of all only a few.
                let mut piece = VecDeque::with_capacity(full.map_or(0, |full| full.len()));
                piece.push_back(batch);
                self.last_bytes = bytes;
                self.pieces.push_back(Arc::new(piece));
            }
        }
    }

    /// O(1).
    pub(super) fn oldest(&self) -> Option<&Batch<K>> {
        self.pieces.front()?.front()
    }

    /// O(the oldest batch), and O(piece) if the first piece is shared.
    pub(super) fn remove_oldest(&mut self) {
        let Some(first) = self.pieces.front_mut() else { return };
        self.bytes -= first.front().map_or(0, Batch::bytes);
        if first.len() > 1 {
            Arc::make_mut(first).pop_front();
        } else {
            // Maybe a long one: it is not copied only to be removed.
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{KeyRange, NodeId};

    /// The numbers of the batches that are left, and how many bytes each takes.
    type Expected = VecDeque<(u64, usize)>;

    /// A batch of one effect on so many registrations.
    fn batch(seq: u64, touched: u64) -> Batch<u64> {
        let node = NodeId::new("a").unwrap();
        let id = |start| RegistrationId { range: KeyRange::from_start(start), node: node.clone() };
        let touched = (0..touched).map(|start| Touched::Changed(id(start))).collect();
        let replica = ReplicaId::new(1);
        Batch { claims: smallvec![(replica, seq, seq)], touched }
    }

    fn push(batches: &mut Batches<u64>, batch: Batch<u64>) {
        let bytes = batch.bytes();
        batches.push(batch, bytes);
    }

    fn seqs(batches: &Batches<u64>) -> Vec<u64> {
        batches.iter().map(|batch| batch.claims[0].1).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 200 }))]

        #[test]
        fn copies_hold_what_was_pushed_and_not_removed(
            steps in prop::collection::vec((0usize..3, 0u64..200, 0u64..60, any::<bool>()), 1..60),
        ) {
            let mut copies: Vec<(Batches<u64>, Expected)> = vec![Default::default(); 3];
            for (at, touched, count, is_copied) in steps {
                if is_copied {
                    copies[(at + 1) % 3] = copies[at].clone();
                }
                let (batches, expected) = &mut copies[at];
                for more in 0..count {
                    let next = batch(more, if more == 0 { touched } else { 1 });
                    expected.push_back((more, next.bytes()));
                    push(batches, next);
                }
                for _ in 0..touched / 4 {
                    prop_assert_eq!(batches.oldest().map(|oldest| oldest.claims[0].1), expected.pop_front().map(|it| it.0));
                    batches.remove_oldest();
                }
                for (batches, expected) in &copies {
                    prop_assert_eq!(seqs(batches), expected.iter().map(|it| it.0).collect::<Vec<_>>());
                    prop_assert_eq!(batches.bytes(), expected.iter().map(|it| it.1).sum::<usize>());
                    prop_assert!(batches.pieces.iter().all(|piece| !piece.is_empty()));
                }
            }
        }
    }

    #[test]
    fn a_copy_shares_all_pieces_but_the_first_and_the_last() {
        let mut batches = Batches::default();
        (0..2_000).for_each(|seq| push(&mut batches, batch(seq, 1)));
        let long = batch(2_000, 10_000);
        push(&mut batches, long);
        (2_001..3_000).for_each(|seq| push(&mut batches, batch(seq, 1)));
        let count = batches.pieces.len();
        assert!(count > 50);
        assert!(batches.pieces.iter().all(|piece| {
            piece.len() == 1 || piece.iter().map(Batch::bytes).sum::<usize>() <= PIECE_BYTES_MAX
        }));
        let copy = batches.clone();
        push(&mut batches, batch(3_000, 1));
        batches.remove_oldest();
        let shared = batches.pieces.iter().zip(&copy.pieces).filter(|(piece, same)| Arc::ptr_eq(piece, same));
        assert_eq!(shared.count(), count - 2);
        // The long one is never copied.
        while batches.oldest().is_some_and(|oldest| oldest.claims[0].1 < 2_000) {
            batches.remove_oldest();
        }
        let long = copy.pieces.iter().find(|piece| piece.len() == 1).unwrap();
        assert!(Arc::ptr_eq(&batches.pieces[0], long));
        batches.remove_oldest();
        assert_eq!((seqs(&batches), seqs(&copy)), ((2_001..3_001).collect(), (0..3_000).collect()));
    }
}
