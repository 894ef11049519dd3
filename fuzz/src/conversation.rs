//! Two or three replicas that write, hear each other late, twice or not at all, and agree in the end.
//!
//! The first byte says how they are connected and what they remember. Then each byte is a step, and who makes it; some take
//! another byte.

use std::collections::VecDeque;

use crdt_range_map::sync::{Broadcast, Config, IgnoreReason, Mesh, Received};
use crdt_range_map::{Delta, KeyRange, RangeMap, ReplicaId};

use crate::{Random, join, node};

enum Protocol {
    Broadcast(Box<Broadcast<u64>>),
    Mesh(Box<Mesh<u64>>),
}

struct Replica {
    map: RangeMap<u64>,
    protocol: Protocol,
}

/// A message under way.
#[derive(Clone)]
struct Sent {
    from: usize,
    to: usize,
    bytes: Vec<u8>,
}

struct World {
    replicas: Vec<Replica>,
    under_way: VecDeque<Sent>,
    random: Random,
    now_ms: u64,
    posted: usize,
}

/// They must agree so long after nothing is lost any more, and be quiet.
const HEALING_MS: u64 = 120_000;
const MINUTE_MS: u64 = 60_000;
/// What replicas that agree post in a minute, over each link and each way.
const DIGESTS_MAX: usize = 8;
const STEPS_MAX: usize = 300;

/// Lets them live as the bytes say.
pub fn run(bytes: &[u8]) {
    let Some((options, bytes)) = bytes.split_first() else { return };
    let mut world = World::new(*options);
    let mut bytes = bytes.iter().copied();
    for _ in 0..STEPS_MAX {
        let Some(step) = bytes.next() else { break };
        world.step(step, &mut bytes);
    }
    world.run_for(HEALING_MS);
    for pair in world.replicas.windows(2) {
        assert!(pair[0].map.state() == pair[1].map.state(), "all are equal in the end");
    }
    let before = world.posted;
    world.run_for(MINUTE_MS);
    let (posted, ways) = (world.posted - before, world.replicas.len() * (world.replicas.len() - 1));
    assert!(posted <= DIGESTS_MAX * ways, "{posted} messages among replicas that agree");
}

impl World {
    fn new(options: u8) -> Self {
        let count = 2 + usize::from(options & 1);
        let (is_mesh, is_chain, is_tight) = (options & 2 != 0, options & 4 != 0, options & 8 != 0);
        let default = Config::default();
        let config = if is_tight {
            Config { message_bytes_max: 4_096, answer_bytes_max: 512, ..default }
        } else {
            default
        };
        let mut world = Self {
            replicas: Vec::new(),
            under_way: VecDeque::new(),
            random: Random::new(1),
            now_ms: 0,
            posted: 0,
        };
        for at in 0..count {
            let mut map = RangeMap::new(ReplicaId::new(1 + at as u64));
            match options >> 4 & 3 {
                0 => map.set_log_capacity(0),
                1 => map.set_log_capacity(300),
                _ => {}
            }
            let random = &mut world.random;
            let protocol = if is_mesh {
                let mut mesh =
                    Mesh::new(config, 1 + usize::from(options >> 6 & 1)).expect("the configuration works");
                let is_linked = |to: usize| to != at && !(is_chain && to.abs_diff(at) == 2);
                for to in (0..count).filter(|to| is_linked(*to)) {
                    mesh.open(to as u64, 0, &mut || random.draw());
                }
                Protocol::Mesh(mesh.into())
            } else {
                Protocol::Broadcast(join(config, 0, random).into())
            };
            world.replicas.push(Replica { map, protocol });
        }
        world.speak();
        world
    }

    fn step(&mut self, step: u8, bytes: &mut impl Iterator<Item = u8>) {
        let at = usize::from(step >> 4) % self.replicas.len();
        match step & 15 {
            0..=5 => self.operate(at, step & 15, bytes.next().unwrap_or(0)),
            6 => self.run_for(u64::from(bytes.next().unwrap_or(0)).pow(2)),
            7 => drop(self.under_way.pop_back()),
            8 => drop(self.under_way.pop_front()),
            9 => self.under_way.extend(self.under_way.front().cloned()),
            10 => self.under_way.rotate_left(1.min(self.under_way.len())),
            // Nothing arrives meanwhile.
            11 => self.now_ms += u64::from(bytes.next().unwrap_or(0)).pow(2),
            12 => self.under_way.clear(),
            _ => self.deliver(),
        }
        self.speak();
    }

    fn operate(&mut self, at: usize, operation: u8, what: u8) {
        let Self { replicas, random, .. } = self;
        let Replica { map, protocol } = &mut replicas[at];
        let (node, start) = (node(u64::from(what & 1)), u64::from(what >> 1 & 7));
        let length = 1 + u64::from(what >> 4 & 3);
        let range = KeyRange::new(start, start + length).expect("it is not empty");
        let by = 2.try_into().expect("it is not 0");
        let written = match operation {
            0 => map.register(&node, &range),
            1 => map.increase(&node, &range, by),
            2 => map.decrease(&node, &range, by),
            3 => map.release(&node, &range),
            4 => Ok(map.maintain()),
            _ => {
                // Many at once.
                let mut all = Delta::default();
                for start in 0..u64::from(what & 63) {
                    let range = KeyRange::new(start, start + length).expect("it is not empty");
                    let is_released = map.priority(&node, &range).is_some();
                    let written =
                        if is_released { map.release(&node, &range) } else { map.register(&node, &range) };
                    all.merge(&written.expect("it can write"));
                }
                Ok(all)
            }
        };
        let delta = written.expect("it can write");
        match protocol {
            Protocol::Broadcast(protocol) => protocol.publish(&delta),
            Protocol::Mesh(protocol) => protocol.publish(&delta, &mut || random.draw()),
        }
    }

    fn speak(&mut self) {
        let Self { replicas, under_way, random, now_ms, posted } = self;
        let count = replicas.len();
        for (from, Replica { map, protocol }) in replicas.iter_mut().enumerate() {
            let before = *posted;
            match protocol {
                Protocol::Broadcast(protocol) => {
                    while let Some(bytes) = protocol.poll(map, *now_ms, &mut || random.draw()) {
                        *posted += 1;
                        let to = (0..count).filter(|to| *to != from);
                        under_way.extend(to.map(|to| Sent { from, to, bytes: bytes.clone() }));
                        assert!(*posted < before + 1_000, "it talks without end");
                    }
                }
                Protocol::Mesh(protocol) => {
                    while let Some((to, bytes)) = protocol.poll(map, *now_ms, &mut || random.draw()) {
                        *posted += 1;
                        under_way.push_back(Sent { from, to: to as usize, bytes });
                        assert!(*posted < before + 1_000, "it talks without end");
                    }
                }
            }
        }
    }

    /// The message that was sent first arrives.
    fn deliver(&mut self) {
        let Some(Sent { from, to, bytes }) = self.under_way.pop_front() else { return };
        let Self { replicas, random, now_ms, .. } = self;
        let Replica { map, protocol } = &mut replicas[to];
        let random = &mut || random.draw();
        let received = match protocol {
            Protocol::Broadcast(protocol) => protocol.receive(map, &bytes, *now_ms, random),
            Protocol::Mesh(protocol) => protocol.receive(map, from as u64, &bytes, *now_ms, random),
        };
        let is_refused =
            matches!(received, Received::Ignored(IgnoreReason::Malformed(_) | IgnoreReason::TooLong { .. }));
        assert!(!is_refused, "what one sends, another accepts: {received:?}");
    }

    fn next_wake_ms(&self) -> u64 {
        let wakes = self.replicas.iter().map(|replica| match &replica.protocol {
            Protocol::Broadcast(protocol) => protocol.next_wake_ms(),
            Protocol::Mesh(protocol) => protocol.next_wake_ms(),
        });
        wakes.min().unwrap_or(u64::MAX)
    }

    /// Time passes, and everything arrives a millisecond after it was sent.
    fn run_for(&mut self, duration_ms: u64) {
        let until_ms = self.now_ms + duration_ms;
        loop {
            self.speak();
            let next_ms = if self.under_way.is_empty() { self.next_wake_ms() } else { self.now_ms + 1 };
            let next_ms = next_ms.max(self.now_ms + 1);
            if next_ms > until_ms {
                self.now_ms = until_ms;
                return;
            }
            self.now_ms = next_ms;
            (0..self.under_way.len()).for_each(|_| self.deliver());
        }
    }
}
