//! Comparing two replicas range by range, when nobody's log tells what one of them lacks.
//!
//! This is range-based set reconciliation (Meyer, 2022) over the registrations in their order by start, end and node: ranges with
//! equal fingerprints are done, others are divided, and of small ones the entries are exchanged. Two things are added. The
//! contexts go first, so that each side sends at once the entries of which the other lacks an update or a reset; what is left to
//! find are registrations that one side dropped. And since a set alone cannot tell "dropped" from "never had", every entry and
//! range is judged by what its sender knew when the session began: a record that it lacks, and whose birth it knew, was dropped.
//! Drops that a side still names go along with its context, of which they are a part.
//!
//! A session goes in lock-step: each message answers the one before. Its context is joined only at the end, when every range was
//! found equal or exchanged; until then a replica claims no dot but those that it was sent. So a session may end anywhere.
//!
//! # Layout
//!
//! The replica that is meant, 8 bytes, and the session, 4 bytes, big endian; one byte *step*, from 0; if it is 0 or 1, one byte,
//! 1 if all named drops are among the entries, and what the sender knew when the session began, a
//! [context](crate::codec); the entries: *number* of bytes, and a delta that claims nothing beyond;
//! registrations that are gone, as [`super::places`]; then the ends of ranges, as places; and a *column* of what is said of each range: nothing (0), its fingerprint (1), or that all its entries are here (2); then the
//! fingerprints, 8 bytes each. The first range begins before all registrations, and one more follows the last place.

use super::message::{read_delta, word, write_delta};
use super::places;
use crate::causal::CausalContext;
use crate::codec::{DecodeError, DecodeProblem, Reader, WireKey, Writer};
use crate::delta::{Delta, Part};
use crate::id::ReplicaId;
use crate::map::{RangeMap, bytes_of, bytes_of_range};
use crate::registration::RegistrationId;
use crate::splits::Changes;
use crate::store::{Bound, Held};

/// How many parts a range is divided into. More take more bytes, fewer more messages.
const PARTS: usize = 16;

/// A range of so few registrations is exchanged rather than divided.
const ROWS_MAX: usize = 4;

/// No session goes on for longer. Those that have so much to exchange leave the rest to another.
pub(super) const STEPS_MAX: u8 = 200;

/// What a range counts for in a message, so that there are not too many: it takes 10 to 20 bytes, and some time to look at.
const RANGE_BYTES: usize = 64;

/// More ranges are refused.
const RANGES_MAX: usize = 8192;

/// A message of a session.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compare<K> {
    pub(super) to: ReplicaId,
    pub(super) session: u32,
    pub(super) step: u8,
    /// What the sender knew when the session began, and whether all that it names as dropped is among the entries; in the first step
    /// of each side only.
    pub(super) context: CausalContext,
    pub(super) is_whole: bool,
    /// Whole entries; the context is that of their dots.
    pub(super) entries: Delta<K>,
    /// Registrations of which the receiver holds something and the sender nothing.
    pub(super) absent: Vec<RegistrationId<K>>,
    /// Ranges that follow each other, from the first registration to the last.
    pub(super) ranges: Vec<Range<K>>,
}

/// What is said of the registrations from where the range before ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Range<K> {
    pub(super) to: Bound<K>,
    pub(super) says: Says,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing: it is done.
    Done,
    /// The sum of the hashes of what the sender holds there.
    Fingerprint(u64),
    /// All that the sender holds there is among the entries.
    Rows,
}

impl<K: WireKey> Compare<K> {
    /// The first message: what the other side lacks, as far as it tells. `theirs` is what it said that it knows.
    pub(super) fn open(
        map: &RangeMap<K>,
        to: ReplicaId,
        session: u32,
        theirs: &CausalContext,
        bytes_max: usize,
    ) -> Self {
        let context = map.state().context.clone();
        let (entries, is_whole) = map.unknown_entries(theirs, bytes_max);
        Self { to, session, step: 0, context, is_whole, entries, absent: Vec::new(), ranges: Vec::new() }
    }

    /// Whether everything is done as far as the sender is concerned.
    pub(super) fn is_last(&self) -> bool {
        self.step > 0 && self.ranges.iter().all(|range| range.says == Says::Done)
    }

    /// Learns what the message carries, given what its sender knew when the session began.
    pub(super) fn apply(&self, map: &mut RangeMap<K>, knowledge: &CausalContext) -> Changes<K> {
        let ranges: Vec<(Bound<K>, Bound<K>)> =
            self.parts().filter(|(.., says)| *says == Says::Rows).map(|(from, to, _)| (from, to)).collect();
        let Self { absent, entries, .. } = self;
        map.merge_part(&Part { ranges: &ranges, absent, entries, knowledge })
    }

    /// The answer, from what is held after the message was applied.
    pub(super) fn reply(
        &self,
        map: &RangeMap<K>,
        to: ReplicaId,
        theirs: &CausalContext,
        bytes_max: usize,
    ) -> Self {
        let (context, (entries, is_whole)) = if self.step == 0 {
            (map.state().context.clone(), map.unknown_entries(theirs, bytes_max))
        } else {
            Default::default()
        };
        let mut reply = Reply {
            map,
            bytes_left: bytes_max,
            answer: Self {
                to,
                session: self.session,
                step: self.step + 1,
                context,
                is_whole,
                entries,
                absent: Vec::new(),
                ranges: Vec::new(),
            },
        };
        if self.step == 0 {
            reply.divide(Bound::First, Bound::Last);
        }
        for (from, to, says) in self.parts().filter(|_| self.step > 0) {
            if reply.bytes_left == 0 {
                // What is left, done or not, is looked at again in a later step.
                reply.leave(&from, Bound::Last);
                break;
            }
            reply.part(self, from, to, says);
        }
        reply.answer
    }

    /// The ranges with both ends.
    fn parts(&self) -> impl Iterator<Item = (Bound<K>, Bound<K>, Says)> {
        let mut from = Bound::First;
        self.ranges
            .iter()
            .map(move |Range { to, says }| (core::mem::replace(&mut from, to.clone()), to.clone(), *says))
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.raw(&self.to.get().to_be_bytes());
        writer.raw(&self.session.to_be_bytes());
        writer.raw(&[self.step]);
        if self.step < 2 {
            writer.raw(&[self.is_whole.into()]);
            self.context.write(writer);
        }
        write_delta(&self.entries, writer);
        let absent: Vec<Bound<K>> = self.absent.iter().cloned().map(Bound::Id).collect();
        places::write(&absent, writer);
        let ends = self.ranges.split_last().map_or(&[][..], |(_, ends)| ends);
        let ends: Vec<Bound<K>> = ends.iter().map(|range| range.to.clone()).collect();
        places::write(&ends, writer);
        let says =
            self.ranges.iter().map(|range| range.says).chain(self.ranges.is_empty().then_some(Says::Done));
        writer.column(says.clone().map(|says| match says {
            Says::Done => 0,
            Says::Fingerprint(_) => 1,
            Says::Rows => 2,
        }));
        for says in says {
            if let Says::Fingerprint(fingerprint) = says {
                writer.raw(&fingerprint.to_be_bytes());
            }
        }
    }

    pub(super) fn read(mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let to = ReplicaId::new(word(&mut reader)?);
        let session = reader.raw(4)?.iter().fold(0, |session, byte| session << 8 | u32::from(*byte));
        let step = reader.byte()?;
        let (is_whole, context) = if step < 2 {
            let is_whole = reader.byte()?;
            if is_whole > 1 {
                return Err(reader.error(DecodeProblem::OutOfBounds("the mark of a whole context")));
            }
            (is_whole == 1, CausalContext::read(&mut reader)?)
        } else {
            Default::default()
        };
        let entries = read_delta::<K>(&mut reader)?;
        if !entries.carries_all_it_claims() {
            return Err(reader.error(DecodeProblem::NotCanonical("a part that claims more than it carries")));
        }
        let mut absent = Vec::new();
        for place in places::read(&mut reader)? {
            match place {
                Bound::Id(id) => absent.push(id),
                _ => return Err(reader.error(DecodeProblem::OutOfBounds("the kind of a place"))),
            }
        }
        let mut ends = places::read(&mut reader)?;
        ends.push(Bound::Last);
        if ends.len() > RANGES_MAX {
            return Err(reader.error(DecodeProblem::OutOfBounds("the number of ranges")));
        }
        let mut ranges = Vec::with_capacity(ends.len());
        let all_say = reader.column(ends.len())?;
        for (to, says) in ends.into_iter().zip(all_say) {
            let says = match says {
                0 => Says::Done,
                1 => Says::Fingerprint(word(&mut reader)?),
                2 => Says::Rows,
                _ => return Err(reader.error(DecodeProblem::OutOfBounds("what is said of a range"))),
            };
            ranges.push(Range { to, says });
        }
        reader.finish()?;
        Ok(Self { to, session, step, context, is_whole, entries, absent, ranges })
    }
}

/// An answer in the making.
struct Reply<'a, K> {
    map: &'a RangeMap<K>,
    bytes_left: usize,
    answer: Compare<K>,
}

impl<K: WireKey> Reply<'_, K> {
    /// Goes on with what the other side says of a range.
    fn part(&mut self, message: &Compare<K>, from: Bound<K>, to: Bound<K>, says: Says) {
        match says {
            Says::Done => self.say(to, Says::Done),
            Says::Fingerprint(theirs) => {
                let (rows, ours) = self.summary(&from, &to);
                if ours == theirs {
                    self.say(to, Says::Done);
                } else if rows > ROWS_MAX {
                    self.divide(from, to);
                } else {
                    self.map.state().entries.rows_between(&from, &to).for_each(|held| self.add(&held));
                    self.say(to, Says::Rows);
                }
            }
            Says::Rows => self.differences(message, from, to),
        }
    }

    /// Divides a range into parts of about as many registrations each.
    fn divide(&mut self, from: Bound<K>, to: Bound<K>) {
        let entries = &self.map.state().entries;
        let first = entries.before(&from).rows;
        let (rows, _) = self.summary(&from, &to);
        let parts = PARTS.min(rows).max(1);
        let mut part_from = from;
        for part in 1..=parts {
            let part_to =
                if part == parts { to.clone() } else { entries.bound_at(first + rows * part / parts) };
            self.leave(&part_from, part_to.clone());
            part_from = part_to;
        }
    }

    /// Leaves a range to the other side to compare.
    fn leave(&mut self, from: &Bound<K>, to: Bound<K>) {
        let (_, fingerprint) = self.summary(from, &to);
        self.say(to, Says::Fingerprint(fingerprint));
    }

    /// Tells the other side, which sent all that it holds in a range, what it lacks there.
    fn differences(&mut self, message: &Compare<K>, from: Bound<K>, to: Bound<K>) {
        let entries = &self.map.state().entries;
        let theirs = &message.entries.entries;
        for held in theirs.rows_between(&from, &to) {
            if entries.get(&held.id()).is_none() {
                self.answer.absent.push(held.id());
                self.spend(&held);
            }
        }
        for held in entries.rows_between(&from, &to) {
            if theirs.get(&held.id()).is_some_and(|theirs| theirs.entry() == held.entry()) {
                continue;
            }
            if self.bytes_left == 0 {
                // The rest in a later step.
                let rest = Bound::Id(held.id());
                self.say(rest.clone(), Says::Done);
                return self.leave(&rest, to.clone());
            }
            self.add(&held);
        }
        self.say(to, Says::Done);
    }

    fn add(&mut self, held: &Held<'_, K>) {
        self.answer.entries.add_entry(&held.id(), &held.entry());
        self.spend(held);
    }

    fn spend(&mut self, held: &Held<'_, K>) {
        self.bytes_left = self.bytes_left.saturating_sub(bytes_of(held));
    }

    /// Says something of the range up to there; ranges of which nothing is said are told as one.
    fn say(&mut self, to: Bound<K>, says: Says) {
        match self.answer.ranges.last_mut() {
            Some(last) if last.says == Says::Done && says == Says::Done => last.to = to,
            Some(last) if last.to == to => {}
            _ => {
                let place = match &to {
                    Bound::Start(key) => bytes_of_range(key, None),
                    Bound::Id(id) => {
                        bytes_of_range(id.range.start(), id.range.end()) + id.node.as_bytes().len()
                    }
                    Bound::First | Bound::Last => 0,
                };
                self.bytes_left = self.bytes_left.saturating_sub(RANGE_BYTES + place);
                self.answer.ranges.push(Range { to, says });
            }
        }
    }

    /// How many registrations are held in a range, and the sum of their hashes.
    fn summary(&self, from: &Bound<K>, to: &Bound<K>) -> (usize, u64) {
        let entries = &self.map.state().entries;
        let (from, to) = (entries.before(from), entries.before(to));
        (to.rows.saturating_sub(from.rows), to.fingerprint.wrapping_sub(from.fingerprint))
    }
}
