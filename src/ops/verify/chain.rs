//! The chain itself: its commits, its trees, the checkpoints and the frozen plans in them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::ground::{Ground, Watch};
use crate::domain::document::source::SourceFile;
use crate::domain::id::{ObjectId, RepoPath, RunId};
use crate::domain::ledger::flaw::{Flaw, Place, Rule};
use crate::domain::ledger::verify::{Chain, Link, Person};
use crate::domain::run::event::Event;
use crate::domain::run::shelf;
use crate::domain::run::state::RunState;
use crate::io::git::ledger_ref::FORMAT_PATH;
use crate::io::git::objects::{Commit, ObjectError};
use crate::io::git::prove::{Depth, Prover, Step};
use crate::io::git::signature::Signature;
use crate::io::git::tree_diff::TreeChange;
use crate::ops::frozen::{self, Frozen, digest_of_text};
use crate::ops::load::run_file;

/// The version of git-orc whose words must be exactly ours.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The layouts of the ledger's tree that are known.
const FORMATS: [&[u8]; 1] = [b"1\n"];
/// Where the ledger's tree holds verdicts and waivers.
const GATES: &str = "gates/";

/// Reads the whole chain up to a tip, first entry first.
pub fn read(ground: &mut Ground<'_>, tip: ObjectId, watch: Watch<'_>) -> Chain {
    let mut chain = Chain::new(VERSION);
    let mut trees: BTreeMap<ObjectId, ObjectId> = BTreeMap::new();
    let mut shelves = Shelves::new();
    let mut done = 0;
    let objects = ground.objects;
    // The commits are few beside what they lead to, and their hashes are what holds the chain together: they are always hashed.
    let mut prover = Prover::new(objects, Depth::Hashed);
    prover.history(tip, |step| {
        match step {
            Step::Damaged(id, damage) => {
                ground.problem(
                    Rule::Object,
                    Place::commit(None, id),
                    format!("commit {id} of the ledger {damage}; nothing behind it was read"),
                );
            }
            Step::Commit(commit) => {
                let run = chain.take(&link(commit));
                let before: Vec<ObjectId> = commit.parents.iter().filter_map(|parent| trees.get(parent).copied()).collect();
                trees.insert(commit.id, commit.tree);
                if !before.contains(&commit.tree) {
                    let shelf = Shelf { commit, run, before };
                    if let Err(error) = shelf.check(ground, &chain, &mut shelves) {
                        ground.problem(Rule::Object, Place::commit(run, commit.id), error.to_string());
                    }
                }
            }
        }
        done += 1;
        watch("entries", done, 0);
        ControlFlow::Continue(())
    });
    if !ground.is_sound() {
        return chain;
    }
    check_format(ground, tip);
    for (run, told) in &chain.runs {
        if let Some((_, entry)) = told.entries.first()
            && let Some(Event::RunPlanned(planned)) = entry.event()
        {
            check_plan(ground, (tip, *run), &planned.plan_digest);
        }
    }
    chain
}

fn link(commit: &Commit) -> Link<'_> {
    let person = |signature: &'_ Signature| signature.time;
    Link {
        commit: commit.id,
        parents: &commit.parents,
        author: Person { name: &commit.author.identity.name, email: &commit.author.identity.email, time: person(&commit.author) },
        committer: Person {
            name: &commit.committer.identity.name,
            email: &commit.committer.identity.email,
            time: person(&commit.committer),
        },
        message: &commit.message,
    }
}

/// The runs that have brought the files along which were frozen when they were planned.
type Shelves = BTreeSet<RunId>;

/// A commit of the ledger that changes its tree.
struct Shelf<'a> {
    commit: &'a Commit,
    run: Option<RunId>,
    before: Vec<ObjectId>,
}

impl Shelf<'_> {
    fn check(&self, ground: &mut Ground<'_>, chain: &Chain, shelves: &mut Shelves) -> Result<(), ObjectError> {
        let place = Place::commit(self.run, self.commit.id);
        if !ground.prove_tree(&place, self.commit.tree) || !ground.is_sound() {
            return Ok(());
        }
        if let [ours, theirs] = self.before.as_slice() {
            return self.check_join(ground, (*ours, *theirs));
        }
        let changes = ground.objects.diff_trees(self.before.first().copied(), Some(self.commit.tree))?;
        let folder = self.run.map(|run| format!("runs/{}/", run.lower()));
        // The first entries of the first run may come before its files, together with the layout's version.
        let is_own = |change: &TreeChange| folder.as_deref().is_some_and(|folder| change.path.as_bytes().starts_with(folder.as_bytes()));
        let is_first = changes.iter().any(is_own) && self.run.is_some_and(|run| shelves.insert(run));
        for change in &changes {
            let path = change.path.to_string();
            let place = place.clone().at(path.as_str());
            let own = folder.as_deref().and_then(|folder| path.strip_prefix(folder));
            if path.starts_with(GATES) {
                self.check_shelf_of_gates(ground, (chain, place), change)?;
                continue;
            }
            if path.starts_with(shelf::PLANS) {
                self.check_shelf_of_plans(ground, (chain, place), change)?;
                continue;
            }
            match own {
                Some("checkpoint.json") => self.check_checkpoint(ground, (chain, place), change)?,
                Some(_) if is_first && change.old.is_none() => {}
                Some(_) => ground.problem(Rule::Plan, place, "what was frozen when the run was planned was changed later"),
                None if path == FORMAT_PATH && change.old.is_none() => {}
                None => ground.problem(Rule::Entry, place, "an entry changed a file that does not belong to its run"),
            }
        }
        Ok(())
    }

    /// What the tree holds of a verdict or a waiver is what the entry says that brought it along.
    fn check_shelf_of_gates(
        &self,
        ground: &mut Ground<'_>,
        (chain, place): (&Chain, Place),
        change: &TreeChange,
    ) -> Result<(), ObjectError> {
        let told = match self.run {
            Some(run) if run == RunId::NONE => Some(&chain.repository),
            Some(run) => chain.runs.get(&run),
            None => None,
        };
        let entry = told.and_then(|told| told.entries.last()).map(|(_, entry)| entry);
        let expected = entry.and_then(shelf::shelf_file);
        let found = change.new.map(|new| ground.objects.read_blob(new.id)).transpose()?;
        let is_own = expected.is_some_and(|(path, content)| path == change.path.to_string() && Some(content) == found);
        if !is_own {
            ground.problem(Rule::Gate, place, "the tree holds a verdict or a waiver that the entry does not tell of");
        }
        Ok(())
    }

    /// What the tree holds of a plan is the text of which the entry tells the digest.
    fn check_shelf_of_plans(
        &self,
        ground: &mut Ground<'_>,
        (chain, place): (&Chain, Place),
        change: &TreeChange,
    ) -> Result<(), ObjectError> {
        let entry = if self.run == Some(RunId::NONE) { chain.repository.entries.last() } else { None };
        let told = entry.and_then(|(_, entry)| match entry.event() {
            Some(Event::WorkstreamCreated(created)) => Some(created),
            _ => None,
        });
        let found = change.new.map(|new| ground.objects.read_blob(new.id)).transpose()?;
        let is_own = told.zip(found).is_some_and(|(created, bytes)| {
            shelf::plan_path(&created.digest) == change.path.to_string() && digest_of_text(&bytes) == created.digest
        });
        if !is_own {
            ground.problem(Rule::Plan, place, "the tree holds a plan that the entry does not tell of");
        }
        Ok(())
    }

    fn check_checkpoint(&self, ground: &mut Ground<'_>, (chain, place): (&Chain, Place), change: &TreeChange) -> Result<(), ObjectError> {
        let Some(told) = self.run.and_then(|run| chain.runs.get(&run)).filter(|told| !told.is_broken) else { return Ok(()) };
        let Some(new) = change.new else {
            ground.problem(Rule::Checkpoint, place, "the checkpoint was removed");
            return Ok(());
        };
        let bytes = ground.objects.read_blob(new.id)?;
        let what = match serde_json::from_slice::<RunState>(&bytes) {
            Err(error) => format!("it can not be read: {error}"),
            Ok(state) if state != told.state => "it is not what the entries up to here fold into".to_owned(),
            Ok(_) if told.is_by(VERSION) && serde_json::to_vec(&told.state).is_ok_and(|own| own != bytes) => {
                "it is not written as this version of git-orc writes it".to_owned()
            }
            Ok(_) => return Ok(()),
        };
        let severity = if told.is_by(VERSION) { Flaw::problem } else { Flaw::warning };
        ground.flaws.push(severity(Rule::Checkpoint, place, what));
        Ok(())
    }

    /// A join brings nothing of its own: every file is that of one side, and only a checkpoint may go.
    fn check_join(&self, ground: &mut Ground<'_>, (ours, theirs): (ObjectId, ObjectId)) -> Result<(), ObjectError> {
        for change in ground.objects.diff_trees(Some(ours), Some(self.commit.tree))? {
            let other = ground.objects.entry_at(theirs, &change.path)?;
            let is_checkpoint = change.path.as_bytes().ends_with(b"/checkpoint.json");
            if change.new != other && !(change.new.is_none() && is_checkpoint) {
                let place = Place::commit(self.run, self.commit.id).at(change.path.to_string());
                ground.problem(Rule::Entry, place, "the file is that of neither ledger that is joined here");
            }
        }
        Ok(())
    }
}

fn check_format(ground: &mut Ground<'_>, tip: ObjectId) {
    let place = Place::path(None, FORMAT_PATH);
    match ground.ledger.read_tree_file(tip, &RepoPath::from(FORMAT_PATH)) {
        Ok(Some(bytes)) if FORMATS.contains(&bytes.as_slice()) => {}
        Ok(Some(bytes)) => {
            ground.problem(Rule::Format, place, format!("the layout has version {}", String::from_utf8_lossy(&bytes).trim()));
        }
        Ok(None) => ground.problem(Rule::Format, place, "the layout has no version"),
        // What can not be read was told of with the tree.
        Err(_) => {}
    }
}

/// Compares the frozen plan with the digest in the first entry.
fn check_plan(ground: &mut Ground<'_>, (tip, run): (ObjectId, RunId), digest: &str) {
    let read = |name: &str| ground.ledger.read_tree_file(tip, &run_file(run, name)).ok().flatten();
    let config = read("config.json").and_then(|bytes| serde_json::from_slice::<Frozen>(&bytes).ok());
    let Some(config) = config else {
        ground.problem(
            Rule::Plan,
            Place::path(Some(run), format!("runs/{}/config.json", run.lower())),
            "the frozen settings are missing or damaged",
        );
        return;
    };
    let mut files = Vec::new();
    for (shown, place) in &config.files {
        match read(place) {
            Some(bytes) => files.push(SourceFile::from_bytes(shown, &bytes)),
            None => {
                let place = Place::path(Some(run), format!("runs/{}/{place}", run.lower()));
                ground.problem(Rule::Plan, place, "a file of the frozen plan is missing");
                return;
            }
        }
    }
    if frozen::digest_of(&files) != digest {
        let place = Place::path(Some(run), format!("runs/{}", run.lower()));
        ground.problem(Rule::Plan, place, "the frozen plan is not the one whose digest the first entry has");
    }
}
