//! Deltas that no honest replica makes, written by hand.

/// The first byte of a delta over numbers.
const HEADER: u8 = 0x11;

/// An unsigned LEB128.
fn number(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A packed column.
fn column(values: &[u64], bytes: &mut Vec<u8>) {
    for block in values.chunks(128) {
        let width = block.iter().map(|value| u64::BITS - value.leading_zeros()).max().unwrap_or(0);
        bytes.push(width as u8);
        let bits: Vec<bool> =
            block.iter().flat_map(|value| (0..width).map(move |bit| value >> bit & 1 == 1)).collect();
        bytes.extend(
            bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))),
        );
    }
}

/// The header and those replicas, and whether a context follows.
fn head(replicas: &[u64], has_context: bool) -> Vec<u8> {
    let mut bytes = vec![HEADER];
    number(2 * replicas.len() as u64 + u64::from(has_context), &mut bytes);
    replicas.iter().for_each(|replica| bytes.extend(replica.to_be_bytes()));
    bytes
}

/// Nothing but a context: so many runs of one dot of that replica, every other one.
pub fn runs(replica: u64, count: u64) -> Vec<u8> {
    let mut bytes = head(&[replica], true);
    number(1, &mut bytes);
    number(2 * count, &mut bytes);
    bytes.extend(std::iter::repeat_n(0, 2 * count as usize));
    bytes.push(0);
    bytes
}

/// Nothing but a context: the first dots of that replica, up to the last.
pub fn prefix(replica: u64, last: u64) -> Vec<u8> {
    let mut bytes = head(&[replica], true);
    number(2 * last, &mut bytes);
    bytes.push(0);
    bytes
}

/// Nothing but a context: one dot of that replica.
pub fn dot(replica: u64, seq: u64) -> Vec<u8> {
    let mut bytes = head(&[replica], true);
    bytes.extend([1, 2]);
    number(seq - 2, &mut bytes);
    bytes.extend([0, 0]);
    bytes
}

/// Nothing but a context, of so many replicas: of each, the first dots.
pub fn replicas(count: u64) -> Vec<u8> {
    let ids: Vec<u64> = (0..count).map(|at| 1_000 + 2 * at).collect();
    let mut bytes = head(&ids, true);
    ids.iter().for_each(|_| number(2 * 5, &mut bytes));
    bytes.push(0);
    bytes
}

/// So many drops, of registrations of one node in the order of their starts: of records of replica 1, in no order of their births,
/// by replica 2.
pub fn foreign_drops(count: u64) -> Vec<u8> {
    let mut bytes = head(&[1, 2], false);
    // No registrations, drops follow; one node.
    bytes.extend([1, 1, 1, b'n']);
    number(4 * count + 2, &mut bytes);
    let all = |value: &dyn Fn(u64) -> u64| (0..count).map(value).collect::<Vec<u64>>();
    // A permutation, since the step has no factor in common with a power of two or ten.
    let shuffled = |at: u64| at * 7919 % count;
    for values in [
        all(&|_| 10),
        all(&|_| 5),
        all(&|_| 0),
        all(&|at| 1 + shuffled(at)),
        all(&|_| 1),
        all(&|at| 1 + shuffled(count - 1 - at)),
    ] {
        column(&values, &mut bytes);
    }
    bytes
}

/// One registration with a record of each of so many replicas: of every second one, from the first or the second on.
pub fn many_writers(count: u64, first: u64) -> Vec<u8> {
    let ids: Vec<u64> = (0..count).map(|at| 2 * at + first).collect();
    let mut bytes = head(&ids, false);
    // One registration, with several records; its node is the only one; its start, its length, the records less one.
    number(8 + 4, &mut bytes);
    bytes.extend([1, b'n', 10, 5]);
    number(count - 1, &mut bytes);
    column(&vec![1; count as usize], &mut bytes);
    column(&(0..count).collect::<Vec<u64>>(), &mut bytes);
    column(&vec![1; count as usize], &mut bytes);
    bytes
}

/// So many registrations of one node by one replica, born in their order: a whole state of it.
pub fn registrations(replica: u64, first_start: u64, count: u64) -> Vec<u8> {
    let mut bytes = head(&[replica], true);
    number(2 * count, &mut bytes);
    number(8 * count, &mut bytes);
    bytes.extend([1, 1, b'n']);
    let starts: Vec<u64> = (0..count).map(|at| if at == 0 { first_start } else { 10 }).collect();
    column(&starts, &mut bytes);
    column(&vec![4; count as usize], &mut bytes);
    column(&vec![1; count as usize], &mut bytes);
    column(&(0..count).collect::<Vec<u64>>(), &mut bytes);
    bytes
}
