//! Scopes: globs that can be read, something to write, and no contradiction.

use std::collections::HashMap;

use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place, Shape};
use crate::domain::plan::raw::{RawWorkstream, Texts};
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::scope::{GlobError, Scope, ScopeField};

/// The globs of a workstream, with the defaults of the plan applied.
struct Globs<'a> {
    write: &'a [At<String>],
    create: &'a [At<String>],
    forbid: &'a [At<String>],
}

impl<'a> Globs<'a> {
    fn new(own: &'a RawWorkstream, defaults: &'a RawWorkstream) -> Self {
        fn pick<'a>(own: Option<&'a At<Texts>>, default: Option<&'a At<Texts>>) -> &'a [At<String>] {
            own.or(default).map_or(&[], |texts| texts.value.as_slice())
        }
        Self {
            write: pick(own.files_scope.as_ref(), defaults.files_scope.as_ref()),
            create: pick(own.files_create.as_ref(), defaults.files_create.as_ref()),
            forbid: pick(own.files_forbid.as_ref(), defaults.files_forbid.as_ref()),
        }
    }

    fn field(&self, field: ScopeField) -> &'a [At<String>] {
        match field {
            ScopeField::Write => self.write,
            ScopeField::Create => self.create,
            ScopeField::Forbid => self.forbid,
        }
    }
}

/// Returns the scope of a workstream; what is wrong with it goes to the sink.
pub fn scope(own: &At<RawWorkstream>, defaults: &RawWorkstream, sink: &mut Sink<'_>) -> Option<Scope> {
    let globs = Globs::new(&own.value, defaults);
    let place = own.value.id.as_ref().map_or(own.place, |id| id.place);
    let is_readable = !own.value.broken && !defaults.broken;
    if is_readable && globs.write.is_empty() && globs.create.is_empty() {
        let draft = Draft::new(Code::EmptyScope, place, "the workstream may write nothing");
        sink.add(draft.hint("List globs under `files_scope` or `files_create`, such as `[\"src/**\"]`."));
    }
    report_contradictions(&globs, sink);
    let texts = |texts: &[At<String>]| -> Vec<String> { texts.iter().map(|text| relative(&text.value, sink.shape())).collect() };
    match Scope::new(&texts(globs.write), &texts(globs.create), &texts(globs.forbid)) {
        Ok(scope) => Some(scope),
        Err(errors) => {
            for error in errors {
                report_glob(&error, globs.field(error.field), place, sink);
            }
            None
        }
    }
}

/// Returns the globs of the files that a workstream reads; what is wrong with them goes to the sink.
pub fn inputs(globs: &[At<String>], sink: &mut Sink<'_>) -> Vec<Pattern> {
    let mut patterns = Vec::with_capacity(globs.len());
    for glob in globs {
        match Pattern::parse(&relative(&glob.value, sink.shape())) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => sink.add(Draft::new(Code::BadGlob, glob.place, format!("in `inputs`: {error}"))),
        }
    }
    patterns
}

/// The original system took `/src/x` in a bundle for `src/x`.
fn relative(glob: &str, shape: Shape<'_>) -> String {
    match shape {
        Shape::File => glob.to_owned(),
        Shape::Bundles { .. } => glob.trim_start_matches('/').to_owned(),
    }
}

fn report_glob(error: &GlobError, globs: &[At<String>], otherwise: Place, sink: &mut Sink<'_>) {
    let place = globs.get(error.index).map_or(otherwise, |glob| glob.place);
    sink.add(Draft::new(Code::BadGlob, place, format!("in `{}`: {}", error.field.name(), error.message)));
}

fn report_contradictions(globs: &Globs<'_>, sink: &mut Sink<'_>) {
    let forbidden: HashMap<&str, Place> = globs.forbid.iter().map(|glob| (glob.value.as_str(), glob.place)).collect();
    for glob in globs.write.iter().chain(globs.create) {
        if let Some(place) = forbidden.get(glob.value.as_str()) {
            let draft = Draft::new(Code::ContradictoryScope, glob.place, format!("{} is also forbidden", quoted(&glob.value)));
            sink.add(draft.hint("`files_forbid` wins; remove it from one of the two lists.").related("forbidden here", *place));
        }
    }
}
