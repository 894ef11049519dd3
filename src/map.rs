//! The replica: the operations, joining, and what is computed from the state.

mod answered;
mod by_node;
mod by_writer;
mod cache;
mod drain;
mod ending;
mod exchange;
mod identity;
mod life;
mod limit;
mod log;
mod moves;
mod queries;
mod retirement;
mod transaction;
mod watching;

pub(crate) use exchange::{DropRun, Page};
pub(crate) use log::{LOG_BYTES_MAX, Undotted};
pub use moves::MoveError;

use core::fmt;
use core::num::NonZeroU32;
use std::sync::Arc;

use self::cache::Cache;
use self::identity::Identity;
use self::life::{Life, LifeChanges};
use self::limit::Limit;
use self::log::{Log, News};
use self::retirement::Retirement;
use self::transaction::Transaction;
use crate::causal::SEQ_MAX;
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::{Key, KeyRange};
use crate::life::Counted;
use crate::registration::RegistrationId;
use crate::splits::{Changes, RangeCollector};
use crate::store::{JoinObserver, Joined, RowRef};
use crate::tombstones::{RecordDrop, Tombstone};

/// One replica of the shared map from registrations `(node, range)` to priorities.
///
/// Each operation changes this replica at once and returns a [`Delta`] for the others. Replicas that know the same answer the
/// same: the same [`splits`](Self::splits), and for every key the same [`owners`](Self::owners) in the same order.
///
/// Below, n is the number of registrations and k the number of those that cover a key. The splits are computed when they are
/// first asked for, in O(n log k). Of what changes later, only the splits that it touches are computed again, when they are
/// next asked for.
///
/// A clone is cheap, a snapshot: it shares memory with the original, and what either changes later is copied before, leaf by
/// leaf. Mind that it writes under the same id: see [`ReplicaId`].
///
/// ```
/// use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
///
/// let [a, b] = ["a", "b"].map(|name| NodeId::new(name).unwrap());
/// let range = |start, end| KeyRange::new(start, end).unwrap();
///
/// let mut here = RangeMap::<u64>::new(ReplicaId::new(1));
/// let mut there = RangeMap::<u64>::new(ReplicaId::new(2));
/// let first = here.register(&a, &range(0, 100)).unwrap();
/// let second = there.register(&b, &range(50, 150)).unwrap();
/// here.merge(&second);
/// there.merge(&first);
///
/// assert_eq!(here.state(), there.state());
/// let shown: Vec<String> = here.splits().iter().map(|split| split.to_string()).collect();
/// assert_eq!(shown, ["[0, 50) a:1", "[50, 100) a:1 b:1", "[100, 150) b:1"]);
/// ```
#[derive(Clone, Debug)]
pub struct RangeMap<K> {
    replica: ReplicaId,
    state: Delta<K>,
    cache: Cache<K>,
    /// Shared by snapshots until one of them changes, and in pieces from then on.
    log: Arc<Log<K>>,
    identity: Identity,
    retirement: Retirement,
    limit: Option<Limit<K>>,
    life: Life<K>,
}

/// Collects what a merge changed.
struct MergeObserver<'a, K> {
    replica: ReplicaId,
    changed: RangeCollector<K>,
    /// The registrations themselves, if they are asked for by their nodes.
    changed_ids: Option<Vec<RegistrationId<K>>>,
    /// Registrations of which this replica's own record is reset as a whole.
    awaiting_drop: Vec<RegistrationId<K>>,
    /// Records that were dropped because the other context implied it.
    dropped: Vec<Tombstone<K>>,
    /// Records that came although they are known to be dropped; not more than the log can hold.
    stale: Vec<Tombstone<K>>,
    news: News<K>,
    /// Who counts as of who is alive, and what changed of that, if it is asked for.
    life: Option<(&'a Counted, LifeChanges<K>)>,
}

impl<K: Key> JoinObserver<K> for MergeObserver<'_, K> {
    fn counted(&self) -> Option<&Counted> {
        self.life.as_ref().map(|(counted, _)| *counted)
    }

    fn stale(&mut self, id: RegistrationId<K>, writer: ReplicaId, birth: u64) {
        if self.stale.len() <= LOG_BYTES_MAX / size_of::<RegistrationId<K>>() {
            self.stale.push(Tombstone { id, writer, drop: RecordDrop::bare(writer, birth) });
        }
    }

    fn differs(&mut self, theirs: RowRef<'_, K>) {
        self.news.differs(theirs);
    }

    fn joined(&mut self, joined: Joined<'_, K>) {
        if let (Some(living), Some((_, changes))) = (joined.living, &mut self.life) {
            let id = || RegistrationId { range: joined.range(), node: joined.node.clone() };
            changes.add(living, id);
        }
        for (writer, birth) in joined.dropped {
            let id = RegistrationId { range: joined.range(), node: joined.node.clone() };
            self.dropped.push(Tombstone { id, writer: *writer, drop: RecordDrop::bare(*writer, *birth) });
        }
        if joined.after != joined.before {
            self.changed.add(joined.range());
            if let Some(ids) = &mut self.changed_ids {
                ids.push(RegistrationId { range: joined.range(), node: joined.node.clone() });
            }
        }
        if joined.entry.is_some_and(|entry| entry.awaits_drop_by(self.replica)) {
            self.awaiting_drop.push(RegistrationId { range: joined.range(), node: joined.node.clone() });
        }
    }
}

impl<K: Key> RangeMap<K> {
    /// An empty replica that writes under `replica`. See [`ReplicaId`] for who may use an id.
    pub fn new(replica: ReplicaId) -> Self {
        Self {
            replica,
            state: Delta::default(),
            cache: Cache::default(),
            log: Arc::default(),
            identity: Identity::default(),
            retirement: Retirement::default(),
            limit: None,
            life: Life::new(replica),
        }
    }

    /// The id that this replica writes under.
    pub fn replica(&self) -> ReplicaId {
        self.replica
    }

    /// Announces that `node` serves `range`. O(log n + the registration's writers).
    ///
    /// Registering is idempotent: a registration is worth one, however often and by however many replicas it is made. The new
    /// announcement still matters when the registration is visible already, since it survives a concurrent release.
    ///
    /// # Errors
    /// [`WriteError`] if this replica is retired or its numbers have run out, or if the registration is too long to be sent. Nothing has
    /// changed then.
    pub fn register(&mut self, node: &NodeId, range: &KeyRange<K>) -> Result<Delta<K>, WriteError> {
        let id = id(node, range);
        self.check_write(Some(&id))?;
        Ok(self.operate(|operation| {
            let at = operation.touch(id);
            operation.clear_residue(at);
            operation.register(at);
        }))
    }

    /// Withdraws the registration: resets everything that this replica knows of it. O(log n + its writers).
    ///
    /// A contribution that is concurrent with the release survives. The delta is empty if nothing was left to reset.
    ///
    /// # Errors
    /// [`WriteError`] if this replica is retired or its numbers have run out. Nothing has changed then.
    pub fn release(&mut self, node: &NodeId, range: &KeyRange<K>) -> Result<Delta<K>, WriteError> {
        self.check_write(None)?;
        Ok(self.operate(|operation| {
            let at = operation.touch(id(node, range));
            operation.reset(at);
        }))
    }

    /// Raises the priority by `by`; if the registration is not visible, it becomes so with exactly that priority. O(log n +
    /// its writers).
    ///
    /// The adjustments of one writer to one registration sum up to at most 2^62; what goes beyond is cut off.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub fn increase(
        &mut self,
        node: &NodeId,
        range: &KeyRange<K>,
        by: NonZeroU32,
    ) -> Result<Delta<K>, WriteError> {
        let id = id(node, range);
        self.check_write(Some(&id))?;
        Ok(self.operate(|operation| {
            let at = operation.touch(id);
            operation.clear_residue(at);
            operation.adjust(at, i64::from(by.get()));
        }))
    }

    /// Lowers the priority by `by`, and releases the registration if that would leave less than 1. O(log n + its writers).
    ///
    /// The delta is empty if the registration is not visible.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub fn decrease(
        &mut self,
        node: &NodeId,
        range: &KeyRange<K>,
        by: NonZeroU32,
    ) -> Result<Delta<K>, WriteError> {
        let is_release = self.priority(node, range).is_none_or(|priority| priority <= u64::from(by.get()));
        self.check_write(Some(&id(node, range)).filter(|_| !is_release))?;
        Ok(self.operate(|operation| {
            let at = operation.touch(id(node, range));
            match operation.priority(at) {
                None => {}
                Some(priority) if priority <= u64::from(by.get()) => operation.reset(at),
                Some(_) => operation.adjust(at, -i64::from(by.get())),
            }
        }))
    }

    /// Joins a delta, or the full state of another replica. O(m log n) for an operation's delta of m
    /// registrations; O((n + m)/64 + 64 d) for a state that differs in d: the leaves of the store are compared by hash.
    ///
    /// The [`Changes`] have the ranges of keys that may have other owners now. When this replica learns that others reset everything
    /// that it had contributed to a registration, it drops its record. That is an effect of its own, and [`Changes::delta`] has
    /// it for the others.
    pub fn merge(&mut self, delta: &Delta<K>) -> Changes<K> {
        let mut observer = MergeObserver {
            replica: self.replica,
            changed: RangeCollector::default(),
            changed_ids: self.cache.follows_nodes().then(Vec::new),
            awaiting_drop: Vec::new(),
            dropped: Vec::new(),
            stale: Vec::new(),
            news: News::new(delta, &self.state, self.log.batch_max()),
            life: self.life.changes(),
        };
        self.state.join(delta, &mut observer);
        let MergeObserver { changed, changed_ids, awaiting_drop, mut dropped, mut stale, news, life, .. } =
            observer;
        let life = life.map(|(_, changes)| changes);
        if !news.is_empty() {
            // Of what others did to it, nothing is left here but that. Who hears of it and still holds the record has to drop it, too.
            dropped.append(&mut stale);
        }
        Arc::make_mut(&mut self.log).note(delta, news, dropped);
        let ranges = changed.finish();
        self.cache.forget(&ranges, &self.state.entries);
        self.cache.forget_registrations(changed_ids.into_iter().flatten());
        life.into_iter().for_each(|changes| self.life.take(changes, &self.state.entries));
        Changes::new(ranges, self.drop_reset(awaiting_drop))
    }

    /// Drops this replica's records of registrations that others have reset, in the order of their births: many drops take fewer bytes so.
    fn drop_reset(&mut self, mut awaiting_drop: Vec<RegistrationId<K>>) -> Delta<K> {
        if awaiting_drop.is_empty() || self.is_exhausted() || self.is_retired() {
            return Delta::default();
        }
        awaiting_drop.sort_by_cached_key(|id| {
            let entry = self.state.entries.get(id).map(|row| row.entry());
            entry.and_then(|entry| entry.get(self.replica).map(|record| record.birth))
        });
        self.identity.begun_after.get_or_insert(self.state.context().last_seq(self.replica));
        let log = Arc::make_mut(&mut self.log);
        let settled = self.retirement.settled();
        let mut operation = Transaction::new(self.replica, &mut self.state, log, settled);
        awaiting_drop.into_iter().for_each(|id| operation.drop_reset(id));
        operation.finish()
    }

    /// Everything that this replica knows, itself a delta. O(1).
    pub fn state(&self) -> &Delta<K> {
        &self.state
    }

    /// Whether this replica's sequence numbers have run out, so that operations are refused with [`WriteError::Exhausted`]. O(log of the
    /// replicas).
    ///
    /// There are nearly 2^53 of them, more than any writer can use; but a peer that forges operations of this replica can use
    /// them up. A new replica id is the way out.
    pub fn is_exhausted(&self) -> bool {
        self.state.context().last_seq(self.replica) > SEQ_MAX - (1 << 32)
    }

    /// Whether this replica may write, and contribute to that registration.
    pub(crate) fn check_write(&self, id: Option<&RegistrationId<K>>) -> Result<(), WriteError> {
        if self.is_retired() {
            return Err(WriteError::Retired);
        }
        if self.is_exhausted() {
            return Err(WriteError::Exhausted);
        }
        match id.and_then(|id| self.too_long(id)) {
            Some((bytes, bytes_max)) => Err(WriteError::TooLong { bytes, bytes_max }),
            None => Ok(()),
        }
    }

    fn operate(&mut self, apply: impl FnOnce(&mut Transaction<'_, K>)) -> Delta<K> {
        if self.is_exhausted() || self.is_retired() {
            return Delta::default();
        }
        self.identity.begun_after.get_or_insert(self.state.context().last_seq(self.replica));
        let log = Arc::make_mut(&mut self.log);
        let settled = self.retirement.settled();
        let mut operation = Transaction::new(self.replica, &mut self.state, log, settled);
        apply(&mut operation);
        operation.changed(&mut self.cache, &mut self.life);
        operation.finish()
    }
}

/// The triple.
fn id<K: Key>(node: &NodeId, range: &KeyRange<K>) -> RegistrationId<K> {
    RegistrationId { range: range.clone(), node: node.clone() }
}

/// Why an operation was refused. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// This replica is retired, see [`RangeMap::retire`].
    Retired,
    /// This replica's sequence numbers have run out, see [`RangeMap::is_exhausted`].
    Exhausted,
    /// The registration would be too long to be sent, see [`RangeMap::set_registration_bytes_max`].
    TooLong {
        /// How many bytes it would take at most.
        bytes: usize,
        /// How many it may take.
        bytes_max: usize,
    },
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retired => f.write_str("this replica is retired"),
            Self::Exhausted => f.write_str("this replica's sequence numbers have run out"),
            Self::TooLong { bytes, bytes_max } => {
                write!(
                    f,
                    "the registration would take up to {bytes} bytes, and may take {bytes_max} to be sent"
                )
            }
        }
    }
}

impl core::error::Error for WriteError {}
