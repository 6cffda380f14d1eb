//! A Markdown document against a structure.

use std::collections::HashSet;
use std::ops::Range;

use crate::domain::document::sink::quoted;
use crate::domain::spec::links::{Destination, Target, destination};
use crate::domain::spec::markdown::{Heading, Link, Outline, Position, within};
use crate::domain::spec::report::Report;
use crate::domain::spec::structure::{Checklist, Ids, Section, Structure};
use crate::domain::text::count;
use crate::domain::tool::suggest::closest;

/// Where there are more headings, nobody looks for the one that was meant.
const MOST_CANDIDATES: usize = 500;

/// Looks up what a path below the top of the repository is.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Target;

/// Adds everything in which a document at `path`, below the top of the repository, is not what the structure wants.
pub fn check(outline: &Outline, structure: &Structure, (path, lookup): (&str, Lookup<'_>), report: &mut Report<'_>) {
    headings(outline, structure, report);
    explicit_ids(outline, report);
    sections(outline, structure, report);
    for ids in &structure.ids {
        check_ids(outline, ids, report);
    }
    for list in &structure.checklists {
        checklist(outline, list, report);
    }
    if structure.checks_links {
        for link in &outline.links {
            check_link(outline, link, (path, lookup), report);
        }
    }
}

fn headings(outline: &Outline, structure: &Structure, report: &mut Report<'_>) {
    let mut above: Vec<&Heading> = Vec::new();
    let mut seen: HashSet<Vec<(u8, &str)>> = HashSet::new();
    for heading in &outline.headings {
        let last = above.last().map(|last| last.level);
        above.retain(|other| other.level < heading.level);
        if let Some(last) = last.filter(|last| heading.level > last + 1 && !structure.may_skip_levels) {
            let message = format!("a heading of level {} follows one of level {last}\nMake it one of level {}.", heading.level, last + 1);
            report.error("spec/heading-skip", heading.range.clone(), message);
        }
        above.push(heading);
        let path: Vec<(u8, &str)> = above.iter().map(|heading| (heading.level, heading.text.as_str())).collect();
        if structure.has_unique_headings && !seen.insert(path) {
            report.error("spec/heading-repeated", heading.range.clone(), format!("heading {} is there already", quoted(&heading.text)));
        }
    }
}

fn explicit_ids(outline: &Outline, report: &mut Report<'_>) {
    let mut seen: HashSet<&str> = HashSet::new();
    for (id, range) in &outline.ids {
        if !seen.insert(id) {
            report.error("spec/anchor-repeated", range.clone(), format!("id {} is there already", quoted(id)));
        }
    }
}

fn sections(outline: &Outline, structure: &Structure, report: &mut Report<'_>) {
    let mut newest: Option<(usize, &Section)> = None;
    for section in &structure.sections {
        let is_it = |heading: &Heading| section.level.is_none_or(|level| level == heading.level) && section.heading.is_match(&heading.text);
        let found: Vec<usize> = (0..).zip(&outline.headings).filter(|(_, heading)| is_it(heading)).map(|(at, _)| at).collect();
        let Some(first) = found.first().copied() else {
            if section.is_required {
                report.whole("spec/section-missing", format!("there is no section {}{}", quoted(&section.name), level(section)));
            }
            continue;
        };
        for heading in found.iter().skip(section.max).filter_map(|at| outline.headings.get(*at)) {
            let message = format!("section {} is there more often than {}", quoted(&section.name), count(section.max, "time"));
            report.error("spec/section-repeated", heading.range.clone(), message);
        }
        for at in &found {
            length(outline, section, *at, report);
        }
        match newest {
            Some((last, before)) if structure.is_ordered && first < last => {
                let message = format!("section {} stands before {}", quoted(&section.name), quoted(&before.name));
                report.error("spec/section-order", range(outline, first), format!("{message}\nPut it behind."));
            }
            Some(_) | None => newest = Some((first, section)),
        }
    }
}

fn level(section: &Section) -> String {
    section.level.map(|level| format!(" of level {level}")).unwrap_or_default()
}

fn range(outline: &Outline, heading: usize) -> Range<usize> {
    outline.headings.get(heading).map_or(0..0, |heading| heading.range.clone())
}

fn length(outline: &Outline, section: &Section, at: usize, report: &mut Report<'_>) {
    let words = outline.words(&outline.section(at));
    if words < section.min_words {
        let message = format!("section {} has {}, and needs {}", quoted(&section.name), count(words, "word"), section.min_words);
        report.error("spec/section-short", range(outline, at), message);
    }
    if let Some(most) = section.max_words.filter(|most| words > *most) {
        let message = format!("section {} has {}, which is more than {most}", quoted(&section.name), count(words, "word"));
        report.error("spec/section-long", range(outline, at), message);
    }
}

/// An id where it stands in the text.
struct Id<'a> {
    text: &'a str,
    range: Range<usize>,
    is_defined: bool,
}

fn check_ids(outline: &Outline, ids: &Ids, report: &mut Report<'_>) {
    let mut all: Vec<Id<'_>> = Vec::new();
    for run in &outline.runs {
        let lead = run.text.len() - run.text.trim_start().len();
        all.extend(ids.pattern.find_iter(&run.text).filter(|found| !found.is_empty()).map(|found| Id {
            text: found.as_str(),
            range: run.range.start + found.start()..run.range.start + found.end(),
            is_defined: run.position == Position::Lead && found.start() == lead,
        }));
    }
    let mut defined: HashSet<&str> = HashSet::new();
    for id in all.iter().filter(|id| id.is_defined) {
        if !defined.insert(id.text) && ids.is_unique {
            report.error("spec/id-repeated", id.range.clone(), format!("{} is defined already", quoted(id.text)));
        }
    }
    for id in all.iter().filter(|id| ids.must_be_defined && !defined.contains(id.text)) {
        report.error("spec/id-unknown", id.range.clone(), format!("{} is defined nowhere in this document", quoted(id.text)));
    }
    for title in &ids.required_in {
        for at in titled(outline, title, report) {
            let section = outline.section(at);
            if within(&all, &section, |id| id.range.start).is_empty() {
                let message = format!("section {} has nothing that matches {}", quoted(title), quoted(ids.pattern.as_str()));
                report.error("spec/id-missing", range(outline, at), message);
            }
        }
    }
}

/// Returns the headings with a title; that there is none is added to the report.
fn titled(outline: &Outline, title: &str, report: &mut Report<'_>) -> Vec<usize> {
    let wanted = title.trim().to_lowercase();
    let found = (0..).zip(&outline.headings).filter(|(_, heading)| heading.text.to_lowercase() == wanted).map(|(at, _)| at);
    let found: Vec<usize> = found.collect();
    if found.is_empty() {
        report.whole("spec/section-missing", format!("there is no section {}", quoted(title)));
    }
    found
}

fn checklist(outline: &Outline, list: &Checklist, report: &mut Report<'_>) {
    for at in titled(outline, &list.section, report) {
        let section = outline.section(at);
        let boxes = within(&outline.checks, &section, |check| check.range.start);
        if boxes.len() < list.min {
            let message = format!("section {} has {}, and needs {}", quoted(&list.section), count(boxes.len(), "item"), list.min);
            report.error("spec/checklist-short", range(outline, at), format!("{message} with a box\nWrite `- [ ] what is to be checked`."));
        }
        for open in boxes.iter().filter(|check| list.all_checked && !check.is_done) {
            report.error(
                "spec/checklist-open",
                open.range.clone(),
                format!("section {} has a box that is not ticked", quoted(&list.section)),
            );
        }
    }
}

fn check_link(outline: &Outline, link: &Link, (from, lookup): (&str, Lookup<'_>), report: &mut Report<'_>) {
    let (path, anchor) = match destination(from, &link.target) {
        Destination::Elsewhere => return,
        Destination::Outside => {
            report.error("spec/link-outside", link.range.clone(), format!("{} leads out of the repository", quoted(&link.target)));
            return;
        }
        Destination::Inside { path, anchor } => (path, anchor),
    };
    let target = path.as_ref().map_or(Target::There, |path| lookup(path));
    let anchors = match (&target, &path) {
        (Target::Missing, _) => {
            let message = format!("{} leads to {}, which is not there", quoted(&link.target), quoted(path.as_deref().unwrap_or_default()));
            report.error("spec/link-broken", link.range.clone(), message);
            return;
        }
        (Target::Document(anchors), _) => anchors.as_ref(),
        (Target::There, None) => &outline.anchors,
        (Target::There, Some(_)) => return,
    };
    let Some(anchor) = anchor.filter(|anchor| !anchors.contains(anchor) && !is_line(anchor)) else { return };
    let candidates = if anchors.len() > MOST_CANDIDATES { None } else { Some(anchors.iter().map(String::as_str)) };
    let near = candidates.and_then(|candidates| closest(&anchor, candidates));
    let hint = near.map(|near| format!("\nDid you mean `#{near}`?")).unwrap_or_default();
    let place = path.map_or_else(|| "this document".to_owned(), |path| quoted(&path));
    report.error("spec/anchor-broken", link.range.clone(), format!("there is no heading {} in {place}{hint}", quoted(&anchor)));
}

/// Returns whether an anchor means lines, as `L10` and `L10-L20` do.
fn is_line(anchor: &str) -> bool {
    anchor
        .strip_prefix('L')
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, 'L' | '-' | 'C')))
}

/// Returns the structure that a document names at its head: `<!-- git-orc: structure=FILE -->` before the first heading and all text.
#[must_use]
pub fn declared_structure(text: &str, outline: &Outline) -> Option<(String, Range<usize>)> {
    let mut at = outline.body;
    for line in text.get(at..)?.split_inclusive('\n') {
        let bare = line.trim();
        if let Some(inner) = bare.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) {
            if let Some(name) = inner.trim().strip_prefix("git-orc:").and_then(|rest| rest.trim().strip_prefix("structure=")) {
                let start = at + line.find(name).unwrap_or(0);
                return Some((name.trim().to_owned(), start..start + name.len()));
            }
        } else if !bare.is_empty() {
            return None;
        }
        at += line.len();
    }
    None
}
