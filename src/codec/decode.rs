//! From bytes to a delta, trusting nothing.

mod records;

use self::records::Records;
use super::{DecodeError, DecodeProblem, HALF_BYTE_MAX, RUNS_MAX, Reader, VERSION, WireKey};
use crate::causal::{CausalContext, Dot, SEQ_MAX};
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::registration::{Entry, RegistrationId};
use crate::store::{Store, StoreBuilder};
use crate::tombstones::{RecordDrop, Tombstone, Tombstones};
use crate::version::Version;

pub(super) fn decode<K: WireKey>(bytes: &[u8]) -> Result<Delta<K>, DecodeError> {
    let mut reader = Reader::new(bytes);
    read_header(K::KIND, &mut reader)?;
    let number = reader.number()?;
    let replicas = read_replicas(number >> 1, &mut reader)?;
    let claims_more = number & 1 == 1;
    let version = if claims_more { read_context(&replicas, &mut reader)? } else { Version::default() };

    let number = reader.number()?;
    let (several, unbounded, has_tombstones) = (number & 4 != 0, number & 2 != 0, number & 1 != 0);
    let count = reader.checked_count(number >> 3, 1)?;
    let nodes = if has_tombstones || count > 1 { reader.count(2)? } else { count };
    let nodes = read_nodes(nodes, &mut reader)?;
    let mut used = vec![false; nodes.len()];
    let ids = read_ids::<K>(count, unbounded, &mut used, &mut reader)?;
    let (entries, is_known) = read_entries(&ids, several, &nodes, &replicas, &version.context, &mut reader)?;
    let tombstones = if has_tombstones {
        read_tombstones(&nodes, &mut used, &replicas, &mut reader)?
    } else {
        Tombstones::default()
    };
    if used.contains(&false) {
        return Err(not_canonical(&reader, "a node that nothing uses"));
    }

    let mut delta = Delta::new(version, entries, tombstones);
    if !is_known || has_tombstones {
        claim_carried(&mut delta, &replicas, &reader)?;
    }
    if replicas.iter().any(|replica| !delta.version.is_known(*replica)) {
        return Err(not_canonical(&reader, "a replica of which nothing is known"));
    }
    delta.check_tombstones().map_err(|what| not_canonical(&reader, what))?;
    reader.finish()?;
    if !claims_more {
        delta.note_exact();
    }
    Ok(delta)
}

/// Reads a header, which has to name that kind.
pub(super) fn read_header(kind: u8, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let header = reader.byte()?;
    if header >> 4 != VERSION {
        return Err(reader.error(DecodeProblem::Version(header >> 4)));
    }
    if header & 15 != kind {
        return Err(reader.error(DecodeProblem::KeyKind(header & 15)));
    }
    Ok(())
}

/// The ranges of registrations and the numbers of their nodes.
struct Ids<K> {
    ranges: Vec<KeyRange<K>>,
    nodes: Vec<u32>,
}

fn not_canonical(reader: &Reader<'_>, what: &'static str) -> DecodeError {
    reader.error(DecodeProblem::NotCanonical(what))
}

fn out_of_bounds(reader: &Reader<'_>, what: &'static str) -> DecodeError {
    reader.error(DecodeProblem::OutOfBounds(what))
}

/// The sequence number that was written as its difference to a smaller number, less one.
fn seq_after(before: u64, difference: u64, reader: &Reader<'_>) -> Result<u64, DecodeError> {
    let seq = before.checked_add(difference).and_then(|seq| seq.checked_add(1));
    seq.filter(|seq| *seq <= SEQ_MAX).ok_or_else(|| out_of_bounds(reader, "a sequence number"))
}

/// The sequence number that was written as its difference to a number that is not greater.
fn seq_from(least: u64, difference: u64, reader: &Reader<'_>) -> Result<u64, DecodeError> {
    let seq = least.checked_add(difference);
    seq.filter(|seq| *seq <= SEQ_MAX).ok_or_else(|| out_of_bounds(reader, "a sequence number"))
}

fn read_replicas(count: u64, reader: &mut Reader<'_>) -> Result<Vec<ReplicaId>, DecodeError> {
    let count = reader.checked_count(count, 8)?;
    let mut replicas: Vec<ReplicaId> = Vec::with_capacity(count);
    for _ in 0..count {
        let id = reader.raw(8)?.iter().fold(0, |id, byte| id << 8 | u64::from(*byte));
        replicas.push(ReplicaId::new(id));
    }
    if !replicas.is_sorted_by(|a, b| a < b) {
        return Err(not_canonical(reader, "replicas out of order"));
    }
    Ok(replicas)
}

fn read_context(replicas: &[ReplicaId], reader: &mut Reader<'_>) -> Result<Version, DecodeError> {
    let Version { mut context, mut retired } = Version::default();
    let mut runs_left = RUNS_MAX;
    for replica in replicas {
        let number = reader.number()?;
        let prefix = number >> 1;
        if prefix > SEQ_MAX {
            return Err(out_of_bounds(reader, "a sequence number"));
        }
        if prefix > 0 {
            context.insert_run(*replica, 1, prefix);
        }
        if number & 1 == 0 {
            continue;
        }
        let number = reader.number()?;
        let runs = reader.checked_count(number >> 1, 2)?;
        runs_left = runs_left
            .checked_sub(runs)
            .ok_or_else(|| out_of_bounds(reader, "the number of runs of a context"))?;
        let is_retired = number & 1 == 1;
        if runs == 0 && !is_retired {
            return Err(not_canonical(reader, "an empty list of runs"));
        }
        let mut before = prefix;
        for _ in 0..runs {
            let gap = reader.number()?;
            let first = gap.checked_add(1).ok_or_else(|| out_of_bounds(reader, "a sequence number"))?;
            let first = seq_after(before, first, reader)?;
            let more = reader.number()?;
            let last = if more == 0 { first } else { seq_after(first, more - 1, reader)? };
            context.insert_run(*replica, first, last);
            before = last;
        }
        if is_retired {
            let last = reader.number()?;
            if last > SEQ_MAX {
                return Err(out_of_bounds(reader, "a sequence number"));
            }
            retired.insert(*replica, last);
        }
    }
    let version = Version { context, retired };
    if version.is_empty() {
        return Err(not_canonical(reader, "a context of nothing that is written"));
    }
    Ok(version)
}

/// Reads a version by itself.
pub(super) fn read_version(reader: &mut Reader<'_>) -> Result<Version, DecodeError> {
    let count = reader.number()?;
    let replicas = read_replicas(count, reader)?;
    if replicas.is_empty() {
        return Ok(Version::default());
    }
    let version = read_context(&replicas, reader)?;
    if replicas.iter().any(|replica| !version.is_known(*replica)) {
        return Err(not_canonical(reader, "a replica of which nothing is known"));
    }
    Ok(version)
}

/// Reads two lengths that mostly fit into one byte.
fn read_lengths(reader: &mut Reader<'_>) -> Result<[usize; 2], DecodeError> {
    let both = reader.byte()?;
    let mut lengths = [both >> 4, both & HALF_BYTE_MAX].map(usize::from);
    for length in lengths.iter_mut().filter(|length| **length == usize::from(HALF_BYTE_MAX)) {
        *length += usize::from(reader.byte()?);
    }
    Ok(lengths)
}

fn read_nodes(count: usize, reader: &mut Reader<'_>) -> Result<Vec<NodeId>, DecodeError> {
    let mut nodes: Vec<NodeId> = Vec::with_capacity(count);
    let mut bytes: Vec<u8> = Vec::new();
    for at in 0..count {
        let [shared, length] = if at == 0 { [0, usize::from(reader.byte()?)] } else { read_lengths(reader)? };
        let rest = reader.raw(length)?;
        if shared > bytes.len() || bytes.get(shared).is_some_and(|next| rest.first() == Some(next)) {
            return Err(not_canonical(reader, "a node that shares more or less with the one before"));
        }
        bytes.truncate(shared);
        bytes.extend_from_slice(rest);
        let name =
            core::str::from_utf8(&bytes).map_err(|_| not_canonical(reader, "text that is not UTF-8"))?;
        nodes.push(NodeId::new(name).map_err(|_| out_of_bounds(reader, "the length of a node's name"))?);
    }
    if !nodes.is_sorted_by(|a, b| a < b) {
        return Err(not_canonical(reader, "nodes out of order"));
    }
    Ok(nodes)
}

fn read_ids<K: WireKey>(
    count: usize,
    unbounded: bool,
    used: &mut [bool],
    reader: &mut Reader<'_>,
) -> Result<Ids<K>, DecodeError> {
    let mut is_unbounded = vec![false; count];
    if unbounded {
        for (is_unbounded, bit) in is_unbounded.iter_mut().zip(reader.column(count)?) {
            if bit > 1 {
                return Err(out_of_bounds(reader, "the mark of an unbounded range"));
            }
            *is_unbounded = bit == 1;
        }
        if !is_unbounded.contains(&true) {
            return Err(not_canonical(reader, "marks of unbounded ranges without one"));
        }
    }
    let numbers = if used.len() > 1 { reader.column(count)? } else { vec![0; count] };
    let mut nodes = Vec::with_capacity(count);
    for number in numbers {
        let used = usize::try_from(number).ok().and_then(|number| used.get_mut(number));
        *used.ok_or_else(|| out_of_bounds(reader, "the number of a node"))? = true;
        nodes.push(number as u32);
    }
    Ok(Ids { ranges: K::decode_ranges(&is_unbounded, reader)?, nodes })
}

/// Reads `count` numbers of replicas. If only one replica is listed, nothing is written.
fn read_replica_column(
    count: usize,
    replicas: &[ReplicaId],
    reader: &mut Reader<'_>,
) -> Result<Vec<u64>, DecodeError> {
    let numbers = if replicas.len() > 1 { reader.column(count)? } else { vec![0; count] };
    if numbers.iter().any(|number| *number >= replicas.len() as u64) {
        return Err(out_of_bounds(reader, "the number of a replica"));
    }
    Ok(numbers)
}

/// Reads the entries. Also returns whether all their dots surely lie in the prefixes of the context, as in most whole states; an entry
/// with several records or with a baseline is not looked into.
fn read_entries<K: WireKey>(
    ids: &Ids<K>,
    several: bool,
    nodes: &[NodeId],
    replicas: &[ReplicaId],
    context: &CausalContext,
    reader: &mut Reader<'_>,
) -> Result<(Store<K>, bool), DecodeError> {
    let count = ids.ranges.len();
    let more = if several { reader.column(count)? } else { Vec::new() };
    let total = more.iter().fold(count as u64, |sum, more| sum.saturating_add(*more));
    let total = reader.checked_count(total, 1)?;
    if several && total == count {
        return Err(not_canonical(reader, "counts of records without several"));
    }
    let mut records = Records::read(total, replicas, reader)?;
    let mut store = StoreBuilder::new(nodes, replicas);
    let prefixes: Vec<u64> = replicas.iter().map(|replica| context.prefix(*replica)).collect();
    let mut is_known = true;
    let mut more = more.into_iter();
    for (range, node) in ids.ranges.iter().zip(&ids.nodes) {
        // `total` bounds the sum of all these counts.
        let more = more.next().unwrap_or_default();
        let (writer, record) = records.next(reader)?;
        is_known &= more == 0 && record.baseline.is_none() && record.last <= prefixes[writer as usize];
        let is_after = if more == 0 {
            store.push_record(range, *node, writer, &record)
        } else {
            let mut entry = Entry::of(replicas[writer as usize], record);
            // At most as many as there are records, whose count was checked.
            entry.reserve(more as usize);
            let mut before = writer;
            for _ in 0..more {
                let (writer, record) = records.next(reader)?;
                if before >= writer {
                    return Err(not_canonical(reader, "records out of order"));
                }
                before = writer;
                entry.push(replicas[writer as usize], record);
            }
            store.push(range, *node, entry)
        };
        if !is_after {
            return Err(not_canonical(reader, "registrations out of order"));
        }
    }
    Ok((store.finish(), is_known))
}

fn read_tombstones<K: WireKey>(
    nodes: &[NodeId],
    used: &mut [bool],
    replicas: &[ReplicaId],
    reader: &mut Reader<'_>,
) -> Result<Tombstones<K>, DecodeError> {
    let number = reader.number()?;
    let (has_foreign, unbounded) = (number & 2 != 0, number & 1 != 0);
    let count = reader.checked_count(number >> 2, 1)?;
    if count == 0 {
        return Err(not_canonical(reader, "an empty list of tombstones"));
    }
    let ids = read_ids::<K>(count, unbounded, used, reader)?;
    let writers = read_replica_column(count, replicas, reader)?;
    let births = reader.column(count)?;
    let stamp_replicas =
        if has_foreign { read_replica_column(count, replicas, reader)? } else { writers.clone() };
    if has_foreign && stamp_replicas == writers {
        return Err(not_canonical(reader, "replicas of stamps that are the writers"));
    }
    let stamps = reader.column(count)?;
    let mut stamps = stamp_replicas.into_iter().zip(stamps);
    let mut ids = ids.ranges.into_iter().zip(ids.nodes);
    let mut tombstones: Vec<Tombstone<K>> = Vec::with_capacity(count);
    for (writer, birth) in writers.into_iter().zip(births) {
        // All columns are equally long.
        let (Some((range, node)), Some((replica, stamp))) = (ids.next(), stamps.next()) else { break };
        let birth = seq_after(0, birth, reader)?;
        let seq = seq_from(if replica == writer { birth } else { 1 }, stamp, reader)?;
        let stamp = Dot { replica: replicas[replica as usize], seq };
        let id = RegistrationId { range, node: nodes[node as usize].clone() };
        tombstones.push(Tombstone {
            id,
            writer: replicas[writer as usize],
            drop: RecordDrop { birth, stamp },
        });
    }
    if !tombstones.is_sorted_by(|drop, next| drop.key() < next.key()) {
        return Err(not_canonical(reader, "tombstones out of order"));
    }
    Ok(Tombstones::from_ordered(tombstones))
}

/// Adds the carried dots to the context, and checks that the written context did not have them beyond its prefixes.
fn claim_carried<K: WireKey>(
    delta: &mut Delta<K>,
    replicas: &[ReplicaId],
    reader: &Reader<'_>,
) -> Result<(), DecodeError> {
    let prefixes: Vec<u64> = replicas.iter().map(|replica| delta.context().prefix(*replica)).collect();
    let beyond = delta.carried_dots(delta.context());
    if beyond.iter().any(|dot| replicas.binary_search(&dot.replica).is_err()) {
        return Err(not_canonical(reader, "a dot of a replica that is not listed"));
    }
    if beyond.iter().any(|dot| delta.context().contains(*dot)) {
        return Err(not_canonical(reader, "a run of dots that are carried"));
    }
    // Joined at once: that is faster than to insert them one by one between many runs.
    let mut carried = CausalContext::default();
    beyond.into_iter().for_each(|dot| carried.insert(dot));
    delta.version.context.join(&carried);
    for (replica, prefix) in replicas.iter().zip(prefixes) {
        if delta.context().prefix(*replica) != prefix {
            return Err(not_canonical(reader, "dots that continue the prefix"));
        }
    }
    Ok(())
}
