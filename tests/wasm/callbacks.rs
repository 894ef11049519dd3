//! Who subscribes, what is heard, and what a callback may do.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{Log, NULL, UNDEFINED, function, get, map, range_object, recorder, splits, text, with_global};
use crate::call;

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
