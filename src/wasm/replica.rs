//! One replica with all that hangs on it: what the class `RangeMap`, its connection and its callbacks share.

use core::cell::{Ref, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::errors::Failure;
use super::link::Link;
use super::operation::Operation;
use super::subscribers::{Source, Subscribers};
use super::values;
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::map::RangeMap;
use crate::splits::{Changes, RangeCollector};

/// A replica, who is told of its changes, and its connection.
pub(super) struct Replica {
    map: RefCell<RangeMap<u64>>,
    subscribers: Rc<Subscribers>,
    link: RefCell<Option<Rc<Link>>>,
    /// Records that merges dropped and nobody was told of yet. JavaScript gets them with the next operation's delta.
    untold_drops: RefCell<Delta<u64>>,
}

impl Replica {
    pub(super) fn new(replica: ReplicaId) -> Self {
        Self {
            map: RefCell::new(RangeMap::new(replica)),
            subscribers: Rc::default(),
            link: RefCell::default(),
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
            let mut joined = Delta::default();
            for operation in operations {
                let delta = changed.watch(map, &operation.node, &operation.range, |map| operation.apply(map));
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

    fn change(
        &self,
        change: impl FnOnce(&mut RangeMap<u64>, &mut Watch) -> Result<Delta<u64>, Failure>,
    ) -> Result<JsValue, Failure> {
        let mut watch = Watch { is_needed: !self.subscribers.is_empty(), changed: RangeCollector::default() };
        let mut delta = {
            let mut map = self.map.borrow_mut();
            if map.is_exhausted() {
                return Err(Failure::exhausted());
            }
            change(&mut map, &mut watch)?
        };
        if delta.is_empty() {
            return Ok(values::bytes(&[]));
        }
        delta.merge(&self.untold_drops.take());
        self.subscribers.enqueue(Source::Local, &watch.changed.finish());
        self.publish(&[&delta]);
        self.subscribers.notify();
        Ok(values::bytes(&delta.encode()))
    }

    /// Merges a delta that did not come over the connection, posts what was news in it there, and tells the subscribers.
    pub(super) fn merge(&self, delta: &Delta<u64>) -> Changes<u64> {
        let (changes, is_news) = {
            let mut map = self.map.borrow_mut();
            let is_news = !map.state().context().includes(delta.context());
            (map.merge(delta), is_news)
        };
        self.subscribers.enqueue(Source::Remote, changes.ranges());
        if self.link().is_none() {
            self.untold_drops.borrow_mut().merge(changes.delta());
        } else if is_news {
            self.publish(&[delta, changes.delta()]);
        }
        self.subscribers.notify();
        changes
    }

    /// Lends the state to the protocol of the connection, which may merge into it.
    pub(super) fn with_map<T>(&self, exchange: impl FnOnce(&mut RangeMap<u64>) -> T) -> T {
        exchange(&mut self.map.borrow_mut())
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
        if let Some(link) = self.link() {
            link.close();
        }
    }

    fn publish(&self, deltas: &[&Delta<u64>]) {
        if let Some(link) = self.link() {
            link.publish(self, deltas);
        }
    }
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
