//! From a delta to bytes.

use super::{HALF_BYTE_MAX, RUNS_MAX, VERSION, WireKey, Writer, flag, registered};
use crate::causal::{CausalContext, Dot};
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::registration::Record;
use crate::sort::sorted;
use crate::tombstones::RecordDrop;
use crate::version::Version;

pub(super) fn encode<K: WireKey>(delta: &Delta<K>) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.raw(&[VERSION << 4 | K::KIND]);
    // Mostly there are no gaps. Then the context has no runs, and carried dots do not matter.
    let carried = if delta.context().has_gaps() {
        delta.carried_dots(&CausalContext::default())
    } else {
        Default::default()
    };
    let written = written_context(delta.version(), &carried);
    let replicas: Vec<ReplicaId> = written.iter().map(|written| written.replica).collect();
    let has_context = written
        .iter()
        .any(|written| written.prefix > 0 || !written.runs.is_empty() || written.retired.is_some());
    writer.number((replicas.len() as u64) << 1 | u64::from(has_context));
    replicas.iter().for_each(|replica| writer.raw(&replica.get().to_be_bytes()));
    if has_context {
        write_context(&written, &mut writer);
    }

    let count = delta.entries.len() as u64;
    let rows = || delta.entries.rows();
    let has_several = rows().any(|row| row.record_count() > 1);
    let has_tombstones = !delta.tombstones.is_empty();
    let is_unbounded = rows().any(|row| row.end().is_none());
    let bits = u64::from(has_several) << 2 | u64::from(is_unbounded) << 1 | u64::from(has_tombstones);
    writer.number(count << 3 | bits);

    let entry_nodes = &delta.entries.tables().nodes;
    let tombstone_nodes = delta.tombstones.iter().map(|(id, ..)| &id.node);
    let nodes: Vec<&NodeId> = entry_nodes.iter().map(|(_, node)| node).chain(tombstone_nodes).collect();
    let mut nodes = sorted(&nodes, Ord::cmp);
    nodes.dedup();
    if has_tombstones || count > 1 {
        writer.number(nodes.len() as u64);
    }
    write_nodes(&nodes, &mut writer);
    let has_several_nodes = nodes.len() > 1;
    let node_number = |node: &NodeId| nodes.partition_point(|listed| *listed < node) as u64;

    let node_numbers = has_several_nodes.then(|| {
        let mut numbers = vec![0; entry_nodes.len()];
        entry_nodes.iter().for_each(|(number, node)| numbers[number as usize] = node_number(node));
        rows().map(move |row| numbers[row.node_number() as usize])
    });
    write_ids(rows().map(|row| (row.start(), row.end())), is_unbounded, node_numbers, &mut writer);
    if has_several {
        writer.column(rows().map(|row| row.record_count() as u64 - 1));
    }
    RecordColumns::of(delta, &replicas).write(replicas.len(), &mut writer);

    if has_tombstones {
        let tombstones = || delta.tombstones.iter();
        let ranges = tombstones().map(|(id, ..)| (id.range.start(), id.range.end()));
        let is_unbounded = ranges.clone().any(|(_, end)| end.is_none());
        let is_own = |writer: ReplicaId, drop: RecordDrop| drop.stamp.replica == writer;
        let has_foreign = tombstones().any(|(_, writer, drop)| !is_own(writer, drop));
        let bits = u64::from(has_foreign) << 1 | u64::from(is_unbounded);
        writer.number((delta.tombstones.len() as u64) << 2 | bits);
        let node_numbers = has_several_nodes.then(|| tombstones().map(|(id, ..)| node_number(&id.node)));
        write_ids(ranges, is_unbounded, node_numbers, &mut writer);
        if replicas.len() > 1 {
            writer.column(tombstones().map(|(_, replica, _)| number_of(replica, &replicas)));
        }
        writer.column(tombstones().map(|(.., drop)| drop.birth - 1));
        if has_foreign {
            writer.column(tombstones().map(|(.., drop)| number_of(drop.stamp.replica, &replicas)));
        }
        writer.column(
            tombstones()
                .map(|(_, writer, drop)| drop.stamp.seq - if is_own(writer, drop) { drop.birth } else { 1 }),
        );
    }
    writer.finish()
}

/// Writes the names, each but the first without the bytes that it shares with the one before.
fn write_nodes(nodes: &[&NodeId], writer: &mut Writer) {
    let mut before: Option<&[u8]> = None;
    for node in nodes {
        let name = node.as_bytes();
        let shared = before.map_or(0, |before| shared_prefix(before, name));
        let rest = &name[shared..];
        if before.is_some() {
            let lengths = [shared, rest.len()].map(|length| length as u8);
            let [low, high] = lengths.map(|length| length.min(HALF_BYTE_MAX));
            writer.raw(&[low << 4 | high]);
            lengths
                .into_iter()
                .filter_map(|length| length.checked_sub(HALF_BYTE_MAX))
                .for_each(|more| writer.raw(&[more]));
        } else {
            writer.raw(&[rest.len() as u8]);
        }
        writer.raw(rest);
        before = Some(name);
    }
}

/// How many bytes two names begin with in common.
fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// What is written of one replica: the part of its dots that nothing carries.
struct WrittenReplica {
    replica: ReplicaId,
    /// How far it is known without a gap.
    prefix: u64,
    /// The runs of dots beyond.
    runs: Vec<(u64, u64)>,
    /// The last sequence number that was known when it was retired.
    retired: Option<u64>,
}

/// Writes a version by itself.
pub(super) fn write_version(version: &Version, writer: &mut Writer) {
    let written = written_context(version, &[]);
    writer.number(written.len() as u64);
    written.iter().for_each(|written| writer.raw(&written.replica.get().to_be_bytes()));
    write_context(&written, writer);
}

/// What is to be written of each replica of a version, if a message carries those dots, which are in order.
fn written_context(Version { context, retired }: &Version, carried: &[Dot]) -> Vec<WrittenReplica> {
    let mut retired = retired.iter().peekable();
    let mut all_written = Vec::with_capacity(context.replicas().len());
    let unwritten =
        |(replica, last)| WrittenReplica { replica, prefix: 0, runs: Vec::new(), retired: Some(last) };
    for (replica, runs) in context.replicas() {
        while let Some(before) = retired.next_if(|(other, _)| *other < replica) {
            all_written.push(unwritten(before));
        }
        let prefix = runs.prefix();
        let mut written = WrittenReplica { replica, prefix, runs: Vec::new(), retired: None };
        for (first, last) in runs.iter().filter(|(first, _)| *first > prefix) {
            let mut next = first;
            let from = carried.partition_point(|dot| *dot < Dot { replica, seq: first });
            for dot in carried[from..].iter().take_while(|dot| dot.replica == replica && dot.seq <= last) {
                if next < dot.seq {
                    written.runs.push((next, dot.seq - 1));
                }
                next = dot.seq + 1;
            }
            if next <= last {
                written.runs.push((next, last));
            }
        }
        written.retired = retired.next_if(|(other, _)| *other == replica).map(|(_, last)| last);
        all_written.push(written);
    }
    all_written.extend(retired.map(unwritten));
    leave_out_runs(&mut all_written, carried);
    all_written
}

/// Leaves out the last runs, if there are more than a message may have. Then the message claims less than is known; carried dots are
/// claimed all the same.
fn leave_out_runs(all_written: &mut Vec<WrittenReplica>, carried: &[Dot]) {
    let mut left = RUNS_MAX;
    if all_written.iter().map(|written| written.runs.len()).sum::<usize>() <= left {
        return;
    }
    all_written.retain_mut(|written| {
        written.runs.truncate(left);
        left -= written.runs.len();
        let at = carried.partition_point(|dot| dot.replica < written.replica);
        let is_carried = carried.get(at).is_some_and(|dot| dot.replica == written.replica);
        is_carried || written.prefix > 0 || !written.runs.is_empty() || written.retired.is_some()
    });
}

fn write_context(all_written: &[WrittenReplica], writer: &mut Writer) {
    for WrittenReplica { prefix, runs, retired, .. } in all_written {
        let has_more = !runs.is_empty() || retired.is_some();
        writer.number(prefix << 1 | u64::from(has_more));
        if !has_more {
            continue;
        }
        writer.number((runs.len() as u64) << 1 | u64::from(retired.is_some()));
        let mut before = *prefix;
        for (first, last) in runs {
            writer.number(first - before - 2);
            writer.number(last - first);
            before = *last;
        }
        if let Some(last) = retired {
            writer.number(*last);
        }
    }
}

fn write_ids<'a, K: WireKey + 'a>(
    ranges: impl Iterator<Item = (&'a K, Option<&'a K>)> + Clone,
    is_unbounded: bool,
    nodes: Option<impl Iterator<Item = u64>>,
    writer: &mut Writer,
) {
    if is_unbounded {
        writer.column(ranges.clone().map(|(_, end)| u64::from(end.is_none())));
    }
    if let Some(nodes) = nodes {
        writer.column(nodes);
    }
    K::encode_ranges(ranges, writer);
}

/// The number of a replica in the list, which has every replica of the context.
fn number_of(replica: ReplicaId, replicas: &[ReplicaId]) -> u64 {
    replicas.partition_point(|listed| *listed < replica) as u64
}

/// The records, one attribute a column.
#[derive(Default)]
struct RecordColumns {
    flags: Vec<u64>,
    writer: Vec<u64>,
    birth: Vec<u64>,
    last: Vec<u64>,
    registered: Vec<u64>,
    net: Vec<u64>,
    unreset: Vec<u64>,
    baseline_net: Vec<u64>,
    stamp_replica: Vec<u64>,
    stamp: Vec<u64>,
}

impl RecordColumns {
    fn of<K: WireKey>(delta: &Delta<K>, replicas: &[ReplicaId]) -> Self {
        let mut columns = Self::default();
        let count = delta.entries.len();
        for column in [&mut columns.flags, &mut columns.writer, &mut columns.birth] {
            column.reserve_exact(count);
        }
        let writers = &delta.entries.tables().writers;
        let mut writer_numbers = vec![0; writers.len()];
        writers
            .iter()
            .for_each(|(number, writer)| writer_numbers[number as usize] = number_of(*writer, replicas));
        for row in delta.entries.rows() {
            match row.compact() {
                Some((writer, record)) => columns.push(writer_numbers[writer as usize], &record, replicas),
                None => row.for_each_record(|writer, record| {
                    columns.push(number_of(writer, replicas), record, replicas);
                }),
            }
        }
        columns
    }

    fn push(&mut self, writer: u64, record: &Record, replicas: &[ReplicaId]) {
        let mut flags = match record.registered {
            None => registered::NEVER,
            Some(seq) if seq == record.birth => registered::AT_BIRTH,
            Some(seq) if seq == record.last => registered::AT_LAST,
            Some(seq) => {
                self.registered.push(seq - record.birth - 1);
                registered::BETWEEN
            }
        };
        self.writer.push(writer);
        self.birth.push(record.birth - 1);
        if record.last > record.birth {
            flags |= flag::GREW;
            self.last.push(record.last - record.birth - 1);
        }
        if record.net != 0 {
            flags |= flag::NET;
            self.net.push(record.net.unsigned_abs() - 1);
        }
        if record.net < 0 {
            flags |= flag::NEGATIVE;
        }
        if let Some(baseline) = &record.baseline {
            flags |= flag::BASELINE;
            let unreset = record.last - baseline.last;
            self.unreset.push(unreset);
            if unreset > 0 {
                self.baseline_net.push(zigzag(baseline.net));
            }
            self.stamp_replica.push(number_of(baseline.stamp.replica, replicas));
            self.stamp.push(baseline.stamp.seq - 1);
        }
        self.flags.push(flags);
    }

    fn write(self, replicas: usize, writer: &mut Writer) {
        writer.column(self.flags);
        if replicas > 1 {
            writer.column(self.writer);
        }
        for column in [self.birth, self.last, self.registered, self.net, self.unreset, self.baseline_net] {
            writer.column(column);
        }
        if replicas > 1 {
            writer.column(self.stamp_replica);
        }
        writer.column(self.stamp);
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}
