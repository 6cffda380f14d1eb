//! What one layer says: everything is optional.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::error::SettingsError;
use super::layer::{Layer, Origin, Setting};
use super::yaml;
use crate::domain::policy::sandbox::{Network, Reads, SandboxWish, is_grantable};
use crate::domain::tool::resources::ResourceLimits;
use crate::domain::tool::variable;

/// The settings that the program ships.
pub const SHIPPED: &str = include_str!("../../../config/config.yaml");

const KEYS: [&str; 14] = [
    "max_workers",
    "worktree_dir",
    "durability",
    "progress",
    "notes",
    "timeout_sec",
    "env_allow",
    "resources",
    "min_free_mib",
    "sandbox",
    "network",
    "reads",
    "sandbox_write",
    "sandbox_read",
];

/// What a path must be that programs are granted.
pub(super) const GRANTABLE: &str = "must be an absolute path or begin with `~/`, without `..`";

/// How much of a loss of power the ledger must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerDurability {
    /// An entry is on the disk before it counts.
    Full,
    /// An entry survives the death of the program, not that of the machine.
    Relaxed,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// Bars on a terminal, else lines.
    Auto,
    /// Lines.
    Plain,
    /// Nothing.
    None,
}

/// What one layer says about the settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overlay {
    /// How many workstreams run at once.
    pub max_workers: Option<Setting<u32>>,
    /// Where worktrees are made.
    pub worktree_dir: Option<Setting<PathBuf>>,
    /// How much of a loss of power the ledger must survive.
    pub durability: Option<Setting<LedgerDurability>>,
    /// How progress is shown.
    pub progress: Option<Setting<Progress>>,
    /// Whether notes are written.
    pub notes: Option<Setting<bool>>,
    /// The longest time for any step, in seconds.
    pub timeout_sec: Option<Setting<u64>>,
    /// Whether nothing is to be touched.
    pub dry_run: Option<Setting<bool>>,
    /// Names of variables that children get besides the usual ones. Layers add to each other.
    pub env_allow: Option<Setting<Vec<String>>>,
    /// What programs may use of the machine.
    pub resources: Option<Setting<ResourceLimits>>,
    /// How much room a step must find on the disks, in MiB.
    pub min_free_mib: Option<Setting<u64>>,
    /// The tool registry of the original systems.
    pub registry: Option<Setting<PathBuf>>,
    /// How tightly programs are held.
    pub sandbox: Option<Setting<SandboxWish>>,
    /// What they may reach.
    pub network: Option<Setting<Network>>,
    /// What they may read.
    pub reads: Option<Setting<Reads>>,
    /// What they may write besides the usual. Layers add to each other.
    pub sandbox_write: Option<Setting<Vec<String>>>,
    /// What they may read although it is hidden or not listed. Layers add to each other.
    pub sandbox_read: Option<Setting<Vec<String>>>,
}

#[derive(Deserialize, Default)]
struct File {
    max_workers: Option<Spanned<u32>>,
    worktree_dir: Option<PathBuf>,
    durability: Option<LedgerDurability>,
    progress: Option<Progress>,
    notes: Option<bool>,
    timeout_sec: Option<u64>,
    env_allow: Option<Vec<Spanned<String>>>,
    sandbox: Option<SandboxWish>,
    network: Option<Network>,
    reads: Option<Reads>,
    sandbox_write: Option<Vec<Spanned<String>>>,
    sandbox_read: Option<Vec<Spanned<String>>>,
    resources: Option<ResourceLimits>,
    min_free_mib: Option<u64>,
}

impl File {
    /// Returns the first value that has the right type and means nothing, with its place.
    fn mistake(&self) -> Option<(serde_saphyr::Location, String)> {
        let workers = self.max_workers.iter().filter(|n| n.value == 0).map(|n| (n.referenced, "this must be at least 1".to_owned()));
        let names = self.env_allow.iter().flatten();
        let names = names.filter_map(|name| Some((name.referenced, variable::check_pattern(&name.value).err()?.to_string())));
        let paths = self.sandbox_write.iter().chain(&self.sandbox_read).flatten().filter(|path| !is_grantable(&path.value));
        let paths = paths.map(|path| (path.referenced, format!("`{}` {GRANTABLE}", path.value.escape_debug())));
        workers.chain(names).chain(paths).next()
    }
}

impl Overlay {
    /// Reads the text of a `config.yaml`. A relative `worktree_dir` stays relative: it starts at the top of the repository.
    ///
    /// # Errors
    /// Returns [`SettingsError::File`] for the first mistake.
    pub fn parse(layer: Layer, file: &str, text: &str) -> Result<Self, SettingsError> {
        let read: File = yaml::parse(file, text, &KEYS)?;
        if let Some((place, message)) = read.mistake() {
            return Err(SettingsError::File { file: file.to_owned(), line: place.line(), column: place.column(), message });
        }
        let origin = || Origin::new(layer, file);
        Ok(Self {
            max_workers: read.max_workers.map(|n| Setting::new(n.value, origin())),
            worktree_dir: read.worktree_dir.map(|path| Setting::new(path, origin())),
            durability: read.durability.map(|value| Setting::new(value, origin())),
            progress: read.progress.map(|value| Setting::new(value, origin())),
            notes: read.notes.map(|value| Setting::new(value, origin())),
            timeout_sec: read.timeout_sec.filter(|seconds| *seconds > 0).map(|value| Setting::new(value, origin())),
            dry_run: None,
            env_allow: read.env_allow.map(|names| Setting::new(plain(names), origin())),
            resources: read.resources.map(|value| Setting::new(value, origin())),
            min_free_mib: read.min_free_mib.map(|value| Setting::new(value, origin())),
            registry: None,
            sandbox: read.sandbox.map(|value| Setting::new(value, origin())),
            network: read.network.map(|value| Setting::new(value, origin())),
            reads: read.reads.map(|value| Setting::new(value, origin())),
            sandbox_write: read.sandbox_write.map(|paths| Setting::new(plain(paths), origin())),
            sandbox_read: read.sandbox_read.map(|paths| Setting::new(plain(paths), origin())),
        })
    }

    /// Reads a `config.yaml`, if it is there.
    ///
    /// # Errors
    /// Returns [`SettingsError::Read`] when it cannot be read and [`SettingsError::File`] for the first mistake in it.
    pub fn load(layer: Layer, path: &Path) -> Result<Self, SettingsError> {
        match yaml::load(path)? {
            Some(text) => Self::parse(layer, &path.display().to_string(), &text),
            None => Ok(Self::default()),
        }
    }

    /// Returns this layer with the gaps filled from a weaker one. Lists are joined.
    #[must_use]
    pub fn over(self, weaker: Self) -> Self {
        let resources = match (self.resources, weaker.resources) {
            (Some(strong), Some(weak)) => Some(Setting::new(weak.value.overlaid(strong.value), strong.origin)),
            (strong, weak) => strong.or(weak),
        };
        Self {
            max_workers: self.max_workers.or(weaker.max_workers),
            worktree_dir: self.worktree_dir.or(weaker.worktree_dir),
            durability: self.durability.or(weaker.durability),
            progress: self.progress.or(weaker.progress),
            notes: self.notes.or(weaker.notes),
            timeout_sec: self.timeout_sec.or(weaker.timeout_sec),
            dry_run: self.dry_run.or(weaker.dry_run),
            env_allow: joined(self.env_allow, weaker.env_allow),
            resources,
            min_free_mib: self.min_free_mib.or(weaker.min_free_mib),
            registry: self.registry.or(weaker.registry),
            sandbox: self.sandbox.or(weaker.sandbox),
            network: self.network.or(weaker.network),
            reads: self.reads.or(weaker.reads),
            sandbox_write: joined(self.sandbox_write, weaker.sandbox_write),
            sandbox_read: joined(self.sandbox_read, weaker.sandbox_read),
        }
    }
}

type List = Option<Setting<Vec<String>>>;

fn joined(strong: List, weak: List) -> List {
    match (strong, weak) {
        (Some(strong), Some(weak)) if !weak.value.is_empty() => {
            let all = weak.value.into_iter().chain(strong.value).collect();
            Some(Setting::new(all, strong.origin))
        }
        (strong, weak) => strong.or(weak),
    }
}

fn plain(texts: Vec<Spanned<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Overlay::parse(Layer::User, "c.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_file_sets_what_must_be_set() {
        let shipped = Overlay::parse(Layer::Shipped, "config.yaml", SHIPPED).unwrap();
        assert_eq!(shipped.max_workers.unwrap().value, 4);
        assert_eq!(shipped.durability.unwrap().value, LedgerDurability::Full);
        assert_eq!(shipped.progress.unwrap().value, Progress::Auto);
        assert!(shipped.notes.unwrap().value && shipped.timeout_sec.is_none() && shipped.worktree_dir.is_none());
    }

    #[test]
    fn an_empty_file_and_free_keys_say_nothing() {
        for text in ["", "# only a comment\n", "x-mine: [1]\nmetadata: {a: 1}\n"] {
            assert_eq!(Overlay::parse(Layer::User, "c.yaml", text).unwrap(), Overlay::default(), "{text}");
        }
    }

    #[test]
    fn a_layer_replaces_single_limits() {
        let layer = |text: &str| Overlay::parse(Layer::User, "c.yaml", text).unwrap();
        let both = layer("resources: {processes: 50}\n").over(layer("resources: {core_mib: 0, processes: 9}\n"));
        let expected = ResourceLimits { core_mib: Some(0), processes: Some(50), ..ResourceLimits::default() };
        assert_eq!(both.resources.unwrap().value, expected);
        assert!(error("resources: {process: 5}\n").contains("unknown key `process` (did you mean `processes`?)"));
    }

    #[test]
    fn mistakes_have_a_place() {
        assert_eq!(error("notes: true\nmax-workers: 2\n"), "c.yaml:2:1: unknown key `max-workers` (did you mean `max_workers`?)");
        assert_eq!(error("durability: often\n"), "c.yaml:1:13: unknown value `often`, expected one of `full`, `relaxed`");
        assert!(error("notes: true\nnotes: false\n").starts_with("c.yaml:2:1: "), "{}", error("notes: true\nnotes: false\n"));
        assert_eq!(error("max_workers: 0\n"), "c.yaml:1:14: this must be at least 1");
        assert_eq!(
            error("env_allow: [A, GIT_DIR]\n"),
            "c.yaml:1:16: `GIT_DIR` ties a process to one repository and is never passed to a tool"
        );
        assert_eq!(
            error("sandbox: tight\n"),
            "c.yaml:1:10: unknown value `tight`, expected one of `auto`, `none`, `landlock`, `bubblewrap`"
        );
        assert_eq!(
            error("sandbox_write: [~/.cache, ../up]\n"),
            "c.yaml:1:27: `../up` must be an absolute path or begin with `~/`, without `..`"
        );
        assert!(error("- a\n").starts_with("c.yaml:1:"), "{}", error("- a\n"));
        assert!(error("notes: [\n").starts_with("c.yaml:"), "{}", error("notes: [\n"));
    }
}
