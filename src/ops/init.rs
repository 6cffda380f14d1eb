//! `init`: looks at a repository and proposes its profile and its gates. Nothing is run, and nothing that is there is overwritten.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use similar::TextDiff;

use crate::domain::gate::schema::quality_gate_schema;
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::settings::schema::profile_schema;
use crate::domain::survey::look::survey;
use crate::domain::survey::proposal;
use crate::domain::survey::report::Survey;
use crate::domain::survey::tree::Tree;
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::repo::Repo;
use crate::io::git::tree::FileMode;
use crate::io::settings::error::SettingsError;
use crate::io::settings::profile;
use crate::ops::context::{ContextError, Desk};
use crate::ops::gating::file;

/// The most of a file that is read, in bytes; the rest of a longer one says nothing more about a project.
const MOST: u64 = 1 << 20;
/// How many files of the commit are looked at.
const MOST_FILES: usize = 50_000;
/// Where the schema of the profile is kept, so that editors find it without a network.
const PROFILE_SCHEMA: &str = ".git-orc/project_profile.schema.json";
/// Where the schema of the gates is kept.
const GATE_SCHEMA: &str = ".git-orc/quality_gate.schema.json";

/// The error of looking at a repository, or of writing what was proposed.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is no repository that can be used.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The repository has no work tree, so there is nowhere to write to.
    #[error("the repository has no work tree")]
    Bare,
    /// There are two profiles.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The commit can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A file can not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
}

/// A file that is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedFile {
    /// Its path below the top of the work tree.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What stands in the way.
    pub existing: Option<Existing>,
}

/// A file that is there already, and is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Its path; a profile may be in another place than the one that is proposed.
    pub path: String,
    /// What the proposal would change; empty when it is the same.
    pub diff: String,
}

/// What was found, and what is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The top of the work tree.
    pub top: PathBuf,
    /// What was found.
    pub survey: Survey,
    /// The files.
    pub files: Vec<ProposedFile>,
}

impl Proposal {
    /// Returns the files that are not there yet.
    pub fn missing(&self) -> impl Iterator<Item = &ProposedFile> {
        self.files.iter().filter(|file| file.existing.is_none())
    }

    /// A folder of the repository may be a link that leads anywhere.
    fn require_inside(&self, folder: &Path) -> Result<(), FsError> {
        let failed = |source| FsError { action: "write to", path: folder.to_owned(), source };
        if folder.canonicalize().map_err(failed)?.starts_with(self.top.canonicalize().map_err(failed)?) {
            return Ok(());
        }
        Err(failed(io::Error::other("it leads out of the work tree")))
    }

    /// Writes the files that are not there yet.
    ///
    /// # Errors
    /// Returns an error when one can not be written.
    pub fn write(&self) -> Result<(), FsError> {
        // Nothing is written where one of the files can not be.
        for folder in self.missing().filter_map(|file| self.top.join(&file.path).parent().map(Path::to_owned)) {
            fs::create_dir_all(&folder)?;
            self.require_inside(&folder)?;
        }
        for one in self.missing() {
            fs::write_new(&self.top.join(&one.path), one.text.as_bytes(), Durability::Full)?;
        }
        Ok(())
    }
}

/// Looks at the repository that the user stands in.
///
/// # Errors
/// Returns [`InitError`] when there is none, or it can not be read.
pub fn propose(desk: &Desk) -> Result<Proposal, InitError> {
    let repo = desk.repository()?;
    let top = repo.work_dir().ok_or(InitError::Bare)?.to_owned();
    let tree = look(&repo, &top)?;
    let survey = survey(&tree);
    let (mut files, mut schemas) = (Vec::new(), Vec::new());
    let text = proposal::profile(&tree, &survey, PROFILE_SCHEMA);
    let there = profile::find(&top)?;
    let existing = match there {
        Some((path, shown)) => Some(existing(&path, shown, &text)?),
        None => None,
    };
    if existing.is_none() {
        // The schema belongs to what is written: whoever has a profile has decided about its schema.
        schema(&top, (PROFILE_SCHEMA, &profile_schema()), &mut schemas)?;
    }
    files.push(ProposedFile { path: profile::PLACES[0].to_owned(), text, existing });
    if let Some(text) = proposal::gates(&survey, GATE_SCHEMA) {
        let there = file::PLACES.iter().find(|name| top.join(name).symlink_metadata().is_ok());
        let existing = there.map(|name| self::existing(&top.join(name), name, &text)).transpose()?;
        if existing.is_none() {
            schema(&top, (GATE_SCHEMA, &quality_gate_schema()), &mut schemas)?;
        }
        files.push(ProposedFile { path: file::NAME.to_owned(), text, existing });
    }
    files.extend(schemas);
    Ok(Proposal { top, survey, files })
}

fn existing(path: &Path, shown: &str, text: &str) -> Result<Existing, FsError> {
    let old = String::from_utf8_lossy(&fs::read_at_most(path, MOST)?).into_owned();
    let diff = TextDiff::from_lines(old.as_str(), text);
    let told = diff.unified_diff().context_radius(2).header(&format!("a/{shown}"), "b/proposal").to_string();
    Ok(Existing { path: shown.to_owned(), diff: told })
}

/// Adds a schema.
fn schema(top: &Path, (path, schema): (&str, &Value), files: &mut Vec<ProposedFile>) -> Result<(), FsError> {
    let text = format!("{schema:#}\n");
    let place = top.join(path);
    let existing = if place.symlink_metadata().is_ok() {
        let is_same = fs::read_at_most(&place, MOST)? == text.as_bytes();
        let diff = if is_same { String::new() } else { "the schema is of another version of git-orc\n".to_owned() };
        Some(Existing { path: path.to_owned(), diff })
    } else {
        None
    };
    files.push(ProposedFile { path: path.to_owned(), text, existing });
    Ok(())
}

/// Reads the files of the commit that is checked out, and what else lies at the top of the work tree.
fn look(repo: &Repo, top: &Path) -> Result<Tree, InitError> {
    let mut paths = BTreeSet::new();
    // A repository without a commit has its work tree only.
    if let Ok(head) = repo.resolve("HEAD") {
        let objects = Objects::open(repo)?;
        walk(&objects, (objects.tree_of(head)?, String::new()), &mut paths)?;
    }
    for path in fs::list(top)? {
        if path.is_file() {
            paths.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    let mut tree = Tree { name: top.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(), ..Tree::default() };
    for path in paths {
        let place = top.join(&path);
        if Tree::wants(&path) && place.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            tree.texts.insert(path.clone(), String::from_utf8_lossy(&fs::read_at_most(&place, MOST)?).into_owned());
        }
        tree.files.push(path);
    }
    Ok(tree)
}

fn walk(objects: &Objects, (id, prefix): (ObjectId, String), paths: &mut BTreeSet<String>) -> Result<(), ObjectError> {
    let mut open = vec![(id, prefix)];
    while let Some((id, prefix)) = open.pop() {
        for named in objects.read_tree(id)? {
            let path = format!("{prefix}{}", RepoPath::new(named.name));
            if paths.len() >= MOST_FILES {
                return Ok(());
            }
            if named.entry.mode == FileMode::Tree {
                open.push((named.entry.id, path + "/"));
            } else {
                paths.insert(path);
            }
        }
    }
    Ok(())
}
