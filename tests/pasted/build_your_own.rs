use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut b = RangeMap::<u64>::new(ReplicaId::new(2));
    let mut c = RangeMap::<u64>::new(ReplicaId::new(3));

    // At 0.00 s.
    let said_1 = a.apply([
        Operation::Register { node: "oak".parse()?, range: KeyRange::try_from(100..500)? },
        Operation::Register { node: "maple".parse()?, range: KeyRange::try_from(350..800)? },
        Operation::Increase { node: "maple".parse()?, range: KeyRange::try_from(350..800)?, by: 1.try_into()? },
    ])?;
    b.merge(&said_1);
    c.merge(&said_1);

    // What each answers at 1.50 s.
    let told = |map: &RangeMap<u64>| map.owners(&420).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&a), ["maple:2", "oak:1"]);
    assert_eq!(told(&b), ["maple:2", "oak:1"]);
    assert_eq!(told(&c), ["maple:2", "oak:1"]);
    Ok(())
}
