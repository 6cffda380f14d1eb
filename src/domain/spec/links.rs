//! Where links of a document lead, seen from the top of the repository.

use std::collections::BTreeSet;
use std::rc::Rc;

use percent_encoding::percent_decode_str;

/// What a path of the repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Nothing is there.
    Missing,
    /// A folder, or a file whose anchors nobody knows.
    There,
    /// A Markdown document with these anchors.
    Document(Rc<BTreeSet<String>>),
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere that is looked at: another host, an address for mail.
    Elsewhere,
    /// Out of the repository.
    Outside,
    /// To a path below the top, empty for the top itself, and there to an anchor.
    Inside {
        /// The path; `None` is the document itself.
        path: Option<String>,
        /// What stands behind `#`.
        anchor: Option<String>,
    },
}

/// Returns where a link in the document at `from` leads. `from` starts at the top.
#[must_use]
pub fn destination(from: &str, link: &str) -> Destination {
    if has_scheme(link) || link.starts_with("//") {
        return Destination::Elsewhere;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let path = path.split('?').next().unwrap_or_default();
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let anchor = anchor.filter(|anchor| !anchor.is_empty()).map(decoded);
    if path.is_empty() {
        return Destination::Inside { path: None, anchor };
    }
    let path = decoded(path);
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = if path.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Destination::Outside;
                }
            }
            name => parts.push(name),
        }
    }
    Destination::Inside { path: Some(parts.join("/")), anchor }
}

/// Returns whether a link starts with a scheme, as `https:` and `mailto:` are.
fn has_scheme(link: &str) -> bool {
    link.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_start_where_the_document_is() {
        let inside = |path: Option<&str>, anchor: Option<&str>| Destination::Inside {
            path: path.map(str::to_owned),
            anchor: anchor.map(str::to_owned),
        };
        let check = |link: &str, expect: Destination| assert_eq!(destination("docs/a/b.md", link), expect, "{link}");
        check("c.md", inside(Some("docs/a/c.md"), None));
        check("./../c%20d.md?plain=1#x", inside(Some("docs/c d.md"), Some("x")));
        check("/README.md", inside(Some("README.md"), None));
        check("../..", inside(Some(""), None));
        check("../../../etc/passwd", Destination::Outside);
        check("/../x", Destination::Outside);
        check("#h%C3%A9", inside(None, Some("hé")));
        check("#", inside(None, None));
        for link in ["https://example.com/x", "mailto:a@example.com", "//example.com/x", "tel:1", "x-y+z.1:q"] {
            check(link, Destination::Elsewhere);
        }
        check("a/b:c.md", inside(Some("docs/a/a/b:c.md"), None));
    }
}
