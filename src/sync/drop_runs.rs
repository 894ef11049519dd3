//! Many drops of one writer, by their births and stamps alone.
//!
//! A tombstone has the registration, which takes some ten bytes. A receiver that still has the record finds it by its birth as well. Of
//! many births, sorted, each takes two or three bytes, and the stamps nearly nothing: a replica that drops many records at once
//! does so in the order of births, one sequence number after the other.
//!
//! The receiver has to look through all its records, so this pays only for many drops. If it does not know a birth, it cannot find the
//! registration. Then it does not take that drop as known, and asks for it.
//!
//! `docs/protocol.md` has the bytes, under *drops*. A stretch there is a list of runs in which births and stamps ascend together.

use super::births::{read_runs, write_runs};
use crate::causal::{CausalContext, Dot, SEQ_MAX};
use crate::codec::{DecodeError, DecodeProblem, Reader, WireKey, Writer};
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::map::DropRun;
use crate::tombstones::Tombstone;

/// From so many drops on, they are sent in this form.
const DROPS_MIN: usize = 64;

/// Many drops of one writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DropRuns {
    pub(super) writer: ReplicaId,
    /// In the order of the stamps.
    pub(super) runs: Vec<DropRun>,
}

impl DropRuns {
    /// Whether a delta may consist of many drops and nothing else. O(1).
    pub(super) fn may_be<K>(delta: &Delta<K>) -> bool {
        delta.tombstones.len() >= DROPS_MIN && delta.entries.is_empty()
    }

    /// The drops of a delta, if it consists of many drops by the writer of the records and nothing else. O(m log m) for m drops.
    pub(super) fn of<K: WireKey>(delta: &Delta<K>) -> Option<Self> {
        let first = delta.tombstones.each().next()?;
        let writer = first.writer;
        let is_own = |named: &Tombstone<K>| {
            let Dot { replica, seq } = named.drop.stamp;
            named.writer == writer && replica == writer && seq > named.drop.birth
        };
        if !Self::may_be(delta) || !delta.tombstones.each().all(is_own) || !delta.carries_all_it_claims() {
            return None;
        }
        let mut tombstones: Vec<(u64, u64)> =
            delta.tombstones.each().map(|named| (named.drop.stamp.seq, named.drop.birth)).collect();
        tombstones.sort_unstable();
        let mut runs: Vec<DropRun> = Vec::new();
        for (stamp, birth) in tombstones {
            match runs.last_mut() {
                Some(run) if (run.stamp + run.count, run.birth + run.count) == (stamp, birth) => {
                    run.count += 1
                }
                _ => runs.push(DropRun { birth, stamp, count: 1 }),
            }
        }
        is_disjoint(&runs).then_some(Self { writer, runs })
    }

    /// The dots that it claims: the births and the stamps.
    pub(super) fn claims(&self) -> CausalContext {
        let mut claims = CausalContext::default();
        for DropRun { birth, stamp, count } in &self.runs {
            claims.insert_run(self.writer, *birth, birth + count - 1);
            claims.insert_run(self.writer, *stamp, stamp + count - 1);
        }
        claims
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.raw(&self.writer.get().to_be_bytes());
        let stretches: Vec<&[DropRun]> = self.runs.chunk_by(goes_on).collect();
        writer.number(stretches.len() as u64);
        let mut before = 0;
        for stretch in stretches {
            writer.number(stretch.first().map_or(0, |run| run.stamp - before));
            before = stretch.last().map_or(before, |run| run.stamp + run.count - 1);
            let births = stretch.iter().map(|run| (run.birth, run.birth + run.count - 1));
            write_runs(&births.collect::<Vec<_>>(), writer);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let error = reader.error(DecodeProblem::OutOfBounds("a drop"));
        let writer = ReplicaId::new(reader.u64_be()?);
        let mut runs: Vec<DropRun> = Vec::new();
        let mut before = 0u64;
        for _ in 0..reader.count(4)? {
            let mut stamp = before.checked_add(reader.number()?).ok_or(error)?;
            let births = read_runs(reader)?;
            if stamp == before || births.is_empty() {
                return Err(error);
            }
            let begin = runs.len();
            runs.reserve(births.len());
            for (first, last) in births {
                if first == 0 || first >= stamp || stamp.saturating_add(last - first) >= SEQ_MAX {
                    return Err(error);
                }
                let run = DropRun { birth: first, stamp, count: last - first + 1 };
                if runs.len() == begin && runs.last().is_some_and(|before| goes_on(before, &run)) {
                    return Err(reader.error(DecodeProblem::NotCanonical("a stretch that could be longer")));
                }
                stamp += run.count;
                runs.push(run);
            }
            before = stamp - 1;
        }
        if !is_disjoint(&runs) {
            return Err(reader.error(DecodeProblem::NotCanonical("a birth that is dropped twice")));
        }
        Ok(Self { writer, runs })
    }
}

/// Whether the next run belongs to the same stretch.
fn goes_on(run: &DropRun, next: &DropRun) -> bool {
    next.stamp == run.stamp + run.count && next.birth > run.birth + run.count
}

/// Whether no birth is in two runs.
fn is_disjoint(runs: &[DropRun]) -> bool {
    let mut births: Vec<(u64, u64)> = runs.iter().map(|run| (run.birth, run.birth + run.count)).collect();
    births.sort_unstable();
    births.is_sorted_by(|one, next| one.1 <= next.0)
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;

    use super::*;
    use crate::{KeyRange, NodeId, RangeMap};

    const COUNT: u64 = 300;

    fn range(at: u64) -> (NodeId, KeyRange<u64>) {
        (NodeId::new("a").unwrap(), KeyRange::new(10 * at, 10 * at + 5).unwrap())
    }

    /// A writer that has dropped every third of its records, what happened before, and the delta of the drops.
    fn writer() -> (RangeMap<u64>, [Delta<u64>; 2], Delta<u64>) {
        let mut writer = RangeMap::new(ReplicaId::new(1));
        for at in 0..COUNT {
            let (node, range) = range(at * 7 % COUNT);
            _ = writer.register(&node, &range).unwrap();
            if at % 2 == 0 {
                _ = writer.increase(&node, &range, NonZeroU32::MIN).unwrap();
            }
        }
        let written = writer.state().clone();
        let mut other = RangeMap::new(ReplicaId::new(2));
        other.merge(&written);
        let mut resets = Delta::default();
        for at in (0..COUNT).step_by(3) {
            let (node, range) = range(at);
            resets.merge(&other.release(&node, &range).unwrap());
        }
        let dropped = writer.merge(&resets).delta().clone();
        (writer, [written, resets], dropped)
    }

    fn sent(dropped: &Delta<u64>) -> (DropRuns, usize) {
        let mut writer = Writer::default();
        let told = DropRuns::of(dropped).unwrap();
        told.write(&mut writer);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        assert_eq!(DropRuns::read(&mut reader), Ok(told.clone()));
        reader.finish().unwrap();
        (told, bytes.len())
    }

    fn take(map: &mut RangeMap<u64>, told: &DropRuns) {
        let (named, unnamed) = map.tombstones_for(told.writer, &told.runs);
        map.merge(&named);
        map.adopt(&unnamed.into());
    }

    #[test]
    fn who_holds_the_records_makes_of_the_births_what_it_makes_of_the_names() {
        let (writer, before, dropped) = writer();
        let (told, bytes) = sent(&dropped);
        assert!(bytes < 12 + COUNT as usize / 3 * 2, "{bytes} bytes");
        let mut by_name = RangeMap::new(ReplicaId::new(3));
        before.iter().for_each(|delta| drop(by_name.merge(delta)));
        let mut by_birth = by_name.clone();
        by_name.merge(&dropped);
        take(&mut by_birth, &told);
        assert_eq!(by_birth.state(), by_name.state());
        assert_eq!(by_birth.state(), writer.state());
        assert_eq!(by_birth.delta_since(before[0].version()), by_name.delta_since(before[0].version()));
        take(&mut by_birth, &told);
        assert_eq!(by_birth.state(), writer.state(), "and again");
    }

    #[test]
    fn who_knows_the_births_and_holds_nothing_knows_the_drops_but_not_from_its_log() {
        let (writer, [written, resets], dropped) = writer();
        let (told, _) = sent(&dropped);
        let mut map = RangeMap::new(ReplicaId::new(3));
        map.merge(&written);
        map.merge(&resets);
        map.drop_born(&told.claims().intersection(written.context()));
        let before = map.state().version().clone();
        take(&mut map, &told);
        assert_eq!(map.state(), writer.state());
        assert_eq!(map.delta_since(&before), None);
    }

    #[test]
    fn of_births_that_are_not_known_no_drop_is_taken_as_known() {
        let (writer, [written, resets], dropped) = writer();
        let (told, _) = sent(&dropped);
        let (half, _) = written.halves().unwrap();
        let mut map = RangeMap::new(ReplicaId::new(3));
        map.merge(&half);
        map.merge(&resets.halves().unwrap().0);
        let before = map.state().context().clone();
        take(&mut map, &told);
        for (id, owner, drop) in dropped.tombstones.iter() {
            let is_known = before.contains(Dot { replica: owner, seq: drop.birth });
            assert_eq!(map.state().context().contains(drop.stamp), is_known, "{id:?}");
        }
        map.merge(writer.state());
        assert_eq!(map.state(), writer.state());
    }

    #[test]
    fn few_drops_and_those_beside_something_else_are_named() {
        let (mut writer, _, dropped) = writer();
        assert!(DropRuns::of(&dropped.halves().unwrap().0).is_none());
        let (node, range) = range(COUNT);
        let mut more = dropped.clone();
        more.merge(&writer.register(&node, &range).unwrap());
        assert!(DropRuns::of(&more).is_none());
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let read = |bytes: &[u8]| DropRuns::read(&mut Reader::new(&[&[0; 7], &[1][..], bytes].concat()));
        assert!(read(&[1, 9, 4, 1, 0, 3, 1]).is_ok());
        assert!(read(&[1, 0, 2, 1, 0]).is_err(), "no dot");
        assert!(read(&[1, 9, 0, 0]).is_err(), "no birth");
        assert!(read(&[1, 9, 2, 0, 0]).is_err(), "no number");
        assert!(read(&[1, 9, 2, 9, 0]).is_err(), "born when it was dropped");
        assert!(read(&[2, 9, 2, 5, 0, 4, 2, 5, 0]).is_err(), "dropped twice");
        assert!(read(&[2, 9, 2, 2, 0, 1, 2, 5, 0]).is_err(), "one stretch in two");
        let far = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
        assert!(read(&[&[1][..], &far, &[2, 1, 1]].concat()).is_err(), "too many dots");
    }
}
