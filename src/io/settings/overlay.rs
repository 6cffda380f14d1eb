//! What one layer says: everything is optional.

use std::path::{Path, PathBuf};

use super::budgets::BudgetLayer;
use super::error::SettingsError;
use super::file;
use super::layer::{Layer, Places, Setting};
use crate::domain::document::source::{Format, SourceFile};
use crate::domain::policy::sandbox::{Network, Reads, SandboxWish};
use crate::domain::settings::config::parse_config;
use crate::domain::settings::model::Profile;
use crate::domain::settings::word::{DurabilityWord, ProgressWord};
use crate::domain::tool::price::rates::Prices;
use crate::domain::tool::resources::ResourceLimits;

/// The settings that the program ships.
pub const SHIPPED: &str = include_str!("../../../config/config.yaml");

/// How much of a loss of power the ledger must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerDurability {
    /// An entry is on the disk before it counts.
    Full,
    /// An entry survives the death of the program, not that of the machine.
    Relaxed,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Bars on a terminal, else lines.
    Auto,
    /// Lines.
    Plain,
    /// Nothing.
    None,
}

impl From<DurabilityWord> for LedgerDurability {
    fn from(word: DurabilityWord) -> Self {
        match word {
            DurabilityWord::Full => Self::Full,
            DurabilityWord::Relaxed => Self::Relaxed,
        }
    }
}

impl From<ProgressWord> for Progress {
    fn from(word: ProgressWord) -> Self {
        match word {
            ProgressWord::Auto => Self::Auto,
            ProgressWord::Plain => Self::Plain,
            ProgressWord::None => Self::None,
        }
    }
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
    /// The file with the registry of tools.
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
    /// Folders with plugins that bring pipelines.
    pub pipeline_path: Option<Setting<Vec<String>>>,
    /// How much may be spent. Layers replace single amounts.
    pub budget: BudgetLayer,
    /// Prices of models.
    pub prices: Option<Setting<Prices>>,
}

impl Overlay {
    /// Reads the text of a `config.yaml`. A relative `worktree_dir` stays relative: it starts at the top of the repository.
    ///
    /// # Errors
    /// Returns [`SettingsError::Documents`] with every mistake.
    pub fn parse(layer: Layer, file: &str, text: &str) -> Result<Self, SettingsError> {
        Self::of_file(layer, &SourceFile { path: file.to_owned(), text: text.to_owned(), format: Format::Yaml })
    }

    fn of_file(layer: Layer, file: &SourceFile) -> Result<Self, SettingsError> {
        let read = parse_config(file).map_err(SettingsError::Documents)?;
        let place = Places { layer, file: &file.path };
        Ok(Self {
            max_workers: place.setting(read.max_workers, |count| count),
            worktree_dir: place.setting(read.worktree_dir, PathBuf::from),
            durability: place.setting(read.durability, LedgerDurability::from),
            progress: place.setting(read.progress, Progress::from),
            notes: place.setting(read.notes, |notes| notes),
            timeout_sec: place.setting(read.timeout_sec, |seconds| seconds),
            dry_run: None,
            env_allow: place.setting(read.env_allow, |names| names),
            resources: place.setting(read.resources, |resources| resources),
            min_free_mib: place.setting(read.min_free_mib, |amount| amount),
            registry: place.setting(read.aim_registry, PathBuf::from),
            sandbox: place.setting(read.sandbox, |wish| wish),
            network: place.setting(read.network, |network| network),
            reads: place.setting(read.reads, |reads| reads),
            sandbox_write: place.setting(read.sandbox_write, |paths| paths),
            sandbox_read: place.setting(read.sandbox_read, |paths| paths),
            pipeline_path: None,
            budget: BudgetLayer::of_file(place, &read.budget),
            prices: place.setting(read.prices, |prices| prices),
        })
    }

    /// Reads a `config.yaml`, if it is there.
    ///
    /// # Errors
    /// Returns [`SettingsError::Read`] when it cannot be read and [`SettingsError::Documents`] with every mistake in it.
    pub fn load(layer: Layer, path: &Path) -> Result<Self, SettingsError> {
        match file::load(path, &path.display().to_string())? {
            Some(file) => Self::of_file(layer, &file),
            None => Ok(Self::default()),
        }
    }

    /// Returns what a profile of the repository proposes. What only tightens is no value of its own: it bounds what all layers say.
    #[must_use]
    pub fn of_profile(profile: &Profile) -> Self {
        let (read, place) = (&profile.settings, Places { layer: Layer::Repository, file: &profile.file });
        Self {
            max_workers: place.setting(read.max_workers.clone(), |count| count),
            worktree_dir: place.setting(read.worktree_dir.clone(), PathBuf::from),
            durability: place.setting(read.durability.clone(), LedgerDurability::from),
            progress: place.setting(read.progress.clone(), Progress::from),
            notes: place.setting(read.notes.clone(), |notes| notes),
            timeout_sec: place.setting(read.timeout_sec.clone(), |seconds| seconds),
            ..Self::default()
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
            pipeline_path: joined(self.pipeline_path, weaker.pipeline_path),
            budget: self.budget.over(weaker.budget),
            prices: self.prices.or(weaker.prices),
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
        assert!(error("resources: {process: 5}\n").contains("unknown key `process` (Did you mean `processes`?)"));
    }

    #[test]
    fn mistakes_have_a_place() {
        assert_eq!(error("notes: true\nmax-workers: 2\n"), "c.yaml:2:1: unknown key `max-workers` (Did you mean `max_workers`?)");
        assert_eq!(error("durability: often\n"), "c.yaml:1:13: unknown value `often` (Use one of `full`, `relaxed`.)");
        assert!(error("notes: true\nnotes: false\n").starts_with("c.yaml:2:1: duplicate key `notes`"));
        assert_eq!(error("max_workers: 0\nnotes: 1\n").lines().count(), 2, "all mistakes are told");
        assert_eq!(
            error("env_allow: [A, GIT_DIR]\n"),
            "c.yaml:1:16: `GIT_DIR` ties a process to one repository and is never passed to a tool"
        );
        assert_eq!(error("sandbox: tight\n"), "c.yaml:1:10: unknown value `tight` (Use one of `auto`, `none`, `landlock`, `bubblewrap`.)");
        assert_eq!(
            error("sandbox_write: [~/.cache, ../up]\n"),
            "c.yaml:1:27: `../up` must be an absolute path or begin with `~/`, without `..`"
        );
        assert!(error("- a\n").starts_with("c.yaml:1:1: expected a map"), "{}", error("- a\n"));
        assert!(error("notes: [\n").starts_with("c.yaml:"), "{}", error("notes: [\n"));
    }

    #[test]
    fn values_know_their_lines() {
        let read = Overlay::parse(Layer::User, "c.yaml", "# mine\nnotes: false\nmax_workers: 2\n").unwrap();
        assert_eq!(read.max_workers.unwrap().origin.to_string(), "user (c.yaml:3)");
        assert_eq!(read.notes.unwrap().origin.place, "c.yaml:2");
    }
}
