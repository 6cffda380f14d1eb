//! Every predicate against small trees.

use regex::Regex;

use super::*;
use crate::domain::phase::data::Claim;
use crate::domain::phase::view::MOST_OF_A_FILE;
use crate::domain::phase::view_sample::Tree;

fn glob(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

fn check(files: &[(&str, &[u8])], predicate: &Predicate, expect: Result<(), (Option<&str>, &str)>) {
    let found = Tree::of(files, &["src/a.rs"]).look(|view| holds(predicate, view));
    let expect = expect.map_err(|(path, message)| Unmet { path: path.map(ToOwned::to_owned), message: message.to_owned() });
    assert_eq!(found, expect, "{predicate:?}");
}

#[test]
fn files_are_there_or_not() {
    let files: &[(&str, &[u8])] = &[("docs/plan.md", b"x"), ("docs/void.md", b"")];
    check(files, &Predicate::Exists(glob("docs/plan.md")), Ok(()));
    check(files, &Predicate::Exists(glob("docs/*.md")), Ok(()));
    check(files, &Predicate::Exists(glob("docs/void.md")), Err((Some("docs/void.md"), "`docs/void.md` is empty")));
    check(files, &Predicate::Exists(glob("plan.md")), Err((None, "there is no file `plan.md`")));
    check(files, &Predicate::Absent(glob("**/*.orig")), Ok(()));
    check(files, &Predicate::Absent(glob("docs/v*")), Err((Some("docs/void.md"), "`docs/void.md` must not be there")));
    check(files, &Predicate::Changed(glob("src/**")), Ok(()));
    check(files, &Predicate::Changed(glob("docs/**")), Err((None, "nothing was changed in `docs/**`")));
}

#[test]
fn everything_is_counted() {
    let least = |files: &str, count, unit| Predicate::AtLeast { files: glob(files), count, unit };
    let files: &[(&str, &[u8])] = &[("a.md", b"# A\n\none two three\n"), ("b.md", b"## B\nfour\n"), ("c.bin", b"\0\0 word word")];
    check(files, &least("*.md", 2, Unit::Files), Ok(()));
    check(files, &least("*.md", 3, Unit::Files), Err((None, "`*.md` matches 2 files, and at least 3 must be there")));
    check(files, &least("*.md", 5, Unit::Lines), Ok(()));
    check(files, &least("a.md", 5, Unit::Words), Ok(()));
    check(files, &least("a.md", 6, Unit::Words), Err((Some("a.md"), "`a.md` has 5 words, and must have at least 6")));
    check(files, &least("*.md", 9, Unit::Words), Err((None, "`*.md` has 8 words, and must have at least 9")));
    check(files, &least("a.md", 1_000, Unit::Characters), Err((Some("a.md"), "`a.md` has 19 characters, and must have at least 1,000")));
    check(files, &least("*.md", 2, Unit::Headings), Ok(()));
    check(files, &least("b.md", 2, Unit::Headings), Err((Some("b.md"), "`b.md` has 1 heading, and must have at least 2")));
    check(files, &least("c.bin", 1, Unit::Words), Err((Some("c.bin"), "`c.bin` has 0 words, and must have at least 1")));
    check(files, &least("none.md", 1, Unit::Words), Err((None, "there is no file `none.md`")));
}

#[test]
fn words_are_looked_for() {
    let says =
        |words: &[&str], how| Predicate::Mentions { files: glob("*.md"), words: words.iter().map(|w| (*w).to_owned()).collect(), how };
    let files: &[(&str, &[u8])] = &[("a.md", b"Risks are known."), ("b.md", b"Testing is done.")];
    check(files, &says(&["risk", "test"], HowMany::All), Ok(()));
    check(files, &says(&["risk", "owner"], HowMany::Any), Ok(()));
    check(files, &says(&["risk", "owner", "date"], HowMany::All), Err((None, "`*.md` does not say `owner`, `date`")));
    check(&files[..1], &says(&["owner"], HowMany::Any), Err((Some("a.md"), "`a.md` says none of `owner`")));
    check(&[], &says(&["owner"], HowMany::Any), Err((None, "there is no file `*.md`")));
}

#[test]
fn code_is_looked_for() {
    check(&[("src/a.rs", b"fn main() {}\n")], &Predicate::HasCode(glob("src/**")), Ok(()));
    let message = "`src/a.rs` holds no code: no definition and no import";
    check(&[("src/a.rs", b"here comes the code\n")], &Predicate::HasCode(glob("src/**")), Err((Some("src/a.rs"), message)));
    check(&[("src/a.rs", b"\0fn main() {}\n")], &Predicate::HasCode(glob("src/**")), Err((Some("src/a.rs"), message)));
    check(&[], &Predicate::HasCode(glob("src/**")), Err((None, "there is no file `src/**`")));
}

#[test]
fn formats_are_read() {
    let read = |text: &str, format| {
        let predicate = Predicate::Parses { files: glob("out.*"), format };
        Tree::of(&[("out.x", text.as_bytes())], &[]).look(|view| holds(&predicate, view)).map_err(|unmet| unmet.message)
    };
    for (format, good, bad) in [
        (Format::Json, "{\"a\": [1, 2]}", "{\"a\": 1} x"),
        (Format::Yaml, "a: [1]\n---\nb: 2\n", "a: [1\n"),
        (Format::Toml, "[a]\nb = 1\n", "[a\n"),
    ] {
        assert_eq!(read(good, format), Ok(()));
        let message = read(bad, format).unwrap_err();
        assert!(message.starts_with("`out.x` can not be read as "), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
    assert!(read("\0", Format::Json).unwrap_err().ends_with("it is no text"));
    let predicate = Predicate::Parses { files: glob("out.*"), format: Format::Json };
    check(&[], &predicate, Err((None, "there is no file `out.*`")));
    let huge = format!("[{}1]", "1,".repeat(MOST_OF_A_FILE));
    assert!(read(&huge, Format::Json).unwrap_err().contains("larger than"), "a part of a document says nothing of the rest");
}

#[test]
fn issues_are_told_as_findings_and_progress_is_seen() {
    let expected = |message: Option<&str>, severity| Expectation {
        what: Predicate::AtLeast { files: glob("a.md"), count: 9, unit: Unit::Words },
        issue: IssueKind::InsufficientDetail,
        severity,
        condition: None,
        message: message.map(ToOwned::to_owned),
    };
    let of = |text: &str, expectation: Expectation| Tree::of(&[("a.md", text.as_bytes())], &[]).look(|view| judge(&[expectation], view));
    assert_eq!(of(&"w ".repeat(9), expected(None, IssueSeverity::Major)), []);
    let (short, longer) = (of("one", expected(None, IssueSeverity::Major)), of("one two", expected(None, IssueSeverity::Major)));
    let found = finding(&short[0]);
    assert_eq!((found.source.as_str(), found.rule.as_deref(), found.level), (SOURCE, Some("insufficient_detail"), Level::Error));
    assert_eq!(found.location.as_ref().map(|place| place.path.as_str()), Some("a.md"));
    assert_eq!(kind_of(&found), Some(IssueKind::InsufficientDetail));
    assert_eq!(kind_of(&Finding { source: "cargo".to_owned(), ..found.clone() }), None);
    assert_ne!(found.fingerprint, finding(&longer[0]).fingerprint, "it is on its way");
    assert_eq!(found.fingerprint, finding(&short[0]).fingerprint);
    let own = of("one", expected(Some("say more"), IssueSeverity::Minor));
    assert_eq!((own[0].message.as_str(), finding(&own[0]).level), ("say more", Level::Note));
}

#[test]
fn what_was_not_read_is_not_judged() {
    let beginning = || "x".repeat(MOST_OF_A_FILE);
    let json = format!("{{\"a\": 0, \"b\": \"{}\"}}", beginning());
    let yaml = format!("items:\n- {{a: 0}}\n- {{c: {}}}\n", beginning());
    let late = format!("{}\nFAIL R-002\n", beginning());
    let data = |path: &str| Predicate::Data {
        files: glob("a"),
        claim: DataClaim { path: path.split('.').map(str::to_owned).collect(), claim: Claim::AtMost(0.0) },
    };
    let says = |times| Predicate::Says { files: glob("a"), pattern: Regex::new("FAIL").unwrap(), times };
    let (each, with) = (Regex::new(r"R-\d+").unwrap(), None);
    let traced = Predicate::Traced(Box::new(Trace { each, from: glob("a"), files: glob("b"), with }));
    let named = "`a` can not be judged: it is larger than 1 MiB and was not read to its end";
    check(&[("a", json.as_bytes())], &data("a"), Err((Some("a"), named)));
    check(&[("a", yaml.as_bytes())], &data("items.*.a"), Err((Some("a"), named)));
    check(&[("a", late.as_bytes())], &says(Some(0)), Err((Some("a"), named)));
    check(&[("a", late.as_bytes()), ("b", b"R-001")], &traced, Err((Some("a"), named)));
    check(&[("a", b"FAIL \0")], &says(Some(0)), Err((Some("a"), "`a` is no text")));
    check(
        &[("a", b"FAIL"), ("b", b"\0")],
        &Predicate::Says { files: glob("*"), pattern: Regex::new("FAIL").unwrap(), times: Some(1) },
        Ok(()),
    );
    // The file that comes after all that is read for one question.
    let (mib, names): (String, Vec<String>) = ("1\n".repeat(MOST_OF_A_FILE / 2), (10..44).map(|number| format!("{number}.yaml")).collect());
    let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"a: 0"[..])).collect();
    files.insert(0, ("00.md", mib.as_bytes()));
    check(&files, &Predicate::Parses { files: glob("*.yaml"), format: Format::Yaml }, Ok(()));
    for (_, text) in &mut files[1..] {
        *text = mib.as_bytes();
    }
    let late = "`43.yaml` can not be judged: it was not read, since it comes after 32 MiB of others";
    let all = Predicate::Says { files: glob("*.yaml"), pattern: Regex::new("FAIL").unwrap(), times: Some(0) };
    check(&files, &all, Err((Some("43.yaml"), late)));
}

#[test]
fn a_bomb_of_aliases_is_no_yaml() {
    let bomb = format!("a: &a [{}]\nb: [{}]\n", vec!["1"; 10_000].join(", "), vec!["*a"; 10_000].join(", "));
    let yaml = Predicate::Parses { files: glob("a"), format: Format::Yaml };
    let found = Tree::of(&[("a", bomb.as_bytes())], &[]).look(|view| holds(&yaml, view)).unwrap_err();
    assert!(found.message.contains("its anchors and aliases make more of it than is read"), "{}", found.message);
}
