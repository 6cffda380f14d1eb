//! The ways of doing the work that are compared.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::ground::{Ground, Place};
use crate::plan::Shape;
use crate::{cpu, driver};

/// A way of doing the work.
#[derive(Clone, Copy)]
pub(crate) enum Variant {
    /// A plain shell script.
    Script,
    /// git-orc, every step on the disk before it is believed.
    Full,
    /// git-orc, safe against its own death only.
    Relaxed,
}

impl Variant {
    /// The script comes first: the others are compared with it.
    pub(crate) const ALL: [Self; 3] = [Self::Script, Self::Full, Self::Relaxed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Full => "git-orc, full",
            Self::Relaxed => "git-orc, relaxed",
        }
    }

    /// Does the work and returns how long it took, from before the process starts until after it ended, and its processor time.
    pub(crate) fn run(self, ground: &Ground, place: &Place, shape: Shape) -> (Duration, Duration) {
        let (file, text) = match self {
            Self::Script => (place.beside("work.sh"), shape.script()),
            Self::Full | Self::Relaxed => (place.beside("plan.yaml"), shape.plan()),
        };
        std::fs::write(&file, text).expect("the work is written");
        let mut command = match self {
            Self::Script => ground.command("sh", &place.repository),
            Self::Full => driver::command(ground, place, "full"),
            Self::Relaxed => driver::command(ground, place, "relaxed"),
        };
        let log = File::create(place.beside("log")).expect("a log");
        command.arg(&file).stdout(log.try_clone().expect("a log")).stderr(log);
        let (start, used) = (Instant::now(), cpu::of_children());
        let status = command.status().expect("the process starts");
        let took = (start.elapsed(), cpu::of_children() - used);
        let said = std::fs::read_to_string(place.beside("log")).unwrap_or_default();
        assert!(status.success(), "{} failed: {said}", self.name());
        took
    }
}
