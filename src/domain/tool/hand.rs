//! The answer of a person who was asked to do the work of a step: the document in [`super::bridge::ANSWER_FILE`].

use serde::{Deserialize, Serialize};

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It is done.
    Done,
    /// It will not be done.
    GivenUp,
}

/// The answer of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What they say.
    pub said: Said,
    /// Their name and address, as git knows them.
    pub who: String,
    /// What they add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Answer {
    /// Returns the answer as a sentence for the ledger.
    #[must_use]
    pub fn line(&self) -> String {
        let said = match self.said {
            Said::Done => "done",
            Said::GivenUp => "given up",
        };
        match &self.message {
            Some(message) => format!("{said} by {}: {message}", self.who),
            None => format!("{said} by {}", self.who),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reads_as_a_sentence() {
        let answer = Answer { said: Said::Done, who: "Ada <a@b>".to_owned(), message: None };
        assert_eq!(answer.line(), "done by Ada <a@b>");
        let given_up = Answer { said: Said::GivenUp, message: Some("too hard".to_owned()), ..answer };
        assert_eq!(given_up.line(), "given up by Ada <a@b>: too hard");
        assert_eq!(serde_json::to_string(&given_up).unwrap(), r#"{"said":"given_up","who":"Ada <a@b>","message":"too hard"}"#);
    }
}
