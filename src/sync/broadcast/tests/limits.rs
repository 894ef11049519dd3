//! Registrations that are too long for a message.

use crate::kit::builders::node;
use crate::kit::random::Random;
use crate::sync::{Broadcast, Config, Received};
use crate::{KeyRange, RangeMap, ReplicaId, WriteError};

/// Lets two replicas with those limits talk until they are quiet.
fn talk(sides: &mut [(RangeMap<String>, Broadcast<String>); 2], until_ms: u64) -> usize {
    let mut random = Random(7);
    let mut posts = 0;
    for now_ms in 0..until_ms {
        for from in 0..2 {
            loop {
                let (map, sync) = &mut sides[from];
                let Some(bytes) = sync.poll(map, now_ms, &mut || random.next()) else { break };
                posts += 1;
                let (map, sync) = &mut sides[1 - from];
                let received = sync.receive(map, &bytes, now_ms, &mut || random.next());
                assert!(!matches!(received, Received::Ignored(_)), "{received:?}");
            }
        }
    }
    posts
}

fn side(id: u64, config: Config) -> (RangeMap<String>, Broadcast<String>) {
    (RangeMap::new(ReplicaId::new(id)), Broadcast::start(config, 0, &mut || id))
}

/// One that is too long is passed over and counted, and keeps nothing else back.
#[test]
fn a_registration_that_is_too_long_keeps_nothing_back() {
    let config = Config { message_bytes_max: 64 << 10, ..Config::default() };
    let mut sides = [side(1, config), side(2, config)];
    let map = &mut sides[0].0;
    _ = map.register(&node(0), &KeyRange::from_start("b".repeat(100_000))).unwrap();
    for at in 0..500 {
        _ = map
            .register(
                &node(at % 7),
                &KeyRange::from_start(format!("{}{at}", if at % 2 == 0 { 'a' } else { 'z' })),
            )
            .unwrap();
    }
    let posts = talk(&mut sides, 60_000);
    assert_eq!(sides[1].0.registrations().count(), 500);
    assert!(sides[0].1.statistics().registrations_too_long > 0);
    assert!(posts < 100, "{posts} messages in a minute");
    let refused = sides[0].0.register(&node(0), &KeyRange::from_start("c".repeat(100_000)));
    assert!(
        matches!(refused, Err(WriteError::TooLong { bytes_max, .. }) if bytes_max == config.registration_bytes_max())
    );
}

/// A burst that is longer than a message is split.
#[test]
fn a_burst_that_is_longer_than_a_message_is_split() {
    let config = Config { message_bytes_max: 2_048, ..Config::default() };
    let mut sides = [side(1, config), side(2, config)];
    talk(&mut sides, 3_000);
    let (map, sync) = &mut sides[0];
    let before = sync.statistics();
    for at in 0..200 {
        sync.publish(
            &map.register(&node(at % 3), &KeyRange::from_start(format!("{at}-{}", "x".repeat(300)))).unwrap(),
        );
    }
    let mut random = Random(1);
    while let Some(bytes) = sides[0].1.poll(&sides[0].0, 3_000, &mut || random.next()) {
        assert!(bytes.len() <= 2_048);
        let (map, sync) = &mut sides[1];
        assert!(matches!(sync.receive(map, &bytes, 3_000, &mut || 1), Received::Applied(_)));
    }
    assert_eq!(sides[0].0.state(), sides[1].0.state());
    assert!(sides[0].1.statistics().posted[0] - before.posted[0] >= 30);
}

/// Messages of two thousand bytes carry registrations of three hundred.
#[test]
fn short_messages_carry_what_is_documented() {
    for message_bytes_max in [2_048, 4_096] {
        let config = Config { message_bytes_max, ..Config::default() };
        let mut sides = [side(1, config), side(2, config)];
        for at in 0..100 {
            for (side, (map, _)) in sides.iter_mut().enumerate() {
                let key = format!("{:03}-{}", at, "y".repeat(300));
                map.set_log_capacity(0);
                _ = map.register(&node(side as u64), &KeyRange::from_start(key)).unwrap();
            }
        }
        talk(&mut sides, 60_000);
        assert_eq!(sides[0].0.state(), sides[1].0.state(), "{message_bytes_max}");
        assert_eq!(sides[0].0.registrations().count(), 200);
    }
}

/// Who cannot be sent a registration does not believe that it was dropped, and makes nobody else believe so.
#[test]
fn what_is_passed_over_is_not_taken_for_dropped() {
    let (small, large) = (Config { message_bytes_max: 64 << 10, ..Config::default() }, Config::default());
    let long = KeyRange::from_start("b".repeat(100_000));
    let mut sides = [side(1, large), side(2, small)];
    for (map, _) in &mut sides {
        map.set_log_capacity(0);
    }
    _ = sides[0].0.register(&node(0), &long).unwrap();
    for at in 0..300 {
        _ = sides[0].0.register(&node(at % 7), &KeyRange::from_start(format!("a{at}"))).unwrap();
    }
    talk(&mut sides, 30_000);
    let [(mut holder, _), (mut passed_over, _)] = sides;
    assert_eq!(passed_over.registrations().count(), 300);
    // A third one hears of it from that one first, and then from the holder.
    let mut third = RangeMap::new(ReplicaId::new(3));
    let state = passed_over.state().clone();
    third.merge(&state);
    third.merge(holder.state());
    assert_eq!(third.priority(&node(0), &long), Some(1));
    // Nor does the holder lose it when they meet again, with room for all of it.
    _ = passed_over.register(&node(1), &KeyRange::full()).unwrap();
    let meet = |map: RangeMap<String>| {
        let id = map.replica().get();
        (map, Broadcast::start(large, 0, &mut || id))
    };
    _ = holder.release(&node(1), &KeyRange::from_start("a1".to_string())).unwrap();
    let mut sides = [meet(holder), meet(passed_over)];
    talk(&mut sides, 30_000);
    assert_eq!(sides[0].0.state(), sides[1].0.state());
    assert_eq!(sides[1].0.priority(&node(0), &long), Some(1));
}

/// Who is taking pages hears of most of the rest another way: the peer is not asked for that once more.
#[test]
fn what_came_another_way_is_not_taken_in_pages() {
    let config = Config { message_bytes_max: 2_048, ..Config::default() };
    let mut sides = [side(1, config), side(2, config)];
    let mut writer = RangeMap::<String>::new(ReplicaId::new(9));
    let deltas: Vec<_> = (0..120)
        .map(|at| KeyRange::from_start(format!("{at:03}-{}", "y".repeat(400))))
        .map(|range| writer.register(&node(0), &range).unwrap())
        .collect();
    sides[0].0.merge(writer.state());
    sides[0].0.set_log_capacity(0);
    let pages = |sides: &[(RangeMap<String>, Broadcast<String>); 2]| sides[1].1.statistics().posted[2];
    let mut random = Random(3);
    for now_ms in 0..60_000 {
        for from in 0..2 {
            while let Some(bytes) = {
                let (map, sync) = &mut sides[from];
                sync.poll(map, now_ms, &mut || random.next())
            } {
                let (map, sync) = &mut sides[1 - from];
                sync.receive(map, &bytes, now_ms, &mut || random.next());
                if map.replica().get() == 2 && (1..10).contains(&map.registrations().count()) {
                    deltas[10..110].iter().for_each(|delta| drop(map.merge(delta)));
                }
            }
        }
    }
    assert!(sides[0].0.state() == sides[1].0.state());
    assert!(pages(&sides) <= 12, "{} questions", pages(&sides));
}
