//! Runs several processes side by side and waits for all of them.

use tokio::task::JoinSet;

use super::request::{ProcessOutcome, ProcessRequest, SpawnError, never_cancelled};
use super::spawn;
use super::supervisor::Supervisor;

/// Runs processes side by side; returns how each ended, in their order. One that is missing came to no end.
pub async fn run_together(supervisor: &Supervisor, requests: Vec<ProcessRequest>) -> Vec<Option<Result<ProcessOutcome, SpawnError>>> {
    let mut all: Vec<_> = requests.iter().map(|_| None).collect();
    let mut tasks = JoinSet::new();
    for (at, request) in requests.into_iter().enumerate() {
        let supervisor = supervisor.clone();
        tasks.spawn(async move { (at, spawn::run(&supervisor, request, never_cancelled()).await) });
    }
    while let Some(ended) = tasks.join_next().await {
        if let Ok((at, ended)) = ended
            && let Some(place) = all.get_mut(at)
        {
            *place = Some(ended);
        }
    }
    all
}
