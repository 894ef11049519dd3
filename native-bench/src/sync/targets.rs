//! What was to be reached, beside what was: each line of the page's table, and what `tests/cost.rs` asserts of smaller ones.

use super::gossip::{FAN_IN, News, Reach};
use super::meeting::{Act, Who};
use super::page::grouped;
use super::rows::{Draws, Row, Special};

/// A target and what was reached.
#[derive(Clone, Debug)]
pub struct Target {
    /// What is counted.
    pub what: String,
    /// The figures, each with its name.
    pub figures: Vec<Figure>,
}

/// A figure with its bound.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it counts.
    pub unit: &'static str,
    /// What it may be at most.
    pub at_most: f64,
    /// What it is.
    pub reached: f64,
}

impl Target {
    fn new(what: impl Into<String>, figures: impl IntoIterator<Item = (&'static str, f64, f64)>) -> Self {
        let figures = figures.into_iter().map(|(unit, at_most, reached)| Figure { unit, at_most, reached });
        Self { what: what.into(), figures: figures.collect() }
    }

    /// Whether all figures are within their bounds.
    pub fn is_met(&self) -> bool {
        self.figures.iter().all(|it| it.reached <= it.at_most)
    }
}

/// What meetings of some kind may cost, whoever of the two did something.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How many differ.
    pub d: usize,
    /// What was done.
    pub acts: &'static [Act],
    /// With a log, without.
    pub logs: &'static [bool],
    /// The most bytes.
    pub bytes_max: u64,
    /// The most messages.
    pub messages_max: u64,
}

const CHANGES: &[Act] = &[Act::New, Act::Own, Act::Others];
const RELEASES: &[Act] = &[Act::Released];

/// What is wanted at a million registrations.
pub const LIMITS: [Limit; 4] = [
    Limit { d: 20, acts: RELEASES, logs: &[false], bytes_max: 2_000, messages_max: 5 },
    Limit { d: 2_000, acts: RELEASES, logs: &[false], bytes_max: 90_000, messages_max: 6 },
    Limit { d: 20_000, acts: CHANGES, logs: &[true, false], bytes_max: 320_000, messages_max: u64::MAX },
    Limit { d: 20_000, acts: RELEASES, logs: &[true], bytes_max: 400_000, messages_max: u64::MAX },
];

impl Limit {
    /// The dearest of those rows that it is about; nothing if there is none.
    pub fn target(&self, rows: &[Row]) -> Option<Target> {
        let is_meant = |row: &&Row| {
            row.d == self.d
                && self.acts.contains(&row.act)
                && self.logs.contains(&row.has_log)
                && row.who != Who::Both
        };
        let n = rows.iter().map(|row| row.n).max()?;
        let worst =
            rows.iter().filter(|row| row.n == n).filter(is_meant).max_by_key(|row| row.meeting.bytes)?;
        let Row { n, d, act, who, has_log, ref meeting } = *worst;
        let log = if has_log { "with log" } else { "without" };
        let what = format!(
            "{} {}, {log}, by the {}, n = {}",
            grouped(d as u64),
            act.name(),
            who.name(),
            grouped(n as u64)
        );
        let bytes = ("bytes", self.bytes_max as f64, meeting.bytes as f64);
        let messages = ("messages", self.messages_max as f64, meeting.messages as f64);
        let messages = (self.messages_max < u64::MAX).then_some(messages);
        Some(Target::new(what, [bytes].into_iter().chain(messages)))
    }
}

/// A cold meeting of 20 + 20 may take so long on each side.
const COLD_MS: f64 = 15.0;

/// The processor time of the slowest cold meeting of that kind in the greatest map.
pub fn cold(rows: &[Row]) -> Option<Target> {
    let n = rows.iter().map(|row| row.n).max()?;
    let is_meant = |row: &&Row| row.n == n && row.d == 20 && row.who == Who::Both && !row.has_log;
    let slow = |row: &Row| row.meeting.computed_ms.into_iter().fold(0.0, f64::max);
    let worst = rows.iter().filter(is_meant).max_by(|one, other| slow(one).total_cmp(&slow(other)))?;
    let [resident, comer] = worst.meeting.computed_ms;
    let what = format!("20 + 20 {}, without log, n = {}", worst.act.name(), grouped(n as u64));
    Some(Target::new(what, [("ms of the resident", COLD_MS, resident), ("ms of the comer", COLD_MS, comer)]))
}

/// A meeting beside its own bound.
pub fn special(special: &Special) -> Target {
    let what = format!("{}, n = {}", special.what, grouped(special.n as u64));
    Target::new(what, [("bytes", special.bytes_max as f64, special.meeting.bytes as f64)])
}

/// 10 + 10 operations may take so many bytes on average, at a million registrations.
pub const DRAW_BYTES_MAX: u64 = 600;

/// The mean of many draws.
pub fn draws(draws: &Draws, bytes_max: u64) -> Target {
    let n = grouped(draws.n as u64);
    let what = format!(
        "10 + 10 operations, warm, n = {n}: the mean of {} draws (the worst, {}: {} bytes)",
        draws.draws, draws.worst_seed, draws.worst_bytes
    );
    Target::new(what, [("bytes", bytes_max as f64, draws.mean_bytes)])
}

/// What a change may cost in a mesh.
pub fn gossip(run: &Reach) -> Option<Target> {
    if run.fan_in != FAN_IN as u64 || run.lost_percent > 0 && run.news == News::Many {
        return None;
    }
    let Reach { replicas, lost_percent, .. } = run;
    let what = format!(
        "{} replicas, fan-in {FAN_IN}, {}, {lost_percent} % lost",
        grouped(*replicas),
        run.news.name()
    );
    let time = |at_most| ("ms", at_most, run.all_ms as f64);
    let bytes = |at_most| ("bytes a replica", at_most, run.bytes_per_replica);
    Some(match (run.news, lost_percent) {
        (News::Many, _) => Target::new(what, [time(1_000.0), bytes(8_000.0)]),
        (_, 0) => Target::new(what, [time(150.0), bytes(200.0)]),
        _ => Target::new(what, [time(1_000.0)]),
    })
}
