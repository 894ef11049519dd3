//! What a report tells about where it was made.

use std::env::consts;
use std::fs;

use sysinfo::{CpuRefreshKind, RefreshKind, System};

use crate::report::{Build, Machine};

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let known = System::new_with_specifics(RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()));
        let model = ["/proc/device-tree/model", "/sys/class/dmi/id/product_name"];
        let model = model.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        Self {
            model: model.trim_matches(['\0', ' ', '\n']).into(),
            kernel: format!("{} {}", consts::OS, System::kernel_version().unwrap_or_default()),
            cpu: known.cpus().first().map(|cpu| cpu.brand().into()).unwrap_or_default(),
            cpus: std::thread::available_parallelism().map_or(0, usize::from),
        }
    }
}

impl Build {
    /// The build of this program.
    pub fn this() -> Self {
        Self {
            commit: env!("RANGE_BENCH_COMMIT").into(),
            rustc: env!("RANGE_BENCH_RUSTC").into(),
            target: env!("RANGE_BENCH_TARGET").into(),
        }
    }
}

/// Whether the kernel describes another kind of processor than the binary runs on, so that times would be an emulator's.
///
/// A kernel on ARM always names the processor's implementer. An emulator that imitates this too is not noticed.
pub fn is_emulated() -> bool {
    let is_arm = matches!(consts::ARCH, "aarch64" | "arm");
    is_arm && fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| !text.contains("CPU implementer"))
}

/// The most memory that this process ever had resident, as the kernel counts it; unknown under an emulator, which would count its
/// own.
pub fn resident_peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok().filter(|_| !is_emulated())?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"))?;
    Some(kilobytes.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_is_described() {
        let Machine { kernel, cpus, .. } = Machine::this();
        assert!(kernel.starts_with("linux ") && kernel.len() > 6 && cpus > 0, "{kernel}, {cpus}");
        assert!(is_emulated() || resident_peak_bytes().is_some_and(|bytes| bytes > 100_000));
    }
}
