//! Each operation alone, and many in a list.

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{
    Log, NULL, SAFE_MAX, UNDEFINED, code, get, list, map, message, operation, range_object, recorder, splits,
    text,
};
use crate::call;

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
