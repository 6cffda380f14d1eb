//! `git orc gate`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::styled::{Role, Styled};
use crate::cli::view::{document, gates as view};
use crate::domain::finding::write::junit::junit;
use crate::domain::finding::write::sarif::sarif;
use crate::domain::gate::model::Moment;
use crate::domain::text::block;
use crate::engine::signals;
use crate::io::fs::{self, Durability};
use crate::ops::context::Context;
use crate::ops::gating::explain::explain;
use crate::ops::gating::gate;
use crate::ops::gating::range::{self, Target};
use crate::ops::gating::report::GateReport;
use crate::ops::gating::request::{GateRequest, Keeping, Known, News};
use crate::ops::gating::waive::{WaiveRequest, waive};

const EXAMPLES: &str = "\
Examples:
  git orc gate run                              The gates of HEAD, as a push would ask them
  git orc gate run --only tests.unit            One of them
  git orc gate run --range origin/main..topic   What a branch brings: only new findings count
  git orc gate check --range \"$BASE..$HEAD\" --sarif gates.sarif --summary \"$GITHUB_STEP_SUMMARY\"
  git orc gate explain                          Which gates there are, when they run, and what is known
  git orc gate waive tests.unit HEAD --reason 'the server is down, see the chat of today'

Gates are described in QUALITY_GATE.yaml of the commit that is looked at. A verdict that is known of exactly this tree, gate and toolchain
is not found again, unless `run` asks for it. Exit codes: 0 when nothing blocks, 1 when a gate does.";

const RUN: &str = "\
Examples:
  git orc gate run                              The gates of HEAD, as a push would ask them
  git orc gate run --only tests.unit            One of them, whenever it would run by itself
  git orc gate run --range origin/main..topic   What a branch brings: only new findings count
  git orc gate run --tree 'HEAD^{tree}'         A tree of which there may be no commit";

const CHECK: &str = "\
Examples:
  git orc gate check --range origin/main..HEAD
  git orc gate check --range \"$BASE..$HEAD\" --sarif gates.sarif --junit gates.xml
  git orc gate check --range \"$BASE..$HEAD\" --no-record --summary \"$GITHUB_STEP_SUMMARY\"";

const EXPLAIN: &str = "\
Examples:
  git orc gate explain
  git orc gate explain tests.unit --commit topic";

const WAIVE: &str = "\
Examples:
  git orc gate waive tests.unit --reason 'the server is down, see the chat of today'
  git orc gate waive run-verdict topic --reason 'looked at by hand'";

/// Ask the quality gates of a commit, explain them, or let a tree pass
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct GateArgs {
    /// What to do
    #[command(subcommand)]
    pub command: GateCommand,
}

/// What to do with gates.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum GateCommand {
    Run(RunGates),
    Check(CheckGates),
    Explain(ExplainGates),
    Waive(WaiveGate),
}

/// Run the gates of a commit
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = RUN)]
pub struct RunGates {
    /// The commit
    #[arg(value_name = "COMMIT", default_value = "HEAD", conflicts_with_all = ["range", "tree"])]
    pub commit: String,
    /// Run only this gate, whenever it would run by itself
    #[arg(long, value_name = "GATE")]
    pub only: Vec<String>,
    /// Look at what a range of commits brings
    #[arg(long, value_name = "A..B")]
    pub range: Option<String>,
    /// Look at a tree of which there is no commit
    #[arg(long, value_name = "TREE", conflicts_with = "range")]
    pub tree: Option<String>,
    /// Run the gates of this moment
    #[arg(long, value_name = "MOMENT", default_value = "push", value_parser = ["push", "ci", "wave"])]
    pub on: String,
    /// Take verdicts that are known
    #[arg(long)]
    pub known: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Check what a pull request brings, in CI
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = CHECK)]
pub struct CheckGates {
    /// The range of commits
    #[arg(long, value_name = "A..B")]
    pub range: String,
    /// Write the findings as SARIF
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Write the findings as JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Add a summary in Markdown to this file
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Write nothing into the ledger
    #[arg(long)]
    pub no_record: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Explain the gates of a commit
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXPLAIN)]
pub struct ExplainGates {
    /// The gate; without it, all of them
    #[arg(value_name = "GATE")]
    pub gate: Option<String>,
    /// The commit
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    pub commit: String,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Let exactly one tree pass a gate, and say why in the ledger
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = WAIVE)]
pub struct WaiveGate {
    /// The gate
    #[arg(value_name = "GATE")]
    pub gate: String,
    /// The commit whose tree is let pass
    #[arg(value_name = "COMMIT", default_value = "HEAD")]
    pub commit: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

impl GateArgs {
    /// Asks, explains or waives.
    ///
    /// # Errors
    /// Returns a [`Failure`] when gates can not be asked or the answer can not be written.
    pub async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        match &self.command {
            GateCommand::Run(args) => args.execute(cx, ui).await,
            GateCommand::Check(args) => args.execute(cx, ui).await,
            GateCommand::Explain(args) => {
                let all = explain(cx, &args.commit, args.gate.as_deref())
                    .await
                    .map_err(|error| super::gate_failure("explain the gates", &error, ui))?;
                all.notes.iter().for_each(|note| ui.warning(note));
                let written = if args.json { ui.text(&view::explained_json(&all)) } else { ui.result(&view::explained(&all)) };
                written.map_err(|error| Failure::new("print the gates", &error))?;
                Ok(Exit::Done)
            }
            GateCommand::Waive(args) => {
                let request = WaiveRequest { gate: args.gate.clone(), commit: args.commit.clone(), reason: args.reason.clone() };
                let waived = waive(cx, &request).map_err(|error| super::gate_failure("waive the gate", &error, ui))?;
                let mut told = Styled::of(Role::Caution, "waived");
                told.add(format!(" {} on {} (tree {})", waived.gate, waived.commit.short(), waived.tree.short())).line();
                ui.result(&told).map_err(|error| Failure::new("print what was waived", &error))?;
                Ok(Exit::Done)
            }
        }
    }
}

impl RunGates {
    async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let target = self.target(cx).map_err(|error| super::gate_failure("find the commit", &error, ui))?;
        let moment = match self.on.as_str() {
            "ci" => Moment::Ci,
            "wave" => Moment::Wave,
            _ => Moment::Push,
        };
        let known = if self.known { Known::Taken } else { Known::Ignored };
        let asked = Asked { moment, only: self.only.clone(), known, keeping: Keeping::Ledger };
        let report = ask(cx, ui, (target, asked)).await?;
        finish(ui, &report, if self.json { Form::Json } else { Form::Human })
    }

    fn target(&self, cx: &Context) -> Result<Target, crate::ops::gating::error::GatingError> {
        match (&self.range, &self.tree) {
            (Some(range), _) => range::of_range(cx, range),
            (None, Some(tree)) => range::of_tree(cx, tree),
            (None, None) => range::of_commit(cx, &self.commit),
        }
    }
}

impl CheckGates {
    async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let target = range::of_range(cx, &self.range).map_err(|error| super::gate_failure("find the range", &error, ui))?;
        let keeping = if self.no_record { Keeping::Nothing } else { Keeping::Ledger };
        let asked = Asked { moment: Moment::Ci, only: Vec::new(), known: Known::Taken, keeping };
        let report = ask(cx, ui, (target, asked)).await?;
        let findings = report.findings();
        let write = |path: &Path, text: &str| fs::write_atomic(&cx.cwd.join(path), text.as_bytes(), Durability::Relaxed);
        let mut written = Ok(());
        if let Some(path) = &self.sarif {
            written = written.and_then(|()| write(path, &document::pretty(&sarif(&findings, env!("CARGO_PKG_VERSION")))));
        }
        if let Some(path) = &self.junit {
            written = written.and_then(|()| write(path, &block(&junit(&findings))));
        }
        if let Some(path) = &self.summary {
            let lines = view::markdown(&report);
            written = written.and_then(|()| fs::append_line(&cx.cwd.join(path), lines.trim_end().as_bytes(), Durability::Relaxed));
        }
        written.map_err(|error| Failure::new("write the reports", &error))?;
        finish(ui, &report, if self.json { Form::Json } else { Form::Human })
    }
}

/// What is asked of gates, besides what they look at.
struct Asked {
    moment: Moment,
    only: Vec<String>,
    known: Known,
    keeping: Keeping,
}

/// Asks the gates; each verdict is told as soon as it is there.
async fn ask(cx: &Context, ui: &Ui, (target, asked): (Target, Asked)) -> Result<GateReport, Failure> {
    let heard = signals::listen().map_err(|source| {
        let error = fs::FsError { action: "listen to", path: PathBuf::from("signals"), source };
        Failure::new("get ready", &error)
    })?;
    let Asked { moment, only, known, keeping } = asked;
    let request = GateRequest { moment, targets: vec![target], only, known, keeping, stop: Some(heard.stop) };
    let mut tell = |news: News<'_>| tell(ui, &news);
    let report = gate(cx, request, &mut tell).await.map_err(|error| super::gate_failure("ask the gates", &error, ui))?;
    report.warnings.iter().for_each(|warning| ui.warning(warning));
    Ok(report)
}

/// Tells of a gate while it is looked at.
pub(super) fn tell(ui: &Ui, news: &News<'_>) {
    use crate::cli::ui::Loudness;
    match news {
        News::Starts(gate) => ui.detail(&format!("gate {} runs", gate.id)),
        News::Said(said) if ui.loudness() >= Loudness::Normal => ui.say(&view::verdict(said)),
        News::Said(_) => {}
    }
}

/// How verdicts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Human,
    Json,
}

fn finish(ui: &mut Ui, report: &GateReport, form: Form) -> Result<Exit, Failure> {
    let written = if form == Form::Json {
        ui.text(&view::json(report))
    } else if report.said.is_empty() {
        ui.result(Styled::plain("no gate is for this").line())
    } else {
        ui.result(&view::conclusion(report))
    };
    written.map_err(|error| Failure::new("print the verdicts", &error))?;
    Ok(match (report.stopped, report.refuses()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Negative,
        (false, false) => Exit::Done,
    })
}
