//! Refs of the user that move while a gate runs: by the gate, or by the user, who may be at work meanwhile. So they are told of and stay.

use std::collections::BTreeMap;

use super::error::GatingError;
use crate::domain::gate::model::Gate;
use crate::domain::id::ObjectId;
use crate::domain::text::one_line;
use crate::io::git::refs::Refs;
use crate::ops::context::Context;

/// How many refs are told for one gate.
const MOST: usize = 10;

/// Refs and where they lead.
type Standing = BTreeMap<String, ObjectId>;

/// Returns where all refs lead but for those of this program.
///
/// # Errors
/// Returns [`GatingError`] when refs can not be read.
pub fn of_user(cx: &Context) -> Result<Standing, GatingError> {
    let all = Refs::new(&cx.repo, cx.durability()).list("refs/")?;
    Ok(all.into_iter().filter(|(name, _)| !name.starts_with("refs/orc/")).collect())
}

/// Returns a sentence for every ref that does not stand where it stood.
#[must_use]
pub fn told(gate: &Gate, before: &Standing, after: &Standing) -> Vec<String> {
    let stays = |name: &str, id: &ObjectId| after.get(name) == Some(id);
    let moved = before.iter().filter(|(name, id)| !stays(name, id)).map(|(name, id)| (name, Some(id)));
    let added = after.keys().filter(|name| !before.contains_key(*name)).map(|name| (name, None));
    let sentence = |(name, was): (&String, Option<&ObjectId>)| {
        let is_there = after.contains_key(name);
        let name = one_line(name);
        match (was, is_there) {
            (Some(was), true) => format!("while {} ran, `{name}` moved away from {}", gate.id, was.short()),
            (Some(was), false) => format!("while {} ran, `{name}`, which led to {}, was deleted", gate.id, was.short()),
            (None, _) => format!("while {} ran, `{name}` was made", gate.id),
        }
    };
    moved.chain(added).take(MOST).map(sentence).collect()
}
