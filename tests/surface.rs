//! What a Rust user expects of the types beside the operations: conversions, iterators, and what is shown.

use instances as _;
mod kit;

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeBounds;

use crdt_range_map::advice::{Advice, AdviceError, Aims, Bucket, Capacities, Histogram, Plan};
use crdt_range_map::node::{Damage, Event, LinkId, LinkKind, Options, Output, Page};
use crdt_range_map::sync::presence::{Attributes, AttributesError, Name, NameError};
use crdt_range_map::sync::{Config, IgnoreReason, Statistics};
use crdt_range_map::{
    Answer, AnswerVersion, AnswerVersionError, CausalContext, Changes, DecodeError, DecodeProblem, Delta,
    Dot, KeyRange, MoveError, Node, NodeError, NodeId, Operation, OperationError, OwnedSplit, Owner, Owners,
    OwnersSince, Piece, RangeError, RangeMap, Registration, ReplicaId, Split, Splits, SplitsIn, SplitsInIter,
    SplitsIter, Version, WriteError,
};
use kit::builders::named as node;

fn filled() -> RangeMap<u64> {
    filled_by(1)
}

fn filled_by(replica: u64) -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::from(replica));
    for (name, start) in [("a", 0), ("b", 50), ("c", 200)] {
        _ = map.register(&node(name), &KeyRange::try_from(start..start + 100).unwrap()).unwrap();
    }
    map
}

#[test]
fn names_convert_and_are_found_by_their_strings() {
    assert_eq!(NodeId::try_from("a").unwrap(), node("a"));
    assert_eq!(NodeId::try_from("a".to_string()).unwrap(), node("a"));
    assert_eq!("".parse::<NodeId>(), Err(NodeError { length: 0 }));
    assert_eq!(NodeId::try_from("x".repeat(256)), Err(NodeError { length: 256 }));
    assert_eq!(node("a").as_ref() as &str, "a");
    let ada = Name::new("Ada").unwrap();
    assert_eq!(
        ("Ada".parse(), Name::try_from("Ada"), Name::try_from("Ada".to_string())),
        (Ok(ada.clone()), Ok(ada.clone()), Ok(ada.clone()))
    );
    assert_eq!(ada.as_ref() as &str, "Ada");
    assert_eq!("two\nlines".parse::<Name>(), Err(NameError { length: 9 }));
    assert_eq!(Name::try_from("x".repeat(65)), Err(NameError { length: 65 }));
    let long = "x".repeat(200);
    let names = ["a", "node-000042", "ends\0", &long];
    let hashed: HashMap<NodeId, usize> = names.iter().map(|name| (node(name), name.len())).collect();
    let ordered: BTreeMap<NodeId, usize> = names.iter().map(|name| (node(name), name.len())).collect();
    for name in names {
        assert_eq!(hashed.get(name), Some(&name.len()));
        assert_eq!(ordered.get(name), Some(&name.len()));
    }
}

#[test]
fn ranges_convert_and_bound() {
    assert_eq!(KeyRange::try_from(3..7), KeyRange::new(3, 7));
    assert_eq!(KeyRange::try_from("b".to_string().."a".to_string()), Err(RangeError));
    assert_eq!(KeyRange::from(3..), KeyRange::from_start(3));
    let keys = BTreeMap::from([(2, 'a'), (3, 'b'), (6, 'c'), (7, 'd')]);
    let within = |range: KeyRange<i32>| keys.range(range).map(|(_, value)| *value).collect::<String>();
    assert_eq!(within(KeyRange::new(3, 7).unwrap()), "bc");
    assert_eq!(within(KeyRange::from_start(6)), "cd");
    assert!(RangeBounds::contains(&KeyRange::new(3, 7).unwrap(), &3));
}

#[test]
fn splits_are_walked_from_both_ends() {
    let map = filled();
    let splits = map.splits();
    let shown: Vec<String> = splits.into_iter().map(|split| split.to_string()).collect();
    assert_eq!(shown, ["[0, 50) a:1", "[50, 100) a:1 b:1", "[100, 150) b:1", "[200, 300) c:1"]);
    let mut last = Vec::new();
    for split in splits {
        last = split.owners.to_vec();
    }
    assert_eq!(last[0].node, node("c"));
    assert_eq!(splits.iter().len(), 4);
    assert_eq!(splits.iter().next_back().unwrap().to_string(), shown[3]);
    assert_eq!(splits.iter().nth(2).unwrap().to_string(), shown[2]);
    let mut rest = splits.iter();
    assert!(rest.nth(4).is_none() && rest.next().is_none() && rest.next_back().is_none());
    assert!(splits.iter().rev().map(|split| split.to_string()).eq(shown.iter().rev().cloned()));
}

/// They are kept across a change, and visited in the same order, as slices.
#[test]
fn splits_are_written_out() {
    fn shown(split: &Split<'_, u64>) -> (String, Vec<Owner>) {
        let owners: &[Owner] = split.owners;
        (split.to_string(), owners.to_vec())
    }
    let mut map = filled();
    let kept: Splits<u64> = map.splits().clone();
    let mut visited = Vec::new();
    map.for_each_split(|split: Split<'_, u64>| visited.push(shown(&split)));
    assert!(visited.into_iter().eq(kept.iter().map(|split| shown(&split))));
    assert!(std::ptr::eq(map.splits(), map.splits()));
    _ = map.register(&node("z"), &KeyRange::new(150, 200).unwrap()).unwrap();
    assert_eq!((kept.len(), map.splits().len()), (4, 5));
    assert_ne!(&kept, map.splits());
    _ = map.release(&node("z"), &KeyRange::new(150, 200).unwrap()).unwrap();
    assert_eq!(&kept, map.splits());
    assert!(RangeMap::<u64>::new(ReplicaId::new(1)).splits().is_empty());
}

#[test]
fn splits_in_a_range_are_a_view() {
    let map = filled();
    let all = map.splits_in(&KeyRange::full());
    let shown: Vec<String> = all.iter().map(|split| split.to_string()).collect();
    assert!(map.splits().iter().map(|split| split.to_string()).eq(shown.iter().cloned()));
    let mut last = Owners::default();
    for split in &all {
        last = split.owners;
    }
    assert_eq!(last[0].node, node("c"));
    assert_eq!(all.len(), 4);
    assert_eq!(all.into_iter().nth(2).unwrap().to_string(), shown[2]);
    let mut rest = all.iter();
    assert!(rest.nth(4).is_none() && rest.next().is_none());
    assert_eq!(all, map.clone().splits_in(&KeyRange::full()));
    assert_eq!(format!("{:?}", all.iter()), format!("{all:?}"));
    assert!(RangeMap::<u64>::new(ReplicaId::new(1)).splits_in(&KeyRange::full()) != all);
}

#[test]
fn deltas_are_joined_as_a_collection_is() {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let deltas: Vec<Delta<u64>> = (0..20)
        .map(|start| map.register(&node("a"), &KeyRange::new(10 * start, 10 * start + 5).unwrap()).unwrap())
        .collect();
    let by_reference: Delta<u64> = deltas.iter().collect();
    let mut extended = deltas[0].clone();
    extended.extend(&deltas[1..10]);
    extended.extend(deltas[10..].to_vec());
    let by_value: Delta<u64> = deltas.into_iter().collect();
    for joined in [by_reference, by_value, extended] {
        assert_eq!(&joined, map.state());
    }
    assert!(Vec::<Delta<u64>>::new().into_iter().collect::<Delta<u64>>().is_empty());
}

#[test]
fn versions_travel_as_bytes() {
    let mut map = filled();
    let mut other = RangeMap::<u64>::new(ReplicaId::new(0xffff_ffff_ffff_fff0));
    (0..3).for_each(|_| {
        _ = other.register(&node("z"), &KeyRange::from_start(9)).unwrap();
    });
    let gap = other.register(&node("z"), &KeyRange::from_start(9)).unwrap();
    map.merge(&gap);
    map.merge(&map.clone().retire(ReplicaId::new(7)));
    let version = map.state().version();
    let bytes = version.encode();
    assert_eq!(Version::decode(&bytes).as_ref(), Ok(version));
    assert_eq!(Version::default().encode(), [0x10, 0]);
    for cut in 0..bytes.len() {
        assert!(Version::decode(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let problem = |bytes: &[u8]| Version::decode(bytes).unwrap_err().problem;
    assert_eq!(problem(&[&bytes[..], &[0]].concat()), DecodeProblem::TrailingBytes);
    assert_eq!(problem(&map.state().encode()), DecodeProblem::KeyKind(1), "a delta is no version");
    assert_eq!(problem(&[0x20, 0]), DecodeProblem::Version(2));
    assert_eq!(Delta::<u64>::decode(&bytes).unwrap_err().problem, DecodeProblem::KeyKind(0));
    let mut joined = Version::default();
    joined.join(other.state().version());
    joined.join(version);
    assert!(joined.includes(version) && joined.includes(other.state().version()));
}

#[test]
fn what_is_shown() {
    let map = filled();
    assert_eq!(map.registrations().next().unwrap().to_string(), "[0, 100) a:1");
    assert_eq!(Dot { replica: ReplicaId::new(0x2a), seq: 3 }.to_string(), "000000000000002a:3");
    let error: &dyn std::error::Error = &IgnoreReason::Checksum;
    assert_eq!(error.to_string(), "a message that was damaged on the way");
}

#[test]
fn keys_are_looked_up_as_they_are_borrowed() {
    let mut map = RangeMap::<String>::new(ReplicaId::new(1));
    _ = map.register(&node("a"), &KeyRange::try_from("b".to_string().."d".to_string()).unwrap()).unwrap();
    for (key, is_owned) in [("a", false), ("b", true), ("cab", true), ("d", false), ("", false)] {
        assert_eq!(map.owners(key).len(), usize::from(is_owned), "{key}");
        assert_eq!(map.owners(key), map.owners(&key.to_string()));
        let range = map.registrations().next().unwrap().range;
        assert_eq!((range.contains(key), range.contains(&key.to_string())), (is_owned, is_owned));
    }
    let mut served = Node::new(ReplicaId::new(1), 7);
    served.register(&node("a"), &KeyRange::from("k".to_string()..)).unwrap();
    assert_eq!(served.map().owners("key")[0].node, node("a"));
}

/// Numbers need no type: `u64` is the only one that is a key.
#[test]
fn the_type_of_the_keys_is_found() {
    let mut map = RangeMap::new(ReplicaId::new(1));
    _ = map.register(&node("a"), &KeyRange::try_from(0..100).unwrap()).unwrap();
    let key: u64 = *map.splits().iter().next().unwrap().range.start();
    assert_eq!(map.owners(&70), map.owners(&(key + 70)));
}

/// Every operation, each as a method and as a value.
fn operations() -> [Operation<u64>; 12] {
    let (node, range, to) = (node("a"), KeyRange::new(0, 100).unwrap(), KeyRange::new(0, 50).unwrap());
    let (other, by) = (NodeId::new("other").unwrap(), 1.try_into().unwrap());
    [
        Operation::Register { node: node.clone(), range: range.clone() },
        Operation::Release { node: node.clone(), range: range.clone() },
        Operation::Increase { node: node.clone(), range: range.clone(), by },
        Operation::Decrease { node: node.clone(), range: range.clone(), by },
        Operation::Tighten { node: node.clone(), range: range.clone(), to: to.clone() },
        Operation::MoveTo { node: node.clone(), range: range.clone(), to: to.clone() },
        Operation::Carve { node: node.clone(), range: range.clone(), hole: to },
        Operation::HandOver { node: node.clone(), range: range.clone(), to: other.clone() },
        Operation::SetPriority { node: node.clone(), range: range.clone(), to: 3 },
        Operation::Drain { node: node.clone(), range: range.clone(), count: 0 },
        Operation::StandIn { node: other, other: node.clone(), range: range.clone() },
        Operation::Unite { node, range },
    ]
}

fn operate(map: &mut RangeMap<u64>, operation: &Operation<u64>) -> Result<Delta<u64>, MoveError> {
    Ok(match operation {
        Operation::Register { node, range } => map.register(node, range)?,
        Operation::Release { node, range } => map.release(node, range)?,
        Operation::Increase { node, range, by } => map.increase(node, range, *by)?,
        Operation::Decrease { node, range, by } => map.decrease(node, range, *by)?,
        Operation::Tighten { node, range, to } => map.tighten(node, range, to)?,
        Operation::MoveTo { node, range, to } => map.move_to(node, range, to)?,
        Operation::Carve { node, range, hole } => map.carve(node, range, hole)?,
        Operation::HandOver { node, range, to } => map.hand_over(node, range, to)?,
        Operation::SetPriority { node, range, to } => map.set_priority(node, range, *to)?,
        Operation::Drain { node, range, count } => map.drain(node, range, *count)?,
        Operation::StandIn { node, other, range } => map.stand_in(node, other, range)?,
        Operation::Unite { node, range } => map.unite(node, range)?,
    })
}

fn operate_node(node: &mut Node<u64>, operation: &Operation<u64>) -> Result<(), MoveError> {
    match operation {
        Operation::Register { node: name, range } => node.register(name, range)?,
        Operation::Release { node: name, range } => node.release(name, range)?,
        Operation::Increase { node: name, range, by } => node.increase(name, range, *by)?,
        Operation::Decrease { node: name, range, by } => node.decrease(name, range, *by)?,
        Operation::Tighten { node: name, range, to } => node.tighten(name, range, to)?,
        Operation::MoveTo { node: name, range, to } => node.move_to(name, range, to)?,
        Operation::Carve { node: name, range, hole } => node.carve(name, range, hole)?,
        Operation::HandOver { node: name, range, to } => node.hand_over(name, range, to)?,
        Operation::SetPriority { node: name, range, to } => node.set_priority(name, range, *to)?,
        Operation::Drain { node: name, range, count } => node.drain(name, range, *count)?,
        Operation::StandIn { node: name, other, range } => node.stand_in(name, other, range)?,
        Operation::Unite { node: name, range } => node.unite(name, range)?,
    }
    Ok(())
}

/// A delta that says nothing but that replica 1 has used all its numbers.
fn all_numbers_of_replica_1() -> Delta<u64> {
    Delta::decode(&[0x11, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 31, 0])
        .unwrap()
}

/// Replica 1, which has heard of registrations of another, and has used all its numbers.
fn exhausted() -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::new(1));
    map.merge(filled_by(2).state());
    map.merge(&all_numbers_of_replica_1());
    map
}

#[test]
fn no_operation_of_a_replica_that_may_not_write_is_a_silent_nothing() {
    let mut retired = filled();
    assert!(!retired.retire(ReplicaId::new(1)).is_empty());
    for (mut map, why) in [(retired, MoveError::Retired), (exhausted(), MoveError::Exhausted)] {
        let before = map.state().clone();
        for operation in operations() {
            assert_eq!(operate(&mut map, &operation), Err(why), "{operation:?}");
            assert_eq!(map.apply([operation]), Err(OperationError { index: 0, why }));
        }
        assert_eq!(*map.state(), before);
    }
    // Nor is one on what is not there, which would do nothing.
    let (mut map, nowhere) = (exhausted(), KeyRange::from_start(7));
    assert_eq!(map.release(&node("z"), &nowhere), Err(WriteError::Exhausted));
    assert_eq!(map.decrease(&node("z"), &nowhere, 1.try_into().unwrap()), Err(WriteError::Exhausted));
}

/// The moves of a registration, each done at a map or at a node.
type Move<T, R> = fn(&mut T, &NodeId, &KeyRange<u64>, &KeyRange<u64>) -> Result<R, MoveError>;

const MOVES: [Move<RangeMap<u64>, Delta<u64>>; 3] = [
    |map, node, range, other| map.move_to(node, range, other),
    |map, node, range, other| map.carve(node, range, other),
    |map, name, range, _| map.hand_over(name, range, &node("other")),
];

const MOVES_OF_A_NODE: [Move<Node<u64>, ()>; 3] = [
    |to, node, range, other| to.move_to(node, range, other),
    |to, node, range, other| to.carve(node, range, other),
    |to, name, range, _| to.hand_over(name, range, &node("other")),
];

#[test]
fn moves_are_refused_as_operations_are() {
    let (range, part, elsewhere) =
        (KeyRange::new(0, 100).unwrap(), KeyRange::new(0, 50).unwrap(), KeyRange::new(300, 400).unwrap());
    let mut retired = filled();
    assert!(!retired.retire(ReplicaId::new(1)).is_empty());
    for (mut map, why) in [(retired, MoveError::Retired), (exhausted(), MoveError::Exhausted)] {
        let before = map.state().clone();
        for apply in MOVES {
            assert_eq!(apply(&mut map, &node("a"), &range, &part), Err(why));
        }
        assert_eq!(MoveError::from(map.set_priority(&node("a"), &range, 3).unwrap_err()), why);
        assert_eq!(*map.state(), before);
    }
    let mut map = filled();
    for apply in MOVES {
        assert_eq!(apply(&mut map, &node("nobody"), &range, &part), Err(MoveError::NotRegistered));
    }
    assert_eq!(map.carve(&node("a"), &range, &elsewhere), Err(MoveError::NotOverlapping));
    map.set_registration_bytes_max(8);
    let long = NodeId::new("x".repeat(100)).unwrap();
    assert!(matches!(map.hand_over(&node("a"), &range, &long), Err(MoveError::TooLong { .. })));
    assert_eq!(*map.state(), *filled().state());
    assert_eq!(MoveError::NotRegistered.to_string(), "the registration is not visible");
}

#[test]
fn a_node_moves_as_its_map_does() {
    let (range, part) = (KeyRange::new(0, 100).unwrap(), KeyRange::new(0, 50).unwrap());
    for (apply, apply_to_node) in MOVES.into_iter().zip(MOVES_OF_A_NODE) {
        let (mut map, mut of_node) = (RangeMap::new(ReplicaId::new(1)), Node::new(ReplicaId::new(1), 7));
        let change = |of_node: &mut Node<u64>| loop {
            match of_node.poll(0) {
                Output::Event(Event::Changed(ranges)) => break ranges,
                output => assert!(!matches!(output, Output::Wait { .. }), "no change is told"),
            }
        };
        _ = map.set_priority(&node("a"), &range, 4).unwrap();
        of_node.set_priority(&node("a"), &range, 4).unwrap();
        assert_eq!(change(&mut of_node), std::slice::from_ref(&range));
        _ = apply(&mut map, &node("a"), &range, &part).unwrap();
        apply_to_node(&mut of_node, &node("a"), &range, &part).unwrap();
        assert_eq!(change(&mut of_node), std::slice::from_ref(&range));
        assert!(map.registrations().eq(of_node.map().registrations()));
        assert_eq!(map.priority(&node("a"), &range), None);
    }
}

#[test]
fn a_node_that_may_not_write_goes_on_under_another_id_or_says_so() {
    let mut retired = Node::new(ReplicaId::new(1), 7);
    retired.register(&node("a"), &KeyRange::new(0, 100).unwrap()).unwrap();
    retired.retire(ReplicaId::new(1));
    assert_ne!(retired.map().replica(), ReplicaId::new(1));
    for operation in operations() {
        for end in [100, 50] {
            retired.register(&node("a"), &KeyRange::new(0, end).unwrap()).unwrap();
        }
        let before = retired.map().state().context().clone();
        operate_node(&mut retired, &operation).unwrap();
        assert_ne!(*retired.map().state().context(), before, "{operation:?}");
    }

    let mut exhausted = restored_without_numbers();
    assert!(exhausted.map().is_exhausted());
    let before = exhausted.map().state().clone();
    for operation in operations() {
        let why = operate_node(&mut exhausted, &operation).unwrap_err();
        assert!(matches!(why, MoveError::Exhausted), "{operation:?}: {why}");
        assert_eq!(exhausted.apply([operation]), Err(OperationError { index: 0, why }));
    }
    assert_eq!(*exhausted.map().state(), before);
}

/// A node that returns as replica 1, from a page by which that has used all its numbers.
fn restored_without_numbers() -> Node<u64> {
    let options = Options { is_durable: true, ..Options::default() };
    let mut node = Node::with(options.clone(), ReplicaId::new(1), 7).unwrap();
    node.merge(exhausted().state());
    let page = loop {
        match node.poll(0) {
            Output::Save(page) => break page.bytes,
            Output::Event(_) => {}
            other => panic!("{other:?}"),
        }
    };
    let (node, damaged) = Node::restore(options, [page], ReplicaId::new(2), 7).unwrap();
    assert!(damaged.is_empty());
    assert_eq!(node.map().replica(), ReplicaId::new(1));
    node
}

#[test]
fn types_are_shown_and_go_to_other_threads() {
    fn common<T: std::fmt::Debug + Clone + Send + Sync + Unpin>() {}
    fn error<T: std::error::Error + Copy + Eq + Send + Sync + 'static>() {}
    common::<(RangeMap<u64>, Node<u64>, Delta<u64>, Changes<u64>, CausalContext, Dot, Operation<u64>)>();
    common::<(NodeId, ReplicaId, KeyRange<u64>, Owner, Registration<u64>)>();
    common::<(Owners, Splits<u64>, SplitsIter<'static, u64>, Split<'static, u64>)>();
    common::<(SplitsIn<'static, u64>, SplitsInIter<'static, u64>, OwnedSplit<u64>, Piece<u64>)>();
    common::<(AnswerVersion, OwnersSince)>();
    common::<(Config, Statistics, Answer<'static, u64>, Attributes)>();
    common::<(Options, Output<u64>, Page, LinkId, LinkKind, Damage)>();
    common::<(Plan<u64>, Advice<u64>, Histogram<u64>, Bucket<u64>, Capacities, Aims)>();
    error::<NodeError>();
    error::<AnswerVersionError>();
    error::<RangeError>();
    error::<WriteError>();
    error::<MoveError>();
    error::<OperationError>();
    error::<AdviceError>();
    error::<DecodeError>();
    error::<IgnoreReason>();
    error::<crdt_range_map::sync::ConfigError>();
    error::<crdt_range_map::sync::presence::ConfigError>();
    error::<NameError>();
    error::<AttributesError>();
}
