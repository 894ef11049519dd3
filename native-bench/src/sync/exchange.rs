//! Two replicas that hold W(n) and did something each, and one that comes with nothing.

use std::time::Instant;

use crdt_range_map::{RangeMap, ReplicaId};
use serde::{Deserialize, Serialize};

use super::medium::Medium;
use crate::scenario::apply;
use crate::workload::Workload;

/// What the two remember, or who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// Ten operations on each side, and both have their logs.
    Warm,
    /// The same, and nobody remembers anything: ranges are compared.
    Cold,
    /// A replica that knows nothing meets one that knows all.
    Joiner,
}

/// What it took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// What happened.
    pub case: Case,
    /// Registrations on both sides before.
    pub n: usize,
    /// Messages in both directions.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Round trips.
    pub rounds: f64,
    /// Virtual time until both were equal, with a millisecond under way.
    pub virtual_ms: u64,
    /// Time that both sides computed, on this machine.
    pub computed_ms: f64,
}

const OPERATIONS: usize = 10;

/// Runs a case. The state that both end with is that of joining what they had.
pub fn run(case: Case, n: usize) -> Exchange {
    let workload = Workload::new(n);
    // As replicas are: random ids.
    let mut maps = [0x9e37_79b9_7f4a_7c15, 0x3c6e_f372_fe94_f82a].map(|id| RangeMap::new(ReplicaId::new(id)));
    for (part, map) in maps.iter_mut().enumerate() {
        workload.writes(part).for_each(|op| drop(apply(map, &workload.nodes, &op)));
    }
    let [first, second] = &mut maps;
    first.merge(second.state());
    second.merge(first.state());
    assert_eq!(first.state(), second.state());
    if case == Case::Joiner {
        *second = RangeMap::new(ReplicaId::new(7));
    } else {
        for (part, map) in maps.iter_mut().enumerate() {
            workload.changes(part, OPERATIONS).iter().for_each(|op| drop(apply(map, &workload.nodes, op)));
        }
    }
    if case == Case::Cold {
        maps.iter_mut().for_each(|map| map.set_log_capacity(0));
    }
    let mut expected = maps[0].clone();
    expected.merge(maps[1].state());

    let mut medium = Medium::new(n as u64);
    let [first, second] = maps;
    medium.join(first);
    // It asks in vain, and falls silent.
    medium.run_for(5_000);
    let before = medium.start_counting();
    let begin_ms = medium.now_ms;
    let begin = Instant::now();
    medium.join(second);
    medium.run_for(5_000);
    let computed_ms = begin.elapsed().as_secs_f64() * 1e3;
    assert!(medium.is_converged(), "{case:?} of {n}: both are equal");
    let registrations = |map: &RangeMap<u64>| map.registrations().map(|it| it.priority).sum::<u64>();
    assert_eq!(registrations(&medium.tabs[0].0), registrations(&expected));
    let after = medium.posted();
    Exchange {
        case,
        n,
        messages: after.messages_posted - before.messages_posted,
        bytes: after.bytes_posted - before.bytes_posted,
        rounds: medium.rounds(),
        virtual_ms: medium.last_news_ms - begin_ms,
        computed_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_bytes_bring_two_replicas_together() {
        let [warm, cold, joiner] = [Case::Warm, Case::Cold, Case::Joiner].map(|case| run(case, 1_000));
        assert!(warm.bytes <= 700, "{warm:?}");
        assert!(cold.bytes <= 12_000, "{cold:?}");
        assert!(joiner.bytes < 11_000 && joiner.messages == 2, "{joiner:?}");
    }
}
