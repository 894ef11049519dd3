//! The hashes of registrations and their records: they show whether two leaves are equal, and where one begins.

use crate::hash::{self, PI, fold};
use crate::id::ReplicaId;
use crate::key::Key;
use crate::registration::Record;

/// The hash of a registration's triple. `node` is the hash of the node's name.
pub(super) fn of_registration<K: Key>(start: &K, end: Option<&K>, node: u64) -> u64 {
    let of_key = |key: &K| hash::of(|hasher| key.feed(hasher));
    fold(of_key(start) ^ node, end.map_or(PI[2], of_key) ^ PI[3])
}

/// Whether a registration of that hash begins a leaf of the store: one in 64 does. See the [tree](super::tree).
pub(super) fn is_head(registration: u64) -> bool {
    registration >> (u64::BITS - 6) == 0
}

/// Takes a record into the hash of what comes before it: the registration, or the record of the writer before. It covers all
/// that matters of the record: its birth, its latest contribution, its sum, its register and its baseline.
pub(super) fn with_record(before: u64, writer: ReplicaId, record: &Record) -> u64 {
    let named = fold(writer.get() ^ PI[0], record.birth ^ PI[1]);
    let register = record.registered.unwrap_or_default().rotate_left(32);
    let contributed = fold(record.last ^ PI[2], record.net as u64 ^ register ^ PI[3]);
    let hash = fold(before ^ named, contributed ^ PI[4]);
    match record.baseline {
        None => hash,
        Some(baseline) => {
            let observed = fold(baseline.last ^ PI[4], baseline.net as u64 ^ PI[5]);
            let stamp = fold(baseline.stamp.replica.get() ^ PI[5], baseline.stamp.seq ^ PI[0]);
            fold(hash ^ observed, stamp ^ PI[1])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by another implementation of the definition: replicas on different machines compare them.
    #[test]
    fn hashes_of_registrations_are_the_same_on_every_machine() {
        let node = hash::of(|hasher| hasher.bytes(b"node-a"));
        let shown = |hash: u64| format!("{hash:016x}");
        assert_eq!(shown(of_registration(&7u64, Some(&9), node)), "93012272a14b425e");
        assert_eq!(shown(of_registration(&7u64, None, node)), "3c2b9189d3c0b17d");
        let [from, to] = ["a", "b"].map(String::from);
        assert_eq!(shown(of_registration(&from, Some(&to), node)), "d76fda7000eb2aca");
        assert_eq!(shown(of_registration(&from, None, node)), "a58dd31346581e83");
        let record = Record { net: -2, last: 5, registered: Some(3), ..Record::born(1) };
        assert_eq!(shown(with_record(0, ReplicaId::new(3), &record)), "e3ed5cf1d28a1913");
    }

    #[test]
    fn one_registration_in_64_is_a_head() {
        let heads = (0..64_000u64).filter(|key| is_head(of_registration(key, Some(&(key + 9)), 5))).count();
        assert!((900..1100).contains(&heads), "{heads}");
    }

    #[test]
    fn each_part_of_a_record_counts() {
        use crate::causal::Dot;
        use crate::registration::Baseline;
        let stamp = Dot { replica: ReplicaId::new(3), seq: 8 };
        let record = Record { birth: 1, last: 5, net: 2, registered: Some(3), baseline: None };
        let baseline = Baseline { last: 4, net: 1, stamp };
        let other_stamp = Dot { seq: 9, ..stamp };
        let versions = [
            record,
            Record { birth: 2, ..record },
            Record { last: 6, ..record },
            Record { net: -2, ..record },
            Record { registered: None, ..record },
            Record { registered: Some(4), ..record },
            Record { baseline: Some(baseline), ..record },
            Record { baseline: Some(Baseline { last: 3, ..baseline }), ..record },
            Record { baseline: Some(Baseline { net: 2, ..baseline }), ..record },
            Record { baseline: Some(Baseline { stamp: other_stamp, ..baseline }), ..record },
        ];
        let mut hashes: Vec<u64> =
            versions.iter().map(|record| with_record(7, ReplicaId::new(1), record)).collect();
        hashes.push(with_record(7, ReplicaId::new(2), &record));
        hashes.push(with_record(8, ReplicaId::new(1), &record));
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), versions.len() + 2);
    }
}
