//! What an entry of the ledger costs: a thousand of them, appended durably in batches, and read back.

use std::time::Instant;

use git_orc::io::clock::Clock;
use git_orc::io::fs::Durability;
use git_orc::io::git::env::GitEnv;
use git_orc::io::git::ledger_ref::{LedgerRef, NewEntry};
use git_orc::io::git::repo::Repo;
use git_orc::io::git::signature::Identity;

use crate::ground::{Ground, Template};
use crate::median;

/// How many entries are written.
const ENTRIES: usize = 1_000;
/// How often.
const ROUNDS: usize = 3;

/// Appends and reads, and prints the time per entry.
pub(crate) fn measure(ground: &Ground, template: &Template) {
    println!("\nledger: {ENTRIES} entries of about 600 bytes, medians of {ROUNDS}, milliseconds per entry");
    println!("{:>8} {:>14} {:>14} {:>10}", "batch", "append, full", "relaxed", "read");
    for batch in [1, 10, 100] {
        let (full, read) = rounds(ground, template, batch, Durability::Full);
        let (relaxed, _) = rounds(ground, template, batch, Durability::Relaxed);
        println!("{batch:8} {full:14.3} {relaxed:14.3} {read:10.4}");
    }
}

fn rounds(ground: &Ground, template: &Template, batch: usize, durability: Durability) -> (f64, f64) {
    let (mut append, mut read) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (appended, was_read) = round(ground, template, batch, durability);
        append.push(appended);
        read.push(was_read);
    }
    (median(&mut append), median(&mut read))
}

fn round(ground: &Ground, template: &Template, batch: usize, durability: Durability) -> (f64, f64) {
    let place = ground.copy_of(template);
    let env = GitEnv::new(std::env::vars_os()).expect("git");
    let repo = Repo::discover(&place.repository, &env).expect("a repository");
    let who = Identity { name: "Bench".to_owned(), email: "bench@example.com".to_owned() };
    let ledger = LedgerRef::new(&repo, who.clone(), durability);
    let now = Clock::system().now();
    let entry = |number: usize| NewEntry {
        message: format!("entry {number}\n\nOrc-Entry: {{\"n\":{number},\"text\":\"{}\"}}\n", "x".repeat(560)).into_bytes(),
        author: who.clone(),
        time: now,
        files: Vec::new(),
    };
    let start = Instant::now();
    for first in (0..ENTRIES).step_by(batch) {
        let entries: Vec<NewEntry> = (first..first + batch).map(entry).collect();
        ledger.append(&entries).expect("the entries are appended");
    }
    let appended = start.elapsed();
    let start = Instant::now();
    let tip = ledger.tip().expect("a ledger").expect("a tip");
    let found = ledger.entries_since(tip, None).expect("the entries are read");
    let read = start.elapsed();
    assert_eq!(found.len(), ENTRIES, "every entry is there");
    let per_entry = |time: std::time::Duration| time.as_secs_f64() * 1e3 / ENTRIES as f64;
    (per_entry(appended), per_entry(read))
}
