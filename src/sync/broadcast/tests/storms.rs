//! Many who have the same to ask, or to answer: one of them speaks.

use std::collections::VecDeque;

use super::medium::{Faults, Medium, NO_FAULTS};
use crate::kit::builders::{between, named};
use crate::kit::random::Random;
use crate::sync::{Broadcast, Config};
use crate::{RangeMap, ReplicaId};

const REPLICAS: u64 = 24;

fn filled(id: u64, registrations: u64) -> RangeMap<u64> {
    let node = named("node");
    let mut writer = RangeMap::new(ReplicaId::new(99));
    (0..registrations).for_each(|at| drop(writer.register(&node, &between(at, at + 2)).unwrap()));
    let mut map = RangeMap::new(ReplicaId::new(id));
    map.merge(writer.state());
    map
}

const ASK: u8 = 2;
const MEET: u8 = 3;
const DIGEST: u8 = 4;

fn posts(medium: &Medium, kind: u8) -> u64 {
    medium.posts.get(&kind).copied().unwrap_or(0)
}

/// All lack the same when somebody comes who knows more, and no log tells it: one finds out for all.
#[test]
fn of_many_who_lack_what_a_newcomer_knows_one_asks() {
    for seed in 0..20 {
        let mut medium = Medium::new(seed);
        for id in 1..=REPLICAS {
            medium.open_with(filled(id, 500));
        }
        medium.run_for(20_000);
        medium.forget_posts();
        let mut more = filled(50, 900);
        more.set_log_capacity(0);
        medium.open_with(more);
        medium.run_for(5_000);
        assert!(medium.is_converged());
        assert_eq!(posts(&medium, ASK), 1);
        assert!(posts(&medium, MEET) <= 4, "seed {seed}: {:?}", medium.posts);
    }
}

/// The same, if a digest shows it.
#[test]
fn of_many_who_hear_that_they_lack_something_few_ask() {
    for seed in 0..40 {
        let mut medium = Medium::new(seed);
        medium.faults.delay_max_ms = [1, 50, 150, 400][seed as usize % 4];
        for id in 1..=REPLICAS {
            medium.open_with(filled(id, 500));
        }
        medium.run_for(8_000);
        medium.tabs[3].group = None;
        let node = named("node");
        for start in 1_000..1_400 {
            medium.operate(3, |map| map.register(&node, &between(start, start + 1)).unwrap());
        }
        medium.tabs[3].map.set_log_capacity(0);
        medium.run_for(1_000);
        medium.tabs[3].group = Some(0);
        medium.forget_posts();
        medium.run_for(20_000);
        assert!(medium.is_converged());
        assert!(posts(&medium, MEET) <= 2 * REPLICAS + 8, "seed {seed}: {:?}", medium.posts);
    }
}

/// All come at the same time, each with something that the others lack.
#[test]
fn of_many_who_come_together_few_answer_each() {
    for delay_max_ms in [1, 20, 80, 300] {
        for seed in 0..5 {
            let mut medium = Medium::new(seed);
            medium.faults = Faults { delay_max_ms, ..NO_FAULTS };
            for id in 1..=REPLICAS {
                medium.open_with(filled(id, 10 * id));
            }
            medium.run_for(60_000);
            assert!(medium.is_converged());
            assert!(
                posts(&medium, MEET) <= 4 * REPLICAS,
                "{delay_max_ms} ms, seed {seed}: {:?}",
                medium.posts
            );
        }
    }
}

/// Three who agree on a medium where a message takes 50 ms, the first of whom asks nothing any more.
fn three_that_agree(seed: u64) -> ([RangeMap<u64>; 3], [Broadcast<u64>; 3], Random, u64) {
    let mut random = Random(seed);
    let mut maps = [1, 2, 3].map(|id| filled(id, 5));
    let mut protocols = [(); 3].map(|()| Broadcast::start(Config::default(), 0, &mut || random.next()));
    let mut on_the_way = VecDeque::<(u64, usize, Vec<u8>)>::new();
    for now_ms in 0..60_000 {
        while let Some((_, to, bytes)) = on_the_way.pop_front_if(|(due_ms, ..)| *due_ms <= now_ms) {
            protocols[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
        }
        for from in 0..3 {
            while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                on_the_way.extend((0..3).filter(|to| *to != from).map(|to| (now_ms + 50, to, bytes.clone())));
            }
        }
    }
    (maps, protocols, random, 60_000)
}

/// The digest that a replica sends next.
fn next_digest(protocol: &Broadcast<u64>, map: &RangeMap<u64>, now_ms: u64) -> Vec<u8> {
    let mut protocol = protocol.clone();
    (0..20)
        .find_map(|at| protocol.poll(map, now_ms + 5_000 * at, &mut || 7))
        .filter(|bytes| bytes[4] == DIGEST)
        .expect("nothing else is to be said")
}

#[test]
fn nobody_is_asked_about_news_that_is_on_the_way() {
    for seed in 0..40 {
        for is_digest_first in [false, true] {
            let (mut maps, mut protocols, mut random, now_ms) = three_that_agree(seed);
            let old_digest = next_digest(&protocols[1], &maps[1], now_ms);
            let range = between(700, 701);
            let delta = maps[2].register(&named("node"), &range).unwrap();
            protocols[2].publish(&delta);
            let news = protocols[2].poll(&maps[2], now_ms, &mut || random.next()).expect("there is news");
            let new_digest = next_digest(&protocols[2], &maps[2], now_ms);
            // Of the second, which has not heard of it when it says so, and nothing else until that of the third; or of the third, whose
            // digest overtakes what it is about.
            let mut heard = match is_digest_first {
                false => vec![(0, &news), (1, &old_digest), (90, &new_digest)],
                true => vec![(0, &new_digest), (1, &news)],
            };
            for late_ms in 0..2_000 {
                for (_, bytes) in heard.extract_if(.., |(at_ms, _)| *at_ms == late_ms) {
                    protocols[0].receive(&mut maps[0], bytes, now_ms + late_ms, &mut || random.next());
                }
                let said = protocols[0].poll(&maps[0], now_ms + late_ms, &mut || random.next());
                let is_question = said.is_some_and(|bytes| [ASK, MEET].contains(&bytes[4]));
                assert!(!is_question, "seed {seed}, digest first: {is_digest_first}, after {late_ms} ms");
            }
        }
    }
}

/// Each is given a minute to speak first, and the first in the line is gone.
#[test]
fn the_second_in_a_slow_line_answers_where_the_first_is_gone() {
    let config = Config { delay_max_ms: 60_000, digest_interval_ms: 1 << 40, ..Config::default() };
    for seed in 0..10 {
        let (mut random, gone) = (Random(seed), seed as usize % 2);
        // Who comes later knows nothing more, which somebody would ask it for.
        let mut maps = [(1, 7), (2, 7), (3, 1)].map(|(id, registrations)| filled(id, registrations));
        let mut protocols: Vec<Broadcast<u64>> =
            (0..2).map(|_| Broadcast::start(config, 0, &mut || random.next())).collect();
        let mut now_ms = 0;
        while now_ms < 2_000_000 {
            if protocols.len() == 2 && now_ms > 150_000 {
                protocols.push(Broadcast::start(config, now_ms, &mut || random.next()));
            }
            for from in 0..protocols.len() {
                while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                    let count = protocols.len();
                    // One of the two hears nothing any more, nor is heard.
                    let is_gone = |at: usize| count == 3 && at == gone;
                    for to in (0..count).filter(|to| *to != from && !is_gone(*to) && !is_gone(from)) {
                        protocols[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                    }
                }
            }
            let wakes_ms = protocols.iter().map(Broadcast::next_wake_ms).min();
            now_ms = wakes_ms.unwrap_or(u64::MAX).max(now_ms + 1).min(now_ms + 100_000);
        }
        assert!(maps[2].state() == maps[1 - gone].state(), "seed {seed}");
    }
}

/// Each hears what is said after a while of its own: one hears the answer before the question.
#[test]
fn who_hears_an_answer_before_its_question_says_nothing() {
    for seed in 0..20 {
        let (mut maps, mut protocols, mut random, now_ms) = three_that_agree(seed);
        let mut joiner = Broadcast::start(Config::default(), now_ms, &mut || random.next());
        let question = joiner.poll(&filled(4, 2), now_ms, &mut || random.next()).expect("it asks");
        assert_eq!(question[4], ASK);
        let mut answer = None;
        for at in 0..2 {
            protocols[at].receive(&mut maps[at], &question, now_ms, &mut || random.next());
        }
        for late_ms in 0..5_000 {
            for at in 0..2 {
                let said = protocols[at].poll(&maps[at], now_ms + late_ms, &mut || random.next());
                answer = answer.or(said.filter(|bytes| bytes[4] == MEET));
            }
        }
        let answer = answer.expect("somebody answers");
        protocols[2].receive(&mut maps[2], &answer, now_ms, &mut || random.next());
        protocols[2].receive(&mut maps[2], &question, now_ms, &mut || random.next());
        for late_ms in 0..5_000 {
            let said = protocols[2].poll(&maps[2], now_ms + late_ms, &mut || random.next());
            assert!(said.is_none_or(|bytes| bytes[4] == DIGEST), "seed {seed}");
        }
    }
}
