//! Deltas and contexts.

use serde_json::{Value, json};

use super::Bytes;

/// Runs of dots, first to last.
type Runs = Vec<(u64, u64)>;

/// For each replica the runs of dots that are known, and its last one that was known when it was retired.
#[derive(Default)]
pub(super) struct Context(Vec<(String, Runs, Option<u64>)>);

impl Context {
    fn read(replicas: &[String], bytes: &mut Bytes<'_>) -> Self {
        let mut all = Self::default();
        for replica in replicas {
            let number = bytes.number();
            let prefix = number >> 1;
            let (mut runs, mut retired) = (Vec::new(), None);
            runs.extend((prefix > 0).then_some((1, prefix)));
            if number & 1 == 1 {
                let number = bytes.number();
                let mut before = prefix;
                for _ in 0..number >> 1 {
                    let first = before + 2 + bytes.number();
                    before = first + bytes.number();
                    runs.push((first, before));
                }
                retired = (number & 1 == 1).then(|| bytes.number());
            }
            all.0.push((replica.clone(), runs, retired));
        }
        all
    }

    pub(super) fn read_whole(bytes: &mut Bytes<'_>) -> Self {
        let count = bytes.number();
        let replicas: Vec<String> = (0..count).map(|_| bytes.replica()).collect();
        Self::read(&replicas, bytes)
    }

    fn claim(&mut self, replica: &str, seq: u64) {
        let at = self.0.iter().position(|(other, ..)| other == replica).unwrap();
        let runs = &mut self.0[at].1;
        if !runs.iter().any(|(first, last)| (*first..=*last).contains(&seq)) {
            runs.push((seq, seq));
            runs.sort_unstable();
        }
        runs.dedup_by(|next, run| {
            run.1 + 1 == next.0 && {
                run.1 = next.1;
                true
            }
        });
    }

    pub(super) fn json(&self) -> Value {
        let all = self.0.iter().map(|(replica, runs, retired)| {
            let mut known = json!({ "runs": runs });
            if let Some(last) = retired {
                known["retired_at"] = json!(last);
            }
            (replica.clone(), known)
        });
        Value::Object(all.collect())
    }
}

/// Starts and ends of ranges, as text.
pub(super) fn ranges(kind: u8, unbounded: &[bool], bytes: &mut Bytes<'_>) -> Vec<(String, Option<String>)> {
    if kind == 2 {
        let mut key = || {
            let length = bytes.number() as usize;
            bytes.text(length)
        };
        return unbounded.iter().map(|is_unbounded| (key(), (!is_unbounded).then(&mut key))).collect();
    }
    assert_eq!(kind, 1);
    let differences = bytes.column(unbounded.len());
    let mut lengths = bytes.column(unbounded.iter().filter(|it| !**it).count()).into_iter();
    let mut start = 0;
    let range = |(difference, is_unbounded): (u64, &bool)| {
        start += difference;
        let end = (!is_unbounded).then(|| (start + lengths.next().unwrap() + 1).to_string());
        (start.to_string(), end)
    };
    differences.into_iter().zip(unbounded).map(range).collect()
}

/// Triples of start, end and node.
fn ids(kind: u8, count: usize, has_unbounded: bool, nodes: &[String], bytes: &mut Bytes<'_>) -> Vec<Value> {
    let unbounded = if has_unbounded { bytes.column(count) } else { vec![0; count] };
    let unbounded: Vec<bool> = unbounded.iter().map(|bit| *bit == 1).collect();
    let numbers = if nodes.len() > 1 { bytes.column(count) } else { vec![0; count] };
    let ranges = ranges(kind, &unbounded, bytes);
    let id = |((start, end), node): ((String, Option<String>), u64)| json!({ "start": start, "end": end, "node": nodes[node as usize] });
    ranges.into_iter().zip(numbers).map(id).collect()
}

fn nodes(count: usize, bytes: &mut Bytes<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for at in 0..count {
        let [shared, rest] = if at == 0 {
            [0, usize::from(bytes.byte())]
        } else {
            let both = bytes.byte();
            [both >> 4, both & 15]
                .map(usize::from)
                .map(|length| if length == 15 { 15 + usize::from(bytes.byte()) } else { length })
        };
        let mut name = names.last().map_or(Vec::new(), |before| before.as_bytes()[..shared].to_vec());
        name.extend(bytes.raw(rest));
        names.push(String::from_utf8(name).unwrap());
    }
    names
}

fn zigzag(number: u64) -> i64 {
    if number & 1 == 1 { -((number >> 1) as i64) - 1 } else { (number >> 1) as i64 }
}

/// So many records, each with the place of its writer.
fn records(count: usize, replicas: &[String], context: &mut Context, bytes: &mut Bytes<'_>) -> Vec<Value> {
    let flags = bytes.column(count);
    let with = |bit: u64| flags.iter().filter(|flags| **flags & bit != 0).count();
    let between = flags.iter().filter(|flags| **flags & 3 == 3).count();
    let places = |count: usize, bytes: &mut Bytes<'_>| {
        if replicas.len() > 1 { bytes.column(count) } else { vec![0; count] }
    };
    let writers = places(count, bytes);
    let births = bytes.column(count);
    let mut lasts = bytes.column(with(4)).into_iter();
    let mut registers = bytes.column(between).into_iter();
    let mut nets = bytes.column(with(8)).into_iter();
    let unreset = bytes.column(with(32));
    let mut baseline_nets = bytes.column(unreset.iter().filter(|it| **it > 0).count()).into_iter();
    let mut stamp_replicas = places(with(32), bytes).into_iter();
    let mut stamps = bytes.column(with(32)).into_iter();
    let mut unreset = unreset.into_iter();
    let mut all = Vec::new();
    for ((flags, writer), birth) in flags.into_iter().zip(writers).zip(births) {
        let (writer, birth) = (&replicas[writer as usize], birth + 1);
        let last = if flags & 4 != 0 { birth + 1 + lasts.next().unwrap() } else { birth };
        let registered = match flags & 3 {
            0 => None,
            1 => Some(birth),
            2 => Some(last),
            _ => Some(birth + 1 + registers.next().unwrap()),
        };
        let size = if flags & 8 != 0 { nets.next().unwrap() as i64 + 1 } else { 0 };
        let net = if flags & 16 != 0 { -size } else { size };
        context.claim(writer, birth);
        context.claim(writer, last);
        let mut record =
            json!({ "writer": writer, "birth": birth, "last": last, "net": net, "registered": registered });
        if flags & 32 != 0 {
            let unreset = unreset.next().unwrap();
            let net = if unreset > 0 { zigzag(baseline_nets.next().unwrap()) } else { net };
            let (replica, seq) =
                (&replicas[stamp_replicas.next().unwrap() as usize], stamps.next().unwrap() + 1);
            context.claim(replica, seq);
            record["baseline"] = json!({ "last": last - unreset, "net": net, "stamp": [replica, seq] });
        }
        all.push(record);
    }
    all
}

fn drops(
    kind: u8,
    nodes: &[String],
    replicas: &[String],
    context: &mut Context,
    bytes: &mut Bytes<'_>,
) -> Vec<Value> {
    let number = bytes.number();
    let (count, has_foreign) = ((number >> 2) as usize, number & 2 != 0);
    let ids = ids(kind, count, number & 1 != 0, nodes, bytes);
    let writers = if replicas.len() > 1 { bytes.column(count) } else { vec![0; count] };
    let births = bytes.column(count);
    let stampers = if has_foreign { bytes.column(count) } else { writers.clone() };
    let stamps = bytes.column(count);
    let mut all = Vec::new();
    for (at, mut drop) in ids.into_iter().enumerate() {
        let [writer, stamper] = [&writers, &stampers].map(|places| &replicas[places[at] as usize]);
        let birth = births[at] + 1;
        let stamp = stamps[at] + if writer == stamper { birth } else { 1 };
        context.claim(writer, birth);
        context.claim(stamper, stamp);
        let dropped = drop.as_object_mut().unwrap();
        dropped.extend([("writer".into(), json!(writer)), ("birth".into(), json!(birth))]);
        dropped.insert("stamp".into(), json!([stamper, stamp]));
        all.push(drop);
    }
    all
}

/// A delta or a state.
pub fn delta(all: &[u8]) -> Value {
    let mut bytes = Bytes { rest: all };
    let header = bytes.byte();
    assert_eq!(header >> 4, 1);
    let kind = header & 15;
    let number = bytes.number();
    let replicas: Vec<String> = (0..number >> 1).map(|_| bytes.replica()).collect();
    let mut context = if number & 1 == 1 {
        Context::read(&replicas, &mut bytes)
    } else {
        Context(replicas.iter().map(|replica| (replica.clone(), Vec::new(), None)).collect())
    };
    let counts = bytes.number();
    let count = (counts >> 3) as usize;
    let listed = if counts & 1 == 1 || count > 1 { bytes.number() as usize } else { count };
    let nodes = nodes(listed, &mut bytes);
    let mut ids = ids(kind, count, counts & 2 != 0, &nodes, &mut bytes);
    let more = if counts & 4 != 0 { bytes.column(count) } else { vec![0; count] };
    let total = count + more.iter().sum::<u64>() as usize;
    let mut records = records(total, &replicas, &mut context, &mut bytes).into_iter();
    for (id, more) in ids.iter_mut().zip(more) {
        id["records"] = records.by_ref().take(more as usize + 1).collect();
    }
    let drops = match counts & 1 {
        1 => drops(kind, &nodes, &replicas, &mut context, &mut bytes),
        _ => Vec::new(),
    };
    bytes.finish();
    json!({ "knows": context.json(), "registrations": ids, "tombstones": drops })
}

/// A context as bytes of its own.
pub fn context(all: &[u8]) -> Value {
    let mut bytes = Bytes { rest: all };
    assert_eq!(bytes.byte(), 0x10);
    let context = Context::read_whole(&mut bytes);
    bytes.finish();
    context.json()
}
