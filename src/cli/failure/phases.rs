//! Errors of pipelines, of plugins that bring them, and of what is made from a request.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::ops::create::CreateError;
use crate::ops::pipeline::PipelineError;
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

impl Meaning for PipelineError {
    fn exit(&self) -> Exit {
        match self {
            Self::Context(error) => error.exit(),
            Self::Pipelines(error) => error.exit(),
            Self::Plugins(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Unknown { .. } | Self::Name(_) => Exit::Usage,
            Self::Empty(_) | Self::Exists(_) | Self::NoRepository => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Context(error) => error.hint(),
            Self::Pipelines(error) => error.hint(),
            Self::Plugins(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Unknown { .. } => Some("`git orc pipeline list` shows the pipelines.".to_owned()),
            Self::Empty(_) => Some("A pipeline is a file `NAME.yaml`; `git orc pipeline new NAME` writes one.".to_owned()),
            Self::Name(_) => Some("Use small letters, digits, `-`, `_` and `.`, and begin with a letter or digit.".to_owned()),
            Self::Exists(_) => Some("Choose another name, or remove the file.".to_owned()),
            Self::NoRepository => Some("Change to a repository, or use `git orc pipeline new NAME --user`.".to_owned()),
        }
    }
}

impl Meaning for CreateError {
    fn exit(&self) -> Exit {
        match self {
            Self::Pipelines(error) => error.exit(),
            Self::Unknown { .. } | Self::Empty => Exit::Usage,
            Self::Yaml(_) => Exit::Environment,
            Self::File(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Pipelines(error) => error.hint(),
            Self::Unknown { .. } => Some("`git orc pipeline list` shows the pipelines.".to_owned()),
            Self::Empty => Some("Say what to do, as in `git orc create code \"Add a cache\"`.".to_owned()),
            Self::Yaml(_) => None,
            Self::File(error) => error.hint(),
        }
    }
}
