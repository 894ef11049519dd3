//! The forms of the feature `serde`: what they look like, that what was written is read, and what is refused.
#![cfg(feature = "serde")]

use instances as _;
use std::fmt::Debug;

use crdt_range_map::{AnswerVersion, KeyRange, NodeId, Operation, Owner, RangeMap, Registration, ReplicaId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_test::{Configure, Token, assert_de_tokens_error, assert_tokens};

fn node(name: &str) -> NodeId {
    name.parse().unwrap()
}

fn range(start: u64, end: u64) -> KeyRange<u64> {
    KeyRange::new(start, end).unwrap()
}

/// The value has that form in JSON, and is read from it again.
fn has_form<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, form: &str) {
    assert_eq!(serde_json::to_string(&value).unwrap(), form);
    assert_eq!(serde_json::from_str::<T>(form).unwrap(), value);
    // From a reader, strings cannot be borrowed.
    assert_eq!(serde_json::from_reader::<_, T>(form.as_bytes()).unwrap(), value);
}

/// Why that is refused.
fn refused<T: DeserializeOwned + Debug>(text: &str) -> String {
    serde_json::from_str::<T>(text).unwrap_err().to_string()
}

#[test]
fn values_have_forms_that_people_read() {
    has_form(node("node-ä"), r#""node-ä""#);
    has_form(ReplicaId::new(42), r#""000000000000002a""#);
    has_form(ReplicaId::new(u64::MAX), r#""ffffffffffffffff""#);
    has_form(range(0, u64::MAX), r#"{"start":0,"end":18446744073709551615}"#);
    has_form(KeyRange::from_start(7u64), r#"{"start":7,"end":null}"#);
    has_form(KeyRange::new("a".to_string(), "b".to_string()).unwrap(), r#"{"start":"a","end":"b"}"#);
    has_form(Owner { node: node("a"), priority: 3 }, r#"{"node":"a","priority":3}"#);
    let registration = Registration { node: node("a"), range: range(0, 9), priority: 3 };
    has_form(registration, r#"{"node":"a","range":{"start":0,"end":9},"priority":3}"#);
}

#[test]
fn operations_are_named_as_the_methods_are() {
    let (node, other, range, to) = (node("a"), node("b"), range(0, 9), range(1, 9));
    let triple = r#""node":"a","range":{"start":0,"end":9}"#;
    let register = Operation::Register { node: node.clone(), range: range.clone() };
    has_form(register, &format!(r#"{{"register":{{{triple}}}}}"#));
    let release = Operation::Release { node: node.clone(), range: range.clone() };
    has_form(release, &format!(r#"{{"release":{{{triple}}}}}"#));
    let by = 2.try_into().unwrap();
    let increase = Operation::Increase { node: node.clone(), range: range.clone(), by };
    has_form(increase, &format!(r#"{{"increase":{{{triple},"by":2}}}}"#));
    let decrease = Operation::Decrease { node: node.clone(), range: range.clone(), by };
    has_form(decrease, &format!(r#"{{"decrease":{{{triple},"by":2}}}}"#));
    let part = r#"{"start":1,"end":9}"#;
    let tighten = Operation::Tighten { node: node.clone(), range: range.clone(), to: to.clone() };
    has_form(tighten, &format!(r#"{{"tighten":{{{triple},"to":{part}}}}}"#));
    let move_to = Operation::MoveTo { node: node.clone(), range: range.clone(), to: to.clone() };
    has_form(move_to, &format!(r#"{{"move_to":{{{triple},"to":{part}}}}}"#));
    let carve = Operation::Carve { node: node.clone(), range: range.clone(), hole: to };
    has_form(carve, &format!(r#"{{"carve":{{{triple},"hole":{part}}}}}"#));
    let hand_over = Operation::HandOver { node: node.clone(), range: range.clone(), to: other.clone() };
    has_form(hand_over, &format!(r#"{{"hand_over":{{{triple},"to":"b"}}}}"#));
    let set_priority = Operation::SetPriority { node: node.clone(), range: range.clone(), to: 3 };
    has_form(set_priority, &format!(r#"{{"set_priority":{{{triple},"to":3}}}}"#));
    let drain = Operation::Drain { node: node.clone(), range: range.clone(), count: 2 };
    has_form(drain, &format!(r#"{{"drain":{{{triple},"count":2}}}}"#));
    let unite = Operation::Unite { node: node.clone(), range: range.clone() };
    has_form(unite, r#"{"unite":{"node":"a","range":{"start":0,"end":9}}}"#);
    let stand_in = Operation::StandIn { node, other, range };
    has_form(stand_in, r#"{"stand_in":{"node":"a","other":"b","range":{"start":0,"end":9}}}"#);
}

#[test]
fn a_replica_id_is_a_number_where_nobody_reads_it() {
    assert_tokens(&ReplicaId::new(42).compact(), &[Token::U64(42)]);
    assert_tokens(&ReplicaId::new(42).readable(), &[Token::Str("000000000000002a")]);
    assert_tokens(&node("a").compact(), &[Token::Str("a")]);
}

#[test]
fn versions_of_answers_are_texts_or_bytes() {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(7));
    _ = map.register(&node("a"), &range(0, 9)).unwrap();
    let version = map.answer_version();
    has_form(version, &format!("\"{version}\""));
    let bytes = version.to_bytes();
    let tokens = bytes.iter().map(|byte| Token::U8(*byte));
    let tokens: Vec<Token> =
        [Token::Tuple { len: 24 }].into_iter().chain(tokens).chain([Token::TupleEnd]).collect();
    assert_tokens(&version.compact(), &tokens);
    let why = refused::<AnswerVersion>("\"00\"");
    assert!(why.contains("48 hexadecimal digits, not 2 bytes"), "{why}");
}

#[test]
fn answers_are_written() {
    let mut map = RangeMap::new(ReplicaId::new(1));
    let operations = r#"[{"register":{"node":"a","range":{"start":0,"end":9}}},
        {"increase":{"node":"b","range":{"start":5,"end":null},"by":2}}]"#;
    let operations: Vec<Operation<u64>> = serde_json::from_str(operations).unwrap();
    _ = map.apply(operations).unwrap();
    assert_eq!(
        serde_json::to_string(&map.owners(&5)).unwrap(),
        r#"[{"node":"b","priority":2},{"node":"a","priority":1}]"#
    );
    let splits = serde_json::to_value(map.splits()).unwrap();
    assert_eq!(splits.as_array().unwrap().len(), 3);
    assert_eq!(
        splits[2].to_string(),
        r#"{"owners":[{"node":"b","priority":2}],"range":{"end":null,"start":9}}"#
    );
}

#[test]
fn what_could_not_be_made_is_not_read() {
    assert!(refused::<NodeId>(r#""""#).contains("1 to 255 bytes long, not 0"));
    assert!(serde_json::from_str::<NodeId>(&format!("{:?}", "x".repeat(255))).is_ok());
    assert!(refused::<NodeId>(&format!("{:?}", "x".repeat(256))).contains("not 256"));
    assert!(refused::<NodeId>("7").contains("expected the name of a node"));

    for text in ["2a", "+00000000000002a", "00000000000000002a", "000000000000002g", ""] {
        assert!(refused::<ReplicaId>(&format!("{text:?}")).contains("not 16 hexadecimal digits"), "{text}");
    }
    assert!(refused::<ReplicaId>("42").contains("expected the 16 hexadecimal digits"));

    for empty in [r#"{"start":5,"end":5}"#, r#"{"start":6,"end":5}"#] {
        assert!(refused::<KeyRange<u64>>(empty).contains("start must be below its end"));
    }
    assert!(refused::<KeyRange<u64>>(r#"{"start":5}"#).contains("missing field `end`"));
    assert!(refused::<KeyRange<u64>>(r#"{"end":5}"#).contains("missing field `start`"));
    // As formats without names read it.
    let fields = [Token::Seq { len: Some(2) }, Token::U64(6), Token::Some, Token::U64(5), Token::SeqEnd];
    assert_de_tokens_error::<KeyRange<u64>>(&fields, "a range's start must be below its end");

    let nested = r#"{"node":"a","range":{"start":6,"end":5},"priority":1}"#;
    assert!(refused::<Registration<u64>>(nested).contains("start must be below its end"));
    let by_nothing = r#"{"increase":{"node":"a","range":{"start":0,"end":9},"by":0}}"#;
    assert!(refused::<Operation<u64>>(by_nothing).contains("nonzero"));
    assert!(refused::<Operation<u64>>(r#"{"move":{}}"#).contains("unknown variant `move`"));
}
