//! One replica with all that hangs on it: what the class `RangeMap`, its connection and its callbacks share.

use core::cell::{Ref, RefCell};
use std::rc::Rc;

use super::errors::Failure;
use super::link::Link;
use super::subscribers::{Source, Subscribers};
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::map::RangeMap;
use crate::splits::Changes;

/// A replica, who is told of its changes, and its connection.
pub(super) struct Replica {
    map: RefCell<RangeMap<u64>>,
    subscribers: Rc<Subscribers>,
    link: RefCell<Option<Rc<Link>>>,
    /// Records that merges dropped and nobody was told of yet. JavaScript gets them with the next operation's delta.
    untold_drops: RefCell<Delta<u64>>,
}

/// What an operation does with the state.
pub(super) type Operation<'a> = dyn Fn(&mut RangeMap<u64>) -> Result<Delta<u64>, Failure> + 'a;

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

    /// Does an operation on a registration and returns its delta's bytes, none if nothing happened. Posts it to the
    /// connection and tells the subscribers, if the registration's priority is another one than before.
    pub(super) fn operate(
        &self,
        node: &NodeId,
        range: &KeyRange<u64>,
        operation: &Operation<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let (mut delta, has_changed) = {
            let mut map = self.map.borrow_mut();
            if map.is_exhausted() {
                return Err(Failure::exhausted());
            }
            let before = map.priority(node, range);
            let delta = operation(&mut map)?;
            (delta, map.priority(node, range) != before)
        };
        if delta.is_empty() {
            return Ok(Vec::new());
        }
        delta.merge(&self.untold_drops.take());
        self.publish(&[&delta]);
        if has_changed {
            self.subscribers.notify(Source::Local, vec![range.clone()]);
        }
        Ok(delta.encode())
    }

    /// Merges a delta that did not come over the connection, posts what was news in it there, and tells the subscribers.
    pub(super) fn merge(&self, delta: &Delta<u64>) -> Changes<u64> {
        let (changes, is_news) = {
            let mut map = self.map.borrow_mut();
            let is_news = !map.state().context().includes(delta.context());
            (map.merge(delta), is_news)
        };
        if self.link().is_none() {
            self.untold_drops.borrow_mut().merge(changes.delta());
        } else if is_news {
            self.publish(&[delta, changes.delta()]);
        }
        self.subscribers.notify(Source::Remote, changes.ranges().to_vec());
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
