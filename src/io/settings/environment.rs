//! The environment: a snapshot of our own, and what children get of it.
//!
//! A child gets an allow-list, then what is fixed (no colours, no pager, no questions), then what its tool profile sets, then `ORC_*`. It
//! never gets git's local variables, with which its git would work on another repository than the worktree that it stands in.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::domain::id::{Attempt, RunId, StepId, WorkstreamId};
use crate::domain::tool::variable;

/// What every child gets when it is set: who and where the user is, the language, and where the usual toolchains live.
const ALLOWED: [&str; 38] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_DIRS",
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOCACHE",
    "GOMODCACHE",
    "GOROOT",
    "JAVA_HOME",
    "MAVEN_HOME",
    "GRADLE_USER_HOME",
    "NVM_DIR",
    "NODE_PATH",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "UV_CACHE_DIR",
    "GEM_HOME",
    "RBENV_ROOT",
    "DOTNET_ROOT",
    "LD_LIBRARY_PATH",
    "PKG_CONFIG_PATH",
];

/// What every child gets, whatever the user has: a question fails at once instead of waiting for an answer.
const FIXED: [(&str, &str); 7] = [
    ("TERM", "dumb"),
    ("CI", "1"),
    ("NO_COLOR", "1"),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("GIT_EDITOR", "true"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

const PORT_BASE: usize = 20_000;
const PORTS_PER_WORKSTREAM: usize = 10;
const PORT_BLOCKS: usize = 4_000;

/// A snapshot of the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    vars: BTreeMap<OsString, OsString>,
    allowed: Vec<String>,
}

/// What the `ORC_*` variables say about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskVariables {
    /// The run: `ORC_RUN`.
    pub run: RunId,
    /// The workstream: `ORC_WORKSTREAM`. A gate has none.
    pub workstream: Option<WorkstreamId>,
    /// The step: `ORC_STEP`.
    pub step: Option<StepId>,
    /// The attempt: `ORC_ATTEMPT`.
    pub attempt: Option<Attempt>,
    /// The worktree: `ORC_WORKTREE`.
    pub worktree: PathBuf,
    /// The file with the prompt: `ORC_PROMPT_FILE`.
    pub prompt_file: Option<PathBuf>,
    /// The place of the workstream in its plan, from 0; the same in every attempt, and so is `ORC_PORT_BASE`, the first of ten ports
    /// that no other workstream of the run is told of.
    pub index: usize,
}

impl Environment {
    /// Takes the snapshot. The one place where the environment is read.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one door to the environment")]
    pub fn read() -> Self {
        Self::of(std::env::vars_os())
    }

    /// Returns a snapshot of these variables.
    #[must_use]
    pub fn of<K: Into<OsString>, V: Into<OsString>>(vars: impl IntoIterator<Item = (K, V)>) -> Self {
        let vars = vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { vars, allowed: Vec::new() }
    }

    /// Lets children have more variables: names, which may end in `*`.
    #[must_use]
    pub fn allowing(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.allowed.extend(names);
        self
    }

    /// Returns the value of a variable; one that is empty counts as not set.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns all variables.
    pub fn vars(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Returns whether a program can be found: by its path, or in an absolute folder of `PATH`.
    #[must_use]
    pub fn finds(&self, program: &str) -> bool {
        if program.contains('/') {
            return Path::new(program).is_file();
        }
        let path = self.var("PATH").map(absolute_folders);
        which::which_in_global(program, path).is_ok_and(|mut found| found.next().is_some())
    }

    /// Returns what tells one version of a program in `PATH` from another: where it lies, how large it is, and since when.
    #[must_use]
    pub fn identity(&self, program: &str) -> Option<String> {
        let path = self.var("PATH").map(absolute_folders);
        self.identity_at(&which::which_in_global(program, path).ok()?.next()?)
    }

    /// Returns what tells one version of the file at a path from another; nothing where there is none.
    #[must_use]
    pub fn identity_at(&self, path: &Path) -> Option<String> {
        let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let since = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(format!("{} {} {}", path.display(), meta.len(), since.as_nanos()))
    }

    /// Returns the home folder.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        self.absolute("HOME")
    }

    /// Returns the folder of the user's own files: `$XDG_CONFIG_HOME/git-orc`, or `~/.config/git-orc`. A relative path in the variable
    /// counts as not set, as the XDG specification wants it.
    #[must_use]
    pub fn config_folder(&self) -> Option<PathBuf> {
        let base = self.absolute("XDG_CONFIG_HOME").or_else(|| self.home().map(|home| home.join(".config")))?;
        Some(base.join("git-orc"))
    }

    /// Returns the folder of what can be found out again: `$XDG_CACHE_HOME/git-orc`, or `~/.cache/git-orc`.
    #[must_use]
    pub fn cache_folder(&self) -> Option<PathBuf> {
        let base = self.absolute("XDG_CACHE_HOME").or_else(|| self.home().map(|home| home.join(".cache")))?;
        Some(base.join("git-orc"))
    }

    fn absolute(&self, name: &str) -> Option<PathBuf> {
        self.var(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// Returns the whole environment of a child: the allow-list with `allow` (names, which may end in `*`), the fixed variables, `set`,
    /// and `ORC_*`.
    #[must_use]
    pub fn for_task(&self, task: &TaskVariables, allow: &[String], set: &BTreeMap<String, OsString>) -> BTreeMap<OsString, OsString> {
        let mut env = self.passed_on(allow);
        env.extend(FIXED.map(|(name, value)| (name.into(), value.into())));
        env.extend(set.iter().filter(|(name, _)| !variable::is_git_local(name)).map(|(name, value)| (name.into(), value.clone())));
        env.extend(task.variables());
        env
    }

    fn passed_on(&self, allow: &[String]) -> BTreeMap<OsString, OsString> {
        let is_allowed = |name: &str| {
            let extra = self.allowed.iter().chain(allow).map(String::as_str);
            ALLOWED.into_iter().chain(extra).any(|pattern| variable::matches(pattern, name)) && !name.starts_with("ORC_")
        };
        let mut env: BTreeMap<OsString, OsString> = self
            .vars
            .iter()
            .filter(|(name, _)| name.to_str().is_some_and(is_allowed))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if let Some(path) = env.get_mut(OsStr::new("PATH")) {
            *path = absolute_folders(path);
        }
        env
    }
}

/// Returns `PATH` without its relative and empty entries: in a worktree they would mean whatever a tool has put there.
fn absolute_folders(path: &OsStr) -> OsString {
    std::env::join_paths(std::env::split_paths(path).filter(|folder| folder.is_absolute())).unwrap_or_default()
}

impl TaskVariables {
    fn variables(&self) -> BTreeMap<OsString, OsString> {
        let port = PORT_BASE + self.index % PORT_BLOCKS * PORTS_PER_WORKSTREAM;
        let text = |value: Option<String>| value.map(OsString::from);
        let path = |value: Option<&Path>| value.map(|path| path.as_os_str().to_owned());
        let all = [
            ("ORC_RUN", text(Some(self.run.to_string()))),
            ("ORC_WORKSTREAM", text(self.workstream.as_ref().map(ToString::to_string))),
            ("ORC_STEP", text(self.step.as_ref().map(ToString::to_string))),
            ("ORC_ATTEMPT", text(self.attempt.map(|attempt| attempt.to_string()))),
            ("ORC_WORKTREE", path(Some(&self.worktree))),
            ("ORC_PROMPT_FILE", path(self.prompt_file.as_deref())),
            ("ORC_PORT_BASE", text(Some(port.to_string()))),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(index: usize) -> TaskVariables {
        TaskVariables {
            run: RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
            workstream: Some(WorkstreamId::parse("ws-a").unwrap()),
            step: None,
            attempt: Some(2),
            worktree: "/wt".into(),
            prompt_file: None,
            index,
        }
    }

    fn child(vars: &[(&str, &str)], allow: &[&str], set: &[(&str, &str)]) -> BTreeMap<String, String> {
        let environment = Environment::of(vars.iter().copied()).allowing(["EXTRA".to_owned()]);
        let allow: Vec<String> = allow.iter().map(|name| (*name).to_owned()).collect();
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        let env = environment.for_task(&task(3), &allow, &set);
        env.into_iter().map(|(name, value)| (name.into_string().unwrap(), value.into_string().unwrap())).collect()
    }

    #[test]
    fn a_child_gets_what_is_allowed_and_nothing_else() {
        let env = child(
            &[("HOME", "/h"), ("LC_ALL", "C"), ("TERM", "xterm"), ("SECRET", "s"), ("KEY_A", "k"), ("EXTRA", "e"), ("ORC_STEP", "outer")],
            &["KEY_*"],
            &[],
        );
        let expect = [
            ("CI", "1"),
            ("EXTRA", "e"),
            ("GIT_EDITOR", "true"),
            ("GIT_PAGER", "cat"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("HOME", "/h"),
            ("KEY_A", "k"),
            ("LC_ALL", "C"),
            ("NO_COLOR", "1"),
            ("ORC_ATTEMPT", "2"),
            ("ORC_PORT_BASE", "20030"),
            ("ORC_RUN", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            ("ORC_WORKSTREAM", "ws-a"),
            ("ORC_WORKTREE", "/wt"),
            ("PAGER", "cat"),
            ("TERM", "dumb"),
        ];
        assert_eq!(env, expect.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn gits_local_variables_never_pass() {
        let env = child(&[("GIT_DIR", "/x"), ("GIT_INDEX_FILE", "/y"), ("GIT_AUTHOR_NAME", "me")], &["GIT_*"], &[("GIT_WORK_TREE", "/z")]);
        assert_eq!(
            env.keys().filter(|name| name.starts_with("GIT_")).collect::<Vec<_>>(),
            ["GIT_AUTHOR_NAME", "GIT_EDITOR", "GIT_PAGER", "GIT_TERMINAL_PROMPT"]
        );
    }

    #[test]
    fn a_profile_may_change_what_is_fixed_but_not_what_names_the_task() {
        let env = child(&[], &[], &[("TERM", "xterm"), ("ORC_RUN", "forged")]);
        assert_eq!((env["TERM"].as_str(), env["ORC_RUN"].as_str()), ("xterm", "01ARZ3NDEKTSV4RRFFQ69G5FAV"));
    }

    #[test]
    fn relative_entries_of_the_path_are_dropped() {
        let env = child(&[("PATH", ".:/usr/bin::bin:/bin")], &[], &[]);
        assert_eq!(env["PATH"], "/usr/bin:/bin");
    }

    #[test]
    fn ports_stay_below_the_largest() {
        let port = |index: usize| task(index).variables()[OsStr::new("ORC_PORT_BASE")].to_str().unwrap().parse::<u32>().unwrap();
        assert_eq!((port(0), port(1), port(3_999), port(4_000)), (20_000, 20_010, 59_990, 20_000));
    }

    #[test]
    fn the_folder_of_settings_follows_xdg() {
        let folder = |vars: &[(&str, &str)]| Environment::of(vars.iter().copied()).config_folder();
        assert_eq!(folder(&[("HOME", "/h")]), Some("/h/.config/git-orc".into()));
        assert_eq!(folder(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c")]), Some("/c/git-orc".into()));
        assert_eq!(folder(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "c")]), Some("/h/.config/git-orc".into()));
        assert_eq!(folder(&[("XDG_CONFIG_HOME", "")]), None);
    }
}
