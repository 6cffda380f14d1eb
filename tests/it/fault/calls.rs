//! The program dies, or the disk refuses, at the k-th system call that changes something: for every k at the large size.

use nix::errno::Errno;

use super::stage::{PATCHES, PROGRAMS, Stage, interrupted, on_stages};
use super::tracer::{Counted, Deed, Traced, trace};
use crate::harness::rounds;

/// Where a case starts, and what the driver is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    /// A run of patch files: append, merge, advance.
    Patches,
    /// A run of a program: worktrees, capture, checks, gates.
    Programs,
    /// A resume after a tool was killed together with its driver: orphans, salvage, clean-up, the rest of the run.
    Resume,
}

impl Scene {
    fn stage(self) -> Stage {
        match self {
            Self::Patches => Stage::new(PATCHES),
            Self::Programs => Stage::new(PROGRAMS),
            Self::Resume => interrupted(),
        }
    }

    fn trace(self, stage: &Stage, counted: Counted, deed: Deed) -> Traced {
        let mut command = match self {
            Self::Patches | Self::Programs => stage.command(&["run", stage.plan()]),
            Self::Resume => stage.command(&["resume"]),
        };
        trace(&mut command, counted, deed)
    }
}

/// Returns the places to disturb, spread evenly: as many as rounds are asked for, at most all.
fn places(all: u64, default: u32) -> Vec<u64> {
    let wanted = u64::from(rounds(default)).min(all);
    (0..wanted).map(|n| 1 + n * all / wanted).collect()
}

/// Disturbs a scene at some places, or at all of them.
fn disturb(scene: Scene, default: u32, deed: impl Fn(u64) -> Deed + Sync) {
    let stages: Vec<Stage> = (0..2).map(|_| scene.stage()).collect();
    let watched = scene.trace(&stages[0], Counted::Changes, Deed::Watch);
    assert_eq!(watched.code, Some(stages[0].expect.code), "{}", watched.stderr);
    // Two runs do not make exactly the same calls, so some more places are tried; those that are not reached count for nothing.
    let all = watched.calls + watched.calls / 50;
    let tally = on_stages(&stages, &places(all, default), |stage, at| {
        stage.put_back();
        let oracle = stage.oracle();
        let traced = scene.trace(stage, Counted::Changes, deed(*at));
        let hit = traced.hit.clone()?;
        let mut judged = stage.judge(&oracle, &traced.stderr);
        judged.wrong.extend(manners(&traced, deed(*at)));
        judged.wrong.iter_mut().for_each(|line| *line = format!("at `{hit}`: {line}"));
        Some(judged)
    });
    tally.assert_clean(&format!("{scene:?} {:?} of {} calls", deed(0), watched.calls));
}

/// A driver that the disk refuses something ends by itself, with the code for the machine's troubles and a sentence that names them; or it
/// goes on to the end, where nothing but a convenience was lost.
fn manners(traced: &Traced, deed: Deed) -> Option<String> {
    let (Deed::FailOnce { errno, .. } | Deed::FailFrom { errno, .. }) = deed else { return None };
    let error = std::io::Error::from_raw_os_error(errno as i32).to_string();
    let named = error.split(" (").next().unwrap_or_default();
    if traced.is_hung {
        return Some(format!("it does not end: {}", traced.stderr));
    }
    let said: Vec<&str> = traced.stderr.lines().filter(|line| !line.starts_with('{')).collect();
    match traced.code {
        Some(0) => None,
        Some(128) if said.iter().any(|line| line.contains(named)) => None,
        Some(code) => Some(format!("exit code {code} and {said:?}")),
        None => Some("the driver was killed by what it could not do".to_owned()),
    }
}

#[test]
#[ignore = "half a minute: kills a run of patches at some of its system calls, or at all of them"]
fn a_run_of_patches_is_killed_at_its_system_calls() {
    disturb(Scene::Patches, 20, |at| Deed::Kill { at });
}

#[test]
#[ignore = "half a minute: kills a run of programs at some of its system calls, or at all of them"]
fn a_run_of_programs_is_killed_at_its_system_calls() {
    disturb(Scene::Programs, 20, |at| Deed::Kill { at });
}

#[test]
#[ignore = "half a minute: kills a resume at some of its system calls, or at all of them"]
fn a_resume_is_killed_at_its_system_calls() {
    disturb(Scene::Resume, 20, |at| Deed::Kill { at });
}

#[test]
#[ignore = "half a minute: the disk is full from some system call on, or from each"]
fn a_disk_that_is_full_from_some_call_on_stops_a_run_cleanly() {
    disturb(Scene::Patches, 12, |at| Deed::FailFrom { at, errno: Errno::ENOSPC });
    disturb(Scene::Programs, 12, |at| Deed::FailFrom { at, errno: Errno::ENOSPC });
}

#[test]
#[ignore = "half a minute: one system call fails, or each"]
fn a_disk_that_fails_once_loses_nothing() {
    disturb(Scene::Patches, 12, |at| Deed::FailOnce { at, errno: Errno::EIO });
    disturb(Scene::Programs, 12, |at| Deed::FailOnce { at, errno: Errno::EIO });
}

#[test]
#[ignore = "half a minute: the disk becomes read-only at some system call, or at each"]
fn a_disk_that_becomes_read_only_stops_a_run_cleanly() {
    disturb(Scene::Patches, 12, |at| Deed::FailFrom { at, errno: Errno::EROFS });
}

#[test]
#[ignore = "half a minute: a resume on a disk that fails"]
fn a_resume_on_a_failing_disk_loses_nothing() {
    disturb(Scene::Resume, 8, |at| Deed::FailFrom { at, errno: Errno::ENOSPC });
    disturb(Scene::Resume, 8, |at| Deed::FailOnce { at, errno: Errno::EIO });
}
