//! Where the reading puts what it has to say. Nothing stops at the first error.

use std::collections::HashSet;

use crate::domain::document::diagnostic::{Code, Diagnostic, Related, Severity};
use crate::domain::document::source::{LineIndex, Place, Shape, SourceFile};

/// How many errors, warnings and notes are kept of each.
const KEPT: usize = 200;
/// How many near misses are looked for; the rest of the diagnostics go without.
const SUGGESTIONS: usize = 40;

/// A diagnostic before its place is turned into a line and a column.
#[derive(Debug)]
pub struct Draft {
    code: Code,
    place: Place,
    message: String,
    hint: Option<String>,
    related: Vec<(String, Place)>,
}

impl Draft {
    /// Starts a diagnostic.
    #[must_use]
    pub fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, place, message: message.into(), hint: None, related: Vec::new() }
    }

    /// Returns the kind.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Adds what helps: a sentence.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what helps, when there is something.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, label: impl Into<String>, place: Place) -> Self {
        self.related.push((label.into(), place));
        self
    }
}

/// Collects diagnostics.
#[derive(Debug)]
pub struct Sink<'a> {
    files: &'a [SourceFile],
    lines: Vec<LineIndex>,
    shape: Shape<'a>,
    found: Vec<Diagnostic>,
    said: HashSet<(Code, Place, String)>,
    counts: [usize; 3],
    suggestions: usize,
}

impl<'a> Sink<'a> {
    /// Starts with nothing found.
    #[must_use]
    pub fn new(files: &'a [SourceFile], shape: Shape<'a>) -> Self {
        let lines = files.iter().map(|file| LineIndex::new(&file.text)).collect();
        Self { files, lines, shape, found: Vec::new(), said: HashSet::new(), counts: [0; 3], suggestions: SUGGESTIONS }
    }

    /// Returns what the files are.
    #[must_use]
    pub const fn shape(&self) -> Shape<'a> {
        self.shape
    }

    /// Returns how many errors there are.
    #[must_use]
    pub const fn errors(&self) -> usize {
        self.counts[Severity::Error as usize]
    }

    /// Takes a diagnostic; beyond a limit it is only counted. What is wrong with a default comes up once per workstream and is said once.
    pub fn add(&mut self, draft: Draft) {
        if !self.said.insert((draft.code, draft.place, draft.message.clone())) {
            return;
        }
        let severity = draft.code.severity();
        let count = &mut self.counts[severity as usize];
        *count += 1;
        if *count > KEPT {
            return;
        }
        let related = draft.related.into_iter().filter_map(|(label, place)| self.related(label, place)).collect();
        let place = self.related(String::new(), draft.place);
        self.found.push(Diagnostic {
            severity,
            code: draft.code,
            message: draft.message,
            span: place.as_ref().map(|place| place.span),
            file: place.map_or_else(|| self.whole(), |place| place.file),
            hint: draft.hint,
            related,
        });
    }

    /// Returns `` Did you mean `x`? `` for the nearest of the candidates, if one is near.
    pub fn suggest<'c>(&mut self, text: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
        if text.len() > 64 || self.suggestions == 0 {
            return None;
        }
        self.suggestions -= 1;
        let near = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(text, candidate), candidate));
        let best = near.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
        best.map(|(_, candidate)| format!("Did you mean `{candidate}`?"))
    }

    /// Returns everything that was found, in the order of the files, errors first at one place.
    #[must_use]
    pub fn finish(mut self) -> Vec<Diagnostic> {
        let order = |d: &Diagnostic| (self.files.iter().position(|file| file.path == d.file), d.span.map(|span| span.start), d.severity);
        self.found.sort_by_cached_key(order);
        let omitted: usize = self.counts.iter().map(|count| count.saturating_sub(KEPT)).sum();
        if omitted > 0 {
            let message = format!("{omitted} more diagnostics are not shown");
            let hint = Some("Mend the first ones and run `git orc validate` again.".to_owned());
            let code = Code::Omitted;
            self.found.push(Diagnostic {
                severity: code.severity(),
                code,
                message,
                file: self.whole(),
                span: None,
                hint,
                related: Vec::new(),
            });
        }
        self.found
    }

    /// Returns the name of the input as a whole.
    fn whole(&self) -> String {
        match (self.shape, self.files.first()) {
            (Shape::File, Some(file)) => file.path.clone(),
            (Shape::File, None) => "plan".to_owned(),
            (Shape::Bundles { folder }, _) => folder.to_owned(),
        }
    }

    fn related(&self, label: String, place: Place) -> Option<Related> {
        let index = usize::try_from(place.file).ok()?;
        let (file, lines) = (self.files.get(index)?, self.lines.get(index)?);
        let span = lines.span(&file.text, place.start as usize, place.end as usize);
        Some(Related { label, file: file.path.clone(), span })
    }
}

/// Returns user text between backticks, cut to a readable length.
#[must_use]
pub fn quoted(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("`{short}...`") } else { format!("`{short}`") }
}
