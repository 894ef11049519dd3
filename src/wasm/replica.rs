//! One replica with all that hangs on it: what the class `RangeMap`, its connection and its callbacks share.

use core::cell::{Ref, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::errors::Failure;
use super::journal::{Page, Pages};
use super::link::Link;
use super::operation::Operation;
use super::subscribers::{Source, Subscribers};
use super::values;
use super::world::tell;
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::map::{RangeMap, TightenError};
use crate::splits::{Changes, RangeCollector};
use crate::sync::Received;

/// A replica, who is told of its changes, and its connection.
pub(super) struct Replica {
    map: RefCell<RangeMap<u64>>,
    subscribers: Rc<Subscribers>,
    link: RefCell<Option<Rc<Link>>>,
    /// Those of the open journal.
    pages: RefCell<Option<Rc<RefCell<Pages>>>>,
    /// Records that merges dropped and nobody was told of yet. JavaScript gets them with the next operation's delta.
    untold_drops: RefCell<Delta<u64>>,
}

impl Replica {
    pub(super) fn new(replica: ReplicaId) -> Self {
        Self {
            map: RefCell::new(RangeMap::new(replica)),
            subscribers: Rc::default(),
            link: RefCell::default(),
            pages: RefCell::default(),
            untold_drops: RefCell::default(),
        }
    }

    /// The state, to read from. No JavaScript of the user may run before it is given back.
    pub(super) fn map(&self) -> Ref<'_, RangeMap<u64>> {
        self.map.borrow()
    }

    pub(super) fn subscribers(&self) -> &Rc<Subscribers> {
        &self.subscribers
    }

    /// Does operations, one after the other, and returns the bytes of their joined delta, none if nothing happened. Posts it to
    /// the connection, and tells the subscribers of the registrations whose priority is another one than before.
    pub(super) fn operate(&self, operations: &[Operation]) -> Result<JsValue, Failure> {
        self.change(|map, changed| {
            operations.iter().try_for_each(|operation| operation.check(map))?;
            let mut joined = Delta::default();
            for operation in operations {
                let Operation { node, range, .. } = operation;
                let delta = changed.watch(map, node, range, |map| operation.apply(map))?;
                if joined.is_empty() {
                    joined = delta;
                } else {
                    joined.merge(&delta);
                }
            }
            Ok(joined)
        })
    }

    /// Moves a registration to a smaller range, as [`operate`](Self::operate) does operations.
    pub(super) fn tighten(
        &self,
        node: &NodeId,
        from: &KeyRange<u64>,
        to: &KeyRange<u64>,
    ) -> Result<JsValue, Failure> {
        self.change(|map, changed| Ok(changed.watch(map, node, from, |map| map.tighten(node, from, to))?))
    }

    /// Declares that another replica writes no more.
    pub(super) fn retire(&self, replica: ReplicaId) -> Result<JsValue, Failure> {
        self.change(|map, _| Ok(map.retire(replica)))
    }

    /// Clears what counts for nothing.
    pub(super) fn maintain(&self) -> Result<JsValue, Failure> {
        self.change(|map, _| Ok(map.maintain()))
    }

    fn change(
        &self,
        change: impl FnOnce(&mut RangeMap<u64>, &mut Watch) -> Result<Delta<u64>, Failure>,
    ) -> Result<JsValue, Failure> {
        let mut watch = Watch { is_needed: !self.subscribers.is_empty(), changed: RangeCollector::default() };
        let page = {
            let mut map = self.map.borrow_mut();
            if map.is_exhausted() {
                return Err(Failure::exhausted());
            }
            if map.is_retired() {
                return Err(Failure::from(TightenError::Retired));
            }
            let first = next_seq(&map);
            let mut delta = change(&mut map, &mut watch)?;
            if delta.is_empty() {
                return Ok(values::bytes(&[]));
            }
            delta.merge(&self.untold_drops.take());
            Page::new(map.replica(), [first, next_seq(&map)], delta, Delta::default())
        };
        let bytes = page.bytes();
        self.subscribers.enqueue(Source::Local, &watch.changed.finish());
        self.spread(page);
        self.subscribers.notify();
        Ok(values::bytes(&bytes))
    }

    /// Merges a delta that did not come over the connection, posts what was news in it there, and tells the subscribers.
    pub(super) fn merge(&self, delta: &Delta<u64>) -> Changes<u64> {
        let is_news = !self.map().state().version().includes(delta.version());
        self.absorb_and_spread(delta, if is_news { delta.clone() } else { Delta::default() })
    }

    /// Merges a delta that was saved and posted by somebody else.
    pub(super) fn absorb(&self, delta: &Delta<u64>) -> Changes<u64> {
        self.absorb_and_spread(delta, Delta::default())
    }

    fn absorb_and_spread(&self, delta: &Delta<u64>, news: Delta<u64>) -> Changes<u64> {
        let (changes, page) = {
            let mut map = self.map.borrow_mut();
            let first = next_seq(&map);
            let changes = map.merge(delta);
            let page = Page::new(map.replica(), [first, next_seq(&map)], changes.delta().clone(), news);
            (changes, page)
        };
        self.subscribers.enqueue(Source::Remote, changes.ranges());
        if self.link().is_none() {
            self.untold_drops.borrow_mut().merge(changes.delta());
        }
        self.spread(page);
        self.subscribers.notify();
        changes
    }

    /// Posts what happened here to the connection, or leaves that to the journal.
    fn spread(&self, page: Page) {
        if page.deltas().iter().all(|delta| delta.is_empty()) {
            return;
        }
        let pages = self.pages.borrow().clone();
        let is_now = pages.as_ref().is_none_or(|pages| pages.borrow().posts_unsaved());
        if is_now && page.is_unposted() {
            self.publish(&page.deltas());
        }
        let callback = pages.and_then(|pages| pages.borrow_mut().add(page));
        callback.iter().for_each(|callback| tell(callback, &JsValue::UNDEFINED));
    }

    /// Goes on under another id.
    pub(super) fn set_replica(&self, replica: ReplicaId) {
        let page = {
            let mut map = self.map.borrow_mut();
            let first = map.state().context().last_seq(replica) + 1;
            let drops = map.set_replica(replica);
            Page::new(replica, [first, next_seq(&map)], drops, Delta::default())
        };
        self.spread(page);
        // Presence goes with the id.
        self.publish(&[]);
    }

    /// Begins anew under another id, knowing nothing and without a connection.
    pub(super) fn restart(&self, replica: ReplicaId) {
        if let Some(link) = self.link() {
            link.close();
        }
        drop(self.untold_drops.take());
        self.map.replace(RangeMap::new(replica));
        self.subscribers.enqueue(Source::Remote, &[KeyRange::full()]);
        self.subscribers.notify();
    }

    /// Opens a journal's pages.
    pub(super) fn set_pages(&self, pages: Rc<RefCell<Pages>>) {
        self.pages.replace(Some(pages));
    }

    /// Ends the journal with those pages.
    pub(super) fn forget_pages(&self, pages: &Rc<RefCell<Pages>>) {
        self.pages.borrow_mut().take_if(|open| Rc::ptr_eq(open, pages));
    }

    pub(super) fn has_journal(&self) -> bool {
        self.pages.borrow().is_some()
    }

    /// Whether something is not saved that must be before anything is posted.
    pub(super) fn holds(&self) -> bool {
        self.pages.borrow().as_ref().is_some_and(|pages| pages.borrow().holds())
    }

    /// Lends the state to the protocol of the connection, which merges a message into it and posts by itself what this replica does
    /// in answer.
    pub(super) fn receive(&self, receive: impl FnOnce(&mut RangeMap<u64>) -> Received<u64>) -> Received<u64> {
        let (received, page) = {
            let mut map = self.map.borrow_mut();
            let (replica, first) = (map.replica(), next_seq(&map));
            let before = map.state().version().clone();
            let received = receive(&mut map);
            let next = next_seq(&map);
            let page = if map.replica() != replica {
                // It goes on under another id, and may have said something under that already.
                let own = map.delta_since(&before).unwrap_or_else(|| map.state().clone());
                Some(Page::following(map.replica(), [1, next], own))
            } else {
                let own = if let Received::Applied(changes) = &received {
                    changes.delta()
                } else {
                    &Delta::default()
                };
                (first < next).then(|| Page::following(replica, [first, next], own.clone()))
            };
            (received, page)
        };
        if let Received::Applied(changes) = &received {
            self.subscribers.enqueue(Source::Remote, changes.ranges());
        }
        if let Some(page) = page
            && self.has_journal()
        {
            self.spread(page);
        }
        received
    }

    /// Tells the map up to where it is saved, before anything is posted.
    pub(super) fn note_saved(&self) {
        let saved =
            self.pages.borrow().as_ref().and_then(|pages| pages.borrow().saved_before(self.map().replica()));
        self.map.borrow_mut().set_saved(saved);
    }

    /// The open connection.
    pub(super) fn link(&self) -> Option<Rc<Link>> {
        self.link.borrow().clone()
    }

    /// Sets or forgets the connection.
    pub(super) fn set_link(&self, link: Option<Rc<Link>>) {
        self.link.replace(link);
    }

    /// Closes the connection and forgets the callbacks: the map is freed.
    pub(super) fn dispose(&self) {
        self.subscribers.clear();
        self.pages.take();
        if let Some(link) = self.link() {
            link.close();
        }
    }

    /// Posts deltas to the connection, and whatever waited for that.
    pub(super) fn publish(&self, deltas: &[&Delta<u64>]) {
        if let Some(link) = self.link() {
            link.publish(self, deltas);
        }
    }
}

/// The number of its next effect.
pub(super) fn next_seq(map: &RangeMap<u64>) -> u64 {
    map.state().context().last_seq(map.replica()) + 1
}

/// Notes the registrations whose priority changes, if somebody wants to know.
struct Watch {
    is_needed: bool,
    changed: RangeCollector<u64>,
}

impl Watch {
    fn watch<T>(
        &mut self,
        map: &mut RangeMap<u64>,
        node: &NodeId,
        range: &KeyRange<u64>,
        change: impl FnOnce(&mut RangeMap<u64>) -> T,
    ) -> T {
        let before = self.is_needed.then(|| map.priority(node, range));
        let result = change(map);
        if before.is_some_and(|before| before != map.priority(node, range)) {
            self.changed.add(range.clone());
        }
        result
    }
}
