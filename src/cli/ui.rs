//! The only printer. Results go to standard output, and to the pager when a person reads them; everything else goes to standard error.

use std::borrow::Cow;
use std::io::{self, BufRead, BufWriter, IsTerminal, Stdout, Write};
use std::sync::OnceLock;

use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;

use super::failure::Failure;
use super::ui_error::UiError;
use super::view::color::Color;
use super::view::meter::Meter;
use super::view::styled::{Role, Styled};
use crate::domain::text::block;
use crate::io::process::pager::{Pager, chosen};
use crate::io::settings::environment::Environment;

/// What reads what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Terminal,
    Program,
}

impl Reader {
    fn of(stream: &impl IsTerminal) -> Self {
        if stream.is_terminal() { Self::Terminal } else { Self::Program }
    }
}

/// What `--color` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorWish {
    /// Colours on a terminal
    #[default]
    Auto,
    /// Colours everywhere
    Always,
    /// No colours
    Never,
}

/// How much is said beside the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Loudness {
    /// Errors only.
    Quiet,
    /// Warnings and hints too.
    #[default]
    Normal,
    /// What is going on, too.
    Verbose,
}

/// Whether a pager may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paging {
    /// When a person reads a long result.
    #[default]
    Allowed,
    /// Never.
    Off,
}

/// What the command line says about printing.
#[derive(Debug, Clone, Copy, Default)]
pub struct UiOptions {
    /// Whether colours are wanted.
    pub color: ColorWish,
    /// How much is said.
    pub loudness: Loudness,
    /// Whether a pager may be used.
    pub paging: Paging,
}

/// The printer.
#[derive(Debug)]
pub struct Ui {
    out: Out,
    options: UiOptions,
    environment: Environment,
    out_color: Color,
    err_color: Color,
    zone: OnceLock<TimeZone>,
}

#[derive(Debug)]
enum Out {
    Direct(BufWriter<Stdout>),
    Paged(Pager),
}

impl Ui {
    /// Returns a printer.
    #[must_use]
    pub fn new(options: UiOptions, environment: &Environment) -> Self {
        let mut ui = Self {
            out: Out::Direct(BufWriter::new(io::stdout())),
            options,
            environment: environment.clone(),
            out_color: Color::Never,
            err_color: Color::Never,
            zone: OnceLock::new(),
        };
        ui.set_color_setting(None);
        ui
    }

    /// Takes git's own setting `color.ui` into account.
    pub fn set_color_setting(&mut self, color_ui: Option<&str>) {
        let choose = |reader: Reader| choose_color(self.options.color, &self.environment, color_ui, reader);
        (self.out_color, self.err_color) = (choose(Reader::of(&io::stdout())), choose(Reader::of(&io::stderr())));
    }

    /// Returns whether standard output is a terminal.
    #[must_use]
    pub fn out_is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Returns whether standard error is a terminal on which a cursor can be moved.
    #[must_use]
    pub fn err_is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Returns whether results are coloured.
    #[must_use]
    pub const fn out_color(&self) -> Color {
        self.out_color
    }

    /// Returns whether what goes to standard error is coloured.
    #[must_use]
    pub const fn err_color(&self) -> Color {
        self.err_color
    }

    /// Returns the time zone of the reader; looked for when it is asked for, since that means reading through the whole database of zones.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        self.zone.get_or_init(TimeZone::system)
    }

    /// Returns the environment.
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns how much is said.
    #[must_use]
    pub const fn loudness(&self) -> Loudness {
        self.options.loudness
    }

    /// Shows what follows in the user's pager, when a person reads it. Without a pager it is shown directly.
    pub fn page(&mut self, core_pager: Option<&str>) {
        if self.options.paging == Paging::Off || !self.out_is_terminal() {
            return;
        }
        let started = chosen(&self.environment, core_pager).and_then(|command| Pager::start(&command, &self.environment).ok());
        if let Some(pager) = started {
            self.out = Out::Paged(pager);
        }
    }

    /// Prints a result.
    ///
    /// # Errors
    /// Returns [`UiError`] when it can not be written.
    pub fn result(&mut self, text: &Styled) -> Result<(), UiError> {
        let text = text.render(self.out_color);
        self.text(&text)
    }

    /// Prints a result that is safe already: JSON, or what a view has rendered by itself.
    ///
    /// # Errors
    /// Returns [`UiError`] when it can not be written.
    pub fn text(&mut self, text: &str) -> Result<(), UiError> {
        let out: &mut dyn Write = match &mut self.out {
            Out::Direct(out) => out,
            Out::Paged(pager) => pager,
        };
        Ok(out.write_all(text.as_bytes())?)
    }

    /// Returns the text of a file as it is to be printed: as it is for a program, which may keep it, and made safe for a person.
    #[must_use]
    pub fn as_file(&self, text: &str) -> String {
        as_file(text, if self.out_is_terminal() { Reader::Terminal } else { Reader::Program }).into_owned()
    }

    /// Prints what is left and waits for the pager.
    ///
    /// # Errors
    /// Returns [`UiError`] when it can not be written.
    pub fn finish(self) -> Result<(), UiError> {
        match self.out {
            Out::Direct(mut out) => Ok(out.flush()?),
            Out::Paged(pager) => {
                pager.finish();
                Ok(())
            }
        }
    }

    /// Returns whether a closed output means that a person has read enough, and not that a program went away.
    #[must_use]
    pub const fn is_paged(&self) -> bool {
        matches!(self.out, Out::Paged(_))
    }

    /// Says that something went wrong, and what helps.
    pub fn failure(&self, failure: &Failure) {
        let mut text = Styled::of(Role::Bad, "error: ");
        text.add(&failure.message).line();
        for hint in &failure.hints {
            text.put(Role::Strong, "hint: ").add(hint).line();
        }
        self.say(&text);
    }

    /// Says that something may not be as meant.
    pub fn warning(&self, text: &str) {
        if self.options.loudness >= Loudness::Normal {
            let mut line = Styled::of(Role::Caution, "warning: ");
            self.say(line.add(text).line());
        }
    }

    /// Returns whether somebody sits there who can be asked.
    #[must_use]
    pub fn asks(&self) -> bool {
        io::stdin().is_terminal() && self.err_is_terminal()
    }

    /// Asks a question that is answered with yes or no; anything but yes is no.
    #[must_use]
    pub fn ask(&self, question: &str) -> bool {
        self.say(Styled::of(Role::Strong, question).add(" [y/N] "));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Says something beside the result.
    pub fn note(&self, text: &str) {
        if self.options.loudness >= Loudness::Normal {
            self.say(Styled::plain(text).line());
        }
    }

    /// Says why there is no result: text that a view has rendered for standard error.
    pub fn complaint(&self, text: &str) {
        let _told = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Says what is going on, to those who want to know.
    pub fn detail(&self, text: &str) {
        if self.options.loudness >= Loudness::Verbose {
            self.say(Styled::of(Role::Faint, text).line());
        }
    }

    /// Writes to standard error. A failure there can be told to nobody.
    pub fn say(&self, text: &Styled) {
        let _told = io::stderr().lock().write_all(text.render(self.err_color).as_bytes());
    }

    /// Says what the argument parser has to say: help to standard output, misuse to standard error.
    ///
    /// # Errors
    /// Returns [`UiError`] when the help can not be written.
    pub fn usage(&mut self, error: &clap::Error) -> Result<(), UiError> {
        let rendered = error.render();
        if error.use_stderr() {
            // `git orc --help` is taken by git, which looks for a manual page.
            let text = block(&rendered.to_string()).replace("try '--help'.\n", "try 'git orc help'.\n");
            self.complaint(&text);
            return Ok(());
        }
        let text = match self.out_color {
            Color::Always => rendered.ansi().to_string(),
            Color::Never => rendered.to_string(),
        };
        self.text(&text)
    }

    /// Shows the warnings that come up while a verb works; everything else too, when that is asked for.
    pub fn listen(&self) {
        let level = match self.options.loudness {
            Loudness::Quiet => LevelFilter::ERROR,
            Loudness::Normal => LevelFilter::WARN,
            Loudness::Verbose => LevelFilter::DEBUG,
        };
        let shown = tracing_subscriber::fmt().with_max_level(level).without_time().with_target(false);
        // A second call in one process keeps the first listener.
        let _kept = shown.with_ansi(self.err_color == Color::Always).with_writer(io::stderr).try_init();
    }

    /// Returns a line on standard error that tells how far something is, when a person looks.
    #[must_use]
    pub fn meter(&self) -> Meter {
        let is_seen = self.err_is_terminal() && self.options.loudness >= Loudness::Normal;
        Meter::new(is_seen.then(|| self.progress_writer()))
    }

    /// Returns a writer of lines to standard error, for progress.
    #[must_use]
    pub fn progress_writer(&self) -> Box<dyn Write + Send> {
        Box::new(io::stderr())
    }
}

/// Returns the streams of this process as they are, for what a run has it do as a tool.
#[must_use]
pub fn streams() -> (Stdout, io::Stderr) {
    (io::stdout(), io::stderr())
}

/// Returns the text of a file as its reader gets it.
fn as_file(text: &str, reader: Reader) -> Cow<'_, str> {
    match reader {
        Reader::Terminal => Cow::Owned(block(text)),
        Reader::Program => Cow::Borrowed(text),
    }
}

/// Decides about colours: the flag, then `NO_COLOR`, then `CLICOLOR_FORCE`, then git's `color.ui`, then what the other end is.
fn choose_color(wish: ColorWish, environment: &Environment, color_ui: Option<&str>, reader: Reader) -> Color {
    let is = |name: &str, value: &str| environment.var(name).is_some_and(|v| v == value);
    match wish {
        ColorWish::Always => return Color::Always,
        ColorWish::Never => return Color::Never,
        ColorWish::Auto => {}
    }
    if environment.var("NO_COLOR").is_some() {
        return Color::Never;
    }
    if environment.var("CLICOLOR_FORCE").is_some() && !is("CLICOLOR_FORCE", "0") {
        return Color::Always;
    }
    match color_ui.map(str::to_ascii_lowercase).as_deref() {
        Some("always") => Color::Always,
        Some("never" | "false" | "no" | "off" | "0") => Color::Never,
        _ if reader == Reader::Terminal && !is("TERM", "dumb") && !is("CLICOLOR", "0") => Color::Always,
        _ => Color::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_kept_by_programs_and_harmless_on_a_terminal() {
        let text = "title: \u{202e}evil\n";
        assert_eq!(as_file(text, Reader::Program), text);
        assert_eq!(as_file(text, Reader::Terminal), "title: \\u{202e}evil\n");
    }

    #[test]
    fn colours_follow_flag_environment_and_setting() {
        let check = |wish: ColorWish, vars: &[(&str, &str)], setting: Option<&str>, reader: Reader, expect: Color| {
            let got = choose_color(wish, &Environment::of(vars.iter().copied()), setting, reader);
            assert_eq!(got, expect, "{wish:?} {vars:?} {setting:?} {reader:?}");
        };
        let (auto, always, never) = (ColorWish::Auto, ColorWish::Always, ColorWish::Never);
        let (tty, pipe, on, off) = (Reader::Terminal, Reader::Program, Color::Always, Color::Never);
        check(auto, &[], None, tty, on);
        check(auto, &[], None, pipe, off);
        check(auto, &[("TERM", "dumb")], None, tty, off);
        check(auto, &[("CLICOLOR", "0")], None, tty, off);
        check(auto, &[("NO_COLOR", "1")], Some("always"), tty, off);
        check(auto, &[("NO_COLOR", "")], None, tty, on);
        check(auto, &[("CLICOLOR_FORCE", "1")], None, pipe, on);
        check(auto, &[("CLICOLOR_FORCE", "0")], None, pipe, off);
        check(auto, &[], Some("always"), pipe, on);
        check(auto, &[], Some("auto"), tty, on);
        check(auto, &[], Some("True"), pipe, off);
        check(auto, &[], Some("false"), tty, off);
        check(always, &[("NO_COLOR", "1")], Some("never"), pipe, on);
        check(never, &[("CLICOLOR_FORCE", "1")], Some("always"), tty, off);
    }
}
