//! All layers on top of each other.

use std::path::PathBuf;

use super::budgets::BudgetLayer;
use super::environment::Environment;
use super::error::SettingsError;
use super::git_config::{self, ConfigEntry};
use super::layer::{Layer, Origin, Places, Setting};
use super::limits::{LimitLayers, Limits};
use super::overlay::{LedgerDurability, Overlay, Progress, SHIPPED};
use super::variables;
use crate::domain::plan::input::CommandDefaults;
use crate::domain::policy::budget::{Budget, Budgets};
use crate::domain::policy::sandbox::{Network, Reads, SandboxLevel, SandboxWish};
use crate::domain::settings::model::Profile;
use crate::domain::tool::price::rates::Prices;
use crate::domain::tool::resources::ResourceLimits;

/// The settings that hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How many workstreams run at once.
    pub max_workers: Setting<u32>,
    /// Where worktrees are made; `None` leaves it to the place of the repository. A relative path starts at the top of the repository.
    pub worktree_dir: Setting<Option<PathBuf>>,
    /// How much of a loss of power the ledger must survive.
    pub durability: Setting<LedgerDurability>,
    /// How progress is shown.
    pub progress: Setting<Progress>,
    /// Whether patches and merges get notes.
    pub notes: Setting<bool>,
    /// The longest time for any step, in seconds.
    pub timeout_sec: Setting<Option<u64>>,
    /// Whether nothing is to be touched.
    pub dry_run: Setting<bool>,
    /// Names of variables that children get besides the usual ones.
    pub env_allow: Setting<Vec<String>>,
    /// What programs may use of the machine.
    pub resources: Setting<ResourceLimits>,
    /// How much room a step must find on the disks, in MiB.
    pub min_free_mib: Setting<u64>,
    /// The file with the registry of tools; `None` looks in the usual places. A relative path starts at the top of the repository.
    pub registry: Setting<Option<PathBuf>>,
    /// How tightly programs are held.
    pub sandbox: Setting<SandboxWish>,
    /// What they may reach.
    pub network: Setting<Network>,
    /// What they may read.
    pub reads: Setting<Reads>,
    /// What they may write besides the usual.
    pub sandbox_write: Setting<Vec<String>>,
    /// What they may read although it is hidden or not listed.
    pub sandbox_read: Setting<Vec<String>>,
    /// Folders with plugins that bring pipelines.
    pub pipeline_path: Setting<Vec<String>>,
    /// How much may be spent.
    pub budgets: Budgets,
    /// The same, with the origin of each amount.
    pub budget_layer: BudgetLayer,
    /// The user's own prices.
    pub prices: Setting<Prices>,
    /// The sandbox that the repository asks for at least.
    pub at_least: Setting<SandboxLevel>,
    /// Commands of workstreams that give none.
    pub commands: Setting<CommandDefaults>,
    /// The commit to start from, for plans that name none.
    pub base: Setting<Option<String>>,
    /// What bounds the loops.
    pub limits: Limits,
    /// What the repository says about itself.
    pub profile: Option<Profile>,
    /// What was found and means nothing.
    pub warnings: Vec<String>,
}

/// Where the layers between the shipped files and the environment come from.
#[derive(Debug, Default)]
pub struct Layers {
    /// The profile of the repository, and what is worth saying about it.
    pub repository: Option<(Profile, Vec<String>)>,
    /// Git's configuration; empty outside of a repository.
    pub git_config: Vec<ConfigEntry>,
    /// What the plan says.
    pub plan: Overlay,
    /// What the command line says.
    pub flags: Overlay,
}

/// One setting as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Lays shipped files, the user's files, git's configuration, the plan, the environment and the flags on top of each other.
///
/// # Errors
/// Returns the first mistake that a layer holds.
pub fn resolve(environment: &Environment, layers: Layers) -> Result<Settings, SettingsError> {
    let mut limits = LimitLayers::shipped()?;
    let mut user = Overlay::default();
    if let Some(folder) = environment.config_folder() {
        user = Overlay::load(Layer::User, &folder.join("config.yaml"))?;
        limits.add_file(Layer::User, &folder.join("circuit_breaker_config.yaml"))?;
    }
    let (profile, mut warnings) = match layers.repository {
        Some((profile, warnings)) => (Some(profile), warnings),
        None => (None, Vec::new()),
    };
    let repository = profile.as_ref().map(Overlay::of_profile).unwrap_or_default();
    if let Some(profile) = &profile {
        limits.put(Places { layer: Layer::Repository, file: &profile.file }, &profile.limits);
    }
    let (git, more) = git_config::overlay(&layers.git_config)?;
    warnings.extend(more);
    let stack = [user, repository, git, layers.plan, variables::overlay(environment)?, layers.flags];
    let merged = stack.into_iter().fold(Overlay::parse(Layer::Shipped, "config.yaml", SHIPPED)?, |weaker, layer| layer.over(weaker));
    let built_in = || Origin::new(Layer::Shipped, "built in");
    let settings = Settings {
        max_workers: merged.max_workers.unwrap_or_else(|| Setting::new(4, built_in())),
        worktree_dir: optional(merged.worktree_dir),
        durability: merged.durability.unwrap_or_else(|| Setting::new(LedgerDurability::Full, built_in())),
        progress: merged.progress.unwrap_or_else(|| Setting::new(Progress::Auto, built_in())),
        notes: merged.notes.unwrap_or_else(|| Setting::new(true, built_in())),
        timeout_sec: optional(merged.timeout_sec),
        dry_run: merged.dry_run.unwrap_or_else(|| Setting::new(false, built_in())),
        env_allow: merged.env_allow.unwrap_or_else(|| Setting::new(Vec::new(), built_in())),
        resources: merged.resources.unwrap_or_else(|| Setting::new(ResourceLimits::ordinary(), built_in())),
        min_free_mib: merged.min_free_mib.unwrap_or_else(|| Setting::new(1024, built_in())),
        registry: optional(merged.registry),
        sandbox: merged.sandbox.unwrap_or_else(|| Setting::new(SandboxWish::Auto, built_in())),
        network: merged.network.unwrap_or_else(|| Setting::new(Network::Full, built_in())),
        reads: merged.reads.unwrap_or_else(|| Setting::new(Reads::All, built_in())),
        sandbox_write: merged.sandbox_write.unwrap_or_else(|| Setting::new(Vec::new(), built_in())),
        sandbox_read: merged.sandbox_read.unwrap_or_else(|| Setting::new(Vec::new(), built_in())),
        pipeline_path: merged.pipeline_path.unwrap_or_else(|| Setting::new(Vec::new(), built_in())),
        budgets: merged.budget.budgets(),
        budget_layer: merged.budget,
        prices: merged.prices.unwrap_or_else(|| Setting::new(Prices::default(), built_in())),
        at_least: Setting::new(SandboxLevel::None, built_in()),
        commands: Setting::new(CommandDefaults::default(), built_in()),
        base: optional(None),
        limits: limits.finish()?,
        profile: None,
        warnings,
    };
    Ok(match profile {
        Some(profile) => settings.of(profile),
        None => settings,
    })
}

fn optional<T>(setting: Option<Setting<T>>) -> Setting<Option<T>> {
    match setting {
        Some(Setting { value, origin }) => Setting::new(Some(value), origin),
        None => Setting::new(None, Origin::new(Layer::Shipped, "built in")),
    }
}

impl Settings {
    /// Returns the settings with what a repository has beyond values: it tightens, whatever other layers say, and brings commands.
    fn of(mut self, profile: Profile) -> Self {
        let places = Places { layer: Layer::Repository, file: &profile.file };
        if let Some(level) = &profile.settings.sandbox {
            self.at_least = Setting::new(level.value, places.origin(level.line));
        }
        if let Some(network) = profile.settings.network.as_ref().filter(|network| network.value > self.network.value) {
            self.network = Setting::new(network.value, places.origin(network.line));
        }
        if let Some(reads) = profile.settings.reads.as_ref().filter(|reads| reads.value > self.reads.value) {
            self.reads = Setting::new(reads.value, places.origin(reads.line));
        }
        self.budget_layer.tighten(BudgetLayer::of_file(places, &profile.settings.budget));
        self.budgets = self.budget_layer.budgets();
        if !profile.commands.is_empty() {
            self.commands = Setting::new(profile.commands.clone(), places.origin(profile.commands_line));
        }
        if let Some(base) = &profile.base {
            self.base = Setting::new(Some(base.value.clone()), places.origin(base.line));
        }
        self.profile = Some(profile);
        self
    }

    /// Lowers the budgets of a run to those of its plan.
    pub fn tighten_run(&mut self, plan: Budget) {
        self.budget_layer.tighten_run(plan, &Origin::new(Layer::Plan, "budget.run"));
        self.budgets = self.budget_layer.budgets();
    }

    /// Returns what only a repository says, as far as it does.
    fn rows_of_repository(&self) -> Vec<Row> {
        let row = |key: &str, value: String, origin: &Origin| Row { key: key.to_owned(), value, origin: origin.clone() };
        let mut rows = Vec::new();
        if self.at_least.value > SandboxLevel::None {
            rows.push(row("sandbox_at_least", self.at_least.value.name().to_owned(), &self.at_least.origin));
        }
        if let Some(base) = &self.base.value {
            rows.push(row("base", base.clone(), &self.base.origin));
        }
        if let Some(profile) = &self.profile {
            let origin = Origin::new(Layer::Repository, &profile.file);
            let told = profile.constraints.told().into_iter();
            rows.extend(told.map(|(key, value)| row(&format!("constraints.{key}"), value, &origin)));
        }
        let commands = &self.commands.value;
        let lists = [("setup", &commands.setup), ("build", &commands.build), ("static", &commands.statics), ("runtime", &commands.runtime)];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            let lines = list.iter().map(shell_words::join).collect::<Vec<_>>().join("; ");
            rows.push(row(&format!("commands.{name}"), lines, &self.commands.origin));
        }
        rows
    }

    /// Returns every setting with its value and its origin, in a fixed order.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let row = |key: &str, value: String, origin: &Origin| Row { key: key.to_owned(), value, origin: origin.clone() };
        let path = |setting: &Setting<Option<PathBuf>>| setting.value.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let durability = match self.durability.value {
            LedgerDurability::Full => "full",
            LedgerDurability::Relaxed => "relaxed",
        };
        let progress = match self.progress.value {
            Progress::Auto => "auto",
            Progress::Plain => "plain",
            Progress::None => "none",
        };
        let timeout = self.timeout_sec.value.map(|seconds| seconds.to_string()).unwrap_or_default();
        let mut rows = vec![
            row("max_workers", self.max_workers.value.to_string(), &self.max_workers.origin),
            row("worktree_dir", path(&self.worktree_dir), &self.worktree_dir.origin),
            row("durability", durability.to_owned(), &self.durability.origin),
            row("progress", progress.to_owned(), &self.progress.origin),
            row("notes", self.notes.value.to_string(), &self.notes.origin),
            row("timeout_sec", timeout, &self.timeout_sec.origin),
            row("dry_run", self.dry_run.value.to_string(), &self.dry_run.origin),
            row("env_allow", self.env_allow.value.join(","), &self.env_allow.origin),
            row("resources", self.resources.value.to_string(), &self.resources.origin),
            row("min_free_mib", self.min_free_mib.value.to_string(), &self.min_free_mib.origin),
            row("aim_registry", path(&self.registry), &self.registry.origin),
            row("sandbox", self.sandbox.value.word().to_owned(), &self.sandbox.origin),
            row("network", self.network.value.name().to_owned(), &self.network.origin),
            row("reads", self.reads.value.name().to_owned(), &self.reads.origin),
            row("sandbox_write", self.sandbox_write.value.join(":"), &self.sandbox_write.origin),
            row("sandbox_read", self.sandbox_read.value.join(":"), &self.sandbox_read.origin),
            row("pipeline_path", self.pipeline_path.value.join(":"), &self.pipeline_path.origin),
        ];
        rows.extend(self.budget_layer.told().map(|(key, value, origin)| Row { key, value, origin: origin.clone() }));
        if !self.prices.value.0.is_empty() {
            let models: Vec<&str> = self.prices.value.0.keys().map(String::as_str).collect();
            rows.push(row("prices", models.join(","), &self.prices.origin));
        }
        rows.extend(self.rows_of_repository());
        rows.extend(self.limits.origins.iter().map(|(key, (value, origin))| row(key, value.clone(), origin)));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(config: &str, breaker: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/git-orc");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in [("config.yaml", config), ("circuit_breaker_config.yaml", breaker)] {
            #[expect(clippy::disallowed_methods, reason = "the user's own file, written by the test")]
            std::fs::write(folder.join(name), text).unwrap();
        }
        home
    }

    fn flag<T>(value: T) -> Option<Setting<T>> {
        Some(Setting::new(value, Origin::new(Layer::Flag, "--flag")))
    }

    #[test]
    fn without_anything_the_shipped_settings_hold() {
        let settings = resolve(&Environment::default(), Layers::default()).unwrap();
        assert_eq!((settings.max_workers.value, settings.dry_run.value, settings.timeout_sec.value), (4, false, None));
        assert!(settings.rows().iter().all(|row| row.origin.layer == Layer::Shipped));
    }

    #[test]
    fn each_layer_is_weaker_than_the_next() {
        let home = home("max_workers: 1\nprogress: plain\nenv_allow: [U]\n", "retry: {max_attempts: 7}\n");
        let home_path = home.path().to_str().unwrap();
        let mut vars = vec![("HOME", home_path)];
        let git = |value: &str| git_config::entries(format!("local\0orc.maxworkers\n{value}\0local\0orc.envallow\nG\0").as_bytes());
        let check = |vars: &[(&str, &str)], layers: Layers, expect: (u32, Layer)| {
            let settings = resolve(&Environment::of(vars.iter().copied()), layers).unwrap();
            assert_eq!((settings.max_workers.value, settings.max_workers.origin.layer), expect);
            assert_eq!((settings.progress.value, settings.limits.loops.retry.max_attempts), (Progress::Plain, 7));
            settings
        };
        let plan = || Overlay { max_workers: Some(Setting::new(3, Origin::new(Layer::Plan, "plan.yaml"))), ..Overlay::default() };
        check(&vars, Layers::default(), (1, Layer::User));
        let joined = check(&vars, Layers { git_config: git("2"), ..Layers::default() }, (2, Layer::GitConfig));
        assert_eq!(joined.env_allow.value, ["U", "G"]);
        check(&vars, Layers { git_config: git("2"), plan: plan(), ..Layers::default() }, (3, Layer::Plan));
        vars.push(("PIPELINE_MAX_WORKERS", "5"));
        check(&vars, Layers { git_config: git("2"), plan: plan(), ..Layers::default() }, (5, Layer::Environment));
        let flags = Overlay { max_workers: flag(6), ..Overlay::default() };
        check(&vars, Layers { git_config: git("2"), plan: plan(), flags, ..Layers::default() }, (6, Layer::Flag));
    }

    #[test]
    fn a_mistake_names_the_file() {
        let home = home("max_workers: lots\n", "");
        let error = resolve(&Environment::of([("HOME", home.path())]), Layers::default()).unwrap_err().to_string();
        assert!(error.contains(".config/git-orc/config.yaml:1:14: "), "{error}");
    }
}
