//! Reports that are lists of findings, told as a table: where the list is, and what its members call things.

use serde_json::Value;

use super::value::{level, place};
use crate::domain::finding::draft::{CheckOutput, Draft};
use crate::domain::finding::model::{FindingKind, Level};

/// One format. Names of members are JSON pointers (RFC 6901).
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// The program; where documents name it themselves, the pointer.
    source: &'static str,
    kind: FindingKind,
    /// What the document must have besides its list.
    root: &'static [&'static str],
    /// The list; `""` is the document itself, `None` a document that is one finding.
    list: Option<&'static str>,
    /// The list inside each member of the list.
    inner: Option<&'static str>,
    /// What a finding, or a member of the outer list, must have.
    member: &'static [&'static str],
    /// The file; looked for in the finding and then around it.
    path: &'static str,
    /// Line and column, last line and the column behind the last one.
    place: [&'static str; 4],
    /// What is to be added to lines and to columns that are counted from 0.
    add: [u64; 2],
    /// Rule, message with what is added to it, level.
    rule: &'static str,
    message: &'static [&'static str],
    level: &'static str,
    /// Another list of the same document: what the program could not look at.
    more: Option<&'static Table>,
}

const PLAIN: Table = Table {
    name: "",
    about: "",
    source: "",
    kind: FindingKind::Lint,
    root: &[],
    list: Some(""),
    inner: None,
    member: &[],
    path: "",
    place: ["/line", "/column", "/endLine", "/endColumn"],
    add: [0, 0],
    rule: "/code",
    message: &["/message"],
    level: "/-",
    more: None,
};

const RUFF: Table = Table {
    name: "ruff",
    about: "`ruff check --output-format json`",
    source: "ruff",
    member: &["/filename", "/location/row", "/message"],
    path: "/filename",
    place: ["/location/row", "/location/column", "/end_location/row", "/end_location/column"],
    ..PLAIN
};

const SHELLCHECK: Table = Table {
    name: "shellcheck",
    about: "`shellcheck -f json`",
    source: "shellcheck",
    member: &["/file", "/level", "/code", "/message"],
    path: "/file",
    level: "/level",
    ..PLAIN
};

const PYLINT: Table = Table {
    name: "pylint",
    about: "`pylint --output-format json`",
    source: "pylint",
    member: &["/path", "/symbol", "/message-id"],
    path: "/path",
    add: [0, 1],
    rule: "/message-id",
    level: "/type",
    ..PLAIN
};

const RDJSONL: Table = Table {
    name: "rdjsonl",
    about: "reviewdog's rdjsonl, which plugins print",
    source: "/source/name",
    list: None,
    member: &["/message", "/location/path"],
    path: "/location/path",
    place: ["/location/range/start/line", "/location/range/start/column", "/location/range/end/line", "/location/range/end/column"],
    rule: "/code/value",
    level: "/severity",
    ..PLAIN
};

const CODE_QUALITY: Table = Table {
    name: "code-quality",
    about: "GitLab's code quality reports",
    source: "/engine_name",
    member: &["/check_name", "/description", "/location/path"],
    path: "/location/path",
    place: ["/location/lines/begin", "/-", "/location/lines/end", "/-"],
    rule: "/check_name",
    message: &["/description"],
    level: "/severity",
    ..PLAIN
};

/// The formats.
pub(super) const TABLES: [Table; 22] = [
    Table {
        name: "eslint",
        about: "`eslint -f json`",
        source: "eslint",
        inner: Some("/messages"),
        member: &["/filePath", "/messages"],
        path: "/filePath",
        rule: "/ruleId",
        level: "/severity",
        ..PLAIN
    },
    Table {
        name: "stylelint",
        about: "`stylelint -f json`",
        source: "stylelint",
        inner: Some("/warnings"),
        member: &["/source", "/warnings"],
        path: "/source",
        rule: "/rule",
        message: &["/text"],
        level: "/severity",
        ..PLAIN
    },
    RUFF,
    Table { name: "ruff-lines", about: "`ruff check --output-format json-lines`", list: None, ..RUFF },
    Table {
        name: "mypy",
        about: "`mypy --output json`",
        source: "mypy",
        kind: FindingKind::Type,
        list: None,
        member: &["/file", "/line", "/message", "/severity"],
        path: "/file",
        place: ["/line", "/column", "/end_line", "/end_column"],
        add: [0, 1],
        level: "/severity",
        ..PLAIN
    },
    Table {
        name: "pyright",
        about: "`pyright --outputjson`",
        source: "pyright",
        kind: FindingKind::Type,
        root: &["/summary"],
        list: Some("/generalDiagnostics"),
        member: &["/file", "/message"],
        path: "/file",
        place: ["/range/start/line", "/range/start/character", "/range/end/line", "/range/end/character"],
        add: [1, 1],
        rule: "/rule",
        level: "/severity",
        ..PLAIN
    },
    SHELLCHECK,
    Table { name: "shellcheck1", about: "`shellcheck -f json1`", list: Some("/comments"), ..SHELLCHECK },
    Table {
        name: "semgrep",
        about: "`semgrep --json`",
        source: "semgrep",
        kind: FindingKind::Security,
        root: &["/errors", "/paths"],
        list: Some("/results"),
        member: &["/path", "/check_id", "/extra/message"],
        path: "/path",
        place: ["/start/line", "/start/col", "/end/line", "/end/col"],
        rule: "/check_id",
        message: &["/extra/message"],
        level: "/extra/severity",
        more: Some(&Table {
            source: "semgrep",
            kind: FindingKind::Unparsed,
            list: Some("/errors"),
            path: "/path",
            place: ["/spans/0/start/line", "/spans/0/start/col", "/-", "/-"],
            rule: "/-",
            level: "/level",
            ..PLAIN
        }),
        ..PLAIN
    },
    Table {
        name: "bandit",
        about: "`bandit -f json`",
        source: "bandit",
        kind: FindingKind::Security,
        root: &["/metrics", "/errors"],
        list: Some("/results"),
        member: &["/filename", "/line_number", "/issue_text"],
        path: "/filename",
        place: ["/line_number", "/col_offset", "/-", "/-"],
        add: [0, 1],
        rule: "/test_id",
        message: &["/issue_text"],
        level: "/issue_severity",
        more: Some(&Table {
            source: "bandit",
            kind: FindingKind::Unparsed,
            list: Some("/errors"),
            path: "/filename",
            rule: "/-",
            message: &["/reason"],
            ..PLAIN
        }),
        ..PLAIN
    },
    Table {
        name: "gitleaks",
        about: "`gitleaks --report-format json`",
        source: "gitleaks",
        kind: FindingKind::Security,
        member: &["/RuleID", "/File", "/StartLine", "/Description"],
        path: "/File",
        place: ["/StartLine", "/StartColumn", "/EndLine", "/-"],
        rule: "/RuleID",
        message: &["/Description"],
        ..PLAIN
    },
    Table {
        name: "markdownlint",
        about: "`markdownlint --json`",
        source: "markdownlint",
        member: &["/fileName", "/lineNumber", "/ruleNames"],
        path: "/fileName",
        place: ["/lineNumber", "/errorRange/0", "/-", "/-"],
        rule: "/ruleNames/0",
        message: &["/ruleDescription", "/errorDetail"],
        level: "/severity",
        ..PLAIN
    },
    PYLINT,
    Table {
        name: "pylint2",
        about: "`pylint --output-format json2`",
        root: &["/statistics"],
        list: Some("/messages"),
        member: &["/path", "/symbol", "/messageId"],
        rule: "/messageId",
        ..PYLINT
    },
    Table {
        name: "oxlint",
        about: "`oxlint -f json`",
        source: "oxlint",
        list: Some("/diagnostics"),
        member: &["/message", "/filename", "/labels"],
        path: "/filename",
        place: ["/labels/0/span/line", "/labels/0/span/column", "/-", "/-"],
        level: "/severity",
        ..PLAIN
    },
    Table {
        name: "golangci-lint",
        about: "`golangci-lint --output.json.path stdout`",
        source: "/FromLinter",
        list: Some("/Issues"),
        member: &["/FromLinter", "/Text", "/Pos/Filename"],
        path: "/Pos/Filename",
        place: ["/Pos/Line", "/Pos/Column", "/-", "/-"],
        rule: "/FromLinter",
        message: &["/Text"],
        level: "/Severity",
        ..PLAIN
    },
    Table {
        name: "gcc",
        about: "`gcc -fdiagnostics-format=json`",
        source: "gcc",
        kind: FindingKind::Compile,
        member: &["/kind", "/message", "/locations"],
        path: "/locations/0/caret/file",
        place: ["/locations/0/caret/line", "/locations/0/caret/byte-column", "/-", "/-"],
        rule: "/option",
        level: "/kind",
        ..PLAIN
    },
    Table {
        name: "code-quality-positions",
        about: "GitLab's code quality reports with positions",
        member: &["/check_name", "/description", "/location/positions/begin/line"],
        place: [
            "/location/positions/begin/line",
            "/location/positions/begin/column",
            "/location/positions/end/line",
            "/location/positions/end/column",
        ],
        ..CODE_QUALITY
    },
    CODE_QUALITY,
    Table { name: "rdjson", about: "reviewdog's rdjson", list: Some("/diagnostics"), ..RDJSONL },
    RDJSONL,
    Table { name: "rdjsonl-file", about: "rdjsonl without a place", member: &["/message", "/severity", "/source/name"], ..RDJSONL },
];

/// Returns a diagnostic of rdjsonl; nothing when it says nothing.
pub(in crate::domain::finding) fn diagnostic(document: &Value, check: &CheckOutput<'_>) -> Option<Draft> {
    RDJSONL.draft((document, document), document, check)
}

impl Table {
    pub(super) fn is(&self, document: &Value) -> bool {
        let has = |value: &Value, names: &[&str]| names.iter().all(|name| value.pointer(name).is_some());
        let Some(list) = self.list else { return has(document, self.member) };
        let Some(members) = document.pointer(list).and_then(Value::as_array) else { return false };
        match members.first() {
            Some(first) => has(document, self.root) && has(first, self.member),
            // An empty list at the top could be anybody's.
            None => !list.is_empty() && has(document, self.root),
        }
    }

    pub(super) fn read(&self, document: &Value, check: &CheckOutput<'_>) -> Vec<Draft> {
        let Some(list) = self.list else { return self.draft((document, document), document, check).into_iter().collect() };
        let members = document.pointer(list).and_then(Value::as_array).into_iter().flatten();
        let findings = members.flat_map(|member| match self.inner {
            None => vec![(member, member)],
            Some(inner) => member.pointer(inner).and_then(Value::as_array).into_iter().flatten().map(|one| (one, member)).collect(),
        });
        let drafts = findings.filter_map(|found| self.draft(found, document, check));
        drafts.chain(self.more.into_iter().flat_map(|more| more.read(document, check))).collect()
    }

    fn draft(&self, (one, around): (&Value, &Value), document: &Value, check: &CheckOutput<'_>) -> Option<Draft> {
        let text = |name: &str| one.pointer(name).and_then(words);
        let message = self.message.iter().filter_map(|name| text(name)).collect::<Vec<_>>().join(": ");
        let rule = text(self.rule).map(|rule| if self.source == "shellcheck" { format!("SC{rule}") } else { rule });
        let number = |at: usize| one.pointer(self.place[at]).and_then(Value::as_u64).map(|value| value.saturating_add(self.add[at % 2]));
        let path = one.pointer(self.path).or_else(|| around.pointer(self.path)).and_then(Value::as_str);
        let source = match self.source.strip_prefix('/') {
            None => self.source.to_owned(),
            Some(_) => {
                text(self.source).or_else(|| document.pointer(self.source).and_then(words)).unwrap_or_else(|| check.program().to_owned())
            }
        };
        let level = one.pointer(self.level).and_then(level).unwrap_or_else(|| self.usual_level(check));
        let kind = match (self.kind, level) {
            // A file that can not be read is told without a rule.
            (FindingKind::Lint, _) if rule.is_none() && self.rule != "/code/value" => FindingKind::Compile,
            (FindingKind::Compile, Level::Warning) => FindingKind::Lint,
            (kind, _) => kind,
        };
        Some(Draft {
            source,
            kind,
            level,
            rule,
            message: if message.is_empty() { return None } else { message },
            place: path.map(|path| place(path, [0, 1, 2, 3].map(number))),
        })
    }
}

impl Table {
    /// Returns the level of a finding that says none.
    fn usual_level(&self, check: &CheckOutput<'_>) -> Level {
        if self.kind == FindingKind::Security { Level::Error } else { check.default_level() }
    }
}

/// Returns a string, or a number in digits.
fn words(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string())).filter(|text| !text.is_empty())
}
