//! The settings that hold.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use crate::io::settings::resolve::Row;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

/// Whether it is told where values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origins {
    /// It is.
    Shown,
    /// It is not.
    Hidden,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    settings: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    key: &'a str,
    value: &'a str,
    layer: &'static str,
    place: &'a str,
}

/// Returns a line per setting.
#[must_use]
pub fn human(rows: &[Row], origins: Origins) -> Styled {
    let mut table = Table::new(&[("setting", Side::Left), ("value", Side::Left), ("origin", Side::Left)]);
    for row in rows {
        let value = if row.value.is_empty() { Styled::of(Role::Faint, "-") } else { Styled::plain(&row.value) };
        let mut cells = vec![Styled::plain(&row.key), value];
        match origins {
            Origins::Shown => cells.push(Styled::of(Role::Faint, row.origin.to_string())),
            Origins::Hidden => {}
        }
        table.row(cells);
    }
    table.finish()
}

/// Returns the settings as one JSON document; values are text, as they are shown.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    let settings =
        rows.iter().map(|Row { key, value, origin }| One { key, value, layer: origin.layer.name(), place: &origin.place }).collect();
    pretty(&Document { schema_version: SCHEMA_VERSION, settings })
}
