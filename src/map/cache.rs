//! What is computed from the state, when it is asked for and as far as it changed.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::by_node::ByNode;
use crate::key::{Key, KeyRange};
use crate::registration::RegistrationId;
use crate::splits::{RangeCollector, SplitIndex, Splits, SplitsIn};
use crate::store::Store;
use crate::watch::Watchers;

/// An index over the state, and what has changed since it was right: nothing is, until it was first asked for.
#[derive(Debug)]
pub(super) struct Derived<I, C> {
    /// Right for the current state.
    current: OnceLock<I>,
    /// Was right before the changes. Locked only to be taken out, by whoever asks for the index first.
    stale: Mutex<Option<(I, C)>>,
}

impl<I, C> Default for Derived<I, C> {
    fn default() -> Self {
        Self { current: OnceLock::new(), stale: Mutex::new(None) }
    }
}

impl<I, C: Default> Derived<I, C> {
    /// Where changes are to be noted, as the index is no longer right; `None` if there is none. O(1).
    pub(super) fn stale(&mut self) -> Option<&mut (I, C)> {
        let stale = self.stale.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = self.current.take() {
            *stale = Some((index, C::default()));
        }
        stale.as_mut()
    }

    pub(super) fn get(&self, make: impl FnOnce(Option<(I, C)>) -> I) -> &I {
        self.current.get_or_init(|| make(self.stale.lock().unwrap_or_else(PoisonError::into_inner).take()))
    }
}

impl<I, C> Derived<I, C> {
    /// The index, if it is right. O(1).
    pub(super) fn current(&self) -> Option<&I> {
        self.current.get()
    }

    /// Whether it was ever asked for. O(1).
    pub(super) fn exists(&mut self) -> bool {
        self.current.get().is_some() || self.stale.get_mut().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

impl<I: Clone, C: Clone> Clone for Derived<I, C> {
    fn clone(&self) -> Self {
        let stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        Self { current: self.current.clone(), stale: Mutex::new(stale.clone()) }
    }
}

/// The splits, and the registrations by their nodes.
#[derive(Clone, Debug)]
pub(super) struct Cache<K> {
    index: Derived<SplitIndex<K>, RangeCollector<K>>,
    /// Written out from the index.
    splits: OnceLock<Arc<Splits<K>>>,
    by_node: Derived<ByNode<K>, Vec<RegistrationId<K>>>,
    /// While there are any, there is an index.
    pub(super) watchers: Watchers<K>,
}

impl<K> Default for Cache<K> {
    fn default() -> Self {
        let (index, by_node) = (Derived::default(), Derived::default());
        Self { index, splits: OnceLock::new(), by_node, watchers: Watchers::default() }
    }
}

impl<K: Key> Cache<K> {
    /// Remembers that registrations in those ranges have other priorities now, in that store or soon. O(1) for each, and what it takes to
    /// [note](Watchers::note) it for the watches.
    ///
    /// Of the keys that a watch has not noted yet none changed since the index was right, so their owners' numbers are still theirs.
    pub(super) fn forget(&mut self, changed: &[KeyRange<K>], store: &Store<K>) {
        if changed.is_empty() {
            return;
        }
        self.splits.take();
        if let Some((index, ranges)) = self.index.stale() {
            if !self.watchers.is_empty() {
                self.watchers.note(changed, &SplitsIn::all(index, &store.tables().nodes));
            }
            changed.iter().for_each(|range| ranges.add(range.clone()));
        }
    }

    /// Whether the changed registrations are to be told by [`forget_registrations`](Self::forget_registrations).
    pub(super) fn follows_nodes(&mut self) -> bool {
        self.by_node.exists()
    }

    /// Remembers that those have other priorities now. O(1) for each.
    pub(super) fn forget_registrations(&mut self, changed: impl Iterator<Item = RegistrationId<K>>) {
        let mut changed = changed.peekable();
        if changed.peek().is_none() {
            return;
        }
        if let Some((index, noted)) = self.by_node.stale() {
            noted.extend(changed);
            // From there on it is as well made anew.
            if noted.len() > index.len() / 4 + NOTED_MIN {
                self.by_node = Derived::default();
            }
        }
    }

    /// The index of that store's splits.
    pub(super) fn index(&self, store: &Store<K>) -> &SplitIndex<K> {
        self.index.get(|stale| match stale {
            None => SplitIndex::new(store),
            Some((mut index, changed)) => {
                index.update(store, &changed.finish());
                index
            }
        })
    }

    /// The watches, and the index if it is up to date.
    pub(super) fn watchers_and_index(&mut self) -> Option<(&mut Watchers<K>, &SplitIndex<K>)> {
        self.index.current().map(|index| (&mut self.watchers, index))
    }

    /// All splits of that store, written out.
    pub(super) fn splits(&self, store: &Store<K>) -> &Splits<K> {
        let view = || SplitsIn::all(self.index(store), &store.tables().nodes);
        self.splits.get_or_init(|| Arc::new(Splits::of(&view())))
    }

    /// That store's visible registrations by their nodes.
    pub(super) fn by_node(&self, store: &Store<K>) -> &ByNode<K> {
        self.by_node.get(|stale| match stale {
            None => ByNode::new(store),
            Some((mut index, changed)) => {
                changed.iter().for_each(|id| index.update(store, id));
                index
            }
        })
    }
}

/// So many changes are noted, however small the index is.
pub(super) const NOTED_MIN: usize = 64;
