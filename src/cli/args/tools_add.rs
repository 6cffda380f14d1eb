//! `git orc tools add`.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::styled::{Role, Styled};
use crate::domain::id::ToolId;
use crate::ops::tools::add::{AddRequest, Existing, Owner, add};
use crate::ops::tools::ground::Ground;

const EXAMPLES: &str = "\
Examples:
  git orc tools add mine --binary my-agent --arg=--yes --arg={prompt_file} --capability code_generation
  git orc tools add quick --extends claude --model haiku
  git orc tools add local --kind api --base-url http://127.0.0.1:11434/v1 --model qwen3-coder
  git orc tools add mine --binary my-agent --stdin prompt --repository

What stands in the file is kept. Nothing is written unless all profiles are sound with the new one. Placeholders in arguments: {prompt},
{prompt_file}, {files}, {worktree_path}, {workstream}, {run}, {run_dir}, {model}, {model_args}, {budget_usd}, {budget_args}, {timeout_sec}.";

/// How a tool is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindWish {
    /// A program is started for every task
    Program,
    /// A program that speaks the Agent Client Protocol
    Acp,
    /// A model behind an interface like that of OpenAI
    Api,
    /// A person
    Manual,
}

/// What a tool reads from standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StdinWish {
    /// Nothing
    Null,
    /// The prompt
    Prompt,
}

/// What a tool leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputWish {
    /// Changed files
    Worktree,
    /// A unified diff on standard output
    Patch,
}

/// Write a profile of a tool into your own file of profiles, or into that of the repository
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ToolsAddArgs {
    /// The id of the tool
    #[arg(value_name = "ID")]
    pub id: ToolId,
    /// How it is talked to; a program when absent
    #[arg(long, value_name = "KIND", value_enum)]
    pub kind: Option<KindWish>,
    /// The program, found in PATH
    #[arg(long, value_name = "PROGRAM")]
    pub binary: Option<String>,
    /// An argument, with {placeholders}; may be given again
    #[arg(long = "arg", value_name = "ARG", allow_hyphen_values = true)]
    pub args: Vec<String>,
    /// What it reads from standard input; nothing when absent
    #[arg(long, value_name = "WHAT", value_enum)]
    pub stdin: Option<StdinWish>,
    /// What it leaves behind; changed files when absent
    #[arg(long, value_name = "WHAT", value_enum)]
    pub output: Option<OutputWish>,
    /// What it can do, for plans that ask for a capability; may be given again
    #[arg(long = "capability", value_name = "CAPABILITY")]
    pub capabilities: Vec<String>,
    /// The tool whose profile fills what is not said
    #[arg(long, value_name = "ID")]
    pub extends: Option<ToolId>,
    /// The address of the interface of a model
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// The variable that holds its key
    #[arg(long, value_name = "NAME")]
    pub key_env: Option<String>,
    /// The model
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Write it into the repository's file, for everybody who works on it
    #[arg(long)]
    pub repository: bool,
    /// Take the place of a profile that is there already
    #[arg(long)]
    pub replace: bool,
}

impl ToolsAddArgs {
    pub(super) fn execute(&self, ground: &Ground, ui: &mut Ui) -> Result<Exit, Failure> {
        let request = AddRequest {
            id: self.id.clone(),
            fields: self.fields(),
            owner: if self.repository { Owner::Repository } else { Owner::User },
            existing: if self.replace { Existing::Replaced } else { Existing::Kept },
        };
        let added = add(ground, request).map_err(|error| Failure::new("add the tool", &error))?;
        let mut out = Styled::plain(format!("written to {}", added.file.display()));
        out.line().line();
        for line in added.profile.lines() {
            out.add(line).line();
        }
        out.line().add("See whether it works: ").put(Role::Strong, format!("git orc tools check {}", self.id)).line();
        ui.result(&out).map_err(|error| Failure::new("print what was written", &error))?;
        Ok(Exit::Done)
    }

    /// Returns what was said, under the keys of a profile.
    fn fields(&self) -> Map<String, Value> {
        let word = |value: Option<clap::builder::PossibleValue>| value.map(|value| Value::from(value.get_name()));
        let text = |value: Option<&str>| value.map(Value::from);
        let list = |values: &[String]| (!values.is_empty()).then(|| Value::from(values.to_vec()));
        let all = [
            ("extends", text(self.extends.as_ref().map(ToolId::as_str))),
            ("kind", word(self.kind.and_then(|kind| kind.to_possible_value()))),
            ("binary", text(self.binary.as_deref())),
            ("args", list(&self.args)),
            ("base_url", text(self.base_url.as_deref())),
            ("key_env", text(self.key_env.as_deref())),
            ("model", text(self.model.as_deref())),
            ("stdin", word(self.stdin.and_then(|stdin| stdin.to_possible_value()))),
            ("output", word(self.output.and_then(|output| output.to_possible_value()))),
            ("capabilities", list(&self.capabilities)),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}
