use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));

    // At 0.00 s.
    _ = a.apply([
        Operation::Register { node: "oak".parse()?, range: KeyRange::try_from(0..250)? },
        Operation::Increase { node: "oak".parse()?, range: KeyRange::try_from(0..250)?, by: 1.try_into()? },
    ])?;

    // What it answers at 1.50 s.
    let told = |map: &RangeMap<u64>| map.owners(&120).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&a), ["oak:2"]);
    Ok(())
}
