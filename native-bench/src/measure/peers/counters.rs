//! crdts' `Map<triple, PNCounter>`: a registration is a key, its priority a counter, a release the removal of the key.

use std::collections::HashSet;

use crdts::{CmRDT, CvRDT, PNCounter};

use crate::check::{Digest, expected_registrations};
use crate::expected::Model;
use crate::workload::{Op, OpKind, Served, Triple, Workload};

pub(super) type CounterMap = crdts::Map<Triple, PNCounter<u64>, u64>;

/// One replica, beside one of the model.
#[derive(Clone)]
pub(super) struct Counters {
    actor: u64,
    map: CounterMap,
    model: Model,
    /// What was changed more than once since the replicas agreed: there crdts is not exact.
    contested: HashSet<Triple>,
}

impl Counters {
    /// The two replicas that wrote the halves of a workload.
    pub(super) fn halves(workload: &Workload) -> [Self; 2] {
        [0, 1].map(|part| {
            let actor = part as u64 + 1;
            let (map, model) = (CounterMap::new(), Model::default());
            let mut counters = Self { actor, map, model, contested: HashSet::new() };
            workload.writes(part).for_each(|op| counters.apply(&op));
            counters
        })
    }

    /// The two replicas of a workload, both with all of it.
    pub(super) fn twins(workload: &Workload) -> [Self; 2] {
        let [mut first, mut second] = Self::halves(workload);
        let written = first.clone();
        first.merge(second.clone());
        second.merge(written);
        [first, second]
    }

    /// The same after so many changes by each.
    pub(super) fn changed_twins(workload: &Workload, changes: usize) -> [Self; 2] {
        let mut twins = Self::twins(workload);
        let mut seen = HashSet::new();
        let mut contested = HashSet::new();
        for (part, counters) in twins.iter_mut().enumerate() {
            for op in workload.changes(part, changes) {
                counters.apply(&op);
                if !seen.insert(op.triple) {
                    contested.insert(op.triple);
                }
            }
        }
        twins[0].contested = contested;
        twins
    }

    /// A copy of the map.
    pub(super) fn map(&self) -> CounterMap {
        self.map.clone()
    }

    /// Does an operation.
    fn apply(&mut self, op: &Op) {
        self.model.apply(op);
        let steps = match op.kind {
            OpKind::Register => Some(1),
            OpKind::Increase(by) => Some(u64::from(by.get())),
            OpKind::Release => None,
        };
        let actor = self.actor;
        let done = match steps {
            Some(steps) => {
                let context = self.map.read_ctx().derive_add_ctx(actor);
                self.map.update(op.triple, context, |counter, _| counter.inc_many(actor, steps))
            }
            None => self.map.rm(op.triple, self.map.get(&op.triple).derive_rm_ctx()),
        };
        self.map.apply(done);
    }

    /// Learns all that the other knows.
    pub(super) fn merge(&mut self, other: Self) {
        self.model.merge(&other.model);
        self.map.merge(other.map);
    }

    /// Checks all registrations but the contested ones, and returns the digest of all.
    pub(super) fn check(&self, workload: &Workload) -> Digest {
        let found = registrations(&self.map);
        let uncontested = |served: &Served| !self.contested.contains(&served.triple);
        let expected = self.model.registrations();
        let [expected, compared] = [&expected, &found]
            .map(|all| all.iter().filter(|served| uncontested(served)).collect::<Vec<_>>());
        assert!(expected == compared, "crdts has another result");
        expected_registrations(&workload.nodes, &found)
    }
}

/// What the map holds, in order.
fn registrations(map: &CounterMap) -> Vec<Served> {
    let entries = map.iter().map(|context| context.val);
    let priority = |counter: &PNCounter<u64>| u64::try_from(counter.read()).unwrap_or(0);
    entries.map(|(triple, counter)| Served { triple: *triple, priority: priority(counter) }).collect()
}

/// The merge: what is timed. `theirs` goes into it.
pub(super) fn merge_once(ours: &mut CounterMap, theirs: Option<CounterMap>) {
    if let Some(theirs) = theirs {
        ours.merge(theirs);
    }
}
