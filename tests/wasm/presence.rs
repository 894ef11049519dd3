//! Presence over connections: with beats in Node, with Web Locks in a browser.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{Log, UNDEFINED, code, function, get, map, recorder, text, until};
use crate::call;

fn options(properties: &[(&str, JsValue)]) -> JsValue {
    let options = Object::new();
    for (name, value) in properties {
        Reflect::set(&options, &(*name).into(), value).unwrap();
    }
    options.into()
}

fn named(name: &str) -> JsValue {
    options(&[("name", name.into())])
}

fn peers(connection: &JsValue) -> Vec<JsValue> {
    call!(connection.peers()).unwrap().unchecked_into::<Array>().to_vec()
}

/// The peers in short, by id: `2 "there" alive`.
fn seen(connection: &JsValue) -> Vec<String> {
    let show = |peer: JsValue| {
        let liveness = match (get(&peer, "alive") == true, get(&peer, "left") == true) {
            (true, false) => "alive",
            (false, true) => "left",
            (false, false) => "dead",
            (true, true) => "both",
        };
        let id = text(&get(&peer, "replica"));
        format!("{} {} {liveness}", id.trim_end_matches('n'), text(&get(&peer, "name")))
    };
    peers(connection).into_iter().map(show).collect()
}

/// How many messages about presence it has posted.
fn posted(connection: &JsValue) -> f64 {
    let statistics = call!(connection.statistics()).unwrap();
    get(&get(&statistics, "posted"), "presence").as_f64().unwrap()
}

#[wasm_bindgen_test]
async fn peers_come_change_their_names_and_go() {
    let (here, there) = (map(1), map(2));
    let connection = call!(here.connect("presence", named("here"))).unwrap();
    let log = Log::default();
    let (heard, first) = (log.clone(), connection.clone());
    let end: Function = call!(connection.onPeers(function(move |told: JsValue| {
        // The callback may ask again.
        assert_eq!(told.unchecked_into::<Array>().to_vec().len(), peers(&first).len());
        heard.borrow_mut().extend(seen(&first));
        Ok(())
    })))
    .unwrap()
    .unchecked_into();
    let other = call!(there.connect("presence", named("there"))).unwrap();
    until("they know each other", || seen(&connection).len() + seen(&other).len() == 2).await;
    assert_eq!(seen(&connection), [r#"2 "there" alive"#]);
    assert_eq!(seen(&other), [r#"1 "here" alive"#]);
    let now = js_sys::Date::now();
    let last_seen = get(&peers(&connection)[0], "lastSeen").as_f64().unwrap();
    assert!((now - 60_000.0..=now + 1.0).contains(&last_seen), "{last_seen} and now {now}");

    call!(other.setName("größer")).unwrap();
    until("the name is known", || seen(&connection) == [r#"2 "größer" alive"#]).await;
    call!(other.close()).unwrap();
    until("it has left", || seen(&connection) == [r#"2 "größer" left"#]).await;
    assert_eq!(seen(&other), Vec::<String>::new());
    assert_eq!(log.take(), [r#"2 "there" alive"#, r#"2 "größer" alive"#, r#"2 "größer" left"#]);

    end.call0(&UNDEFINED).unwrap();
    call!(there.connect("presence", named("back"))).unwrap();
    until("it is back", || seen(&connection) == [r#"2 "back" alive"#]).await;
    call!(there.free()).unwrap();
    until("who is freed has left", || seen(&connection) == [r#"2 "back" left"#]).await;
    assert_eq!(log.take(), Vec::<String>::new());
    call!(here.free()).unwrap();
}

#[wasm_bindgen_test]
async fn who_gives_no_name_takes_no_part() {
    let (here, there) = (map(1), map(2));
    let connection = call!(here.connect("nameless", named(""))).unwrap();
    let other = call!(there.connect("nameless", options(&[]))).unwrap();
    let log = Log::default();
    call!(other.onPeers(recorder("there", &log))).unwrap();
    call!(there.register("a", 0, 1)).unwrap();
    until("they synchronise", || call!(here.priority("a", 0, 1)).unwrap() == 1.0).await;
    // It says hello three times, and later a question or a beat.
    until("it has asked in vain", || posted(&connection) >= 4.0).await;
    assert_eq!(seen(&connection), Vec::<String>::new());
    assert_eq!(seen(&other), Vec::<String>::new());
    call!(other.setName("in vain")).unwrap();
    assert_eq!(log.take(), Vec::<String>::new());
    assert_eq!(get(&call!(connection.statistics()).unwrap(), "messagesIgnored"), 0.0);
    for map in [here, there] {
        call!(map.free()).unwrap();
    }
}

#[wasm_bindgen_test]
fn names_are_strings_of_at_most_64_bytes() {
    let map = map(1);
    for name in [5.into(), JsValue::NULL, "x".repeat(65).into(), "ü".repeat(33).into(), "a\nb".into()] {
        let options = options(&[("name", name)]);
        assert_eq!(code(call!(map.connect("names", options))), "invalid-name");
    }
    assert_eq!(code(call!(map.connect("names", 5))), "invalid-name");
    let connection = call!(map.connect("names", named(&"ü".repeat(32)))).unwrap();
    assert_eq!(code(call!(connection.setName("x".repeat(65)))), "invalid-name");
    assert_eq!(code(call!(connection.setName(UNDEFINED))), "invalid-name");
    assert_eq!(code(call!(connection.onPeers(5))), "invalid-callback");
    call!(map.free()).unwrap();
}

/// A channel that can go dead: nothing passes, without a goodbye.
fn line() -> JsValue {
    js_sys::eval(
        "(() => { const ends = []; return { dead: false, open() { const end = { onmessage: null, close() {}, postMessage: (data) => { \
         if (!this.dead) for (const other of ends) if (other !== end) setTimeout(() => other.onmessage?.({ data })); } }; \
         ends.push(end); return end; } }; })()",
    )
    .unwrap()
}

#[wasm_bindgen_test]
async fn a_death_is_noticed_by_silence_where_there_are_no_locks() {
    let (here, there) = (map(1), map(2));
    let line = line();
    let connection = call!(here.connect(call!(line.open()).unwrap(), named("here"))).unwrap();
    let other = call!(there.connect(call!(line.open()).unwrap(), named("there"))).unwrap();
    until("they know each other", || seen(&connection).len() + seen(&other).len() == 2).await;
    let joined = posted(&other);
    until("it has lived on beats alone for a while", || posted(&other) >= joined + 3.0).await;
    assert_eq!(seen(&connection), [r#"2 "there" alive"#]);
    Reflect::set(&line, &"dead".into(), &true.into()).unwrap();
    let alive = posted(&other);
    until("its death is noticed", || seen(&connection) == [r#"2 "there" dead"#]).await;
    assert!(posted(&other) > alive, "one lost beat is no death");
    Reflect::set(&line, &"dead".into(), &false.into()).unwrap();
    until("it is back", || seen(&connection) == [r#"2 "there" alive"#]).await;
    for map in [here, there] {
        call!(map.free()).unwrap();
    }
}
