//! The splits of a map, computed when they are asked for and as far as they changed.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::key::{Key, KeyRange};
use crate::splits::{RangeCollector, SplitIndex, Splits};
use crate::store::Store;

/// What is known of the splits, and what has changed since.
#[derive(Debug)]
pub(super) struct SplitCache<K> {
    /// Right for the current state.
    index: OnceLock<SplitIndex<K>>,
    splits: OnceLock<Arc<Splits<K>>>,
    /// Was right before the changes. Locked only to be taken out, by whoever asks for the index first.
    stale: Mutex<Option<Stale<K>>>,
}

#[derive(Clone, Debug)]
struct Stale<K> {
    index: SplitIndex<K>,
    changed: RangeCollector<K>,
}

impl<K> Default for SplitCache<K> {
    fn default() -> Self {
        Self { index: OnceLock::new(), splits: OnceLock::new(), stale: Mutex::new(None) }
    }
}

impl<K: Key> SplitCache<K> {
    /// Remembers that registrations in those ranges have other priorities now. O(1) for each.
    pub(super) fn forget(&mut self, changed: &[KeyRange<K>]) {
        if changed.is_empty() {
            return;
        }
        self.splits.take();
        let stale = self.stale.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = self.index.take() {
            *stale = Some(Stale { index, changed: RangeCollector::default() });
        }
        if let Some(stale) = stale {
            changed.iter().for_each(|range| stale.changed.add(range.clone()));
        }
    }

    /// The index of that store's splits.
    pub(super) fn index(&self, store: &Store<K>) -> &SplitIndex<K> {
        self.index.get_or_init(|| {
            let stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner).take();
            match stale {
                None => SplitIndex::new(store),
                Some(Stale { mut index, changed }) => {
                    index.update(store, &changed.finish());
                    index
                }
            }
        })
    }

    /// All splits of that store, written out.
    pub(super) fn splits(&self, store: &Store<K>) -> &Splits<K> {
        self.splits.get_or_init(|| Arc::new(self.index(store).flatten(&store.tables().nodes)))
    }
}

impl<K: Clone> Clone for SplitCache<K> {
    fn clone(&self) -> Self {
        let stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        Self { index: self.index.clone(), splits: self.splits.clone(), stale: Mutex::new(stale.clone()) }
    }
}
