//! How tightly a program is held: words that settings, profiles and the ledger share.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How tightly a program is held, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SandboxLevel {
    /// It may do what the user may do.
    #[default]
    None,
    /// The kernel refuses writes outside of the granted folders.
    Landlock,
    /// It sees its own file system, processes and, if wished, no network.
    Bubblewrap,
}

impl SandboxLevel {
    /// All levels, the loosest first.
    pub const ALL: [Self; 3] = [Self::None, Self::Landlock, Self::Bubblewrap];

    /// Returns the name of the level, as settings and the ledger spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Landlock => "landlock",
            Self::Bubblewrap => "bubblewrap",
        }
    }
}

impl fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a program may reach over the network, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Whatever the user can reach.
    #[default]
    Full,
    /// Nothing, as far as the level can hold it.
    None,
}

impl Network {
    /// Returns the name, as settings and the ledger spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::None => "none",
        }
    }
}

/// What a program may read, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// Everything but, where the level can hide them, the well-known folders of secrets.
    #[default]
    All,
    /// The system's programs, the repository, the worktree, and what is listed.
    Listed,
}

impl Reads {
    /// Returns the name, as settings spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Listed => "listed",
        }
    }
}

/// The level that somebody wishes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxWish {
    /// The tightest that the machine allows.
    #[default]
    Auto,
    /// [`SandboxLevel::None`].
    None,
    /// [`SandboxLevel::Landlock`], and nothing looser.
    Landlock,
    /// [`SandboxLevel::Bubblewrap`], and nothing looser.
    Bubblewrap,
}

impl SandboxWish {
    /// All wishes.
    pub const ALL: [Self; 4] = [Self::Auto, Self::None, Self::Landlock, Self::Bubblewrap];

    /// Returns the level that is wished for by its name.
    #[must_use]
    pub const fn named(self) -> Option<SandboxLevel> {
        match self {
            Self::Auto => None,
            Self::None => Some(SandboxLevel::None),
            Self::Landlock => Some(SandboxLevel::Landlock),
            Self::Bubblewrap => Some(SandboxLevel::Bubblewrap),
        }
    }

    /// Returns the word, as settings spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self.named() {
            None => "auto",
            Some(level) => level.name(),
        }
    }
}

/// What holds programs, as it was decided: by the user, and by those who may only tighten it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SandboxRules {
    /// What the user wishes.
    #[serde(default)]
    pub wish: SandboxWish,
    /// The level that somebody who may only tighten asks for.
    #[serde(default)]
    pub at_least: SandboxLevel,
    /// What may be reached.
    #[serde(default)]
    pub network: Network,
    /// What may be read.
    #[serde(default)]
    pub reads: Reads,
}

impl SandboxRules {
    /// Returns these rules, tightened by others: a level that they name, no network, fewer reads. Nothing gets looser.
    #[must_use]
    pub fn tightened(self, other: Self) -> Self {
        Self {
            wish: self.wish,
            at_least: self.at_least.max(other.at_least).max(other.wish.named().unwrap_or_default()),
            network: self.network.max(other.network),
            reads: self.reads.max(other.reads),
        }
    }

    /// Returns what a program is held to where `best` is the tightest level that can be had. `own` is what its tool's profile says: the
    /// level in place of `auto`, else only tighter than what the user named.
    #[must_use]
    pub fn held(self, own: &OwnRules, best: SandboxLevel) -> Held {
        let level = match self.wish.named() {
            None => own.level.unwrap_or(best),
            Some(named) => named.max(own.level.unwrap_or_default()),
        };
        Held {
            level: level.max(self.at_least).max(own.at_least),
            network: self.network.max(own.network.unwrap_or_default()),
            reads: self.reads.max(own.reads.unwrap_or_default()),
        }
    }
}

/// What a tool's profile says about its sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnRules {
    /// The level.
    pub level: Option<SandboxLevel>,
    /// The level that somebody who may only tighten asks for.
    #[serde(skip)]
    pub at_least: SandboxLevel,
    /// What it may reach.
    pub network: Option<Network>,
    /// What it may read.
    pub reads: Option<Reads>,
    /// What it may write besides the usual: absolute paths, or paths that begin with `~/`.
    #[serde(default)]
    pub write: Vec<String>,
    /// What it may read although it is hidden or not listed, likewise.
    #[serde(default)]
    pub read: Vec<String>,
}

impl OwnRules {
    /// Returns these rules with the gaps filled from a weaker layer. What may be reached and read only gets tighter.
    #[must_use]
    pub fn over(self, weaker: &Self) -> Self {
        let or_else = |strong: Vec<String>, weak: &[String]| if strong.is_empty() { weak.to_vec() } else { strong };
        Self {
            level: self.level.or(weaker.level),
            at_least: self.at_least.max(weaker.at_least),
            network: self.network.max(weaker.network),
            reads: self.reads.max(weaker.reads),
            write: or_else(self.write, &weaker.write),
            read: or_else(self.read, &weaker.read),
        }
    }

    /// Returns the rules of a tool that a repository has a say in: it may ask for a level, and grants nothing.
    #[must_use]
    pub fn of_repository(self) -> Self {
        let at_least = self.at_least.max(self.level.unwrap_or_default());
        Self { level: None, at_least, write: Vec::new(), read: Vec::new(), ..self }
    }
}

/// What a program is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// How tightly.
    pub level: SandboxLevel,
    /// What it may reach.
    pub network: Network,
    /// What it may read.
    pub reads: Reads,
}

/// Returns whether a text can be a path that is granted: absolute, or below the home folder, and without `..`.
#[must_use]
pub fn is_grantable(text: &str) -> bool {
    let is_rooted = text.starts_with('/') || text.starts_with("~/");
    is_rooted && !text.contains('\0') && !text.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(wish: SandboxWish) -> SandboxRules {
        SandboxRules { wish, ..SandboxRules::default() }
    }

    #[test]
    fn words_are_those_of_the_stored_formats() {
        for level in SandboxLevel::ALL {
            assert_eq!(serde_json::json!(level), level.name());
            assert_eq!(level.to_string(), level.name());
        }
        for wish in SandboxWish::ALL {
            assert_eq!(serde_json::json!(wish), wish.word());
        }
        for network in [Network::Full, Network::None] {
            assert_eq!(serde_json::json!(network), network.name());
        }
        for reads in [Reads::All, Reads::Listed] {
            assert_eq!(serde_json::json!(reads), reads.name());
        }
    }

    #[test]
    fn a_profile_decides_where_the_user_leaves_it_open_and_else_only_tightens() {
        use SandboxLevel::{Bubblewrap, Landlock, None as Free};
        let level = |wished, own, best| wish(wished).held(&OwnRules { level: own, ..OwnRules::default() }, best).level;
        assert_eq!(level(SandboxWish::Auto, None, Landlock), Landlock);
        assert_eq!(level(SandboxWish::Auto, Some(Free), Bubblewrap), Free);
        assert_eq!(level(SandboxWish::Auto, Some(Bubblewrap), Landlock), Bubblewrap, "named, so it must be had or nothing starts");
        assert_eq!(level(SandboxWish::Landlock, Some(Free), Bubblewrap), Landlock);
        assert_eq!(level(SandboxWish::Landlock, Some(Bubblewrap), Bubblewrap), Bubblewrap);
        assert_eq!(level(SandboxWish::None, None, Bubblewrap), Free);
    }

    #[test]
    fn those_who_may_only_tighten_never_loosen() {
        let all = || {
            let levels = SandboxWish::ALL.into_iter().map(wish);
            levels.flat_map(|rules| [Network::Full, Network::None].map(|network| SandboxRules { network, ..rules }))
        };
        let own = OwnRules::default();
        for user in all() {
            for other in all() {
                for best in SandboxLevel::ALL {
                    let (before, after) = (user.held(&own, best), user.tightened(other).held(&own, best));
                    assert!(after.level >= before.level && after.network >= before.network && after.reads >= before.reads);
                    assert!(after.level >= other.wish.named().unwrap_or_default() && after.network >= other.network);
                }
            }
        }
    }

    #[test]
    fn a_repository_tightens_a_tool_and_grants_it_nothing() {
        let user = OwnRules { network: Some(Network::None), write: vec!["~/.tool".into()], ..OwnRules::default() };
        let loose = OwnRules {
            level: Some(SandboxLevel::None),
            network: Some(Network::Full),
            write: vec!["~/.ssh".into()],
            read: vec!["~/.ssh".into()],
            ..OwnRules::default()
        };
        let rules = loose.over(&user).of_repository();
        let held = wish(SandboxWish::Auto).held(&rules, SandboxLevel::Bubblewrap);
        assert_eq!((held.level, held.network), (SandboxLevel::Bubblewrap, Network::None));
        assert_eq!((rules.write, rules.read), (Vec::<String>::new(), Vec::<String>::new()));
        let tight = OwnRules { level: Some(SandboxLevel::Bubblewrap), ..OwnRules::default() }.of_repository();
        assert_eq!(wish(SandboxWish::Landlock).held(&tight, SandboxLevel::Landlock).level, SandboxLevel::Bubblewrap);
    }

    #[test]
    fn what_is_granted_is_a_plain_path() {
        for fine in ["/opt/tool", "~/.codex", "~/.claude.json"] {
            assert!(is_grantable(fine), "{fine}");
        }
        for bad in ["", "relative", "~", "~other/x", "/opt/../home", "~/../x", "/a\0b"] {
            assert!(!is_grantable(bad), "{bad}");
        }
    }
}
