//! The JavaScript face in Node: the essentials, and what is particular about Node.
#![cfg(target_arch = "wasm32")]

mod wasm;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Reflect;
use wasm::{Log, UNDEFINED, code, function, get, map, recorder, splits, text, until, with_global};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn maps_connect_nowhere_without_a_channel() {
    let map = map(1);
    let result = with_global("BroadcastChannel", &UNDEFINED, || call!(map.connect("nowhere")));
    assert_eq!(code(result), "channel-unavailable");
}

#[wasm_bindgen_test]
async fn maps_of_one_process_synchronise() {
    let (here, there) = (map(1), map(2));
    call!(here.register("a", 0, 100)).unwrap();
    let connection = call!(here.connect("node")).unwrap();
    let log = Log::default();
    call!(there.onChange(recorder("there", &log))).unwrap();
    call!(there.connect("node")).unwrap();
    until("the late one has caught up", || !splits(&there).is_empty()).await;
    call!(there.increase("b", 50, 60, 3)).unwrap();
    until("the operation has arrived", || splits(&here).len() == 3).await;
    assert_eq!(text(&call!(here.state()).unwrap()), text(&call!(there.state()).unwrap()));
    assert_eq!(
        log.take(),
        [
            r#"there {source: "remote", ranges: [{start: 0n, end: 100n}]}"#,
            r#"there {source: "local", ranges: [{start: 50n, end: 60n}]}"#
        ]
    );
    call!(here.free()).unwrap();
    assert_eq!(get(&connection, "isOpen"), false);
    call!(there.free()).unwrap();
}

/// Node has no `reportError`: what a callback throws becomes an unhandled rejection, as its own event handlers' exceptions
/// become uncaught.
#[wasm_bindgen_test]
async fn what_a_callback_throws_reaches_the_process() {
    let rejected: Rc<RefCell<Vec<JsValue>>> = Rc::default();
    let heard = rejected.clone();
    let listener = function(move |reason| {
        heard.borrow_mut().push(reason);
        Ok(())
    });
    let process = get(&js_sys::global(), "process");
    call!(process.on("unhandledRejection", &listener)).unwrap();
    let map = map(1);
    call!(map.onChange(function(|_| Err("thrown".into())))).unwrap();
    with_global("reportError", &UNDEFINED, || call!(map.register("a", 0, 1))).unwrap();
    until("it is reported", || !rejected.borrow().is_empty()).await;
    call!(process.removeListener("unhandledRejection", &listener)).unwrap();
    assert_eq!(rejected.take(), [JsValue::from("thrown")]);
    let _ = Reflect::delete_property(&js_sys::global(), &"reportError".into());
}
