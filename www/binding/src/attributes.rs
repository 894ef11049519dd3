//! What participants say of themselves: pairs, as keys and values in turn.

use crdt_range_map::ReplicaId;
use crdt_range_map::node::{Event, Output};
use crdt_range_map::sync::presence::Attributes;
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::Failure;
use crate::replica::Replica;

#[wasm_bindgen]
impl Replica {
    #[wasm_bindgen(js_name = setAttributes)]
    pub fn set_attributes(&mut self, pairs: Vec<String>) -> Result<(), Failure> {
        let mut texts = pairs.into_iter();
        let pairs = core::iter::from_fn(|| texts.next().zip(texts.next()));
        self.node.set_attributes(Attributes::new(pairs)?);
        Ok(())
    }

    /// `None` if nothing is known.
    pub fn attributes(&self, replica: u64) -> Option<Vec<String>> {
        self.node.attributes(ReplicaId::new(replica)).map(flat)
    }

    /// Who said something new of itself, and what.
    pub fn said(&self) -> Array {
        let Output::Event(Event::Attributes { replica, attributes }) = &self.output else {
            return Array::new();
        };
        Array::of2(&JsValue::from(replica.get()), &flat(attributes).into())
    }

    /// Who backs the living owners of a key: the node, the writer, and what that says of itself, if anything; in turn.
    #[wasm_bindgen(js_name = livingWriters)]
    pub fn living_writers(&self, key: u64) -> Array {
        let list = Array::new();
        for (node, writer) in self.node.map().living_writers(&key) {
            list.push(&JsValue::from_str(node.as_str()));
            list.push(&JsValue::from(writer.get()));
            list.push(&self.attributes(writer.get()).into());
        }
        list
    }
}

fn flat(attributes: &Attributes) -> Vec<String> {
    attributes.iter().flat_map(|(key, value)| [key.to_string(), value.to_string()]).collect()
}
