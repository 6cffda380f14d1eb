//! The rule, row by row.

use super::*;

fn lessons(rows: &[(Way, u32, u32)]) -> Lessons {
    let ways = rows.iter().map(|(way, helped, tried)| (*way, Tried { tried: *tried, helped: *helped })).collect();
    Lessons { of: [(tool(), [("server".to_owned(), ways)].into())].into() }
}

fn tool() -> ToolId {
    ToolId::parse("aider").unwrap()
}

#[test]
fn each_row_of_the_rule() {
    use Way::{Again, LessContext, NextTool};
    let check = |rows: &[(Way, u32, u32)], expect: (u32, f64, bool)| {
        let found = advice(&lessons(rows), (&tool(), "server"), (1, 3));
        assert_eq!((found.attempts, found.wait, found.about_rungs.is_some()), expect, "{rows:?}");
        assert_eq!(found.about_attempts.is_some(), found.attempts != 3, "{rows:?}: what differs is told");
        assert_eq!(found.about_wait.is_some(), (found.wait - 1.0).abs() > 0.1, "{rows:?}: what differs is told");
    };
    check(&[], (3, 1.0, false));
    check(&[(Again, 0, 4)], (3, 1.0, false));
    check(&[(Again, 0, 5)], (1, 1.0, false));
    check(&[(Again, 1, 5)], (3, 1.5, false));
    check(&[(Again, 5, 10)], (3, 1.0, false));
    check(&[(Again, 6, 10)], (4, 1.0, false));
    check(&[(Again, 8, 10)], (4, 0.5, false));
    check(&[(LessContext, 0, 4)], (3, 1.0, false));
    check(&[(LessContext, 0, 5)], (3, 1.0, true));
    check(&[(LessContext, 2, 5)], (3, 1.0, false));
    check(&[(LessContext, 2, 5), (NextTool, 2, 5)], (3, 1.0, false));
    check(&[(LessContext, 2, 5), (NextTool, 3, 5)], (3, 1.0, true));
    check(&[(LessContext, 2, 5), (NextTool, 4, 4)], (3, 1.0, false));
}

#[test]
fn numbers_are_told_and_other_troubles_count_for_nothing() {
    let known = lessons(&[(Way::Again, 0, 6), (Way::LessContext, 2, 5), (Way::NextTool, 5, 5)]);
    let found = advice(&known, (&tool(), "server"), (1, 3));
    assert_eq!(found.about_attempts.as_deref(), Some("one more attempt helped 0 of 6 times after `server` of aider, so none is made"));
    let rungs = "less context helped 2 of 5 times after `server` of aider, and the next tool 5 of 5, so it comes first";
    assert_eq!(found.about_rungs.as_deref(), Some(rungs));
    assert_eq!(advice(&known, (&tool(), "network"), (1, 3)), Advice::defaults(3));
    assert_eq!(advice(&known, (&ToolId::parse("codex").unwrap(), "server"), (1, 3)), Advice::defaults(3));
    // What is not to be tried more than once, or not at all, is not tried more often.
    assert_eq!(advice(&known, (&tool(), "server"), (1, 1)).attempts, 1);
    assert_eq!(advice(&lessons(&[(Way::Again, 5, 5)]), (&tool(), "server"), (0, 0)).attempts, 0);
}
