//! The rules by which secrets are found: `config/secrets.toml`, read when they are first needed.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use crate::domain::policy::governance::secrets::allow::{List, RawList};
use crate::domain::policy::governance::secrets::expression::Expression;

/// The rules of gitleaks, as they come from there.
const SHIPPED: &str = include_str!("../../../../../config/secrets.toml");

/// The rule that finds what looks random behind a word such as `key`: the one that is tried most often by far.
pub const GENERIC: &str = "generic-api-key";

/// The error of rules that can not be read.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The file is no TOML, or has keys that nobody would follow.
    #[error("the rules for secrets can not be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// The keywords can not be searched for.
    #[error("the keywords of the rules for secrets can not be searched for")]
    Keywords(#[from] aho_corasick::BuildError),
}

#[derive(Debug, Deserialize)]
struct RawFile {
    #[serde(default)]
    allowlist: RawList,
    #[serde(default)]
    allowlists: Vec<RawList>,
    rules: Vec<RawRule>,
}

/// A rule as it is written. A key that is not known here would be a condition that nobody looks at.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct RawRule {
    id: String,
    description: String,
    regex: Option<String>,
    path: Option<String>,
    entropy: f64,
    secret_group: usize,
    keywords: Vec<String>,
    allowlists: Vec<RawList>,
    tags: Vec<String>,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// The id.
    pub id: String,
    /// What is searched for; nothing when the name of the file alone tells.
    pub regex: Option<Expression>,
    /// What the path must match.
    pub path: Option<Expression>,
    /// How random the secret must be at least, in bits a byte.
    pub entropy: f64,
    /// The group that holds the secret; 0 means the first one that matched.
    pub group: usize,
    /// What is no secret.
    pub lists: Vec<List>,
}

/// All rules, and how the ones that could find something are chosen.
#[derive(Debug)]
pub struct Rules {
    /// The rules.
    pub all: Vec<Rule>,
    /// What is no secret, whatever the rule.
    pub lists: Vec<List>,
    /// Every keyword, in any case.
    pub keywords: AhoCorasick,
    /// For every keyword the rules that have it.
    pub owners: Vec<Vec<usize>>,
    /// The rules without keywords.
    pub always: Vec<usize>,
}

impl Rules {
    /// Reads rules.
    ///
    /// # Errors
    /// Returns [`RulesError`] when they can not be read.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let raw: RawFile = toml::from_str(text)?;
        let (mut words, mut owners): (Vec<String>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        let (mut always, mut all) = (Vec::new(), Vec::with_capacity(raw.rules.len()));
        for (number, rule) in raw.rules.into_iter().enumerate() {
            if rule.keywords.is_empty() {
                always.push(number);
            }
            for keyword in rule.keywords.iter().map(|keyword| keyword.to_lowercase()) {
                match words.iter().position(|word| *word == keyword) {
                    Some(at) => owners[at].push(number),
                    None => {
                        words.push(keyword);
                        owners.push(vec![number]);
                    }
                }
            }
            all.push(Rule {
                id: rule.id,
                regex: rule.regex.map(Expression::new),
                path: rule.path.map(Expression::new),
                entropy: rule.entropy,
                group: rule.secret_group,
                lists: rule.allowlists.into_iter().map(List::from).collect(),
            });
        }
        let keywords = AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(&words)?;
        let lists = std::iter::once(raw.allowlist).chain(raw.allowlists).map(List::from).collect();
        Ok(Self { all, lists, keywords, owners, always })
    }

    /// Returns whether a file is on a list of those in which nothing is a secret.
    #[must_use]
    pub fn skip(&self, path: &[u8]) -> bool {
        self.lists.iter().any(|list| list.skips(path))
    }
}

/// The shipped rules, read when they are first needed.
#[derive(Debug, Default)]
pub struct SecretRules(OnceLock<Option<Rules>>);

impl SecretRules {
    /// Returns the rules; `None` when they can not be read, which a test holds of the shipped ones.
    pub fn rules(&self) -> Option<&Rules> {
        self.0.get_or_init(|| Rules::parse(SHIPPED).ok()).as_ref()
    }

    /// Makes ready what nearly every change asks for, so that the first one need not wait for it.
    pub fn warm(&self) {
        let Some(rules) = self.rules() else { return };
        let usual = rules.all.iter().filter(|rule| rule.id == GENERIC);
        let of_names = rules.always.iter().filter_map(|at| rules.all[*at].path.as_ref());
        let searched = usual.clone().filter_map(|rule| rule.regex.as_ref()).chain(of_names);
        let lists = usual.flat_map(|rule| &rule.lists).chain(&rules.lists);
        for expression in searched.chain(lists.flat_map(List::regexes)) {
            expression.compiled();
        }
    }

    /// Returns the ids of all rules.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rules().into_iter().flat_map(|rules| rules.all.iter().map(|rule| rule.id.as_str()))
    }

    /// Returns whether there is a rule with this id.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.ids().any(|known| known == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_rule_can_be_used() {
        let rules = Rules::parse(SHIPPED).unwrap();
        assert!(rules.all.len() >= 222, "{}", rules.all.len());
        assert_eq!(rules.always.iter().map(|at| rules.all[*at].id.as_str()).collect::<Vec<_>>(), ["pkcs12-file"]);
        let mut broken = Vec::new();
        for rule in &rules.all {
            assert!(rule.regex.is_some() || rule.path.is_some(), "{} looks for nothing", rule.id);
            let own = rule.regex.iter().chain(&rule.path).chain(rule.lists.iter().flat_map(List::expressions));
            broken.extend(own.filter(|one| one.compiled().is_none()).map(|one| format!("{}: {}", rule.id, one.text())));
        }
        broken
            .extend(rules.lists.iter().flat_map(List::expressions).filter(|one| one.compiled().is_none()).map(|one| one.text().to_owned()));
        assert!(broken.is_empty(), "{broken:#?}");
    }

    #[test]
    fn the_shipped_rules_keep_their_licence() {
        assert!(SHIPPED.contains("MIT License") && SHIPPED.contains("Copyright (c) 2019 Zachary Rice"));
        assert!(SHIPPED.contains("(commit "), "where they come from is told");
    }

    #[test]
    fn a_condition_that_nobody_would_look_at_is_refused() {
        assert!(Rules::parse("[[rules]]\nid = 'a'\nregex = 'b'\nrequired = 3\n").is_err());
    }
}
