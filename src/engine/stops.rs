//! The signals that end programs: one for all of them, and one per workstream beside it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::id::WorkstreamId;
use crate::io::process::request::{CancelLevel, CancelSignal, Pace, Will};

/// The signals of the workstreams that have a step under way. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stops(Arc<Mutex<BTreeMap<WorkstreamId, watch::Sender<Will>>>>);

impl Stops {
    /// Returns the signal for one more step of a workstream, which begins with what is wanted of all; what was wanted of the step before
    /// does not concern it.
    #[must_use]
    pub fn begin(&self, workstream: &WorkstreamId, all: Will) -> CancelSignal {
        let (sender, signal) = watch::channel(all);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(workstream.clone(), sender);
        signal
    }

    /// Tells the programs of a workstream how urgently they should end.
    pub fn stop(&self, workstream: &WorkstreamId, level: CancelLevel) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(workstream) {
            sender.send_modify(|will| will.level = will.level.max(level));
        }
    }

    /// Tells the programs of all workstreams how urgently they should end.
    pub fn stop_all(&self, level: CancelLevel) {
        for sender in self.0.lock().unwrap_or_else(PoisonError::into_inner).values() {
            sender.send_modify(|will| will.level = will.level.max(level));
        }
    }

    /// Tells the programs of all workstreams whether they go on.
    pub fn set_pace(&self, pace: Pace) {
        for sender in self.0.lock().unwrap_or_else(PoisonError::into_inner).values() {
            sender.send_modify(|will| will.pace = pace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_stopped_and_the_others_go_on_and_the_next_step_knows_nothing_of_it() {
        let stops = Stops::default();
        let (a, b) = (WorkstreamId::parse("a").unwrap(), WorkstreamId::parse("b").unwrap());
        let (of_a, of_b) = (stops.begin(&a, Will::default()), stops.begin(&b, Will::default()));
        stops.stop(&a, CancelLevel::Gentle);
        assert_eq!((of_a.borrow().level, of_b.borrow().level), (CancelLevel::Gentle, CancelLevel::Run));
        assert_eq!(stops.begin(&a, Will::default()).borrow().level, CancelLevel::Run);
        stops.stop_all(CancelLevel::Now);
        stops.stop_all(CancelLevel::Gentle);
        assert_eq!(of_b.borrow().level, CancelLevel::Now, "it never gets less urgent");
    }
}
