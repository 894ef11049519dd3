//! Presence in virtual time: what it costs, and that it tells who is there.

mod limits;
mod loss;
mod medium;

use std::collections::BTreeMap;

use self::medium::{GOODBYE, HELLO, HERE, Loss, MINUTE_MS, Medium, NEWS, ROSTER, SECOND_MS, WHO, name};
use super::*;

#[test]
fn a_joiner_says_hello_once_and_gets_one_roster() {
    for count in [2, 8, 32] {
        for config in [Config::default(), Config::heartbeats()] {
            let mut medium = Medium::with_tabs(config, count);
            medium.open();
            medium.run_for(SECOND_MS);
            medium.expect_all_know_all();
            if config == Config::heartbeats() {
                medium.posts.remove(&HERE);
            }
            assert_eq!(medium.posts, BTreeMap::from([(HELLO, 1), (ROSTER, 1)]), "{count} tabs");
        }
    }
}

#[test]
fn many_that_join_at_once_know_each_other() {
    for count in [2, 8, 32] {
        let mut medium = Medium::new(Config::default());
        for _ in 0..count {
            medium.open();
        }
        medium.run_for(5 * SECOND_MS);
        medium.expect_all_know_all();
        let posts: u64 = medium.posts.values().sum();
        // Nobody heard those who opened later before they did.
        // With twelve seeds, 32 tabs took 38 to 48.
        assert!(posts <= count + count / 2 + 4, "each says hello, and some say more: {:?}", medium.posts);
    }
}

#[test]
fn whom_a_roster_lacks_is_told_of_all_the_same() {
    let mut medium = Medium::with_tabs(Config::default(), 16);
    // Nobody but the tab itself knows of this one.
    medium.loss = Loss::Everything;
    let hidden = medium.open();
    medium.run_for(5 * SECOND_MS);
    medium.loss = Loss::Nothing;
    medium.posts.clear();
    medium.open();
    medium.run_for(SECOND_MS);
    medium.expect_all_know_all();
    assert!(medium.liveness(hidden, 0).is_some());
    // Each side thought that it was all.
    assert_eq!(medium.posts, BTreeMap::from([(HELLO, 1), (ROSTER, 2)]));
}

#[test]
fn a_hello_that_nobody_hears_is_said_again_and_not_for_ever() {
    let mut medium = Medium::with_tabs(Config::default(), 2);
    medium.loss = Loss::Everything;
    medium.open();
    medium.run_for(600);
    assert_eq!(medium.posts, BTreeMap::from([(HELLO, 2)]));
    medium.loss = Loss::Nothing;
    medium.run_for(SECOND_MS);
    medium.expect_all_know_all();

    let mut alone = Medium::new(Config::default());
    alone.open();
    alone.run_for(MINUTE_MS);
    assert_eq!(alone.posts, BTreeMap::from([(HELLO, 3)]));
}

#[test]
fn an_idle_medium_is_silent_where_deaths_are_told() {
    for count in [2, 8, 32] {
        let mut medium = Medium::with_tabs(Config::default(), count);
        medium.run_for(10 * MINUTE_MS);
        assert_eq!(medium.posts, BTreeMap::new());
        medium.expect_all_know_all();
    }
}

#[test]
fn heartbeats_cost_one_post_each_in_two_seconds() {
    for count in [2, 8, 32] {
        let mut medium = Medium::with_tabs(Config::heartbeats(), count);
        medium.run_for(MINUTE_MS);
        let beats = medium.posts.remove(&HERE).unwrap();
        assert_eq!(medium.posts, BTreeMap::new());
        assert!((29 * count as u64..=30 * count as u64).contains(&beats), "{beats} of {count} tabs");
        medium.expect_all_know_all();
    }
}

#[test]
fn who_posts_otherwise_needs_half_as_many_beats() {
    let mut medium = Medium::with_tabs(Config::heartbeats(), 2);
    for _ in 0..60 {
        medium.run_for(SECOND_MS);
        medium.post(0, NEWS);
        let now_ms = medium.now_ms;
        medium.tabs[0].presence.posted(now_ms);
    }
    assert!(medium.posts[&HERE] <= 31 + 16, "the other's, and one in two intervals: {:?}", medium.posts);
    medium.expect_all_know_all();
}

#[test]
fn a_death_is_noticed_within_five_seconds_by_silence() {
    for count in [2, 8, 32] {
        let mut medium = Medium::with_tabs(Config::heartbeats(), count);
        for after_ms in [0, 700, 1_999] {
            medium.run_for(after_ms);
            let dying = medium.open();
            medium.run_for(SECOND_MS);
            medium.expect_all_know_all();
            medium.die(dying);
            medium.run_for(2 * SECOND_MS);
            assert_eq!(medium.liveness(dying, 0), Some(Liveness::Alive), "one lost beat says nothing");
            medium.run_for(3 * SECOND_MS);
            medium.expect_all_know_all();
            assert_eq!(medium.liveness(dying, 0), Some(Liveness::Dead));
        }
    }
}

#[test]
fn a_death_that_is_told_counts_at_once_until_the_dead_is_heard() {
    let mut medium = Medium::with_tabs(Config::default(), 3);
    let (dead, now_ms) = (medium.tabs[2].id, medium.now_ms);
    let revision = medium.tabs[0].presence.revision();
    medium.tabs[0].presence.died(dead, now_ms);
    assert_eq!(medium.liveness(2, 0), Some(Liveness::Dead));
    assert_eq!(medium.tabs[0].presence.revision(), revision + 1);
    medium.post(2, NEWS);
    medium.run_for(SECOND_MS);
    medium.expect_all_know_all();
    assert_eq!(medium.posts, BTreeMap::from([(NEWS[0], 1)]), "it need not introduce itself again");

    let now_ms = medium.now_ms;
    medium.tabs[0].presence.died(dead, now_ms);
    medium.close(2);
    medium.run_for(SECOND_MS);
    assert_eq!(medium.liveness(2, 0), Some(Liveness::Left), "the goodbye explains the death");
}

#[test]
fn others_who_do_not_know_of_a_death_bring_nobody_back() {
    let mut medium = Medium::with_tabs(Config::default(), 3);
    medium.die(2);
    let (dead, now_ms) = (medium.tabs[2].id, medium.now_ms);
    medium.tabs[0].presence.died(dead, now_ms);
    let joiner = medium.open();
    medium.run_for(SECOND_MS);
    assert_eq!(medium.liveness(2, 1), Some(Liveness::Alive), "nobody told it");
    assert_eq!(medium.liveness(2, 0), Some(Liveness::Dead));
    assert!(medium.posts[&ROSTER] > 0);
    assert!(medium.liveness(joiner, 0).is_some());
}

#[test]
fn a_goodbye_counts_at_once_and_what_was_posted_before_it_may_arrive_after_it() {
    let mut medium = Medium::with_tabs(Config::default(), 8);
    medium.close(3);
    medium.run_for(medium.latency_ms);
    medium.expect_all_know_all();
    assert_eq!(medium.liveness(3, 0), Some(Liveness::Left));
    assert_eq!(medium.posts, BTreeMap::from([(GOODBYE, 1)]));
    medium.post(3, NEWS);
    medium.run_for(medium.latency_ms);
    medium.expect_all_know_all();
    let (left, now_ms) = (medium.tabs[3].id, medium.now_ms);
    medium.tabs[0].presence.died(left, now_ms);
    assert_eq!(medium.liveness(3, 0), Some(Liveness::Left));
    medium.run_for(SECOND_MS);
    medium.tabs[3].is_open = true;
    medium.post(3, NEWS);
    medium.run_for(medium.latency_ms);
    assert_eq!(medium.liveness(3, 0), Some(Liveness::Alive), "it did not leave after all");
}

#[test]
fn who_was_suspended_returns_by_itself_and_calls_nobody_dead() {
    for count in [2, 8, 32] {
        let mut medium = Medium::with_tabs(Config::heartbeats(), count);
        medium.suspend(1);
        medium.run_for(MINUTE_MS);
        assert_eq!(medium.liveness(1, 0), Some(Liveness::Dead));
        let newcomer = medium.open();
        medium.close(0);
        medium.run_for(MINUTE_MS);
        let revision = medium.tabs[1].presence.revision();
        medium.wake(1);
        medium.run_for(100);
        medium.expect_all_know_all();
        assert_eq!(medium.liveness(newcomer, 1), Some(Liveness::Alive));
        assert_eq!(medium.liveness(0, 1), Some(Liveness::Left));
        assert_eq!(medium.tabs[1].presence.revision(), revision + 2, "one came, one left, and nobody died");
        medium.run_for(MINUTE_MS);
        medium.expect_all_know_all();
    }
}

#[test]
fn a_clock_that_is_set_back_confuses_nobody() {
    for config in [Config::default(), Config::heartbeats()] {
        let mut medium = Medium::with_tabs(config, 4);
        medium.open();
        let back_ms = medium.now_ms;
        medium.now_ms = 0;
        medium.in_flight.set_back(back_ms);
        medium.wake_all();
        medium.run_for(SECOND_MS);
        medium.expect_all_know_all();
        medium.die(2);
        medium.run_for(5 * SECOND_MS);
        if config == Config::heartbeats() {
            medium.expect_all_know_all();
        }
    }
}

#[test]
fn a_partition_heals() {
    let mut medium = Medium::with_tabs(Config::heartbeats(), 8);
    medium.loss = Loss::Everything;
    medium.run_for(MINUTE_MS);
    assert_eq!(medium.liveness(1, 0), Some(Liveness::Dead));
    medium.loss = Loss::Nothing;
    medium.run_for(5 * SECOND_MS);
    medium.expect_all_know_all();
}

#[test]
fn a_new_name_is_told_once() {
    let mut medium = Medium::with_tabs(Config::default(), 3);
    medium.tabs[1].presence.set_name(Name::new("Zoë").unwrap());
    medium.tabs[1].presence.set_name(Name::new("Zoé").unwrap());
    medium.run_for(SECOND_MS);
    medium.expect_all_know_all();
    assert_eq!(medium.posts, BTreeMap::from([(HERE, 1)]));
    medium.tabs[1].presence.set_name(Name::new("Zoé").unwrap());
    medium.run_for(SECOND_MS);
    assert_eq!(medium.posts, BTreeMap::from([(HERE, 1)]));
}

#[test]
fn a_stranger_is_asked_who_it_is() {
    let mut medium = Medium::with_tabs(Config::default(), 8);
    medium.loss = Loss::Everything;
    let stranger = medium.open();
    medium.run_for(5 * SECOND_MS);
    medium.loss = Loss::Nothing;
    medium.posts.clear();
    medium.post(stranger, NEWS);
    medium.run_for(medium.latency_ms);
    assert_eq!(medium.liveness(stranger, 0), None, "not before it introduces itself");
    medium.run_for(5 * SECOND_MS);
    medium.expect_all_know_all();
    assert!(medium.posts[&WHO] <= 2, "one asks for all: {:?}", medium.posts);
}

#[test]
fn who_does_not_want_to_be_known_is_asked_about_ever_less_often_and_only_while_it_is_heard() {
    let mut medium = Medium::with_tabs(Config::default(), 8);
    let unknown = ReplicaId::new(u64::MAX);
    let hear = |medium: &mut Medium, seconds| {
        medium.posts.clear();
        for _ in 0..seconds {
            (0..8).for_each(|to| medium.deliver(to, unknown, NEWS.to_vec()));
            medium.run_for(SECOND_MS);
        }
        medium.posts.remove(&WHO).unwrap_or_default()
    };
    let asked = hear(&mut medium, 16);
    assert!((3..=8).contains(&asked), "{asked}");
    let asked = hear(&mut medium, 1_000);
    assert!((100..=130).contains(&asked), "once in the longest interval: {asked}");
    medium.run_for(20 * SECOND_MS);
    medium.posts.clear();
    medium.run_for(10 * MINUTE_MS);
    assert_eq!(medium.posts, BTreeMap::new(), "it is not heard any more");
    assert_eq!(hear(&mut medium, 1), 1);
}

#[test]
fn what_is_remembered_is_bounded_and_the_living_are_kept() {
    let config = Config { peers_max: 16, ..Config::default() };
    let mut medium = Medium::with_tabs(config, 4);
    let hello = {
        let mut stranger = Presence::join(config, ReplicaId::new(0), name(99), 0).unwrap();
        stranger.poll(0).unwrap()
    };
    for id in 1 << 40..(1 << 40) + 1_000 {
        medium.deliver(0, ReplicaId::new(id), hello.clone());
        let now_ms = medium.now_ms;
        medium.tabs[0].presence.died(ReplicaId::new(id), now_ms);
        medium.deliver(0, ReplicaId::new(id + (1 << 41)), NEWS.to_vec());
    }
    assert!(medium.tabs[0].presence.peers().count() <= 16);
    for other in 1..4 {
        assert_eq!(medium.liveness(other, 0), Some(Liveness::Alive));
    }
    for id in 1 << 40..(1 << 40) + 1_000 {
        medium.deliver(0, ReplicaId::new(id), hello.clone());
    }
    assert_eq!(medium.tabs[0].presence.peers().count(), 16);
    let newcomer = medium.open();
    medium.run_for(SECOND_MS);
    assert_eq!(medium.liveness(newcomer, 0), None, "there is no room for more who are alive");
}

#[test]
fn broken_content_changes_nothing() {
    let mut presence = Presence::join(Config::default(), ReplicaId::new(1), name(1), 0).unwrap();
    let before = format!("{presence:?}");
    for content in [&[][..], &[0], &[HELLO, 200], &[ROSTER, 9, 9], &[HELLO, 1, b'\n'], &[GOODBYE, 0]] {
        assert!(presence.receive(ReplicaId::new(2), content, 5_000, &mut || 0).is_err());
    }
    assert_eq!(format!("{presence:?}"), before);
}

/// Who goes on under an id that it had before may have heard of that as of somebody else.
#[test]
fn who_takes_up_a_former_id_is_not_its_own_peer() {
    for config in [Config::default(), Config::heartbeats()] {
        let [former, other, later] = [1, 2, 5].map(ReplicaId::new);
        let mut here = Presence::join(config, former, name(1), 0).unwrap();
        let mut there = Presence::join(config, other, name(2), 0).unwrap();
        let mut speak = |here: &mut Presence, own: ReplicaId, from_ms: u64| {
            for now_ms in from_ms..from_ms + SECOND_MS {
                while let Some(content) = here.poll(now_ms) {
                    there.receive(own, &content, now_ms, &mut || 0).unwrap();
                }
                while let Some(content) = there.poll(now_ms) {
                    here.receive(other, &content, now_ms, &mut || 0).unwrap();
                }
            }
        };
        speak(&mut here, former, 0);
        // The goodbye is lost, so the other lists the former id.
        here.go_on_as(later, SECOND_MS);
        speak(&mut here, later, SECOND_MS);
        assert!(here.peers().any(|peer| peer.replica == former));
        here.go_on_as(former, 2 * SECOND_MS);
        assert!(here.peers().all(|peer| peer.replica == other));
    }
}
