//! Births as numbers. Comparing them finds the records that one side has dropped.
//!
//! Take only the births that the contexts of both replicas know. A record with such a birth is missing on one side only because that side
//! has dropped it. So these births are compared as sets: by a [`Sketch`], which is as long as the difference, or by a list of all births
//! of one side, where that is shorter. A birth is a dot, and is written as one number: the rank of its writer in the asker's context,
//! and the sequence number in as many bits as the greatest one takes. `docs/protocol.md` has the bytes.

use super::sketch::Sketch;
use crate::causal::{CausalContext, Dot};
use crate::codec::{DecodeError, DecodeProblem, Reader, Writer};
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::key::Key;
use crate::map::RangeMap;

/// The numbering of the dots of a context.
pub(super) struct Numbering {
    writers: Vec<ReplicaId>,
    seq_bits: u32,
}

impl Numbering {
    /// `None` if the numbers would not fit into 64 bits: of more than 2,048 writers, some with enormous sequence numbers.
    pub(super) fn of(context: &CausalContext) -> Option<Self> {
        let writers: Vec<ReplicaId> = context.replicas().map(|(replica, _)| replica).collect();
        let last = context.replicas().map(|(_, runs)| runs.last()).max().unwrap_or(0);
        let seq_bits = u64::BITS - last.leading_zeros();
        let rank_bits = usize::BITS - writers.len().leading_zeros();
        (rank_bits + seq_bits <= u64::BITS).then_some(Self { writers, seq_bits })
    }

    /// How many bytes hold every number.
    pub(super) fn width(&self) -> usize {
        let bits = usize::BITS - self.writers.len().leading_zeros() + self.seq_bits;
        (bits as usize).div_ceil(8).max(1)
    }

    /// The number of a dot of the context.
    fn number(&self, replica: ReplicaId, seq: u64) -> Option<u64> {
        let rank = self.writers.binary_search(&replica).ok()?;
        Some((rank as u64).checked_shl(self.seq_bits).unwrap_or(0) | seq)
    }

    fn dot(&self, number: u64) -> Option<Dot> {
        let rank = number.checked_shr(self.seq_bits).unwrap_or(0);
        let seq = number & 1u64.checked_shl(self.seq_bits).map_or(u64::MAX, |bit| bit - 1);
        let replica = *self.writers.get(usize::try_from(rank).ok()?)?;
        Some(Dot { replica, seq })
    }

    /// The dots with those numbers; `None` if the context does not know one of them.
    pub(super) fn dots(&self, numbers: &[u64], context: &CausalContext) -> Option<CausalContext> {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        let mut dots = CausalContext::default();
        for number in numbers {
            let dot = self.dot(number).filter(|dot| context.contains(*dot))?;
            dots.insert(dot);
        }
        Some(dots)
    }

    /// The dots with those numbers. Numbers that stand for no dot are skipped.
    pub(super) fn all_dots(&self, mut numbers: Vec<u64>) -> CausalContext {
        numbers.sort_unstable();
        let mut dots = CausalContext::default();
        numbers.into_iter().filter_map(|number| self.dot(number)).for_each(|dot| dots.insert(dot));
        dots
    }

    /// Visits the numbers of the births of a state's records, as far as the context has them. O(n).
    fn for_each_birth<K: Key>(&self, state: &Delta<K>, context: &CausalContext, mut visit: impl FnMut(u64)) {
        // Mostly one writer follows the other for a while.
        let mut before: Option<(ReplicaId, u64)> = None;
        state.for_each_birth(context, |replica, seq| {
            let base = match before {
                Some((writer, base)) if writer == replica => base,
                _ => match self.number(replica, 0) {
                    Some(base) => base,
                    None => return,
                },
            };
            before = Some((replica, base));
            visit(base | seq);
        });
    }

    /// The sketch of the births of a state's records, as far as the context has them. O(n).
    pub(super) fn sketch<K: Key>(&self, state: &Delta<K>, context: &CausalContext, cells: usize) -> Sketch {
        let mut sketch = Sketch::new(cells);
        self.for_each_birth(state, context, |number| sketch.toggle(number));
        sketch
    }

    /// How many records of a state have a birth that is in the context. O(n).
    pub(super) fn count<K: Key>(&self, state: &Delta<K>, context: &CausalContext) -> usize {
        let mut count = 0;
        state.for_each_birth(context, |_, _| count += 1);
        count
    }

    /// The numbers of the births of a state's records, as far as the context has them, in order. O(n log n).
    pub(super) fn numbers<K: Key>(&self, state: &Delta<K>, context: &CausalContext) -> Vec<u64> {
        let mut numbers = Vec::new();
        self.for_each_birth(state, context, |number| numbers.push(number));
        numbers.sort_unstable();
        numbers
    }

    /// A list of the births of a state's records, as far as the context has them, in order: from the number `from` on, without those that
    /// are `shown` already, and as many as take about `bytes_max` bytes. O(n log n).
    pub(super) fn list<K: Key>(
        &self,
        state: &Delta<K>,
        context: &CausalContext,
        shown: &[u64],
        from: u64,
        bytes_max: usize,
    ) -> List {
        let numbers = self.numbers(state, context).into_iter().filter(|number| *number >= from);
        let mut shown = shown.iter().copied().peekable();
        let mut list = List::default();
        let (mut before, mut bytes) = (0, 0);
        for number in numbers {
            while shown.next_if(|shown| *shown < number).is_some() {}
            if shown.next_if_eq(&number).is_some() {
                continue;
            }
            match list.runs.last_mut() {
                Some((_, last)) if *last + 1 == number => *last = number,
                _ => {
                    bytes += number_bytes(number - before) + 3;
                    if bytes > bytes_max && !list.runs.is_empty() {
                        list.next = Some(number);
                        break;
                    }
                    list.runs.push((number, number));
                }
            }
            before = number;
        }
        list
    }

    /// The births on a page, as far as the context has them: the numbers of those that a map has too, and the dots of those that it
    /// lacks. O(m log n) for m records.
    pub(super) fn shown<K: Key>(
        &self,
        page: &Delta<K>,
        map: &RangeMap<K>,
        context: &CausalContext,
    ) -> (Vec<u64>, CausalContext) {
        let (mut present, mut lacking) = (Vec::new(), Vec::new());
        for row in page.entries.rows() {
            let ours = map.state().entries.get(&row.id());
            row.for_each_record(|replica, record| {
                let Some(number) = self.number(replica, record.birth) else { return };
                if !context.contains(Dot { replica, seq: record.birth }) {
                    return;
                }
                let mut is_present = false;
                ours.iter().for_each(|ours| {
                    ours.for_each_record(|writer, ours| {
                        is_present |= (writer, ours.birth) == (replica, record.birth);
                    });
                });
                if is_present { present.push(number) } else { lacking.push(number) }
            });
        }
        (present, self.all_dots(lacking))
    }

    /// The dots of a set that are in the context, as runs of numbers that take about `bytes_max` bytes; and the dots that are left.
    pub(super) fn runs(
        &self,
        dots: &CausalContext,
        context: &CausalContext,
        bytes_max: usize,
    ) -> (Vec<(u64, u64)>, CausalContext) {
        let (mut listed, mut rest) = (Vec::new(), CausalContext::default());
        let (mut before, mut bytes) = (0, 0);
        for (replica, runs) in dots.intersection(context).replicas() {
            for (first, last) in runs.iter() {
                let Some(number) = self.number(replica, first) else { continue };
                bytes += number_bytes(number - before) + number_bytes(last - first);
                if bytes > bytes_max && !listed.is_empty() {
                    rest.insert_run(replica, first, last);
                } else {
                    before = number + (last - first);
                    listed.push((number, before));
                }
            }
        }
        (listed, rest)
    }

    /// The dots with the numbers in those runs; `None` if the context does not have all of them.
    pub(super) fn listed(&self, runs: &[(u64, u64)], context: &CausalContext) -> Option<CausalContext> {
        let mut dots = CausalContext::default();
        for (first, last) in runs {
            let (first, last) = (self.dot(*first)?, self.dot(*last)?);
            let is_known = context.includes_run(first.replica, first.seq, last.seq);
            if first.replica != last.replica || !is_known {
                return None;
            }
            dots.insert_run(first.replica, first.seq, last.seq);
        }
        Some(dots)
    }

    /// The births of a state's records, as far as the context has them, with numbers from `from` up to, but not including, `to`.
    /// O(n log n).
    pub(super) fn births_between<K: Key>(
        &self,
        state: &Delta<K>,
        context: &CausalContext,
        from: u64,
        to: Option<u64>,
    ) -> CausalContext {
        let mut numbers = self.numbers(state, context);
        numbers.retain(|number| *number >= from && to.is_none_or(|to| *number < to));
        self.all_dots(numbers)
    }
}

/// How many bytes a number takes.
fn number_bytes(number: u64) -> usize {
    ((u64::BITS - number.leading_zeros()) as usize).div_ceil(7).max(1)
}

/// The births of a replica's records, from the number that was asked for on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// Runs of numbers, first to last, in order and never adjacent.
    pub(super) runs: Vec<(u64, u64)>,
    /// The number from which the list has to go on; `None` if it is complete.
    pub(super) next: Option<u64>,
}

impl List {
    /// How many bytes it takes in a message.
    pub(super) fn bytes(&self) -> usize {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.finish().len()
    }

    /// Writes it, as `docs/protocol.md` has it.
    pub(super) fn write(&self, writer: &mut Writer) {
        write_runs(&self.runs, writer);
        writer.number(self.next.unwrap_or(0));
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let runs = read_runs(reader)?;
        let next = Some(reader.number()?).filter(|next| *next > 0);
        Ok(Self { runs, next })
    }
}

/// Writes ascending numbers: as runs, or as a bitmap if that is shorter. See *runs* in `docs/protocol.md`.
pub(super) fn write_runs(runs: &[(u64, u64)], writer: &mut Writer) {
    let (Some((first, _)), Some((_, last))) = (runs.first(), runs.last()) else { return writer.number(0) };
    let mut listed = Writer::default();
    let mut before = 0;
    for (first, last) in runs {
        listed.number(first - before);
        listed.number(last - first);
        before = *last;
    }
    let listed = listed.finish();
    let bits = last - first + 1;
    if bits.div_ceil(8) >= listed.len() as u64 {
        writer.number((runs.len() as u64) << 1);
        return writer.raw(&listed);
    }
    let mut map = vec![0u8; bits.div_ceil(8) as usize];
    for bit in runs.iter().flat_map(|run| run.0 - first..=run.1 - first) {
        map[(bit / 8) as usize] |= 1 << (bit % 8);
    }
    writer.number((map.len() as u64) << 1 | 1);
    writer.number(*first);
    writer.raw(&map);
}

/// Reads what [`write_runs`] wrote.
pub(super) fn read_runs(reader: &mut Reader<'_>) -> Result<Vec<(u64, u64)>, DecodeError> {
    let number = reader.number()?;
    if number & 1 == 1 {
        return read_bits(reader.checked_count(number >> 1, 1)?, reader);
    }
    let count = reader.checked_count(number >> 1, 2)?;
    let mut runs = Vec::with_capacity(count);
    let mut before = 0u64;
    for at in 0..count {
        let (distance, more) = (reader.number()?, reader.number()?);
        let first = before.checked_add(distance);
        let run = first.and_then(|first| Some((first, first.checked_add(more)?)));
        let run = run.ok_or_else(|| reader.error(DecodeProblem::OutOfBounds("a birth")))?;
        if distance < 2 && at > 0 {
            return Err(reader.error(DecodeProblem::NotCanonical("runs that touch")));
        }
        before = run.1;
        runs.push(run);
    }
    Ok(runs)
}

/// Reads runs from a bitmap of `length` bytes.
fn read_bits(length: usize, reader: &mut Reader<'_>) -> Result<Vec<(u64, u64)>, DecodeError> {
    let first = reader.number()?;
    let map = reader.raw(length)?;
    if first.checked_add(8 * map.len() as u64).is_none() {
        return Err(reader.error(DecodeProblem::OutOfBounds("a birth")));
    }
    if map.first().is_none_or(|byte| byte & 1 == 0) || map.last() == Some(&0) {
        return Err(reader.error(DecodeProblem::NotCanonical("bits with zeros at an end")));
    }
    // A run begins at each bit that is set and does not follow one that is.
    let begins = |(at, byte): (usize, &u8)| {
        let before = at.checked_sub(1).map_or(0, |at| map[at] >> 7);
        (byte & !(byte << 1 | before)).count_ones() as usize
    };
    let mut runs: Vec<(u64, u64)> = Vec::with_capacity(map.iter().enumerate().map(begins).sum());
    let bits = map.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    for (number, _) in (first..).zip(bits).filter(|(_, is_set)| *is_set) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_as_they_were_written_in_the_shorter_form() {
        let every = |step: u64, count: u64| (0..count).map(|at| (5 + at * step, 5 + at * step)).collect();
        let cases: [(Vec<(u64, u64)>, usize); 6] = [
            (vec![], 1),
            (vec![(1, 1)], 3),
            (vec![(7, 1 << 40)], 8),
            (every(2, 1_000), 253),
            (every(100, 1_000), 2_002),
            (vec![(3, 9), (1 << 50, 1 << 50)], 12),
        ];
        for (runs, length) in cases {
            let mut writer = Writer::default();
            write_runs(&runs, &mut writer);
            let bytes = writer.finish();
            assert_eq!(bytes.len(), length, "{:?}", runs.first());
            let mut reader = Reader::new(&bytes);
            assert_eq!(read_runs(&mut reader).as_ref(), Ok(&runs));
            reader.finish().unwrap();
        }
    }

    #[test]
    fn bits_that_nobody_writes_are_refused() {
        let bits =
            |length: u8, rest: &[u8]| read_runs(&mut Reader::new(&[&[length << 1 | 1], rest].concat()));
        assert_eq!(bits(1, &[5, 0b1011]), Ok(vec![(5, 6), (8, 8)]));
        let said = |read: Result<_, DecodeError>| read.map(|_: Vec<_>| ()).unwrap_err().problem;
        let nothing = DecodeProblem::NotCanonical("bits with zeros at an end");
        assert_eq!(said(bits(0, &[5])), nothing);
        assert_eq!(said(bits(1, &[5, 0b10])), nothing);
        assert_eq!(said(bits(2, &[5, 1, 0])), nothing);
        assert_eq!(said(bits(9, &[5, 1])), DecodeProblem::OutOfBounds("a count"));
        let far = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1];
        assert_eq!(said(bits(1, &far)), DecodeProblem::OutOfBounds("a birth"));
    }
}
