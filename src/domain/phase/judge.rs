//! Expectations against a tree: what does not hold becomes an issue with a sentence, and an issue becomes a finding, so that the FIX loop
//! treats it like anything else that a check found.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::bounded;
use super::data::DataClaim;
use super::expectation::{Expectation, Format, HowMany, Predicate, Unit};
use super::issue::{Issue, IssueKind, IssueSeverity};
use super::traced::{Trace, says};
use super::view::{Content, TreeView};
use super::words;
use crate::domain::finding::model::{Finding, FindingKind, Level, Location};
use crate::domain::id::RepoPath;
use crate::domain::policy::pattern::Pattern;
use crate::domain::text::{clip, grouped, one_line};

/// The source of findings that come from expectations.
pub const SOURCE: &str = "phase";

/// What does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The file that it is about, where it is about one.
    pub path: Option<String>,
    /// A sentence fragment about it.
    pub message: String,
}

impl Unmet {
    fn of_all(message: String) -> Self {
        Self { path: None, message }
    }

    fn of(path: &RepoPath, message: String) -> Self {
        Self { path: Some(path.to_string()), message }
    }
}

/// Returns an issue for everything that does not hold, in the order of the expectations.
#[must_use]
pub fn judge(expectations: &[Expectation], view: &TreeView<'_>) -> Vec<Issue> {
    let wrong = |expected: &Expectation| {
        let unmet = holds(&expected.what, view).err()?;
        let message = expected.message.clone().unwrap_or(unmet.message);
        let condition = expected.condition.clone();
        Some(Issue { kind: expected.issue, severity: expected.severity, condition, path: unmet.path, message })
    };
    expectations.iter().filter_map(wrong).collect()
}

/// Checks that a predicate holds of a tree.
///
/// # Errors
/// Returns what does not hold.
pub fn holds(predicate: &Predicate, view: &TreeView<'_>) -> Result<(), Unmet> {
    match predicate {
        Predicate::Exists(files) => exists(files, view),
        Predicate::Absent(files) => match view.matching(files).next() {
            Some(path) => Err(Unmet::of(path, format!("`{}` must not be there", shown(path)))),
            None => Ok(()),
        },
        Predicate::AtLeast { files, count, unit } => at_least(files, (*count, *unit), view),
        Predicate::Mentions { files, words, how } => mentions(files, (words, *how), view),
        Predicate::HasCode(files) => {
            let is_code = |(_, content): (&RepoPath, Content)| content.text().is_some_and(words::has_code);
            if view.read_each(files).any(is_code) {
                return Ok(());
            }
            Err(one_of(files, view, |name| format!("{name} holds no code: no definition and no import")))
        }
        Predicate::Parses { files, format } => parses(files, *format, view),
        Predicate::Changed(files) => {
            if view.changed.iter().any(|path| files.matches(path.as_bytes())) {
                return Ok(());
            }
            Err(Unmet::of_all(format!("nothing was changed in `{}`", text_of(files))))
        }
        Predicate::Data { files, claim } => data(files, claim, view),
        Predicate::Says { files, pattern, times } => {
            let all = together(files, view);
            says(&all.text, pattern, *times).map_err(|why| one_of(files, view, |name| format!("{name} {why}")))?;
            // Once is enough; how often in all, only the whole text tells.
            all.unread.filter(|_| times.is_some()).map_or(Ok(()), Err)
        }
        Predicate::Traced(trace) => traced(trace, view),
    }
}

fn data(files: &Pattern, claim: &DataClaim, view: &TreeView<'_>) -> Result<(), Unmet> {
    let mut is_one = false;
    for (path, content) in view.read_each(files) {
        is_one = true;
        refuse_unread(path, &content)?;
        claim.check(content.text().unwrap_or_default()).map_err(|why| Unmet::of(path, format!("`{}` {why}", shown(path))))?;
    }
    if is_one { Ok(()) } else { Err(one_of(files, view, |name| format!("{name} was not read"))) }
}

fn traced(trace: &Trace, view: &TreeView<'_>) -> Result<(), Unmet> {
    let from = together(&trace.from, view);
    from.unread.map_or(Ok(()), Err)?;
    let of_files = |why: String| one_of(&trace.files, view, |name| format!("{name} {why}"));
    let found = trace.found(&from.text).map_err(of_files)?;
    let missing = trace.missing(found, &together(&trace.files, view).text).map_err(of_files)?;
    if missing.is_empty() { Ok(()) } else { Err(of_files(trace.said(&missing))) }
}

/// The texts of the files of a glob, one after the other.
struct Together {
    text: String,
    /// The first file of which not everything is there.
    unread: Option<Unmet>,
}

fn together(files: &Pattern, view: &TreeView<'_>) -> Together {
    let mut all = Together { text: String::new(), unread: None };
    for (path, content) in view.read_each(files) {
        if let Some(text) = content.text() {
            all.text.push_str(text);
            all.text.push('\n');
        }
        // A file that is named is meant to be read; among those of a wider glob there may be pictures.
        let is_named = path.as_bytes() == files.text().as_bytes();
        let binary = || (is_named && content == Content::Binary).then(|| Unmet::of(path, format!("`{}` is no text", shown(path))));
        all.unread = all.unread.or_else(|| refuse_unread(path, &content).err()).or_else(binary);
    }
    all
}

/// Refuses a file of which not everything is known.
fn refuse_unread(path: &RepoPath, content: &Content) -> Result<(), Unmet> {
    content.unread().map_or(Ok(()), |why| Err(Unmet::of(path, format!("`{}` can not be judged: {why}", shown(path)))))
}

fn shown(path: &RepoPath) -> String {
    clip(&one_line(&path.to_string()), 120)
}

fn text_of(files: &Pattern) -> String {
    clip(&one_line(files.text()), 120)
}

/// Returns what does not hold of the files of a glob: named when there is exactly one of them, said to be missing when there is none.
fn one_of(files: &Pattern, view: &TreeView<'_>, say: impl FnOnce(&str) -> String) -> Unmet {
    let mut matching = view.matching(files);
    match (matching.next(), matching.next()) {
        (None, _) => Unmet::of_all(format!("there is no file `{}`", text_of(files))),
        (Some(path), None) => Unmet::of(path, say(&format!("`{}`", shown(path)))),
        (Some(_), Some(_)) => Unmet::of_all(say(&format!("`{}`", text_of(files)))),
    }
}

fn exists(files: &Pattern, view: &TreeView<'_>) -> Result<(), Unmet> {
    if view.matching(files).any(|path| (view.size)(path) > 0) {
        return Ok(());
    }
    Err(one_of(files, view, |name| format!("{name} is empty")))
}

const fn noun(unit: Unit) -> &'static str {
    match unit {
        Unit::Files => "file",
        Unit::Lines => "line",
        Unit::Words => "word",
        Unit::Characters => "character",
        Unit::Headings => "heading",
    }
}

fn measure(text: &str, unit: Unit) -> u64 {
    let counted = match unit {
        Unit::Files => 1,
        Unit::Lines => text.lines().count(),
        Unit::Words => text.split_whitespace().count(),
        Unit::Characters => text.chars().count(),
        Unit::Headings => return words::headings(text),
    };
    counted as u64
}

fn at_least(files: &Pattern, (wanted, unit): (u64, Unit), view: &TreeView<'_>) -> Result<(), Unmet> {
    let mut found = 0_u64;
    if unit == Unit::Files {
        found = view.matching(files).count() as u64;
    } else {
        for (_, content) in view.read_each(files) {
            found = found.saturating_add(content.text().map_or(0, |text| measure(text, unit)));
            if found >= wanted {
                break;
            }
        }
    }
    if found >= wanted {
        return Ok(());
    }
    let amount = |n: u64| format!("{} {}{}", grouped(n), noun(unit), if n == 1 { "" } else { "s" });
    if unit == Unit::Files {
        let text = text_of(files);
        return Err(Unmet::of_all(format!("`{text}` matches {}, and at least {} must be there", amount(found), grouped(wanted))));
    }
    Err(one_of(files, view, |name| format!("{name} has {}, and must have at least {}", amount(found), grouped(wanted))))
}

fn mentions(files: &Pattern, (wanted, how): (&[String], HowMany), view: &TreeView<'_>) -> Result<(), Unmet> {
    let mut missing: Vec<&String> = wanted.iter().collect();
    for (_, content) in view.read_each(files) {
        let Some(text) = content.text() else { continue };
        missing.retain(|word| !words::mentions(text, word));
        let is_enough = match how {
            HowMany::Any => missing.len() < wanted.len(),
            HowMany::All => missing.is_empty(),
        };
        if is_enough {
            return Ok(());
        }
    }
    let listed = missing.iter().map(|word| format!("`{}`", one_line(word))).collect::<Vec<_>>().join(", ");
    Err(one_of(files, view, |name| match how {
        HowMany::Any => format!("{name} says none of {listed}"),
        HowMany::All => format!("{name} does not say {listed}"),
    }))
}

fn parses(files: &Pattern, format: Format, view: &TreeView<'_>) -> Result<(), Unmet> {
    let mut is_one = false;
    for (path, content) in view.read_each(files) {
        is_one = true;
        let name = match format {
            Format::Json => "JSON",
            Format::Yaml => "YAML",
            Format::Toml => "TOML",
        };
        let wrong = match &content {
            Content::Text(text) => flaw(text, format),
            Content::Beginning(_) | Content::Unread => content.unread(),
            Content::Binary => Some("it is no text".to_owned()),
        };
        if let Some(wrong) = wrong {
            return Err(Unmet::of(path, format!("`{}` can not be read as {name}: {wrong}", shown(path))));
        }
    }
    if is_one { Ok(()) } else { Err(one_of(files, view, |name| format!("{name} was not read"))) }
}

/// Returns what is wrong with a text of this format, in one line.
fn flaw(text: &str, format: Format) -> Option<String> {
    let error = match format {
        Format::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).err().map(|e| e.to_string()),
        Format::Yaml => {
            let mut documents = serde_yaml::Deserializer::from_str(text);
            documents.find_map(|document| bounded::yaml(document).err()).map(|e| e.to_string())
        }
        Format::Toml => toml::from_str::<toml::Table>(text).err().map(|e| e.message().to_owned()),
    };
    error.map(|error| clip(&one_line(&error), 200))
}

/// Returns what a FIX step is told of an issue. Unlike the fingerprint of a finding of a tool, this one keeps its numbers: a text that grew
/// from 50 words to 150 is on its way, though it is still too short.
#[must_use]
pub fn finding(issue: &Issue) -> Finding {
    let mut hash = Sha256::new();
    for part in [issue.name(), issue.path.as_deref().unwrap_or_default(), &issue.message] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let fingerprint = hash.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a string can not fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    Finding {
        source: SOURCE.to_owned(),
        kind: FindingKind::Lint,
        level: if issue.severity == IssueSeverity::Minor { Level::Note } else { Level::Error },
        rule: Some(issue.name().to_owned()),
        message: issue.message.clone(),
        location: issue.path.clone().map(|path| Location { path, line: 1, column: None, end: None }),
        fingerprint,
    }
}

/// Returns what kind of issue a finding is, when an expectation made it.
#[must_use]
pub fn kind_of(finding: &Finding) -> Option<IssueKind> {
    let rule = finding.rule.as_deref().filter(|_| finding.source == SOURCE)?;
    IssueKind::ALL.into_iter().find(|kind| kind.word() == rule)
}

#[cfg(test)]
mod tests;
