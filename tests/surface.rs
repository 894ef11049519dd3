//! What a Rust user expects of the types beside the operations: conversions, iterators, and what is shown.

mod kit;

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeBounds;

use crdt_range_map::sync::IgnoreReason;
use crdt_range_map::{
    CausalContext, DecodeProblem, Delta, Dot, KeyRange, NodeError, NodeId, RangeError, RangeMap, ReplicaId,
};
use kit::builders::named as node;

fn filled() -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::from(1));
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
fn contexts_travel_as_bytes() {
    let mut map = filled();
    let mut other = RangeMap::<u64>::new(ReplicaId::new(0xffff_ffff_ffff_fff0));
    (0..3).for_each(|_| {
        _ = other.register(&node("z"), &KeyRange::from_start(9)).unwrap();
    });
    let gap = other.register(&node("z"), &KeyRange::from_start(9)).unwrap();
    map.merge(&gap);
    map.merge(&map.clone().retire(ReplicaId::new(7)));
    let context = map.state().context();
    let bytes = context.encode();
    assert_eq!(CausalContext::decode(&bytes).as_ref(), Ok(context));
    assert_eq!(CausalContext::default().encode(), [0x10, 0]);
    for cut in 0..bytes.len() {
        assert!(CausalContext::decode(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let problem = |bytes: &[u8]| CausalContext::decode(bytes).unwrap_err().problem;
    assert_eq!(problem(&[&bytes[..], &[0]].concat()), DecodeProblem::TrailingBytes);
    assert_eq!(problem(&map.state().encode()), DecodeProblem::KeyKind(1), "a delta is no context");
    assert_eq!(problem(&[0x20, 0]), DecodeProblem::Version(2));
    assert_eq!(Delta::<u64>::decode(&bytes).unwrap_err().problem, DecodeProblem::KeyKind(0));
    let mut joined = CausalContext::default();
    joined.join(other.state().context());
    joined.join(context);
    assert!(joined.includes(context) && joined.includes(other.state().context()));
}

#[test]
fn what_is_shown() {
    let map = filled();
    assert_eq!(map.registrations().next().unwrap().to_string(), "[0, 100) a:1");
    assert_eq!(Dot { replica: ReplicaId::new(0x2a), seq: 3 }.to_string(), "000000000000002a:3");
    let error: &dyn std::error::Error = &IgnoreReason::Checksum;
    assert_eq!(error.to_string(), "a message that was damaged on the way");
}
