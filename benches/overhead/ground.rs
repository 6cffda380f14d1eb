//! The repositories on which is measured: templates, and a fresh copy of one for every run.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// How many files the generated repository has.
const FILES: usize = 5_000;
/// How many of them share a folder.
const PER_FOLDER: usize = 20;

/// The scratch folder of one benchmark.
pub(crate) struct Ground {
    top: TempDir,
}

/// A repository that runs get copies of.
pub(crate) struct Template {
    pub(crate) name: &'static str,
    pub(crate) files: usize,
    path: PathBuf,
}

/// A fresh copy of a repository in a folder of its own. It stays until the end of the benchmark: ext4 is slow to make files where many were
/// removed in the last minute, and the next run would pay for that.
pub(crate) struct Place {
    top: PathBuf,
    pub(crate) repository: PathBuf,
}

impl Place {
    /// Returns a path beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.top.join(name)
    }
}

impl Ground {
    pub(crate) fn new() -> Self {
        let top = tempfile::Builder::new().prefix("overhead-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch folder");
        std::fs::create_dir(top.path().join("home")).expect("a home");
        Self { top }
    }

    /// Returns a command in an environment that no configuration of the machine reaches.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear().env("HOME", self.top.path().join("home"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Bench").env(format!("GIT_{who}_EMAIL"), "bench@example.com");
        }
        command
    }

    /// Runs git and returns what it prints.
    pub(crate) fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.command("git", folder).args(arguments).output().expect("git starts");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Clones a repository.
    pub(crate) fn clone_of(&self, name: &'static str, from: &Path) -> Template {
        let path = self.top.path().join(name);
        let (from, to) = (from.to_string_lossy(), path.to_string_lossy());
        self.git(self.top.path(), &["clone", "--quiet", "--no-hardlinks", &from, &to]);
        self.template(name, path)
    }

    /// Makes a repository of some thousand files of text, the same every time: folders three deep, sizes from 256 bytes to 64 KiB with as
    /// many small as large ones on a logarithmic scale.
    pub(crate) fn generated(&self, name: &'static str) -> Template {
        let path = self.top.path().join(name);
        self.git(self.top.path(), &["init", "--quiet", &path.to_string_lossy()]);
        let mut numbers = Numbers(42);
        for number in 0..FILES {
            let group = number / PER_FOLDER;
            let folder = path.join(format!("part-{:02}/module-{:02}/src", group / 16, group % 16));
            std::fs::create_dir_all(&folder).expect("a folder");
            let size = 256.0 * (numbers.below(1_000) as f64 / 1_000.0 * 8.0).exp2();
            std::fs::write(folder.join(format!("file-{number:04}.txt")), numbers.text(size as usize)).expect("a file");
        }
        self.git(&path, &["add", "--all"]);
        self.git(&path, &["commit", "--quiet", "--message", "everything"]);
        self.git(&path, &["gc", "--quiet"]);
        self.template(name, path)
    }

    fn template(&self, name: &'static str, path: PathBuf) -> Template {
        let files = self.git(&path, &["ls-files"]).lines().count();
        Template { name, files, path }
    }

    /// Copies a template; the copy is on the disk, so that no run pays for it.
    pub(crate) fn copy_of(&self, template: &Template) -> Place {
        let top = tempfile::Builder::new().prefix("run-").tempdir_in(self.top.path()).expect("a folder").keep();
        let repository = top.join("project");
        let copied = self.command("cp", self.top.path()).arg("-a").arg(&template.path).arg(&repository).status().expect("cp starts");
        assert!(copied.success(), "the repository could not be copied");
        let synced = self.command("sync", self.top.path()).arg("--file-system").arg(&repository).status().expect("sync starts");
        assert!(synced.success(), "the copy could not be brought to the disk");
        Place { top, repository }
    }
}

/// The same numbers every time, from a linear congruential generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }

    /// Returns lines of words, about as compressible as source code.
    fn text(&mut self, size: usize) -> String {
        let mut text = String::with_capacity(size + 16);
        while text.len() < size {
            let word = self.below(2_000);
            text.push_str(&format!("word{word}"));
            text.push(if self.below(8) == 0 { '\n' } else { ' ' });
        }
        text
    }
}
