//! The user's pager: the one program that is given the terminal, and that is named by the user and never by a repository's files.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

use crate::io::settings::environment::Environment;

/// What pagers are told unless the user has told them something else; the same that git tells them.
const DEFAULTS: [(&str, &str); 2] = [("LESS", "FRX"), ("LV", "-c")];

/// A running pager; what is written to it is shown to the user.
#[derive(Debug)]
pub struct Pager(Child);

/// Returns the command line of the user's pager, in the order in which git looks for it; `None` when none is wanted.
#[must_use]
pub fn chosen(environment: &Environment, core_pager: Option<&str>) -> Option<String> {
    let named = |name: &str| environment.vars().find(|(n, _)| *n == name).map(|(_, value)| value.to_string_lossy().into_owned());
    let command = named("GIT_PAGER").or_else(|| core_pager.map(str::to_owned)).or_else(|| named("PAGER"));
    let command = command.unwrap_or_else(|| "less".to_owned());
    (!command.trim().is_empty() && command.trim() != "cat").then_some(command)
}

impl Pager {
    /// Starts a pager as git does: its command line is the user's own and goes through the shell.
    ///
    /// # Errors
    /// Returns an error when there is no shell to start it with.
    #[expect(clippy::disallowed_methods, reason = "the door to the pager, which needs the terminal that no other program may have")]
    pub fn start(command: &str, environment: &Environment) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).env_clear().envs(environment.vars()).stdin(Stdio::piped());
        for (name, value) in DEFAULTS {
            if environment.var(name).is_none() {
                shell.env(name, value);
            }
        }
        Ok(Self(shell.spawn()?))
    }

    /// Waits until the user has read enough.
    pub fn finish(mut self) {
        drop(self.0.stdin.take());
        let _ended = self.0.wait();
    }
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.stdin.as_mut().map_or(Ok(bytes.len()), |stdin| stdin.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.stdin.as_mut().map_or(Ok(()), Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pager_is_chosen_as_git_chooses_it() {
        let check = |vars: &[(&str, &str)], core: Option<&str>, expect: Option<&str>| {
            assert_eq!(chosen(&Environment::of(vars.iter().copied()), core).as_deref(), expect, "{vars:?} {core:?}");
        };
        check(&[], None, Some("less"));
        check(&[("PAGER", "more")], None, Some("more"));
        check(&[("PAGER", "more")], Some("delta -s"), Some("delta -s"));
        check(&[("PAGER", "more"), ("GIT_PAGER", "most")], Some("delta"), Some("most"));
        check(&[("GIT_PAGER", "cat")], Some("delta"), None);
        check(&[("GIT_PAGER", "")], Some("delta"), None);
        check(&[], Some("cat"), None);
    }

    #[test]
    fn a_pager_gets_everything() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("shown");
        let environment = Environment::of([("PATH", "/usr/bin:/bin"), ("OUT", file.to_str().unwrap())]);
        let mut pager = Pager::start("cat > \"$OUT\"; echo \"$LESS\" >> \"$OUT\"", &environment).unwrap();
        pager.write_all(b"text\n").unwrap();
        pager.finish();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "text\nFRX\n");
    }
}
