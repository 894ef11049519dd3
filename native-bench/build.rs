//! Writes down what the report tells about the build, since a binary on another machine cannot find it out.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    tell("RANGE_BENCH_RUSTC", &output(&rustc, &["--version"]).unwrap_or_default());
    tell("RANGE_BENCH_TARGET", &env::var("TARGET").unwrap_or_default());
    tell("RANGE_BENCH_COMMIT", &commit().unwrap_or_default());
}

fn tell(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}

/// The commit, with a `+` if the sources differ from it; nothing outside of a git repository.
fn commit() -> Option<String> {
    // Every commit, check-out and reset is appended to this log.
    let log = output("git", &["rev-parse", "--git-path", "logs/HEAD"])?;
    [log.as_str(), "../src", "src"].iter().for_each(|path| println!("cargo::rerun-if-changed={path}"));
    let commit = output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changed = output("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { commit } else { commit + "+" })
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
