//! What the design promises, example by example. Each test's name is the promise.

use instances as _;
mod kit;

use crdt_range_map::{Delta, KeyRange, MoveError, NodeId, RangeMap, ReplicaId};
use kit::builders::{between as range, by, named as node};

fn replica(id: u64) -> RangeMap<u64> {
    RangeMap::new(ReplicaId::new(id))
}

/// The registration that most examples are about.
fn subject() -> (NodeId, KeyRange<u64>) {
    (node("n"), range(10, 20))
}

/// Brings the news of a delta; what the receiver drops in answer is lost.
fn deliver(map: &mut RangeMap<u64>, delta: &Delta<u64>) {
    let _ = map.merge(delta);
}

/// Lets two replicas exchange all they know, drops included.
fn exchange(a: &mut RangeMap<u64>, b: &mut RangeMap<u64>) {
    for _ in 0..2 {
        let _ = a.merge(b.state());
        let _ = b.merge(a.state());
    }
    assert_eq!(a.state(), b.state());
    assert_eq!(a.state().encode(), b.state().encode());
}

#[test]
fn only_the_part_that_a_release_had_not_observed_comes_back() {
    let (node, range) = subject();
    let [mut a, mut b, mut c] = [1, 2, 3].map(replica);
    let seen = a.increase(&node, &range, by(5)).unwrap();
    deliver(&mut b, &seen);
    deliver(&mut c, &seen);
    let release = b.release(&node, &range).unwrap();
    let increase = a.increase(&node, &range, by(1)).unwrap();
    deliver(&mut a, &release);
    deliver(&mut b, &increase);
    for delta in [&increase, &release, &increase] {
        deliver(&mut c, delta);
    }
    for map in [&a, &b, &c] {
        assert_eq!(map.priority(&node, &range), Some(1));
    }
}

#[test]
fn registering_is_idempotent() {
    let (node, range) = subject();
    let [mut a, mut b] = [1, 2].map(replica);
    let _ = a.register(&node, &range).unwrap();
    let _ = a.register(&node, &range).unwrap();
    assert_eq!(a.priority(&node, &range), Some(1), "twice at one replica");
    let _ = b.register(&node, &range).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(a.priority(&node, &range), Some(1), "at two concurrently");
    let _ = a.increase(&node, &range, by(2)).unwrap();
    let _ = a.register(&node, &range).unwrap();
    assert_eq!(a.priority(&node, &range), Some(3), "and an increase adds to the one");
}

#[test]
fn a_second_register_survives_a_release_that_had_not_observed_it() {
    let (node, range) = subject();
    let [mut a, mut b] = [1, 2].map(replica);
    deliver(&mut b, &a.register(&node, &range).unwrap());
    let again = a.register(&node, &range).unwrap();
    assert!(!again.is_empty());
    let release = b.release(&node, &range).unwrap();
    deliver(&mut a, &release);
    deliver(&mut b, &again);
    assert_eq!(a.priority(&node, &range), Some(1));
    assert_eq!(b.priority(&node, &range), Some(1));
}

#[test]
fn a_register_adds_one_to_increases_only_if_none_is_left() {
    let (node, range) = subject();
    let mut map = replica(1);
    let _ = map.increase(&node, &range, by(4)).unwrap();
    assert_eq!(map.priority(&node, &range), Some(4), "an implicit add");
    let _ = map.register(&node, &range).unwrap();
    assert_eq!(map.priority(&node, &range), Some(5));
    let _ = map.register(&node, &range).unwrap();
    assert_eq!(map.priority(&node, &range), Some(5));
}

#[test]
fn a_decrease_to_less_than_one_is_a_release() {
    let (node, range) = subject();
    for (amount, left) in [(3, Some(1)), (4, None), (5, None), (u32::MAX, None)] {
        let [mut a, mut b] = [1, 2].map(replica);
        deliver(&mut b, &a.increase(&node, &range, by(4)).unwrap());
        let decrease = b.decrease(&node, &range, by(amount)).unwrap();
        assert_eq!(b.priority(&node, &range), left);
        deliver(&mut a, &decrease);
        assert_eq!(a.priority(&node, &range), left);
        let _ = a.increase(&node, &range, by(1)).unwrap();
        assert_eq!(a.priority(&node, &range), Some(left.unwrap_or(0) + 1), "nothing lingers after a release");
    }
}

#[test]
fn a_decrease_or_release_of_what_is_not_there_says_nothing() {
    let (node, range) = subject();
    let mut map = replica(1);
    assert!(map.decrease(&node, &range, by(1)).unwrap().is_empty());
    assert!(map.release(&node, &range).unwrap().is_empty());
    assert!(map.state().is_empty());
    let _ = map.register(&node, &range).unwrap();
    let _ = map.release(&node, &range).unwrap();
    let state = map.state().clone();
    assert!(map.decrease(&node, &range, by(1)).unwrap().is_empty());
    assert!(map.release(&node, &range).unwrap().is_empty());
    assert_eq!(*map.state(), state);
}

/// Two replicas each take 2 from a 3 that both see.
fn residue() -> (RangeMap<u64>, RangeMap<u64>) {
    let (node, range) = subject();
    let [mut a, mut b] = [1, 2].map(replica);
    deliver(&mut b, &a.increase(&node, &range, by(3)).unwrap());
    let from_a = a.decrease(&node, &range, by(2)).unwrap();
    let from_b = b.decrease(&node, &range, by(2)).unwrap();
    deliver(&mut a, &from_b);
    deliver(&mut b, &from_a);
    assert_eq!(a.priority(&node, &range), None);
    assert_eq!(b.priority(&node, &range), None);
    (a, b)
}

#[test]
fn residue_is_not_visible_and_is_cleared_by_the_next_operation() {
    let (node, range) = subject();
    let (mut a, mut b) = residue();
    assert!(a.splits().is_empty());
    assert!(a.decrease(&node, &range, by(1)).unwrap().is_empty(), "a decrease does nothing");
    deliver(&mut b, &a.increase(&node, &range, by(2)).unwrap());
    assert_eq!(b.priority(&node, &range), Some(2), "not 2 − 1");

    let (mut a, mut b) = residue();
    deliver(&mut b, &a.register(&node, &range).unwrap());
    assert_eq!(b.priority(&node, &range), Some(1));

    let (mut a, mut b) = residue();
    assert!(!a.release(&node, &range).unwrap().is_empty(), "something is left to reset");
    exchange(&mut a, &mut b);
    let _ = b.increase(&node, &range, by(1)).unwrap();
    assert_eq!(b.priority(&node, &range), Some(1));
}

#[test]
fn residue_counts_for_a_concurrent_increase() {
    let (node, range) = subject();
    let [mut a, mut b, mut c] = [1, 2, 3].map(replica);
    let first = a.increase(&node, &range, by(3)).unwrap();
    deliver(&mut b, &first);
    deliver(&mut c, &first);
    let deltas = [
        a.decrease(&node, &range, by(2)).unwrap(),
        b.decrease(&node, &range, by(2)).unwrap(),
        c.increase(&node, &range, by(4)).unwrap(),
    ];
    for map in [&mut a, &mut b, &mut c] {
        deltas.iter().for_each(|delta| deliver(map, delta));
        assert_eq!(map.priority(&node, &range), Some(3), "3 − 2 − 2 + 4");
    }
}

#[test]
fn tightening_moves_the_priority_to_a_sub_range() {
    let node = node("n");
    let (wide, narrow) = (range(10, 20), range(12, 20));
    let mut map = replica(1);
    let _ = map.register(&node, &wide).unwrap();
    let _ = map.increase(&node, &wide, by(6)).unwrap();
    let delta = map.tighten(&node, &wide, &narrow).unwrap();
    assert_eq!(map.priority(&node, &wide), None);
    assert_eq!(map.priority(&node, &narrow), Some(7));

    let mut other = replica(2);
    let before = other.merge(&delta);
    assert!(!before.is_empty());
    assert_eq!(other.registrations().count(), 1);
    assert_eq!(other.priority(&node, &narrow), Some(7));
}

#[test]
fn tightening_onto_a_visible_sub_range_only_adds_what_is_missing() {
    let node = node("n");
    let (wide, narrow) = (range(10, 20), range(12, 20));
    for (there, left) in [(1, 5), (4, 5), (5, 6), (9, 10)] {
        let mut map = replica(1);
        let _ = map.increase(&node, &wide, by(5)).unwrap();
        let _ = map.increase(&node, &narrow, by(there)).unwrap();
        _ = map.tighten(&node, &wide, &narrow).unwrap();
        assert_eq!(
            map.priority(&node, &narrow),
            Some(left),
            "5 onto {there}, which a register makes one more"
        );
    }
}

#[test]
fn a_tighten_that_fails_changes_nothing() {
    let node = node("n");
    let wide = range(10, 20);
    let mut map = replica(1);
    let _ = map.register(&node, &wide).unwrap();
    let state = map.state().clone();
    for not_within in [range(10, 20), range(9, 20), range(10, 21), range(30, 40), KeyRange::from_start(10)] {
        assert_eq!(map.tighten(&node, &wide, &not_within), Err(MoveError::NotSubRange), "{not_within}");
    }
    assert_eq!(map.tighten(&node, &range(9, 20), &wide), Err(MoveError::NotRegistered));
    assert_eq!(*map.state(), state);
    assert!(map.tighten(&node, &wide, &range(10, 19)).is_ok());

    let _ = map.register(&node, &KeyRange::from_start(5)).unwrap();
    assert!(map.tighten(&node, &KeyRange::from_start(5), &KeyRange::from_start(6)).is_ok());
    assert!(map.tighten(&node, &KeyRange::from_start(6), &range(6, u64::MAX)).is_ok());
}

#[test]
fn the_deltas_of_a_replica_are_all_of_its_state() {
    let node = node("n");
    let mut map = replica(1);
    let mut deltas =
        vec![map.increase(&node, &range(0, 9), by(3)).unwrap(), map.register(&node, &range(0, 4)).unwrap()];
    deltas.push(map.tighten(&node, &range(0, 9), &range(0, 4)).unwrap());
    deltas.push(map.release(&node, &range(0, 4)).unwrap());
    let mut joined = Delta::default();
    for delta in &deltas {
        joined.merge(delta);
    }
    assert_eq!(joined, *map.state(), "no number of any operation is left unclaimed");
}

#[test]
fn a_delta_with_a_part_of_the_entries_never_deletes_the_others() {
    let node = node("n");
    let mut a = replica(1);
    let first = a.register(&node, &range(0, 10)).unwrap();
    let _lost = a.register(&node, &range(10, 20)).unwrap();
    let third = a.register(&node, &range(20, 30)).unwrap();
    let mut b = replica(2);
    deliver(&mut b, &third);
    assert_eq!(b.registrations().count(), 1);
    deliver(&mut b, &first);
    assert_eq!(b.registrations().count(), 2);
    deliver(&mut b, a.state());
    assert_eq!(b.registrations().count(), 3, "the lost one was never taken for dropped");
    deliver(&mut a, b.state());
    assert_eq!(a.registrations().count(), 3);
}

#[test]
fn a_drop_that_arrives_before_its_births_is_not_undone_by_them() {
    let (node, range) = subject();
    let mut a = replica(1);
    let births = [
        a.register(&node, &range).unwrap(),
        a.release(&node, &range).unwrap(),
        a.register(&node, &range).unwrap(),
    ];
    let _unrelated = a.register(&node, &KeyRange::full()).unwrap();
    let drop = a.release(&node, &range).unwrap();
    let mut b = replica(2);
    deliver(&mut b, &drop);
    for late in [2, 0, 1, 0, 2] {
        deliver(&mut b, &births[late]);
        assert_eq!(b.priority(&node, &range), None);
    }
}

#[test]
fn released_history_is_forgotten() {
    const REGISTERED: u64 = 1_000;
    const INCREASES_EACH: u64 = 10;
    let [mut a, mut b] = [1, 2].map(replica);
    let name = node("node-a");
    for at in 0..REGISTERED {
        let _ = a.register(&name, &range(at, at + 5)).unwrap();
        for _ in 0..INCREASES_EACH {
            let _ = a.increase(&name, &range(at, at + 5), by(3)).unwrap();
        }
    }
    deliver(&mut b, a.state());
    let bytes_full = b.state().encode().len() as u64;
    assert!(
        bytes_full < 25 * REGISTERED,
        "{bytes_full} bytes: one record a registration, however often it was increased"
    );
    for at in 0..REGISTERED {
        let _ = b.release(&name, &range(at, at + 5)).unwrap();
    }
    exchange(&mut a, &mut b);
    assert_eq!(a.registrations().count(), 0);
    let bytes = a.state().encode();
    assert!(bytes.len() <= 32, "{} bytes for two replicas and no registration", bytes.len());

    let _ = b.register(&name, &range(0, 5)).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(a.priority(&name, &range(0, 5)), Some(1), "what was forgotten can come again");
}

#[test]
fn nodes_are_named_by_1_to_255_bytes() {
    assert!(NodeId::new("").is_err());
    assert!(NodeId::new("n").is_ok());
    assert!(NodeId::new("n".repeat(255)).is_ok());
    assert!(NodeId::new("n".repeat(256)).is_err());
    assert!(NodeId::new("é".repeat(127)).is_ok());
    assert!(NodeId::new("é".repeat(128)).is_err());
}

#[test]
fn ranges_are_never_empty() {
    assert!(KeyRange::new(5u64, 5).is_err());
    assert!(KeyRange::new(6u64, 5).is_err());
    assert_eq!(KeyRange::<u64>::full(), KeyRange::from_start(0));
    assert_eq!(KeyRange::<String>::full().start(), "");
    assert_eq!(KeyRange::from_start(u64::MAX).end(), None);
}

#[test]
fn registrations_are_equal_only_if_all_three_parts_are() {
    let mut map = replica(1);
    for (name, range) in [("n", range(0, 5)), ("n", range(0, 6)), ("n", range(1, 5)), ("m", range(0, 5))] {
        let _ = map.register(&node(name), &range).unwrap();
    }
    assert_eq!(map.registrations().count(), 4);
    let _ = map.release(&node("n"), &range(0, 5)).unwrap();
    let left: Vec<String> =
        map.registrations().map(|it| format!("{} {} {}", it.range, it.node, it.priority)).collect();
    assert_eq!(left, ["[0, 5) m 1", "[0, 6) n 1", "[1, 5) n 1"], "by start, end, node");
}

#[test]
fn owners_are_ordered_by_priority_then_name_and_listed_once() {
    let mut map = replica(1);
    let _ = map.increase(&node("b"), &range(0, 10), by(3)).unwrap();
    let _ = map.register(&node("b"), &range(0, 20)).unwrap();
    let _ = map.increase(&node("a"), &range(0, 10), by(3)).unwrap();
    let _ = map.increase(&node("c"), &range(5, 10), by(9)).unwrap();
    let shown: Vec<String> = map.splits().iter().map(|split| split.to_string()).collect();
    assert_eq!(shown, ["[0, 5) a:3 b:3", "[5, 10) c:9 a:3 b:3", "[10, 20) b:1"]);
    assert_eq!(map.gaps().collect::<Vec<_>>(), [KeyRange::from_start(20)]);
}

/// Its own writer drops a record, and somebody who clears up after that writer's retirement drops it too. Each drop is named until
/// the context tells it by itself, whichever comes first.
#[test]
fn two_drops_of_one_record_commute() {
    let node = node("a");
    let [x, y] = [range(0u64, 8), range(1, 2)];
    let mut writer = RangeMap::new(ReplicaId::new(9));
    let mut clearer = RangeMap::new(ReplicaId::new(1));
    let late = writer.register(&node, &y).unwrap();
    let registered = writer.register(&node, &x).unwrap();
    clearer.merge(&late);
    clearer.merge(&registered);
    // It never arrives anywhere: a gap.
    _ = clearer.register(&node, &y).unwrap();
    let reset = clearer.release(&node, &x).unwrap();
    let own_drop = writer.merge(&reset).delta().clone();
    let cleared = clearer.retire(writer.replica());
    let mut maps = [11, 12].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    for (map, deltas) in maps.iter_mut().zip([[&own_drop, &cleared, &late], [&late, &own_drop, &cleared]]) {
        deltas.iter().for_each(|delta| drop(map.merge(delta)));
    }
    assert_eq!(maps[0].state(), maps[1].state());
}

/// An answer is overheard by others. What its maker was told to be dropped by a context, not by name, it cannot tell on, and so it must
/// not claim the reset before that either.
#[test]
fn an_answer_claims_no_reset_of_a_record_that_went_unnamed() {
    let (node, range) = (node("a"), range(0, 8));
    let mut writer = RangeMap::<u64>::new(ReplicaId::new(9));
    let mut resetter = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut answerer = RangeMap::<u64>::new(ReplicaId::new(2));
    let mut asker = RangeMap::<u64>::new(ReplicaId::new(3));
    let mut overhearing = RangeMap::<u64>::new(ReplicaId::new(4));
    let registered = writer.register(&node, &range).unwrap();
    [&mut resetter, &mut answerer, &mut asker, &mut overhearing]
        .into_iter()
        .for_each(|map| drop(map.merge(&registered)));
    let reset = resetter.release(&node, &range).unwrap();
    answerer.merge(&reset);
    let dropped = writer.merge(&reset).delta().clone();
    answerer.merge(writer.state());
    asker.merge(&dropped);
    if let Some(answer) = answerer.delta_since(asker.state().version()) {
        overhearing.merge(&answer);
    }
    let knows_of_reset = overhearing.state().context().last_seq(resetter.replica()) > 0;
    assert!(!knows_of_reset || overhearing.priority(&node, &range).is_none());
}
