//! The hash by which pieces of two states are compared.
//!
//! Replicas compare hashes, so the hash is the same on every machine: its input is numbers of 64 bits and bytes, never the layout in
//! memory. It is fast and spreads well, and it is no defence against somebody who looks for a collision. One step is two multiplications
//! of 64 bits and a shift between words, as in the finalizer of MurmurHash3 (Appleby, 2011). Wider multiplications would be slow in
//! wasm and on 32-bit ARM.

/// Words without a pattern: the fractional digits of pi.
pub(crate) const PI: [u64; 6] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7345,
    0xa409_3822_299f_31d1,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6d,
];

/// The multipliers of that finalizer.
const ODD: [u64; 2] = [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53];

/// The end mark of a run of bytes. No byte of UTF-8 has this value.
const END: u64 = 0xff;

/// Mixes two words into one.
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let mixed = (a.wrapping_mul(ODD[0]) ^ b.rotate_left(32)).wrapping_mul(ODD[1]);
    mixed ^ mixed >> 32
}

/// Hashes the canonical form of a key: numbers and bytes, which are the same on every machine. See
/// [`WireKey::hash_into`](crate::WireKey::hash_into).
#[derive(Clone, Debug)]
pub struct KeyHasher {
    state: u64,
    bytes: usize,
}

impl KeyHasher {
    fn new() -> Self {
        Self { state: PI[1], bytes: 0 }
    }

    /// Takes a number. O(1).
    #[inline]
    pub fn number(&mut self, value: u64) {
        self.state = fold(self.state ^ value, PI[0]);
        self.bytes += size_of::<u64>();
    }

    /// Takes a run of bytes, in words of eight, the first byte lowest and the last word filled up with zeros; then how many they are, and
    /// an end mark. So two runs that are taken one after the other are not mistaken for one. O(their number).
    pub fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(size_of::<u64>()) {
            let mut word = [0; size_of::<u64>()];
            word[..chunk.len()].copy_from_slice(chunk);
            self.state = fold(self.state ^ u64::from_le_bytes(word), PI[0]);
        }
        for word in [bytes.len() as u64, END] {
            self.state = fold(self.state ^ word, PI[0]);
        }
        self.bytes += bytes.len() + 1;
    }
}

/// The hash of what `feed` writes.
#[inline]
pub(crate) fn of(feed: impl FnOnce(&mut KeyHasher)) -> u64 {
    let mut hasher = KeyHasher::new();
    feed(&mut hasher);
    hasher.state
}

/// How many bytes `feed` writes, with one at the end of each run of bytes.
pub(crate) fn count_bytes(feed: impl FnOnce(&mut KeyHasher)) -> usize {
    let mut hasher = KeyHasher::new();
    feed(&mut hasher);
    hasher.bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by another implementation of the definition: whatever the machine, it has to come to these.
    #[test]
    fn hashes_are_the_same_on_every_machine() {
        let bytes = |bytes: &'static [u8]| move |hasher: &mut KeyHasher| hasher.bytes(bytes);
        let shown = |hash: u64| format!("{hash:016x}");
        for (number, expected) in [
            (0, "6d3dfededd3853f5"),
            (7, "a08ff9f10c486467"),
            (0x0102_0304_0506_0708, "dde159e8e7eff25b"),
            (u64::MAX, "373d73569b9a36d8"),
        ] {
            assert_eq!(shown(of(|hasher| hasher.number(number))), expected, "{number}");
        }
        assert_eq!(shown(of(bytes(b""))), "70da8ade7a24c160");
        assert_eq!(shown(of(bytes(b"node-a"))), "4bc80b636dd33279");
        assert_eq!(shown(of(bytes(b"8 bytes."))), "39a2e880b4f92bf1");
        assert_eq!(shown(of(bytes("h\u{e9}llo, 9+".as_bytes()))), "0ad307c95e66407b");
    }

    #[test]
    fn where_a_run_of_bytes_ends_counts() {
        let of_runs = |runs: &[&[u8]]| of(|hasher| runs.iter().for_each(|run| hasher.bytes(run)));
        let hashes =
            [&[b"ab" as &[u8], b""][..], &[b"a", b"b"], &[b"", b"ab"], &[b"ab"], &[b"ab\0"]].map(of_runs);
        for (at, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..at].contains(hash), "{at}");
        }
        assert_eq!(count_bytes(|hasher| hasher.bytes(b"abc")), 4);
    }
}
