//! What carries messages, in virtual time: it loses, repeats, delays (and so reorders) and spoils.

use std::rc::Rc;

use crate::kit::flight::Flight;
use crate::kit::random::Random;
use crate::medium::Wire;
use crate::tally::{Group, Tally};

/// What happens to each delivery, and how often a replica crashes.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    pub lost_percent: u64,
    pub repeated_percent: u64,
    pub spoilt_percent: u64,
    /// Every message takes so long at least.
    pub latency_ms: u64,
    /// And that much more at most.
    pub delay_max_ms: u64,
    /// At each step of a replica: between any two things that it does.
    pub crash_permille: u64,
    /// How often a page cannot be saved.
    pub unsaved_percent: u64,
}

/// Nothing goes wrong on a medium where messages take that long.
pub const fn no_faults(latency_ms: u64, delay_max_ms: u64) -> Faults {
    Faults {
        lost_percent: 0,
        repeated_percent: 0,
        spoilt_percent: 0,
        latency_ms,
        delay_max_ms,
        crash_permille: 0,
        unsaved_percent: 0,
    }
}

/// A message on its way.
#[derive(Clone)]
pub struct Delivery {
    pub to: usize,
    /// Over which of its links it comes.
    pub wire: Wire,
    pub bytes: Rc<[u8]>,
    /// Whether its bytes are not those that were posted.
    pub is_spoilt: bool,
}

#[derive(Default)]
pub struct Network {
    in_flight: Flight<Delivery>,
    /// For splicing: something that was posted before.
    earlier: Option<Rc<[u8]>>,
}

impl Network {
    /// When the next message arrives.
    pub fn next_ms(&self) -> Option<u64> {
        self.in_flight.next_ms()
    }

    /// When the last message arrives that is on its way.
    pub fn last_ms(&self) -> Option<u64> {
        self.in_flight.last_ms()
    }

    /// The next message that has arrived by now.
    pub fn arrived(&mut self, now_ms: u64) -> Option<Delivery> {
        self.in_flight.arrived(now_ms)
    }

    /// Sends a message to one replica, with whatever happens to it on the way.
    pub fn send(
        &mut self,
        (to, wire): (usize, Wire),
        bytes: &Rc<[u8]>,
        now_ms: u64,
        faults: &Faults,
        random: &mut Random,
        tally: &mut Tally,
    ) {
        if random.percent(faults.lost_percent) {
            tally.fault("message lost");
            return;
        }
        let mut copies = 1;
        while copies < 4 && random.percent(faults.repeated_percent) {
            tally.fault("message repeated");
            copies += 1;
        }
        for _ in 0..copies {
            let mut delivery = Delivery { to, wire, bytes: bytes.clone(), is_spoilt: false };
            if random.percent(faults.spoilt_percent) {
                let spoilt = spoil(bytes, self.earlier.as_deref(), random, tally);
                // Spliced at the right place, it may be the earlier one as a whole.
                delivery.is_spoilt = spoilt != **bytes && self.earlier.as_deref() != Some(&spoilt[..]);
                delivery.bytes = spoilt.into();
            }
            // Most are quick; the others are overtaken.
            let delay_max_ms =
                if random.percent(70) { faults.delay_max_ms.min(20) } else { faults.delay_max_ms };
            let due_ms = now_ms + faults.latency_ms + random.below(delay_max_ms + 1);
            if self.in_flight.last_ms().is_some_and(|last_ms| last_ms > due_ms) {
                tally.fault("message overtakes another");
            }
            self.in_flight.send(due_ms, delivery);
        }
        if random.percent(20) {
            self.earlier = Some(bytes.clone());
        }
        tally.count(Group::Messages, "sent to one replica");
    }
}

/// Bytes that differ: flipped bits, cut, extended, or continued as another message.
fn spoil(bytes: &[u8], earlier: Option<&[u8]>, random: &mut Random, tally: &mut Tally) -> Vec<u8> {
    let mut spoilt = bytes.to_vec();
    match random.below(5) {
        0 | 1 => {
            tally.fault("message with flipped bits");
            for _ in 0..1 + random.below(4) {
                let at = random.index(spoilt.len());
                spoilt[at] ^= 1 << random.below(8);
            }
        }
        2 => {
            tally.fault("message cut");
            spoilt.truncate(random.index(bytes.len()));
        }
        3 => {
            tally.fault("message extended");
            for _ in 0..1 + random.below(20) {
                spoilt.push(random.next() as u8);
            }
        }
        _ => {
            tally.fault("message spliced with another");
            let earlier = earlier.unwrap_or(b"something else");
            let at = random.index(spoilt.len().min(earlier.len()));
            spoilt.truncate(at);
            spoilt.extend(&earlier[at..]);
        }
    }
    spoilt
}
