//! `git orc tools check`: what a tool needs, and whether it is there.

use serde::Serialize;

use super::example::example;
use super::ground::{Author, Ground};
use super::version::{Asking, Presence, ask};
use crate::domain::policy::sandbox::SandboxLevel;
use crate::domain::tool::invocation::InvocationError;
use crate::domain::tool::profile::ToolProfile;
use crate::domain::tool::toolbox::Tool;
use crate::domain::tool::variable;
use crate::domain::tool::version::is_at_least;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It is as it must be.
    Ok,
    /// It is worth knowing.
    Note,
    /// Something needed is missing.
    Problem,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// What: `profile`, `program`, `version`, `key`, `templates`, `environment`.
    pub what: &'static str,
    /// How it is.
    pub weight: Weight,
    /// What was found.
    pub message: String,
    /// What helps.
    pub hint: Option<String>,
}

/// What was found out about a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Its id.
    pub id: String,
    /// What was looked at.
    pub points: Vec<Point>,
}

impl Checked {
    /// Returns whether nothing needed is missing.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.points.iter().all(|point| point.weight != Weight::Problem)
    }
}

/// Why these tools are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The user named them: what they start must be there.
    Named,
    /// They are all that there are: nobody needs each of them.
    All,
}

/// Looks at tools. Their profiles are sound, else they could not have been read.
pub async fn check(ground: &Ground, tools: &[&Tool], reason: Reason) -> Vec<Checked> {
    let presences = ask(ground, tools, Asking::Versions).await;
    let checked = |(tool, presence): (&&Tool, Presence)| Checked {
        id: tool.profile.id.to_string(),
        points: points(ground, tool, (&presence, reason)),
    };
    tools.iter().zip(presences).map(checked).collect()
}

fn point(what: &'static str, weight: Weight, message: impl Into<String>) -> Point {
    Point { what, weight, message: message.into(), hint: None }
}

fn points(ground: &Ground, tool: &Tool, (presence, reason): (&Presence, Reason)) -> Vec<Point> {
    let profile = &tool.profile;
    let origin = match ground.author(tool) {
        Author::Embedded => "sound (embedded)".to_owned(),
        Author::Shipped | Author::User | Author::Repository => format!("sound ({})", tool.origins.join(", ")),
    };
    let mut points = vec![point("profile", Weight::Ok, origin)];
    points.extend(program(profile, presence, reason));
    // Where the program is missing and nobody needs it, nothing else is.
    if *presence == Presence::Missing && reason == Reason::All {
        return points;
    }
    points.extend(key(ground, profile));
    points.extend(templates(profile));
    points.extend(environment(ground, profile));
    points
}

fn program(profile: &ToolProfile, presence: &Presence, reason: Reason) -> Vec<Point> {
    let Some(binary) = profile.binary() else { return Vec::new() };
    let found = || point("program", Weight::Ok, format!("`{binary}` is there"));
    match presence {
        Presence::NoProgram => Vec::new(),
        Presence::Missing => {
            let weight = match reason {
                Reason::Named => Weight::Problem,
                Reason::All => Weight::Note,
            };
            let hint = match &profile.install {
                Some(install) => format!("Install it: `{install}`."),
                None => format!("Put `{binary}` into a folder of PATH, or say in the profile where it is."),
            };
            vec![Point { hint: Some(hint), ..point("program", weight, format!("`{binary}` is not installed")) }]
        }
        Presence::Unknown { why } => {
            let needed = profile.min_version.as_ref().map(|least| format!("; at least {least} is needed")).unwrap_or_default();
            vec![found(), point("version", Weight::Note, format!("not known: {why}{needed}"))]
        }
        Presence::Installed { version } => vec![found(), at_least(profile, version)],
    }
}

fn at_least(profile: &ToolProfile, version: &str) -> Point {
    match &profile.min_version {
        None => point("version", Weight::Ok, version),
        Some(least) if is_at_least(version, least) => point("version", Weight::Ok, format!("{version}, at least {least}")),
        Some(least) => {
            let hint = profile.install.as_ref().map(|install| format!("Install a newer one: `{install}`."));
            Point { hint, ..point("version", Weight::Problem, format!("{version} is older than {least}")) }
        }
    }
}

fn key(ground: &Ground, profile: &ToolProfile) -> Option<Point> {
    let name = profile.key_env.as_ref()?;
    Some(if ground.desk.environment.var(name).is_some() {
        point("key", Weight::Ok, format!("`{name}` is set"))
    } else {
        let hint = Some(format!("Set it where git-orc is started: `export {name}=...`."));
        Point { hint, ..point("key", Weight::Problem, format!("`{name}` is not set")) }
    })
}

fn templates(profile: &ToolProfile) -> Option<Point> {
    // Both command lines must be sound: which one it gets is a matter of the machine and the settings.
    let free = example(profile, SandboxLevel::None);
    match example(profile, SandboxLevel::Bubblewrap).and(free) {
        Ok(invocation) => Some(point("templates", Weight::Ok, format!("give {} arguments", invocation.argv.len().saturating_sub(1)))),
        Err(InvocationError::NoProgram(_)) => None,
        Err(error) => {
            let hint = Some(format!("Mend the profile: `git orc tools show {}` shows it.", profile.id));
            Some(Point { hint, ..point("templates", Weight::Problem, error.to_string()) })
        }
    }
}

/// A tool may be logged in without any variable, so that one is not set is no problem.
fn environment(ground: &Ground, profile: &ToolProfile) -> Option<Point> {
    if profile.env_allow.is_empty() {
        return None;
    }
    let set = passed(ground, profile);
    Some(if set.is_empty() {
        point("environment", Weight::Note, format!("none of the variables that it may get is set: {}", profile.env_allow.join(", ")))
    } else {
        point("environment", Weight::Ok, format!("it gets {}", set.join(", ")))
    })
}

/// Returns the names of the variables that a tool gets beside the usual ones; never their values.
#[must_use]
pub fn passed(ground: &Ground, profile: &ToolProfile) -> Vec<String> {
    let is_passed = |name: &&str| profile.env_allow.iter().any(|pattern| variable::matches(pattern, name));
    let environment = &ground.desk.environment;
    let set = environment.vars().filter(|(_, value)| !value.is_empty()).filter_map(|(name, _)| name.to_str());
    let mut names: Vec<String> = set.filter(is_passed).map(str::to_owned).collect();
    names.sort_unstable();
    names
}
