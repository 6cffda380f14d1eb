//! The git core against real git: what it writes stock git must read, and what stock git writes it must read.

mod command;
mod discovery;
mod ledger;
mod merges;
mod notes;
mod objects;
mod refs;

use std::ffi::OsString;

use git_orc::domain::id::ObjectId;
use git_orc::io::git::env::GitEnv;
use git_orc::io::git::repo::Repo;
use git_orc::io::git::signature::{Identity, Signature};

use crate::harness::{TestEnvironment, TestRepo};

/// Returns the variables of the environment as a program in it sees them.
fn variables(environment: &TestEnvironment) -> Vec<(OsString, OsString)> {
    environment.command("git").get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}

fn git_env(environment: &TestEnvironment) -> GitEnv {
    GitEnv::new(variables(environment)).unwrap()
}

fn discover(environment: &TestEnvironment, repo: &TestRepo<'_>) -> Repo {
    Repo::discover(repo.path(), &git_env(environment)).unwrap()
}

fn id(text: &str) -> ObjectId {
    ObjectId::parse(text.trim()).unwrap()
}

fn ada() -> Identity {
    Identity { name: "Ada Example".to_owned(), email: "ada@example.org".to_owned() }
}

fn signed() -> Signature {
    Signature::new(ada(), "2026-01-02T03:04:05Z".parse().unwrap())
}
