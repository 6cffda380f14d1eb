//! What `git orc prompt` answers.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use crate::domain::prompt::classification::Classification;
use crate::domain::prompt::template::Templates;
use crate::domain::text::grouped;
use crate::domain::text::{count, one_line};
use crate::ops::prompt::ShownPrompt;

/// The version of the documents; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct PromptDocument<'a> {
    schema_version: u32,
    workstream: &'a str,
    step: &'a str,
    tool: Option<&'a str>,
    template: Option<&'a str>,
    classification: Option<Classification>,
    tokens: u64,
    window: Option<u64>,
    files: Vec<String>,
    notes: &'a [String],
    prompt: &'a str,
}

#[derive(Serialize)]
struct TemplatesDocument<'a> {
    schema_version: u32,
    templates: Vec<TemplateRow<'a>>,
}

#[derive(Serialize)]
struct TemplateRow<'a> {
    name: &'a str,
    origin: &'a str,
}

/// Returns a line about a prompt.
#[must_use]
pub fn line(shown: &ShownPrompt) -> String {
    let head = format!("{}, step {}: ", shown.workstream, shown.step);
    let tokens = format!("about {} tokens", grouped(shown.tokens));
    let Some(coming) = &shown.coming else { return format!("{head}{tokens}") };
    let Classification { complexity, domain, operation } = coming.classification;
    let window = coming.window.map_or_else(|| "unknown".to_owned(), |window| format!("{} tokens", grouped(window)));
    let files = count(coming.files.len(), "file");
    format!(
        "{head}{}, {}, {}; {tokens}; {files} given; window of {}: {window}",
        complexity.name(),
        domain.name(),
        operation.name(),
        coming.tool
    )
}

/// Returns one JSON document.
#[must_use]
pub fn json(shown: &ShownPrompt) -> String {
    let coming = shown.coming.as_ref();
    pretty(&PromptDocument {
        schema_version: SCHEMA_VERSION,
        workstream: &shown.workstream,
        step: &shown.step,
        tool: coming.map(|coming| coming.tool.as_str()),
        template: coming.map(|coming| coming.template.as_str()),
        classification: coming.map(|coming| coming.classification),
        tokens: shown.tokens,
        window: coming.and_then(|coming| coming.window),
        files: coming.map(|coming| coming.files.iter().map(ToString::to_string).collect()).unwrap_or_default(),
        notes: coming.map(|coming| coming.notes.as_slice()).unwrap_or_default(),
        prompt: &shown.text,
    })
}

/// Returns one line per template.
#[must_use]
pub fn templates(templates: &Templates) -> Styled {
    let mut out = Styled::default();
    for template in templates.all() {
        out.put(Role::Strong, format!("{:16}", one_line(&template.name))).add(one_line(&template.origin));
        out.line();
    }
    out
}

/// Returns the templates as one JSON document.
#[must_use]
pub fn templates_json(templates: &Templates) -> String {
    let templates = templates.all().iter().map(|one| TemplateRow { name: &one.name, origin: &one.origin }).collect();
    pretty(&TemplatesDocument { schema_version: SCHEMA_VERSION, templates })
}
