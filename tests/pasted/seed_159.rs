use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut b = RangeMap::<u64>::new(ReplicaId::new(2));
    let mut d = RangeMap::<u64>::new(ReplicaId::new(3));
    let mut d2 = RangeMap::<u64>::new(ReplicaId::new(4));

    // At 0.67 s.
    let said_1 = d.apply([
        Operation::Release { node: "c".parse()?, range: KeyRange::try_from(16..30)? },
        Operation::Register { node: "d".parse()?, range: KeyRange::from(8..) },
    ])?;
    b.merge(&said_1);

    // At 1.39 s.
    let said_2 = b.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(38..45)? },
        Operation::Increase { node: "b".parse()?, range: KeyRange::from(7..), by: 8.try_into()? },
    ])?;
    d.merge(&said_2);

    // At 1.69 s.
    let said_3 = d.apply([
        Operation::Increase { node: "b".parse()?, range: KeyRange::try_from(37..47)?, by: 4.try_into()? },
        Operation::Decrease { node: "b".parse()?, range: KeyRange::from(10..), by: 1.try_into()? },
    ])?;

    // At 1.95 s.
    let said_4 = d.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(36..67)? },
        Operation::Increase { node: "c".parse()?, range: KeyRange::try_from(21..47)?, by: 8.try_into()? },
    ])?;
    b.merge(&said_3);
    b.merge(&said_4);

    // At 2.63 s.
    let said_5 = b.apply([
        Operation::Release { node: "d".parse()?, range: KeyRange::try_from(26..37)? },
        Operation::Increase { node: "d".parse()?, range: KeyRange::try_from(18..34)?, by: 8.try_into()? },
    ])?;

    // At 3.27 s.
    let said_6 = b.apply([
        Operation::Register { node: "d".parse()?, range: KeyRange::from(33..) },
    ])?;
    d.merge(&said_5);
    d.merge(&said_6);

    // At 3.65 s.
    let said_7 = d.apply([
        Operation::Increase { node: "b".parse()?, range: KeyRange::try_from(6..11)?, by: 6.try_into()? },
        Operation::Register { node: "a".parse()?, range: KeyRange::try_from(22..30)? },
    ])?;
    b.merge(&said_7);

    // At 4.44 s.
    let said_8 = b.apply([
        Operation::Register { node: "d".parse()?, range: KeyRange::try_from(36..59)? },
    ])?;
    d.merge(&said_8);

    // At 4.61 s.
    let said_9 = d.apply([
        Operation::Register { node: "a".parse()?, range: KeyRange::try_from(14..36)? },
    ])?;
    a.merge(&said_1);
    a.merge(&said_2);
    a.merge(&said_3);
    a.merge(&said_4);
    a.merge(&said_5);
    a.merge(&said_6);
    a.merge(&said_7);
    a.merge(&said_8);
    a.merge(&said_9);

    // At 6.41 s.
    let said_10 = a.apply([
        Operation::Increase { node: "b".parse()?, range: KeyRange::try_from(38..40)?, by: 5.try_into()? },
        Operation::Release { node: "b".parse()?, range: KeyRange::try_from(25..30)? },
    ])?;
    b.merge(&said_9);
    b.merge(&said_10);

    // At 8.06 s.
    let said_11 = b.apply([
        Operation::Register { node: "a".parse()?, range: KeyRange::try_from(26..42)? },
    ])?;

    // At 8.09 s.
    let said_12 = b.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(23..57)? },
        Operation::Register { node: "d".parse()?, range: KeyRange::try_from(25..66)? },
    ])?;
    d.merge(&said_10);
    d.merge(&said_11);
    d.merge(&said_12);

    // At 8.47 s.
    let said_13 = d.apply([
        Operation::Increase { node: "d".parse()?, range: KeyRange::try_from(1..39)?, by: 6.try_into()? },
        Operation::Register { node: "d".parse()?, range: KeyRange::try_from(30..65)? },
    ])?;
    d2.merge(&said_1);
    d2.merge(&said_2);
    d2.merge(&said_3);
    d2.merge(&said_4);
    d2.merge(&said_5);
    d2.merge(&said_6);
    d2.merge(&said_7);
    d2.merge(&said_8);
    d2.merge(&said_9);
    d2.merge(&said_10);
    d2.merge(&said_11);
    d2.merge(&said_12);
    d2.merge(&said_13);

    // At 10.20 s.
    let said_14 = d2.apply([
        Operation::Register { node: "d".parse()?, range: KeyRange::try_from(9..48)? },
    ])?;
    a.merge(&said_11);
    a.merge(&said_12);
    a.merge(&said_13);
    a.merge(&said_14);

    // At 10.62 s.
    let said_15 = a.apply([
        Operation::Increase { node: "d".parse()?, range: KeyRange::try_from(27..31)?, by: 1.try_into()? },
    ])?;

    // At 11.17 s.
    let said_16 = a.apply([
        Operation::Decrease { node: "d".parse()?, range: KeyRange::try_from(34..70)?, by: 6.try_into()? },
        Operation::Increase { node: "a".parse()?, range: KeyRange::try_from(32..34)?, by: 3.try_into()? },
    ])?;

    // At 12.11 s.
    let said_17 = a.apply([
        Operation::Increase { node: "a".parse()?, range: KeyRange::from(27..), by: 3.try_into()? },
    ])?;
    d2.merge(&said_15);
    d2.merge(&said_16);
    d2.merge(&said_17);

    // At 15.03 s.
    let said_18 = d2.apply([
        Operation::Increase { node: "b".parse()?, range: KeyRange::try_from(6..22)?, by: 1.try_into()? },
    ])?;
    b.merge(&said_13);
    b.merge(&said_14);
    b.merge(&said_15);
    b.merge(&said_16);
    b.merge(&said_17);

    // At 15.53 s.
    _ = b.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(25..41)? },
        Operation::Increase { node: "d".parse()?, range: KeyRange::try_from(33..71)?, by: 4.try_into()? },
    ])?;
    a.merge(&said_18);

    // What each answers at 15.53 s.
    let told = |map: &RangeMap<u64>| map.owners(&20).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&a), ["b:8", "d:8", "a:1"]);
    assert_eq!(told(&b), ["b:8", "d:8", "a:1"]);
    assert_eq!(told(&d2), ["b:8", "d:8", "a:1"]);
    Ok(())
}
