//! The messages of a meeting (anti-entropy session), in which two replicas find out what each lacks.
//!
//! A *question* claims the version of its sender's state, and says what the sender wants next. An *answer* is made from the question
//! alone. The answerer keeps no state of the asker, so nobody can use up its memory, and a question may be repeated at any time. Most
//! messages of a meeting are both an answer and a question. `docs/protocol.md` has their bytes, under *Meet*.
//!
//! If the log reaches back far enough, the answer is *complete*: a delta of all that the asker lacks. If not, there are three steps, and
//! the asker asks for each:
//!
//! 1. An *offer*: there is more. It has the answerer's version, the *target*.
//! 2. *Pages*, in the order of registrations: the entries of which the asker lacks an update or a reset, and the tombstones. Each page
//!    claims the dots that it carries.
//! 3. The *births* of the answerer's records: those that both claim to know, without those on the page in the same message. See
//!    `births.rs`. The asker compares them with its own before it takes that page. If a birth is in the target and the answerer has no
//!    record of it, the record was dropped. The same holds for the asker.
//!
//! Births that are gone may take several messages, which come in any order. They are resolved when all have come.
//!
//! When all is done, the asker has the effects of the whole target, and takes it as known. It must not if some of the target came another
//! way meanwhile: that may have brought back a record whose birth was compared already. A meeting may end anywhere, and what its pages
//! brought is kept.
//!
//! # What makes that sound
//!
//! - **The comparison of births is not older than the last page.** What the answerer dropped between the two is on no page, and the
//!   comparison did not show it; but the target has earlier updates of those records. Of two parts, the later one is that whose
//!   sender knew more dots.
//! - **Until it is done, the asker claims only what it knew at the beginning.** Pages come in the order of registrations, so their dots lie
//!   in as many runs as there are entries, and each question would have to list them.
//! - **A claim that comes with a page has no gap that its sender has closed by now.** A tombstone is kept only while there is a gap before
//!   it. If the claim still had the gap, the drops beyond it would be on no page. A receiver that took them as known might have an
//!   earlier record of the same writer, or get one later. So when a gap is closed, that is claimed at once. If the answerer
//!   has closed a gap of the target between two pages, nothing is taken as known, and the asker begins anew.

use super::births::{List, read_runs, write_runs};
use super::sketch::{CELLS_MAX, CHECK_BYTES, Cell, ESTIMATOR_BYTES, Sketch};
use crate::causal::{CausalContext, SEQ_MAX};
use crate::codec::{DecodeError, DecodeProblem, Reader, WireKey, Writer};
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::registration::RegistrationId;
use crate::version::Version;

/// A message of a meeting.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Meet<K> {
    /// The replica that is meant. An answer need not name it: the asker knows it by the number of the question.
    pub(super) to: Option<ReplicaId>,
    /// The number of the question that it answers, or of one that its sender has heard.
    pub(super) re: Option<u32>,
    /// How long the answer waited.
    pub(super) waited_ms: u64,
    pub(super) round_trip_ms: Option<u64>,
    pub(super) claim: Claim,
    pub(super) question: Option<Question<K>>,
    pub(super) answer: Answer<K>,
    pub(super) gone: Gone,
}

/// Births of records that the receiver still has, and that are dropped; in the numbering of the question that is answered. They may take
/// several messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gone {
    /// Runs of numbers, first to last, in order and never adjacent.
    pub(super) runs: Vec<(u64, u64)>,
    /// How many were in the messages before.
    pub(super) before: u64,
}

impl Gone {
    /// How many have come with this message and those before.
    pub(super) fn until(&self) -> u64 {
        self.runs
            .iter()
            .fold(self.before, |sum, (first, last)| sum.saturating_add(last - first).saturating_add(1))
    }

    fn write(&self, writer: &mut Writer) {
        write_runs(&self.runs, writer);
        writer.number(self.before);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let gone = Self { runs: read_runs(reader)?, before: reader.number()? };
        if gone.until() > SEQ_MAX {
            return Err(reader.error(DecodeProblem::OutOfBounds("births that are gone")));
        }
        Ok(gone)
    }
}

/// What the sender claims to know.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Claim {
    Absolute(Version),
    /// Relative to the version in the question that is answered.
    Relative {
        lacks: Version,
        more: Version,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question<K> {
    pub(super) id: u32,
    /// How many registrations the asker has.
    pub(super) registrations: u64,
    /// The asker reads messages of two to the power of that many bytes.
    pub(super) reads_log2: u8,
    pub(super) want: Want<K>,
}

/// What the asker wants next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Want<K> {
    pub(super) pages: PagesWanted,
    pub(super) after: Option<RegistrationId<K>>,
    pub(super) births: BirthsWanted,
}

impl<K> Want<K> {
    /// Whether nothing is wanted but the births that are gone.
    pub(super) fn is_resolving(&self) -> bool {
        self.pages == PagesWanted::Nothing && self.births == BirthsWanted::LeftToPeer
    }

    /// Whether the peer is to find the births that are gone, and to send them beside the pages.
    pub(super) fn waits_for_births(&self) -> bool {
        self.pages != PagesWanted::Nothing && self.births == BirthsWanted::LeftToPeer
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PagesWanted {
    Nothing,
    Unknown,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BirthsWanted {
    /// None: the other side compares births, and sends those that are gone.
    LeftToPeer,
    /// A sketch of so many cells, after the last page. 0: as many as seem right to the answerer.
    Sketch(u64),
    /// A list from that number on.
    List(u64),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer<K> {
    Nothing,
    Offer,
    /// All that the asker lacks.
    Complete(Box<Delta<K>>),
    Part(Box<Part<K>>),
}

impl<K> Answer<K> {
    /// The delta that it carries.
    pub(super) fn delta(&self) -> Option<&Delta<K>> {
        match self {
            Self::Complete(delta) => Some(delta),
            Self::Part(part) => part.page.as_ref().map(|page| &page.delta),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part<K> {
    /// How many dots the sender knows beyond those that it claims. With them it is certain which of two parts was made later.
    pub(super) beyond: u64,
    pub(super) page: Option<PagePart<K>>,
    pub(super) births: BirthsAnswer,
}

/// A page, as a delta and as its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PagePart<K> {
    pub(super) delta: Delta<K>,
    pub(super) bytes: Vec<u8>,
    pub(super) is_last: bool,
    /// Dots of the target that the asker must not take as known, since their registrations are too long to be sent.
    pub(super) withheld: CausalContext,
}

/// What an answer says of the births of the answerer's records.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum BirthsAnswer {
    Nothing,
    /// Once this message and those before it have come, the receiver has got all births that are gone.
    Resolved,
    Sketch {
        width: usize,
        sketch: Box<Sketch>,
    },
    List(List),
}

const ANSWERS: u8 = 1;
const ASKS: u8 = 2;
const RELATIVE: u8 = 4;
const ANSWER_SHIFT: u8 = 3;
const GONE: u8 = 32;
const MEANT: u8 = 64;

const AFTER: u8 = 4;
const BIRTHS_SHIFT: u8 = 3;

const PAGE: u8 = 1;
const LAST: u8 = 2;
const BIRTHS_ANSWER_SHIFT: u8 = 2;
const WITHHELD: u8 = 16;

impl<K: WireKey> Meet<K> {
    pub(super) fn write(&self, writer: &mut Writer) {
        let answer = match self.answer {
            Answer::Nothing => 0,
            Answer::Offer => 1,
            Answer::Complete(_) => 2,
            Answer::Part(_) => 3,
        };
        let flags = [
            (self.re.is_some(), ANSWERS),
            (self.question.is_some(), ASKS),
            (matches!(self.claim, Claim::Relative { .. }), RELATIVE),
            (!self.gone.runs.is_empty(), GONE),
            (self.to.is_some(), MEANT),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag);
        writer.raw(&[flags | answer << ANSWER_SHIFT]);
        self.to.iter().for_each(|to| writer.raw(&to.get().to_be_bytes()));
        self.re.iter().for_each(|re| writer.raw(&re.to_be_bytes()));
        writer.number(self.waited_ms);
        writer.number(self.round_trip_ms.map_or(0, |round_trip_ms| round_trip_ms + 1));
        match &self.claim {
            Claim::Absolute(version) => version.write(writer),
            Claim::Relative { lacks, more } => {
                lacks.write(writer);
                more.write(writer);
            }
        }
        if let Some(question) = &self.question {
            writer.raw(&question.id.to_be_bytes());
            writer.number(question.registrations);
            writer.raw(&[question.reads_log2]);
            question.want.write(writer);
        }
        match &self.answer {
            Answer::Nothing | Answer::Offer => {}
            Answer::Complete(delta) => writer.delta(delta),
            Answer::Part(part) => part.write(writer),
        }
        if !self.gone.runs.is_empty() {
            self.gone.write(writer);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let flags = reader.byte()?;
        if flags >= MEANT << 1 || flags & RELATIVE != 0 && flags & ANSWERS == 0 {
            return Err(reader.error(DecodeProblem::OutOfBounds("what a message of a meeting is")));
        }
        let to = if flags & MEANT != 0 { Some(ReplicaId::new(reader.u64_be()?)) } else { None };
        let re = if flags & ANSWERS != 0 { Some(reader.u32_be()?) } else { None };
        let waited_ms = reader.number()?;
        let round_trip_ms = reader.number()?.checked_sub(1);
        let claim = if flags & RELATIVE != 0 {
            Claim::Relative { lacks: Version::read(reader)?, more: Version::read(reader)? }
        } else {
            Claim::Absolute(Version::read(reader)?)
        };
        let question = if flags & ASKS != 0 {
            let (id, registrations, reads_log2) = (reader.u32_be()?, reader.number()?, reader.byte()?);
            let want = Want::read(reader)?;
            Some(Question { id, registrations, reads_log2, want })
        } else {
            None
        };
        let answer = match flags >> ANSWER_SHIFT & 3 {
            0 => Answer::Nothing,
            1 => Answer::Offer,
            2 => Answer::Complete(reader.delta()?.into()),
            _ => Answer::Part(Part::read(reader)?.into()),
        };
        let gone = if flags & GONE != 0 { Gone::read(reader)? } else { Gone::default() };
        Ok(Self { to, re, waited_ms, round_trip_ms, claim, question, answer, gone })
    }
}

impl<K: WireKey> Want<K> {
    pub(super) fn write(&self, writer: &mut Writer) {
        let births = match self.births {
            BirthsWanted::LeftToPeer => 0,
            BirthsWanted::Sketch(_) => 1,
            BirthsWanted::List(_) => 2,
        };
        let after = if self.after.is_some() { AFTER } else { 0 };
        writer.raw(&[self.pages as u8 | after | births << BIRTHS_SHIFT]);
        if let Some(RegistrationId { range, node }) = &self.after {
            let name = node.as_bytes();
            writer.raw(&[u8::from(range.end().is_none()), name.len() as u8]);
            writer.raw(name);
            K::encode_ranges(core::iter::once((range.start(), range.end())), writer);
        }
        match self.births {
            BirthsWanted::LeftToPeer => {}
            BirthsWanted::Sketch(number) | BirthsWanted::List(number) => writer.number(number),
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let error = reader.error(DecodeProblem::OutOfBounds("what is wanted"));
        let flags = reader.byte()?;
        let pages = match flags & 3 {
            0 => PagesWanted::Nothing,
            1 => PagesWanted::Unknown,
            2 => PagesWanted::All,
            _ => return Err(error),
        };
        let after = if flags & AFTER != 0 { Some(read_id(reader)?) } else { None };
        let births = match flags >> BIRTHS_SHIFT {
            0 => BirthsWanted::LeftToPeer,
            1 => BirthsWanted::Sketch(reader.number()?),
            2 => BirthsWanted::List(reader.number()?),
            _ => return Err(error),
        };
        Ok(Self { pages, after, births })
    }
}

fn read_id<K: WireKey>(reader: &mut Reader<'_>) -> Result<RegistrationId<K>, DecodeError> {
    let error = reader.error(DecodeProblem::OutOfBounds("a registration"));
    let is_unbounded = match reader.byte()? {
        0 => false,
        1 => true,
        _ => return Err(error),
    };
    let length = usize::from(reader.byte()?);
    let name = core::str::from_utf8(reader.raw(length)?).map_err(|_| error)?;
    let node = NodeId::new(name).map_err(|_| error)?;
    let ranges: Vec<KeyRange<K>> = K::decode_ranges(&[is_unbounded], reader)?;
    Ok(RegistrationId { range: ranges.into_iter().next().ok_or(error)?, node })
}

impl<K: WireKey> Part<K> {
    fn write(&self, writer: &mut Writer) {
        let page = match &self.page {
            None => 0,
            Some(page) => {
                let last = if page.is_last { LAST } else { 0 };
                PAGE | last | if page.withheld.is_empty() { 0 } else { WITHHELD }
            }
        };
        let births = match &self.births {
            BirthsAnswer::Nothing => 0,
            BirthsAnswer::Resolved => 1,
            BirthsAnswer::Sketch { .. } => 2,
            BirthsAnswer::List(_) => 3,
        };
        writer.raw(&[page | births << BIRTHS_ANSWER_SHIFT]);
        writer.number(self.beyond);
        if let Some(page) = &self.page {
            writer.prefixed(&page.bytes);
            if !page.withheld.is_empty() {
                page.withheld.write(writer);
            }
        }
        match &self.births {
            BirthsAnswer::Nothing | BirthsAnswer::Resolved => {}
            BirthsAnswer::Sketch { width, sketch } => {
                writer.raw(&[*width as u8]);
                writer.number(sketch.cells.len() as u64);
                for Cell { sum, check } in &sketch.cells {
                    writer.raw(&sum.to_le_bytes()[..*width]);
                    writer.raw(&check.to_le_bytes());
                }
                writer.raw(&sketch.estimator);
                writer.raw(&sketch.total.to_be_bytes());
            }
            BirthsAnswer::List(list) => list.write(writer),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let error = reader.error(DecodeProblem::OutOfBounds("a part"));
        let flags = reader.byte()?;
        if flags >= 2 * WITHHELD {
            return Err(error);
        }
        let beyond = reader.number()?;
        let page = match flags & (PAGE | LAST | WITHHELD) {
            0 => None,
            some if some & PAGE == 0 => return Err(error),
            _ => {
                let (delta, is_last) = (reader.delta()?, flags & LAST != 0);
                let withheld = match flags & WITHHELD {
                    0 => CausalContext::default(),
                    _ => CausalContext::read(reader)?,
                };
                Some(PagePart { delta, bytes: Vec::new(), is_last, withheld })
            }
        };
        let births = match (flags & !WITHHELD) >> BIRTHS_ANSWER_SHIFT {
            0 => BirthsAnswer::Nothing,
            1 => BirthsAnswer::Resolved,
            2 => {
                let width = usize::from(reader.byte()?);
                if !(1..=8).contains(&width) {
                    return Err(error);
                }
                let count = reader.count(width + CHECK_BYTES)?;
                if count > CELLS_MAX {
                    return Err(error);
                }
                let mut sketch = Sketch::new(count);
                if sketch.cells.len() != count {
                    return Err(error);
                }
                for cell in &mut sketch.cells {
                    let mut sum = [0; 8];
                    sum[..width].copy_from_slice(reader.raw(width)?);
                    cell.sum = u64::from_le_bytes(sum);
                    cell.check = reader
                        .raw(CHECK_BYTES)?
                        .iter()
                        .rev()
                        .fold(0, |check, byte| check << 8 | u16::from(*byte));
                }
                sketch.estimator.copy_from_slice(reader.raw(ESTIMATOR_BYTES)?);
                sketch.total = reader.u64_be()?;
                BirthsAnswer::Sketch { width, sketch: sketch.into() }
            }
            3 => BirthsAnswer::List(List::read(reader)?),
            _ => return Err(error),
        };
        Ok(Self { beyond, page, births })
    }
}
