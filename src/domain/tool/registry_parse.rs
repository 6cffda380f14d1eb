//! Reads a registry: JSON or YAML, with the place of every mistake.

use std::collections::BTreeMap;

use super::registry::{CapabilityRule, Registry, RegistryTool, Requires};
use super::registry_raw::{Named, NeedWord, RawCapability, RawRegistry, RawRequirements, RawTool, StrategyWord, Texts};
use super::strategy::Strategy;
use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::node::Value;
use crate::domain::document::read::{Name, Read as _};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Shape, SourceFile};

/// Reads a registry. An empty file says nothing. Returns also what is worth saying about it.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse_registry(file: &SourceFile) -> Result<(Registry, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut sink = Sink::new(std::slice::from_ref(file), Shape::File);
    let root = read_file(0, file, &mut sink).filter(|root| !matches!(root.value, Value::Null));
    let raw = root.and_then(|root| RawRegistry::read(&root, &mut sink)).unwrap_or_default();
    let registry = registry(raw, &mut sink);
    if sink.errors() == 0 { Ok((registry, sink.finish())) } else { Err(sink.finish()) }
}

fn registry(raw: RawRegistry, sink: &mut Sink<'_>) -> Registry {
    let rules = raw.coordination_rules.map(|rules| rules.value).unwrap_or_default();
    for (key, place) in [
        ("conflict_resolution", raw.conflict_resolution.map(|at| at.place)),
        ("security", raw.security.map(|at| at.place)),
        ("conflict_resolution", rules.conflict_resolution.map(|at| at.place)),
        ("security", rules.security.map(|at| at.place)),
    ] {
        if let Some(place) = place {
            sink.add(Draft::new(Code::Ignored, place, format!("`{key}` means nothing here")).hint(instead(key)));
        }
    }
    let capabilities = match (raw.capabilities, rules.capabilities) {
        (Some(own), Some(again)) => {
            let draft = Draft::new(Code::ConflictingKeys, again.place, "`capabilities` stands here and at the top of the file");
            sink.add(draft.hint("Keep one of the two."));
            own.value
        }
        (own, rules) => own.or(rules).map(|at| at.value).unwrap_or_default(),
    };
    let Named(tools) = raw.tools.map(|tools| tools.value).unwrap_or_default();
    Registry {
        tools: tools.into_iter().map(|(name, tool)| (name.value, self::tool(tool, sink))).collect(),
        capabilities: capabilities.0.into_iter().map(|(name, raw)| (name.value, rule(raw, sink))).collect::<BTreeMap<_, _>>(),
    }
}

fn instead(key: &str) -> &'static str {
    match key {
        "security" => "The `files_scope` of a workstream, `ai_policies.yaml` and the sandbox bound what a tool may do.",
        _ => "Every workstream has a worktree of its own; merges follow the waves of the plan.",
    }
}

fn tool(raw: RawTool, sink: &mut Sink<'_>) -> RegistryTool {
    if let Some(script) = &raw.adapter_script {
        let draft = Draft::new(Code::Ignored, script.place, "`adapterScript` means nothing here");
        sink.add(draft.hint("Say in a tool profile how it is started: `git orc tools add`."));
    }
    if let Some(update) = raw.auto_update.as_ref().filter(|update| update.value) {
        sink.add(Draft::new(Code::Ignored, update.place, "no tool is ever updated").hint("Update it yourself, before a run."));
    }
    RegistryTool {
        title: raw.name.map(|name| name.value),
        detect: texts(raw.detect_commands),
        version: texts(raw.version_command),
        capabilities: texts(raw.capabilities),
        pinned_version: raw.pinned_version.map(|version| version.value),
        max_parallel: raw.max_parallel.map(|count| count.value.narrow()),
    }
}

fn texts(raw: Option<At<Texts>>) -> Vec<String> {
    raw.into_iter().flat_map(|at| at.value).map(|text| text.value).collect()
}

fn rule(raw: RawCapability, sink: &mut Sink<'_>) -> CapabilityRule {
    let strategy = strategy(&raw, sink);
    let primary = raw.primary.map(|name| name.value.0).unwrap_or_default();
    let mut fallbacks: Vec<String> = Vec::new();
    for At { value: Name(name), place } in raw.fallback.into_iter().flat_map(|at| at.value) {
        if name == primary || fallbacks.contains(&name) {
            sink.add(Draft::new(Code::DuplicateId, place, format!("{} is named twice", quoted(&name))).hint("Keep one of the two."));
        } else {
            fallbacks.push(name);
        }
    }
    CapabilityRule {
        primary,
        fallbacks,
        strategy,
        timeout_sec: raw.timeout_ms.map(|time| time.value.wide().div_ceil(1000)),
        retries: raw.max_retries.map(|count| count.value.narrow()),
        requires: raw.context_requirements.map(|needs| requires(&needs.value)).unwrap_or_default(),
    }
}

fn strategy(raw: &RawCapability, sink: &mut Sink<'_>) -> Strategy {
    let is_balanced = raw.load_balance.as_ref().is_some_and(|balance| balance.value);
    let Some(word) = &raw.strategy else { return if is_balanced { Strategy::RoundRobin } else { Strategy::Fixed } };
    let strategy = match word.value {
        StrategyWord::Fixed => Strategy::Fixed,
        StrategyWord::RoundRobin => Strategy::RoundRobin,
        StrategyWord::ByRecord => Strategy::ByRecord,
    };
    if is_balanced && strategy != Strategy::RoundRobin {
        let message = format!("`loadBalance` means `round_robin`, and `strategy` says `{}`", strategy.word());
        sink.add(Draft::new(Code::ConflictingKeys, word.place, message).hint("Remove `loadBalance`."));
    }
    strategy
}

fn requires(raw: &RawRequirements) -> Requires {
    let needs = |word: &Option<At<NeedWord>>| word.as_ref().is_some_and(|word| word.value == NeedWord::Required);
    Requires { prompt: needs(&raw.prompt), files: needs(&raw.files), test_path: needs(&raw.test_path) }
}
