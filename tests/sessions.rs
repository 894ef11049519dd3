//! Comparing ranges between two replicas whose logs tell nothing: what it costs, and that it may be cut off anywhere.

#[path = "medium/random.rs"]
mod random;

use std::num::NonZeroU32;

use crdt_range_map::sync::{Broadcast, Config, Received};
use crdt_range_map::{Delta, KeyRange, NodeId, RangeMap, ReplicaId};
use random::Random;

const COMPARE: u8 = 3;

fn node(number: u64) -> NodeId {
    NodeId::new(format!("node-{number}")).unwrap()
}

fn operate(map: &mut RangeMap<u64>, random: &mut Random, keys: u64) {
    let start = random.below(keys);
    let range = match random.below(9) {
        // Many registrations of one start, which no key alone divides.
        0..3 => KeyRange::from_start(start / 50 * 50),
        _ => KeyRange::new(start, start + 1 + random.below(5)).unwrap(),
    };
    let (node, by) = (node(random.below(30)), NonZeroU32::new(1 + random.below(3) as u32).unwrap());
    match random.below(10) {
        0..4 => drop(map.register(&node, &range).unwrap()),
        4..6 => drop(map.increase(&node, &range, by).unwrap()),
        6 => drop(map.decrease(&node, &range, by).unwrap()),
        7 => {
            let held = map.registrations().nth(random.below(40) as usize);
            if let Some(it) = held {
                map.release(&it.node, &it.range).unwrap();
            }
        }
        8 => drop(map.maintain()),
        _ => drop(map.release(&node, &range).unwrap()),
    }
}

/// Two replicas that had the same once, did something each, and remember nothing of it.
fn apart(seed: u64, shared: u64, each: u64) -> [RangeMap<u64>; 2] {
    let mut random = Random(seed);
    let keys = 4 + random.below(400);
    let mut maps = [3, 8].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    for _ in 0..shared {
        operate(&mut maps[random.below(2) as usize], &mut random, keys);
    }
    for _ in 0..2 {
        let [first, second] = &mut maps;
        first.merge(second.state());
        second.merge(first.state());
    }
    for _ in 0..each {
        maps.iter_mut().for_each(|map| operate(map, &mut random, keys));
    }
    maps.iter_mut().for_each(|map| map.set_log_capacity(0));
    maps
}

/// Everything that either knows, and nothing that either has not.
fn joined(maps: &[RangeMap<u64>; 2]) -> Delta<u64> {
    let mut joined = maps[0].state().clone();
    joined.merge(maps[1].state());
    joined
}

/// Lets them speak until both are silent, or that many steps of sessions were delivered. Returns how many were.
fn speak(maps: &mut [RangeMap<u64>; 2], config: Config, steps_max: usize) -> usize {
    let mut random = Random(1);
    let mut syncs = [0, 1].map(|_| Broadcast::join(config, 0, &mut || random.next()));
    let mut steps = 0;
    for now_ms in 0..4_000 {
        for from in 0..2 {
            while let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut || random.next()) {
                let to = 1 - from;
                if bytes[4] == COMPARE {
                    steps += 1;
                    if steps > steps_max {
                        return steps_max;
                    }
                }
                let received = syncs[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                assert!(!matches!(received, Received::Ignored(_)), "{received:?}");
            }
        }
    }
    steps
}

/// A session in small messages, with a bound on how many.
fn config(compare_bytes_max: usize) -> Config {
    Config { compare_bytes_max, digest_interval_ms: 1 << 40, ..Config::default() }
}

#[test]
fn sessions_end_with_all_that_either_knew() {
    let mut longest = 0;
    for seed in 0..300 {
        let mut maps = apart(seed, seed % 7 * 60, 1 + seed % 5 * 20);
        let expected = joined(&maps);
        let steps = speak(&mut maps, config([200, 1_000, 256 << 10][seed as usize % 3]), usize::MAX);
        longest = longest.max(steps);
        assert_eq!(maps[0].state(), maps[1].state(), "seed {seed}");
        let mut all = maps[0].state().clone();
        all.merge(&expected);
        assert_eq!(all, *maps[0].state(), "seed {seed}: everything that either knew is known");
        let mut told = RangeMap::new(ReplicaId::new(99));
        told.merge(&expected);
        let [registered, wanted] = [&maps[0], &told].map(|map| map.registrations().collect::<Vec<_>>());
        assert_eq!(registered, wanted, "seed {seed}");
    }
    assert!(longest > 20, "too little to exchange for a test: {longest} steps at most");
}

/// A known library sends a page of a difference with the full causal context: whoever gets it takes everything beyond the page for
/// deleted, everywhere. Here the parts of an answer claim what they carry, wherever the exchange ends.
#[test]
fn a_session_that_is_cut_off_anywhere_claims_nothing_that_it_did_not_bring() {
    for seed in 0..12 {
        let before = apart(seed, 200, 60);
        let expected = joined(&before);
        let mut whole = before.clone();
        let steps = speak(&mut whole, config(300), usize::MAX);
        for cut in 0..steps {
            let mut maps = before.clone();
            speak(&mut maps, config(300), cut);
            for map in &maps {
                // Had it claimed a dot that it did not get, joining all there is would drop what it lacks.
                let mut caught_up = map.clone();
                caught_up.merge(&expected);
                let mut told = RangeMap::new(ReplicaId::new(99));
                told.merge(&expected);
                let [held, wanted] = [&caught_up, &told].map(|map| map.registrations().collect::<Vec<_>>());
                assert_eq!(held, wanted, "seed {seed}, cut after {cut} of {steps} steps");
            }
            // A later session finishes the work.
            speak(&mut maps, config(300), usize::MAX);
            assert_eq!(maps[0].state(), maps[1].state(), "seed {seed}, cut after {cut} of {steps} steps");
        }
    }
}

/// Both know the same and hold different things: two writers used one id. That cannot be mended, but it is noticed.
#[test]
fn replicas_that_know_the_same_and_differ_end_up_equal() {
    let id = ReplicaId::new(5);
    let mut maps = [1, 2].map(|priority| {
        let mut map = RangeMap::<u64>::new(id);
        map.increase(&node(priority), &KeyRange::from_start(priority), NonZeroU32::new(1).unwrap()).unwrap();
        let mut holder = RangeMap::new(ReplicaId::new(10 + priority));
        holder.merge(map.state());
        holder
    });
    assert_eq!(maps[0].state().context(), maps[1].state().context());
    assert_ne!(maps[0].state(), maps[1].state());
    // A digest tells.
    speak(&mut maps, Config { digest_interval_ms: 500, ..config(1_000) }, usize::MAX);
    assert_eq!(maps[0].state(), maps[1].state());
}

#[test]
fn a_state_longer_than_any_message_is_handed_over_in_parts() {
    let mut maps = apart(1, 0, 0);
    for start in 0..3_000 {
        maps[0].register(&node(start % 40), &KeyRange::from_start(start)).unwrap();
    }
    let small = Config { message_bytes_max: 4_000, compare_bytes_max: 1_000, ..config(0) };
    assert!(maps[0].state().encode().len() > small.message_bytes_max);
    let mut sessions = 0;
    while maps[0].state() != maps[1].state() {
        speak(&mut maps, small, usize::MAX);
        sessions += 1;
        assert!(sessions < 20);
    }
    assert_eq!(maps[1].registrations().count(), 3_000);
}

/// What a replica does itself in answer to a step takes numbers of its own, which may have to be saved before anybody hears of them.
#[test]
fn what_follows_from_a_session_is_held_back() {
    let own_seq = |map: &RangeMap<u64>| map.state().context().last_seq(map.replica());
    let (config, mut random, mut held) = (config(1_000), Random(1), 0);
    for seed in 0..20 {
        let mut maps = apart(seed, 200, 60);
        let mut syncs = [0, 1].map(|_| Broadcast::join(config, 0, &mut || random.next()));
        for now_ms in 0..4_000 {
            for from in 0..2 {
                while let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut || random.next()) {
                    let to = 1 - from;
                    let before = own_seq(&maps[to]);
                    syncs[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                    if own_seq(&maps[to]) > before {
                        held += usize::from(bytes[4] == COMPARE);
                        syncs[to].hold();
                        assert_eq!(syncs[to].poll(&maps[to], now_ms, &mut || random.next()), None);
                        assert_eq!(syncs[to].next_wake_ms(), u64::MAX);
                        syncs[to].release();
                    }
                }
            }
        }
        assert_eq!(maps[0].state(), maps[1].state(), "seed {seed}");
    }
    assert!(held > 20, "too little followed for a test: {held}");
}

/// Sizes are counted with the keys, or a step with long ones would be longer than any message.
#[test]
fn long_keys_are_exchanged_in_parts_too() {
    let mut maps = [1, 2].map(|id| RangeMap::<String>::new(ReplicaId::new(id)));
    for at in 0..400 {
        let key = format!("{at:04}-{}", "long".repeat(100));
        maps[0].register(&node(at % 7), &KeyRange::from_start(key)).unwrap();
    }
    let small = Config { message_bytes_max: 16_000, ..config(4_000) };
    let mut random = Random(1);
    let mut syncs = [0, 1].map(|_| Broadcast::join(small, 0, &mut || random.next()));
    for now_ms in 0..30_000 {
        for from in 0..2 {
            while let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut || random.next()) {
                syncs[1 - from].receive(&mut maps[1 - from], &bytes, now_ms, &mut || random.next());
            }
        }
    }
    assert_eq!(maps[0].state(), maps[1].state());
}

/// Drops that are named because of a gap may be more than a step carries; until all are told, no context is joined.
#[test]
fn many_named_drops_are_told_before_a_context_is_joined() {
    let mut writer = RangeMap::<u64>::new(ReplicaId::new(5));
    let mut maps = [3, 8].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    maps.iter_mut().for_each(|map| map.set_log_capacity(0));
    // Nobody ever hears of the first.
    writer.register(&node(0), &KeyRange::from_start(0)).unwrap();
    for start in 1..100 {
        let range = KeyRange::from_start(start);
        let registered = writer.register(&node(1), &range).unwrap();
        maps.iter_mut().take(1 + (start % 3 == 0) as usize).for_each(|map| drop(map.merge(&registered)));
        maps[0].merge(&writer.release(&node(1), &range).unwrap());
    }
    assert!(maps[1].registrations().count() > 30);
    for _ in 0..20 {
        speak(&mut maps, config(0), usize::MAX);
    }
    assert_eq!(maps[0].state(), maps[1].state());
}

/// A delta from long ago brings a record into a range that was compared already. That it was dropped is in the context that the session
/// would join at its end: then it is not joined.
#[test]
fn what_comes_another_way_amid_a_session_is_not_taken_for_dropped() {
    let (x, range) = (node(0), KeyRange::from_start(7));
    for inject_at in 1..12 {
        let mut writer = RangeMap::<u64>::new(ReplicaId::new(5));
        let late = writer.register(&x, &range).unwrap();
        writer.release(&x, &range).unwrap();
        let mut maps = apart(3, 300, 40);
        maps[1].merge(writer.state());
        let mut random = Random(1);
        let mut syncs = [0, 1].map(|_| Broadcast::join(config(600), 0, &mut || random.next()));
        let mut steps = 0;
        for now_ms in 0..3_000 {
            for from in 0..2 {
                while let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut || random.next()) {
                    steps += usize::from(bytes[4] == COMPARE);
                    if bytes[4] == COMPARE && steps == inject_at {
                        maps[0].merge(&late);
                    }
                    syncs[1 - from].receive(&mut maps[1 - from], &bytes, now_ms, &mut || random.next());
                    let knows_of_drop = maps[0].state().context().last_seq(writer.replica()) == 2;
                    assert!(!knows_of_drop || maps[0].priority(&x, &range).is_none(), "at step {inject_at}");
                }
            }
        }
        assert!(steps > 6, "a session of {steps} steps");
        assert_eq!(maps[0].state(), maps[1].state());
    }
}
