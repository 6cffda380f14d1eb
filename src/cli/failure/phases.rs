//! Errors of pipelines, of plugins that bring them, and of what is made from a request.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::ops::pipelines::PipelinesError;
use crate::ops::plugins::PluginsError;

impl Meaning for PipelinesError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            Self::Plugins(error) => error.exit(),
            Self::Unusable(_) => Exit::Negative,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Plugins(error) => error.hint(),
            Self::Unusable(_) => Some("Rename or remove the files; `git orc pipeline list` shows what there is.".to_owned()),
        }
    }
}

impl Meaning for PluginsError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            Self::NoFolder(_) => Exit::Environment,
            Self::Invalid { .. } => Exit::Negative,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::NoFolder(_) => Some("Mend `ORC_PIPELINE_PATH`, or `git config orc.pipelinePath`.".to_owned()),
            Self::Invalid { .. } => Some("`git orc config check` shows them again.".to_owned()),
        }
    }
}
