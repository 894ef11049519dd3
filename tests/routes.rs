//! Routing, against brute force over random maps: who is chosen is an owner, nobody comes before whom he should follow, and one choice is
//! the first of several.

use instances as _;
use std::collections::BTreeSet;

use crdt_range_map::{KeyRange, NodeId, Owner, RangeMap, ReplicaId, Routing};
use proptest::prelude::*;

const KEYS: u64 = 12;

fn map(served: &[(u8, u64, u64, u32)]) -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::new(1));
    for (node, start, length, priority) in served {
        let node = NodeId::new(format!("n{node}")).unwrap();
        let range = KeyRange::new(*start, start + length).unwrap();
        drop(map.increase(&node, &range, (*priority).try_into().unwrap()).unwrap());
    }
    map
}

fn zone(node: &NodeId) -> u8 {
    node.as_str().as_bytes()[1] % 3
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn routes_are_the_owners_in_an_order_of_their_own(
        served in prop::collection::vec((0u8..14, 0..KEYS, 1..KEYS, 1u32..4), 0..30),
    ) {
        let map = map(&served);
        for key in 0..=KEYS {
            let owners = map.owners(&key);
            for routing in [Routing::Preferred, Routing::Weighted] {
                let all = map.route(&key, routing, usize::MAX);
                let sorted = |of: &[Owner]| of.iter().map(|it| (it.node.clone(), it.priority)).collect::<BTreeSet<_>>();
                prop_assert_eq!(sorted(&all), sorted(&owners));
                prop_assert_eq!(all.len(), owners.len());
                if routing == Routing::Preferred {
                    prop_assert!(all.is_sorted_by_key(|owner| std::cmp::Reverse(owner.priority)));
                }
                for wanted in 0..=owners.len() + 1 {
                    let some = map.route(&key, routing, wanted);
                    prop_assert_eq!(&some[..], &all[..wanted.min(all.len())]);
                    let apart = map.route_apart(&key, routing, wanted, zone);
                    prop_assert_eq!(apart.len(), wanted.min(owners.len()));
                    let zones = |of: &[Owner]| of.iter().map(|owner| zone(&owner.node)).collect::<BTreeSet<_>>().len();
                    prop_assert_eq!(zones(&apart), wanted.min(zones(&owners)));
                    // Who is first of all is first of those that are apart, too.
                    prop_assert_eq!(apart.first(), some.first());
                }
            }
        }
    }
}
