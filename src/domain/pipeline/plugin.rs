//! Plugins: what the manifest of a folder says that brings pipelines and templates of prompts.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::node::{Entry, Node};
use crate::domain::document::read::{Free, Name, Read};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Shape, SourceFile};
use crate::domain::document::version::Version;

/// The version of this program.
const OWN: &str = env!("CARGO_PKG_VERSION");

record! {
    /// The manifest of a plugin.
    RawPlugin requires ["name", "version"] extra Closed {
        /// The version of the format of manifests.
        format "format": Version,
        /// The name of the plugin.
        name "name": Name,
        /// Its version: three numbers, and what semantic versions have behind them.
        version "version": String,
        /// What it is for, in one sentence.
        description "description": String,
        /// Who wrote it.
        author "author": String,
        /// Its licence.
        license "license": String,
        /// Words to find it by.
        tags "tags": Vec<At<String>>,
        /// What it needs.
        requires "requires": RawRequires,
        /// The pipelines that it brings: names of files in `pipelines/`, without their ending.
        pipelines "pipelines": Vec<At<Name>>,
        /// The templates that it brings: names of files in `prompts/`, without their ending.
        prompts "prompts": Vec<At<Name>>,
        /// Free data.
        metadata "metadata": Free,
    }

    /// What a plugin needs.
    RawRequires requires [] extra Closed {
        /// The versions of git-orc, such as `>=0.1, <2`.
        git_orc "git_orc": String,
    }
}

/// What the manifest of a plugin says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The versions of git-orc that it needs.
    pub requires: Option<String>,
    /// The names of its pipelines.
    pub pipelines: Vec<String>,
    /// The names of its templates.
    pub prompts: Vec<String>,
}

/// What lies in the folders of a plugin.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The names of the pipeline files.
    pub pipelines: Vec<String>,
    /// The names of the templates.
    pub prompts: Vec<String>,
    /// The files that lead out of the plugin.
    pub leads_out: Vec<String>,
}

/// Returns what a manifest says, and everything that is wrong with it or with what lies beside it.
#[must_use]
pub fn check(file: &SourceFile, tree: &Tree) -> (Option<Manifest>, Vec<Diagnostic>) {
    let files = std::slice::from_ref(file);
    let mut sink = Sink::new(files, Shape::File);
    let raw = read_file(0, file, &mut sink).and_then(|root| RawPlugin::read(&root, &mut sink));
    let Some(raw) = raw else { return (None, sink.finish()) };
    if let Some(version) = &raw.version
        && parts(&version.value).is_none()
    {
        let draft = Draft::new(Code::UnknownValue, version.place, format!("{} is no version", quoted(&version.value)));
        sink.add(draft.hint("Write three numbers, such as `1.0.0`."));
    }
    if let Some(needed) = raw.requires.as_ref().and_then(|requires| requires.value.git_orc.as_ref()) {
        match fits(&needed.value, OWN) {
            Some(true) => {}
            Some(false) => {
                let message = format!("the plugin needs git-orc {}, and this is {OWN}", quoted(&needed.value));
                sink.add(
                    Draft::new(Code::Incompatible, needed.place, message).hint("Install a version of git-orc or of the plugin that fits."),
                );
            }
            None => {
                let draft = Draft::new(Code::UnknownValue, needed.place, format!("{} names no versions", quoted(&needed.value)));
                sink.add(draft.hint("Write `>=`, `>`, `<`, `<=` or `=` and a version, several of them with commas, such as `>=0.1, <2`."));
            }
        }
    }
    present(raw.pipelines.as_ref(), ("pipelines", ".yaml"), &tree.pipelines, &mut sink);
    present(raw.prompts.as_ref(), ("prompts", crate::domain::prompt::template::ENDING), &tree.prompts, &mut sink);
    let name = raw.name.as_ref().map(|name| name.place);
    for path in &tree.leads_out {
        let place = name.unwrap_or_default();
        let draft = Draft::new(Code::BadPath, place, format!("{} leads out of the plugin", quoted(path)));
        sink.add(draft.hint("Put the file itself there, or remove the link."));
    }
    let manifest = manifest(&raw).filter(|_| sink.errors() == 0);
    (manifest, sink.finish())
}

fn present(names: Option<&At<Vec<At<Name>>>>, (folder, ending): (&str, &str), there: &[String], sink: &mut Sink<'_>) {
    let mut seen: Vec<&str> = Vec::new();
    for name in names.map_or(&[][..], |names| names.value.as_slice()) {
        if seen.contains(&name.value.0.as_str()) {
            sink.add(Draft::new(Code::DuplicateId, name.place, format!("{} is listed twice", quoted(&name.value.0))));
        }
        seen.push(&name.value.0);
        if !there.contains(&name.value.0) {
            let draft = Draft::new(Code::MissingFile, name.place, format!("there is no `{folder}/{}{ending}`", name.value.0));
            let hint = sink.suggest(&name.value.0, there.iter().map(String::as_str));
            sink.add(draft.hint(hint.unwrap_or_else(|| "Put the file there, or take it off the list.".to_owned())));
        }
    }
}

fn manifest(raw: &RawPlugin) -> Option<Manifest> {
    let text = |at: Option<&At<String>>| at.map(|at| at.value.clone());
    let names = |at: Option<&At<Vec<At<Name>>>>| at.map_or_else(Vec::new, |at| at.value.iter().map(|name| name.value.0.clone()).collect());
    Some(Manifest {
        name: raw.name.as_ref()?.value.0.clone(),
        version: raw.version.as_ref()?.value.clone(),
        description: text(raw.description.as_ref()),
        author: text(raw.author.as_ref()),
        license: text(raw.license.as_ref()),
        tags: raw.tags.as_ref().map_or_else(Vec::new, |tags| tags.value.iter().map(|tag| tag.value.clone()).collect()),
        requires: raw.requires.as_ref().and_then(|requires| text(requires.value.git_orc.as_ref())),
        pipelines: names(raw.pipelines.as_ref()),
        prompts: names(raw.prompts.as_ref()),
    })
}

/// Returns what two plugins have both: a name, a pipeline or a template.
#[must_use]
pub fn refuse_doubles(all: &[(&Manifest, &SourceFile)]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let kinds: [(&str, fn(&Manifest) -> Vec<&String>); 3] = [
        ("plugin", |one| vec![&one.name]),
        ("pipeline", |one| one.pipelines.iter().collect()),
        ("template", |one| one.prompts.iter().collect()),
    ];
    for (what, names) in kinds {
        let mut seen: Vec<(&String, &str)> = Vec::new();
        for (manifest, file) in all {
            for name in names(manifest) {
                if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
                    let message = format!("the {what} {} is also in `{first}`", quoted(name));
                    found.push(Diagnostic::whole(Code::DuplicateId, &file.path, message));
                }
                seen.push((name, &file.path));
            }
        }
    }
    found
}

/// Returns the three numbers of a version; what follows them is left aside.
fn parts(version: &str) -> Option<[u64; 3]> {
    let numbers = loose(version)?;
    let core = version.split(['-', '+']).next()?;
    (core.split('.').count() == 3).then_some(numbers)
}

/// Returns the numbers of a version, those that are missing as 0.
fn loose(version: &str) -> Option<[u64; 3]> {
    let core = version.trim().split(['-', '+']).next()?;
    let mut numbers = [0; 3];
    for (at, part) in core.split('.').enumerate() {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        *numbers.get_mut(at).filter(|_| is_number)? = part.parse().ok()?;
    }
    Some(numbers)
}

/// Returns whether a version is one of those that are asked for; `None` when that can not be read.
fn fits(needed: &str, version: &str) -> Option<bool> {
    let version = loose(version)?;
    let mut all = true;
    for one in needed.split(',').map(str::trim) {
        let operator = [">=", "<=", ">", "<", "="].into_iter().find(|operator| one.starts_with(operator))?;
        let wanted = loose(one.strip_prefix(operator)?)?;
        all &= match operator {
            ">=" => version >= wanted,
            "<=" => version <= wanted,
            ">" => version > wanted,
            "<" => version < wanted,
            _ => version == wanted,
        };
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let check = |needed: &str, version: &str, expect: Option<bool>| assert_eq!(fits(needed, version), expect, "{needed} {version}");
        check(">=0.1", "0.1.0", Some(true));
        check(">=0.1, <0.2", "0.1.9", Some(true));
        check(">=0.1, <0.2", "0.10.0", Some(false));
        check("<2", "10.0.0", Some(false));
        check("=1.2.3", "1.2.3-rc.1", Some(true));
        check("1.2", "1.2.0", None);
        check(">=x", "1.2.0", None);
        check("", "1.2.0", None);
        assert_eq!(parts("1.2"), None);
        assert_eq!(parts("1.2.3-beta+5"), Some([1, 2, 3]));
        assert_eq!(parts("1.2.3.4"), None);
    }

    #[test]
    fn everything_that_is_wrong_with_a_plugin_is_told_at_once() {
        let text = "name: stories\nversion: \"1\"\nrequires: {git_orc: \">=99\"}\npipelines: [poem, poem]\nprompts: [verse]\nextra: 1\n";
        let tree = Tree { pipelines: vec!["poems".to_owned()], prompts: Vec::new(), leads_out: vec!["prompts/x.md.j2".to_owned()] };
        let (manifest, found) = check(&SourceFile::new("plugin.yaml", text), &tree);
        assert_eq!(manifest, None);
        let mut codes: Vec<_> = found.iter().map(|one| one.code.as_str()).collect();
        codes.sort_unstable();
        let expect =
            ["bad-path", "duplicate-id", "incompatible", "missing-file", "missing-file", "missing-file", "unknown-key", "unknown-value"];
        assert_eq!(codes, expect, "{found:#?}");
    }

    #[test]
    fn a_sound_plugin_says_what_it_brings() {
        let text =
            "name: stories\nversion: 1.0.0\nauthor: me\nlicense: MIT\ntags: [fiction]\nrequires: {git_orc: \">=0.1\"}\npipelines: [poem]\n";
        let tree = Tree { pipelines: vec!["poem".to_owned()], ..Tree::default() };
        let (manifest, found) = check(&SourceFile::new("plugin.yaml", text), &tree);
        assert!(found.is_empty(), "{found:#?}");
        let manifest = manifest.unwrap();
        assert_eq!((manifest.name.as_str(), manifest.pipelines.as_slice()), ("stories", &["poem".to_owned()][..]));
        let file = SourceFile::new("a/plugin.yaml", text);
        let doubles = refuse_doubles(&[(&manifest, &file), (&manifest, &file)]);
        assert_eq!(doubles.len(), 2, "{doubles:#?}");
    }
}
