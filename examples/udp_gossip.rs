//! A few processes that gossip over UDP on this machine, and compute the same: `cargo run --example udp_gossip`.
//!
//! It starts itself once for each node, with the port of the node and those of its neighbours.

use std::error::Error;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crdt_range_map::node::{Event, LinkId, LinkKind, Options, Output};
use crdt_range_map::sync::Config;
use crdt_range_map::sync::presence::Name;
use crdt_range_map::{KeyRange, Node, NodeId, ReplicaId};

const NODES: usize = 4;
const LIFE: Duration = Duration::from_secs(3);

/// Starts the nodes in a ring, and compares what they print.
fn start_all() -> Result<(), Box<dyn Error>> {
    let sockets: Vec<UdpSocket> =
        (0..NODES).map(|_| UdpSocket::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    let ports: Vec<String> = sockets
        .iter()
        .map(|socket| Ok(socket.local_addr()?.port().to_string()))
        .collect::<Result<_, std::io::Error>>()?;
    drop(sockets);
    let children = (0..NODES).map(|at| {
        let neighbours = [(at + 1) % NODES, (at + NODES - 1) % NODES].map(|at| &ports[at]);
        Command::new(std::env::current_exe()?).arg(&ports[at]).args(neighbours).stdout(Stdio::piped()).spawn()
    });
    let children: Vec<_> = children.collect::<Result<_, _>>()?;
    let mut answers = Vec::new();
    for child in children {
        answers.push(String::from_utf8(child.wait_with_output()?.stdout)?);
    }
    if answers.iter().any(|answer| *answer != answers[0] || answer.is_empty()) {
        return Err(format!("they do not agree: {answers:#?}").into());
    }
    println!("All {NODES} processes say:\n{}", answers[0]);
    Ok(())
}

/// One node, for a few seconds.
fn run(port: u16, neighbours: &[u16]) -> Result<(), Box<dyn Error>> {
    let socket = UdpSocket::bind(("127.0.0.1", port))?;
    let begin = Instant::now();
    let now_ms = || begin.elapsed().as_millis() as u64;
    let name = format!("port-{port}");
    let options = Options {
        // What fits into a packet. A larger message would have to be cut into several.
        sync: Config { message_bytes_max: 1_200, answer_bytes_max: 600, ..Config::default() },
        name: Some(Name::new(&name)?),
        ..Options::default()
    };
    // Its number is its own here. In earnest, and if nothing is saved, take a random one each time.
    let mut node = Node::with(options, ReplicaId::new(port.into()), port.into())?;
    let links: Vec<(LinkId, u16)> =
        neighbours.iter().map(|port| (node.open(LinkKind::Neighbour, now_ms()), *port)).collect();
    let start = u64::from(port % 4) * 250;
    node.register(&NodeId::new(&name)?, &KeyRange::new(start, start + 400)?)?;

    let mut packet = [0; 2_000];
    while begin.elapsed() < LIFE {
        let until_ms = loop {
            match node.poll(now_ms()) {
                Output::Send { link, bytes } => {
                    if let Some((_, port)) = links.iter().find(|(other, _)| *other == link) {
                        // What is lost is asked for again.
                        _ = socket.send_to(&bytes, ("127.0.0.1", *port));
                    }
                }
                Output::Event(Event::Peer { peer, .. }) => {
                    eprintln!("{name}: {} is {:?}", peer.name, peer.liveness)
                }
                Output::Event(event) => eprintln!("{name}: {event:?}"),
                Output::Save(_) => unreachable!("it is not durable"),
                Output::Wait { until_ms } => break until_ms,
            }
        };
        let wait_ms = until_ms.saturating_sub(now_ms()).clamp(1, 100);
        socket.set_read_timeout(Some(Duration::from_millis(wait_ms)))?;
        if let Ok((length, from)) = socket.recv_from(&mut packet)
            && let Some((link, _)) = links.iter().find(|(_, port)| *port == from.port())
        {
            node.receive(*link, &packet[..length], now_ms());
        }
    }
    node.map().for_each_split(|split| println!("    {split}"));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let ports: Vec<u16> = std::env::args().skip(1).map(|port| port.parse()).collect::<Result<_, _>>()?;
    match ports.split_first() {
        Some((port, neighbours)) => run(*port, neighbours),
        None => start_all(),
    }
}
