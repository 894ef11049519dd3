//! The classes as JavaScript sees them, in Node and in a browser: each file here holds tests that run in both.
//!
//! The tests call methods by name with JavaScript values and compare what comes back as text, so that what is tested is what
//! the package's users get, glue included.

pub mod callbacks;
pub mod columns;
pub mod exchange;
pub mod freeing;
pub mod journal;
pub mod operations;
pub mod presence;
pub mod refusals;

use core::cell::RefCell;
use std::rc::Rc;

use crdt_range_map::wasm;
use js_sys::{Array, BigInt, Error, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// `call!(object.method(arguments))`, as it would be written in JavaScript.
#[macro_export]
macro_rules! call {
    ($object:ident.$method:ident($($argument:expr),*)) => {
        $crate::wasm::call(&$object, stringify!($method), &[$(wasm_bindgen::JsValue::from($argument)),*])
    };
}

/// The greatest integer that a number of JavaScript holds exactly with all before it.
pub const SAFE_MAX: f64 = 9_007_199_254_740_991.0;
pub const NULL: JsValue = JsValue::NULL;
pub const UNDEFINED: JsValue = JsValue::UNDEFINED;

pub fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = get(object, method).unchecked_into();
    method.apply(object, &arguments.iter().collect::<Array>())
}

pub fn get(object: &JsValue, property: &str) -> JsValue {
    Reflect::get(object, &property.into()).unwrap()
}

/// `new RangeMap(replica)`
pub fn new_map(replica: impl Into<JsValue>) -> Result<JsValue, JsValue> {
    let any = JsValue::from(wasm::RangeMap::new(&JsValue::from(0u64)).map_err(JsValue::from)?);
    let class: Function = get(&any, "constructor").unchecked_into();
    call!(any.free())?;
    Reflect::construct(&class, &Array::of1(&replica.into()))
}

pub fn map(replica: u64) -> JsValue {
    new_map(replica).unwrap()
}

pub fn range_object(start: impl Into<JsValue>, end: impl Into<JsValue>) -> JsValue {
    let object = Object::new();
    Reflect::set(&object, &"start".into(), &start.into()).unwrap();
    Reflect::set(&object, &"end".into(), &end.into()).unwrap();
    object.into()
}

/// `{ op, node, start, end, by }`, without `by` if it is undefined.
pub fn operation(
    op: &str,
    node: impl Into<JsValue>,
    start: impl Into<JsValue>,
    end: impl Into<JsValue>,
    by: impl Into<JsValue>,
) -> JsValue {
    let object = Object::new();
    let properties = [
        ("op", op.into()),
        ("node", node.into()),
        ("start", start.into()),
        ("end", end.into()),
        ("by", by.into()),
    ];
    for (name, value) in properties.into_iter().filter(|(_, value): &(_, JsValue)| !value.is_undefined()) {
        Reflect::set(&object, &name.into(), &value).unwrap();
    }
    object.into()
}

pub fn list(items: impl IntoIterator<Item = JsValue>) -> JsValue {
    items.into_iter().collect::<Array>().into()
}

/// The global object, to put something in the place of a function for a while.
pub fn with_global<T>(name: &str, value: &JsValue, run: impl FnOnce() -> T) -> T {
    let global: Object = js_sys::global();
    let before = get(&global, name);
    let set = |value: &JsValue| {
        let property = Object::new();
        Reflect::set(&property, &"value".into(), value).unwrap();
        for flag in ["configurable", "writable"] {
            Reflect::set(&property, &flag.into(), &true.into()).unwrap();
        }
        Object::define_property(&global, &name.into(), &property);
    };
    set(value);
    let result = run();
    set(&before);
    result
}

/// A value as one would write it in JavaScript.
pub fn text(value: &JsValue) -> String {
    if let Some(string) = value.as_string() {
        format!("{string:?}")
    } else if let Some(bigint) = value.dyn_ref::<BigInt>() {
        format!("{}n", String::from(bigint.to_string(10).unwrap()))
    } else if let Some(array) = value.dyn_ref::<Array>() {
        let items: Vec<String> = array.iter().map(|item| text(&item)).collect();
        format!("[{}]", items.join(", "))
    } else if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        format!("{:?}", bytes.to_vec())
    } else if value.is_function() || !value.is_object() {
        format!("{value:?}").trim_start_matches("JsValue(").trim_end_matches(')').to_owned()
    } else {
        let entry = |entry: JsValue| {
            let entry: Array = entry.unchecked_into();
            format!("{}: {}", entry.get(0).as_string().unwrap(), text(&entry.get(1)))
        };
        let entries: Vec<String> = Object::entries(value.unchecked_ref()).iter().map(entry).collect();
        format!("{{{}}}", entries.join(", "))
    }
}

/// The splits in short: `[0, 5) a:1 b:2`.
pub fn splits(map: &JsValue) -> Vec<String> {
    let splits: Array = call!(map.splits()).unwrap().unchecked_into();
    let show = |split: JsValue| {
        let owners: Array = get(&split, "owners").unchecked_into();
        let owners = owners.iter().map(|owner| {
            format!(" {}:{}", get(&owner, "node").as_string().unwrap(), text(&get(&owner, "priority")))
        });
        format!(
            "[{}, {}){}",
            text(&get(&split, "start")),
            text(&get(&split, "end")),
            owners.collect::<String>()
        )
    };
    splits.iter().map(show).collect()
}

/// The code of what was thrown; checks that it is a real error that says what the state is.
pub fn code<T: core::fmt::Debug>(result: Result<T, JsValue>) -> String {
    let thrown = result.expect_err("this should have thrown");
    let error: &Error = thrown.dyn_ref().expect("a real Error");
    assert_eq!(error.name(), "RangeMapError");
    let message = String::from(error.message());
    assert!(message.ends_with("; nothing has changed"), "{message}");
    get(error, "code").as_string().expect("a code")
}

/// The message of what was thrown.
pub fn message<T: core::fmt::Debug>(result: Result<T, JsValue>) -> String {
    result.expect_err("this should have thrown").unchecked_into::<Error>().message().into()
}

/// A callback that runs Rust; it lives as long as somebody in JavaScript holds it.
pub fn function(run: impl Fn(JsValue) -> Result<(), JsValue> + 'static) -> JsValue {
    Closure::<dyn Fn(JsValue) -> Result<(), JsValue>>::new(run).into_js_value()
}

/// A callback that writes down what it is called with, and what was written.
pub fn recorder(name: &'static str, log: &Log) -> JsValue {
    let log = log.clone();
    function(move |change| {
        log.borrow_mut().push(format!("{name} {}", text(&change)));
        Ok(())
    })
}

pub type Log = Rc<RefCell<Vec<String>>>;

/// Waits until it is true, for as long as a busy machine may need: the limit only bounds a hang.
pub async fn until(what: &str, is_true: impl Fn() -> bool) {
    const TRIES: usize = 60_000;
    for _ in 0..TRIES {
        if is_true() {
            return;
        }
        sleep_ms(10).await;
    }
    panic!("waited in vain until {what}");
}

pub async fn sleep_ms(milliseconds: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        let global = js_sys::global();
        call!(global.setTimeout(resolve, milliseconds)).unwrap();
    });
    JsFuture::from(promise).await.unwrap();
}
