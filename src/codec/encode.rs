//! From a delta to bytes.

use super::{VERSION, WireKey, Writer, flag, registered};
use crate::causal::Dot;
use crate::delta::Delta;
use crate::id::{NodeNumbers, ReplicaId};
use crate::registration::{Record, RegistrationId};

pub(super) fn encode<K: WireKey>(delta: &Delta<K>) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.raw(&[VERSION << 4 | K::KIND]);
    let replicas: Vec<ReplicaId> = delta.context.replicas().map(|(replica, _)| replica).collect();
    writer.number(replicas.len() as u64);
    replicas.iter().for_each(|replica| writer.raw(&replica.get().to_be_bytes()));
    write_context(delta, &mut writer);

    let ids = delta.entries.keys().chain(delta.drops.iter().map(|(id, ..)| id));
    let NodeNumbers { nodes, numbers } = NodeNumbers::of(ids.map(|id| &id.node));
    writer.number(nodes.len() as u64);
    for node in &nodes {
        writer.raw(&[node.as_str().len() as u8]);
        writer.raw(node.as_str().as_bytes());
    }
    let (numbers, drop_numbers) = numbers.split_at(delta.entries.len());
    let several_nodes = nodes.len() > 1;

    let ids: Vec<&RegistrationId<K>> = delta.entries.keys().collect();
    let several = delta.entries.values().any(|entry| entry.records().len() > 1);
    let unbounded = any_unbounded(&ids);
    let has_drops = !delta.drops.is_empty();
    let bits = u64::from(several) << 2 | u64::from(unbounded) << 1 | u64::from(has_drops);
    writer.number((ids.len() as u64) << 3 | bits);
    write_ids(&ids, unbounded, several_nodes.then_some(numbers), &mut writer);
    if several {
        let more = delta.entries.values().map(|entry| entry.records().len() as u64 - 1);
        writer.column(&more.collect::<Vec<u64>>());
    }
    let mut columns = RecordColumns::default();
    for (owner, record) in delta.entries.values().flat_map(|entry| entry.records()) {
        columns.push(owner, record, &replicas);
    }
    columns.write(replicas.len(), &mut writer);

    if has_drops {
        let ids: Vec<&RegistrationId<K>> = delta.drops.iter().map(|(id, ..)| id).collect();
        let unbounded = any_unbounded(&ids);
        writer.number((ids.len() as u64) << 1 | u64::from(unbounded));
        write_ids(&ids, unbounded, several_nodes.then_some(drop_numbers), &mut writer);
        if replicas.len() > 1 {
            let writers = delta.drops.iter().map(|(_, replica, _)| number_of(replica, &replicas));
            writer.column(&writers.collect::<Vec<u64>>());
        }
        let births = delta.drops.iter().map(|(.., drop)| drop.birth - 1);
        writer.column(&births.collect::<Vec<u64>>());
        let stamps = delta.drops.iter().map(|(.., drop)| drop.stamp - drop.birth - 1);
        writer.column(&stamps.collect::<Vec<u64>>());
    }
    writer.finish()
}

/// Writes how far each replica is known, and the runs beyond that nothing in the message tells.
fn write_context<K: WireKey>(delta: &Delta<K>, writer: &mut Writer) {
    // Mostly everything is known without gaps, and then no carried dot needs to be looked at.
    let carried = if delta.context.has_gaps() { delta.carried_dots(|_| true) } else { Vec::new() };
    for (replica, runs) in delta.context.replicas() {
        let prefix = runs.prefix();
        let mut extra: Vec<(u64, u64)> = Vec::new();
        for (first, last) in runs.iter().filter(|(first, _)| *first > prefix) {
            let mut next = first;
            let from = carried.partition_point(|dot| *dot < Dot { replica, seq: first });
            for dot in carried[from..].iter().take_while(|dot| dot.replica == replica && dot.seq <= last) {
                if next < dot.seq {
                    extra.push((next, dot.seq - 1));
                }
                next = dot.seq + 1;
            }
            if next <= last {
                extra.push((next, last));
            }
        }
        writer.number(prefix << 1 | u64::from(!extra.is_empty()));
        if !extra.is_empty() {
            writer.number(extra.len() as u64);
            let mut before = prefix;
            for (first, last) in extra {
                writer.number(first - before - 2);
                writer.number(last - first);
                before = last;
            }
        }
    }
}

fn any_unbounded<K: WireKey>(ids: &[&RegistrationId<K>]) -> bool {
    ids.iter().any(|id| id.range.end().is_none())
}

fn write_ids<K: WireKey>(
    ids: &[&RegistrationId<K>],
    unbounded: bool,
    nodes: Option<&[u32]>,
    writer: &mut Writer,
) {
    if unbounded {
        writer.column(&ids.iter().map(|id| u64::from(id.range.end().is_none())).collect::<Vec<u64>>());
    }
    if let Some(nodes) = nodes {
        writer.column(&nodes.iter().map(|node| u64::from(*node)).collect::<Vec<u64>>());
    }
    K::encode_ranges(&ids.iter().map(|id| &id.range).collect::<Vec<_>>(), writer);
}

/// The place of a replica in the table, which lists every replica that the context knows.
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
    fn push(&mut self, writer: ReplicaId, record: &Record, replicas: &[ReplicaId]) {
        let mut flags = match record.registered {
            None => registered::NEVER,
            Some(seq) if seq == record.birth => registered::AT_BIRTH,
            Some(seq) if seq == record.last => registered::AT_LAST,
            Some(seq) => {
                self.registered.push(seq - record.birth - 1);
                registered::BETWEEN
            }
        };
        self.writer.push(number_of(writer, replicas));
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

    fn write(&self, replicas: usize, writer: &mut Writer) {
        writer.column(&self.flags);
        if replicas > 1 {
            writer.column(&self.writer);
        }
        for column in
            [&self.birth, &self.last, &self.registered, &self.net, &self.unreset, &self.baseline_net]
        {
            writer.column(column);
        }
        if replicas > 1 {
            writer.column(&self.stamp_replica);
        }
        writer.column(&self.stamp);
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}
