//! Functions of the user that are called until they are unsubscribed.

use core::cell::RefCell;
use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use super::world::tell;

/// A function, until it is unsubscribed.
pub(super) struct Callback(RefCell<Option<JsValue>>);

impl Callback {
    /// Calls it, unless it was unsubscribed. No state may be borrowed: it may call anything.
    pub(super) fn tell(&self, argument: impl FnOnce() -> JsValue) {
        // Not in the condition of an `if let`, which would keep it borrowed during the call.
        let callback = self.0.borrow().clone();
        if let Some(callback) = callback {
            tell(&callback, &argument());
        }
    }
}

/// The functions that are subscribed.
#[derive(Default)]
pub(super) struct Callbacks(RefCell<Vec<Rc<Callback>>>);

impl Callbacks {
    /// Subscribes a function and returns the function that unsubscribes it, which may be called any number of times.
    pub(super) fn subscribe(self: &Rc<Self>, callback: JsValue) -> JsValue {
        let callback = Rc::new(Callback(RefCell::new(Some(callback))));
        self.0.borrow_mut().push(callback.clone());
        // Weak, so that a function that is kept does not keep the callbacks of a freed map.
        let callbacks: Weak<Self> = Rc::downgrade(self);
        let unsubscribe = Closure::<dyn Fn()>::new(move || {
            callback.0.take();
            if let Some(callbacks) = callbacks.upgrade() {
                callbacks.0.borrow_mut().retain(|other| !Rc::ptr_eq(other, &callback));
            }
        });
        // The garbage collector takes the closure with the function.
        unsubscribe.into_js_value()
    }

    /// Those that are subscribed now.
    pub(super) fn all(&self) -> Vec<Rc<Callback>> {
        self.0.borrow().clone()
    }

    /// Whether nobody is subscribed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Unsubscribes everybody.
    pub(super) fn clear(&self) {
        for callback in self.0.take() {
            callback.0.take();
        }
    }
}
