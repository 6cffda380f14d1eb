//! Who did something, and when, as git writes it into a commit.

use jiff::Timestamp;

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}

/// An identity at a time; git's time has whole seconds, and ours is always UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Who.
    pub identity: Identity,
    /// When.
    pub time: Timestamp,
}

impl Signature {
    /// Joins an identity and a time.
    #[must_use]
    pub const fn new(identity: Identity, time: Timestamp) -> Self {
        Self { identity, time }
    }

    /// Returns the form in a commit: `Name <address> seconds +0000`. What would break that line is left out, as git does.
    #[must_use]
    pub fn line(&self) -> String {
        let name = clean(&self.identity.name);
        let name = if name.is_empty() { "unknown" } else { &name };
        format!("{name} <{}> {} +0000", clean(&self.identity.email), self.time.as_second().max(0))
    }
}

/// Removes control characters and angle brackets, and at the ends what git calls crud.
fn clean(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect();
    kept.trim_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | ':' | ';' | '"' | '\\' | '\'')).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_can_not_be_broken() {
        let check = |name: &str, email: &str, expect: &str| {
            let identity = Identity { name: name.to_owned(), email: email.to_owned() };
            assert_eq!(Signature::new(identity, Timestamp::from_second(12).unwrap()).line(), expect);
        };
        check("Ann B", "a@b.c", "Ann B <a@b.c> 12 +0000");
        check("evil\ncommitter x", "a>\n<b", "evilcommitter x <ab> 12 +0000");
        check(" .;'\"", "", "unknown <> 12 +0000");
        check("Ünal Ö.", "ü@x", "Ünal Ö <ü@x> 12 +0000");
    }
}
