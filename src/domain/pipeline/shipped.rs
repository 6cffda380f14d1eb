//! The pipelines that git-orc ships.

use crate::domain::document::source::SourceFile;
use crate::domain::plan::input::PipelineFile;

/// The pipeline of workstreams that name none: a tool changes files, and the commands of the workstream check them.
pub const IMPLIED: &str = "edit-static-runtime";

/// The names and texts of all of them.
const ALL: [(&str, &str); 5] = [
    ("code", include_str!("../../../config/pipelines/code.yaml")),
    ("docs", include_str!("../../../config/pipelines/docs.yaml")),
    (IMPLIED, include_str!("../../../config/pipelines/edit-static-runtime.yaml")),
    ("fiction", include_str!("../../../config/pipelines/fiction.yaml")),
    ("roles", include_str!("../../../config/pipelines/roles.yaml")),
];

/// Returns the pipelines that git-orc ships.
#[must_use]
pub fn pipelines() -> Vec<PipelineFile> {
    let one = |(name, text): (&str, &str)| PipelineFile {
        name: name.to_owned(),
        file: SourceFile::new(format!("git-orc/config/pipelines/{name}.yaml"), text),
    };
    ALL.into_iter().map(one).collect()
}
