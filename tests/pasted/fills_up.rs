use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut b = RangeMap::<u64>::new(ReplicaId::new(2));
    let mut c = RangeMap::<u64>::new(ReplicaId::new(3));

    // At 0.00 s.
    let said_1 = a.apply([
        Operation::Register { node: "maple".parse()?, range: KeyRange::try_from(0..1000)? },
    ])?;
    b.merge(&said_1);

    // At 4.20 s.
    let said_2 = b.apply([
        Operation::Register { node: "oak".parse()?, range: KeyRange::try_from(540..740)? },
        Operation::Increase { node: "oak".parse()?, range: KeyRange::try_from(540..740)?, by: 1.try_into()? },
    ])?;
    c.merge(&said_1);

    // At 4.20 s.
    let said_3 = c.apply([
        Operation::Register { node: "elm".parse()?, range: KeyRange::try_from(740..1000)? },
        Operation::Increase { node: "elm".parse()?, range: KeyRange::try_from(740..1000)?, by: 1.try_into()? },
    ])?;
    a.merge(&said_2);
    a.merge(&said_3);

    // At 8.20 s.
    let said_4 = a.apply([
        Operation::Tighten { node: "maple".parse()?, range: KeyRange::try_from(0..1000)?, to: KeyRange::try_from(0..540)? },
    ])?;
    b.merge(&said_3);
    b.merge(&said_4);
    c.merge(&said_2);
    c.merge(&said_4);

    // What each answers at 12.00 s.
    let told = |map: &RangeMap<u64>| map.owners(&700).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&a), ["oak:2"]);
    assert_eq!(told(&b), ["oak:2"]);
    assert_eq!(told(&c), ["oak:2"]);
    Ok(())
}
