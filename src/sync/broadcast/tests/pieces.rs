//! What is told in several messages: whichever of them are lost, come twice or come in another order, nobody takes more as known than came.

use std::collections::VecDeque;

use crate::kit::builders::{named, slot};
use crate::kit::random::Random;
use crate::sync::{Broadcast, Config};
use crate::{RangeMap, ReplicaId};

const SLOTS: u64 = 2_048;

/// What becomes of the messages that are handed out at once.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Backwards,
    /// But for that one.
    Lost(usize),
    /// That one comes once more, instead of the next.
    Instead(usize),
    /// Each comes once more, after so many others.
    Late(usize),
}

/// Two replicas, one of which released what the other holds, while the other did so many other things. Small messages, and logs that tell
/// nothing.
fn meet(others: u64, joins_at_ms: [u64; 2], fate: Fate, seed: u64) {
    let node = named("node");
    let config = Config { message_bytes_max: 2_048, answer_bytes_max: 1_024, ..Config::default() };
    let mut random = Random(seed);
    let mut maps = [1, 2].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
    (0..SLOTS).for_each(|start| drop(maps[0].register(&node, &slot(start)).unwrap()));
    (0..SLOTS)
        .filter(|start| start % 4 == 1)
        .for_each(|start| drop(maps[0].release(&node, &slot(start)).unwrap()));
    let state = maps[0].state().clone();
    maps[1].merge(&state);
    let released: Vec<u64> = (0..SLOTS).step_by(3).collect();
    released.iter().for_each(|start| drop(maps[0].release(&node, &slot(*start)).unwrap()));
    (0..others).for_each(|start| drop(maps[1].register(&node, &slot(SLOTS + start)).unwrap()));
    maps.iter_mut().for_each(|map| map.set_log_capacity(0));
    let mut protocols = joins_at_ms.map(|at_ms| Broadcast::start(config, at_ms, &mut || random.next()));
    let mut late = [VecDeque::new(), VecDeque::new()];
    for now_ms in 0..100_000 {
        for from in (0..2).filter(|from| now_ms >= joins_at_ms[*from]) {
            let mut posted = VecDeque::new();
            while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                posted.push_back(bytes);
            }
            if now_ms < joins_at_ms[1 - from] {
                continue;
            }
            match fate {
                Fate::Late(after) => {
                    for at in 0..posted.len() {
                        late[from].push_back(posted[at].clone());
                        if late[from].len() > after {
                            posted.extend(late[from].pop_front());
                        }
                    }
                }
                _ if posted.len() < 2 => {}
                Fate::Backwards => posted.make_contiguous().reverse(),
                Fate::Lost(at) => drop(posted.remove(at % posted.len())),
                Fate::Instead(at) => {
                    let at = at % (posted.len() - 1);
                    posted[at + 1] = posted[at].clone();
                }
            }
            let to = 1 - from;
            for bytes in posted {
                protocols[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                if maps[1].state().context().includes(maps[0].state().context()) {
                    let shown =
                        released.iter().find(|start| maps[1].priority(&node, &slot(**start)).is_some());
                    assert_eq!(shown, None, "{fate:?}, seed {seed}, {now_ms} ms");
                }
            }
        }
    }
    assert!(maps[0].state() == maps[1].state(), "{fate:?}, seed {seed}: not the same");
}

#[test]
fn what_takes_several_messages_may_come_in_any_order_and_in_part() {
    for seed in 0..4 {
        for others in [0, 17, 300] {
            for joins_at_ms in [[0, 0], [30_000, 0], [0, 30_000]] {
                meet(others, joins_at_ms, Fate::Backwards, seed);
                for at in 0..4 {
                    meet(others, joins_at_ms, Fate::Late(at), seed);
                    meet(others, joins_at_ms, Fate::Lost(at), seed);
                    meet(others, joins_at_ms, Fate::Instead(at), seed);
                }
            }
        }
    }
}
