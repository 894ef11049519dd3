//! A version of an answer that a client can carry: which of two is newer, in 24 bytes.
//!
//! Of two sets of effects, nothing of constant size can tell exactly whether one includes the other: a vector needs as many entries as there
//! are writers (Charron-Bost, "Concerning the size of logical clocks in distributed systems", 1991). But it can be wrong in one direction
//! only. That is a *plausible clock* (Torres-Rojas and Ahamad, "Plausible clocks: constant size logical clocks for distributed systems",
//! 1999): what is ordered is always told so, and only of what is concurrent some is told to be ordered.

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use crate::splits::Owners;
use crate::tally::{CELLS, Tally};

/// How many of the bytes are the digest, and how many the token.
const DIGEST: usize = 6;
const TOKEN: usize = 6;

/// A version of all answers of a map, in 24 bytes: for a client that keeps an answer and wants to know whether another is newer. See
/// [`RangeMap::answer_version`](crate::RangeMap::answer_version).
///
/// `a < b` says that b is newer: whoever gave b knew all that whoever gave a knew, and more. `a == b` says that the answers are the same.
/// [`partial_cmp`](PartialOrd::partial_cmp) is `None` if they are concurrent: each of the two knew something that the other lacked.
///
/// - Equal and ordered are told right always: whoever learns more has a greater version, and whoever knows the same has the same. The digest
///   of 48 bits alone tells some concurrent ones apart, which are called equal by an accident of one in 2^48.
/// - Concurrent is told right always, too, with two exceptions: where what a retired writer did was
///   [given up](crate::RangeMap::maintain) as lost, and turns up after all; and beyond 2^48 events, which only a forged message can claim.
/// - Concurrent ones may be called ordered. See [how often](#how-often-concurrent-ones-are-called-ordered).
///
/// It is not exact, because nothing of constant size is; a [`Version`](crate::Version) is. And nothing is authenticated: a client that makes
/// one up gets the answers that it deserves.
///
/// # How often concurrent ones are called ordered
///
/// It tells writers apart by a hash to twelve groups, and counts in each modulo 256. Two sides that went on apart from what both
/// knew are called ordered if in each group the one side did no more than the other. Of 2,000 such pairs each, made at random:
///
/// | writers on each side | effects of each writer | called ordered |
/// |---|---|---|
/// | 1 and 1 | 1 to 9 | 6.6 % |
/// | 3 and 3 | 1 to 9 | 0.3 % |
/// | 10 and 10 | 1 to 9 | none |
/// | 1 and 10 | 1 to 9 | 39 % |
/// | 1 and 1 | 1 to 200 | 9.6 % |
/// | 1 and 1 | 1 to 2,000 | 88 % |
///
/// So it tells well of sides that did about as much, and a replica that did little while many others went on is likely to be called older.
/// In this project's simulation of replicas that crash and lose messages it is 7.6 % of 94,304 pairs of replicas of which neither knew all that
/// the other did.
///
/// # In bytes
///
/// 6 bytes of the digest, 6 of the [token](Self::token), the most significant first, and 12 of the groups. As text it is the 48 hexadecimal
/// digits of these, which any header takes, for example `ETag`.
///
/// ```
/// # use crdt_range_map::{AnswerVersion, KeyRange, RangeMap, ReplicaId};
/// let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
/// let before = map.answer_version();
/// _ = map.register(&"a".parse()?, &KeyRange::new(0, 100)?)?;
/// let header = map.answer_version().to_string();
/// assert_eq!(header.len(), 48);
/// assert!(header.parse::<AnswerVersion>()? > before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AnswerVersion {
    token: u64,
    digest: u64,
    cells: [u8; CELLS],
}

impl AnswerVersion {
    /// How many bytes it takes.
    pub const LENGTH: usize = DIGEST + TOKEN + CELLS;

    /// The greatest [token](Self::token), 2^48 − 1.
    pub const TOKEN_MAX: u64 = (1 << (8 * TOKEN)) - 1;

    /// The version of a state with records of that fingerprint, that knows so many events.
    ///
    /// `grown` has to grow with all that is learnt, and at least by as much as the cells of `events` do together.
    pub(crate) fn new(fingerprint: u64, grown: u128, events: Tally) -> Self {
        let token = u64::try_from(grown).unwrap_or(u64::MAX).min(Self::TOKEN_MAX);
        Self { token, digest: fingerprint & ((1 << (8 * DIGEST)) - 1), cells: events.cells }
    }

    /// A number that grows with the version, for [fencing](crate::RangeMap::answer_version): of two ordered versions
    /// the newer has the greater token. From 0, of a map that knows nothing, to 2^48 − 1. O(1).
    pub fn token(&self) -> u64 {
        self.token
    }

    /// The [bytes](Self#in-bytes). O(1).
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let (digest, rest) = bytes.split_at_mut(DIGEST);
        let (token, cells) = rest.split_at_mut(TOKEN);
        digest.copy_from_slice(&self.digest.to_be_bytes()[8 - DIGEST..]);
        token.copy_from_slice(&self.token.to_be_bytes()[8 - TOKEN..]);
        cells.copy_from_slice(&self.cells);
        bytes
    }

    /// The version of those [bytes](Self#in-bytes). Any 24 will do. O(1).
    ///
    /// # Errors
    /// [`AnswerVersionError::Length`] if they are fewer or more.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AnswerVersionError> {
        let bytes: &[u8; Self::LENGTH] =
            bytes.try_into().map_err(|_| AnswerVersionError::Length { bytes: bytes.len() })?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let (digest, rest) = bytes.split_at(DIGEST);
        let (token, rest) = rest.split_at(TOKEN);
        let mut cells = [0; CELLS];
        cells.copy_from_slice(rest);
        Ok(Self { token: number(token), digest: number(digest), cells })
    }

    /// Whether it may be what comes of `earlier`, which has a lesser token, by learning more: then each group of writers has what it had
    /// there, and all that came to them together is no more than what the token has grown by.
    fn may_follow(&self, earlier: &Self) -> bool {
        let cells = self.cells.iter().zip(&earlier.cells);
        let least: u64 = cells.map(|(now, before)| u64::from(now.wrapping_sub(*before))).sum();
        least <= self.token - earlier.token || self.token == Self::TOKEN_MAX
    }
}

/// Less is older, greater is newer, and `None` concurrent. O(1).
impl PartialOrd for AnswerVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let order = self.token.cmp(&other.token);
        let is_told = match order {
            Ordering::Less => other.may_follow(self),
            Ordering::Equal => self == other,
            Ordering::Greater => self.may_follow(other),
        };
        is_told.then_some(order)
    }
}

/// The 48 hexadecimal digits of the [bytes](AnswerVersion#in-bytes), in lower case.
impl fmt::Display for AnswerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// From what it is [shown](fmt::Display) as, in upper or lower case.
impl FromStr for AnswerVersion {
    type Err = AnswerVersionError;

    fn from_str(text: &str) -> Result<Self, AnswerVersionError> {
        if text.len() != 2 * Self::LENGTH {
            return Err(AnswerVersionError::TextLength { bytes: text.len() });
        }
        let mut bytes = [0; Self::LENGTH];
        for (at, (digit, byte)) in text.bytes().zip((0..Self::LENGTH).flat_map(|at| [at, at])).enumerate() {
            let value = char::from(digit).to_digit(16).ok_or(AnswerVersionError::Digit { at })?;
            bytes[byte] = bytes[byte] << 4 | value as u8;
        }
        Self::from_bytes(&bytes)
    }
}

/// Why bytes or a text are no [`AnswerVersion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerVersionError {
    /// They are not 24 bytes.
    Length {
        /// How many there are.
        bytes: usize,
    },
    /// It is not 48 bytes long.
    TextLength {
        /// How long it is.
        bytes: usize,
    },
    /// There is something else than a hexadecimal digit.
    Digit {
        /// How many bytes come before it.
        at: usize,
    },
}

impl fmt::Display for AnswerVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { bytes } => {
                write!(f, "a version of an answer has {} bytes, not {bytes}", AnswerVersion::LENGTH)
            }
            Self::TextLength { bytes } => {
                let digits = 2 * AnswerVersion::LENGTH;
                write!(f, "a version of an answer has {digits} hexadecimal digits, not {bytes} bytes")
            }
            Self::Digit { at } => write!(f, "byte {at} is no hexadecimal digit"),
        }
    }
}

impl core::error::Error for AnswerVersionError {}

/// What is new for a client that knows an answer of some version: see [`RangeMap::owners_since`](crate::RangeMap::owners_since).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnersSince {
    /// Nothing: the versions are the same.
    Same,
    /// This replica knows more.
    Newer {
        /// Who serves the key.
        owners: Owners,
        /// The version of that.
        version: AnswerVersion,
    },
    /// The client knows better. This replica lacks something.
    Older {
        /// The version of what this replica would have answered.
        version: AnswerVersion,
    },
    /// Each knows something that the other lacks.
    Concurrent {
        /// Who serves the key, for all that this replica knows.
        owners: Owners,
        /// The version of that.
        version: AnswerVersion,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(token: u64, digest: u64, cells: &[(usize, u8)]) -> AnswerVersion {
        let mut version = AnswerVersion { token, digest, cells: [0; CELLS] };
        cells.iter().for_each(|(at, count)| version.cells[*at] = *count);
        version
    }

    #[test]
    fn it_is_older_only_if_all_groups_may_have_grown() {
        let base = version(100, 7, &[(0, 250), (3, 5)]);
        let orders = |later: &AnswerVersion| (base.partial_cmp(later), later.partial_cmp(&base));
        let (older, concurrent) = ((Some(Ordering::Less), Some(Ordering::Greater)), (None, None));
        assert_eq!(base.partial_cmp(&base), Some(Ordering::Equal));
        assert_eq!(orders(&version(100, 8, &[(0, 250), (3, 5)])), concurrent);
        assert_eq!(orders(&version(100, 7, &[(0, 251), (3, 4)])), concurrent);
        // A count goes on from 255 with 0.
        assert_eq!(orders(&version(108, 7, &[(0, 2), (3, 5)])), older);
        assert_eq!(orders(&version(107, 7, &[(0, 2), (3, 5)])), concurrent);
        // One has fallen, or grown by 255.
        assert_eq!(orders(&version(354, 7, &[(0, 249), (3, 5)])), concurrent);
        assert_eq!(orders(&version(355, 7, &[(0, 249), (3, 5)])), older);
        // What is beyond all that can be counted.
        assert_eq!(orders(&version(AnswerVersion::TOKEN_MAX, 7, &[])), older);
        let [least, most] = [0, u128::MAX].map(|grown| AnswerVersion::new(u64::MAX, grown, Tally::default()));
        assert_eq!((least.token(), most.token()), (0, AnswerVersion::TOKEN_MAX));
        assert!(least < most);
    }

    #[test]
    fn bytes_and_texts_say_what_is_wrong_with_them() {
        let shown = "0102030405060708090a0b0cfffefdfcfbfaf9f8f7f6f5f4";
        let version: AnswerVersion = shown.parse().unwrap();
        assert_eq!((version.digest, version.token), (0x0102_0304_0506, 0x0708_090a_0b0c));
        assert_eq!(version.to_string(), shown);
        assert_eq!(shown.to_uppercase().parse(), Ok(version));
        assert_eq!(AnswerVersion::from_bytes(&version.to_bytes()), Ok(version));
        assert_eq!(version.to_bytes()[..7], [1, 2, 3, 4, 5, 6, 7]);
        for bytes in [0, 23, 25] {
            assert_eq!(AnswerVersion::from_bytes(&vec![0; bytes]), Err(AnswerVersionError::Length { bytes }));
        }
        let parse = |text: &str| text.parse::<AnswerVersion>().map_err(|error| error.to_string());
        let length = "a version of an answer has 48 hexadecimal digits, not 47 bytes".to_string();
        assert_eq!(parse(&shown[1..]), Err(length));
        assert_eq!(parse(&format!("{}+f", &shown[2..])), Err("byte 46 is no hexadecimal digit".into()));
        assert_eq!(parse(&format!("{}ä", &shown[2..])), Err("byte 46 is no hexadecimal digit".into()));
    }
}
