//! How places between registrations are written.
//!
//! A list of places: *number* of them; *column* of their kinds: before all that start at a key (0), before a registration (1), before
//! one without an upper end (2); for the latter two one byte of length and the UTF-8 of the node each; then the ranges as the key
//! type writes them, those of kind 0 and 2 as unbounded ones.

use crate::codec::{DecodeError, DecodeProblem, Reader, WireKey, Writer};
use crate::id::NodeId;
use crate::key::KeyRange;
use crate::registration::RegistrationId;
use crate::store::Bound;

const START: u64 = 0;
const BOUNDED: u64 = 1;
const UNBOUNDED: u64 = 2;

/// Writes places in order, neither the first nor the last of all.
pub(super) fn write<K: WireKey>(places: &[Bound<K>], writer: &mut Writer) {
    writer.number(places.len() as u64);
    writer.column(places.iter().map(|place| match place {
        Bound::Id(id) if id.range.end().is_some() => BOUNDED,
        Bound::Id(_) => UNBOUNDED,
        _ => START,
    }));
    for place in places {
        if let Bound::Id(id) = place {
            writer.raw(&[id.node.as_bytes().len() as u8]);
            writer.raw(id.node.as_bytes());
        }
    }
    let ranges = places.iter().filter_map(|place| match place {
        Bound::Start(key) => Some((key, None)),
        Bound::Id(id) => Some((id.range.start(), id.range.end())),
        Bound::First | Bound::Last => None,
    });
    K::encode_ranges(ranges, writer);
}

/// Reads places, each after the one before.
pub(super) fn read<K: WireKey>(reader: &mut Reader<'_>) -> Result<Vec<Bound<K>>, DecodeError> {
    let count = reader.count(1)?;
    let kinds = reader.column(count)?;
    if kinds.iter().any(|kind| *kind > UNBOUNDED) {
        return Err(reader.error(DecodeProblem::OutOfBounds("the kind of a place")));
    }
    let mut nodes = Vec::new();
    for _ in kinds.iter().filter(|kind| **kind != START) {
        let length = usize::from(reader.byte()?);
        let name = core::str::from_utf8(reader.raw(length)?);
        let name = name.map_err(|_| reader.error(DecodeProblem::NotCanonical("text that is not UTF-8")))?;
        let node = NodeId::new(name);
        nodes
            .push(node.map_err(|_| reader.error(DecodeProblem::OutOfBounds("the length of a node's name")))?);
    }
    let is_unbounded: Vec<bool> = kinds.iter().map(|kind| *kind != BOUNDED).collect();
    let ranges: Vec<KeyRange<K>> = K::decode_ranges(&is_unbounded, reader)?;
    let mut nodes = nodes.into_iter();
    let place = |(kind, range): (u64, KeyRange<K>)| match (kind != START).then(|| nodes.next()).flatten() {
        Some(node) => Bound::Id(RegistrationId { range, node }),
        None => Bound::Start(range.start().clone()),
    };
    let places: Vec<Bound<K>> = kinds.into_iter().zip(ranges).map(place).collect();
    if places.is_sorted_by(|place, next| place < next) {
        Ok(places)
    } else {
        Err(reader.error(DecodeProblem::NotCanonical("places out of order")))
    }
}
