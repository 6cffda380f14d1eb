//! The registry of tools, as it lies on the disk: where a setting says, else in the repository, else among the user's own files.

use std::io;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::SettingsError;
use super::file;
use super::resolve::Settings;
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::SourceFile;
use crate::domain::tool::registry::Registry;
use crate::domain::tool::registry_parse::parse_registry;

/// The name of the file among the user's own.
pub const NAME: &str = "aim_registry.json";
/// Where a repository keeps its own, below the top of its work tree.
pub const REPOSITORY: &str = ".git-orc/aim_registry.json";
/// The names of the file in a folder that a setting names; the second one is that of the original system.
const NAMES: [&str; 2] = [NAME, "AIM_registry.json"];

/// Returns the file that holds, and how it is shown; `None` when there is none. `here` is the folder that relative paths start from: the top
/// of the work tree, where there is one. What a setting names need not exist; whoever reads it tells.
#[must_use]
pub fn find(environment: &Environment, settings: &Settings, (here, top): (&Path, Option<&Path>)) -> Option<(PathBuf, String)> {
    if let Some(named) = &settings.registry.value {
        let below_home = named.strip_prefix("~").ok().and_then(|rest| Some(environment.home()?.join(rest)));
        let path = below_home.unwrap_or_else(|| top.unwrap_or(here).join(named));
        let inside = || NAMES.into_iter().map(|name| path.join(name)).find(|path| path.is_file());
        let path = if path.is_dir() { inside().unwrap_or_else(|| path.join(NAME)) } else { path };
        let shown = path.display().to_string();
        return Some((path, shown));
    }
    let own = top.map(|top| (top.join(REPOSITORY), REPOSITORY.to_owned()));
    let users = environment.config_folder().map(|folder| folder.join(NAME)).map(|path| (path.clone(), path.display().to_string()));
    [own, users].into_iter().flatten().find(|(path, _)| path.symlink_metadata().is_ok())
}

/// Returns the file that holds, if there is one.
///
/// # Errors
/// Returns [`SettingsError::Read`] when it cannot be read, or a setting names one that is not there.
pub fn source(environment: &Environment, settings: &Settings, places: (&Path, Option<&Path>)) -> Result<Option<SourceFile>, SettingsError> {
    let Some((path, shown)) = find(environment, settings, places) else { return Ok(None) };
    match file::load(&path, &shown)? {
        Some(file) => Ok(Some(file)),
        None => Err(SettingsError::Read { path, source: io::ErrorKind::NotFound.into() }),
    }
}

/// Reads the registry; one that is nowhere says nothing. Beside it come warnings.
///
/// # Errors
/// Returns [`SettingsError`] when it cannot be read, and [`SettingsError::Documents`] with every mistake in it.
pub fn load(
    environment: &Environment,
    settings: &Settings,
    places: (&Path, Option<&Path>),
) -> Result<(Registry, Vec<Diagnostic>), SettingsError> {
    match source(environment, settings, places)? {
        Some(file) => parse_registry(&file).map_err(SettingsError::Documents),
        None => Ok((Registry::default(), Vec::new())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fs::{create_dir_all, write_scratch};
    use crate::io::settings::resolve::{Layers, resolve};

    const ONE: &str = r#"{"capabilities": {"fix": {"primary": "WHICH"}}}"#;

    #[test]
    fn a_setting_wins_over_the_repository_and_that_over_the_users_own() {
        let home = tempfile::tempdir().unwrap();
        let top = home.path().join("repo");
        let put = |name: &str, which: &str| {
            let path = home.path().join(name);
            create_dir_all(path.parent().unwrap()).unwrap();
            write_scratch(&path, ONE.replace("WHICH", which).as_bytes()).unwrap();
        };
        let primary = |named: Option<&str>| {
            let mut variables = vec![("HOME", home.path().as_os_str().to_owned())];
            variables.extend(named.map(|named| ("AIM_REGISTRY_PATH", named.into())));
            let environment = Environment::of(variables);
            let settings = resolve(&environment, Layers::default()).unwrap();
            let (registry, _) = load(&environment, &settings, (home.path(), Some(&top))).map_err(|error| error.to_string())?;
            Ok::<_, String>(registry.capabilities.get("fix").map(|rule| rule.primary.clone()).unwrap_or_default())
        };
        assert_eq!(primary(None), Ok(String::new()));
        put(".config/git-orc/aim_registry.json", "user");
        assert_eq!(primary(None).as_deref(), Ok("user"));
        put("repo/.git-orc/aim_registry.json", "repository");
        assert_eq!(primary(None).as_deref(), Ok("repository"));
        put("repo/other.yaml", "relative");
        assert_eq!(primary(Some("other.yaml")).as_deref(), Ok("relative"));
        put("aim/AIM_registry.json", "folder");
        assert_eq!(primary(Some("~/aim")).as_deref(), Ok("folder"));
        assert!(primary(Some("gone.json")).unwrap_err().ends_with("repo/gone.json` cannot be read"));
        put("repo/.git-orc/aim_registry.json", "No!");
        assert!(primary(None).unwrap_err().starts_with(".git-orc/aim_registry.json:1:"), "{:?}", primary(None));
    }
}
