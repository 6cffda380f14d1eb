//! Tables for people: columns as wide as what is in them.

use super::styled::{Role, Styled};

/// On which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Left.
    Left,
    /// Right, for numbers.
    Right,
}

/// A table; columns in which no row has anything are left out.
#[derive(Debug)]
pub struct Table {
    columns: Vec<(&'static str, Side)>,
    rows: Vec<Vec<Styled>>,
}

impl Table {
    /// Returns a table with these columns.
    #[must_use]
    pub fn new(columns: &[(&'static str, Side)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; cells that are missing are empty.
    pub fn row(&mut self, cells: Vec<Styled>) {
        self.rows.push(cells);
    }

    /// Returns the table as text, the heads first.
    #[must_use]
    pub fn finish(self) -> Styled {
        let empty = Styled::default();
        let width = |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(Styled::width).max().unwrap_or(0);
        let heads = (0..self.columns.len()).zip(&self.columns).map(|(at, (head, _))| (at, width(at), head.chars().count()));
        let shown: Vec<(usize, usize)> = heads.filter(|(_, width, _)| *width > 0).map(|(at, width, head)| (at, width.max(head))).collect();
        let mut out = Styled::default();
        let heads: Vec<Styled> = self.columns.iter().map(|(head, _)| Styled::of(Role::Faint, *head)).collect();
        for row in std::iter::once(&heads).chain(&self.rows) {
            // What follows the last cell that says something is not padded, so that lines do not end in spaces.
            let last = shown.iter().rposition(|(at, _)| row.get(*at).is_some_and(|cell| !cell.is_empty()));
            for (position, (at, width)) in shown.iter().enumerate().take(last.map_or(0, |last| last + 1)) {
                let cell = row.get(*at).unwrap_or(&empty).clone();
                let gap = " ".repeat(width.saturating_sub(cell.width()));
                let side = self.columns.get(*at).map_or(Side::Left, |(_, side)| *side);
                if position > 0 {
                    out.add("  ");
                }
                match side {
                    Side::Right => out.add(gap).append(cell),
                    Side::Left if Some(position) == last => out.append(cell),
                    Side::Left => out.append(cell).add(gap),
                };
            }
            out.line();
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::color::Color;

    #[test]
    fn columns_fit_and_empty_ones_are_left_out() {
        let mut table = Table::new(&[("name", Side::Left), ("n", Side::Right), ("void", Side::Left), ("why", Side::Left)]);
        table.row(vec![Styled::plain("a"), Styled::plain("1"), Styled::default(), Styled::plain("because")]);
        table.row(vec![Styled::plain("longer"), Styled::plain("100")]);
        assert_eq!(table.finish().render(Color::Never), "name      n  why\na         1  because\nlonger  100\n");
    }
}
