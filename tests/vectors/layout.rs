//! How a file of vectors is laid out, and how two are compared.

use std::collections::BTreeMap;

use crdt_range_map::DecodeProblem;
use serde_json::{Map, Value, json};

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

/// The fields in the order of their names, whatever the order in which the map keeps them.
fn fields(value: &Map<String, Value>) -> BTreeMap<&String, &Value> {
    value.iter().collect()
}

fn line(value: &Value) -> String {
    let items: Vec<String> = match value {
        Value::Array(items) => items.iter().map(line).collect(),
        Value::Object(all) => {
            fields(all).iter().map(|(name, field)| format!("{}: {}", json!(name), line(field))).collect()
        }
        other => return other.to_string(),
    };
    let items = items.join(", ");
    if value.is_array() { format!("[{items}]") } else { format!("{{{items}}}") }
}

fn write(value: &Value, indent: usize, text: &mut String) {
    let short = line(value);
    if indent + short.len() <= WIDTH {
        return text.push_str(&short);
    }
    let mut separate = format!("\n{}", " ".repeat(indent + 2));
    let next = format!(",{separate}");
    let end = format!("\n{}", " ".repeat(indent));
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                text.push_str(&std::mem::replace(&mut separate, next.clone()));
                write(item, indent + 2, text);
            }
            text.push_str(&end);
            text.push(']');
        }
        Value::Object(all) => {
            text.push('{');
            for (name, field) in fields(all) {
                text.push_str(&std::mem::replace(&mut separate, next.clone()));
                text.push_str(&format!("{}: ", json!(name)));
                write(field, indent + 2, text);
            }
            text.push_str(&end);
            text.push('}');
        }
        _ => text.push_str(&short),
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
