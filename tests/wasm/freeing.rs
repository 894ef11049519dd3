//! What is freed is gone, and leaves no memory behind.

use js_sys::{Function, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{Log, UNDEFINED, function, get, map, recorder, splits, text, with_global};
use crate::call;

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
    for _ in 0..10_000 {
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
