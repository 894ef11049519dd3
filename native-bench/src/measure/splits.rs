//! The splits and look-ups, beside a sweep by hand and searches in its result.

use super::{Bench, Session};
use crate::check::{Digest, Digester};
use crate::consume::{flat_owners, fold_numbers, fold_owners};
use crate::reference::FlatSplits;
use crate::replica::Replica;
use crate::report::Kind;
use crate::timer::Probe;
use crate::workload::Op;

/// The bench of a change and one look-up after it.
pub(super) const LOOK_UP_AFTER_CHANGE: &str = "look-up: after one change";

const SWEEP: &str = "sort and sweep";
const VISITED: &str = "splits: visited, flat output";
const SEARCH: &str = "search in the sweep";
const LOOK_UP: &str = "look-up: random key";

/// How often the splits change before their digest is taken.
pub(super) const CHANGES: usize = 10;

/// All splits of a replica that was never asked for them, and that of the sweep.
pub(super) fn from_scratch(session: &mut Session<'_>, replica: &Replica<'_>) {
    session.tell("splits");
    let workload = session.workload;
    // Clones of a replica that was never asked for its splits have to compute them from scratch.
    let unasked = replica.map.clone();
    let [digest, _] = replica.check_splits(&[]);
    let swept = FlatSplits::sweep(&workload.registrations);
    let sweep = Probe::fresh(|| (), |()| FlatSplits::sweep(&workload.registrations));
    let visited = Probe::fresh(|| unasked.clone(), |map| flat_owners(map));
    let listed = Probe::fresh(|| unasked.clone(), |map| map.splits().len());
    let benches = vec![
        Bench::new(session.reference(SWEEP, swept.digest()), sweep),
        Bench::new(session.row(VISITED, digest), visited).beside(SWEEP),
        Bench::new(session.row("splits: from scratch", digest), listed).beside(SWEEP),
    ];
    session.run(benches);
    #[cfg(feature = "peers")]
    session.run(super::peers::cut_splits(session, &swept, VISITED));
}

/// One change, and what has to be made current for the next answer.
pub(super) fn after_changes(session: &mut Session<'_>, replica: &Replica<'_>) {
    session.tell("splits after changes");
    let keys = session.workload.keys();
    let mut cases = [0, 1].map(|_| Changing::new(replica));
    let digests = cases.each_mut().map(|case| {
        // Of a fixed number of changes, since how many are timed depends on the machine.
        for _ in 0..CHANGES {
            case.change();
        }
        case.check(&keys)
    });
    let [all, one] = &mut cases;
    let rows = [("splits: after one change", digests[0]), (LOOK_UP_AFTER_CHANGE, digests[1])]
        .map(|(bench, digest)| session.row_by(bench, ("change", 1), digest));
    let [all_row, one_row] = rows;
    let all = Probe::repeated(move || {
        all.change();
        all.replica.map.splits().len()
    });
    let one = Probe::repeated(move || {
        let key = one.change();
        fold_owners(0, &one.replica.map.owners(&key))
    });
    session.run(vec![Bench::new(all_row, all), Bench::new(one_row, one)]);
    for case in &mut cases {
        case.check(&keys);
    }
}

/// A replica whose splits must be made current again after each change: it increases one random registration after another.
pub(super) struct Changing<'a> {
    pub(super) replica: Replica<'a>,
    increases: Box<dyn Iterator<Item = Op> + 'a>,
    /// What the model has yet to do: it must not be timed.
    pending: Vec<Op>,
}

impl<'a> Changing<'a> {
    /// Starts from a replica that holds everything, and knows its splits then.
    pub(super) fn new(replica: &Replica<'a>) -> Self {
        let replica = replica.unshared();
        replica.map.splits();
        Self { increases: Box::new(replica.workload.increases()), replica, pending: Vec::new() }
    }

    /// Makes the next change and returns a key whose owners it may have changed.
    pub(super) fn change(&mut self) -> u64 {
        let op = self.increases.next().expect("they have no end");
        drop(self.replica.map.apply([op.on(&self.replica.workload.nodes)]).expect("nobody is retired"));
        self.pending.push(op);
        op.triple.start
    }

    /// Checks the splits and the owners of some keys after all the changes.
    pub(super) fn check(&mut self, keys: &[u64]) -> Digest {
        self.pending.drain(..).for_each(|op| self.replica.model.apply(&op));
        self.replica.check_splits(keys)[0]
    }
}

/// The owners of random keys.
pub(super) fn look_ups(session: &mut Session<'_>, replica: &Replica<'_>) {
    session.tell("look-up");
    let workload = session.workload;
    let keys = workload.keys();
    let by_key = ("key", keys.len());
    let [_, digest] = replica.check_splits(&keys);
    let flat = FlatSplits::sweep(&workload.registrations);
    let mut covering = Digester::default();
    keys.iter().for_each(|key| covering.covered(*key, flat.at(*key)));
    let found = covering.digest();
    let map = &replica.map;
    let search = Probe::repeated(|| keys.iter().fold(0, |hash, key| fold_numbers(hash, flat.at(*key))));
    let look_up = Probe::repeated(|| keys.iter().fold(0, |hash, key| fold_owners(hash, &map.owners(key))));
    let benches = vec![
        Bench::new(session.row_by(SEARCH, by_key, found).of_kind(Kind::Reference), search),
        Bench::new(session.row_by(LOOK_UP, by_key, digest), look_up).beside(SEARCH),
    ];
    session.run(benches);
    #[cfg(feature = "peers")]
    session.run(super::peers::look_ups(session, &flat, &keys, found, LOOK_UP));
}
