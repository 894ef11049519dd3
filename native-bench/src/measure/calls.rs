//! The calls that `www/bench` makes of the npm package, natively: how much of the time there is WebAssembly's. A registration is one
//! operation here, and bytes are decoded and encoded, as they are there.

use crdt_range_map::{Operation, RangeMap, ReplicaId};
use serde::Serialize;

use super::{Bench, Session};
use crate::check::{self, Digest};
use crate::consume::FlatOwners;
use crate::replica::{Replica, decoded};
use crate::report::Row;
use crate::timer::{Effort, Probe};
use crate::workload::{Op, OpKind, Served, Triple, Workload};

/// A workload as `www/bench` takes it, and what was found out about it. Nodes are numbers.
#[derive(Serialize)]
pub struct Calls {
    /// The number of registrations.
    n: usize,
    /// The nodes' names.
    nodes: Vec<String>,
    /// Node, start, end and priority of each registration. One replica writes the first half, the other the second.
    items: Vec<[u64; 4]>,
    /// As many that are not among them.
    newcomers: Vec<[u64; 4]>,
    /// Keys to look up.
    keys: Vec<u64>,
    /// The digest of the owners of these keys, one after the other.
    owners: String,
    /// The digest of all splits.
    splits: String,
    /// The calls, with times by unit.
    rows: Vec<Row>,
}

const LOOK_UPS: usize = 10_000;
const NEWCOMERS: usize = 10;

/// After both hold everything, each raises n/100 registrations by this, others than the other replica.
const RAISED_BY: u32 = 7;

fn raised(workload: &Workload, part: usize) -> impl Iterator<Item = Op> + '_ {
    let n = workload.n();
    let served = move |at| Served {
        priority: RAISED_BY.into(),
        ..workload.registrations[((2 * at + part) * 7919) % n]
    };
    (0..n / 100).map(move |at| increase(&served(at)))
}

/// An increase of what is not registered registers it.
fn increase(served: &Served) -> Op {
    let by = u32::try_from(served.priority).ok().and_then(|priority| priority.try_into().ok());
    Op { triple: served.triple, kind: OpKind::Increase(by.expect("priorities are small and positive")) }
}

/// Makes and times them.
///
/// # Panics
/// If a result is not what it must be.
pub fn calls(workload: &Workload, effort: Effort, progress: &mut dyn FnMut(&str)) -> Calls {
    let mut session = Session { workload, effort, progress, rows: Vec::new() };
    session.tell("the calls of the npm package, natively");
    let ops: Vec<Op> = workload.registrations.iter().map(increase).collect();
    let (first, second) = ops.split_at(ops.len() / 2);
    let halves =
        [(1, first), (2, second)].map(|(id, ops)| Replica::written(workload, id, ops.iter().copied()));
    let [first, second] = halves.each_ref().map(state);
    let twins = Replica::exchanged(halves);
    let (replica, full) = (&twins[0], state(&twins[0]));
    let mut changed = twins.clone();
    for (part, replica) in changed.iter_mut().enumerate() {
        raised(workload, part).for_each(|op| drop(replica.apply(&op)));
    }
    let [one, other] = changed.each_ref().map(state);
    let [mut merged, from] = changed;
    merged.merge(&from);
    let keys: Vec<u64> = workload.keys().into_iter().take(LOOK_UPS).collect();
    let [splits, owners] = replica.check_splits(&keys);
    let all = replica.expected();

    let empty = || RangeMap::new(ReplicaId::new(1));
    let load = |bytes: &[u8]| {
        let mut map = empty();
        merge(&mut map, bytes);
        map
    };
    let asked = || {
        let map = load(&full);
        map.owners(&0);
        map
    };
    let operations = || (empty(), ops.iter().map(|op| op.on(&workload.nodes)).collect::<Vec<_>>());
    let apply = |(map, operations): &mut (RangeMap<u64>, Vec<Operation<u64>>)| {
        map.apply(std::mem::take(operations)).expect("nobody is retired").encode()
    };
    let of_map = |map: &RangeMap<u64>, (): &()| check::registrations(map);
    let benches = vec![
        call(&session, "apply as a batch", all, operations, apply, |(map, _), _| check::registrations(map)),
        call(
            &session,
            "encode",
            all,
            || load(&full),
            |map| map.state().encode(),
            |_, bytes| check::registrations(&load(bytes)),
        ),
        call(&session, "merge into an empty map", all, empty, |map| merge(map, &full), of_map),
        call(&session, "merge halves", all, || load(&first), |map| merge(map, &second), of_map),
        call(
            &session,
            "merge what differs in 2 %",
            merged.expected(),
            || load(&one),
            |map| merge(map, &other),
            of_map,
        ),
        call(
            &session,
            "splits from scratch, in columns",
            splits,
            || load(&full),
            |map| FlatOwners::of(map),
            |map, _| check::visited_splits(map),
        ),
        call(
            &session,
            "look-up, in columns",
            owners,
            asked,
            |map| keys.iter().map(|key| map.owners(key)).collect::<Vec<_>>(),
            |_, found| {
                let mut found = found.iter();
                check::look_ups(keys.iter().copied(), |_| &found.next().expect("an answer a key")[..])
            },
        ),
    ];
    session.run(benches);
    let flat = |Triple { start, end, node }: Triple, priority| [node.into(), start, end, priority];
    Calls {
        n: workload.n(),
        nodes: workload.nodes.iter().map(|node| node.as_str().to_owned()).collect(),
        items: workload.registrations.iter().map(|it| flat(it.triple, it.priority)).collect(),
        newcomers: workload.newcomers(NEWCOMERS).iter().map(|op| flat(op.triple, 1)).collect(),
        keys,
        owners: owners.to_string(),
        splits: splits.to_string(),
        rows: session.rows,
    }
}

fn state(replica: &Replica<'_>) -> Vec<u8> {
    replica.map.state().encode()
}

fn merge(map: &mut RangeMap<u64>, bytes: &[u8]) {
    drop(map.merge(&decoded(bytes)));
}

/// A call that was made once, with the right result.
fn call<'a, I, O>(
    session: &Session<'_>,
    bench: &str,
    expected: Digest,
    prepare: impl Fn() -> I + 'a,
    run: impl Fn(&mut I) -> O + 'a,
    digest: impl Fn(&I, &O) -> Digest,
) -> Bench<'a> {
    let mut prepared = prepare();
    let result = run(&mut prepared);
    assert_eq!(digest(&prepared, &result), expected, "{bench}: a wrong result");
    Bench::new(session.row(bench, expected), Probe::fresh(prepare, run))
}
