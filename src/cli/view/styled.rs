//! Text with roles instead of colours. Whatever is put in is made safe on its way out, so no view can forget it, and no colour is the only
//! sign of anything, since the text without roles says the same.

use anstyle::{AnsiColor, Style};

use super::color::Color;
use crate::domain::text::block;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Nothing special.
    Plain,
    /// What the eye should find first.
    Strong,
    /// It is well.
    Good,
    /// It is not well.
    Bad,
    /// It needs a look.
    Caution,
    /// It is beside the point.
    Faint,
}

impl Role {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Caution => AnsiColor::Yellow.on_default(),
            Self::Faint => Style::new().dimmed(),
        }
    }
}

/// Text with roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Styled {
    pieces: Vec<(Role, String)>,
}

impl Styled {
    /// Returns a text that is a single piece.
    #[must_use]
    pub fn of(role: Role, text: impl Into<String>) -> Self {
        Self { pieces: vec![(role, text.into())] }
    }

    /// Returns a text without a role.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(Role::Plain, text)
    }

    /// Adds a piece.
    pub fn put(&mut self, role: Role, text: impl Into<String>) -> &mut Self {
        self.pieces.push((role, text.into()));
        self
    }

    /// Adds a piece without a role.
    pub fn add(&mut self, text: impl Into<String>) -> &mut Self {
        self.put(Role::Plain, text)
    }

    /// Adds another text.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Ends the line.
    pub fn line(&mut self) -> &mut Self {
        self.add("\n")
    }

    /// Returns whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|(_, text)| text.is_empty())
    }

    /// Returns how many columns the text takes on one line; every character of ours takes one.
    #[must_use]
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| block(text).chars().count()).sum()
    }

    /// Returns the text, safe to show.
    #[must_use]
    pub fn render(&self, color: Color) -> String {
        let mut out = String::new();
        for (role, text) in &self.pieces {
            let safe = block(text);
            match color {
                Color::Always if *role != Role::Plain && !safe.is_empty() => {
                    let style = role.style();
                    out.push_str(&format!("{style}{safe}{style:#}"));
                }
                Color::Always | Color::Never => out.push_str(&safe),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_become_escapes_only_when_asked_for() {
        let mut text = Styled::plain("a ");
        text.put(Role::Bad, "b").line();
        assert_eq!(text.render(Color::Never), "a b\n");
        assert_eq!(text.render(Color::Always), "a \u{1b}[31mb\u{1b}[0m\n");
    }

    #[test]
    fn what_is_put_in_can_not_move_the_cursor() {
        let text = Styled::of(Role::Good, "x\u{1b}[2J\u{202e}y\r");
        assert_eq!(text.render(Color::Never), "x\\u{1b}[2J\\u{202e}y\\r");
        assert_eq!(text.width(), "x\\u{1b}[2J\\u{202e}y\\r".len());
    }
}
