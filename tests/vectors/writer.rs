//! A second writer of deltas and contexts, made from `docs/protocol.md` alone: from what a vector says to its bytes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{number, text, unhex};

/// What a context says of one replica.
struct Known {
    replica: String,
    prefix: u64,
    runs: Vec<(u64, u64)>,
    retired_at: Option<u64>,
}

/// A dot: a replica and a sequence number.
type Dots = BTreeSet<(String, u64)>;

fn write_number(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value /= 128;
    }
    bytes.push(value as u8);
}

fn write_column(values: Vec<u64>, bytes: &mut Vec<u8>) {
    if values.len() < 8 {
        return values.into_iter().for_each(|value| write_number(value, bytes));
    }
    for block in values.chunks(128) {
        let width =
            (0..=64).find(|width| block.iter().all(|value| u128::from(*value) >> width == 0)).unwrap();
        let mut packed = vec![0u8; (block.len() * width).div_ceil(8)];
        for (at, value) in block.iter().enumerate() {
            for bit in (0..width).filter(|bit| value >> bit & 1 == 1) {
                packed[(at * width + bit) / 8] |= 1 << ((at * width + bit) % 8);
            }
        }
        bytes.push(width as u8);
        bytes.extend(packed);
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap()
}

fn dot(stamp: &Value) -> (String, u64) {
    (stamp[0].as_str().unwrap().into(), stamp[1].as_u64().unwrap())
}

/// All that is known but for what is carried beyond the prefixes.
fn beyond(knows: &Value, carried: &Dots) -> Vec<Known> {
    let mut all = Vec::new();
    for (replica, known) in knows.as_object().unwrap() {
        let mut prefix = 0;
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for run in list(known, "runs") {
            let (first, last) = (run[0].as_u64().unwrap(), run[1].as_u64().unwrap());
            if first == 1 {
                prefix = last;
                continue;
            }
            for seq in (first..=last).filter(|seq| !carried.contains(&(replica.clone(), *seq))) {
                match runs.last_mut() {
                    Some(run) if run.1 + 1 == seq => run.1 = seq,
                    _ => runs.push((seq, seq)),
                }
            }
        }
        all.push(Known { replica: replica.clone(), prefix, runs, retired_at: known["retired_at"].as_u64() });
    }
    all.sort_by(|one, next| one.replica.cmp(&next.replica));
    all
}

fn write_context(all: &[Known], bytes: &mut Vec<u8>) {
    for Known { prefix, runs, retired_at, .. } in all {
        let has_more = !runs.is_empty() || retired_at.is_some();
        write_number(2 * prefix + u64::from(has_more), bytes);
        if !has_more {
            continue;
        }
        write_number(2 * runs.len() as u64 + u64::from(retired_at.is_some()), bytes);
        let mut before = *prefix;
        for (first, last) in runs {
            write_number(first - before - 2, bytes);
            write_number(last - first, bytes);
            before = *last;
        }
        retired_at.iter().for_each(|last| write_number(*last, bytes));
    }
}

/// The bytes of a context of its own.
pub fn context(knows: &Value) -> Vec<u8> {
    let all = beyond(knows, &Dots::new());
    let mut bytes = vec![0x10];
    write_number(all.len() as u64, &mut bytes);
    all.iter().for_each(|known| bytes.extend(unhex(&known.replica)));
    write_context(&all, &mut bytes);
    bytes
}

fn write_names(names: &[&str], bytes: &mut Vec<u8>) {
    let mut before: Option<&[u8]> = None;
    for name in names.iter().map(|name| name.as_bytes()) {
        let shared = before.map_or(0, |before| before.iter().zip(name).take_while(|(a, b)| a == b).count());
        let rest = &name[shared..];
        match before {
            None => bytes.push(rest.len() as u8),
            Some(_) => {
                let lengths = [shared, rest.len()];
                bytes.push(lengths.iter().fold(0, |both, length| both << 4 | *length.min(&15) as u8));
                bytes
                    .extend(lengths.iter().filter(|length| **length >= 15).map(|length| (length - 15) as u8));
            }
        }
        bytes.extend(rest);
        before = Some(name);
    }
}

fn write_ids(kind: u8, ids: &[Value], has_unbounded: bool, names: &[&str], bytes: &mut Vec<u8>) {
    if has_unbounded {
        write_column(ids.iter().map(|id| u64::from(id["end"].is_null())).collect(), bytes);
    }
    if names.len() > 1 {
        let place = |id: &Value| names.iter().position(|name| *name == text(id, "node")).unwrap() as u64;
        write_column(ids.iter().map(place).collect(), bytes);
    }
    if kind == 2 {
        for key in ids.iter().flat_map(|id| [&id["start"], &id["end"]]).filter_map(Value::as_str) {
            write_number(key.len() as u64, bytes);
            bytes.extend(key.as_bytes());
        }
        return;
    }
    let key = |id: &Value, name: &str| id[name].as_str().map(|key| key.parse::<u64>().unwrap());
    let starts: Vec<u64> = ids.iter().filter_map(|id| key(id, "start")).collect();
    let before = [0].iter().chain(&starts);
    write_column(starts.iter().zip(before).map(|(start, before)| start - before).collect(), bytes);
    let lengths = ids.iter().zip(&starts).filter_map(|(id, start)| Some(key(id, "end")? - start - 1));
    write_column(lengths.collect(), bytes);
}

fn place(replica: &str, all: &[Known]) -> u64 {
    all.iter().position(|known| known.replica == replica).unwrap() as u64
}

fn write_records(records: &[&Value], all: &[Known], bytes: &mut Vec<u8>) {
    let net = |record: &Value| record["net"].as_i64().unwrap();
    let [birth, last] = ["birth", "last"].map(|name| move |record: &Value| number(record, name));
    let flags = |record: &&&Value| {
        let registered = match record["registered"].as_u64() {
            None => 0,
            Some(seq) if seq == birth(record) => 1,
            Some(seq) if seq == last(record) => 2,
            Some(_) => 3,
        };
        let others =
            [last(record) > birth(record), net(record) != 0, net(record) < 0, !record["baseline"].is_null()];
        others
            .iter()
            .zip([4, 8, 16, 32])
            .fold(registered, |flags, (is_set, flag)| flags + if *is_set { flag } else { 0 })
    };
    let mut column = |values: Vec<u64>| write_column(values, bytes);
    let of =
        |is: &dyn Fn(&Value) -> bool| records.iter().copied().filter(|record| is(record)).collect::<Vec<_>>();
    let reset = of(&|record| !record["baseline"].is_null());
    column(records.iter().map(|record| flags(&record)).collect());
    if all.len() > 1 {
        column(records.iter().map(|record| place(text(record, "writer"), all)).collect());
    }
    column(records.iter().map(|record| birth(record) - 1).collect());
    column(of(&|it| last(it) > birth(it)).iter().map(|it| last(it) - birth(it) - 1).collect());
    column(
        of(&|it| flags(&&it) & 3 == 3).iter().map(|it| number(it, "registered") - birth(it) - 1).collect(),
    );
    column(of(&|it| net(it) != 0).iter().map(|it| net(it).unsigned_abs() - 1).collect());
    let unreset = |it: &Value| last(it) - number(&it["baseline"], "last");
    column(reset.iter().map(|it| unreset(it)).collect());
    let zigzag = |net: i64| if net < 0 { 2 * net.unsigned_abs() - 1 } else { 2 * net as u64 };
    let behind = reset.iter().filter(|it| unreset(it) > 0);
    column(behind.map(|it| zigzag(net(&it["baseline"]))).collect());
    let stamps: Vec<(String, u64)> = reset.iter().map(|it| dot(&it["baseline"]["stamp"])).collect();
    if all.len() > 1 {
        column(stamps.iter().map(|(replica, _)| place(replica, all)).collect());
    }
    column(stamps.iter().map(|(_, seq)| seq - 1).collect());
}

fn write_drops(kind: u8, drops: &[Value], names: &[&str], all: &[Known], bytes: &mut Vec<u8>) {
    let is_own = |drop: &Value| dot(&drop["stamp"]).0 == text(drop, "writer");
    let has_foreign = !drops.iter().all(is_own);
    let has_unbounded = drops.iter().any(|drop| drop["end"].is_null());
    let bits = 2 * u64::from(has_foreign) + u64::from(has_unbounded);
    write_number(4 * drops.len() as u64 + bits, bytes);
    write_ids(kind, drops, has_unbounded, names, bytes);
    if all.len() > 1 {
        write_column(drops.iter().map(|drop| place(text(drop, "writer"), all)).collect(), bytes);
    }
    write_column(drops.iter().map(|drop| number(drop, "birth") - 1).collect(), bytes);
    if has_foreign {
        write_column(drops.iter().map(|drop| place(&dot(&drop["stamp"]).0, all)).collect(), bytes);
    }
    let from = |drop: &Value| if is_own(drop) { number(drop, "birth") } else { 1 };
    write_column(drops.iter().map(|drop| dot(&drop["stamp"]).1 - from(drop)).collect(), bytes);
}

/// The bytes of a delta or a state.
pub fn delta(kind: u8, says: &Value) -> Vec<u8> {
    let (registrations, drops) = (list(says, "registrations"), list(says, "tombstones"));
    let records: Vec<&Value> = registrations.iter().flat_map(|it| list(it, "records")).collect();
    let mut carried = Dots::new();
    for record in &records {
        carried.extend(["birth", "last"].map(|name| (text(record, "writer").into(), number(record, name))));
        carried.extend(Some(&record["baseline"]).filter(|it| !it.is_null()).map(|it| dot(&it["stamp"])));
    }
    for drop in drops {
        carried.extend([(text(drop, "writer").into(), number(drop, "birth")), dot(&drop["stamp"])]);
    }
    let all = beyond(&says["knows"], &carried);
    let has_context = all.iter().any(|it| it.prefix > 0 || !it.runs.is_empty() || it.retired_at.is_some());
    let mut bytes = vec![0x10 + kind];
    write_number(2 * all.len() as u64 + u64::from(has_context), &mut bytes);
    all.iter().for_each(|known| bytes.extend(unhex(&known.replica)));
    if has_context {
        write_context(&all, &mut bytes);
    }
    let count = registrations.len() as u64;
    let (has_several, has_drops) = (records.len() > registrations.len(), !drops.is_empty());
    let has_unbounded = registrations.iter().any(|it| it["end"].is_null());
    let bits = 4 * u64::from(has_several) + 2 * u64::from(has_unbounded) + u64::from(has_drops);
    write_number(8 * count + bits, &mut bytes);
    let names: BTreeSet<&str> = registrations.iter().chain(drops).map(|it| text(it, "node")).collect();
    let names: Vec<&str> = names.into_iter().collect();
    if has_drops || count > 1 {
        write_number(names.len() as u64, &mut bytes);
    }
    write_names(&names, &mut bytes);
    write_ids(kind, registrations, has_unbounded, &names, &mut bytes);
    if has_several {
        write_column(
            registrations.iter().map(|it| list(it, "records").len() as u64 - 1).collect(),
            &mut bytes,
        );
    }
    write_records(&records, &all, &mut bytes);
    if has_drops {
        write_drops(kind, drops, &names, &all, &mut bytes);
    }
    bytes
}
