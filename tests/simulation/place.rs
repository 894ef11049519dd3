//! A place in which several replicas save, as the tabs of a browser do in one database: pages of all lie in it, and each is written as
//! a whole or not at all.
//!
//! Ids are in slots: who holds a slot goes on under the id in it, and nobody else does. A snapshot is the state of one of them, which
//! replaces what the one before it covers; so there are always two, should the last be broken.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crdt_range_map::node::Page;
use crdt_range_map::{ReplicaId, Version};

use crate::kit::random::Random;
use crate::tally::Tally;

/// So many schedules in a hundred have such a place, and so many of their replicas save in it.
const PLACES_PERCENT: u64 = 8;
const SHARING_PERCENT: u64 = 75;

/// The id in a slot, and its next number, as the last page says that it wrote.
type Row = Option<(ReplicaId, u64)>;

#[derive(Default)]
struct Slot {
    row: Row,
    is_held: bool,
}

pub struct Piece {
    pub bytes: Rc<[u8]>,
    /// Whether its checksum, or that of the page in it, says that it was damaged.
    pub is_broken: bool,
    /// What a snapshot makes superfluous.
    covers: Option<BTreeSet<u64>>,
}

pub struct Place {
    /// Draws for all that has to do with it, so that other schedules draw what they always drew.
    pub random: Random,
    /// By number, in the order in which they were written.
    pieces: BTreeMap<u64, Piece>,
    next: u64,
    slots: Vec<Slot>,
    /// The first number on each own page there ever was.
    begun: BTreeSet<(ReplicaId, u64)>,
    /// What those knew who wrote something: all of it is there, as long as nothing was damaged.
    promised: Version,
    may_be_damaged: bool,
    pub is_damaged: bool,
}

impl Place {
    /// The place of a schedule, if it has one.
    pub fn draw(seed: u64) -> Option<Self> {
        let mut random = Random(Random(seed ^ 0x706c_6163_6500).next());
        let (has_place, may_be_damaged) = (random.percent(PLACES_PERCENT), random.percent(30));
        has_place.then(|| Self {
            random,
            pieces: BTreeMap::new(),
            next: 0,
            slots: Vec::new(),
            begun: BTreeSet::new(),
            promised: Version::default(),
            may_be_damaged,
            is_damaged: false,
        })
    }

    /// Whether all of that is in it that was said to be, or may be missing since something was damaged.
    pub fn is_all_in(&self, found: &Version) -> bool {
        self.is_damaged || found.includes(&self.promised)
    }

    /// Whether it holds all that somebody did under that id, up to that number.
    pub fn holds_all_of(&self, id: ReplicaId, seq: u64) -> bool {
        self.is_damaged || self.promised.context().prefix(id) >= seq
    }

    pub fn is_for_one_more(&mut self) -> bool {
        self.random.percent(SHARING_PERCENT)
    }

    /// Holds a slot that is free.
    pub fn take_slot(&mut self) -> usize {
        let slot = self.slots.iter().position(|slot| !slot.is_held).unwrap_or(self.slots.len());
        self.slots.resize_with(self.slots.len().max(slot + 1), Slot::default);
        self.slots[slot].is_held = true;
        slot
    }

    pub fn free_slot(&mut self, slot: usize) {
        self.slots[slot].is_held = false;
    }

    pub fn row(&self, slot: usize) -> Row {
        self.slots[slot].row
    }

    /// Nobody goes on with the id in that slot any more; returns it.
    pub fn abandon(&mut self, slot: usize) -> Option<ReplicaId> {
        self.slots[slot].row.take().map(|(id, _)| id)
    }

    /// Adds a page of somebody who knew that much, and says in the slot, if it is of one, up to where its id has got.
    pub fn append(&mut self, page: &Page, slot: Option<usize>, known: &Version) -> u64 {
        let Page { replica, own, .. } = page;
        assert!(
            own.is_empty() || self.begun.insert((*replica, own.start)),
            "another page of {replica} begins with number {}",
            own.start
        );
        if let Some(slot) = slot {
            self.slots[slot].row = Some((*replica, own.end));
        }
        self.add(&page.bytes, None, known)
    }

    /// Adds the state of somebody who has read those.
    pub fn append_snapshot(&mut self, bytes: &[u8], read: BTreeSet<u64>, known: &Version) -> u64 {
        let is_base = |piece: &Piece| piece.covers.is_some() && !piece.is_broken;
        let base = self.pieces.iter().rev().find(|(_, piece)| is_base(piece)).map(|(number, _)| *number);
        let covered = base.and_then(|base| self.pieces[&base].covers.clone()).unwrap_or_default();
        self.pieces.retain(|number, piece| match piece.covers {
            Some(_) => Some(*number) == base,
            None => !covered.contains(number),
        });
        self.add(bytes, Some(read), known)
    }

    fn add(&mut self, bytes: &[u8], covers: Option<BTreeSet<u64>>, known: &Version) -> u64 {
        self.promised.join(known);
        self.next += 1;
        self.pieces.insert(self.next, Piece { bytes: bytes.into(), is_broken: false, covers });
        self.next
    }

    /// What is to be read by who has read those: of snapshots the last one that is whole, then the pages. All of these count as read then.
    pub fn unread(&self, read: &mut BTreeSet<u64>) -> Vec<Rc<[u8]>> {
        let unread =
            || self.pieces.iter().filter(|(number, _)| !read.contains(number)).map(|(_, piece)| piece);
        let mut snapshots = unread().rev().filter(|piece| piece.covers.is_some());
        let snapshot = snapshots.find(|piece| !piece.is_broken);
        let pages = unread().filter(|piece| piece.covers.is_none());
        let bytes = snapshot.into_iter().chain(pages).map(|piece| piece.bytes.clone()).collect();
        read.extend(self.pieces.keys());
        bytes
    }

    /// Now and then something is damaged.
    pub fn may_be_damaged(&mut self, tally: &mut Tally) {
        // A number that only such a piece says to be used would be used again.
        let is_told =
            |slot: &Slot| slot.row.is_none_or(|(id, next)| self.promised.context().last_seq(id) < next);
        if !self.may_be_damaged || !self.slots.iter().all(is_told) || self.random.percent(80) {
            return;
        }
        let Some(at) = self.random.below(self.next + 1).checked_sub(1) else { return };
        let Some((number, piece)) = self.pieces.range_mut(at + 1..).next() else { return };
        let number = *number;
        self.is_damaged = true;
        if self.random.percent(50) {
            tally.fault("piece of a shared place missing");
            self.pieces.remove(&number);
        } else {
            tally.fault("piece of a shared place damaged");
            let mut bytes = piece.bytes.to_vec();
            let byte = self.random.index(bytes.len());
            bytes[byte] ^= 1 << self.random.below(8);
            (piece.bytes, piece.is_broken) = (bytes.into(), true);
        }
    }
}
