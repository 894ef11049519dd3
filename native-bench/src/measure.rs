//! What `range-bench` runs on one workload: every bench beside its reference, each result checked before it is timed.

use std::collections::BTreeSet;

use crdt_range_map::{Delta, RangeMap, ReplicaId};

use crate::check::{self, Digest, Digester};
use crate::reference::{self, FlatRecord, FlatSplits};
use crate::report::{DeltaSize, Kind, Row, compared};
use crate::scenario::{self, ChangingCase, DELTAS, MergeCase, Replica};
use crate::timer::{Effort, time_fresh, time_prepared, time_repeated};
use crate::workload::{Op, OpKind, SplitMix64, Triple, Workload};

/// How many random keys are looked up.
pub const KEYS: usize = 10_000;

/// How often the splits change before their digest is taken.
const CHANGES: usize = 10;

/// One-operation deltas are taken from this many operations of each kind.
const SIZED: usize = 1000;

const REGISTRATION: &str = "registration";

/// Runs every bench on a workload.
///
/// # Panics
/// If a result is not what it must be.
pub fn all(workload: &Workload, effort: Effort) -> Vec<Row> {
    let bench = Bench { workload, effort, n: workload.n() as u64 };
    let mut rows = bench.merges();
    rows.extend(bench.splits());
    rows.extend(bench.codec());
    compared(rows)
}

struct Bench<'a> {
    workload: &'a Workload,
    effort: Effort,
    n: u64,
}

impl Bench<'_> {
    fn merges(&self) -> Vec<Row> {
        let copy = self.memcpy();
        let two_pointer_a = self.two_pointer("two-pointer merge A", reference::flat_halves(self.workload));
        let disjoint = self.merge("merge A: disjoint", &MergeCase::disjoint(self.workload));
        let two_pointer_b = self.two_pointer("two-pointer merge B", reference::flat_twins(self.workload));
        let equal = self.merge("merge B: mostly equal", &MergeCase::mostly_equal(self.workload));
        let case = MergeCase::one_by_one(self.workload);
        let digest = case.check();
        let timing = time_fresh(self.effort, || case.fresh(), |map| case.merge_into(map));
        let deltas = self.row("merge C: 1,000 deltas", "delta", DELTAS as u64, digest).timed(timing.as_ref());
        let (disjoint, equal) = (disjoint.beside("two-pointer merge A"), equal.beside("two-pointer merge B"));
        vec![copy, two_pointer_a, disjoint, two_pointer_b, equal, deltas]
    }

    fn merge(&self, bench: &'static str, case: &MergeCase) -> Row {
        let digest = case.check();
        let timing = time_fresh(self.effort, || case.fresh(), |map| case.merge_into(map));
        self.row(bench, REGISTRATION, self.n, digest).timed(timing.as_ref())
    }

    fn memcpy(&self) -> Row {
        let records = reference::flat_records(&self.workload.registrations, 1);
        let mut copy = vec![FlatRecord::default(); records.len()];
        copy.copy_from_slice(&records);
        let digest = reference::digest(self.workload, &copy);
        let timing = time_repeated(self.effort, || {
            copy.copy_from_slice(&records);
            copy.last().copied()
        });
        self.row("memcpy of 40 bytes each", REGISTRATION, self.n, digest)
            .timed(timing.as_ref())
            .of_kind(Kind::Reference)
    }

    fn two_pointer(&self, bench: &'static str, [ours, theirs]: [Vec<FlatRecord>; 2]) -> Row {
        let mut merged = Vec::with_capacity(ours.len() + theirs.len());
        reference::two_pointer_merge(&ours, &theirs, &mut merged);
        let digest = reference::digest(self.workload, &merged);
        let timing = time_repeated(self.effort, || {
            reference::two_pointer_merge(&ours, &theirs, &mut merged);
            merged.len()
        });
        self.row(bench, REGISTRATION, self.n, digest).timed(timing.as_ref()).of_kind(Kind::Reference)
    }

    fn splits(&self) -> Vec<Row> {
        let served = &self.workload.registrations;
        let keys = self.workload.keys(KEYS);
        let flat = FlatSplits::sweep(served);
        let digest = flat.digest();
        let timing = time_repeated(self.effort, || FlatSplits::sweep(served));
        let sweep = self
            .row("sort and sweep", REGISTRATION, self.n, digest)
            .timed(timing.as_ref())
            .of_kind(Kind::Reference);

        // A clone of a replica that was never asked for its splits has to compute them from scratch.
        let [replica, _] = Replica::twins(self.workload);
        let unasked = replica.map.clone();
        let [digest, look_up_digest] = scenario::check_splits(self.workload, &replica, &keys);
        let timing = time_fresh(self.effort, || unasked.clone(), |map| map.splits().len());
        let scratch = self.row("splits: from scratch", REGISTRATION, self.n, digest).timed(timing.as_ref());

        let changed = self.after_a_change("splits: after one change", &keys, |map, _| map.splits().len());
        let owners = |map: &RangeMap<u64>, key: &u64| map.owners(key).len();
        let changed_look_up = self.after_a_change("look-up: after one change", &keys, owners);

        let timing = time_repeated(self.effort, || {
            keys.iter().map(|key| flat.covering(*key).iter().fold(0, |sum, number| sum ^ number)).max()
        });
        let search = self.row("search in the sweep", "key", KEYS as u64, digest_of_coverings(&flat, &keys));
        let search = search.timed(timing.as_ref()).of_kind(Kind::Reference);
        let timing =
            time_repeated(self.effort, || keys.iter().map(|key| owners(&replica.map, key)).sum::<usize>());
        let look_up = self.row("look-up: random key", "key", KEYS as u64, look_up_digest);
        let look_up = look_up.timed(timing.as_ref()).beside("search in the sweep");
        vec![
            sweep,
            scratch.beside("sort and sweep"),
            changed.beside("sort and sweep"),
            changed_look_up,
            search,
            look_up,
        ]
    }

    /// The answer to one question after each of many changes.
    fn after_a_change(
        &self,
        bench: &'static str,
        keys: &[u64],
        ask: impl Fn(&RangeMap<u64>, &u64) -> usize,
    ) -> Row {
        let mut case = ChangingCase::new(self.workload);
        (0..CHANGES).for_each(|_| case.change());
        // Of a fixed number of changes, since how many are timed depends on the machine.
        let digest = case.check(keys);
        let mut asked = keys.iter().cycle();
        let timing = time_prepared(self.effort, &mut case, ChangingCase::change, |case| {
            asked.next().map(|key| ask(case.map(), key))
        });
        case.check(keys);
        self.row(bench, "change", 1, digest).timed(timing.as_ref())
    }

    fn codec(&self) -> Vec<Row> {
        let [replica, _] = Replica::twins(self.workload);
        let bytes = scenario::check_codec(&replica);
        let mut digester = Digester::default();
        digester.bytes(&bytes);
        let state = replica.map.state();
        let timing = time_repeated(self.effort, || state.encode());
        let encode = self.row("encode", REGISTRATION, self.n, digester.digest());
        let encode = encode.with_bytes(bytes.len() as u64).timed(timing.as_ref());

        let mut decoded = RangeMap::new(ReplicaId::new(3));
        drop(decoded.merge(&Delta::decode(&bytes).expect("what was encoded can be decoded")));
        let digest = check::registrations(&decoded);
        let expected = check::expected_registrations(self.workload, &replica.expected());
        assert_eq!(digest, expected, "the decoded registrations are wrong");
        let timing = time_fresh(self.effort, || (), |()| Delta::<u64>::decode(&bytes));
        let decode = self.row("decode", REGISTRATION, self.n, digest);
        vec![encode, decode.with_bytes(bytes.len() as u64).timed(timing.as_ref())]
    }

    fn row(&self, bench: &'static str, unit: &'static str, units: u64, digest: Digest) -> Row {
        Row::new(&self.workload.name, self.n, bench, unit, units, digest)
    }
}

fn digest_of_coverings(flat: &FlatSplits, keys: &[u64]) -> Digest {
    let mut digester = Digester::default();
    keys.iter().for_each(|key| digester.covered(*key, flat.covering(*key)));
    digester.digest()
}

/// The encoded sizes of one-operation deltas: W(10,000) written by two replicas with random 64-bit ids, and then many
/// operations by one of them.
///
/// # Panics
/// If a delta does not survive its encoding.
pub fn delta_sizes(workload: &Workload) -> Vec<DeltaSize> {
    let mut random = SplitMix64::new(0xC0FFEE);
    let [mut replica, other] = Replica::halves_by(workload, [random.draw(), random.draw()]);
    replica.merge(&other);
    let own: BTreeSet<Triple> = workload.writes(0).map(|op| op.triple).collect();
    let (on_own, on_others): (Vec<Op>, Vec<Op>) =
        workload.increases(4 * SIZED).into_iter().partition(|op| own.contains(&op.triple));
    let releases = on_own.iter().map(|op| Op { kind: OpKind::Release, ..*op }).collect();
    [
        ("register a new one", workload.newcomers(SIZED)),
        ("increase an own one", on_own.clone()),
        ("increase another's", on_others),
        ("release an own one", releases),
    ]
    .into_iter()
    .map(|(operation, ops)| {
        let deltas = ops.iter().map(|op| replica.apply(workload, op)).filter(|delta| !delta.is_empty());
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
