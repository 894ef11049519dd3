//! What is accepted, and that everything else is refused with a code and changes nothing.

use js_sys::{Array, Object, Symbol, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{
    NULL, SAFE_MAX, UNDEFINED, code, get, map, message, new_map, range_object, splits, text, with_global,
};
use crate::call;

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

/// The first byte of a delta of integer keys.
const HEADER: u8 = 0x11;

/// What an id's greatest sequence number looks like in the wire format: 2^53 − 1 dots of replica 1, and nothing else.
const ALL_OF_REPLICA_1: [u8; 19] =
    [HEADER, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 31, 0];

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
    let longer = [[&*state, &[0]].concat(), vec![0xFF; 10_000], vec![HEADER; 10_000]];
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
