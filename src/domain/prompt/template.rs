//! Templates: the text around the sections. Shipped ones, the user's in place of them, those of a repository in place of both.
//!
//! A template is text only: it can not read another file, and the fuel that it may burn and the text that it may make are bounded. It is
//! tried before anything runs, with everything that can be empty being empty and with nothing being so; a variable that does not exist is
//! an error then.

use std::io::{self, Write};

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};

use super::build::sections;
use super::request::{Request, Subject};
use super::section::{EmptySections, Section, Sections};
use super::shipped::PHASES;
use super::values::{Sample, Values};

/// The ending of the names of template files.
pub const ENDING: &str = ".md.j2";
/// The fuel of one text: about as many steps, and 64 times as many bytes of memory.
const FUEL: u64 = 1_000_000;
/// The most parts of one tag: the parser follows them by calling itself, and has no limit of its own for chains of operators.
const MOST_PARTS: usize = 200;
/// The most `elif` of a template, for the same reason.
const MOST_ELIF: usize = 100;
/// The longest text that a template may make, in bytes.
const LONGEST: usize = 4 << 20;

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateKind {
    /// EDIT steps.
    Edit,
    /// FIX steps.
    Fix,
    /// RESOLVE steps.
    Resolve,
}

impl TemplateKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Edit, Self::Fix, Self::Resolve];

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Fix => "fix",
            Self::Resolve => "resolve",
        }
    }

    /// Returns whether a name is one letter away from that of a kind.
    #[must_use]
    pub fn is_slip(name: &str) -> bool {
        Self::ALL.into_iter().any(|kind| strsim::damerau_levenshtein(kind.name(), name) == 1)
    }

    /// Returns the text of the one that the program ships.
    #[must_use]
    pub const fn shipped(self) -> &'static str {
        match self {
            Self::Edit => include_str!("../../../config/prompts/edit.md.j2"),
            Self::Fix => include_str!("../../../config/prompts/fix.md.j2"),
            Self::Resolve => include_str!("../../../config/prompts/resolve.md.j2"),
        }
    }

    const fn of(request: &Request<'_>) -> Self {
        match request {
            Request::Edit { .. } => Self::Edit,
            Request::Fix { .. } => Self::Fix,
            Request::Resolve { .. } => Self::Resolve,
        }
    }
}

/// A mistake in a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct TemplateError {
    /// The name of the file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name: that of a kind of step, or that by which phases name it.
    pub name: String,
    /// The name of the file that it comes from.
    pub origin: String,
    /// Its text.
    pub text: String,
}

impl Template {
    fn shipped(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), origin: format!("config/prompts/{name}{ENDING}"), text: text.to_owned() }
    }

    /// Returns the mistakes of a template, by trying it.
    fn mistakes(&self) -> Option<TemplateError> {
        // Words that no template writes by itself.
        let word = |section: Section| format!("<<{}>>", section.key());
        let bare = |section: Section| if section.is_required() { word(section) } else { String::new() };
        if let Err(error) = self.is_shallow() {
            return Some(error);
        }
        let full = self.fill(&Values::sample(word, Sample::Full));
        let tried = full.and_then(|full| self.fill(&Values::sample(bare, Sample::Bare)).map(|bare| [full, bare]));
        let tried = tried.and_then(|texts| Ok((texts, self.stranger(&Values::sample(word, Sample::Full))?)));
        let texts = match tried {
            Ok((texts, None)) => texts,
            Ok((_, Some(error))) | Err(error) => return Some(error),
        };
        let required = Section::ALL.into_iter().filter(|section| section.is_required());
        let lost: Vec<&str> =
            required.filter(|section| texts.iter().any(|text| !text.contains(&word(*section)))).map(Section::key).collect();
        let names: Vec<String> = lost.iter().map(|name| format!("`{{{{ {name} }}}}`")).collect();
        let message = format!("the prompt is not whole without {}", names.join(", "));
        (!lost.is_empty()).then(|| TemplateError { file: self.origin.clone(), line: 1, column: 1, message })
    }

    /// Checks that no part of the template is so deep that the parser runs out of stack.
    fn is_shallow(&self) -> Result<(), TemplateError> {
        let (mut parts, mut elifs) = (0, 0);
        for token in tokenize(&self.text, false, syntax().map_err(|error| self.error(&error))?) {
            let (token, span) = token.map_err(|error| self.error(&error))?;
            parts = if matches!(token, Token::VariableStart | Token::BlockStart) { 0 } else { parts + 1 };
            elifs += usize::from(matches!(token, Token::Ident("elif")));
            let place = || self.at(span.start_offset as usize);
            if parts > MOST_PARTS {
                return Err(TemplateError { message: format!("a tag has more than {MOST_PARTS} parts"), ..place() });
            }
            if elifs > MOST_ELIF {
                return Err(TemplateError { message: format!("there are more than {MOST_ELIF} `elif`"), ..place() });
            }
        }
        Ok(())
    }

    fn fill(&self, values: &Values) -> Result<String, TemplateError> {
        let environment = environment().map_err(|error| self.error(&error))?;
        let template = environment.template_from_named_str(&self.origin, &self.text).map_err(|error| self.error(&error))?;
        let mut text = Bounded(Vec::new());
        template.render_captured_to(Value::from(Serde(values)), &mut text).map_err(|error| self.error(&error))?;
        Ok(format!("{}\n", String::from_utf8_lossy(&text.0).trim()))
    }

    /// Returns the first variable that does not exist, also where no sample comes by.
    fn stranger(&self, known: &Values) -> Result<Option<TemplateError>, TemplateError> {
        let environment = environment().map_err(|error| self.error(&error))?;
        let template = environment.template_from_named_str(&self.origin, &self.text).map_err(|error| self.error(&error))?;
        let names = template.undeclared_variables(false);
        let is_known = |name: &str| known.has(name) || environment.globals().any(|(global, _)| global == name);
        let strangers = names.iter().filter(|name| !is_known(name));
        let first = strangers.map(|name| (word_at(&self.text, name).unwrap_or(0), name)).min();
        Ok(first.map(|(at, name)| TemplateError { message: format!("`{name}` is undefined"), ..self.at(at) }))
    }

    /// Returns an error without a message at a byte of the text.
    fn at(&self, start: usize) -> TemplateError {
        let before = &self.text.as_bytes()[..start.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.len() - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) + 1;
        TemplateError { file: self.origin.clone(), line, column, message: String::new() }
    }

    fn error(&self, error: &Error) -> TemplateError {
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        match (error.range(), error.line()) {
            (Some(range), _) => TemplateError { message, ..self.at(range.start) },
            (None, line) => TemplateError { message, line: line.unwrap_or(1), ..self.at(0) },
        }
    }
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(true);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(syntax()?);
    Ok(environment)
}

fn syntax() -> Result<SyntaxConfig, Error> {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()
}

/// Returns where a name stands as a word of its own.
fn word_at(text: &str, name: &str) -> Option<usize> {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    let is_word = |at: &usize| !is_part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_part(bytes.get(at + name.len()));
    text.match_indices(name).map(|(at, _)| at).find(is_word)
}

/// A text that does not grow without end.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::Error::other("the text gets too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The text.
    pub text: String,
    /// Why the text is that of the shipped template in place of the one that holds.
    pub note: Option<String>,
}

/// The templates that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates(Vec<Template>);

impl Default for Templates {
    fn default() -> Self {
        let kinds = TemplateKind::ALL.into_iter().map(|kind| (kind.name(), kind.shipped()));
        Self(kinds.chain(PHASES).map(|(name, text)| Template::shipped(name, text)).collect())
    }
}

impl Templates {
    /// Returns the shipped templates with these in place of them, the lowest layer first.
    ///
    /// # Errors
    /// Returns the mistake of every template that can not be used, also of those that others stand in place of.
    pub fn new(layers: impl IntoIterator<Item = Template>) -> Result<Self, Vec<TemplateError>> {
        let (mut templates, mut errors) = (Self::default(), Vec::new());
        for template in layers {
            errors.extend(template.mistakes());
            templates.0.retain(|other| other.name != template.name);
            templates.0.push(template);
        }
        let place = |name: &str| TemplateKind::ALL.into_iter().position(|kind| kind.name() == name).unwrap_or(usize::MAX);
        templates.0.sort_by(|a, b| (place(&a.name), &a.name).cmp(&(place(&b.name), &b.name)));
        if errors.is_empty() { Ok(templates) } else { Err(errors) }
    }

    /// Returns the templates: one of each kind, then those of phases by name.
    #[must_use]
    pub fn all(&self) -> &[Template] {
        &self.0
    }

    /// Returns the names of the templates that a phase can name.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|template| template.name.clone()).filter(|name| !matches!(name.as_str(), "fix" | "resolve")).collect()
    }

    /// Returns where the template for a request comes from: `own` is what the phase names.
    #[must_use]
    pub fn origin(&self, request: &Request<'_>, own: Option<&str>) -> &str {
        let kind = TemplateKind::of(request);
        let named = own.filter(|_| kind == TemplateKind::Edit).and_then(|name| self.named(name));
        named.or_else(|| self.named(kind.name())).map_or("", |template| &template.origin)
    }

    fn named(&self, name: &str) -> Option<&Template> {
        self.0.iter().find(|template| template.name == name)
    }

    /// Returns the prompt. A template that fails all the same is no reason to end a run: the shipped one takes its place, and that is noted.
    ///
    /// # Errors
    /// Returns [`EmptySections`] when a section is empty that no prompt goes without.
    pub fn prompt(&self, subject: &Subject<'_>) -> Result<Prompt, EmptySections> {
        let sections = sections(subject)?;
        let (values, kind) = (Values::new(&sections, subject), TemplateKind::of(&subject.request));
        let own = subject.template().filter(|_| kind == TemplateKind::Edit);
        let missing = own.filter(|name| self.named(name).is_none()).map(|name| format!("there is no template `{name}`"));
        let name = own.filter(|_| missing.is_none()).unwrap_or_else(|| kind.name());
        let note = match self.named(name).map(|template| template.fill(&values)) {
            Some(Ok(text)) => return Ok(Prompt { text, note: missing.map(|why| format!("the prompt is that of EDIT steps: {why}")) }),
            Some(Err(error)) => Some(format!("the prompt is that of the shipped template: {error}")),
            None => missing,
        };
        let text = Template::shipped(kind.name(), kind.shipped()).fill(&values).unwrap_or_else(|_| plain(&sections));
        Ok(Prompt { text, note })
    }
}

/// Returns the sections under their names, for when no template works.
fn plain(sections: &Sections) -> String {
    let told = Section::ALL.into_iter().filter(|section| !sections.text(*section).is_empty());
    told.map(|section| format!("# {}\n\n{}\n\n", section.key().to_uppercase(), sections.text(section))).collect()
}

#[cfg(test)]
mod tests;
