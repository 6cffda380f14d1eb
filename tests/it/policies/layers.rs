//! What layers say together: the strictest of each.

use git_orc::domain::document::diagnostic::Code;
use git_orc::domain::policy::governance::model::Governance;
use git_orc::domain::policy::governance::word::Ruling;
use proptest::prelude::*;

use super::parse;

fn of(user: &str, repository: &str) -> Governance {
    parse(&[("user.yaml", user), ("ai_policies.yaml", repository)]).unwrap_or_else(|found| panic!("{found:#?}"))
}

#[test]
fn every_layer_tightens() {
    let both = of(
        "limits: {max_files_changed: 20, binary: refuse}\nzones: {read_only: {paths: [a]}}\noverflow: {paths: ['**/Cargo.lock']}",
        "limits: {max_files_changed: 5, max_lines_changed: 7}\nzones: {read_only: {paths: [b]}}\noverflow: {paths: [x/Cargo.lock]}",
    );
    assert_eq!((both.limits.max_files_changed, both.limits.max_lines_changed), (Some(5), Some(7)));
    assert_eq!((both.limits.binary, both.limits.symlinks), (Ruling::Refuse, Ruling::Allow));
    let read_only = |path: &str| both.read_only.iter().any(|zone| zone.globs.covering(path.as_bytes()).is_some());
    assert!(read_only("a") && read_only("b") && !read_only("c"));
    assert!(both.overflow.naming(b"x/Cargo.lock").is_some() && both.overflow.naming(b"Cargo.lock").is_none());
    let protected = |path: &str| both.protected.iter().any(|zone| zone.globs.covering(path.as_bytes()).is_some());
    assert!(protected(".github/workflows/ci.yml"), "what is shipped is not lost");
}

#[test]
fn what_is_said_again_is_no_loosening() {
    let text = "forbidden_patterns: [{id: a, pattern: b, reason: c}]\ninvariants: [{id: I}]\nlimits: {max_files_changed: 3, binary: refuse}\n\
        secrets: {scan: true}\nzones: {read_only: {paths: [a/**]}, safe_to_modify: {paths: ['**']}}";
    let both = of(text, text);
    assert_eq!((both.forbidden.len(), both.invariants.len()), (1, 1));
}

#[test]
fn a_file_with_nothing_but_comments_says_nothing() {
    let governance = of("# limits: {max_files_changed: 1}\n", "");
    assert_eq!(governance.limits.max_files_changed, None);
    assert!(governance.secrets.is_some());
}

#[test]
fn a_loosening_names_both_places() {
    let found =
        parse(&[("user.yaml", "\nlimits: {max_files_changed: 5}"), ("ai_policies.yaml", "limits: {max_files_changed: 6}")]).unwrap_err();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].code, found[0].file.as_str()), (Code::ConstraintWeakened, "ai_policies.yaml"));
    assert_eq!(found[0].message, "`max_files_changed` grows from 5 to 6");
    let related = &found[0].related[0];
    assert_eq!((related.file.as_str(), related.span.line, related.span.column), ("user.yaml", 2, 29));
}

proptest! {
    #[test]
    fn of_numbers_the_least_holds_and_a_greater_one_is_refused(user in 0_u64..50, repository in 0_u64..50) {
        let layer = |most: u64| format!("limits: {{max_lines_changed: {most}}}");
        let both = parse(&[("user.yaml", &layer(user)), ("ai_policies.yaml", &layer(repository))]);
        prop_assert_eq!(both.is_ok(), repository <= user);
        if let Ok(both) = both {
            prop_assert_eq!(both.limits.max_lines_changed, Some(repository));
        }
    }
}
