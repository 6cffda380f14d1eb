//! Policies: what files may say, what follows from it, and whether a run keeps to it.

mod constraints;
mod files;
mod judge;
mod layers;
mod runs;
pub(crate) mod secrets;

use std::path::Path;
use std::sync::Arc;

use git_orc::domain::document::diagnostic::Diagnostic;
use git_orc::domain::document::source::SourceFile;
use git_orc::domain::policy::governance::layers::{SHIPPED, parse_policies};
use git_orc::domain::policy::governance::model::Governance;
use git_orc::domain::policy::governance::secrets::rules::SecretRules;

/// Returns the folder of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads the shipped policies with these on top, by name and text.
pub(crate) fn parse(layers: &[(&str, &str)]) -> Result<Governance, Vec<Diagnostic>> {
    let mut files = vec![SourceFile::new("shipped.yaml", SHIPPED)];
    files.extend(layers.iter().map(|(name, text)| SourceFile::new(*name, *text)));
    parse_policies(&files, &Arc::new(SecretRules::default()))
}
