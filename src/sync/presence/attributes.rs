//! What a participant says of itself.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::codec::{DecodeError, DecodeProblem, Reader, Writer};

/// What a participant says of itself beside its name, such as an address, a zone, a role, a capacity: at most 8 pairs of a key of 1 to 32
/// bytes and a value of at most 255 bytes, and 512 bytes in all. Cloning is O(1).
///
/// ```
/// use crdt_range_map::sync::presence::Attributes;
///
/// let attributes = Attributes::new([("zone", "east"), ("address", "10.0.0.7:7000")])?;
/// assert_eq!(attributes.get("zone"), Some("east"));
/// assert!(Attributes::new([("", "no key")]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attributes(Arc<BTreeMap<String, String>>);

impl Attributes {
    /// The most pairs.
    pub const COUNT_MAX: usize = 8;

    /// The longest key in bytes.
    pub const KEY_BYTES_MAX: usize = 32;

    /// The longest value in bytes.
    pub const VALUE_BYTES_MAX: usize = 255;

    /// The most bytes of all keys and values together.
    pub const BYTES_MAX: usize = 512;

    /// Those pairs. Of two with the same key the later one counts.
    ///
    /// # Errors
    /// [`AttributesError`] for the first bound that is exceeded.
    pub fn new<A: Into<String>, B: Into<String>>(
        pairs: impl IntoIterator<Item = (A, B)>,
    ) -> Result<Self, AttributesError> {
        let mut all = BTreeMap::new();
        for (key, value) in pairs {
            let (key, value): (String, String) = (key.into(), value.into());
            if key.is_empty() || key.len() > Self::KEY_BYTES_MAX {
                return Err(AttributesError::KeyLength(key.len()));
            }
            if value.len() > Self::VALUE_BYTES_MAX {
                return Err(AttributesError::ValueLength(value.len()));
            }
            all.insert(key, value);
            if all.len() > Self::COUNT_MAX {
                return Err(AttributesError::Count);
            }
        }
        let bytes = all.iter().map(|(key, value)| key.len() + value.len()).sum();
        if bytes > Self::BYTES_MAX { Err(AttributesError::Bytes(bytes)) } else { Ok(Self(Arc::new(all))) }
    }

    /// The value of a key. O(1), as there are few.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The pairs, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// *Number* of pairs, and each: its key and its value, *prefixed*; by key.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.number(self.0.len() as u64);
        for (key, value) in self.iter() {
            writer.prefixed(key.as_bytes());
            writer.prefixed(value.as_bytes());
        }
    }

    /// How many bytes [`write`](Self::write) writes.
    pub(super) fn written_bytes(&self) -> usize {
        let prefix = |text: &str| if text.len() < 0x80 { 1 } else { 2 };
        1 + self.iter().map(|(key, value)| 1 + key.len() + prefix(value) + value.len()).sum::<usize>()
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let problem = reader.error(DecodeProblem::OutOfBounds("attributes"));
        let count = reader.number()?;
        if count > Self::COUNT_MAX as u64 {
            return Err(problem);
        }
        let mut text = |bytes_max: usize| {
            let length = reader.number()?;
            if length > bytes_max as u64 {
                return Err(problem);
            }
            core::str::from_utf8(reader.raw(length as usize)?).map(str::to_string).map_err(|_| problem)
        };
        let mut pairs: Vec<(String, String)> = Vec::new();
        for _ in 0..count {
            let pair = (text(Self::KEY_BYTES_MAX)?, text(Self::VALUE_BYTES_MAX)?);
            if pairs.last().is_some_and(|(before, _)| *before >= pair.0) {
                return Err(problem);
            }
            pairs.push(pair);
        }
        Self::new(pairs).map_err(|_| problem)
    }
}

/// Attributes were too many, or one of them too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributesError {
    /// There are more than [`Attributes::COUNT_MAX`].
    Count,
    /// A key has that many bytes, which is none or more than [`Attributes::KEY_BYTES_MAX`].
    KeyLength(usize),
    /// A value has that many bytes, more than [`Attributes::VALUE_BYTES_MAX`].
    ValueLength(usize),
    /// All together have that many bytes, more than [`Attributes::BYTES_MAX`].
    Bytes(usize),
}

impl fmt::Display for AttributesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => write!(f, "there may be at most {} attributes", Attributes::COUNT_MAX),
            Self::KeyLength(length) => {
                write!(
                    f,
                    "an attribute's key must be 1 to {} bytes long, not {length}",
                    Attributes::KEY_BYTES_MAX
                )
            }
            Self::ValueLength(length) => {
                let most = Attributes::VALUE_BYTES_MAX;
                write!(f, "an attribute's value may be at most {most} bytes long, not {length}")
            }
            Self::Bytes(bytes) => {
                write!(f, "attributes may have at most {} bytes in all, not {bytes}", Attributes::BYTES_MAX)
            }
        }
    }
}

impl core::error::Error for AttributesError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: usize, key: usize, value: usize) -> Result<Attributes, AttributesError> {
        Attributes::new((0..count).map(|at| (format!("{at}{}", "k".repeat(key - 1)), "v".repeat(value))))
    }

    #[test]
    fn each_bound_is_reached_and_not_exceeded() {
        assert!(of(8, 1, 0).is_ok());
        assert_eq!(of(9, 1, 0), Err(AttributesError::Count));
        assert!(of(1, 32, 255).is_ok());
        assert_eq!(of(1, 33, 0), Err(AttributesError::KeyLength(33)));
        assert_eq!(Attributes::new([("", "")]), Err(AttributesError::KeyLength(0)));
        assert_eq!(of(1, 1, 256), Err(AttributesError::ValueLength(256)));
        assert!(of(8, 32, 32).is_ok());
        assert_eq!(of(8, 32, 33), Err(AttributesError::Bytes(520)));
        assert_eq!(Attributes::new([("a", "1"), ("a", "2")]).unwrap().get("a"), Some("2"));
    }

    #[test]
    fn they_come_back_and_nothing_else_is_read() {
        for attributes in [of(0, 1, 0), of(8, 32, 32), of(2, 1, 127), of(2, 1, 128), of(1, 3, 255)] {
            let attributes = attributes.unwrap();
            let mut writer = Writer::default();
            attributes.write(&mut writer);
            let bytes = writer.finish();
            assert_eq!(bytes.len(), attributes.written_bytes());
            assert_eq!(Attributes::read(&mut Reader::new(&bytes)), Ok(attributes));
            for length in 0..bytes.len() {
                assert!(Attributes::read(&mut Reader::new(&bytes[..length])).is_err());
            }
        }
        for bytes in [
            &[9][..],
            &[1, 0, 0],
            &[1, 33],
            &[1, 1, b'k', 0x80, 2],
            &[2, 1, b'b', 0, 1, b'a', 0],
            &[1, 1, 0xff, 0],
        ] {
            assert!(Attributes::read(&mut Reader::new(bytes)).is_err(), "{bytes:?}");
        }
    }
}
