//! Marks a region of the program, so that a plugin of the emulator can count the instructions in it (`plugin/count.c`).
//!
//! The marks are instructions that do nothing: on 64- and 32-bit ARM two of the hints that no processor gives a meaning to, on
//! x86_64 a `nop` with an unusual operand. Programs run with them as they do without. On other architectures there are none.
#![allow(unsafe_code)]

use std::hint::black_box;

/// A mark, by the instruction on aarch64, arm and x86_64.
///
/// For arm it is given as bytes, since assemblers refuse the name for the oldest processors, which take it for a write to no part of the
/// status register. The compiler moves no access to memory over a mark, since the assembly is not declared to leave memory alone.
macro_rules! mark {
    ($aarch64:literal, $arm:literal, $x86_64:literal) => {
        // SAFETY: the architectures define these as instructions that do nothing: they touch no register, memory or flag, and the
        // address that is an operand of `nop` is not accessed.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            std::arch::asm!($aarch64, options(nostack, preserves_flags));
        }
        // SAFETY: as above.
        #[cfg(target_arch = "arm")]
        unsafe {
            std::arch::asm!($arm, options(nostack, preserves_flags));
        }
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            std::arch::asm!($x86_64, options(nostack, preserves_flags));
        }
    };
}

/// Runs something in a marked region and returns its result, which is not dropped there.
pub fn marked<O>(run: impl FnOnce() -> O) -> O {
    mark!("hint #112", ".inst 0xe320f070", "nop dword ptr [rax + 0x70000070]");
    let output = black_box(run());
    mark!("hint #113", ".inst 0xe320f071", "nop dword ptr [rax + 0x70000071]");
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_do_nothing() {
        assert_eq!(marked(|| marked(|| vec![1, 2])), [1, 2]);
    }
}
