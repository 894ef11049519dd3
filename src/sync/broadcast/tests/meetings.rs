//! Meetings of two replicas whose logs tell nothing: they may be cut off anywhere, and their messages may come twice or in any order.

use crate::kit::builders::{between, by, node};
use crate::kit::random::Random;
use crate::sync::{Broadcast, Config, Received, Statistics};
use crate::{Delta, KeyRange, RangeMap, ReplicaId};

/// Which kind of message belongs to a meeting, and is to one in particular.
const MEET: u8 = 3;

fn operate(map: &mut RangeMap<u64>, random: &mut Random, keys: u64) {
    let start = random.below(keys);
    let range = match random.below(9) {
        // Many registrations of one start, which no key alone divides.
        0..3 => KeyRange::from_start(start / 50 * 50),
        _ => between(start, start + 1 + random.below(5)),
    };
    let (node, by) = (node(random.below(30)), by(1 + random.below(3) as u32));
    match random.below(10) {
        0..4 => drop(map.register(&node, &range).unwrap()),
        4..6 => drop(map.increase(&node, &range, by).unwrap()),
        6 => drop(map.decrease(&node, &range, by).unwrap()),
        7 => {
            let held = map.registrations().nth(random.below(40) as usize);
            if let Some(it) = held {
                _ = map.release(&it.node, &it.range).unwrap();
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

/// Lets them speak until both are silent, or that many messages were delivered. Returns how many were.
fn speak(maps: &mut [RangeMap<u64>; 2], config: Config, messages_max: usize) -> usize {
    speak_for(maps, config, messages_max, TIME_MS).0
}

/// Long enough for a meeting.
const TIME_MS: u64 = 20_000;

fn speak_for(
    maps: &mut [RangeMap<u64>; 2],
    config: Config,
    messages_max: usize,
    time_ms: u64,
) -> (usize, Statistics) {
    let mut random = Random(1);
    let mut syncs = [0, 1].map(|_| Broadcast::start(config, 0, &mut || random.next()));
    let (mut messages, mut now_ms) = (0, 0);
    while now_ms < time_ms {
        for from in 0..2 {
            while let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut || random.next()) {
                if messages == messages_max {
                    return (messages, syncs[0].statistics());
                }
                messages += 1;
                let to = 1 - from;
                let received = syncs[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                assert!(!matches!(received, Received::Ignored(_)), "{received:?}");
            }
        }
        let next_ms = syncs.iter().map(Broadcast::next_wake_ms).min().unwrap();
        now_ms = next_ms.max(now_ms + 1);
    }
    (messages, syncs[0].statistics())
}

/// A meeting in small messages, without digests.
fn config(answer_bytes_max: usize) -> Config {
    let (message_bytes_max, digest_interval_ms) = (4_096, 1 << 40);
    Config { message_bytes_max, answer_bytes_max, digest_interval_ms, ..Config::default() }
}

/// What everybody shows who has heard all that.
fn shown_by(expected: &Delta<u64>) -> RangeMap<u64> {
    let mut told = RangeMap::new(ReplicaId::new(99));
    told.merge(expected);
    told
}

fn assert_show_the_same(one: &RangeMap<u64>, other: &RangeMap<u64>, what: &str) {
    let [one, other] = [one, other].map(|map| map.registrations().collect::<Vec<_>>());
    assert_eq!(one, other, "{what}");
}

#[test]
fn meetings_end_with_all_that_either_knew() {
    let mut longest = 0;
    for seed in 0..300 {
        let mut maps = apart(seed, seed % 7 * 60, 1 + seed % 5 * 20);
        let expected = joined(&maps);
        let config = [config(64), config(1_000), Config { digest_interval_ms: 1 << 40, ..Config::default() }];
        let messages = speak(&mut maps, config[seed as usize % 3], usize::MAX);
        longest = longest.max(messages);
        assert_eq!(maps[0].state(), maps[1].state(), "seed {seed}");
        let mut all = maps[0].state().clone();
        all.merge(&expected);
        assert_eq!(all, *maps[0].state(), "seed {seed}: everything that either knew is known");
        assert_show_the_same(&maps[0], &shown_by(&expected), &format!("seed {seed}"));
    }
    assert!(longest > 10, "too little to exchange for a test: {longest} messages at most");
}

/// A known library sends a page of a difference with the full causal context: whoever gets it takes everything beyond the page for
/// deleted, everywhere. Here the parts of an answer claim what they carry, wherever the exchange ends.
#[test]
fn a_meeting_that_is_cut_off_anywhere_claims_nothing_that_it_did_not_bring() {
    for seed in 0..12 {
        let before = apart(seed, 200, 60);
        let expected = joined(&before);
        let wanted = shown_by(&expected);
        let mut whole = before.clone();
        let messages = speak(&mut whole, config(300), usize::MAX);
        for cut in 0..messages {
            let what = format!("seed {seed}, cut after {cut} of {messages} messages");
            let mut maps = before.clone();
            speak(&mut maps, config(300), cut);
            for map in &maps {
                // Had it claimed a dot that it did not get, joining all there is would drop what it lacks.
                let mut caught_up = map.clone();
                caught_up.merge(&expected);
                assert_show_the_same(&caught_up, &wanted, &what);
            }
            // A later meeting finishes the work.
            speak(&mut maps, config(300), usize::MAX);
            assert_eq!(maps[0].state(), maps[1].state(), "{what}");
            assert_show_the_same(&maps[0], &wanted, &what);
        }
    }
}

/// Each message may be lost, and anything that was ever said may come again, to anybody, at any time, also in a later meeting.
#[test]
fn messages_of_meetings_may_be_lost_and_come_again_in_any_order() {
    let mut again = 0;
    for seed in 0..60 {
        let mut maps = apart(seed, 150, 40);
        let expected = joined(&maps);
        let wanted = shown_by(&expected);
        let mut random = Random(seed);
        let mut said: Vec<(usize, Vec<u8>)> = Vec::new();
        for _ in 0..3 {
            let mut syncs = [0, 1].map(|_| Broadcast::start(config(300), 0, &mut || random.next()));
            let mut now_ms = 0;
            while now_ms < TIME_MS / 4 {
                for from in 0..2 {
                    while let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut || random.next()) {
                        said.push((from, bytes));
                        let (mut from, mut at) = (from, said.len() - 1);
                        if random.below(3) == 0 {
                            at = random.below(said.len() as u64) as usize;
                            from = said[at].0;
                            again += usize::from(said[at].1[4] == MEET);
                        }
                        let to = 1 - from;
                        let bytes = said[at].1.clone();
                        syncs[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                    }
                }
                now_ms = syncs.iter().map(Broadcast::next_wake_ms).min().unwrap().max(now_ms + 1);
            }
            for map in &maps {
                let mut caught_up = map.clone();
                caught_up.merge(&expected);
                assert_show_the_same(&caught_up, &wanted, &format!("seed {seed}"));
            }
        }
        speak(&mut maps, config(300), usize::MAX);
        assert_eq!(maps[0].state(), maps[1].state(), "seed {seed}");
        assert_show_the_same(&maps[0], &wanted, &format!("seed {seed}"));
    }
    assert!(again > 100, "too few messages came again for a test: {again}");
}

/// Both know the same and hold different things: two writers used one id. That cannot be mended, but does not keep them busy for
/// ever.
#[test]
fn replicas_that_know_the_same_and_differ_come_to_rest() {
    let id = ReplicaId::new(5);
    let mut maps = [1, 2].map(|priority| {
        let mut map = RangeMap::<u64>::new(id);
        _ = map.increase(&node(priority), &KeyRange::from_start(priority), by(1)).unwrap();
        let mut holder = RangeMap::new(ReplicaId::new(10 + priority));
        holder.merge(map.state());
        holder
    });
    assert_eq!(maps[0].state().context(), maps[1].state().context());
    assert_ne!(maps[0].state(), maps[1].state());
    let config = Config { digest_interval_ms: 500, ..config(1_000) };
    let posted = |time_ms: u64| {
        let (_, statistics) = speak_for(&mut maps.clone(), config, usize::MAX, time_ms);
        statistics.messages_posted - statistics.posted[3]
    };
    let hour_ms = 3_600_000;
    let (first, second) = (posted(hour_ms), posted(2 * hour_ms));
    assert!(first > 0, "a digest tells");
    assert!(second - first <= first / 4, "{first} messages in an hour, {second} in two");
    speak(&mut maps, config, usize::MAX);
}

#[test]
fn a_state_longer_than_any_message_is_handed_over_in_parts() {
    let mut maps = apart(1, 0, 0);
    for start in 0..3_000 {
        _ = maps[0].register(&node(start % 40), &KeyRange::from_start(start)).unwrap();
    }
    assert!(maps[0].state().encode().len() > config(1_000).message_bytes_max);
    speak(&mut maps, config(1_000), usize::MAX);
    assert_eq!(maps[0].state(), maps[1].state());
    assert_eq!(maps[1].registrations().count(), 3_000);
}

/// What a replica does itself in answer to a message takes numbers of its own, which may have to be saved before anybody hears of
/// them.
#[test]
fn what_follows_from_a_meeting_is_held_back_until_it_is_saved() {
    let (mut random, mut held) = (Random(1), 0);
    for seed in 0..20 {
        let mut maps = apart(seed, 200, 60);
        maps.iter_mut().for_each(|map| map.set_saved(Some(map.last_own_seq())));
        let mut syncs = [0, 1].map(|_| Broadcast::start(config(1_000), 0, &mut || random.next()));
        let mut now_ms = 0;
        while now_ms < TIME_MS {
            for from in 0..2 {
                while let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut || random.next()) {
                    let to = 1 - from;
                    syncs[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                    if !maps[to].is_saved() {
                        held += usize::from(bytes[4] == MEET);
                        let later_ms = now_ms + 5;
                        assert_eq!(syncs[to].poll(&maps[to], later_ms, &mut || random.next()), None);
                        let seq = maps[to].last_own_seq();
                        maps[to].set_saved(Some(seq));
                    }
                }
            }
            now_ms = syncs.iter().map(Broadcast::next_wake_ms).min().unwrap().max(now_ms + 1);
        }
        assert_eq!(maps[0].state(), maps[1].state(), "seed {seed}");
    }
    assert!(held > 10, "too little followed for a test: {held}");
}

/// Sizes are counted with the keys, or a part with long ones would be longer than any message.
#[test]
fn long_keys_are_exchanged_in_parts_too() {
    let mut maps = [1, 2].map(|id| RangeMap::<String>::new(ReplicaId::new(id)));
    for at in 0..400 {
        let key = format!("{at:04}-{}", "long".repeat(100));
        _ = maps[0].register(&node(at % 7), &KeyRange::from_start(key)).unwrap();
    }
    let small = Config { message_bytes_max: 16_000, ..config(4_000) };
    let mut random = Random(1);
    let mut syncs = [0, 1].map(|_| Broadcast::start(small, 0, &mut || random.next()));
    for now_ms in 0..30_000 {
        for from in 0..2 {
            while let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut || random.next()) {
                assert!(bytes.len() <= small.message_bytes_max);
                syncs[1 - from].receive(&mut maps[1 - from], &bytes, now_ms, &mut || random.next());
            }
        }
    }
    assert_eq!(maps[0].state(), maps[1].state());
}

/// Drops that are named because of a gap may be more than a part carries; until all are told, no context is joined.
#[test]
fn many_named_drops_are_told_before_a_context_is_joined() {
    let mut writer = RangeMap::<u64>::new(ReplicaId::new(5));
    let mut maps = [3, 8].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    maps.iter_mut().for_each(|map| map.set_log_capacity(0));
    // Nobody ever hears of the first.
    _ = writer.register(&node(0), &KeyRange::from_start(0)).unwrap();
    for start in 1..100 {
        let range = KeyRange::from_start(start);
        let registered = writer.register(&node(1), &range).unwrap();
        maps.iter_mut().take(1 + (start % 3 == 0) as usize).for_each(|map| drop(map.merge(&registered)));
        maps[0].merge(&writer.release(&node(1), &range).unwrap());
    }
    assert!(maps[1].registrations().count() > 30);
    speak(&mut maps, config(64), usize::MAX);
    assert_eq!(maps[0].state(), maps[1].state());
    assert_eq!(maps[1].registrations().count(), 0);
}

/// A delta from long ago brings a record that was compared already, or not yet. That it was dropped is in the context that the replica
/// would adopt at the end of the meeting: then it is not adopted before that was compared too.
#[test]
fn what_comes_another_way_amid_a_meeting_is_not_taken_for_dropped_or_kept_for_ever() {
    let mut injected = 0;
    for inject_at in 1..12 {
        let (x, range) = (node(0), KeyRange::from_start(7));
        let mut writer = RangeMap::<u64>::new(ReplicaId::new(5));
        let late = writer.register(&x, &range).unwrap();
        _ = writer.release(&x, &range).unwrap();
        let mut maps = apart(3, 300, 40);
        maps[1].merge(writer.state());
        let expected = shown_by(&joined(&maps));
        let mut random = Random(1);
        let mut syncs = [0, 1].map(|_| Broadcast::start(config(600), 0, &mut || random.next()));
        let (mut meets, mut now_ms) = (0, 0);
        while now_ms < TIME_MS {
            for from in 0..2 {
                while let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut || random.next()) {
                    meets += usize::from(bytes[4] == MEET);
                    if bytes[4] == MEET && meets == inject_at {
                        injected += 1;
                        maps[0].merge(&late);
                    }
                    syncs[1 - from].receive(&mut maps[1 - from], &bytes, now_ms, &mut || random.next());
                    let knows_of_drop = maps[0].state().context().last_seq(writer.replica()) == 2;
                    assert!(
                        !knows_of_drop || maps[0].priority(&x, &range).is_none(),
                        "at message {inject_at}"
                    );
                }
            }
            now_ms = syncs.iter().map(Broadcast::next_wake_ms).min().unwrap().max(now_ms + 1);
        }
        if meets < inject_at {
            continue;
        }
        // What came last may have to wait for a digest.
        speak(&mut maps, config(600), usize::MAX);
        assert_eq!(maps[0].state(), maps[1].state());
        assert_show_the_same(&maps[0], &expected, "afterwards");
    }
    assert!(injected > 2, "meetings of {injected} messages");
}
