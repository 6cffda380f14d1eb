//! What is written is read again as the same.

use super::annotations::annotations;
use super::junit::junit;
use super::rdjsonl::rdjsonl;
use super::sarif::sarif;
use crate::domain::finding::chooser::{Found, MOST_FINDINGS, Output, read};
use crate::domain::finding::draft::Base;
use crate::domain::finding::model::{End, Finding, FindingKind, Level, Location};

fn finding(level: Level, rule: Option<&str>, place: Option<Location>) -> Finding {
    let command = ["lint".to_owned()];
    let finding = Finding {
        source: "lint".to_owned(),
        kind: FindingKind::Lint,
        level,
        rule: rule.map(str::to_owned),
        message: "not <good> & \"well\", 100%:\nsecond line".to_owned(),
        location: place,
        fingerprint: String::new(),
    };
    // Its own fingerprint, found by reading it once.
    let text = rdjsonl(&[finding]);
    again(&text, &command).findings.remove(0)
}

fn again(text: &str, command: &[String]) -> Found {
    read(Output { base: Base::default(), command, exit: Some(1), text, reader: None, matchers: &[], answers: &[], most: MOST_FINDINGS })
}

fn all() -> Vec<Finding> {
    let end = Some(End { line: 4, column: Some(2) });
    vec![
        finding(Level::Error, Some("a-b"), Some(Location { path: "a b/é,1.c".to_owned(), line: 3, column: Some(7), end })),
        finding(Level::Warning, Some("c:d"), Some(Location { path: "x.c".to_owned(), line: 9, column: None, end: None })),
        finding(Level::Note, None, Some(Location { path: "x.c".to_owned(), line: 1, column: None, end: None })),
        finding(Level::Error, None, None),
    ]
}

/// What a format can not tell is left out of the comparison: the kind.
fn told(findings: &[Finding]) -> Vec<Finding> {
    findings.iter().map(|finding| Finding { kind: FindingKind::Lint, ..finding.clone() }).collect()
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let findings = all();
    let command = ["lint".to_owned()];
    assert_eq!(told(&again(&rdjsonl(&findings), &command).findings), told(&findings));
    assert_eq!(told(&again(&sarif(&findings, "1").to_string(), &command).findings), told(&findings));
    assert_eq!(told(&again(&annotations(&findings), &command).findings), told(&findings));
}

#[test]
fn junit_has_a_case_per_finding() {
    insta::assert_snapshot!(junit(&all()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="git-orc" tests="4" failures="3">
      <testsuite name="a b/é,1.c" tests="1" failures="1">
        <testcase classname="lint" name="a-b" file="a b/é,1.c" line="3">
          <failure type="error" message="not &lt;good&gt; &amp; &quot;well&quot;, 100%:">not &lt;good&gt; &amp; &quot;well&quot;, 100%:
    second line</failure>
        </testcase>
      </testsuite>
      <testsuite name="lint" tests="1" failures="1">
        <testcase classname="lint" name="not &lt;good&gt; &amp; &quot;well&quot;, 100%:">
          <failure type="error" message="not &lt;good&gt; &amp; &quot;well&quot;, 100%:">not &lt;good&gt; &amp; &quot;well&quot;, 100%:
    second line</failure>
        </testcase>
      </testsuite>
      <testsuite name="x.c" tests="2" failures="1">
        <testcase classname="lint" name="c:d" file="x.c" line="9">
          <failure type="warning" message="not &lt;good&gt; &amp; &quot;well&quot;, 100%:">not &lt;good&gt; &amp; &quot;well&quot;, 100%:
    second line</failure>
        </testcase>
        <testcase classname="lint" name="not &lt;good&gt; &amp; &quot;well&quot;, 100%:" file="x.c" line="1"/>
      </testsuite>
    </testsuites>
    "#);
    insta::assert_snapshot!(junit(&[]), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="git-orc" tests="1" failures="0">
      <testsuite name="git-orc" tests="1" failures="0">
        <testcase classname="git-orc" name="no findings"/>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn nothing_found_is_said_in_every_format() {
    assert_eq!((rdjsonl(&[]), annotations(&[])), (String::new(), String::new()));
    let log = sarif(&[], "1.2.3");
    assert_eq!(log["runs"][0]["tool"]["driver"]["version"], "1.2.3");
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    for text in [log.to_string(), junit(&[])] {
        let found = read(Output {
            base: Base::default(),
            command: &[],
            exit: None,
            text: &text,
            reader: None,
            matchers: &[],
            answers: &[],
            most: MOST_FINDINGS,
        });
        assert_eq!(found, Found::default(), "{text}");
    }
}
