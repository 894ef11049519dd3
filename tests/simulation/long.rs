//! Registrations that are longer than some replicas can take: everybody else's must arrive all the same.

use crdt_range_map::NodeId;

use crate::keys::SimulatedKey;
use crate::model::Id;
use crate::model::world::node;
use crate::oracle::Operation;
use crate::random::Random;
use crate::schedule::Schedule;

/// Registrations of which some are nearly as long as a message may be or longer; those with number keys have long names only.
pub fn long_places<K: SimulatedKey>(message_bytes_max: usize, random: &mut Random) -> Vec<Id<K>> {
    let mut places = Vec::new();
    for number in 0..4 + random.index(6) {
        let most = random.pick(&[5, 20, message_bytes_max / 8, message_bytes_max / 2, message_bytes_max, 2 * message_bytes_max]);
        let start = K::any(random, most.min(200_000));
        let range = crdt_range_map::KeyRange::from_start(start);
        let name = random.pick(&[1, 20, 255]);
        let name = NodeId::new("n".repeat(name)).expect("a name");
        places.push((range, if number % 2 == 0 { name } else { node(0) }));
    }
    places
}

impl<K: SimulatedKey> Schedule<K> {
    /// One replica has no limit to speak of; it registers all there is.
    pub fn lift_a_limit(&mut self) -> Result<(), String> {
        let config = &mut self.world.processes[0].config;
        config.message_bytes_max = 16 << 20;
        self.world.rejoin(0)?;
        (0..self.world.oracle.places.len()).try_for_each(|place| self.world.operate(0, Operation::Register(place)))
    }
}
