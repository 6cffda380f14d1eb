//! A hook that somebody else put there: run with the user's terminal and environment, just as git would run it.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::io::fs;
use crate::io::settings::environment::Environment;

/// Shells that source a script without changing the name that it sees.
const SHELLS: [&str; 6] = ["sh", "dash", "bash", "zsh", "ksh", "ash"];
/// The variable that names the script to a shell.
const SCRIPT: &str = "ORC_HOOK_FILE";

/// A hook that somebody else put there.
#[derive(Debug, Clone, Copy)]
pub struct ForeignHook<'a> {
    /// Where it is now.
    pub path: &'a Path,
    /// Where git would have run it: hooks look at their own name, and for files beside them.
    pub name: &'a Path,
    /// What git gives it as arguments.
    pub args: &'a [OsString],
    /// What git gives it to read.
    pub input: &'a [u8],
}

/// Runs a hook with everything else as this process has it, and one variable more.
///
/// # Errors
/// Returns an error when it can not be started or waited for.
#[expect(clippy::disallowed_methods, reason = "the door to hooks of others, which get what git would give them")]
pub fn run(hook: ForeignHook<'_>, environment: &Environment, extra: (&str, &str)) -> io::Result<ExitStatus> {
    let mut command = match shell(hook.path) {
        Some(shell) => {
            let mut command = Command::new(shell);
            command.args(["-c", &format!(". \"${SCRIPT}\"")]).arg(hook.name);
            command
        }
        None => Command::new(hook.path),
    };
    command.args(hook.args).env_clear().envs(environment.vars()).env(extra.0, extra.1);
    // The shell looks for a name without a slash in `PATH`.
    command.env(SCRIPT, std::path::absolute(hook.path)?).stdin(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A hook need not read what it is given.
        let _read = stdin.write_all(hook.input);
    }
    child.wait()
}

/// Returns the shell that a script names in its first line.
fn shell(path: &Path) -> Option<String> {
    let bytes = fs::read_at_most(path, 256).ok()?;
    let first = String::from_utf8_lossy(&bytes);
    let mut words = first.lines().next()?.strip_prefix("#!")?.split_whitespace();
    let program = words.next()?;
    let program = if program.ends_with("/env") { words.next()? } else { program };
    let name = program.rsplit('/').next()?;
    // With options of its own it is another shell.
    (SHELLS.contains(&name) && words.next().is_none()).then(|| program.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_hook_gets_what_git_would_give_it() {
        let dir = tempfile::tempdir().unwrap();
        let (hook, out) = (dir.path().join("hook"), dir.path().join("out"));
        fs::write_scratch(&hook, b"#!/bin/sh\n{ cat; echo \"$1 $MINE $EXTRA $0\"; } >\"$OUT\"\nexit 3\n").unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
        let environment = Environment::of([("PATH", "/usr/bin:/bin"), ("MINE", "m"), ("OUT", out.to_str().unwrap())]);
        let foreign = |args, input| ForeignHook { path: &hook, name: Path::new("hooks/pre-push"), args, input };
        let args = ["origin".into()];
        let ended = run(foreign(&args, b"a b c d\n"), &environment, ("EXTRA", "e")).unwrap();
        assert_eq!((ended.code(), std::fs::read_to_string(&out).unwrap().as_str()), (Some(3), "a b c d\norigin m e hooks/pre-push\n"));
        // What is no shell script is run as it stands.
        fs::write_scratch(&hook, b"#!/bin/sh -e\necho \"$0\" >\"$OUT\"\n").unwrap();
        assert!(run(foreign(&[], b""), &environment, ("EXTRA", "e")).unwrap().success());
        assert_eq!(std::fs::read_to_string(&out).unwrap().trim(), hook.to_str().unwrap());
        // More than a pipe holds, and nobody who reads it.
        fs::write_scratch(&hook, b"#!/bin/sh\nexit 0\n").unwrap();
        assert!(run(foreign(&[], &vec![b'x'; 1 << 20]), &environment, ("EXTRA", "e")).unwrap().success());
    }
}
