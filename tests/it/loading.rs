//! Runs come back from the ledger the same, with a checkpoint, without one, and with one that can not be trusted.

use git_orc::domain::id::{EntryId, ObjectId, RunId, WorkstreamId};
use git_orc::domain::ledger::codec;
use git_orc::domain::ledger::entry::Entry;
use git_orc::domain::run::event::Event;
use git_orc::domain::run::fact::{RunDriven, RunMoved, RunPlanned, WaveMoved};
use git_orc::domain::run::machine::apply;
use git_orc::domain::run::state::{RunState, RunStatus};
use git_orc::io::clock::Clock;
use git_orc::io::fs::Durability;
use git_orc::io::git::ledger_ref::{FileUpdate, LedgerRef, NewEntry};
use git_orc::io::git::signature::Identity;
use git_orc::io::settings::environment::Environment;
use git_orc::io::settings::overlay::Overlay;
use git_orc::ops::context::{Context, Desk};
use git_orc::ops::find::{FindError, find_run};
use git_orc::ops::load::{LoadError, load_run, load_state, run_file, runs, states_at};
use jiff::Timestamp;

use crate::harness::{TestEnvironment, TestRepo};

/// A ledger that is written entry by entry.
struct Book {
    ledger: LedgerRef,
    written: u64,
}

/// A run with its state after every entry.
struct Told {
    run: RunId,
    entries: Vec<Entry>,
    states: Vec<RunState>,
}

/// What stands in the ledger's tree where the checkpoint belongs.
enum Checkpoint {
    /// Nothing.
    Missing,
    /// The state after so many entries.
    After(usize),
    /// Bytes that mean nothing.
    Damaged,
    /// A state of another past.
    Foreign,
}

impl Book {
    fn new(environment: &TestEnvironment, repo: &TestRepo<'_>) -> Self {
        let environment = Environment::of(environment.variables());
        let desk = Desk {
            cwd: repo.path().to_owned(),
            environment,
            clock: Clock::system(),
            flags: Overlay::default(),
            supervisor: crate::harness::supervisor(),
        };
        let by = Identity { name: "Ada".to_owned(), email: "ada@example.org".to_owned() };
        Self { ledger: LedgerRef::new(&Context::open(&desk).unwrap().repo, by, Durability::Relaxed), written: 0 }
    }

    fn tell(&mut self, told: &mut Told, event: Event) {
        self.written += 1;
        let now = Timestamp::from_second(1_800_000_000 + i64::try_from(self.written).unwrap()).unwrap();
        let entry = codec::entry(EntryId::new(ulid::Ulid::from(u128::from(self.written))), now, told.run, event);
        let mut state = told.states.last().cloned().unwrap_or_else(|| RunState::new(told.run));
        apply(&mut state, &entry).unwrap();
        self.append(&entry, vec![FileUpdate { path: run_file(told.run, "config.json"), content: Some(b"{}".to_vec()) }]);
        told.entries.push(entry);
        told.states.push(state);
    }

    fn append(&self, entry: &Entry, files: Vec<FileUpdate>) {
        let by = Identity { name: "Ada".to_owned(), email: "ada@example.org".to_owned() };
        let message = codec::to_message(entry).unwrap().into_bytes();
        self.ledger.append(&[NewEntry { message, author: by, time: entry.ts, files }]).unwrap();
    }

    /// Writes a run of six entries.
    fn run(&mut self, id: &str, name: &str) -> Told {
        let mut told = Told { run: RunId::parse(id).unwrap(), entries: Vec::new(), states: Vec::new() };
        let (zero, waves) = (ObjectId::from_bytes([7; 20]), vec![vec![WorkstreamId::parse("a").unwrap()]]);
        self.tell(
            &mut told,
            Event::RunPlanned(RunPlanned {
                name: name.to_owned(),
                base: zero,
                target: format!("orc/{name}"),
                tip: zero,
                waves: waves.clone(),
                plan_digest: String::new(),
                version: String::new(),
                retry_of: None,
                reason: None,
            }),
        );
        let driven = |round| RunDriven {
            round,
            pid: 1,
            version: String::new(),
            found: Vec::new(),
            waves: Vec::new(),
            sandbox: None,
            sandbox_notes: Vec::new(),
        };
        self.tell(&mut told, Event::RunStarted(driven(0)));
        self.tell(&mut told, Event::WaveStarted(WaveMoved { wave: 1, tip: zero, workstreams: waves[0].clone() }));
        self.tell(&mut told, Event::RunPaused(RunMoved { round: 0, tip: zero, reason: Some("stopped".to_owned()) }));
        self.tell(&mut told, Event::RunResumed(driven(1)));
        self.tell(&mut told, Event::RunHalted(RunMoved { round: 1, tip: zero, reason: None }));
        told
    }

    /// Puts a checkpoint beside the newest entry, which is told again for another run.
    fn put(&mut self, told: &Told, checkpoint: &Checkpoint) {
        let bytes = match checkpoint {
            Checkpoint::Missing => None,
            Checkpoint::After(n) => Some(serde_json::to_vec(&told.states[n - 1]).unwrap()),
            Checkpoint::Damaged => Some(b"{\"run\": 1".to_vec()),
            Checkpoint::Foreign => {
                let mut state = told.states[2].clone();
                state.last = Some(EntryId::new(ulid::Ulid::from(999_u128)));
                state.name = "another past".to_owned();
                Some(serde_json::to_vec(&state).unwrap())
            }
        };
        let mut beside = told.entries[0].clone();
        beside.run = RunId::parse("01JD0000000000000000000000").unwrap();
        self.append(&beside, vec![FileUpdate { path: run_file(told.run, "checkpoint.json"), content: bytes }]);
    }
}

#[test]
fn a_checkpoint_is_only_a_shortcut() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let mut book = Book::new(&environment, &repo);
    let told = book.run("01JD8ZK3V7Q2M4N6P8R0S2T4V6", "tour");
    let _other = book.run("01JD8ZK3V7Q2M4N6P8R0S2T4V7", "other");
    let last = told.states.last().unwrap();
    for (checkpoint, since) in [
        (Checkpoint::Missing, 6),
        (Checkpoint::After(1), 5),
        (Checkpoint::After(4), 2),
        (Checkpoint::After(6), 0),
        (Checkpoint::Damaged, 6),
        (Checkpoint::Foreign, 6),
    ] {
        book.put(&told, &checkpoint);
        let loaded = load_run(&book.ledger, told.run).unwrap();
        assert_eq!(&loaded.state, last);
        assert_eq!(loaded.entries_since, told.entries[6 - since..]);
        assert_eq!(loaded.keys.len(), 6);
        assert!(told.entries.iter().all(|entry| loaded.keys.contains(&entry.key)));
        assert_eq!(&load_state(&book.ledger, told.run).unwrap(), last);
    }
}

#[test]
fn runs_are_listed_and_found() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let mut book = Book::new(&environment, &repo);
    assert!(runs(&book.ledger).unwrap().is_empty());
    assert!(matches!(find_run(&book.ledger, None), Err(FindError::NoRuns)));
    let ids = ["01JD8ZK3V7Q2M4N6P8R0S2T4V6", "01JD8ZK3V7Q2M4N6P8R0S2T4V7", "01JDZZK3V7Q2M4N6P8R0S2T4V8"];
    let all: Vec<Told> = ids.iter().zip(["tour", "tour", "other"]).map(|(id, name)| book.run(id, name)).collect();
    book.put(&all[0], &Checkpoint::After(6));
    let heads = runs(&book.ledger).unwrap();
    assert_eq!(heads.iter().map(|head| head.run).collect::<Vec<_>>(), [all[2].run, all[1].run, all[0].run]);
    assert!(heads.iter().all(|head| head.status == RunStatus::Halted && head.workstreams == 1 && head.merged == 0));
    let find = |text: Option<&str>| find_run(&book.ledger, text).map_err(|error| error.to_string());
    assert_eq!(find(None), Ok(all[2].run));
    assert_eq!(find(Some("tour")), Ok(all[1].run));
    assert_eq!(find(Some("01jdzz")), Ok(all[2].run));
    assert_eq!(find(Some(ids[0])), Ok(all[0].run));
    let both = format!("`01JD8Z` may mean run {} or run {}", ids[1], ids[0]);
    assert_eq!(find(Some("01JD8Z")), Err(both));
    assert_eq!(find(Some("01J")), Err("there is no run `01J`".to_owned()));
}

#[test]
fn several_runs_come_back_in_one_pass_and_one_that_can_not_keeps_nobody_from_the_others() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let mut book = Book::new(&environment, &repo);
    let ids = ["01JD8ZK3V7Q2M4N6P8R0S2T4V6", "01JD8ZK3V7Q2M4N6P8R0S2T4V7", "01JDZZK3V7Q2M4N6P8R0S2T4V8"];
    let all: Vec<Told> = ids.iter().zip(["one", "two", "three"]).map(|(id, name)| book.run(id, name)).collect();
    book.put(&all[0], &Checkpoint::After(4));
    let mut again = all[1].entries[2].clone();
    again.id = EntryId::new(ulid::Ulid::from(500_u128));
    book.append(&again, Vec::new());
    let (tip, runs) = (book.ledger.tip().unwrap().unwrap(), [2, 1, 0].map(|at: usize| all[at].run));
    let states: Vec<_> = states_at(&book.ledger, tip, &runs).unwrap().collect();
    assert_eq!(states[0].as_ref().unwrap(), all[2].states.last().unwrap());
    assert!(matches!(&states[1], Err(LoadError::Illegal(error)) if error.entry == again.id));
    assert_eq!(states[2].as_ref().unwrap(), all[0].states.last().unwrap());
}

#[test]
fn entries_that_do_not_follow_are_refused() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let mut book = Book::new(&environment, &repo);
    let told = book.run("01JD8ZK3V7Q2M4N6P8R0S2T4V6", "tour");
    let unknown = RunId::parse("01JD8ZK3V7Q2M4N6P8R0S2T4V9").unwrap();
    assert!(matches!(load_run(&book.ledger, unknown), Err(LoadError::UnknownRun(run)) if run == unknown));
    let mut again = told.entries[2].clone();
    again.id = EntryId::new(ulid::Ulid::from(500_u128));
    book.append(&again, Vec::new());
    assert!(matches!(load_run(&book.ledger, told.run), Err(LoadError::Illegal(error)) if error.entry == again.id));
    assert!(matches!(load_state(&book.ledger, told.run), Err(LoadError::Illegal(_))));
}
