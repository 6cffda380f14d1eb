//! The program `git-orc`, reached as `git orc`.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_orc::cli::main(std::env::args_os())
}
