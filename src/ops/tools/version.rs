//! Asks programs for their versions, all at once and each for a short time. An answer is kept until the program changes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::ground::Ground;
use crate::domain::text::one_line;
use crate::domain::tool::outcome::Ending;
use crate::domain::tool::toolbox::Tool;
use crate::domain::tool::version::find;
use crate::io::fs::{self, Durability};
use crate::io::process::request::ProcessRequest;
use crate::io::process::together::run_together;

/// How long a program may think about its version.
const PATIENCE: Duration = Duration::from_secs(30);
/// The file of the answers that are known, in the folder for what can be found out again.
const CACHE: &str = "versions.json";
/// The most of it that is read, in bytes.
const MOST: u64 = 1 << 20;

/// Whether versions are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// Every program is asked.
    Versions,
    /// Nothing is started.
    Nothing,
}

/// What is known of the program of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Presence {
    /// It starts none.
    NoProgram,
    /// It is not there.
    Missing,
    /// It is there, and its version is not known.
    Unknown {
        /// Why.
        why: String,
    },
    /// It is there.
    Installed {
        /// Its version.
        version: String,
    },
}

/// Returns what is known of the programs of these tools, in their order.
pub async fn ask(ground: &Ground, tools: &[&Tool], asking: Asking) -> Vec<Presence> {
    let file = ground.desk.environment.cache_folder().map(|folder| folder.join(CACHE));
    let mut known = read(file.as_ref());
    let (mut asked, mut questions) = (Vec::new(), Vec::new());
    let mut found = Vec::with_capacity(tools.len());
    for (at, tool) in tools.iter().enumerate() {
        let key = key(ground, tool);
        found.push(match (tool.profile.binary(), key.as_ref().and_then(|key| known.get(key))) {
            (None, _) => Presence::NoProgram,
            (Some(binary), _) if !ground.desk.environment.finds(binary) => Presence::Missing,
            (Some(_), Some(version)) => Presence::Installed { version: version.clone() },
            (Some(_), None) if asking == Asking::Nothing => unknown("not asked"),
            (Some(_), None) if !ground.may_start(tool) => unknown("not asked: the repository's profile is not trusted"),
            (Some(binary), None) => {
                let argv = std::iter::once(binary).chain(tool.profile.version_args.iter().map(String::as_str)).map(OsString::from);
                questions.push(request(ground, argv.collect()));
                asked.push((at, key));
                unknown("it did not answer")
            }
        });
    }
    let is_asked = !asked.is_empty();
    for ((at, key), ended) in asked.into_iter().zip(run_together(&ground.desk.supervisor, questions).await) {
        let presence = match ended {
            Some(Ok(ended)) => answer(ended.ending, &ended.output.text()),
            Some(Err(error)) => unknown(error.to_string()),
            None => continue,
        };
        if let (Presence::Installed { version }, Some(key)) = (&presence, key) {
            known.insert(key, version.clone());
        }
        if let Some(place) = found.get_mut(at) {
            *place = presence;
        }
    }
    if is_asked {
        keep(file, &known);
    }
    found
}

fn unknown(why: impl Into<String>) -> Presence {
    Presence::Unknown { why: why.into() }
}

fn answer(ending: Ending, text: &str) -> Presence {
    match ending {
        Ending::Exited { code: 0 } => match (find(text), text.lines().find(|line| !line.trim().is_empty())) {
            (Some(version), _) => Presence::Installed { version: version.to_owned() },
            (None, Some(line)) => unknown(format!("it says `{}`", one_line(line.trim()).chars().take(60).collect::<String>())),
            (None, None) => unknown("it says nothing"),
        },
        Ending::Exited { code } => unknown(format!("asked for it, it ended with exit code {code}")),
        Ending::Signaled { signal } => unknown(format!("asked for it, it was ended by signal {signal}")),
        Ending::TimedOut { .. } => unknown(format!("it did not answer within {} s", PATIENCE.as_secs())),
        Ending::Cancelled => unknown("it was not waited for"),
    }
}

/// The folder is none of the user's, so that no file beside the user's work can say how the program behaves.
fn request(ground: &Ground, argv: Vec<OsString>) -> ProcessRequest {
    let environment = ground.desk.environment.vars().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut request = ProcessRequest::new(argv, "/", environment);
    request.limits.wall = Some(PATIENCE);
    request
}

/// Returns what an answer is known by: the program as it lies there, and how it is asked.
fn key(ground: &Ground, tool: &Tool) -> Option<String> {
    let identity = ground.desk.environment.identity(tool.profile.binary()?)?;
    Some(format!("{identity} {}", shell_words::join(&tool.profile.version_args)))
}

fn read(file: Option<&PathBuf>) -> BTreeMap<String, String> {
    let bytes = file.and_then(|file| fs::read_at_most(file, MOST).ok()).unwrap_or_default();
    let known: BTreeMap<String, String> = serde_json::from_slice(&bytes).unwrap_or_default();
    // Whoever can write there may have left anything.
    known.into_iter().filter(|(_, version)| find(version) == Some(version.as_str())).collect()
}

/// Keeps the answers; that they can not be kept costs only time.
fn keep(file: Option<PathBuf>, known: &BTreeMap<String, String>) {
    let (Some(file), Ok(text)) = (file, serde_json::to_vec_pretty(known)) else { return };
    let kept = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write_atomic(&file, &text, Durability::Relaxed));
    if let Err(error) = kept {
        tracing::debug!(%error, "the versions of programs are not kept");
    }
}
