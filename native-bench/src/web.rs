//! W(n) as `www/bench` takes it: one definition of the workload, and of what must come out.

use serde::Serialize;

use crate::check;
use crate::expected;
use crate::workload::{Triple, Workload};

/// A workload, in which nodes are numbers, and the digests of what it makes.
#[derive(Serialize)]
pub struct WebWorkload {
    n: usize,
    /// The nodes' names.
    nodes: Vec<String>,
    /// Node, start, end and priority of each registration. One replica writes the first half, another the second.
    items: Vec<[u64; 4]>,
    /// The same of some that are not among them.
    newcomers: Vec<[u64; 4]>,
    /// Keys to look up.
    keys: Vec<u64>,
    /// The digest of the owners of these keys, one after the other.
    owners: String,
    /// The digest of all splits.
    splits: String,
}

const LOOK_UPS: usize = 10_000;
const NEWCOMERS: usize = 10;

impl WebWorkload {
    /// W(n).
    pub fn new(n: usize) -> Self {
        let workload = Workload::new(n);
        let splits = expected::splits(&workload.nodes, &workload.registrations);
        let keys: Vec<u64> = workload.keys().into_iter().take(LOOK_UPS).collect();
        let owners = check::look_ups(keys.iter().copied(), |key| expected::owners_of(&splits, key));
        let flat = |Triple { start, end, node }: Triple, priority| [node.into(), start, end, priority];
        Self {
            n,
            nodes: workload.nodes.iter().map(|node| node.as_str().to_owned()).collect(),
            items: workload.registrations.iter().map(|it| flat(it.triple, it.priority)).collect(),
            newcomers: workload.newcomers(NEWCOMERS).iter().map(|op| flat(op.triple, 1)).collect(),
            keys,
            owners: owners.to_string(),
            splits: check::expected_splits(&splits).to_string(),
        }
    }
}
