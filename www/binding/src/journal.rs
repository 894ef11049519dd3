//! What is to be saved, in a place that is shared with others.

use crdt_range_map::{Delta, ReplicaId};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::Failure;
use crate::replica::Replica;

#[wasm_bindgen]
impl Replica {
    #[wasm_bindgen(js_name = shareStorage)]
    pub fn share_storage(&mut self) {
        self.node.share_storage();
    }

    #[wasm_bindgen(js_name = leaveStorage)]
    pub fn leave_storage(&mut self) {
        self.node.leave_storage();
    }

    pub fn saved(&mut self, page: f64) {
        self.node.saved(page as u64);
    }

    #[wasm_bindgen(js_name = notSaved)]
    pub fn not_saved(&mut self, page: f64) {
        self.node.not_saved(page as u64);
    }

    pub fn absorb(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.node.absorb(bytes)?;
        self.answers.merge(self.node.last_delta());
        Ok(())
    }

    #[wasm_bindgen(js_name = forgetSaved)]
    pub fn forget_saved(&mut self) {
        self.node.forget_saved();
    }

    #[wasm_bindgen(js_name = setSendsUnsaved)]
    pub fn set_sends_unsaved(&mut self, sends_unsaved: bool) {
        self.node.set_sends_unsaved(sends_unsaved);
    }

    #[wasm_bindgen(js_name = hasUnsaved)]
    pub fn has_unsaved(&self) -> bool {
        self.node.has_unsaved()
    }

    #[wasm_bindgen(js_name = goOnAs)]
    pub fn go_on_as(&mut self, replica: u64, next_seq: f64) -> bool {
        let is_done = self.node.go_on_as(ReplicaId::new(replica), next_seq as u64);
        if is_done {
            self.answers.merge(self.node.last_delta());
        }
        is_done
    }

    /// Begins anew under another id, knowing nothing and with no link, with a journal.
    pub fn restart(&mut self, replica: u64, seed: u64) {
        self.node.restart(ReplicaId::new(replica), seed);
        self.answers = Delta::default();
    }
}
