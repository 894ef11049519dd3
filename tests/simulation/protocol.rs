//! The two protocols behind one face.

use crdt_range_map::sync::{Broadcast, Config, ConfigError, Event, Mesh, Received, Statistics};
use crdt_range_map::{Delta, RangeMap};

use crate::keys::SimulatedKey;
use crate::random::Random;

/// How replicas are connected.
#[derive(Clone, Debug)]
pub enum Medium {
    /// Everybody hears everybody.
    Broadcast,
    /// Each has links to some, and sends what is news to so many of them.
    Mesh { fan_out: usize },
}

#[derive(Debug)]
pub enum Protocol<K> {
    Broadcast(Box<Broadcast<K>>),
    Mesh(Box<Mesh<K>>),
}

impl<K: SimulatedKey> Protocol<K> {
    /// A replica that joins; in a mesh, with links to those neighbours.
    pub fn join(
        medium: &Medium,
        config: Config,
        neighbours: &[usize],
        clock_ms: u64,
        random: &mut Random,
    ) -> Result<Self, ConfigError> {
        let mut random = || random.next();
        Ok(match medium {
            Medium::Broadcast => Self::Broadcast(Broadcast::join(config, clock_ms, &mut random)?.into()),
            Medium::Mesh { fan_out } => {
                let mut mesh = Mesh::new(config, *fan_out)?;
                for neighbour in neighbours {
                    mesh.open(*neighbour as u64, clock_ms, &mut random);
                }
                Self::Mesh(mesh.into())
            }
        })
    }

    /// Opens a link, or opens it anew.
    pub fn open(&mut self, neighbour: usize, clock_ms: u64, random: &mut Random) {
        if let Self::Mesh(mesh) = self {
            mesh.open(neighbour as u64, clock_ms, &mut || random.next());
        }
    }

    pub fn publish(&mut self, delta: &Delta<K>, random: &mut Random) {
        match self {
            Self::Broadcast(broadcast) => broadcast.publish(delta),
            Self::Mesh(mesh) => mesh.publish(delta, &mut || random.next()),
        }
    }

    pub fn receive(
        &mut self,
        map: &mut RangeMap<K>,
        from: usize,
        bytes: &[u8],
        clock_ms: u64,
        random: &mut Random,
    ) -> Received<K> {
        let mut random = || random.next();
        match self {
            Self::Broadcast(broadcast) => broadcast.receive(map, bytes, clock_ms, &mut random),
            Self::Mesh(mesh) => mesh.receive(map, from as u64, bytes, clock_ms, &mut random),
        }
    }

    /// The next message, and to whom it goes if not to all.
    pub fn poll(
        &mut self,
        map: &RangeMap<K>,
        clock_ms: u64,
        random: &mut Random,
    ) -> Option<(Option<usize>, Vec<u8>)> {
        let mut random = || random.next();
        match self {
            Self::Broadcast(broadcast) => Some((None, broadcast.poll(map, clock_ms, &mut random)?)),
            Self::Mesh(mesh) => {
                let (to, bytes) = mesh.poll(map, clock_ms, &mut random)?;
                Some((Some(to as usize), bytes))
            }
        }
    }

    pub fn next_wake_ms(&self) -> u64 {
        match self {
            Self::Broadcast(broadcast) => broadcast.next_wake_ms(),
            Self::Mesh(mesh) => mesh.next_wake_ms(),
        }
    }

    pub fn statistics(&self) -> Statistics {
        match self {
            Self::Broadcast(broadcast) => broadcast.statistics(),
            Self::Mesh(mesh) => mesh.statistics(),
        }
    }

    /// Something that its user should know.
    pub fn take_event(&mut self) -> Option<Event<K>> {
        match self {
            Self::Broadcast(broadcast) => broadcast.take_event(),
            Self::Mesh(mesh) => mesh.take_event(),
        }
    }
}
