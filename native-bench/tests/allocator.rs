//! The counting allocator, in a program of its own: it is global, and the counts of tests that run at once would mix.

use std::hint::black_box;

use native_bench::allocator::{CountingAllocator, live_bytes, peak_bytes, start_counting, stop_counting};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn blocks_are_counted_while_they_live() {
    let before = black_box(vec![1u8; 500]);
    start_counting();
    let first = black_box(vec![1u8; 1000]);
    let zeroed = black_box(vec![0u8; 3000]);
    assert_eq!(live_bytes(), 4000);
    drop(zeroed);
    assert_eq!((live_bytes(), peak_bytes()), (1000, 4000));

    let mut grown = first;
    grown.reserve_exact(9000);
    assert_eq!(live_bytes(), grown.capacity() as u64);
    grown.shrink_to(1000);
    assert_eq!(live_bytes(), 1000);
    drop(grown);
    assert_eq!(live_bytes(), 0);

    // What was allocated before counts for nothing when it goes, not for 2^64.
    drop(before);
    assert_eq!(live_bytes(), 0);
    stop_counting();
    let after = black_box(vec![1u8; 9999]);
    assert!(peak_bytes() < 20_000 && live_bytes() == 0);
    drop(after);
}
