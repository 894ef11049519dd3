//! A roster that two people write apart, and where nobody or too many are on call: `cargo run --example on_call_roster`.
//!
//! Keys are the hours of a week from Monday 00:00 on, nodes are people. The one with the highest priority is called first.

use std::error::Error;

use crdt_range_map::{Delta, KeyRange, NodeId, RangeMap, ReplicaId};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The hours from one day and hour to another.
fn hours(from: (u64, u64), to: (u64, u64)) -> Result<KeyRange<u64>, Box<dyn Error>> {
    Ok(KeyRange::new(24 * from.0 + from.1, 24 * to.0 + to.1)?)
}

fn time(hour: u64) -> String {
    format!("{} {:02}:00", DAYS[(hour / 24 % 7) as usize], hour % 24)
}

fn words(range: &KeyRange<u64>) -> String {
    let end = range.end().map_or("ever".to_owned(), |end| time(*end));
    format!("{} to {end}", time(*range.start()))
}

/// Who is called at an hour, the first one first.
fn called(roster: &RangeMap<u64>, day: u64, hour: u64) -> Vec<String> {
    roster.owners(&(24 * day + hour)).iter().map(|owner| owner.node.to_string()).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let [ann, ben, cleo]: [NodeId; 3] = ["ann".parse()?, "ben".parse()?, "cleo".parse()?];
    let week = hours((0, 0), (7, 0))?;

    // The one who plans the days, on a train without a network, and the one who plans the nights.
    let mut days = RangeMap::new(ReplicaId::new(1));
    let mut nights = RangeMap::new(ReplicaId::new(2));
    let mut sent: Vec<Delta<u64>> = Vec::new();
    for day in 0..5 {
        sent.push(days.register(&ann, &hours((day, 8), (day, 18))?)?);
        // Ben sleeps on Wednesday.
        if day != 2 {
            sent.push(nights.register(&ben, &hours((day, 18), (day + 1, 8))?)?);
        }
    }
    // Both thought of Saturday.
    sent.push(days.register(&cleo, &hours((5, 8), (6, 0))?)?);
    sent.push(nights.register(&ben, &hours((5, 8), (5, 20))?)?);

    // Back at the office: each hears what the other did, in whatever order.
    for delta in sent.iter().rev() {
        days.merge(delta);
        nights.merge(delta);
    }
    assert_eq!(days.state(), nights.state());
    let mut roster = days;

    println!("Nobody is on call:");
    let holes: Vec<_> = roster.gaps_in(&week).collect();
    holes.iter().for_each(|hole| println!("    {}", words(hole)));
    assert_eq!(holes, [hours((0, 0), (0, 8))?, hours((2, 18), (3, 8))?, hours((6, 0), (7, 0))?]);
    println!("More than one is:");
    let overlaps: Vec<_> = roster.served_by_more_than(1, &week).collect();
    overlaps.iter().for_each(|range| println!("    {}", words(range)));
    assert_eq!(overlaps, [hours((5, 8), (5, 20))?]);

    // Cleo takes the holes.
    for hole in &holes {
        drop(roster.register(&cleo, hole)?);
    }
    assert_eq!(roster.gaps_in(&week).count(), 0);
    // Cleo leads on Saturday, and Ben helps.
    drop(roster.set_priority(&cleo, &hours((5, 8), (6, 0))?, 2)?);
    assert_eq!(called(&roster, 5, 12), ["cleo", "ben"]);
    // Ann goes to the dentist on Tuesday, so Ben takes three hours of hers: first he is there, then she goes.
    let dentist = hours((1, 9), (1, 12))?;
    drop(roster.register(&ben, &dentist)?);
    drop(roster.carve(&ann, &hours((1, 8), (1, 18))?, &dentist)?);
    assert_eq!(called(&roster, 1, 10), ["ben"]);
    // And gives him all of Friday.
    drop(roster.hand_over(&ann, &hours((4, 8), (4, 18))?, &ben)?);
    assert_eq!(called(&roster, 4, 10), ["ben"]);
    assert_eq!(roster.gaps_in(&week).count(), 0);

    println!("As few shifts as can be:");
    for piece in roster.cover(&week) {
        let who = piece.node.as_ref().map_or("nobody", NodeId::as_str);
        println!("    {}: {who}", words(&piece.range));
    }
    Ok(())
}
