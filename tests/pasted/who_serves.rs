use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut b = RangeMap::<u64>::new(ReplicaId::new(2));
    let mut c = RangeMap::<u64>::new(ReplicaId::new(3));

    // At 0.00 s.
    let said_1 = a.apply([
        Operation::Register { node: "oak".parse()?, range: KeyRange::try_from(40..300)? },
        Operation::Increase { node: "oak".parse()?, range: KeyRange::try_from(40..300)?, by: 2.try_into()? },
        Operation::Register { node: "maple".parse()?, range: KeyRange::try_from(120..620)? },
        Operation::Increase { node: "maple".parse()?, range: KeyRange::try_from(120..620)?, by: 1.try_into()? },
        Operation::Register { node: "elm".parse()?, range: KeyRange::try_from(560..790)? },
        Operation::Increase { node: "elm".parse()?, range: KeyRange::try_from(560..790)?, by: 1.try_into()? },
        Operation::Register { node: "oak".parse()?, range: KeyRange::try_from(240..430)? },
    ])?;
    b.merge(&said_1);

    // At 0.90 s.
    let said_2 = b.apply([
        Operation::Register { node: "elm".parse()?, range: KeyRange::try_from(860..1000)? },
    ])?;
    a.merge(&said_2);

    // At 3.00 s.
    let said_3 = a.apply([
        Operation::Increase { node: "maple".parse()?, range: KeyRange::try_from(120..620)?, by: 3.try_into()? },
    ])?;
    c.merge(&said_1);
    c.merge(&said_2);

    // At 4.20 s.
    let said_4 = c.apply([
        Operation::Register { node: "birch".parse()?, range: KeyRange::try_from(300..700)? },
        Operation::Increase { node: "birch".parse()?, range: KeyRange::try_from(300..700)?, by: 2.try_into()? },
    ])?;
    a.merge(&said_4);
    b.merge(&said_3);
    b.merge(&said_4);
    c.merge(&said_3);

    // What each answers at 10.00 s.
    let told = |map: &RangeMap<u64>| map.owners(&420).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&a), ["maple:5", "birch:3", "oak:1"]);
    assert_eq!(told(&b), ["maple:5", "birch:3", "oak:1"]);
    assert_eq!(told(&c), ["maple:5", "birch:3", "oak:1"]);
    Ok(())
}
