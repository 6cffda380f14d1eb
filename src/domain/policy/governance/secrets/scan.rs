//! Looks for secrets in added lines.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::domain::policy::governance::change::Block;
use crate::domain::policy::governance::secrets::allow::{Found, List};
use crate::domain::policy::governance::secrets::rules::{GENERIC, Rule, Rules};

/// How many finds of a file are told.
const MOST: usize = 50;
/// How many finds of a block are compared with each other.
const MOST_TRIED: usize = 500;

/// A secret that was found, without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// The id of the rule.
    pub rule: String,
    /// The line, counted from 1; `None` when the file as a whole is one.
    pub line: Option<u32>,
    /// The first twelve hexadecimal digits of the SHA-256 of the secret.
    pub fingerprint: String,
}

/// Returns the fingerprint of a secret.
#[must_use]
pub fn fingerprint(secret: &[u8]) -> String {
    Sha256::digest(secret).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// A file that is looked through.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// Its path.
    pub path: &'a [u8],
    /// The lines that were added to it.
    pub blocks: &'a [Block],
}

/// Returns the secrets in the added lines of a file, in the order of the lines.
#[must_use]
pub fn scan(rules: &Rules, text: Text<'_>) -> Vec<Find> {
    let named = rules.always.iter().map(|at| &rules.all[*at]).filter(|rule| rule.regex.is_none());
    let named = named.filter(|rule| rule.path.as_ref().is_some_and(|path| path.is_match(text.path)));
    let mut finds: Vec<Find> = named.map(|rule| Find { rule: rule.id.clone(), line: None, fingerprint: fingerprint(text.path) }).collect();
    for block in text.blocks {
        let mut hits = Vec::new();
        for rule in candidates(rules, &block.text) {
            try_rule((rule, &rules.lists), text.path, block, &mut hits);
        }
        // What a more exact rule finds is told by that one alone.
        let exact: Vec<Range<usize>> = hits.iter().filter(|hit| hit.rule.id != GENERIC).map(|hit| hit.range.clone()).collect();
        let is_told = |hit: &Hit<'_>| exact.iter().any(|range| range.start < hit.range.end && hit.range.start < range.end);
        hits.retain(|hit| hit.rule.id != GENERIC || !is_told(hit));
        finds.extend(hits.iter().map(|hit| hit.find(block)));
    }
    // Asked last: most files hold nothing, and the lists of whole files cost more than they spare.
    if !finds.is_empty() && rules.skip(text.path) {
        return Vec::new();
    }
    finds.sort_by(|a, b| (a.line, &a.rule).cmp(&(b.line, &b.rule)));
    finds.dedup();
    finds.truncate(MOST);
    finds
}

/// Where a rule found a secret in a block.
struct Hit<'a> {
    rule: &'a Rule,
    range: Range<usize>,
}

impl Hit<'_> {
    fn find(&self, block: &Block) -> Find {
        let before = block.text[..self.range.start].iter().filter(|byte| **byte == b'\n').count();
        let line = block.first.saturating_add(u32::try_from(before).unwrap_or(u32::MAX));
        Find { rule: self.rule.id.clone(), line: Some(line), fingerprint: fingerprint(&block.text[self.range.clone()]) }
    }
}

/// Returns the rules that could find something in a text, because one of their keywords is there.
fn candidates<'a>(rules: &'a Rules, text: &[u8]) -> impl Iterator<Item = &'a Rule> {
    let mut is_wanted = vec![false; rules.all.len()];
    for at in &rules.always {
        is_wanted[*at] = true;
    }
    let mut left = rules.owners.len();
    let mut is_seen = vec![false; left];
    for hit in rules.keywords.find_overlapping_iter(text) {
        let keyword = hit.pattern().as_usize();
        if !std::mem::replace(&mut is_seen[keyword], true) {
            rules.owners[keyword].iter().for_each(|at| is_wanted[*at] = true);
            left -= 1;
            if left == 0 {
                break;
            }
        }
    }
    rules.all.iter().zip(is_wanted).filter(|(_, wanted)| *wanted).map(|(rule, _)| rule)
}

fn try_rule<'a>((rule, global): (&'a Rule, &[List]), path: &[u8], block: &Block, hits: &mut Vec<Hit<'a>>) {
    let Some(regex) = rule.regex.as_ref().and_then(|regex| regex.compiled()) else { return };
    if rule.path.as_ref().is_some_and(|wanted| !wanted.is_match(path)) {
        return;
    }
    for groups in regex.captures_iter(&block.text) {
        let Some(whole) = groups.get(0) else { continue };
        let first_group = || groups.iter().skip(1).flatten().find(|group| !group.is_empty());
        let secret = if rule.group > 0 { groups.get(rule.group) } else { first_group() }.unwrap_or(whole);
        let found = Found { path, secret: secret.as_bytes(), matched: whole.as_bytes(), line: lines_of(&block.text, whole.range()) };
        let is_random = rule.entropy <= 0.0 || entropy(found.secret) > rule.entropy;
        if !is_random || global.iter().chain(&rule.lists).any(|list| list.allows(found)) {
            continue;
        }
        hits.push(Hit { rule, range: secret.range() });
        if hits.len() > MOST_TRIED {
            return;
        }
    }
}

/// Returns the lines that a part of a text stands on.
fn lines_of(text: &[u8], range: Range<usize>) -> &[u8] {
    let start = text[..range.start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = text[range.end..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| range.end + at);
    &text[start..end]
}

/// Returns the entropy of bytes by Shannon, in bits a byte.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = f64::from(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / total).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::governance::secrets::rules::SecretRules;

    fn find(path: &str, text: &str) -> Vec<Find> {
        let rules = SecretRules::default();
        let blocks = [Block { first: 1, text: text.as_bytes().to_vec() }];
        scan(rules.rules().unwrap(), Text { path: path.as_bytes(), blocks: &blocks })
    }

    fn ids(path: &str, text: &str) -> Vec<(String, Option<u32>)> {
        find(path, text).into_iter().map(|find| (find.rule, find.line)).collect()
    }

    fn github() -> String {
        format!("ghp_{}", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hJ3lM6")
    }

    #[test]
    fn a_secret_is_found_with_its_line_and_never_shown() {
        let token = github();
        let found = find("src/a.py", &format!("import os\n\nTOKEN = \"{token}\"\n"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].rule.as_str(), found[0].line), ("github-pat", Some(3)));
        assert_eq!(found[0].fingerprint, fingerprint(token.as_bytes()));
        assert!(!format!("{found:?}").contains(&token[4..]));
    }

    #[test]
    fn what_is_not_random_or_listed_is_no_secret() {
        assert_eq!(ids("a", &format!("x = \"ghp_{}\"\n", "a".repeat(36))), []);
        assert_eq!(ids("a", "api_key = \"changeme-changeme\"\n"), []);
        assert_eq!(ids("package-lock.json", &format!("{}\n", github())), [], "lists of whole files are followed");
        assert_eq!(ids("a", &format!("{} # gitleaks:allow\n", github())).len(), 1, "who writes the secret can not allow it");
    }

    #[test]
    fn a_key_of_many_lines_is_found() {
        let body: String = (0..6).map(|n| format!("{}{n}\n", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(2))).collect();
        let text = format!("# key\n-----BEGIN {k} KEY-----\n{body}-----END {k} KEY-----\n", k = "RSA PRIVATE");
        assert_eq!(ids("id", &text), [("private-key".to_owned(), Some(2))]);
    }

    #[test]
    fn files_that_are_secrets_are_found_by_name() {
        assert_eq!(ids("certs/a.p12", ""), [("pkcs12-file".to_owned(), None)]);
        assert_eq!(ids("certs/a.txt", ""), []);
    }

    #[test]
    fn entropy_is_that_of_shannon() {
        assert!((entropy(b"aabb") - 1.0).abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert!(entropy(b"aaaa").abs() < 1e-9);
    }

    #[test]
    fn lines_are_whole() {
        assert_eq!(lines_of(b"ab\ncd\nef", 4..5), b"cd");
        assert_eq!(lines_of(b"ab\ncd\nef", 1..4), b"ab\ncd");
        assert_eq!(lines_of(b"ab", 0..2), b"ab");
    }
}
