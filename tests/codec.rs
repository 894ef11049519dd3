//! The wire format: pinned bytes, sizes, and what comes back.

use instances as _;
mod kit;

use crdt_range_map::{DecodeProblem, Delta, KeyRange, RangeMap, ReplicaId, WireKey};
use kit::builders::{between as range, named as node};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asserts the bytes, written in hexadecimal with spaces where it helps the reader, and that they decode to the same delta.
#[track_caller]
fn assert_bytes<K: WireKey>(delta: &Delta<K>, expected: &str) {
    let bytes = delta.encode();
    assert_eq!(hex(&bytes), expected.replace(char::is_whitespace, ""));
    assert_eq!(Delta::decode(&bytes).as_ref(), Ok(delta));
}

/// Version 1 must never change: what was saved or sent by one build is read by every other.
#[test]
fn pinned_vectors() {
    let mut first = RangeMap::<u64>::new(ReplicaId::new(0x0102030405060708));
    let mut second = RangeMap::<u64>::new(ReplicaId::new(2));
    let (a, b) = (node("a"), node("b"));
    let (bounded, unbounded) = (range(10, 20), KeyRange::from_start(15));
    let two = 2.try_into().unwrap();

    assert_bytes(first.state(), "11 00 00");

    let register = first.register(&a, &bounded).unwrap();
    assert_bytes(&register, "11 03 0102030405060708 02 08 0161 0a 09 01 00");

    let increase = first.increase(&a, &bounded, two).unwrap();
    assert_bytes(&increase, "11 03 0102030405060708 04 08 0161 0a 09 0d 00 00 01");

    // Two writers of one registration, and an unbounded range.
    second.merge(first.state());
    _ = second.increase(&b, &unbounded, two).unwrap();
    _ = second.decrease(&a, &bounded, 1.try_into().unwrap()).unwrap();
    assert_bytes(
        second.state(),
        "11 05 0000000000000002 0102030405060708 04 04 16 02 0161 0162
         0001 0001 0a05 09 0100 180d08 000100 010000 00 000101",
    );

    // The second drops its own record and resets the first's; the first then drops its own.
    let release = second.release(&a, &bounded).unwrap();
    assert_bytes(
        &release,
        "11 05 0000000000000002 0102030405060708 00 04 09 01 0161 0a 09 2d 01 00 00 01 00 00 03
         04 0a 09 00 01 01",
    );
    let changes = first.merge(&release);
    assert_eq!(changes.ranges(), [bounded]);
    assert_bytes(changes.delta(), "11 03 0102030405060708 02 01 01 0161 04 0a 09 00 02");
    assert_bytes(
        first.state(),
        "11 05 0000000000000002 0102030405060708 01 02 02 00 06 01 01 0161 04 0a 09 00 01 01",
    );
}

#[test]
fn pinned_vectors_of_a_retired_writer() {
    let (node, range) = (node("a"), range(10, 20));
    let mut lost = RangeMap::<u64>::new(ReplicaId::new(9));
    let mut map = RangeMap::<u64>::new(ReplicaId::new(8));
    for start in [10, 30] {
        map.merge(&lost.register(&node, &KeyRange::from_start(start)).unwrap());
    }
    map.merge(&lost.increase(&node, &range, 2.try_into().unwrap()).unwrap());
    _ = map.register(&node, &range).unwrap();
    _ = map.release(&node, &range).unwrap();
    assert_bytes(&map.retire(ReplicaId::new(9)), "11 03 0000000000000009 01 01 03 00");
    // It drops in the place of who is retired, and says so: the stamp is its own.
    assert_bytes(&map.maintain(), "11 04 0000000000000008 0000000000000009 01 01 0161 06 0a 09 01 02 00 03");
    assert_bytes(map.state(), "110500000000000000080000000000000009080701031201016101010a14010101010001");
    let release = map.release(&node, &KeyRange::from_start(30)).unwrap();
    assert_bytes(&release, "1104000000000000000800000000000000090101016107011e01010004");
    let unknown = map.retire(ReplicaId::new(7));
    assert_bytes(&unknown, "11 03 0000000000000007 01 01 00 00");
}

/// Names that begin alike: lengths of 15 and more take a byte of their own.
#[test]
fn names_are_told_by_what_they_share() {
    let layout = |shared: usize, rest: usize| {
        let names = ["x".repeat(shared), format!("{}{}", "x".repeat(shared), "y".repeat(rest))];
        let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
        let names = if shared == 0 { ["a".into(), names[1].clone()] } else { names };
        names.iter().for_each(|name| drop(map.register(&node(name), &range(10, 20)).unwrap()));
        let bytes = map.state().encode();
        assert_eq!(&Delta::<u64>::decode(&bytes).unwrap(), map.state());
        // Header, replicas, context, counts, number of nodes, and the first name.
        let begin = 1 + 1 + 8 + 1 + 1 + 1 + 1 + names[0].len();
        bytes[begin..bytes.len()].iter().take_while(|byte| **byte != b'y').copied().collect::<Vec<u8>>()
    };
    assert_eq!(layout(0, 1), [0x01]);
    assert_eq!(layout(14, 14), [0xee]);
    assert_eq!(layout(15, 1), [0xf1, 0]);
    assert_eq!(layout(1, 15), [0x1f, 0]);
    assert_eq!(layout(16, 17), [0xff, 1, 2]);
    assert_eq!(layout(0, 255), [0x0f, 240]);
    assert_eq!(layout(254, 1), [0xf1, 239]);
}

/// Who does not know by which effect a record was dropped names its birth alone.
#[test]
fn pinned_vector_of_a_bare_drop() {
    let (node, range) = (node("a"), range(10, 20));
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut other = RangeMap::<u64>::new(ReplicaId::new(2));
    let first = map.register(&node, &KeyRange::from_start(0)).unwrap();
    other.merge(&map.register(&node, &range).unwrap());
    let bytes = [0x11, 2, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, b'a', 4, 10, 9, 1, 0];
    let bare = Delta::<u64>::decode(&bytes).unwrap();
    assert_bytes(&bare, "11 02 0000000000000001 01 01 0161 04 0a 09 01 00");
    let mut both = other.state().clone();
    both.merge(&bare);
    assert_eq!(both, bare, "the record was born by effect 2, which is all that both claim");
    assert_eq!(other.merge(&bare).ranges(), std::slice::from_ref(&range));
    assert_eq!((other.state(), other.priority(&node, &range)), (&bare, None));
    // Once everything up to that birth is known, the context tells it by itself.
    other.merge(&map.release(&node, &KeyRange::from_start(0)).unwrap());
    other.merge(&first);
    assert_bytes(other.state(), "11 03 0000000000000001 06 00");
}

#[test]
fn pinned_vector_of_text_keys() {
    let mut map = RangeMap::<String>::new(ReplicaId::new(1));
    _ = map.register(&node("a"), &KeyRange::new("k".into(), "kü".into()).unwrap()).unwrap();
    _ = map.register(&node("a"), &KeyRange::full()).unwrap();
    assert_bytes(map.state(), "12 03 0000000000000001 04 12 01 0161 0100 00 016b 036bc3bc 0101 0100");
}

#[test]
fn other_versions_and_key_types_are_named() {
    let problem = |bytes: &[u8]| Delta::<u64>::decode(bytes).unwrap_err().problem;
    assert_eq!(problem(&[]), DecodeProblem::Truncated);
    assert_eq!(problem(&[0x21, 0, 0, 0]), DecodeProblem::Version(2));
    assert_eq!(problem(&[0x12, 0, 0]), DecodeProblem::KeyKind(2));
    assert_eq!(problem(&[0x11, 0, 0, 0]), DecodeProblem::TrailingBytes);
}

/// Delta::encode is compact: the limits are what the README promises.
#[test]
fn one_operation_takes_few_bytes() {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(0xfedc_ba98_7654_3210));
    let node = node("node-00042");
    for at in 0..10_000 {
        _ = map.register(&node, &range(at * 400_000, at * 400_000 + 3_000_000)).unwrap();
    }
    let last = range(0xf000_0000, 0xf020_0000);
    assert!(map.register(&node, &last).unwrap().encode().len() <= 34);
    assert!(map.increase(&node, &last, 5.try_into().unwrap()).unwrap().encode().len() <= 36);
    assert!(map.state().encode().len() <= 10 * 10_000);
}
