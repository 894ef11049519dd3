//! Writes the seeds, `fuzz/seeds/TARGET/*`, from what replicas really say: to be run again when the messages change.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --no-default-features --example seeds`

use std::path::Path;
use std::{fs, io};

use crdt_range_map::node::{LinkKind, Options, Output};
use crdt_range_map::sync::presence::Name;
use crdt_range_map::{KeyRange, Node, RangeMap, ReplicaId};
use crdt_range_map_fuzz::message::{SENDERS, STEP_MS, Victim, listed};
use crdt_range_map_fuzz::{join, next_post, node, written};

/// Operations, deliveries, losses, repeats and time: see `conversation`.
const LIFE: [u8; 33] = [
    0x00, 0x02, 0x10, 0x24, 0x06, 0x20, 0x05, 0xc8, 0x06, 0xff, 0x13, 0x02, 0x0b, 0x40, 0x09, 0x0d, 0x0d,
    0x08, 0x15, 0xc8, 0x0c, 0x01, 0x24, 0x06, 0x80, 0x22, 0x24, 0x04, 0x00, 0x0d, 0x0e, 0x0a, 0x0d,
];

/// How the replicas of a conversation are connected, and what they remember.
const CONNECTED: [(&str, u8); 6] =
    [("two", 0x30), ("three", 0x01), ("mesh", 0x33), ("chain", 0x07), ("tight", 0x08), ("short-log", 0x19)];

/// Of a message about who is there, the fifth byte.
const PRESENCE: u8 = 5;

/// 20 s: somebody says a digest.
const STEPS: u64 = 5_000;

fn main() -> io::Result<()> {
    let number = |number| number;
    let three_digits = |number| format!("{number:03}");
    let mut retired = written(9, 0, 30, number);
    drop(retired.retire(ReplicaId::new(9)));
    let numbers = written(1, 0, 30, number);
    save("delta_decode", "numbers", &numbers.state().encode())?;
    save("delta_decode", "strings", &written(1, 0, 30, three_digits).state().encode())?;
    save("delta_decode", "empty", &RangeMap::<u64>::new(ReplicaId::new(1)).state().encode())?;
    save("delta_decode", "operation", &written(1, 6, 1, number).state().encode())?;
    save("delta_decode", "retired", &retired.state().encode())?;
    let since = written(1, 0, 20, number);
    let delta = numbers.delta_since(since.state().version()).expect("it is remembered");
    save("delta_decode", "since", &delta.encode())?;

    let joiner = RangeMap::new(ReplicaId::new(SENDERS[1]));
    save("message", "joiner", &said_by(&joiner, |_, _| ()))?;
    let mut differing = peer();
    for it in differing.registrations().step_by(9).collect::<Vec<_>>() {
        _ = differing.release(&it.node, &it.range).expect("it can write");
    }
    drop(differing.merge(written(20, 300, 20, number).state()));
    save("message", "meeting", &said_by(&differing, |_, _| ()))?;
    let writing = |peer: &mut Node<u64>, step| {
        let range = KeyRange::new(step, step + 2).expect("it is not empty");
        peer.register(&node(step), &range).expect("it can write");
        // Of the first nobody hears: the victim asks for it.
        if step == 1 {
            next_post(peer, step * STEP_MS).expect("it tells of it");
        }
    };
    save("message", "writing", &said_by(&peer(), writing))?;
    save("message", "hello", &hello())?;
    // Many drops: of the first sender, a stretch from number 200 on, born at 1, 4 and 5.
    let dropped = [&[7, 0, 1, 16, 0][..], &SENDERS[0].to_be_bytes(), &[1, 0xc8, 1, 4, 1, 0, 3, 1]].concat();
    save("message", "drops", &dropped)?;

    for (name, options) in CONNECTED {
        save("conversation", name, &[&[options], &LIFE[..]].concat())?;
    }
    Ok(())
}

/// Somebody who holds what the victim holds.
fn peer() -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::new(SENDERS[1]));
    drop(map.merge(Victim::default().map().state()));
    map
}

/// The first thing that presence says.
fn hello() -> Vec<u8> {
    let options = Options { name: Some(Name::new("somebody").expect("it is short")), ..Options::default() };
    let node = Node::<u64>::with(options, ReplicaId::new(SENDERS[1]), 2);
    let mut node = node.expect("the configuration works");
    node.open(LinkKind::Medium, 0);
    loop {
        match node.poll(0) {
            Output::Send { bytes, .. } if bytes[4] == PRESENCE => return listed(&bytes, 1, 1),
            Output::Wait { .. } => unreachable!("it says hello at once"),
            _ => {}
        }
    }
}

/// What a peer says to the victim until both have no more to say than digests, if it does and tells of something in the first steps.
fn said_by(map: &RangeMap<u64>, act: impl Fn(&mut Node<u64>, u64)) -> Vec<u8> {
    let mut victim = Victim::default();
    let (mut peer, link) = join(map, Options::default().log_bytes_max, 2);
    let (mut said, mut waited) = (Vec::new(), 0);
    for step in 0..STEPS {
        let now_ms = step * STEP_MS;
        if (1..5).contains(&step) {
            act(&mut peer, step);
        }
        while let Some(bytes) = next_post(&mut peer, now_ms) {
            said.extend(listed(&bytes, 1, waited));
            waited = 0;
            victim.receive(&bytes);
            victim.posts_for(0).iter().for_each(|answer| peer.receive(link, answer, now_ms));
        }
        victim.posts_for(STEP_MS).iter().for_each(|answer| peer.receive(link, answer, now_ms));
        waited = waited.saturating_add(1);
    }
    assert!(victim.map().state() == peer.map().state(), "they are equal");
    said
}

fn save(target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}
