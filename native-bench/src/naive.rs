//! What the splits must be, in the slowest and most obvious way: the owners of every stretch between two ends of ranges.

use std::cmp::Reverse;

use crate::workload::Served;

/// A node with its priority, among the owners of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NaiveOwner {
    /// The node's number.
    pub node: u32,
    /// Its highest priority there.
    pub priority: u64,
}

/// A maximal range with the same owners, in order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NaiveSplit {
    /// The first key.
    pub start: u64,
    /// The first key after it.
    pub end: u64,
    /// Who serves it, never nobody.
    pub owners: Vec<NaiveOwner>,
}

/// The splits of those registrations, in key order.
pub fn splits(served: &[Served]) -> Vec<NaiveSplit> {
    let mut by_start = served.to_vec();
    by_start.sort_unstable_by_key(|served| served.triple);
    let mut starting = by_start.iter().peekable();
    let mut ends: Vec<u64> =
        served.iter().flat_map(|served| [served.triple.start, served.triple.end]).collect();
    ends.sort_unstable();
    ends.dedup();

    let mut covering: Vec<Served> = Vec::new();
    let mut splits: Vec<NaiveSplit> = Vec::new();
    for stretch in ends.windows(2) {
        let (start, end) = (stretch[0], stretch[1]);
        covering.retain(|served| start < served.triple.end);
        while let Some(served) = starting.next_if(|served| served.triple.start == start) {
            covering.push(*served);
        }
        let owners = owners(&covering);
        match splits.last_mut() {
            _ if owners.is_empty() => {}
            Some(last) if last.end == start && last.owners == owners => last.end = end,
            _ => splits.push(NaiveSplit { start, end, owners }),
        }
    }
    splits
}

/// Each node once with its highest priority, the highest first, then by name.
fn owners(covering: &[Served]) -> Vec<NaiveOwner> {
    let mut owners: Vec<NaiveOwner> = covering
        .iter()
        .map(|served| NaiveOwner { node: served.triple.node, priority: served.priority })
        .collect();
    owners.sort_unstable_by_key(|owner| (owner.node, Reverse(owner.priority)));
    owners.dedup_by_key(|owner| owner.node);
    owners.sort_unstable_by_key(|owner| (Reverse(owner.priority), owner.node));
    owners
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Triple;

    fn served(start: u64, end: u64, node: u32, priority: u64) -> Served {
        Served { triple: Triple { start, end, node }, priority }
    }

    #[test]
    fn a_node_owns_with_its_highest_priority_and_equal_neighbours_are_one_split() {
        let owner = |node, priority| NaiveOwner { node, priority };
        let found = splits(&[
            served(0, 10, 1, 5),
            served(2, 8, 1, 3),
            served(4, 6, 0, 5),
            served(6, 7, 2, 9),
            served(20, 30, 0, 1),
        ]);
        let expected = [
            (0, 4, vec![owner(1, 5)]),
            (4, 6, vec![owner(0, 5), owner(1, 5)]),
            (6, 7, vec![owner(2, 9), owner(1, 5)]),
            (7, 10, vec![owner(1, 5)]),
            (20, 30, vec![owner(0, 1)]),
        ];
        assert_eq!(found, expected.map(|(start, end, owners)| NaiveSplit { start, end, owners }));
    }

    #[test]
    fn the_owners_agree_with_every_key() {
        let all: Vec<Served> = (0..200)
            .map(|at| {
                let start = at * 37 % 101;
                served(start, start + 1 + at * 11 % 13, (at % 5) as u32, 1 + at % 7)
            })
            .collect();
        let splits = splits(&all);
        for key in 0..120 {
            let covers = |served: &&Served| served.triple.start <= key && key < served.triple.end;
            let covering: Vec<Served> = all.iter().filter(covers).copied().collect();
            let split = splits.iter().find(|split| split.start <= key && key < split.end);
            assert_eq!(split.map_or(vec![], |split| split.owners.clone()), owners(&covering), "{key}");
        }
        assert!(splits.windows(2).all(|pair| pair[0].end <= pair[1].start));
        let maximal = |pair: &[NaiveSplit]| pair[0].end < pair[1].start || pair[0].owners != pair[1].owners;
        assert!(splits.windows(2).all(maximal));
    }
}
