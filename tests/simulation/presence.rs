//! Who is there, as replicas with names see it.

use crdt_range_map::ReplicaId;
use crdt_range_map::sync::presence::{Liveness, Name};

use crate::keys::SimulatedKey;
use crate::medium::Wire;
use crate::world::World;

/// Which kind of message is about who is there.
pub const PRESENCE: u8 = 5;

pub fn name_of(at: usize) -> Name {
    Name::new(format!("replica {at}")).expect("it is short")
}

impl<K: SimulatedKey> World<K> {
    /// Whether each sees over each of its links exactly those who are there, as must be some time after the last fault.
    pub fn check_presence(&self) -> Result<(), String> {
        for (at, process) in self.processes.iter().enumerate() {
            let Some(running) = process.running().filter(|_| self.has_names) else { continue };
            let mut seen: Vec<(Wire, ReplicaId, Name)> = Vec::new();
            for (link, peer) in running.node.peers().filter(|(_, peer)| peer.liveness == Liveness::Alive) {
                let Some(wire) = running.wire(link).filter(|wire| running.link(*wire) == Some(link)) else {
                    return Err(format!("{at} sees somebody over a link that is closed"));
                };
                seen.push((wire, peer.replica, peer.name));
            }
            let mut there: Vec<(Wire, ReplicaId, Name)> = Vec::new();
            for wire in &process.wires {
                let others = self.processes.iter().enumerate().filter(|(other, process)| match wire {
                    Wire::Medium(_) => *other != at && process.wires.contains(wire),
                    Wire::Neighbour(neighbour) => other == neighbour,
                });
                let running = others.filter_map(|(other, process)| Some((other, process.running()?)));
                there.extend(running.map(|(other, it)| (*wire, it.map().replica(), name_of(other))));
            }
            seen.sort();
            there.sort();
            if seen != there {
                return Err(format!("{at} sees {seen:?}, and there are {there:?}"));
            }
        }
        Ok(())
    }
}
