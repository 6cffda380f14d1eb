//! A hook that somebody else put there: run with the user's terminal and environment, just as git would run it.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::io::settings::environment::Environment;

/// Runs a program with bytes to read, everything else as this process has it.
///
/// # Errors
/// Returns an error when it can not be started or waited for.
#[expect(clippy::disallowed_methods, reason = "the door to hooks of others, which get what git would give them")]
pub fn run(program: &Path, args: &[OsString], (environment, extra): (&Environment, (&str, &str)), input: &[u8]) -> io::Result<ExitStatus> {
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(environment.vars()).env(extra.0, extra.1).stdin(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A hook need not read what it is given.
        let _read = stdin.write_all(input);
    }
    child.wait()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_hook_gets_what_git_would_give_it() {
        let dir = tempfile::tempdir().unwrap();
        let (hook, out) = (dir.path().join("hook"), dir.path().join("out"));
        crate::io::fs::write_scratch(&hook, b"#!/bin/sh\n{ cat; echo \"$1 $MINE $EXTRA\"; } >\"$OUT\"\nexit 3\n").unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
        let environment = Environment::of([("PATH", "/usr/bin:/bin"), ("MINE", "m"), ("OUT", out.to_str().unwrap())]);
        let ended = run(&hook, &["origin".into()], (&environment, ("EXTRA", "e")), b"a b c d\n").unwrap();
        assert_eq!((ended.code(), std::fs::read_to_string(&out).unwrap().as_str()), (Some(3), "a b c d\norigin m e\n"));
        // More than a pipe holds, and nobody who reads it.
        crate::io::fs::write_scratch(&hook, b"#!/bin/sh\nexit 0\n").unwrap();
        assert!(run(&hook, &[], (&environment, ("EXTRA", "e")), &vec![b'x'; 1 << 20]).unwrap().success());
    }
}
