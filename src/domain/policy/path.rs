//! Which paths may land in a tree.
//!
//! A tree that is harmless here may be an attack elsewhere: a name that another file system takes for `.git`, a link that leaves the tree,
//! two names that are one on a disk that ignores case. So every path that a patch writes is judged by what the worst of the file systems
//! would make of it, not by what this machine does. Names that are merely awkward elsewhere are warnings.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::id::RepoPath;

/// Whether names must be UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PathEncoding {
    /// Any bytes, as git itself allows.
    #[default]
    AnyBytes,
    /// Only UTF-8.
    Utf8,
}

/// Whether a patch may change submodules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SubmoduleRule {
    /// Gitlinks and `.gitmodules` are left alone.
    #[default]
    Refuse,
    /// They may change.
    Allow,
}

/// What paths are judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathRules {
    /// Whether names must be UTF-8.
    pub encoding: PathEncoding,
    /// Whether submodules may change.
    pub submodules: SubmoduleRule,
}

/// What a patch leaves at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written<'a> {
    /// A regular file, executable or not.
    File,
    /// A symbolic link with this target.
    Symlink(&'a [u8]),
    /// A submodule's commit.
    Gitlink,
    /// Nothing: the file that was there is gone.
    Removed,
    /// Nothing: the submodule that was there is gone.
    RemovedGitlink,
}

/// A path that must not land.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path `{path}` {problem}")]
pub struct PathViolation {
    /// The path, as it was given.
    pub path: RepoPath,
    /// What is wrong with it.
    pub problem: PathProblem,
}

/// Why a path must not land.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// The path has no bytes.
    #[error("is empty")]
    Empty,
    /// The path starts at a root: a slash or a drive letter.
    #[error("is absolute")]
    Absolute,
    /// Two slashes in a row, or one at the end.
    #[error("has an empty component")]
    EmptyComponent,
    /// A component is `.` or `..`, or some file system takes it for one.
    #[error("has a component that means `.` or `..`")]
    Dots,
    /// A NUL byte.
    #[error("contains a NUL byte")]
    Nul,
    /// A line break or another control character.
    #[error("contains the control character {0:#04x}")]
    Control(u32),
    /// A backslash, which separates components on Windows.
    #[error("contains a backslash")]
    Backslash,
    /// A component is `.git`, or some file system takes it for that.
    #[error("has a component that some file system takes for `.git`")]
    GitDirectory,
    /// The name is not UTF-8, and the rules ask for it.
    #[error("is not UTF-8")]
    NotUtf8,
    /// A component is longer than 255 bytes or the path longer than 4,095.
    #[error("is too long")]
    TooLong,
    /// The path is a submodule's commit.
    #[error("is a submodule")]
    Gitlink,
    /// The path is `.gitmodules`, or some file system takes it for that.
    #[error("changes the list of submodules")]
    Gitmodules,
    /// A file that git reads its own settings from is a symbolic link.
    #[error("makes a file that git reads a symbolic link")]
    LinkedSettings,
    /// The symbolic link points at nothing at all.
    #[error("is a symbolic link without a target")]
    LinkEmpty,
    /// The symbolic link points at an absolute path.
    #[error("is a symbolic link to an absolute path")]
    LinkAbsolute,
    /// The symbolic link points out of the tree.
    #[error("is a symbolic link that leaves the tree")]
    LinkLeaves,
    /// The symbolic link goes up after it went down; where that ends depends on other links.
    #[error("is a symbolic link with `..` after another component")]
    LinkWinds,
    /// The symbolic link points into a `.git` directory.
    #[error("is a symbolic link into `.git`")]
    LinkIntoGit,
    /// The target holds a control character.
    #[error("is a symbolic link whose target contains a control character")]
    LinkControl,
    /// The target is longer than 4,095 bytes, so no disk can hold the link.
    #[error("is a symbolic link whose target is too long")]
    LinkTooLong,
    /// A directory of the path is a symbolic link.
    #[error("lies beyond the symbolic link `{0}`")]
    BeyondLink(RepoPath),
    /// Another path of the same directory differs in case or Unicode form alone.
    #[error("is the same as `{0}` where case is ignored")]
    SameButCase(RepoPath),
}

impl PathProblem {
    /// Returns a stable one-word name for ledgers and machine-readable output.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Absolute => "absolute",
            Self::EmptyComponent => "empty_component",
            Self::Dots => "dots",
            Self::Nul => "nul",
            Self::Control(_) => "control",
            Self::Backslash => "backslash",
            Self::GitDirectory => "git_directory",
            Self::NotUtf8 => "not_utf8",
            Self::TooLong => "too_long",
            Self::Gitlink => "gitlink",
            Self::Gitmodules => "gitmodules",
            Self::LinkedSettings => "linked_settings",
            Self::LinkEmpty => "link_empty",
            Self::LinkAbsolute => "link_absolute",
            Self::LinkLeaves => "link_leaves",
            Self::LinkWinds => "link_winds",
            Self::LinkIntoGit => "link_into_git",
            Self::LinkControl => "link_control",
            Self::LinkTooLong => "link_too_long",
            Self::BeyondLink(_) => "beyond_link",
            Self::SameButCase(_) => "same_but_case",
        }
    }
}

/// What is awkward about a path on some systems, and yet may land.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathWarning {
    /// A component names a device on Windows (`CON`, `nul.txt`, `COM1`).
    #[error("names a device on Windows")]
    DosDevice,
    /// A component ends in a dot or a space, which Windows drops.
    #[error("has a component that ends in a dot or a space")]
    TrailingDotOrSpace,
    /// A component has a character that Windows refuses: `< > : " | ? *`.
    #[error("contains a character that Windows refuses")]
    WindowsCharacter,
    /// The name holds characters that are invisible or change the direction of text.
    #[error("contains invisible or direction-changing characters")]
    Invisible,
}

const MAX_COMPONENT: usize = 255;
const MAX_PATH: usize = 4095;

/// Judges one path by its bytes alone.
///
/// # Errors
/// Returns the first problem found.
pub fn judge_path(path: &RepoPath, rules: &PathRules) -> Result<(), PathViolation> {
    find_problem(path, rules).map_or(Ok(()), |problem| Err(PathViolation { path: path.clone(), problem }))
}

/// Judges what a patch leaves at a path: its bytes, the kind of entry, and where a symbolic link points.
///
/// # Errors
/// Returns the first problem found.
pub fn judge_written(path: &RepoPath, written: Written<'_>, rules: &PathRules) -> Result<(), PathViolation> {
    let violation = |problem| PathViolation { path: path.clone(), problem };
    if rules.submodules == SubmoduleRule::Refuse {
        if matches!(written, Written::Gitlink | Written::RemovedGitlink) {
            return Err(violation(PathProblem::Gitlink));
        }
        if path.components().any(|c| is_alias(c, &GITMODULES)) {
            return Err(violation(PathProblem::Gitmodules));
        }
    }
    match written {
        // What was already in the tree may leave it, whatever it is called.
        Written::Removed | Written::RemovedGitlink => Ok(()),
        Written::File | Written::Gitlink => judge_path(path, rules),
        Written::Symlink(target) => {
            judge_path(path, rules)?;
            judge_symlink(path, target)
        }
    }
}

/// Judges where a symbolic link points.
///
/// # Errors
/// Returns the first problem found: an absolute target, one that leaves the tree, or one whose end depends on other links.
pub fn judge_symlink(path: &RepoPath, target: &[u8]) -> Result<(), PathViolation> {
    let linked_settings =
        path.components().last().is_some_and(|name| [&GITMODULES, &GITATTRIBUTES, &GITIGNORE].iter().any(|alias| is_alias(name, alias)));
    let problem = if linked_settings { Some(PathProblem::LinkedSettings) } else { find_link_problem(path, target) };
    problem.map_or(Ok(()), |problem| Err(PathViolation { path: path.clone(), problem }))
}

fn find_link_problem(path: &RepoPath, target: &[u8]) -> Option<PathProblem> {
    if target.is_empty() {
        return Some(PathProblem::LinkEmpty);
    }
    if find_control(target).is_some() {
        return Some(PathProblem::LinkControl);
    }
    if target.len() > MAX_PATH {
        return Some(PathProblem::LinkTooLong);
    }
    if matches!(target[0], b'/' | b'\\') || has_drive(target) {
        return Some(PathProblem::LinkAbsolute);
    }
    let depth = path.components().count().saturating_sub(1);
    let (mut up, mut went_down) = (0, false);
    // A backslash separates on Windows; reading it so everywhere errs on the safe side.
    for part in target.split(|b| matches!(b, b'/' | b'\\')).filter(|p| !p.is_empty() && *p != b".") {
        if is_git_directory(part) {
            return Some(PathProblem::LinkIntoGit);
        }
        if !means_dots(part) {
            went_down = true;
        } else if went_down {
            return Some(PathProblem::LinkWinds);
        } else {
            up += 1;
        }
    }
    (up > depth).then_some(PathProblem::LinkLeaves)
}

/// Finds written paths one of whose directories is a symbolic link; in a tree that can not be, in a diff it can.
#[must_use]
pub fn find_beyond_links<'a>(written: impl IntoIterator<Item = &'a RepoPath>, links: &BTreeSet<RepoPath>) -> Vec<PathViolation> {
    let mut found = Vec::new();
    for path in written {
        let beyond = prefixes(path).find_map(|prefix| links.get(&prefix));
        found.extend(beyond.map(|link| PathViolation { path: path.clone(), problem: PathProblem::BeyondLink(link.clone()) }));
    }
    found
}

/// Finds added paths that are the same as another one where case is ignored: another added path, or one of `existing`, which need only hold
/// what shares a directory with the added ones, and may hold these as well. Directories count as well: `Doc/a` and `doc/b`.
#[must_use]
pub fn find_case_twins<'a>(
    added: impl IntoIterator<Item = &'a RepoPath>,
    existing: impl IntoIterator<Item = &'a RepoPath>,
) -> Vec<PathViolation> {
    let mut names: BTreeMap<String, BTreeSet<RepoPath>> = BTreeMap::new();
    for path in existing {
        for name in prefixes(path).chain([path.clone()]) {
            names.entry(fold(name.as_bytes())).or_default().insert(name);
        }
    }
    let mut found = Vec::new();
    for path in added {
        let twin = prefixes(path).chain([path.clone()]).find_map(|name| {
            let known = names.entry(fold(name.as_bytes())).or_default();
            let twin = known.iter().find(|known| **known != name).cloned();
            known.insert(name);
            twin
        });
        found.extend(twin.map(|twin| PathViolation { path: path.clone(), problem: PathProblem::SameButCase(twin) }));
    }
    found
}

/// Returns what is awkward about a path on other systems.
#[must_use]
pub fn path_warnings(path: &RepoPath) -> Vec<PathWarning> {
    let text = path.to_string();
    let any = |test: fn(&[u8]) -> bool| path.components().any(test);
    let found = [
        (PathWarning::DosDevice, any(is_dos_device)),
        (PathWarning::TrailingDotOrSpace, any(|c| matches!(c.last(), Some(b'.' | b' ')))),
        (PathWarning::WindowsCharacter, any(|c| c.iter().any(|b| b"<>:\"|?*".contains(b)))),
        (PathWarning::Invisible, text.chars().any(is_invisible)),
    ];
    found.into_iter().filter(|(_, applies)| *applies).map(|(warning, _)| warning).collect()
}

fn find_problem(path: &RepoPath, rules: &PathRules) -> Option<PathProblem> {
    let bytes = path.as_bytes();
    if bytes.is_empty() {
        return Some(PathProblem::Empty);
    }
    if bytes.contains(&0) {
        return Some(PathProblem::Nul);
    }
    if let Some(control) = find_control(bytes) {
        return Some(PathProblem::Control(control));
    }
    if bytes[0] == b'/' || has_drive(bytes) {
        return Some(PathProblem::Absolute);
    }
    if bytes.contains(&b'\\') {
        return Some(PathProblem::Backslash);
    }
    if bytes.len() > MAX_PATH {
        return Some(PathProblem::TooLong);
    }
    if rules.encoding == PathEncoding::Utf8 && std::str::from_utf8(bytes).is_err() {
        return Some(PathProblem::NotUtf8);
    }
    path.components().find_map(find_component_problem)
}

fn find_component_problem(component: &[u8]) -> Option<PathProblem> {
    if component.is_empty() {
        Some(PathProblem::EmptyComponent)
    } else if component.len() > MAX_COMPONENT {
        Some(PathProblem::TooLong)
    } else if means_dots(component) {
        Some(PathProblem::Dots)
    } else if is_git_directory(component) {
        Some(PathProblem::GitDirectory)
    } else {
        None
    }
}

/// Finds a control character: the ASCII ones, and U+0080 to U+009F where the bytes are UTF-8.
fn find_control(bytes: &[u8]) -> Option<u32> {
    let ascii = bytes.iter().find(|b| b.is_ascii_control()).map(|b| u32::from(*b));
    ascii.or_else(|| bytes.utf8_chunks().flat_map(|c| c.valid().chars()).find(|c| c.is_control()).map(u32::from))
}

/// Returns whether Windows reads a drive letter at the start.
fn has_drive(bytes: &[u8]) -> bool {
    matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Returns whether a component is `.` or `..`, or only dots and blanks, which Windows reduces to that.
fn means_dots(component: &[u8]) -> bool {
    // Nearly every name is plain ASCII, where the first byte decides.
    if component.is_ascii() && !matches!(component.first(), Some(b'.' | b' ')) {
        return false;
    }
    readings(component).iter().any(|r| r.contains('.') && r.chars().all(|c| matches!(c, '.' | ' ')))
}

/// A name that git gives a meaning to, and what NTFS may call it.
struct Alias {
    name: &'static str,
    short: &'static str,
    hashed: &'static str,
}

// The stems of short names that NTFS makes once `xxxxxx~1` to `~4` are taken; git knows the same ones.
const GITMODULES: Alias = Alias { name: ".gitmodules", short: "gitmod~", hashed: "gi7eba~" };
const GITATTRIBUTES: Alias = Alias { name: ".gitattributes", short: "gitatt~", hashed: "gi7d29~" };
const GITIGNORE: Alias = Alias { name: ".gitignore", short: "gitign~", hashed: "gi250a~" };
const GIT: Alias = Alias { name: ".git", short: "git~", hashed: "git~" };

fn is_git_directory(component: &[u8]) -> bool {
    is_alias(component, &GIT)
}

fn is_alias(component: &[u8], alias: &Alias) -> bool {
    if component.is_ascii() && !matches!(component.first(), Some(b'.' | b'g' | b'G')) {
        return false;
    }
    let is_short = |text: &str, stem| text.strip_prefix(stem).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    readings(component).iter().any(|reading| {
        // What follows a colon names a stream of the same file on NTFS.
        let name = reading.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
        name == alias.name || is_short(name, alias.short) || is_short(name, alias.hashed)
    })
}

/// Returns what a component may be read as: without what HFS+ ignores, in compatibility form, in one case. More than one when a character
/// of it has a separator for its compatibility form.
fn readings(component: &[u8]) -> Vec<String> {
    let text: String =
        String::from_utf8_lossy(component).chars().filter(|c| !is_invisible(*c)).nfkc().filter(|c| !is_invisible(*c)).collect();
    fold_text(&text).split(['/', '\\']).map(str::to_owned).collect()
}

fn fold(bytes: &[u8]) -> String {
    // Bytes that are no UTF-8 must not all fold into one replacement character.
    let text: String = bytes.utf8_chunks().map(|c| format!("{}{}", c.valid(), hex(c.invalid()))).collect();
    fold_text(&text.nfc().collect::<String>())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("\0{b:02x}")).collect()
}

/// Folds case as the strictest file systems do: `ß` is `ss`, `ı` is `i`.
fn fold_text(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// Returns whether HFS+ ignores the character in names, or Unicode wants it invisible by default.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn is_dos_device(component: &[u8]) -> bool {
    let name = component.split(|b| matches!(b, b'.' | b':')).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).trim_end().to_ascii_lowercase();
    matches!(name.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || ["com", "lpt"].iter().any(|stem| {
            name.strip_prefix(stem).is_some_and(|n| matches!(n, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"))
        })
}

/// Returns the directories of a path, the outermost first.
fn prefixes(path: &RepoPath) -> impl Iterator<Item = RepoPath> + '_ {
    let bytes = path.as_bytes();
    bytes.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(end, _)| RepoPath::new(&bytes[..end]))
}

#[cfg(test)]
mod tests;
