//! Git's configuration, `orc.*`, from one call that also sees what `git -c` was given.

use std::path::PathBuf;

use super::error::SettingsError;
use super::layer::{Layer, Origin, Setting};
use super::overlay::Overlay;
use super::variables::{boolean, durability, grants, mebibytes, network, number, path, progress, reads, sandbox, seconds};
use crate::domain::policy::budget::word::BudgetWish;
use crate::domain::tool::suggest::{closest, did_you_mean};
use crate::domain::tool::variable;
use crate::io::git::command::GitCommand;
use crate::io::git::repo::Repo;

const KEYS: [&str; 16] = [
    "maxWorkers",
    "worktreeDir",
    "durability",
    "progress",
    "notes",
    "timeoutSec",
    "minFreeMib",
    "envAllow",
    "sandbox",
    "network",
    "reads",
    "sandboxWrite",
    "sandboxRead",
    "budget",
    "aimRegistry",
    "pipelinePath",
];

/// One line of git's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// `system`, `global`, `local`, `worktree` or `command`.
    pub scope: String,
    /// The key, with section and name in lower case.
    pub key: String,
    /// The value; `None` for a key without `=`, which means true.
    pub value: Option<String>,
}

/// Asks git for its whole configuration, as the user's own git would see it.
///
/// # Errors
/// Returns [`SettingsError::Git`] when git cannot be asked.
pub fn read(repo: &Repo) -> Result<Vec<ConfigEntry>, SettingsError> {
    let output = GitCommand::new(repo).plain_config().args(["config", "-z", "--list", "--show-scope"]).run()?;
    Ok(entries(&output.stdout))
}

/// Reads `scope NUL key LF value NUL`, the output of `git config -z --list --show-scope`.
#[must_use]
pub fn entries(output: &[u8]) -> Vec<ConfigEntry> {
    let mut fields = output.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let mut entries = Vec::new();
    while let (Some(scope), Some(entry)) = (fields.next(), fields.next()) {
        let (key, value) = match entry.split_once('\n') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (entry, None),
        };
        entries.push(ConfigEntry { scope, key, value });
    }
    entries
}

/// Returns what `orc.*` says, and a warning for each key of that section that means nothing. It is no error: the configuration is shared
/// with other versions of the program.
///
/// # Errors
/// Returns [`SettingsError::Value`] for a value that cannot be read.
pub fn overlay(entries: &[ConfigEntry]) -> Result<(Overlay, Vec<String>), SettingsError> {
    let mut overlay = Overlay::default();
    let mut warnings = Vec::new();
    for entry in entries {
        let Some(name) = entry.key.strip_prefix("orc.") else { continue };
        // A subsection (`orc.x.y`) is free for other uses.
        if name.contains('.') {
            continue;
        }
        match KEYS.iter().find(|key| key.eq_ignore_ascii_case(name)) {
            Some(key) => set(&mut overlay, key, entry)?,
            None => warnings.push(format!("`{}` in git's configuration means nothing{}", entry.key, did_you_mean(closest(name, KEYS)))),
        }
    }
    Ok((overlay, warnings))
}

fn set(overlay: &mut Overlay, key: &str, entry: &ConfigEntry) -> Result<(), SettingsError> {
    let place = format!("orc.{key}");
    let origin = Origin::new(Layer::GitConfig, format!("{place}, {}", entry.scope));
    let text = entry.value.as_deref().unwrap_or("true");
    match key {
        "maxWorkers" => overlay.max_workers = Some(Setting::new(number(&place, text)?, origin)),
        "worktreeDir" => overlay.worktree_dir = Some(Setting::new(PathBuf::from(path(&place, text)?), origin)),
        "durability" => overlay.durability = Some(Setting::new(durability(&place, text)?, origin)),
        "progress" => overlay.progress = Some(Setting::new(progress(&place, text)?, origin)),
        "notes" => overlay.notes = Some(Setting::new(boolean(&place, text)?, origin)),
        "minFreeMib" => overlay.min_free_mib = Some(Setting::new(mebibytes(&place, text)?, origin)),
        "timeoutSec" => overlay.timeout_sec = seconds(&place, text)?.map(|value| Setting::new(value, origin)),
        "sandbox" => overlay.sandbox = Some(Setting::new(sandbox(&place, text)?, origin)),
        "network" => overlay.network = Some(Setting::new(network(&place, text)?, origin)),
        "reads" => overlay.reads = Some(Setting::new(reads(&place, text)?, origin)),
        "aimRegistry" => overlay.registry = Some(Setting::new(PathBuf::from(path(&place, text)?), origin)),
        "sandboxWrite" => overlay.sandbox_write = Some(more(overlay.sandbox_write.take(), grants(&place, text)?, origin)),
        "sandboxRead" => overlay.sandbox_read = Some(more(overlay.sandbox_read.take(), grants(&place, text)?, origin)),
        "pipelinePath" => overlay.pipeline_path = Some(more(overlay.pipeline_path.take(), grants(&place, text)?, origin)),
        "budget" => {
            let wish = BudgetWish::parse(text).map_err(|error| SettingsError::Budget { place, error })?;
            overlay.budget.wish(wish, origin);
        }
        _ => {
            let expected = "the name of a variable, which may end in `*`";
            variable::check_pattern(text).map_err(|_| SettingsError::Value { place, value: text.to_owned(), expected })?;
            overlay.env_allow = Some(more(overlay.env_allow.take(), vec![text.to_owned()], origin));
        }
    }
    Ok(())
}

/// Adds to a key with many values, as git has them.
fn more(known: Option<Setting<Vec<String>>>, new: Vec<String>, origin: Origin) -> Setting<Vec<String>> {
    Setting::new(known.map(|setting| setting.value).unwrap_or_default().into_iter().chain(new).collect(), origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::settings::overlay::LedgerDurability;

    fn read(output: &str) -> Result<(Overlay, Vec<String>), SettingsError> {
        overlay(&entries(output.as_bytes()))
    }

    #[test]
    fn keys_are_read_in_any_case_and_the_last_one_wins() {
        let output = "global\0orc.maxworkers\n3\0local\0orc.maxworkers\n5\0local\0orc.notes\0local\0core.bare\nfalse\0\
                      command\0orc.durability\nrelaxed\0local\0orc.envallow\nA\0local\0orc.envallow\nB_*\0local\0orc.worktreedir\n../w t\0";
        let (overlay, warnings) = read(output).unwrap();
        assert_eq!(overlay.max_workers, Some(Setting::new(5, Origin::new(Layer::GitConfig, "orc.maxWorkers, local"))));
        assert_eq!(overlay.durability.unwrap().value, LedgerDurability::Relaxed);
        assert!(overlay.notes.unwrap().value);
        assert_eq!(overlay.env_allow.unwrap().value, ["A", "B_*"]);
        assert_eq!(overlay.worktree_dir.unwrap().value, PathBuf::from("../w t"));
        assert_eq!(warnings, Vec::<String>::new());
    }

    #[test]
    fn wrong_values_are_errors_and_unknown_keys_are_said() {
        let error = |output: &str| read(output).unwrap_err().to_string();
        assert_eq!(error("local\0orc.maxworkers\nmany\0"), "orc.maxWorkers is `many`, but must be a whole number from 1");
        assert_eq!(error("local\0orc.notes\nperhaps\0"), "orc.notes is `perhaps`, but must be true or false");
        assert_eq!(
            error("local\0orc.envallow\nGIT_DIR\0"),
            "orc.envAllow is `GIT_DIR`, but must be the name of a variable, which may end in `*`"
        );
        let (_, warnings) = read("local\0orc.worker\n1\0local\0orc.maxworker\n1\0local\0orc.x.y\n1\0").unwrap();
        assert_eq!(
            warnings,
            [
                "`orc.worker` in git's configuration means nothing",
                "`orc.maxworker` in git's configuration means nothing (did you mean `maxWorkers`?)"
            ]
        );
    }

    #[test]
    fn an_empty_or_cut_output_is_no_entry() {
        assert_eq!(entries(b""), []);
        assert_eq!(entries(b"local\0").first().map(|entry| entry.key.as_str()), Some(""));
    }
}
