//! Reports in JSON: whole documents, and streams with one object per line.
//!
//! A [`Shape`] knows its documents by their keys. Most are rows of [`flat::TABLES`]; those that are more than a list of findings have a file.

mod cargo;
pub(super) mod flat;
mod go;
mod jest;
mod sarif;
pub(super) mod value;

use std::sync::LazyLock;

use serde_json::Value;

use super::draft::{CheckOutput, Draft, Reading};

/// A kind of document.
pub(super) struct Shape {
    /// The name of the format.
    pub(super) name: &'static str,
    /// What it is, for people.
    pub(super) about: &'static str,
    /// Returns whether a document is one of these.
    is: Box<dyn Fn(&Value) -> bool + Send + Sync>,
    /// Reads all documents of the shape together.
    read: Box<Reader>,
}

type Reader = dyn Fn(&[&Value], &CheckOutput<'_>) -> Result<Vec<Draft>, String> + Send + Sync;

/// All shapes; of several that know a document the first one reads it.
pub(super) static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let mut shapes = vec![
        Shape::new("cargo", "cargo, rustc and clippy with `--message-format=json`", (cargo::is, cargo::read)),
        Shape::new("sarif", "SARIF 2.1.0", (sarif::is, sarif::read)),
        Shape::new("go-test", "`go test -json`", (go::is_event, go::events)),
        Shape::new("go-vet", "`go vet -json`", (go::is_vet, go::vet)),
        Shape::new("jest", "jest and vitest with a report in JSON", (jest::is, jest::read)),
    ];
    shapes.extend(flat::TABLES.iter().map(|table| Shape {
        name: table.name,
        about: table.about,
        is: Box::new(|document| table.is(document)),
        read: Box::new(|documents, check| Ok(documents.iter().flat_map(|document| table.read(document, check)).collect())),
    }));
    let nothing: Pair = (is_empty, |_, _| Ok(Vec::new()));
    shapes.push(Shape::new("empty", "`[]` or `{}`, which many tools print when there is nothing to tell", nothing));
    shapes
});

type Pair = (fn(&Value) -> bool, fn(&[&Value], &CheckOutput<'_>) -> Result<Vec<Draft>, String>);

impl Shape {
    fn new(name: &'static str, about: &'static str, (is, read): Pair) -> Self {
        Self { name, about, is: Box::new(is), read: Box::new(read) }
    }

    /// Reads the documents of this shape.
    pub(super) fn read(&self, documents: &[&Value], check: &CheckOutput<'_>) -> Reading {
        match (self.read)(documents, check) {
            Ok(drafts) => Reading::of_report(drafts),
            Err(reason) => {
                Reading { broken: vec![format!("a report looks like {} and can not be read: {reason}", self.about)], ..Reading::default() }
            }
        }
    }

    pub(super) fn is(&self, document: &Value) -> bool {
        (self.is)(document)
    }
}

fn is_empty(document: &Value) -> bool {
    document.as_array().is_some_and(Vec::is_empty) || document.as_object().is_some_and(serde_json::Map::is_empty)
}
