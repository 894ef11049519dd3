//! Whatever was lost, once nothing is lost any more everybody soon knows everybody.

use super::medium::{HELLO, HERE, Loss, Medium, NEWS, SECOND_MS, WHO};
use crate::kit::random::Random;
use crate::sync::presence::{Config, Name};

const LOSSES: [Loss; 7] = [
    Loss::Some(10),
    Loss::Some(50),
    Loss::Some(90),
    Loss::Everything,
    Loss::Pairs(10),
    Loss::Pairs(50),
    Loss::Pairs(90),
];

/// Tabs that joined while much was lost, and changed their names, and then were there for a while.
fn after_losses(config: Config, count: usize, loss: Loss, seed: u64) -> Medium {
    let mut medium = Medium::new(config);
    (medium.loss, medium.random) = (loss, Random(seed));
    for _ in 0..count {
        medium.open();
        let pause_ms = medium.random.below(300);
        medium.run_for(pause_ms);
    }
    let lossy_ms = medium.random.below(20 * SECOND_MS);
    medium.run_for(lossy_ms);
    medium.tabs[0].presence.set_name(Name::new("renamed").unwrap());
    medium.run_for(SECOND_MS / 2);
    medium.loss = Loss::Nothing;
    medium
}

#[test]
fn with_beats_everybody_knows_everybody_two_beats_after_the_last_loss() {
    for count in [2, 3, 8, 24, 64] {
        for loss in LOSSES {
            for seed in 0..if count == 64 { 2 } else { 6 } {
                let mut medium = after_losses(Config::heartbeats(), count, loss, seed);
                // Every other is busy, and so beats less often.
                for _ in 0..40 {
                    for tab in (0..count).step_by(2) {
                        medium.post(tab, NEWS);
                        let now_ms = medium.now_ms;
                        medium.tabs[tab].presence.posted(now_ms);
                    }
                    medium.run_for(100);
                }
                medium.run_for(medium.latency_ms);
                assert_eq!(medium.ignorant(), 0, "of {count} after {loss:?}, seed {seed}");
                if seed == 0 {
                    medium.run_for(10 * SECOND_MS);
                    medium.posts.clear();
                    medium.run_for(20 * SECOND_MS);
                    assert!(medium.posts[&HERE] <= 10 * count as u64, "{:?}", medium.posts);
                    assert_eq!(medium.posts.len(), 1, "{:?}", medium.posts);
                }
            }
        }
    }
}

#[test]
fn where_deaths_are_told_everybody_who_is_heard_is_soon_known_and_then_nothing_is_posted() {
    let config = Config::default();
    for count in [2, 3, 8, 24, 64] {
        for loss in LOSSES {
            for seed in 0..4 {
                let mut medium = Medium::new(config);
                (medium.loss, medium.random) = (loss, Random(seed));
                let post_all = |medium: &mut Medium, seconds| {
                    for _ in 0..seconds {
                        (0..medium.tabs.len()).for_each(|tab| medium.post(tab, NEWS));
                        medium.run_for(SECOND_MS);
                    }
                };
                for _ in 0..count {
                    medium.open();
                }
                post_all(&mut medium, 1 + seed * 7);
                medium.loss = Loss::Nothing;
                medium.posts.clear();
                post_all(&mut medium, 2);
                medium.run_for(config.ask_ms_max + 3 * config.retry_ms);
                assert_eq!(medium.ignorant(), 0, "of {count} after {loss:?}, seed {seed}");
                // Each says once who it is, and some ask: nobody answers for all what all can say.
                let posts: u64 = [HELLO, HERE, WHO].iter().filter_map(|kind| medium.posts.get(kind)).sum();
                assert!(
                    posts <= 3 * count as u64 + 10,
                    "{count} after {loss:?}, seed {seed}: {:?}",
                    medium.posts
                );
                medium.posts.clear();
                medium.run_for(600 * SECOND_MS);
                assert!(medium.posts.is_empty(), "{:?}", medium.posts);
            }
        }
    }
}

#[test]
fn a_beat_that_nobody_missed_is_no_reason_to_say_more() {
    let mut medium = Medium::with_tabs(Config::heartbeats(), 32);
    for _ in 0..20 {
        medium.loss = Loss::Some(20);
        medium.run_for(SECOND_MS);
    }
    medium.loss = Loss::Nothing;
    medium.run_for(4 * SECOND_MS);
    medium.expect_all_know_all();
    assert_eq!(medium.posts.keys().collect::<Vec<_>>(), [&HERE], "{:?}", medium.posts);
}

#[test]
fn a_new_name_that_nobody_heard_is_told_again_when_a_roster_has_the_old_one() {
    let mut medium = Medium::with_tabs(Config::default(), 8);
    medium.loss = Loss::Everything;
    medium.tabs[3].presence.set_name(Name::new("renamed").unwrap());
    medium.run_for(SECOND_MS);
    medium.loss = Loss::Nothing;
    assert_eq!(medium.ignorant(), 7);
    medium.open();
    medium.run_for(SECOND_MS);
    medium.expect_all_know_all();
}
