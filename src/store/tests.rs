//! The store beside a sorted map of entries, on many registrations: edits, joins, and content that fits badly.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::interner::Interned;
use super::*;
use crate::causal::{CausalContext, Dot};
use crate::hash::KeyHasher;
use crate::registration::Record;
use crate::tombstones::Tombstones;

type Model = BTreeMap<RegistrationId<u64>, Entry>;

fn id(start: u64, end: Option<u64>, node: u64) -> RegistrationId<u64> {
    let range = end.map_or(KeyRange::from_start(start), |end| KeyRange::new(start, end).unwrap());
    RegistrationId { range, node: NodeId::new(format!("node-{node}")).unwrap() }
}

fn writer(number: u64) -> ReplicaId {
    ReplicaId::new(number)
}

/// Some record that a row can hold, or not.
fn record(seed: u64) -> Record {
    let birth = 1 + seed % 50;
    let last = birth + [0, 1, 7, 1 << 40][(seed / 50 % 4) as usize];
    let registered = [None, Some(birth), Some(last), Some(birth + (last - birth) / 2)];
    let net = [1, -3, 1 << 20, 1 << 40][(seed / 200 % 4) as usize];
    Record { birth, last, net, registered: registered[(seed / 800 % 4) as usize], baseline: None }
}

fn entry(seed: u64) -> Entry {
    let mut entry = Entry::of(writer(1 + seed % 2), record(seed));
    if seed.is_multiple_of(5) {
        entry.push(writer(7), record(seed / 5));
    }
    entry
}

fn assert_same(store: &Store<u64>, model: &Model) {
    assert_eq!(store.check(), Ok(()));
    assert_eq!(store.len(), model.len());
    assert_eq!(store.records(), model.values().map(|entry| entry.records().len()).sum::<usize>());
    let listed: Vec<_> = store.rows().map(|row| (row.id(), row.entry())).collect();
    assert!(listed.iter().map(|(id, entry)| (id, entry)).eq(model));
}

fn set(store: &mut Store<u64>, model: &mut Model, id: &RegistrationId<u64>, entry: &Entry) {
    store.edit(id, &mut |stored| stored.clone_from(entry));
    if entry.is_empty() {
        model.remove(id)
    } else {
        model.insert(id.clone(), entry.clone())
    };
}

/// An edit: which registration, and what it is to hold; nothing for each third.
fn edits(keys: u64, count: usize) -> impl Strategy<Value = Vec<(u64, u64, u64, u64)>> {
    prop::collection::vec((0..keys, 0u64..6, 0u64..4, any::<u64>()), 0..count)
}

fn edit((start, length, node, seed): (u64, u64, u64, u64)) -> (RegistrationId<u64>, Entry) {
    let id = id(start, (length > 0).then_some(start + length), node);
    (id, if seed % 3 == 0 { Entry::default() } else { entry(seed / 3) })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 60 }))]

    #[test]
    fn edits_do_what_they_do_in_a_sorted_map(edits in edits(400, 1500)) {
        let (mut store, mut model) = (Store::default(), Model::new());
        for (at, step) in edits.into_iter().enumerate() {
            let (id, entry) = edit(step);
            prop_assert_eq!(store.get(&id).map(|row| row.entry()), model.get(&id).cloned());
            set(&mut store, &mut model, &id, &entry);
            prop_assert_eq!(store.get(&id).map(|row| row.entry()), model.get(&id).cloned());
            if at % 200 == 0 {
                assert_same(&store, &model);
            }
        }
        assert_same(&store, &model);
        for key in (0..=401).step_by(50) {
            let from: Vec<_> = store.rows_from(&key).map(|row| row.id()).collect();
            prop_assert!(from.iter().eq(model.keys().filter(|id| *id.range.start() >= key)));
            let mut stabbed = Vec::new();
            store.stab(&key, |row| stabbed.push(row.id()));
            prop_assert!(stabbed.iter().eq(model.keys().filter(|id| id.range.contains(&key))));
        }
    }

    #[test]
    fn joins_are_those_of_the_entries(common in edits(2000, 1500), ours in edits(2000, 60), theirs in edits(2000, 60)) {
        let (mut store, mut model) = (Store::default(), Model::new());
        for step in common {
            let (id, entry) = edit(step);
            set(&mut store, &mut model, &id, &entry);
        }
        let (mut other, mut other_model) = (store.clone(), model.clone());
        for (store, model, steps) in [(&mut store, &mut model, ours), (&mut other, &mut other_model, theirs)] {
            for step in steps {
                let (id, entry) = edit(step);
                set(store, model, &id, &entry);
            }
        }
        // What the other side knows to be dropped: everything of writer 2 up to birth 25.
        let mut known = CausalContext::default();
        known.insert_run(writer(2), 1, 25);
        let (nothing, no_tombstones) = (CausalContext::default(), Tombstones::default());
        let here = Side { context: &nothing, tombstones: &no_tombstones };
        let there = Side { context: &known, tombstones: &no_tombstones };
        let has_dropped = |writer: ReplicaId, record: &Record| known.contains(Dot { replica: writer, seq: record.birth });

        let mut expected = Model::new();
        for id in model.keys().chain(other_model.keys()) {
            let mut joined = model.get(id).cloned().unwrap_or_default();
            let theirs = other_model.get(id).cloned().unwrap_or_default();
            joined.join(&theirs, |_, _| false, has_dropped);
            if !joined.is_empty() {
                expected.insert(id.clone(), joined);
            }
        }
        let snapshot = store.clone();
        let mut observer = Changed::default();
        store.join(&other, here, there, &mut observer);
        assert_same(&store, &expected);
        assert_same(&snapshot, &model);
        for (id, entry) in expected.iter().filter(|(id, entry)| model.get(*id) != Some(*entry)) {
            let before = model.get(id).and_then(Entry::priority);
            prop_assert_eq!(observer.0.remove(id), Some([before, entry.priority()]));
        }
        // Beside those, it heard of what is gone.
        let gone = |id: &RegistrationId<u64>| model.contains_key(id) && !expected.contains_key(id);
        prop_assert!(observer.0.iter().all(|(id, [_, after])| gone(id) && after.is_none()));
    }
}

/// Remembers the reported priorities, before and after.
#[derive(Default)]
struct Changed(BTreeMap<RegistrationId<u64>, [Option<u64>; 2]>);

impl JoinObserver<u64> for Changed {
    fn joined(&mut self, joined: Joined<'_, u64>) {
        let id = RegistrationId { range: joined.range(), node: joined.node.clone() };
        assert!(self.0.insert(id, [joined.before, joined.after]).is_none(), "told twice");
        assert!(joined.entry.is_none_or(|entry| entry.priority() == joined.after));
    }
}

/// Registrations in order, of which the condition holds by their hash.
fn chosen(count: usize, is_wanted: impl Fn(bool) -> bool) -> Vec<RegistrationId<u64>> {
    let node = NodeId::new("node-0").unwrap().hash();
    let hash = |start: u64| fingerprint::of_registration(&start, Some(&(start + 3)), node);
    (0u64..)
        .filter(|start| is_wanted(fingerprint::is_head(hash(*start))))
        .map(|start| id(start, Some(start + 3), 0))
        .take(count)
        .collect()
}

#[test]
fn registrations_that_all_begin_leaves_or_none_does() {
    for ids in [chosen(3000, |is_head| is_head), chosen(3000, |is_head| !is_head)] {
        let (mut store, mut model) = (Store::default(), Model::new());
        for at in 0..ids.len() {
            set(&mut store, &mut model, &ids[at * 1009 % ids.len()], &entry(at as u64));
        }
        assert_same(&store, &model);
        let decoded = received(&store);
        assert_same(&decoded, &model);
        let [mut joined, mut halves] = [Store::default(), Store::default()];
        for (at, id) in ids.iter().enumerate() {
            [&mut joined, &mut halves][at % 2].edit(id, &mut |stored| stored.clone_from(&model[id]));
        }
        let (context, tombstones) = (CausalContext::default(), Tombstones::default());
        let side = Side { context: &context, tombstones: &tombstones };
        joined.join(&halves, side, side, &mut Changed::default());
        assert_same(&joined, &model);
        for id in ids.iter().step_by(2).chain(ids.iter().skip(1).step_by(2)) {
            set(&mut store, &mut model, id, &Entry::default());
        }
        assert_same(&store, &model);
        assert!(store.is_empty());
    }
}

/// The same registrations, built from the first to the last as the decoder does.
fn received(store: &Store<u64>) -> Store<u64> {
    let mut nodes: Vec<NodeId> = store.tables().nodes.iter().map(|(_, node)| node.clone()).collect();
    nodes.sort();
    let mut writers: Vec<ReplicaId> = store.tables().writers.iter().map(|(_, writer)| *writer).collect();
    writers.sort();
    let mut builder = StoreBuilder::new(&nodes, &writers);
    for row in store.rows() {
        let node = nodes.binary_search(row.node()).unwrap();
        assert!(builder.push(&row.range(), node as u32, row.entry()));
    }
    builder.finish()
}

#[test]
fn equal_content_has_equal_leaves_whatever_its_history() {
    let ids: Vec<_> = (0..5000).map(|at| id(at * 7919 % 100_003, Some(100_003 + at), at % 9)).collect();
    let mut forwards = Store::default();
    ids.iter().for_each(|id| forwards.edit(id, &mut |stored| *stored = entry(3)));
    let mut backwards = Store::default();
    for id in ids.iter().rev() {
        backwards.edit(id, &mut |stored| *stored = entry(4));
        backwards.edit(id, &mut |stored| *stored = entry(3));
    }
    let leaves = |store: &Store<u64>| -> Vec<(usize, u64)> {
        let leaves = store.tree.leaves();
        leaves.iter().map(|(_, child)| (child.rows, child.fingerprint(store.tables()))).collect()
    };
    assert_eq!(leaves(&forwards), leaves(&backwards));
    assert_eq!(leaves(&forwards), leaves(&received(&forwards)));
    assert!(leaves(&forwards).len() > 40);
}

#[test]
fn snapshots_stay_as_they_are() {
    let (mut store, mut model) = (Store::default(), Model::new());
    for at in 0..2000 {
        set(&mut store, &mut model, &id(at * 31 % 2003, None, at % 3), &entry(at));
    }
    let (snapshot, snapshot_model) = (store.clone(), model.clone());
    for at in 0..2000 {
        let changed = if at % 2 == 0 { Entry::default() } else { entry(at + 1) };
        set(&mut store, &mut model, &id(at * 31 % 2003, None, at % 3), &changed);
    }
    assert_same(&store, &model);
    assert_same(&snapshot, &snapshot_model);
}

#[test]
fn a_common_row_takes_little_memory() {
    assert_eq!(size_of::<Row<u64>>(), 32);
    assert!(size_of::<Entry>() <= 192, "{} bytes for two records", size_of::<Entry>());
}

/// A key that counts how often it was compared with another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counted(u64);

impl Key for Counted {
    fn feed(&self, hasher: &mut KeyHasher) {
        hasher.number(self.0);
    }
}

thread_local! {
    static COMPARED: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

impl Ord for Counted {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        COMPARED.set(COMPARED.get() + 1);
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[test]
fn a_place_among_many_registrations_of_one_start_is_found_at_once() {
    let id = |end| RegistrationId {
        range: KeyRange::new(Counted(7), Counted(end)).unwrap(),
        node: NodeId::new("a").unwrap(),
    };
    for count in [1_000u64, 4_000, 16_000] {
        let mut store = Store::default();
        for at in 0..count {
            store.edit(&id(10 + 2 * at), &mut |entry| *entry = Entry::of(writer(1), record(at)));
        }
        for at in (0..count).step_by(97) {
            // One that is there, and one that is not.
            for end in [10 + 2 * at, 11 + 2 * at] {
                let after = id(end);
                COMPARED.set(0);
                let first = store.rows_after(Some(&after)).next();
                assert!(COMPARED.get() < 150, "{} comparisons among {count}", COMPARED.get());
                let expected = Some(Counted(12 + 2 * at)).filter(|end| end.0 < 10 + 2 * count);
                assert_eq!(first.and_then(|row| row.end().cloned()), expected);
                assert_eq!(store.rows_after(Some(&after)).count() as u64, count - at - 1);
            }
        }
    }
}
