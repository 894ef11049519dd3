use crdt_range_map::{KeyRange, Operation, RangeMap, ReplicaId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // An id of its own for each writer.
    let mut a = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut b = RangeMap::<u64>::new(ReplicaId::new(2));

    // At 0.01 s.
    let said_1 = a.apply([
        Operation::Register { node: "a \"quoted\" \\ name".parse()?, range: KeyRange::from(9007199254740992..) },
    ])?;

    // At 0.01 s.
    let said_2 = a.apply([
        Operation::Register { node: "line\u{a}break".parse()?, range: KeyRange::from(9007199254740992..) },
    ])?;

    // At 0.01 s.
    let said_3 = a.apply([
        Operation::Register { node: "Zürich 東京 🚂".parse()?, range: KeyRange::from(9007199254740992..) },
    ])?;

    // At 0.01 s.
    let said_4 = a.apply([
        Operation::Register { node: "${code}".parse()?, range: KeyRange::from(9007199254740992..) },
    ])?;

    // At 0.01 s.
    let said_5 = a.apply([
        Operation::Register { node: "\u{202e}evil".parse()?, range: KeyRange::from(9007199254740992..) },
    ])?;

    // At 0.01 s.
    let said_6 = a.apply([
        Operation::Register { node: "'; //".parse()?, range: KeyRange::from(9007199254740992..) },
    ])?;
    b.merge(&said_1);
    b.merge(&said_2);
    b.merge(&said_3);
    b.merge(&said_4);
    b.merge(&said_5);
    b.merge(&said_6);

    // What each answers at 2.00 s.
    let told = |map: &RangeMap<u64>| map.owners(&1152921504606846976).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&a), ["${code}:1", "'; //:1", "Zürich 東京 🚂:1", "a \"quoted\" \\ name:1", "line\u{a}break:1", "\u{202e}evil:1"]);
    assert_eq!(told(&b), ["${code}:1", "'; //:1", "Zürich 東京 🚂:1", "a \"quoted\" \\ name:1", "line\u{a}break:1", "\u{202e}evil:1"]);
    Ok(())
}
