use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut b = RangeMap::<u64>::new(ReplicaId::new(2));
    let mut c = RangeMap::<u64>::new(ReplicaId::new(3));
    let mut d = RangeMap::<u64>::new(ReplicaId::new(4));

    // At 0.00 s.
    let said_1 = a.apply([
        Operation::Register { node: "oak".parse()?, range: KeyRange::try_from(0..600)? },
        Operation::Register { node: "elm".parse()?, range: KeyRange::try_from(400..1000)? },
    ])?;
    b.merge(&said_1);

    // At 1.00 s.
    let said_2 = b.apply([
        Operation::Register { node: "maple".parse()?, range: KeyRange::try_from(250..750)? },
    ])?;
    c.merge(&said_1);

    // At 1.70 s.
    let said_3 = c.apply([
        Operation::Increase { node: "elm".parse()?, range: KeyRange::try_from(400..1000)?, by: 2.try_into()? },
    ])?;
    a.merge(&said_2);
    a.merge(&said_3);

    // At 2.40 s.
    let said_4 = a.apply([
        Operation::Release { node: "oak".parse()?, range: KeyRange::try_from(0..600)? },
    ])?;
    b.merge(&said_3);

    // At 3.00 s.
    let said_5 = b.apply([
        Operation::Increase { node: "maple".parse()?, range: KeyRange::try_from(250..750)?, by: 4.try_into()? },
    ])?;
    c.merge(&said_2);
    c.merge(&said_4);
    c.merge(&said_5);

    // At 5.20 s.
    let said_6 = c.apply([
        Operation::Register { node: "birch".parse()?, range: KeyRange::try_from(100..520)? },
    ])?;
    a.merge(&said_5);

    // At 5.60 s.
    let said_7 = a.apply([
        Operation::Register { node: "ash".parse()?, range: KeyRange::try_from(500..560)? },
    ])?;
    a.merge(&said_6);
    c.merge(&said_7);
    d.merge(&said_1);
    d.merge(&said_2);
    d.merge(&said_3);
    d.merge(&said_4);
    d.merge(&said_5);
    d.merge(&said_6);
    d.merge(&said_7);

    // What each answers at 16.00 s.
    let told = |map: &RangeMap<u64>| map.owners(&510).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&a), ["maple:5", "elm:3", "ash:1", "birch:1"]);
    assert_eq!(told(&c), ["maple:5", "elm:3", "ash:1", "birch:1"]);
    assert_eq!(told(&d), ["maple:5", "elm:3", "ash:1", "birch:1"]);
    Ok(())
}
