//! What a message tells of its sender's own effects.

use crdt_range_map::{CausalContext, Delta};

use crate::keys::SimulatedKey;

const DELTA: u8 = 1;
const HEAD_BYTES: usize = 13;
const CHECKSUM_BYTES: usize = 4;

/// The dots of which a message tells, if it is a delta.
pub fn claimed_by<K: SimulatedKey>(message: &[u8]) -> Option<CausalContext> {
    let content = message.get(HEAD_BYTES..message.len() - CHECKSUM_BYTES)?;
    (message[4] == DELTA).then(|| Delta::<K>::decode(content).map(|delta| delta.context().clone()).ok())?
}
