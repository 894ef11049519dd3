//! The one place that turns what went wrong into JavaScript: a real `Error` with a stable `code`.

use js_sys::{Error, Reflect};
use wasm_bindgen::JsValue;

use super::globals::string;
use crate::codec::DecodeError;
use crate::id::NodeError;
use crate::key::RangeError;
use crate::map::TightenError;

/// What a program can tell failures apart by. The texts are part of the package's interface, `ErrorCode` in TypeScript.
#[derive(Clone, Copy)]
pub(super) enum Code {
    InvalidKey,
    InvalidNode,
    InvalidRange,
    InvalidAmount,
    InvalidReplica,
    InvalidCallback,
    NotRegistered,
    NotSubRange,
    Malformed,
    Exhausted,
    ChannelUnavailable,
    AlreadyConnected,
}

impl Code {
    fn as_str(self) -> &'static str {
        match self {
            Self::InvalidKey => "invalid-key",
            Self::InvalidNode => "invalid-node",
            Self::InvalidRange => "invalid-range",
            Self::InvalidAmount => "invalid-amount",
            Self::InvalidReplica => "invalid-replica",
            Self::InvalidCallback => "invalid-callback",
            Self::NotRegistered => "not-registered",
            Self::NotSubRange => "not-sub-range",
            Self::Malformed => "malformed",
            Self::Exhausted => "exhausted",
            Self::ChannelUnavailable => "channel-unavailable",
            Self::AlreadyConnected => "already-connected",
        }
    }
}

/// A call that was refused, for a reason in words. Whatever fails here has changed nothing, and the message ends by saying so.
pub struct Failure {
    code: Code,
    message: String,
}

impl Failure {
    pub(super) fn new(code: Code, message: String) -> Self {
        Self { code, message }
    }

    /// An argument is not what it must be.
    pub(super) fn argument(code: Code, name: &str, must: &str, value: &JsValue) -> Self {
        Self::new(code, [name, " must be ", must, ", not ", &describe(value)].concat())
    }

    /// A range would hold no key.
    pub(super) fn range(error: &RangeError, names: [&str; 2], keys: [u64; 2]) -> Self {
        let [reason, start, end] = [error.to_string(), keys[0].to_string(), keys[1].to_string()];
        let message = [&reason, ", but ", names[0], " is ", &start, " and ", names[1], " is ", &end].concat();
        Self::new(Code::InvalidRange, message)
    }

    /// This replica's sequence numbers have run out.
    pub(super) fn exhausted() -> Self {
        Self::from(TightenError::Exhausted)
    }
}

/// The value in words: `String(value)`, strings in quotes, arrays in brackets, long ones cut.
fn describe(value: &JsValue) -> String {
    const CHARACTERS_MAX: usize = 60;
    let Ok(text) = string(value) else {
        return "something that has no text".to_owned();
    };
    let mut shown: String = text.chars().take(CHARACTERS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    let [before, after] = if value.is_string() {
        ["\"", "\""]
    } else if value.is_array() {
        ["[", "]"]
    } else {
        ["", ""]
    };
    [before, &shown, after].concat()
}

impl From<TightenError> for Failure {
    fn from(error: TightenError) -> Self {
        let code = match error {
            TightenError::NotRegistered => Code::NotRegistered,
            TightenError::NotSubRange => Code::NotSubRange,
            TightenError::Exhausted => Code::Exhausted,
        };
        Self::new(code, error.to_string())
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::new(Code::InvalidNode, error.to_string())
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::new(Code::Malformed, error.to_string())
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        let error = Error::new(&(failure.message + "; nothing has changed"));
        error.set_name("RangeMapError");
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&error, &"code".into(), &failure.code.as_str().into());
        error.into()
    }
}
