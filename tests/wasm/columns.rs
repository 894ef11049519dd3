//! Splits and owners in columns: as many arrays as there are attributes, instead of objects.

use js_sys::{Array, BigUint64Array, Float64Array, Object};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{NULL, UNDEFINED, code, get, list, map, message, operation, splits};
use crate::call;

/// The splits in columns, in short as [`splits`] writes them.
fn splits_in_columns(map: &JsValue) -> Vec<String> {
    let columns = call!(map.splitColumns()).unwrap();
    let [starts, ends] =
        ["starts", "ends"].map(|name| get(&columns, name).unchecked_into::<BigUint64Array>().to_vec());
    let owners = owners_in_columns(&columns);
    assert_eq!([starts.len(), ends.len()], [owners.len(); 2]);
    let end = |end: u64| if end == 0 { "null".to_owned() } else { format!("{end}n") };
    (starts.into_iter().zip(ends).zip(owners))
        .map(|((start, at), owners)| format!("[{start}n, {}){owners}", end(at)))
        .collect()
}

/// Each list of owners in columns.
fn owners_in_columns(columns: &JsValue) -> Vec<String> {
    let array = |name| Array::from(&get(columns, name)).iter().collect::<Vec<JsValue>>();
    let numbers = |name| array(name).iter().map(|number| number.as_f64().unwrap()).collect::<Vec<f64>>();
    let nodes: Vec<String> = array("nodes").iter().map(|node| node.as_string().unwrap()).collect();
    let mut distinct = nodes.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), nodes.len(), "each name once");
    let (owners, priorities) = (numbers("ownerNodes"), numbers("ownerPriorities"));
    assert_eq!(owners.len(), priorities.len());
    let owner = |place: usize| format!(" {}:{}", nodes[owners[place] as usize], priorities[place]);
    (numbers("ownerOffsets").windows(2))
        .map(|ends| (ends[0] as usize..ends[1] as usize).map(owner).collect())
        .collect()
}

#[wasm_bindgen_test]
fn columns_hold_what_objects_hold() {
    let map = map(1);
    assert_eq!(splits_in_columns(&map), [""; 0]);
    assert_eq!(owners_in_columns(&call!(map.ownersOf(list([0.into(), 5.into()]))).unwrap()), ["", ""]);
    // More nodes than are remembered by address.
    let operations = (0..6_000).map(|number| {
        let start = f64::from(number);
        operation("increase", format!("node {number}"), start * 10.0, start * 10.0 + 15.0, number % 7 + 1)
    });
    call!(map.apply(list(operations.chain([operation("register", "last", u64::MAX, NULL, UNDEFINED)]))))
        .unwrap();
    let expected = splits(&map);
    assert_eq!(expected.len(), 12_000);
    assert_eq!(expected.last().unwrap(), "[18446744073709551615n, null) last:1");
    assert_eq!(splits_in_columns(&map), expected);

    let keys = [JsValue::from(12), 60_003.into(), 60_005.into(), u64::MAX.into(), 0u64.into()];
    let owners = [" node 1:2 node 0:1", " node 5999:1", "", " last:1", " node 0:1"];
    assert_eq!(owners_in_columns(&call!(map.ownersOf(list(keys))).unwrap()), owners);
    let keys = BigUint64Array::from(&[12, 60_003, 60_005, u64::MAX, 0][..]);
    assert_eq!(owners_in_columns(&call!(map.ownersOf(keys)).unwrap()), owners);
    let keys = Float64Array::from(&[12.0, 60_003.0][..]);
    assert_eq!(owners_in_columns(&call!(map.ownersOf(keys)).unwrap()), owners[..2]);
}

#[wasm_bindgen_test]
fn lists_of_keys_are_checked() {
    let map = map(1);
    for not_a_list in [UNDEFINED, NULL, 5.into(), 5u64.into(), "5".into(), Object::new().into()] {
        assert_eq!(code(call!(map.ownersOf(&not_a_list))), "invalid-key", "{not_a_list:?}");
    }
    for not_a_key in [JsValue::from(-1), 0.5.into(), NULL, UNDEFINED, "5".into()] {
        assert_eq!(code(call!(map.ownersOf(list([0.into(), not_a_key])))), "invalid-key");
    }
    let told = message(call!(map.ownersOf(list([0.into(), (-1).into()]))));
    assert!(told.starts_with("keys[1] must be an integer"), "{told}");
}
