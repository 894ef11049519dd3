//! Numbers for values that many rows share: a row then holds four bytes instead of a name or a replica id.
//!
//! A copy shares memory with the original: what is changed in one is copied before, page by page.

use core::cmp::Ordering;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::hash;
use crate::id::{NodeId, ReplicaId};
use crate::ordered::Ordered;

/// Up to this many values are searched one by one: a delta has one or two, and needs no table for them.
const SEARCHED: usize = 8;

/// How many slots are copied at once.
const PAGE: usize = 256;

/// What is given numbers.
pub(crate) trait Interned: Clone + Ord {
    /// A hash that is the same on every machine, since those of registrations take in those of their nodes.
    fn hash(&self) -> u64;
}

impl Interned for NodeId {
    fn hash(&self) -> u64 {
        hash::of(|hasher| hasher.bytes(self.as_bytes()))
    }
}

impl Interned for ReplicaId {
    fn hash(&self) -> u64 {
        hash::of(|hasher| hasher.number(self.get()))
    }
}

/// Values with numbers. A number stays that of its value for as long as anything uses it, and may then be given to another.
#[derive(Clone, Debug)]
pub(crate) struct Interner<T> {
    slots: Slots<T>,
    /// The slots that nothing uses.
    free: Ordered<[u32; 1]>,
    /// The numbers in use by the hashes of their values, and of equal hashes by the values, so that nobody gains by choosing values of
    /// one hash. Once there are more than [`SEARCHED`] slots.
    numbers: Option<Ordered<[(u64, u32); 1]>>,
}

#[derive(Clone, Debug)]
struct Slot<T> {
    value: T,
    hash: u64,
    uses: u32,
}

/// Slots by their numbers.
#[derive(Clone, Debug)]
struct Slots<T> {
    /// The first page, which is all there is of most.
    first: SmallVec<[Slot<T>; 1]>,
    /// The others, full but for the last.
    more: Vec<Arc<Vec<Slot<T>>>>,
}

impl<T: Clone> Slots<T> {
    fn len(&self) -> usize {
        let more = self.more.last().map_or(0, |last| (self.more.len() - 1) * PAGE + last.len());
        self.first.len() + more
    }

    #[inline]
    fn get(&self, number: u32) -> &Slot<T> {
        let number = number as usize;
        match number.checked_sub(PAGE) {
            None => &self.first[number],
            Some(number) => &self.more[number / PAGE][number % PAGE],
        }
    }

    #[inline]
    fn get_mut(&mut self, number: u32) -> &mut Slot<T> {
        let number = number as usize;
        match number.checked_sub(PAGE) {
            None => &mut self.first[number],
            Some(number) => &mut Arc::make_mut(&mut self.more[number / PAGE])[number % PAGE],
        }
    }

    fn push(&mut self, slot: Slot<T>) {
        if self.first.len() < PAGE {
            return self.first.push(slot);
        }
        match self.more.last_mut() {
            Some(last) if last.len() < PAGE => Arc::make_mut(last).push(slot),
            _ => self.more.push(Arc::new(vec![slot])),
        }
    }

    /// In the order of the numbers.
    fn iter(&self) -> impl Iterator<Item = &Slot<T>> {
        self.first.iter().chain(self.more.iter().flat_map(|page| page.iter()))
    }
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        let slots = Slots { first: SmallVec::new(), more: Vec::new() };
        Self { slots, free: Ordered::default(), numbers: None }
    }
}

impl<T: Interned> Interner<T> {
    /// How many numbers there are, used or not: all are below. O(1).
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The value of a number that is in use. O(1).
    #[inline]
    pub(crate) fn get(&self, number: u32) -> &T {
        &self.slots.get(number).value
    }

    /// The numbers in use with their values, in the order of the numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..)
            .zip(self.slots.iter())
            .filter(|(_, slot)| slot.uses > 0)
            .map(|(number, slot)| (number, &slot.value))
    }

    /// The [hash](Interned::hash) of that value. O(1).
    pub(crate) fn hash(&self, number: u32) -> u64 {
        self.slots.get(number).hash
    }

    /// The number of that value, if it is in use. O(log n).
    pub(crate) fn find(&self, value: &T) -> Option<u32> {
        let Some(numbers) = &self.numbers else {
            let at = self.slots.first.iter().position(|slot| slot.uses > 0 && slot.value == *value)?;
            return Some(at as u32);
        };
        let hash = value.hash();
        let at = numbers.position_of(|of| self.order(*of, hash, value).is_lt());
        numbers.get(at).filter(|of| self.order(**of, hash, value).is_eq()).map(|(_, number)| *number)
    }

    /// The order of a number among those of other values.
    #[inline]
    fn order(&self, (of, number): (u64, u32), hash: u64, value: &T) -> Ordering {
        of.cmp(&hash).then_with(|| self.get(number).cmp(value))
    }

    /// The number of that value, with one more use of it. O(log n).
    pub(crate) fn intern(&mut self, value: &T) -> u32 {
        let number = self.find(value).unwrap_or_else(|| self.add(value));
        self.add_use(number);
        number
    }

    /// One more use of a number that is in use. O(1).
    #[inline]
    pub(crate) fn add_use(&mut self, number: u32) {
        self.slots.get_mut(number).uses += 1;
    }

    /// One use less. After the last one the number may be given to another value; until another value comes, it is still that of this one,
    /// for whoever reads what was before. O(1), and O(log n) for the last.
    pub(crate) fn remove_use(&mut self, number: u32) {
        let slot = self.slots.get_mut(number);
        slot.uses -= 1;
        if slot.uses > 0 {
            return;
        }
        if let Some(mut numbers) = self.numbers.take() {
            let Slot { value, hash, .. } = self.slots.get(number);
            numbers.remove(numbers.position_of(|of| self.order(*of, *hash, value).is_lt()));
            self.numbers = Some(numbers);
        }
        self.free.push(number);
    }

    /// The invariants: as many uses as counted, all that is not used is free, and what is used is found. O(n log n).
    pub(crate) fn check(&self, uses: &[u32]) -> Result<(), &'static str> {
        if !self.slots.iter().map(|slot| slot.uses).eq(uses.iter().copied()) {
            return Err("a node that is used more or less often than it is counted");
        }
        if self.free.len() != uses.iter().filter(|uses| **uses == 0).count() {
            return Err("a number that is not used and not free");
        }
        if self.iter().any(|(number, value)| self.find(value) != Some(number)) {
            return Err("a node that is not found by its name");
        }
        Ok(())
    }

    fn add(&mut self, value: &T) -> u32 {
        if !self.free.is_empty() && self.free.len() == self.slots.len() {
            *self = Self::default();
        }
        let hash = value.hash();
        let slot = Slot { value: value.clone(), hash, uses: 0 };
        let number = match self.free.last().copied() {
            Some(number) => {
                self.free.pop();
                *self.slots.get_mut(number) = slot;
                number
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        if self.numbers.is_some() {
            self.list(number);
        } else if self.slots.len() > SEARCHED {
            // The first slot beyond those that are searched, so all others are in use.
            self.numbers = Some(Ordered::default());
            (0..=number).for_each(|number| self.list(number));
        }
        number
    }

    /// Lets a number be found by its value.
    fn list(&mut self, number: u32) {
        let Some(mut numbers) = self.numbers.take() else { return };
        let Slot { value, hash, .. } = self.slots.get(number);
        numbers.insert(numbers.position_of(|of| self.order(*of, *hash, value).is_lt()), (*hash, number));
        self.numbers = Some(numbers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stable_while_used_and_given_again_afterwards() {
        let mut interner = Interner::default();
        for round in 0..3u64 {
            for value in 0..40 {
                let value = ReplicaId::new(value + 100 * round);
                let number = interner.intern(&value);
                assert_eq!(interner.intern(&value), number);
                assert_eq!((interner.find(&value), *interner.get(number)), (Some(number), value));
                assert_eq!(interner.hash(number), value.hash());
            }
            for value in 0..40 {
                let value = ReplicaId::new(value + 100 * round);
                let number = interner.find(&value).unwrap();
                interner.remove_use(number);
                assert_eq!(interner.find(&value), Some(number), "one use is left");
                interner.remove_use(number);
                assert_eq!(interner.find(&value), None);
            }
        }
        assert_eq!(*interner.get(39), ReplicaId::new(239), "of use to whoever reads what was before");
        let numbers = [1, 2, 3].map(|value| interner.intern(&ReplicaId::new(value)));
        assert_eq!(interner.len(), 3, "nothing is kept of what was all given free");
        interner.remove_use(numbers[1]);
        assert_eq!(
            (interner.intern(&ReplicaId::new(4)), interner.len()),
            (numbers[1], 3),
            "freed numbers are given again"
        );
    }
}
