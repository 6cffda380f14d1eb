#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| git_orc_fuzz::targets::tool_output(data));
