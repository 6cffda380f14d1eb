//! What driver, supervisor and last stage tell each other.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use serde::{Deserialize, Serialize};

use crate::domain::tool::resources::ResourceLimits;
use crate::io::sandbox::confinement::Confinement;

/// The hidden command that supervises.
pub const SUPERVISE: &str = "__supervise";
/// The hidden command that becomes the program.
pub const EXEC: &str = "__exec";

/// What is to be started, and under which limits. The bytes of standard input follow it on the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The program, as a path.
    pub program: Text,
    /// Its arguments, without its own name.
    pub args: Vec<Text>,
    /// Where it runs.
    pub cwd: Text,
    /// Its whole environment.
    pub env: Vec<(Text, Text)>,
    /// How many bytes of standard input follow; `None` closes standard input.
    pub input: Option<u64>,
    /// What it may use.
    pub limits: ResourceLimits,
    /// What it is held by.
    pub confinement: Confinement,
}

impl Order {
    /// Returns the environment as the system wants it.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<OsString, OsString> {
        self.env.iter().map(|(name, value)| (name.to_os(), value.to_os())).collect()
    }
}

/// Text of the system: bytes that are mostly UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Text {
    /// UTF-8.
    Plain(String),
    /// Anything else.
    Bytes(Vec<u8>),
}

impl Text {
    /// Returns a text.
    #[must_use]
    pub fn new(text: impl Into<OsString>) -> Self {
        match text.into().into_string() {
            Ok(plain) => Self::Plain(plain),
            Err(other) => Self::Bytes(other.as_bytes().to_owned()),
        }
    }

    /// Returns it as the system wants it.
    #[must_use]
    pub fn to_os(&self) -> OsString {
        match self {
            Self::Plain(plain) => plain.into(),
            Self::Bytes(bytes) => OsString::from_vec(bytes.clone()),
        }
    }
}

/// What the driver wants done, one byte on the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Ask everything to end.
    Ask,
    /// Kill everything.
    Kill,
    /// Stop everything until further notice.
    Suspend,
    /// Let what was stopped go on.
    Continue,
}

impl Wish {
    const ALL: [(Self, u8); 4] = [(Self::Ask, b'a'), (Self::Kill, b'k'), (Self::Suspend, b's'), (Self::Continue, b'c')];

    /// Returns its byte.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        Self::ALL.iter().find(|(wish, _)| *wish == self).map_or(b'k', |(_, byte)| *byte)
    }

    /// Returns the wish of a byte.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == byte).map(|(wish, _)| *wish)
    }
}

/// What the supervisor tells the driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The program was not started; this is the last report.
    Refused(Refusal),
    /// The program has ended; what it started may not have.
    Ended(Status),
    /// Nothing of it is left, apart from what could not be killed; this is the last report.
    Swept {
        /// How many processes it had left behind, which were ended then.
        swept: u32,
        /// How many could not be ended.
        left: u32,
    },
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal.
    Signaled(i32),
}

/// Why a program was not started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What was being done.
    pub step: StartStep,
    /// The number of the system's error; 0 for an error without one.
    pub errno: i32,
    /// What else is known.
    pub detail: String,
}

/// A part of starting a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartStep {
    /// Starting and reaching the last stage.
    Stage,
    /// A session of its own.
    Session,
    /// Standard input.
    Input,
    /// Going to the folder.
    Folder,
    /// Taking on the limits.
    Limits,
    /// Entering the sandbox.
    Confinement,
    /// The program itself.
    Program,
}

impl Refusal {
    /// Returns a refusal because of an error of the system.
    #[must_use]
    pub fn new(step: StartStep, error: &std::io::Error) -> Self {
        let errno = error.raw_os_error().unwrap_or_default();
        Self { step, errno, detail: if errno == 0 { error.to_string() } else { String::new() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_of_the_system_comes_through() {
        for text in [OsString::from("plain"), OsString::from_vec(vec![b'a', 0xff, b'\n'])] {
            let sent = serde_json::to_vec(&Text::new(text.clone())).unwrap();
            assert_eq!(serde_json::from_slice::<Text>(&sent).unwrap().to_os(), text);
        }
    }

    #[test]
    fn wishes_have_bytes_of_their_own() {
        for (wish, byte) in Wish::ALL {
            assert_eq!((Wish::of_byte(byte), wish.to_byte()), (Some(wish), byte));
        }
        assert_eq!(Wish::of_byte(b'?'), None);
    }
}
