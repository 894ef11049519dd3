//! A change where many ranges are watched, and what the watches that it hits are told.

use crdt_range_map::KeyRange;

use super::splits::{CHANGES, Changing, LOOK_UP_AFTER_CHANGE};
use super::{Bench, Session};
use crate::check::Digester;
use crate::consume::fold_owners;
use crate::replica::Replica;
use crate::timer::Probe;
use crate::workload::KEY_SPACE;

/// How many ranges are watched: single keys, evenly spread. So in a workload of n registrations a change hits about as many as it is wide.
const WATCHES: u64 = 100_000;

/// One change, and all that is told of it, where 100,000 keys are watched.
pub(super) fn after_changes(session: &mut Session<'_>, replica: &Replica<'_>) {
    session.tell("watches");
    let keys = session.workload.keys();
    let mut changing = Changing::new(replica);
    let keys_watched: Vec<u64> = (0..WATCHES).map(|at| at * (KEY_SPACE / WATCHES)).collect();
    for key in &keys_watched {
        let range = KeyRange::new(*key, key + 1).expect("it is one key");
        assert_eq!(changing.replica.map.watch(&range).0, key / (KEY_SPACE / WATCHES));
    }
    let mut digester = Digester::default();
    for _ in 0..CHANGES {
        changing.change();
        while let Some(watched) = changing.replica.map.next_watched() {
            let key = keys_watched[watched.watch.0 as usize];
            let [piece] = &watched.pieces[..] else { panic!("one key has {} pieces", watched.pieces.len()) };
            assert_eq!(*piece.range.start(), key);
            assert_eq!(piece.after, changing.replica.map.owners(&key), "what is told is wrong");
            assert_ne!(piece.after, piece.before);
            digester.owned([key, key + 1], &piece.after);
        }
    }
    changing.check(&keys);
    let row = session.row_by("watch: after one change, 100,000 watches", ("change", 1), digester.digest());
    let probe = Probe::repeated(|| {
        changing.change();
        let mut hash = 0;
        while let Some(watched) = changing.replica.map.next_watched() {
            watched.pieces.iter().for_each(|piece| hash = fold_owners(hash, &piece.after));
        }
        hash
    });
    session.run(vec![Bench::new(row, probe).beside(LOOK_UP_AFTER_CHANGE)]);
    changing.check(&keys);
}
