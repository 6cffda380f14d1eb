//! What is given when not everything fits.

use proptest::prelude::*;

use super::*;

fn file(path: &str, tokens: u64, priority: Priority) -> Weighed {
    Weighed { path: RepoPath::from(path), tokens, outline: tokens.min(10), priority }
}

fn window(tokens: u64) -> Window {
    Window { tokens, reserved: 0 }
}

#[test]
fn what_is_given_follows_from_the_room() {
    use Priority::{Covered, Listed, Named};
    let files = [file("n", 40, Named), file("l", 30, Listed), file("big", 60, Covered), file("small", 20, Covered)];
    let check = |tokens, prompt, level, given: &[&str], taken| {
        let fit = fit(window(tokens), prompt, &files);
        let paths: Vec<String> = fit.given.iter().map(ToString::to_string).collect();
        assert_eq!(
            (fit.level, paths.as_slice(), fit.taken),
            (level, &given.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>()[..], taken),
            "{tokens}"
        );
        assert_eq!(fit.left_out + fit.given.len(), files.len());
        assert_eq!(fit.wanted, prompt + 150);
    };
    check(160, 10, Level::Whole, &["big", "l", "n", "small"], 160);
    check(159, 10, Level::PriorityFiles, &["l", "n", "small"], 100);
    check(100, 10, Level::PriorityFiles, &["l", "n", "small"], 100);
    check(99, 10, Level::PriorityFiles, &["l", "n"], 80);
    check(75, 10, Level::PriorityFiles, &["n", "small"], 70);
    check(50, 10, Level::PriorityFiles, &["n"], 50);
    check(50, 0, Level::PriorityFiles, &["n"], 40);
    // The named file does not fit any more: the smaller ones without it would be of no use.
    check(49, 9, Level::PriorityFiles, &["n"], 49);
    check(60, 21, Level::Split, &[], 21);
    check(61, 21, Level::PriorityFiles, &["n"], 61);
    check(60, 20, Level::PriorityFiles, &["n"], 60);
    check(59, 20, Level::Split, &[], 20);
    check(19, 20, Level::Split, &[], 20);
}

#[test]
fn files_that_are_too_large_are_outlined() {
    let files = [file("n", 500, Priority::Named), file("c", 5, Priority::Covered)];
    let outlined = fit(window(100), 10, &files);
    assert_eq!((outlined.level, outlined.given.len(), outlined.taken), (Level::SummarisedScope, 0, 25));
    assert_eq!(outlined.note().unwrap(), "context: 515 of 100 tokens: 2 files only outlined");
    assert_eq!(fit(window(24), 10, &files).level, Level::Split);
    let left = fit(window(100), 0, &[file("a", 90, Priority::Listed), file("b", 20, Priority::Covered)]);
    assert_eq!(left.note().unwrap(), "context: 110 of 100 tokens: 1 file left out");
    assert_eq!(fit(window(100), 0, &[]).note(), None);
}

#[test]
fn a_part_of_the_window_is_kept_free() {
    for (tokens, reserved) in [(0, 0), (8_000, 2_000), (128_000, 32_000), (1_000_000, 32_000)] {
        assert_eq!(Window::new(tokens).reserved, reserved);
    }
    assert_eq!(Window::new(8_000).room(6_000), Some(0));
    assert_eq!(Window::new(8_000).room(6_001), None);
}

#[test]
fn a_split_is_proposed_by_folders_that_fit() {
    let files: Vec<Weighed> =
        [("src/a/x", 40), ("src/a/y", 40), ("src/b/x", 90), ("src/c/d/x", 80), ("src/c/e/x", 80), ("src-top", 10), ("z", 200)]
            .map(|(path, tokens)| file(path, tokens, Priority::Covered))
            .into();
    let expect = "context: 540 of 100 tokens: it does not fit; split the workstream by its scope: `src-top` (10), `src/a/**` (80), `src/b/**` (90), \
                  `src/c/d/**` (80), `src/c/e/**` (80), `z` (200)";
    assert_eq!(proposal(window(100), 0, &files), expect);
    let many: Vec<Weighed> = (0..20).map(|n| file(&format!("f{n:02}/x"), 90, Priority::Covered)).collect();
    assert!(proposal(window(100), 0, &many).ends_with("`f07/**` (90), 12 more"));
    let alone = proposal(Window::new(1000), 800, &files);
    assert_eq!(
        alone,
        "context: 800 of 1,000 tokens: the prompt alone does not fit beside the 250 that are kept for the answer; shorten it"
    );
}

fn files() -> impl Strategy<Value = Vec<Weighed>> {
    let priority = prop_oneof![Just(Priority::Named), Just(Priority::Listed), Just(Priority::Covered)];
    let one = (0_u64..300, 0_u64..40, priority);
    proptest::collection::vec(one, 0..20).prop_map(|all| {
        let file =
            |(at, (tokens, outline, priority))| Weighed { path: RepoPath::from(format!("f{at}").as_str()), tokens, outline, priority };
        all.into_iter().enumerate().map(file).collect()
    })
}

proptest! {
    #[test]
    fn nothing_goes_over_the_window((tokens, reserved, prompt) in (0_u64..2000, 0_u64..300, 0_u64..500), files in files()) {
        let window = Window { tokens, reserved };
        let fit = fit(window, prompt, &files);
        let weight = |path: &RepoPath| files.iter().find(|file| file.path == *path).map_or(0, |file| file.tokens);
        let given: u64 = fit.given.iter().map(weight).sum();
        let all: u64 = files.iter().map(|file| file.tokens).sum();
        let outlines: u64 = files.iter().map(|file| file.outline).sum();
        prop_assert_eq!(fit.wanted, prompt + all);
        prop_assert_eq!(fit.given.len() + fit.left_out, files.len());
        match fit.level {
            Level::Split => prop_assert!(prompt + reserved + outlines > tokens && prompt + reserved + all > tokens),
            Level::SummarisedScope => prop_assert_eq!((fit.taken, fit.given.len()), (prompt + outlines, 0)),
            Level::Whole => prop_assert_eq!((fit.taken, fit.left_out), (prompt + all, 0)),
            Level::PriorityFiles => {
                prop_assert_eq!(fit.taken, prompt + given);
                // Every named file is given, and no file that is left out would still have fitted.
                for file in files.iter().filter(|file| !fit.given.contains(&file.path)) {
                    prop_assert!(file.priority != Priority::Named);
                    prop_assert!(fit.taken + file.tokens + reserved > tokens);
                }
            }
        }
        if fit.level != Level::Split {
            prop_assert!(fit.taken + reserved <= tokens);
        }
    }
}
