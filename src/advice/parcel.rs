//! The keys that a plan deals with: the buckets, cut where their owners change.

use smallvec::SmallVec;

use super::histogram::Bucket;
use crate::key::{Key, KeyRange};
use crate::splits::{Answer, Owner};

/// Loads are counted in 2^-16 of the unit that they came in: so what several share is not cut off.
pub(super) const SCALE: u32 = 16;

/// What becomes of a node at a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It serves the parcel, and goes on.
    Stays,
    /// It is to serve it as well.
    Joins,
    /// It is to give it up as soon as enough others come before it.
    Leaves,
    /// It may give it up now.
    Drains,
}

/// A node at a parcel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) site: u32,
    pub(super) standing: Standing,
}

/// Keys with the same owners, in one bucket.
#[derive(Debug)]
pub(super) struct Parcel<K> {
    pub(super) range: KeyRange<K>,
    pub(super) load: u128,
    pub(super) keys: u64,
    /// Its owners in order of preference, and those who join.
    pub(super) members: SmallVec<[Member; 4]>,
    /// How many stay or join.
    pub(super) bearers: usize,
}

impl<K: Key> Parcel<K> {
    /// What each of those bears who stay or join: equal parts.
    pub(super) fn share(&self) -> u128 {
        self.load.checked_div(self.bearers as u128).unwrap_or(0)
    }

    /// Those who stay or join.
    pub(super) fn bearers(&self) -> impl DoubleEndedIterator<Item = u32> {
        let is_bearer = |it: &&Member| matches!(it.standing, Standing::Stays | Standing::Joins);
        self.members.iter().filter(is_bearer).map(|member| member.site)
    }

    /// What becomes of a node there; `None` if it has nothing to do with it.
    pub(super) fn standing(&self, site: u32) -> Option<Standing> {
        self.members.iter().find(|member| member.site == site).map(|member| member.standing)
    }

    /// Changes what becomes of some who serve it.
    pub(super) fn set(&mut self, is_meant: impl Fn(u32) -> bool, standing: Standing) {
        let meant = self.members.iter_mut().filter(|member| is_meant(member.site));
        meant.for_each(|member| member.standing = standing);
        self.bearers = self.bearers().count();
    }

    /// Lets others serve it as well.
    pub(super) fn join(&mut self, sites: &[u32]) {
        self.members.extend(sites.iter().map(|site| Member { site: *site, standing: Standing::Joins }));
        self.bearers += sites.len();
    }

    /// Whether a parcel lies right before another.
    pub(super) fn touches(&self, next: &Self) -> bool {
        self.range.end() == Some(next.range.start())
    }
}

/// The parcels of a bucket. If its owners change within it, each piece is taken to have an equal part of its load and keys.
/// O(log n + s k) for s parcels.
pub(super) fn parcels<K: Key>(
    answer: Answer<'_, K>,
    bucket: &Bucket<K>,
    mut site: impl FnMut(&Owner) -> u32,
    into: &mut Vec<Parcel<K>>,
) {
    let stretches: Vec<_> = answer.splits_in(&bucket.range).into_window().stretches().collect();
    let count = stretches.len() as u64;
    for (at, (range, owners)) in (0..).zip(stretches) {
        let part = |of: u64| of / count + u64::from(at < of % count);
        let members = owners.iter().map(|owner| Member { site: site(owner), standing: Standing::Stays });
        into.push(Parcel {
            range,
            load: u128::from(part(bucket.load)) << SCALE,
            keys: part(bucket.keys),
            members: members.collect(),
            bearers: owners.len(),
        });
    }
}
