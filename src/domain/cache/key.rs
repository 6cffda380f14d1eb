//! What a result is known by: digests of everything that it may depend on, each kept by itself, so that it can be told which one differs.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The digests of everything that a result may depend on. All but the first are 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Components {
    /// Which step it is, in words: what it is for, the workstream, the step. Programs are told of them.
    pub what: String,
    /// What is asked: the prompt, argument vectors, patch files.
    pub prompt: String,
    /// How the program is started and read, and which program that is.
    pub profile: String,
    /// The model.
    pub model: String,
    /// What else holds for programs: the sandbox, the network, the environment, the version of git-orc.
    pub settings: String,
    /// The files that it starts from.
    pub inputs: String,
}

/// One of the things that a result may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What is asked.
    Prompt,
    /// The profile of the tool, or its program.
    Profile,
    /// The model.
    Model,
    /// The settings.
    Settings,
    /// The files.
    Inputs,
}

impl Part {
    /// Returns its name in a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Prompt => "the prompt",
            Self::Profile => "the tool's profile or program",
            Self::Model => "the model",
            Self::Settings => "the sandbox, the network, the environment or the version of git-orc",
            Self::Inputs => "the files that it starts from",
        }
    }
}

impl Components {
    /// Returns what a result is found by.
    #[must_use]
    pub fn key(&self) -> String {
        digest(["key", &self.request(), &self.inputs])
    }

    /// Returns what was asked, whatever the files were.
    #[must_use]
    pub fn request(&self) -> String {
        digest(["request", &self.what, &self.prompt, &self.profile, &self.model, &self.settings])
    }

    /// Returns what differs from other ones of the same step.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<Part> {
        let pairs = [
            (Part::Prompt, &self.prompt, &other.prompt),
            (Part::Profile, &self.profile, &other.profile),
            (Part::Model, &self.model, &other.model),
            (Part::Settings, &self.settings, &other.settings),
            (Part::Inputs, &self.inputs, &other.inputs),
        ];
        pairs.into_iter().filter(|(_, one, another)| one != another).map(|(part, ..)| part).collect()
    }
}

/// Returns the SHA-256 over texts, each with its length, or bytes could move from one into the next; 64 hexadecimal digits.
#[must_use]
pub fn digest<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        let bytes = part.as_ref();
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    hexadecimal(&hash.finalize())
}

/// Returns bytes as hexadecimal digits.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Components {
        let text = |text: &str| text.to_owned();
        Components {
            what: text("edit a edit"),
            prompt: text("p"),
            profile: text("f"),
            model: text("m"),
            settings: text("s"),
            inputs: text("i"),
        }
    }

    #[test]
    fn the_key_changes_with_each_component_and_with_nothing_else() {
        assert_eq!(sample().key(), sample().key());
        let check = |change: fn(&mut Components), expect: &[Part], is_same_request: bool| {
            let mut other = sample();
            change(&mut other);
            assert_ne!(other.key(), sample().key(), "{expect:?}");
            assert_eq!(other.differing(&sample()), expect);
            assert_eq!(other.request() == sample().request(), is_same_request, "{expect:?}");
        };
        check(|one| one.what.push('x'), &[], false);
        check(|one| one.prompt.push('x'), &[Part::Prompt], false);
        check(|one| one.profile.push('x'), &[Part::Profile], false);
        check(|one| one.model.push('x'), &[Part::Model], false);
        check(|one| one.settings.push('x'), &[Part::Settings], false);
        check(|one| one.inputs.push('x'), &[Part::Inputs], true);
    }

    #[test]
    fn no_byte_moves_from_one_text_into_the_next() {
        assert_ne!(digest(["ab", "c"]), digest(["a", "bc"]));
        assert_ne!(digest(["a"]), digest(["a", ""]));
        let moved = Components { prompt: "pf".to_owned(), profile: String::new(), ..sample() };
        assert_ne!(moved.key(), sample().key());
        assert_eq!(digest(["a"]).len(), 64);
    }
}
