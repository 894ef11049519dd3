use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut b = RangeMap::<u64>::new(ReplicaId::new(2));
    let mut c = RangeMap::<u64>::new(ReplicaId::new(3));
    let mut d = RangeMap::<u64>::new(ReplicaId::new(4));
    let mut a2 = RangeMap::<u64>::new(ReplicaId::new(5));

    // At 0.15 s.
    let said_1 = c.apply([
        Operation::Release { node: "b".parse()?, range: KeyRange::from(2..) },
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(0..21)? },
    ])?;
    d.merge(&said_1);

    // At 0.84 s.
    let said_2 = d.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(15..47)? },
        Operation::Release { node: "c".parse()?, range: KeyRange::try_from(0..9)? },
    ])?;
    c.merge(&said_2);

    // At 3.69 s.
    let said_3 = c.apply([
        Operation::Register { node: "c".parse()?, range: KeyRange::from(6..) },
    ])?;
    d.merge(&said_3);

    // At 5.13 s.
    let said_4 = d.apply([
        Operation::Release { node: "d".parse()?, range: KeyRange::try_from(23..64)? },
        Operation::Increase { node: "a".parse()?, range: KeyRange::try_from(14..16)?, by: 8.try_into()? },
    ])?;
    b.merge(&said_1);
    b.merge(&said_2);
    b.merge(&said_3);

    // At 5.53 s.
    let said_5 = b.apply([
        Operation::Register { node: "a".parse()?, range: KeyRange::try_from(10..21)? },
    ])?;
    a.merge(&said_1);
    a.merge(&said_2);
    a.merge(&said_3);

    // At 6.17 s.
    let said_6 = a.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(4..34)? },
        Operation::Release { node: "a".parse()?, range: KeyRange::try_from(12..52)? },
    ])?;
    c.merge(&said_5);
    c.merge(&said_6);

    // At 7.44 s.
    let said_7 = c.apply([
        Operation::Increase { node: "a".parse()?, range: KeyRange::try_from(36..71)?, by: 1.try_into()? },
    ])?;

    // At 7.44 s.
    let said_8 = c.apply([
        Operation::Register { node: "c".parse()?, range: KeyRange::try_from(13..19)? },
        Operation::Decrease { node: "a".parse()?, range: KeyRange::try_from(32..69)?, by: 1.try_into()? },
    ])?;

    // At 8.61 s.
    let said_9 = c.apply([
        Operation::Register { node: "a".parse()?, range: KeyRange::try_from(23..32)? },
    ])?;
    b.merge(&said_6);

    // At 9.11 s.
    let said_10 = b.apply([
        Operation::Register { node: "a".parse()?, range: KeyRange::try_from(13..20)? },
    ])?;
    c.merge(&said_4);

    // At 10.96 s.
    let said_11 = c.apply([
        Operation::Register { node: "d".parse()?, range: KeyRange::try_from(37..54)? },
    ])?;
    b.merge(&said_11);

    // At 11.23 s.
    let said_12 = b.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(6..22)? },
        Operation::Decrease { node: "c".parse()?, range: KeyRange::try_from(31..41)?, by: 8.try_into()? },
    ])?;
    c.merge(&said_10);
    c.merge(&said_12);

    // At 11.68 s.
    let said_13 = c.apply([
        Operation::Decrease { node: "c".parse()?, range: KeyRange::try_from(0..32)?, by: 2.try_into()? },
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(26..31)? },
    ])?;
    b.merge(&said_4);
    b.merge(&said_7);
    b.merge(&said_8);
    b.merge(&said_9);
    b.merge(&said_13);
    d.merge(&said_5);
    d.merge(&said_6);
    d.merge(&said_7);
    d.merge(&said_8);
    d.merge(&said_9);
    d.merge(&said_10);
    d.merge(&said_11);
    d.merge(&said_12);
    d.merge(&said_13);
    a2.merge(&said_1);
    a2.merge(&said_2);
    a2.merge(&said_3);
    a2.merge(&said_4);
    a2.merge(&said_5);
    a2.merge(&said_6);
    a2.merge(&said_7);
    a2.merge(&said_8);
    a2.merge(&said_9);
    a2.merge(&said_10);
    a2.merge(&said_11);
    a2.merge(&said_12);
    a2.merge(&said_13);

    // What each answers at 13.26 s.
    let told = |map: &RangeMap<u64>| map.owners(&20).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&b), ["a:1", "b:1", "c:1"]);
    assert_eq!(told(&c), ["a:1", "b:1", "c:1"]);
    assert_eq!(told(&d), ["a:1", "b:1", "c:1"]);
    assert_eq!(told(&a2), ["a:1", "b:1", "c:1"]);
    Ok(())
}
