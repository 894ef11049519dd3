//! The JavaScript face in a browser: what holds in every JavaScript world, and the connections between maps.
#![cfg(target_arch = "wasm32")]

mod wasm;

use js_sys::{Array, Uint8Array};
use wasm::{Log, NULL, code, function, get, map, recorder, splits, text, until, with_global};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::BroadcastChannel;

wasm_bindgen_test_configure!(run_in_browser);

fn count(connection: &JsValue, what: &str) -> f64 {
    get(&call!(connection.statistics()).unwrap(), what).as_f64().unwrap()
}

fn agree(maps: &[&JsValue]) -> bool {
    let states: Vec<String> = maps.iter().map(|map| text(&call!(map.state()).unwrap())).collect();
    states.windows(2).all(|pair| pair[0] == pair[1])
}

#[wasm_bindgen_test]
async fn an_operation_in_one_map_shows_in_the_other() {
    let (here, there) = (map(1), map(2));
    let connection = call!(here.connect("operations")).unwrap();
    assert_eq!(text(&get(&connection, "channelName")), r#""operations""#);
    assert_eq!(get(&connection, "isOpen"), true);
    call!(there.connect("operations")).unwrap();
    let log = Log::default();
    call!(there.onChange(recorder("there", &log))).unwrap();

    call!(here.register("a", 0, 100)).unwrap();
    until("it has arrived", || splits(&there) == ["[0n, 100n) a:1"]).await;
    assert_eq!(log.take(), [r#"there {source: "remote", ranges: [{start: 0n, end: 100n}]}"#]);
    call!(there.increase("a", 0, 100, 2)).unwrap();
    until("the other way too", || splits(&here) == ["[0n, 100n) a:3"]).await;
    // A release makes the writers drop their records, and that is news as well.
    call!(here.release("a", 0, 100)).unwrap();
    until("both know that both know", || splits(&there).is_empty() && agree(&[&here, &there])).await;

    assert!(count(&connection, "messagesPosted") >= 2.0);
    assert!(count(&connection, "bytesPosted") > 0.0);
    assert!(count(&connection, "messagesReceived") >= 1.0);
    assert!(count(&connection, "bytesReceived") > 0.0);
    assert_eq!(count(&connection, "messagesIgnored"), 0.0);
    call!(here.free()).unwrap();
    call!(there.free()).unwrap();
}

#[wasm_bindgen_test]
async fn a_late_joiner_catches_up_and_brings_what_it_has() {
    let early: Vec<JsValue> = (1..=3).map(map).collect();
    for (number, map) in early.iter().enumerate() {
        call!(map.register("early", number as f64, 1000)).unwrap();
        call!(map.connect("late")).unwrap();
    }
    until("the early ones agree", || agree(&early.iter().collect::<Vec<_>>())).await;
    let late = map(4);
    call!(late.register("late", 5, NULL)).unwrap();
    call!(late.connect("late")).unwrap();
    let all: Vec<&JsValue> = early.iter().chain([&late]).collect();
    until("all agree", || agree(&all)).await;
    let registrations = Array::from(&call!(late.registrations()).unwrap());
    assert_eq!(registrations.length(), 4);
    for map in all {
        call!(map.free()).unwrap();
    }
}

#[wasm_bindgen_test]
async fn what_is_merged_from_elsewhere_is_passed_on() {
    let (here, there, elsewhere) = (map(1), map(2), map(3));
    call!(here.connect("passed on")).unwrap();
    call!(there.connect("passed on")).unwrap();
    let delta = call!(elsewhere.register("far", 0, 7)).unwrap();
    let connection = call!(elsewhere.connect("another channel")).unwrap();
    call!(here.merge(&delta)).unwrap();
    until("it has arrived", || splits(&there) == ["[0n, 7n) far:1"]).await;
    let posted = count(&connection, "messagesPosted");
    call!(elsewhere.merge(&delta)).unwrap();
    assert_eq!(count(&connection, "messagesPosted"), posted, "what is known is not passed on again");
    for map in [here, there, elsewhere] {
        call!(map.free()).unwrap();
    }
}

#[wasm_bindgen_test]
async fn one_connection_at_a_time_and_closing_ends_it() {
    let (here, there) = (map(1), map(2));
    let connection = call!(here.connect("closing")).unwrap();
    call!(there.connect("closing")).unwrap();
    assert_eq!(code(call!(here.connect("closing"))), "already-connected");
    assert_eq!(code(call!(here.connect("another"))), "already-connected");
    call!(here.register("a", 0, 1)).unwrap();
    until("they are connected", || agree(&[&here, &there])).await;

    call!(connection.close()).unwrap();
    call!(connection.close()).unwrap();
    assert_eq!(get(&connection, "isOpen"), false);
    let (received, posted) = (count(&connection, "messagesReceived"), count(&connection, "messagesPosted"));
    call!(here.register("b", 0, 1)).unwrap();
    call!(there.register("c", 0, 1)).unwrap();
    // Who hears it later than the closed one would have.
    let witness = map(3);
    call!(witness.connect("closing")).unwrap();
    call!(there.register("d", 0, 1)).unwrap();
    call!(there.release("d", 0, 1)).unwrap();
    until("somebody has heard it", || agree(&[&there, &witness])).await;
    call!(witness.free()).unwrap();
    assert_eq!(splits(&here), ["[0n, 1n) a:1 b:1"]);
    assert_eq!(splits(&there), ["[0n, 1n) a:1 c:1"]);
    assert_eq!(count(&connection, "messagesReceived"), received);
    assert_eq!(count(&connection, "messagesPosted"), posted);

    let again = call!(here.connect("closing")).unwrap();
    until("they are connected again", || agree(&[&here, &there])).await;
    assert_eq!(splits(&here), ["[0n, 1n) a:1 b:1 c:1"]);
    // Freeing the handle closes; freeing the map closes.
    call!(again.free()).unwrap();
    call!(connection.free()).unwrap();
    let last = call!(here.connect("closing")).unwrap();
    call!(here.free()).unwrap();
    assert_eq!(get(&last, "isOpen"), false);
    call!(last.free()).unwrap();
    call!(there.free()).unwrap();
}

#[wasm_bindgen_test]
async fn foreign_and_broken_messages_are_counted_and_do_no_harm() {
    let map = map(1);
    let connection = call!(map.connect("foreign")).unwrap();
    call!(map.register("a", 0, 1)).unwrap();
    let stranger = BroadcastChannel::new("foreign").unwrap();
    let bytes = |bytes: &[u8]| JsValue::from(Uint8Array::from(bytes));
    let messages = [
        NULL,
        5.into(),
        "hello".into(),
        Array::of1(&1.into()).into(),
        js_sys::Float64Array::new_with_length(2).into(),
        js_sys::ArrayBuffer::new(7).into(),
        bytes(&[]),
        bytes(&[17, 0, 0, 0]),
        bytes(&[0xFF; 5000]),
        call!(map.state()).unwrap(),
    ];
    for message in &messages {
        stranger.post_message(message).unwrap();
    }
    let is_done = || count(&connection, "messagesIgnored") == messages.len() as f64;
    until("all are counted", is_done).await;
    assert_eq!(count(&connection, "messagesReceived"), messages.len() as f64);
    assert_eq!(splits(&map), ["[0n, 1n) a:1"]);
    stranger.close();
    call!(map.free()).unwrap();
}

#[wasm_bindgen_test]
async fn callbacks_may_close_free_and_operate_while_a_message_is_handled() {
    let (here, there, third) = (map(1), map(2), map(3));
    let connection = call!(there.connect("callbacks")).unwrap();
    call!(here.connect("callbacks")).unwrap();
    call!(third.connect("callbacks")).unwrap();
    let (this, open) = (there.clone(), connection.clone());
    let closing = function(move |change| {
        if get(&change, "source") == "remote" {
            call!(this.register("answer", 0, 1))?;
            call!(open.close())?;
            call!(this.register("after closing", 0, 1))?;
        }
        Ok(())
    });
    call!(there.onChange(closing)).unwrap();
    let this = third.clone();
    let freeing = function(move |_| call!(this.free()).map(drop));
    call!(third.onChange(freeing)).unwrap();

    call!(here.register("a", 0, 1)).unwrap();
    until("the answer has come", || splits(&here) == ["[0n, 1n) a:1 answer:1"]).await;
    until("the third has freed itself", || call!(third.splits()).is_err()).await;
    assert_eq!(get(&connection, "isOpen"), false);
    assert_eq!(splits(&there), ["[0n, 1n) a:1 after closing:1 answer:1"]);
    let witness = map(4);
    call!(witness.connect("callbacks")).unwrap();
    call!(here.register("b", 0, 1)).unwrap();
    until("somebody has heard all", || agree(&[&here, &witness])).await;
    call!(witness.free()).unwrap();
    call!(here.free()).unwrap();
    call!(there.free()).unwrap();
}

#[wasm_bindgen_test]
fn maps_connect_nowhere_without_a_channel() {
    let map = map(1);
    let result = with_global("BroadcastChannel", &JsValue::UNDEFINED, || call!(map.connect("nowhere")));
    assert_eq!(code(result), "channel-unavailable");
}
