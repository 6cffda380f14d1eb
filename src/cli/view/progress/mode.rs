//! Which form of progress is shown.

use crate::io::settings::environment::Environment;
use crate::io::settings::overlay::Progress;

/// What `--progress` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ProgressWish {
    /// Bars on a terminal, a report for AI tools, else lines
    Auto,
    /// What runs, below what is over
    Bar,
    /// One line per change
    Plain,
    /// Nothing until the end
    Report,
    /// One JSON object per entry of the ledger
    Json,
    /// Nothing
    None,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressForm {
    /// Lines that are redrawn.
    Bar,
    /// One line per change.
    Plain,
    /// One JSON object per entry.
    Json,
    /// Nothing.
    Silent,
}

/// The variables by which programs tell that an AI tool reads what is written.
const AGENTS: [&str; 3] = ["CLAUDECODE", "AI_AGENT", "AGENT"];

/// Who reads standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person at a terminal.
    Terminal,
    /// A file, a pipe, a build server.
    Log,
}

/// Decides how progress is shown: by the flag, else by the setting, else by who reads it.
#[must_use]
pub fn choose(wish: Option<ProgressWish>, setting: Progress, audience: Audience, environment: &Environment) -> ProgressForm {
    let from_setting = match setting {
        Progress::Auto => ProgressWish::Auto,
        Progress::Plain => ProgressWish::Plain,
        Progress::None => ProgressWish::None,
    };
    match wish.unwrap_or(from_setting) {
        ProgressWish::Bar => ProgressForm::Bar,
        ProgressWish::Plain => ProgressForm::Plain,
        ProgressWish::Json => ProgressForm::Json,
        ProgressWish::Report | ProgressWish::None => ProgressForm::Silent,
        ProgressWish::Auto if AGENTS.iter().any(|name| environment.var(name).is_some()) => ProgressForm::Silent,
        ProgressWish::Auto if audience == Audience::Terminal && environment.var("TERM").is_none_or(|term| term != "dumb") => {
            ProgressForm::Bar
        }
        ProgressWish::Auto => ProgressForm::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_fits_the_reader() {
        let check = |wish: Option<ProgressWish>, setting: Progress, audience: Audience, vars: &[(&str, &str)], expect: ProgressForm| {
            assert_eq!(choose(wish, setting, audience, &Environment::of(vars.iter().copied())), expect, "{wish:?} {setting:?} {vars:?}");
        };
        let (terminal, log) = (Audience::Terminal, Audience::Log);
        check(None, Progress::Auto, terminal, &[], ProgressForm::Bar);
        check(None, Progress::Auto, terminal, &[("TERM", "dumb")], ProgressForm::Plain);
        check(None, Progress::Auto, log, &[], ProgressForm::Plain);
        check(None, Progress::Auto, terminal, &[("CLAUDECODE", "1")], ProgressForm::Silent);
        check(None, Progress::Plain, terminal, &[("AGENT", "x")], ProgressForm::Plain);
        check(None, Progress::None, terminal, &[], ProgressForm::Silent);
        check(Some(ProgressWish::Auto), Progress::None, log, &[], ProgressForm::Plain);
        check(Some(ProgressWish::Bar), Progress::None, log, &[], ProgressForm::Bar);
        check(Some(ProgressWish::Json), Progress::Auto, terminal, &[], ProgressForm::Json);
        check(Some(ProgressWish::Report), Progress::Auto, terminal, &[], ProgressForm::Silent);
    }
}
