//! The page on what synchronisation costs, with its plots.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::churn::Sample;
use super::exchange::{Case, Exchange};
use super::gossip::{FAN_OUTS, LINKS, Reach};
use super::tabs::Spread;
use crate::plot::lines::{LinePlot, Series};
use crate::plot::svg::{Colour, Point, Stroke};

/// Everything that was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Two replicas that meet.
    pub exchanges: Vec<Exchange>,
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
    fs::write(folder.join("sync-bytes.svg"), bytes_plot(&measured.exchanges))?;
    fs::write(folder.join("sync-churn.svg"), churn_plot(measured))?;
    for (file, svg) in gossip_plots(&measured.gossip) {
        fs::write(folder.join(file), svg)?;
    }
    fs::write(folder.join("sync.md"), page(measured))
}

fn page(measured: &Measured) -> String {
    let mut page = String::from(
        "# What synchronisation costs\n\n\
         Counted by `make bench-sync` on a perfect medium in virtual time, a millisecond from anybody to everybody; messages and \
         bytes are the same on every machine. In the end of each row all replicas are equal, which is checked.\n\n\
         ## Two replicas that meet\n\n\
         Both hold W(n); *warm* and *cold*: each did 10 operations since (increases, releases, new registrations in turn); cold: neither \
         remembers its latest changes, so that ranges are compared. *Joiner*: one of them knows nothing. All messages of both sides \
         are counted, heads and checksums included, and what either dropped when it learnt of the other's releases.\n\n\
         ![Bytes by n](sync-bytes.svg)\n\n\
         | | n | messages | bytes | round trips | virtual ms | ms computed |\n|---|---|---|---|---|---|---|\n",
    );
    for it in &measured.exchanges {
        let case = match it.case {
            Case::Warm => "10 + 10, warm",
            Case::Cold => "10 + 10, cold",
            Case::Joiner => "joiner",
        };
        let Exchange { n, messages, bytes, rounds, virtual_ms, computed_ms, .. } = it;
        let _ = writeln!(
            page,
            "| {case} | {} | {messages} | {} | {rounds:.1} | {virtual_ms} | {computed_ms:.1} |",
            grouped(*n as u64),
            grouped(*bytes)
        );
    }
    page += "\n\"ms computed\" is this machine's, of one run, both sides together with all that the medium does.\n\n\
             ## Many replicas on one medium\n\n\
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

fn gossip(runs: &[Reach]) -> String {
    let mut text = format!(
        "\n## A thousand replicas with links to a few\n\n\
         All hold W(n), and have links to {LINKS} others on average, two of them in a ring. A message takes 5 to 50 ms, and none is lost. \
         One replica makes a change, or 100 of them make one each at the same moment; what is news goes on at once to as many neighbours \
         as the *fan-out* says. *Rounds* are the links in a row over which the last news came to somebody. Messages and bytes are what a \
         replica sends on average until all know, digests included, and the asking that they lead to: with a small fan-out somebody is \
         left out, who learns of it by a digest, every 10 to 15 s on each link.\n\n\
         ![Time until everybody knows a change](gossip-time.svg)\n\n![Bytes that it takes](gossip-bytes.svg)\n\n\
         ![Bytes that it takes, by n](gossip-size.svg)\n\n\
         | replicas | n | fan-out | changes | rounds | virtual ms until 99 % know | all know | messages a replica | bytes a replica |\n\
         |---|---|---|---|---|---|---|---|---|\n"
    );
    for run in runs {
        let Reach { fan_out, changes, rounds, messages_per_replica, .. } = run;
        let [replicas, n, most_ms, all_ms, bytes] =
            [run.replicas, run.n, run.most_ms, run.all_ms, run.bytes_per_replica.round() as u64].map(grouped);
        let _ = writeln!(
            text,
            "| {replicas} | {n} | {fan_out} | {changes} | {rounds} | {most_ms} | {all_ms} | {messages_per_replica:.1} | {bytes} |"
        );
    }
    text
}

/// One change: what it takes by replicas, and by what they hold.
fn gossip_plots(runs: &[Reach]) -> [(&'static str, String); 3] {
    let crowd = runs.iter().map(|run| run.replicas).max().unwrap_or(0);
    let lines = |is_shown: &dyn Fn(&Reach) -> bool, point: fn(&Reach) -> Point| -> Vec<Series> {
        let colours = [Colour::Orange, Colour::Green, Colour::Purple, Colour::Blue];
        let of = |(fan_out, colour): (usize, Colour)| {
            let shown =
                runs.iter().filter(|run| run.changes == 1 && run.fan_out == fan_out as u64 && is_shown(run));
            let name = format!("fan-out {fan_out}");
            Series { name, stroke: Stroke::Strong, colour, points: shown.map(point).collect() }
        };
        FAN_OUTS.into_iter().zip(colours).map(of).collect()
    };
    let of_10_000 = |run: &Reach| run.n == 10_000;
    let of_crowd = |run: &Reach| run.replicas == crowd;
    let time = lines(&of_10_000, |run| [run.replicas as f64, run.all_ms as f64]);
    let bytes = lines(&of_10_000, |run| [run.replicas as f64, run.bytes_per_replica]);
    let size = lines(&of_crowd, |run| [run.n as f64, run.bytes_per_replica]);
    [
        (
            "gossip-time.svg",
            plot("Until everybody knows a change, W(10,000)", "virtual ms", "replicas", time),
        ),
        ("gossip-bytes.svg", plot("What that takes, W(10,000)", "bytes a replica", "replicas", bytes)),
        (
            "gossip-size.svg",
            plot("What that takes in the greatest network", "bytes a replica", "registrations", size),
        ),
    ]
}

fn bytes_plot(exchanges: &[Exchange]) -> String {
    let of = |case, name: &str, colour| Series {
        name: name.into(),
        stroke: Stroke::Strong,
        colour,
        points: exchanges
            .iter()
            .filter(|it| it.case == case)
            .map(|it| [it.n as f64, it.bytes as f64])
            .collect(),
    };
    let series = vec![
        of(Case::Joiner, "joiner", Colour::Grey),
        of(Case::Cold, "10 + 10, cold", Colour::Orange),
        of(Case::Warm, "10 + 10, warm", Colour::Blue),
    ];
    plot("Bytes until two replicas are equal", "bytes", "registrations", series)
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
fn grouped(number: u64) -> String {
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
