//! What replicas tell each other: deltas, states and contexts; who retires, and who clears up.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{NULL, UNDEFINED, code, get, map, range_object, splits, text};
use crate::call;

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
    for start in 0..20_000u32 {
        call!(here.register("b", start, 100_000)).unwrap();
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
