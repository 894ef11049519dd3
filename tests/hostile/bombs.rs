//! Bytes made by hand to do harm: cut off, huge counts and lengths, extreme numbers, much from little.

use std::num::NonZeroU32;

use crdt_range_map::{DecodeProblem, Delta, KeyRange, RangeMap, ReplicaId, WriteError};

use super::model::world::{KEYS, POOL, SampleKey, node, range};
use super::{decode, use_up};

const SEQ_MAX: u64 = (1 << 53) - 1;
const NET_MAX: u64 = 1 << 62;

/// An unsigned LEB128.
fn number(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Real messages of many shapes: one writer and several, resets that observed a part, drops, gaps, unbounded ranges, columns
/// that are packed. Then the replicas that wrote them.
fn shapes<K: SampleKey>() -> (Vec<Vec<u8>>, Vec<RangeMap<K>>) {
    let [mut a, mut b, mut c] = [1, 2, u64::MAX].map(|id| RangeMap::<K>::new(ReplicaId::new(id)));
    let by = |amount| NonZeroU32::new(amount).unwrap();
    let [n, m, o] = [0, 1, 2].map(node);
    let (wide, narrow, unbounded) = (range(POOL[4]), range(POOL[2]), range(POOL[5]));
    let mut deltas = vec![Delta::default(), a.register(&n, &wide).unwrap()];
    deltas.push(a.increase(&n, &wide, by(5)).unwrap());
    let _ = b.merge(a.state());
    deltas.push(a.tighten(&n, &wide, &narrow).unwrap());
    deltas.push(b.increase(&n, &wide, by(1_000_000)).unwrap());
    deltas.push(b.release(&n, &wide).unwrap());
    deltas.push(b.register(&m, &unbounded).unwrap());
    deltas.push(b.decrease(&n, &wide, by(1)).unwrap());
    deltas.push(b.increase(&m, &unbounded, by(7)).unwrap());
    deltas.push(a.merge(b.state()).delta().clone());
    // A reset that observed a part only, and residue.
    let _ = c.merge(a.state());
    deltas.push(c.release(&m, &unbounded).unwrap());
    deltas.push(b.decrease(&m, &unbounded, by(3)).unwrap());
    let _ = c.merge(&deltas[deltas.len() - 1]);
    deltas.push(c.state().clone());
    // Everything everywhere.
    for start in 0..KEYS {
        for end in (start + 1..KEYS).map(Some).chain([None]) {
            let range = range((start, end));
            let _ = a.register(&n, &range).unwrap();
            let _ = a.increase(&n, &range, by(start as u32 + 1)).unwrap();
            let _ = b.increase(&m, &range, by(300)).unwrap();
            let _ = b.register(&o, &range).unwrap();
        }
    }
    let _ = c.merge(a.state());
    let _ = c.merge(b.state());
    deltas.push(c.state().clone());
    let released: Vec<_> = c.registrations().step_by(3).collect();
    let _ = a.merge(c.state());
    let mut releases = Delta::default();
    released.iter().for_each(|it| releases.merge(&c.release(&it.node, &it.range).unwrap()));
    deltas.push(a.merge(&releases).delta().clone());
    deltas.push(a.state().clone());
    deltas.push(releases);
    (deltas.iter().map(Delta::encode).collect(), vec![a, b, c])
}

fn check_truncations<K: SampleKey>() {
    let (shapes, _) = shapes::<K>();
    for message in &shapes {
        assert!(decode::<K>(message).is_ok());
        for length in 0..message.len() {
            assert!(decode::<K>(&message[..length]).is_err(), "{length} bytes of {message:02x?}");
        }
        for more in [0, 1, 0xff] {
            let longer = [message.as_slice(), &[more]].concat();
            assert!(decode::<K>(&longer).is_err(), "{message:02x?} and {more}");
        }
    }
}

#[test]
fn truncated_messages_are_refused() {
    check_truncations::<u64>();
    check_truncations::<String>();
}

/// Puts extreme numbers in the place of every byte: whatever is a count, a length, or a number somewhere becomes one.
fn check_extremes<K: SampleKey>() {
    let extremes = [
        0,
        0x7f,
        0x80,
        1 << 32,
        SEQ_MAX - 1,
        SEQ_MAX,
        SEQ_MAX + 1,
        2 * SEQ_MAX,
        2 * SEQ_MAX + 1,
        NET_MAX - 1,
        NET_MAX,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ];
    let (shapes, maps) = shapes::<K>();
    let mut accepted = 0;
    for message in shapes.iter().filter(|message| message.len() < 200) {
        for at in 1..message.len() {
            for extreme in extremes {
                let bytes = [&message[..at], &number(extreme), &message[at + 1..]].concat();
                if let Ok(delta) = decode::<K>(&bytes) {
                    accepted += 1;
                    use_up(maps[accepted % maps.len()].clone(), &delta);
                    use_up(RangeMap::new(ReplicaId::new(9)), &delta);
                }
            }
        }
    }
    assert!(accepted > 100, "only {accepted} were accepted: too few for a test");
}

#[test]
fn extreme_numbers_do_no_harm() {
    check_extremes::<u64>();
    check_extremes::<String>();
}

/// The head of a message over numbers, with one replica of which no dot is known but what is carried. The counts follow.
const HEAD: [u8; 10] = [0x11, 2, 0, 0, 0, 0, 0, 0, 0, 1];

/// One node.
const NODE: [u8; 3] = [1, 1, b'n'];

#[test]
fn numbers_are_written_in_one_way() {
    let good = [0x11, 0, 0];
    assert!(decode::<u64>(&good).is_ok());
    for at in 1..good.len() {
        let longer = [&good[..at], &[0x80, 0], &good[at + 1..]].concat();
        assert!(decode::<u64>(&longer).is_err());
        let endless = [&good[..at], &[0x80; 12][..], &good[at + 1..]].concat();
        assert!(decode::<u64>(&endless).is_err());
        let too_large = [&good[..at], &[0xff; 9][..], &[2], &good[at + 1..]].concat();
        assert!(decode::<u64>(&too_large).is_err());
    }
}

/// A packed column of one value, `count` times.
fn column(count: usize, value: u64) -> Vec<u8> {
    let width = (u64::BITS - value.leading_zeros()) as usize;
    let mut bytes = Vec::new();
    for start in (0..count).step_by(128) {
        let bits = (0..(count - start).min(128)).flat_map(|_| (0..width).map(|bit| value >> bit & 1 == 1));
        let bits: Vec<bool> = bits.collect();
        bytes.push(width as u8);
        bytes.extend(
            bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))),
        );
    }
    bytes
}

/// Messages in which a registration takes a few bits, filled up to as many bytes as are needed for the count to be believed:
/// that there is too much of them is seen at the very end.
fn packed_bombs(count: usize) -> [Vec<u8>; 3] {
    let ones = || column(count, 1);
    let zeros = || column(count, 0);
    // Starts, lengths, flags (a register at birth), births.
    let registrations = [ones(), zeros(), ones(), ones()].concat();
    // Flags: more than the birth, and a baseline; last, unreset, stamp.
    let all_flags = [ones(), zeros(), column(count, 1 + 4 + 32), ones(), zeros(), zeros(), ones()].concat();
    // Starts, lengths, births and stamps.
    let drops = [number(4 * count as u64), ones(), zeros(), ones(), zeros()].concat();
    let bomb = |head: u64, parts: &[u8]| {
        let mut bytes = [&HEAD[..], &number(head), &NODE, parts].concat();
        bytes.resize(bytes.len().max(count), 0);
        bytes.push(0);
        bytes
    };
    [bomb(8 * count as u64, &registrations), bomb(8 * count as u64, &all_flags), bomb(1, &drops)]
}

#[test]
fn much_is_not_made_from_little() {
    for count in [100, 1_000, 20_000] {
        let twice = DecodeProblem::NotCanonical("two records of one birth");
        let expected = [twice, twice, DecodeProblem::TrailingBytes];
        for (bomb, problem) in packed_bombs(count).into_iter().zip(expected) {
            let error = decode::<u64>(&bomb).unwrap_err();
            assert_eq!(error.problem, problem, "{error}: all of it was unpacked");
            assert!(decode::<u64>(&bomb[..count / 2]).is_err(), "more registrations than bytes");
        }
    }
    // Columns of width 0, and others, wherever they begin.
    for head in 1..=HEAD.len() {
        for fill in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = HEAD[..head].to_vec();
            bytes.extend(number(8 * 5_000));
            bytes.resize(10_000, fill);
            let _ = decode::<u64>(&bytes);
            bytes[0] = 0x12;
            let _ = decode::<String>(&bytes);
        }
    }
}

/// A delta with one record, of which the given replica wrote `last` and adjustments of `net`.
fn forged(replica: u64, last: u64, net: u64, is_negative: bool) -> Vec<u8> {
    let flags = if is_negative { 4 + 8 + 16 } else { 4 + 8 };
    let parts: [&[u8]; 9] = [
        &[0x11, 2],
        &replica.to_be_bytes(),
        // Nothing is known but what is carried: born at 2.
        &[8, 1, b'n'],
        &[10],
        &[9],
        &[flags],
        &[1],
        &number(last - 3),
        &number(net - 1),
    ];
    parts.concat()
}

#[test]
fn the_greatest_numbers_are_accepted_and_do_not_overflow() {
    let [own, other] = [1, 2];
    let subject = (node(0), KeyRange::new(10u64, 20).unwrap());
    for is_negative in [false, true] {
        let mut map = RangeMap::<u64>::new(ReplicaId::new(own));
        let _ = map.register(&subject.0, &subject.1).unwrap();
        // Ten writers at the limit, and this replica itself not far from it.
        for writer in other..other + 10 {
            let delta = decode::<u64>(&forged(writer, SEQ_MAX, NET_MAX, is_negative)).unwrap();
            let _ = map.merge(&delta);
        }
        use_up(map.clone(), &Delta::default());
        let near = decode::<u64>(&forged(own, 1 << 40, NET_MAX - 1, is_negative)).unwrap();
        use_up(map.clone(), &near);
        let expected = if is_negative { None } else { Some(u64::MAX) };
        assert_eq!(map.priority(&subject.0, &subject.1), expected);
    }
    assert!(decode::<u64>(&forged(own, SEQ_MAX + 1, 1, false)).is_err());
    assert!(decode::<u64>(&forged(own, SEQ_MAX, NET_MAX + 1, false)).is_err());
    assert!(decode::<u64>(&forged(own, SEQ_MAX, NET_MAX + 1, true)).is_err());
}

#[test]
fn a_replica_whose_numbers_were_used_up_by_forgery_changes_nothing_more() {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let subject = (node(0), KeyRange::new(10u64, 20).unwrap());
    let _ = map.register(&subject.0, &subject.1).unwrap();
    let _ = map.merge(&decode::<u64>(&forged(1, SEQ_MAX, 5, false)).unwrap());
    assert!(map.is_exhausted());
    let state = map.state().clone();
    assert_eq!(map.register(&subject.0, &KeyRange::full()), Err(WriteError::Exhausted));
    assert_eq!(map.release(&subject.0, &subject.1), Err(WriteError::Exhausted));
    assert!(map.tighten(&subject.0, &subject.1, &KeyRange::new(10, 11).unwrap()).is_err());
    assert_eq!(*map.state(), state);
    use_up(map, &state);
}

/// A message with nothing but a context: that many runs of one dot of the replica, none of them next to another.
fn runs(replica: u64, count: u64) -> Vec<u8> {
    let mut bytes = [&[0x11, 3][..], &replica.to_be_bytes(), &[1], &number(2 * count)].concat();
    bytes.extend((0..2 * count).map(|_| 0));
    bytes.push(0);
    bytes
}

#[test]
fn a_context_tells_so_many_runs_and_no_more() {
    const RUNS_MAX: u64 = 65_536;
    for count in [1, 2, 100, RUNS_MAX] {
        let told = decode::<u64>(&runs(1, count)).unwrap();
        assert_eq!(told.context().run_count() as u64, count);
    }
    let problem = decode::<u64>(&runs(1, RUNS_MAX + 1)).unwrap_err().problem;
    assert_eq!(problem, DecodeProblem::OutOfBounds("the number of runs of a context"));

    // Who comes to know more tells as many, and everything that it carries.
    let mut map = RangeMap::<u64>::new(ReplicaId::new(9));
    let mut author = RangeMap::<u64>::new(ReplicaId::new(8));
    let _ = author.register(&node(0), &KeyRange::full()).unwrap();
    let _ = map.merge(&author.register(&node(1), &KeyRange::full()).unwrap());
    for replica in [2, 1, 3] {
        let _ = map.merge(&decode::<u64>(&runs(replica, RUNS_MAX - 1)).unwrap());
    }
    assert_eq!(map.state().context().run_count() as u64, 3 * (RUNS_MAX - 1) + 1);
    let told = decode::<u64>(&map.state().encode()).unwrap();
    assert_eq!(told.context().run_count() as u64, RUNS_MAX + 1);
    assert!(map.state().context().includes(told.context()));
    let mut again = RangeMap::new(ReplicaId::new(10));
    let _ = again.merge(&told);
    assert!(again.registrations().eq(map.registrations()));
    assert_eq!(again.merge(&told).ranges(), []);
}
