//! The one place that turns what the core refuses into JavaScript: a real `Error` with a stable `code`. What is wrong with an
//! argument is found, and told in the same way, by `values.js`.

use wasm_bindgen::JsValue;

use super::values;
use crate::codec::DecodeError;
use crate::id::NodeError;
use crate::map::{TightenError, WriteError};
use crate::sync::presence::NameError;

/// What a program can tell failures apart by; `values.js` has some more. The texts are part of the package's interface, `ErrorCode`
/// in TypeScript.
#[derive(Clone, Copy)]
pub(super) enum Code {
    InvalidNode,
    InvalidReplica,
    NotRegistered,
    NotSubRange,
    Malformed,
    Exhausted,
    AlreadyConnected,
    AlreadyJournaled,
    InvalidName,
    Retired,
    TooLong,
}

impl Code {
    fn as_str(self) -> &'static str {
        match self {
            Self::InvalidNode => "invalid-node",
            Self::InvalidReplica => "invalid-replica",
            Self::NotRegistered => "not-registered",
            Self::NotSubRange => "not-sub-range",
            Self::Malformed => "malformed",
            Self::Exhausted => "exhausted",
            Self::AlreadyConnected => "already-connected",
            Self::AlreadyJournaled => "already-journaled",
            Self::InvalidName => "invalid-name",
            Self::Retired => "retired",
            Self::TooLong => "too-long",
        }
    }
}

/// A call that was refused, as the error that it throws. Whatever fails here has changed nothing, and the message ends by saying so.
pub struct Failure(JsValue);

impl Failure {
    pub(super) fn new(code: Code, message: &str) -> Self {
        Self(values::failure(code.as_str(), message))
    }

    /// This replica's sequence numbers have run out.
    pub(super) fn exhausted() -> Self {
        Self::from(TightenError::Exhausted)
    }
}

impl From<TightenError> for Failure {
    fn from(error: TightenError) -> Self {
        let code = match error {
            TightenError::NotRegistered => Code::NotRegistered,
            TightenError::NotSubRange => Code::NotSubRange,
            TightenError::Exhausted => Code::Exhausted,
            TightenError::Retired => Code::Retired,
            TightenError::TooLong { .. } => Code::TooLong,
        };
        Self::new(code, &error.to_string())
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::from(TightenError::from(error))
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::new(Code::InvalidNode, &error.to_string())
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        Self::new(Code::InvalidName, &error.to_string())
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::new(Code::Malformed, &error.to_string())
    }
}

impl From<JsValue> for Failure {
    /// From an error that `values.js` threw.
    fn from(error: JsValue) -> Self {
        Self(error)
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}
