//! `detect`: what a linter, compiler or test runner says, in one schema; from its output in a file, or by running it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::finding::chooser::{self, Answer, Found, Output, formats};
use crate::domain::finding::draft::{Base, CheckOutput};
use crate::domain::finding::model::{Finding, FindingKind};
use crate::domain::finding::own;
use crate::domain::finding::plugin::Plugin;
use crate::domain::finding::problem_matcher::{self, MatcherError};
use crate::domain::gate::differential::{Comparison, compare};
use crate::domain::tool::outcome::Ending;
use crate::engine::readers::answer;
use crate::io::fs::{self, FsError};
use crate::io::process::request::{CaptureLimits, ProcessRequest, SpawnError, Stdin, TimeLimits, never_cancelled};
use crate::io::process::spawn;
use crate::ops::context::{ContextError, Desk, manifests};

/// The most of an output that is read, in bytes.
const MOST_OUTPUT: u64 = 64 << 20;
/// The most of a file of matchers that is read, in bytes.
const MOST_MATCHERS: u64 = 1 << 20;
/// The most findings that are told.
const MOST_FINDINGS: usize = 10_000;

/// Where the output is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A command prints it.
    Command(Vec<OsString>),
    /// It lies in a file.
    File(PathBuf),
    /// It comes by standard input.
    Stdin,
}

/// What to read, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectRequest {
    /// Where the output is.
    pub source: Source,
    /// The only reader that is asked; `None` asks all.
    pub reader: Option<String>,
    /// Files of problem matchers, which are asked before the readers.
    pub matchers: Vec<PathBuf>,
    /// Manifests of plugins that read the output, whatever printed it; the user's own are asked when they read that program.
    pub plugins: Vec<PathBuf>,
    /// Findings that were there before: what `git orc detect --json` wrote, or any output that is understood.
    pub baseline: Option<PathBuf>,
    /// The exit code of the command that printed a file, where it is known.
    pub exit: Option<i32>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// What was read, for people: the command or the file.
    pub name: String,
    /// How the command ended; `None` for an output that was read.
    pub ending: Option<Ending>,
    /// What it printed.
    pub output: String,
    /// The findings; the new ones only where there is something to compare them with.
    pub found: Found,
    /// What else the comparison gave.
    pub compared: Option<Compared>,
}

/// What a comparison gave besides the new findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Those that were there before.
    pub known: Vec<Finding>,
    /// Those that are gone.
    pub fixed: Vec<Finding>,
}

/// The error when there is no output to look at.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// There is no such reader.
    #[error("there is no reader `{name}`")]
    Reader {
        /// As it was given.
        name: String,
        /// The one that was meant, perhaps.
        near: Option<&'static str>,
    },
    /// The file can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// The settings or the plugins hold mistakes.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// A file of problem matchers holds a mistake.
    #[error(transparent)]
    Matcher(#[from] MatcherError),
    /// The findings to compare with can not be read.
    #[error("{file} can not be compared with: {reason}")]
    Baseline {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// The output is too long.
    #[error("the output in {name} is longer than {} MiB", MOST_OUTPUT >> 20)]
    TooLong {
        /// Where it is.
        name: String,
    },
    /// The command can not be started.
    #[error(transparent)]
    Start(#[from] SpawnError),
}

/// Reads an output, or runs a command and reads what it prints.
///
/// # Errors
/// Returns [`DetectError`] when there is no output to look at. That a command fails is no error but a finding.
pub async fn detect(desk: &Desk, request: &DetectRequest) -> Result<Detected, DetectError> {
    if let Some(name) = &request.reader {
        known(name)?;
    }
    let mut matchers = Vec::new();
    for path in &request.matchers {
        let bytes = fs::read_at_most(&desk.path(path), MOST_MATCHERS)?;
        matchers.extend(problem_matcher::parse(&path.display().to_string(), &String::from_utf8_lossy(&bytes))?);
    }
    let (name, words, ending, output) = match &request.source {
        Source::Command(argv) => {
            let words: Vec<String> = argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            let (ending, output) = run(desk, argv.clone()).await?;
            (words.join(" "), words, Some(ending), output)
        }
        Source::File(path) => {
            let name = path.display().to_string();
            (name.clone(), vec![name.clone()], None, text(name, fs::read_at_most(&desk.path(path), MOST_OUTPUT + 1)?)?)
        }
        Source::Stdin => {
            let name = "standard input".to_owned();
            (name.clone(), vec![name.clone()], None, text(name, fs::read_stdin_at_most(MOST_OUTPUT + 1)?)?)
        }
    };
    let exit = ending.map_or(request.exit, |ending| Some(code(ending)));
    let (root, folder) = place(desk);
    let base = Base { root: &root, folder: &folder };
    let reader = request.reader.as_deref();
    let check = CheckOutput { command: &words, exit, text: &output };
    let (answers, exit) = answers(desk, &request.plugins, check).await?;
    let found = chooser::read(Output {
        base,
        command: &words,
        exit,
        text: &output,
        reader,
        matchers: &matchers,
        answers: &answers,
        most: MOST_FINDINGS,
    });
    let Some(path) = &request.baseline else { return Ok(Detected { name, ending, output, found, compared: None }) };
    let Comparison { new, known, fixed } = compare(&before(desk, path, base)?, &found.findings);
    let found = Found { findings: new, ..found };
    Ok(Detected { name, ending, output, found, compared: Some(Compared { known, fixed }) })
}

/// Reads the findings that were there before.
fn before(desk: &Desk, path: &Path, base: Base<'_>) -> Result<Vec<Finding>, DetectError> {
    let file = path.display().to_string();
    let text = text(file.clone(), fs::read_at_most(&desk.path(path), MOST_OUTPUT + 1)?)?;
    let refused = |reason| DetectError::Baseline { file: file.clone(), reason };
    if let Some(findings) = own::parse(&text) {
        return findings.map_err(refused);
    }
    let command = [file.clone()];
    let output =
        Output { base, command: &command, exit: None, text: &text, reader: None, matchers: &[], answers: &[], most: MOST_FINDINGS };
    let findings = chooser::read(output).findings;
    match findings.iter().find(|finding| finding.kind == FindingKind::Unparsed) {
        Some(unparsed) => Err(refused(unparsed.message.lines().next().unwrap_or_default().to_owned())),
        None => Ok(findings),
    }
}

/// Asks the plugins; returns their answers, and the exit code as they see it.
async fn answers(desk: &Desk, named: &[PathBuf], check: CheckOutput<'_>) -> Result<(Vec<Answer>, Option<i32>), DetectError> {
    let mut plugins = manifests(named.iter().map(|path| desk.path(path)))?;
    plugins.extend(desk.plugins()?.into_iter().filter(|plugin| plugin.reads(check.program())));
    let (mut answers, mut exit) = (Vec::new(), check.exit);
    for plugin in plugins {
        let answer = ask(desk, &plugin, check).await?;
        if answer.is_ok() && check.exit.is_some_and(|code| plugin.succeeds(code)) {
            exit = Some(0);
        }
        answers.push(answer);
    }
    Ok((answers, exit))
}

async fn ask(desk: &Desk, plugin: &Plugin, check: CheckOutput<'_>) -> Result<Answer, DetectError> {
    let mut request = request(desk, plugin.command.iter().map(Into::into).collect());
    request.env.extend(plugin.variables(&check).map(|(name, value)| (name.into(), value.into())));
    request.stdin = Stdin::Bytes(check.text.as_bytes().to_vec());
    request.limits.wall = Some(Duration::from_secs(plugin.timeout_sec));
    let ended = match spawn::run(&desk.supervisor, request, never_cancelled()).await {
        Ok(ended) => ended,
        Err(error) => return Ok(Err(format!("plugin {} can not be run: {error}", plugin.plugin_id))),
    };
    Ok(answer(plugin, ended.ending, (&ended.stdout.text(), &ended.output.text())))
}

fn known(name: &str) -> Result<(), DetectError> {
    let all = formats();
    if all.iter().any(|format| format.name == name) {
        return Ok(());
    }
    let distance = |format: &chooser::Format| strsim::damerau_levenshtein(format.name, name);
    let near = all.into_iter().filter(|format| distance(format) <= 2).min_by_key(distance).map(|format| format.name);
    Err(DetectError::Reader { name: name.to_owned(), near })
}

fn text(name: String, bytes: Vec<u8>) -> Result<String, DetectError> {
    if bytes.len() as u64 > MOST_OUTPUT {
        return Err(DetectError::TooLong { name });
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Runs the user's own command as the user would, with all of the environment.
async fn run(desk: &Desk, argv: Vec<OsString>) -> Result<(Ending, String), DetectError> {
    let ended = spawn::run(&desk.supervisor, request(desk, argv), never_cancelled()).await?;
    Ok((ended.ending, ended.output.text()))
}

fn request(desk: &Desk, argv: Vec<OsString>) -> ProcessRequest {
    let environment = desk.environment.vars().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut request = ProcessRequest::new(argv, &desk.cwd, environment);
    request.limits = TimeLimits { wall: None, idle: None, ..TimeLimits::default() };
    let most = usize::try_from(MOST_OUTPUT / 2).unwrap_or(usize::MAX);
    request.capture = CaptureLimits { head: most, tail: most, stdout: most, ..CaptureLimits::default() };
    request
}

/// Returns the exit code as a shell would tell it.
const fn code(ending: Ending) -> i32 {
    match ending {
        Ending::Exited { code } => code,
        Ending::Signaled { signal } => 128 + signal,
        Ending::TimedOut { .. } => 124,
        Ending::Cancelled => 130,
    }
}

/// Returns the top of the worktree, and the folder inside of it where the user stands; outside of any repository, that folder is the top.
pub(super) fn place(desk: &Desk) -> (String, String) {
    let here = desk.cwd.canonicalize().unwrap_or_else(|_| desk.cwd.clone());
    let top = desk.repository().ok().and_then(|repo| repo.work_dir().map(Path::to_owned)).and_then(|top| top.canonicalize().ok());
    let top = top.unwrap_or_else(|| here.clone());
    let folder = here.strip_prefix(&top).unwrap_or(Path::new("")).to_string_lossy().into_owned();
    (top.to_string_lossy().into_owned(), folder)
}
