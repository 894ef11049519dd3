//! Reading records from their columns.

use super::{not_canonical, out_of_bounds, read_replica_column, seq_after};
use crate::causal::{Dot, SEQ_MAX};
use crate::codec::{DecodeError, Reader, flag, registered};
use crate::id::ReplicaId;
use crate::registration::{Baseline, NET_MAX, Record};
use crate::sort::sorted;

/// The columns of records, which give one record after the other. Each column is as long as the flags say, so the defaults below are
/// never used.
pub(super) struct Records<'a> {
    replicas: &'a [ReplicaId],
    flags: std::vec::IntoIter<u64>,
    writers: std::vec::IntoIter<u64>,
    births: std::vec::IntoIter<u64>,
    lasts: std::vec::IntoIter<u64>,
    registers: std::vec::IntoIter<u64>,
    nets: std::vec::IntoIter<u64>,
    unreset: std::vec::IntoIter<u64>,
    baseline_nets: std::vec::IntoIter<u64>,
    stamp_replicas: std::vec::IntoIter<u64>,
    stamps: std::vec::IntoIter<u64>,
}

impl<'a> Records<'a> {
    pub(super) fn read(
        count: usize,
        replicas: &'a [ReplicaId],
        reader: &mut Reader<'_>,
    ) -> Result<Self, DecodeError> {
        let flags = reader.column(count)?;
        if flags.iter().any(|flags| flags & !flag::ALL != 0) {
            return Err(out_of_bounds(reader, "a record's flags"));
        }
        let flagged = |bit: u64| flags.iter().filter(|flags| **flags & bit != 0).count();
        let between = flags.iter().filter(|flags| **flags & flag::REGISTERED == registered::BETWEEN).count();
        let baselines = flagged(flag::BASELINE);
        let writers = read_replica_column(count, replicas, reader)?;
        let births = reader.column(count)?;
        if births.iter().any(|birth| *birth >= SEQ_MAX) {
            return Err(out_of_bounds(reader, "a sequence number"));
        }
        let lasts = reader.column(flagged(flag::GREW))?;
        let registers = reader.column(between)?;
        let nets = reader.column(flagged(flag::NET))?;
        let unreset = reader.column(baselines)?;
        let baseline_nets = reader.column(unreset.iter().filter(|unreset| **unreset > 0).count())?;
        let stamp_replicas = read_replica_column(baselines, replicas, reader)?;
        let stamps = reader.column(baselines)?;
        if !are_distinct(&writers, &births, replicas) {
            return Err(not_canonical(reader, "two records of one birth"));
        }
        Ok(Self {
            replicas,
            flags: flags.into_iter(),
            writers: writers.into_iter(),
            births: births.into_iter(),
            lasts: lasts.into_iter(),
            registers: registers.into_iter(),
            nets: nets.into_iter(),
            unreset: unreset.into_iter(),
            baseline_nets: baseline_nets.into_iter(),
            stamp_replicas: stamp_replicas.into_iter(),
            stamps: stamps.into_iter(),
        })
    }

    /// The next record, and the number of its writer.
    #[inline]
    pub(super) fn next(&mut self, reader: &Reader<'_>) -> Result<(u32, Record), DecodeError> {
        let flags = self.flags.next().unwrap_or_default();
        let writer = self.writers.next().unwrap_or_default() as u32;
        let birth = self.births.next().unwrap_or_default() + 1;
        let last = match flags & flag::GREW {
            0 => birth,
            _ => seq_after(birth, self.lasts.next().unwrap_or_default(), reader)?,
        };
        let registered = match flags & flag::REGISTERED {
            registered::NEVER => None,
            registered::AT_BIRTH => Some(birth),
            registered::AT_LAST if last > birth => Some(last),
            registered::BETWEEN => {
                let seq = seq_after(birth, self.registers.next().unwrap_or_default(), reader)?;
                Some(seq).filter(|seq| *seq < last)
            }
            _ => None,
        };
        if registered.is_none() && flags & flag::REGISTERED != registered::NEVER {
            return Err(not_canonical(reader, "a register that its record does not reach"));
        }
        let net = read_net(flags, self.nets.by_ref(), reader)?;
        if last == birth && registered.is_none() && net == 0 {
            return Err(not_canonical(reader, "a record without a contribution"));
        }
        let mut record = Record { birth, last, net, registered, baseline: None };
        if flags & flag::BASELINE != 0 {
            record.baseline = Some(self.next_baseline(&record, reader)?);
        }
        Ok((writer, record))
    }

    fn next_baseline(&mut self, record: &Record, reader: &Reader<'_>) -> Result<Baseline, DecodeError> {
        let unreset = self.unreset.next().unwrap_or_default();
        let last = record.last.checked_sub(unreset).filter(|last| *last >= record.birth);
        let last = last.ok_or_else(|| out_of_bounds(reader, "a baseline"))?;
        let net = match unreset {
            0 => record.net,
            _ => unzigzag(self.baseline_nets.next().unwrap_or_default()),
        };
        if !(-NET_MAX..=NET_MAX).contains(&net) {
            return Err(out_of_bounds(reader, "a sum of adjustments"));
        }
        let seq = seq_after(0, self.stamps.next().unwrap_or_default(), reader)?;
        let replica = self.replicas[self.stamp_replicas.next().unwrap_or_default() as usize];
        Ok(Baseline { last, net, stamp: Dot { replica, seq } })
    }
}

/// Whether no writer has two records of one birth. O(n) if the births are dense, as in honest states, otherwise O(n log n).
fn are_distinct(writers: &[u64], births: &[u64], replicas: &[ReplicaId]) -> bool {
    // A bitmap for each writer, as long as its greatest birth, one after the other.
    let mut words = vec![0u64; replicas.len()];
    for (writer, birth) in writers.iter().zip(births) {
        let words = &mut words[*writer as usize];
        *words = (*words).max(birth / 64 + 1);
    }
    let total = words.iter().fold(0u64, |sum, words| sum.saturating_add(*words));
    if total > births.len() as u64 + replicas.len() as u64 {
        let dot = |(writer, seq): (&u64, &u64)| Dot { replica: replicas[*writer as usize], seq: *seq };
        let dots: Vec<Dot> = writers.iter().zip(births).map(dot).collect();
        return sorted(&dots, Dot::cmp).windows(2).all(|pair| pair[0] != pair[1]);
    }
    let mut begin = 0;
    for words in &mut words {
        begin += core::mem::replace(words, begin);
    }
    let mut bitmap = vec![0u64; total as usize];
    writers.iter().zip(births).all(|(writer, birth)| {
        let word = &mut bitmap[(words[*writer as usize] + birth / 64) as usize];
        let bit = 1 << (birth % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    })
}

fn read_net(
    flags: u64,
    mut nets: impl Iterator<Item = u64>,
    reader: &Reader<'_>,
) -> Result<i64, DecodeError> {
    let is_negative = flags & flag::NEGATIVE != 0;
    if flags & flag::NET == 0 {
        return if is_negative { Err(not_canonical(reader, "a negative zero")) } else { Ok(0) };
    }
    let net = nets.next().and_then(|net| i64::try_from(net).ok()).filter(|net| *net < NET_MAX);
    let net = net.ok_or_else(|| out_of_bounds(reader, "a sum of adjustments"))? + 1;
    Ok(if is_negative { -net } else { net })
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
