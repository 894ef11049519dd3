//! Registrations that are longer than some replicas can take: everybody else's must arrive all the same.

use crdt_range_map::{KeyRange, NodeId};

use crate::keys::SimulatedKey;
use crate::kit::random::Random;
use crate::model::Id;
use crate::oracle::{Operation, Place};
use crate::schedule::Schedule;

/// The longest registrations are longer than messages of so many bytes by that much.
const TOO_LONG_BYTES: usize = 100_000;

/// Registrations of which some are longer than a message may be. Keys that are numbers have no length: then they are as short as
/// others.
pub fn places<K: SimulatedKey>(message_bytes_max: usize, random: &mut Random) -> Vec<Id<K>> {
    let registration = |number: usize| {
        let (short, long) = (20 + random.index(message_bytes_max / 20), TOO_LONG_BYTES + random.index(9));
        let start = K::any(random, if number % 3 == 1 { long } else { short });
        let name = NodeId::new("n".repeat(random.pick(&[1, 20, 255]))).expect("a name");
        (KeyRange::from_start(start), name)
    };
    (0..6).map(registration).collect()
}

/// More than the records of a registration take in such a schedule.
const RECORDS_BYTES_MAX: usize = 400;

impl<K: SimulatedKey> Schedule<K> {
    /// Opens a replica that has no limit to speak of.
    pub fn open_without_limit(&mut self) -> Result<(), String> {
        let config = self.world.config;
        self.world.config.message_bytes_max = 16 << 20;
        let saving = self.saving();
        self.world.open(saving)?;
        self.world.config = config;
        Ok(())
    }

    /// It registers all there is.
    pub fn register_all(&mut self) -> Result<(), String> {
        let all = 0..self.world.oracle.places.len();
        all.into_iter().try_for_each(|place| self.world.operate(0, Operation::Register(place)))
    }

    /// Whether every replica can take that registration.
    pub fn is_for_all(&self, place: Place) -> bool {
        let (range, node) = &self.world.oracle.places[place];
        let bytes = node.as_str().len() + format!("{range:?}").len();
        bytes + RECORDS_BYTES_MAX <= self.world.config.registration_bytes_max()
    }

    /// Whether an operation is about something that not every replica can take.
    pub fn is_too_long(&self, operation: Operation) -> bool {
        match operation {
            Operation::Register(place)
            | Operation::Increase(place, _)
            | Operation::Decrease(place, _)
            | Operation::Release(place) => !self.is_for_all(place),
            Operation::Tighten(from, to) | Operation::Move(from, to) => {
                !self.is_for_all(from) || !self.is_for_all(to)
            }
            Operation::Maintain | Operation::Retire(_) => false,
        }
    }

    /// Whether all show the same of what every replica can take.
    pub fn shows_the_same(&self) -> bool {
        let mut places = (0..self.world.oracle.places.len()).filter(|place| self.is_for_all(*place));
        places.all(|place| {
            let shown: Vec<_> = self.world.living().map(|map| self.world.priority(map, place)).collect();
            shown.windows(2).all(|pair| pair[0] == pair[1])
        })
    }

    /// What must hold when everybody knows what it can: they cannot agree, and do not tell each other so without end.
    pub fn end_with_too_long(&mut self) -> Result<(), String> {
        self.wait_until_equal()?;
        self.world.run_for(30_000)?;
        self.world.forget_posts();
        self.world.run_for(60_000)?;
        let posts: u64 = self.world.posted.values().sum();
        let replicas = self.world.processes.len() as u64;
        self.world.tally.at_most(
            "messages of each in a minute, one has more",
            posts / replicas,
            self.world.seed,
        );
        if posts > 60 * replicas {
            return Err(format!("{posts} messages in a minute, since one has what others cannot take"));
        }
        for place in
            (0..self.world.oracle.places.len()).filter(|place| self.is_for_all(*place)).collect::<Vec<_>>()
        {
            self.world.operate(0, Operation::Release(place))?;
        }
        self.wait_until_equal()
    }
}
