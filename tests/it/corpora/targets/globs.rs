//! Globs: the matcher against a slow one that follows the words of its documentation, and the overlap of two against their example.

use git_orc::domain::policy::meet::shared_path;
use git_orc::domain::policy::pattern::Pattern;

use super::fodder::Fodder;

/// A pattern and a path, separated by a NUL byte.
pub fn globs(data: &[u8]) {
    let mut fodder = Fodder(data);
    let (text, path) = (fodder.text(), fodder.field());
    let Ok(pattern) = Pattern::parse(&text) else { return };
    if text.len() > 48 || path.len() > 48 {
        let _ = pattern.matches(path);
        return;
    }
    assert_eq!(pattern.matches(path), reference(&text, path), "`{text}` on {:?}", path.escape_ascii().to_string());
}

/// Two patterns, separated by a NUL byte.
pub fn glob_overlap(data: &[u8]) {
    let mut fodder = Fodder(data);
    let (Ok(a), Ok(b)) = (Pattern::parse(&fodder.text()), Pattern::parse(&fodder.text())) else { return };
    if a.alternatives().len() * b.alternatives().len() > 64 {
        return;
    }
    let meets = |a: &Pattern, b: &Pattern| a.alternatives().iter().find_map(|x| b.alternatives().iter().find_map(|y| shared_path(x, y)));
    let (there, back) = (meets(&a, &b), meets(&b, &a));
    assert_eq!(there.is_some(), back.is_some(), "`{}` and `{}` overlap one way only", a.text(), b.text());
    for path in there.iter().chain(&back) {
        assert!(
            a.matches(path) && b.matches(path),
            "{:?} is not in both `{}` and `{}`",
            path.escape_ascii().to_string(),
            a.text(),
            b.text()
        );
    }
    let path = fodder.field();
    if a.matches(path) && b.matches(path) {
        assert!(there.is_some(), "{:?} is in both `{}` and `{}`", path.escape_ascii().to_string(), a.text(), b.text());
    }
}

fn reference(text: &str, path: &[u8]) -> bool {
    let components: Vec<&[u8]> = path.split(|b| *b == b'/').collect();
    components.iter().all(|c| !c.is_empty()) && expand(text.replace('\\', "/").as_bytes()).iter().any(|flat| one(flat, &components))
}

/// Writes out the first pair of braces, then those of what comes of it.
fn expand(text: &[u8]) -> Vec<Vec<u8>> {
    let (mut depth, mut open, mut parts, mut start, mut at) = (0, 0, Vec::new(), 0, 0);
    while at < text.len() {
        match text[at] {
            b'[' => at = class_end(text, at),
            b'{' => {
                if depth == 0 {
                    (open, start) = (at, at + 1);
                }
                depth += 1;
            }
            b',' if depth == 1 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    parts.push(&text[start..at]);
                    let join = |part: &&[u8]| [&text[..open], part, &text[at + 1..]].concat();
                    return parts.iter().map(join).flat_map(|text| expand(&text)).collect();
                }
            }
            _ => {}
        }
        at += 1;
    }
    vec![text.to_vec()]
}

/// Returns where the class that begins at `at` has its `]`: the first one after at least one member.
fn class_end(text: &[u8], at: usize) -> usize {
    let first = if matches!(text.get(at + 1), Some(b'!' | b'^')) { at + 2 } else { at + 1 };
    let after = text.iter().skip(first + 1).position(|b| *b == b']');
    after.map_or(text.len() - 1, |n| first + 1 + n)
}

fn one(flat: &[u8], components: &[&[u8]]) -> bool {
    let mut parts: Vec<&[u8]> = flat.split(|b| *b == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    let is_plain = !flat.iter().any(|b| b"*?[".contains(b));
    if is_plain && !flat.ends_with(b"/") && components == parts {
        return true;
    }
    if (is_plain || flat.ends_with(b"/")) && parts.last() != Some(&&b"**"[..]) {
        parts.push(b"**");
    }
    row(&parts, components)
}

fn row(parts: &[&[u8]], components: &[&[u8]]) -> bool {
    match (parts.split_first(), components.split_first()) {
        (None, None) => true,
        // At the end it needs a component, wherever the others stopped.
        (Some((&b"**", rest)), _) if rest.iter().all(|part| *part == b"**") => !components.is_empty(),
        (Some((&b"**", rest)), _) => (0..=components.len()).any(|taken| row(rest, &components[taken..])),
        (Some((part, parts)), Some((component, components))) => piece(part, component) && row(parts, components),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn piece(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.first() {
        None => text.is_empty(),
        Some(b'*') => (0..=text.len()).any(|taken| piece(&pattern[1..], &text[taken..])),
        Some(b'?') => !text.is_empty() && piece(&pattern[1..], &text[1..]),
        Some(b'[') => {
            let end = class_end(pattern, 0);
            !text.is_empty() && in_class(&pattern[1..end], text[0]) && piece(&pattern[end + 1..], &text[1..])
        }
        Some(byte) => text.first() == Some(byte) && piece(&pattern[1..], &text[1..]),
    }
}

fn in_class(class: &[u8], byte: u8) -> bool {
    let is_negated = matches!(class.first(), Some(b'!' | b'^'));
    let (mut members, mut is_in) = (&class[usize::from(is_negated)..], false);
    while let Some((low, rest)) = members.split_first() {
        let (high, rest) = match rest {
            [b'-', high, rest @ ..] => (high, rest),
            _ => (low, rest),
        };
        is_in |= (*low..=*high).contains(&byte);
        members = rest;
    }
    is_in != is_negated && byte != 0
}
