//! Plugins that read what a check printed: run like the check itself, with its output as their input.

use std::path::Path;
use std::time::Duration;

use super::bench::{self, Command};
use super::context::RunContext;
use super::failure::ExecuteError;
use crate::domain::finding::chooser::Answer;
use crate::domain::finding::draft::CheckOutput;
use crate::domain::finding::plugin::Plugin;
use crate::domain::tool::outcome::Ending;
use crate::domain::tool::resources::ResourceLimits;

/// A check that has ended, for its plugins.
pub struct Ended<'a> {
    /// Where it ran.
    pub place: &'a Path,
    /// Its command, exit code and output.
    pub check: CheckOutput<'a>,
    /// Its kept output, beside which those of the plugins are kept.
    pub log: &'a Path,
}

/// Asks every plugin that reads the output of the check's program.
///
/// # Errors
/// Returns an error when the machine does not let git-orc do its own part. A plugin that breaks down is an answer.
pub async fn ask(cx: &RunContext, ended: &Ended<'_>) -> Result<Vec<Answer>, ExecuteError> {
    let mut answers = Vec::new();
    for plugin in cx.plugins.iter().filter(|plugin| plugin.reads(ended.check.program())) {
        answers.push(one(cx, plugin, ended).await?);
    }
    Ok(answers)
}

async fn one(cx: &RunContext, plugin: &Plugin, ended: &Ended<'_>) -> Result<Answer, ExecuteError> {
    let log = ended.log.with_extension(format!("{}.log", plugin.plugin_id));
    let mut env = bench::gate_environment(cx, ended.place);
    env.extend(plugin.variables(&ended.check).map(|(name, value)| (name.into(), value.into())));
    let command = Command {
        argv: plugin.command.iter().map(Into::into).collect(),
        cwd: ended.place.to_owned(),
        env,
        stdin: Some(ended.check.text.as_bytes().to_vec()),
        wall: Some(Duration::from_secs(plugin.timeout_sec)),
        idle: None,
        stdout: Some(log.with_extension("jsonl")),
        log,
        resources: ResourceLimits::default(),
    };
    let id = &plugin.plugin_id;
    let answer = match bench::run(cx, command).await? {
        Err(message) => Err(format!("plugin {id} can not be run: {message}")),
        Ok(ended) if ended.is_cut => Err(format!("plugin {id} answers with too much")),
        Ok(ended) => answer(plugin, ended.ending, (&String::from_utf8_lossy(&ended.stdout), &ended.text)),
    };
    Ok(answer)
}

/// Returns the answer of a plugin that has ended: what it wrote to standard output, or a sentence about what went wrong, with the last line of
/// both streams.
///
/// # Errors
/// Returns that sentence.
pub fn answer(plugin: &Plugin, ending: Ending, (stdout, both): (&str, &str)) -> Answer {
    let id = &plugin.plugin_id;
    match ending {
        Ending::Exited { code: 0 } => plugin.read(stdout),
        Ending::Exited { code } => Err(format!("plugin {id} ended with exit code {code}: {}", bench::last_line(both))),
        Ending::Signaled { signal } => Err(format!("plugin {id} was ended by signal {signal}: {}", bench::last_line(both))),
        Ending::TimedOut { .. } => Err(format!("plugin {id} took more than {} s", plugin.timeout_sec)),
        Ending::Cancelled => Err(format!("plugin {id} was stopped")),
    }
}
