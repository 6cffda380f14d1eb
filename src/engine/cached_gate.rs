//! A gate before and after it runs: on a tree that it let pass a while ago it need not run again. What its verdict is known by is found out as
//! for every other use of verdicts; a gate that failed, or passed only with a remark, is asked again.

use super::cache::{self, Looked, Standing, StartFiles, Wanted};
use super::cache_key::Keyer;
use super::cached;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::gate_ask::{Ask, key};
use super::gate_key::GateKey;
use crate::domain::cache::entry::{Kind, Source};
use crate::domain::cache::filter::digest_of_tree;
use crate::domain::cache::key::{Components, digest};
use crate::domain::cache::wording::taken;
use crate::domain::gate::model::{FailureAction, GateCheck};
use crate::domain::run::fact::{GateRun, Verdict};
use crate::io::git::objects::Objects;

/// Returns what is recorded of a gate whose verdict is in the cache. Who asked and about whose work is left open.
///
/// # Errors
/// Returns an error when the toolchain can not be asked or an object can not be read.
pub async fn look(cx: &RunContext, ask: Ask<'_>) -> Result<Option<GateRun>, ExecuteError> {
    if cx.cache.is_none() || !matches!(ask.gate.check, GateCheck::Command(_)) {
        return Ok(None);
    }
    let key = key(cx, ask).await?;
    for digest in [Some(&key.alone), key.compared.as_ref()].into_iter().flatten() {
        let (own, wanted) = (cx.clone(), wanted(cx, ask, (digest, &key))?);
        let found = blocking(move || {
            let Some(cache) = &own.cache else { return Ok(None) };
            let now = own.clock.now();
            Ok(match cache::look(&cache.store, &Objects::open(&own.repo)?, (&wanted, now))? {
                Looked::Hit(hit) => Some(taken(&hit.entry, hit.usage, now)),
                Looked::Miss(_) => None,
            })
        });
        if let Some(reason) = found.await? {
            return Ok(Some(passed(ask, digest.clone(), reason)));
        }
    }
    Ok(None)
}

fn passed(ask: Ask<'_>, digest: String, reason: String) -> GateRun {
    GateRun {
        gate: ask.gate.id.to_string(),
        wave: 0,
        round: 0,
        rollback: None,
        tree: ask.place.tree,
        workstreams: Vec::new(),
        verdict: Verdict::Passed,
        exit_code: None,
        duration_ms: 0,
        output: None,
        findings: Vec::new(),
        from_base: Vec::new(),
        digest: Some(digest),
        reason: Some(reason),
        advisory: ask.gate.on_failure != FailureAction::Block,
        counts: None,
        flaky: false,
        asks: false,
    }
}

/// Keeps the verdict of a gate that passed on the merged tree, and on nothing else, at the first try.
///
/// # Errors
/// Returns an error when the toolchain can not be asked or an object can not be read.
pub async fn keep(cx: &RunContext, ask: Ask<'_>, (verdict, run): (Verdict, &GateRun)) -> Result<(), ExecuteError> {
    let is_plain = verdict == Verdict::Passed && !run.flaky && run.findings.is_empty();
    let Some(digest) = run.digest.as_ref().filter(|_| is_plain && cx.cache.is_some()) else { return Ok(()) };
    let key = key(cx, ask).await?;
    let wanted = wanted(cx, ask, (digest, &key))?;
    cached::keep(cx, wanted, ask.place.tree).await;
    Ok(())
}

/// Returns what a verdict is known by: its own key, the base from which its files are taken, and what holds for its program.
fn wanted(cx: &RunContext, ask: Ask<'_>, (own, key): (&String, &GateKey)) -> Result<Wanted, ExecuteError> {
    let (gate, tree) = (ask.gate, ask.place.tree);
    let objects = Objects::open(&cx.repo)?;
    let base = objects.tree_of(ask.place.base)?.to_string();
    let keyer = Keyer { environment: &cx.environment, hold: &cx.hold, inputs: &cx.inputs };
    let command = match &gate.check {
        GateCheck::Command(argv) => Some(argv.as_slice()),
        GateCheck::Manual(_) | GateCheck::Lines => None,
    };
    let components = Components {
        what: format!("gate {}", gate.id),
        prompt: digest([gate.digest(), base]),
        profile: digest([own.as_str(), if *own == key.alone { "alone" } else { "compared" }, &keyer.programs(command)]),
        model: digest([""]),
        settings: keyer.settings(None),
        inputs: digest_of_tree(tree),
    };
    let source = Source { run: cx.run, workstream: None, step: gate.id.to_string(), attempt: 1, tool: None };
    let start = StartFiles::read(&objects, tree, None)?;
    Ok(Wanted { kind: Kind::Gate, components, source, start, standing: Standing::Never })
}
