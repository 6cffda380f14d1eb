//! `git orc pipeline`.

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{diagnostics, pipeline as view};
use crate::domain::document::diagnostic::Severity;
use crate::ops::context::Desk;
use crate::ops::pipeline::{Place, create, list, look, plugins};

const LIST_EXAMPLES: &str = "\
Examples:
  git orc pipeline list
  git orc pipeline list --json

A pipeline of the user (`$XDG_CONFIG_HOME/git-orc/pipelines/`) stands in place of a shipped one of the same name, that of a plugin in place of both,
and one of the repository (`.git-orc/pipelines/`) in place of all.";

const SHOW_EXAMPLES: &str = "\
Examples:
  git orc pipeline show code
  git orc pipeline show .git-orc/pipelines/ours.yaml --json";

const VALIDATE_EXAMPLES: &str = "\
Examples:
  git orc pipeline validate                 All that hold here
  git orc pipeline validate ours            One, by its name
  git orc pipeline validate drafts/ours.yaml
  git orc pipeline validate my-plugin/      A plugin, or a folder of pipelines

Ends with 0 when every one of them can be used, and with 1 otherwise.";

const NEW_EXAMPLES: &str = "\
Examples:
  git orc pipeline new ours
  git orc pipeline new ours --from code --repository
  git orc pipeline new mine --user";

const PLUGINS_EXAMPLES: &str = "\
Examples:
  ORC_PIPELINE_PATH=~/plugins git orc pipeline plugins
  git config orc.pipelinePath ~/plugins

A folder of the path is a plugin, with a `plugin.yaml`, or holds plugins.";

/// Look at pipelines: the phases that workstreams go through
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PipelineArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PipelineCommand,
}

/// What can be done with pipelines.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum PipelineCommand {
    List(PipelineListArgs),
    Show(PipelineShowArgs),
    Validate(PipelineValidateArgs),
    New(PipelineNewArgs),
    Plugins(PipelinePluginsArgs),
}

/// List the pipelines, and where each comes from
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub struct PipelineListArgs {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Show the phases of a pipeline
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct PipelineShowArgs {
    /// The name of the pipeline, or its file
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Report everything that is wrong with pipelines, with file, line, column and a hint
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = VALIDATE_EXAMPLES)]
pub struct PipelineValidateArgs {
    /// Names of pipelines, files, folders of pipelines, or plugins; all that hold when absent
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Write a new pipeline that can be used as it is
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = NEW_EXAMPLES)]
pub struct PipelineNewArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Begin with the text of this pipeline
    #[arg(long, value_name = "PIPELINE")]
    pub from: Option<String>,
    /// Write it into the repository, which is also what happens inside of one
    #[arg(long, conflicts_with = "user")]
    pub repository: bool,
    /// Write it into your own folder
    #[arg(long)]
    pub user: bool,
}

/// List the plugins that bring pipelines
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = PLUGINS_EXAMPLES)]
pub struct PipelinePluginsArgs {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl PipelineArgs {
    /// Does it.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is nothing to show or it can not be written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        match &self.command {
            PipelineCommand::List(args) => args.execute(desk, ui),
            PipelineCommand::Show(args) => args.execute(desk, ui),
            PipelineCommand::Validate(args) => args.execute(desk, ui),
            PipelineCommand::New(args) => args.execute(desk, ui),
            PipelineCommand::Plugins(args) => args.execute(desk, ui),
        }
    }
}

impl PipelineListArgs {
    fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let listed = list(desk).map_err(|error| Failure::new("list the pipelines", &error))?;
        let written = if self.json { ui.text(&view::list_json(&listed)) } else { ui.result(&view::list(&listed)) };
        written.map_err(|error| Failure::new("print the pipelines", &error))?;
        Ok(Exit::Done)
    }
}

impl PipelineShowArgs {
    fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let looked = look(desk, std::slice::from_ref(&self.name)).map_err(|error| Failure::new("show the pipeline", &error))?;
        for one in &looked {
            ui.complaint(&diagnostics::render(&one.diagnostics, std::slice::from_ref(&one.file), ui.err_color()));
        }
        let sound: Vec<_> = looked.iter().filter_map(|one| one.pipeline.as_ref()).collect();
        for pipeline in &sound {
            let written = if self.json { ui.text(&view::show_json(pipeline)) } else { ui.result(&view::show(pipeline)) };
            let written = written.and_then(|()| if self.json { Ok(()) } else { ui.text(&view::graph(pipeline)) });
            written.map_err(|error| Failure::new("print the pipeline", &error))?;
        }
        Ok(if sound.len() == looked.len() { Exit::Done } else { Exit::Negative })
    }
}

impl PipelineValidateArgs {
    fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let looked = look(desk, &self.names).map_err(|error| Failure::new("validate the pipelines", &error))?;
        let written = if self.json {
            ui.text(&view::validated_json(&looked))
        } else {
            let found = looked.iter().map(|one| diagnostics::render(&one.diagnostics, std::slice::from_ref(&one.file), ui.out_color()));
            let found = found.filter(|text| !text.is_empty()).map(|text| text + "\n").collect::<String>();
            ui.text(&found).and_then(|()| ui.result(&view::validated(&looked)))
        };
        written.map_err(|error| Failure::new("print the result", &error))?;
        Ok(if looked.iter().any(|one| one.count(Severity::Error) > 0) { Exit::Negative } else { Exit::Done })
    }
}

impl PipelineNewArgs {
    fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let place = match (self.repository, self.user) {
            (true, _) => Some(Place::Repository),
            (false, true) => Some(Place::User),
            (false, false) => None,
        };
        let made = create(desk, (&self.name, self.from.as_deref()), place);
        let path = made.map_err(|error| Failure::new("write the pipeline", &error))?;
        ui.result(&view::written(&path, &self.name)).map_err(|error| Failure::new("print where the pipeline is", &error))?;
        Ok(Exit::Done)
    }
}

impl PipelinePluginsArgs {
    fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let (plugins, search) = plugins(desk).map_err(|error| Failure::new("list the plugins", &error))?;
        let written = if self.json { ui.text(&view::plugins_json(&plugins)) } else { ui.result(&view::plugins(&plugins, &search)) };
        written.map_err(|error| Failure::new("print the plugins", &error))?;
        Ok(Exit::Done)
    }
}
