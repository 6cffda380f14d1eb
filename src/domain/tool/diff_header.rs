//! The header lines of a diff: names with their prefixes and quotes, and the counts of a hunk.

use crate::domain::id::RepoPath;

const EXTENDED: [&[u8]; 13] = [
    b"old mode ",
    b"new mode ",
    b"deleted file mode ",
    b"new file mode ",
    b"copy from ",
    b"copy to ",
    b"rename from ",
    b"rename to ",
    b"rename old ",
    b"rename new ",
    b"similarity index ",
    b"dissimilarity index ",
    b"index ",
];

/// The pairs of prefixes that git writes for a repository (`diff.mnemonicPrefix` and `-R` included). `1/` and `2/`, of `--no-index`, are folders
/// like others here, as they are for whoever reads the paths of a diff.
const PREFIXES: [(u8, u8); 10] = [
    (b'a', b'b'),
    (b'b', b'a'),
    (b'i', b'w'),
    (b'w', b'i'),
    (b'c', b'i'),
    (b'i', b'c'),
    (b'c', b'w'),
    (b'w', b'c'),
    (b'o', b'w'),
    (b'w', b'o'),
];

/// Returns whether the line is one of git's header lines between `diff --git` and the names.
pub(super) fn is_extended(line: &[u8]) -> bool {
    EXTENDED.iter().any(|prefix| line.starts_with(prefix))
}

/// Returns how many old and new lines follow a `@@ -a,b +c,d @@` line.
pub(super) fn hunk_counts(line: &[u8]) -> Option<(u64, u64)> {
    let text =
        std::str::from_utf8(line.get(..line.len().min(80))?).or_else(|error| std::str::from_utf8(&line[..error.valid_up_to()])).ok()?;
    let (ranges, _) = text.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    Some((count(old)?, count(new)?))
}

fn count(range: &str) -> Option<u64> {
    let (start, count) = range.split_once(',').unwrap_or((range, "1"));
    start.parse::<u64>().ok()?;
    count.parse().ok()
}

/// One side of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    /// `/dev/null`.
    Null,
    /// A file, with its name as it is written and with its path.
    File {
        /// As written, with quotes and prefix.
        token: Vec<u8>,
        /// The path, without quotes and prefix.
        path: Vec<u8>,
    },
}

impl Side {
    pub(super) fn path(&self) -> Option<RepoPath> {
        match self {
            Self::Null => None,
            Self::File { path, .. } => Some(RepoPath::new(path.clone())),
        }
    }

    fn token(&self, prefix: &[u8]) -> Vec<u8> {
        match self {
            Self::Null => b"/dev/null".to_vec(),
            Self::File { token, .. } => match token.strip_prefix(b"\"") {
                Some(inner) => [b"\"", prefix, inner].concat(),
                // A name with blanks ends with a tab, as git writes it, or a reader takes its end for a date.
                None if token.iter().any(u8::is_ascii_whitespace) => [prefix, token.as_slice(), b"\t"].concat(),
                None => [prefix, token.as_slice()].concat(),
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Written,
    Missing,
}

/// The two names of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) old: Side,
    pub(super) new: Side,
    prefix: Prefix,
    git: Option<Vec<u8>>,
}

impl Names {
    /// Reads the lines `--- old` and `+++ new`; `git` is what follows `diff --git` above them.
    pub(super) fn of_lines(old: &[u8], new: &[u8], git: Option<&[u8]>) -> Result<Self, String> {
        let (old, new) = (written_name(&old[4..])?, written_name(&new[4..])?);
        let prefix = match git {
            Some(header) => header_prefix(header),
            None => pair_prefix(old.as_ref(), new.as_ref()),
        };
        if old.is_none() && new.is_none() {
            return Err("both names are `/dev/null`".to_owned());
        }
        Ok(Self { old: side(old, prefix)?, new: side(new, prefix)?, prefix, git: git.map(<[u8]>::to_vec) })
    }

    /// Returns the old name as it follows `---`.
    pub(super) fn old_token(&self) -> Vec<u8> {
        self.old.token(if self.prefix == Prefix::Missing { b"a/" } else { b"" })
    }

    /// Returns the new name as it follows `+++`.
    pub(super) fn new_token(&self) -> Vec<u8> {
        self.new.token(if self.prefix == Prefix::Missing { b"b/" } else { b"" })
    }

    /// Returns the line `diff --git ...`.
    pub(super) fn git_line(&self) -> Vec<u8> {
        if let (Prefix::Written, Some(git)) = (self.prefix, &self.git) {
            return [b"diff --git ", git.as_slice()].concat();
        }
        // Both names are written even when one side is missing, as git does.
        let (old, new) = match (&self.old, &self.new) {
            (Side::Null, new) => (new, new),
            (old, Side::Null) => (old, old),
            (old, new) => (old, new),
        };
        // A tab ends a name with blanks, and here it would belong to the name.
        let cut = |token: Vec<u8>| token.strip_suffix(b"\t").map_or_else(|| token.clone(), <[u8]>::to_vec);
        [b"diff --git ".as_slice(), &cut(old.token(b"a/")), b" ", &cut(new.token(b"b/"))].concat()
    }
}

/// The header of a section in git's form.
pub(super) struct Header<'a> {
    git: &'a [u8],
    pub(super) lines: Vec<&'a [u8]>,
}

impl<'a> Header<'a> {
    pub(super) const fn new(git: &'a [u8]) -> Self {
        Self { git, lines: Vec::new() }
    }

    pub(super) fn push(&mut self, line: &'a [u8]) {
        self.lines.push(line);
    }

    /// Returns whether the header by itself says that something is to be done.
    pub(super) fn changes_something(&self) -> bool {
        self.lines
            .iter()
            .any(|line| !line.starts_with(b"index ") && !line.starts_with(b"similarity ") && !line.starts_with(b"dissimilarity "))
    }

    /// Returns the names, from the lines `---` and `+++` where they are there, else from the header.
    pub(super) fn names(&self, lines: Option<(&[u8], &[u8])>) -> Result<Names, String> {
        if let Some((old, new)) = lines {
            return Names::of_lines(old, new, Some(self.git));
        }
        let prefix = header_prefix(self.git);
        let moved = |keys: [&[u8]; 3]| keys.iter().find_map(|key| self.value(key));
        let from = moved([b"rename from ", b"copy from ", b"rename old "]);
        let to = moved([b"rename to ", b"copy to ", b"rename new "]);
        let git = Some(self.git.to_vec());
        match (from, to) {
            (Some(old), Some(new)) => {
                // These two never have prefixes.
                let moved = |text| moved_name(text).and_then(|name| side(name, Prefix::Missing));
                return Ok(Names { old: moved(old)?, new: moved(new)?, prefix, git });
            }
            (Some(_), None) | (None, Some(_)) => return Err("a rename or a copy names only one of its files".to_owned()),
            (None, None) => {}
        }
        let (old, new) = split_header(self.git, prefix).ok_or("the file name in the header cannot be told")?;
        let old = if self.value(b"new file mode ").is_some() { Side::Null } else { side(Some(old), prefix)? };
        let new = if self.value(b"deleted file mode ").is_some() { Side::Null } else { side(Some(new), prefix)? };
        if old == Side::Null && new == Side::Null {
            return Err("a file cannot be new and deleted".to_owned());
        }
        Ok(Names { old, new, prefix, git })
    }

    /// Returns the first mode that is neither a file's nor a link's nor a submodule's: git takes some of them for others, and drops some
    /// without a word.
    pub(super) fn foreign_mode(&self) -> Option<String> {
        let keys: [&[u8]; 4] = [b"old mode ", b"new mode ", b"new file mode ", b"deleted file mode "];
        let text = |line: &&'a [u8]| keys.iter().find_map(|key| line.strip_prefix(*key)).map(String::from_utf8_lossy);
        let is_known = |mode: &str| {
            let number = if mode.len() == 6 { u32::from_str_radix(mode, 8).ok() } else { None };
            number.is_some_and(|number| matches!(number & 0o170_000, 0o100_000 | 0o120_000 | 0o160_000))
        };
        self.lines.iter().filter_map(text).map(|mode| mode.trim_end().to_owned()).find(|mode| !is_known(mode))
    }

    fn value(&self, key: &[u8]) -> Option<&'a [u8]> {
        self.lines.iter().find_map(|line| line.strip_prefix(key))
    }
}

/// A name as it is written, and without quotes.
type Name = (Vec<u8>, Vec<u8>);
/// `None` is `/dev/null`.
type Written = Option<Name>;

fn written_name(text: &[u8]) -> Result<Written, String> {
    if text.starts_with(b"\"") {
        let (token, name, _) = quoted(text).ok_or("a quoted file name cannot be read")?;
        return Ok(Some((token, name)));
    }
    // A date, or nothing, follows a tab; a name that itself holds a tab is quoted. Blanks before the tab belong to the name.
    let end = text.iter().position(|byte| *byte == b'\t');
    plain_name(end.map_or_else(|| text.trim_ascii_end(), |end| &text[..end]))
}

/// Reads the name after `rename to` and the like, which is the whole line.
fn moved_name(text: &[u8]) -> Result<Written, String> {
    if text.starts_with(b"\"") {
        return written_name(text);
    }
    // No date follows here: whoever cuts the name there reads another one.
    if text.contains(&b'\t') {
        return Err("a name with a tab is not quoted".to_owned());
    }
    plain_name(text)
}

fn plain_name(name: &[u8]) -> Result<Written, String> {
    if name.is_empty() {
        return Err("a file name is empty".to_owned());
    }
    if name.contains(&0) {
        return Err("a file name contains a NUL byte".to_owned());
    }
    Ok((name != b"/dev/null").then(|| (name.to_vec(), name.to_vec())))
}

fn side(name: Written, prefix: Prefix) -> Result<Side, String> {
    let Some((token, name)) = name else { return Ok(Side::Null) };
    let has_prefix = PREFIXES.iter().any(|(a, b)| [*a, *b].iter().any(|prefix| starts_with_prefix(&name, *prefix)));
    let path = match prefix {
        Prefix::Written if has_prefix => name[2..].to_vec(),
        // Whoever strips one folder from every name, as git does, and whoever looks for prefixes would read two different names.
        Prefix::Written => return Err(format!("`{}` does not begin with a prefix, as other names do", String::from_utf8_lossy(&name))),
        Prefix::Missing => name,
    };
    if !token.starts_with(b"\"") && token.contains(&b'\r') {
        return Err("a file name with a carriage return is not quoted".to_owned());
    }
    if path.is_empty() { Err("a file name is empty".to_owned()) } else { Ok(Side::File { token, path }) }
}

fn starts_with_prefix(name: &[u8], prefix: u8) -> bool {
    name.len() > 2 && name[0] == prefix && name[1] == b'/'
}

fn pair_prefix(old: Option<&Name>, new: Option<&Name>) -> Prefix {
    let is_written = match (old, new) {
        (Some((_, old)), Some((_, new))) => PREFIXES.iter().any(|(a, b)| starts_with_prefix(old, *a) && starts_with_prefix(new, *b)),
        (Some((_, only)), None) | (None, Some((_, only))) => starts_with_prefix(only, b'a') || starts_with_prefix(only, b'b'),
        (None, None) => false,
    };
    if is_written { Prefix::Written } else { Prefix::Missing }
}

fn header_prefix(header: &[u8]) -> Prefix {
    let begins = |text: &[u8], prefix: u8| starts_with_prefix(text.strip_prefix(b"\"").unwrap_or(text), prefix);
    let second = |prefix: u8| header.iter().enumerate().any(|(at, byte)| *byte == b' ' && begins(&header[at + 1..], prefix));
    if PREFIXES.iter().any(|(a, b)| begins(header, *a) && second(*b)) { Prefix::Written } else { Prefix::Missing }
}

/// Splits `a/name b/name`. Blanks in names make that ambiguous, so that split is taken which gives the same name twice, as git does.
fn split_header(header: &[u8], prefix: Prefix) -> Option<(Name, Name)> {
    let bare = |name: &[u8]| match prefix {
        Prefix::Written => name.splitn(2, |byte| *byte == b'/').nth(1).map(<[u8]>::to_vec),
        Prefix::Missing => Some(name.to_vec()),
    };
    let read = |text: &[u8]| -> Option<Name> {
        if text.starts_with(b"\"") {
            let (token, name, rest) = quoted(text)?;
            return rest.is_empty().then_some((token, name));
        }
        (!text.is_empty()).then(|| (text.to_vec(), text.to_vec()))
    };
    let blanks = header.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at);
    blanks
        .filter_map(|at| Some((read(&header[..at])?, read(&header[at + 1..])?)))
        .find(|(old, new)| bare(&old.1).is_some_and(|name| Some(name) == bare(&new.1)))
}

/// Reads a name in quotes, as git's `quote.c` writes it. Returns the token, the name and the rest.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>, &[u8])> {
    let mut name = Vec::new();
    let mut at = 1;
    loop {
        match *text.get(at)? {
            b'"' => return Some((text[..=at].to_vec(), name, &text[at + 1..])),
            b'\\' => {
                let escape = *text.get(at + 1)?;
                at += 2;
                if matches!(escape, b'0'..=b'3') {
                    let octal = text.get(at - 1..at + 2)?;
                    let value =
                        octal.iter().try_fold(0_u8, |value, digit| matches!(digit, b'0'..=b'7').then(|| (value << 3) | (digit - b'0')))?;
                    name.push(value);
                    at += 2;
                } else {
                    name.push(unescape(escape)?);
                }
            }
            byte => {
                name.push(byte);
                at += 1;
            }
        }
    }
}

const fn unescape(escape: u8) -> Option<u8> {
    Some(match escape {
        b'a' => 7,
        b'b' => 8,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 11,
        b'f' => 12,
        b'r' => b'\r',
        b'"' | b'\\' => escape,
        _ => return None,
    })
}
