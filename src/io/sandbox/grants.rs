//! Grants: what a program may write and see. They come from our own record, from the user's settings and from what is known of any
//! machine, never from files in a worktree.

use std::path::{Path, PathBuf};

use super::confinement::{Confinement, Readable};
use super::homes::Homes;
use super::known::{CACHE_VARIABLES, CACHES, CONTROL_SOCKETS, HOME_READS, SECRETS, SYSTEM};
use super::probe::Probe;
use crate::domain::policy::sandbox::{Held, OwnRules, Reads, SandboxLevel};
use crate::io::settings::environment::Environment;

/// The shared memory of POSIX. Bubblewrap gives everybody an empty one.
const SHARED_MEMORY: &str = "/dev/shm";

/// Where the secret lies that seals the cache of steps, below the main git directory. Whoever knows it could write a cache that is believed.
const SEAL: &str = "orc/cache";

/// What the sandbox must keep everybody off.
#[derive(Debug, Clone, Copy)]
pub struct Protected<'a> {
    /// The main git directory.
    pub common_dir: &'a Path,
    /// The user's checkout, if there is one.
    pub work_dir: Option<&'a Path>,
    /// The folder of all worktrees.
    pub worktrees: &'a Path,
}

/// What the user lets every program do besides the usual.
#[derive(Debug, Clone, Copy)]
pub struct Extra<'a> {
    /// What may be written.
    pub write: &'a [String],
    /// What may be read although it is hidden or not listed.
    pub read: &'a [String],
}

/// What one program is granted.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// Our own folders that it works in: no part of them is looked at before it is granted.
    pub folders: &'a [PathBuf],
    /// What its tool's profile says.
    pub rules: &'a OwnRules,
    /// Its folder for temporary files.
    pub tmp: &'a Path,
}

/// What holds on this machine for all programs of a run.
#[derive(Debug, Clone)]
pub struct Grounds {
    probe: Probe,
    homes: Homes,
    /// What nobody may write to, whatever is below it.
    closed: Vec<PathBuf>,
    /// What nobody may write to as a whole.
    whole: Vec<PathBuf>,
    secrets: Vec<PathBuf>,
    caches: Vec<PathBuf>,
    write: Vec<PathBuf>,
    read: Vec<PathBuf>,
    shown: Vec<PathBuf>,
    listed: Vec<PathBuf>,
    shared_memory: Option<PathBuf>,
}

impl Grounds {
    /// Finds out what holds, before any program runs.
    #[must_use]
    pub fn new(probe: Probe, environment: &Environment, protected: Protected<'_>, extra: Extra<'_>) -> Self {
        let homes = Homes::of(environment);
        let home = homes.home();
        let below_home = |names: &[&str]| names.iter().filter_map(|name| Some(home?.join(name))).collect::<Vec<PathBuf>>();
        let variable = |name: &str| environment.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cargo_bin = variable("CARGO_HOME").or_else(|| Some(home?.join(".cargo"))).map(|cargo| cargo.join("bin"));
        let path: Vec<PathBuf> = environment.var("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        let places = [Some(protected.common_dir), protected.work_dir].into_iter().flatten().map(Path::to_owned);
        let mut grounds = Self {
            probe,
            closed: real(places.clone().chain(cargo_bin)),
            whole: real(home.map(Path::to_owned).into_iter().chain(["/".into(), protected.worktrees.to_owned()])),
            secrets: real(below_home(&SECRETS).into_iter().chain(CONTROL_SOCKETS.map(PathBuf::from))),
            caches: Vec::new(),
            write: Vec::new(),
            read: extra.read.iter().flat_map(|text| homes.expand(text)).collect(),
            shown: places.chain([protected.worktrees.to_owned()]).chain(path.iter().filter(|folder| is_scratch(folder)).cloned()).collect(),
            listed: SYSTEM.map(PathBuf::from).into_iter().chain(below_home(&HOME_READS)).collect(),
            shared_memory: None,
            homes,
        };
        // It may be made only while programs run already.
        grounds.secrets.extend(real([protected.common_dir.to_owned()]).pop().map(|folder| folder.join(SEAL)));
        // Some put a repository there.
        grounds.shared_memory = real([SHARED_MEMORY.into()]).pop().filter(|folder| !grounds.is_kept_off(folder));
        let libraries = |folder: &PathBuf| Some(folder.parent()?.join("lib")).filter(|lib| lib.is_dir());
        let programs = path.iter().filter(|folder| folder.is_absolute());
        grounds.listed.extend(programs.flat_map(|folder| [Some(folder.clone()), libraries(folder)]).flatten());
        let variables = CACHE_VARIABLES.iter().filter_map(|(name, below)| Some((variable(name)?, below)));
        let from_variables = variables.flat_map(|(folder, below)| below.iter().map(move |part| folder.join(part)));
        let caches = below_home_of(grounds.homes.home(), &CACHES).into_iter().chain(from_variables);
        grounds.caches = caches.filter_map(|path| grounds.granted(&path, Said::Nobody)).collect();
        let written = extra.write.iter().flat_map(|text| grounds.homes.expand(text));
        grounds.write = written.filter_map(|path| grounds.granted(&path, Said::User)).collect();
        grounds
    }

    /// Returns what this machine can hold programs with.
    #[must_use]
    pub const fn probe(&self) -> &Probe {
        &self.probe
    }

    /// Returns what the user lets every program write or read besides the usual.
    pub fn extra(&self) -> impl Iterator<Item = &Path> {
        self.write.iter().chain(&self.read).map(PathBuf::as_path)
    }

    /// Returns what a program is held by.
    #[must_use]
    pub fn confinement(&self, held: Held, own: Own<'_>) -> Confinement {
        if held.level == SandboxLevel::None {
            return Confinement::none();
        }
        let tool = |texts: &[String]| texts.iter().flat_map(|text| self.homes.expand(text)).collect::<Vec<_>>();
        let tool_writes = tool(&own.rules.write).into_iter().filter_map(|path| self.granted(&path, Said::User));
        let folders = own.folders.iter().filter_map(|path| path.canonicalize().ok());
        let shared_memory = self.shared_memory.iter().filter(|_| held.level == SandboxLevel::Landlock);
        let of_all = self.caches.iter().chain(&self.write).chain(shared_memory).cloned();
        let writable: Vec<PathBuf> = folders.chain(of_all).chain(tool_writes).collect();
        let reads = self.read.iter().cloned().chain(tool(&own.rules.read));
        let mut shown: Vec<PathBuf> = self.shown.iter().cloned().chain(reads).collect();
        let readable = match held.reads {
            Reads::All => {
                // Where the home folder itself is a scratch folder, the private one would hide it.
                shown.extend(self.homes.home().filter(|home| is_scratch(home)).map(Path::to_owned));
                Readable::All
            }
            Reads::Listed => Readable::Listed(self.listed.clone()),
        };
        Confinement {
            level: held.level,
            writable,
            readable,
            shown,
            masked: self.secrets.clone(),
            network: held.network,
            private_tmp: own.tmp.canonicalize().ok(),
            bwrap: self.probe.bwrap().cloned(),
        }
    }

    /// Returns the folders of a tool's own that are not there yet, and that it would make itself if nothing held it: those below the home folder
    /// that its profile grants. A name with an extension is that of a file.
    #[must_use]
    pub fn lacking(&self, rules: &OwnRules) -> Vec<PathBuf> {
        let below_home = rules.write.iter().filter(|text| text.starts_with("~/"));
        let named = below_home.filter_map(|text| self.homes.expand(text).pop());
        named.filter(|path| path.extension().is_none() && path.symlink_metadata().is_err() && self.may_be_made(path)).collect()
    }

    /// Returns whether a path that is not there leads, over the links on its way, to nothing that must be kept off.
    fn may_be_made(&self, path: &Path) -> bool {
        let there = path.ancestors().find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
        let real = there.and_then(|(folder, real)| Some(real.join(path.strip_prefix(folder).ok()?)));
        real.is_some_and(|real| !self.is_kept_off(&real) && !self.is_secret(&real))
    }

    /// Returns the path without links, if it may be granted. A link may have been put there by a program that could write to its folder, so
    /// what lies behind one is granted only where it is nothing that must be kept off.
    fn granted(&self, path: &Path, said: Said) -> Option<PathBuf> {
        let real = path.canonicalize().ok()?;
        let is_meant = said == Said::User && real == *path;
        let refused = self.is_kept_off(&real) || (self.is_secret(&real) && !is_meant);
        if refused {
            tracing::warn!(path = %path.display(), "a path is not granted to programs, since it leads to what they are kept off");
        }
        (!refused).then_some(real)
    }

    fn is_secret(&self, real: &Path) -> bool {
        self.secrets.iter().any(|secret| real.starts_with(secret) || secret.starts_with(real))
    }

    /// Returns whether nobody may write to a path, whoever wants it.
    fn is_kept_off(&self, real: &Path) -> bool {
        let is_closed = self.closed.iter().any(|closed| real.starts_with(closed) || closed.starts_with(real));
        is_closed || self.whole.iter().any(|whole| whole.starts_with(real))
    }
}

/// Who wants something to be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Nobody: it is a usual place.
    Nobody,
    /// The user.
    User,
}

fn below_home_of(home: Option<&Path>, names: &[&str]) -> Vec<PathBuf> {
    names.iter().filter_map(|name| Some(home?.join(name))).collect()
}

fn real(paths: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    paths.into_iter().filter_map(|path| path.canonicalize().ok()).collect()
}

/// Returns whether a folder lies where bubblewrap puts something else.
fn is_scratch(folder: &Path) -> bool {
    folder.starts_with("/tmp") || folder.starts_with("/run")
}

#[cfg(test)]
mod tests {
    use super::super::probe::Bubblewrap;
    use super::*;
    use crate::domain::policy::sandbox::Network;

    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new(folders: &[&str]) -> Self {
            Self::of(tempfile::tempdir().unwrap(), folders)
        }

        fn of(top: tempfile::TempDir, folders: &[&str]) -> Self {
            let machine = Self(top);
            for folder in ["home/.ssh", "home/.cache/pip", "home/.cargo/bin", "repo/.git", "repo.orc/run/ws", "tmp"].iter().chain(folders) {
                std::fs::create_dir_all(machine.at(folder)).unwrap();
            }
            machine
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(path)
        }

        /// Returns what is writable on the machine, without its own path.
        fn writable(&self, settings: &[&str], tool: &[&str]) -> Vec<String> {
            let (root, all) = (self.at(""), self.all_writable(SandboxLevel::Landlock, (settings, tool)));
            all.iter().filter_map(|path| Some(path.strip_prefix(&root).ok()?.display().to_string())).collect()
        }

        fn has_shared_memory(&self, level: SandboxLevel) -> bool {
            self.all_writable(level, (&[], &[])).iter().any(|path| path == Path::new(SHARED_MEMORY))
        }

        fn all_writable(&self, level: SandboxLevel, (settings, tool): (&[&str], &[&str])) -> Vec<PathBuf> {
            let rules = OwnRules { write: self.texts(tool), ..OwnRules::default() };
            let held = Held { level, network: Network::Full, reads: Reads::All };
            let own = Own { folders: &[self.at("repo.orc/run/ws")], rules: &rules, tmp: &self.at("tmp") };
            self.grounds(settings).confinement(held, own).writable
        }

        fn texts(&self, texts: &[&str]) -> Vec<String> {
            texts.iter().map(|text| text.replace("ROOT", self.at("").to_str().unwrap())).collect()
        }

        fn lacking(&self, tool: &[&str]) -> Vec<String> {
            let lacking = self.grounds(&[]).lacking(&OwnRules { write: self.texts(tool), ..OwnRules::default() });
            lacking.iter().map(|path| path.strip_prefix(self.at("")).unwrap().display().to_string()).collect()
        }

        fn grounds(&self, settings: &[&str]) -> Grounds {
            let environment = Environment::of([("HOME", self.at("home")), ("PATH", "/usr/bin".into())]);
            let (common, work, worktrees) = (self.at("repo/.git"), self.at("repo"), self.at("repo.orc"));
            let protected = Protected { common_dir: &common, work_dir: Some(&work), worktrees: &worktrees };
            let probe = Probe { landlock: 7, bubblewrap: Bubblewrap::Missing };
            Grounds::new(probe, &environment, protected, Extra { write: &self.texts(settings), read: &[] })
        }
    }

    #[test]
    fn the_worktree_and_the_caches_that_exist_are_writable() {
        let machine = Machine::new(&["home/.cargo/registry", "home/.aws"]);
        assert_eq!(machine.writable(&[], &[]), ["repo.orc/run/ws", "home/.cache", "home/.cargo/registry"]);
    }

    #[test]
    fn what_the_user_names_is_writable_unless_nobody_may() {
        let machine = Machine::new(&["home/.tool", "data"]);
        let granted = machine.writable(&["ROOT/data", "ROOT/repo/src", "ROOT", "ROOT/repo.orc", "~/missing"], &["~/.tool", "~/.cargo/bin"]);
        assert_eq!(granted, ["repo.orc/run/ws", "home/.cache", "data", "home/.tool"]);
        assert_eq!(machine.writable(&[], &["~/.ssh"]), ["repo.orc/run/ws", "home/.cache", "home/.ssh"], "named by the user, so meant");
    }

    #[test]
    fn the_secret_of_the_cache_is_hidden_before_it_is_there() {
        let machine = Machine::new(&[]);
        let held = Held { level: SandboxLevel::Bubblewrap, network: Network::Full, reads: Reads::All };
        let own = Own { folders: &[], rules: &OwnRules::default(), tmp: &machine.at("tmp") };
        assert!(machine.grounds(&[]).confinement(held, own).masked.contains(&machine.at("repo/.git").join(SEAL)));
    }

    #[test]
    fn a_link_does_not_turn_into_a_grant() {
        let machine = Machine::new(&["home/.npm-is-a-link"]);
        for (link, target) in
            [("home/.npm", "home/.ssh"), ("home/.ccache", "repo/.git"), ("home/.tool", "home/.ssh"), ("home/.all", "home")]
        {
            std::os::unix::fs::symlink(machine.at(target), machine.at(link)).unwrap();
        }
        assert_eq!(machine.writable(&[], &["~/.tool", "~/.all"]), ["repo.orc/run/ws", "home/.cache"]);
    }

    #[test]
    fn folders_of_a_tool_that_are_not_there_are_made_unless_they_lead_elsewhere() {
        let machine = Machine::new(&["home/.here"]);
        for (link, target) in [("home/.config", "repo"), ("home/.keys", "home/.ssh"), ("home/.nowhere", "gone")] {
            std::os::unix::fs::symlink(machine.at(target), machine.at(link)).unwrap();
        }
        let made = machine.lacking(&["~/.tool", "~/.local/share/tool", "~/.tool.json", "~/.here", "~/.nowhere", "ROOT/data"]);
        assert_eq!(made, ["home/.tool", "home/.local/share/tool"]);
        assert!(machine.lacking(&["~/.config/tool", "~/.keys/tool", "~/.ssh/tool", "~/.cargo/bin/tool"]).is_empty());
    }

    #[test]
    fn shared_memory_is_writable_unless_the_repository_lies_there() {
        let Ok(inside) = tempfile::tempdir_in(SHARED_MEMORY) else {
            println!("this machine has no shared memory");
            return;
        };
        let (outside, inside) = (Machine::new(&[]), Machine::of(inside, &[]));
        assert!(outside.has_shared_memory(SandboxLevel::Landlock) && !inside.has_shared_memory(SandboxLevel::Landlock));
        assert!(!outside.has_shared_memory(SandboxLevel::Bubblewrap), "there it is private");
    }
}
