//! Many who have the same to ask, or to answer: one of them speaks.

use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};

use crate::medium::{Faults, Medium, NO_FAULTS};

const REPLICAS: u64 = 24;

fn filled(id: u64, registrations: u64) -> RangeMap<u64> {
    let node = NodeId::new("node").unwrap();
    let mut writer = RangeMap::new(ReplicaId::new(99));
    (0..registrations)
        .for_each(|at| drop(writer.register(&node, &KeyRange::new(at, at + 2).unwrap()).unwrap()));
    let mut map = RangeMap::new(ReplicaId::new(id));
    map.merge(writer.state());
    map
}

const ASK: u8 = 2;
const MEET: u8 = 3;

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
        let node = NodeId::new("node").unwrap();
        for start in 1_000..1_400 {
            medium.operate(3, |map| map.register(&node, &KeyRange::new(start, start + 1).unwrap()).unwrap());
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
