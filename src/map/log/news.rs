//! What a merge brings that was not known before, collected while the join runs.
//!
//! The join looks only into registrations of which both sides do not hold the same. News show in no others: where both hold the same, each
//! dot that shows is known here already. News that show nowhere may have touched any registration of the delta, also one of these.

use crate::causal::{CausalContext, Dot};
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::RegistrationId;
use crate::sort::sorted;
use crate::store::RowRef;
use crate::tombstones::Tombstone;
use crate::version::Version;

/// The news of a delta, and the registrations that may be touched by them.
pub(in crate::map) struct News<K> {
    version: Version,
    /// The registrations of the delta in which an effect that is news shows.
    changed: Vec<RegistrationId<K>>,
    /// The dots of their records that are news.
    shown: Vec<Dot>,
    /// The tombstones of the delta; if no dot is news, those that the state lacks. What is heard again is remembered once, or whoever repeats
    /// it would push out everything else.
    tombstones: Vec<Tombstone<K>>,
    /// Of more registrations than this, nothing is remembered.
    changed_max: usize,
    is_large: bool,
    is_too_much: bool,
}

/// What the log remembers of news.
pub(super) struct Learnt<K> {
    /// The registrations that the news may have touched.
    pub(super) changed: Vec<RegistrationId<K>>,
    /// The dots that are news and carried by the delta, in order.
    pub(super) shown: Vec<Dot>,
    /// Whether some news show nowhere in the delta.
    pub(super) hides: bool,
}

impl<K: Key> News<K> {
    /// What `delta` has that `state` lacks, of which a log takes so many registrations together. O(replicas + runs + d log d) for d tombstones.
    pub(in crate::map) fn new(delta: &Delta<K>, state: &Delta<K>, changed_max: usize) -> Self {
        let version = delta.version().difference(state.version());
        let is_new = |tombstone: &&Tombstone<K>| !version.is_empty() || state.lacks(tombstone);
        let tombstones: Vec<_> = delta.tombstones.each().filter(is_new).cloned().collect();
        let is_large = delta.entries.len() + delta.tombstones.len() > changed_max;
        // What is large and brings that much is not even collected.
        let is_too_much = is_large && version.context.len() > changed_max;
        let (changed, shown) = (Vec::new(), Vec::new());
        Self { version, changed, shown, tombstones, changed_max, is_large, is_too_much }
    }

    pub(in crate::map) fn is_empty(&self) -> bool {
        self.version.is_empty()
    }

    pub(super) fn context(&self) -> &CausalContext {
        &self.version.context
    }

    /// Takes a registration as the delta holds it, which is held otherwise here, or not at all. O(its writers · log).
    pub(in crate::map) fn differs(&mut self, theirs: RowRef<'_, K>) {
        if self.is_too_much || self.version.context.is_empty() {
            return;
        }
        let Self { version: Version { context, .. }, shown, .. } = self;
        let mut is_news = false;
        // An effect that came late, between the first and the last one of a record, shows in none; who lacks no later one has what it did.
        theirs.for_each_record(|writer, record| {
            for dot in record.dots(writer) {
                if context.contains(dot) {
                    is_news = true;
                    shown.push(dot);
                }
            }
        });
        if is_news && self.changed.len() < self.changed_max {
            self.changed.push(theirs.id());
        } else if is_news {
            self.is_too_much = true;
            self.changed = Vec::new();
        }
    }

    /// The tombstones that are to be remembered.
    pub(super) fn take_tombstones(&mut self) -> Vec<Tombstone<K>> {
        core::mem::take(&mut self.tombstones)
    }

    /// What is to be remembered beside so many drops here; `None` if it is too much. O(m log m) for what was collected.
    pub(super) fn learnt(&mut self, delta: &Delta<K>, dropped: usize) -> Option<Learnt<K>> {
        if self.is_too_much {
            return None;
        }
        let mut shown = core::mem::take(&mut self.shown);
        for (_, replica, drop) in delta.tombstones.iter() {
            let dots = [Dot { replica, seq: drop.birth }, drop.stamp];
            shown.extend(dots.into_iter().filter(|dot| self.context().contains(*dot)));
        }
        if !shown.is_sorted() {
            shown = sorted(&shown, Dot::cmp);
        }
        shown.dedup();
        let hides = self.are_hidden_in(delta, &shown);
        let mut changed = core::mem::take(&mut self.changed);
        if hides && !self.is_large {
            changed.clear();
            delta.entries.for_each(|row| changed.push(row.id()));
        }
        let size = changed.len() + self.tombstones.len() + dropped;
        let is_too_much = size > self.changed_max || self.is_large && hides;
        (!is_too_much).then_some(Learnt { changed, shown, hides })
    }

    /// Whether some of the news is told by the delta beyond the prefixes of its context and shows in none of its entries: of two resets of a
    /// record that reach as far, one is kept. Then any of its registrations may be the one. O(shown + runs).
    fn are_hidden_in(&self, delta: &Delta<K>, shown: &[Dot]) -> bool {
        if delta.entries.len() + delta.tombstones.len() <= 1 {
            return !self.is_empty();
        }
        let reach = |replica: ReplicaId| delta.context().prefix(replica);
        let shown = shown.iter().filter(|dot| dot.seq > reach(dot.replica)).count() as u64;
        let told = self.context().replicas().flat_map(|(replica, runs)| {
            let reach = reach(replica);
            runs.iter().map(move |(first, last)| (last + 1).saturating_sub(first.max(reach + 1)))
        });
        shown < told.fold(0, u64::saturating_add)
    }
}
