//! What a journal takes, holds back and posts, and that a restart from its pages goes on soundly.

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{Log, UNDEFINED, code, function, get, map, splits, text};
use crate::call;

/// A channel that only writes down what is posted.
fn recording_channel() -> JsValue {
    js_sys::eval(
        "({ onmessage: null, posts: [], postMessage(bytes) { this.posts.push(bytes) }, close() {} })",
    )
    .unwrap()
}

fn posts(channel: &JsValue) -> u32 {
    Array::from(&get(channel, "posts")).length()
}

fn journal(map: &JsValue) -> (JsValue, Log) {
    let log = Log::default();
    let told = log.clone();
    let on_unsaved = function(move |_| {
        told.borrow_mut().push("unsaved".to_owned());
        Ok(())
    });
    (call!(map.journal(on_unsaved)).unwrap(), log)
}

fn numbers(page: &JsValue) -> [f64; 2] {
    ["first", "next"].map(|name| get(page, name).as_f64().unwrap())
}

fn part(page: &JsValue, name: &str) -> Uint8Array {
    get(page, name).into()
}

#[wasm_bindgen_test]
fn operations_are_posted_once_they_are_saved() {
    let map = map(1);
    let channel = recording_channel();
    call!(map.connect(&channel)).unwrap();
    let asked = posts(&channel);
    let (journal, log) = journal(&map);
    assert_eq!(get(&journal, "isSaved"), true);
    call!(map.register("a", 0, 10)).unwrap();
    call!(map.increase("a", 0, 10, 4)).unwrap();
    assert_eq!(log.take(), ["unsaved"], "told once");
    assert_eq!(get(&journal, "isSaved"), false);
    assert_eq!(posts(&channel), asked);

    let page = call!(journal.take("operations")).unwrap();
    assert_eq!(text(&get(&page, "replica")), "1n");
    assert_eq!(numbers(&page), [1.0, 3.0]);
    assert_eq!(part(&page, "received").length(), 0);
    // What comes meanwhile is for the next page.
    call!(map.register("b", 0, 10)).unwrap();
    assert_eq!(log.take(), ["unsaved"]);
    call!(journal.returned()).unwrap();
    call!(journal.take("operations")).unwrap();
    assert_eq!(posts(&channel), asked, "a page that could not be saved is not posted");
    call!(journal.saved()).unwrap();
    assert_eq!(get(&journal, "isSaved"), false, "the second page waits");
    let page = call!(journal.take("operations")).unwrap();
    assert_eq!(numbers(&page), [3.0, 4.0]);
    call!(journal.saved()).unwrap();
    assert_eq!(get(&journal, "isSaved"), true);
    assert!(posts(&channel) > asked);
    assert!(call!(journal.take("operations")).unwrap().is_undefined());

    // All that was posted tells no more than what was saved.
    let other = super::map(2);
    let end = recording_channel();
    call!(other.connect(&end)).unwrap();
    for post in Array::from(&get(&channel, "posts")).iter() {
        let event = js_sys::Object::new();
        Reflect::set(&event, &"data".into(), &post).unwrap();
        call!(end.onmessage(event)).unwrap();
    }
    assert_eq!(splits(&other), ["[0n, 10n) a:5 b:1"]);
}

/// While something is unsaved, an answer or a context would tell of it.
#[wasm_bindgen_test]
fn nothing_is_posted_while_something_is_unsaved() {
    let map = map(1);
    let channel = recording_channel();
    let (journal, _) = journal(&map);
    call!(map.register("a", 0, 10)).unwrap();
    call!(map.connect(&channel)).unwrap();
    assert_eq!(posts(&channel), 0, "not even the question of a replica that joins");
    call!(journal.take("operations")).unwrap();
    assert_eq!(posts(&channel), 0);
    call!(journal.saved()).unwrap();
    assert!(posts(&channel) > 0);
}

/// The record that a merge makes its writer drop takes a number of its own, so that drop has to be saved as well.
#[wasm_bindgen_test]
async fn what_follows_from_a_message_is_an_own_effect() {
    let [here, there] = [1, 2].map(map);
    let channel = recording_channel();
    let (journal, log) = journal(&here);
    let registered = call!(here.register("a", 0, 10)).unwrap();
    call!(journal.take("operations")).unwrap();
    call!(journal.saved()).unwrap();
    call!(here.connect(&channel)).unwrap();
    log.take();

    let there_channel = recording_channel();
    call!(there.merge(registered)).unwrap();
    call!(there.connect(&there_channel)).unwrap();
    call!(there.release("a", 0, 10)).unwrap();
    let mut before = 0;
    for post in Array::from(&get(&there_channel, "posts")).iter() {
        // A question may be answered at once: nothing is unsaved before the last message, the release.
        assert_eq!(log.borrow().len(), 0);
        before = posts(&channel);
        let event = js_sys::Object::new();
        Reflect::set(&event, &"data".into(), &post).unwrap();
        call!(channel.onmessage(event)).unwrap();
    }
    assert_eq!(splits(&here), [""; 0]);
    assert_eq!(log.take(), ["unsaved"]);
    super::sleep_ms(400).await;
    let page = call!(journal.take("operations")).unwrap();
    assert_eq!(numbers(&page), [2.0, 3.0]);
    assert_eq!(posts(&channel), before);
    call!(journal.saved()).unwrap();
    // That is not urgent.
    super::until("it is posted", || posts(&channel) > before).await;
}

#[wasm_bindgen_test]
fn what_is_merged_is_saved_and_what_is_known_already_is_not() {
    let [here, there] = [1, 2].map(map);
    let (journal, log) = journal(&here);
    let delta = call!(there.register("far", 0, 10)).unwrap();
    call!(here.merge(&delta)).unwrap();
    call!(here.merge(&delta)).unwrap();
    assert_eq!(log.take(), ["unsaved"]);
    let page = call!(journal.take("operations")).unwrap();
    assert_eq!(numbers(&page), [1.0, 1.0]);
    assert_eq!(part(&page, "own").length(), 0);
    assert_eq!(part(&page, "received").to_vec(), Uint8Array::from(delta.clone()).to_vec());
    call!(journal.saved()).unwrap();
    call!(here.merge(delta)).unwrap();
    assert!(call!(journal.take("operations")).unwrap().is_undefined());
    assert!(call!(journal.take("missing")).unwrap().is_undefined());
}

#[wasm_bindgen_test]
fn pages_bring_a_map_back_and_its_id_goes_on() {
    let (first, journaled) = (map(1), Array::new());
    let (journal, _) = journal(&first);
    let save = || {
        let page = call!(journal.take("operations")).unwrap();
        journaled.push(&get(&page, "own"));
        call!(journal.saved()).unwrap();
    };
    call!(first.register("a", 0, 10)).unwrap();
    save();
    call!(first.increase("a", 0, 10, 4)).unwrap();
    call!(first.register("b", 0, 10)).unwrap();
    save();
    call!(first.release("b", 0, 10)).unwrap();
    save();

    // In any order, and more than once.
    let again = map(99);
    let (journal_again, log) = self::journal(&again);
    for bytes in journaled.iter().chain(journaled.iter()).collect::<Vec<_>>().into_iter().rev() {
        call!(journal_again.absorb(bytes)).unwrap();
    }
    call!(again.setReplica(1u64)).unwrap();
    assert_eq!(log.take(), [""; 0], "what is saved already is not to be saved");
    assert!(call!(journal_again.take("missing")).unwrap().is_undefined());
    assert_eq!(get(&journal_again, "nextSeq"), get(&journal, "nextSeq"));
    assert_eq!(text(&call!(again.state()).unwrap()), text(&call!(first.state()).unwrap()));
    call!(again.register("b", 0, 10)).unwrap();
    let page = call!(journal_again.take("operations")).unwrap();
    assert_eq!(get(&page, "first"), get(&journal, "nextSeq"));
    call!(first.merge(get(&page, "own"))).unwrap();
    assert_eq!(text(&call!(again.state()).unwrap()), text(&call!(first.state()).unwrap()));
    assert_eq!(code(call!(journal.absorb(Uint8Array::new_with_length(3)))), "malformed");
}

#[wasm_bindgen_test]
fn what_no_page_holds_is_missing() {
    let [here, there] = [1, 2].map(map);
    call!(here.register("before the journal", 0, 10)).unwrap();
    let (journal, _) = journal(&here);
    assert_eq!(get(&journal, "isSaved"), true, "nobody waits for what was there");
    let page = call!(journal.take("missing")).unwrap();
    assert_eq!(part(&page, "own").length(), 0);
    call!(journal.returned()).unwrap();
    assert!(call!(journal.take("operations")).unwrap().is_undefined(), "it is not an operation");
    call!(journal.take("missing")).unwrap();
    call!(journal.saved()).unwrap();
    assert!(call!(journal.take("missing")).unwrap().is_undefined());
    call!(journal.forgetSaved()).unwrap();
    assert!(!call!(journal.take("missing")).unwrap().is_undefined());
    let everything = call!(journal.take("everything")).unwrap();
    call!(there.merge(get(&everything, "received"))).unwrap();
    assert_eq!(splits(&there), splits(&here));
}

#[wasm_bindgen_test]
fn under_an_id_that_is_thrown_away_nothing_waits() {
    let map = map(1);
    let channel = recording_channel();
    call!(map.connect(&channel)).unwrap();
    let (journal, _) = journal(&map);
    call!(map.register("a", 0, 10)).unwrap();
    let before = posts(&channel);
    Reflect::set(&journal, &"postsUnsaved".into(), &true.into()).unwrap();
    let freed = posts(&channel);
    assert!(freed > before);
    call!(map.register("b", 0, 10)).unwrap();
    let all = posts(&channel);
    assert!(all > freed);
    assert_eq!(get(&journal, "isSaved"), false);
    // Waiting again from here on; the pages of before are posted already, and are not mixed with later ones.
    Reflect::set(&journal, &"postsUnsaved".into(), &false.into()).unwrap();
    call!(map.register("c", 0, 10)).unwrap();
    call!(map.setReplica(7u64)).unwrap();
    call!(map.register("d", 0, 10)).unwrap();
    let mut pages = Vec::new();
    loop {
        let page = call!(journal.take("operations")).unwrap();
        if page.is_undefined() {
            break;
        }
        // The first is posted already, and the second goes out when it is saved, although the third is not.
        assert_eq!(posts(&channel), all + pages.len() as u32 / 2, "before page {}", pages.len());
        assert_eq!(get(&page, "isPosted"), pages.is_empty());
        pages.push((text(&get(&page, "replica")), numbers(&page)));
        assert_eq!(get(&page, "isLast"), pages.len() == 3);
        call!(journal.saved()).unwrap();
    }
    let expected = [("1n", [1.0, 3.0]), ("1n", [3.0, 4.0]), ("7n", [1.0, 2.0])];
    assert_eq!(pages, expected.map(|(replica, numbers)| (replica.to_owned(), numbers)));
    assert!(posts(&channel) >= all + 2);
}

#[wasm_bindgen_test]
fn a_restart_forgets_what_was_not_saved() {
    let map = map(1);
    let channel = recording_channel();
    let connection = call!(map.connect(&channel)).unwrap();
    let (journal, _) = journal(&map);
    call!(map.register("a", 0, 10)).unwrap();
    let before = posts(&channel);
    let log = Log::default();
    call!(map.onChange(super::recorder("change", &log))).unwrap();
    call!(journal.restart(5u64)).unwrap();
    assert_eq!(log.take(), [r#"change {source: "remote", ranges: [{start: 0n, end: null}]}"#]);
    assert_eq!(splits(&map), [""; 0]);
    assert_eq!(text(&get(&map, "replica")), "5n");
    assert_eq!(get(&connection, "isOpen"), false);
    assert_eq!(get(&journal, "isSaved"), true);
    assert_eq!(posts(&channel), before);
    call!(map.setReplica(UNDEFINED)).unwrap();
    assert_ne!(text(&get(&map, "replica")), "5n");
}

#[wasm_bindgen_test]
fn one_journal_at_a_time() {
    let map = map(1);
    let (journal, _) = journal(&map);
    assert_eq!(code(call!(map.journal(function(|_| Ok(()))))), "already-journaled");
    assert_eq!(code(call!(map.journal(UNDEFINED))), "invalid-callback");
    call!(journal.close()).unwrap();
    let (second, log) = self::journal(&map);
    call!(journal.free()).unwrap();
    call!(map.register("a", 0, 10)).unwrap();
    assert_eq!(log.take(), ["unsaved"], "the second is not closed with the first");
    call!(second.free()).unwrap();
    call!(map.register("b", 0, 10)).unwrap();
    assert_eq!(log.take(), [""; 0]);
}

/// Pages are named by their first number: one without a number must not take the name of another.
#[wasm_bindgen_test]
fn a_retirement_takes_no_number() {
    let map = map(1);
    let (journal, _) = journal(&map);
    call!(map.register("a", 0, 10)).unwrap();
    call!(journal.take("operations")).unwrap();
    call!(journal.saved()).unwrap();
    call!(map.retire(7u64)).unwrap();
    let page = call!(journal.take("operations")).unwrap();
    assert_eq!(numbers(&page), [2.0, 2.0]);
    assert_eq!(part(&page, "own").length(), 0);
    assert!(part(&page, "received").length() > 0);
}
