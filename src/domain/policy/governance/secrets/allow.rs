//! What is no secret although a rule finds it: the lists that come with the rules.

use bstr::ByteSlice as _;
use serde::Deserialize;

use crate::domain::policy::governance::secrets::expression::Expression;

/// A list of what is no secret, as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct RawList {
    /// What it is for.
    pub description: String,
    /// Whether one of the kinds below is enough, or all that are given are needed.
    pub condition: Condition,
    /// What the expressions are searched for in.
    pub regex_target: Target,
    /// Expressions.
    pub regexes: Vec<String>,
    /// Expressions for the path.
    pub paths: Vec<String>,
    /// Words, one of which is in the secret.
    pub stopwords: Vec<String>,
}

/// How the kinds of a list work together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Condition {
    /// One is enough.
    #[default]
    #[serde(rename = "OR", alias = "or", alias = "||")]
    Any,
    /// All that are given are needed.
    #[serde(rename = "AND", alias = "and", alias = "&&")]
    All,
}

/// What the expressions of a list are searched for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The secret.
    #[default]
    #[serde(alias = "")]
    Secret,
    /// Everything that the rule matched.
    Match,
    /// The lines that hold it.
    Line,
}

/// A list of what is no secret.
#[derive(Debug)]
pub struct List {
    condition: Condition,
    target: Target,
    regexes: Vec<Expression>,
    paths: Vec<Expression>,
    stopwords: Vec<String>,
}

/// What a rule found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The path of the file.
    pub path: &'a [u8],
    /// The secret.
    pub secret: &'a [u8],
    /// Everything that the rule matched.
    pub matched: &'a [u8],
    /// The lines that hold it.
    pub line: &'a [u8],
}

impl From<RawList> for List {
    fn from(raw: RawList) -> Self {
        let expressions = |texts: Vec<String>| texts.into_iter().map(Expression::new).collect();
        let stopwords = raw.stopwords.into_iter().map(|word| word.to_lowercase()).collect();
        Self {
            condition: raw.condition,
            target: raw.regex_target,
            regexes: expressions(raw.regexes),
            paths: expressions(raw.paths),
            stopwords,
        }
    }
}

impl List {
    /// Returns whether the list says that it is no secret.
    #[must_use]
    pub fn allows(&self, found: Found<'_>) -> bool {
        let target = match self.target {
            Target::Secret => found.secret,
            Target::Match => found.matched,
            Target::Line => found.line,
        };
        let any = |list: &[Expression], bytes: &[u8]| list.iter().any(|one| one.is_match(bytes));
        let has_stopword = || {
            let lower = found.secret.to_ascii_lowercase();
            self.stopwords.iter().any(|word| !word.is_empty() && lower.contains_str(word))
        };
        // What costs least is asked first.
        let kinds: [(bool, &dyn Fn() -> bool); 3] = [
            (self.stopwords.is_empty(), &has_stopword),
            (self.paths.is_empty(), &|| any(&self.paths, found.path)),
            (self.regexes.is_empty(), &|| any(&self.regexes, target)),
        ];
        let mut given = kinds.iter().filter(|(is_empty, _)| !is_empty).map(|(_, holds)| holds);
        match self.condition {
            Condition::Any => given.any(|holds| holds()),
            Condition::All => given.clone().count() > 0 && given.all(|holds| holds()),
        }
    }

    /// Returns whether the list is about whole files, and this is one of them.
    #[must_use]
    pub fn skips(&self, path: &[u8]) -> bool {
        self.condition == Condition::Any && self.paths.iter().any(|one| one.is_match(path))
    }

    /// Returns the expressions for what was found.
    pub fn regexes(&self) -> impl Iterator<Item = &Expression> {
        self.regexes.iter()
    }

    /// Returns every expression.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.regexes.iter().chain(&self.paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> List {
        toml::from_str::<RawList>(text).unwrap().into()
    }

    fn found<'a>(path: &'a str, secret: &'a str) -> Found<'a> {
        Found { path: path.as_bytes(), secret: secret.as_bytes(), matched: b"key = MATCH", line: b"the whole LINE" }
    }

    #[test]
    fn one_kind_is_enough_unless_all_are_needed() {
        let any = list("regexes = ['^x']\npaths = ['\\.md$']\nstopwords = ['Example']");
        for (path, secret, expect) in [("a", "xyz", true), ("a.md", "abc", true), ("a", "anEXAMPLEkey", true), ("a", "abc", false)] {
            assert_eq!(any.allows(found(path, secret)), expect, "{path} {secret}");
        }
        let all = list("condition = 'AND'\nregexes = ['^x']\npaths = ['\\.md$']");
        for (path, secret, expect) in [("a", "xyz", false), ("a.md", "abc", false), ("a.md", "xyz", true)] {
            assert_eq!(all.allows(found(path, secret)), expect, "{path} {secret}");
        }
        assert!(!list("condition = 'AND'").allows(found("a", "b")), "an empty list allows nothing");
        assert!(any.skips(b"a.md") && !all.skips(b"a.md"));
    }

    #[test]
    fn expressions_look_where_they_are_told() {
        for (target, text, expect) in
            [("secret", "^s$", true), ("match", "MATCH", true), ("line", "LINE", true), ("secret", "MATCH", false)]
        {
            let list = list(&format!("regexTarget = '{target}'\nregexes = ['{text}']"));
            assert_eq!(list.allows(found("a", "s")), expect, "{target} {text}");
        }
    }

    #[test]
    fn a_list_with_an_unknown_key_is_refused() {
        assert!(toml::from_str::<RawList>("commits = ['abc']").is_err());
    }
}
