//! Layers and origins.

use std::fmt;

use crate::domain::settings::lines::Lined;

/// Where settings come from, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The files that the program ships.
    Shipped,
    /// The user's files.
    User,
    /// The repository's profile.
    Repository,
    /// Git's configuration, `git -c` included.
    GitConfig,
    /// The plan.
    Plan,
    /// The environment.
    Environment,
    /// The command line.
    Flag,
}

impl Layer {
    /// Returns the name of the layer, as it is shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::User => "user",
            Self::Repository => "repository",
            Self::GitConfig => "git config",
            Self::Plan => "plan",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}

/// Where one value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its layer.
    pub layer: Layer,
    /// The file, the key, the variable or the flag.
    pub place: String,
}

impl Origin {
    /// Returns an origin.
    #[must_use]
    pub fn new(layer: Layer, place: impl Into<String>) -> Self {
        Self { layer, place: place.into() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.layer.name(), self.place)
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// Returns a value with its origin.
    #[must_use]
    pub const fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// Makes origins of values in one file.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The layer of the file.
    pub layer: Layer,
    /// The file.
    pub file: &'a str,
}

impl Places<'_> {
    /// Returns the origin of what stands on a line. Nobody looks up lines of the files that the program ships.
    #[must_use]
    pub fn origin(&self, line: u32) -> Origin {
        match self.layer {
            Layer::Shipped => Origin::new(self.layer, self.file),
            Layer::User | Layer::Repository | Layer::GitConfig | Layer::Plan | Layer::Environment | Layer::Flag => {
                Origin::new(self.layer, format!("{}:{line}", self.file))
            }
        }
    }

    /// Returns a value of the file as a setting.
    pub fn setting<T, U>(&self, value: Option<Lined<T>>, turned: impl FnOnce(T) -> U) -> Option<Setting<U>> {
        value.map(|lined| Setting::new(turned(lined.value), self.origin(lined.line)))
    }
}
