//! The page's part on many replicas: how far, how fast and at what cost changes spread.

use super::figures::{bytes, digits, short, time, whole};
use super::markdown_table;
use super::sections::{Plot, Section};
use crate::gossip::{FAN_OUTS, Gossip, LINKS, Spread};
use crate::plot::lines::{LinePlot, Series};
use crate::plot::svg::{Colour, Stroke};

/// The colours of the fan-outs.
const COLOURS: [Colour; 4] = [Colour::Orange, Colour::Green, Colour::Purple, Colour::Blue];

/// What is shown of a run.
type Figure = fn(&Spread) -> f64;

pub(super) fn section(gossip: &Gossip) -> Section {
    let most = gossip.runs.iter().map(|run| run.replicas).max().unwrap_or(0);
    let all_ms: Figure = |run| run.all_ms as f64 * 1e6;
    let sent: Figure = |run| run.bytes_per_replica;
    let replicas: Figure = |run| run.replicas as f64;
    let n: Figure = |run| run.n as f64;
    let among: Vec<&Spread> = gossip.of(1, |run| run.n == 10_000);
    let of_sizes: Vec<&Spread> = gossip.of(1, |run| run.replicas == most);
    let plots = [
        (
            "Until everybody knows a change",
            "gossip-time.svg",
            "virtual time",
            time as fn(f64) -> String,
            &among,
            all_ms,
            replicas,
        ),
        ("What that takes", "gossip-bytes.svg", "sent by a replica", bytes, &among, sent, replicas),
        (
            "What that takes, against what they hold",
            "gossip-size.svg",
            "sent by a replica",
            bytes,
            &of_sizes,
            sent,
            n,
        ),
    ];
    let plots = plots.map(|(title, file, y_name, y_text, runs, y, x)| {
        let x_name = if file == "gossip-size.svg" { "registrations" } else { "replicas" };
        let plot = LinePlot { title, y_name, y_text, x_name, x_text: short, series: series(runs, x, y) };
        Plot { title, file, svg: plot.draw() }
    });
    Section { title: "Many replicas", text: text(), plots: plots.into(), tables: vec![table(&gossip.runs)] }
}

fn text() -> String {
    format!(
        "Replicas that all hold W(n) have links to {LINKS} others on average, two of them in a ring; a message takes 5 to 50 ms, and none is \
         lost. One replica makes a change, or 100 of them make one each at the same moment. What is news goes on at once to as many \
         neighbours as the fan-out says. Time is virtual, and the figures are the same on every machine. *Rounds* are the links in a \
         row over which the last news came to somebody. What is sent includes digests, and the asking that they lead to where the fan-out \
         has left somebody out."
    )
}

fn series(runs: &[&Spread], x: Figure, y: Figure) -> Vec<Series> {
    let of = |fan_out: usize, colour: Colour| Series {
        name: if fan_out == LINKS { format!("fan-out {fan_out}, all") } else { format!("fan-out {fan_out}") },
        stroke: Stroke::Strong,
        colour,
        points: runs.iter().filter(|run| run.fan_out == fan_out as u64).map(|run| [x(run), y(run)]).collect(),
    };
    FAN_OUTS.into_iter().zip(COLOURS).map(|(fan_out, colour)| of(fan_out, colour)).collect()
}

fn table(runs: &[Spread]) -> String {
    let heads = [
        "replicas",
        "n",
        "fan-out",
        "changes",
        "rounds",
        "99 % know",
        "all know",
        "messages a replica",
        "bytes a replica",
    ];
    let row = |run: &Spread| {
        let ms = |ms: u64| time(ms as f64 * 1e6);
        vec![
            whole(run.replicas as f64),
            whole(run.n as f64),
            whole(run.fan_out as f64),
            whole(run.changes as f64),
            whole(run.rounds as f64),
            ms(run.most_ms),
            ms(run.all_ms),
            digits(run.messages_per_replica),
            bytes(run.bytes_per_replica),
        ]
    };
    markdown_table(0, &heads.map(String::from), &runs.iter().map(row).collect::<Vec<_>>())
}
