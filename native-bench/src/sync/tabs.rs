//! Many replicas on one medium: one operation, and one more that comes.

use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
use serde::{Deserialize, Serialize};

use super::medium::{Medium, Tab};
use crate::scenario::apply;
use crate::workload::{Workload, name};

/// What it took until all had it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spread {
    /// What happened: `operation`, `joiner`, `opening` (all come at once), or `idle` (an hour).
    pub what: String,
    /// How many replicas.
    pub replicas: usize,
    /// Messages that were posted.
    pub posts: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that were received.
    pub deliveries: u64,
    /// Virtual time until the last replica had it.
    pub virtual_ms: u64,
}

const N: usize = 1000;
const HOUR_MS: u64 = 3_600_000;

/// An operation among `k` replicas that hold W(1000), one that joins them, all of them opening at once, and an hour without anything.
pub fn run(k: usize) -> Vec<Spread> {
    let workload = Workload::new(N);
    let mut full = RangeMap::new(ReplicaId::new(1 << 60));
    let writes = workload.writes(0).chain(workload.writes(1));
    writes.for_each(|op| drop(apply(&mut full, &workload.nodes, &op)));
    let mut medium = Medium::new(k as u64);
    let mut spreads = Vec::new();
    let mut act = |medium: &mut Medium, what: &str, duration_ms: u64, act: &mut dyn FnMut(&mut Medium)| {
        let before = medium.statistics();
        let begin_ms = medium.now_ms;
        act(medium);
        medium.run_for(duration_ms);
        assert!(medium.is_converged(), "{what} among {k}: all are equal");
        let after = medium.statistics();
        spreads.push(Spread {
            what: what.into(),
            replicas: k,
            posts: after.messages_posted - before.messages_posted,
            bytes: after.bytes_posted - before.bytes_posted,
            deliveries: after.messages_received - before.messages_received,
            virtual_ms: medium.last_news_ms.saturating_sub(begin_ms),
        });
    };
    // One has everything, from its storage; the others come with nothing.
    act(&mut medium, "opening", 5_000, &mut |medium| {
        for id in 0..k as u64 {
            let mut map = RangeMap::new(ReplicaId::new(1 + id));
            if id == 0 {
                map.merge(full.state());
            }
            medium.join(map);
        }
    });
    act(&mut medium, "operation", 1_000, &mut |medium| {
        let Tab { map, protocol, .. } = &mut medium.tabs[k / 2];
        protocol.publish(&map.register(&name("node-00003"), &KeyRange::from_start(77)).unwrap());
    });
    act(&mut medium, "joiner", 5_000, &mut |medium| medium.join(RangeMap::new(ReplicaId::new(999))));
    act(&mut medium, "idle", HOUR_MS, &mut |_| {});
    spreads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_post_an_operation_and_one_answer_a_joiner() {
        let mut joined = Vec::new();
        for k in [2, 8] {
            let spreads = run(k);
            let of = |what: &str| spreads.iter().find(|spread| spread.what == what).unwrap();
            assert_eq!((of("operation").posts, of("operation").deliveries), (1, k as u64 - 1));
            // A question, an offer, the question again to that one, and what it carries; of the others perhaps a word each.
            assert!(of("joiner").posts <= k as u64 + 4, "{:?}", of("joiner"));
            joined.push(of("joiner").bytes);
            assert!(of("idle").posts <= HOUR_MS / 10_000, "{:?}", of("idle"));
        }
        assert!(joined[1] < joined[0] + joined[0] / 10, "one of eight carries it: {joined:?} bytes");
    }
}
