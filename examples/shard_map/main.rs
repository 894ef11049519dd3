//! The shard map of a service in ten processes on this machine, with a drain, a kill and a late joiner: `cargo run --example shard_map`.
//!
//! Keys are the 1,000 shards of a service, and two processes are to serve each. There is no leader: each process looks at the living answer
//! and follows four rules, in `shards.rs`. Meanwhile a client looks up shards, and goes to those whom it is told. It never finds nobody.
//!
//! It starts itself once for each process, with the port of the client and those of the processes that are there already.

mod client;
mod shards;

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use client::Client;
use crdt_range_map::KeyRange;
use crdt_range_map::node::{LinkKind, Output};
use shards::Shards;

const PROCESSES: usize = 10;
const SHARDS: u64 = 1_000;
/// How many are to serve each shard.
const COPIES: usize = 2;
/// A process acts this often, once it has been there long enough to have heard of the others.
const ACT: Duration = Duration::from_millis(200);
const LISTEN: Duration = Duration::from_secs(2);

type Failure = Box<dyn Error>;

/// Runs one process until it has left.
fn run(name: &str, client: SocketAddr, socket: &UdpSocket, others: &[SocketAddr]) -> Result<(), Failure> {
    let begin = Instant::now();
    let now_ms = || begin.elapsed().as_millis() as u64;
    let mut shards = Shards::new(name, socket.local_addr()?)?;
    for other in others {
        shards.links.insert(*other, shards.node.open(LinkKind::Neighbour, now_ms()));
    }
    // The first ones begin with two tenths each. Who comes later begins with nothing.
    let number: u64 = name.rsplit('-').next().unwrap_or_default().parse()?;
    let tenth = SHARDS / PROCESSES as u64;
    for number in [number, (number + 1) % PROCESSES as u64].into_iter().filter(|_| number < PROCESSES as u64)
    {
        shards.node.register(&shards.name, &KeyRange::new(number * tenth, (number + 1) * tenth)?)?;
    }
    let mut act_at = LISTEN;
    let mut has_left = false;
    let mut packet = [0; 2_000];
    loop {
        if begin.elapsed() >= act_at && !has_left {
            shards.act()?;
            act_at = begin.elapsed() + ACT;
        }
        let until_ms = loop {
            match shards.node.poll(now_ms()) {
                Output::Send { link, bytes } => {
                    let to = shards.links.iter().find(|(_, other)| **other == link);
                    // What is lost is asked for again.
                    to.into_iter().for_each(|(to, _)| drop(socket.send_to(&bytes, to)));
                }
                Output::Wait { until_ms } => break until_ms,
                _ => {}
            }
        };
        if has_left {
            return Ok(());
        }
        let wait_ms = until_ms.saturating_sub(now_ms()).clamp(1, 20);
        socket.set_read_timeout(Some(Duration::from_millis(wait_ms)))?;
        let Ok((length, from)) = socket.recv_from(&mut packet) else { continue };
        if from == client {
            let question = std::str::from_utf8(&packet[..length])?;
            // Who has just come knows nothing yet, and lets the client ask another one.
            if begin.elapsed() < LISTEN {
                continue;
            }
            socket.send_to(format!("{question}: {}", shards.answer(question)?).as_bytes(), from)?;
            has_left = question == "leave";
        } else {
            let link =
                *shards.links.entry(from).or_insert_with(|| shards.node.open(LinkKind::Neighbour, now_ms()));
            shards.node.receive(link, &packet[..length], now_ms());
        }
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, client, own, others @ ..] = &arguments[..] {
        let others: Vec<SocketAddr> = others.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
        return run(name, client.parse()?, &UdpSocket::bind(own)?, &others);
    }
    Client::new()?.play()
}
