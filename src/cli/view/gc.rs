//! What a garbage collection took, and what it left.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use crate::domain::id::RunId;
use crate::domain::run::tending::{DroppedPatch, DroppedRef};
use crate::domain::text::{clip, count, one_line};
use crate::ops::gc::{Effect, Garbage};
use crate::ops::give_up::GivenUp;

/// The version of the documents; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;
/// The most characters of a reason in a table.
const MAX_REASON: usize = 120;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    dry_run: bool,
    taken: Vec<One<'a>>,
    kept: Vec<Left<'a>>,
    packed_objects: usize,
    #[serde(skip_serializing_if = "is_zero")]
    cached_results: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
const fn is_zero(n: &usize) -> bool {
    *n == 0
}

#[derive(Serialize)]
struct One<'a> {
    run: RunId,
    name: &'a str,
    files: u64,
    bytes: u64,
    refs: &'a [DroppedRef],
    worktrees: &'a [String],
}

#[derive(Serialize)]
struct Left<'a> {
    what: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct Dropped<'a> {
    schema_version: u32,
    dry_run: bool,
    dropped: &'a DroppedPatch,
    refs: &'a [DroppedRef],
}

/// Returns one JSON document.
#[must_use]
pub fn json(garbage: &Garbage, effect: Effect) -> String {
    let one = |taken: &'_ crate::ops::gc::Taken| (taken.run, taken.what.files, taken.what.bytes);
    let taken = garbage.taken.iter().map(|taken| {
        let (run, files, bytes) = one(taken);
        One { run, name: &taken.name, files, bytes, refs: &taken.what.refs, worktrees: &taken.what.worktrees }
    });
    pretty(&Document {
        schema_version: SCHEMA_VERSION,
        dry_run: effect == Effect::Tell,
        taken: taken.collect(),
        kept: garbage.kept.iter().map(|kept| Left { what: &kept.what, why: &kept.why }).collect(),
        packed_objects: garbage.packed,
        cached_results: garbage.cached,
    })
}

/// Returns the text for people.
#[must_use]
pub fn human(garbage: &Garbage, effect: Effect) -> Styled {
    let mut out = Styled::default();
    if !garbage.taken.is_empty() {
        let columns = [("run", Side::Left), ("plan", Side::Left), ("files", Side::Right), ("size", Side::Right)];
        let mut table = Table::new(&[columns.as_slice(), &[("refs", Side::Right), ("worktrees", Side::Right)]].concat());
        for taken in &garbage.taken {
            let what = &taken.what;
            table.row(vec![
                Styled::plain(taken.run.to_string()),
                Styled::plain(clip(&taken.name, 40)),
                number(what.files),
                Styled::plain(size(what.bytes)),
                number(what.refs.len() as u64),
                number(what.worktrees.len() as u64),
            ]);
        }
        out.append(table.finish()).line();
    }
    if !garbage.kept.is_empty() {
        let mut table = Table::new(&[("kept", Side::Left), ("why", Side::Left)]);
        for kept in &garbage.kept {
            let why = clip(&one_line(&kept.why), MAX_REASON);
            table.row(vec![Styled::plain(one_line(&kept.what)), Styled::of(Role::Faint, why)]);
        }
        out.append(table.finish()).line();
    }
    let bytes: u64 = garbage.taken.iter().map(|taken| taken.what.bytes).sum();
    let refs: usize = garbage.taken.iter().map(|taken| taken.what.refs.len()).sum();
    let verb = if effect == Effect::Tell { "would be taken away" } else { "taken away" };
    out.put(Role::Strong, format!("{}, {} {verb}", size_or_nothing(bytes), count(refs, "ref")));
    out.add(format!(" of {}; {} kept", count(garbage.taken.len(), "run"), garbage.kept.len()));
    if garbage.packed > 0 {
        let verb = if effect == Effect::Tell { "would be packed" } else { "packed" };
        out.add(format!("; {} of the ledger {verb}", count(garbage.packed, "object")));
    }
    if garbage.cached > 0 {
        let verb = if effect == Effect::Tell { "would be taken" } else { "taken" };
        out.add(format!("; {} {verb} out of the cache", count(garbage.cached, "expired result")));
    }
    out.line();
    out
}

/// Returns the text about a patch that was given up.
#[must_use]
pub fn given_up(given_up: &GivenUp, effect: Effect) -> Styled {
    let verb = if effect == Effect::Tell { "would be given up" } else { "given up" };
    let mut out = Styled::of(Role::Strong, format!("patch {} {verb}", given_up.patch.patch));
    out.add(format!(": {}\n", one_line(&given_up.patch.reason)));
    for gone in &given_up.refs {
        out.put(Role::Faint, "  ref ").add(&gone.name).line();
    }
    if effect == Effect::Take {
        out.put(
            Role::Faint,
            format!("  git branch kept {}  # brings it back, until git's own garbage collection\n", gone_commit(given_up)),
        );
    }
    out
}

/// Returns one JSON document about a patch that was given up.
#[must_use]
pub fn given_up_json(given_up: &GivenUp, effect: Effect) -> String {
    let dry_run = effect == Effect::Tell;
    pretty(&Dropped { schema_version: SCHEMA_VERSION, dry_run, dropped: &given_up.patch, refs: &given_up.refs })
}

fn gone_commit(given_up: &GivenUp) -> String {
    given_up.patch.commit.to_string()
}

fn number(n: u64) -> Styled {
    if n == 0 { Styled::default() } else { Styled::plain(n.to_string()) }
}

fn size_or_nothing(bytes: u64) -> String {
    if bytes == 0 { "no local files".to_owned() } else { size(bytes) }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn size(bytes: u64) -> String {
    match bytes {
        0 => String::new(),
        1..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
