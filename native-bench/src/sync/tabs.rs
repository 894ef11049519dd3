//! Many nodes on one medium: one operation, and one more that comes.

use crdt_range_map::node::Options;
use crdt_range_map::{KeyRange, Node, ReplicaId};
use serde::Serialize;

use super::meeting::{Base, join, medium};
use super::network::Network;
use crate::workload::name;

/// What it took until all had it.
#[derive(Clone, Debug, Serialize)]
pub struct Spread {
    /// What happened: `opening` (all come at once), `operation`, `joiner`, or `idle` (an hour).
    pub what: String,
    /// How many nodes.
    pub replicas: usize,
    /// Messages that were posted.
    pub posts: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that were received.
    pub deliveries: u64,
    /// Virtual time until the last node had it.
    pub virtual_ms: u64,
}

const HOUR_MS: u64 = 3_600_000;

/// All of `k` nodes opening at once, of which one has what `base` holds; an operation among them; one that joins them; and an hour
/// without anything.
///
/// # Panics
/// If they are not equal after each of these.
pub fn run(base: &Base, k: usize) -> Vec<Spread> {
    let mut medium = medium(k as u64);
    let mut spreads = Vec::new();
    let mut act = |what: &str, duration_ms: u64, act: &mut dyn FnMut(&mut Network)| {
        let (before, begin_ms) = (medium.traffic, medium.now_ms);
        act(&mut medium);
        medium.run_for(duration_ms);
        assert!(medium.is_converged(), "{what} among {k}: all are equal");
        let after = medium.traffic;
        spreads.push(Spread {
            what: what.into(),
            replicas: k,
            posts: after.messages - before.messages,
            bytes: after.bytes - before.bytes,
            deliveries: after.deliveries - before.deliveries,
            virtual_ms: medium.last_news_ms.saturating_sub(begin_ms),
        });
    };
    // One has everything, from its storage; the others come with nothing.
    act("opening", 5_000, &mut |medium| {
        for id in 1..=k as u64 {
            let pages = if id == 1 { &base.pages[0][..] } else { &[] };
            let restored = Node::restore(Options::default(), pages, ReplicaId::new(id), id);
            join(medium, restored.expect("the defaults work").0);
        }
    });
    act("operation", 1_000, &mut |medium| {
        let range = KeyRange::from_start(77);
        medium.operate(k / 2, |node| node.register(&name("node-00003"), &range).expect("it is not retired"));
    });
    act("joiner", 5_000, &mut |medium| _ = join(medium, Node::new(ReplicaId::new(999), 999)));
    act("idle", HOUR_MS, &mut |_| {});
    spreads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_post_an_operation_and_one_answer_a_joiner() {
        let base = Base::new(1_000);
        let mut joined = Vec::new();
        for k in [2, 8] {
            let spreads = run(&base, k);
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
