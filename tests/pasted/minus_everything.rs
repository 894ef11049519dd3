use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut b = RangeMap::<u64>::new(ReplicaId::new(2));

    // At 0.00 s.
    let said_1 = a.apply([
        Operation::Register { node: "oak".parse()?, range: KeyRange::try_from(0..1000)? },
        Operation::Register { node: "maple".parse()?, range: KeyRange::try_from(300..600)? },
        Operation::Increase { node: "maple".parse()?, range: KeyRange::try_from(300..600)?, by: 4.try_into()? },
    ])?;

    // At 2.50 s.
    let said_2 = a.apply([
        Operation::Increase { node: "maple".parse()?, range: KeyRange::try_from(300..600)?, by: 1.try_into()? },
    ])?;
    b.merge(&said_1);

    // At 3.50 s.
    let said_3 = b.apply([
        Operation::Release { node: "maple".parse()?, range: KeyRange::try_from(300..600)? },
    ])?;
    a.merge(&said_3);
    b.merge(&said_2);

    // What each answers at 9.50 s.
    let told = |map: &RangeMap<u64>| map.owners(&420).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&a), ["maple:1", "oak:1"]);
    assert_eq!(told(&b), ["maple:1", "oak:1"]);
    Ok(())
}
