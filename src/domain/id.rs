//! Names of things, each its own type, so that a run can not be passed where a patch is meant.
//!
//! Everything here is valid by construction: parsing is the only way in, and what was parsed can be put into a ref name, a trailer or a
//! path without further checks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// The error for text that is no valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text does not match `^[a-z0-9][a-z0-9._-]{0,63}$`.
    #[error("`{0}` is not a valid id: use 1 to 64 of a-z, 0-9, `.`, `_`, `-`, starting with a letter or digit")]
    Atom(String),
    /// The text is no ULID.
    #[error("`{0}` is not a ULID")]
    Ulid(String),
    /// The text is no object id of 40 hexadecimal digits.
    #[error("`{0}` is not an object id of 40 hexadecimal digits")]
    Object(String),
}

/// Returns whether `text` matches `^[a-z0-9][a-z0-9._-]{0,63}$` and is safe as a component of a ref name
/// (git refuses `..`, a final `.` and a final `.lock` there).
#[must_use]
pub fn is_atom(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    (1..=64).contains(&bytes.len())
        && (bytes[0].is_ascii_lowercase() || bytes[0].is_ascii_digit())
        && bytes.iter().all(inner)
        && !text.contains("..")
        && !text.ends_with('.')
        && !text.ends_with(".lock")
}

macro_rules! atom {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses an id.
            ///
            /// # Errors
            /// Returns [`IdError::Atom`] when the text is no valid id.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if is_atom(text) { Ok(Self(text.to_owned())) } else { Err(IdError::Atom(text.to_owned())) }
            }

            /// Returns the text of the id.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

atom! {
    /// The id of a workstream, unique in its plan.
    WorkstreamId
}
atom! {
    /// The id of a tool profile.
    ToolId
}
atom! {
    /// The name of a step inside a workstream: `edit`, `static`, `runtime`, `fix`, `resolve`, or one of the plan's own.
    StepId
}
atom! {
    /// The name of a gate.
    GateId
}

impl RunId {
    /// No run: what belongs to the repository itself.
    pub const NONE: Self = Self(Ulid::nil());
}

impl StepId {
    /// Returns the name of the FIX steps.
    #[must_use]
    pub fn fix() -> Self {
        Self("fix".to_owned())
    }

    /// Returns the name of the steps that measure goals.
    #[must_use]
    pub fn measure() -> Self {
        Self("measure".to_owned())
    }

    /// Returns the name of the steps that bring work nearer to a goal.
    #[must_use]
    pub fn improve() -> Self {
        Self("improve".to_owned())
    }

    /// Returns the name of the steps that resolve merge conflicts.
    #[must_use]
    pub fn resolve() -> Self {
        Self("resolve".to_owned())
    }
}

impl ToolId {
    /// Returns the name under which the fixers of a workstream act.
    #[must_use]
    pub fn fixers() -> Self {
        Self("fixers".to_owned())
    }

    /// Returns whether this is the name of the fixers.
    #[must_use]
    pub fn is_fixers(&self) -> bool {
        self.0 == "fixers"
    }
}

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Ulid);

        impl $name {
            /// Wraps a ULID.
            #[must_use]
            pub const fn new(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// Returns the ULID inside.
            #[must_use]
            pub const fn ulid(self) -> Ulid {
                self.0
            }

            /// Parses the 26 characters of a ULID, in upper or lower case.
            ///
            /// # Errors
            /// Returns [`IdError::Ulid`] when the text is no ULID.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                Ulid::from_string(&text.to_ascii_uppercase()).map(Self).map_err(|_| IdError::Ulid(text.to_owned()))
            }

            /// Returns the lower-case form, as used in ref names and paths.
            #[must_use]
            pub fn lower(self) -> String {
                self.0.to_string().to_ascii_lowercase()
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

ulid_id! {
    /// The name of a run.
    RunId
}
ulid_id! {
    /// The name of a patch.
    PatchId
}
ulid_id! {
    /// The name of a ledger entry.
    EntryId
}

/// The number of an attempt, counted from 1 per workstream and step.
pub type Attempt = u32;

/// A SHA-1 object id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId([u8; 20]);

impl ObjectId {
    /// The id of 20 zero bytes, which git uses for "no object".
    pub const ZERO: Self = Self([0; 20]);

    /// Wraps 20 raw bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Returns the 20 raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Parses 40 hexadecimal digits.
    ///
    /// # Errors
    /// Returns [`IdError::Object`] for anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let bad = || IdError::Object(text.to_owned());
        // The digits are looked at here, because reading a number lets a sign pass.
        if text.len() != 40 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let mut bytes = [0; 20];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }

    /// Returns the first ten hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..10].to_owned()
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl TryFrom<String> for ObjectId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

impl FromStr for ObjectId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

/// A path inside a tree: bytes with `/` between the components, as git stores it. May be any bytes but NUL; whether it may land is the
/// question of [`crate::domain::policy::path`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Vec<u8>);

impl RepoPath {
    /// Wraps the bytes of a path.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes of the path.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the components between the slashes.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|b| *b == b'/')
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RepoPath({:?})", String::from_utf8_lossy(&self.0))
    }
}

impl From<&str> for RepoPath {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_are_safe_ref_components() {
        for good in ["a", "ws-auth", "0", "a.b_c-d", &"a".repeat(64)] {
            assert!(WorkstreamId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "A", "a b", "a/b", "a\n", "a..b", "a.", "a.lock", "é", &"a".repeat(65)] {
            assert_eq!(WorkstreamId::parse(bad), Err(IdError::Atom(bad.to_owned())));
        }
    }

    #[test]
    fn object_ids_round_trip() {
        let text = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(ObjectId::parse(text).map(|id| id.to_string()), Ok(text.to_owned()));
        for bad in ["", "0123", &"g".repeat(40), &"é".repeat(20), &"+8".repeat(20)] {
            assert!(ObjectId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ulids_parse_in_both_cases() {
        let id = RunId::parse("01arz3ndektsv4rrffq69g5fav").map(|id| id.to_string());
        assert_eq!(id, Ok("01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()));
        assert!(RunId::parse("nonsense").is_err());
    }
}
