//! More gaps than a message tells: whoever knows every second effect of a writer.

use super::medium::Medium;
use crate::kit::builders::{between, named};
use crate::{RangeMap, Registration, ReplicaId};

/// More than two runs for each that a message tells.
const EFFECTS: u64 = 150_000;

fn shown(map: &RangeMap<u64>) -> Vec<Registration<u64>> {
    map.registrations().collect()
}

#[test]
fn what_a_message_cannot_tell_to_be_known_is_not_taken_for_dropped() {
    let node = named("s");
    let mut writer = RangeMap::new(ReplicaId::new(5));
    let mut reader = RangeMap::new(ReplicaId::new(6));
    for at in 0..EFFECTS {
        let start = at % 500;
        let delta = writer.register(&node, &between(start, start + 1 + at % 7)).unwrap();
        if at % 2 == 1 {
            reader.merge(&delta);
        }
    }
    assert!(reader.state().context().run_count() > 70_000);
    let (of_reader, of_writer) = (shown(&reader), shown(&writer));
    let mut medium = Medium::new(7);
    let joiner = medium.open();
    let reader = medium.open_with(reader);
    medium.run_for(100_000);
    assert_eq!(shown(&medium.tabs[reader].map), of_reader);
    assert_eq!(shown(&medium.tabs[joiner].map), of_reader);
    let writer = medium.open_with(writer);
    medium.run_for(100_000);
    for tab in [joiner, reader, writer] {
        assert_eq!(shown(&medium.tabs[tab].map), of_writer);
    }
}
