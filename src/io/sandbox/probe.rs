//! What this machine can hold programs with: asked once per driver, because a kernel, a container or a distribution may refuse.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use super::confinement::Confinement;
use super::kernel;
use crate::domain::policy::sandbox::{Network, SandboxLevel};
use crate::domain::tool::outcome::Ending;
use crate::io::process::request::{ProcessRequest, TimeLimits, never_cancelled};
use crate::io::process::spawn;
use crate::io::process::supervisor::Supervisor;

/// How long `bwrap` may take to start a program that does nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// What can be had of bubblewrap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bubblewrap {
    /// It works.
    Works {
        /// The program.
        program: PathBuf,
    },
    /// It is not installed.
    Missing,
    /// It is installed and makes no sandbox, for this reason.
    Refused(String),
    /// Nobody asked.
    Unasked,
}

/// What this machine can hold programs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The version of landlock, 0 when there is none. Versions before 4 do not hold the network, versions before 6 no signals.
    pub landlock: u32,
    /// What can be had of bubblewrap.
    pub bubblewrap: Bubblewrap,
}

impl Probe {
    /// Returns why a level can not be had, or `None` when it can.
    #[must_use]
    pub fn lack(&self, level: SandboxLevel) -> Option<String> {
        match level {
            SandboxLevel::None => None,
            SandboxLevel::Landlock => (self.landlock == 0).then(|| "the kernel has no landlock".to_owned()),
            SandboxLevel::Bubblewrap => match &self.bubblewrap {
                Bubblewrap::Works { .. } => None,
                Bubblewrap::Missing => Some("`bwrap` is not installed".to_owned()),
                Bubblewrap::Refused(reason) => Some(format!("`bwrap` does not work here: {reason}")),
                Bubblewrap::Unasked => Some("`bwrap` was not tried".to_owned()),
            },
        }
    }

    /// Returns the tightest level that can be had.
    #[must_use]
    pub fn best(&self) -> SandboxLevel {
        SandboxLevel::ALL.into_iter().rev().find(|level| self.lack(*level).is_none()).unwrap_or_default()
    }

    /// Returns the program that makes sandboxes at [`SandboxLevel::Bubblewrap`].
    #[must_use]
    pub fn bwrap(&self) -> Option<&PathBuf> {
        match &self.bubblewrap {
            Bubblewrap::Works { program } => Some(program),
            Bubblewrap::Missing | Bubblewrap::Refused(_) | Bubblewrap::Unasked => None,
        }
    }
}

/// Returns what the kernel can do; nothing is started.
#[must_use]
pub fn probe_kernel() -> Probe {
    // Asking confines the thread that asks, so it is one that ends.
    let landlock = std::thread::spawn(kernel::version).join().unwrap_or(0);
    Probe { landlock, bubblewrap: Bubblewrap::Unasked }
}

/// Returns what this machine can do. `path` is the `PATH` in which `bwrap` is looked for; it is started once.
pub async fn probe(supervisor: &Supervisor, path: Option<&OsStr>) -> Probe {
    Probe { bubblewrap: bubblewrap(supervisor, path).await, ..probe_kernel() }
}

async fn bubblewrap(supervisor: &Supervisor, path: Option<&OsStr>) -> Bubblewrap {
    let Some(program) = which::which_in_global("bwrap", path).ok().and_then(|mut found| found.next()) else { return Bubblewrap::Missing };
    // With everything that a confinement may ask for: what fails only later would fail in the middle of a run.
    let all = Confinement {
        level: SandboxLevel::Bubblewrap,
        network: Network::None,
        bwrap: Some(program.clone()),
        private_tmp: None,
        ..Confinement::none()
    };
    let env: BTreeMap<OsString, OsString> = path.map(|path| ("PATH".into(), path.to_owned())).into_iter().collect();
    let mut request = ProcessRequest::new(vec!["true".into()], "/", env);
    request.confinement = all;
    request.limits = TimeLimits { wall: Some(PATIENCE), ..TimeLimits::default() };
    match spawn::run(supervisor, request, never_cancelled()).await {
        Ok(outcome) if outcome.ending == (Ending::Exited { code: 0 }) => Bubblewrap::Works { program },
        Ok(outcome) => {
            let said = outcome.output.text();
            let line = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim();
            Bubblewrap::Refused(crate::domain::text::clip(line, 200))
        }
        Err(error) => Bubblewrap::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(landlock: u32, bubblewrap: Bubblewrap) -> Probe {
        Probe { landlock, bubblewrap }
    }

    #[test]
    fn the_best_level_is_the_tightest_that_works() {
        let works = || Bubblewrap::Works { program: "/usr/bin/bwrap".into() };
        let cases = [
            (machine(7, works()), SandboxLevel::Bubblewrap),
            (machine(0, works()), SandboxLevel::Bubblewrap),
            (machine(1, Bubblewrap::Missing), SandboxLevel::Landlock),
            (machine(7, Bubblewrap::Refused("no".into())), SandboxLevel::Landlock),
            (machine(0, Bubblewrap::Missing), SandboxLevel::None),
            (machine(0, Bubblewrap::Unasked), SandboxLevel::None),
        ];
        for (machine, best) in cases {
            assert_eq!(machine.best(), best, "{machine:?}");
        }
    }

    #[test]
    fn what_can_not_be_had_is_explained() {
        let poor = machine(0, Bubblewrap::Refused("Creating new namespace failed".into()));
        assert_eq!(poor.lack(SandboxLevel::Bubblewrap).unwrap(), "`bwrap` does not work here: Creating new namespace failed");
        assert_eq!(poor.lack(SandboxLevel::Landlock).unwrap(), "the kernel has no landlock");
        assert_eq!(poor.lack(SandboxLevel::None), None);
    }
}
