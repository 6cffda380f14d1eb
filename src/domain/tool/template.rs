//! Templates: arguments with `{placeholders}`. `{{` and `}}` stand for the braces themselves.

use std::fmt;

use super::suggest::{closest, did_you_mean};

/// What can be put into an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// The text of the prompt.
    Prompt,
    /// The absolute path of a file with the prompt, outside the worktree.
    PromptFile,
    /// The files to work on, one argument each; stands alone.
    Files,
    /// The absolute path of the worktree.
    WorktreePath,
    /// The id of the workstream.
    Workstream,
    /// The id of the run.
    Run,
    /// The absolute path of a folder for the tool's own files, outside the worktree.
    RunDir,
    /// The name of the model.
    Model,
    /// The profile's arguments for the model, none when no model is named; stands alone.
    ModelArgs,
    /// What the attempt may cost, in US dollars.
    BudgetUsd,
    /// The profile's arguments for the budget, none when there is no budget; stands alone.
    BudgetArgs,
    /// Seconds until the tool is ended.
    TimeoutSec,
}

impl Placeholder {
    /// Every placeholder.
    pub const ALL: [Self; 12] = [
        Self::Prompt,
        Self::PromptFile,
        Self::Files,
        Self::WorktreePath,
        Self::Workstream,
        Self::Run,
        Self::RunDir,
        Self::Model,
        Self::ModelArgs,
        Self::BudgetUsd,
        Self::BudgetArgs,
        Self::TimeoutSec,
    ];

    /// Returns the name between the braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::PromptFile => "prompt_file",
            Self::Files => "files",
            Self::WorktreePath => "worktree_path",
            Self::Workstream => "workstream",
            Self::Run => "run",
            Self::RunDir => "run_dir",
            Self::Model => "model",
            Self::ModelArgs => "model_args",
            Self::BudgetUsd => "budget_usd",
            Self::BudgetArgs => "budget_args",
            Self::TimeoutSec => "timeout_sec",
        }
    }

    /// Returns whether it is any number of arguments, so that it can not be a part of one.
    #[must_use]
    pub const fn stands_alone(self) -> bool {
        matches!(self, Self::Files | Self::ModelArgs | Self::BudgetArgs)
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.name())
    }
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// A value to put in.
    Value(Placeholder),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Nothing has this name.
    #[error("unknown placeholder `{{{name}}}`{}; write `{{{{` for a brace itself", did_you_mean(*suggestion))]
    Unknown {
        /// The name as written.
        name: String,
        /// A name that may be meant.
        suggestion: Option<&'static str>,
    },
    /// A brace has no partner.
    #[error("a lone `{0}`; write `{0}{0}` for the brace itself")]
    LoneBrace(char),
    /// It is any number of arguments, so it cannot be a part of one.
    #[error("`{0}` must be an argument of its own")]
    NotAlone(Placeholder),
}

/// Reads a template.
///
/// # Errors
/// Returns a [`TemplateError`] for unknown placeholders, lone braces, and a list of arguments with something beside it.
pub fn parse(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        if let Some(after) = after.strip_prefix(brace) {
            literal.push_str(brace);
            rest = after;
            continue;
        }
        let (name, after) = match (brace, after.split_once('}')) {
            ("{", Some((name, after))) => (name, after),
            ("{", None) => return Err(TemplateError::LoneBrace('{')),
            _ => return Err(TemplateError::LoneBrace('}')),
        };
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Value(placeholder(name)?));
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    let crowded = pieces.iter().filter(|_| pieces.len() > 1).find_map(|piece| match piece {
        Piece::Value(placeholder) if placeholder.stands_alone() => Some(*placeholder),
        Piece::Value(_) | Piece::Text(_) => None,
    });
    match crowded {
        Some(placeholder) => Err(TemplateError::NotAlone(placeholder)),
        None => Ok(pieces),
    }
}

fn placeholder(name: &str) -> Result<Placeholder, TemplateError> {
    Placeholder::ALL
        .into_iter()
        .find(|placeholder| placeholder.name() == name)
        .ok_or_else(|| TemplateError::Unknown { name: name.to_owned(), suggestion: closest(name, Placeholder::ALL.map(Placeholder::name)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn templates_are_read() {
        let check = |template: &str, pieces: &[Piece]| assert_eq!(parse(template).as_deref(), Ok(pieces), "{template}");
        check("", &[]);
        check("--yes", &[text("--yes")]);
        check("{prompt}", &[Piece::Value(Placeholder::Prompt)]);
        check("{files}", &[Piece::Value(Placeholder::Files)]);
        check("--log={run_dir}/x", &[text("--log="), Piece::Value(Placeholder::RunDir), text("/x")]);
        check("{{\"a\":{{}}}}", &[text("{\"a\":{}}")]);
        check("{{{run}}}", &[text("{"), Piece::Value(Placeholder::Run), text("}")]);
        check("é{workstream}é", &[text("é"), Piece::Value(Placeholder::Workstream), text("é")]);
    }

    #[test]
    fn mistakes_are_named() {
        let check = |template: &str, message: &str| assert_eq!(parse(template).unwrap_err().to_string(), message, "{template}");
        check("{promt}", "unknown placeholder `{promt}` (did you mean `prompt`?); write `{{` for a brace itself");
        check("{prompt-file}", "unknown placeholder `{prompt-file}` (did you mean `prompt_file`?); write `{{` for a brace itself");
        check("{nothing}", "unknown placeholder `{nothing}`; write `{{` for a brace itself");
        check("-m={model_args}", "`{model_args}` must be an argument of its own");
        check("{}", "unknown placeholder `{}`; write `{{` for a brace itself");
        check("a{", "a lone `{`; write `{{` for the brace itself");
        check("a}b", "a lone `}`; write `}}` for the brace itself");
        check("--f={files}", "`{files}` must be an argument of its own");
        check("{files}{files}", "`{files}` must be an argument of its own");
    }
}
