//! With the feature `serde`: forms that people read, as the crate's documentation lists them. What has fields that anybody may set derives them.

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::answer_version::{AnswerVersion, AnswerVersionError};
use crate::id::{NodeId, ReplicaId};
use crate::key::{Key, KeyRange};
use crate::splits::{Owners, Splits, SplitsIn};

/// A value that is written as a string, read from one.
struct Text<T> {
    expected: &'static str,
    read: fn(&str) -> Result<T, String>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text {
            expected: "the name of a node",
            read: |name| Self::new(name).map_err(|error| error.to_string()),
        })
    }
}

/// How many digits show a replica id.
const DIGITS: usize = 16;

impl Serialize for ReplicaId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.get())
        }
    }
}

impl<'de> Deserialize<'de> for ReplicaId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u64::deserialize(deserializer).map(Self::new);
        }
        deserializer.deserialize_str(Text {
            expected: "the 16 hexadecimal digits of a replica id",
            read: |text| {
                // A sign would be read, too.
                let are_digits = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let id = u64::from_str_radix(text, 16).ok().filter(|_| are_digits);
                id.map(Self::new).ok_or_else(|| format!("{text:?} is not 16 hexadecimal digits"))
            },
        })
    }
}

impl Serialize for AnswerVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.to_bytes().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for AnswerVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let bytes = <[u8; Self::LENGTH]>::deserialize(deserializer)?;
            return Self::from_bytes(&bytes).map_err(D::Error::custom);
        }
        deserializer.deserialize_str(Text {
            expected: "the 48 hexadecimal digits of a version of an answer",
            read: |text| text.parse().map_err(|error: AnswerVersionError| error.to_string()),
        })
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename = "KeyRange")]
struct Ends<K> {
    start: K,
    /// Told even if there is none: else a misspelt end would make a range unbounded.
    #[serde(deserialize_with = "Option::deserialize")]
    end: Option<K>,
}

impl<K: Ord + Serialize> Serialize for KeyRange<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Ends { start: self.start(), end: self.end() }.serialize(serializer)
    }
}

impl<'de, K: Ord + Deserialize<'de>> Deserialize<'de> for KeyRange<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Ends::deserialize(deserializer)? {
            Ends { start, end: None } => Ok(Self::from_start(start)),
            Ends { start, end: Some(end) } => Self::new(start, end).map_err(D::Error::custom),
        }
    }
}

impl Serialize for Owners {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&**self)
    }
}

impl<K: Key + Serialize> Serialize for Splits<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<K: Key + Serialize> Serialize for SplitsIn<'_, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}
