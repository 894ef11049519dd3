//! The hash by which equal pieces of two states are told from different ones.
//!
//! It is the same on every platform, so that replicas can compare hashes. It is fast and spreads well, and is no defence
//! against somebody who looks for a collision. A step is two multiplications of 64 bits and a shift between words, as in the
//! finalizer of MurmurHash3 (Appleby, 2011): wider ones would be slow in wasm and on 32-bit ARM.

use core::hash::{Hash, Hasher};

use crate::id::ReplicaId;
use crate::registration::Record;

/// Words without a pattern: the fractional digits of pi.
const PI: [u64; 6] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7345,
    0xa409_3822_299f_31d1,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6d,
];

/// Two words to one.
fn fold(a: u64, b: u64) -> u64 {
    let mixed = (a.wrapping_mul(ODD[0]) ^ b.rotate_left(32)).wrapping_mul(ODD[1]);
    mixed ^ mixed >> 32
}

/// The multipliers of that finalizer.
const ODD: [u64; 2] = [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53];

/// Hashes what the standard `Hash` of a key or name writes, in a way that does not depend on the machine's word.
struct Words(u64);

impl Hasher for Words {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        self.write_u64(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = fold(self.0 ^ value, PI[0]);
    }

    fn write_u128(&mut self, value: u128) {
        self.write_u64(value as u64);
        self.write_u64((value >> 64) as u64);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

/// The hash of a key or a name.
pub(crate) fn of(value: &(impl Hash + ?Sized)) -> u64 {
    let mut words = Words(PI[1]);
    value.hash(&mut words);
    words.finish()
}

/// The hash of a registration's triple. `node` is the [hash](of) of the node's name.
pub(crate) fn of_registration<K: Hash>(start: &K, end: Option<&K>, node: u64) -> u64 {
    fold(of(start) ^ node, end.map_or(PI[2], of) ^ PI[3])
}

/// Whether a registration of that hash begins a leaf of the store: one in 64 does. See [`Store`](crate::store::Store)'s tree.
pub(crate) fn is_head(registration: u64) -> bool {
    registration >> (u64::BITS - 6) == 0
}

/// Takes a record into the hash of what comes before it: the registration, or the record of the writer before. It covers all
/// that matters of the record: its birth, its latest contribution, its sum, its register and its baseline.
pub(crate) fn with_record(before: u64, writer: ReplicaId, record: &Record) -> u64 {
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

    #[test]
    fn hashes_are_pinned_since_replicas_on_different_machines_compare_them() {
        assert_eq!([of(&7u64), of("node-a"), of(&7usize)], [of(&7u64), of("node-a"), of(&7u64)]);
        assert_eq!(format!("{:016x} {:016x}", of(&7u64), of("node-a")), "a08ff9f10c486467 4bc80b636dd33279");
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
