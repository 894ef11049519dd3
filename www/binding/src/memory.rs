//! Memory in few large steps. As little as is needed at a time would be thousands of steps for a large map, and at each of them the engine
//! collects garbage, because it has more to look after.
#![allow(unsafe_code, reason = "an allocator is told which memory is its own")]

use core::alloc::Layout;
use core::arch::wasm32::{memory_grow, memory_size};
use core::ptr::{NonNull, without_provenance_mut};

use talc::base::binning::Binning;
use talc::base::{CHUNK_UNIT, Talc};
use talc::cell::TalcSyncCell;
use talc::source::Source;

use talc::wasm::WasmBinning;

const PAGE_BYTES: usize = 1 << 16;
/// So little grows by what is needed alone.
const LITTLE_PAGES: usize = 64;
/// Of what is more, a step is a quarter, and no larger than that.
const STEP_PAGES_MAX: usize = 1 << 9;

/// As fast as the standard library's allocator, and six kilobytes smaller.
pub type Allocator = TalcSyncCell<Memory, WasmBinning>;

/// An allocator that has no memory yet.
pub const fn allocator() -> Allocator {
    Allocator::new_wasm(Memory { end: None })
}

/// The memory of the module, from the allocator's first block on.
#[derive(Debug)]
pub struct Memory {
    /// Where it ends. Others may make memory grow as well, and then what comes next does not follow on it.
    end: Option<NonNull<u8>>,
}

// SAFETY: nothing here allocates.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        // A chunk has a tag, a heap has an end, and both are rounded up.
        let needed = (layout.size() + layout.align() + 4 * CHUNK_UNIT).div_ceil(PAGE_BYTES);
        let step =
            (memory_size::<0>().saturating_sub(LITTLE_PAGES) / 4).clamp(needed, STEP_PAGES_MAX.max(needed));
        // Near the end there may be room for what is needed, and not for more.
        let (start, pages) = grow(step).or_else(|| grow(needed)).ok_or(())?;
        let bytes = pages * PAGE_BYTES;
        // SAFETY: memory has just grown by that, so it is nobody else's; and what begins at the old end follows on it.
        unsafe {
            talc.source.end = match talc.source.end {
                Some(end) if end.as_ptr() == start => Some(talc.extend(end, end_of(start, bytes))),
                _ => talc.claim(start, bytes),
            };
        }
        Ok(())
    }
}

/// The last page of all ends where no address is left.
fn end_of(start: *mut u8, bytes: usize) -> *mut u8 {
    without_provenance_mut(start.addr().saturating_add(bytes))
}

/// Where the new pages begin; `None` if there are not so many to be had.
fn grow(pages: usize) -> Option<(*mut u8, usize)> {
    let before = memory_grow::<0>(pages);
    (before != usize::MAX).then(|| (without_provenance_mut(before * PAGE_BYTES), pages))
}
