//! Judging what a workstream changed by the policies of its run.

use std::collections::BTreeSet;

use crate::domain::id::RepoPath;
use crate::domain::policy::governance::change::{Added, Change, EntryKind};
use crate::domain::policy::governance::model::{Allowance, Forbidden, Governance, Zone};
use crate::domain::policy::governance::remark::{Consequence, Remark, said};
use crate::domain::policy::governance::secrets::rules::Rules;
use crate::domain::policy::governance::secrets::scan::{Find, Text, scan};
use crate::domain::policy::governance::word::{Enforcement, Ruling};
use crate::domain::policy::scope::{Scope, ScopeRule};
use crate::domain::text::count;

/// How many lines of a file are told for one forbidden pattern.
const MOST_LINES: usize = 20;

impl Governance {
    /// Returns what the policies say about what a workstream has changed in all: what is refused first, then what needs a review, then what is
    /// only noted.
    #[must_use]
    pub fn judge(&self, scope: &Scope, changes: &[Change]) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let along: BTreeSet<&RepoPath> =
            changes.iter().filter(|change| self.comes_along(scope, change).is_some()).map(|change| &change.path).collect();
        for change in changes {
            self.judge_place(scope, change, &mut remarks);
            self.judge_kind(change, &mut remarks);
            self.judge_lines(change, &mut remarks);
        }
        self.judge_size(changes.iter().filter(|change| !along.contains(&change.path)), &mut remarks);
        remarks.sort_by_key(|remark| remark.consequence);
        remarks
    }

    /// Returns the glob by which a file comes along with other changes although the scope does not cover it.
    #[must_use]
    pub fn comes_along(&self, scope: &Scope, change: &Change) -> Option<&str> {
        let is_file = change.new.is_some_and(EntryKind::is_file) && change.old.is_none_or(EntryKind::is_file);
        let is_outside = || matches!(scope.judge(&change.path, change.kind()), Err(violation) if violation.rule == ScopeRule::OutOfScope);
        self.overflow.naming(change.path.as_bytes()).filter(|_| is_file && is_outside())
    }

    /// Judges where a change is: zones, protected paths, invariants, and what comes along.
    fn judge_place(&self, scope: &Scope, change: &Change, remarks: &mut Vec<Remark>) {
        let path = change.path.as_bytes();
        if let Some(glob) = self.comes_along(scope, change) {
            let message = format!("was changed outside of the scope, as `{}` of `overflow` lets it", said(glob));
            remarks.push(Remark::new(Consequence::Noted, "overflow", Some(&change.path)).says(message));
        }
        let read_only = covering(&self.read_only, change);
        if let Some((zone, glob)) = read_only {
            let message = format!("must not be changed: `{}` of `zones.read_only` covers it", said(glob));
            let remark = Remark::new(Consequence::Refused, "zones.read_only", Some(&change.path));
            remarks.push(remark.says(message).because(zone.rationale.as_deref()));
        }
        if !scope.names(&change.path)
            && let Some((zone, glob)) = covering(&self.protected, change)
        {
            let message =
                format!("is protected: `{}` of `protected` covers it, and the scope does not name it without wildcards", said(glob));
            let remark = Remark::new(Consequence::Refused, "protected", Some(&change.path));
            remarks.push(remark.says(message).because(zone.rationale.as_deref()));
        }
        if read_only.is_none()
            && let Some((zone, glob)) = covering(&self.review, change)
        {
            remarks.push(review(change, glob, zone));
        }
        let reviewed = self.invariants.iter().filter(|one| one.enforcement == Some(Enforcement::ManualReview));
        for invariant in reviewed.filter(|one| one.paths.covering(path).is_some()) {
            let message = format!("needs a review: the invariant `{}` concerns it", said(&invariant.id));
            let remark = Remark::new(Consequence::NeedsReview, format!("invariants.{}", said(&invariant.id)), Some(&change.path));
            remarks.push(remark.says(message).because(invariant.description.as_deref()));
        }
    }

    /// Judges what a change makes of a path: binary files, links, submodules, modes, sizes.
    fn judge_kind(&self, change: &Change, remarks: &mut Vec<Remark>) {
        let limits = &self.limits;
        let mut refuse = |key: &str, message: String| {
            remarks.push(Remark::new(Consequence::Refused, format!("limits.{key}"), Some(&change.path)).says(message));
        };
        let is_refused = |ruling| ruling == Ruling::Refuse;
        if is_refused(limits.binary) && change.added == Added::Binary {
            refuse("binary", "is binary, which `limits.binary` refuses".to_owned());
        }
        if is_refused(limits.symlinks) && change.new == Some(EntryKind::Symlink) {
            refuse("symlinks", "is a symbolic link, which `limits.symlinks` refuses".to_owned());
        }
        if is_refused(limits.submodules) && [change.old, change.new].contains(&Some(EntryKind::Submodule)) {
            refuse("submodules", "is a submodule, which `limits.submodules` refuses to add, change and remove".to_owned());
        }
        if let (Some(old), Some(new)) = (change.old, change.new)
            && is_refused(limits.mode_changes)
            && old != new
            && old.is_file()
            && new.is_file()
        {
            refuse("mode_changes", format!("goes from mode {} to {}, which `limits.mode_changes` refuses", old.octal(), new.octal()));
        }
        if let Some(most) = limits.max_file_bytes
            && change.bytes > most
        {
            refuse("max_file_bytes", format!("has {} bytes, more than the {most} of `limits.max_file_bytes`", change.bytes));
        }
    }

    /// Judges how much was changed in all.
    fn judge_size<'a>(&self, changes: impl Iterator<Item = &'a Change>, remarks: &mut Vec<Remark>) {
        let (files, lines) = changes.fold((0_u64, 0_u64), |(files, lines), change| (files + 1, lines.saturating_add(change.lines)));
        let totals = [
            (files, self.limits.max_files_changed, (self.limits.files_by, "max_files_changed"), "file"),
            (lines, self.limits.max_lines_changed, (self.limits.lines_by, "max_lines_changed"), "line"),
        ];
        for (total, most, (section, key), noun) in totals {
            let section = section.as_str();
            if let Some(most) = most.filter(|most| total > *most) {
                let message = format!(
                    "changes {}, more than the {most} of `{section}.{key}`",
                    count(usize::try_from(total).unwrap_or(usize::MAX), noun)
                );
                remarks.push(Remark::new(Consequence::Refused, format!("{section}.{key}"), None).says(message));
            }
        }
    }

    /// Judges the added lines: characters, forbidden patterns and secrets.
    fn judge_lines(&self, change: &Change, remarks: &mut Vec<Remark>) {
        for forbidden in &self.forbidden {
            if forbidden.paths.is_empty() || forbidden.paths.covering(change.path.as_bytes()).is_some() {
                judge_pattern(forbidden, change, remarks);
            }
        }
        if self.asks.ascii {
            judge_characters(change, remarks);
        }
        let Some(rules) = self.secrets.as_ref().and_then(|secrets| secrets.rules()).filter(|_| change.new.is_some()) else { return };
        match &change.added {
            Added::Lines(blocks) => self.judge_secrets(rules, change, Text { path: change.path.as_bytes(), blocks }, remarks),
            Added::Binary | Added::Unread => {
                let text = Text { path: change.path.as_bytes(), blocks: &[] };
                self.judge_secrets(rules, change, text, remarks);
                if !rules.skip(change.path.as_bytes()) {
                    let why = if change.added == Added::Binary { "it is binary" } else { "it is too large" };
                    let remark = Remark::new(Consequence::Noted, "secrets", Some(&change.path));
                    remarks.push(remark.says(format!("was not searched for secrets: {why}")));
                }
            }
        }
    }

    fn judge_secrets(&self, rules: &Rules, change: &Change, text: Text<'_>, remarks: &mut Vec<Remark>) {
        for find in scan(rules, text) {
            if self.allow.iter().any(|allowance| allows(allowance, &change.path, &find)) {
                continue;
            }
            let message = format!("holds a secret: rule `{}`, fingerprint `{}`", find.rule, find.fingerprint);
            let remark = Remark::new(Consequence::Refused, format!("secrets.{}", find.rule), Some(&change.path));
            let help = "if it is none, `secrets.allow` of `ai_policies.yaml` can say so";
            remarks.push(remark.says(message).at(find.line).because(Some(help)));
        }
    }
}

/// Returns the first zone, and its glob, that covers a path, or what a link there leads to.
fn covering<'a>(zones: &'a [Zone], change: &Change) -> Option<(&'a Zone, &'a str)> {
    let path = change.path.as_bytes();
    let leads = matches!(change.new, Some(EntryKind::Symlink | EntryKind::Submodule));
    let of_zone = |zone: &'a Zone| zone.globs.covering(path).or_else(|| zone.globs.leading_through(path).filter(|_| leads));
    zones.iter().find_map(|zone| of_zone(zone).map(|glob| (zone, glob)))
}

fn review(change: &Change, glob: &str, zone: &Zone) -> Remark {
    let checks = zone.validation.iter().map(|command| format!("`{}`", said(command))).collect::<Vec<_>>().join(", ");
    let checked = if checks.is_empty() { String::new() } else { format!(", to be checked by {checks}") };
    let message = format!("needs a review: `{}` of `zones.review_required` covers it{checked}", said(glob));
    let remark = Remark::new(Consequence::NeedsReview, "zones.review_required", Some(&change.path));
    remark.says(message).because(zone.rationale.as_deref())
}

fn judge_pattern(forbidden: &Forbidden, change: &Change, remarks: &mut Vec<Remark>) {
    let lines = change.blocks().iter().flat_map(|block| (block.first..).zip(block.text.split(|byte| *byte == b'\n')));
    let ends = |line: &'_ [u8]| forbidden.pattern.is_match(line.strip_suffix(b"\r").unwrap_or(line));
    for (number, _) in lines.filter(|(_, line)| ends(line)).take(MOST_LINES) {
        let other = forbidden.alternative.as_deref().map(|text| format!("; write {} in its place", said(text))).unwrap_or_default();
        let message = format!("holds what `{}` of `forbidden_patterns` forbids{other}", forbidden.id);
        let remark = Remark::new(Consequence::Refused, format!("forbidden_patterns.{}", forbidden.id), Some(&change.path));
        remarks.push(remark.says(message).at(Some(number)).because(Some(&forbidden.reason)));
    }
}

/// Judges whether the added lines are ASCII; of what has no lines it is said that nobody could tell.
fn judge_characters(change: &Change, remarks: &mut Vec<Remark>) {
    const RULE: &str = "constraints.ascii_only";
    if matches!(change.added, Added::Binary | Added::Unread) && change.new.is_some() {
        let why = if change.added == Added::Binary { "it is binary" } else { "it is too large" };
        let remark = Remark::new(Consequence::Noted, RULE, Some(&change.path));
        remarks.push(remark.says(format!("was not searched for characters beyond ASCII: {why}")));
    }
    let lines = change.blocks().iter().flat_map(|block| (block.first..).zip(block.text.split(|byte| *byte == b'\n')));
    for (number, line) in lines.filter(|(_, line)| !line.is_ascii()).take(MOST_LINES) {
        let first = String::from_utf8_lossy(line).chars().find(|c| !c.is_ascii()).map_or(0, u32::from);
        let message = format!("holds a character beyond ASCII, U+{first:04X}, which `{RULE}` refuses");
        remarks.push(Remark::new(Consequence::Refused, RULE, Some(&change.path)).says(message).at(Some(number)));
    }
}

fn allows(allowance: &Allowance, path: &RepoPath, find: &Find) -> bool {
    allowance.rule.as_ref().is_none_or(|rule| *rule == find.rule)
        && allowance.path.as_ref().is_none_or(|glob| glob.matches(path.as_bytes()))
        && allowance.fingerprint.as_ref().is_none_or(|print| *print == find.fingerprint)
}
