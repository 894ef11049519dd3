//! Bytes from anybody: truncated, flipped, spliced, invented. Decoding refuses them or gives a delta whose bytes they are,
//! within a bound on memory; and what it accepts does no harm to a map, in the merge or in any operation after it.
#![cfg(not(target_arch = "wasm32"))]

use instances as _;
mod allocated;
mod bombs;
#[path = "../kit/mod.rs"]
mod kit;
mod messages;
#[path = "../model/mod.rs"]
mod model;
mod twins;

use std::num::NonZeroU32;

use allocated::peak_bytes;
use crdt_range_map::{DecodeError, Delta, KeyRange, RangeMap, ReplicaId, WriteError};
use model::history::histories;
use model::seeds;
use model::world::{POOL, SampleKey, World, node, range};
use proptest::prelude::*;
use proptest::sample::Index;

/// Decoding may allocate this much for each byte of its input. The worst that is known takes 360, real messages less than 90.
const BYTES_PER_BYTE_MAX: usize = 400;
/// This much it may allocate however short the input is.
const BYTES_MAX: usize = 512;

/// How many messages are spoilt, and in how many ways each.
const MESSAGES: u64 = 400;
const SPOILT_EACH: usize = 30;

/// Decodes, and checks what holds for all bytes.
fn decode<K: SampleKey>(bytes: &[u8]) -> Result<Delta<K>, DecodeError> {
    let (decoded, peak) = peak_bytes(|| Delta::<K>::decode(bytes));
    let bound = BYTES_PER_BYTE_MAX * bytes.len() + BYTES_MAX;
    assert!(peak <= bound, "{peak} bytes allocated for {} bytes of input: {bytes:02x?}", bytes.len());
    match &decoded {
        Ok(delta) => assert_eq!(delta.encode(), bytes, "accepted, but not canonical"),
        Err(error) => assert!(error.offset <= bytes.len(), "{error} of {}", bytes.len()),
    }
    decoded
}

/// Merges a delta, whoever made it, and does everything there is to do. Nothing may panic, and the state stays one.
fn use_up<K: SampleKey>(mut map: RangeMap<K>, delta: &Delta<K>) {
    let changes = map.merge(delta);
    assert!(changes.ranges().windows(2).all(|pair| pair[0].end().is_some_and(|end| end <= pair[1].start())));
    let again = map.merge(delta);
    assert!(again.is_empty(), "a repetition changes nothing");
    look_at(&map);

    // The registrations that the delta knows best, and one that it may never have heard of.
    let mut subjects: Vec<_> = map.registrations().take(3).map(|it| (it.node, it.range)).collect();
    subjects.push((node(0), range(POOL[4])));
    for (node, range) in subjects {
        let by = |amount| NonZeroU32::new(amount).unwrap();
        let inner = K::samples().into_iter().find(|key| key > range.start() && range.contains(key));
        let narrow = inner.map(|end| KeyRange::new(range.start().clone(), end).unwrap());
        let mut deltas = vec![
            done(map.increase(&node, &range, by(u32::MAX))),
            done(map.decrease(&node, &range, by(1))),
            done(map.register(&node, &range)),
        ];
        deltas.extend(narrow.and_then(|narrow| map.tighten(&node, &range, &narrow).ok()));
        deltas.push(done(map.decrease(&node, &range, by(u32::MAX))));
        deltas.push(done(map.register(&node, &range)));
        look_at(&map);
        deltas.push(done(map.release(&node, &range)));
        for delta in &deltas {
            assert_eq!(Delta::decode(&delta.encode()).as_ref(), Ok(delta));
        }
    }
    look_at(&map);
}

/// What an operation did, which is nothing once forged numbers have used up its own.
fn done<K: SampleKey>(result: Result<Delta<K>, WriteError>) -> Delta<K> {
    match result {
        Ok(delta) => delta,
        Err(error) => {
            assert_eq!(error, WriteError::Exhausted);
            Delta::default()
        }
    }
}

fn look_at<K: SampleKey>(map: &RangeMap<K>) {
    let _ = map.splits().iter().count();
    let _ = map.gaps().count();
    for key in K::samples() {
        let _ = map.owners(&key);
    }
    let state = map.state();
    assert_eq!(Delta::decode(&state.encode()).as_ref(), Ok(state));
}

/// One way to spoil a message.
#[derive(Clone, Debug)]
enum Spoil {
    Flip(Vec<(Index, u8)>),
    Set(Index, u8),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    /// The front of this message, and the back of another.
    Splice(Index, Index),
    Invent(Vec<u8>),
}

fn spoils() -> impl Strategy<Value = Spoil> {
    let bytes = |max| proptest::collection::vec(any::<u8>(), 1..max);
    prop_oneof![
        6 => proptest::collection::vec((any::<Index>(), 0..8u8), 1..4).prop_map(Spoil::Flip),
        3 => (any::<Index>(), 0..4u8).prop_map(|(at, value)| Spoil::Set(at, value)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, value)| Spoil::Set(at, value)),
        1 => (any::<Index>(), 1..4usize).prop_map(|(at, length)| Spoil::Remove(at, length)),
        1 => (any::<Index>(), bytes(4)).prop_map(|(at, inserted)| Spoil::Insert(at, inserted)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(front, back)| Spoil::Splice(front, back)),
        1 => bytes(40).prop_map(Spoil::Invent),
    ]
}

fn spoil(message: &[u8], other: &[u8], how: &Spoil) -> Vec<u8> {
    let mut bytes = message.to_vec();
    match how {
        Spoil::Flip(bits) => {
            for (at, bit) in bits {
                bytes[at.index(message.len())] ^= 1 << bit;
            }
        }
        Spoil::Set(at, value) => bytes[at.index(message.len())] = *value,
        Spoil::Remove(at, length) => {
            let at = at.index(message.len());
            bytes.drain(at..(at + length).min(message.len()));
        }
        Spoil::Insert(at, inserted) => {
            let at = at.index(message.len());
            bytes.splice(at..at, inserted.iter().copied());
        }
        Spoil::Splice(front, back) => {
            bytes.truncate(front.index(message.len()));
            bytes.extend(&other[back.index(other.len())..]);
        }
        Spoil::Invent(invented) => {
            bytes.truncate(1);
            bytes.extend(invented);
        }
    }
    bytes
}

/// Spoils real messages of random histories. Returns how many spoilt ones there were, and how many were accepted.
fn spoil_messages<K: SampleKey>() -> (usize, usize) {
    let spoils = proptest::collection::vec(spoils(), SPOILT_EACH);
    let cases = (histories(POOL.len(), 25), any::<Index>(), any::<Index>(), any::<Index>(), spoils);
    let counts = std::cell::Cell::new((0, 0));
    seeds::check(MESSAGES, &cases, |(history, message, other, victim, spoils)| {
        let world = World::<K>::live(&history).map_err(TestCaseError::fail)?;
        let deltas = world.messages.iter().map(|(delta, _)| delta);
        let deltas: Vec<&Delta<K>> = deltas.chain(world.peers.iter().map(|peer| peer.map.state())).collect();
        let [message, other] = [message, other].map(|at| deltas[at.index(deltas.len())].encode());
        let victim = &world.peers[victim.index(world.peers.len())].map;
        for how in &spoils {
            let bytes = spoil(&message, &other, how);
            let (spoilt, accepted) = counts.get();
            counts.set((spoilt + 1, accepted));
            if let Ok(delta) = decode::<K>(&bytes) {
                counts.set((spoilt + 1, accepted + 1));
                use_up(victim.clone(), &delta);
                use_up(RangeMap::new(ReplicaId::new(u64::MAX)), &delta);
            }
        }
        Ok(())
    });
    counts.get()
}

#[test]
fn spoilt_messages_over_numbers() {
    let (spoilt, accepted) = spoil_messages::<u64>();
    println!("{accepted} of {spoilt} spoilt messages are accepted");
    assert!(spoilt >= 10_000 && accepted >= spoilt / 20, "{accepted} of {spoilt}: too few for a test");
}

#[test]
fn spoilt_messages_over_strings() {
    let (spoilt, accepted) = spoil_messages::<String>();
    println!("{accepted} of {spoilt} spoilt messages are accepted");
    assert!(spoilt >= 10_000 && accepted >= spoilt / 20, "{accepted} of {spoilt}: too few for a test");
}
