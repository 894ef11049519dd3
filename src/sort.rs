//! One copy of the standard library's sort, for lists whose sorting time does not matter much. In wasm each copy takes 5 kB.

use core::cmp::Ordering;

/// The items in order. The order of equal items is left open. There are never 2^32 of them: that would take dozens of gigabytes.
pub(crate) fn sorted<T: Clone>(items: &[T], order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let mut indexes: Vec<u32> = (0..items.len() as u32).collect();
    sort_numbers(&mut indexes, &mut |a, b| order(&items[a as usize], &items[b as usize]));
    indexes.iter().map(|index| items[*index as usize].clone()).collect()
}

/// Sorts indexes by the order of the items that they stand for.
#[inline(never)]
pub(crate) fn sort_numbers(numbers: &mut [u32], order: &mut dyn FnMut(u32, u32) -> Ordering) {
    numbers.sort_unstable_by(|a, b| order(*a, *b));
}
