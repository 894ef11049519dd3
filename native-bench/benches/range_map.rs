//! The same benches as `range-bench`, with criterion's statistics: confidence intervals, and comparison with the run before.
//!
//! `cargo bench -p native-bench -- 'merge A'` runs those whose name matches. Every result is checked before it is timed.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crdt_range_map::Delta;
use criterion::{
    BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use native_bench::consume::{FlatOwners, fold_owners};
use native_bench::ipv4;
use native_bench::scenario::{
    self, ChangingCase, DELTAS, DeltaCase, FEW_CHANGES, MergeCase, Replica, one_percent,
};
use native_bench::workload::Workload;

fn workloads() -> Vec<Workload> {
    let mut workloads: Vec<Workload> = [1000, 10_000, 100_000].map(Workload::new).into();
    match ipv4::load(None) {
        Ok(tables) => workloads.extend(tables),
        Err(error) => eprintln!("{error}"),
    }
    workloads
}

fn all(criterion: &mut Criterion) {
    for workload in workloads() {
        let halves = Replica::halves(&workload);
        merge(criterion, &workload, "merge A: disjoint", &MergeCase::disjoint(&workload, &halves));
        let twins = Replica::exchanged(halves);
        for (name, changes) in
            [("merge B: mostly equal", one_percent(&workload)), ("merge B10: 10 differ", FEW_CHANGES)]
        {
            merge(criterion, &workload, name, &MergeCase::mostly_equal(&workload, &twins, changes));
        }
        deltas(criterion, &workload, &twins);
        splits(criterion, &workload, &twins[0]);
        changes(criterion, &workload, &twins[0]);
        look_ups(criterion, &workload, &twins[0]);
        codec(criterion, &workload, &twins[0]);
    }
}

fn merge(criterion: &mut Criterion, workload: &Workload, name: &str, case: &MergeCase) {
    case.check();
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(workload.n() as u64));
    group.bench_function(&workload.name, |bencher| {
        // One copy at a time: in a batch, large maps would push each other out of the caches.
        bencher.iter_batched_ref(|| case.fresh(), |map| case.merge_into(map), BatchSize::PerIteration);
    });
    group.finish();
}

fn deltas(criterion: &mut Criterion, workload: &Workload, twins: &[Replica; 2]) {
    let mut case = DeltaCase::new(workload, twins);
    let mut group = criterion.benchmark_group("merge C: 1,000 deltas");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(DELTAS as u64));
    group.bench_function(&workload.name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut elapsed = Duration::ZERO;
            for _ in 0..iterations {
                let deltas = case.prepare();
                let start = Instant::now();
                case.merge(&deltas);
                elapsed += start.elapsed();
            }
            elapsed
        });
    });
    group.finish();
    case.check();
}

fn splits(criterion: &mut Criterion, workload: &Workload, replica: &Replica) {
    // A clone of a replica that was never asked for its splits has to compute them from scratch.
    let unasked = replica.map.clone();
    scenario::check_splits(workload, replica, &[]);
    let mut group = criterion.benchmark_group("splits");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(workload.n() as u64));
    group.bench_function(BenchmarkId::new("visited, flat output", &workload.name), |bencher| {
        bencher.iter_batched_ref(|| unasked.clone(), |map| FlatOwners::of(map), BatchSize::PerIteration);
    });
    group.bench_function(BenchmarkId::new("from scratch", &workload.name), |bencher| {
        bencher.iter_batched_ref(|| unasked.clone(), |map| map.splits().len(), BatchSize::PerIteration);
    });
    group.finish();
}

fn changes(criterion: &mut Criterion, workload: &Workload, replica: &Replica) {
    let mut case = ChangingCase::new(workload, replica);
    let mut group = criterion.benchmark_group("after one change");
    group.sampling_mode(SamplingMode::Flat);
    group.bench_function(BenchmarkId::new("look-up", &workload.name), |bencher| {
        bencher.iter(|| case.change().map(|key| fold_owners(0, &case.map().owners(&key))));
    });
    group.bench_function(BenchmarkId::new("splits", &workload.name), |bencher| {
        bencher.iter(|| {
            case.change();
            case.map().splits().len()
        });
    });
    group.finish();
    case.check(&workload.keys());
}

fn look_ups(criterion: &mut Criterion, workload: &Workload, replica: &Replica) {
    let keys = workload.keys();
    scenario::check_splits(workload, replica, &keys);
    let mut group = criterion.benchmark_group("look-up");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(keys.len() as u64));
    group.bench_function(BenchmarkId::new("random keys", &workload.name), |bencher| {
        bencher.iter(|| keys.iter().fold(0, |hash, key| fold_owners(hash, &replica.map.owners(key))));
    });
    group.finish();
}

fn codec(criterion: &mut Criterion, workload: &Workload, replica: &Replica) {
    let bytes = scenario::check_codec(replica);
    let mut group = criterion.benchmark_group("codec");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function(BenchmarkId::new("encode", &workload.name), |bencher| {
        bencher.iter(|| black_box(replica.map.state()).encode());
    });
    group.bench_function(BenchmarkId::new("decode", &workload.name), |bencher| {
        bencher.iter_with_large_drop(|| Delta::<u64>::decode(black_box(&bytes)));
    });
    group.finish();
}

/// Short on purpose: the whole takes a few minutes. `--measurement-time` and `--sample-size` make it as thorough as one likes.
///
/// The groups sample flatly, since a linear ramp of iterations would take ten seconds a bench on the large workloads.
fn brief() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = range_map;
    config = brief();
    targets = all
}
criterion_main!(range_map);
