use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut b = RangeMap::<u64>::new(ReplicaId::new(2));
    let mut c = RangeMap::<u64>::new(ReplicaId::new(3));
    let mut d = RangeMap::<u64>::new(ReplicaId::new(4));

    // At 0.62 s.
    let said_1 = d.apply([
        Operation::Register { node: "a".parse()?, range: KeyRange::try_from(6..15)? },
        Operation::Decrease { node: "c".parse()?, range: KeyRange::try_from(7..9)?, by: 5.try_into()? },
    ])?;
    b.merge(&said_1);

    // At 0.97 s.
    let said_2 = b.apply([
        Operation::Decrease { node: "d".parse()?, range: KeyRange::try_from(19..34)?, by: 6.try_into()? },
        Operation::Increase { node: "d".parse()?, range: KeyRange::try_from(12..35)?, by: 6.try_into()? },
    ])?;
    a.merge(&said_1);
    a.merge(&said_2);

    // At 2.41 s.
    let said_3 = a.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(14..26)? },
    ])?;

    // At 5.48 s.
    let said_4 = a.apply([
        Operation::Increase { node: "d".parse()?, range: KeyRange::try_from(31..47)?, by: 6.try_into()? },
        Operation::Register { node: "a".parse()?, range: KeyRange::try_from(29..56)? },
    ])?;
    d.merge(&said_2);
    d.merge(&said_3);
    d.merge(&said_4);

    // At 7.62 s.
    let said_5 = d.apply([
        Operation::Increase { node: "c".parse()?, range: KeyRange::try_from(14..38)?, by: 6.try_into()? },
    ])?;

    // At 8.26 s.
    let said_6 = d.apply([
        Operation::Increase { node: "c".parse()?, range: KeyRange::try_from(38..60)?, by: 3.try_into()? },
        Operation::Decrease { node: "b".parse()?, range: KeyRange::try_from(35..41)?, by: 4.try_into()? },
    ])?;

    // At 9.57 s.
    let said_7 = a.apply([
        Operation::Increase { node: "a".parse()?, range: KeyRange::try_from(20..59)?, by: 4.try_into()? },
    ])?;
    c.merge(&said_1);
    c.merge(&said_2);
    c.merge(&said_3);
    c.merge(&said_4);
    c.merge(&said_5);
    c.merge(&said_6);

    // At 10.45 s.
    let said_8 = c.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(0..2)? },
    ])?;

    // At 11.41 s.
    let said_9 = c.apply([
        Operation::Release { node: "d".parse()?, range: KeyRange::try_from(21..44)? },
        Operation::Increase { node: "d".parse()?, range: KeyRange::try_from(29..64)?, by: 9.try_into()? },
    ])?;
    d.merge(&said_7);
    d.merge(&said_8);

    // At 14.01 s.
    let said_10 = d.apply([
        Operation::Register { node: "c".parse()?, range: KeyRange::try_from(13..46)? },
        Operation::Increase { node: "b".parse()?, range: KeyRange::try_from(9..29)?, by: 5.try_into()? },
    ])?;
    d.merge(&said_9);

    // At 16.22 s.
    let said_11 = d.apply([
        Operation::Register { node: "c".parse()?, range: KeyRange::try_from(15..36)? },
        Operation::Register { node: "b".parse()?, range: KeyRange::from(30..) },
    ])?;

    // At 16.81 s.
    let said_12 = d.apply([
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(34..48)? },
        Operation::Release { node: "d".parse()?, range: KeyRange::try_from(25..61)? },
    ])?;
    c.merge(&said_7);
    c.merge(&said_10);
    c.merge(&said_11);
    c.merge(&said_12);

    // At 16.92 s.
    let said_13 = c.apply([
        Operation::Register { node: "d".parse()?, range: KeyRange::try_from(12..44)? },
        Operation::Register { node: "d".parse()?, range: KeyRange::try_from(34..36)? },
    ])?;
    d.merge(&said_13);

    // At 17.66 s.
    let said_14 = d.apply([
        Operation::Register { node: "c".parse()?, range: KeyRange::try_from(14..44)? },
        Operation::Register { node: "b".parse()?, range: KeyRange::try_from(4..36)? },
    ])?;

    // At 19.39 s.
    let said_15 = d.apply([
        Operation::Increase { node: "a".parse()?, range: KeyRange::try_from(18..26)?, by: 5.try_into()? },
    ])?;
    a.merge(&said_5);
    a.merge(&said_6);
    a.merge(&said_8);
    a.merge(&said_9);
    a.merge(&said_10);
    a.merge(&said_11);
    a.merge(&said_12);
    a.merge(&said_13);
    a.merge(&said_14);
    a.merge(&said_15);
    c.merge(&said_14);
    c.merge(&said_15);

    // What each answers at 19.85 s.
    let told = |map: &RangeMap<u64>| map.owners(&20).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&a), ["c:6", "d:6", "a:5", "b:5"]);
    assert_eq!(told(&c), ["c:6", "d:6", "a:5", "b:5"]);
    assert_eq!(told(&d), ["c:6", "d:6", "a:5", "b:5"]);
    Ok(())
}
