//! A ledger as a chain of commits: whatever they say, every one of them is counted, and what is told twice is noticed.

use git_orc::domain::id::ObjectId;
use git_orc::domain::ledger::codec::from_message;
use git_orc::domain::ledger::verify::{Chain, Link, Person};
use jiff::Timestamp;

use super::fodder::Fodder;

/// Messages with a NUL byte between them; each begins with a byte for the parents and one for the committer's name.
pub fn ledger_chain(data: &[u8]) {
    let mut fodder = Fodder(data);
    let mut commits = Vec::new();
    while !fodder.is_empty() && commits.len() < 64 {
        commits.push((usize::from(fodder.byte() % 4), fodder.byte() % 2 == 0, fodder.field()));
    }
    let mut chain = Chain::new(env!("CARGO_PKG_VERSION"));
    let (mut entries, mut joins) = (0, 0);
    for (number, (parents, is_ours, message)) in commits.iter().enumerate() {
        let is_entry = from_message(message).is_ok();
        entries += u64::from(is_entry);
        joins += u64::from(*parents == 2);
        let (before, run) = (chain.flaws.len(), take(&mut chain, (number, *parents, *is_ours), message));
        assert_eq!(run.is_some(), is_entry);
        assert!(is_entry || *parents == 2 || chain.flaws.len() > before, "what is no entry is told of");
        assert!(*parents < 3 || chain.flaws.len() > before, "what has too many parents is told of");
    }
    assert_eq!((chain.entries, chain.joins), (entries, joins));
    assert_eq!(chain.runs.values().map(|told| told.entries.len() as u64).sum::<u64>(), entries);
    if let Some((_, _, message)) = commits.iter().find(|(_, _, message)| from_message(message).is_ok()) {
        let before = chain.flaws.len();
        take(&mut chain, (commits.len(), 1, true), message);
        assert!(chain.flaws.len() > before, "what is told twice is noticed");
    }
}

fn take(chain: &mut Chain, (number, parents, is_ours): (usize, usize, bool), message: &[u8]) -> Option<git_orc::domain::id::RunId> {
    let id = |number: usize| ObjectId::from_bytes([u8::try_from(number % 256).unwrap_or_default(); 20]);
    let parents: Vec<ObjectId> = (0..parents).map(id).collect();
    let person = |name| Person { name, email: "a@example.com", time: Timestamp::UNIX_EPOCH };
    let committer = person(if is_ours { "git-orc" } else { "somebody" });
    chain.take(&Link { commit: id(number + 100), parents: &parents, author: person("a"), committer, message })
}
