//! The source tree as data: every file parsed, placed in the module tree, and marked when only tests see it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use ignore::WalkBuilder;
use syn::spanned::Spanned;

/// A broken rule, with the place where it is broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Offence {
    /// The file, relative to the top of the repository.
    pub(crate) path: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) message: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Which crate a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crate {
    /// The library, rooted in `src/lib.rs`.
    Library,
    /// The program, `src/main.rs`.
    Program,
    /// The integration tests, rooted in `tests/it/main.rs`.
    Tests,
}

/// One parsed file.
pub(crate) struct SourceFile {
    /// The path, relative to the top of the repository, with `/`.
    pub(crate) path: String,
    /// The module path below the crate root; empty for a root file.
    pub(crate) module: Vec<String>,
    /// The crate that it belongs to.
    pub(crate) owner: Crate,
    /// Whether a `#[cfg(test)]` stands on the way from the root to this file.
    pub(crate) test_only: bool,
    /// The text.
    pub(crate) text: String,
    /// The parsed text.
    pub(crate) syntax: syn::File,
}

impl SourceFile {
    /// Returns an offence in this file.
    pub(crate) fn offence(&self, line: usize, message: impl Into<String>) -> Offence {
        Offence { path: self.path.clone(), line, message: message.into() }
    }

    /// Returns the floor of the file, `None` for the root files.
    pub(crate) fn floor(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }
}

/// All files, and what was found wrong while placing them.
pub(crate) struct House {
    /// The files, by path.
    pub(crate) files: Vec<SourceFile>,
    /// Files that no `mod` reaches, and `mod` declarations that reach nothing.
    pub(crate) misplaced: Vec<Offence>,
}

impl House {
    /// Parses the files below `src` and `tests/it` of this repository.
    pub(crate) fn load() -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut sources = BTreeMap::new();
        for folder in ["src", "tests/it"] {
            for entry in WalkBuilder::new(top.join(folder)).standard_filters(false).build() {
                let entry = entry.expect("the source tree can be walked");
                if entry.path().extension().is_some_and(|e| e == "rs") {
                    let path = entry.path().strip_prefix(top).expect("below the top").to_str().expect("source paths are UTF-8");
                    sources.insert(path.to_owned(), std::fs::read_to_string(entry.path()).expect("a source file can be read"));
                }
            }
        }
        Self::parse(sources)
    }

    /// Parses files given as path and text.
    pub(crate) fn from_texts(texts: &[(&str, &str)]) -> Self {
        Self::parse(texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    fn parse(sources: BTreeMap<String, String>) -> Self {
        let mut files: Vec<SourceFile> = sources
            .into_iter()
            .map(|(path, text)| {
                let syntax = syn::parse_file(&text).unwrap_or_else(|e| panic!("{path}:{}: {e}", e.span().start().line));
                let (owner, module) = place(&path);
                SourceFile { path, module, owner, test_only: false, text, syntax }
            })
            .collect();
        let (reached, misplaced) = walk_declarations(&files);
        for file in &mut files {
            file.test_only = reached.get(&file.path).copied() == Some(Audience::Tests);
        }
        Self { files, misplaced }
    }

    /// Returns the files of the library, root included.
    pub(crate) fn library(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|f| f.owner == Crate::Library)
    }

    /// Returns the modules of the library.
    pub(crate) fn library_modules(&self) -> BTreeSet<Vec<String>> {
        self.library().map(|f| f.module.clone()).collect()
    }
}

/// Returns whether an item with these attributes is compiled for tests only.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        let name = a.path().segments.last().map(|s| s.ident.to_string());
        match name.as_deref() {
            Some("test") => true,
            Some("cfg") => a.parse_args::<syn::Path>().is_ok_and(|p| p.is_ident("test")),
            _ => false,
        }
    })
}

/// Returns the crate and the module path that a file has by its place.
fn place(path: &str) -> (Crate, Vec<String>) {
    let (owner, inner) = match path {
        "src/main.rs" => return (Crate::Program, Vec::new()),
        "src/lib.rs" => return (Crate::Library, Vec::new()),
        "tests/it/main.rs" => return (Crate::Tests, Vec::new()),
        _ => match path.strip_prefix("tests/it/") {
            Some(inner) => (Crate::Tests, inner),
            None => (Crate::Library, path.strip_prefix("src/").unwrap_or(path)),
        },
    };
    let inner = inner.strip_suffix("/mod.rs").or_else(|| inner.strip_suffix(".rs")).unwrap_or(inner);
    (owner, inner.split('/').map(str::to_owned).collect())
}

/// Who sees a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    Everyone,
    Tests,
}

/// Follows the `mod` declarations from the three roots.
fn walk_declarations(files: &[SourceFile]) -> (BTreeMap<String, Audience>, Vec<Offence>) {
    let by_path: BTreeMap<&str, &SourceFile> = files.iter().map(|f| (f.path.as_str(), f)).collect();
    let mut reached = BTreeMap::new();
    let mut misplaced = Vec::new();
    let roots = ["src/lib.rs", "src/main.rs", "tests/it/main.rs"];
    let mut open: Vec<(&SourceFile, Audience)> = roots.iter().filter_map(|r| by_path.get(r)).map(|f| (*f, Audience::Everyone)).collect();
    while let Some((file, audience)) = open.pop() {
        if reached.insert(file.path.clone(), audience).is_some() {
            continue;
        }
        let folder = match file.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => file.path.trim_end_matches(".rs").to_owned(),
        };
        for declared in declarations(&file.syntax.items, &folder, audience) {
            if declared.has_path_attribute {
                misplaced.push(file.offence(declared.line, "`#[path]` hides where a module lives; move the file"));
            }
            let found = declared.candidates.iter().find_map(|c| by_path.get(c.as_str()));
            match found {
                Some(child) => open.push((child, declared.audience)),
                None => misplaced.push(file.offence(declared.line, format!("`mod` without a file: {}", declared.candidates.join(" or ")))),
            }
        }
    }
    let forgotten = files.iter().filter(|f| !reached.contains_key(&f.path));
    misplaced.extend(forgotten.map(|f| f.offence(1, "no `mod` reaches this file, so nothing in it is compiled")));
    (reached, misplaced)
}

/// A `mod name;`.
struct Declaration {
    line: usize,
    candidates: [String; 2],
    audience: Audience,
    has_path_attribute: bool,
}

fn declarations(items: &[syn::Item], folder: &str, audience: Audience) -> Vec<Declaration> {
    let mut found = Vec::new();
    for item in items {
        let syn::Item::Mod(module) = item else { continue };
        let audience = if is_for_tests(&module.attrs) { Audience::Tests } else { audience };
        let place = format!("{folder}/{}", module.ident);
        match &module.content {
            Some((_, inner)) => found.extend(declarations(inner, &place, audience)),
            None => found.push(Declaration {
                line: module.ident.span().start().line,
                candidates: [format!("{place}.rs"), format!("{place}/mod.rs")],
                audience,
                has_path_attribute: module.attrs.iter().any(|a| a.path().is_ident("path")),
            }),
        }
    }
    found
}

/// Returns the first and last line of a syntax node.
pub(crate) fn lines_of(node: &impl Spanned) -> (usize, usize) {
    let span = node.span();
    (span.start().line, span.end().line)
}
