//! Nothing unsaved leaves.

use crdt_range_map::sync::{Broadcast, Config, Mesh};
use crdt_range_map::{RangeMap, ReplicaId};

use crate::kit::builders::{between, named};
use crate::kit::random::Random;

/// A merge makes a replica drop a record, which is an effect of its own: no message tells of it until it is saved.
#[test]
fn what_a_merge_makes_is_held_back_until_it_is_saved() {
    let (node, range) = (named("node"), between(0u64, 10));
    for is_mesh in [false, true] {
        let mut random = Random(4);
        let mut random = || random.next();
        let mut durable = RangeMap::<u64>::new(ReplicaId::new(1));
        let mut other = RangeMap::<u64>::new(ReplicaId::new(2));
        durable.set_saved(Some(0));
        other.merge(&durable.register(&node, &range).unwrap());
        durable.set_saved(Some(1));
        let released = other.release(&node, &range).unwrap();
        let mut speaker = Broadcast::join(Config::default(), 0, &mut random).unwrap();
        speaker.publish(&released);
        let mut posts = Vec::new();
        while let Some(bytes) = speaker.poll(&other, 0, &mut random) {
            posts.push(bytes);
        }
        let mut mesh = Mesh::new(Config::default(), 4).unwrap();
        let mut broadcast = Broadcast::join(Config::default(), 0, &mut random).unwrap();
        (0..3).for_each(|link| mesh.open(link, 0, &mut random));
        while !is_mesh && broadcast.poll(&durable, 0, &mut random).is_some() {}
        while is_mesh && mesh.poll(&durable, 0, &mut random).is_some() {}
        for bytes in &posts {
            match is_mesh {
                true => drop(mesh.receive(&mut durable, 0, bytes, 1, &mut random)),
                false => drop(broadcast.receive(&mut durable, bytes, 1, &mut random)),
            }
        }
        assert_eq!(durable.last_own_seq(), 2, "it dropped its record");
        let mut next = |durable: &RangeMap<u64>, now_ms| match is_mesh {
            true => mesh.poll(durable, now_ms, &mut random).is_some(),
            false => broadcast.poll(durable, now_ms, &mut random).is_some(),
        };
        for now_ms in (1..100_000).step_by(50) {
            assert!(!next(&durable, now_ms), "{is_mesh}: something unsaved left after {now_ms} ms");
        }
        durable.set_saved(Some(2));
        assert!(next(&durable, 100_000));
    }
}
