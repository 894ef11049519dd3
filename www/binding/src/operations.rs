//! Operations, and the exchange of what they did.

use core::num::NonZeroU32;

use crdt_range_map::{Delta, Node, NodeId, Operation, ReplicaId, Version};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answers;
use crate::failure::Failure;
use crate::replica::{Replica, node_id, range};

#[wasm_bindgen]
impl Replica {
    /// Returns the delta, here and below; empty if nothing happened.
    pub fn register(&mut self, node: &str, start: u64, end: u64) -> Result<Vec<u8>, Failure> {
        let (id, range) = (node_id(node)?, range(start, end));
        self.operate(|node| Ok(node.register(&id, &range)?))
    }

    pub fn release(&mut self, node: &str, start: u64, end: u64) -> Result<Vec<u8>, Failure> {
        let (id, range) = (node_id(node)?, range(start, end));
        self.operate(|node| Ok(node.release(&id, &range)?))
    }

    pub fn increase(&mut self, node: &str, start: u64, end: u64, by: u32) -> Result<Vec<u8>, Failure> {
        let (id, range) = (node_id(node)?, range(start, end));
        self.operate(|node| Ok(node.increase(&id, &range, amount(by))?))
    }

    pub fn decrease(&mut self, node: &str, start: u64, end: u64, by: u32) -> Result<Vec<u8>, Failure> {
        let (id, range) = (node_id(node)?, range(start, end));
        self.operate(|node| Ok(node.decrease(&id, &range, amount(by))?))
    }

    pub fn tighten(
        &mut self,
        node: &str,
        start: u64,
        end: u64,
        to_start: u64,
        to_end: u64,
    ) -> Result<Vec<u8>, Failure> {
        let (id, from, to) = (node_id(node)?, range(start, end), range(to_start, to_end));
        self.operate(|node| Ok(node.tighten(&id, &from, &to)?))
    }

    /// Does many operations or none. `words` has for each its start, its end, and a word with the amount or count, the verb (4 bits) and the
    /// number of the node among `names`; and then what else the verb has: a range, the number of another node, or a priority.
    pub fn apply(&mut self, words: Vec<u64>, names: Vec<String>) -> Result<Vec<u8>, Failure> {
        let nodes = names.into_iter().map(NodeId::new).collect::<Result<Vec<_>, _>>()?;
        let operations = unpack(&words, &nodes);
        self.operate(|node| Ok(node.apply(operations)?))
    }

    pub fn retire(&mut self, replica: u64) -> Result<Vec<u8>, Failure> {
        self.operate(|node| {
            node.retire(ReplicaId::new(replica));
            Ok(())
        })
    }

    pub fn maintain(&mut self) -> Result<Vec<u8>, Failure> {
        self.operate(|node| {
            node.maintain();
            Ok(())
        })
    }

    /// Returns the starts and ends of the ranges whose owners may have changed.
    pub fn merge(&mut self, bytes: &[u8]) -> Result<Vec<u64>, Failure> {
        // The delta of an operation that did nothing.
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        let changed = self.node.merge(&Delta::decode(bytes)?);
        self.answers.merge(self.node.last_delta());
        Ok(answers::starts_and_ends(&changed))
    }

    pub fn state(&self) -> Vec<u8> {
        self.node.map().state().encode()
    }

    pub fn context(&self) -> Vec<u8> {
        self.node.map().state().version().encode()
    }

    /// What a replica lacks that knows that context; `None` if that cannot be told.
    #[wasm_bindgen(js_name = deltaSince)]
    pub fn delta_since(&self, context: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let version = Version::decode(context)?;
        Ok(self.node.map().delta_since(&version).as_ref().map(encode))
    }

    pub(crate) fn operate(
        &mut self,
        operation: impl FnOnce(&mut Node<u64>) -> Result<(), Failure>,
    ) -> Result<Vec<u8>, Failure> {
        if self.node.map().is_exhausted() {
            return Err(crdt_range_map::WriteError::Exhausted.into());
        }
        operation(&mut self.node)?;
        let delta = self.node.last_delta();
        if delta.is_empty() {
            return Ok(Vec::new());
        }
        if self.answers.is_empty() {
            return Ok(encode(delta));
        }
        let mut joined = core::mem::take(&mut self.answers);
        joined.merge(delta);
        Ok(encode(&joined))
    }
}

fn encode(delta: &Delta<u64>) -> Vec<u8> {
    if delta.is_empty() { Vec::new() } else { delta.encode() }
}

/// From an amount that was found to be none less than 1.
fn amount(by: u32) -> NonZeroU32 {
    NonZeroU32::new(by).unwrap_or(NonZeroU32::MIN)
}

fn other_node(number: Option<u64>, nodes: &[NodeId]) -> Option<NodeId> {
    nodes.get(number? as usize).cloned()
}

fn unpack(words: &[u64], nodes: &[NodeId]) -> Vec<Operation<u64>> {
    let mut operations = Vec::with_capacity(words.len() / 3);
    let mut words = words.iter().copied();
    while let (Some(start), Some(end), Some(packed)) = (words.next(), words.next(), words.next()) {
        let Some(node) = nodes.get((packed >> 36) as usize).cloned() else { break };
        let (range, number) = (range(start, end), packed as u32);
        let by = amount(number);
        let mut other_range = || Some(crate::replica::range(words.next()?, words.next()?));
        let operation = match packed >> 32 & 15 {
            0 => Some(Operation::Register { node, range }),
            1 => Some(Operation::Release { node, range }),
            2 => Some(Operation::Increase { node, range, by }),
            3 => Some(Operation::Decrease { node, range, by }),
            4 => other_range().map(|to| Operation::Tighten { node, range, to }),
            5 => other_range().map(|to| Operation::MoveTo { node, range, to }),
            6 => other_range().map(|hole| Operation::Carve { node, range, hole }),
            7 => other_node(words.next(), nodes).map(|to| Operation::HandOver { node, range, to }),
            8 => words.next().map(|to| Operation::SetPriority { node, range, to }),
            9 => Some(Operation::Drain { node, range, count: number as usize }),
            10 => other_node(words.next(), nodes).map(|other| Operation::StandIn { node, other, range }),
            _ => Some(Operation::Unite { node, range }),
        };
        let Some(operation) = operation else { break };
        operations.push(operation);
    }
    operations
}
