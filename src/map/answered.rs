//! Versions of answers, for clients that keep one.

use core::borrow::Borrow;
use core::cmp::Ordering;

use super::RangeMap;
use crate::answer_version::{AnswerVersion, OwnersSince};
use crate::key::Key;

impl<K: Key> RangeMap<K> {
    /// The version of what this replica answers now, in 24 bytes: a client keeps it with the answer, and can tell of two answers, also of
    /// two replicas, which is the newer. See [`AnswerVersion`] for how far that is right.
    ///
    /// It is greater after everything that this replica learns, does or drops, and replicas of the same state have the same. So it is of the
    /// whole map: it grows though the owners of a key stay. A replica that lost its memory begins from 0 again.
    ///
    /// O(1), and O(64) in the mean for each leaf of 64 registrations that changed since it was last asked for.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, RangeMap, ReplicaId};
    /// # let range = KeyRange::new(0u64, 100)?;
    /// let [mut here, mut there] = [1, 2].map(|id| RangeMap::new(ReplicaId::new(id)));
    /// there.merge(&here.register(&"a".parse()?, &range)?);
    /// assert_eq!(here.answer_version(), there.answer_version());
    ///
    /// let delta = here.register(&"b".parse()?, &range)?;
    /// assert!(here.answer_version() > there.answer_version());
    /// _ = there.register(&"c".parse()?, &range)?;
    /// assert_eq!(here.answer_version().partial_cmp(&there.answer_version()), None);
    /// there.merge(&delta);
    /// assert!(here.answer_version() < there.answer_version());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # A token for fencing
    ///
    /// [`AnswerVersion::token`] is a number that never falls at one replica, and is greater in each answer that knows more. Whoever acts for
    /// an owner sends it along, and the resource refuses whatever comes with a lesser one than it has seen. So nobody acts any more by an
    /// answer that a later one took back, once the resource has seen the later one.
    ///
    /// That is all. Nothing is agreed on here in a conversation, so **two owners at once are possible**:
    ///
    /// - Replicas that cannot hear each other both name an owner. Their tokens may be equal, and either may be the greater.
    /// - A greater token does not mean that its holder knew of the other. Tokens of concurrent answers are in no order of time.
    /// - A token is no lock. It does not wait for anybody, and nobody is told that it has passed.
    ///
    /// How to build on it: the resource keeps the greatest token that it has seen, and who came with it; on an equal token of
    /// somebody else it refuses. Then at most one acts under each token, and those who act one after the other have growing ones. If two must
    /// never act in turns, let a single replica, a registrar, hand out all answers that are acted on: its tokens are in the order in which it
    /// gave them.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
    /// /// What is written to, which lets in one node at a time.
    /// #[derive(Default)]
    /// struct Resource {
    ///     latest: Option<(u64, NodeId)>,
    /// }
    ///
    /// impl Resource {
    ///     fn admits(&mut self, token: u64, node: &NodeId) -> bool {
    ///         let is_stale = self.latest.as_ref().is_some_and(|(latest, by)| {
    ///             token < *latest || token == *latest && node != by
    ///         });
    ///         if !is_stale {
    ///             self.latest = Some((token, node.clone()));
    ///         }
    ///         !is_stale
    ///     }
    /// }
    ///
    /// let (a, b): (NodeId, NodeId) = ("a".parse()?, "b".parse()?);
    /// let range = KeyRange::new(0u64, 100)?;
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// _ = map.register(&a, &range)?;
    /// let of_a = map.answer_version().token();
    /// _ = map.hand_over(&a, &range, &b)?;
    /// let of_b = map.answer_version().token();
    ///
    /// let mut resource = Resource::default();
    /// assert!(resource.admits(of_a, &a));
    /// assert!(resource.admits(of_b, &b));
    /// assert!(!resource.admits(of_a, &a), "it does not know yet that it serves no more");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The [living answer](Self::living) has no version: who is alive is what one replica sees, at its own time. Two of them have nothing in
    /// common by which they could be compared, and neither a client nor a resource should take one for newer.
    pub fn answer_version(&self) -> AnswerVersion {
        let (entries, version) = (&self.state.entries, self.state.version());
        let (dots, retired) = (version.context.tally(), version.retired.tally());
        // All that is learnt has a dot, but for drops: these can be learnt without theirs. A drop makes the records fewer. They become more
        // only with as many new dots, those of their births. So this grows with each dot by 1 at least, and with each drop.
        let grown = 2 * u128::from(dots.total) + u128::from(retired.total);
        let grown = grown.saturating_sub(entries.records() as u128);
        AnswerVersion::new(entries.fingerprint(), grown, dots.plus(retired))
    }

    /// What is new about a key for a client that has an answer of that version: nothing; who serves it now; or that the client
    /// knows better, since this replica lacks something. Then the client asks another replica, or this one later: a
    /// [`Node`](crate::Node) that is linked to whoever gave the client its answer hears of it by itself.
    ///
    /// It is about the whole map, of which one version is kept and no history: the owners of the key may be the same in a newer answer.
    ///
    /// Costs what [`answer_version`](Self::answer_version) and [`owners`](Self::owners) cost.
    ///
    /// ```
    /// # use crdt_range_map::{KeyRange, OwnersSince, RangeMap, ReplicaId};
    /// let mut map = RangeMap::new(ReplicaId::new(1));
    /// _ = map.register(&"a".parse()?, &KeyRange::new(0u64, 100)?)?;
    /// let known = map.answer_version();
    /// assert_eq!(map.owners_since(&5, &known), OwnersSince::Same);
    ///
    /// _ = map.register(&"b".parse()?, &KeyRange::new(0, 50)?)?;
    /// let OwnersSince::Newer { owners, version } = map.owners_since(&5, &known) else { panic!() };
    /// assert_eq!((owners.len(), version), (2, map.answer_version()));
    ///
    /// let behind = RangeMap::<u64>::new(ReplicaId::new(2));
    /// let nothing = behind.answer_version();
    /// assert_eq!(behind.owners_since(&5, &known), OwnersSince::Older { version: nothing });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn owners_since<Q: Ord + ?Sized>(&self, key: &Q, known: &AnswerVersion) -> OwnersSince
    where
        K: Borrow<Q>,
    {
        let version = self.answer_version();
        match version.partial_cmp(known) {
            Some(Ordering::Equal) => OwnersSince::Same,
            Some(Ordering::Greater) => OwnersSince::Newer { owners: self.owners(key), version },
            Some(Ordering::Less) => OwnersSince::Older { version },
            None => OwnersSince::Concurrent { owners: self.owners(key), version },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causal::{CausalContext, Dot, SEQ_MAX};
    use crate::delta::Delta;
    use crate::id::ReplicaId;
    use crate::key::KeyRange;

    fn heard() -> (RangeMap<u64>, RangeMap<u64>) {
        let [mut author, mut map] = [1, 2].map(|id| RangeMap::new(ReplicaId::new(id)));
        let (node, range) = ("a".parse().unwrap(), KeyRange::new(0, 9).unwrap());
        map.merge(&author.register(&node, &range).unwrap());
        _ = map.register(&node, &range).unwrap();
        (author, map)
    }

    /// Of two records of one registration, so that there are as many of these as before.
    #[test]
    fn a_drop_that_comes_without_its_dot_makes_a_newer_version() {
        let (author, mut map) = heard();
        let (before, known) = (map.answer_version(), map.state().version().clone());
        let mut born = CausalContext::default();
        born.insert(Dot { replica: author.replica(), seq: 1 });
        map.drop_born(&born);
        assert_eq!((map.state().version(), map.state().entries.len()), (&known, 1));
        assert_eq!(map.answer_version().token(), before.token() + 1);
        assert!(map.answer_version() > before);
    }

    #[test]
    fn the_token_ends_at_its_greatest() {
        let (author, mut map) = heard();
        let before = map.answer_version();
        let mut claimed = CausalContext::default();
        claimed.insert_run(ReplicaId::new(7), 1, SEQ_MAX);
        map.merge(&Delta::giving_up(claimed));
        let after = map.answer_version();
        assert_eq!(after.token(), AnswerVersion::TOKEN_MAX);
        assert!(after > before);
        _ = map.withdraw(author.replica()).unwrap();
        assert_eq!(map.answer_version().token(), AnswerVersion::TOKEN_MAX);
        assert_eq!(map.answer_version().partial_cmp(&after), None, "that is the exception");
    }
}
