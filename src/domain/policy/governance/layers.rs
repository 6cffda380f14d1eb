//! Layers of policies: the shipped one, the user's, the constraints of the repository's profile, and the repository's own. A later one only tightens; where it would loosen, it is refused.

use std::sync::Arc;

use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::node::Value;
use crate::domain::document::read::Read;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place, Shape, SourceFile};
use crate::domain::policy::governance::check::{constraints, layer};
use crate::domain::policy::governance::globs::{Glob, Globs};
use crate::domain::policy::governance::limit::{Limits, Section};
use crate::domain::policy::governance::model::{Forbidden, Governance, Invariant, Layer};
use crate::domain::policy::governance::raw::{Most, RawPolicies};
use crate::domain::policy::governance::secrets::rules::SecretRules;
use crate::domain::policy::governance::word::Ruling;
use crate::domain::settings::raw::RawProfile;

/// What holds when nobody says anything else: `config/ai_policies.yaml`.
pub const SHIPPED: &str = include_str!("../../../../config/ai_policies.yaml");

/// The name of a profile, whose constraints are a layer; a file of any other name holds policies.
pub const PROFILE: &str = "PROJECT_PROFILE.yaml";

/// Reads the files of all layers, the lowest first, and lays them over each other.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse_policies(files: &[SourceFile], rules: &Arc<SecretRules>) -> Result<Governance, Vec<Diagnostic>> {
    let mut sink = Sink::new(files, Shape::File);
    let mut layers = Vec::with_capacity(files.len());
    for (number, file) in (0_u32..).zip(files) {
        // A file with nothing but comments says nothing.
        let root = read_file(number, file, &mut sink).filter(|root| !matches!(root.value, Value::Null));
        let read = if file.path.rsplit('/').next() == Some(PROFILE) {
            root.and_then(|root| RawProfile::read(&root, &mut sink)).map(|raw| constraints(&raw))
        } else {
            root.and_then(|root| RawPolicies::read(&root, &mut sink)).map(|raw| layer(&raw, rules, &mut sink))
        };
        layers.push(read.unwrap_or_default());
    }
    let governance = lay(&layers, rules, &mut sink);
    if sink.errors() > 0 { Err(sink.finish()) } else { Ok(governance) }
}

/// Lays layers over each other; what loosens goes to the sink.
fn lay(layers: &[Layer], rules: &Arc<SecretRules>, sink: &mut Sink<'_>) -> Governance {
    let mut governance = Governance::default();
    let mut known = Known::default();
    let mut scan: Option<At<bool>> = None;
    let mut overflow: Option<&[At<Glob>]> = None;
    for (number, layer) in layers.iter().enumerate() {
        keep_zones(layers.get(..number).unwrap_or_default(), layer, sink);
        known.add(layer, sink);
        scan = tightened_scan(scan, layer, sink);
        overflow = tightened_overflow(overflow, layer.overflow.as_deref(), sink);
        governance.read_only.push(layer.read_only.zone());
        governance.review.push(layer.review.zone());
        governance.protected.push(layer.protected.zone());
        governance.asks = governance.asks.and(layer.asks);
        for allowance in &layer.allow {
            governance.allow.push(allowance.value.clone());
        }
    }
    for zones in [&mut governance.read_only, &mut governance.review, &mut governance.protected] {
        zones.retain(|zone| !zone.globs.is_empty());
    }
    governance.limits = limits(layers, sink);
    governance.invariants = known.invariants.into_iter().map(|one| one.value.clone()).collect();
    governance.forbidden = known.forbidden.into_iter().map(|one| one.value.clone()).collect();
    governance.overflow = Globs::new(overflow.unwrap_or_default().iter().map(|glob| glob.value.clone()).collect());
    governance.secrets = scan.is_none_or(|scan| scan.value).then(|| Arc::clone(rules));
    governance
}

fn weakened(place: Place, message: String, first: Option<Place>) -> Draft {
    let draft = Draft::new(Code::ConstraintWeakened, place, message)
        .hint("A later layer may only tighten what an earlier one says; remove it here.");
    match first {
        Some(first) => draft.related("tighter here", first),
        None => draft,
    }
}

/// A path that an earlier layer keeps must not get into a freer zone.
fn keep_zones(earlier: &[Layer], layer: &Layer, sink: &mut Sink<'_>) {
    for before in earlier {
        let pairs = [
            (&layer.safe, "safe_to_modify", &before.read_only, "read_only"),
            (&layer.safe, "safe_to_modify", &before.review, "review_required"),
            (&layer.review, "review_required", &before.read_only, "read_only"),
        ];
        for (freer, free, kept, keep) in pairs {
            for glob in &freer.globs {
                let around = kept.globs.iter().find(|one| Globs::new(vec![one.value.clone()]).containing(&glob.value.files()).is_some());
                if let Some(around) = around {
                    let message = format!("{} gets from `{keep}` to `{free}`", quoted(glob.value.text()));
                    sink.add(weakened(glob.place, message, Some(around.place)));
                }
            }
        }
    }
}

/// What has an id, of all layers so far.
#[derive(Default)]
struct Known<'a> {
    invariants: Vec<&'a At<Invariant>>,
    forbidden: Vec<&'a At<Forbidden>>,
}

impl<'a> Known<'a> {
    fn add(&mut self, layer: &'a Layer, sink: &mut Sink<'_>) {
        for one in &layer.invariants {
            match self.invariants.iter().find(|known| known.value.id == one.value.id) {
                // Twins of one file are told by who checks the file.
                Some(known) if known.place.file == one.place.file || is_same_invariant(&known.value, &one.value) => {}
                Some(known) => {
                    let message = format!("the invariant {} says something else than before", quoted(&one.value.id));
                    sink.add(weakened(one.place, message, Some(known.place)));
                }
                None => self.invariants.push(one),
            }
        }
        for one in &layer.forbidden {
            match self.forbidden.iter().find(|known| known.value.id == one.value.id) {
                Some(known) if known.place.file == one.place.file || is_same_pattern(&known.value, &one.value) => {}
                Some(known) => {
                    let message = format!("the forbidden pattern {} says something else than before", quoted(&one.value.id));
                    sink.add(weakened(one.place, message, Some(known.place)));
                }
                None => self.forbidden.push(one),
            }
        }
    }
}

fn is_same_invariant(a: &Invariant, b: &Invariant) -> bool {
    a.description == b.description && a.enforcement == b.enforcement && texts(&a.paths) == texts(&b.paths)
}

fn is_same_pattern(a: &Forbidden, b: &Forbidden) -> bool {
    a.pattern.as_str() == b.pattern.as_str() && texts(&a.paths) == texts(&b.paths)
}

fn texts(globs: &Globs) -> Vec<&str> {
    globs.iter().map(Glob::text).collect()
}

/// Secrets that were searched for are searched for, and what is allowed is less than everything.
fn tightened_scan(before: Option<At<bool>>, layer: &Layer, sink: &mut Sink<'_>) -> Option<At<bool>> {
    let is_on = before.as_ref().is_none_or(|scan| scan.value);
    for allowance in layer.allow.iter().filter(|_| is_on) {
        let everywhere = allowance.value.path.clone().is_none_or(|path| match Glob::parse("**") {
            Ok(all) => Globs::new(vec![path]).containing(&all.alternatives()).is_some(),
            Err(_) => false,
        });
        if everywhere && allowance.value.rule.is_none() && allowance.value.fingerprint.is_none() {
            let draft =
                weakened(allowance.place, "every secret in every file is allowed".to_owned(), before.as_ref().map(|scan| scan.place));
            sink.add(draft.hint("Name a `rule`, a `fingerprint`, or a `path` that is narrower."));
        }
    }
    match (&before, &layer.scan) {
        (Some(At { value: true, place }), Some(At { value: false, place: here })) => {
            sink.add(weakened(*here, "secrets are no longer searched for".to_owned(), Some(*place)));
            before
        }
        (_, Some(scan)) => Some(scan.clone()),
        (_, None) => before,
    }
}

/// Files come along only where they did before.
fn tightened_overflow<'a>(before: Option<&'a [At<Glob>]>, now: Option<&'a [At<Glob>]>, sink: &mut Sink<'_>) -> Option<&'a [At<Glob>]> {
    let (Some(before), Some(now)) = (before, now) else { return now.or(before) };
    let list = Globs::new(before.iter().map(|glob| glob.value.clone()).collect());
    for glob in now {
        if list.containing(&glob.value.files()).is_none() {
            let message = format!("{} did not come along before", quoted(glob.value.text()));
            sink.add(weakened(glob.place, message, before.first().map(|first| first.place)));
        }
    }
    Some(now)
}

fn limits(layers: &[Layer], sink: &mut Sink<'_>) -> Limits {
    macro_rules! of_layers {
        ($tightened:ident, $key:ident) => {{
            let values = layers.iter().filter_map(|layer| layer.limits.$key.as_ref());
            $tightened(values, stringify!($key), sink)
        }};
    }
    macro_rules! said_by {
        ($least:ident, $key:ident) => {{
            let says = |layer: &&Layer| layer.limits.$key.as_ref().is_some_and(|most| Some(most.value.wide()) == $least);
            layers.iter().find(says).map_or(Section::Limits, |layer| layer.section)
        }};
    }
    let max_files_changed = of_layers!(tightened_most, max_files_changed);
    let max_lines_changed = of_layers!(tightened_most, max_lines_changed);
    Limits {
        max_files_changed,
        files_by: said_by!(max_files_changed, max_files_changed),
        max_lines_changed,
        lines_by: said_by!(max_lines_changed, max_lines_changed),
        max_file_bytes: of_layers!(tightened_most, max_file_bytes),
        binary: of_layers!(tightened_ruling, binary),
        symlinks: of_layers!(tightened_ruling, symlinks),
        submodules: of_layers!(tightened_ruling, submodules),
        mode_changes: of_layers!(tightened_ruling, mode_changes),
    }
}

fn tightened_most<'a>(values: impl Iterator<Item = &'a At<Most>>, key: &str, sink: &mut Sink<'_>) -> Option<u64> {
    let mut least: Option<&At<Most>> = None;
    for value in values {
        match least {
            Some(before) if value.value.wide() > before.value.wide() => {
                let message = format!("`{key}` grows from {} to {}", before.value.wide(), value.value.wide());
                sink.add(weakened(value.place, message, Some(before.place)));
            }
            Some(_) | None => least = Some(value),
        }
    }
    least.map(|least| least.value.wide())
}

fn tightened_ruling<'a>(values: impl Iterator<Item = &'a At<Ruling>>, key: &str, sink: &mut Sink<'_>) -> Ruling {
    let mut refused: Option<Place> = None;
    for value in values {
        match (value.value, refused) {
            (Ruling::Refuse, _) => refused = refused.or(Some(value.place)),
            (Ruling::Allow, Some(before)) => {
                sink.add(weakened(value.place, format!("`{key}` goes from `refuse` to `allow`"), Some(before)));
            }
            (Ruling::Allow, None) => {}
        }
    }
    if refused.is_some() { Ruling::Refuse } else { Ruling::Allow }
}
