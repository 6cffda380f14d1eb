//! The sections of a prompt: which there are, in which order, and which of them no prompt goes without.

use crate::domain::id::WorkstreamId;

/// A section of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Which step of which workstream it is.
    Header,
    /// Who is asked.
    Role,
    /// What is to be reached.
    Objective,
    /// What is known: the repository's own instructions, what went before, what was found.
    Context,
    /// Which files may be changed.
    FilesScope,
    /// What holds for every change.
    Constraints,
    /// In which form the work is left.
    OutputSpec,
    /// What says that it is done.
    ValidationRules,
    /// What to do when it can not be done.
    ErrorHandling,
    /// How to go about it.
    ReasoningStyle,
    /// What holds for this tool.
    ToolNotes,
}

impl Section {
    /// All of them, in their order.
    pub const ALL: [Self; 11] = [
        Self::Header,
        Self::Role,
        Self::Objective,
        Self::Context,
        Self::FilesScope,
        Self::Constraints,
        Self::OutputSpec,
        Self::ValidationRules,
        Self::ErrorHandling,
        Self::ReasoningStyle,
        Self::ToolNotes,
    ];

    /// Returns the name of its variable in a template.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Role => "role",
            Self::Objective => "objective",
            Self::Context => "context",
            Self::FilesScope => "files_scope",
            Self::Constraints => "constraints",
            Self::OutputSpec => "output_spec",
            Self::ValidationRules => "validation_rules",
            Self::ErrorHandling => "error_handling",
            Self::ReasoningStyle => "reasoning_style",
            Self::ToolNotes => "tool_notes",
        }
    }

    /// Returns whether a prompt is refused without it.
    #[must_use]
    pub const fn is_required(self) -> bool {
        match self {
            Self::Objective | Self::FilesScope | Self::Constraints | Self::OutputSpec => true,
            Self::Header
            | Self::Role
            | Self::Context
            | Self::ValidationRules
            | Self::ErrorHandling
            | Self::ReasoningStyle
            | Self::ToolNotes => false,
        }
    }
}

/// Why a prompt is refused: a section that no prompt goes without is empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the prompt of workstream {workstream} has no {}", .sections.iter().map(|one| one.key().to_uppercase()).collect::<Vec<_>>().join(", no "))]
pub struct EmptySections {
    /// The workstream.
    pub workstream: WorkstreamId,
    /// The empty sections.
    pub sections: Vec<Section>,
}

/// The sections of one prompt; those that are required are not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sections([String; 11]);

impl Sections {
    /// Makes the sections of a prompt with a function that gives the text of each.
    ///
    /// # Errors
    /// Returns [`EmptySections`] with every required section that is empty.
    pub fn new(workstream: &WorkstreamId, text: impl Fn(Section) -> String) -> Result<Self, EmptySections> {
        let texts = Section::ALL.map(|section| text(section).trim().to_owned());
        let is_missing = |section: &Section| section.is_required() && texts[*section as usize].is_empty();
        let sections: Vec<Section> = Section::ALL.into_iter().filter(is_missing).collect();
        if sections.is_empty() { Ok(Self(texts)) } else { Err(EmptySections { workstream: workstream.clone(), sections }) }
    }

    /// Returns the text of a section; empty when there is nothing to say.
    #[must_use]
    pub fn text(&self, section: Section) -> &str {
        &self.0[section as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_without_what_it_needs_is_refused() {
        let id = WorkstreamId::parse("ws-a").unwrap();
        let full = Sections::new(&id, |section| section.key().to_owned()).unwrap();
        for section in Section::ALL {
            assert_eq!(full.text(section), section.key());
            let without = Sections::new(&id, |one| if one == section { " \n".to_owned() } else { one.key().to_owned() });
            assert_eq!(without.is_err(), section.is_required(), "{section:?}");
        }
        let error = Sections::new(&id, |_| String::new()).unwrap_err();
        let expect = "the prompt of workstream ws-a has no OBJECTIVE, no FILES_SCOPE, no CONSTRAINTS, no OUTPUT_SPEC";
        assert_eq!(error.to_string(), expect);
    }
}
