//! `git orc create`: a plan of one workstream, made from a request in words.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::context::Context;
use super::pipelines::PipelinesError;
use crate::domain::text::clip;
use crate::domain::tool::suggest::{closest, did_you_mean};
use crate::io::fs::{self, FsError};

/// The folder of plans that were made, below the folder for local files.
const FOLDER: &str = "plans";
/// The capability of a tool that is not named.
const CAPABILITY: &str = "code_generation";
/// The longest part of a name that is made from a request.
const LONGEST: usize = 40;
/// The longest title.
const TITLE: usize = 72;
/// How many characters make a name unique.
const UNIQUE: usize = 6;

/// The error of making a plan from a request.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The pipelines can not be used.
    #[error(transparent)]
    Pipelines(#[from] PipelinesError),
    /// There is no such pipeline.
    #[error("there is no pipeline `{name}`{}", did_you_mean(.suggestion.as_deref()))]
    Unknown {
        /// What the user wrote.
        name: String,
        /// What may be meant.
        suggestion: Option<String>,
    },
    /// The request says nothing.
    #[error("the request is empty")]
    Empty,
    /// The plan has no YAML form.
    #[error("the plan could not be written as YAML")]
    Yaml(#[from] serde_yaml::Error),
    /// The plan can not be written.
    #[error(transparent)]
    File(#[from] FsError),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRequest {
    /// The pipeline.
    pub pipeline: String,
    /// What to do, in words.
    pub request: String,
    /// The tool; whichever can write code when absent.
    pub tool: Option<String>,
    /// Globs of what may be changed and created; those of the pipeline when empty.
    pub scope: Vec<String>,
}

/// A plan that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
}

#[derive(Serialize)]
struct PlanText<'a> {
    version: u32,
    name: &'a str,
    workstreams: [WorkstreamText<'a>; 1],
}

#[derive(Serialize)]
struct WorkstreamText<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    prompt: &'a str,
    pipeline: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capability: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    files_scope: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    files_create: &'a [String],
}

/// Makes a plan of one workstream; nothing is written.
///
/// # Errors
/// Returns [`CreateError`] when there is no such pipeline, or the request says nothing.
pub fn make(cx: &Context, request: &CreateRequest) -> Result<Made, CreateError> {
    let shelf = cx.pipelines()?;
    if !shelf.all.iter().any(|one| one.name == request.pipeline) {
        let suggestion = closest(&request.pipeline, shelf.all.iter().map(|one| one.name.as_str())).map(str::to_owned);
        return Err(CreateError::Unknown { name: request.pipeline.clone(), suggestion });
    }
    let words = request.request.trim();
    let first = words.lines().next().ok_or(CreateError::Empty)?;
    let unique = cx.clock.ulid().to_string().to_lowercase();
    let name = format!("{}-{}", slug(words), unique.get(unique.len().saturating_sub(UNIQUE)..).unwrap_or_default());
    // A short request is its own title; told twice it would only be longer.
    let title = (first.len() < words.len() || first.chars().count() > TITLE).then(|| clip(first, TITLE));
    let plan = PlanText {
        version: 1,
        name: &name,
        workstreams: [WorkstreamText {
            id: &name,
            title,
            prompt: words,
            pipeline: &request.pipeline,
            tool: request.tool.as_deref(),
            capability: request.tool.is_none().then_some(CAPABILITY),
            files_scope: &request.scope,
            files_create: &request.scope,
        }],
    };
    let text = format!("# Made by `git orc create`.\n{}", serde_yaml::to_string(&plan)?);
    Ok(Made { name, text })
}

/// Keeps a plan among the local files of the repository, or in a file of the user's. Returns where it lies.
///
/// # Errors
/// Returns [`CreateError`] when it can not be written, or the file is there already.
pub fn keep(cx: &Context, made: &Made, output: Option<&Path>) -> Result<PathBuf, CreateError> {
    let path = match output {
        Some(path) => cx.cwd.join(path),
        None => {
            let folder = cx.repo.orc_dir().join(FOLDER);
            fs::create_dir_all(&folder)?;
            folder.join(format!("{}.yaml", made.name))
        }
    };
    fs::write_new(&path, made.text.as_bytes(), cx.durability())?;
    Ok(path)
}

/// Removes a plan that was kept only to look at it.
///
/// # Errors
/// Returns [`FsError`] when it can not be removed.
pub fn forget(path: &Path) -> Result<(), FsError> {
    fs::remove_file(path).map(|_| ())
}

/// Returns a name made from words: small letters and digits with single dashes, cut between words where that is possible.
fn slug(words: &str) -> String {
    let mut slug = String::new();
    for word in words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_ascii_lowercase();
        if slug.is_empty() {
            slug = word.chars().take(LONGEST).collect();
        } else if slug.len() + 1 + word.len() <= LONGEST {
            slug = format!("{slug}-{word}");
        } else {
            break;
        }
    }
    if slug.is_empty() { "request".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_from_words() {
        let check = |words: &str, expect: &str| assert_eq!(slug(words), expect, "{words}");
        check("Add a REST api!", "add-a-rest-api");
        check("  --Fix   it--  ", "fix-it");
        check("Write a story about a lighthouse keeper and the sea", "write-a-story-about-a-lighthouse-keeper");
        check(&"x".repeat(90), &"x".repeat(40));
        check("日本", "request");
        check("naïve", "na-ve");
    }
}
