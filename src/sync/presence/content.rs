//! The content of presence messages. `docs/protocol.md` defines its bytes.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use super::attributes::Attributes;
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

impl FromStr for Name {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl TryFrom<&str> for Name {
    type Error = NameError;

    fn try_from(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
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

/// A living replica, as a roster lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
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
    /// I am here under this name. Who are these?
    Who(Name, Vec<ReplicaId>),
    /// I am leaving.
    Goodbye,
    /// Who is here, as far as I know: the answer to a hello, or a part of it.
    Roster(Vec<Member>),
    /// Of those ephemeral writers I have heard so: each with a word of its life.
    Alive(Vec<(ReplicaId, u64)>),
    /// What those say of themselves.
    Abouts(Vec<About>),
}

/// What a participant says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) replica: ReplicaId,
    /// Which of its statements it is. The greater number counts.
    pub(crate) number: u64,
    pub(crate) attributes: Attributes,
}

const HELLO: u8 = 1;
const HERE: u8 = 2;
const WHO: u8 = 3;
const GOODBYE: u8 = 4;
const ROSTER: u8 = 5;
const ALIVE: u8 = 6;
const ABOUTS: u8 = 7;

const REPLICA_BYTES: usize = 8;
/// The shortest entry: a replica, an empty name, an age of one byte.
const MEMBER_BYTES_MIN: usize = REPLICA_BYTES + 2;
/// The longest number, name and entry.
const NUMBER_BYTES_MAX: usize = 10;
const NAME_BYTES_MAX: usize = 1 + Name::LENGTH_MAX;
const MEMBER_BYTES_MAX: usize = REPLICA_BYTES + NAME_BYTES_MAX + NUMBER_BYTES_MAX;

/// A roster of one entry at its longest; nothing else that cannot be divided is longer.
pub(super) const CONTENT_BYTES_MIN: usize = 2 + MEMBER_BYTES_MAX;

pub(super) fn hello(name: &Name) -> Vec<u8> {
    with_name(HELLO, name).finish()
}

pub(super) fn here(name: &Name) -> Vec<u8> {
    with_name(HERE, name).finish()
}

pub(super) fn goodbye() -> Vec<u8> {
    vec![GOODBYE]
}

/// Asks about all of those, who are ascending, in as many contents as it takes.
pub(super) fn whos(name: &Name, replicas: &[ReplicaId], bytes_max: usize) -> Vec<Vec<u8>> {
    let head_bytes = 1 + name_bytes(name);
    let write = |part: &[ReplicaId]| {
        let mut writer = with_name(WHO, name);
        writer.number(part.len() as u64);
        part.iter().for_each(|replica| writer.raw(&replica.get().to_be_bytes()));
        writer.finish()
    };
    divide(replicas, head_bytes, |_| REPLICA_BYTES, bytes_max).map(write).collect()
}

/// Lists all of those, who are ascending, in as many contents as it takes.
pub(super) fn rosters(members: &[Member], bytes_max: usize) -> Vec<Vec<u8>> {
    let member_bytes =
        |member: &Member| REPLICA_BYTES + name_bytes(&member.name) + number_bytes(member.age_ms);
    let write = |part: &[Member]| {
        let mut writer = Writer::default();
        writer.raw(&[ROSTER]);
        writer.number(part.len() as u64);
        for Member { replica, name, age_ms } in part {
            writer.raw(&replica.get().to_be_bytes());
            write_name(&mut writer, name);
            writer.number(*age_ms);
        }
        writer.finish()
    };
    divide(members, 1, member_bytes, bytes_max).map(write).collect()
}

/// Vouches for those ephemeral writers, who are ascending, in as many contents as it takes.
pub(super) fn alives(words: &[(ReplicaId, u64)], bytes_max: usize) -> Vec<Vec<u8>> {
    let write = |part: &[(ReplicaId, u64)]| {
        let mut writer = Writer::default();
        writer.raw(&[ALIVE]);
        writer.number(part.len() as u64);
        for (replica, word) in part {
            writer.raw(&replica.get().to_be_bytes());
            writer.number(*word);
        }
        writer.finish()
    };
    let word_bytes = |(_, word): &(ReplicaId, u64)| REPLICA_BYTES + number_bytes(*word);
    divide(words, 1, word_bytes, bytes_max).map(write).collect()
}

/// Passes on what those say of themselves, who are ascending, in as many contents as it takes. One that does not fit is left out.
pub(super) fn abouts(all: &[About], bytes_max: usize) -> Vec<Vec<u8>> {
    let about_bytes =
        |about: &About| REPLICA_BYTES + number_bytes(about.number) + about.attributes.written_bytes();
    let fitting: Vec<&About> = all.iter().filter(|about| 2 + about_bytes(about) <= bytes_max).collect();
    let write = |part: &[&About]| {
        let mut writer = Writer::default();
        writer.raw(&[ABOUTS]);
        writer.number(part.len() as u64);
        for About { replica, number, attributes } in part {
            writer.raw(&replica.get().to_be_bytes());
            writer.number(*number);
            attributes.write(&mut writer);
        }
        writer.finish()
    };
    divide(&fitting, 1, |about| about_bytes(about), bytes_max).map(write).collect()
}

/// The items in parts that take at most `bytes_max` each, with what comes before and with their count. One item always fits, see
/// [`CONTENT_BYTES_MIN`].
fn divide<T>(
    items: &[T],
    head_bytes: usize,
    item_bytes: impl Fn(&T) -> usize,
    bytes_max: usize,
) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    core::iter::from_fn(move || {
        let mut bytes = head_bytes;
        let fits = |(count, item): &(usize, &T)| {
            bytes += item_bytes(item);
            bytes + number_bytes(*count as u64 + 1) <= bytes_max
        };
        let count = rest.iter().enumerate().take_while(fits).count().max(1);
        let (part, others) = rest.split_at_checked(count)?;
        rest = others;
        Some(part)
    })
}

/// Reads what was written here. Allocates at most a small multiple of the length of `bytes`.
pub(super) fn decode(bytes: &[u8]) -> Result<Content, DecodeError> {
    let mut reader = Reader::new(bytes);
    let content = match reader.byte()? {
        HELLO => Content::Hello(read_name(&mut reader)?),
        HERE => Content::Here(read_name(&mut reader)?),
        WHO => Content::Who(read_name(&mut reader)?, read_replicas(&mut reader)?),
        GOODBYE => Content::Goodbye,
        ROSTER => Content::Roster(read_members(&mut reader)?),
        ALIVE => Content::Alive(read_words(&mut reader)?),
        ABOUTS => Content::Abouts(read_abouts(&mut reader)?),
        _ => return Err(reader.error(DecodeProblem::OutOfBounds("a kind of presence"))),
    };
    reader.finish()?;
    Ok(content)
}

fn with_name(kind: u8, name: &Name) -> Writer {
    let mut writer = Writer::default();
    writer.raw(&[kind]);
    write_name(&mut writer, name);
    writer
}

fn write_name(writer: &mut Writer, name: &Name) {
    writer.number(name.as_str().len() as u64);
    writer.raw(name.as_str().as_bytes());
}

fn name_bytes(name: &Name) -> usize {
    1 + name.as_str().len()
}

fn number_bytes(number: u64) -> usize {
    (u64::BITS - (number | 1).leading_zeros()).div_ceil(7) as usize
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

/// One replica, which comes after the one before.
fn read_replica(reader: &mut Reader, before: Option<ReplicaId>) -> Result<ReplicaId, DecodeError> {
    let problem = reader.error(DecodeProblem::NotCanonical("replicas out of order"));
    let id = reader.raw(REPLICA_BYTES)?.iter().fold(0, |id, byte| id << 8 | u64::from(*byte));
    let replica = ReplicaId::new(id);
    if before.is_some_and(|before| before >= replica) { Err(problem) } else { Ok(replica) }
}

fn read_replicas(reader: &mut Reader) -> Result<Vec<ReplicaId>, DecodeError> {
    let count = reader.count(REPLICA_BYTES)?;
    let mut replicas: Vec<ReplicaId> = Vec::with_capacity(count);
    for _ in 0..count {
        replicas.push(read_replica(reader, replicas.last().copied())?);
    }
    Ok(replicas)
}

fn read_words(reader: &mut Reader) -> Result<Vec<(ReplicaId, u64)>, DecodeError> {
    let count = reader.count(REPLICA_BYTES + 1)?;
    let mut words: Vec<(ReplicaId, u64)> = Vec::with_capacity(count);
    for _ in 0..count {
        let problem = reader.error(DecodeProblem::OutOfBounds("an ephemeral replica"));
        let replica = read_replica(reader, words.last().map(|(before, _)| *before))?;
        if !replica.is_ephemeral() {
            return Err(problem);
        }
        words.push((replica, reader.number()?));
    }
    Ok(words)
}

fn read_abouts(reader: &mut Reader) -> Result<Vec<About>, DecodeError> {
    let count = reader.count(REPLICA_BYTES + 2)?;
    let mut abouts: Vec<About> = Vec::new();
    for _ in 0..count {
        let replica = read_replica(reader, abouts.last().map(|about| about.replica))?;
        abouts.push(About { replica, number: reader.number()?, attributes: Attributes::read(reader)? });
    }
    Ok(abouts)
}

fn read_members(reader: &mut Reader) -> Result<Vec<Member>, DecodeError> {
    let count = reader.count(MEMBER_BYTES_MIN)?;
    let mut members: Vec<Member> = Vec::with_capacity(count);
    for _ in 0..count {
        let replica = read_replica(reader, members.last().map(|member| member.replica))?;
        members.push(Member { replica, name: read_name(reader)?, age_ms: reader.number()? });
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        Name::new(name).unwrap()
    }

    fn member(id: u64, age_ms: u64) -> Member {
        Member { replica: ReplicaId::new(id), name: name("tab"), age_ms }
    }

    fn replicas(ids: impl IntoIterator<Item = u64>) -> Vec<ReplicaId> {
        ids.into_iter().map(ReplicaId::new).collect()
    }

    fn roster(members: &[Member]) -> Vec<u8> {
        rosters(members, usize::MAX).concat()
    }

    fn words(words: &[(u64, u64)]) -> Vec<(ReplicaId, u64)> {
        words.iter().map(|(id, word)| (ReplicaId::ephemeral(*id), *word)).collect()
    }

    fn alive(of: &[(u64, u64)]) -> Vec<u8> {
        alives(&words(of), 100).concat()
    }

    #[test]
    fn what_is_said_of_many_comes_in_parts_and_back() {
        let attributes = Attributes::new([("zone", "x".repeat(100))]).unwrap();
        let all: Vec<About> = (0..50)
            .map(|id| About { replica: ReplicaId::new(id), number: id << 10, attributes: attributes.clone() })
            .collect();
        for bytes_max in [118, 1_000, usize::MAX] {
            let contents = abouts(&all, bytes_max);
            let (lengths, carried) = parts(contents, |content| match content {
                Content::Abouts(abouts) => abouts,
                other => panic!("{other:?}"),
            });
            assert!(lengths.iter().all(|length| *length <= bytes_max));
            // The greater numbers take a byte more, and do not fit into the least.
            assert_eq!(carried, all[..if bytes_max == 118 { 1 } else { 50 }]);
        }
    }

    #[test]
    fn contents_come_back_and_take_these_bytes() {
        let longest = name(&"x".repeat(64));
        let (one, two) = (member(1, 0), member(u64::MAX, 300));
        for (bytes, content, length) in [
            (hello(&name("")), Content::Hello(name("")), 2),
            (hello(&longest), Content::Hello(longest.clone()), 66),
            (here(&name("größe")), Content::Here(name("größe")), 9),
            (goodbye(), Content::Goodbye, 1),
            (whos(&name("a"), &replicas([5]), 90).concat(), Content::Who(name("a"), replicas([5])), 4 + 8),
            (
                whos(&longest, &replicas([0, 9]), 90).concat(),
                Content::Who(longest, replicas([0, 9])),
                67 + 16,
            ),
            (roster(&[one.clone(), two.clone()]), Content::Roster(vec![one, two]), 2 + 13 + 14),
            (roster(&[member(7, u64::MAX)]), Content::Roster(vec![member(7, u64::MAX)]), 2 + 12 + 10),
            (alive(&[(1, 2), (9, u64::MAX)]), Content::Alive(words(&[(1, 2), (9, u64::MAX)])), 2 + 9 + 18),
        ] {
            assert_eq!(bytes.len(), length, "{content:?}");
            assert_eq!(decode(&bytes), Ok(content));
        }
    }

    /// How long each of the contents is that `write` makes within so many bytes, and all that they carry.
    fn parts<T>(contents: Vec<Vec<u8>>, read: impl Fn(Content) -> Vec<T>) -> (Vec<usize>, Vec<T>) {
        let lengths = contents.iter().map(Vec::len).collect();
        (lengths, contents.iter().flat_map(|bytes| read(decode(bytes).unwrap())).collect())
    }

    #[test]
    fn what_is_long_comes_in_parts_that_are_as_long_as_they_may_be() {
        let longest = name(&"x".repeat(64));
        for count in [1, 2, 126, 127, 128, 129, 300] {
            let ids = replicas(0..count);
            let members: Vec<Member> = ids
                .iter()
                .map(|id| Member { replica: *id, name: longest.clone(), age_ms: u64::MAX })
                .collect();
            for bytes_max in
                [CONTENT_BYTES_MIN, CONTENT_BYTES_MIN + 1, 1_000, 1_127, 10_628, 10_629, 10_630, usize::MAX]
            {
                let all = rosters(&members, bytes_max);
                let (lengths, carried) = parts(all, |content| match content {
                    Content::Roster(members) => members,
                    other => panic!("{other:?}"),
                });
                assert_eq!(carried, members);
                assert!(lengths.iter().all(|length| *length <= bytes_max), "{lengths:?}");
                // One more would not have fitted.
                let whole = &lengths[..lengths.len() - 1];
                assert!(whole.iter().all(|length| length + MEMBER_BYTES_MAX + 1 > bytes_max), "{lengths:?}");

                let all = whos(&longest, &ids, bytes_max);
                let (lengths, carried) = parts(all, |content| match content {
                    Content::Who(_, replicas) => replicas,
                    other => panic!("{other:?}"),
                });
                assert_eq!(carried, ids);
                assert!(lengths.iter().all(|length| *length <= bytes_max), "{lengths:?}");
            }
        }
        assert_eq!(rosters(&[], 100), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn numbers_take_as_many_bytes_as_said() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::MAX >> 1, u64::MAX] {
            let mut writer = Writer::default();
            writer.number(number);
            assert_eq!(writer.finish().len(), number_bytes(number), "{number}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let whole = roster(&[member(1, 0), member(2, 300)]);
        let who = whos(&name("a"), &replicas([1, 2]), 1_000).concat();
        for bytes in [&whole, &who] {
            for length in 0..bytes.len() {
                assert!(decode(&bytes[..length]).is_err(), "{length}");
            }
        }
        let longer = [&whole[..], &[0]].concat();
        let twice = roster(&[member(2, 0), member(2, 0)]);
        let alive_twice = alive(&[(2, 2), (2, 4)]);
        let permanent = alives(&[(ReplicaId::new(2), 2)], 100).concat();
        let who_twice = whos(&name("a"), &replicas([2, 2]), 1_000).concat();
        let too_many = |kind: &[u8]| [kind, &[0xff, 0xff, 0xff, 0xff, 0x0f]].concat();
        let too_long = [&[HELLO, 65][..], &[b'x'; 65]].concat();
        for bytes in [
            &longer[..],
            &twice,
            &who_twice,
            &alive_twice,
            &permanent,
            &too_many(&[ALIVE]),
            &too_many(&[ROSTER]),
            &too_many(&[WHO, 0]),
            &too_long,
            &[0],
            &[8],
            &[ABOUTS, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1],
            &[ABOUTS, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 9],
            &[GOODBYE, 0],
            &[HELLO, 2, 0xc3, 0x28],
            &[HELLO, 1, b'\n'],
            &[HELLO, 0x80, 0],
        ] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
