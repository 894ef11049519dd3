//! The page on what synchronisation costs, with its plots.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::churn::Sample;
use super::gossip::{FANS_IN, LINKS, MANY, News, Reach, SINGLES, WARM_UP};
use super::meeting::{Act, Meeting, Who};
use super::rows::{Draws, Row, Special};
use super::tabs::Spread;
use super::targets::{self, DRAW_BYTES_MAX, Figure, LIMITS, Target};
use crate::plot::lines::{LinePlot, Series};
use crate::plot::svg::{Colour, Point, Stroke};

/// Everything that was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Two replicas that meet.
    pub rows: Vec<Row>,
    /// Meetings with a bound of their own.
    pub specials: Vec<Special>,
    /// The same meeting of many draws.
    pub draws: Vec<Draws>,
    /// Many on one medium.
    pub spreads: Vec<Spread>,
    /// Many with links to a few.
    pub gossip: Vec<Reach>,
    /// What is left of many operations, with retirement and maintenance.
    pub churn: Vec<Sample>,
    /// The same without: whoever is lost is not retired.
    pub unretired: Vec<Sample>,
}

/// Writes `sync.md` and the plots beside it.
///
/// # Errors
/// If a file cannot be written.
pub fn write(measured: &Measured, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("sync-bytes.svg"), bytes_plot(&measured.rows))?;
    fs::write(folder.join("sync-churn.svg"), churn_plot(measured))?;
    for (file, svg) in gossip_plots(&measured.gossip) {
        fs::write(folder.join(file), svg)?;
    }
    fs::write(folder.join("sync.md"), page(measured))
}

fn page(measured: &Measured) -> String {
    let mut page = String::from(
        "# What synchronisation costs\n\n\
         Counted by `make bench-sync` in virtual time: messages and bytes are the same on every machine. Milliseconds of processor time \
         are this machine's. In the end of each row all replicas are equal and show what merging what they had shows, which is checked.\n\n\
         ## What was to be reached\n\n\
         Of each kind of meeting, the dearest.\n\n\
         | what | at most | reached | met |\n|---|---|---|---|\n",
    );
    for target in targets(measured) {
        let line = |of: fn(&Figure) -> f64| {
            let figures = target.figures.iter().map(|it| format!("{} {}", number(of(it)), it.unit));
            figures.collect::<Vec<_>>().join(", ")
        };
        let is_met = if target.is_met() { "yes" } else { "**no**" };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {is_met} |",
            target.what,
            line(|it| it.at_most),
            line(|it| it.reached)
        );
    }
    page += "\n## Two replicas that meet\n\n\
             Both hold W(n) and share no memory; one or both did something to d registrations since, each to as many: announced *new* \
             ones, increased its *own* or those that the *others* wrote, *released* any, or increased, released and announced in turn \
             (*mixed*). Then one comes to a medium where the other is, a millisecond away. *Without log*: neither remembers its latest \
             changes. Each cell: bytes in both directions, heads and checksums and what either drops in answer included; messages; and \
             processor time of who was there and of who came, the median of five meetings.\n\n\
             ![Bytes by difference](sync-bytes.svg)\n";
    page += &meetings(&measured.rows);
    page += "\n### Great differences\n\n\
             Without logs that reach back. *At most*: 1.05 times the encoded state of one of the two, and what the other has beyond that.\n\n\
             | what | n | at most, bytes | bytes | messages | virtual ms | ms computed |\n|---|---|---|---|---|---|---|\n";
    for Special { what, n, meeting, bytes_max } in &measured.specials {
        let [n, bytes_max, bytes] = [*n as u64, *bytes_max, meeting.bytes].map(grouped);
        let Meeting { messages, virtual_ms, computed_ms: [resident, comer], .. } = meeting;
        let _ = writeln!(
            page,
            "| {what} | {n} | {bytes_max} | {bytes} | {messages} | {virtual_ms} | {resident:.1} + {comer:.1} |"
        );
    }
    page += "\n### 10 + 10 operations, mixed, with logs\n\n\
             | n | draws | mean, bytes | worst, bytes | which draw | messages at most |\n|---|---|---|---|---|---|\n";
    for it in &measured.draws {
        let Draws { n, draws, mean_bytes, worst_bytes, worst_seed, worst_messages } = it;
        let n = grouped(*n as u64);
        let _ = writeln!(
            page,
            "| {n} | {draws} | {mean_bytes:.0} | {worst_bytes} | {worst_seed} | {worst_messages} |"
        );
    }
    page += "\n## Many replicas on one medium\n\n\
             All hold W(1000). *Opening*: one comes with its registrations, the others with nothing, all at once. *Joiner*: one more comes, \
             with nothing. *Idle*: an hour without anything to do. Questions and answers wait for up to 40 ms at random, so that one asks and \
             one answers.\n\n\
             | | replicas | posts | bytes | deliveries | virtual ms until the last had it |\n|---|---|---|---|---|---|\n";
    for Spread { what, replicas, posts, bytes, deliveries, virtual_ms } in &measured.spreads {
        let (bytes, deliveries) = (grouped(*bytes), grouped(*deliveries));
        let when = if what == "idle" { "–".into() } else { virtual_ms.to_string() };
        let _ = writeln!(page, "| {what} | {replicas} | {posts} | {bytes} | {deliveries} | {when} |");
    }
    page += &gossip(&measured.gossip);
    page += "\n## What is left of a million operations\n\n\
             Four replicas write at random to 2,000 registrations, half of the operations releases, and hear of each other every 100 \
             operations. Every 50,000 one of them is lost for good and another comes in its place. *Retired*: whoever is lost is retired \
             and maintenance is done then. *Fresh* is the state of a replica that holds the same registrations, each written once.\n\n\
             ![Bytes of the state by operations](sync-churn.svg)\n\n\
             | operations | live | writers so far | bytes, retired | bytes, not retired | bytes, fresh |\n|---|---|---|---|---|---|\n";
    for (it, unretired) in measured.churn.iter().zip(&measured.unretired) {
        let cells =
            [it.operations, it.live as u64, it.writers as u64, it.bytes as u64, unretired.bytes as u64]
                .map(grouped);
        let _ = writeln!(page, "| {} | {} |", cells.join(" | "), grouped(it.fresh_bytes as u64));
    }
    page
}

fn targets(measured: &Measured) -> Vec<Target> {
    let Measured { rows, specials, draws, gossip, .. } = measured;
    let crowd = gossip.iter().map(|run| run.replicas).max();
    let gossip = gossip.iter().filter(|run| Some(run.replicas) == crowd).filter_map(targets::gossip);
    let limits = LIMITS.iter().filter_map(|limit| limit.target(rows));
    limits
        .chain(specials.iter().map(targets::special))
        .chain(draws.iter().map(|it| targets::draws(it, DRAW_BYTES_MAX)))
        .chain(targets::cold(rows))
        .chain(gossip)
        .collect()
}

/// A table for each n, with logs and without: a line for what was done by whom, a column for each d.
fn meetings(rows: &[Row]) -> String {
    let mut text = String::new();
    for table in rows.chunk_by(|one, other| (one.n, one.has_log) == (other.n, other.has_log)) {
        let (n, log) = (table[0].n, if table[0].has_log { "with log" } else { "without log" });
        let lines: Vec<&[Row]> =
            table.chunk_by(|one, other| (one.act, one.who) == (other.act, other.who)).collect();
        let heads: Vec<String> =
            lines[0].iter().map(|row| format!("d = {}", grouped(row.d as u64))).collect();
        let _ = writeln!(text, "\n**n = {}, {log}**\n\n| | {} |", grouped(n as u64), heads.join(" | "));
        let _ = writeln!(text, "|---|{}", "---|".repeat(heads.len()));
        for line in lines {
            let cells = line.iter().map(|Row { meeting, .. }| {
                let Meeting { messages, bytes, computed_ms: [resident, comer], .. } = meeting;
                format!("{} B · {messages} · {resident:.1} + {comer:.1} ms", grouped(*bytes))
            });
            let cells = cells.collect::<Vec<_>>().join(" | ");
            let _ = writeln!(text, "| {}, {} | {cells} |", line[0].act.name(), line[0].who.name());
        }
    }
    text
}

fn gossip(runs: &[Reach]) -> String {
    let mut text = format!(
        "\n## A thousand replicas with links to a few\n\n\
         All hold W(10,000), and have links to {LINKS} others on average, two of them in a ring. A message takes 5 to 50 ms. Each wants \
         news at once from as many neighbours as the *fan-in* says. Somebody makes the *first* change; after {WARM_UP} of them, {SINGLES} more, \
         one after the other by anybody: the slowest, and the mean of what they cost; and at last {MANY} replicas make one each at the \
         same moment. Messages and bytes are what a replica sends on average until all know, digests included; *after*: in the \
         second after that.\n\n\
         ![Time until everybody knows a change](gossip-time.svg)\n\n![Bytes that it takes](gossip-bytes.svg)\n\n\
         | replicas | fan-in | % lost | | virtual ms until 99 % know | all know | messages a replica | bytes a replica | bytes after |\n\
         |---|---|---|---|---|---|---|---|---|\n"
    );
    for run in runs {
        let Reach { fan_in, lost_percent, news, messages_per_replica, .. } = run;
        let [replicas, most_ms, all_ms] = [run.replicas, run.most_ms, run.all_ms].map(grouped);
        let [bytes, after] = [run.bytes_per_replica, run.bytes_after_per_replica].map(number);
        let _ = writeln!(
            text,
            "| {replicas} | {fan_in} | {lost_percent} | {} | {most_ms} | {all_ms} | {messages_per_replica:.1} | {bytes} | {after} |",
            news.name()
        );
    }
    text
}

/// One change, warm: what it takes by replicas.
fn gossip_plots(runs: &[Reach]) -> [(&'static str, String); 2] {
    let lines = |point: fn(&Reach) -> Point| -> Vec<Series> {
        let of = |(fan_in, colour): (usize, Colour)| {
            let is_shown =
                |run: &&Reach| run.news == News::Warm && run.lost_percent == 0 && run.fan_in == fan_in as u64;
            let points = runs.iter().filter(is_shown).map(point).collect();
            Series { name: format!("fan-in {fan_in}"), stroke: Stroke::Strong, colour, points }
        };
        let colours = [Colour::Orange, Colour::Blue, Colour::Purple, Colour::Green];
        FANS_IN.into_iter().zip(colours).map(of).collect()
    };
    let time = lines(|run| [run.replicas as f64, run.all_ms as f64]);
    let bytes = lines(|run| [run.replicas as f64, run.bytes_per_replica]);
    [
        ("gossip-time.svg", plot("Until everybody knows a change", "virtual ms", "replicas", time)),
        ("gossip-bytes.svg", plot("What that takes", "bytes a replica", "replicas", bytes)),
    ]
}

fn bytes_plot(rows: &[Row]) -> String {
    let n = rows.iter().map(|row| row.n).max().unwrap_or(0);
    let of = |act: Act, has_log: bool, colour| {
        let is_shown =
            |row: &&Row| row.n == n && row.act == act && row.has_log == has_log && row.who == Who::Comer;
        let points = rows.iter().filter(is_shown).map(|row| [row.d as f64, row.meeting.bytes as f64]);
        let log = if has_log { "with log" } else { "without" };
        let name = format!("{}, {log}", act.name());
        Series { name, stroke: Stroke::Strong, colour, points: points.collect() }
    };
    let series = vec![
        of(Act::New, true, Colour::Grey),
        of(Act::New, false, Colour::Green),
        of(Act::Released, true, Colour::Blue),
        of(Act::Released, false, Colour::Orange),
    ];
    plot(
        "Bytes until two replicas are equal, of which one did something",
        "bytes",
        "registrations that differ",
        series,
    )
}

fn churn_plot(measured: &Measured) -> String {
    let of = |samples: &[Sample], name: &str, colour, bytes: fn(&Sample) -> usize| Series {
        name: name.into(),
        stroke: Stroke::Strong,
        colour,
        points: samples.iter().map(|it| -> Point { [it.operations as f64, bytes(it) as f64] }).collect(),
    };
    let series = vec![
        of(&measured.unretired, "lost, not retired", Colour::Orange, |it| it.bytes),
        of(&measured.churn, "lost and retired", Colour::Blue, |it| it.bytes),
        of(&measured.churn, "fresh", Colour::Grey, |it| it.fresh_bytes),
    ];
    plot("What is left of a million operations", "bytes of the state", "operations", series)
}

fn plot(title: &str, y_name: &str, x_name: &str, series: Vec<Series>) -> String {
    let text = |value: f64| grouped(value as u64);
    LinePlot { title, y_name, y_text: text, x_name, x_text: text, series }.draw()
}

/// With commas between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The same, rounded.
fn number(number: f64) -> String {
    if number < 100.0 && number.fract() != 0.0 {
        format!("{number:.1}")
    } else {
        grouped(number.round() as u64)
    }
}
