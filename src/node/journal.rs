//! The journal of a node: what is saved of it, and what is to be saved next.
//!
//! A sequence number counts as used once it may have left the replica. So no message that shows an own effect leaves before the page with
//! that effect is saved: the map notes up to where it is saved, and the protocols send nothing beyond.
//!
//! A page has what the map knows and no earlier page has, taken from the log of recent changes. It has the whole state if the log does
//! not reach back so far, or if the pages since the last whole one have become longer than that.

use core::ops::Range;

use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::map::{RangeMap, Undotted};
use crate::sync;
use crate::version::Version;

/// What came from others is saved so much later, together with what else comes. It could be asked for again, so it is not urgent.
const LATER_MS: u64 = 1_000;

/// Pages are not replaced by a whole one before they are so long in all.
const WHOLE_BYTES_MIN: usize = 64 << 10;

/// Bytes to be saved. See [`Node`](super::Node#what-is-saved).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The number to call [`Node::saved`](super::Node::saved) with.
    pub number: u64,
    /// Whether it has the whole state, so that all earlier pages may be deleted once it is saved.
    pub is_whole: bool,
    /// Whether it has something that was done here, so that a user may wait for it, and not only what came from others.
    pub is_own: bool,
    /// Under which id the node wrote when it was made.
    pub replica: ReplicaId,
    /// The sequence numbers of the effects under that id that are on no earlier page; empty if there are none.
    pub own: Range<u64>,
    /// The bytes to save, for [`Node::restore`](super::Node::restore). A checksum in them shows damage.
    pub bytes: Vec<u8>,
}

/// The page that is out: handed out, and not yet reported as saved.
#[derive(Clone, Debug)]
struct Out {
    number: u64,
    replica: ReplicaId,
    version: Version,
    own_seq: u64,
    /// Whether it has something that was done here.
    has_own: bool,
    bytes: usize,
    is_whole: bool,
    undotted: Undotted,
}

/// What is known of the pages from which a node was restored.
#[derive(Clone, Debug, Default)]
pub(super) struct Saved {
    pub(super) version: Version,
    /// How long they are in all, and how long the first is, which is the whole one.
    pub(super) bytes: usize,
    pub(super) whole_bytes: usize,
    /// Whether some of them cannot be read. Then all are replaced at once.
    pub(super) is_damaged: bool,
}

/// What is saved of a node, and what is not.
#[derive(Clone, Debug)]
pub(super) struct Journal<K> {
    saved: Version,
    /// What this node did itself since the last page. Mostly that is all that is new.
    own: Delta<K>,
    /// Whether something that was done here is on no page, also not on the one that is out.
    is_owing: bool,
    /// Whether a page that was made counts for nothing, so that what it had may be missing.
    has_withdrawn: bool,
    /// What of that which no dot tells of is on the pages.
    undotted: Undotted,
    out: Option<Out>,
    pages: u64,
    /// When what came from others is to be saved.
    due_ms: Option<u64>,
    /// When a page that could not be saved is made again.
    retry_ms: Option<u64>,
    /// How long the pages since the last whole one are in all, and how long that one was.
    bytes: usize,
    whole_bytes: usize,
    /// Whether effects may be sent that are not saved.
    sends_unsaved: bool,
    /// Whether others save in the same storage, where the caller joins the pages.
    is_shared: bool,
    /// Whether the node has taken another id since the page that is out was made.
    is_renamed: bool,
}

impl<K> Default for Journal<K> {
    fn default() -> Self {
        let (saved, own, is_owing, has_withdrawn, out, pages) = Default::default();
        let (undotted, due_ms, retry_ms, bytes, whole_bytes) = Default::default();
        let (sends_unsaved, is_shared, is_renamed) = Default::default();
        Self {
            saved,
            own,
            is_owing,
            has_withdrawn,
            undotted,
            out,
            pages,
            due_ms,
            retry_ms,
            bytes,
            whole_bytes,
            sends_unsaved,
            is_shared,
            is_renamed,
        }
    }
}

impl<K: WireKey> Journal<K> {
    /// The journal of a map of which `saved` is saved.
    pub(super) fn begin(map: &mut RangeMap<K>, saved: Saved) -> Self {
        let Saved { version, bytes, whole_bytes, is_damaged } = saved;
        map.set_saved(Some(version.context.last_seq(map.replica())));
        if is_damaged {
            return Self { bytes: usize::MAX, due_ms: Some(0), ..Self::default() };
        }
        let undotted = map.undotted();
        Self { saved: version, undotted, bytes: bytes - whole_bytes, whole_bytes, ..Self::default() }
    }

    /// Notes what this node did.
    pub(super) fn note_own(&mut self, delta: &Delta<K>) {
        if self.is_shared && self.out.as_ref().is_some_and(|out| !out.has_own) {
            // The page has only what came from others, and the caller may take its time to save it.
            self.withdraw();
        }
        self.is_owing = true;
        self.own.merge(delta);
    }

    /// Whether the map knows nothing that no page has and no dot tells of.
    fn has_all_undotted(&self, map: &RangeMap<K>) -> bool {
        !self.has_withdrawn && !map.undotted().has_news_since(&self.undotted)
    }

    /// What the map knows and no page has. Mostly that is what this node did itself. Otherwise it comes from the log; `None` if the log
    /// does not reach back so far.
    fn news(&self, map: &RangeMap<K>, own: Delta<K>) -> Option<Delta<K>> {
        let mut covered = self.saved.clone();
        covered.join(own.version());
        if covered == *map.state().version() && self.has_all_undotted(map) {
            return Some(own);
        }
        if map.undotted().has_lost_since(&self.undotted) {
            return None;
        }
        map.delta_since(&self.saved)
    }

    /// The next page, if something is to be saved now and no page is out.
    pub(super) fn next_page(&mut self, map: &mut RangeMap<K>, now_ms: u64) -> Option<Page> {
        if self.next_wake_ms(map, now_ms) > now_ms {
            return None;
        }
        (self.due_ms, self.retry_ms) = (None, None);
        let (state, replica) = (map.state(), map.replica());
        let is_long = self.bytes > self.whole_bytes.max(WHOLE_BYTES_MIN);
        let is_due_whole = !self.is_shared && (self.saved.is_empty() || is_long);
        let own = core::mem::take(&mut self.own);
        let own_seqs = self.saved_seq(replica) + 1..map.last_own_seq() + 1;
        // The drops that it made in answer to others are its own, too.
        let has_own = core::mem::take(&mut self.is_owing) || !own_seqs.is_empty();
        let news = if is_due_whole { None } else { self.news(map, own) };
        if news.as_ref().is_some_and(Delta::is_empty) && self.is_shared {
            // Everything is saved, by others or under a former id.
            (self.has_withdrawn, self.undotted) = (false, map.undotted());
            map.set_saved(None);
            self.follow(map);
            return None;
        }
        self.is_renamed = false;
        let is_whole = news.is_none();
        let own_seq = map.last_own_seq();
        let bytes = sync::write_page(replica, own_seq, news.unwrap_or_else(|| state.clone()));
        self.has_withdrawn = false;
        self.pages += 1;
        self.out = Some(Out {
            number: self.pages,
            replica,
            version: state.version().clone(),
            own_seq,
            has_own,
            bytes: bytes.len(),
            is_whole,
            undotted: map.undotted(),
        });
        Some(Page { number: self.pages, is_whole, is_own: has_own, replica, own: own_seqs, bytes })
    }

    /// When something is to be saved, if nothing happens before. Notes when something that is not urgent has to be.
    pub(super) fn next_wake_ms(&mut self, map: &RangeMap<K>, now_ms: u64) -> u64 {
        if self.out.is_some() {
            return u64::MAX;
        }
        if let Some(retry_ms) = self.retry_ms {
            // The clock may have been set back.
            return *self.retry_ms.insert(retry_ms.min(now_ms.saturating_add(LATER_MS)));
        }
        if !map.is_saved() || self.is_owing {
            return 0;
        }
        if self.saved == *map.state().version() && self.has_all_undotted(map) {
            self.due_ms = None;
            return u64::MAX;
        }
        let latest_ms = now_ms.saturating_add(LATER_MS);
        *self.due_ms.insert(self.due_ms.unwrap_or(latest_ms).min(latest_ms))
    }

    /// Notes that the page of that number is saved, if it is out.
    pub(super) fn saved(&mut self, map: &mut RangeMap<K>, number: u64) {
        let Some(out) = self.out.take_if(|out| out.number == number) else { return };
        self.saved.join(&out.version);
        self.undotted = out.undotted;
        if out.is_whole {
            (self.whole_bytes, self.bytes) = (out.bytes, 0);
        } else {
            self.bytes = self.bytes.saturating_add(out.bytes);
        }
        // What was done under this id since the page was made is on the next one.
        if map.replica() == out.replica && !self.is_renamed && !self.sends_unsaved {
            map.set_saved(Some(out.own_seq));
        }
    }

    /// Notes that the page of that number could not be saved, if it is out. It will be made again later.
    pub(super) fn failed(&mut self, number: u64, now_ms: u64) {
        if self.out.as_ref().is_some_and(|out| out.number == number) {
            self.withdraw();
            self.retry_ms = Some(now_ms.saturating_add(LATER_MS));
        }
    }

    /// Takes back the page that is out, if one is.
    pub(super) fn withdraw(&mut self) {
        if let Some(out) = self.out.take() {
            self.is_owing |= out.has_own;
            self.has_withdrawn = true;
        }
    }

    /// The last number under that id that is known to be saved.
    pub(super) fn saved_seq(&self, replica: ReplicaId) -> u64 {
        self.saved.context().last_seq(replica)
    }

    /// Up to which number under that id everything is known to be saved.
    pub(super) fn saved_prefix(&self, replica: ReplicaId) -> u64 {
        self.saved.context().prefix(replica)
    }

    /// Tells the map up to where it is saved under its id.
    pub(super) fn follow(&self, map: &mut RangeMap<K>) {
        let saved_seq = self.saved_seq(map.replica());
        map.set_saved_under_present_id(if self.sends_unsaved { None } else { Some(saved_seq) });
    }

    /// The journal of a map in a shared storage that has nothing of it yet.
    pub(super) fn shared(map: &RangeMap<K>) -> Self {
        let is_owing = !map.state().is_empty();
        Self { sends_unsaved: true, is_shared: true, is_owing, ..Self::default() }
    }

    /// How many pages were handed out. O(1).
    pub(super) fn pages(&self) -> u64 {
        self.pages
    }

    /// Numbers pages from the one after that on.
    pub(super) fn go_on_after_page(&mut self, pages: u64) {
        self.pages = pages;
    }

    /// Notes that the node took another id.
    pub(super) fn note_renamed(&mut self) {
        self.is_renamed = true;
    }

    /// Notes that that version is in the shared storage, and was merged. What no dot tells of counts as saved, too: all who share the storage
    /// hear of it, and would write it one after the other.
    pub(super) fn absorb(&mut self, map: &mut RangeMap<K>, version: &Version) {
        self.saved.join(version);
        self.withdraw();
        (self.undotted, self.has_withdrawn) = (map.undotted(), false);
        self.follow(map);
    }

    /// Notes that nothing is saved any more.
    pub(super) fn forget_saved(&mut self, map: &mut RangeMap<K>) {
        (self.saved, self.undotted) = (Version::default(), Undotted::default());
        self.withdraw();
        self.is_owing |= !map.state().is_empty();
        self.follow(map);
    }

    pub(super) fn set_sends_unsaved(&mut self, map: &mut RangeMap<K>, sends_unsaved: bool) {
        self.sends_unsaved = sends_unsaved;
        if sends_unsaved {
            // Also what was done under a former id.
            map.set_saved(None);
        }
        self.follow(map);
    }

    pub(super) fn has_unsaved(&self, map: &RangeMap<K>) -> bool {
        let is_known = self.saved_seq(map.replica()) == map.last_own_seq();
        self.is_owing || !is_known || self.out.as_ref().is_some_and(|out| out.has_own)
    }
}
