//! What of a node is not saved yet.
//!
//! A sequence number counts as used once it may have left the replica. So nothing that tells of an own effect leaves before the page that
//! holds the effect is saved: the map is told up to where it is, and the protocols hand out nothing beyond.
//!
//! A page holds what the map knows and no earlier page does, as the log of recent changes tells it; or everything, if that does not reach back,
//! or if the pages since the last whole one have become longer than it.

use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::sync;

/// What came from others is saved that much later, together with what else comes: it could be had again.
const LATER_MS: u64 = 1_000;

/// Pages are not joined before they are that long in all.
const WHOLE_BYTES_MIN: usize = 64 << 10;

/// Something to be saved. See [`Node`](super::Node#what-is-saved).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// To be told to [`Node::saved`](super::Node::saved).
    pub number: u64,
    /// Whether it holds everything, so that all earlier pages may be deleted once it is saved.
    pub is_whole: bool,
    /// What is to be saved, for [`Node::restore`](super::Node::restore). It says by itself if it was damaged.
    pub bytes: Vec<u8>,
}

/// A page that was handed out.
#[derive(Clone, Debug)]
struct Out {
    number: u64,
    replica: ReplicaId,
    context: CausalContext,
    own_seq: u64,
    bytes: usize,
    is_whole: bool,
}

/// What pages hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Saved {
    pub(super) context: CausalContext,
    /// How long they are in all, and the first, which holds everything.
    pub(super) bytes: usize,
    pub(super) whole_bytes: usize,
    /// Whether some of them cannot be read: all are to be replaced at once.
    pub(super) is_damaged: bool,
}

/// What is known to be saved.
#[derive(Clone, Debug)]
pub(super) struct Journal<K> {
    saved: CausalContext,
    /// What this node did itself since, which is mostly all that is new.
    own: Delta<K>,
    /// Whether something changed that may have taken no sequence number.
    has_changed: bool,
    out: Option<Out>,
    pages: u64,
    /// When what came from others is to be saved.
    due_ms: Option<u64>,
    /// When what could not be saved is tried again.
    retry_ms: Option<u64>,
    /// How long the pages are since the last whole one, and how long that was.
    bytes: usize,
    whole_bytes: usize,
}

impl<K> Default for Journal<K> {
    fn default() -> Self {
        let (saved, own, has_changed, out, pages) = Default::default();
        let (due_ms, retry_ms, bytes, whole_bytes) = Default::default();
        Self { saved, own, has_changed, out, pages, due_ms, retry_ms, bytes, whole_bytes }
    }
}

impl<K: WireKey> Journal<K> {
    /// Begins with a map of which so much is saved.
    pub(super) fn begin(map: &mut RangeMap<K>, saved: Saved) -> Self {
        let Saved { context, bytes, whole_bytes, is_damaged } = saved;
        map.set_saved(Some(context.last_seq(map.replica())));
        if is_damaged {
            return Self { bytes: usize::MAX, due_ms: Some(0), ..Self::default() };
        }
        Self { saved: context, bytes: bytes - whole_bytes, whole_bytes, ..Self::default() }
    }

    /// Notes what this node did.
    pub(super) fn note_own(&mut self, delta: &Delta<K>) {
        self.own.merge(delta);
    }

    /// Notes that something came from others.
    pub(super) fn note_received(&mut self) {
        self.has_changed = true;
    }

    /// What the map knows and no page holds, if that can be told: mostly it is what this node did.
    fn news(&self, map: &RangeMap<K>, own: Delta<K>) -> Option<Delta<K>> {
        let mut told = self.saved.clone();
        told.join(own.context());
        if told == *map.state().context() && !self.has_changed {
            return Some(own);
        }
        map.delta_since(&self.saved)
    }

    /// What is to be saved next, if something is and no page is out.
    pub(super) fn next_page(&mut self, map: &RangeMap<K>, now_ms: u64) -> Option<Page> {
        if self.next_wake_ms(map, now_ms) > now_ms {
            return None;
        }
        (self.due_ms, self.retry_ms) = (None, None);
        let (state, replica) = (map.state(), map.replica());
        let is_due_whole = self.saved.is_empty() || self.bytes > self.whole_bytes.max(WHOLE_BYTES_MIN);
        let own = core::mem::take(&mut self.own);
        let news = if is_due_whole { None } else { self.news(map, own) };
        let is_whole = news.is_none();
        let own_seq = map.last_own_seq();
        let bytes = sync::write_page(replica, own_seq, news.unwrap_or_else(|| state.clone()));
        self.has_changed = false;
        self.pages += 1;
        self.out = Some(Out {
            number: self.pages,
            replica,
            context: state.context().clone(),
            own_seq,
            bytes: bytes.len(),
            is_whole,
        });
        Some(Page { number: self.pages, is_whole, bytes })
    }

    /// When there is something to save, if nothing happens before. Notes when something was there first.
    pub(super) fn next_wake_ms(&mut self, map: &RangeMap<K>, now_ms: u64) -> u64 {
        if self.out.is_some() {
            return u64::MAX;
        }
        if let Some(retry_ms) = self.retry_ms {
            // The clock may have been set back.
            return *self.retry_ms.insert(retry_ms.min(now_ms.saturating_add(LATER_MS)));
        }
        if !map.is_saved() {
            return 0;
        }
        if self.saved == *map.state().context() && !self.has_changed {
            self.due_ms = None;
            return u64::MAX;
        }
        let latest_ms = now_ms.saturating_add(LATER_MS);
        *self.due_ms.insert(self.due_ms.unwrap_or(latest_ms).min(latest_ms))
    }

    /// That page is saved, if it was out.
    pub(super) fn saved(&mut self, map: &mut RangeMap<K>, number: u64) {
        let Some(out) = self.out.take_if(|out| out.number == number) else { return };
        self.saved.join(&out.context);
        if out.is_whole {
            (self.whole_bytes, self.bytes) = (out.bytes, 0);
        } else {
            self.bytes = self.bytes.saturating_add(out.bytes);
        }
        if map.replica() == out.replica {
            map.set_saved(Some(out.own_seq));
        }
    }

    /// That page could not be saved: it will be made again later.
    pub(super) fn failed(&mut self, number: u64, now_ms: u64) {
        if self.out.take_if(|out| out.number == number).is_some() {
            self.has_changed = true;
            self.retry_ms = Some(now_ms.saturating_add(LATER_MS));
        }
    }
}
