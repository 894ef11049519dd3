//! What comes another way amid a meeting, at any moment: what is told then is not older than what was compared.

use std::collections::VecDeque;

use crate::kit::builders::{named, slot};
use crate::kit::random::Random;
use crate::sync::{Broadcast, Config};
use crate::{Delta, KeyRange, NodeId, RangeMap, ReplicaId};

/// So many deliveries a meeting takes at most.
const DELIVERIES: usize = 24;

/// The registrations of a writer that is not there: somebody released them, and the resident knows it. Then it learns that their writer
/// dropped them, after so many deliveries.
fn meet(ids: [u64; 2], joins_at_ms: [u64; 2], moment: usize, seed: u64) {
    let node = named("node");
    let config = Config { message_bytes_max: 2_048, answer_bytes_max: 1_024, ..Config::default() };
    let mut random = Random(seed);
    let mut maps = ids.map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    let [mut writer, mut releasing] = [70, 80].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    (0..300).for_each(|start| drop(writer.register(&node, &slot(4 * start)).unwrap()));
    (0..100).for_each(|start| drop(maps[0].register(&node, &slot(8 * start + 1)).unwrap()));
    let [of_writer, of_resident] = [writer.state().clone(), maps[0].state().clone()];
    maps.iter_mut().for_each(|map| drop(map.merge(&of_writer)));
    maps[1].merge(&of_resident);
    releasing.merge(&of_writer);
    let released: Vec<u64> = (0..300).step_by(7).map(|start| 4 * start).collect();
    let mut releases = Delta::default();
    released.iter().for_each(|start| releases.merge(&releasing.release(&node, &slot(*start)).unwrap()));
    let dropped = writer.merge(&releases).delta().clone();
    maps[0].merge(&releases);
    // So that there is much to be told both ways, and something that is gone.
    (0..600).for_each(|start| drop(maps[0].register(&node, &slot(4 * start + 2)).unwrap()));
    (0..100).step_by(3).for_each(|start| drop(maps[0].release(&node, &slot(8 * start + 1)).unwrap()));
    (0..17).for_each(|start| drop(maps[1].register(&node, &slot(4 * start + 3)).unwrap()));
    maps.iter_mut().for_each(|map| map.set_log_capacity(0));
    let mut protocols = joins_at_ms.map(|at_ms| Broadcast::start(config, at_ms, &mut || random.next()));
    let mut deliveries = 0;
    for now_ms in 0..120_000 {
        for from in (0..2).filter(|from| now_ms >= joins_at_ms[*from]) {
            while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                let to = 1 - from;
                if now_ms < joins_at_ms[to] {
                    continue;
                }
                protocols[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                deliveries += 1;
                if deliveries == moment {
                    maps[0].merge(&dropped);
                }
                if maps[1].state().context().includes(releases.context()) {
                    let shown =
                        released.iter().find(|start| maps[1].priority(&node, &slot(**start)).is_some());
                    assert_eq!(shown, None, "{ids:?} {joins_at_ms:?}, {moment}, seed {seed}, {now_ms} ms");
                }
            }
        }
    }
    assert!(
        maps[0].state() == maps[1].state(),
        "{ids:?} {joins_at_ms:?}, {moment}, seed {seed}: not the same"
    );
}

#[test]
fn what_is_dropped_amid_a_meeting_is_not_passed_over() {
    for seed in 0..2 {
        for ids in [[1, 2], [2, 1]] {
            for joins_at_ms in [[0, 0], [30_000, 0], [0, 30_000]] {
                (1..DELIVERIES).for_each(|moment| meet(ids, joins_at_ms, moment, seed));
            }
        }
    }
}

/// Two who know the same and hold something else, by two writers of one id. While they find that out, one of them learns more.
fn differ(ids: [u64; 2], who: usize, moment: usize, seed: u64) {
    let node = named("node");
    let mut random = Random(seed);
    let mut maps = ids.map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    for (at, map) in maps.iter_mut().enumerate() {
        let mut twin = RangeMap::<u64>::new(ReplicaId::new(9));
        (0..20).for_each(|start| {
            drop(map.merge(&twin.register(&node, &slot(100 * at as u64 + start)).unwrap()))
        });
        map.set_log_capacity(0);
    }
    let late = RangeMap::new(ReplicaId::new(70)).register(&node, &slot(500)).unwrap();
    let mut protocols = [0, 0].map(|at_ms| Broadcast::start(Config::default(), at_ms, &mut || random.next()));
    let mut deliveries = 0;
    for now_ms in 0..60_000 {
        for from in 0..2 {
            while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                let to = 1 - from;
                protocols[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                deliveries += 1;
                if deliveries == moment {
                    maps[who].merge(&late);
                }
                for map in &maps {
                    let is_known = map.state().context().includes(late.context());
                    assert_eq!(
                        is_known,
                        map.priority(&node, &slot(500)).is_some(),
                        "{ids:?} {who} {moment} {seed}"
                    );
                }
            }
        }
    }
    assert!(maps[0].state() == maps[1].state(), "{ids:?} {who}, {moment}, seed {seed}: not the same");
}

#[test]
fn what_comes_while_a_difference_is_looked_into_is_told() {
    for seed in 0..4 {
        for (ids, who) in [([1, 2], 0), ([1, 2], 1), ([2, 1], 0), ([2, 1], 1)] {
            (1..10).for_each(|moment| differ(ids, who, moment, seed));
        }
    }
}

/// What comes in pages lies in as many runs as there are registrations: no question tells them.
#[test]
fn a_question_stays_short_however_many_pages_came() {
    let node = named("node");
    let config = Config { message_bytes_max: 2_048, answer_bytes_max: 1_024, ..Config::default() };
    let mut random = Random(3);
    let mut maps = [1, 2].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    _ = maps[1].register(&node, &slot(1 << 40)).unwrap();
    for start in (0..4_000u64).map(|at| at * 7_919 % 4_001) {
        _ = maps[0].register(&node, &slot(2 * start)).unwrap();
    }
    maps.iter_mut().for_each(|map| map.set_log_capacity(0));
    let mut protocols = [0, 0].map(|at_ms| Broadcast::start(config, at_ms, &mut || random.next()));
    for now_ms in 0..60_000 {
        for from in 0..2 {
            while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                assert!(from == 0 || bytes.len() < 120, "{} bytes at {now_ms} ms", bytes.len());
                protocols[1 - from].receive(&mut maps[1 - from], &bytes, now_ms, &mut || random.next());
            }
        }
    }
    assert!(maps[0].state() == maps[1].state());
}

/// Two who lack something of each other, of which one can tell all at once and the other cannot. Some of the first messages are lost,
/// each that has its bit. Amid all that one of them does the first thing that it ever does, so that the births are numbered otherwise.
fn do_amid(who: usize, logs: [usize; 2], lost: u32, moment: usize, seed: u64) {
    let what = format!("{who} {logs:?}, lost {lost:b}, at {moment}, seed {seed}");
    let node = named("node");
    let mut random = Random(seed);
    let [mut maps, mut writers] =
        [[1, 2], [60, 61]].map(|ids| ids.map(|id| RangeMap::<u64>::new(ReplicaId::new(id))));
    let [mut before, mut last] = [70, 80].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    (0..4).for_each(|start| drop(before.register(&node, &slot(start)).unwrap()));
    for start in 10..12 {
        before.merge(&last.register(&node, &slot(start)).unwrap());
        before.merge(&last.release(&node, &slot(start)).unwrap());
    }
    let mut all = before.state().clone();
    for ((at, map), writer) in maps.iter_mut().enumerate().zip(&mut writers) {
        map.merge(before.state());
        writer.merge(before.state());
        map.set_log_capacity(logs[at]);
        for start in 0..2 {
            map.merge(&writer.register(&node, &slot(100 * (1 + at as u64) + start)).unwrap());
            map.merge(&writer.release(&node, &slot(2 * start + at as u64)).unwrap());
        }
        // Nothing shows that this was there.
        map.merge(&writer.register(&node, &slot(300 + at as u64)).unwrap());
        map.merge(&writer.release(&node, &slot(300 + at as u64)).unwrap());
        all.merge(writer.state());
    }
    // Who asks once leaves it to the other to ask again. Where nothing is lost, no digest is needed.
    let digest_interval_ms = if lost == 0 { 1 << 40 } else { Config::default().digest_interval_ms };
    let (tries_max, delay_max_ms, latency_ms) = (1 + seed as u32 % 3, 40 * (seed / 3 % 2), 5 * (seed / 6));
    let config = Config { tries_max, delay_max_ms, digest_interval_ms, ..Config::default() };
    let mut protocols = [0, 0].map(|at_ms| Broadcast::start(config, at_ms, &mut || random.next()));
    let (mut posts, mut now_ms) = (0, 0);
    let mut on_the_way = VecDeque::<(u64, usize, Vec<u8>)>::new();
    while now_ms < 120_000 {
        while let Some((_, to, bytes)) = on_the_way.pop_front_if(|(due_ms, ..)| *due_ms <= now_ms) {
            protocols[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
        }
        for from in 0..2 {
            while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                if posts == moment {
                    let delta = maps[who].register(&node, &slot(500)).unwrap();
                    all.merge(&delta);
                    protocols[who].publish(&delta);
                }
                if posts >= 32 || lost >> posts & 1 == 0 {
                    on_the_way.push_back((now_ms + latency_ms, 1 - from, bytes));
                }
                posts += 1;
            }
        }
        let wakes_ms = protocols.iter().map(Broadcast::next_wake_ms);
        let next_ms = wakes_ms.chain(on_the_way.front().map(|(due_ms, ..)| *due_ms));
        now_ms = next_ms.min().unwrap_or(u64::MAX).max(now_ms + 1);
    }
    let mut expected = RangeMap::<u64>::new(ReplicaId::new(90));
    expected.merge(&all);
    assert!(maps[0].state() == maps[1].state(), "{what}: not the same");
    let [shown, expected] = [&maps[0], &expected].map(|map| map.registrations().collect::<Vec<_>>());
    assert!(shown == expected, "{what}: {} shown, {} expected", shown.len(), expected.len());
}

#[test]
fn whatever_is_lost_and_done_amid_a_meeting_both_know_the_same_in_the_end() {
    for (who, logs) in [(0, [1 << 20, 0]), (1, [1 << 20, 0]), (0, [0, 0]), (0, [1 << 20; 2])] {
        for lost in 0..1 << 6 {
            for seed in 0..12 {
                (0..6).for_each(|moment| do_amid(who, logs, lost, moment, seed));
            }
        }
    }
}

/// A writer that is not there registered something, released that, and registered it again; somebody released that too, and the writer
/// dropped it. The deltas of that: the first register, its release, the second one with its release, and the drop.
fn twice(node: &NodeId, at: &KeyRange<u64>) -> [Delta<u64>; 4] {
    let [mut writer, mut releasing] = [70, 80].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    let first = writer.register(node, at).unwrap();
    let released = writer.release(node, at).unwrap();
    let mut again = writer.register(node, at).unwrap();
    releasing.merge(&again);
    let release = releasing.release(node, at).unwrap();
    again.merge(&release);
    let dropped = writer.merge(&release).delta().clone();
    [first, released, again, dropped]
}

/// One is away from the moment on when so many messages were delivered. What the other had not heard of a writer comes then, so that it
/// need not name any more what that dropped. The one that comes back has heard only what the other had not.
fn come_back(ids: [u64; 2], joins_at_ms: [u64; 2], cut: usize, seed: u64) {
    let what = format!("{ids:?} {joins_at_ms:?}, {cut}, seed {seed}");
    let node = named("node");
    let mut random = Random(seed);
    let mut maps = ids.map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    let [first, released, again, dropped] = twice(&node, &slot(50));
    (0..5).for_each(|start| drop(maps[0].register(&node, &slot(start)).unwrap()));
    (10..15).for_each(|start| drop(maps[1].register(&node, &slot(start)).unwrap()));
    maps[0].merge(&first);
    maps[1].merge(&again);
    maps.iter_mut().for_each(|map| map.set_log_capacity(0));
    let mut protocols =
        joins_at_ms.map(|at_ms| Broadcast::start(Config::default(), at_ms, &mut || random.next()));
    let mut deliveries = 0;
    let back_ms = 3_000 + joins_at_ms[0].max(joins_at_ms[1]);
    for now_ms in 0..160_000 {
        if now_ms == back_ms {
            [&first, &released, &dropped].into_iter().for_each(|delta| drop(maps[1].merge(delta)));
            protocols[0] = Broadcast::start(Config::default(), now_ms, &mut || random.next());
        }
        for from in (0..2).filter(|from| now_ms >= joins_at_ms[*from]) {
            while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                let to = 1 - from;
                if now_ms < joins_at_ms[to] || deliveries >= cut && now_ms < back_ms {
                    continue;
                }
                protocols[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                deliveries += 1;
                if maps[0].state().context().includes(again.context()) {
                    assert_eq!(maps[0].priority(&node, &slot(50)), None, "{what}, {now_ms} ms");
                }
            }
        }
    }
    assert!(maps[0].state() == maps[1].state(), "{what}: not the same");
}

#[test]
fn what_need_not_be_named_any_more_is_not_told_to_be_known_without_what_was_before() {
    for seed in 0..4 {
        for (ids, joins_at_ms) in [([1, 2], [0, 0]), ([1, 2], [9_000, 0]), ([2, 1], [0, 9_000])] {
            (1..8).for_each(|cut| come_back(ids, joins_at_ms, cut, seed));
        }
    }
}

/// The same comes to the one after so many messages and to the other after so many, while there are many pages.
fn learn_amid(ids: [u64; 2], moments: [usize; 2], seed: u64) {
    let what = format!("{ids:?}, {moments:?}, seed {seed}");
    let node = named("node");
    let config = Config { message_bytes_max: 2_048, answer_bytes_max: 1_024, ..Config::default() };
    let mut random = Random(seed);
    let mut maps = ids.map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    let [first, released, again, dropped] = twice(&node, &slot(50_000));
    (0..10).for_each(|start| drop(maps[0].register(&node, &slot(start)).unwrap()));
    (0..900).for_each(|start| drop(maps[1].register(&node, &slot(100 + 7 * start)).unwrap()));
    maps[1].merge(&again);
    maps.iter_mut().for_each(|map| map.set_log_capacity(0));
    let mut protocols = [0, 0].map(|at_ms| Broadcast::start(config, at_ms, &mut || random.next()));
    let mut deliveries = 0;
    for now_ms in 0..120_000 {
        for from in 0..2 {
            while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                let to = 1 - from;
                protocols[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                deliveries += 1;
                if deliveries == moments[0] {
                    maps[0].merge(&first);
                }
                if deliveries == moments[1] {
                    [&first, &released, &dropped].into_iter().for_each(|delta| drop(maps[1].merge(delta)));
                }
                if maps[0].state().context().includes(again.context()) {
                    assert_eq!(maps[0].priority(&node, &slot(50_000)), None, "{what}, {now_ms} ms");
                }
            }
        }
    }
    assert!(maps[0].state() == maps[1].state(), "{what}: not the same");
}

#[test]
fn what_need_not_be_named_any_more_amid_a_meeting_is_not_passed_over() {
    for ids in [[1, 2], [2, 1]] {
        for first in 1..12 {
            (1..12).for_each(|second| learn_amid(ids, [first, second], 0));
        }
    }
}
