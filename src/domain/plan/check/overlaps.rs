//! Says which workstreams can not run side by side because they may write the same files. That is no error: waves keep them apart.

use std::collections::{BTreeSet, HashMap};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::Place;
use crate::domain::plan::model::Workstream;
use crate::domain::policy::overlap::{AlternativeNo, OverlapIndex, overlap};

/// How many pairs are named.
const NAMED: usize = 12;
/// How many pairs are looked at in all.
const LOOKED_AT: usize = 100_000;

/// Names pairs of one level whose scopes overlap. The place of a workstream is at its own position.
pub fn report(workstreams: &[Workstream], levels: &[Vec<usize>], places: &[Place], sink: &mut Sink<'_>) {
    let mut left = Budget { named: NAMED, looked_at: LOOKED_AT };
    for members in levels.iter().filter(|members| members.len() > 1) {
        for (a, b) in pairs(workstreams, members, &mut left) {
            note(workstreams, places, (a, b), sink);
        }
        if left.is_spent() {
            let place = places.first().copied().unwrap_or_default();
            let draft = Draft::new(Code::Overlap, place, "there may be more workstreams that write the same files");
            return sink.add(draft.hint("Run `git orc plan show` to see the waves and what keeps workstreams apart."));
        }
    }
}

/// What may still be spent on looking.
struct Budget {
    named: usize,
    looked_at: usize,
}

impl Budget {
    const fn is_spent(&self) -> bool {
        self.named == 0 || self.looked_at == 0
    }
}

/// Returns the pairs of a level that overlap and that nothing else keeps apart.
fn pairs(workstreams: &[Workstream], members: &[usize], left: &mut Budget) -> Vec<(usize, usize)> {
    let mut index = OverlapIndex::default();
    let mut owners: HashMap<AlternativeNo, Vec<usize>> = HashMap::new();
    let mut found = Vec::new();
    for at in members {
        let Some(workstream) = workstreams.get(*at).filter(|workstream| workstream.parallel_ok) else { continue };
        let numbers = index.insert(&workstream.scope);
        let mut others = BTreeSet::new();
        for owner in numbers.iter().flat_map(|number| index.neighbours(*number)).filter_map(|number| owners.get(number)).flatten() {
            if left.is_spent() {
                return found;
            }
            left.looked_at -= 1;
            if workstreams.get(*owner).is_some_and(|other| !same_group(workstream, other)) && others.insert(*owner) {
                left.named -= 1;
                found.push((*owner, *at));
            }
        }
        for number in numbers {
            owners.entry(number).or_default().push(*at);
        }
    }
    found
}

fn same_group(a: &Workstream, b: &Workstream) -> bool {
    a.conflict_group.is_some() && a.conflict_group == b.conflict_group
}

fn note(workstreams: &[Workstream], places: &[Place], (a, b): (usize, usize), sink: &mut Sink<'_>) {
    let (Some(first), Some(second)) = (workstreams.get(a), workstreams.get(b)) else { return };
    let Some(shared) = overlap(&first.scope, &second.scope) else { return };
    let place = |at: usize| places.get(at).copied().unwrap_or_default();
    let message = format!("`{}` and `{}` may both write {}, so they will not share a wave", first.id, second.id, quoted(&shared.example));
    let related = format!("{} of `{}` overlaps {} of `{}`", quoted(&shared.ours), first.id, quoted(&shared.theirs), second.id);
    sink.add(Draft::new(Code::Overlap, place(b), message).related(related, place(a)));
}
