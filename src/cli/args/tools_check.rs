//! `git orc tools check`.

use clap::Args;

use super::drive;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::progress::asks::Asks;
use crate::cli::view::tool_check as view;
use crate::domain::id::ToolId;
use crate::domain::tool::toolbox::Tool;
use crate::engine::signals::listen;
use crate::ops::tools::check::{Checked, Reason, check};
use crate::ops::tools::ground::Ground;
use crate::ops::tools::trial::{Trial, TrialError, can_be_tried, trial};

const EXAMPLES: &str = "\
Examples:
  git orc tools check                 All tools; what is not installed is no problem
  git orc tools check aider codex     These are needed
  git orc tools check mine --try      And does a tiny task, which may cost money

Looks whether the program is there and new enough, the variable with its key is set, and the templates of its profile can be filled. With
`--try` it is started once in a scratch repository and asked to create a file with one word in it.

Ends with 0 when nothing needed is missing and every trial went well, and with 1 otherwise.";

/// Say whether tools can be used here, and what helps where they can not
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ToolsCheckArgs {
    /// The ids of tools; all of them when absent
    #[arg(value_name = "ID")]
    pub ids: Vec<ToolId>,
    /// Start each of them once with a tiny task; this may cost money
    #[arg(long = "try", requires = "ids")]
    pub is_trial: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ToolsCheckArgs {
    pub(super) async fn execute(&self, ground: &Ground, ui: &mut Ui) -> Result<Exit, Failure> {
        let named = self.ids.iter().map(|id| ground.tool(id));
        let named: Vec<&Tool> = named.collect::<Result<_, _>>().map_err(|error| Failure::new("check the tools", &error))?;
        let (tools, reason) = if named.is_empty() { (ground.tools.tools().collect(), Reason::All) } else { (named, Reason::Named) };
        let checked = check(ground, &tools, reason).await;
        let failed = |error| Failure::new("print what was found", &error);
        if !self.json {
            ui.result(&view::human(&checked)).map_err(failed)?;
        }
        let trials = if self.is_trial { self.try_all(ground, (&tools, &checked), ui).await? } else { Vec::new() };
        if self.json {
            ui.text(&view::json(&checked, &trials)).map_err(failed)?;
        }
        let is_fine = checked.iter().all(Checked::is_usable) && trials.iter().all(|(_, trial)| trial.is_done);
        Ok(if is_fine { Exit::Done } else { Exit::Negative })
    }

    /// Tries those that can be used, one after the other.
    async fn try_all(
        &self,
        ground: &Ground,
        (tools, checked): (&[&Tool], &[Checked]),
        ui: &mut Ui,
    ) -> Result<Vec<(String, Trial)>, Failure> {
        let mut trials = Vec::new();
        for (tool, _) in tools.iter().zip(checked).filter(|(_, checked)| checked.is_usable()) {
            let profile = &tool.profile;
            if !can_be_tried(profile) {
                ui.note(&format!("{} is not tried: it needs a plan or a person", profile.id));
                continue;
            }
            if !ground.may_start(tool) {
                ui.warning(&format!("{} is not tried: the repository's profile is not trusted; `git orc trust` trusts it", profile.id));
                continue;
            }
            ui.note(&format!("trying {}: it gets a tiny task, which may cost money", profile.id));
            let tried = one(ground, tool, ui).await?;
            if !self.json {
                ui.result(&view::trial_human(profile.id.as_str(), &tried))
                    .map_err(|error| Failure::new("print what came of it", &error))?;
            }
            trials.push((profile.id.to_string(), tried));
        }
        Ok(trials)
    }
}

async fn one(ground: &Ground, tool: &Tool, ui: &Ui) -> Result<Trial, Failure> {
    let signals = listen().map_err(drive::no_signals)?;
    let sinks = drive::sinks(None, ground.settings.progress.value, Asks::default(), ui);
    match trial(ground, &tool.profile, (sinks, signals.stop)).await {
        Ok(tried) => Ok(tried),
        Err(error @ TrialError::Stopped(_)) => {
            Err(Failure { exit: drive::stopped(&signals.first), ..Failure::new("try the tool", &error) })
        }
        Err(error) => Err(Failure::new("try the tool", &error)),
    }
}
