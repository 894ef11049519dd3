//! What the core refuses, as JavaScript gets it: a string of a code, a colon and a message, of which the upper half makes an error.

use core::fmt::Display;

use crdt_range_map::sync::IgnoreReason;
use crdt_range_map::sync::presence::{AttributesError, NameError};
use crdt_range_map::{AnswerVersionError, DecodeError, MoveError, NodeError, OperationError, WriteError};
use wasm_bindgen::JsValue;

/// A call that was refused. Nothing has changed then.
pub struct Failure(String);

impl Failure {
    pub(crate) fn new(code: &str, message: impl Display) -> Self {
        Self(format!("{code}:{message}"))
    }

    /// Without a place in a list.
    fn of_operation(error: &MoveError, message: impl Display) -> Self {
        let code = match error {
            MoveError::NotRegistered => "not-registered",
            MoveError::NotSubRange => "not-sub-range",
            MoveError::NotOverlapping => "not-overlapping",
            MoveError::TooLong { .. } => "too-long",
            // That it is exhausted: a node that is retired goes on under another id at once.
            _ => "exhausted",
        };
        Self::new(code, message)
    }
}

impl From<MoveError> for Failure {
    fn from(error: MoveError) -> Self {
        Self::of_operation(&error, error.to_string())
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        MoveError::from(error).into()
    }
}

impl From<OperationError> for Failure {
    fn from(error: OperationError) -> Self {
        Self::of_operation(&error.why, format_args!("{}:{}", error.index, error.why))
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::new("invalid-node", error)
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        Self::new("invalid-name", error)
    }
}

impl From<AttributesError> for Failure {
    fn from(error: AttributesError) -> Self {
        Self::new("invalid-attributes", error)
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::new("malformed", error)
    }
}

impl From<AnswerVersionError> for Failure {
    fn from(error: AnswerVersionError) -> Self {
        Self::new("malformed", error)
    }
}

impl From<IgnoreReason> for Failure {
    fn from(error: IgnoreReason) -> Self {
        Self::new("malformed", error)
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        failure.0.into()
    }
}
