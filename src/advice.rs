//! Tighten when full: advice to each node which keys to take and which to give up, from the load by key and what each node can bear.
//!
//! Nobody decides for all. Each node makes the same [`Plan`] from what it knows, in whole numbers, so that those who know the same plan the
//! same, bit for bit; and each does its own part, by [`RangeMap::apply`]. Who knows something else plans something else, and that is safe as
//! well: a plan adds at once, by [`register`](RangeMap::register) and [`stand_in`](RangeMap::stand_in), and takes away by
//! [`drain`](RangeMap::drain) alone, which asks the map of the node that gives up.
//!
//! # The load of a node
//!
//! All who serve a key share what it causes in equal parts, as where each request goes to any of them. (One that always goes to the
//! [first](RangeMap::owners), or to the one that [`route`](RangeMap::route) chooses for the key, is not shared.) So a key that is hotter than what a
//! node can bear needs more nodes than others, and gets them. A [`Bucket`] moves whole, so such a key has to have a bucket of its own.
//!
//! # A round
//!
//! In one round some join, or come before one who is to give up keys; in the next, when that is known to it, it gives them up. What is left
//! over from one round to the next is in the map alone: a plan has no memory. It ends when no node is too full that can be relieved.
//!
//! ```
//! use crdt_range_map::advice::{Aims, Bucket, Capacities, Histogram};
//! use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let [a, b] = ["a", "b"].map(|name| NodeId::new(name).unwrap());
//! let mut map = RangeMap::new(ReplicaId::new(1)); // of one replica, for an example
//! _ = map.register(&a, &KeyRange::new(0u64, 100)?)?;
//!
//! let tens = (0..10).map(|at| Bucket { range: KeyRange::new(10 * at, 10 * at + 10).unwrap(), load: 7, keys: 10 });
//! let histogram = Histogram::new(tens)?;
//! let capacities = Capacities::new([(a.clone(), 1), (b.clone(), 1)])?;
//! let aims = Aims { count: 1, moved_per_mille: 1_000, ..Aims::default() };
//! loop {
//!     let plan = map.plan(&histogram, &capacities, &aims);
//!     if plan.is_empty() {
//!         break;
//!     }
//!     for advice in plan.advices() {
//!         println!("{advice}");
//!         _ = map.apply(advice.operations.iter().cloned())?;
//!     }
//! }
//! assert_eq!(map.owners(&20)[0].node, a);
//! assert_eq!(map.owners(&80)[0].node, b);
//! # Ok(())
//! # }
//! ```

mod histogram;
mod parcel;
mod plan;
mod planner;
mod site;

pub use self::histogram::{AdviceError, Aims, Bucket, Capacities, Histogram, TOTAL_MAX};
pub use self::plan::{Advice, Plan};
use crate::key::Key;
use crate::map::RangeMap;

impl<K: Key> RangeMap<K> {
    /// Plans who should serve which keys, so that nobody is too full: from the load by key, what each node can bear, and what is wanted.
    /// Of the map it reads the [living](Self::living) answer, so that nobody is counted on who is gone. Keys of the histogram that fewer
    /// than `count` nodes serve get more; where more serve than have to, those go who are too full, or else the last in order.
    ///
    /// The capacities are to be of those who are there and follow: the plan counts on all of them, but for those who are
    /// [marked as down](Self::mark_down), or registered and dead.
    ///
    /// **What it promises** if all nodes plan from the same and follow: nobody is advised to take what would make it too full, except where
    /// too few serve; no more than the wanted share of keys moves; and when the load does not change, the advice becomes empty. It does not
    /// promise that the load becomes even: a bucket that has more keys than may move at once stays where it is, and where capacity is scarce
    /// there may be no node with room for a bucket.
    ///
    /// O((b + s k) log n) for b buckets, and s splits and buckets of k owners, and O(k log n) for each node that is to join or leave at one, after
    /// what [`living`](Self::living) and [`registrations_of`](Self::registrations_of) take to be up to date.
    pub fn plan(&self, histogram: &Histogram<K>, capacities: &Capacities, aims: &Aims) -> Plan<K> {
        Plan::new(self, histogram, capacities, aims)
    }
}
