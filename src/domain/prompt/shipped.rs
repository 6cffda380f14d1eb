//! The templates of phases that the program ships.

/// Their names and texts, by name.
pub(super) const PHASES: [(&str, &str); 10] = [
    ("analysis", include_str!("../../../config/prompts/analysis.md.j2")),
    ("architecture", include_str!("../../../config/prompts/architecture.md.j2")),
    ("assembly", include_str!("../../../config/prompts/assembly.md.j2")),
    ("critique", include_str!("../../../config/prompts/critique.md.j2")),
    ("implementation", include_str!("../../../config/prompts/implementation.md.j2")),
    ("outline", include_str!("../../../config/prompts/outline.md.j2")),
    ("planning", include_str!("../../../config/prompts/planning.md.j2")),
    ("review", include_str!("../../../config/prompts/review.md.j2")),
    ("survey", include_str!("../../../config/prompts/survey.md.j2")),
    ("writing", include_str!("../../../config/prompts/writing.md.j2")),
];
