//! Values written as text: in git's configuration and in the environment.

use std::path::PathBuf;

use super::budgets::BudgetLayer;
use super::environment::Environment;
use super::error::SettingsError;
use super::layer::{Layer, Origin, Setting};
use super::overlay::{LedgerDurability, Overlay, Progress};
use crate::domain::policy::budget::BudgetKey;
use crate::domain::policy::budget::word::BudgetWish;
use crate::domain::policy::sandbox::{Network, Reads, SandboxWish, is_grantable};
use crate::domain::tool::suggest::{closest, did_you_mean};
use crate::domain::tool::variable;

fn wrong(place: &str, value: &str, expected: &'static str) -> SettingsError {
    SettingsError::Value { place: place.to_owned(), value: value.to_owned(), expected }
}

/// Reads a number from 1.
pub(super) fn number(place: &str, text: &str) -> Result<u32, SettingsError> {
    text.trim().parse().ok().filter(|n| *n > 0).ok_or_else(|| wrong(place, text, "a whole number from 1"))
}

/// Reads seconds; 0 means no limit.
pub(super) fn seconds(place: &str, text: &str) -> Result<Option<u64>, SettingsError> {
    let seconds: u64 = text.trim().parse().map_err(|_| wrong(place, text, "a whole number of seconds"))?;
    Ok((seconds > 0).then_some(seconds))
}

/// Reads an amount; 0 is one as well.
pub(super) fn mebibytes(place: &str, text: &str) -> Result<u64, SettingsError> {
    text.trim().parse().map_err(|_| wrong(place, text, "a whole number of MiB"))
}

/// Reads a truth value in one of the words that git knows.
pub(super) fn boolean(place: &str, text: &str) -> Result<bool, SettingsError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" | "" => Ok(false),
        _ => Err(wrong(place, text, "true or false")),
    }
}

/// Reads a path.
pub(super) fn path<'a>(place: &str, text: &'a str) -> Result<&'a str, SettingsError> {
    if text.is_empty() || text.contains('\0') { Err(wrong(place, text, "a path")) } else { Ok(text) }
}

/// Reads a degree of durability.
pub(super) fn durability(place: &str, text: &str) -> Result<LedgerDurability, SettingsError> {
    match text {
        "full" => Ok(LedgerDurability::Full),
        "relaxed" => Ok(LedgerDurability::Relaxed),
        _ => Err(wrong(place, text, "full or relaxed")),
    }
}

/// Reads a way to show progress.
pub(super) fn progress(place: &str, text: &str) -> Result<Progress, SettingsError> {
    match text {
        "auto" => Ok(Progress::Auto),
        "plain" => Ok(Progress::Plain),
        "none" => Ok(Progress::None),
        _ => Err(wrong(place, text, "auto, plain or none")),
    }
}

/// Reads a level of the sandbox.
pub(super) fn sandbox(place: &str, text: &str) -> Result<SandboxWish, SettingsError> {
    let known = SandboxWish::ALL.into_iter().find(|wish| wish.word() == text);
    known.ok_or_else(|| wrong(place, text, "auto, none, landlock or bubblewrap"))
}

/// Reads what may be reached.
pub(super) fn network(place: &str, text: &str) -> Result<Network, SettingsError> {
    let known = [Network::Full, Network::None].into_iter().find(|network| network.name() == text);
    known.ok_or_else(|| wrong(place, text, "full or none"))
}

/// Reads what may be read.
pub(super) fn reads(place: &str, text: &str) -> Result<Reads, SettingsError> {
    let known = [Reads::All, Reads::Listed].into_iter().find(|reads| reads.name() == text);
    known.ok_or_else(|| wrong(place, text, "all or listed"))
}

/// Reads paths that are granted, with colons between them.
pub(super) fn grants(place: &str, text: &str) -> Result<Vec<String>, SettingsError> {
    let paths: Vec<String> = text.split(':').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    match paths.iter().find(|path| !is_grantable(path)) {
        Some(bad) => Err(wrong(place, bad, "an absolute path, or one that begins with `~/`, without `..`")),
        None => Ok(paths),
    }
}

/// Returns what the environment says. The names of the original systems (`PIPELINE_*`) are weaker than our own.
///
/// # Errors
/// Returns [`SettingsError::Value`] for a value that cannot be read.
pub(super) fn overlay(environment: &Environment) -> Result<Overlay, SettingsError> {
    let max_workers = read(environment, &["ORC_MAX_WORKERS", "PIPELINE_MAX_WORKERS"], number)?;
    let timeout = read(environment, &["ORC_TIMEOUT_SEC", "PIPELINE_TIMEOUT_SEC"], seconds)?;
    Ok(Overlay {
        max_workers,
        worktree_dir: folder(environment, "ORC_WORKTREE_DIR"),
        durability: read(environment, &["ORC_DURABILITY"], durability)?,
        progress: read(environment, &["ORC_PROGRESS"], progress)?,
        notes: read(environment, &["ORC_NOTES"], boolean)?,
        timeout_sec: timeout.and_then(|setting| Some(Setting::new(setting.value?, setting.origin))),
        dry_run: read(environment, &["ORC_DRY_RUN", "PIPELINE_DRY_RUN"], boolean)?,
        env_allow: read(environment, &["ORC_ENV_ALLOW"], names)?,
        resources: None,
        min_free_mib: read(environment, &["ORC_MIN_FREE_MIB"], mebibytes)?,
        registry: folder(environment, "AIM_REGISTRY_PATH"),
        sandbox: read(environment, &["ORC_SANDBOX"], sandbox)?,
        network: read(environment, &["ORC_NETWORK"], network)?,
        reads: read(environment, &["ORC_READS"], reads)?,
        sandbox_write: read(environment, &["ORC_SANDBOX_WRITE"], grants)?,
        sandbox_read: read(environment, &["ORC_SANDBOX_READ"], grants)?,
        pipeline_path: read(environment, &["ORC_PIPELINE_PATH"], grants)?,
        budget: budgets(environment)?,
        prices: None,
    })
}

/// The variables that are settings.
const NAMES: [&str; 27] = [
    "ORC_MAX_WORKERS",
    "ORC_TIMEOUT_SEC",
    "ORC_WORKTREE_DIR",
    "ORC_DURABILITY",
    "ORC_PROGRESS",
    "ORC_NOTES",
    "ORC_DRY_RUN",
    "ORC_ENV_ALLOW",
    "ORC_MIN_FREE_MIB",
    "ORC_SANDBOX",
    "ORC_NETWORK",
    "ORC_READS",
    "ORC_SANDBOX_WRITE",
    "ORC_SANDBOX_READ",
    "ORC_PIPELINE_PATH",
    "ORC_BUDGET_ATTEMPT_USD",
    "ORC_BUDGET_ATTEMPT_TOKENS",
    "ORC_BUDGET_ATTEMPT_MINUTES",
    "ORC_BUDGET_WORKSTREAM_USD",
    "ORC_BUDGET_WORKSTREAM_TOKENS",
    "ORC_BUDGET_WORKSTREAM_MINUTES",
    "ORC_BUDGET_RUN_USD",
    "ORC_BUDGET_RUN_TOKENS",
    "ORC_BUDGET_RUN_MINUTES",
    "ORC_BUDGET_DAY_USD",
    "ORC_BUDGET_DAY_TOKENS",
    "ORC_BUDGET_DAY_MINUTES",
];

/// The names of the original systems that are settings as well.
const OLD_NAMES: [&str; 4] = ["PIPELINE_MAX_WORKERS", "PIPELINE_TIMEOUT_SEC", "PIPELINE_DRY_RUN", "AIM_REGISTRY_PATH"];

/// What children are told; somebody who works inside of a step has them.
const TOLD: [&str; 9] = [
    "ORC_RUN",
    "ORC_WORKSTREAM",
    "ORC_STEP",
    "ORC_ATTEMPT",
    "ORC_WORKTREE",
    "ORC_PROMPT_FILE",
    "ORC_PORT_BASE",
    "ORC_TOOL",
    "ORC_EXIT_CODE",
];

/// Values that cannot be read, and variables that mean nothing: each with its name.
pub type Checked = (Vec<(String, SettingsError)>, Vec<(String, String)>);

/// Returns what is wrong with each variable, and a warning for each `ORC_*` that means nothing.
#[must_use]
pub fn check(environment: &Environment) -> Checked {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for (name, value) in environment.vars().filter_map(|(name, value)| Some((name.to_str()?, value))) {
        if NAMES.contains(&name) || OLD_NAMES.contains(&name) {
            let alone = Environment::of([(name, value)]);
            errors.extend(overlay(&alone).err().map(|error| (name.to_owned(), error)));
        } else if name.starts_with("ORC_") && !TOLD.contains(&name) {
            let near = did_you_mean(closest(name, NAMES));
            warnings.push((name.to_owned(), format!("`{name}` in the environment means nothing{near}")));
        }
    }
    (errors, warnings)
}

fn read<T>(
    environment: &Environment,
    variables: &[&str],
    value: fn(&str, &str) -> Result<T, SettingsError>,
) -> Result<Option<Setting<T>>, SettingsError> {
    for variable in variables {
        if let Some(raw) = environment.var(variable) {
            let value = value(variable, &raw.to_string_lossy())?;
            return Ok(Some(Setting::new(value, Origin::new(Layer::Environment, *variable))));
        }
    }
    Ok(None)
}

/// Returns the variable that holds a budget.
fn budget_variable(key: BudgetKey) -> String {
    format!("ORC_BUDGET_{}", key.to_string().replace('.', "_").to_ascii_uppercase())
}

fn budgets(environment: &Environment) -> Result<BudgetLayer, SettingsError> {
    let mut layer = BudgetLayer::default();
    for key in BudgetKey::all() {
        let name = budget_variable(key);
        let Some(raw) = environment.var(&name) else { continue };
        let text = raw.to_string_lossy();
        let amount = key.parse_amount(&text).map_err(|error| SettingsError::Budget { place: name.clone(), error })?;
        layer.wish(BudgetWish { key, amount }, Origin::new(Layer::Environment, name));
    }
    Ok(layer)
}

fn folder(environment: &Environment, variable: &str) -> Option<Setting<PathBuf>> {
    environment.var(variable).map(|raw| Setting::new(PathBuf::from(raw), Origin::new(Layer::Environment, variable)))
}

fn names(place: &str, text: &str) -> Result<Vec<String>, SettingsError> {
    let names: Vec<String> = text.split([',', ' ', ':']).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    match names.iter().find(|name| variable::check_pattern(name).is_err()) {
        Some(bad) => Err(wrong(place, bad, "names of variables, which may end in `*`, with commas between them")),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlay_of(vars: &[(&str, &str)]) -> Result<Overlay, String> {
        overlay(&Environment::of(vars.iter().copied())).map_err(|error| error.to_string())
    }

    #[test]
    fn our_names_win_over_the_old_ones() {
        let read = overlay_of(&[
            ("PIPELINE_MAX_WORKERS", "2"),
            ("PIPELINE_TIMEOUT_SEC", "60"),
            ("PIPELINE_DRY_RUN", "1"),
            ("ORC_MAX_WORKERS", "7"),
        ]);
        let read = read.unwrap();
        assert_eq!(read.max_workers, Some(Setting::new(7, Origin::new(Layer::Environment, "ORC_MAX_WORKERS"))));
        assert_eq!(read.timeout_sec.unwrap().value, 60);
        assert!(read.dry_run.unwrap().value);
    }

    #[test]
    fn every_variable_that_is_a_setting_is_known() {
        for name in NAMES.into_iter().chain(OLD_NAMES) {
            let changes = |value: &str| overlay_of(&[(name, value)]) != Ok(Overlay::default());
            assert!(changes("?"), "{name} is no setting");
        }
        let (errors, warnings) = check(&Environment::of([
            ("ORC_MAX_WORKERS", "many"),
            ("PIPELINE_TIMEOUT_SEC", "soon"),
            ("ORC_NOTE", "1"),
            ("ORC_RUN", "x"),
            ("ORC_QUITE_OTHER", "1"),
            ("HOME", "/h"),
        ]));
        assert_eq!(errors.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["ORC_MAX_WORKERS", "PIPELINE_TIMEOUT_SEC"]);
        assert_eq!(
            warnings.iter().map(|(_, warning)| warning.as_str()).collect::<Vec<_>>(),
            [
                "`ORC_NOTE` in the environment means nothing (did you mean `ORC_NOTES`?)",
                "`ORC_QUITE_OTHER` in the environment means nothing",
            ]
        );
    }

    #[test]
    fn empty_is_unset_and_nonsense_is_an_error() {
        assert_eq!(overlay_of(&[("ORC_NOTES", ""), ("PIPELINE_MAX_WORKERS", "")]), Ok(Overlay::default()));
        assert_eq!(
            overlay_of(&[("PIPELINE_MAX_WORKERS", "0")]).unwrap_err(),
            "PIPELINE_MAX_WORKERS is `0`, but must be a whole number from 1"
        );
        assert_eq!(overlay_of(&[("ORC_PROGRESS", "loud")]).unwrap_err(), "ORC_PROGRESS is `loud`, but must be auto, plain or none");
        assert!(overlay_of(&[("ORC_ENV_ALLOW", "A, GIT_DIR")]).unwrap_err().starts_with("ORC_ENV_ALLOW is `GIT_DIR`"));
        assert_eq!(overlay_of(&[("ORC_ENV_ALLOW", "A, B_*")]).unwrap().env_allow.unwrap().value, ["A", "B_*"]);
        assert_eq!(overlay_of(&[("PIPELINE_TIMEOUT_SEC", "0")]).unwrap().timeout_sec, None);
    }
}
