//! Restoring a node from its saved pages.

use super::journal::Saved;
use super::random::Random;
use super::{Node, Options};
use crate::codec::WireKey;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::sync::{self, ConfigError, IgnoreReason};

/// Damage of saved pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// A page cannot be read.
    Unreadable {
        /// Its index among the pages, from 0.
        page: usize,
        /// What is wrong with it, and where.
        reason: IgnoreReason,
    },
    /// Pages are missing before the last one: an effect of this id is on none of them.
    Missing {
        /// The id.
        replica: ReplicaId,
    },
}

/// The id of a map while it is read back. Nothing is written under it.
const NOBODY: ReplicaId = ReplicaId::new(0);

impl<K: WireKey> Node<K> {
    /// Makes a node from its saved pages: all from the last whole one on, in the order in which they were handed out. Returns the node,
    /// and what is damaged.
    ///
    /// If all pages can be read, and have all own effects up to the last one that the last page tells of, the node goes on under the id of
    /// the last page. Otherwise it starts with what is there, under the `fresh` id, since others may know more of the former id than it
    /// does; its first page is then a whole one. Without [`Options::is_durable`] it takes the `fresh` id as well. If that one was used
    /// already, the seed decides on another. An [ephemeral](ReplicaId#ephemeral-writers) id is for one life, and so the node never goes on
    /// under one: what it registered in that life counts as of who is alive no more, until it registers it anew.
    ///
    /// If no page is missing, the node knows all that it knew when the last of these pages was made, and shows the same. A page that was
    /// handed out and never [reported as saved](Self::saved) may be missing, or cut off.
    ///
    /// **What does not show.** A page that had nothing but what others did may be missing before the last one: the node goes on
    /// without that, and asks for it again when it meets somebody who knows it. If the *last* saved pages are missing, it goes on under its
    /// id with numbers that others may know already: never restore from an old copy. Whose pages they are is not checked either: if
    /// the last one is of another node, this one goes on as that. O(n + m log n) for m registrations on the pages.
    ///
    /// ```
    /// use crdt_range_map::node::{Options, Output};
    /// use crdt_range_map::{KeyRange, Node, NodeId, ReplicaId};
    ///
    /// let options = Options { is_durable: true, ..Options::default() };
    /// let mut node = Node::<u64>::with(options.clone(), ReplicaId::new(1), 42)?;
    /// let mut pages: Vec<Vec<u8>> = Vec::new(); // a file, say
    /// node.register(&NodeId::new("node-a")?, &KeyRange::new(0, 100)?)?;
    /// loop {
    ///     match node.poll(0) {
    ///         Output::Save(page) => {
    ///             if page.is_whole {
    ///                 pages.clear();
    ///             }
    ///             pages.push(page.bytes);
    ///             node.saved(page.number);
    ///         }
    ///         Output::Wait { .. } => break,
    ///         _ => {}
    ///     }
    /// }
    ///
    /// let (again, damaged) = Node::restore(options, &pages, ReplicaId::new(2), 43)?;
    /// assert!(damaged.is_empty());
    /// assert_eq!(again.map().replica(), ReplicaId::new(1));
    /// assert_eq!(again.map().state(), node.map().state());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`] if the protocol could not work with those options.
    pub fn restore(
        options: Options,
        pages: impl IntoIterator<Item = impl AsRef<[u8]>>,
        fresh: ReplicaId,
        seed: u64,
    ) -> Result<(Self, Vec<Damage>), ConfigError> {
        options.sync.check()?;
        // The map writes under no real id meanwhile, so it drops nothing in answer.
        let mut map = RangeMap::new(NOBODY);
        let (mut last, mut saved, mut damaged) = (None, Saved::default(), Vec::new());
        for (at, page) in pages.into_iter().enumerate() {
            let page = page.as_ref();
            match sync::read_page(page) {
                Ok((replica, own_seq, delta)) => {
                    last = Some((replica, own_seq));
                    saved.bytes = saved.bytes.saturating_add(page.len());
                    if at == 0 {
                        saved.whole_bytes = page.len();
                    }
                    saved.version.join(delta.version());
                    map.merge(&delta);
                }
                Err(reason) => damaged.push(Damage::Unreadable { page: at, reason }),
            }
        }
        if let Some((replica, own_seq)) = last
            && saved.version.context.prefix(replica) < own_seq
        {
            damaged.push(Damage::Missing { replica });
        }
        let last = last.map(|(replica, _)| replica);
        // An ephemeral id is for one life.
        let has_ended = last.is_some_and(ReplicaId::is_ephemeral);
        saved.is_damaged = !damaged.is_empty();
        saved.is_damaged |= has_ended;
        let goes_on = options.is_durable && damaged.is_empty() && !has_ended;
        let replica = match last.filter(|_| goes_on) {
            Some(replica) => replica,
            // An id of which anything is known is not fresh.
            None if saved.version.is_known(fresh) || last == Some(fresh) => {
                let mut random = Random(seed);
                sync::fresh(&map, fresh, &mut || random.next())
            }
            None => fresh,
        };
        // The drops that it makes of its own records are not sent: nobody is there yet. Whoever meets it gets them.
        _ = map.set_replica(replica);
        Ok((Self::begin(map, options, seed, saved), damaged))
    }
}
