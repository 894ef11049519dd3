//! Dense keys, logs that ran over, and configurations at their limits: what one sends, another accepts.

use crate::kit::builders::{named, slot};
use crate::kit::random::Random;
use crate::sync::{Broadcast, Config, IgnoreReason};
use crate::{RangeMap, ReplicaId};

/// Half of the slots of one node are released while a replica is away, and more happens than a log holds.
#[test]
fn replicas_with_dense_keys_meet_after_the_log_ran_over() {
    let node = named("node");
    for answer_bytes_max in [Config::ANSWER_BYTES_MIN, 512, 1 << 20, 16 << 20] {
        let config = Config { answer_bytes_max, ..Config::default() };
        let mut maps = [1, 2].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
        (0..2_048).for_each(|start| drop(maps[0].register(&node, &slot(start)).unwrap()));
        let state = maps[0].state().clone();
        maps[1].merge(&state);
        (0..2_048).step_by(2).for_each(|start| drop(maps[0].release(&node, &slot(start)).unwrap()));
        (0..4_200).for_each(|_| drop(maps[0].register(&node, &slot(1)).unwrap()));
        maps[0].set_log_capacity(100_000);
        let mut random = Random(2);
        let mut protocols = [0, 1].map(|_| Broadcast::start(config, 0, &mut || random.next()));
        let mut bytes_posted = 0;
        for now_ms in 0..60_000 {
            for from in 0..2 {
                while let Some(bytes) = protocols[from].poll(&maps[from], now_ms, &mut || random.next()) {
                    bytes_posted += bytes.len();
                    let to = 1 - from;
                    protocols[to].receive(&mut maps[to], &bytes, now_ms, &mut || random.next());
                }
            }
        }
        assert_eq!(maps[0].state(), maps[1].state(), "{answer_bytes_max}");
        assert!(bytes_posted < 20_000, "{bytes_posted} bytes");
        for protocol in &protocols {
            let malformed = IgnoreReason::NAMES.iter().position(|name| *name == "malformed").unwrap();
            assert_eq!(protocol.statistics().ignored[malformed], 0);
        }
    }
}
