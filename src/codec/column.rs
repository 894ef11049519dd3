//! Bit packing: a block of numbers, each in as many bits as the greatest of them needs.

/// Columns shorter than this are written number by number: a width byte would cost more than it saves.
pub(super) const PACKED_MIN: usize = 8;

/// How many numbers share a width.
pub(super) const BLOCK: usize = 128;

fn width_of(bits: u64) -> u32 {
    u64::BITS - bits.leading_zeros()
}

/// Appends the width and the packed numbers of one block.
pub(super) fn pack(block: &[u64], bytes: &mut Vec<u8>) {
    let width = width_of(block.iter().fold(0, |bits, value| bits | value));
    bytes.push(width as u8);
    let mut buffer = 0u64;
    let mut filled = 0;
    for value in block {
        buffer |= value << filled;
        filled += width;
        if filled >= 64 {
            bytes.extend_from_slice(&buffer.to_le_bytes());
            filled -= 64;
            // The bits that did not fit: none, if the number ended with the word.
            buffer = value.checked_shr(width - filled).unwrap_or_default();
        }
    }
    bytes.extend_from_slice(&buffer.to_le_bytes()[..filled.div_ceil(8) as usize]);
}

/// Unpacks `count` numbers of that width from exactly as many bytes as they fill. Returns whether they were packed in the one
/// canonical way: in the smallest width, with zeros in the rest of the last byte.
#[must_use]
pub(super) fn unpack(packed: &[u8], width: u32, count: usize, values: &mut Vec<u64>) -> bool {
    let mask = 1u64.checked_shl(width).map_or(u64::MAX, |bit| bit - 1);
    let width = width as usize;
    // A number of up to 57 bits lies within eight bytes, the first of which has its first bit.
    let quick =
        if width <= 57 && packed.len() >= 8 { ((packed.len() - 8) * 8 + 8) / width.max(1) } else { 0 };
    let quick = quick.min(count);
    let mut bits = 0;
    values.extend((0..quick).map(|at| {
        let bit = at * width;
        let word = packed
            .get(bit / 8..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |word| u64::from_le_bytes(*word));
        let value = word >> (bit % 8) & mask;
        bits |= value;
        value
    }));
    for at in quick..count {
        let bit = at * width;
        let mut bytes = [0; 16];
        let rest = packed.get(bit / 8..).unwrap_or_default();
        let length = rest.len().min(bytes.len());
        bytes[..length].copy_from_slice(&rest[..length]);
        let value = (u128::from_le_bytes(bytes) >> (bit % 8)) as u64 & mask;
        bits |= value;
        values.push(value);
    }
    let padding = packed.last().is_none_or(|last| match count * width % 8 {
        0 => true,
        used => last >> used == 0,
    });
    padding && width_of(bits) as usize == width
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::codec::{DecodeProblem, Reader, Writer};

    fn written(values: &[u64]) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.column(values.iter().copied());
        writer.finish()
    }

    fn values() -> impl Strategy<Value = Vec<u64>> {
        (0u32..=64, 0usize..400).prop_flat_map(|(width, count)| {
            let greatest = 1u64.checked_shl(width).map_or(u64::MAX, |bit| bit - 1);
            prop::collection::vec(0..=greatest, count)
        })
    }

    proptest! {
        #[test]
        fn columns_come_back_as_they_were(values in values()) {
            let bytes = written(&values);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.column(values.len()), Ok(values));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn accepted_columns_are_canonical(bytes in prop::collection::vec(any::<u8>(), 0..60), count in 0usize..40) {
            let mut reader = Reader::new(&bytes);
            if let Ok(values) = reader.column(count) {
                let rewritten = written(&values);
                prop_assert_eq!(&rewritten[..], &bytes[..rewritten.len()]);
            }
        }
    }

    #[test]
    fn wider_than_needed_and_dirty_padding_are_refused() {
        let good = written(&[1, 0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(good, [1, 0b0101_0101, 1]);
        for bad in [vec![1, 0b0101_0101, 3], vec![2, 0x11, 0x11, 1], vec![65; 99]] {
            assert!(Reader::new(&bad).column(9).is_err(), "{bad:?}");
        }
        assert_eq!(Reader::new(&good[..2]).column(9).unwrap_err().problem, DecodeProblem::Truncated);
    }
}
