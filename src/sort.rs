//! One copy of the standard library's sort for all that need not be sorted as fast as can be: in wasm, each copy takes 5 kB.

use core::cmp::Ordering;

/// The items in order. The order of equals is left open. Nobody holds 2^32 of them: that would take dozens of gigabytes.
pub(crate) fn sorted<T: Clone>(items: &[T], order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let mut indexes: Vec<u32> = (0..items.len() as u32).collect();
    sort_numbers(&mut indexes, &mut |a, b| order(&items[a as usize], &items[b as usize]));
    indexes.iter().map(|index| items[*index as usize].clone()).collect()
}

/// Sorts numbers by an order of what they stand for.
#[inline(never)]
pub(crate) fn sort_numbers(numbers: &mut [u32], order: &mut dyn FnMut(u32, u32) -> Ordering) {
    numbers.sort_unstable_by(|a, b| order(*a, *b));
}
