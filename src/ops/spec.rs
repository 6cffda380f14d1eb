//! `validate --spec`: documents against their schemas, and Markdown against its structure; what is wrong comes as findings.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use jsonschema::{Retrieve, Uri, Validator};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use crate::domain::document::load::read_file;
use crate::domain::document::node::Node;
use crate::domain::document::sink::{Sink, quoted};
use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::finding::chooser::Found;
use crate::domain::finding::draft::{Base, Draft};
use crate::domain::finding::model::Finding;
use crate::domain::spec::links::Target;
use crate::domain::spec::markdown::Outline;
use crate::domain::spec::reference::{Reference, declared};
use crate::domain::spec::report::Report;
use crate::domain::spec::rules::{check, declared_structure};
use crate::domain::spec::structure::{SHIPPED, Structure, parse};
use crate::domain::spec::{schema, shipped};
use crate::domain::text::count;
use crate::io::fs::{self, FsError};
use crate::ops::context::Desk;
use crate::ops::detect::{Detected, place};

/// The most of a document that is read, in bytes.
const MOST: u64 = 4 << 20;
/// The most findings that are told.
const MOST_FINDINGS: usize = 10_000;
/// The endings of documents in YAML and JSON.
const DATA: [&str; 3] = ["yaml", "yml", "json"];
/// What a path may not hold as it is where a URI is wanted.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'\\')
    .add(b'^')
    .add(b'[')
    .add(b']')
    .add(b'|');

/// What to look at, and what to hold it against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecRequest {
    /// The documents.
    pub paths: Vec<PathBuf>,
    /// The schema of those in YAML and JSON, whatever they name: a file, or the name of a shipped schema.
    pub schema: Option<String>,
    /// The structure of those in Markdown, whatever they name.
    pub structure: Option<PathBuf>,
}

/// The error when a document can not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// A document can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// The schema is on another host.
    #[error("the schema `{0}` would have to come over the network")]
    Network(String),
}

/// Looks at specifications. What is wrong with one is a finding, not an error.
///
/// # Errors
/// Returns [`SpecError`] when a document can not be read at all.
pub fn validate_specs(desk: &Desk, request: &SpecRequest) -> Result<Detected, SpecError> {
    let mut desk = Specs::new(desk);
    let wanted = request.schema.as_deref().map(Reference::parse);
    if let Some(Reference::Network(name)) = wanted {
        return Err(SpecError::Network(name));
    }
    for path in &request.paths {
        let document = desk.read(&desk.cwd.join(path))?;
        if document.is_data() {
            let wanted = wanted.clone().map(|reference| (reference, desk.cwd.clone(), None));
            desk.data(&document, wanted)?;
        } else if document.is_markdown() {
            let structure = request.structure.as_ref().map(|path| desk.cwd.join(path));
            desk.markdown(&document, structure)?;
        } else {
            let mut report = Report::new(&document.shown, &document.file.text);
            report.whole("unknown-format", "this is neither YAML, JSON nor Markdown, going by its name");
            desk.tell(&document, report);
        }
    }
    let mut seen = HashSet::new();
    let drafts = desk.drafts.into_iter().map(|(root, draft)| draft.finish(Base { root: &root, folder: "" }));
    // A schema or a structure may be held against several documents, and says of itself the same each time.
    let mut findings: Vec<Finding> = drafts.filter(|finding| seen.insert(finding.clone())).collect();
    let left_out = findings.len().saturating_sub(MOST_FINDINGS);
    findings.truncate(MOST_FINDINGS);
    let name = count(request.paths.len(), "document");
    Ok(Detected { name, ending: None, output: String::new(), found: Found { findings, left_out }, compared: None })
}

/// A document as it was read.
struct Document {
    /// Where it is.
    path: PathBuf,
    /// The folder that its findings are seen from.
    root: String,
    /// Its path below that folder.
    shown: String,
    /// Its text.
    file: SourceFile,
}

impl Document {
    fn is_markdown(&self) -> bool {
        self.path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("md") || ending.eq_ignore_ascii_case("markdown"))
    }

    fn is_data(&self) -> bool {
        self.path.extension().is_some_and(|ending| DATA.iter().any(|known| ending.eq_ignore_ascii_case(known)))
    }

    fn folder(&self) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("/")).to_owned()
    }
}

/// Who names a schema: the folder that a file is relative to, and the place of the name in the document.
type Wanted = (Reference, PathBuf, Option<Range<usize>>);

/// What was found so far, and what need not be read again.
struct Specs {
    cwd: PathBuf,
    top: PathBuf,
    drafts: Vec<(String, Draft)>,
    schemas: HashMap<String, Option<Rc<Validator>>>,
    structures: HashMap<PathBuf, Option<Rc<Structure>>>,
    anchors: RefCell<HashMap<String, Target>>,
}

impl Specs {
    fn new(desk: &Desk) -> Self {
        let top = PathBuf::from(place(desk).0);
        let cwd = desk.cwd.canonicalize().unwrap_or_else(|_| desk.cwd.clone());
        Self { cwd, top, drafts: Vec::new(), schemas: HashMap::new(), structures: HashMap::new(), anchors: RefCell::default() }
    }

    fn read(&self, path: &Path) -> Result<Document, FsError> {
        let bytes = fs::read_at_most(path, MOST + 1)?;
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (root, shown) = match path.strip_prefix(&self.top) {
            Ok(inside) => (self.top.clone(), inside.to_owned()),
            Err(_) => (path.parent().unwrap_or(Path::new("/")).to_owned(), path.file_name().map(PathBuf::from).unwrap_or_default()),
        };
        let shown = shown.to_string_lossy().into_owned();
        Ok(Document { path, root: root.to_string_lossy().into_owned(), file: SourceFile::from_bytes(shown.clone(), &bytes), shown })
    }

    fn tell(&mut self, document: &Document, report: Report<'_>) {
        self.drafts.extend(report.finish().into_iter().map(|draft| (document.root.clone(), draft)));
    }

    /// Looks at a document in YAML or JSON.
    fn data(&mut self, document: &Document, wanted: Option<Wanted>) -> Result<(), FsError> {
        let mut report = Report::new(&document.shown, &document.file.text);
        let root = tree(&document.file, &mut report);
        let folder = document.folder();
        let wanted = wanted.or_else(|| {
            let declared = declared(&document.file.text, root.as_ref())?;
            Some((declared.reference, folder, Some(declared.range)))
        });
        let by_name = || shipped::of_file(&document.shown).map(|name| (Reference::Shipped(name), PathBuf::new(), None));
        match wanted.or_else(by_name) {
            Some(wanted) => {
                let validator = self.schema(wanted, &mut report)?;
                if let (Some(root), Some(validator)) = (&root, validator) {
                    schema::check(root, &validator, &mut report);
                }
            }
            None if root.is_none() => {}
            None => report.whole("no-schema", "nothing says which schema this document follows\nName one with `--schema`, with its key `$schema`, or with a comment `# yaml-language-server: $schema=FILE`."),
        }
        self.tell(document, report);
        Ok(())
    }

    /// Returns a schema that is ready to be used; what is wrong with its name goes to the report, what is wrong inside to its own findings.
    fn schema(&mut self, (reference, folder, range): Wanted, report: &mut Report<'_>) -> Result<Option<Rc<Validator>>, FsError> {
        let mut refuse = |rule: &str, message: String| match range.clone() {
            Some(range) => report.error(rule, range, message),
            None => report.whole(rule, message),
        };
        let (key, value) = match &reference {
            Reference::Network(name) => {
                refuse(
                    "schema-network",
                    format!(
                        "the schema {} would have to come over the network\nKeep a copy in the repository, and name it in the document or with `--schema`.",
                        quoted(name)
                    ),
                );
                return Ok(None);
            }
            Reference::Meta(uri) => (uri.clone(), Some(schema::meta(uri.trim_end_matches('#')))),
            Reference::Shipped(name) => ((*name).to_owned(), shipped::schema(name)),
            Reference::File(name) => {
                let path = folder.join(name);
                if !path.is_file() {
                    let names = shipped::NAMES.join(", ");
                    refuse("schema-missing", format!("the schema {} is not there\nShipped with the program are: {names}.", quoted(name)));
                    return Ok(None);
                }
                (path.canonicalize().unwrap_or(path).to_string_lossy().into_owned(), None)
            }
        };
        if let Some(known) = self.schemas.get(&key) {
            return Ok(known.clone());
        }
        let compiled = match value {
            Some(value) => match schema::compile(&value, "file:///shipped", Nothing) {
                Ok(validator) => Some(Rc::new(validator)),
                Err((message, _)) => {
                    refuse("schema-invalid", message);
                    None
                }
            },
            None => self.schema_file(Path::new(&key))?,
        };
        self.schemas.insert(key, compiled.clone());
        Ok(compiled)
    }

    fn schema_file(&mut self, path: &Path) -> Result<Option<Rc<Validator>>, FsError> {
        let document = self.read(path)?;
        let mut report = Report::new(&document.shown, &document.file.text);
        let compiled = tree(&document.file, &mut report).and_then(|root| {
            let files = Files { top: PathBuf::from(&document.root) };
            match schema::compile(&root.to_json(), &uri(&document.path), files) {
                Ok(validator) => Some(Rc::new(validator)),
                Err((message, pointer)) => {
                    report.error("schema-invalid", schema::place_of(&root, &pointer), message);
                    None
                }
            }
        });
        self.tell(&document, report);
        Ok(compiled)
    }

    /// Looks at a document in Markdown.
    fn markdown(&mut self, document: &Document, structure: Option<PathBuf>) -> Result<(), FsError> {
        let text = &document.file.text;
        let mut report = Report::new(&document.shown, text);
        if let Some(at) = text.find(char::REPLACEMENT_CHARACTER) {
            report.error("not-utf8", at..at + char::REPLACEMENT_CHARACTER.len_utf8(), "this is not UTF-8");
        }
        let outline = Outline::read(text);
        let declared = declared_structure(text, &outline);
        let (path, range) = match (structure, declared) {
            (Some(path), _) => (Some(path), None),
            (None, Some((name, range))) => (Some(document.folder().join(name)), Some(range)),
            (None, None) => (None, None),
        };
        let structure = match (&path, range) {
            (Some(path), Some(range)) if !path.is_file() => {
                report.error("structure-missing", range, "the structure is not there");
                None
            }
            _ => self.structure(path.as_deref())?,
        };
        if let Some(structure) = structure {
            let lookup = |path: &str| self.target(path);
            check(&outline, &structure, (&document.shown, &lookup), &mut report);
            let folder = path.as_deref().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
            self.front_matter(&outline, (&structure, folder), text, &mut report)?;
        }
        self.tell(document, report);
        Ok(())
    }

    /// Returns a structure; without a path the shipped one. What is wrong with it goes to its own findings.
    fn structure(&mut self, path: Option<&Path>) -> Result<Option<Rc<Structure>>, FsError> {
        let key = path.map(Path::to_owned).unwrap_or_default();
        if let Some(known) = self.structures.get(&key) {
            return Ok(known.clone());
        }
        let parsed = match path {
            None => parse(&SourceFile::new("spec_structure.yaml", SHIPPED)).ok().map(Rc::new),
            Some(path) => {
                let document = self.read(path)?;
                let mut report = Report::new(&document.shown, &document.file.text);
                let parsed = parse(&document.file).map_err(|found| report.diagnostics(&found)).ok().map(Rc::new);
                self.tell(&document, report);
                parsed
            }
        };
        self.structures.insert(key, parsed.clone());
        Ok(parsed)
    }

    fn front_matter(
        &mut self,
        outline: &Outline,
        (structure, folder): (&Structure, PathBuf),
        text: &str,
        report: &mut Report<'_>,
    ) -> Result<(), FsError> {
        if structure.front_matter.is_empty() && structure.front_matter_schema.is_none() && outline.front_matter.is_none() {
            return Ok(());
        }
        let Some(range) = &outline.front_matter else {
            report.whole(
                "spec/front-matter-missing",
                "there is no front matter\nPut YAML between two lines `---` at the start of the document.",
            );
            return Ok(());
        };
        // What stands before it is kept as blanks, so that every place is that of the document.
        let before: String = text.get(..range.start).unwrap_or_default().chars().map(|c| if c == '-' { ' ' } else { c }).collect();
        let file = SourceFile::new("front-matter.yaml", before + text.get(range.clone()).unwrap_or_default());
        let Some(root) = tree(&file, report) else { return Ok(()) };
        let keys: Vec<String> = root.to_json().as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
        for key in structure.front_matter.iter().filter(|key| !keys.contains(*key)) {
            report.error("spec/front-matter-key", range.clone(), format!("the front matter has no {}", quoted(key)));
        }
        if let Some(name) = &structure.front_matter_schema
            && let Some(validator) = self.schema((Reference::parse(name), folder, None), report)?
        {
            schema::check(&root, &validator, report);
        }
        Ok(())
    }

    /// Tells what a path below the top is.
    fn target(&self, path: &str) -> Target {
        if let Some(known) = self.anchors.borrow().get(path) {
            return known.clone();
        }
        let place = self.top.join(path);
        let is_markdown =
            place.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("md") || ending.eq_ignore_ascii_case("markdown"));
        let target = match fs::read_at_most(&place, MOST) {
            Ok(bytes) if is_markdown => Target::Document(Rc::new(Outline::read(&String::from_utf8_lossy(&bytes)).anchors)),
            _ if place.exists() => Target::There,
            Ok(_) | Err(_) => Target::Missing,
        };
        self.anchors.borrow_mut().insert(path.to_owned(), target.clone());
        target
    }
}

/// Reads a document into a tree; what is wrong goes to the report.
fn tree(file: &SourceFile, report: &mut Report<'_>) -> Option<Node> {
    let mut sink = Sink::new(std::slice::from_ref(file), Shape::File);
    let root = read_file(0, file, &mut sink);
    report.diagnostics(&sink.finish());
    root
}

fn uri(path: &Path) -> String {
    format!("file://{}", utf8_percent_encode(&path.to_string_lossy(), ESCAPED))
}

/// Brings nothing: the shipped schemas stand for themselves.
struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        Err(format!("`{uri}` is not fetched").into())
    }
}

/// Brings the schemas below a folder that another schema refers to.
struct Files {
    top: PathBuf,
}

impl Retrieve for Files {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let Some(path) = uri.as_str().strip_prefix("file://") else {
            return Err(format!("`{uri}` would have to come over the network").into());
        };
        let path = PathBuf::from(percent_decode_str(path).decode_utf8()?.into_owned()).canonicalize()?;
        if !path.starts_with(&self.top) {
            return Err(format!("`{}` is outside of the repository", path.display()).into());
        }
        let file = SourceFile::from_bytes(path.display().to_string(), &fs::read_at_most(&path, MOST)?);
        let mut sink = Sink::new(std::slice::from_ref(&file), Shape::File);
        let root = read_file(0, &file, &mut sink);
        let first = sink.finish().first().map(ToString::to_string).unwrap_or_default();
        root.map(|root| root.to_json()).ok_or_else(|| first.into())
    }
}
