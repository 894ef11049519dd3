//! How a file of vectors is laid out, and how two are compared.

use crdt_range_map::DecodeProblem;
use serde_json::{Value, json};

/// What fits into so many columns stands in one line.
const WIDTH: usize = 140;

/// A problem by its name and what it says.
pub fn problem(problem: &DecodeProblem) -> Value {
    match problem {
        DecodeProblem::Truncated => json!("truncated"),
        DecodeProblem::TrailingBytes => json!("trailing bytes"),
        DecodeProblem::Version(found) => json!({ "version": found }),
        DecodeProblem::KeyKind(found) => json!({ "kind of keys": found }),
        DecodeProblem::OutOfBounds(what) => json!({ "out of bounds": what }),
        DecodeProblem::NotCanonical(what) => json!({ "not canonical": what }),
        other => panic!("{other:?} has no name here"),
    }
}

pub fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text.push('\n');
    text
}

fn write(value: &Value, indent: usize, text: &mut String) {
    let line = value.to_string();
    if indent + line.len() <= WIDTH {
        return text.push_str(&line);
    }
    let begin = format!("\n{}", " ".repeat(indent + 2));
    let mut separate = "";
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                text.push_str(separate);
                text.push_str(&begin);
                write(item, indent + 2, text);
                separate = ",";
            }
            text.push_str(&format!("\n{}]", " ".repeat(indent)));
        }
        Value::Object(fields) => {
            text.push('{');
            for (name, field) in fields {
                text.push_str(&format!("{separate}{begin}{}: ", json!(name)));
                write(field, indent + 2, text);
                separate = ",";
            }
            text.push_str(&format!("\n{}}}", " ".repeat(indent)));
        }
        _ => text.push_str(&line),
    }
}

/// Names the first place in which two values differ.
pub fn assert_same(at: &str, file: &Value, result: &Value) {
    match (file, result) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let names: Vec<&String> =
                ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name))).collect();
            for name in names {
                assert_same(&format!("{at}/{name}"), &file[name], &result[name]);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                assert_same(&format!("{at}/{place}"), ours, theirs);
            }
            assert_eq!(ours.len(), theirs.len(), "{at} has so many in the file, and now");
        }
        _ => assert_eq!(file, result, "{at}: in the file, and now"),
    }
}
