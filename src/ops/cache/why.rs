//! `git orc cache why`: what a run of a plan would find in the cache, step by step, and why not. The waves are gone through as a run would go
//! through them, as long as it is known what they lead to.

use std::path::Path;

use jiff::Timestamp;

use super::CacheError;
use crate::domain::cache::entry::{Kind, Source};
use crate::domain::cache::filter::InputFilter;
use crate::domain::cache::reason::Miss;
use crate::domain::cache::wording::{Use, taken};
use crate::domain::id::{ObjectId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::plan::model::{Step, StepKind, Workstream};
use crate::domain::policy::budget::Budget;
use crate::domain::prompt::request::Request;
use crate::domain::run::config::RunConfig;
use crate::domain::run::fact::{Rung, StepRole};
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::domain::tool::suggest::closest;
use crate::engine::ask::{Asker, Purpose, Question};
use crate::engine::cache::{Looked, Standing, StartFiles, Wanted, apply, look};
use crate::engine::cache_key::{Change, Keyer};
use crate::engine::cache_store::CacheStore;
use crate::engine::cached::look_check;
use crate::io::git::objects::{NewCommit, ObjectError, Objects};
use crate::io::git::signature::{Identity, Signature};
use crate::io::git::tree_edit::TreeEdit;
use crate::ops::begin;
use crate::ops::context::Context;
use crate::ops::frozen::{Overrides, read_inputs};
use crate::ops::run::{Prepared, prepare, settings};

/// What a run would find of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foretold {
    /// A result; one sentence about it.
    Hit(String),
    /// Nothing, and why.
    Miss(Miss),
}

/// A step of a plan, and what a run would find of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepWhy {
    /// The workstream.
    pub workstream: WorkstreamId,
    /// The step.
    pub step: StepId,
    /// The tool, for steps that change files.
    pub tool: Option<ToolId>,
    /// What would be found.
    pub foretold: Foretold,
}

/// Returns for each step of a plan, or of one of its workstreams, what a run that begins now would find in the cache. Objects may be written
/// that nothing leads to; nothing else is touched.
///
/// # Errors
/// Returns [`CacheError`] when the plan can not be used or the repository can not be read.
pub async fn why(cx: &Context, plan: &Path, only: Option<&str>) -> Result<Vec<StepWhy>, CacheError> {
    let prepared = prepare(cx, plan, &Overrides::default())?;
    if let Some(name) = only
        && !prepared.plan.workstreams.iter().any(|one| one.id.as_str() == name)
    {
        let names = prepared.plan.workstreams.iter().map(|one| one.id.as_str());
        return Err(CacheError::Unknown { name: name.to_owned(), suggestion: closest(name, names).map(str::to_owned) });
    }
    let settings = settings(cx, &prepared.plan);
    let config = begin::config(cx, &settings, &prepared.plan)?;
    let (hold, _notes) = begin::hold(cx, &settings, (RunId::new(cx.clock.ulid()), config.sandbox, &config)).await?;
    let inputs = read_inputs(&prepared.plan, &prepared.source.folder)?;
    let store = CacheStore::open(&cx.repo, cx.durability())?;
    let objects = Objects::open(&cx.repo)?;
    let keyer = Keyer { environment: &cx.environment, hold: &hold, inputs: &inputs };
    let asker = Asker { repo: &cx.repo, templates: &prepared.templates, inputs: &inputs, most_seconds: config.timeout_sec };
    let seer = Seer { cx, prepared: &prepared, config: &config, keyer, asker, store: &store, objects: &objects, now: cx.clock.now() };
    let mut found = seer.all()?;
    found.retain(|one| only.is_none_or(|only| one.workstream.as_str() == only));
    Ok(found)
}

struct Seer<'a> {
    cx: &'a Context,
    prepared: &'a Prepared,
    config: &'a RunConfig,
    keyer: Keyer<'a>,
    asker: Asker<'a>,
    store: &'a CacheStore,
    objects: &'a Objects,
    now: Timestamp,
}

/// The tree that something starts from, or what has to run before it is known.
type Known = Result<ObjectId, String>;

impl Seer<'_> {
    fn all(&self) -> Result<Vec<StepWhy>, CacheError> {
        let mut found = Vec::new();
        let mut at: Known = Ok(self.objects.tree_of(self.prepared.tip)?);
        for wave in &self.prepared.schedule.waves {
            let mut merged = at.clone();
            for one in wave.iter().filter_map(|id| self.prepared.plan.workstream(id)) {
                let left = self.workstream(one, &at, &mut found)?;
                merged = match (merged, &at, left) {
                    (Ok(merged), Ok(before), Ok(left)) => Ok(self.merged(merged, (*before, left))?),
                    (Ok(_), _, Err(_)) => Err(one.id.to_string()),
                    (Err(after), ..) => Err(after),
                    (Ok(_), Err(after), Ok(_)) => Err(after.clone()),
                };
            }
            at = merged;
        }
        Ok(found)
    }

    /// Puts what a workstream changed onto what others of its wave left.
    fn merged(&self, merged: ObjectId, (before, left): (ObjectId, ObjectId)) -> Result<ObjectId, ObjectError> {
        let changes = self.objects.diff_trees(Some(before), Some(left))?;
        let edits: Vec<TreeEdit> = changes.into_iter().map(|change| TreeEdit { path: change.path, entry: change.new }).collect();
        self.objects.edit_tree(Some(merged), &edits)
    }

    /// Goes through the steps of a workstream; returns the tree that it leaves.
    fn workstream(&self, plan: &Workstream, start: &Known, found: &mut Vec<StepWhy>) -> Result<Known, CacheError> {
        let mut at = start.clone();
        for (index, step) in plan.steps.iter().enumerate() {
            let tool = match &step.kind {
                StepKind::Edit(_) => self.tool(plan, &step.id),
                StepKind::Static(_) | StepKind::Runtime(_) => None,
            };
            let foretold = match &at {
                Err(after) => Foretold::Miss(Miss::Unknown { after: after.clone() }),
                Ok(tree) => {
                    let (foretold, left) = self.step(plan, (index, step), (*tree, tool))?;
                    at = left;
                    foretold
                }
            };
            let tool = tool.map(|profile| profile.id.clone());
            found.push(StepWhy { workstream: plan.id.clone(), step: step.id.clone(), tool, foretold });
        }
        Ok(at)
    }

    /// Returns the tool that would do a step first.
    fn tool(&self, plan: &Workstream, step: &StepId) -> Option<&ToolProfile> {
        let route = self.config.route(&plan.id, step);
        let first = route.iter().find(|tool| !self.config.absent.contains_key(*tool)).or_else(|| route.first());
        first.and_then(|tool| self.cx.tools.acting(tool))
    }

    /// Returns what would be found of a step that starts from a tree, and the tree that it leaves.
    fn step(
        &self,
        plan: &Workstream,
        (index, step): (usize, &Step),
        (tree, tool): (ObjectId, Option<&ToolProfile>),
    ) -> Result<(Foretold, Known), CacheError> {
        let start = StartFiles::read(self.objects, tree, InputFilter::of(plan).as_ref())?;
        let is_edit = matches!(step.kind, StepKind::Edit(_));
        let looked = match tool {
            Some(profile) => {
                let wanted = self.change(plan, (index, step), (profile, start))?;
                wanted.map(|wanted| look(self.store, self.objects, (&wanted, self.now))).transpose()?
            }
            None if is_edit => None,
            None => look_check((self.store, self.keyer), self.objects, (plan, index), (&start, self.now))?.map(|(_, looked)| looked),
        };
        let after = || Err(format!("{} of {}", step.id, plan.id));
        let Some(looked) = looked else { return Ok((Foretold::Miss(Miss::NeverKept), after())) };
        Ok(match looked {
            Looked::Miss(miss) => (Foretold::Miss(miss), if is_edit { after() } else { Ok(tree) }),
            Looked::Hit(hit) => {
                let left = match (is_edit, hit.usage) {
                    (true, Use::Applied) => apply(self.objects, tree, &hit.entry)?,
                    (true, Use::Standing) | (false, _) => tree,
                };
                (Foretold::Hit(taken(&hit.entry, hit.usage, self.now)), Ok(left))
            }
        })
    }

    fn change(
        &self,
        plan: &Workstream,
        (index, step): (usize, &Step),
        (profile, start): (&ToolProfile, StartFiles),
    ) -> Result<Option<Wanted>, CacheError> {
        let prompt = match profile.kind {
            ToolKind::Manual => return Ok(None),
            ToolKind::Replay | ToolKind::Fixers => String::new(),
            ToolKind::Command | ToolKind::External { .. } | ToolKind::Acp { .. } | ToolKind::Api { .. } => {
                let question = Question {
                    plan,
                    step: &step.id,
                    role: StepRole::Edit,
                    index,
                    profile,
                    window: profile.context_window,
                    commit: self.commit(start.tree)?,
                    request: Request::Edit { feedback: None },
                    rung: Rung::SameTool,
                    budget: Budget::default(),
                };
                let Ok(asked) = self.asker.ask_for(&question, Purpose::Comparing)? else { return Ok(None) };
                asked.text
            }
        };
        let about = Change { plan, step: &step.id, role: StepRole::Edit, index, profile, prompt: &prompt };
        let components = self.keyer.change(about, start.digest());
        let source = Source { run: RunId::NONE, workstream: None, step: step.id.to_string(), attempt: 1, tool: None };
        Ok(Some(Wanted { kind: Kind::Change, components, source, start, standing: Standing::Possible }))
    }

    /// Returns a commit of a tree, for whoever reads commits only.
    fn commit(&self, tree: ObjectId) -> Result<ObjectId, ObjectError> {
        if self.objects.tree_of(self.prepared.tip)? == tree {
            return Ok(self.prepared.tip);
        }
        let signature = Signature::new(Identity { name: "git-orc".to_owned(), email: String::new() }, self.now);
        self.objects.write_commit(&NewCommit { tree, parents: &[], author: &signature, committer: &signature, message: b"to be read\n" })
    }
}
