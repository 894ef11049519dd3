//! What a report tells about where it was made.

use std::env;
use std::fmt;
use std::fs;

use serde::{Deserialize, Serialize};

use crate::report::Build;

/// A machine. What could not be found out is empty.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// The board or machine as its firmware calls it.
    pub model: String,
    /// The kernel's name and release.
    pub kernel: String,
    /// The processor, as the kernel calls it.
    pub cpu: String,
    /// What the processor can, as the kernel lists it.
    pub cpu_features: Vec<String>,
    /// How many processors the program may use.
    pub cpus: usize,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let features = field(&cpuinfo, &["flags", "Features"]).unwrap_or_default();
        Self {
            model: first_line(&["/proc/device-tree/model", "/sys/class/dmi/id/product_name"]),
            kernel: format!("{} {}", env::consts::OS, first_line(&["/proc/sys/kernel/osrelease"])),
            cpu: cpu(&cpuinfo),
            cpu_features: features.split_whitespace().map(str::to_owned).collect(),
            cpus: std::thread::available_parallelism().map_or(0, usize::from),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, kernel, cpu, cpus, .. } = self;
        if !model.is_empty() {
            write!(f, "{model}, ")?;
        }
        write!(f, "{cpus} × {cpu}; {kernel}")
    }
}

impl Build {
    /// The build of this program.
    pub fn this() -> Self {
        let features = env!("RANGE_BENCH_FEATURES").split(',').filter(|feature| !feature.is_empty());
        Self {
            version: env!("RANGE_BENCH_VERSION").into(),
            commit: env!("RANGE_BENCH_COMMIT").into(),
            rustc: env!("RANGE_BENCH_RUSTC").into(),
            target: env!("RANGE_BENCH_TARGET").into(),
            target_features: features.map(str::to_owned).collect(),
        }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, commit, rustc, target, .. } = self;
        write!(f, "crdt-range-map {version} {commit}; {target}, {rustc}")
    }
}

/// Whether the kernel describes another kind of processor than the binary runs on, so that times would be an emulator's.
///
/// A kernel on ARM always names the processor's implementer. An emulator that imitates this too is not noticed.
pub fn is_emulated() -> bool {
    let is_arm = matches!(env::consts::ARCH, "aarch64" | "arm");
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    is_arm && !cpuinfo.is_empty() && field(&cpuinfo, &["CPU implementer"]).is_none()
}

/// The most memory that this process ever had resident, as the kernel counts it; unknown under an emulator, which would count its
/// own.
pub fn resident_peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok().filter(|_| !is_emulated())?;
    let kilobytes = field(&status, &["VmHWM"])?.strip_suffix("kB")?.trim();
    Some(kilobytes.parse::<u64>().ok()? * 1024)
}

/// The processor's name; ARM's 64-bit kernels give numbers instead, which are as good for looking it up.
fn cpu(cpuinfo: &str) -> String {
    if let Some(name) = field(cpuinfo, &["model name", "Hardware"]) {
        return name.to_owned();
    }
    ["CPU implementer", "CPU part", "CPU revision"]
        .iter()
        .filter_map(|name| Some(format!("{name} {}", field(cpuinfo, &[name])?)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The first of the named fields in a text of lines `name: value`.
fn field<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    let fields = || text.lines().filter_map(|line| line.split_once(':'));
    names
        .iter()
        .find_map(|wanted| fields().find(|(name, _)| name.trim() == *wanted))
        .map(|(_, value)| value.trim())
}

fn first_line(paths: &[&str]) -> String {
    let text = paths.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim_matches(['\0', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arm_board_is_described_by_its_numbers() {
        let cpuinfo = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd crc32\nCPU implementer\t: 0x41\n\
                       CPU architecture: 8\nCPU part\t: 0xd08\nCPU revision\t: 3\n";
        assert_eq!(cpu(cpuinfo), "CPU implementer 0x41, CPU part 0xd08, CPU revision 3");
        assert_eq!(field(cpuinfo, &["flags", "Features"]), Some("fp asimd crc32"));
    }
}
