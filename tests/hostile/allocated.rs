//! Counts what a thread has allocated, so that tests can bound it.

#![allow(unsafe_code, reason = "there is no other way to see allocations from within a program")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static CURRENT: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, with an account for each thread.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(allocated: usize, freed: usize) {
    // What was allocated before, or by another thread, may be freed now: an account can be overdrawn. No layout is longer than an
    // `isize` tells.
    let current = CURRENT.get() + allocated as isize - freed as isize;
    CURRENT.set(current);
    PEAK.set(PEAK.get().max(current));
}

// SAFETY: everything is handed on to the system's allocator as it is; counting touches only `Cell`s that need no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both at once, as when the memory has to move.
        count(size, 0);
        count(0, layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Calls `work`, and tells how many bytes more than before were allocated at the worst moment.
pub fn peak_bytes<T>(work: impl FnOnce() -> T) -> (T, usize) {
    // From 0 on, so that no overdrawn account can hide the peak, which is 0 or more.
    let before = CURRENT.replace(0);
    PEAK.set(0);
    let result = work();
    let peak = PEAK.get();
    CURRENT.set(CURRENT.get() + before);
    (result, peak.unsigned_abs())
}

#[test]
fn the_peak_is_what_was_allocated_at_once() {
    let ((), peak) = peak_bytes(|| {
        drop(vec![0u8; 1_000]);
        drop(vec![0u8; 3_000]);
        drop(vec![0u8; 2_000]);
    });
    assert_eq!(peak, 3_000);
}
