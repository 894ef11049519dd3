//! Who is told of changes, and the telling: in order, one at a time, and whatever a callback does or throws.
//!
//! A change that a callback causes is queued, not delivered at once, so that every subscriber hears of all changes in the order
//! in which they happened. Who subscribes during a notification hears of later changes only; who unsubscribes hears nothing
//! more, not even what is queued.

use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::answers::Ranges;
use super::callbacks::{Callback, Callbacks};
use crate::key::KeyRange;

/// Where a change came from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// An operation at this replica.
    Local,
    /// A merge.
    Remote,
}

/// A change and who was subscribed when it happened.
struct Notification {
    source: Source,
    ranges: Ranges,
    subscribers: Vec<Rc<Callback>>,
}

/// The subscribers of one map.
#[derive(Default)]
pub(super) struct Subscribers {
    subscribers: Rc<Callbacks>,
    queue: RefCell<VecDeque<Notification>>,
    is_notifying: Cell<bool>,
}

impl Subscribers {
    /// Subscribes a callback and returns the function that unsubscribes it, which may be called any number of times.
    pub(super) fn subscribe(&self, callback: JsValue) -> JsValue {
        self.subscribers.subscribe(callback)
    }

    /// Notes a change for those who are subscribed now. Done before anything runs that may cause another one, such as posting.
    pub(super) fn enqueue(&self, source: Source, ranges: &[KeyRange<u64>]) {
        let subscribers = self.subscribers.all();
        if ranges.is_empty() || subscribers.is_empty() {
            return;
        }
        let ranges = ranges.iter().collect();
        self.queue.borrow_mut().push_back(Notification { source, ranges, subscribers });
    }

    /// Tells of all changes that are noted. In a callback it does nothing: whoever is notifying already goes on with them.
    pub(super) fn notify(&self) {
        if self.is_notifying.replace(true) {
            return;
        }
        while let Some(notification) = self.next() {
            notification.deliver();
        }
        self.is_notifying.set(false);
    }

    /// Whether nobody is subscribed.
    pub(super) fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// Unsubscribes everybody.
    pub(super) fn clear(&self) {
        self.queue.take();
        self.subscribers.clear();
    }

    fn next(&self) -> Option<Notification> {
        self.queue.borrow_mut().pop_front()
    }
}

impl Notification {
    fn deliver(self) {
        let source = match self.source {
            Source::Local => "local",
            Source::Remote => "remote",
        };
        for subscriber in self.subscribers {
            // Each gets objects of its own: what one does to them is no concern of the next.
            subscriber.tell(|| self.ranges.change(source));
        }
    }
}
