//! The same benches as `range-bench`, with criterion's statistics: confidence intervals, and comparison with the run before.
//!
//! `cargo bench -p native-bench -- 'merge A'` runs those whose name matches. Every result is checked before it is timed.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crdt_range_map::Delta;
use criterion::{
    BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use native_bench::ipv4;
use native_bench::measure::KEYS;
use native_bench::scenario::{self, ChangingCase, DELTAS, MergeCase, Replica};
use native_bench::workload::Workload;

fn workloads() -> Vec<Workload> {
    let mut workloads: Vec<Workload> = [1000, 10_000, 100_000].map(Workload::random).into();
    match ipv4::load(None) {
        Ok(workload) => workloads.push(workload),
        Err(error) => eprintln!("{error}"),
    }
    workloads
}

fn merges(criterion: &mut Criterion, workloads: &[Workload]) {
    merge(criterion, workloads, "merge A: disjoint", MergeCase::disjoint, Workload::n);
    merge(criterion, workloads, "merge B: mostly equal", MergeCase::mostly_equal, Workload::n);
    merge(criterion, workloads, "merge C: 1,000 deltas", MergeCase::one_by_one, |_| DELTAS);
}

fn merge(
    criterion: &mut Criterion,
    workloads: &[Workload],
    name: &str,
    case: fn(&Workload) -> MergeCase,
    units: fn(&Workload) -> usize,
) {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    for workload in workloads {
        let case = case(workload);
        case.check();
        group.throughput(Throughput::Elements(units(workload) as u64));
        group.bench_function(&workload.name, |bencher| {
            // One copy at a time: in a batch, large maps would push each other out of the caches.
            bencher.iter_batched_ref(|| case.fresh(), |map| case.merge_into(map), BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn splits(criterion: &mut Criterion, workloads: &[Workload]) {
    let mut group = criterion.benchmark_group("splits");
    group.sampling_mode(SamplingMode::Flat);
    for workload in workloads {
        let keys = workload.keys(KEYS);
        let [replica, _] = Replica::twins(workload);
        // A clone of a replica that was never asked for its splits has to compute them from scratch.
        let unasked = replica.map.clone();
        scenario::check_splits(workload, &replica, &keys);
        group.throughput(Throughput::Elements(workload.n() as u64));
        group.bench_function(BenchmarkId::new("from scratch", &workload.name), |bencher| {
            bencher.iter_batched_ref(|| unasked.clone(), |map| map.splits().len(), BatchSize::PerIteration);
        });

        let mut case = ChangingCase::new(workload);
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("after one change", &workload.name), |bencher| {
            // The change itself is not timed, and no copy of the map is needed for the next one.
            bencher.iter_custom(|iterations| {
                let mut elapsed = Duration::ZERO;
                for _ in 0..iterations {
                    case.change();
                    let start = Instant::now();
                    black_box(case.map().splits());
                    elapsed += start.elapsed();
                }
                elapsed
            });
        });
        case.check(&keys);

        group.throughput(Throughput::Elements(KEYS as u64));
        group.bench_function(BenchmarkId::new("look-up of 10,000 keys", &workload.name), |bencher| {
            bencher.iter(|| keys.iter().map(|key| replica.map.owners(black_box(key)).len()).sum::<usize>());
        });
    }
    group.finish();
}

fn codec(criterion: &mut Criterion, workloads: &[Workload]) {
    let mut group = criterion.benchmark_group("codec");
    group.sampling_mode(SamplingMode::Flat);
    for workload in workloads {
        let [replica, _] = Replica::twins(workload);
        let bytes = scenario::check_codec(&replica);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("encode", &workload.name), |bencher| {
            bencher.iter(|| black_box(replica.map.state()).encode());
        });
        group.bench_function(BenchmarkId::new("decode", &workload.name), |bencher| {
            bencher.iter_with_large_drop(|| Delta::<u64>::decode(black_box(&bytes)));
        });
    }
    group.finish();
}

fn all(criterion: &mut Criterion) {
    let workloads = workloads();
    merges(criterion, &workloads);
    splits(criterion, &workloads);
    codec(criterion, &workloads);
}

/// Short on purpose: the whole takes two minutes. `--measurement-time` and `--sample-size` make it as thorough as one likes.
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
