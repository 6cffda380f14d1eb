//! Which keys differ between two texts of a git configuration. Values are compared and never told: they may be secrets.
//!
//! The syntax is that of git's `config.c`. What this reader does not understand it does not guess at: such a change counts as a dangerous
//! one.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

/// What differs between two configurations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChanges {
    /// The keys, sorted, with credentials in addresses left out.
    pub keys: Vec<String>,
    /// Whether they are all of the kind that git writes by itself when somebody makes, follows or deletes a branch.
    pub ordinary: bool,
}

type Values = BTreeMap<String, Vec<String>>;

/// Compares two texts of a configuration.
#[must_use]
pub fn key_changes(before: &[u8], after: &[u8]) -> KeyChanges {
    let (old, new) = (read(before), read(after));
    let is_readable = old.is_some() && new.is_some();
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed: Vec<&String> = all.into_iter().filter(|key| old.get(*key) != new.get(*key)).collect();
    let ordinary = is_readable && !changed.is_empty() && changed.iter().all(|key| is_ordinary(key, new.get(*key), &old));
    let mut keys: Vec<String> = changed.into_iter().map(|key| without_credentials(key)).collect();
    if !is_readable {
        keys.push("(what git can not read)".to_owned());
    }
    KeyChanges { keys, ordinary }
}

/// Git itself, editors and forges' tools write `branch.<name>.*` when a branch is made or deleted. Such a key can not run anything, and leads
/// only to remotes that were known before.
fn is_ordinary(key: &str, values: Option<&Vec<String>>, known: &Values) -> bool {
    let Some((_, variable)) = key.strip_prefix("branch.").and_then(|rest| rest.rsplit_once('.')) else { return false };
    let leads_somewhere = matches!(variable, "remote" | "pushremote");
    let is_known = |name: &String| name == "." || known.contains_key(&format!("remote.{name}.url"));
    !leads_somewhere || values.is_none_or(|values| values.iter().all(is_known))
}

/// Returns a key without what stands between `//` and `@` of an address in it.
fn without_credentials(key: &str) -> String {
    let Some((before, rest)) = key.split_once("://") else { return key.to_owned() };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{before}://{}", &rest[at + 1..]),
        None => key.to_owned(),
    }
}

/// Reads a configuration; `None` when it is not one.
fn read(text: &[u8]) -> Option<Values> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = String::from_utf8_lossy(text).replace("\r\n", "\n");
    let mut chars = text.chars().peekable();
    let (mut section, mut values) = (None, Values::new());
    while let Some(c) = chars.next() {
        match c {
            '#' | ';' => skip_line(&mut chars),
            '[' => section = Some(read_section(&mut chars)?),
            c if c.is_ascii_whitespace() => {}
            c if c.is_ascii_alphabetic() => {
                let (name, value) = read_variable(c, &mut chars)?;
                let key = format!("{}.{name}", section.as_ref()?);
                values.entry(key).or_default().push(value);
            }
            _ => return None,
        }
    }
    Some(values)
}

fn skip_line<I: Iterator<Item = char>>(chars: &mut Peekable<I>) {
    while chars.next().is_some_and(|c| c != '\n') {}
}

/// Reads from behind a `[` to its `]`: `core`, `remote "origin"`, `old.style`.
fn read_section<I: Iterator<Item = char>>(chars: &mut Peekable<I>) -> Option<String> {
    let mut name = String::new();
    loop {
        match chars.next()? {
            ']' => return Some(name),
            c if c.is_ascii_alphanumeric() || c == '.' || c == '-' => name.push(c.to_ascii_lowercase()),
            ' ' | '\t' => {
                while chars.peek().is_some_and(|c| matches!(c, ' ' | '\t')) {
                    chars.next();
                }
                return read_subsection(name, chars);
            }
            _ => return None,
        }
    }
}

fn read_subsection<I: Iterator<Item = char>>(mut name: String, chars: &mut Peekable<I>) -> Option<String> {
    if chars.next()? != '"' {
        return None;
    }
    name.push('.');
    loop {
        match chars.next()? {
            '"' => break,
            '\n' => return None,
            '\\' => name.push(chars.next().filter(|c| *c != '\n')?),
            c => name.push(c),
        }
    }
    (chars.next()? == ']').then_some(name)
}

fn read_variable<I: Iterator<Item = char>>(first: char, chars: &mut Peekable<I>) -> Option<(String, String)> {
    let mut name = first.to_ascii_lowercase().to_string();
    while let Some(c) = chars.peek().copied().filter(|c| c.is_ascii_alphanumeric() || *c == '-') {
        name.push(c.to_ascii_lowercase());
        chars.next();
    }
    while chars.peek().is_some_and(|c| matches!(c, ' ' | '\t')) {
        chars.next();
    }
    match chars.next() {
        None | Some('\n') => Some((name, "true".to_owned())),
        Some('=') => read_value(chars).map(|value| (name, value)),
        Some(_) => None,
    }
}

fn read_value<I: Iterator<Item = char>>(chars: &mut Peekable<I>) -> Option<String> {
    let (mut value, mut kept, mut is_quoted) = (String::new(), 0, false);
    loop {
        match chars.next() {
            None | Some('\n') if is_quoted => return None,
            None | Some('\n') => break,
            Some('#' | ';') if !is_quoted => {
                skip_line(chars);
                break;
            }
            Some('"') => {
                is_quoted = !is_quoted;
                kept = value.len();
            }
            Some('\\') => {
                match chars.next()? {
                    '\n' => continue,
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    'b' => value.push('\u{8}'),
                    c @ ('\\' | '"') => value.push(c),
                    _ => return None,
                }
                kept = value.len();
            }
            Some(c) if c.is_ascii_whitespace() && !is_quoted && value.is_empty() => {}
            Some(c) => {
                value.push(c);
                if is_quoted || !c.is_ascii_whitespace() {
                    kept = value.len();
                }
            }
        }
    }
    value.truncate(kept);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str =
        "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://example.org/x\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n";

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Kind {
        Ordinary,
        Strange,
    }

    fn check(added: &str, keys: &[&str], kind: Kind) {
        let found = key_changes(BASE.as_bytes(), format!("{BASE}{added}").as_bytes());
        assert_eq!(
            (found.keys.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), found.ordinary),
            (keys, kind == Kind::Ordinary),
            "{added}"
        );
    }

    #[test]
    fn keys_are_named_and_values_are_not() {
        check("[core]\n\thooksPath = /tmp/x\n", &["core.hookspath"], Kind::Strange);
        check("[filter \"X.y\"] clean = sh -c 'secret'\n", &["filter.X.y.clean"], Kind::Strange);
        check("[alias]\n\tst = !evil\n\tco = checkout\n", &["alias.co", "alias.st"], Kind::Strange);
        check("[include]\npath=/tmp/evil\n", &["include.path"], Kind::Strange);
        check("[url \"https://me:token@host/x\"]\n\tinsteadOf = git@host:\n", &["url.https://host/x.insteadof"], Kind::Strange);
        check("[credential \"https://host\"]\n\thelper = !f\n", &["credential.https://host.helper"], Kind::Strange);
        check("[hook \"x\"]\n\tcommand = evil\n\tevent = pre-commit\n", &["hook.x.command", "hook.x.event"], Kind::Strange);
        check("[core] bare = true\n", &["core.bare"], Kind::Strange);
        check("[a \"b\\\"c\"]\nd\n", &["a.b\"c.d"], Kind::Strange);
        check("[x]\ny = \"a # b\" # c\n", &["x.y"], Kind::Strange);
    }

    #[test]
    fn what_git_writes_for_branches_is_ordinary() {
        check(
            "[branch \"topic\"]\n\tremote = origin\n\tmerge = refs/heads/topic\n",
            &["branch.topic.merge", "branch.topic.remote"],
            Kind::Ordinary,
        );
        check("[branch \"a.b\"]\n\tremote = .\n", &["branch.a.b.remote"], Kind::Ordinary);
        check("[branch \"topic\"]\n\tvscode-merge-base = origin/main\n", &["branch.topic.vscode-merge-base"], Kind::Ordinary);
        check("[branch \"main\"]\n\tremote = ext::sh -c evil\n", &["branch.main.remote"], Kind::Strange);
        check("[branch \"main\"]\n\tpushRemote = elsewhere\n", &["branch.main.pushremote"], Kind::Strange);
        check("[branch \"t\"]\nmerge = x\n[core]\nfsmonitor = evil\n", &["branch.t.merge", "core.fsmonitor"], Kind::Strange);
    }

    #[test]
    fn what_can_not_be_read_is_never_ordinary() {
        for bad in ["[core\n", "x = y [", "[branch \"a\"] merge = \"x\n", "\u{1}", "[branch 'a']\nmerge = x\n"] {
            let found = key_changes(BASE.as_bytes(), format!("{BASE}{bad}").as_bytes());
            assert!(!found.ordinary && !found.keys.is_empty(), "{bad:?}: {found:?}");
        }
        check("# a comment\n", &[], Kind::Strange);
        let gone = key_changes(format!("{BASE}[branch \"t\"]\n\tremote = origin\n").as_bytes(), BASE.as_bytes());
        assert_eq!((gone.keys.len(), gone.ordinary), (1, true));
    }
}
