//! A second reader of the wire format, made from `docs/protocol.md` alone: it shares nothing with the crate. It trusts its input, and panics
//! where that ends too early.

mod sketch;
mod state;

use serde_json::{Map, Value, json};

use self::state::{Context, ranges};
pub use self::state::{context, delta};

struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn raw(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.raw(1)[0]
    }

    fn big_endian(&mut self, length: usize) -> u64 {
        self.raw(length).iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
    }

    fn replica(&mut self) -> String {
        format!("{:016x}", self.big_endian(8))
    }

    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return number;
            }
        }
    }

    fn text(&mut self, length: usize) -> String {
        String::from_utf8(self.raw(length).to_vec()).unwrap()
    }

    fn prefixed(&mut self) -> &'a [u8] {
        let length = self.number() as usize;
        self.raw(length)
    }

    fn column(&mut self, count: usize) -> Vec<u64> {
        if count < 8 {
            return (0..count).map(|_| self.number()).collect();
        }
        let mut values = Vec::new();
        while values.len() < count {
            let block = (count - values.len()).min(128);
            let width = usize::from(self.byte());
            let packed = self.raw((block * width).div_ceil(8));
            let bit = |at: usize| u64::from(packed[at / 8] >> (at % 8) & 1);
            values.extend((0..block).map(|at| (0..width).map(|of| bit(at * width + of) << of).sum::<u64>()));
        }
        values
    }

    fn finish(self) {
        assert!(self.rest.is_empty(), "{} bytes are left", self.rest.len());
    }
}

fn runs(bytes: &mut Bytes<'_>) -> Vec<(u64, u64)> {
    let number = bytes.number();
    let mut runs: Vec<(u64, u64)> = Vec::new();
    if number & 1 == 0 {
        let mut before = 0;
        for _ in 0..number >> 1 {
            let first = before + bytes.number();
            before = first + bytes.number();
            runs.push((first, before));
        }
        return runs;
    }
    let first = bytes.number();
    let map = bytes.raw((number >> 1) as usize);
    for at in (0..8 * map.len()).filter(|at| map[at / 8] >> (at % 8) & 1 == 1) {
        let number = first + at as u64;
        match runs.last_mut() {
            Some(run) if run.1 + 1 == number => run.1 = number,
            _ => runs.push((number, number)),
        }
    }
    runs
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number that is written more by one, 0 if there is none.
fn less_one(bytes: &mut Bytes<'_>) -> Option<u64> {
    bytes.number().checked_sub(1)
}

fn want(kind: u8, bytes: &mut Bytes<'_>) -> Value {
    let flags = bytes.byte();
    let pages = ["none", "unknown", "all"][usize::from(flags & 3)];
    let mut want = json!({ "pages": pages });
    if flags & 4 != 0 {
        let is_unbounded = bytes.byte() == 1;
        let length = usize::from(bytes.byte());
        let node = bytes.text(length);
        let (start, end) = ranges(kind, &[is_unbounded], bytes).remove(0);
        want["after"] = json!({ "start": start, "end": end, "node": node });
    }
    want["births"] = match flags >> 3 {
        0 => json!("none"),
        1 => json!({ "sketch_of_cells": bytes.number() }),
        _ => json!({ "list_from": bytes.number() }),
    };
    want
}

fn part(bytes: &mut Bytes<'_>) -> Value {
    let flags = bytes.byte();
    let mut part = json!({ "beyond": bytes.number() });
    if flags & 1 != 0 {
        part["page"] = delta(bytes.prefixed());
        part["is_last"] = json!(flags & 2 != 0);
        if flags & 16 != 0 {
            part["withheld"] = Context::read_whole(bytes).json();
        }
    }
    match flags >> 2 & 3 {
        0 => {}
        1 => part["births"] = json!("resolved"),
        2 => part["births"] = sketch::read(bytes),
        _ => {
            let listed = runs(bytes);
            part["births"] = json!({ "listed": listed, "next": bytes.number() });
        }
    }
    part
}

fn meet(kind: u8, bytes: &mut Bytes<'_>) -> Value {
    let flags = bytes.byte();
    let mut meet = Map::new();
    let mut set = |name: &str, value: Value| drop(meet.insert(name.into(), value));
    if flags & 64 != 0 {
        set("to", json!(bytes.replica()));
    }
    if flags & 1 != 0 {
        set("re", json!(bytes.big_endian(4)));
    }
    set("waited_ms", json!(bytes.number()));
    set("round_trip_ms", json!(less_one(bytes)));
    if flags & 4 != 0 {
        set("lacks", Context::read_whole(bytes).json());
        set("more", Context::read_whole(bytes).json());
    } else {
        set("knows", Context::read_whole(bytes).json());
    }
    if flags & 2 != 0 {
        let (id, registrations, reads_log2) = (bytes.big_endian(4), bytes.number(), bytes.byte());
        let want = want(kind, bytes);
        set(
            "question",
            json!({ "id": id, "registrations": registrations, "reads_log2": reads_log2, "want": want }),
        );
    }
    match flags >> 3 & 3 {
        0 => {}
        1 => set("answer", json!("offer")),
        2 => set("answer", json!({ "all": delta(bytes.prefixed()) })),
        _ => set("answer", json!({ "part": part(bytes) })),
    }
    if flags & 32 != 0 {
        let births = runs(bytes);
        set("gone", json!({ "births": births, "before": bytes.number() }));
    }
    Value::Object(meet)
}

fn presence(bytes: &mut Bytes<'_>) -> Value {
    let kind = bytes.byte();
    let name = |bytes: &mut Bytes<'_>| {
        let length = bytes.number() as usize;
        bytes.text(length)
    };
    match kind {
        1 => json!({ "hello": name(bytes) }),
        2 => json!({ "here": name(bytes) }),
        3 => {
            let name = name(bytes);
            let count = bytes.number();
            json!({ "who": (0..count).map(|_| bytes.replica()).collect::<Vec<_>>(), "here": name })
        }
        4 => json!("goodbye"),
        5 => {
            let count = bytes.number();
            let entry = |bytes: &mut Bytes<'_>| json!([bytes.replica(), name(bytes), bytes.number()]);
            json!({ "roster": (0..count).map(|_| entry(bytes)).collect::<Vec<_>>() })
        }
        6 => {
            let count = bytes.number();
            let entry = |bytes: &mut Bytes<'_>| json!([bytes.replica(), bytes.number()]);
            json!({ "alive": (0..count).map(|_| entry(bytes)).collect::<Vec<_>>() })
        }
        other => panic!("a presence of kind {other}"),
    }
}

fn dropped(bytes: &mut Bytes<'_>) -> Value {
    let writer = bytes.replica();
    let mut before = 0;
    let mut stretches = Vec::new();
    for _ in 0..bytes.number() {
        let first = before + bytes.number();
        let births = runs(bytes);
        before = first + births.iter().map(|(first, last)| last - first + 1).sum::<u64>() - 1;
        stretches.push(json!({ "first_stamp": first, "births": births }));
    }
    json!({ "writer": writer, "stretches": stretches })
}

/// The CRC-32 of ISO 3309, bit by bit.
pub fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    (!crc).to_be_bytes()
}

/// A saved page.
pub fn page(all: &[u8]) -> Value {
    let (body, found) = all.split_at(all.len() - 4);
    assert_eq!(checksum(body), found);
    let (sent, complete_to) = body.split_at(body.len() - 8);
    let mut says = message(sent);
    says["complete_to"] = json!(u64::from_be_bytes(complete_to.try_into().unwrap()));
    says
}

/// A whole message.
pub fn message(all: &[u8]) -> Value {
    let (body, found) = all.split_at(all.len() - 4);
    assert_eq!(checksum(body), found);
    let mut bytes = Bytes { rest: body };
    assert_eq!(bytes.raw(3), b"crm");
    let header = bytes.byte();
    assert_eq!(header >> 4, 1);
    let (keys, kind) = (header & 15, bytes.byte());
    let sender = bytes.replica();
    let (kind, content) = match kind {
        1 => {
            let rest = bytes.rest.len();
            ("delta", delta(bytes.raw(rest)))
        }
        2 => {
            let (id, round_trip_ms) = (bytes.big_endian(4), less_one(&mut bytes));
            let (registrations, reads_log2) = (bytes.number(), bytes.byte());
            let knows = Context::read_whole(&mut bytes).json();
            let ask = json!({ "id": id, "round_trip_ms": round_trip_ms, "registrations": registrations,
                "reads_log2": reads_log2, "knows": knows });
            ("ask", ask)
        }
        3 => ("meet", meet(keys, &mut bytes)),
        4 => {
            let [knows, holds] = [(); 2].map(|()| hex(bytes.raw(8)));
            ("digest", json!({ "knows": knows, "holds": holds }))
        }
        5 => ("presence", presence(&mut bytes)),
        6 => ("announce", Context::read_whole(&mut bytes).json()),
        7 => ("drops", dropped(&mut bytes)),
        other => panic!("a message of kind {other}"),
    };
    bytes.finish();
    json!({ "kind": kind, "sender": sender, "content": content })
}
