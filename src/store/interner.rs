//! Numbers for values that many rows share: a row then holds four bytes instead of a name or a replica id.

use core::hash::Hash;
use std::collections::HashMap;

use smallvec::SmallVec;

use super::hash;

/// Up to this many values are searched one by one: a delta has one or two, and needs no table for them.
const SEARCHED: usize = 8;

/// Values with numbers. A number stays that of its value for as long as anything uses it, and may then be given to another.
#[derive(Clone, Debug)]
pub(crate) struct Interner<T> {
    slots: SmallVec<[Slot<T>; 1]>,
    /// The slots that nothing uses.
    free: Vec<u32>,
    /// The number of each value in use, once there are more than [`SEARCHED`] slots.
    numbers: Option<HashMap<T, u32>>,
}

#[derive(Clone, Debug)]
struct Slot<T> {
    value: T,
    hash: u64,
    uses: u32,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { slots: SmallVec::new(), free: Vec::new(), numbers: None }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// How many numbers there are, used or not: all are below.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The value of a number that is in use. O(1).
    pub(crate) fn get(&self, number: u32) -> &T {
        &self.slots[number as usize].value
    }

    /// The numbers in use with their values, in the order of the numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.slots).filter(|(_, slot)| slot.uses > 0).map(|(number, slot)| (number, &slot.value))
    }

    /// The [hash](hash::of) of that value. O(1).
    pub(crate) fn hash(&self, number: u32) -> u64 {
        self.slots[number as usize].hash
    }

    /// The number of that value, if it is in use. O(1).
    pub(crate) fn find(&self, value: &T) -> Option<u32> {
        if let Some(numbers) = &self.numbers {
            return numbers.get(value).copied();
        }
        let at = self.slots.iter().position(|slot| slot.uses > 0 && slot.value == *value)?;
        Some(at as u32)
    }

    /// The number of that value, with one more use of it. O(1) amortised.
    pub(crate) fn intern(&mut self, value: &T) -> u32 {
        let number = self.find(value).unwrap_or_else(|| self.add(value));
        self.slots[number as usize].uses += 1;
        number
    }

    /// One more use of a number that is in use. O(1).
    pub(crate) fn reuse(&mut self, number: u32) {
        self.slots[number as usize].uses += 1;
    }

    /// One use less. After the last one the number may be given to another value. O(1).
    pub(crate) fn release(&mut self, number: u32) {
        let slot = &mut self.slots[number as usize];
        slot.uses -= 1;
        if slot.uses > 0 {
            return;
        }
        if let Some(numbers) = &mut self.numbers {
            numbers.remove(&slot.value);
        }
        self.free.push(number);
        if self.free.len() == self.slots.len() {
            *self = Self::default();
        }
    }

    /// The invariants: as many uses as counted, and all that is not used is free. O(n).
    pub(crate) fn check(&self, uses: &[u32]) -> Result<(), &'static str> {
        if !self.slots.iter().map(|slot| slot.uses).eq(uses.iter().copied()) {
            return Err("a node that is used more or less often than it is counted");
        }
        if self.free.len() != uses.iter().filter(|uses| **uses == 0).count() {
            return Err("a number that is not used and not free");
        }
        Ok(())
    }

    fn add(&mut self, value: &T) -> u32 {
        let slot = Slot { value: value.clone(), hash: hash::of(value), uses: 0 };
        let number = match self.free.pop() {
            Some(number) => {
                self.slots[number as usize] = slot;
                number
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        if let Some(numbers) = &mut self.numbers {
            numbers.insert(value.clone(), number);
        } else if self.slots.len() > SEARCHED {
            // The first slot beyond those that are searched, so all others are in use.
            self.numbers = Some(self.slots.iter().map(|slot| slot.value.clone()).zip(0..).collect());
        }
        number
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
                let value = value + 100 * round;
                let number = interner.intern(&value);
                assert_eq!(interner.intern(&value), number);
                assert_eq!((interner.find(&value), *interner.get(number)), (Some(number), value));
                assert_eq!(interner.hash(number), hash::of(&value));
            }
            for value in 0..40 {
                let value = value + 100 * round;
                let number = interner.find(&value).unwrap();
                interner.release(number);
                assert_eq!(interner.find(&value), Some(number), "one use is left");
                interner.release(number);
                assert_eq!(interner.find(&value), None);
            }
        }
        assert_eq!(interner.len(), 0);
        let numbers = [1, 2, 3].map(|value| interner.intern(&value));
        interner.release(numbers[1]);
        assert_eq!((interner.intern(&4), interner.len()), (numbers[1], 3), "freed numbers are given again");
    }
}
