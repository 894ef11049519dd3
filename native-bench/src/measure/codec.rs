//! Encoding and decoding, and what one-operation deltas take.

use std::collections::HashSet;

use crdt_range_map::{Delta, ReplicaId};

use super::{Bench, Session};
use crate::check::{self, Digester};
use crate::replica::{Replica, decoded, restored};
use crate::report::{DeltaSize, Row};
use crate::timer::Probe;
use crate::workload::{Op, OpKind, SplitMix64, Triple, Workload};

/// One-operation deltas are taken from this many operations of each kind.
const SIZED: usize = 1000;

/// The whole state, encoded and decoded.
pub(super) fn state(session: &mut Session<'_>, replica: &Replica<'_>) {
    session.tell("codec");
    let encoded = replica.map.state().encode();
    assert!(decoded(&encoded) == *replica.map.state(), "the decoded state is another one");
    assert!(decoded(&encoded).encode() == encoded, "the encoding is not canonical");
    let mut digester = Digester::default();
    digester.bytes(&encoded);
    let bytes = Some(encoded.len() as u64);

    let digest = check::registrations(&restored(ReplicaId::new(3), &encoded));
    assert_eq!(digest, replica.expected(), "the decoded registrations are wrong");

    let state = replica.map.state();
    let encode = Probe::fresh(|| (), |()| state.encode());
    let decode = Probe::fresh(|| (), |()| Delta::<u64>::decode(&encoded));
    let benches = vec![
        Bench::new(Row { bytes, ..session.row("encode", digester.digest()) }, encode),
        Bench::new(Row { bytes, ..session.row("decode", digest) }, decode),
    ];
    session.run(benches);
}

/// The encoded sizes of one-operation deltas: W(10,000) written by two replicas with random 64-bit ids, and then many
/// operations by one of them.
///
/// # Panics
/// If a delta does not survive its encoding.
pub fn delta_sizes(workload: &Workload) -> Vec<DeltaSize> {
    let mut random = SplitMix64::new(0xC0FFEE);
    let [mut replica, other] = Replica::halves(workload, [random.draw(), random.draw()]);
    replica.merge(&other);
    let own: HashSet<Triple> = workload.writes(0).map(|op| op.triple).collect();
    let (on_own, on_others): (Vec<Op>, Vec<Op>) =
        workload.increases().take(4 * SIZED).partition(|op| own.contains(&op.triple));
    let releases = on_own.iter().map(|op| Op { kind: OpKind::Release, ..*op }).collect();
    [
        ("register a new one", workload.newcomers(SIZED)),
        ("increase an own one", on_own),
        ("increase another's", on_others),
        ("release an own one", releases),
    ]
    .into_iter()
    .map(|(operation, ops)| {
        let deltas = ops.iter().map(|op| replica.apply(op)).filter(|delta| !delta.is_empty());
        let sizes: Vec<u64> = deltas.take(SIZED).map(|delta| checked_size(&delta)).collect();
        DeltaSize::new(operation, &sizes)
    })
    .collect()
}

fn checked_size(delta: &Delta<u64>) -> u64 {
    let bytes = delta.encode();
    assert!(Delta::decode(&bytes).as_ref() == Ok(delta), "a delta does not survive its encoding");
    bytes.len() as u64
}
