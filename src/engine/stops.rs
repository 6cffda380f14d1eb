//! The signals that end programs: one for all of them, and beside it one for the step of each workstream and one for the gates of a wave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::id::WorkstreamId;
use crate::io::process::request::{CancelLevel, CancelSignal, Pace, Will};

/// The signals of what is under way: the step of a workstream, or the gates of a wave. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stops(Arc<Mutex<BTreeMap<Option<WorkstreamId>, watch::Sender<Will>>>>);

impl Stops {
    /// Returns the signal for one more step of a workstream, or without one for the gates of a wave. It begins with what is wanted of all;
    /// what was wanted of the one before does not concern it.
    #[must_use]
    pub fn begin(&self, workstream: Option<&WorkstreamId>, all: Will) -> CancelSignal {
        let (sender, signal) = watch::channel(all);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(workstream.cloned(), sender);
        signal
    }

    /// Tells the programs of a workstream how urgently they should end.
    pub fn stop(&self, workstream: &WorkstreamId, level: CancelLevel) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&Some(workstream.clone())) {
            urge(sender, level);
        }
    }

    /// Tells everything that is under way how urgently it should end; what begins later does not know of it.
    pub fn stop_all(&self, level: CancelLevel) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(|sender| urge(sender, level));
    }

    /// Tells everything that is under way whether it goes on.
    pub fn set_pace(&self, pace: Pace) {
        for sender in self.0.lock().unwrap_or_else(PoisonError::into_inner).values() {
            sender.send_modify(|will| will.pace = pace);
        }
    }
}

/// It never gets less urgent.
fn urge(sender: &watch::Sender<Will>, level: CancelLevel) {
    sender.send_if_modified(|will| {
        let was = will.level;
        will.level = was.max(level);
        was != will.level
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_stopped_and_the_others_go_on_and_the_next_step_knows_nothing_of_it() {
        let stops = Stops::default();
        let (a, b) = (WorkstreamId::parse("a").unwrap(), WorkstreamId::parse("b").unwrap());
        let (of_a, of_b) = (stops.begin(Some(&a), Will::default()), stops.begin(Some(&b), Will::default()));
        stops.stop(&a, CancelLevel::Gentle);
        assert_eq!((of_a.borrow().level, of_b.borrow().level), (CancelLevel::Gentle, CancelLevel::Run));
        assert_eq!(stops.begin(Some(&a), Will::default()).borrow().level, CancelLevel::Run);
        let of_gates = stops.begin(None, Will::default());
        stops.stop_all(CancelLevel::Now);
        stops.stop_all(CancelLevel::Gentle);
        assert_eq!((of_b.borrow().level, of_gates.borrow().level), (CancelLevel::Now, CancelLevel::Now), "it never gets less urgent");
        assert_eq!(stops.begin(None, Will::default()).borrow().level, CancelLevel::Run);
    }
}
