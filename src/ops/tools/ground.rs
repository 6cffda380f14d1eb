//! What holds where the user stands: the tools, the registry, the settings; inside of a repository or outside of any.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::domain::tool::registry::Registry;
use crate::domain::tool::routing::{RoutingError, candidates};
use crate::domain::tool::toolbox::{Tool, Toolbox};
use crate::domain::{id::ToolId, plan::model::ToolChoice};
use crate::io::git::discover::DiscoverError;
use crate::io::settings::resolve::Settings;
use crate::ops::context::{Context, ContextError, Desk, PROFILES, REPOSITORY_PROFILES};
use crate::ops::trust::{Decision, decide};

/// Who describes a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// Nobody: it is part of the program.
    Embedded,
    /// The program ships the profile.
    Shipped,
    /// The user.
    User,
    /// The repository.
    Repository,
}

impl Author {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Shipped => "shipped",
            Self::User => "user",
            Self::Repository => "repository",
        }
    }
}

/// What holds where the user stands.
#[derive(Debug, Clone)]
pub struct Ground {
    /// Where the user stands.
    pub desk: Desk,
    /// The top of the work tree, where there is one.
    pub top: Option<PathBuf>,
    /// The tools.
    pub tools: Toolbox,
    /// Which of them does what.
    pub registry: Registry,
    /// The settings.
    pub settings: Settings,
    is_trusted: bool,
}

impl Ground {
    /// Finds out what holds.
    ///
    /// # Errors
    /// Returns [`ContextError`] when there is a repository that can not be used, or files hold mistakes.
    pub fn open(desk: &Desk) -> Result<Self, ContextError> {
        match Context::open(desk) {
            Ok(cx) => {
                let is_trusted = decide(&cx, None, Decision::Refuse).is_ok();
                let top = cx.repo.work_dir().map(Path::to_owned);
                Ok(Self { desk: desk.clone(), top, tools: cx.tools, registry: cx.registry, settings: cx.settings, is_trusted })
            }
            Err(ContextError::Repository(DiscoverError::NotARepository { .. }) | ContextError::NoGit(_)) => {
                let (tools, settings) = (desk.tools(None)?, desk.settings()?);
                let (registry, _) = desk.registry(None, &settings)?;
                Ok(Self { desk: desk.clone(), top: None, tools, registry, settings, is_trusted: true })
            }
            Err(error) => Err(error),
        }
    }

    /// Returns a tool by its id.
    ///
    /// # Errors
    /// Returns [`RoutingError`] when there is none.
    pub fn tool(&self, id: &ToolId) -> Result<&Tool, RoutingError> {
        // The words for what is not there are those of a plan that names it.
        candidates(&self.tools, &ToolChoice::Tool(id.clone()))?;
        self.tools.tool(id).ok_or_else(|| RoutingError::UnknownTool { id: id.clone(), suggestion: None })
    }

    /// Returns the file of the user's own profiles.
    #[must_use]
    pub fn users_file(&self) -> Option<PathBuf> {
        self.desk.environment.config_folder().map(|folder| folder.join(PROFILES))
    }

    /// Returns the file of the repository's profiles.
    #[must_use]
    pub fn repositorys_file(&self) -> Option<PathBuf> {
        self.top.as_ref().map(|top| top.join(REPOSITORY_PROFILES))
    }

    /// Returns who had the last word about a tool.
    #[must_use]
    pub fn author(&self, tool: &Tool) -> Author {
        tool.origins.first().map_or(Author::Embedded, |origin| self.author_of(origin))
    }

    /// Returns whose file a source of profiles is.
    #[must_use]
    pub fn author_of(&self, origin: &str) -> Author {
        let is = |file: Option<PathBuf>| file.is_some_and(|file| file.display().to_string() == origin);
        if is(self.repositorys_file()) {
            Author::Repository
        } else if is(self.users_file()) {
            Author::User
        } else {
            Author::Shipped
        }
    }

    /// Returns whether its program may be started for nothing but a question. A repository that came with a commit may name any program, so
    /// what it describes is started only when it is trusted.
    #[must_use]
    pub fn may_start(&self, tool: &Tool) -> bool {
        self.is_trusted || tool.origins.iter().all(|origin| self.author_of(origin) != Author::Repository)
    }

    /// Returns whether what it starts is there; always for what starts nothing.
    #[must_use]
    pub fn is_installed(&self, profile: &ToolProfile) -> bool {
        profile.binary().is_none_or(|binary| self.desk.environment.finds(binary))
    }
}

/// Returns the word for how a tool is talked to.
#[must_use]
pub const fn kind_word(kind: &ToolKind) -> &'static str {
    match kind {
        ToolKind::Command => "command",
        ToolKind::Replay => "replay",
        ToolKind::Fixers => "fixers",
        ToolKind::External { .. } => "program",
        ToolKind::Acp { .. } => "acp",
        ToolKind::Api { .. } => "api",
        ToolKind::Manual => "manual",
    }
}
