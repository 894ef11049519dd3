//! Counts instructions: this program runs itself under valgrind, which counts what is executed in one function.
//!
//! The counts are nearly the same on every run, whatever else the machine does, and they see all work: also that which moves
//! memory, or compares nothing.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{self, Command};

/// The name of [`growth_counted`], by which valgrind finds it.
const COUNTED: &str = "growth::count::growth_counted";

/// What valgrind looks for: the work to be counted, and nothing else.
#[inline(never)]
pub fn growth_counted(work: &mut dyn FnMut()) {
    work();
    // Keeps the call above from being a jump, by which this function would be left before the work is done.
    std::hint::black_box(());
}

/// Runs one of this program's ignored tests under valgrind. Returns how many instructions each call of [`growth_counted`] executed, in
/// their order.
pub fn counts_of(test: &str) -> Vec<u64> {
    let folder = env::temp_dir().join(format!("growth-{}-{test}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let out = |name: &str| format!("--callgrind-out-file={}", folder.join(name).display());
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .args(["--toggle-collect", "--dump-after"].map(|option| format!("{option}={COUNTED}")))
        .arg(out("counts"))
        .arg(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--test-threads=1", test])
        .output()
        .unwrap_or_else(|error| panic!("valgrind does not run ({error}): make setup-valgrind installs it"));
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let count = |at: usize| -> Option<u64> {
        let path: PathBuf = folder.join(format!("counts.{at}"));
        let dump = fs::read_to_string(path).ok()?;
        let total = dump.lines().find_map(|line| line.strip_prefix("totals: "))?;
        total.trim().parse().ok()
    };
    let counts: Vec<u64> = (1..).map_while(count).collect();
    fs::remove_dir_all(&folder).unwrap();
    counts
}
