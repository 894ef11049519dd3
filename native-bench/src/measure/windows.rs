//! Questions about a window of keys: what a narrow one takes, and each split of a wide one.

use std::ops::Range;

use crdt_range_map::{KeyRange, Owner};

use super::{Bench, Session};
use crate::check::{Digest, Digester};
use crate::consume::fold_owners;
use crate::expected::{self, ExpectedSplit};
use crate::replica::Replica;
use crate::timer::Probe;
use crate::workload::{KEY_SPACE, Workload};

/// How many windows there are, and about how many splits each holds.
const NARROW: (usize, u64) = (10_000, 1);
const WIDE: (usize, u64) = (50, 2_000);

/// Windows that begin at random keys.
fn windows(workload: &Workload, (count, splits): (usize, u64)) -> Vec<KeyRange<u64>> {
    // There are two splits a registration.
    let width = (splits * KEY_SPACE / (2 * workload.n() as u64)).max(1);
    let window = |start: u64| KeyRange::new(start, start + width).expect("it is not empty");
    workload.keys().into_iter().take(count).map(window).collect()
}

/// What a window holds of the splits.
fn within<'a>(
    splits: &'a [ExpectedSplit],
    window: &KeyRange<u64>,
) -> impl Iterator<Item = (Range<u64>, &'a [Owner])> + use<'a> {
    let (start, end) = (*window.start(), *window.end().expect("it has an end"));
    let from = splits.partition_point(|split| split.end <= start);
    let splits = splits[from..].iter().take_while(move |split| split.start < end);
    splits.map(move |split| (split.start.max(start)..split.end.min(end), &split.owners[..]))
}

/// The digest of what all windows hold; each asks for its splits with their owners.
fn digest(
    windows: &[KeyRange<u64>],
    mut each: impl FnMut(&KeyRange<u64>, &mut dyn FnMut(Range<u64>, &[Owner])),
) -> Digest {
    let mut digester = Digester::default();
    for window in windows {
        each(window, &mut |range, owners| digester.owned([range.start, range.end], owners));
    }
    digester.digest()
}

/// Where fewer than two serve, from the splits of a window.
fn fewer_than_two(splits: &[ExpectedSplit], window: &KeyRange<u64>) -> Vec<Range<u64>> {
    let (mut found, mut at): (Vec<Range<u64>>, u64) = (Vec::new(), *window.start());
    let enough = within(splits, window).filter(|(_, owners)| owners.len() > 1).map(|(range, _)| range);
    let end = *window.end().expect("it has an end");
    for range in enough.chain(std::iter::once(end..end)) {
        if at < range.start {
            found.push(at..range.start);
        }
        at = range.end;
    }
    found
}

/// The splits of windows, and where too few serve.
pub(super) fn queries(session: &mut Session<'_>, replica: &Replica<'_>) {
    session.tell("windows");
    let (workload, map) = (session.workload, &replica.map);
    let expected = expected::splits(&workload.nodes, &replica.model.registrations());
    let [narrow, wide] = [NARROW, WIDE].map(|shape| windows(workload, shape));
    let digests = [&narrow, &wide].map(|windows| {
        let right = digest(windows, |window, tell| {
            within(&expected, window).for_each(|(range, owners)| tell(range, owners));
        });
        let found = digest(windows, |window, tell| {
            map.splits_in(window).for_each(|split| {
                tell(*split.range.start()..*split.range.end().expect("it has an end"), split.owners);
            });
        });
        assert_eq!(found, right, "the splits of a window are wrong");
        found
    });
    let few = digest(&wide, |window, tell| {
        let found = map.served_by_fewer_than(2, window);
        let found: Vec<_> = found.map(|range| *range.start()..*range.end().expect("it has an end")).collect();
        assert_eq!(found, fewer_than_two(&expected, window), "where too few serve is wrong");
        found.into_iter().for_each(|range| tell(range, &[]));
    });
    let fold = |windows: &[KeyRange<u64>]| {
        let mut hash = 0;
        for window in windows {
            map.splits_in(window).for_each(|split| hash = fold_owners(hash, split.owners));
        }
        hash
    };
    let splits = digests[1].count as usize;
    let rows = [
        session.row_by("window: narrow, its splits", ("window", narrow.len()), digests[0]),
        session.row_by("window: wide, its splits", ("split", splits), digests[1]),
        session.row_by("window: wide, served by fewer than two", ("split", splits), few),
    ];
    let [narrow_row, wide_row, few_row] = rows;
    session.run(vec![
        Bench::new(narrow_row, Probe::repeated(|| fold(&narrow))),
        Bench::new(wide_row, Probe::repeated(|| fold(&wide))),
        Bench::new(
            few_row,
            Probe::repeated(|| {
                let found = wide.iter().map(|window| map.served_by_fewer_than(2, window).count());
                found.sum::<usize>()
            }),
        ),
    ]);
}
