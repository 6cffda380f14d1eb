//! Plugins: folders that bring pipelines and templates of prompts. Each has a `plugin.yaml` that says what it brings and what it needs.

use std::path::{Path, PathBuf};

use super::pipelines::{ENDING, FOLDER};
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::{MAX_BYTES, SourceFile};
use crate::domain::pipeline::plugin::{Manifest, Tree, check, refuse_doubles};
use crate::domain::prompt::template;
use crate::io::fs::{self, FsError};

/// The name of a manifest.
pub const MANIFEST: &str = "plugin.yaml";
/// The folder of a plugin's templates.
const PROMPTS: &str = "prompts";

/// The error of reading plugins.
#[derive(Debug, thiserror::Error)]
pub enum PluginsError {
    /// A folder or a file can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// A folder of the search path is not there.
    #[error("`{}` of the search path for plugins is no folder", .0.display())]
    NoFolder(PathBuf),
    /// Plugins that can not be used.
    #[error("{}", .diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Invalid {
        /// Everything that was found.
        diagnostics: Vec<Diagnostic>,
        /// The manifests, for showing the places.
        files: Vec<SourceFile>,
    },
}

/// A plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Its name.
    pub name: String,
    /// What its manifest says.
    pub manifest: Manifest,
    /// Its folder.
    pub folder: PathBuf,
}

impl Plugin {
    /// Returns its pipeline files.
    #[must_use]
    pub fn pipelines(&self) -> Vec<PathBuf> {
        let place = |name: &String| self.folder.join(FOLDER).join(format!("{name}.{ENDING}"));
        self.manifest.pipelines.iter().map(place).collect()
    }

    /// Returns its templates.
    #[must_use]
    pub fn prompts(&self) -> Vec<PathBuf> {
        let place = |name: &String| self.folder.join(PROMPTS).join(format!("{name}{}", template::ENDING));
        self.manifest.prompts.iter().map(place).collect()
    }

    /// Returns every file of it that says what is run, or what tools are told.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        std::iter::once(self.folder.join(MANIFEST)).chain(self.pipelines()).chain(self.prompts()).collect()
    }
}

/// Reads the plugins of a search path, in its order and by name within each folder. A folder of the path is a plugin, or holds some.
///
/// # Errors
/// Returns [`PluginsError`] with everything that is wrong with any of them.
pub fn load(search: &[PathBuf]) -> Result<Vec<Plugin>, PluginsError> {
    let (mut plugins, mut files, mut diagnostics) = (Vec::new(), Vec::new(), Vec::new());
    for folder in folders(search)? {
        let place = folder.join(MANIFEST);
        let file = SourceFile::from_bytes(place.display().to_string(), &fs::read_at_most(&place, MAX_BYTES as u64 + 1)?);
        let (manifest, found) = check(&file, &tree(&folder)?);
        diagnostics.extend(found);
        if let Some(manifest) = manifest {
            plugins.push(Plugin { name: manifest.name.clone(), manifest, folder });
        }
        files.push(file);
    }
    let named: Vec<(&Manifest, &SourceFile)> = plugins.iter().map(|plugin: &Plugin| &plugin.manifest).zip(&files).collect();
    if diagnostics.is_empty() {
        diagnostics.extend(refuse_doubles(&named));
    }
    if diagnostics.is_empty() { Ok(plugins) } else { Err(PluginsError::Invalid { diagnostics, files }) }
}

fn folders(search: &[PathBuf]) -> Result<Vec<PathBuf>, PluginsError> {
    let mut folders = Vec::new();
    for place in search {
        if !place.is_dir() {
            return Err(PluginsError::NoFolder(place.clone()));
        }
        if place.join(MANIFEST).is_file() {
            folders.push(place.clone());
        } else {
            folders.extend(fs::list(place)?.into_iter().filter(|folder| folder.join(MANIFEST).is_file()));
        }
    }
    Ok(folders)
}

/// Returns what lies in the folders of a plugin: the names without their endings, and the files that lead out of it.
fn tree(folder: &Path) -> Result<Tree, FsError> {
    let real = folder.canonicalize().map_err(|source| FsError { action: "find", path: folder.to_owned(), source })?;
    let mut tree = Tree::default();
    for (below, ending) in [(FOLDER, format!(".{ENDING}")), (PROMPTS, template::ENDING.to_owned())] {
        let inner = folder.join(below);
        if !inner.is_dir() {
            continue;
        }
        for path in fs::list(&inner)? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(&ending)) else { continue };
            if path.canonicalize().map_or(true, |place| !place.starts_with(&real)) {
                tree.leads_out.push(format!("{below}/{name}{ending}"));
            }
            let names = if below == FOLDER { &mut tree.pipelines } else { &mut tree.prompts };
            names.push(name.to_owned());
        }
    }
    Ok(tree)
}
