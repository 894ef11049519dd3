//! Taking answers as a program would that needs every owner: counting them would leave out the cost of reading them.

use crdt_range_map::{NodeId, Owner, RangeMap};

use crate::reference::Flat;

/// Folds every owner's node and priority into a hash.
pub fn fold_owners(hash: u64, owners: &[Owner]) -> u64 {
    owners.iter().fold(hash, |hash, owner| {
        hash.rotate_left(7) ^ owner.priority ^ (u64::from(node_number(&owner.node)) << 32)
    })
}

/// Folds the numbers of registrations into a hash, as [`fold_owners`] does with owners.
pub fn fold_numbers(hash: u64, numbers: &[u32]) -> u64 {
    numbers.iter().fold(hash, |hash, number| hash.rotate_left(7) ^ u64::from(*number))
}

/// A number that stands for a node in flat output: the end of its name, which is read for that.
fn node_number(node: &NodeId) -> u32 {
    let name = node.as_bytes();
    match name.last_chunk() {
        Some(end) => u32::from_le_bytes(*end),
        None => name.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)),
    }
}

fn pair(owner: &Owner) -> (u32, u32) {
    (node_number(&owner.node), owner.priority as u32)
}

/// All splits of a map written out flat: in the shape of [`FlatSplits`](crate::reference::FlatSplits), a stretch without owners for each
/// gap, but coalesced, and owners in order, a node's number and its priority each, instead of registrations.
pub fn flat_owners(map: &RangeMap<u64>) -> Flat<(u32, u32)> {
    let mut flat = Flat::default();
    let mut covered_to = None;
    map.for_each_split(|split| {
        let start = *split.range.start();
        if let Some(gap) = covered_to.filter(|end| *end != start) {
            flat.begin(gap);
        }
        flat.begin(start).extend(split.owners.iter().map(pair));
        covered_to = split.range.end().copied();
    });
    covered_to.into_iter().for_each(|end| _ = flat.begin(end));
    flat.finished()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expected;
    use crate::replica::Replica;
    use crate::workload::Workload;

    #[test]
    fn the_flat_output_holds_every_split_and_every_gap() {
        let workload = Workload::new(300);
        let [_, replica] = Replica::exchanged(Replica::halves(&workload, [1, 2]));
        let mut expected = Vec::new();
        let mut covered_to = None;
        for split in expected::splits(&workload.nodes, &replica.model.registrations()) {
            if let Some(end) = covered_to.filter(|end| *end != split.start) {
                expected.push((end, vec![]));
            }
            expected.push((split.start, split.owners.iter().map(pair).collect()));
            covered_to = Some(split.end);
        }
        expected.push((covered_to.unwrap(), vec![]));
        assert!(expected.iter().filter(|(_, owners)| owners.is_empty()).count() > 1, "no gap to be tested");
        let flat = flat_owners(&replica.map);
        let found: Vec<(u64, Vec<(u32, u32)>)> =
            flat.iter().map(|(start, owners)| (start, owners.to_vec())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_fold_tells_order_nodes_and_priorities_apart() {
        let owner = |name, priority| Owner { node: NodeId::new(name).unwrap(), priority };
        let [a, b, c] = [owner("node-1", 1), owner("node-2", 1), owner("node-1", 2)];
        let folds = [vec![a.clone(), b.clone()], vec![b.clone(), a], vec![c, b]]
            .map(|owners| fold_owners(1, &owners));
        assert!(folds[0] != folds[1] && folds[0] != folds[2] && folds[1] != folds[2]);
    }
}
