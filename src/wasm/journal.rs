//! The class `Journal`: what of a map is not saved yet, for whoever saves it.
//!
//! A sequence number counts as used once it may have left the replica. So whoever goes on under the same id after a restart must
//! have saved every own effect before it was posted: with a journal, own effects are posted when they are saved, and while some are
//! not, the protocol is held: an answer or a causal context would tell of them.

use core::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::answers::Ranges;
use super::arguments;
use super::errors::Failure;
use super::replica::{Replica, next_seq};
use super::values;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::version::Version;

/// What is saved in one go.
pub(super) struct Page {
    /// Own effects: the numbers from `first` up to, but not including, `next` of that replica.
    replica: ReplicaId,
    first: u64,
    next: u64,
    own: Delta<u64>,
    /// What was merged from elsewhere.
    received: Delta<u64>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Operations that are posted once they are saved.
    Unposted,
    /// What followed from a message, which the protocol posts by itself when nothing is held back.
    Following,
    /// Operations that are posted.
    Posted,
    /// Made of what the map knows, and made anew if it cannot be saved.
    Known,
}

impl Page {
    /// What happened, where `first` was the number of the next effect before and `next` is now.
    pub(super) fn new(
        replica: ReplicaId,
        [first, next]: [u64; 2],
        own: Delta<u64>,
        mut received: Delta<u64>,
    ) -> Self {
        if first < next {
            return Self { replica, first, next, own, received, kind: Kind::Unposted };
        }
        // Without a number it cannot be named by one: a retirement that was declared, for one.
        received.merge(&own);
        Self { replica, first, next, own: Delta::default(), received, kind: Kind::Unposted }
    }

    /// What this replica did when it was given a message.
    pub(super) fn following(replica: ReplicaId, seqs: [u64; 2], own: Delta<u64>) -> Self {
        Self { kind: Kind::Following, ..Self::new(replica, seqs, own, Delta::default()) }
    }

    /// What an operation did, as a delta.
    pub(super) fn bytes(&self) -> Vec<u8> {
        if self.own.is_empty() { &self.received } else { &self.own }.encode()
    }

    pub(super) fn is_unposted(&self) -> bool {
        self.kind == Kind::Unposted
    }

    pub(super) fn deltas(&self) -> [&Delta<u64>; 2] {
        [&self.own, &self.received]
    }
}

/// What a journal knows.
pub(super) struct Pages {
    /// Told when there is something to take where there was nothing.
    on_unsaved: JsValue,
    /// In the order in which it happened.
    waiting: VecDeque<Page>,
    taken: Option<Page>,
    /// What is known to be saved.
    saved: Version,
    posts_unsaved: bool,
}

impl Pages {
    fn new(on_unsaved: JsValue) -> Self {
        let waiting = VecDeque::new();
        Self { on_unsaved, waiting, taken: None, saved: Version::default(), posts_unsaved: false }
    }

    fn is_saved(&self) -> bool {
        self.waiting.is_empty() && self.taken.as_ref().is_none_or(|page| page.kind == Kind::Known)
    }

    /// Whether something must not be told to anybody yet.
    pub(super) fn holds(&self) -> bool {
        !self.posts_unsaved && !self.is_saved()
    }

    pub(super) fn posts_unsaved(&self) -> bool {
        self.posts_unsaved
    }

    /// Up to which number of its own that replica is saved, if something of it is not.
    pub(super) fn saved_before(&self, replica: ReplicaId) -> Option<u64> {
        let unsaved = self.taken.iter().chain(&self.waiting).filter(|page| {
            page.replica == replica
                && page.first < page.next
                && page.kind != Kind::Known
                && page.kind != Kind::Posted
        });
        unsaved.map(|page| page.first - 1).min()
    }

    /// Adds what happened. Returns whom to tell that there is something to take.
    pub(super) fn add(&mut self, page: Page) -> Option<JsValue> {
        let kind = if self.posts_unsaved { Kind::Posted } else { page.kind };
        match self.waiting.back_mut() {
            Some(last)
                if last.replica == page.replica && (last.kind == Kind::Posted) == self.posts_unsaved =>
            {
                if kind == Kind::Unposted {
                    last.kind = kind;
                }
                last.next = page.next;
                last.own.merge(&page.own);
                last.received.merge(&page.received);
                None
            }
            last => {
                let callback = last.is_none().then(|| self.on_unsaved.clone());
                self.waiting.push_back(Page { kind, ..page });
                callback
            }
        }
    }

    fn put_back(&mut self) {
        let page = self.taken.take().filter(|page| page.kind != Kind::Known);
        page.into_iter().for_each(|page| self.waiting.push_front(page));
    }

    fn forget(&mut self) {
        *self = Self::new(self.on_unsaved.clone());
    }
}

/// What of a map is not saved yet. Made by `map.journal(onUnsaved)`; the package's persistent map is written with it, and so can be
/// whatever saves a map elsewhere.
///
/// With a journal, own operations and merges are posted to the connection once they are saved, and nothing else is posted while
/// something is not. So an id whose every page was saved can be gone on with after a restart: by one writer at a time, who has
/// absorbed all pages.
///
/// It is open until `close()`, `free()`, or until the map is freed.
#[wasm_bindgen]
pub struct Journal {
    replica: Rc<Replica>,
    pages: Rc<RefCell<Pages>>,
}

impl Journal {
    pub(super) fn new(replica: &Rc<Replica>, on_unsaved: JsValue) -> Self {
        let pages = Rc::new(RefCell::new(Pages::new(on_unsaved)));
        replica.set_pages(pages.clone());
        Self { replica: replica.clone(), pages }
    }
}

#[wasm_bindgen]
impl Journal {
    /// Takes what is to be saved next, or `undefined` if there is nothing. Call `saved()` or `returned()` afterwards; one page is out
    /// at a time, and taking another returns it.
    ///
    /// - `"operations"`: what happened here: own operations, what followed from merges, and what was handed to `merge`.
    /// - `"missing"`: what the map knows and no saved page holds, such as what came over the connection.
    /// - `"everything"`: the whole state, which makes all earlier pages superfluous.
    ///
    /// Costs what encoding the page takes. What is missing is told from the log of recent effects, some thousands of them; if that does not reach
    /// back so far, it is the whole state.
    #[wasm_bindgen(unchecked_return_type = "JournalPage | undefined")]
    pub fn take(
        &self,
        #[wasm_bindgen(unchecked_param_type = "\"operations\" | \"missing\" | \"everything\"")] what: &str,
    ) -> JsValue {
        let page = {
            let pages = &mut *self.pages.borrow_mut();
            pages.put_back();
            let map = self.replica.map();
            let known = |received| Page {
                kind: Kind::Known,
                ..Page::new(map.replica(), [next_seq(&map); 2], Delta::default(), received)
            };
            let state = map.state();
            match what {
                "operations" => pages.waiting.pop_front(),
                "missing" if pages.saved.includes(state.version()) => None,
                "missing" => Some(known(map.delta_since(&pages.saved).unwrap_or_else(|| state.clone()))),
                _ => Some(known(state.clone())),
            }
        };
        let Some(page) = page else { return JsValue::UNDEFINED };
        let [own, received] =
            page.deltas().map(|delta| if delta.is_empty() { Vec::new() } else { delta.encode() });
        let [first, next] = [page.first, page.next].map(|seq| seq as f64);
        let is_last = page.kind == Kind::Known || self.pages.borrow().waiting.is_empty();
        let is_posted = page.kind == Kind::Posted;
        let object = values::page(page.replica.get(), first, next, &own, &received, is_posted, is_last);
        self.pages.borrow_mut().taken = Some(page);
        object
    }

    /// The page that is out is saved, and is posted.
    pub fn saved(&self) {
        let page = {
            let pages = &mut *self.pages.borrow_mut();
            let Some(page) = pages.taken.take() else { return };
            page.deltas().iter().for_each(|delta| pages.saved.join(delta.version()));
            page
        };
        let deltas = page.deltas();
        self.replica.publish(if page.is_unposted() { &deltas } else { &[] });
    }

    /// The page that is out could not be saved: it will be taken again. Nothing happens if none is out.
    pub fn returned(&self) {
        self.pages.borrow_mut().put_back();
    }

    /// Learns from bytes that are saved already, such as a page of another replica. Returns the ranges whose owners may have changed.
    ///
    /// Throws `malformed`.
    #[wasm_bindgen(unchecked_return_type = "Range[]")]
    pub fn absorb(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: &JsValue,
    ) -> Result<JsValue, Failure> {
        let delta = Delta::decode(&values::delta(bytes)?)?;
        self.pages.borrow_mut().saved.join(delta.version());
        Ok(self.replica.absorb(&delta).ranges().iter().collect::<Ranges>().objects())
    }

    /// Forgets what is saved, which counts as missing from now on, unless it is absorbed again: for another place to save in.
    #[wasm_bindgen(js_name = forgetSaved)]
    pub fn forget_saved(&self) {
        self.pages.borrow_mut().saved = Version::default();
    }

    /// Forgets everything, closes the connection, and begins anew under `replica`, or a fresh random id: for when another writer turns
    /// out to have used the same id, so that what is not saved has names that mean something else there.
    ///
    /// Throws `invalid-replica`.
    pub fn restart(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "bigint")] replica: &JsValue,
    ) -> Result<(), Failure> {
        let replica = arguments::replica(replica)?;
        self.pages.borrow_mut().forget();
        self.replica.restart(replica);
        Ok(())
    }

    /// The number of the next own effect: 1 for a replica that did nothing yet.
    #[wasm_bindgen(getter, js_name = nextSeq)]
    pub fn next_seq(&self) -> f64 {
        next_seq(&self.replica.map()) as f64
    }

    /// Whether nothing that happened waits to be saved.
    #[wasm_bindgen(getter, js_name = isSaved)]
    pub fn is_saved(&self) -> bool {
        self.pages.borrow().is_saved()
    }

    /// Whether operations are posted at once, saved or not: only for an id that nobody will go on with. `false` at first.
    #[wasm_bindgen(getter, js_name = postsUnsaved)]
    pub fn posts_unsaved(&self) -> bool {
        self.pages.borrow().posts_unsaved
    }

    /// See the getter. Once it is `true`, what waited to be saved is posted as well.
    #[wasm_bindgen(setter, js_name = postsUnsaved)]
    pub fn set_posts_unsaved(&self, posts_unsaved: bool) {
        let mut unposted = Vec::new();
        {
            let pages = &mut *self.pages.borrow_mut();
            pages.posts_unsaved = posts_unsaved;
            let operations = pages.waiting.iter_mut().chain(&mut pages.taken);
            let is_held = |page: &&mut Page| !matches!(page.kind, Kind::Posted | Kind::Known);
            for page in operations.filter(|page| posts_unsaved && is_held(page)) {
                page.kind = Kind::Posted;
                unposted.extend(page.deltas().map(Delta::clone));
            }
        }
        self.replica.publish(&unposted.iter().collect::<Vec<_>>());
    }

    /// Ends the journal: what is not saved is no concern of it any more, and is posted.
    pub fn close(&self) {
        self.set_posts_unsaved(true);
        self.replica.forget_pages(&self.pages);
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}
