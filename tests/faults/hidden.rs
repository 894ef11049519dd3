//! Resets that show in nothing that is held: whoever passes them on has to pass on what they did.

use crdt_range_map::{RangeMap, ReplicaId, Version};

use crate::kit::builders::{between, named};

#[test]
fn a_reset_of_a_record_that_its_writer_has_dropped_is_passed_on_with_that_drop() {
    let node = named("node-b");
    let range = between(0u64, 100);
    let map = |id| RangeMap::<u64>::new(ReplicaId::new(id));
    let (mut first, mut second, mut releasing, mut late, mut listening) =
        (map(55433), map(15838), map(31676), map(7919), map(9));
    let before = late.register(&node, &between(5, 6)).unwrap();
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
    let before = returned.state().version().clone();
    returned.merge(&late.delta_since(&before).unwrap());
    // It need not be able to tell what came of it.
    let news = returned.delta_since(&before).unwrap_or_else(|| returned.state().clone());
    listening.merge(&news);
    assert_eq!(listening.priority(&node, &range), None, "{news:?}");
}

#[test]
fn a_log_that_cannot_hold_all_that_was_dropped_tells_none_of_what_was_done_to_that() {
    let node = named("n");
    let range = |start: u64| between(start, start + 3);
    let map = |id| RangeMap::<u64>::new(ReplicaId::new(id));
    for capacity in [0, 100, 300, 500, 700, 1_000, 2_000, 5_000, 1 << 20] {
        let (mut writer, mut releasing, mut telling) = (map(1), map(2), map(3));
        let mut listening = map(4);
        telling.set_log_capacity(capacity);
        for start in 0..40 {
            let registered = writer.register(&node, &range(start)).unwrap();
            for other in [&mut releasing, &mut telling, &mut listening] {
                other.merge(&registered);
            }
        }
        _ = releasing.register(&node, &range(100)).unwrap();
        let release = releasing.release(&node, &range(7)).unwrap();
        telling.merge(&release);
        writer.merge(&release);
        (0..40).for_each(|start| drop(writer.release(&node, &range(start)).unwrap()));
        telling.merge(writer.state());
        // To somebody who knows that all is dropped, and not that one of them was released before.
        let released = release.context().difference(listening.state().context());
        let version = Version::from(writer.state().context().difference(&released));
        let Some(told) = telling.delta_since(&version) else { continue };
        listening.merge(&told);
        let knows_release = listening.state().context().includes(&released);
        assert!(!knows_release || listening.priority(&node, &range(7)).is_none(), "{capacity}: {told:?}");
    }
}
