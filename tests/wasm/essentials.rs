//! What must hold in every JavaScript world: operations, keys, errors, callbacks, release of memory, hostile bytes.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, BigUint64Array, Float64Array, Function, Object, Reflect, Symbol, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{
    Log, NULL, UNDEFINED, code, function, get, map, message, new_map, recorder, splits, text, with_global,
};
use crate::call;

const SAFE_MAX: f64 = 9_007_199_254_740_991.0;

fn range_object(start: impl Into<JsValue>, end: impl Into<JsValue>) -> JsValue {
    let object = Object::new();
    Reflect::set(&object, &"start".into(), &start.into()).unwrap();
    Reflect::set(&object, &"end".into(), &end.into()).unwrap();
    object.into()
}

#[wasm_bindgen_test]
fn every_operation_does_what_it_says() {
    let map = map(1);
    assert_eq!(text(&get(&map, "replica")), "1n");
    assert_ne!(text(&call!(map.register("a", 0, 100)).unwrap()), "[]");
    call!(map.increase("b", 50, NULL, 4)).unwrap();
    call!(map.increase("b", 50, NULL)).unwrap();
    call!(map.decrease("b", 50, NULL, 2)).unwrap();
    call!(map.decrease("b", 50, NULL)).unwrap();
    assert_eq!(splits(&map), ["[0n, 50n) a:1", "[50n, 100n) b:2 a:1", "[100n, null) b:2"]);
    assert_eq!(
        text(&call!(map.owners(99)).unwrap()),
        r#"[{node: "b", priority: 2}, {node: "a", priority: 1}]"#
    );
    assert_eq!(text(&call!(map.priority("b", 50, NULL)).unwrap()), "2");
    assert_eq!(text(&call!(map.priority("b", 50, 60)).unwrap()), "undefined");

    call!(map.tighten("b", range_object(50, NULL), range_object(60u64, 70))).unwrap();
    assert_eq!(
        text(&call!(map.registrations()).unwrap()),
        r#"[{node: "a", start: 0n, end: 100n, priority: 1}, {node: "b", start: 60n, end: 70n, priority: 2}]"#
    );
    call!(map.release("a", 0, 100)).unwrap();
    assert_eq!(text(&call!(map.gaps()).unwrap()), "[{start: 0n, end: 60n}, {start: 70n, end: null}]");
    call!(map.decrease("b", 60, 70, 9)).unwrap();
    assert_eq!(splits(&map), [""; 0]);
    assert_eq!(text(&call!(map.gaps()).unwrap()), "[{start: 0n, end: null}]");
}

#[wasm_bindgen_test]
fn an_operation_that_does_nothing_has_an_empty_delta_that_merges() {
    let map = map(1);
    for nothing in [call!(map.release("a", 0, 1)), call!(map.decrease("a", 0, 1, 7))] {
        let delta = nothing.unwrap();
        assert_eq!(delta.dyn_ref::<Uint8Array>().map(Uint8Array::length), Some(0));
        assert_eq!(text(&call!(map.merge(delta)).unwrap()), "[]");
    }
}

/// `{ op, node, start, end, by }`, without `by` if it is undefined.
fn operation(
    op: &str,
    node: impl Into<JsValue>,
    start: impl Into<JsValue>,
    end: impl Into<JsValue>,
    by: impl Into<JsValue>,
) -> JsValue {
    let object = Object::new();
    let properties = [
        ("op", op.into()),
        ("node", node.into()),
        ("start", start.into()),
        ("end", end.into()),
        ("by", by.into()),
    ];
    for (name, value) in properties.into_iter().filter(|(_, value): &(_, JsValue)| !value.is_undefined()) {
        Reflect::set(&object, &name.into(), &value).unwrap();
    }
    object.into()
}

fn list(items: impl IntoIterator<Item = JsValue>) -> JsValue {
    items.into_iter().collect::<Array>().into()
}

#[wasm_bindgen_test]
fn a_list_of_operations_does_what_they_do_one_by_one() {
    let (one_by_one, at_once, other) = (map(1), map(1), map(2));
    let steps: [(&str, &str, JsValue, JsValue, JsValue); 8] = [
        ("register", "a", 0.into(), 100.into(), UNDEFINED),
        ("increase", "b", 50.into(), NULL, 4.into()),
        ("increase", "b", 50u64.into(), NULL, UNDEFINED),
        ("decrease", "b", 50.into(), NULL, 2.into()),
        ("register", "c", SAFE_MAX.into(), (1u64 << 53).into(), UNDEFINED),
        ("release", "a", 0.into(), 100.into(), UNDEFINED),
        ("release", "nobody", 0.into(), 100.into(), UNDEFINED),
        ("increase", "a", (u64::MAX - 1).into(), u64::MAX.into(), 4_294_967_295u32.into()),
    ];
    let mut operations = Vec::new();
    for (op, node, start, end, by) in steps {
        operations.push(operation(op, node, &start, &end, &by));
        let arguments = [node.into(), start, end, by];
        super::call(&one_by_one, op, &arguments[..if arguments[3].is_undefined() { 3 } else { 4 }]).unwrap();
    }
    let delta = call!(at_once.apply(list(operations))).unwrap();
    assert_eq!(text(&call!(at_once.state()).unwrap()), text(&call!(one_by_one.state()).unwrap()));
    call!(other.merge(delta)).unwrap();
    assert_eq!(text(&call!(other.state()).unwrap()), text(&call!(at_once.state()).unwrap()));
    assert_eq!(
        splits(&other),
        [
            "[50n, 9007199254740991n) b:3",
            "[9007199254740991n, 9007199254740992n) b:3 c:1",
            "[9007199254740992n, 18446744073709551614n) b:3",
            "[18446744073709551614n, 18446744073709551615n) a:4294967295 b:3",
            "[18446744073709551615n, null) b:3"
        ]
    );
    for nothing in [list([]), list([operation("release", "nobody", 0, 1, UNDEFINED)])] {
        let delta = call!(other.apply(nothing)).unwrap();
        assert_eq!(delta.dyn_ref::<Uint8Array>().map(Uint8Array::length), Some(0));
    }
}

#[wasm_bindgen_test]
fn a_list_with_a_bad_operation_is_refused_whole_and_says_which_it_is() {
    let map = map(1);
    call!(map.register("a", 0, 100)).unwrap();
    let state = text(&call!(map.state()).unwrap());
    let good = || operation("increase", "a", 0, 100, 2);
    let half_a_pair = js_sys::JsString::from_char_code1(0xD800);
    let refused = [
        (NULL, "invalid-operation", "operations[1] must be an object, not null"),
        ("release".into(), "invalid-operation", "operations[1] must be an object, not \"release\""),
        (
            operation("tighten", "a", 0, 1, UNDEFINED),
            "invalid-operation",
            "operations[1].op must be one of register, release, increase, decrease, not \"tighten\"",
        ),
        (
            operation("register", UNDEFINED, 0, 1, UNDEFINED),
            "invalid-node",
            "operations[1].node must be a string, not undefined",
        ),
        (operation("register", half_a_pair, 0, 1, UNDEFINED), "invalid-node", "operations[1].node must be "),
        (
            operation("register", "ü".repeat(128), 0, 1, UNDEFINED),
            "invalid-node",
            "operations[1].node must be ",
        ),
        (operation("register", "b", -1, 1, UNDEFINED), "invalid-key", "operations[1].start must be "),
        (operation("register", "b", 0, UNDEFINED, UNDEFINED), "invalid-key", "operations[1].end must be "),
        (
            operation("release", "b", 7u64, 5, UNDEFINED),
            "invalid-range",
            "operations[1]: a range's start must be below its end, but start is 7 and end is 5",
        ),
        (operation("increase", "b", 0, 1, 0), "invalid-amount", "operations[1].by must be "),
        (operation("decrease", "b", 0, 1, "1"), "invalid-amount", "operations[1].by must be "),
    ];
    for (bad, expected_code, words) in refused {
        let error = call!(map.apply(list([good(), bad, good()]))).unwrap_err();
        assert_eq!(get(&error, "index"), 1.0);
        assert_eq!(code::<()>(Err(error.clone())), expected_code);
        let told = message::<()>(Err(error));
        assert!(told.starts_with(words), "{told}");
    }
    for not_a_list in [UNDEFINED, NULL, 5.into(), good()] {
        let error = call!(map.apply(not_a_list)).unwrap_err();
        assert!(get(&error, "index").is_undefined());
        assert_eq!(code::<()>(Err(error)), "invalid-operation");
    }
    assert_eq!(text(&call!(map.state()).unwrap()), state);
}

#[wasm_bindgen_test]
fn subscribers_hear_of_a_list_of_operations_once() {
    let map = map(1);
    let log = Log::default();
    call!(map.onChange(recorder("change", &log))).unwrap();
    let operations = [
        operation("register", "a", 20, NULL, UNDEFINED),
        operation("register", "b", 0, 5, UNDEFINED),
        operation("increase", "b", 4, 9, UNDEFINED),
        operation("release", "nobody", 10, 12, UNDEFINED),
    ];
    call!(map.apply(list(operations))).unwrap();
    let ranges = "{start: 0n, end: 9n}, {start: 20n, end: null}";
    assert_eq!(log.take(), [format!(r#"change {{source: "local", ranges: [{ranges}]}}"#)]);
}

/// The list is read before the map is touched: what the items' getters do to the map comes first.
#[wasm_bindgen_test]
fn getters_of_operations_may_call_the_map() {
    let map = map(1);
    let this = map.clone();
    let registering = Closure::<dyn Fn() -> Result<JsValue, JsValue>>::new(move || {
        // Enough to make the module's memory grow, and with it move.
        let operations = (0..20_000).map(|start| operation("register", "getter", start, 20_000, UNDEFINED));
        call!(this.apply(list(operations)))?;
        Ok("a".into())
    });
    let item = operation("increase", UNDEFINED, 20_000, 20_001, 7);
    let property = Object::new();
    Reflect::set(&property, &"get".into(), &registering.into_js_value()).unwrap();
    Object::<JsValue>::define_property(item.unchecked_ref(), &"node".into(), &property);
    call!(map.apply(list([item]))).unwrap();
    assert_eq!(splits(&map), ["[0n, 20000n) getter:1", "[20000n, 20001n) a:7"]);
}

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

#[wasm_bindgen_test]
fn replicas_that_exchange_deltas_in_any_order_agree() {
    let (here, there) = (map(1), map(2));
    let deltas = [
        call!(here.register("a", 0, 100)).unwrap(),
        call!(here.increase("a", 0, 100, 4)).unwrap(),
        call!(here.tighten("a", range_object(0, 100), range_object(0, 50))).unwrap(),
    ];
    for delta in deltas.iter().rev().chain(&deltas) {
        call!(there.merge(delta)).unwrap();
    }
    let increased = call!(there.increase("b", 10, 20)).unwrap();
    assert_ne!(text(&call!(here.fingerprint()).unwrap()), text(&call!(there.fingerprint()).unwrap()));
    assert_eq!(text(&call!(here.merge(increased)).unwrap()), "[{start: 10n, end: 20n}]");
    assert_eq!(splits(&here), ["[0n, 10n) a:5", "[10n, 20n) a:5 b:1", "[20n, 50n) a:5"]);
    assert_eq!(splits(&here), splits(&there));
    assert_eq!(text(&call!(here.state()).unwrap()), text(&call!(there.state()).unwrap()));
    assert_eq!(text(&call!(here.fingerprint()).unwrap()), text(&call!(there.fingerprint()).unwrap()));

    // A state is a delta. What was released concurrently comes back only as far as the release had not seen it.
    let third = map(3);
    call!(third.merge(call!(here.state()).unwrap())).unwrap();
    let raised = call!(third.increase("a", 0, 50)).unwrap();
    call!(here.release("a", 0, 50)).unwrap();
    call!(here.merge(raised)).unwrap();
    assert_eq!(text(&call!(here.priority("a", 0, 50)).unwrap()), "1");
}

#[wasm_bindgen_test]
fn a_replica_that_is_behind_gets_what_it_lacks() {
    let (here, there) = (map(1), map(2));
    for start in 0..100 {
        call!(here.register("a", start, 1000)).unwrap();
    }
    call!(there.merge(call!(here.state()).unwrap())).unwrap();
    let nothing = call!(here.deltaSince(call!(there.context()).unwrap())).unwrap();
    assert_eq!(nothing.dyn_ref::<Uint8Array>().map(Uint8Array::length), Some(0));
    call!(here.increase("a", 5, 1000)).unwrap();
    let lacking = call!(here.deltaSince(call!(there.context()).unwrap())).unwrap();
    assert!(lacking.dyn_ref::<Uint8Array>().is_some_and(|bytes| bytes.length() < 60));
    call!(there.merge(lacking)).unwrap();
    assert_eq!(text(&call!(there.state()).unwrap()), text(&call!(here.state()).unwrap()));
    // Who knows nothing gets everything; who knew something long ago cannot be told from the log.
    let unknowing = map(3);
    let everything = call!(here.deltaSince(call!(unknowing.context()).unwrap())).unwrap();
    assert_eq!(text(&everything), text(&call!(here.state()).unwrap()));
    for start in 0..5_000u32 {
        call!(here.register("b", start, 10_000)).unwrap();
    }
    assert!(call!(here.deltaSince(call!(there.context()).unwrap())).unwrap().is_undefined());

    // A context is no delta: it claims what it does not carry. And a delta is no context.
    let context = call!(here.context()).unwrap();
    assert_eq!(code(call!(there.merge(&context))), "malformed");
    for not_a_context in
        [call!(here.state()).unwrap(), Uint8Array::new_with_length(0).into(), NULL, "c".into()]
    {
        assert_eq!(code(call!(here.deltaSince(not_a_context))), "malformed");
    }
    let cut = Uint8Array::from(context).subarray(0, 5);
    assert_eq!(code(call!(here.deltaSince(cut))), "malformed");
}

#[wasm_bindgen_test]
fn a_retired_replica_writes_no_more_until_it_has_another_id() {
    let (here, there) = (map(1), map(2));
    call!(there.merge(call!(here.register("a", 0, 10)).unwrap())).unwrap();
    call!(there.release("a", 0, 10)).unwrap();
    let length = |map: &JsValue| Uint8Array::from(call!(map.state()).unwrap()).length();
    let before = length(&there);
    let retired = call!(there.retire(1u64)).unwrap();
    assert!(length(&there) >= before, "others may have heard more of it: nothing is dropped yet");
    assert_eq!(Uint8Array::from(call!(there.retire(1u64)).unwrap()).length(), 0, "that is known already");
    assert_eq!(get(&there, "isRetired"), false);
    call!(here.merge(retired)).unwrap();
    assert_eq!(get(&here, "isRetired"), true);
    assert_eq!(code(call!(here.register("b", 0, 10))), "retired");
    assert_eq!(code(call!(here.maintain())), "retired");
    call!(there.maintain()).unwrap();
    assert!(length(&there) < before, "what only it could drop is dropped");
    assert_eq!(Uint8Array::from(call!(there.maintain()).unwrap()).length(), 0, "once");
    assert_eq!(code(call!(there.retire(1))), "invalid-replica");
    assert_eq!(code(call!(there.retire(UNDEFINED))), "invalid-replica");
    call!(here.merge(call!(there.state()).unwrap())).unwrap();
    call!(here.setReplica(3u64)).unwrap();
    assert_eq!(get(&here, "isRetired"), false);
    call!(there.merge(call!(here.register("b", 0, 10)).unwrap())).unwrap();
    assert_eq!(splits(&there), ["[0n, 10n) b:1"]);
    assert_eq!(text(&call!(there.state()).unwrap()), text(&call!(here.state()).unwrap()));
}

#[wasm_bindgen_test]
fn maintenance_clears_what_counts_for_nothing() {
    let (here, there) = (map(1), map(2));
    call!(here.increase("a", 0, 10, 3)).unwrap();
    call!(there.merge(call!(here.state()).unwrap())).unwrap();
    let lowered = call!(here.decrease("a", 0, 10, 2)).unwrap();
    call!(there.decrease("a", 0, 10, 2)).unwrap();
    call!(there.merge(lowered)).unwrap();
    assert_eq!(text(&call!(there.priority("a", 0, 10)).unwrap()), "undefined", "3 - 2 - 2");
    let cleared = call!(there.maintain()).unwrap();
    call!(here.merge(cleared)).unwrap();
    call!(there.merge(call!(here.state()).unwrap())).unwrap();
    assert_eq!(Uint8Array::from(call!(there.maintain()).unwrap()).length(), 0);
    // What was cleared does not come back: it counts from nothing.
    call!(here.increase("a", 0, 10)).unwrap();
    assert_eq!(text(&call!(here.priority("a", 0, 10)).unwrap()), "1");
}

/// What a merge drops has no delta of its own in JavaScript: it travels with that of the next operation.
#[wasm_bindgen_test]
fn drops_are_told_with_the_next_operation() {
    let (here, there) = (map(1), map(2));
    let registered = call!(here.register("a", 0, 100)).unwrap();
    call!(there.merge(registered)).unwrap();
    let released = call!(there.release("a", 0, 100)).unwrap();
    call!(here.merge(released)).unwrap();
    assert_ne!(text(&call!(here.state()).unwrap()), text(&call!(there.state()).unwrap()));
    let next = call!(here.register("b", 5, 6)).unwrap();
    call!(there.merge(next)).unwrap();
    assert_eq!(text(&call!(here.state()).unwrap()), text(&call!(there.state()).unwrap()));
}

#[wasm_bindgen_test]
fn keys_reach_from_0_to_the_last_64_bit_number() {
    let map = map(1);
    let end = u64::MAX;
    call!(map.register("a", 0, 1u64)).unwrap();
    call!(map.register("b", SAFE_MAX, 1u64 << 53)).unwrap();
    call!(map.register("c", end - 1, end)).unwrap();
    call!(map.register("d", end, NULL)).unwrap();
    assert_eq!(
        splits(&map),
        [
            "[0n, 1n) a:1",
            "[9007199254740991n, 9007199254740992n) b:1",
            "[18446744073709551614n, 18446744073709551615n) c:1",
            "[18446744073709551615n, null) d:1"
        ]
    );
    assert_eq!(text(&call!(map.owners(end)).unwrap()), r#"[{node: "d", priority: 1}]"#);
    assert_eq!(text(&call!(map.owners(-0.0)).unwrap()), r#"[{node: "a", priority: 1}]"#);

    let too_large = js_sys::eval("2n ** 64n").unwrap();
    let not_keys = [
        JsValue::from(SAFE_MAX + 1.0),
        (-1).into(),
        (-1i64).into(),
        1.5.into(),
        f64::NAN.into(),
        f64::INFINITY.into(),
        too_large,
        "5".into(),
        true.into(),
        UNDEFINED,
        Array::of1(&1.into()).into(),
        Symbol::iterator().into(),
        Object::<JsValue>::create(NULL.unchecked_ref()).into(),
    ];
    let state = text(&call!(map.state()).unwrap());
    for key in not_keys {
        assert_eq!(code(call!(map.owners(&key))), "invalid-key", "{key:?}");
        assert_eq!(code(call!(map.register("a", &key, NULL))), "invalid-key", "{key:?}");
        assert_eq!(code(call!(map.register("a", 0, &key))), "invalid-key", "{key:?}");
    }
    assert_eq!(code(call!(map.owners(NULL))), "invalid-key");
    assert_eq!(code(call!(map.owners())), "invalid-key");
    assert_eq!(code(call!(map.register("a", 5))), "invalid-key", "a forgotten end is not an unbounded one");
    assert_eq!(text(&call!(map.state()).unwrap()), state);
}

#[wasm_bindgen_test]
fn nodes_are_strings_of_1_to_255_bytes() {
    let map = map(1);
    let longest = "ü".repeat(127) + "x";
    for name in ["a", "\0", "\u{FFFD}", "💡", &longest] {
        call!(map.register(name, 0, 1)).unwrap();
    }
    assert_eq!(Array::from(&call!(map.registrations()).unwrap()).length(), 5);
    let half_a_pair = js_sys::JsString::from_char_code1(0xD800);
    let not_nodes =
        [JsValue::from(""), (longest + "x").into(), half_a_pair.into(), 5.into(), NULL, UNDEFINED];
    for node in not_nodes {
        for method in ["register", "release", "increase", "decrease", "priority"] {
            let result = super::call(&map, method, &[node.clone(), 0.into(), 1.into()]);
            assert_eq!(code(result), "invalid-node", "{method} {node:?}");
        }
        let (from, to) = (range_object(0, 2), range_object(0, 1));
        assert_eq!(code(call!(map.tighten(&node, from, to))), "invalid-node");
    }
}

#[wasm_bindgen_test]
fn every_refusal_has_a_code_and_says_what_was_wrong() {
    let map = map(1);
    call!(map.register("a", 0, 100)).unwrap();
    let state = text(&call!(map.state()).unwrap());

    assert_eq!(code(call!(map.register("a", 5, 5))), "invalid-range");
    assert_eq!(code(call!(map.release("a", 5, 4u64))), "invalid-range");
    assert_eq!(
        message(call!(map.priority("a", 7, 5))),
        "a range's start must be below its end, but start is 7 and end is 5; nothing has changed"
    );
    for not_a_range in [UNDEFINED, NULL, 5.into(), "0-5".into()] {
        let part = range_object(0, 1);
        assert_eq!(code(call!(map.tighten("a", &not_a_range, &part))), "invalid-range");
        assert_eq!(code(call!(map.tighten("a", part, not_a_range))), "invalid-range");
    }
    for amount in [
        JsValue::from(0),
        (-1).into(),
        1.5.into(),
        4_294_967_296.0.into(),
        f64::NAN.into(),
        1u64.into(),
        "1".into(),
        NULL,
    ] {
        assert_eq!(code(call!(map.increase("a", 0, 100, &amount))), "invalid-amount", "{amount:?}");
        assert_eq!(code(call!(map.decrease("a", 0, 100, &amount))), "invalid-amount", "{amount:?}");
    }
    let (from, within, beyond) = (range_object(0, 100), range_object(0, 50), range_object(50, 101));
    assert_eq!(code(call!(map.tighten("a", &from, &beyond))), "not-sub-range");
    assert_eq!(code(call!(map.tighten("a", &from, &from))), "not-sub-range");
    assert_eq!(code(call!(map.tighten("b", &from, &within))), "not-registered");
    let in_words = message(call!(map.tighten("a", range_object(0, "x"), within)));
    assert!(in_words.starts_with("from.end must be") && in_words.contains("not \"x\""), "{in_words}");

    for replica in [JsValue::from(1), (-1i64).into(), js_sys::eval("2n ** 64n").unwrap(), "1".into(), NULL] {
        assert_eq!(code(new_map(&replica)), "invalid-replica", "{replica:?}");
    }
    for not_a_function in [UNDEFINED, NULL, Object::new().into()] {
        assert_eq!(code(call!(map.onChange(not_a_function))), "invalid-callback");
    }
    for not_bytes in
        [UNDEFINED, NULL, "bytes".into(), Array::of1(&1.into()).into(), js_sys::ArrayBuffer::new(1).into()]
    {
        assert_eq!(code(call!(map.merge(&not_bytes))), "malformed", "{not_bytes:?}");
    }
    assert!(
        message(call!(map.merge(Uint8Array::new_with_length(3)))).starts_with("not a delta, at byte 1: ")
    );
    assert_eq!(code(call!(map.connect(UNDEFINED))), "channel-unavailable");
    assert_eq!(text(&call!(map.state()).unwrap()), state, "whatever was refused has changed nothing");
}

/// What an id's greatest sequence number looks like in the wire format: 2^53 − 1 dots of replica 1, and nothing else.
const ALL_OF_REPLICA_1: [u8; 19] =
    [0x41, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 31, 0];

#[wasm_bindgen_test]
fn a_replica_without_sequence_numbers_says_so() {
    let map = map(1);
    call!(map.merge(Uint8Array::from(&ALL_OF_REPLICA_1[..]))).unwrap();
    assert_eq!(code(call!(map.register("a", 0, 1))), "exhausted");
    assert_eq!(code(call!(map.release("a", 0, 1))), "exhausted");
    assert_eq!(splits(&map), [""; 0]);
}

#[wasm_bindgen_test]
fn random_replica_ids_differ_and_their_absence_is_told() {
    let [one, other] =
        [UNDEFINED, UNDEFINED].map(|replica| text(&get(&new_map(replica).unwrap(), "replica")));
    assert_ne!(one, other);
    let result = with_global("crypto", &UNDEFINED, || new_map(UNDEFINED));
    assert_eq!(code(result), "invalid-replica");
}

#[wasm_bindgen_test]
fn subscribers_hear_of_visible_changes_only() {
    let (map, other) = (map(1), map(2));
    let log = Log::default();
    let unsubscribe: Function = call!(map.onChange(recorder("change", &log))).unwrap().unchecked_into();
    let heard = || log.take().join(" | ");

    let registered = call!(map.register("a", 5, 9)).unwrap();
    assert_eq!(heard(), r#"change {source: "local", ranges: [{start: 5n, end: 9n}]}"#);
    call!(map.register("a", 5, 9)).unwrap();
    call!(map.release("b", 5, 9)).unwrap();
    call!(map.merge(&registered)).unwrap();
    assert_eq!(heard(), "", "nothing visible has changed");
    call!(map.tighten("a", range_object(5, 9), range_object(6, 7))).unwrap();
    assert_eq!(heard(), r#"change {source: "local", ranges: [{start: 5n, end: 9n}]}"#);
    let far = call!(other.register("a", 20, NULL)).unwrap();
    call!(map.merge(far)).unwrap();
    assert_eq!(heard(), r#"change {source: "remote", ranges: [{start: 20n, end: null}]}"#);

    for _ in 0..2 {
        unsubscribe.call0(&UNDEFINED).unwrap();
    }
    call!(map.release("a", 6, 7)).unwrap();
    assert_eq!(heard(), "");
}

#[wasm_bindgen_test]
fn callbacks_may_call_the_map_and_all_hear_of_changes_in_order() {
    let (map, other, freed) = (map(1), map(2), map(3));
    call!(other.register("remote", 0, 10)).unwrap();
    let log = Log::default();
    let is_first = Cell::new(true);
    let (this, source, log_of_first) = (map.clone(), other, log.clone());
    let busy = function(move |change| {
        log_of_first.borrow_mut().push(format!("first {}", text(&get(&change, "source"))));
        if is_first.take() {
            // Everything there is, from within a callback.
            call!(this.increase("b", 0, 10, 2))?;
            call!(this.merge(call!(source.state())?))?;
            call!(this.tighten("b", range_object(0, 10), range_object(0, 5)))?;
            call!(this.release("a", 0, 10))?;
            call!(this.onChange(function(|_| Ok(()))))?;
            assert_eq!(text(&call!(this.priority("b", 0, 5))?), "2");
            assert_eq!(Array::from(&call!(this.registrations())?).length(), 2);
            assert_eq!(splits(&this), ["[0n, 5n) b:2 remote:1", "[5n, 10n) remote:1"]);
            call!(freed.free())?;
            log_of_first.borrow_mut().push("first is done".to_owned());
        }
        Ok(())
    });
    call!(map.onChange(busy)).unwrap();
    let log_of_second = log.clone();
    let second = function(move |change| {
        log_of_second.borrow_mut().push(format!("second {}", text(&get(&change, "source"))));
        Ok(())
    });
    call!(map.onChange(second)).unwrap();
    call!(map.register("a", 0, 10)).unwrap();

    let mut expected = vec!["first \"local\"", "first is done", "second \"local\""];
    for source in ["local", "remote", "local", "local"] {
        expected.extend(if source == "local" {
            ["first \"local\"", "second \"local\""]
        } else {
            ["first \"remote\"", "second \"remote\""]
        });
    }
    assert_eq!(log.take(), expected);
}

#[wasm_bindgen_test]
fn a_callback_that_throws_disturbs_nobody_and_is_reported() {
    let map = map(1);
    let log = Log::default();
    call!(map.onChange(function(|_| Err("thrown".into())))).unwrap();
    call!(map.onChange(recorder("after", &log))).unwrap();
    let reported = Rc::new(RefCell::new(Vec::new()));
    let report = {
        let reported = reported.clone();
        function(move |error| {
            reported.borrow_mut().push(error);
            Ok(())
        })
    };
    with_global("reportError", &report, || {
        for start in 0..3 {
            call!(map.register("a", start, 9)).unwrap();
        }
    });
    assert_eq!(log.take().len(), 3);
    assert_eq!(reported.take(), [JsValue::from("thrown"), "thrown".into(), "thrown".into()]);
    assert_eq!(splits(&map), ["[0n, 9n) a:1"]);
}

#[wasm_bindgen_test]
fn unsubscribing_during_a_notification_takes_effect_at_once() {
    let map = map(1);
    let log = Log::default();
    let unsubscribe_all: Rc<RefCell<Vec<Function>>> = Rc::default();
    let (all, heard) = (unsubscribe_all.clone(), log.clone());
    let first = function(move |_| {
        heard.borrow_mut().push("first".to_owned());
        for unsubscribe in all.take() {
            unsubscribe.call0(&UNDEFINED)?;
        }
        Ok(())
    });
    for callback in [first, recorder("second", &log)] {
        unsubscribe_all.borrow_mut().push(call!(map.onChange(callback)).unwrap().unchecked_into());
    }
    call!(map.register("a", 0, 1)).unwrap();
    call!(map.register("a", 1, 2)).unwrap();
    assert_eq!(log.take(), ["first"]);
}

#[wasm_bindgen_test]
fn who_subscribes_during_a_notification_hears_of_later_changes_only() {
    let map = map(1);
    let log = Log::default();
    let (this, heard) = (map.clone(), log.clone());
    let is_first = Cell::new(true);
    let subscribing = function(move |_| {
        if is_first.take() {
            call!(this.onChange(recorder("late", &heard)))?;
        }
        Ok(())
    });
    call!(map.onChange(subscribing)).unwrap();
    call!(map.register("a", 0, 1)).unwrap();
    assert_eq!(log.take(), [""; 0]);
    call!(map.register("a", 1, 2)).unwrap();
    assert_eq!(log.take(), [r#"late {source: "local", ranges: [{start: 1n, end: 2n}]}"#]);
}

#[wasm_bindgen_test]
fn what_a_callback_does_to_its_argument_is_no_concern_of_the_next() {
    let map = map(1);
    let log = Log::default();
    let spoil = function(|change| {
        Reflect::set(&get(&change, "ranges"), &"length".into(), &0.into())?;
        Ok(())
    });
    call!(map.onChange(spoil)).unwrap();
    call!(map.onChange(recorder("next", &log))).unwrap();
    call!(map.register("a", 0, 1)).unwrap();
    assert_eq!(log.take(), [r#"next {source: "local", ranges: [{start: 0n, end: 1n}]}"#]);
}

#[wasm_bindgen_test]
fn a_freed_map_is_gone_and_calls_nobody() {
    let map = map(1);
    let log = Log::default();
    let unsubscribe: Function = call!(map.onChange(recorder("heard", &log))).unwrap().unchecked_into();
    call!(map.free()).unwrap();
    assert!(call!(map.register("a", 0, 1)).is_err());
    assert!(call!(map.splits()).is_err());
    assert!(call!(map.free()).is_err());
    unsubscribe.call0(&UNDEFINED).unwrap();
    assert_eq!(log.take(), [""; 0]);
}

#[wasm_bindgen_test]
fn dispose_frees_where_there_is_such_a_symbol() {
    let map = map(1);
    let dispose = get(&get(&js_sys::global(), "Symbol"), "dispose");
    if !dispose.is_undefined() {
        let method: Function = Reflect::get(&map, &dispose).unwrap().unchecked_into();
        method.call0(&map).unwrap();
        assert!(call!(map.splits()).is_err());
    }
}

/// The glue throws when what is in use is freed, but frees it then; the operation goes on unharmed.
#[wasm_bindgen_test]
fn a_map_that_is_freed_by_its_own_callback_finishes_first() {
    let map = map(1);
    let connection = call!(map.connect("freed")).unwrap();
    let log = Log::default();
    let (this, open, heard) = (map.clone(), connection.clone(), log.clone());
    let freeing = function(move |_| {
        assert!(call!(this.free()).is_err() && call!(this.splits()).is_err());
        heard.borrow_mut().push(format!("open: {}", text(&get(&open, "isOpen"))));
        Ok(())
    });
    call!(map.onChange(freeing)).unwrap();
    call!(map.onChange(recorder("next", &log))).unwrap();
    let delta = call!(map.register("a", 0, 1)).unwrap();
    assert_eq!(log.take(), ["open: true", r#"next {source: "local", ranges: [{start: 0n, end: 1n}]}"#]);
    assert_eq!(get(&connection, "isOpen"), false);
    let other = super::map(2);
    call!(other.merge(delta)).unwrap();
    assert_eq!(splits(&other), ["[0n, 1n) a:1"]);
}

/// Not tried here: the functions that unsubscribe, whose memory is the garbage collector's, and methods that throw, for each of
/// which the glue of the tests keeps a reference.
#[wasm_bindgen_test]
fn what_is_freed_leaves_neither_memory_nor_references() {
    let live_and_memory = || {
        let memory = get(&get(&wasm_bindgen::memory(), "buffer"), "byteLength");
        (wasm_bindgen::externref_heap_live_count(), memory.as_f64())
    };
    let persisting = map(3);
    // Its log of recent changes is as long as it may become.
    for _ in 0..2100 {
        call!(persisting.register("a", 0, 1)).unwrap();
        call!(persisting.release("a", 0, 1)).unwrap();
    }
    call!(persisting.onChange(Function::new_no_args("throw 'noise'"))).unwrap();
    let round = || {
        call!(persisting.register("a", 0, 1)).unwrap();
        call!(persisting.release("a", 0, 1)).unwrap();
        let (map, other) = (map(1), map(2));
        for start in 0..20 {
            call!(map.register("a", start, 100)).unwrap();
        }
        call!(other.merge(call!(map.state()).unwrap())).unwrap();
        call!(other.splits()).unwrap();
        let closed = call!(map.connect("rounds")).unwrap();
        call!(closed.close()).unwrap();
        let freed = call!(map.connect("rounds")).unwrap();
        call!(freed.free()).unwrap();
        let last = call!(map.connect("rounds")).unwrap();
        call!(map.release("a", 0, 100)).unwrap();
        for done in [map, other, closed, last] {
            call!(done.free()).unwrap();
        }
    };
    // The first rounds fill caches and make the heap as large as it has to be.
    with_global("reportError", &Function::new_no_args(""), || {
        (0..50).for_each(|_| round());
        let before = live_and_memory();
        (0..500).for_each(|_| round());
        assert_eq!(live_and_memory(), before);
    });
}

#[wasm_bindgen_test]
fn hostile_bytes_are_refused_and_change_nothing() {
    let writer = map(1);
    for (start, node) in ["a", "b", "c"].into_iter().enumerate() {
        call!(writer.increase(node, start as f64, 1000, 7)).unwrap();
        call!(writer.release(node, start as f64, 1000)).unwrap();
        call!(writer.register(node, start as f64, NULL)).unwrap();
    }
    let state: Vec<u8> = call!(writer.state()).unwrap().unchecked_into::<Uint8Array>().to_vec();
    let truncated = (1..state.len()).map(|length| state[..length].to_vec());
    let flipped = (0..state.len() * 8).map(|bit| {
        let mut bytes = state.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    let longer = [[&*state, &[0]].concat(), vec![0xFF; 10_000], vec![17; 10_000]];
    let (mut refused, mut taken) = (0, 0);
    for bytes in truncated.chain(flipped).chain(longer) {
        let map = map(2);
        call!(map.register("x", 0, 5)).unwrap();
        let before = text(&call!(map.state()).unwrap());
        match call!(map.merge(Uint8Array::from(&*bytes))) {
            Err(error) => {
                assert_eq!(code::<()>(Err(error)), "malformed");
                assert_eq!(text(&call!(map.state()).unwrap()), before);
                refused += 1;
            }
            // Some bits are as good as others, such as those of a name.
            Ok(_) => {
                call!(map.splits()).unwrap();
                taken += 1;
            }
        }
        call!(map.free()).unwrap();
    }
    assert!(refused > state.len() && taken > 0, "{refused} refused, {taken} taken");
}
