//! What `range-bench` runs on one workload: every bench beside its reference, each result checked before it is timed.

mod codec;
mod merges;
#[cfg(feature = "peers")]
mod peers;
mod splits;
mod watches;
mod windows;

pub use self::codec::delta_sizes;
use crate::check::Digest;
use crate::replica::Replica;
use crate::report::{Kind, Row, compare};
use crate::timer::{Effort, Probe, sample_in_turn};
use crate::workload::Workload;

/// Runs every bench on a workload, and tells which ones are under way.
///
/// # Panics
/// If a result is not what it must be.
pub fn all(workload: &Workload, effort: Effort, progress: &mut dyn FnMut(&str)) -> Vec<Row> {
    let mut session = Session { workload, effort, progress, rows: Vec::new() };
    session.tell("written by two replicas");
    let halves = Replica::halves(workload, [1, 2]);
    merges::disjoint(&mut session, &halves);
    let twins = Replica::exchanged(halves);
    merges::mostly_equal(&mut session, &twins);
    merges::deltas(&mut session, &twins);
    let [replica, _] = twins;
    splits::from_scratch(&mut session, &replica);
    splits::after_changes(&mut session, &replica);
    watches::after_changes(&mut session, &replica);
    splits::look_ups(&mut session, &replica);
    windows::queries(&mut session, &replica);
    codec::state(&mut session, &replica);
    compare(&mut session.rows);
    session.rows
}

/// The benches of one workload, as far as they have been run.
struct Session<'a> {
    workload: &'a Workload,
    effort: Effort,
    progress: &'a mut dyn FnMut(&str),
    rows: Vec<Row>,
}

impl<'a> Session<'a> {
    fn tell(&mut self, what: &str) {
        (self.progress)(&format!("{}: {what}", self.workload.name));
    }

    /// A row that counts registrations.
    fn row(&self, bench: &str, digest: Digest) -> Row {
        self.row_by(bench, ("registration", self.workload.n()), digest)
    }

    fn row_by(&self, bench: &str, by: (&str, usize), digest: Digest) -> Row {
        Row::new(&self.workload.name, self.workload.n() as u64, bench, by, digest)
    }

    fn reference(&self, bench: &str, digest: Digest) -> Row {
        self.row(bench, digest).of_kind(Kind::Reference)
    }

    /// Times benches in turn.
    fn run<'b>(&mut self, benches: impl IntoIterator<Item = Bench<'b>>) {
        let (rows, mut probes): (Vec<Row>, Vec<Probe<'_>>) =
            benches.into_iter().map(|bench| (bench.row, bench.probe)).unzip();
        let timings = sample_in_turn(self.effort, &mut probes);
        self.rows.extend(rows.into_iter().zip(timings).map(|(row, samples_ns)| row.timed(samples_ns)));
    }
}

/// A bench that stands ready: its row with what was found to be right, and how it is timed.
struct Bench<'a> {
    row: Row,
    probe: Probe<'a>,
}

impl<'a> Bench<'a> {
    fn new(row: Row, probe: Probe<'a>) -> Self {
        Self { row, probe }
    }

    /// To be compared with that bench.
    fn beside(self, reference: &str) -> Self {
        Self { row: Row { reference: Some(reference.into()), ..self.row }, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bench_has_a_name_of_its_own_and_every_reference_exists() {
        let workload = Workload::new(200);
        let mut told = 0;
        let rows = all(&workload, Effort::Nothing, &mut |_| told += 1);
        let mut names: Vec<&str> = rows.iter().map(|row| row.bench.as_str()).collect();
        let references = rows.iter().filter_map(|row| row.reference.as_deref());
        assert!(references.clone().count() > 5);
        references.for_each(|reference| assert!(names.contains(&reference), "{reference}"));
        assert_eq!(names.len(), rows.len());
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows.len());
        assert!(told > 5);
    }
}
