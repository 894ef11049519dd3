//! Which nodes serve which key ranges, and in which order of preference: a delta-state CRDT.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod causal;
pub mod codec;
mod delta;
mod id;
mod key;
mod map;
mod registration;
mod splits;
pub mod sync;

pub use causal::{CausalContext, Dot};
pub use codec::{DecodeError, DecodeProblem, WireKey};
pub use delta::Delta;
pub use id::{NodeError, NodeId, ReplicaId};
pub use key::{Key, KeyRange, LeastKey, RangeError};
pub use map::{RangeMap, TightenError};
pub use registration::Registration;
pub use splits::{Changes, Owner, Owners, Split, Splits};
