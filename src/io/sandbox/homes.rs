//! Where `~/` leads: into the home folder, and for some parts of it to where the variables of the XDG specification have moved them.

use std::path::{Path, PathBuf};

use crate::io::settings::environment::Environment;

/// The parts of a home folder that may lie elsewhere, and the variables that say where.
const MOVABLE: [(&str, &str); 4] = [
    (".config/", "XDG_CONFIG_HOME"),
    (".local/share/", "XDG_DATA_HOME"),
    (".local/state/", "XDG_STATE_HOME"),
    (".cache/", "XDG_CACHE_HOME"),
];

/// The home folder and what was moved out of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Homes {
    home: Option<PathBuf>,
    moved: Vec<(&'static str, PathBuf)>,
}

impl Homes {
    /// Returns what an environment says.
    pub(super) fn of(environment: &Environment) -> Self {
        let moved = MOVABLE.iter().filter_map(|(part, name)| {
            let folder = environment.var(name).map(PathBuf::from).filter(|path| path.is_absolute())?;
            Some((*part, folder))
        });
        Self { home: environment.home(), moved: moved.collect() }
    }

    /// Returns the home folder.
    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Returns where a path leads that may begin with `~/`. Not every program heeds the variables, so a part that was moved leads to both
    /// places, the one that was meant last.
    pub(super) fn expand(&self, text: &str) -> Vec<PathBuf> {
        let Some(rest) = text.strip_prefix("~/") else { return vec![PathBuf::from(text)] };
        let plain = self.home.as_ref().map(|home| home.join(rest));
        let moved = self.moved.iter().find_map(|(part, folder)| Some(folder.join(rest.strip_prefix(part)?)));
        let moved = moved.filter(|moved| Some(moved) != plain.as_ref());
        plain.into_iter().chain(moved).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_home_folder_may_lie_elsewhere() {
        let variables = [("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_CACHE_HOME", "relative"), ("XDG_DATA_HOME", "/h/.local/share")];
        let homes = Homes::of(&Environment::of(variables.map(|(name, value)| (name, std::ffi::OsString::from(value)))));
        let check =
            |text: &str, expect: &[&str]| assert_eq!(homes.expand(text), expect.iter().map(PathBuf::from).collect::<Vec<_>>(), "{text}");
        check("/opt/x", &["/opt/x"]);
        check("~/.tool", &["/h/.tool"]);
        check("~/.config/tool", &["/h/.config/tool", "/c/tool"]);
        check("~/.cache/tool", &["/h/.cache/tool"]);
        check("~/.local/share/tool", &["/h/.local/share/tool"]);
        assert!(Homes::default().expand("~/.tool").is_empty());
    }
}
