//! Watches, against brute force on every key: what each is told is where its owners differ from those when it was told last.

use instances as _;
mod kit;

use std::collections::BTreeMap;

use crdt_range_map::node::{Event, Options, Output};
use crdt_range_map::{
    Delta, KeyRange, Node, NodeId, Operation, Owner, RangeMap, ReplicaId, WatchId, Watched, WatchedPiece,
};
use kit::builders::{between, by, named, node};
use kit::random::Random;

/// Keys from 0 on; the last stands for all that follow.
const KEYS: u64 = 30;

type Owners = Vec<Owner>;

fn owners(map: &RangeMap<u64>) -> Vec<Owners> {
    // Asked of a copy without its caches, so that asking changes nothing.
    let mut fresh = RangeMap::new(ReplicaId::new(u64::MAX));
    fresh.merge(map.state());
    (0..KEYS).map(|key| fresh.owners(&key).to_vec()).collect()
}

fn living_owners(map: &RangeMap<u64>) -> Vec<Owners> {
    let mut fresh = RangeMap::new(ReplicaId::new(u64::MAX));
    fresh.merge(map.state());
    for writer in OTHERS.into_iter().filter(|writer| map.is_present(*writer)) {
        fresh.set_present(writer, true);
    }
    map.down().for_each(|node| fresh.mark_down(node));
    (0..KEYS).map(|key| fresh.living().owners(&key).to_vec()).collect()
}

const OTHERS: [ReplicaId; 2] = [ReplicaId::ephemeral(2), ReplicaId::new(3)];

/// The maximal ranges in the window where the two differ, with what was and what is.
fn pieces(
    window: &KeyRange<u64>,
    before: &[Owners],
    after: &[Owners],
) -> Vec<(KeyRange<u64>, Owners, Owners)> {
    let mut pieces: Vec<(u64, u64, Owners, Owners)> = Vec::new();
    for key in (0..KEYS).filter(|key| window.contains(key)) {
        let (was, is) = (&before[key as usize], &after[key as usize]);
        match pieces.last_mut() {
            Some((_, end, before, after)) if *end == key && before == was && after == is => *end += 1,
            _ if was != is => pieces.push((key, key + 1, was.clone(), is.clone())),
            _ => {}
        }
    }
    let range = |start, end| match end {
        KEYS if window.end().is_none() => KeyRange::from_start(start),
        _ => between(start, end),
    };
    pieces.into_iter().map(|(start, end, before, after)| (range(start, end), before, after)).collect()
}

fn plain(watched: Watched<u64>) -> Vec<(KeyRange<u64>, Owners, Owners)> {
    let plain = |piece: WatchedPiece<u64>| (piece.range, piece.before.to_vec(), piece.after.to_vec());
    watched.pieces.into_iter().map(plain).collect()
}

fn any_range(random: &mut Random) -> KeyRange<u64> {
    let start = random.below(KEYS - 1);
    let end = start + 1 + if random.percent(70) { random.below(5) } else { random.below(KEYS) };
    if end >= KEYS { KeyRange::from_start(start) } else { between(start, end) }
}

/// Many names, of which few are in use at a time: so their numbers are given to others again and again.
fn any_node(random: &mut Random) -> NodeId {
    node(random.below(40))
}

fn some_registration(random: &mut Random, map: &RangeMap<u64>) -> Option<(NodeId, KeyRange<u64>)> {
    let all: Vec<_> = map.registrations().map(|one| (one.node, one.range)).collect();
    (!all.is_empty()).then(|| all[random.index(all.len())].clone())
}

fn operate(random: &mut Random, map: &mut RangeMap<u64>) -> Delta<u64> {
    let (one, range, other) = (any_node(random), any_range(random), any_range(random));
    let Some((node, old)) = some_registration(random, map).filter(|_| random.percent(60)) else {
        return match random.below(3) {
            0 => map.increase(&one, &range, by(1 + random.below(3) as u32)).unwrap(),
            1 => map.set_priority(&one, &range, random.below(4)).unwrap(),
            _ => map.register(&one, &range).unwrap(),
        };
    };
    match random.below(8) {
        0 => map.move_to(&node, &old, &other).unwrap(),
        1 => map.hand_over(&node, &old, &one).unwrap(),
        2 => map.carve(&node, &old, &other).unwrap_or_default(),
        3 => map.decrease(&node, &old, by(1)).unwrap(),
        4 => {
            // The last is refused at times, and all are taken back.
            let list = [
                Operation::Release { node: node.clone(), range: old.clone() },
                Operation::Register { node: one, range: other.clone() },
                Operation::Tighten { node, range: if random.percent(50) { old } else { other }, to: range },
            ];
            map.apply(list).unwrap_or_default()
        }
        _ => map.release(&node, &old).unwrap(),
    }
}

/// A watch as brute force sees it.
struct Watcher {
    range: KeyRange<u64>,
    owners: fn(&RangeMap<u64>) -> Vec<Owners>,
    told: Vec<Owners>,
}

fn run(seed: u64) -> (usize, usize) {
    let mut random = Random(seed);
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut others = OTHERS.map(RangeMap::<u64>::new);
    let mut watchers: BTreeMap<WatchId, Watcher> = BTreeMap::new();
    let (mut told, mut silent) = (0, 0);
    for _ in 0..120 {
        match random.below(24) {
            0..=5 => drop(operate(&mut random, &mut map)),
            6..=9 => {
                let at = random.index(2);
                let delta = operate(&mut random, &mut others[at]);
                if random.percent(60) {
                    drop(map.merge(&delta));
                }
            }
            10 => drop(map.merge(others[random.index(2)].state())),
            11 => drop(others[random.index(2)].merge(map.state())),
            12 => {
                // Everything at once, and often nothing is left.
                for (node, range) in map.clone().registrations().map(|one| (one.node, one.range)) {
                    _ = others[0].merge(map.state());
                    _ = others[0].release(&node, &range).unwrap();
                }
                drop(map.merge(others[0].state()));
            }
            13 => map = map.clone(),
            14 => drop(map.owners(&random.below(KEYS))),
            15 | 16 if watchers.len() < 6 => {
                let range = any_range(&mut random);
                let (watch, owners): (_, fn(&_) -> _) = if random.percent(50) {
                    (map.watch(&range), owners)
                } else {
                    (map.watch_living(&range), living_owners)
                };
                let before = watchers.insert(watch, Watcher { range, owners, told: owners(&map) });
                assert!(before.is_none(), "a number that is given twice");
            }
            18 | 19 => map.set_present(OTHERS[0], random.percent(50)),
            20 => map.mark_down(&any_node(&mut random)),
            21 => {
                if let Some((node, _)) = some_registration(&mut random, &map) {
                    map.mark_down(&node);
                }
            }
            22 => {
                let down = map.down().next().cloned();
                down.iter().for_each(|node| map.mark_up(node));
            }
            17 if random.percent(30) => {
                if let Some((watch, _)) = watchers.pop_first() {
                    map.unwatch(watch);
                    map.unwatch(watch);
                }
            }
            _ => {
                let mut heard: BTreeMap<WatchId, Vec<_>> = BTreeMap::new();
                while let Some(watched) = map.next_watched() {
                    let before = heard.insert(watched.watch, plain(watched));
                    assert!(before.is_none(), "seed {seed}: told twice");
                }
                for (watch, watcher) in &mut watchers {
                    let now = (watcher.owners)(&map);
                    let expected = pieces(&watcher.range, &watcher.told, &now);
                    *(if expected.is_empty() { &mut silent } else { &mut told }) += 1;
                    let heard = heard.remove(watch).unwrap_or_default();
                    assert_eq!(heard, expected, "seed {seed}, {watch:?} of {}", watcher.range);
                    watcher.told = now;
                }
                assert!(heard.is_empty(), "seed {seed}: told to nobody");
            }
        }
    }
    (told, silent)
}

#[test]
fn watches_are_told_where_owners_differ_from_those_before() {
    let runs = if cfg!(miri) { 0..2 } else { 0..600 };
    let sums = runs.map(run).fold((0, 0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    assert!(cfg!(miri) || (sums.0 > 5_000 && sums.1 > 2_000), "{sums:?}");
}

#[test]
fn a_watch_hears_only_of_its_own_range() {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let [touching_before, of, touching_after] = [between(0, 10), between(10, 20), between(20, 30)];
    let watch = map.watch(&of);
    for range in [&touching_before, &touching_after] {
        _ = map.register(&node(1), range).unwrap();
        assert_eq!(map.next_watched(), None);
    }
    _ = map.register(&node(1), &between(19, 20)).unwrap();
    let watched = map.next_watched().unwrap();
    assert_eq!(watched.watch, watch);
    assert_eq!(plain(watched), [(between(19, 20), vec![], vec![Owner { node: node(1), priority: 1 }])]);
    // There and back is nothing.
    _ = map.increase(&node(1), &between(19, 20), by(7)).unwrap();
    _ = map.decrease(&node(1), &between(19, 20), by(7)).unwrap();
    assert_eq!(map.next_watched(), None);
}

#[test]
fn who_was_hit_first_is_told_first_and_who_ended_is_not() {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let [late, ended, early] = [(0, 5), (0, 9), (5, 9)].map(|(start, end)| map.watch(&between(start, end)));
    _ = map.register(&node(1), &between(7, 9)).unwrap();
    _ = map.register(&node(1), &between(0, 2)).unwrap();
    map.unwatch(ended);
    let told: Vec<WatchId> = std::iter::from_fn(|| map.next_watched()).map(|it| it.watch).collect();
    assert_eq!(told, [early, late]);
    map.unwatch(WatchId(99));
    // A clone watches on its own.
    let mut copy = map.clone();
    _ = copy.release(&node(1), &between(7, 9)).unwrap();
    assert_eq!(map.next_watched(), None);
    assert_eq!(copy.next_watched().map(|it| it.watch), Some(early));
}

fn watched(node: &mut Node<u64>) -> Vec<Watched<u64>> {
    let mut all = Vec::new();
    loop {
        match node.poll(0) {
            Output::Event(Event::Watched(watched)) => all.push(watched),
            Output::Wait { .. } => return all,
            Output::Save(page) => node.saved(page.number),
            _ => {}
        }
    }
}

#[test]
fn a_node_tells_of_what_it_did_and_of_what_it_learnt() {
    let mut node = Node::<u64>::new(ReplicaId::new(1), 1);
    let watch = node.watch(&between(5, 8));
    node.register(&named("a"), &between(0, 9)).unwrap();
    node.register(&named("b"), &between(8, 9)).unwrap();
    let mut other = RangeMap::new(ReplicaId::new(2));
    node.merge(&other.increase(&named("c"), &between(7, 20), by(2)).unwrap());
    let told = watched(&mut node);
    let shown = |owners: &[Owner]| owners.iter().map(|owner| owner.to_string()).collect::<Vec<_>>().join(" ");
    let [Watched { watch: told, pieces }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(*told, watch);
    let pieces: Vec<_> = pieces.iter().map(|it| format!("{}: {}", it.range, shown(&it.after))).collect();
    assert_eq!(pieces, ["[5, 7): a:1", "[7, 8): c:2 a:1"]);
    node.unwatch(watch);
    node.release(&named("a"), &between(0, 9)).unwrap();
    assert_eq!(watched(&mut node), []);
}

/// What a node forgets when it begins anew is told, and what it learns again is not.
#[test]
fn watches_go_on_when_a_node_begins_anew() {
    let mut node = Node::<u64>::with(Options::default(), ReplicaId::new(1), 1).unwrap();
    node.share_storage();
    let [watch, living] = [node.watch(&between(0, 100)), node.watch_living(&between(55, 58))];
    let saved = RangeMap::new(ReplicaId::new(2)).register(&named("saved"), &between(0, 10)).unwrap();
    node.absorb(&saved.encode()).unwrap();
    node.register(&named("unsaved"), &between(50, 60)).unwrap();
    assert_eq!(watched(&mut node).len(), 2);
    node.restart(ReplicaId::new(3), 1);
    node.absorb(&saved.encode()).unwrap();
    let told = watched(&mut node);
    assert_eq!((told.len(), told[0].watch, told[1].watch), (2, watch, living));
    assert_eq!(told[1].pieces[0].range, between(55, 58));
    let [piece] = &told[0].pieces[..] else { panic!("{told:?}") };
    assert_eq!((&piece.range, piece.before.len(), piece.after.len()), (&between(50, 60), 1, 0));
    assert_ne!(node.watch(&between(0, 1)), watch);
}
