# Sourced by the scripts for ARM: which architectures there are, and how cargo links and runs programs for them.
# Not in .cargo/config.toml, where an ARM machine would read it too.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# By architecture: Rust's target, the prefix of GNU's tools, Debian's name of it, and the emulator.
declare -A TARGET=([aarch64]=aarch64-unknown-linux-gnu [armv7]=armv7-unknown-linux-gnueabihf [armv5te]=armv5te-unknown-linux-gnueabi)
declare -A PREFIX=([aarch64]=aarch64-linux-gnu [armv7]=arm-linux-gnueabihf [armv5te]=arm-linux-gnueabi)
declare -A DEBIAN=([aarch64]=arm64 [armv7]=armhf [armv5te]=armel)
declare -A EMULATOR=([aarch64]=qemu-aarch64 [armv7]=qemu-arm [armv5te]=qemu-arm)

for arch in "${!TARGET[@]}"; do
  variable=${TARGET[$arch]//-/_}
  variable=CARGO_TARGET_${variable^^}
  export "${variable}_LINKER=${PREFIX[$arch]}-gcc" "${variable}_RUNNER=${EMULATOR[$arch]} -L /usr/${PREFIX[$arch]}"
done

is_arm_machine() {
  [[ "$(uname -sm)" =~ ^Linux\ (aarch64|arm) ]]
}

# has_linker ARCH: whether the compiler is there that links for it, with a C library that can be linked statically.
has_linker() {
  local gcc=${PREFIX[$1]}-gcc
  # gcc prints only a path that exists.
  have "$gcc" && [[ "$("$gcc" -print-file-name=libc.a)" == /* ]]
}

# has_built_std ARCH: whether rustup brings Rust's standard library for it; else it is built from its source.
has_built_std() {
  [ "$1" != armv5te ]
}
