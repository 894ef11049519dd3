//! Two replicas that exchange deltas by hand: `cargo run --example two_replicas`.

use std::error::Error;

use crdt_range_map::{Delta, KeyRange, NodeId, RangeMap, ReplicaId, Version};

fn show(whose: &str, map: &RangeMap<u64>) {
    println!("{whose}:");
    map.for_each_split(|split| println!("    {split}"));
}

fn main() -> Result<(), Box<dyn Error>> {
    let [a, b]: [NodeId; 2] = ["node-a".parse()?, "node-b".parse()?];
    let (wide, right) = (KeyRange::try_from(0..100)?, KeyRange::try_from(50..150)?);
    let mut here = RangeMap::new(ReplicaId::new(1));
    let mut there = RangeMap::new(ReplicaId::new(2));

    // What one does travels as bytes; on the other side it tells which owners may have changed.
    let bytes = here.register(&a, &wide)?.encode();
    let changes = there.merge(&Delta::decode(&bytes)?);
    println!("owners changed within {}", changes.ranges()[0]);

    // They are apart: here releases what it knows, and there goes on.
    let released = here.release(&a, &wide)?;
    let increased = there.increase(&a, &wide, 5.try_into()?)?;
    let registered = there.register(&b, &right)?;
    show("here, apart", &here);
    show("there, apart", &there);

    // In any order, and more than once: both show the same. The release took only what it had seen, so the 5 are left.
    there.merge(&released);
    for delta in [&registered, &increased, &registered] {
        here.merge(delta);
    }
    show("here", &here);
    assert_eq!(here.state(), there.state());

    // Or one asks what it lacks.
    let mut third = RangeMap::<u64>::new(ReplicaId::new(3));
    let question = third.state().version().encode();
    let version = Version::decode(&question)?;
    let answer = here.delta_since(&version).unwrap_or_else(|| here.state().clone()).encode();
    println!("a third one is told all in {} bytes", answer.len());
    third.merge(&Delta::decode(&answer)?);
    assert_eq!(third.owners(&70), here.owners(&70));
    Ok(())
}
