#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| crdt_range_map_fuzz::conversation::run(bytes));
