//! A global allocator that counts the bytes that are allocated, while it is told to.
//!
//! Counting is off unless a measurement of memory turns it on, so that timed code pays for one load and a branch only. What is
//! counted is what was asked for; what the allocator itself adds shows in the process's peak.
//!
//! It needs `unsafe`: there is no other way to see allocations from within a program.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};

/// The system's allocator, counted. A program that wants to count makes it its `#[global_allocator]`.
pub struct CountingAllocator;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
/// Less than 0 if more is freed than was allocated since counting began.
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

/// Counts from now on, from 0.
pub fn start_counting() {
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    IS_COUNTING.store(true, Relaxed);
}

/// Counts no longer.
pub fn stop_counting() {
    IS_COUNTING.store(false, Relaxed);
}

/// How many bytes more are allocated than when counting began.
pub fn live_bytes() -> u64 {
    u64::try_from(LIVE.load(Relaxed)).unwrap_or(0)
}

/// The most that [`live_bytes`] ever was.
pub fn peak_bytes() -> u64 {
    u64::try_from(PEAK.load(Relaxed)).unwrap_or(0)
}

/// Counts one block of `from` bytes that has `to` bytes now. No layout is larger than `isize::MAX`.
fn count(from: usize, to: usize) {
    if IS_COUNTING.load(Relaxed) {
        let change = to as isize - from as isize;
        let live = LIVE.fetch_add(change, Relaxed) + change;
        PEAK.fetch_max(live, Relaxed);
    }
}

// SAFETY: every call is passed on to `System` with the arguments that it came with, and what `System` returns is returned, so its
// promises hold; counting neither allocates, nor unwinds, nor touches a block.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `System` asks for.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            count(0, layout.size());
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            count(0, layout.size());
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above; the block came from `System`.
        unsafe { System.dealloc(block, layout) };
        count(layout.size(), 0);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; the block came from `System`.
        let moved = unsafe { System.realloc(block, layout, size) };
        if !moved.is_null() {
            count(layout.size(), size);
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 8).unwrap()
    }

    /// Called by itself: were it the allocator of all tests, those that run at the same time would be counted.
    #[test]
    fn blocks_are_counted_while_they_live() {
        let allocator = CountingAllocator;
        // SAFETY: no layout is empty, each block is given back once, with the layout that it has then.
        unsafe {
            let before = allocator.alloc(layout(500));
            start_counting();
            let first = allocator.alloc(layout(1000));
            let zeroed = allocator.alloc_zeroed(layout(3000));
            assert_eq!(live_bytes(), 4000);
            allocator.dealloc(zeroed, layout(3000));
            assert_eq!((live_bytes(), peak_bytes()), (1000, 4000));

            let grown = allocator.realloc(first, layout(1000), 9000);
            assert_eq!((live_bytes(), peak_bytes()), (9000, 9000));
            let shrunk = allocator.realloc(grown, layout(9000), 1000);
            assert_eq!(live_bytes(), 1000);
            allocator.dealloc(shrunk, layout(1000));
            assert_eq!(live_bytes(), 0);

            // What was allocated before counts for nothing when it goes, not for 2^64.
            allocator.dealloc(before, layout(500));
            assert_eq!(live_bytes(), 0);
            stop_counting();
            let after = allocator.alloc(layout(9999));
            assert_eq!((live_bytes(), peak_bytes()), (0, 9000));
            allocator.dealloc(after, layout(9999));
        }
    }
}
