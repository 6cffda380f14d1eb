//! From what a policy file says to what it means, by itself: globs and expressions that can be used, ids that are not used twice.

use std::collections::HashMap;

use regex::bytes::RegexBuilder;

use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::policy::governance::globs::{Glob, Globs};
use crate::domain::policy::governance::limit::Section;
use crate::domain::policy::governance::model::{Allowance, Asks, Forbidden, Invariant, Layer, PlacedZone};
use crate::domain::policy::governance::raw::{Most, RawAllow, RawForbidden, RawInvariant, RawLimits, RawPolicies, RawZone, Texts};
use crate::domain::policy::governance::secrets::rules::SecretRules;
use crate::domain::settings::raw::{RawConstraints, RawProfile};

/// How large an expression may become once it is compiled, in bytes.
const MOST_COMPILED: usize = 1 << 20;

/// Checks what one file says; what is wrong with it goes to the sink.
pub fn layer(raw: &RawPolicies, rules: &SecretRules, sink: &mut Sink<'_>) -> Layer {
    let zones = raw.zones.as_ref().map(|zones| &zones.value);
    let secrets = raw.secrets.as_ref().map(|secrets| &secrets.value);
    let mut layer = Layer {
        safe: zone(zones.and_then(|zones| zones.safe_to_modify.as_ref()), sink),
        review: zone(zones.and_then(|zones| zones.review_required.as_ref()), sink),
        read_only: zone(zones.and_then(|zones| zones.read_only.as_ref()), sink),
        limits: raw.limits.as_ref().map(|limits| limits.value.clone()).unwrap_or_default(),
        scan: secrets.and_then(|secrets| secrets.scan.clone()),
        ..Layer::default()
    };
    if let Some(protected) = &raw.protected {
        layer.protected.globs = globs(protected.value.paths.as_ref(), sink);
        layer.protected.rationale = text(protected.value.rationale.as_ref());
    }
    layer.overflow = raw.overflow.as_ref().map(|overflow| globs(overflow.value.paths.as_ref(), sink));
    let invariants = raw.invariants.as_ref().map_or(&[][..], |all| &all.value);
    layer.invariants = invariants.iter().filter_map(|one| invariant(one, sink)).collect();
    refuse_twins(layer.invariants.iter().map(|one| (one.value.id.as_str(), one.place)), "invariants", sink);
    let forbidden = raw.forbidden_patterns.as_ref().map_or(&[][..], |all| &all.value);
    layer.forbidden = forbidden.iter().filter_map(|one| forbidden_pattern(one, sink)).collect();
    refuse_twins(layer.forbidden.iter().map(|one| (one.value.id.as_str(), one.place)), "forbidden patterns", sink);
    let allow = secrets.and_then(|secrets| secrets.allow.as_ref()).map_or(&[][..], |all| &all.value);
    layer.allow = allow.iter().filter_map(|one| allowance(one, rules, sink)).collect();
    layer
}

/// Returns the layer that the constraints of a profile are.
#[must_use]
pub fn constraints(raw: &RawProfile) -> Layer {
    let nothing = RawConstraints::default();
    let raw = raw.constraints.as_ref().map_or(&nothing, |constraints| &constraints.value);
    let is_on = |switch: &Option<At<bool>>| switch.as_ref().is_some_and(|switch| switch.value);
    let limits = RawLimits {
        max_files_changed: raw.max_files_changed.as_ref().map(|most| At { value: Most::nearest(most.value.wide()), place: most.place }),
        max_lines_changed: raw.max_lines_changed.as_ref().map(|most| At { value: Most::nearest(most.value.wide()), place: most.place }),
        ..RawLimits::default()
    };
    let asks = Asks { ascii: is_on(&raw.ascii_only), issue: is_on(&raw.require_issue_ref), tests: is_on(&raw.tests_must_pass) };
    Layer { limits, section: Section::Constraints, asks, ..Layer::default() }
}

fn text(written: Option<&At<String>>) -> Option<String> {
    written.map(|text| text.value.clone())
}

fn zone(raw: Option<&At<RawZone>>, sink: &mut Sink<'_>) -> PlacedZone {
    let Some(raw) = raw.map(|zone| &zone.value) else { return PlacedZone::default() };
    let validation = raw.validation.as_ref().map_or(&[][..], |all| &all.value);
    PlacedZone {
        globs: globs(raw.paths.as_ref(), sink),
        rationale: text(raw.rationale.as_ref()),
        validation: validation.iter().filter_map(|one| text(one.value.command.as_ref())).collect(),
    }
}

fn globs(texts: Option<&At<Texts>>, sink: &mut Sink<'_>) -> Vec<At<Glob>> {
    texts.map_or(&[][..], |texts| &texts.value).iter().filter_map(|text| glob(text, sink)).collect()
}

fn glob(text: &At<String>, sink: &mut Sink<'_>) -> Option<At<Glob>> {
    match Glob::parse(&text.value) {
        Ok(value) => Some(At { value, place: text.place }),
        Err(error) => {
            let draft = Draft::new(Code::BadGlob, text.place, error.to_string());
            sink.add(
                draft
                    .hint("Write a path below the top of the repository, with `*`, `?`, `[ab]`, `{a,b}`, and `**` for folders in between."),
            );
            None
        }
    }
}

fn plain(globs: Vec<At<Glob>>) -> Globs {
    Globs::new(globs.into_iter().map(|glob| glob.value).collect())
}

/// Reports ids that are used twice in one file.
fn refuse_twins<'a>(ids: impl Iterator<Item = (&'a str, Place)>, what: &str, sink: &mut Sink<'_>) {
    let mut seen = HashMap::new();
    for (id, place) in ids {
        if let Some(first) = seen.insert(id, place) {
            let draft = Draft::new(Code::DuplicateId, place, format!("two {what} have the id {}", quoted(id)));
            sink.add(draft.hint("Give one of them another id.").related("first used here", first));
        }
    }
}

fn invariant(raw: &At<RawInvariant>, sink: &mut Sink<'_>) -> Option<At<Invariant>> {
    let paths = plain(globs(raw.value.affected_paths.as_ref(), sink));
    let id = raw.value.id.as_ref()?;
    let value = Invariant {
        id: id.value.clone(),
        description: text(raw.value.description.as_ref()),
        enforcement: raw.value.enforcement.as_ref().map(|word| word.value),
        paths,
    };
    Some(At { value, place: id.place })
}

fn forbidden_pattern(raw: &At<RawForbidden>, sink: &mut Sink<'_>) -> Option<At<Forbidden>> {
    let paths = plain(globs(raw.value.paths.as_ref(), sink));
    let written = raw.value.pattern.as_ref()?;
    let pattern = match RegexBuilder::new(&written.value).size_limit(MOST_COMPILED).build() {
        Ok(pattern) => pattern,
        Err(error) => {
            let message = error.to_string();
            let what = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let draft = Draft::new(Code::BadRegex, written.place, format!("can not be used as a regular expression: {what}"));
            sink.add(draft.hint("Write it between single quotes; a backslash makes the next character an ordinary one."));
            return None;
        }
    };
    if pattern.is_match(b"") {
        let draft = Draft::new(Code::BadRegex, written.place, "matches an empty line, and so every line");
        sink.add(draft.hint("Let it match at least one character."));
        return None;
    }
    let id = raw.value.id.as_ref()?;
    let value = Forbidden {
        id: id.value.0.clone(),
        pattern,
        paths,
        reason: text(raw.value.reason.as_ref()).unwrap_or_default(),
        alternative: text(raw.value.alternative.as_ref()),
    };
    Some(At { value, place: id.place })
}

fn allowance(raw: &At<RawAllow>, rules: &SecretRules, sink: &mut Sink<'_>) -> Option<At<Allowance>> {
    let RawAllow { rule, path, fingerprint, .. } = &raw.value;
    if let Some(rule) = rule
        && !rules.has(&rule.value)
    {
        let near = sink.suggest(&rule.value, rules.ids());
        let draft = Draft::new(Code::UnknownId, rule.place, format!("no rule has the id {}", quoted(&rule.value)));
        sink.add(draft.hint(near.unwrap_or_else(|| "Copy the id from the refusal.".to_owned())));
    }
    let written = path.as_ref();
    let path = written.and_then(|path| glob(path, sink));
    if raw.value.broken || written.is_some() != path.is_some() {
        return None;
    }
    let value = Allowance {
        rule: text(rule.as_ref()),
        path: path.map(|path| path.value),
        fingerprint: fingerprint.as_ref().map(|one| one.value.0.clone()),
    };
    Some(At { value, place: raw.place })
}
