//! The vectors of `tests/vectors/*.json`, for another implementation as much as for this one.
//!
//! Each file holds what is done, and what came of it: bytes, and what they say. Here the same is done anew and has to come to the same; each
//! of the bytes is read by the crate and by a second reader, made from `docs/protocol.md` alone; deltas and contexts are written by a second
//! writer, too, from what the reader found; and hostile bytes are refused for the reason
//! that the file names. `VECTORS=write cargo test --test vectors` writes what came of it anew: do that when the format changes, and read the
//! difference.

use instances as _;
mod conversation;
mod layout;
mod reader;
mod writer;

use std::path::{Path, PathBuf};

use crdt_range_map::{Delta, KeyRange, LeastKey, NodeId, Operation, RangeMap, ReplicaId, Version, WireKey};
use serde_json::{Value, json};

/// A key in a file is text.
trait TextKey: WireKey + LeastKey {
    fn of(text: &str) -> Self;
    fn text(&self) -> String;
}

impl TextKey for u64 {
    fn of(text: &str) -> Self {
        text.parse().unwrap()
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

impl TextKey for String {
    fn of(text: &str) -> Self {
        text.into()
    }
    fn text(&self) -> String {
        self.clone()
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {value}"))
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} is missing in {value}"))
}

/// Takes away what came of it before.
fn clear(value: &mut Value, results: &[&str]) {
    value.as_object_mut().unwrap().retain(|name, _| !results.contains(&name.as_str()));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from hexadecimal digits, with spaces where they help.
fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn replica(text: &str) -> ReplicaId {
    ReplicaId::new(u64::from_str_radix(text, 16).unwrap())
}

fn range<K: TextKey>(value: &Value) -> KeyRange<K> {
    let start = K::of(text(value, "start"));
    match &value["end"] {
        Value::Null => KeyRange::from_start(start),
        end => KeyRange::new(start, K::of(end.as_str().unwrap())).unwrap(),
    }
}

fn range_json<K: TextKey>(range: &KeyRange<K>) -> Value {
    json!([range.start().text(), range.end().map(TextKey::text)])
}

/// The operation that a step is, if it is one.
fn operation<K: TextKey>(step: &Value) -> Option<Operation<K>> {
    let node = || NodeId::new(text(step, "node")).unwrap();
    let by = || u32::try_from(number(step, "by")).unwrap().try_into().unwrap();
    Some(match text(step, "do") {
        "register" => Operation::Register { node: node(), range: range(step) },
        "release" => Operation::Release { node: node(), range: range(step) },
        "increase" => Operation::Increase { node: node(), range: range(step), by: by() },
        "decrease" => Operation::Decrease { node: node(), range: range(step), by: by() },
        "tighten" => Operation::Tighten { node: node(), range: range(step), to: range(&step["to"]) },
        _ => return None,
    })
}

/// A delta's bytes and what they say; they come back as the same delta.
fn written<K: TextKey>(delta: &Delta<K>) -> Value {
    let bytes = delta.encode();
    assert_eq!(Delta::decode(&bytes).as_ref(), Ok(delta));
    let says = reader::delta(&bytes);
    assert_eq!(
        hex(&writer::delta(K::KIND, &says)),
        hex(&bytes),
        "as the second writer has it, and the crate"
    );
    json!({ "bytes": hex(&bytes), "says": says })
}

fn owners(owners: &[crdt_range_map::Owner]) -> Value {
    owners.iter().map(|owner| json!([owner.node.as_str(), owner.priority])).collect()
}

/// What a replica knows in the end, and what it answers.
fn end<K: TextKey>(map: &RangeMap<K>, asked: &Value) -> Value {
    let context = map.state().version().encode();
    assert_eq!(Version::decode(&context).as_ref(), Ok(map.state().version()));
    let mut end = written(map.state());
    assert_eq!(reader::context(&context), end["says"]["knows"], "a state knows what its context says");
    assert_eq!(hex(&writer::context(&end["says"]["knows"])), hex(&context));
    end["context"] = json!(hex(&context));
    let registration = |it: crdt_range_map::Registration<K>| {
        let [start, end] = [0, 1].map(|at| range_json(&it.range)[at].clone());
        json!({ "start": start, "end": end, "node": it.node.as_str(), "priority": it.priority })
    };
    end["visible"] = map.registrations().map(registration).collect();
    let split = |split: crdt_range_map::Split<'_, K>| json!([range_json(&split.range), owners(split.owners)]);
    end["splits"] = map.splits().iter().map(split).collect();
    end["gaps"] = map.gaps().map(|gap| range_json(&gap)).collect();
    let asked = asked.as_array().into_iter().flatten().map(|key| key.as_str().unwrap());
    let answer =
        |key: &str| (key.to_string(), owners(&map.owners(&K::of(key)).iter().cloned().collect::<Vec<_>>()));
    end["owners"] = Value::Object(asked.map(answer).collect());
    end
}

/// Does what a history says, and notes what came of each step and of all.
fn replay_history<K: TextKey>(history: &Value) -> Value {
    let mut result = history.clone();
    let replicas = history["replicas"].as_object().unwrap();
    let mut maps: Vec<(&String, RangeMap<K>)> =
        replicas.iter().map(|(name, id)| (name, RangeMap::new(replica(id.as_str().unwrap())))).collect();
    let at =
        |maps: &[(&String, RangeMap<K>)], name: &str| maps.iter().position(|(it, _)| *it == name).unwrap();
    let mut deltas: Vec<Delta<K>> = Vec::new();
    for step in result["steps"].as_array_mut().unwrap() {
        clear(step, &["delta", "changed", "refused"]);
        let place = at(&maps, text(step, "at"));
        let what = text(step, "do").to_string();
        let mut delta = Delta::default();
        match (&*what, operation(step)) {
            (_, Some(operation)) => match maps[place].1.apply([operation]) {
                Ok(made) => delta = made,
                Err(refused) => step["refused"] = json!(refused.why.to_string()),
            },
            ("retire", _) => delta = maps[place].1.retire(replica(text(step, "replica"))),
            ("maintain", _) => delta = maps[place].1.maintain(),
            ("since", _) => {
                let context = maps[at(&maps, text(step, "of"))].1.state().version().clone();
                delta = maps[place].1.delta_since(&context).expect("the log reaches back");
            }
            ("merge", _) => {
                let from = match &step["from"] {
                    Value::String(name) => maps[at(&maps, name)].1.state().clone(),
                    number => deltas[number.as_u64().unwrap() as usize].clone(),
                };
                let changes = maps[place].1.merge(&from);
                step["changed"] = changes.ranges().iter().map(range_json).collect();
                delta = changes.delta().clone();
            }
            (other, _) => panic!("{other} is nothing to do"),
        }
        if what != "merge" || !delta.is_empty() {
            step["delta"] = written(&delta);
        }
        deltas.push(delta);
    }
    let ends = maps.iter().map(|(name, map)| ((*name).clone(), end(map, &history["asked"]))).collect();
    result["ends"] = Value::Object(ends);
    result
}

/// Why bytes are refused, and where.
fn refusal(case: &Value) -> Value {
    let mut result = case.clone();
    let bytes = unhex(text(case, "bytes"));
    let error = match text(case, "as") {
        "delta of u64" => Delta::<u64>::decode(&bytes).map(|_| ()),
        "delta of String" => Delta::<String>::decode(&bytes).map(|_| ()),
        "context" => Version::decode(&bytes).map(|_| ()),
        other => panic!("{other} is nothing that is read"),
    };
    let error = error.expect_err(text(case, "name"));
    result["refused"] = json!({ "at": error.offset, "why": layout::problem(&error.problem) });
    result
}

fn replay_all(file: &Value, replay: impl Fn(&Value) -> Value) -> Value {
    let mut result = file.clone();
    for (name, cases) in result.as_object_mut().unwrap() {
        if let Value::Array(cases) = cases {
            assert!(!cases.is_empty(), "{name} is empty");
            cases.iter_mut().for_each(|case| *case = replay(case));
        }
    }
    result
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

fn is_to_write() -> bool {
    std::env::var("VECTORS").is_ok_and(|it| it == "write")
}

/// Reads a file, does what it says, and finds what it says to come of it; or writes that.
fn check(name: &str, replay: impl Fn(&Value) -> Value) {
    let path = path(name);
    let before = std::fs::read_to_string(&path).unwrap();
    let file: Value = serde_json::from_str(&before).unwrap();
    let result = replay_all(&file, replay);
    if is_to_write() {
        std::fs::write(&path, layout::pretty(&result)).unwrap();
        return;
    }
    layout::assert_same(name, &file, &result);
    assert!(before == layout::pretty(&result), "{name} is laid out otherwise: write it anew");
}

#[test]
fn histories_of_number_keys_come_to_these_bytes_and_splits() {
    check("histories-u64.json", replay_history::<u64>);
}

#[test]
fn histories_of_text_keys_come_to_these_bytes_and_splits() {
    check("histories-string.json", replay_history::<String>);
}

#[test]
fn hostile_bytes_are_refused_for_these_reasons() {
    check("hostile.json", refusal);
}

#[test]
fn conversations_take_these_messages() {
    check("conversations.json", conversation::replay::<u64>);
}

#[test]
fn messages_are_read_or_refused_for_these_reasons() {
    check("messages.json", |case| match case["keys"].as_str() {
        Some("String") => conversation::try_message::<String>(case),
        _ => conversation::try_message::<u64>(case),
    });
}

/// Every kind of message, and every part that one may have, is in some vector.
#[test]
fn nothing_is_left_out() {
    if is_to_write() {
        return;
    }
    let read = |name| std::fs::read_to_string(path(name)).unwrap();
    let all = ["conversations.json", "messages.json"].map(read).concat();
    let lacking: Vec<&str> = SHOWN.iter().copied().filter(|it| !all.contains(&format!("\"{it}\""))).collect();
    assert!(lacking.is_empty(), "no vector has {lacking:?}");
}

/// The examples of the page on the protocol, written byte by byte with what each means, are vectors.
#[test]
fn examples_of_the_protocol_page_are_vectors() {
    if is_to_write() {
        return;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let page = std::fs::read_to_string(page).unwrap();
    let files = ["histories-u64.json", "messages.json"];
    let all = files.map(|name| std::fs::read_to_string(path(name)).unwrap()).concat();
    let examples = page.split("```hex\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut seen = 0;
    for example in examples {
        let bytes: String = example.lines().map(|line| line.split("  ").next().unwrap()).collect();
        let bytes = bytes.replace(' ', "");
        assert!(all.contains(&format!("\"{bytes}\"")), "no vector is {bytes}");
        seen += 1;
    }
    assert!(seen >= 2);
}

/// What the vectors of messages show at least.
const SHOWN: [&str; 30] = [
    "delta", "ask", "meet", "digest", "presence", "announce", "drops", "hello", "here", "who", "goodbye",
    "roster", "alive", "abouts", "to", "re", "lacks", "more", "knows", "question", "offer", "all", "part",
    "page", "withheld", "resolved", "cells", "listed", "gone", "after",
];
