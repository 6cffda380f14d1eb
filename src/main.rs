//! The program `git-orc`, reached as `git orc`.

fn main() {}
