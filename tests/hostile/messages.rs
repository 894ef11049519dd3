//! Messages of the protocol from anybody: spoilt and signed again, so that the checksum does not save us. Nothing panics, no
//! message makes a replica allocate more than a bound, and what it says stays in its place.

use crc::{CRC_32_ISO_HDLC, Crc};
use crdt_range_map::sync::{Broadcast, Config, IgnoreReason, Received};
use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};

use super::allocated::peak_bytes;

const PRESENCE: u8 = 5;

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
        map.register(&node, &range).unwrap();
        if start % 4 == 0 {
            map.release(&node, &range).unwrap();
        }
    }
    map
}

/// All that two replicas say to each other, once with logs and once without, each with a copy of who it was said to.
fn conversation() -> Vec<(Vec<u8>, RangeMap<u64>, Broadcast<u64>)> {
    let mut said = Vec::new();
    for capacity in [1 << 20, 0] {
        let mut maps = [map(3, 0), map(8, 30)];
        let shared = maps[0].state().clone();
        maps[1].merge(&shared);
        maps[0].register(&NodeId::new("late").unwrap(), &KeyRange::from_start(1)).unwrap();
        maps.iter_mut().for_each(|map| map.set_log_capacity(capacity));
        let mut draws = 0;
        let mut random = || {
            draws += 1;
            draws
        };
        let config = Config { compare_bytes_max: 400, ..Config::default() };
        let mut syncs = [0, COMES_MS].map(|at_ms| Broadcast::join(config, at_ms, &mut random).unwrap());
        for now_ms in 0..12_000 {
            for from in 0..2 {
                // The second comes later.
                while now_ms >= COMES_MS * from as u64
                    && let Some(bytes) = syncs[from].poll(&maps[from], now_ms, &mut random)
                {
                    let to = 1 - from;
                    if now_ms < COMES_MS {
                        continue;
                    }
                    said.push((bytes.clone(), maps[to].clone(), syncs[to].clone()));
                    syncs[to].receive(&mut maps[to], &bytes, now_ms, &mut random);
                }
            }
        }
        assert_eq!(maps[0].state(), maps[1].state());
    }
    said
}

/// Hands a message over and lets the replica answer.
fn suffer(bytes: &[u8], mut map: RangeMap<u64>, mut sync: Broadcast<u64>) -> Received<u64> {
    let (received, peak) = peak_bytes(|| {
        let received = sync.receive(&mut map, bytes, 5_000, &mut || 1);
        for now_ms in [5_000, 6_000] {
            let mut answers = 0;
            while let Some(answer) = sync.poll(&map, now_ms, &mut || 1) {
                answers += 1;
                assert!(answer.len() < 40_000 && answers < 20, "a flood of answers");
            }
        }
        received
    });
    let bound = BYTES_PER_BYTE_MAX * bytes.len() + BYTES_MAX;
    assert!(peak <= bound, "{peak} bytes allocated for {} bytes of a message", bytes.len());
    // Whatever it learnt, it goes on.
    map.register(&NodeId::new("after").unwrap(), &KeyRange::new(1, 2).unwrap()).unwrap();
    let _ = map.splits();
    received
}

#[test]
fn spoilt_messages_of_every_kind_do_no_harm() {
    let said = conversation();
    let kinds: std::collections::BTreeSet<u8> = said.iter().map(|(bytes, ..)| bytes[4]).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 6], "all kinds but presence");
    let extremes: [&[u8]; 6] = [&[0], &[1], &[0x7f], &[0xff], &[0x80, 0x80, 4], &[0xff; 9]];
    let (mut refused, mut taken) = (0, 0);
    for (bytes, map, sync) in &said {
        let body = &bytes[..bytes.len() - 4];
        for at in 4..body.len() {
            for extreme in extremes {
                let spoilt = signed(&[&body[..at], extreme, &body[at + 1..]].concat());
                match suffer(&spoilt, map.clone(), sync.clone()) {
                    Received::Ignored(_) => refused += 1,
                    _ => taken += 1,
                }
            }
        }
        // A question may end before its fingerprint.
        for length in 13..body.len().saturating_sub(if body[4] == 2 { 8 } else { 0 }) {
            let received = suffer(&signed(&body[..length]), map.clone(), sync.clone());
            let is_presence = body[4] == PRESENCE;
            assert!(
                is_presence || matches!(received, Received::Ignored(IgnoreReason::Malformed(_))),
                "{received:?}"
            );
        }
    }
    assert!(refused > 1_000 && taken > 100, "{refused} refused, {taken} taken");
}

#[test]
fn unknown_kinds_of_messages_are_named() {
    let (bytes, map, sync) = conversation().swap_remove(0);
    let mut body = bytes[..bytes.len() - 4].to_vec();
    body[4] = 200;
    let received = suffer(&signed(&body), map, sync);
    assert_eq!(received, Received::Ignored(IgnoreReason::MessageKind(200)));
}

/// A session that says nothing but "and you?" of ranges as long as it is answered.
#[test]
fn a_peer_that_never_agrees_does_not_make_a_session_endless() {
    let said = conversation();
    let (opening, map, sync) =
        said.iter().find(|(bytes, ..)| bytes[4] == 3 && bytes[25] == 0).cloned().unwrap();
    let (mut map, mut sync) = (map, sync);
    sync.receive(&mut map, &opening, 5_000, &mut || 1);
    let mut steps = 0;
    for step in (2..=255u8).step_by(2) {
        while sync.poll(&map, 5_000, &mut || 1).is_some() {
            steps += 1;
        }
        // Its own head, then: nothing carried, nothing absent, no end, one range with a fingerprint that is never right.
        let mut body = opening[..25].to_vec();
        body.push(step);
        let empty = RangeMap::<u64>::new(ReplicaId::new(1)).state().encode();
        body.push(empty.len() as u8);
        body.extend(empty);
        body.extend([0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(!matches!(sync.receive(&mut map, &signed(&body), 5_000, &mut || 1), Received::Ignored(_)));
    }
    assert!(steps <= 102, "{steps} steps were answered");
    assert!(steps > 50, "{steps} steps were answered: the messages are no session");
}
