//! Writers that share an id against the rule, as after a restore from an old copy: two operations have the same name, and
//! nothing that is promised holds for them. Still nothing may panic, and every state must stay one.

use crdt_range_map::{Delta, KeyRange, NodeId, RangeMap, ReplicaId};
use proptest::test_runner::TestCaseError;

use super::look_at;
use super::model::history::{History, Operation, Place, Step, histories};
use super::model::seeds;
use super::model::world::{POOL, SampleKey, node, range};

struct Twins<K> {
    /// Every second one has the same id.
    maps: Vec<RangeMap<K>>,
    sent: Vec<Delta<K>>,
    nodes: usize,
    ranges: Vec<KeyRange<K>>,
}

impl<K: SampleKey> Twins<K> {
    fn new(history: &History) -> Self {
        let ids = (0..history.replicas as u64).map(|at| ReplicaId::new(at % 2));
        let ranges = history.ranges.iter().map(|at| range(POOL[*at])).collect();
        Self { maps: ids.map(RangeMap::new).collect(), sent: Vec::new(), nodes: history.nodes, ranges }
    }

    fn step(&mut self, step: Step) {
        let replicas = self.maps.len();
        let latest = |sent: usize| {
            Some(self.sent[self.sent.len().checked_sub(1 + sent % self.sent.len().max(1))?].clone())
        };
        match step {
            Step::Operate(at, place, operation) => self.operate(at % replicas, place, operation),
            Step::Deliver(at, sent) => {
                if let Some(delta) = latest(sent) {
                    self.deliver(at % replicas, &delta);
                }
            }
            Step::Combine(first, second) => {
                if let (Some(mut joined), Some(other)) = (latest(first), latest(second)) {
                    joined.merge(&other);
                    self.sent.push(joined);
                }
            }
            Step::Life(..) | Step::Down(..) => {}
            Step::Snapshot(at) => self.sent.push(self.maps[at % replicas].state().clone()),
            Step::Exchange(from, to) => {
                let state = self.maps[from % replicas].state().clone();
                self.deliver(to % replicas, &state);
            }
            // The writer comes back without all that it knew.
            Step::Restart(at) => {
                self.maps[at % replicas] = RangeMap::new(self.maps[at % replicas].replica());
                if let Some(delta) = latest(0) {
                    self.deliver(at % replicas, &delta);
                }
            }
        }
    }

    fn operate(&mut self, at: usize, (node_at, range_at): Place, operation: Operation) {
        let node: NodeId = node(node_at % self.nodes);
        let range = &self.ranges[range_at % self.ranges.len()];
        let map = &mut self.maps[at];
        let delta = match operation {
            Operation::Register => map.register(&node, range).unwrap(),
            Operation::Unite => map.unite(&node, range).unwrap(),
            Operation::Increase(by) => map.increase(&node, range, by).unwrap(),
            Operation::Decrease(by) => map.decrease(&node, range, by).unwrap(),
            Operation::Release => map.release(&node, range).unwrap(),
            Operation::Tighten(to) => {
                map.tighten(&node, range, &self.ranges[to % self.ranges.len()]).unwrap_or_default()
            }
            Operation::MoveTo(to) => {
                map.move_to(&node, range, &self.ranges[to % self.ranges.len()]).unwrap_or_default()
            }
            Operation::Carve(hole) => {
                map.carve(&node, range, &self.ranges[hole % self.ranges.len()]).unwrap_or_default()
            }
            Operation::HandOver(to) => {
                map.hand_over(&node, range, &crate::model::world::node(to)).unwrap_or_default()
            }
            Operation::SetPriority(to) => map.set_priority(&node, range, to).unwrap(),
            Operation::Withdraw(of) => map.withdraw(ReplicaId::new(of as u64 % 2)).unwrap(),
            Operation::ReleaseNode => map.release_node(&node).unwrap(),
            Operation::Drain(window, count) => {
                map.drain(&node, &self.ranges[window % self.ranges.len()], count).unwrap()
            }
            Operation::StandIn(to) => map.stand_in(&crate::model::world::node(to), &node, range).unwrap(),
        };
        look_at(map);
        self.sent.push(delta);
    }

    fn deliver(&mut self, at: usize, delta: &Delta<K>) {
        let changes = self.maps[at].merge(delta);
        look_at(&self.maps[at]);
        self.sent.push(changes.delta().clone());
    }
}

fn check<K: SampleKey>() {
    seeds::check(400, &histories(2, 60), |mut history| {
        // As few registrations as there can be, so that equal names meet.
        history.nodes = 1;
        let mut twins = Twins::<K>::new(&history);
        history.steps.iter().for_each(|step| twins.step(*step));
        for delta in &twins.sent {
            let decoded = Delta::decode(&delta.encode());
            proptest::prop_assert_eq!(decoded.as_ref(), Ok(delta));
        }
        Ok::<(), TestCaseError>(())
    });
}

#[test]
fn writers_of_one_id_do_no_harm() {
    check::<u64>();
    check::<String>();
}

#[test]
fn a_reset_of_one_twins_record_does_not_garble_the_others() {
    let (node, range) = (node(0), range::<u64>(POOL[0]));
    let [mut first, mut second] = [1, 1].map(|id| RangeMap::new(ReplicaId::new(id)));
    let [mut left, mut right] = [2, 3].map(|id| RangeMap::new(ReplicaId::new(id)));
    let two = first.increase(&node, &range, 2.try_into().unwrap()).unwrap();
    let three = second.increase(&node, &range, 3.try_into().unwrap()).unwrap();
    let _ = left.merge(&two);
    let release = left.release(&node, &range).unwrap();
    let _ = right.merge(&three);
    let _ = right.merge(&release);
    look_at(&right);
    let _ = left.merge(&three);
    look_at(&left);
    assert_eq!(left.state(), right.state());
}
