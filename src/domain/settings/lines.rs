//! Values that know their lines.

use crate::domain::document::source::{At, LineIndex, Place, SourceFile};

/// A value and the line on which it stands, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lined<T> {
    /// The value.
    pub value: T,
    /// The line.
    pub line: u32,
}

/// Turns the places in a file into lines.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    index: LineIndex,
}

impl<'a> Lines<'a> {
    /// Finds the lines of a file.
    #[must_use]
    pub fn new(file: &'a SourceFile) -> Self {
        Self { text: &file.text, index: LineIndex::new(&file.text) }
    }

    /// Returns the line of a place.
    #[must_use]
    pub fn of(&self, place: Place) -> u32 {
        self.index.span(self.text, place.start as usize, place.start as usize).line
    }

    /// Returns a value with its line.
    pub fn lined<T, U>(&self, at: Option<&At<T>>, value: impl FnOnce(&T) -> U) -> Option<Lined<U>> {
        at.map(|at| Lined { value: value(&at.value), line: self.of(at.place) })
    }
}
