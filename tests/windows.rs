//! Windows of keys, against brute force on every key: splits, owners, registrations, who serves where too few or too many do, and covers.

use instances as _;
mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use crdt_range_map::{KeyRange, NodeId, Owner, Piece, RangeMap, Registration, ReplicaId};
use model::Id;
use model::served::{self, Owners};
use proptest::prelude::*;

/// Keys that lie side by side. The last stands for all that follow, and in the second place nothing follows.
struct Keys {
    first: u64,
    count: u64,
}

const COUNT: u64 = 40;
const PLACES: [Keys; 2] =
    [Keys { first: 0, count: COUNT }, Keys { first: u64::MAX - COUNT + 1, count: COUNT }];

impl Keys {
    fn at(&self, place: u64) -> u64 {
        self.first + place
    }

    /// From a key on, so many keys; without an end if that is more than there are.
    fn range(&self, (start, length): (u64, u64)) -> KeyRange<u64> {
        let start = start % self.count;
        if start + length.max(1) >= self.count {
            return KeyRange::from_start(self.at(start));
        }
        KeyRange::new(self.at(start), self.at(start + length.max(1))).unwrap()
    }

    /// The keys of a window.
    fn within(&self, window: &KeyRange<u64>) -> Vec<u64> {
        (0..self.count).map(|place| self.at(place)).filter(|key| window.contains(key)).collect()
    }

    /// Joins neighbours of which the same is told.
    fn runs<T: PartialEq>(&self, window: &KeyRange<u64>, told: impl Fn(u64) -> T) -> Vec<(KeyRange<u64>, T)> {
        let mut runs: Vec<(u64, T)> = Vec::new();
        for key in self.within(window) {
            let told = told(key);
            if runs.last().is_none_or(|(_, last)| *last != told) {
                runs.push((key, told));
            }
        }
        let mut end = window.end().copied();
        let mut ranges: Vec<_> = Vec::new();
        for (start, told) in runs.into_iter().rev() {
            let range = end.map_or(KeyRange::from_start(start), |end| KeyRange::new(start, end).unwrap());
            ranges.push((range, told));
            end = Some(start);
        }
        ranges.reverse();
        ranges
    }
}

fn plain(owners: &[Owner]) -> Owners {
    owners.iter().map(|owner| (owner.node.clone(), owner.priority)).collect()
}

/// The fewest pieces that serve each key that anybody serves, a node each, by the length of what is covered so far.
fn fewest_pieces(keys: &[u64], owners: &BTreeMap<u64, Owners>) -> usize {
    let mut fewest = vec![0; keys.len() + 1];
    for end in 1..=keys.len() {
        fewest[end] = match owners[&keys[end - 1]].is_empty() {
            true => fewest[end - 1],
            false => {
                let serves = |begin: usize| {
                    let is_of_all = |node: &NodeId| {
                        keys[begin..end].iter().all(|key| owners[key].iter().any(|(other, _)| other == node))
                    };
                    owners[&keys[begin]].iter().any(|(node, _)| is_of_all(node))
                };
                (0..end).filter(|begin| serves(*begin)).map(|begin| fewest[begin] + 1).min().unwrap()
            }
        };
    }
    fewest[keys.len()]
}

/// The pieces in turn reach as far as any owner of their first key, and name the first that does.
fn check_cover(pieces: &[Piece<u64>], keys: &Keys, window: &KeyRange<u64>, owners: &BTreeMap<u64, Owners>) {
    assert_eq!(pieces[0].range.start(), window.start());
    assert_eq!(pieces[pieces.len() - 1].range.end(), window.end());
    assert!(pieces.windows(2).all(|pair| pair[0].range.end() == Some(pair[1].range.start())));
    let within = keys.within(window);
    for Piece { range, node } in pieces {
        let rest = || within.iter().skip_while(|key| *key < range.start());
        let reach =
            |node: &NodeId| rest().take_while(|key| owners[*key].iter().any(|(it, _)| it == node)).count();
        let here = &owners[range.start()];
        let length = keys.within(range).len();
        let farthest = here.iter().map(|(node, _)| reach(node)).max();
        assert_eq!(
            length,
            farthest.unwrap_or_else(|| rest().take_while(|key| owners[*key].is_empty()).count())
        );
        let first = here.iter().map(|(node, _)| node).find(|node| Some(reach(node)) == farthest);
        assert_eq!(node.as_ref(), first);
    }
    let served = pieces.iter().filter(|piece| piece.node.is_some()).count();
    assert_eq!(served, fewest_pieces(&within, owners));
}

/// Everything that is asked of a window.
fn check(map: &RangeMap<u64>, registrations: &[(Id<u64>, u64)], keys: &Keys, window: &KeyRange<u64>) {
    let owners: BTreeMap<u64, Owners> =
        keys.within(window).into_iter().map(|key| (key, served::owners(registrations, &key))).collect();
    let (gaps, splits): (Vec<_>, Vec<_>) =
        keys.runs(window, |key| owners[&key].clone()).into_iter().partition(|(_, owners)| owners.is_empty());
    let mut visited = Vec::new();
    map.splits_in(window).for_each(|split| visited.push((split.range, plain(split.owners))));
    assert_eq!(visited, splits, "splits in {window}");
    let listed = map.splits_in(window).iter().map(|split| (split.range, plain(&split.owners)));
    assert!(listed.eq(visited) && map.splits_in(window).len() == splits.len());
    assert_eq!(map.splits_in(window).is_empty(), splits.is_empty());
    assert!(map.gaps_in(window).eq(gaps.into_iter().map(|(range, _)| range)), "gaps in {window}");

    if window == &KeyRange::full() {
        let all = map.splits().iter().map(|split| (split.range, plain(split.owners)));
        assert!(all.eq(splits.iter().cloned()), "all splits");
    }

    for count in 0..5 {
        let wanted = |is_wanted: &dyn Fn(usize) -> bool| -> Vec<KeyRange<u64>> {
            let runs = keys.runs(window, |key| is_wanted(owners[&key].len()));
            runs.into_iter().filter(|(_, is_wanted)| *is_wanted).map(|(range, _)| range).collect()
        };
        let fewer: Vec<_> = map.served_by_fewer_than(count, window).collect();
        assert_eq!(fewer, wanted(&|owners| owners < count), "fewer than {count} in {window}");
        let more: Vec<_> = map.served_by_more_than(count, window).collect();
        assert_eq!(more, wanted(&|owners| owners > count), "more than {count} in {window}");
    }

    let mut highest: BTreeMap<&NodeId, u64> = BTreeMap::new();
    for (node, priority) in owners.values().flatten() {
        let known = highest.entry(node).or_default();
        *known = (*known).max(*priority);
    }
    let mut all: Owners = highest.into_iter().map(|(node, priority)| (node.clone(), priority)).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    assert_eq!(plain(&map.owners_in(window)), all, "owners in {window}");

    let within = registrations.iter().filter(|((range, _), _)| range.intersects(window));
    assert!(map.registrations_in(window).eq(within.map(registration)), "registrations in {window}");
    check_cover(&map.cover(window).collect::<Vec<_>>(), keys, window, &owners);
}

fn registration(((range, node), priority): &(Id<u64>, u64)) -> Registration<u64> {
    Registration { node: node.clone(), range: range.clone(), priority: *priority }
}

/// What is asked of nodes.
fn check_nodes(map: &RangeMap<u64>, registrations: &[(Id<u64>, u64)]) {
    let nodes: BTreeSet<&NodeId> = registrations.iter().map(|((_, node), _)| node).collect();
    assert!(map.nodes().eq(nodes.iter().copied()));
    for node in (0..6).map(name) {
        let of_node = registrations.iter().filter(|((_, other), _)| *other == node);
        assert!(map.registrations_of(&node).eq(of_node.map(registration)), "{node}");
    }
}

fn name(at: u64) -> NodeId {
    NodeId::new(["b", "a", "node-with-a-long-name", "c", "ab", "z"][at as usize % 6]).unwrap()
}

/// Who, from where on and how far, and by how much; 0 to release.
type Change = (u64, (u64, u64), u32);

fn changes(length: u64) -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((0u64..6, (0..COUNT, 0..length), 0u32..4), 1..50)
}

fn any_changes() -> impl Strategy<Value = Vec<Change>> {
    prop_oneof![changes(4), changes(12), changes(COUNT + 10)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 150 }))]

    /// Here and at another replica, which gets the deltas; both were asked before, and so bring up to date what they know.
    #[test]
    fn every_window_is_what_its_keys_say(
        changes in any_changes(),
        windows in prop::collection::vec((0..COUNT, 0..COUNT + 10), 6),
        is_last in any::<bool>(),
        together in 1usize..20,
    ) {
        let keys = &PLACES[usize::from(is_last)];
        let (mut here, mut there) = (RangeMap::new(ReplicaId::new(1)), RangeMap::new(ReplicaId::new(2)));
        let mut registrations: BTreeMap<Id<u64>, u64> = BTreeMap::new();
        for changes in changes.chunks(together) {
            for (node, place, by) in changes {
                let (node, range) = (name(*node), keys.range(*place));
                let delta = match NonZeroU32::new(*by) {
                    Some(by) => here.increase(&node, &range, by).unwrap(),
                    None => here.release(&node, &range).unwrap(),
                };
                there.merge(&delta);
                match by {
                    0 => _ = registrations.remove(&(range, node)),
                    by => *registrations.entry((range, node)).or_default() += u64::from(*by),
                }
            }
            let registrations: Vec<(Id<u64>, u64)> = registrations.clone().into_iter().collect();
            for map in [&here, &there] {
                let full = KeyRange::from_start(keys.first);
                for window in windows.iter().map(|place| keys.range(*place)).chain([full]) {
                    check(map, &registrations, keys, &window);
                }
                check_nodes(map, &registrations);
            }
        }
    }
}

#[test]
fn nothing_is_served_in_an_empty_map() {
    for keys in &PLACES {
        let map = RangeMap::<u64>::new(ReplicaId::new(1));
        for place in [(0, 1), (0, 100), (COUNT - 1, 1), (3, 7)] {
            check(&map, &[], keys, &keys.range(place));
        }
        check_nodes(&map, &[]);
    }
}

/// Blocks with many more spans than a word has marks: hundreds that are nested, or that begin and end together.
#[test]
fn windows_under_hundreds_of_ranges() {
    let keys = Keys { first: 0, count: 700 };
    let nested = |at: u64| (at, 650 - 2 * at);
    let together = |at: u64| if at < 150 { (at % 3, 300 + at % 5) } else { (at * 2, 1 + at % 3) };
    for place in [nested as fn(u64) -> _, together] {
        let mut map = RangeMap::new(ReplicaId::new(1));
        let mut registrations: BTreeMap<Id<u64>, u64> = BTreeMap::new();
        for at in 0..300 {
            let node = NodeId::new(format!("node-{}", at * 7 % 200)).unwrap();
            let (range, by) = (keys.range(place(at)), 1 + (at as u32) * 37 % 11);
            _ = map.increase(&node, &range, by.try_into().unwrap()).unwrap();
            *registrations.entry((range, node)).or_default() += u64::from(by);
        }
        let registrations: Vec<(Id<u64>, u64)> = registrations.into_iter().collect();
        for window in [(0, 1), (140, 9), (290, 40), (0, 60), (300, 300)] {
            check(&map, &registrations, &keys, &keys.range(window));
        }
    }
}

/// After so many changes that the index of the nodes is made anew, and at a replica that learns everything at once.
#[test]
fn nodes_are_right_after_many_changes() {
    let (mut here, mut there) = (RangeMap::new(ReplicaId::new(1)), RangeMap::new(ReplicaId::new(2)));
    assert_eq!(there.nodes().count() + here.nodes().count(), 0);
    let range = |at: u64| KeyRange::new(at, at + 5).unwrap();
    let mut registrations: BTreeMap<Id<u64>, u64> = BTreeMap::new();
    for at in 0..600 {
        _ = here.register(&name(at), &range(at)).unwrap();
        registrations.insert((range(at), name(at)), 1);
        if at % 3 == 0 {
            _ = here.release(&name(at / 3), &range(at / 3)).unwrap();
            registrations.remove(&(range(at / 3), name(at / 3)));
        }
        if at % 50 == 0 {
            check_nodes(&here, &registrations.clone().into_iter().collect::<Vec<_>>());
        }
    }
    there.merge(here.state());
    let snapshot = there.clone();
    for map in [&here, &there, &snapshot] {
        check_nodes(map, &registrations.clone().into_iter().collect::<Vec<_>>());
    }
    for at in 0..600 {
        _ = there.release(&name(at), &range(at)).unwrap();
    }
    check_nodes(&there, &[]);
    check_nodes(&snapshot, &registrations.into_iter().collect::<Vec<_>>());
}
