//! Releases that were half heard, and writers that are lost.

use crdt_range_map::{RangeMap, ReplicaId};

use crate::kit::builders::{by, node, range};

fn maps<const N: usize>() -> [RangeMap<u64>; N] {
    let mut id = 0;
    [(); N].map(|()| {
        id += 1;
        RangeMap::new(ReplicaId::new(id))
    })
}

/// A and D contribute; A releases; only B hears it, adds 1, and is lost with A. The others show what the release left.
#[test]
fn who_hears_of_a_registration_after_a_release_hears_all_of_the_release() {
    for by_state in [false, true] {
        let [mut a, mut b, mut c, mut d] = maps();
        let first = a.increase(&node(0), &range(0), by(2)).unwrap();
        let second = d.increase(&node(0), &range(0), by(4)).unwrap();
        for map in [&mut a, &mut b, &mut c, &mut d] {
            map.merge(&first);
            map.merge(&second);
            assert_eq!(map.priority(&node(0), &range(0)), Some(6));
        }
        let released = a.release(&node(0), &range(0)).unwrap();
        b.merge(if by_state { a.state() } else { &released });
        let more = b.increase(&node(0), &range(0), by(1)).unwrap();
        for map in [&mut c, &mut d] {
            map.merge(&more);
            assert_eq!(map.priority(&node(0), &range(0)), Some(1), "{by_state}");
        }
    }
}

/// Writers whose last effect nobody heard, and who are retired, leave as little as those of whom all was heard.
#[test]
fn a_lost_effect_of_a_retired_writer_leaves_nothing_behind() {
    let size = |has_lost: bool| {
        let [mut one, mut other] = maps();
        for id in 100..300 {
            let mut lost = RangeMap::new(ReplicaId::new(id));
            let mut deltas = vec![lost.register(&node(0), &range(id)).unwrap()];
            if has_lost {
                _ = lost.register(&node(0), &range(id + 5)).unwrap();
            }
            deltas.push(lost.increase(&node(0), &range(id), by(3)).unwrap());
            for map in [&mut one, &mut other] {
                deltas.iter().for_each(|delta| drop(map.merge(delta)));
            }
            let released = one.release(&node(0), &range(id)).unwrap();
            other.merge(&released);
            _ = one.retire(ReplicaId::new(id));
        }
        meet(&mut one, &mut other);
        _ = one.maintain();
        meet(&mut one, &mut other);
        one.state().encode().len()
    };
    let [clean, lost] = [false, true].map(size);
    assert_eq!(lost, clean);
    assert!(clean < 200 * 12 + 100, "{clean} bytes");
}

/// What somebody else had heard of a writer that is retired counts.
#[test]
fn what_another_had_heard_of_a_retired_writer_counts() {
    let [mut writer, mut one, mut other] = maps();
    let first = writer.increase(&node(0), &range(0), by(4)).unwrap();
    one.merge(&first);
    other.merge(&first);
    other.merge(&writer.increase(&node(0), &range(0), by(3)).unwrap());
    other.merge(&writer.register(&node(0), &range(50)).unwrap());
    _ = one.release(&node(0), &range(0)).unwrap();
    _ = one.retire(writer.replica());
    meet(&mut one, &mut other);
    _ = one.maintain();
    meet(&mut one, &mut other);
    for map in [&one, &other] {
        assert_eq!(map.priority(&node(0), &range(0)), Some(3), "only +4 was released");
        assert_eq!(map.priority(&node(0), &range(50)), Some(1));
    }
}

/// So it does if whoever declared that releases a registration before it meets who heard more.
#[test]
fn a_release_takes_nothing_of_what_another_had_heard_of_a_retired_writer() {
    let [mut writer, mut one, mut other] = maps();
    let first = writer.increase(&node(0), &range(0), by(4)).unwrap();
    one.merge(&first);
    other.merge(&first);
    other.merge(&writer.increase(&node(0), &range(0), by(3)).unwrap());
    _ = one.retire(writer.replica());
    _ = one.release(&node(0), &range(0)).unwrap();
    meet(&mut one, &mut other);
    assert_eq!(one.priority(&node(0), &range(0)), Some(3), "only +4 was released");
    // From now on nobody can have heard more: what is released is forgotten at once.
    _ = one.maintain();
    meet(&mut one, &mut other);
    _ = one.release(&node(0), &range(0)).unwrap();
    meet(&mut one, &mut other);
    assert_eq!(one.registrations().count(), 0);
    assert!(one.state().encode().len() < 60, "{} bytes", one.state().encode().len());
}

fn meet(one: &mut RangeMap<u64>, other: &mut RangeMap<u64>) {
    for _ in 0..3 {
        one.merge(&other.state().clone());
        other.merge(&one.state().clone());
    }
    assert_eq!(one.state(), other.state());
}
