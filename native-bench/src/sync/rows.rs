//! Which meetings are measured.

use crdt_range_map::{Node, ReplicaId};
use serde::Serialize;

use super::meeting::{Act, Base, Meeting, Who, meet};
use crate::workload::SplitMix64;

/// Two that hold W(n), after one or each of them did something to d registrations.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Registrations before.
    pub n: usize,
    /// How many differ, of each who did something.
    pub d: usize,
    /// What was done.
    pub act: Act,
    /// By whom.
    pub who: Who,
    /// Whether they remember their latest changes.
    pub has_log: bool,
    /// What it took.
    pub meeting: Meeting,
}

/// How many differ, as far as there are twice as many registrations.
const DIFFERENCES: [usize; 5] = [1, 20, 200, 2_000, 20_000];

/// So often they meet, for the median of the processor time.
const TIMES: usize = 5;

/// All of them.
pub fn rows(base: &Base) -> Vec<Row> {
    let mut rows = Vec::new();
    let n = base.n();
    for has_log in [true, false] {
        for act in [Act::New, Act::Own, Act::Others, Act::Released, Act::Mixed] {
            for who in [Who::Resident, Who::Comer, Who::Both] {
                for d in DIFFERENCES.into_iter().filter(|d| d * 2 <= n) {
                    let [resident, comer] = base.after(act, d, who, has_log, 1);
                    let meeting = meet(&resident, &comer, 1, TIMES);
                    rows.push(Row { n, d, act, who, has_log, meeting });
                }
            }
        }
    }
    rows
}

/// A meeting of two that differ a lot.
#[derive(Clone, Debug, Serialize)]
pub struct Great {
    /// What differs.
    pub what: String,
    /// Registrations before.
    pub n: usize,
    /// How long the encoded state is of who knows more: all of it could be sent instead.
    pub whole_bytes: usize,
    /// What it took.
    pub meeting: Meeting,
}

/// Great differences, and a joiner.
pub fn great(base: &Base) -> Vec<Great> {
    let n = base.n();
    let great = |what: String, [resident, comer]: &[Node<u64>; 2], whole: &Node<u64>| {
        let whole_bytes = whole.map().state().encode().len();
        Great { what, n, whole_bytes, meeting: meet(resident, comer, 1, 1) }
    };
    let random = || SplitMix64::new(1);
    let mut found = Vec::new();
    let joiner = [base.nodes(true)[0].clone(), Node::new(ReplicaId::new(7), 7)];
    found.push(great("joiner".into(), &joiner, &joiner[0]));
    let halves = Base::halves(&base.workload);
    found.push(great("all new, a half each".into(), &halves, &halves[0]));
    for (side, by) in ["resident", "comer"].into_iter().enumerate() {
        for percent in [10, 50, 90, 100] {
            let mut nodes = base.nodes(true);
            base.act(&mut nodes[side], side, Act::Released, n * percent / 100, &mut random());
            found.push(great(format!("{percent} % released by the {by}"), &nodes, &nodes[side]));
        }
        let mut nodes = base.nodes(true);
        for act in [Act::Own, Act::Others] {
            base.act(&mut nodes[side], side, act, n / 2, &mut random());
        }
        found.push(great(format!("all changed by the {by}"), &nodes, &nodes[side]));
    }
    let mut nodes = base.nodes(true);
    for (side, node) in nodes.iter_mut().enumerate() {
        base.act(node, side, Act::Own, n / 2, &mut random());
    }
    found.push(great("all changed, a half each".into(), &nodes, &nodes[0]));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_differences_cost_little_with_a_log_and_without() {
        let base = Base::new(1_000);
        for (has_log, bytes_max) in [(true, 800), (false, 1_100)] {
            for act in [Act::New, Act::Others, Act::Released] {
                let [resident, comer] = base.after(act, 20, Who::Comer, has_log, 1);
                let meeting = meet(&resident, &comer, 1, 2);
                assert!(
                    meeting.bytes <= bytes_max && meeting.messages <= 5,
                    "{act:?}, {has_log}: {meeting:?}"
                );
            }
        }
    }

    #[test]
    fn great_differences_cost_hardly_more_than_both_states() {
        for Great { what, whole_bytes, meeting, .. } in great(&Base::new(3_000)) {
            // Of what is released little is left, and yet it has to be told.
            let bytes_max = if what.contains("released") { 36_000 } else { 2 * whole_bytes as u64 + 500 };
            assert!(meeting.bytes <= bytes_max, "{what}: {meeting:?}, {whole_bytes}");
        }
    }
}
