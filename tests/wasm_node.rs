//! The JavaScript face in Node: what holds in every JavaScript world, and what is particular about Node.
#![cfg(target_arch = "wasm32")]

mod wasm;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect};
use wasm::{
    Log, NULL, UNDEFINED, code, function, get, map, recorder, sleep_ms, splits, text, until, with_global,
};
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

/// Sizes of messages that are multiplied do not fit into 32 bits.
#[wasm_bindgen_test]
async fn a_state_of_megabytes_comes_in_few_messages() {
    let (here, there) = (map(1), map(2));
    for start in 0..25_000 {
        call!(here.register(format!("{start:x<255}"), start, start + 1)).unwrap();
    }
    let connection = call!(here.connect("megabytes")).unwrap();
    call!(there.connect("megabytes")).unwrap();
    let fingerprint = call!(here.fingerprint()).unwrap();
    until("all has come", || call!(there.fingerprint()).unwrap() == fingerprint).await;
    let posted = get(&call!(connection.statistics()).unwrap(), "messagesPosted").as_f64().unwrap();
    assert!(posted < 10.0, "{posted} messages");
    call!(here.free()).unwrap();
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

/// Two ends of a channel that delivers within `postMessage`, a copy to the other end and an echo to the sender.
fn immediate_channel() -> [JsValue; 2] {
    let pair = js_sys::eval(
        "(() => {
            const ends = [0, 1].map((at) => ({
                onmessage: null,
                log: [],
                postMessage(data) {
                    ends.forEach((end) => end.onmessage?.({ data: data.slice() }));
                },
                close() {
                    this.log.push('closed', this.onmessage);
                },
            }));
            return ends;
        })()",
    );
    let pair = Array::from(&pair.unwrap());
    [pair.get(0), pair.get(1)]
}

#[wasm_bindgen_test]
async fn a_channel_that_was_handed_in_carries_messages_even_at_once() {
    let (here, there) = (map(1), map(2));
    let [here_end, there_end] = immediate_channel();
    let connection = call!(here.connect(&here_end)).unwrap();
    assert_eq!(text(&get(&connection, "channelName")), "undefined");
    call!(there.connect(there_end)).unwrap();
    let log = Log::default();
    call!(here.onChange(recorder("here", &log))).unwrap();
    // The other side answers within the callback of what it hears, and so within this call.
    let answering = there.clone();
    let answer = function(move |change| {
        if get(&change, "source") == "remote" && splits(&answering).len() == 1 {
            call!(answering.register("answer", 50, 60))?;
        }
        Ok(())
    });
    call!(there.onChange(answer)).unwrap();
    call!(here.register("a", 0, 10)).unwrap();
    assert_eq!(splits(&here), ["[0n, 10n) a:1", "[50n, 60n) answer:1"]);
    assert_eq!(splits(&there), splits(&here));
    let expected = [
        r#"here {source: "local", ranges: [{start: 0n, end: 10n}]}"#,
        r#"here {source: "remote", ranges: [{start: 50n, end: 60n}]}"#,
    ];
    assert_eq!(log.take(), expected, "in the order in which it happened");

    let handler = get(&here_end, "onmessage");
    call!(here.free()).unwrap();
    assert_eq!(text(&get(&here_end, "log")), r#"["closed", null]"#);
    // Whoever kept the handler does no harm with it.
    let kept = Object::new();
    Reflect::set(&kept, &"handler".into(), &handler).unwrap();
    let kept = JsValue::from(kept);
    call!(kept.handler(NULL)).unwrap();
    call!(there.register("b", 0, 1)).unwrap();
    call!(there.free()).unwrap();
}

#[wasm_bindgen_test]
async fn a_retired_replica_that_lives_goes_on_under_another_id_when_it_is_connected() {
    let (here, there) = (map(1), map(2));
    let [here_end, there_end] = immediate_channel();
    call!(here.connect(here_end)).unwrap();
    call!(there.connect(there_end)).unwrap();
    call!(here.register("a", 0, 10)).unwrap();
    call!(there.retire(1u64)).unwrap();
    until("it has another id", || text(&get(&here, "replica")) != "1n").await;
    assert_eq!(get(&here, "isRetired"), false);
    call!(here.register("b", 20, 30)).unwrap();
    until("its operation has arrived", || splits(&there) == ["[0n, 10n) a:1", "[20n, 30n) b:1"]).await;
    assert_eq!(splits(&here), splits(&there));
    call!(here.free()).unwrap();
    call!(there.free()).unwrap();
}

#[wasm_bindgen_test]
async fn the_ends_of_a_message_channel_are_channels() {
    let (here, there) = (map(1), map(2));
    let ports = js_sys::eval("new MessageChannel()").unwrap();
    let [here_port, there_port] = ["port1", "port2"].map(|name| get(&ports, name));
    call!(here.connect(&here_port)).unwrap();
    call!(there.connect(&there_port)).unwrap();
    call!(here.register("a", 0, 10)).unwrap();
    until("it has arrived", || splits(&there) == ["[0n, 10n) a:1"]).await;
    call!(here.free()).unwrap();
    call!(there.free()).unwrap();
}

#[wasm_bindgen_test]
async fn a_channel_may_throw_close_free_and_hand_over_nonsense() {
    let throwing = js_sys::eval(
        "({ postMessage() { throw 'full' }, close() { throw 'closed already' }, onmessage: null })",
    )
    .unwrap();
    let map = map(1);
    let connection = call!(map.connect(&throwing)).unwrap();
    for nonsense in [NULL, UNDEFINED, 5.into(), Object::new().into()] {
        call!(throwing.onmessage(nonsense)).unwrap();
    }
    let statistics = call!(connection.statistics()).unwrap();
    assert_eq!(get(&statistics, "messagesIgnored"), 4.0);
    assert_eq!(get(&get(&statistics, "ignored"), "foreign"), 4.0);
    call!(map.register("a", 0, 1)).unwrap();
    let reported = Log::default();
    with_global("reportError", &recorder("reported", &reported), || call!(connection.close())).unwrap();
    assert_eq!(reported.take(), [r#"reported "closed already""#]);

    // Closing while posting, connecting included.
    let [end, _] = immediate_channel();
    let this = map.clone();
    let nested = Log::default();
    let refused = nested.clone();
    let post = function(move |_| {
        let [other, _] = immediate_channel();
        refused.borrow_mut().push(code(call!(this.connect(other))));
        call!(this.free()).map(drop)
    });
    Reflect::set(&end, &"postMessage".into(), &post).unwrap();
    let connection = call!(map.connect(&end));
    // The glue frees what is in use when it is out of use, and says so by an exception in the callback.
    assert_eq!(nested.take(), ["already-connected"]);
    sleep_ms(1).await;
    assert!(call!(map.splits()).is_err());
    drop(connection);
}

#[wasm_bindgen_test]
fn what_is_no_channel_is_refused() {
    let map = map(1);
    let half = js_sys::eval("({ postMessage() {}, onmessage: null })").unwrap();
    for not_a_channel in [NULL, UNDEFINED, 5.into(), Object::new().into(), half] {
        assert_eq!(code(call!(map.connect(not_a_channel))), "channel-unavailable");
    }
    let frozen = js_sys::eval("Object.freeze({ postMessage() {}, close() {}, onmessage: null })").unwrap();
    assert_eq!(code(call!(map.connect(frozen))), "channel-unavailable");
    let [end, _] = immediate_channel();
    call!(map.connect(end)).unwrap();
}
