//! Resets that show in nothing that is held: whoever passes them on has to pass on what they did.

use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};

#[test]
fn a_reset_of_a_record_that_its_writer_has_dropped_is_passed_on_with_that_drop() {
    let node = NodeId::new("node-b").unwrap();
    let range = KeyRange::new(0u64, 100).unwrap();
    let map = |id| RangeMap::<u64>::new(ReplicaId::new(id));
    let (mut first, mut second, mut releasing, mut late, mut listening) =
        (map(55433), map(15838), map(31676), map(7919), map(9));
    let before = late.register(&node, &KeyRange::new(5, 6).unwrap()).unwrap();
    first.merge(&before);
    let of_first = first.register(&node, &range).unwrap();
    let of_second = second.register(&node, &range).unwrap();
    listening.merge(&of_first);
    for other in [&mut releasing, &mut late] {
        other.merge(&of_first);
        other.merge(&of_second);
    }
    let release = releasing.release(&node, &range).unwrap();
    let saved_late = late.clone();
    // Both writers drop what was reset.
    for writer in [&mut first, &mut second] {
        writer.merge(&release);
    }
    let dropped = second.state().clone();
    first.merge(&dropped);
    let mut late = saved_late;
    let again = late.release(&node, &range).unwrap();
    assert!(!again.is_empty());
    late.merge(first.state());
    // The first writer returns from its save.
    let mut returned = map(55433);
    returned.merge(first.state());
    let before = returned.state().context().clone();
    returned.merge(&late.delta_since(&before).unwrap());
    // It need not be able to tell what came of it.
    let news = returned.delta_since(&before).unwrap_or_else(|| returned.state().clone());
    listening.merge(&news);
    assert_eq!(listening.priority(&node, &range), None, "{news:?}");
}
