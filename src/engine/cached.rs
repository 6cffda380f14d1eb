//! A step before and after it runs: its result may be in the cache, and may be worth keeping there. Whatever is wrong with the cache is no
//! failure of the step.

use jiff::Timestamp;

use super::ask::{self, Errand, Purpose};
use super::bench::with_sources;
use super::cache::{self, Hit, Looked, Standing, StartFiles, Wanted};
use super::cache_key::{Change, Keyer};
use super::cache_store::CacheStore;
use super::capture::Found;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::place::{self, Stand};
use super::resolve;
use super::work::Worked;
use crate::domain::cache::entry::{Kind, Source};
use crate::domain::cache::filter::InputFilter;
use crate::domain::cache::reason::Miss;
use crate::domain::cache::wording::{Use, steady, taken, without_trailers};
use crate::domain::id::{ObjectId, RunId, StepId};
use crate::domain::plan::model::{Step, StepKind, Workstream};
use crate::domain::policy::budget::Budget;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::{PatchOrigin, StepOutcome, StepRole};
use crate::domain::run::recovery::begins_anew;
use crate::domain::run::state::{RunState, WorkstreamState};
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::io::git::objects::{ObjectError, Objects};

/// What the cache says about a step.
#[derive(Debug)]
pub struct Told<T> {
    /// The result, if it is there.
    pub result: Option<T>,
    /// What the result is to be kept under, if the step has one that may be kept.
    pub wanted: Option<Wanted>,
    /// Why it is not there.
    pub note: Option<String>,
}

impl<T> Told<T> {
    const fn nothing() -> Self {
        Self { result: None, wanted: None, note: None }
    }
}

/// Looks for the result of a step that changes files.
///
/// # Errors
/// Returns an error when the repository can not be read.
pub async fn change(cx: &RunContext, order: &StepOrder, profile: &ToolProfile, state: &RunState) -> Result<Told<Worked>, ExecuteError> {
    // What a person did once they would do otherwise the second time.
    if cx.cache.is_none() || profile.is_by_hand() {
        return Ok(Told::nothing());
    }
    let one = place::one(state, &order.workstream)?.clone();
    let (own, order, profile) = (cx.clone(), order.clone(), profile.clone());
    blocking(move || {
        let Some(cache) = &own.cache else { return Ok(Told::nothing()) };
        let Some((wanted, parents)) = wanted_change(&own, (&order, &profile), &one)? else { return Ok(Told::nothing()) };
        let objects = Objects::open(&own.repo)?;
        let now = own.clock.now();
        let hit = match cache::look(&cache.store, &objects, (&wanted, now))? {
            Looked::Hit(hit) => *hit,
            Looked::Miss(miss) => return Ok(Told { result: None, wanted: Some(wanted), note: Some(format!("not in the cache: {miss}")) }),
        };
        if own.config.given_up.as_ref().is_some_and(|given_up| given_up.holds(hit.entry.source.run, &order.workstream)) {
            let note = format!("not in the cache: {}", Miss::LedNowhere);
            return Ok(Told { result: None, wanted: Some(wanted), note: Some(note) });
        }
        let before = wanted.start.tree;
        let tree = match hit.usage {
            Use::Applied => cache::apply(&objects, before, &hit.entry)?,
            Use::Standing => before,
        };
        if tree == before && hit.usage == Use::Applied && !place::workstream(&own, &order)?.allow_empty {
            let note = "not in the cache: its result changes nothing, which is not allowed".to_owned();
            return Ok(Told { result: None, wanted: Some(wanted), note: Some(note) });
        }
        // Whoever tries again wants another answer than the last time.
        if one.patches.iter().any(|patch| patch.step == order.step && patch.tree == tree) {
            return Ok(Told { result: None, wanted: Some(wanted), note: Some(format!("not in the cache: {}", Miss::UsedAlready)) });
        }
        let found = Found { tree, parents, origin: PatchOrigin::Cache, objects: objects.take_written(), oddities: Vec::new() };
        let message = taken(&hit.entry, hit.usage, now);
        let worked = Worked { found: vec![found], cached: true, ..Worked::ended(StepOutcome::Passed, message) };
        Ok(Told { result: Some(worked), wanted: None, note: None })
    })
    .await
}

/// Returns what the result of a step is known by, and the parents of its patch; nothing when it can not be asked.
fn wanted_change(
    cx: &RunContext,
    (order, profile): (&StepOrder, &ToolProfile),
    one: &WorkstreamState,
) -> Result<Option<(Wanted, Vec<ObjectId>)>, ExecuteError> {
    let plan = place::workstream(cx, order)?;
    let errand = Errand { order: order.clone(), profile: profile.clone(), budget: Budget::default() };
    let start = one.start.ok_or_else(|| ExecuteError::Inconsistent(format!("workstream {} has no start", order.workstream)))?;
    let tip = one.tip.unwrap_or(start);
    let names = [cx.run.to_string(), cx.run.lower(), cx.hold.scratch_name()];
    let (from, parents, prompt) = match (&profile.kind, order.role, &one.conflict) {
        (ToolKind::Fixers, ..) => (tip, vec![tip], String::new()),
        (ToolKind::Replay, StepRole::Edit, _) => {
            let from = if order.index == 0 { start } else { tip };
            (from, vec![from], String::new())
        }
        (ToolKind::Replay, ..) => return Ok(None),
        (_, StepRole::Resolve, Some(conflict)) => {
            let marked = resolve::marked(cx, order.workstream.as_str(), conflict)?;
            let theirs = resolve::theirs(cx, conflict)?;
            let Ok(asked) = ask::resolve(cx, (&errand, Purpose::Comparing), (conflict, &theirs, marked))? else { return Ok(None) };
            (marked, vec![conflict.tip, conflict.commit], without_trailers(&steady(&asked.text, &names)))
        }
        (_, StepRole::Resolve, None) => return Ok(None),
        (_, StepRole::Edit | StepRole::Fix | StepRole::Improve | StepRole::Static | StepRole::Runtime | StepRole::Measure, _) => {
            let from = if begins_anew(order.role, order.index) { start } else { tip };
            let Ok(asked) = ask::work_for(cx, (&errand, Purpose::Comparing), (one, from))? else { return Ok(None) };
            (from, vec![from], steady(&asked.text, &names))
        }
    };
    let objects = Objects::open(&cx.repo)?;
    let start = StartFiles::read(&objects, objects.tree_of(from)?, InputFilter::of(plan).as_ref())?;
    let about = Change { plan, step: &order.step, role: order.role, index: order.index, profile, prompt: &prompt };
    let components = keyer(cx).change(about, start.digest());
    let standing = if order.role == StepRole::Edit { Standing::Possible } else { Standing::Never };
    Ok(Some((Wanted { kind: Kind::Change, components, source: source(cx, order), start, standing }, parents)))
}

/// Looks for the verdict of a check; the result is a sentence about it.
///
/// # Errors
/// Returns an error when the repository can not be read.
pub async fn check(cx: &RunContext, order: &StepOrder, state: &RunState) -> Result<Told<String>, ExecuteError> {
    if cx.cache.is_none() {
        return Ok(Told::nothing());
    }
    let tip = place::commit(state, &order.workstream, Stand::Tip)?;
    let (own, order) = (cx.clone(), order.clone());
    blocking(move || {
        let Some(cache) = &own.cache else { return Ok(Told::nothing()) };
        let (plan, _) = place::planned(&own, &order)?;
        let objects = Objects::open(&own.repo)?;
        let start = StartFiles::read(&objects, objects.tree_of(tip)?, InputFilter::of(plan).as_ref())?;
        let now = own.clock.now();
        let found = look_check((&cache.store, keyer(&own)), &objects, (plan, order.index), (&start, now))?;
        let Some((wanted, looked)) = found else { return Ok(Told::nothing()) };
        let wanted = Wanted { source: source(&own, &order), ..wanted };
        Ok(match looked {
            Looked::Hit(hit) => Told { result: Some(told(&hit, now)), wanted: None, note: None },
            Looked::Miss(miss) => Told { result: None, wanted: Some(wanted), note: Some(format!("not in the cache: {miss}")) },
        })
    })
    .await
}

/// A check of a plan, counted from 0.
pub type CheckAt<'a> = (&'a Workstream, usize);

/// Looks for the verdict of a check on files. It is used only where each check that follows on the same files is known as well, and neither an
/// EDIT step comes behind them nor a command that measures a goal: what one builds or reports the next one may need.
///
/// # Errors
/// Returns [`ObjectError`] when the files can not be read.
pub fn look_check(
    (store, keyer): (&CacheStore, Keyer<'_>),
    objects: &Objects,
    (plan, index): CheckAt<'_>,
    (start, now): (&StartFiles, Timestamp),
) -> Result<Option<(Wanted, Looked)>, ObjectError> {
    let is_check = |step: &&Step| matches!(step.kind, StepKind::Static(_) | StepKind::Runtime(_));
    let mut checks = plan.steps.iter().skip(index).take_while(is_check);
    let Some(first) = checks.next() else { return Ok(None) };
    let wanted = wanted_check(keyer, (plan, first), start.clone());
    let mut looked = cache::look(store, objects, (&wanted, now))?;
    for next in checks {
        if matches!(looked, Looked::Miss(_)) {
            break;
        }
        if let Looked::Miss(_) = cache::look(store, objects, (&wanted_check(keyer, (plan, next), start.clone()), now))? {
            looked = Looked::Miss(Miss::Needed { by: next.id.to_string() });
        }
    }
    // Whether these run is not known yet.
    let next_edit = plan.steps.iter().skip(index).find(|step| !is_check(step)).map(|step| step.id.clone());
    let behind = next_edit.or_else(|| plan.goals.are_measured_by_commands().then(StepId::measure));
    if let (Looked::Hit(_), Some(step)) = (&looked, behind) {
        looked = Looked::Miss(Miss::Needed { by: step.to_string() });
    }
    Ok(Some((wanted, looked)))
}

/// Returns what the verdict of a check is known by.
fn wanted_check(keyer: Keyer<'_>, (plan, step): (&Workstream, &Step), start: StartFiles) -> Wanted {
    let components = keyer.check((plan, step), start.digest());
    let source = Source { run: RunId::NONE, workstream: Some(plan.id.to_string()), step: step.id.to_string(), attempt: 1, tool: None };
    Wanted { kind: Kind::Check, components, source, start, standing: Standing::Never }
}

fn told(hit: &Hit, now: Timestamp) -> String {
    taken(&hit.entry, hit.usage, now)
}

/// Keeps a result. That it can not be kept is told in the log and nowhere else.
pub async fn keep(cx: &RunContext, wanted: Wanted, tree: ObjectId) {
    let own = cx.clone();
    let kept = blocking(move || {
        let Some(cache) = &own.cache else { return Ok(()) };
        let Some(new) = cache::result(&Objects::open(&own.repo)?, wanted, tree)? else { return Ok(()) };
        if let Err(error) = cache.store.keep(new, (own.clock.now(), cache.ttl)) {
            tracing::warn!(error = with_sources(&error), "a result could not be kept in the cache");
        }
        Ok(())
    });
    if let Err(error) = kept.await {
        tracing::warn!(error = with_sources(&error), "a result could not be kept in the cache");
    }
}

/// Returns the only tree that came of a step, if nothing else is to be said about it.
#[must_use]
pub fn whole(found: &[Found]) -> Option<ObjectId> {
    match found {
        [one] if one.oddities.is_empty() && one.origin != PatchOrigin::Salvage => Some(one.tree),
        _ => None,
    }
}

fn keyer(cx: &RunContext) -> Keyer<'_> {
    Keyer { environment: &cx.environment, hold: &cx.hold, inputs: &cx.inputs }
}

fn source(cx: &RunContext, order: &StepOrder) -> Source {
    Source {
        run: cx.run,
        workstream: Some(order.workstream.to_string()),
        step: order.step.to_string(),
        attempt: order.attempt,
        tool: order.tool.clone(),
    }
}
