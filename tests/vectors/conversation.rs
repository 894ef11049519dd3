//! Nodes that talk: every message that they send, with what it says.

use std::collections::BTreeMap;

use crdt_range_map::node::{Event, LinkId, LinkKind, Options, Output};
use crdt_range_map::sync::IgnoreReason;
use crdt_range_map::sync::presence::Name;
use crdt_range_map::{Node, Operation, ReplicaId};
use serde_json::{Value, json};

use crate::{TextKey, clear, hex, number, operation, reader, replica, text, unhex};

/// How long a message is on its way.
const WAY_MS: u64 = 5;

struct Flight {
    due_ms: u64,
    link: String,
    to: String,
    bytes: Vec<u8>,
}

struct World<K> {
    nodes: BTreeMap<String, Node<K>>,
    /// Who is at the ends of each link, and by which number each has it.
    links: BTreeMap<String, BTreeMap<String, LinkId>>,
    flights: Vec<Flight>,
    now_ms: u64,
    /// How many of the messages that are sent next are lost.
    lost: u64,
    sent: Vec<Value>,
}

fn node<K: TextKey>(described: &Value) -> Node<K> {
    let name = described["name"].as_str().map(|name| Name::new(name).unwrap());
    let mut options =
        Options { name, is_durable: described["is_durable"] == json!(true), ..Options::default() };
    for (set, to) in described["options"].as_object().into_iter().flatten() {
        let to = to.as_u64().unwrap() as usize;
        match &**set {
            "fan_in" => options.fan_in = to,
            "message_bytes_max" => options.sync.message_bytes_max = to,
            "answer_bytes_max" => options.sync.answer_bytes_max = to,
            other => panic!("{other} is no option here"),
        }
    }
    Node::with(options, replica(text(described, "replica")), number(described, "seed")).unwrap()
}

impl<K: TextKey> World<K> {
    fn poll(&mut self, name: &str) -> u64 {
        loop {
            let node = self.nodes.get_mut(name).unwrap();
            match node.poll(self.now_ms) {
                Output::Send { link, bytes } => self.send(name, link, bytes),
                Output::Save(page) => {
                    node.saved(page.number);
                    let says = reader::page(&page.bytes);
                    self.sent
                        .push(json!({ "at_ms": self.now_ms, "saved_by": name, "is_whole": page.is_whole,
                        "bytes": hex(&page.bytes), "says": says }));
                }
                Output::Event(Event::Refused { reason, .. }) => panic!("{name} refuses {reason}"),
                Output::Event(_) => {}
                Output::Wait { until_ms } => return until_ms,
            }
        }
    }

    fn send(&mut self, from: &str, over: LinkId, bytes: Vec<u8>) {
        let found = self.links.iter().find(|(_, ends)| ends.get(from) == Some(&over));
        let Some((link, ends)) = found else { return };
        let mut sent = json!({ "at_ms": self.now_ms, "from": from, "over": link, "bytes": hex(&bytes),
            "says": reader::message(&bytes) });
        if self.lost > 0 {
            self.lost -= 1;
            sent["is_lost"] = json!(true);
        } else {
            for to in ends.keys().filter(|to| *to != from) {
                let (link, to, bytes) = (link.clone(), to.clone(), bytes.clone());
                self.flights.push(Flight { due_ms: self.now_ms + WAY_MS, link, to, bytes });
            }
        }
        self.sent.push(sent);
    }

    fn run(&mut self, until_ms: u64) {
        loop {
            let names: Vec<String> = self.nodes.keys().cloned().collect();
            let wake_ms = names.iter().map(|name| self.poll(name)).min().unwrap();
            let due_ms = self.flights.iter().map(|flight| flight.due_ms).min().unwrap_or(u64::MAX);
            let next_ms = wake_ms.min(due_ms);
            if next_ms > until_ms {
                self.now_ms = until_ms;
                return;
            }
            self.now_ms = next_ms;
            let (due, later) =
                std::mem::take(&mut self.flights).into_iter().partition(|it| it.due_ms <= next_ms);
            self.flights = later;
            for Flight { link, to, bytes, .. } in due {
                if let Some(over) = self.links.get(&link).and_then(|ends| ends.get(&to)) {
                    self.nodes.get_mut(&to).unwrap().receive(*over, &bytes, next_ms);
                }
            }
        }
    }

    fn step(&mut self, step: &Value) {
        match (text(step, "do"), operation(step)) {
            (_, Some(operation)) => self.operate(step, [operation].into()),
            ("all", _) => {
                let all = step["operations"].as_array().unwrap();
                self.operate(step, all.iter().map(|step| operation(step).unwrap()).collect());
            }
            ("again and again", _) => {
                let all: Vec<Operation<K>> = step["operations"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|step| operation(step).unwrap())
                    .collect();
                (0..number(step, "times")).for_each(|_| self.operate(step, all.clone()));
            }
            ("register many", _) | ("release many", _) => {
                let many = (0..number(step, "count")).map(|at| {
                    let start = 10 * (at * 7 % number(step, "count"));
                    let each = json!({ "do": text(step, "do").split(' ').next(), "node": step["node"],
                        "start": start.to_string(), "end": (start + 5).to_string() });
                    operation(&each).unwrap()
                });
                self.operate(step, many.collect());
            }
            ("retire", _) => self.at(step).retire(replica(text(step, "replica"))),
            ("open", _) => {
                let kind = match text(step, "kind") {
                    "medium" => LinkKind::Medium,
                    _ => LinkKind::Neighbour,
                };
                let now_ms = self.now_ms;
                let ends =
                    step["between"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_string());
                let ends = ends.map(|name| {
                    let link = self.nodes.get_mut(&name).unwrap().open(kind, now_ms);
                    (name, link)
                });
                let ends = ends.collect();
                self.links.insert(text(step, "link").into(), ends);
            }
            ("close", _) => {
                let ends = self.links.get(text(step, "link")).cloned().unwrap();
                for (name, link) in &ends {
                    self.nodes.get_mut(name).unwrap().close(*link);
                    self.poll(name);
                }
                self.links.remove(text(step, "link"));
            }
            ("lose", _) => self.lost = number(step, "messages"),
            ("wait", _) => self.run(self.now_ms + number(step, "ms")),
            (other, _) => panic!("{other} is nothing to do"),
        }
    }

    fn at(&mut self, step: &Value) -> &mut Node<K> {
        self.nodes.get_mut(text(step, "at")).unwrap()
    }

    fn operate(&mut self, step: &Value, operations: Vec<Operation<K>>) {
        self.at(step).apply(operations).unwrap();
    }
}

/// Lets nodes talk as a conversation says, and notes what they sent and saved. In the end all hold the same.
pub fn replay<K: TextKey>(conversation: &Value) -> Value {
    let nodes = conversation["nodes"].as_object().unwrap();
    let mut world = World::<K> {
        nodes: nodes.iter().map(|(name, described)| (name.clone(), node(described))).collect(),
        links: BTreeMap::new(),
        flights: Vec::new(),
        now_ms: 0,
        lost: 0,
        sent: Vec::new(),
    };
    conversation["steps"].as_array().unwrap().iter().for_each(|step| world.step(step));
    let ends: BTreeMap<&String, Value> =
        world.nodes.iter().map(|(name, node)| (name, json!(hex(&node.map().state().encode())))).collect();
    let mut result = conversation.clone();
    let first = ends.values().next().unwrap();
    assert!(ends.values().all(|end| end == first), "they end apart: {}", json!(ends));
    result["end"] = first.clone();
    result["sent"] = Value::Array(world.sent);
    result
}

/// What becomes of one message, which is given without its checksum, at a node that knows nothing.
pub fn try_message<K: TextKey>(case: &Value) -> Value {
    let mut bytes = unhex(text(case, "before_checksum"));
    match case["checksum"].as_str() {
        Some(checksum) => bytes.extend(unhex(checksum)),
        None => bytes.extend(reader::checksum(&bytes)),
    }
    let mut node = Node::<K>::new(ReplicaId::new(1), 1);
    let link = node.open(LinkKind::Medium, 0);
    node.receive(link, &bytes, 0);
    let mut result = case.clone();
    clear(&mut result, &["says", "refused"]);
    result["bytes"] = json!(hex(&bytes));
    let is_to_be_refused = case["is_hostile"] == json!(true);
    loop {
        match node.poll(0) {
            Output::Event(Event::Refused { reason, .. }) => {
                assert!(is_to_be_refused, "{}: {reason}", text(case, "name"));
                result["refused"] =
                    json!({ "reason": IgnoreReason::NAMES[reason.index()], "says": reason.to_string() });
                return result;
            }
            Output::Wait { .. } => break,
            _ => {}
        }
    }
    assert!(!is_to_be_refused, "{} was taken", text(case, "name"));
    result["says"] = reader::message(&bytes);
    result
}
