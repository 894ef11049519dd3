//! What presence messages carry, and its bytes.
//!
//! The first byte tells the kind. A *hello* (1) and a *here* (2) go on with a name: its length in one byte, and its UTF-8. A
//! *beat* (3) and a *goodbye* (4) are that byte alone. A *roster* (5) and a *supplement* (6) go on with a count and as many
//! entries: the replica, 8 bytes, big endian, ascending; the name; and how many milliseconds ago it was heard. Counts and times
//! are LEB128.

use core::fmt;
use std::sync::Arc;

use crate::codec::{DecodeError, DecodeProblem, Reader, Writer};
use crate::id::ReplicaId;

/// The name that a replica goes by among its peers: at most 64 bytes of UTF-8 without control characters. It may be empty, and
/// several replicas may have the same. Cloning is O(1).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// The longest name in bytes.
    pub const LENGTH_MAX: usize = 64;

    /// The name of that text.
    ///
    /// # Errors
    /// [`NameError`] if it is longer than 64 bytes or holds a control character, such as a line's end.
    pub fn new(name: impl AsRef<str>) -> Result<Self, NameError> {
        let name = name.as_ref();
        if name.len() > Self::LENGTH_MAX || name.chars().any(char::is_control) {
            return Err(NameError { length: name.len() });
        }
        Ok(Self(name.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name was too long or held a control character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameError {
    /// The length of the refused name in bytes.
    pub length: usize,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (length, max) = (self.length, Name::LENGTH_MAX);
        write!(f, "a replica's name must be at most {max} bytes without control characters; it has {length}")
    }
}

impl core::error::Error for NameError {}

/// What one says of a replica that it knows to be alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) replica: ReplicaId,
    pub(super) name: Name,
    /// How long ago it was heard.
    pub(super) age_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// I am here under this name. Who else?
    Hello(Name),
    /// I am here under this name.
    Here(Name),
    /// I am still here.
    Beat,
    /// I am leaving.
    Goodbye,
    /// Everybody who is here, as far as I know: the answer to a hello.
    Roster(Vec<Entry>),
    /// These are here as well: what a roster lacked.
    Supplement(Vec<Entry>),
}

const HELLO: u8 = 1;
const HERE: u8 = 2;
const BEAT: u8 = 3;
const GOODBYE: u8 = 4;
const ROSTER: u8 = 5;
const SUPPLEMENT: u8 = 6;

/// The shortest entry: a replica, an empty name, an age of one byte.
const ENTRY_BYTES_MIN: usize = 10;

pub(super) fn encode(content: &Content) -> Vec<u8> {
    let mut writer = Writer::default();
    match content {
        Content::Hello(name) => {
            writer.raw(&[HELLO]);
            write_name(&mut writer, name);
        }
        Content::Here(name) => {
            writer.raw(&[HERE]);
            write_name(&mut writer, name);
        }
        Content::Beat => writer.raw(&[BEAT]),
        Content::Goodbye => writer.raw(&[GOODBYE]),
        Content::Roster(entries) => {
            writer.raw(&[ROSTER]);
            write_entries(&mut writer, entries);
        }
        Content::Supplement(entries) => {
            writer.raw(&[SUPPLEMENT]);
            write_entries(&mut writer, entries);
        }
    }
    writer.finish()
}

/// Reads what [`encode`] wrote. Allocates at most a small multiple of the length of `bytes`.
pub(super) fn decode(bytes: &[u8]) -> Result<Content, DecodeError> {
    let mut reader = Reader::new(bytes);
    let content = match reader.byte()? {
        HELLO => Content::Hello(read_name(&mut reader)?),
        HERE => Content::Here(read_name(&mut reader)?),
        BEAT => Content::Beat,
        GOODBYE => Content::Goodbye,
        ROSTER => Content::Roster(read_entries(&mut reader)?),
        SUPPLEMENT => Content::Supplement(read_entries(&mut reader)?),
        _ => return Err(reader.error(DecodeProblem::OutOfBounds("a kind of presence"))),
    };
    reader.finish()?;
    Ok(content)
}

fn write_name(writer: &mut Writer, name: &Name) {
    writer.number(name.as_str().len() as u64);
    writer.raw(name.as_str().as_bytes());
}

fn read_name(reader: &mut Reader) -> Result<Name, DecodeError> {
    let problem = reader.error(DecodeProblem::OutOfBounds("a replica's name"));
    let length = reader.number()?;
    if length > Name::LENGTH_MAX as u64 {
        return Err(problem);
    }
    let name = core::str::from_utf8(reader.raw(length as usize)?).map_err(|_| problem)?;
    Name::new(name).map_err(|_| problem)
}

fn write_entries(writer: &mut Writer, entries: &[Entry]) {
    writer.number(entries.len() as u64);
    for Entry { replica, name, age_ms } in entries {
        writer.raw(&replica.get().to_be_bytes());
        write_name(writer, name);
        writer.number(*age_ms);
    }
}

fn read_entries(reader: &mut Reader) -> Result<Vec<Entry>, DecodeError> {
    let count = reader.count(ENTRY_BYTES_MIN)?;
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    for _ in 0..count {
        let problem = reader.error(DecodeProblem::NotCanonical("replicas out of order"));
        let id = reader.raw(8)?.iter().fold(0, |id, byte| id << 8 | u64::from(*byte));
        let replica = ReplicaId::new(id);
        if entries.last().is_some_and(|last| last.replica >= replica) {
            return Err(problem);
        }
        entries.push(Entry { replica, name: read_name(reader)?, age_ms: reader.number()? });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        Name::new(name).unwrap()
    }

    fn entry(id: u64, age_ms: u64) -> Entry {
        Entry { replica: ReplicaId::new(id), name: name("tab"), age_ms }
    }

    #[test]
    fn contents_come_back_and_take_these_bytes() {
        for (content, length) in [
            (Content::Hello(name("")), 2),
            (Content::Hello(name(&"x".repeat(64))), 66),
            (Content::Here(name("größe")), 9),
            (Content::Beat, 1),
            (Content::Goodbye, 1),
            (Content::Roster(vec![]), 2),
            (Content::Roster(vec![entry(1, 0), entry(u64::MAX, 300)]), 2 + 13 + 14),
            (Content::Supplement(vec![entry(7, u64::MAX)]), 2 + 12 + 10),
        ] {
            let bytes = encode(&content);
            assert_eq!(bytes.len(), length, "{content:?}");
            assert_eq!(decode(&bytes), Ok(content));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let whole = encode(&Content::Roster(vec![entry(1, 0), entry(2, 300)]));
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "{length}");
        }
        let longer = [&whole[..], &[0]].concat();
        let twice = encode(&Content::Roster(vec![entry(2, 0), entry(2, 0)]));
        let mut too_many = vec![ROSTER];
        too_many.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
        let too_long = [&[HELLO, 65][..], &[b'x'; 65]].concat();
        for bytes in [
            &longer[..],
            &twice,
            &too_many,
            &too_long,
            &[0],
            &[7],
            &[BEAT, 0],
            &[HELLO, 2, 0xc3, 0x28],
            &[HELLO, 1, b'\n'],
            &[HELLO, 0x80, 0],
        ] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
