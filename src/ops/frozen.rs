//! The frozen plan: everything that a resume needs to decide alike, kept in the ledger's tree below `runs/<run>/`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::plan_source::{PlanKind, PlanSource};
use super::policies;
use super::quality::join;
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::goal::model::Goals;
use crate::domain::goal::request;
use crate::domain::id::{ObjectId, RepoPath, RunId, WorkstreamId};
use crate::domain::phase::fluid::add_checks;
use crate::domain::plan::input::{CommandDefaults, Known, PhaseInput, PipelineFile, PlanDefaults, PlanInput};
use crate::domain::plan::model::{CheckedPlan, PromptSource, StepKind};
use crate::domain::plan::parse::parse_plan;
use crate::domain::policy::budget::{BudgetKey, BudgetScope};
use crate::domain::policy::governance::model::Governance;
use crate::domain::run::config::RunConfig;
use crate::domain::run::limits::LoopLimits;
use crate::engine::context::Inputs;
use crate::io::fs::{self, FsError};
use crate::io::git::ledger_ref::{FileUpdate, LedgerError, LedgerRef};

/// A file that a plan names may be this large, in bytes.
const MAX_INPUT: u64 = 16 << 20;
/// Where the quality gates are kept below the run's folder.
const QUALITY: &str = "quality_gate.yaml";

/// The error of freezing a plan or of bringing it back.
#[derive(Debug, thiserror::Error)]
pub enum FrozenError {
    /// A file that the plan names can not be read.
    #[error("the plan names a file that can not be read")]
    Input(#[from] FsError),
    /// A file that the plan names is too large.
    #[error("the plan names `{0}`, which is larger than {MAX_INPUT} bytes")]
    TooLarge(String),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The frozen plan is missing or damaged.
    #[error("the frozen plan of run {run} has no usable `{file}`")]
    Damaged {
        /// The run.
        run: RunId,
        /// The file.
        file: String,
    },
    /// The frozen plan is not understood by this version.
    #[error("the frozen plan is not understood by this version of git-orc: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Plan(Vec<Diagnostic>),
    /// The frozen policies are not understood by this version.
    #[error("the frozen policies are not understood by this version of git-orc: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Policies(Vec<Diagnostic>),
    /// The settings have no JSON form.
    #[error("the settings could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// What is frozen besides the files themselves: `config.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Frozen {
    /// The version of this format.
    pub v: u32,
    /// The plan's name on the command line.
    pub name: String,
    /// Whether it is a folder of bundles.
    pub folder: bool,
    /// The plan's files: as shown to the user, and where they are kept below the run's folder.
    pub files: Vec<(String, String)>,
    /// The files that the plan names, likewise.
    pub inputs: Vec<(String, String)>,
    /// The files of the policies, likewise, the lowest layer first; none in a run that began before there were policies.
    #[serde(default)]
    pub policies: Vec<(String, String)>,
    /// The pipelines that it goes through; none in a run that began before there were pipelines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pipelines: Vec<KeptPipeline>,
    /// What the command line set in place of the plan.
    pub overrides: Overrides,
    /// The limits that the plan's own are laid over.
    pub limits: LoopLimits,
    /// The commands of workstreams that give none; older runs have none.
    #[serde(default)]
    pub commands: CommandDefaults,
    /// The commit to start from when the plan names none; older runs have none.
    #[serde(default)]
    pub base: Option<String>,
    /// What deciding needs.
    pub config: RunConfig,
    /// The file of quality gates as it was in the base commit, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<(String, String)>,
}

/// A pipeline that is kept with a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPipeline {
    /// The name by which the plan knows it.
    pub name: String,
    /// Its file, as shown to the user.
    pub shown: String,
    /// Where it is kept below the run's folder.
    pub place: String,
}

impl Frozen {
    /// Returns where to look at the plan, below the run's folder: its only file, or else the folder itself, which is empty here.
    #[must_use]
    pub fn place_to_look_at(&self) -> &str {
        only_place(&self.files)
    }
}

/// Whoever wrote the ledger chose the places, and a person may copy this one into a shell: anything but a plain name is not repeated.
fn only_place(files: &[(String, String)]) -> &str {
    let is_plain = |place: &str| place.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    match files {
        [(_, place)] if is_plain(place) => place,
        _ => "",
    }
}

/// What the command line sets in place of the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// The commit-ish to start from.
    pub base: Option<String>,
    /// The integration branch.
    pub target: Option<String>,
    /// Whether the first failure stops everything that has not started.
    pub fail_fast: bool,
    /// Whether the run is a fluid one, whatever the plan says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fluid: bool,
    /// The pipeline of workstreams that name none and have no steps of their own; older runs have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// The budgets that the command line sets, so that those of the plan no longer count; older runs have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetKey>,
    /// Whether goals are looked for in the requests of workstreams that name none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goals: bool,
    /// The workstreams that are run, when it is not all of them; the others count as done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<WorkstreamId>,
    /// The run that is done again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<RetryOf>,
}

/// The run that another one does again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryOf {
    /// The run.
    pub run: RunId,
    /// Why.
    pub reason: String,
    /// Its workstreams that came to nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<WorkstreamId>,
}

impl Overrides {
    /// Puts them into a plan.
    pub fn apply(&self, plan: &mut CheckedPlan) {
        if let Some(base) = &self.base {
            plan.base.clone_from(base);
        }
        if let Some(target) = &self.target {
            plan.target.clone_from(target);
        }
        plan.fail_fast |= self.fail_fast;
        if !self.only.is_empty() {
            plan.workstreams.retain(|workstream| self.only.contains(&workstream.id));
            plan.workstreams.iter_mut().for_each(|workstream| workstream.depends_on.retain(|id| self.only.contains(id)));
        }
        plan.fluid |= self.fluid;
        if plan.fluid {
            add_checks(plan);
        }
        for key in &self.budgets {
            if key.scope == BudgetScope::Run {
                plan.budget.set(key.measure, None);
            }
            plan.workstreams.iter_mut().for_each(|workstream| workstream.budget.lift(*key));
        }
    }
}

/// Returns whether goals are looked for in the request: there are none, and the plan, or else the command line, wishes it.
#[must_use]
pub fn looks_for_goals(overrides: &Overrides, goals: &Goals) -> bool {
    goals.list.is_empty() && goals.from_request.unwrap_or(overrides.goals)
}

/// Gives goals that their requests name to workstreams that have none, where the plan or the command line wishes it.
pub fn goals_of_requests(plan: &mut CheckedPlan, overrides: &Overrides, inputs: &Inputs) {
    for workstream in &mut plan.workstreams {
        if looks_for_goals(overrides, &workstream.goals) {
            let own = match &workstream.prompt {
                Some(PromptSource::Text(text)) => text.clone(),
                Some(PromptSource::File(name)) => {
                    inputs.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
                }
                None => String::new(),
            };
            let texts = workstream.title.iter().chain([&own]).chain(&workstream.tasks);
            workstream.goals.list = request::goals(&texts.map(String::as_str).collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Reads every file that a plan names, by the name that the plan gives.
///
/// # Errors
/// Returns an error for the first file that can not be read or is too large.
pub fn read_inputs(plan: &CheckedPlan, folder: &Path) -> Result<Inputs, FrozenError> {
    let mut inputs = BTreeMap::new();
    for workstream in &plan.workstreams {
        let mut names: Vec<&String> = Vec::new();
        if let Some(PromptSource::File(name)) = &workstream.prompt {
            names.push(name);
        }
        for step in &workstream.steps {
            if let StepKind::Edit(edit) = &step.kind {
                names.extend(&edit.patches);
            }
        }
        for name in names {
            if !inputs.contains_key(name) {
                let bytes = fs::read_at_most(&folder.join(name), MAX_INPUT + 1)?;
                if bytes.len() as u64 > MAX_INPUT {
                    return Err(FrozenError::TooLarge(name.clone()));
                }
                inputs.insert(name.clone(), bytes);
            }
        }
    }
    Ok(inputs)
}

/// Returns the SHA-256 over the files of a plan, 64 hexadecimal digits.
#[must_use]
pub fn digest(source: &PlanSource) -> String {
    digest_of(&source.files)
}

/// Returns the SHA-256 of a text, 64 hexadecimal digits.
#[must_use]
pub fn digest_of_text(text: &[u8]) -> String {
    hexadecimal(&Sha256::digest(text))
}

/// Returns the SHA-256 over files, 64 hexadecimal digits.
#[must_use]
pub fn digest_of(files: &[SourceFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.text.as_bytes());
        hash.update([0]);
    }
    hexadecimal(&hash.finalize())
}

/// What the repository and the user ask of every run.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The quality gates.
    pub quality: Option<&'a SourceFile>,
    /// The policies, the lowest layer first.
    pub policies: &'a [SourceFile],
    /// The pipelines that the plan goes through.
    pub pipelines: &'a [PipelineFile],
}

/// Returns what is frozen of a plan.
#[must_use]
pub fn frozen(
    source: &PlanSource,
    inputs: &Inputs,
    rules: Rules<'_>,
    (overrides, defaults, config): (Overrides, PlanDefaults, RunConfig),
) -> Frozen {
    let single = |file: &SourceFile| {
        let ending = Path::new(&file.path).extension().map_or_else(|| "yaml".to_owned(), |e| e.to_string_lossy().into_owned());
        format!("plan.{ending}")
    };
    let kept = |(number, file): (usize, &SourceFile)| {
        let place = match source.kind {
            PlanKind::File => single(file),
            PlanKind::Folder => format!("plan/{number:04}-{}", last_component(&file.path)),
        };
        (file.path.clone(), place)
    };
    let input = |(number, name): (usize, &String)| (name.clone(), format!("inputs/{number:04}-{}", last_component(name)));
    let policy = |(number, file): (usize, &SourceFile)| (file.path.clone(), format!("policies/{number:04}-{}", last_component(&file.path)));
    let pipeline = |(number, one): (usize, &PipelineFile)| KeptPipeline {
        name: one.name.clone(),
        shown: one.file.path.clone(),
        place: format!("pipelines/{number:04}-{}", last_component(&one.file.path)),
    };
    Frozen {
        v: 1,
        name: source.name.clone(),
        folder: source.kind == PlanKind::Folder,
        files: source.files.iter().enumerate().map(kept).collect(),
        inputs: inputs.keys().enumerate().map(input).collect(),
        policies: rules.policies.iter().enumerate().map(policy).collect(),
        pipelines: rules.pipelines.iter().enumerate().map(pipeline).collect(),
        overrides,
        limits: defaults.limits,
        commands: defaults.commands,
        base: defaults.base,
        config,
        quality: rules.quality.map(|file| (file.path.clone(), QUALITY.to_owned())),
    }
}

fn last_component(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).take(80).collect()
}

/// Returns the files of the ledger's tree that hold a frozen plan.
///
/// # Errors
/// Returns an error when the settings have no JSON form.
pub fn to_files(
    run: RunId,
    frozen: &Frozen,
    source: &PlanSource,
    inputs: &Inputs,
    rules: Rules<'_>,
) -> Result<Vec<FileUpdate>, FrozenError> {
    let file = |place: &str, content: Vec<u8>| FileUpdate { path: path(run, place), content: Some(content) };
    let mut files = vec![file("config.json", serde_json::to_vec_pretty(frozen)?)];
    for ((_, place), source) in frozen.files.iter().zip(&source.files) {
        files.push(file(place, source.text.clone().into_bytes()));
    }
    for ((_, place), content) in frozen.inputs.iter().zip(inputs.values()) {
        files.push(file(place, content.clone()));
    }
    for ((_, place), source) in frozen.policies.iter().zip(rules.policies) {
        files.push(file(place, source.text.clone().into_bytes()));
    }
    for (kept, pipeline) in frozen.pipelines.iter().zip(rules.pipelines) {
        files.push(file(&kept.place, pipeline.file.text.clone().into_bytes()));
    }
    if let (Some((_, place)), Some(quality)) = (&frozen.quality, rules.quality) {
        files.push(file(place, quality.text.clone().into_bytes()));
    }
    Ok(files)
}

fn path(run: RunId, place: &str) -> RepoPath {
    RepoPath::new(format!("runs/{}/{place}", run.lower()))
}

/// Returns the SHA-256 over everything that is frozen, 64 hexadecimal digits: what somebody must trust before it runs again.
#[must_use]
pub fn seal(files: &[FileUpdate]) -> String {
    let mut seal = Seal::default();
    files.iter().filter_map(|file| file.content.as_deref()).for_each(|content| seal.add(content));
    seal.finish()
}

#[derive(Default)]
struct Seal(Sha256);

impl Seal {
    /// Adds one file; with its length, or bytes could move from one file into the next.
    fn add(&mut self, content: &[u8]) {
        self.0.update((content.len() as u64).to_be_bytes());
        self.0.update(content);
    }

    fn finish(self) -> String {
        hexadecimal(&self.0.finalize())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A frozen plan that was brought back.
#[derive(Debug)]
pub struct Thawed {
    /// The plan.
    pub plan: CheckedPlan,
    /// Its files.
    pub files: Vec<SourceFile>,
    /// The files that it names.
    pub inputs: Inputs,
    /// The policies.
    pub governance: Governance,
    /// What was frozen besides.
    pub frozen: Frozen,
    /// The seal over all of it, as [`seal`] made it of the same files.
    pub seal: String,
}

/// Brings back the frozen plan of a run from the ledger at `tip`.
///
/// # Errors
/// Returns an error when something is missing or not understood.
pub fn thaw(ledger: &LedgerRef, tip: ObjectId, run: RunId) -> Result<Thawed, FrozenError> {
    let damaged = |file: &str| FrozenError::Damaged { run, file: file.to_owned() };
    let mut seal = Seal::default();
    let mut read = |place: &str| -> Result<Vec<u8>, FrozenError> {
        let content = ledger.read_tree_file(tip, &path(run, place))?.ok_or_else(|| damaged(place))?;
        seal.add(&content);
        Ok(content)
    };
    let frozen: Frozen = serde_json::from_slice(&read("config.json")?).map_err(|_| damaged("config.json"))?;
    let mut files = Vec::new();
    for (shown, place) in &frozen.files {
        files.push(SourceFile::from_bytes(shown, &read(place)?));
    }
    let mut inputs = BTreeMap::new();
    for (name, place) in &frozen.inputs {
        inputs.insert(name.clone(), read(place)?);
    }
    let mut policies = Vec::new();
    for (shown, place) in &frozen.policies {
        policies.push(SourceFile::from_bytes(shown, &read(place)?));
    }
    let mut pipelines = Vec::new();
    for KeptPipeline { name, shown, place } in &frozen.pipelines {
        pipelines.push(PipelineFile { name: name.clone(), file: SourceFile::from_bytes(shown, &read(place)?) });
    }
    let governance = policies::parse(&policies).map_err(FrozenError::Policies)?;
    let defaults = PlanDefaults {
        limits: frozen.limits.clone(),
        tool: None,
        commands: frozen.commands.clone(),
        base: frozen.base.clone(),
        phases: PhaseInput { pipelines, pipeline: frozen.overrides.pipeline.clone(), templates: None },
    };
    let shape = if frozen.folder { Shape::Bundles { folder: &frozen.name } } else { Shape::File };
    let known = Known { tools: &[], capabilities: &[] };
    let (mut plan, _) = parse_plan(&PlanInput { files: &files, shape, defaults: &defaults, known }).map_err(FrozenError::Plan)?;
    if let Some((shown, place)) = &frozen.quality {
        join(&mut plan, &SourceFile::from_bytes(shown, &read(place)?)).map_err(FrozenError::Plan)?;
    }
    frozen.overrides.apply(&mut plan);
    goals_of_requests(&mut plan, &frozen.overrides, &inputs);
    Ok(Thawed { plan, files, inputs, governance, frozen, seal: seal.finish() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_place_is_repeated() {
        let files = |places: &[&str]| places.iter().map(|place| ("plan".to_owned(), (*place).to_owned())).collect::<Vec<_>>();
        assert_eq!(only_place(&files(&["plan.yaml"])), "plan.yaml");
        for hostile in ["x; rm -rf ~", "$(id)", "`id`", "a b", "../../x", "\u{1b}[2J", "x\ny", "'"] {
            assert_eq!(only_place(&files(&[hostile])), "", "{hostile:?}");
        }
        assert_eq!(only_place(&files(&["plan.yaml", "other.yaml"])), "", "one of two would hide the other");
    }
}
