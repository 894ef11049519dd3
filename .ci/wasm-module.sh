# Sourced after common.sh by the scripts that build a wasm module.

# build_wasm_module CRATE NAME GLUE: builds the crate in that folder, whose module is called NAME, with its JavaScript and its types into
# the folder GLUE, small and fast. What has not changed is not built again.
#
# A speed-optimised build that inlines only what is tiny and unrolls no loops: as small as one that is optimised for size, and up
# to 1.6 times as fast. The standard library is built anew, for size, and without what tells where and why something panicked: that
# takes a tenth off, and needs flags that are not stable, which RUSTC_BOOTSTRAP lets the pinned compiler take. A panic stops the module
# either way; that none can be reached is the tests' business.
build_wasm_module() {
  local crate=$1 name=$2 glue=$3 target=target/binding-small
  local built=$target/wasm32-unknown-unknown/release/${name}_js.wasm module=$glue/${name}_bg.wasm
  RUSTC_BOOTSTRAP=1 \
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-Cllvm-args=-inline-threshold=10 -Cllvm-args=-unroll-threshold=0 \
  -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=none" \
    cargo build --release --target wasm32-unknown-unknown --manifest-path "$crate/Cargo.toml" --target-dir "$target" --locked \
    -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size

  if ! { [ "$glue.stamp" -nt "$built" ] && [ "$glue.stamp" -nt .ci/wasm-module.sh ]; }; then
    say "wasm-bindgen: $name"
    rm -rf "$glue"
    "$TOOLS/bin/wasm-bindgen" --target web --out-name "$name" --out-dir "$glue" "$built"

    say "wasm-opt: $name"
    # With -Oz, or until nothing changes any more, it takes four times as long, for less than a thousandth on the wire.
    node www/node_modules/binaryen/bin/wasm-opt -Os --output "$glue/optimised.wasm" "$module"
    mv "$glue/optimised.wasm" "$module"
    touch "$glue.stamp"
  fi
}
