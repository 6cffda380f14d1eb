//! What policies say about changes, one rule at a time; the table of `fixtures/hostile/policies` has the rest.

use git_orc::domain::policy::governance::change::{Added, Block, Change, EntryKind};
use git_orc::domain::policy::governance::remark::Consequence::{self, NeedsReview, Noted, Refused};
use git_orc::domain::policy::scope::Scope;

use super::{parse, secrets};

/// A new file with this text.
fn new(path: &str, text: &str) -> Change {
    Change {
        path: path.into(),
        old: None,
        new: Some(EntryKind::File),
        bytes: text.len() as u64,
        lines: text.lines().count() as u64,
        added: Added::Lines(vec![Block { first: 1, text: text.as_bytes().to_vec() }]),
    }
}

/// Judges changes of a workstream; returns the rules that spoke, with what follows.
fn told(policies: &str, scope: &[&str], changes: &[Change]) -> Vec<(Consequence, String)> {
    let governance = parse(&[("ai_policies.yaml", policies)]).unwrap_or_else(|found| panic!("{found:#?}"));
    let globs: Vec<String> = scope.iter().map(ToString::to_string).collect();
    let remarks = governance.judge(&Scope::new(&globs, &[], &["forbidden/**".to_owned()]).unwrap(), changes);
    remarks.into_iter().map(|remark| (remark.consequence, remark.rule)).collect()
}

fn check(policies: &str, scope: &[&str], changes: &[Change], expect: &[(Consequence, &str)]) {
    let expect: Vec<_> = expect.iter().map(|(consequence, rule)| (*consequence, (*rule).to_owned())).collect();
    assert_eq!(told(policies, scope, changes), expect, "{policies} {scope:?} {changes:?}");
}

#[test]
fn the_strictest_zone_of_a_path_speaks() {
    let zones = "zones:\n  safe_to_modify: {paths: ['**']}\n  review_required: {paths: [a/**, b/**]}\n  read_only: {paths: [a/c]}\n";
    check(zones, &["**"], &[new("x", "")], &[]);
    check(zones, &["**"], &[new("b/x", "")], &[(NeedsReview, "zones.review_required")]);
    check(zones, &["**"], &[new("a/c", "")], &[(Refused, "zones.read_only")]);
    check(zones, &["a/c"], &[new("a/c", "")], &[(Refused, "zones.read_only")]);
}

#[test]
fn of_invariants_only_those_of_a_person_speak() {
    let invariants = "invariants:\n  - {id: A, enforcement: ci, affected_paths: [a]}\n  - {id: B, enforcement: manual-review, affected_paths: [a]}\n  \
        - {id: C, enforcement: manual-review, affected_paths: [b]}\n  - {id: D, enforcement: validation, affected_paths: [a]}\n  - {id: E, affected_paths: [a]}\n";
    check(invariants, &["**"], &[new("a", "")], &[(NeedsReview, "invariants.B")]);
}

#[test]
fn what_comes_along_is_noted_once_and_counts_for_no_limit() {
    let limits = "limits: {max_files_changed: 1, max_lines_changed: 2}\n";
    let lock = new("web/yarn.lock", "a\nb\nc\n");
    check(limits, &["src/**"], &[new("src/a", "x\n"), lock.clone()], &[(Noted, "overflow")]);
    let both = [(Refused, "limits.max_files_changed"), (Refused, "limits.max_lines_changed")];
    check(limits, &["**"], &[new("src/a", "x\n"), lock.clone()], &both);
    let linked = Change { new: Some(EntryKind::Symlink), ..lock.clone() };
    check("", &["src/**"], &[linked], &[]);
    check("", &["src/**"], &[Change { old: Some(EntryKind::File), new: None, ..lock.clone() }], &[]);
    check("", &["src/**"], &[Change { path: "forbidden/yarn.lock".into(), ..lock }], &[]);
}

#[test]
fn the_worst_is_told_first() {
    let policies = "zones: {review_required: {paths: ['**']}, read_only: {paths: [z]}}\n";
    let changes = [new("a/Cargo.lock", ""), new("src/b", ""), new("z", "")];
    let found = told(policies, &["src/**", "z"], &changes);
    assert!(found.is_sorted_by_key(|(consequence, _)| *consequence), "{found:?}");
    assert_eq!(found[0], (Refused, "zones.read_only".to_owned()));
}

#[test]
fn what_nobody_could_look_at_is_said() {
    let seen = |added| Change { added, ..new("data.bin2", "") };
    check("", &["**"], &[seen(Added::Unread), seen(Added::Binary)], &[(Noted, "secrets"), (Noted, "secrets")]);
    check("limits: {binary: refuse}\n", &["**"], &[seen(Added::Binary)], &[(Refused, "limits.binary"), (Noted, "secrets")]);
    let image = Change { path: "logo.png".into(), ..seen(Added::Binary) };
    check("", &["**"], &[image], &[]);
}

#[test]
fn an_allowance_allows_what_fits_all_of_it() {
    let (_, text) = secrets::all().into_iter().find(|(rule, _)| *rule == "npm-access-token").unwrap();
    let change = [new("src/a.js", &text)];
    let governance = parse(&[]).unwrap();
    let first = governance.judge(&Scope::new(&["**".to_owned()], &[], &[]).unwrap(), &change).remove(0).to_string();
    let fingerprint = first.split("fingerprint `").nth(1).unwrap()[..12].to_owned();
    let found = [(Refused, "secrets.npm-access-token")];
    let allow = |what: &str| format!("secrets: {{allow: [{{{what}, reason: it is made up}}]}}\n");
    for what in
        ["rule: npm-access-token", "path: \"src/**\"", &format!("fingerprint: \"{fingerprint}\""), "rule: npm-access-token, path: src"]
    {
        check(&allow(what), &["**"], &change, &[]);
    }
    for what in ["rule: jwt", "path: \"test/**\"", "fingerprint: \"000000000000\"", "rule: npm-access-token, path: test", "path: SRC"] {
        check(&allow(what), &["**"], &change, &found);
    }
}

#[test]
fn a_layer_below_can_switch_the_search_on_and_nobody_off() {
    assert!(parse(&[("ai_policies.yaml", "secrets: {scan: true}")]).unwrap().secrets.is_some());
    assert!(parse(&[("ai_policies.yaml", "secrets: {scan: false}")]).is_err());
}

#[test]
fn a_link_to_where_something_is_kept_counts_as_a_change_of_it() {
    let zones = "zones: {read_only: {paths: [legacy/**]}, review_required: {paths: [db/sql/**]}}\n";
    let link = |path: &str| Change { new: Some(EntryKind::Symlink), added: Added::Lines(Vec::new()), ..new(path, "") };
    check(zones, &["**"], &[link("legacy")], &[(Refused, "zones.read_only")]);
    check(zones, &["**"], &[link("db")], &[(NeedsReview, "zones.review_required")]);
    check(zones, &["**"], &[link(".husky")], &[(Refused, "protected")]);
    check(zones, &["**", ".husky"], &[link(".husky")], &[]);
    check(zones, &["**"], &[link("src"), new("legacy2", "")], &[]);
}
