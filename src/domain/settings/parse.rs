//! Reads profiles: every mistake at once, each with its place.

use crate::domain::document::command::argvs;
use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::node::Value;
use crate::domain::document::read::Read;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Shape, SourceFile};
use crate::domain::id::ToolId;
use crate::domain::plan::check::names;
use crate::domain::plan::input::CommandDefaults;
use crate::domain::policy::sandbox::{Network, Reads, SandboxLevel};
use crate::domain::settings::budget::FileBudgets;
use crate::domain::settings::limits::{LimitValue, LimitValues};
use crate::domain::settings::lines::{Lined, Lines};
use crate::domain::settings::model::{Constraints, Profile, ProfileSettings};
use crate::domain::settings::raw::{RawCommands, RawConstraints, RawProfile, RawRepositorySettings, RawTool};
use crate::domain::settings::word::{TighterNetwork, TighterReads, TighterSandbox};

/// Reads a profile. Beside it come warnings. An empty list of tools says that nobody knows which there are.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse_profile(file: &SourceFile, tools: &[ToolId]) -> Result<(Profile, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut sink = Sink::new(std::slice::from_ref(file), Shape::File);
    let root = read_file(0, file, &mut sink);
    // An empty file says nothing.
    let raw = root
        .and_then(|root| if matches!(root.value, Value::Null) { Some(RawProfile::default()) } else { RawProfile::read(&root, &mut sink) });
    let profile = raw.map(|raw| profile(&raw, (file, tools), &mut sink));
    match (profile, sink.errors()) {
        (Some(profile), 0) => Ok((profile, sink.finish())),
        (Some(_) | None, _) => Err(sink.finish()),
    }
}

fn profile(raw: &RawProfile, (file, tools): (&SourceFile, &[ToolId]), sink: &mut Sink<'_>) -> Profile {
    let lines = Lines::new(file);
    root(raw.project_root.as_ref(), sink);
    if let Some(paths) = &raw.framework_paths {
        let draft = Draft::new(Code::Ignored, paths.place, "`framework_paths` means nothing here");
        sink.add(draft.hint("What git-orc keeps lies in the git directory; worktrees are placed by `settings.worktree_dir`."));
    }
    if let Some(base) = &raw.base {
        names::check_base(base, sink);
    }
    let (commands, commands_line) =
        raw.commands.as_ref().map_or_else(Default::default, |commands| (self::commands(&commands.value, sink), lines.of(commands.place)));
    let limits = raw.limits.as_ref().map_or(&[][..], |limits| limits.value.0.as_slice());
    let text = |text: &Option<At<String>>| text.as_ref().map(|text| text.value.clone());
    Profile {
        file: file.path.clone(),
        project_id: text(&raw.project_id),
        project_name: text(&raw.project_name),
        domain: raw.domain.as_ref().map(|domain| domain.value),
        tools: listed(raw.available_tools.as_ref().map_or(&[][..], |tools| tools.value.as_slice()), tools, sink),
        constraints: raw.constraints.as_ref().map_or_else(Constraints::default, |constraints| self::constraints(&constraints.value)),
        settings: raw.settings.as_ref().map_or_else(Default::default, |settings| self::settings(&settings.value.0, &lines, sink)),
        commands,
        commands_line,
        limits: lined_limits(limits, &lines),
        base: lines.lined(raw.base.as_ref(), Clone::clone),
    }
}

/// Reads a `circuit_breaker_config.yaml`. An empty file says nothing.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse_limits(file: &SourceFile) -> Result<Vec<Lined<LimitValue>>, Vec<Diagnostic>> {
    let mut sink = Sink::new(std::slice::from_ref(file), Shape::File);
    let root = read_file(0, file, &mut sink).filter(|root| !matches!(root.value, Value::Null));
    let values = root.and_then(|root| LimitValues::read(&root, &mut sink)).unwrap_or_default();
    let lines = Lines::new(file);
    if sink.errors() == 0 { Ok(lined_limits(&values.0, &lines)) } else { Err(sink.finish()) }
}

fn lined_limits(limits: &[LimitValue], lines: &Lines<'_>) -> Vec<Lined<LimitValue>> {
    limits.iter().map(|limit| Lined { line: lines.of(limit.place), value: limit.clone() }).collect()
}

fn root(root: Option<&At<String>>, sink: &mut Sink<'_>) {
    let Some(root) = root else { return };
    let text = root.value.as_str();
    let is_windows = text.as_bytes().get(1) == Some(&b':') || text.starts_with('\\');
    if text.starts_with('/') || is_windows {
        let draft = Draft::new(Code::Ignored, root.place, "an absolute `project_root` is ignored");
        sink.add(draft.hint("Write `.`: the top is where the repository is, on every machine."));
    } else if text.split(['/', '\\']).any(|part| part == "..") {
        let draft = Draft::new(Code::BadPath, root.place, format!("`project_root` {} leads out of the repository", quoted(text)));
        sink.add(draft.hint("Write `.`, or a path below it."));
    }
}

fn listed(raw: &[At<RawTool>], known: &[ToolId], sink: &mut Sink<'_>) -> Vec<String> {
    let ids: Vec<&At<String>> = raw.iter().filter_map(|tool| tool.value.tool_id.as_ref()).collect();
    for id in ids.iter().filter(|id| !known.is_empty() && !known.iter().any(|known| known.as_str() == id.value)) {
        let near = sink.suggest(&id.value, known.iter().map(ToolId::as_str));
        let hint = near.unwrap_or_else(|| "Describe it in `tool_profiles.json`.".to_owned());
        sink.add(Draft::new(Code::UnlistedTool, id.place, format!("no tool profile has the id {}", quoted(&id.value))).hint(hint));
    }
    ids.into_iter().map(|id| id.value.clone()).collect()
}

fn constraints(raw: &RawConstraints) -> Constraints {
    let switch = |at: &Option<At<bool>>| at.as_ref().map(|at| at.value);
    Constraints {
        patch_only: switch(&raw.patch_only),
        tests_must_pass: switch(&raw.tests_must_pass),
        ascii_only: switch(&raw.ascii_only),
        max_lines_changed: raw.max_lines_changed.as_ref().map(|most| most.value.wide()),
        max_files_changed: raw.max_files_changed.as_ref().map(|most| most.value.wide()),
        require_issue_ref: switch(&raw.require_issue_ref),
    }
}

fn settings(raw: &RawRepositorySettings, lines: &Lines<'_>, sink: &mut Sink<'_>) -> ProfileSettings {
    if let Some(folder) = &raw.worktree_dir
        && !is_beside(&folder.value)
    {
        let draft = Draft::new(Code::BadPath, folder.place, format!("{} is no folder beside the repository", quoted(&folder.value)));
        sink.add(draft.hint("Write a path such as `../worktrees`."));
    }
    ProfileSettings {
        max_workers: lines.lined(raw.max_workers.as_ref(), |count| count.narrow()),
        worktree_dir: lines.lined(raw.worktree_dir.as_ref(), Clone::clone),
        durability: lines.lined(raw.durability.as_ref(), |word| *word),
        progress: lines.lined(raw.progress.as_ref(), |word| *word),
        notes: lines.lined(raw.notes.as_ref(), |notes| *notes),
        timeout_sec: lines.lined(raw.timeout_sec.as_ref(), |seconds| seconds.wide()).filter(|seconds| seconds.value > 0),
        sandbox: lines.lined(raw.sandbox.as_ref(), |word| match word {
            TighterSandbox::Landlock => SandboxLevel::Landlock,
            TighterSandbox::Bubblewrap => SandboxLevel::Bubblewrap,
        }),
        network: lines.lined(raw.network.as_ref(), |word| match word {
            TighterNetwork::None => Network::None,
        }),
        reads: lines.lined(raw.reads.as_ref(), |word| match word {
            TighterReads::Listed => Reads::Listed,
        }),
        budget: raw.budget.as_ref().map(|budget| FileBudgets::new(&budget.value, lines)).unwrap_or_default(),
    }
}

/// Returns whether a path leads to a folder beside the repository, or below such a one.
fn is_beside(path: &str) -> bool {
    let rest = path.strip_prefix("../").map(|rest| rest.trim_end_matches('/'));
    rest.is_some_and(|rest| !rest.contains('\0') && rest.split('/').all(|part| !matches!(part, "" | "." | "..")))
}

fn commands(raw: &RawCommands, sink: &mut Sink<'_>) -> CommandDefaults {
    CommandDefaults {
        setup: argvs(raw.setup.as_ref(), sink),
        build: argvs(raw.build.as_ref(), sink),
        statics: argvs(raw.statics.as_ref(), sink),
        runtime: argvs(raw.runtime.as_ref(), sink),
    }
}
