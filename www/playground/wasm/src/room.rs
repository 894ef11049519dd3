//! Memory in few large steps. The allocator asks the browser for as little as it needs at a time, which may be thousands of times for the
//! copies of a long world; and each time the browser collects garbage, because it has more to look after.
use std::{
    hint::black_box,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

const PAGE_BYTES: usize = 1 << 16;
/// No step is larger.
const STEP_PAGES_MAX: usize = 1 << 10;

/// Once memory has grown since the last time: grows it by half of what there is, and leaves that free. If there is no more to be had, it
/// does nothing. O(1).
pub(crate) fn make() {
    static PAGES: AtomicUsize = AtomicUsize::new(0);
    let pages = core::arch::wasm32::memory_size::<0>();
    if pages <= PAGES.load(Relaxed) {
        return;
    }
    let mut room = Vec::<u8>::new();
    let wanted = (pages / 2).clamp(1, STEP_PAGES_MAX) * PAGE_BYTES;
    // What it returns tells whether there was room, and without room it goes on in small steps.
    let _ = black_box(&mut room).try_reserve_exact(wanted);
    drop(black_box(room));
    PAGES.store(core::arch::wasm32::memory_size::<0>(), Relaxed);
}
