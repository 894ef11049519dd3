//! Messages of the protocol from anybody: spoilt and signed again, so that the checksum does not save us. Nothing panics, no
//! message makes a replica allocate more than a bound, and what it says stays in its place.

use crc::{CRC_32_ISO_HDLC, Crc};
use crdt_range_map::sync::{Config, IgnoreReason};
use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};

use super::allocated::peak_bytes;
use super::kit::tab::Tab;

const DIGEST: u8 = 4;
const PRESENCE: u8 = 5;
const ANNOUNCE: u8 = 6;
const DROPPED: u8 = 7;

/// Handling a message may allocate this much for each of its bytes, beside what it takes to copy a small map.
const BYTES_PER_BYTE_MAX: usize = 600;
const BYTES_MAX: usize = 1 << 20;

/// When the second replica comes to the first.
const COMES_MS: u64 = 3_000;

fn signed(body: &[u8]) -> Vec<u8> {
    let checksum = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(body);
    [body, &checksum.to_be_bytes()].concat()
}

fn map(id: u64, from: u64) -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::new(id));
    for start in from..from + 60 {
        let node = NodeId::new(format!("node-{}", start % 9)).unwrap();
        let range =
            if start % 5 == 0 { KeyRange::from_start(7) } else { KeyRange::new(start, start + 4).unwrap() };
        _ = map.register(&node, &range).unwrap();
        if start % 4 == 0 {
            _ = map.release(&node, &range).unwrap();
        }
    }
    map
}

/// All that two replicas say to each other, once with logs and once without, each with a copy of who it was said to.
fn conversation() -> Vec<(Vec<u8>, Tab<u64>)> {
    let mut said = Vec::new();
    for capacity in [1 << 20, 0] {
        let mut maps = [map(3, 0), map(8, 30)];
        let shared = maps[0].state().clone();
        maps[1].merge(&shared);
        _ = maps[0].register(&NodeId::new("late").unwrap(), &KeyRange::from_start(1)).unwrap();
        let config = Config { answer_bytes_max: 400, ..Config::default() };
        let mut tabs =
            [0, 1].map(|at| Tab::open(&maps[at], config, capacity, COMES_MS * at as u64, 1 + at as u64));
        for now_ms in 0..15_000 {
            for from in 0..2 {
                if from == 0 && now_ms == COMES_MS + 1_000 {
                    let node = NodeId::new("later").unwrap();
                    tabs[0].node.register(&node, &KeyRange::from_start(2)).unwrap();
                }
                // The second comes later.
                while now_ms >= COMES_MS * from as u64
                    && let Some(bytes) = tabs[from].poll(now_ms)
                {
                    let to = 1 - from;
                    if now_ms < COMES_MS {
                        continue;
                    }
                    said.push((bytes.clone(), tabs[to].clone()));
                    tabs[to].receive(&bytes, now_ms).unwrap();
                }
            }
        }
        assert_eq!(tabs[0].node.map().state(), tabs[1].node.map().state());
        // Only a mesh announces: a head, and then a context, which is most of a state with nothing else.
        let mut news = RangeMap::<u64>::new(ReplicaId::new(99));
        _ = news.register(&NodeId::new("later").unwrap(), &KeyRange::full()).unwrap();
        _ = news.release(&NodeId::new("later").unwrap(), &KeyRange::full()).unwrap();
        let news = news.state().encode();
        let mut announcement = said[0].0[..13].to_vec();
        announcement[4] = ANNOUNCE;
        announcement.extend(&news[1..news.len() - 1]);
        said.push((signed(&announcement), tabs[1].clone()));
        // Only many drops are told by their births: of the first replica, a stretch from number 200 on, born at 1, 4 and 5.
        let mut dropped = said[0].0[..5].to_vec();
        dropped[4] = DROPPED;
        dropped.extend(3u64.to_be_bytes().iter().cycle().take(16));
        dropped.extend([1, 0xc8, 1, 4, 1, 0, 3, 1]);
        said.push((signed(&dropped), tabs[1].clone()));
    }
    said
}

#[test]
fn drops_that_are_told_by_their_births_are_read() {
    let said = conversation();
    let (bytes, tab) = said.iter().find(|(bytes, _)| bytes[4] == DROPPED).cloned().unwrap();
    assert_eq!(suffer(&bytes, tab), Ok(()));
}

/// Hands a message over and lets the replica answer.
fn suffer(bytes: &[u8], mut tab: Tab<u64>) -> Result<(), IgnoreReason> {
    let (received, peak) = peak_bytes(|| {
        let received = tab.receive(bytes, 5_000);
        for now_ms in [5_000, 6_000] {
            let mut answers = 0;
            while let Some(answer) = tab.poll(now_ms) {
                answers += 1;
                assert!(answer.len() < 40_000 && answers < 20, "a flood of answers");
            }
        }
        received
    });
    let bound = BYTES_PER_BYTE_MAX * bytes.len() + BYTES_MAX;
    assert!(peak <= bound, "{peak} bytes allocated for {} bytes of a message", bytes.len());
    // Whatever it learnt, it goes on.
    tab.node.register(&NodeId::new("after").unwrap(), &KeyRange::new(1, 2).unwrap()).unwrap();
    let _ = tab.node.map().splits();
    received
}

#[test]
fn spoilt_messages_of_every_kind_do_no_harm() {
    let said = conversation();
    let kinds: std::collections::BTreeSet<u8> = said.iter().map(|(bytes, _)| bytes[4]).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 6, 7], "all kinds but presence");
    let extremes: [&[u8]; 6] = [&[0], &[1], &[0x7f], &[0xff], &[0x80, 0x80, 4], &[0xff; 9]];
    let (mut refused, mut taken) = (0, 0);
    for (bytes, tab) in &said {
        let body = &bytes[..bytes.len() - 4];
        for at in 4..body.len() {
            for extreme in extremes {
                let spoilt = signed(&[&body[..at], extreme, &body[at + 1..]].concat());
                match suffer(&spoilt, tab.clone()) {
                    Err(_) => refused += 1,
                    Ok(()) => taken += 1,
                }
            }
        }
        // A question may end before its fingerprint.
        for length in 13..body.len().saturating_sub(if body[4] == 2 { 8 } else { 0 }) {
            let received = suffer(&signed(&body[..length]), tab.clone());
            let is_presence = body[4] == PRESENCE;
            assert!(is_presence || matches!(received, Err(IgnoreReason::Malformed(_))), "{received:?}");
        }
    }
    assert!(refused > 1_000 && taken > 100, "{refused} refused, {taken} taken");
}

#[test]
fn unknown_kinds_of_messages_are_named() {
    let (bytes, tab) = conversation().swap_remove(0);
    let mut body = bytes[..bytes.len() - 4].to_vec();
    body[4] = 200;
    assert_eq!(suffer(&signed(&body), tab), Err(IgnoreReason::MessageKind(200)));
}

/// Somebody who tells for ever that it knows the same and holds something else, and never answers.
#[test]
fn a_peer_that_never_agrees_is_asked_more_and_more_rarely() {
    let said = conversation();
    let (digest, mut tab) = said.iter().find(|(bytes, _)| bytes[4] == DIGEST).cloned().unwrap();
    let mut posted = Vec::new();
    let interval_ms = Config::default().digest_interval_ms;
    for round in 0..400 {
        let mut body = digest[..digest.len() - 4].to_vec();
        body[13..21].copy_from_slice(&tab.node.map().state().version().fingerprint().to_be_bytes());
        body[21..29].copy_from_slice(&[0xee; 8]);
        let now_ms = 20_000 + round * interval_ms / 4;
        tab.receive(&signed(&body), now_ms).unwrap();
        while let Some(bytes) = tab.poll(now_ms) {
            posted.push(bytes[4]);
        }
    }
    let questions = posted.iter().filter(|kind| **kind != DIGEST).count();
    assert!((1..=60).contains(&questions), "{questions} questions");
    assert!(posted.len() <= questions + 101, "{} messages in 100 intervals", posted.len());
}
