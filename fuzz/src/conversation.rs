//! Two or three replicas that write, hear each other late, twice or not at all, and agree in the end.
//!
//! The first byte says how they are connected and what they remember. Then each byte is a step, and who makes it; some take
//! another byte.

use std::collections::VecDeque;

use crdt_range_map::node::{Event, LinkId, LinkKind, Options, Output};
use crdt_range_map::sync::{Config, IgnoreReason};
use crdt_range_map::{KeyRange, Node, Operation, ReplicaId};

use crate::{Random, node};

struct Replica {
    node: Node<u64>,
    /// To whom it has a link, over which both hear each other; all of them over the same one if that is a medium.
    links: Vec<(usize, LinkId)>,
    wake_ms: u64,
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
        assert!(pair[0].node.map().state() == pair[1].node.map().state(), "all are equal in the end");
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
        let mut world = Self { replicas: Vec::new(), under_way: VecDeque::new(), now_ms: 0, posted: 0 };
        let mut seeds = Random::new(1);
        for at in 0..count {
            let mut options_of_node =
                Options { sync: config, fan_in: 1 + usize::from(options >> 6 & 1), ..Options::default() };
            match options >> 4 & 3 {
                0 => options_of_node.log_bytes_max = 0,
                1 => options_of_node.log_bytes_max = 300,
                _ => {}
            }
            let node = Node::with(options_of_node, ReplicaId::new(1 + at as u64), seeds.draw());
            let mut node = node.expect("the configuration works");
            let others = (0..count).filter(|to| *to != at);
            let links = if is_mesh {
                let linked = others.filter(|to| !(is_chain && to.abs_diff(at) == 2));
                linked.map(|to| (to, node.open(LinkKind::Neighbour, 0))).collect()
            } else {
                let medium = node.open(LinkKind::Medium, 0);
                others.map(|to| (to, medium)).collect()
            };
            world.replicas.push(Replica { node, links, wake_ms: 0 });
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
        let Replica { node: replica, .. } = &mut self.replicas[at];
        let (node, start) = (node(u64::from(what & 1)), u64::from(what >> 1 & 7));
        let length = 1 + u64::from(what >> 4 & 3);
        let range = KeyRange::new(start, start + length).expect("it is not empty");
        let by = 2.try_into().expect("it is not 0");
        let written = match operation {
            0 => replica.register(&node, &range),
            1 => replica.increase(&node, &range, by),
            2 => replica.decrease(&node, &range, by),
            3 => replica.release(&node, &range),
            4 => {
                replica.maintain();
                Ok(())
            }
            _ => {
                // Many at once.
                let many = (0..u64::from(what & 63)).map(|start| {
                    let range = KeyRange::new(start, start + length).expect("it is not empty");
                    let (is_released, node) = (replica.map().priority(&node, &range).is_some(), node.clone());
                    if is_released {
                        Operation::Release { node, range }
                    } else {
                        Operation::Register { node, range }
                    }
                });
                let many: Vec<_> = many.collect();
                replica.apply(many).expect("it can write");
                Ok(())
            }
        };
        written.expect("it can write");
    }

    fn speak(&mut self) {
        let Self { replicas, under_way, now_ms, posted } = self;
        for (from, Replica { node, links, wake_ms }) in replicas.iter_mut().enumerate() {
            let before = *posted;
            loop {
                match node.poll(*now_ms) {
                    Output::Send { link, bytes } => {
                        *posted += 1;
                        let hearing = links.iter().filter(|(_, over)| *over == link);
                        under_way.extend(hearing.map(|(to, _)| Sent { from, to: *to, bytes: bytes.clone() }));
                        assert!(*posted < before + 1_000, "it talks without end");
                    }
                    Output::Event(Event::Refused { reason, .. }) => {
                        let is_refused =
                            matches!(reason, IgnoreReason::Malformed(_) | IgnoreReason::TooLong { .. });
                        assert!(!is_refused, "what one sends, another accepts: {reason}");
                    }
                    Output::Event(_) => {}
                    Output::Save(_) => unreachable!("nothing is to be saved"),
                    Output::Wait { until_ms } => {
                        *wake_ms = until_ms;
                        break;
                    }
                }
            }
        }
    }

    /// The message that was sent first arrives.
    fn deliver(&mut self) {
        let Some(Sent { from, to, bytes }) = self.under_way.pop_front() else { return };
        let Replica { node, links, .. } = &mut self.replicas[to];
        let link = links.iter().find(|(other, _)| *other == from).expect("both ends have a link").1;
        node.receive(link, &bytes, self.now_ms);
    }

    fn next_wake_ms(&self) -> u64 {
        self.replicas.iter().map(|replica| replica.wake_ms).min().unwrap_or(u64::MAX)
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
