//! Writers that are lost, and two writers of one id.

use std::collections::VecDeque;

use super::medium::Medium;
use crate::kit::builders::{by, node, range};
use crate::kit::random::Random;
use crate::sync::{Broadcast, Config, Event, IgnoreReason, Received, Renaming};
use crate::{Delta, RangeMap, ReplicaId};

/// Somebody is back who has heard little of a retired writer, and clears up before it has met the others.
#[test]
fn who_clears_up_too_early_takes_nothing_from_anybody() {
    let mut writer = RangeMap::<u64>::new(ReplicaId::new(1));
    let first = writer.increase(&node(0), &range(0), by(4)).unwrap();
    let mut medium = Medium::new(3);
    for id in 1..=3 {
        let mut map = RangeMap::new(ReplicaId::new(10 + id));
        map.merge(&first);
        medium.open_with(map);
    }
    medium.run_for(5_000);
    // It hears the others, but does not ask: it has not noticed that it was away.
    medium.tabs[2].group = None;
    let more: Vec<Delta<u64>> =
        (1..4).map(|at| writer.register(&node(0), &range(20 * at)).unwrap()).collect();
    let dropped = writer.release(&node(0), &range(0)).unwrap();
    for tab in 0..2 {
        more.iter().chain([&dropped]).for_each(|delta| drop(medium.tabs[tab].map.merge(delta)));
    }
    medium.run_for(20_000);
    medium.tabs[2].group = Some(0);
    medium.operate(0, |map| map.retire(writer.replica()));
    while !medium.tabs[2].map.state().retired().contains(writer.replica()) {
        medium.run_for(1);
    }
    medium.operate(2, |map| map.maintain());
    medium.run_for(60_000);
    assert!(medium.is_converged());
    for tab in &medium.tabs {
        assert_eq!(tab.map.registrations().count(), 3);
        assert_eq!(tab.map.priority(&node(0), &range(0)), None);
    }
}

/// Two have given up what a third holds: all know the same, and the two agree. On a slow medium the third is asked all the same.
#[test]
fn who_holds_what_others_gave_up_is_asked_although_they_agree() {
    const LATENCY_MS: u64 = 10_000;
    for seed in 0..10 {
        let mut writer = RangeMap::<u64>::new(ReplicaId::new(1));
        let deltas: Vec<Delta<u64>> =
            (0..3).map(|_| writer.increase(&node(0), &range(0), by(2)).unwrap()).collect();
        let mut holders = [11, 12, 13].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
        for (at, map) in holders.iter_mut().enumerate() {
            let heard = if at < 2 { &deltas[..2] } else { &deltas[..] };
            heard.iter().for_each(|delta| drop(map.merge(delta)));
            let mut claimed = writer.clone();
            _ = claimed.register(&node(0), &range(50)).unwrap();
            map.merge(&claimed.register(&node(0), &range(50)).unwrap());
            _ = map.retire(writer.replica());
            _ = map.maintain();
        }
        assert_eq!(holders[0].state().version(), holders[2].state().version());
        assert!(holders[0].state() != holders[2].state());
        let mut random = Random(seed);
        let mut protocols = [(); 3].map(|()| Broadcast::start(Config::default(), 0, &mut || random.next()));
        let mut on_the_way = VecDeque::<(u64, usize, Vec<u8>)>::new();
        let mut now_ms = 0;
        while now_ms < 400_000 {
            while let Some((_, to, bytes)) = on_the_way.pop_front_if(|(due_ms, ..)| *due_ms <= now_ms) {
                protocols[to].receive(&mut holders[to], &bytes, now_ms, &mut || random.next());
            }
            for from in 0..3 {
                while let Some(bytes) = protocols[from].poll(&holders[from], now_ms, &mut || random.next()) {
                    let others = (0..3).filter(|to| *to != from);
                    on_the_way.extend(others.map(|to| (now_ms + LATENCY_MS, to, bytes.clone())));
                }
            }
            let arrives_ms = on_the_way.front().map_or(u64::MAX, |(due_ms, ..)| *due_ms);
            let wakes_ms = protocols.iter().map(Broadcast::next_wake_ms).min().unwrap_or(u64::MAX);
            now_ms = arrives_ms.min(wakes_ms).max(now_ms + 1);
        }
        assert!(holders.windows(2).all(|pair| pair[0].state() == pair[1].state()), "seed {seed}");
        assert_eq!(holders[0].priority(&node(0), &range(0)), Some(6));
    }
}

/// Who declared it is gone: whoever is told to clear up does so when others agree.
#[test]
fn maintenance_clears_up_after_the_retired_when_those_who_are_there_agree() {
    let mut writer = RangeMap::<u64>::new(ReplicaId::new(1));
    let first = writer.increase(&node(0), &range(0), by(4)).unwrap();
    // Nobody hears of this.
    drop(writer.register(&node(0), &range(50)).unwrap());
    let last = writer.increase(&node(0), &range(0), by(2)).unwrap();
    let mut medium = Medium::new(4);
    for id in 1..=3 {
        let mut map = RangeMap::new(ReplicaId::new(10 + id));
        [&first, &last].iter().for_each(|delta| drop(map.merge(delta)));
        medium.open_with(map);
    }
    medium.run_for(2_000);
    medium.operate(0, |map| map.release(&node(0), &range(0)).unwrap());
    medium.operate(0, |map| map.retire(writer.replica()));
    medium.run_for(100);
    medium.regroup(0, None);
    medium.run_for(60_000);
    let size = |medium: &Medium| medium.tabs[1].map.state().encode().len();
    let before = size(&medium);
    medium.operate(1, |map| map.maintain());
    medium.run_for(60_000);
    assert!(medium.tabs[1].map.state() == medium.tabs[2].map.state());
    assert!(size(&medium) < before, "{} and {before} bytes", size(&medium));
    assert!(!medium.tabs[1].map.state().context().has_gaps());
}

/// A replica that is retired though it lives learns it after the cut, and goes on under a new id with all that it did.
#[test]
fn who_is_retired_and_alive_goes_on_under_a_new_id() {
    let mut medium = Medium::new(5);
    for _ in 0..3 {
        medium.open();
    }
    medium.operate(0, |map| map.register(&node(0), &range(0)).unwrap());
    medium.run_for(1_000);
    medium.regroup(0, None);
    medium.operate(0, |map| map.increase(&node(0), &range(0), by(5)).unwrap());
    medium.operate(0, |map| map.register(&node(0), &range(50)).unwrap());
    let cut_off = medium.tabs[0].map.replica();
    medium.operate(1, |map| map.release(&node(0), &range(0)).unwrap());
    medium.operate(1, |map| map.retire(cut_off));
    medium.run_for(60_000);
    medium.regroup(0, Some(0));
    medium.run_for(100_000);
    assert!(medium.is_converged());
    let tab = &mut medium.tabs[0];
    assert_ne!(tab.map.replica(), cut_off);
    assert!(!tab.map.is_retired());
    let Some(Event::Renamed { from, to, why, unheard }) = tab.sync.take_event() else { panic!("no event") };
    assert_eq!((from, to, why), (cut_off, tab.map.replica(), Renaming::Retired));
    assert_eq!(unheard.len(), 2, "{unheard:?}");
    medium.operate(0, |map| map.register(&node(0), &range(80)).unwrap());
    medium.run_for(1_000);
    assert!(medium.is_converged());
    for tab in &medium.tabs {
        assert_eq!(tab.map.priority(&node(0), &range(80)), Some(1));
        assert_eq!(tab.map.priority(&node(0), &range(50)), Some(1), "it had been registered unheard");
    }
}

/// Whoever learns by another way than a message that it is retired does not stay apart either.
#[test]
fn who_was_retired_before_it_met_the_others_goes_on_under_a_new_id() {
    for is_by_itself in [false, true] {
        let mut medium = Medium::new(9);
        let tabs = [medium.open(), medium.open()];
        medium.operate(0, |map| map.register(&node(0), &range(0)).unwrap());
        medium.run_for(1_000);
        let retired = medium.tabs[0].map.replica();
        medium.operate(0, |map| map.register(&node(0), &range(50)).unwrap());
        if is_by_itself {
            _ = medium.tabs[0].map.retire(retired);
        } else {
            let delta = medium.tabs[1].map.clone().retire(retired);
            medium.tabs[0].map.merge(&delta);
        }
        medium.run_for(100_000);
        assert!(medium.is_converged());
        assert_ne!(medium.tabs[0].map.replica(), retired);
        medium.operate(0, |map| map.register(&node(0), &range(80)).unwrap());
        medium.run_for(1_000);
        for tab in tabs {
            assert_eq!(medium.tabs[tab].map.priority(&node(0), &range(80)), Some(1));
        }
    }
}

/// What it did unheard is known to it alone, and whoever asks its former id is not answered: so it speaks first, whenever the next digest is.
#[test]
fn who_goes_on_under_a_new_id_tells_soon_what_it_had_done() {
    for seed in 0..10 {
        let mut medium = Medium::new(seed);
        let tabs = [medium.open(), medium.open()];
        medium.operate(0, |map| map.register(&node(0), &range(0)).unwrap());
        medium.run_for(1_000);
        let retired = medium.tabs[0].map.replica();
        medium.tabs[0].group = None;
        medium.operate(0, |map| map.register(&node(0), &range(50)).unwrap());
        medium.run_for(1_000);
        medium.tabs[0].group = Some(0);
        medium.operate(1, |map| map.retire(retired));
        // The first digest comes after ten seconds.
        medium.run_for(4_000);
        assert!(medium.is_converged(), "seed {seed}");
        for tab in tabs {
            assert_eq!(medium.tabs[tab].map.priority(&node(0), &range(50)), Some(1));
        }
    }
}

/// What comes late from a retired writer counts as never done, whoever hears it.
#[test]
fn who_is_retired_is_heard_no_more() {
    let [mut writer, mut other] = [1, 2].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    let mut random = Random(3);
    let mut protocols =
        [0, 0].map(|now_ms| Broadcast::start(Config::default(), now_ms, &mut || random.next()));
    other.merge(&writer.register(&node(0), &range(0)).unwrap());
    _ = other.retire(writer.replica());
    protocols[0].publish(&writer.register(&node(0), &range(50)).unwrap());
    let late = protocols[0].poll(&writer, 0, &mut || random.next()).unwrap();
    let before = other.state().clone();
    let received = protocols[1].receive(&mut other, &late, 0, &mut || random.next());
    assert!(matches!(received, Received::Ignored(IgnoreReason::Retired)), "{received:?}");
    assert_eq!(other.state(), &before);
}

/// A disk that was copied: both write under one id. Everybody ends with what both wrote.
#[test]
fn two_writers_of_one_id_part_and_keep_what_they_wrote() {
    let mut medium = Medium::new(9);
    let third = medium.open();
    let mut original = RangeMap::<u64>::new(ReplicaId::new(77));
    _ = original.increase(&node(0), &range(0), by(2)).unwrap();
    let disk = original.state().encode();
    for copy in 0..2u64 {
        let mut map = RangeMap::new(ReplicaId::new(77));
        map.merge(&Delta::decode(&disk).unwrap());
        let tab = medium.open_with(map);
        medium.operate(tab, |map| map.register(&node(0), &range(100 + 50 * copy)).unwrap());
        medium.operate(tab, |map| map.increase(&node(0), &range(100 + 50 * copy), by(4)).unwrap());
    }
    medium.run_for(120_000);
    medium.operate(1, |map| map.register(&node(0), &range(300)).unwrap());
    medium.operate(2, |map| map.register(&node(0), &range(400)).unwrap());
    medium.run_for(120_000);
    assert!(medium.is_converged());
    assert_ne!(medium.tabs[1].map.replica(), medium.tabs[2].map.replica());
    let renamed = |tab: usize, medium: &mut Medium| medium.tabs[tab].sync.take_event().is_some();
    assert!(renamed(1, &mut medium) || renamed(2, &mut medium));
    let map = &medium.tabs[third].map;
    for (start, priority) in [(0, 2), (100, 5), (150, 5), (300, 1), (400, 1)] {
        assert_eq!(map.priority(&node(0), &range(start)), Some(priority), "{start}");
    }
}

/// An echo is no second writer.
#[test]
fn an_echo_changes_no_id() {
    let mut random = Random(3);
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut sync = Broadcast::start(Config::default(), 0, &mut || random.next());
    let mut posts = Vec::new();
    for at in 0..50u64 {
        let delta = match at % 4 {
            3 => map.release(&node(0), &range(at - 1)),
            _ => map.increase(&node(0), &range(at / 2), by(1)),
        };
        sync.publish(&delta.unwrap());
        while let Some(bytes) = sync.poll(&map, at * 100, &mut || random.next()) {
            posts.push(bytes);
        }
    }
    for bytes in posts {
        let _ = sync.receive(&mut map, &bytes, 6_000, &mut || random.next());
    }
    assert_eq!(map.replica(), ReplicaId::new(1));
    assert!(sync.take_event().is_none());
}
