//! A run for the tests of the views: two waves, everything that can happen to a workstream.

use jiff::{SignedDuration, Timestamp};
use ulid::Ulid;

use crate::domain::finding::model::{Finding, FindingKind, Level, Location};
use crate::domain::id::{EntryId, ObjectId, PatchId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{
    Integration, Merge, PatchCreated, PatchMoved, PatchOrigin, RunDriven, RunMoved, RunPlanned, Rung, StepFinished, StepOutcome, StepRole,
    StepStarted, WaveMoved, WorkstreamMoved,
};
use crate::domain::run::machine::apply;
use crate::domain::run::state::RunState;

/// A run that is written down entry by entry, one second apart.
pub(crate) struct Sample {
    /// Its state after the newest entry.
    pub(crate) state: RunState,
    /// Its entries, oldest first.
    pub(crate) entries: Vec<Entry>,
    /// The state after each entry.
    pub(crate) states: Vec<RunState>,
    now: Timestamp,
}

/// Returns the object whose id is all of one digit.
pub(crate) fn object(digit: char) -> ObjectId {
    ObjectId::parse(&digit.to_string().repeat(40)).unwrap()
}

/// Returns the id of a workstream.
pub(crate) fn id(text: &str) -> WorkstreamId {
    WorkstreamId::parse(text).unwrap()
}

fn step(text: &str) -> StepId {
    StepId::parse(text).unwrap()
}

fn tool() -> ToolId {
    ToolId::parse("command").unwrap()
}

fn patch(number: u128) -> PatchId {
    PatchId::new(Ulid::from(number))
}

impl Sample {
    /// Returns a run that has just started its first wave: api, ui and docs; then site.
    pub(crate) fn started() -> Self {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let run = RunId::parse("01JD8ZK3V7Q2M4N6P8R0S2T4V6").unwrap();
        let mut sample = Self { state: RunState::new(run), entries: Vec::new(), states: Vec::new(), now };
        let waves = vec![vec![id("api"), id("ui"), id("docs")], vec![id("site")]];
        sample.tell(Event::RunPlanned(RunPlanned {
            name: "tour".to_owned(),
            base: object('a'),
            target: "orc/tour".to_owned(),
            tip: object('a'),
            waves: waves.clone(),
            plan_digest: String::new(),
            version: "0.1.0".to_owned(),
            retry_of: None,
            reason: None,
        }));
        let driven = RunDriven {
            round: 0,
            pid: 42,
            version: "0.1.0".to_owned(),
            found: Vec::new(),
            waves: Vec::new(),
            sandbox: None,
            sandbox_notes: Vec::new(),
        };
        sample.tell(Event::RunStarted(driven));
        sample.tell(Event::WaveStarted(WaveMoved { wave: 1, tip: object('a'), workstreams: waves[0].clone() }));
        sample
    }

    /// Returns a run that failed: api is merged, ui failed a check, docs is in quarantine, site is blocked.
    pub(crate) fn failed() -> Self {
        let mut sample = Self::started();
        sample.edit("api", 1, '1');
        sample.verify("api", 1, '1');
        sample.edit("ui", 2, '2');
        sample.check_fails("ui");
        sample.moved(Event::WorkstreamFailed, "ui", "static fails: `x` is \u{1b}[31mred");
        sample.edit("docs", 3, '3');
        let reason = "`etc/passwd` is outside the scope";
        sample.patch(Event::PatchQuarantined, ("docs", 3, '3'), Some(reason));
        sample.moved(Event::WorkstreamQuarantined, "docs", reason);
        let merges = vec![Merge { workstream: id("api"), commit: object('1'), merge: object('b') }];
        let integration = Integration { wave: 1, old: None, commit: object('b'), merges };
        sample.tell(Event::IntegrationPrepared(integration.clone()));
        sample.tell(Event::IntegrationAdvanced(integration));
        sample.patch(Event::PatchMerged, ("api", 1, '1'), None);
        let merged = WorkstreamMoved { commit: Some(object('1')), merge: Some(object('b')), ..sample.workstream("api") };
        sample.tell(Event::WorkstreamMerged(merged));
        let blocked = WorkstreamMoved { on: vec![id("ui")], ..sample.workstream("site") };
        sample.tell(Event::WorkstreamBlocked(blocked));
        sample.tell(Event::WaveFinished(WaveMoved { wave: 1, tip: object('b'), workstreams: vec![id("api"), id("ui"), id("docs")] }));
        sample.tell(Event::RunFailed(RunMoved { round: 0, tip: object('b'), reason: Some("3 of 4 workstreams not merged".to_owned()) }));
        sample
    }

    /// Tells an event one second after the one before.
    pub(crate) fn tell(&mut self, event: Event) {
        let entry_id = EntryId::new(Ulid::from(self.entries.len() as u128 + 1));
        let entry = codec::entry(entry_id, self.now, self.state.run, event);
        apply(&mut self.state, &entry).unwrap_or_else(|error| panic!("{entry:?}: {error}"));
        self.now += SignedDuration::from_secs(1);
        self.entries.push(entry);
        self.states.push(self.state.clone());
    }

    /// Tells of a check that starts, and does not end.
    pub(crate) fn check_starts(&mut self, workstream: &str) {
        self.step_starts(workstream, ("static", StepRole::Static), 1);
    }

    fn check_fails(&mut self, workstream: &str) {
        self.check_starts(workstream);
        let finding = Finding {
            source: "rustc".to_owned(),
            kind: FindingKind::Compile,
            level: Level::Error,
            rule: Some("E0308".to_owned()),
            message: "mismatched types".to_owned(),
            location: Some(Location { path: "src/ui.rs".to_owned(), line: 3, column: Some(7), end: None }),
            fingerprint: "0123456789abcdef".to_owned(),
        };
        self.step_ends(workstream, "static", (StepOutcome::Failed, vec![finding]));
    }

    fn edit(&mut self, workstream: &str, number: u128, commit: char) {
        self.step_starts(workstream, ("edit", StepRole::Edit), 0);
        self.tell(Event::PatchCreated(PatchCreated {
            workstream: id(workstream),
            step: step("edit"),
            attempt: 1,
            tool: tool(),
            patch: patch(number),
            commit: object(commit),
            parent: object('a'),
            tree: object('c'),
            files: 2,
            insertions: 10,
            deletions: 3,
            digest: String::new(),
            origin: PatchOrigin::Worktree,
        }));
        if workstream != "docs" {
            self.patch(Event::PatchValidated, (workstream, number, commit), None);
            self.patch(Event::PatchApplied, (workstream, number, commit), None);
        }
        self.step_ends(workstream, "edit", (StepOutcome::Passed, Vec::new()));
    }

    fn verify(&mut self, workstream: &str, number: u128, commit: char) {
        self.patch(Event::PatchVerified, (workstream, number, commit), None);
        let verified = WorkstreamMoved { commit: Some(object(commit)), ..self.workstream(workstream) };
        self.tell(Event::WorkstreamVerified(verified));
    }

    fn step_starts(&mut self, workstream: &str, (name, role): (&str, StepRole), index: u32) {
        let tool = (role == StepRole::Edit).then(tool);
        let started = StepStarted {
            workstream: id(workstream),
            step: step(name),
            attempt: 1,
            role,
            index,
            tool,
            rung: Rung::SameTool,
            of: None,
            sandbox: None,
            network: None,
        };
        self.tell(Event::StepStarted(started));
    }

    fn step_ends(&mut self, workstream: &str, name: &str, (outcome, findings): (StepOutcome, Vec<Finding>)) {
        self.tell(Event::StepFinished(StepFinished {
            workstream: id(workstream),
            step: step(name),
            attempt: 1,
            tool: (name == "edit").then(tool),
            outcome,
            message: if outcome == StepOutcome::Passed { "done" } else { "`cargo check` failed with exit code 101" }.to_owned(),
            tool_fault: false,
            exit_code: Some(0),
            duration_ms: 1500,
            output: None,
            findings,
            notes: Vec::new(),
            review: None,
            failure: None,
            usage: None,
            cached: false,
        }));
    }

    fn patch(&mut self, event: fn(PatchMoved) -> Event, (workstream, number, commit): (&str, u128, char), reason: Option<&str>) {
        self.tell(event(PatchMoved {
            workstream: id(workstream),
            step: step("edit"),
            attempt: 1,
            tool: tool(),
            patch: patch(number),
            commit: object(commit),
            files: 2,
            insertions: 10,
            deletions: 3,
            reason: reason.map(str::to_owned),
            merge: None,
        }));
    }

    fn moved(&mut self, event: fn(WorkstreamMoved) -> Event, workstream: &str, reason: &str) {
        self.tell(event(WorkstreamMoved { reason: Some(reason.to_owned()), ..self.workstream(workstream) }));
    }

    fn workstream(&self, workstream: &str) -> WorkstreamMoved {
        WorkstreamMoved {
            workstream: id(workstream),
            round: self.state.workstreams[&id(workstream)].round,
            reason: None,
            commit: None,
            merge: None,
            at: None,
            policy: None,
            on: Vec::new(),
            paths: Vec::new(),
            tip: None,
        }
    }
}
