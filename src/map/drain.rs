//! Draining: others first, then release, and never a key that too few serve, though nobody waits for anybody.
//!
//! **The rule.** A node gives up a key only where at least `count` others come before it in the order of preference, at the replica that
//! writes for it. Two nodes that each count on the other would leave a hole: that the others *serve* the key is not enough. That they come
//! before it is, whatever is concurrent, if each node is written for by one replica. The same has to hold in the living answer there, so
//! that nobody is counted on who is gone; that only makes it give up less.
//!
//! **Why.** Say that a node gave up a key from a position P, a priority and a name, and counted on `count` others, each in a position before
//! P. If one of these is no longer there, it gave up the key itself, by the same rule, from a position at least as good as the one that was
//! counted on, and so better than P. Whom *it* counted on came before that. Positions only get better along the way, so it ends: at
//! somebody who gave up the key, all of whom he counted on are there. These are `count`.
//!
//! Whoever knows that a key was given up has to know who was counted on: so the delta carries both. What is not carried along is what *these*
//! did before. It matters only if one of them gave the key up and took it again, further behind.

use super::{MoveError, RangeMap, WriteError, id};
use crate::delta::Delta;
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::registration::Registration;
use crate::store::RowRef;
use crate::tombstones::Tombstone;

impl<K: Key> RangeMap<K> {
    /// Gives up what a node serves of a range, where it may: each registration of the node of which the range holds a part is
    /// [carved](Self::carve), or released if the range holds all of it, if the node is needed at no key of that part, as
    /// [`needed_in`](Self::needed_in) tells. All of it in one delta, empty if nothing may be given up yet. To be called again when something has
    /// changed, until nothing is needed: a drain is done when the node serves nothing of the range any more.
    ///
    /// Who is gone or [marked as down](Self::mark_down) does not count: the node may be needed in the [living](Self::living) answer as little
    /// as in the agreed one.
    ///
    /// **Others first.** Somebody has to come before the node: let others who are willing [stand in](Self::stand_in) for it.
    ///
    /// **What it promises.** At least `count` nodes serve the keys that were given up, though others drain at the same time, come, and move.
    /// That holds if
    ///
    /// - for each node one replica writes (it may write for several), and nobody [retires](Self::retire) that one;
    /// - a node's priority at a key is lowered, and a key given up, by this operation alone, with the same `count` or a greater one. A node
    ///   that moves registers for its new range first, and then drains the old one;
    ///
    /// at every replica that knows who gave up what, and all that they knew then: as it does if it learns of it from states, or from deltas
    /// of which none overtakes those that it follows from. Deltas may come in any order where no node serves a key again that it
    /// gave up: the delta also carries the registrations of those who come before the node, so that nobody learns of the one without the
    /// other. Over links, a message that is too long is cut into parts, and it holds when the last is there.
    ///
    /// O(r (log n + k s)) for r registrations of the node, with the s splits of k owners that they hold of the range, after what
    /// [`registrations_of`](Self::registrations_of) takes; and the size of the delta.
    ///
    /// # Errors
    /// [`MoveError`] if this replica is retired or its numbers have run out, or if what is left of a registration is too long to be sent.
    /// Nothing has changed then.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// let [a, b] = ["a", "b"].map(|name| NodeId::new(name).unwrap());
    /// let range = KeyRange::new(0u64, 100)?;
    /// let (mut of_a, mut of_b) = (RangeMap::new(ReplicaId::new(1)), RangeMap::new(ReplicaId::new(2)));
    /// of_b.merge(&of_a.register(&a, &range)?);
    ///
    /// // It is the only one.
    /// assert!(of_a.drain(&a, &range, 1)?.is_empty());
    /// of_a.merge(&of_b.stand_in(&b, &a, &range)?);
    /// of_b.merge(&of_a.drain(&a, &range, 1)?);
    /// assert_eq!(of_b.owners(&50)[0].node, b);
    /// assert_eq!(of_b.owners(&50).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&mut self, node: &NodeId, range: &KeyRange<K>, count: usize) -> Result<Delta<K>, MoveError> {
        self.check_write(None)?;
        let answers = [self.agreed(), self.living()];
        let parts: Vec<(KeyRange<K>, KeyRange<K>)> = self
            .registrations_of(node)
            .filter_map(|one| Some((one.range.intersection(range)?, one.range)))
            .filter(|(part, _)| {
                answers.iter().all(|known| known.needed_in(node, part, count).next().is_none())
            })
            .collect();
        for (part, whole) in &parts {
            whole.without(part).try_for_each(|rest| self.check_write(Some(&id(node, &rest))))?;
        }
        let mut delta = Delta::default();
        for (part, whole) in &parts {
            let counted_on = self.before(node, part);
            delta.merge(&counted_on);
            delta.merge(&self.carve(node, whole, part)?);
        }
        Ok(delta)
    }

    /// The keys of a range that a node serves and may not [give up](Self::drain): where fewer than `count` others come before it among the
    /// [owners](Self::owners). Maximal ranges in key order; all that it serves if it comes first everywhere.
    ///
    /// O(log n + k s) for the s splits of the range with k owners, after what [`owners`](Self::owners) takes to bring the splits up to
    /// date.
    pub fn needed_in(
        &self,
        node: &NodeId,
        range: &KeyRange<K>,
        count: usize,
    ) -> impl Iterator<Item = KeyRange<K>> + use<'_, K> {
        self.agreed().needed_in(node, range, count)
    }

    /// Lets a node serve what another serves of a range, and come before it there, so that the other may be [drained](Self::drain): each
    /// registration of the other of which the range holds a part is registered for the first node with that part, if it does not come
    /// before it at every key of the part already, and increased beyond the other's priority. In one delta, empty if it comes before it
    /// everywhere.
    ///
    /// It only adds, so nobody has to be careful about it; but a node that drains itself should not stand in for others.
    ///
    /// O(r (log n + k s)) for r registrations of the other, with the s splits of k owners that they hold of the range, after what
    /// [`registrations_of`](Self::registrations_of) takes.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub fn stand_in(
        &mut self,
        node: &NodeId,
        other: &NodeId,
        range: &KeyRange<K>,
    ) -> Result<Delta<K>, WriteError> {
        self.check_write(None)?;
        if node == other {
            return Ok(Delta::default());
        }
        let parts: Vec<Registration<K>> = self
            .registrations_of(other)
            .filter_map(|one| Some(Registration { range: one.range.intersection(range)?, ..one }))
            .filter(|part| !self.comes_before(node, other, &part.range))
            .collect();
        parts.iter().try_for_each(|part| self.check_write(Some(&id(node, &part.range))))?;
        let mut delta = Delta::default();
        for part in parts {
            // One registration may lie below another of the same node.
            let owners = self.owners_in(&part.range);
            let most = owners.iter().filter(|owner| owner.node == *other).map(|owner| owner.priority);
            let most = most.max().unwrap_or(part.priority);
            if self.priority(node, &part.range).is_none_or(|priority| priority <= most) {
                delta.merge(&self.set_priority(node, &part.range, most.saturating_add(1))?);
            }
        }
        Ok(delta)
    }

    /// The ranges of the registrations of a node that have a key of that one.
    pub(crate) fn ranges_of(&self, node: &NodeId, range: &KeyRange<K>) -> Vec<KeyRange<K>> {
        self.registrations_of(node).map(|one| one.range).filter(|whole| whole.intersects(range)).collect()
    }

    /// What that range holds of them.
    pub(crate) fn parts_of(&self, node: &NodeId, range: &KeyRange<K>) -> Vec<KeyRange<K>> {
        self.registrations_of(node).filter_map(|one| one.range.intersection(range)).collect()
    }

    /// Whether a node comes before another at every key of a range that the other serves.
    fn comes_before(&self, node: &NodeId, other: &NodeId, range: &KeyRange<K>) -> bool {
        let nodes = &self.state.entries.tables().nodes;
        let (number, others) = (nodes.find(node), nodes.find(other));
        let mut behind = self.splits_in(range).into_window().ranges_where(move |stretch| {
            let mut first = None;
            stretch.for_each(|owner| {
                let is_either = Some(owner) == number || Some(owner) == others;
                first = first.or(is_either.then_some(owner));
            });
            first.is_some() && first == others
        });
        behind.next().is_none()
    }

    /// The registrations of others that come before a node at some key of a range, whole, in a delta.
    fn before(&self, node: &NodeId, range: &KeyRange<K>) -> Delta<K> {
        let least =
            self.registrations_in(range).filter(|one| one.node == *node).map(|one| one.priority).min();
        let comes_before = |row: &RowRef<'_, K>| {
            row.node() != node && row.priority().is_some_and(|priority| Some(priority) >= least)
        };
        let rows: Vec<RowRef<'_, K>> = self.rows_in(range).filter(comes_before).collect();
        let mut delta = self.state.part(&rows, &[]);
        for row in &rows {
            // Of a row that was reset, who still holds what was dropped of it since would show too much.
            let (id, entry) = (row.id(), row.entry());
            for Tombstone { writer, drop, .. } in self.log.tombstones_of(&id) {
                if entry.get(*writer).is_none() {
                    delta.add_tombstone(id.clone(), *writer, *drop);
                }
            }
        }
        delta
    }
}
