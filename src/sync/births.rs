//! The births of the records that a replica holds, as numbers: what is compared to find records that one side has dropped.
//!
//! Two replicas that know the births of each other's records differ in what they hold only where one has dropped a record. So the
//! births that both contexts know are compared as sets, by a [`Sketch`] as long as the difference, or where that would be longer,
//! by listing what one side holds. A birth, which is a dot, is written as one number: the rank of its writer among those of
//! the asker's context, and its sequence number in as many bits as the greatest of them takes.

use super::sketch::Sketch;
use crate::causal::{CausalContext, Dot};
use crate::codec::{DecodeError, DecodeProblem, Reader, Writer};
use crate::id::ReplicaId;
use crate::key::Key;
use crate::map::RangeMap;

/// How the dots of a context are numbered.
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

    /// The dots of those numbers, of those that the context knows; `None` if one is none of it.
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

    /// Visits the numbers of the births that a map holds, of those in the context. O(n).
    pub(super) fn for_each_birth<K: Key>(
        &self,
        map: &RangeMap<K>,
        context: &CausalContext,
        mut visit: impl FnMut(u64),
    ) {
        // Mostly one writer follows the other for a while.
        let mut before: Option<(ReplicaId, u64)> = None;
        map.for_each_birth(context, |replica, seq| {
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

    /// The sketch of the births that a map holds, of those in the context. O(n).
    pub(super) fn sketch<K: Key>(&self, map: &RangeMap<K>, context: &CausalContext, cells: usize) -> Sketch {
        let mut sketch = Sketch::new(cells);
        self.for_each_birth(map, context, |number| sketch.toggle(number));
        sketch
    }

    /// How many births a map holds, of those in the context. O(n).
    pub(super) fn count<K: Key>(&self, map: &RangeMap<K>, context: &CausalContext) -> usize {
        let mut count = 0;
        map.for_each_birth(context, |_, _| count += 1);
        count
    }

    /// The births that a map holds, of those in the context, in order, from that number on; as many as take about so many bytes.
    /// O(n log n).
    pub(super) fn list<K: Key>(
        &self,
        map: &RangeMap<K>,
        context: &CausalContext,
        from: u64,
        bytes_max: usize,
    ) -> List {
        let mut numbers = Vec::new();
        self.for_each_birth(map, context, |number| numbers.push(number));
        numbers.sort_unstable();
        let mut list = List::default();
        let (mut before, mut bytes) = (0, 0);
        for number in numbers.into_iter().filter(|number| *number >= from) {
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

    /// Those dots of a set that are in the context, as many as take about so many bytes; and those that are left.
    pub(super) fn runs(
        &self,
        dots: &CausalContext,
        context: &CausalContext,
        bytes_max: usize,
    ) -> (List, CausalContext) {
        let (mut list, mut rest) = (List::default(), CausalContext::default());
        let (mut before, mut bytes) = (0, 0);
        for (replica, runs) in dots.intersection(context).replicas() {
            for (first, last) in runs.iter() {
                let Some(number) = self.number(replica, first) else { continue };
                bytes += number_bytes(number - before) + number_bytes(last - first);
                if bytes > bytes_max && !list.runs.is_empty() {
                    rest.insert_run(replica, first, last);
                } else {
                    before = number + (last - first);
                    list.runs.push((number, before));
                }
            }
        }
        (list, rest)
    }

    /// The dots of a list, of those in the context; `None` if it is not ordered or lists others.
    pub(super) fn listed(&self, list: &List, context: &CausalContext) -> Option<CausalContext> {
        let mut dots = CausalContext::default();
        for (first, last) in &list.runs {
            let (first, last) = (self.dot(*first)?, self.dot(*last)?);
            let is_known = context.includes_run(first.replica, first.seq, last.seq);
            if first.replica != last.replica || !is_known {
                return None;
            }
            dots.insert_run(first.replica, first.seq, last.seq);
        }
        Some(dots)
    }

    /// The births that a map holds, of those in the context and with numbers from `from` up to, but not including, `to`. O(n log n).
    pub(super) fn held<K: Key>(
        &self,
        map: &RangeMap<K>,
        context: &CausalContext,
        from: u64,
        to: Option<u64>,
    ) -> CausalContext {
        let mut numbers = Vec::new();
        self.for_each_birth(map, context, |number| {
            if number >= from && to.is_none_or(|to| number < to) {
                numbers.push(number);
            }
        });
        numbers.sort_unstable();
        let mut dots = CausalContext::default();
        numbers.into_iter().filter_map(|number| self.dot(number)).for_each(|dot| dots.insert(dot));
        dots
    }
}

/// How many bytes a number takes.
fn number_bytes(number: u64) -> usize {
    ((u64::BITS - number.leading_zeros()) as usize).div_ceil(7).max(1)
}

/// All births that a replica holds, from a number that was asked for on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// Runs of numbers, first to last, in order and never adjacent.
    pub(super) runs: Vec<(u64, u64)>,
    /// From where on nothing is said; `None`: these are all.
    pub(super) next: Option<u64>,
}

impl List {
    /// *number* of runs; for each *number* of its distance to the end of the one before, and *number* of its births, less one; then
    /// *number* of where the list ends, 0 if nowhere.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.number(self.runs.len() as u64);
        let mut before = 0;
        for (first, last) in &self.runs {
            writer.number(first - before);
            writer.number(last - first);
            before = *last;
        }
        writer.number(self.next.unwrap_or(0));
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.count(2)?;
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
        let next = Some(reader.number()?).filter(|next| *next > 0);
        Ok(Self { runs, next })
    }
}
