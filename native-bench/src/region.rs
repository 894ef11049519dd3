//! Marks a region of the program, so that a plugin of the emulator can count the instructions in it (`plugin/count.c`).
//!
//! The marks are instructions that do nothing: on 64- and 32-bit ARM two of the hints that no processor gives a meaning to, on
//! x86_64 a `nop` with an unusual operand. Programs run with them as they do without. On other architectures there are none.
#![allow(unsafe_code)]

use std::hint::black_box;

/// Runs something in a marked region and returns its result, which is not dropped there.
pub fn marked<O>(run: impl FnOnce() -> O) -> O {
    begin();
    let output = black_box(run());
    end();
    output
}

/// Marks the beginning.
///
/// The compiler moves no access to memory over it, since the assembly is not declared to leave memory alone.
fn begin() {
    // SAFETY: the architecture defines `hint #112` as an instruction that does nothing: it touches no register, memory or flag.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("hint #112", options(nostack, preserves_flags));
    }
    // SAFETY: this is `hint #112`, and does nothing either. Given as bytes, since assemblers refuse the name for the oldest
    // processors, which take it for a write to no part of the status register.
    #[cfg(target_arch = "arm")]
    unsafe {
        std::arch::asm!(".inst 0xe320f070", options(nostack, preserves_flags));
    }
    // SAFETY: a `nop` does nothing; its operand's address is not accessed.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!("nop dword ptr [rax + 0x70000070]", options(nostack, preserves_flags));
    }
}

/// Marks the end.
fn end() {
    // SAFETY: as in `begin`.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("hint #113", options(nostack, preserves_flags));
    }
    // SAFETY: as in `begin`.
    #[cfg(target_arch = "arm")]
    unsafe {
        std::arch::asm!(".inst 0xe320f071", options(nostack, preserves_flags));
    }
    // SAFETY: as in `begin`.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!("nop dword ptr [rax + 0x70000071]", options(nostack, preserves_flags));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_do_nothing() {
        assert_eq!(marked(|| marked(|| vec![1, 2])), [1, 2]);
    }
}
