//! Landlock: the kernel holds the calling thread, and everything that it becomes or starts.

use std::error::Error;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::domain::policy::sandbox::Network;

/// The newest version of the interface whose rights are all known here, for files.
const FILES: ABI = ABI::V8;
/// Devices that any program writes to.
const DEVICES: [&str; 8] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts"];

/// What the kernel is to hold a process to.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    /// What may be written and read.
    pub(super) writable: &'a [PathBuf],
    /// What may be read; `None` is everything.
    pub(super) readable: Option<&'a [PathBuf]>,
    /// What may be reached.
    pub(super) network: Network,
}

/// Why a process is not held.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestrictError {
    /// The kernel has no landlock.
    #[error("the kernel has no landlock")]
    NotEnforced,
    /// The kernel refused.
    #[error("the kernel refused")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

impl From<RulesetError> for RestrictError {
    fn from(error: RulesetError) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// Confines the calling thread for good.
pub(super) fn restrict(rules: &Rules<'_>) -> Result<(), RestrictError> {
    let all = AccessFs::from_all(FILES) | sockets(rules.network);
    let handled = if rules.readable.is_some() { all } else { AccessFs::from_write(FILES) | sockets(rules.network) };
    let mut set = Ruleset::default().set_compatibility(CompatLevel::BestEffort).handle_access(handled)?;
    if rules.network == Network::None {
        set = set.handle_access(AccessNet::from_all(ABI::V4))?;
    }
    let mut set = set.scope(Scope::from_all(ABI::V6))?.create()?;
    for path in rules.writable {
        set = allow(set, open_strictly(path)?, handled)?;
    }
    for path in DEVICES {
        set = allow(set, open(Path::new(path))?, handled)?;
    }
    for path in rules.readable.unwrap_or_default() {
        set = allow(set, open(path)?, AccessFs::from_read(FILES))?;
    }
    match set.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err(RestrictError::NotEnforced),
    }
}

/// Connecting to a socket in the file system counts as network; kernels know that from version 9 of the interface on.
fn sockets(network: Network) -> BitFlags<AccessFs> {
    match network {
        Network::Full => BitFlags::EMPTY,
        Network::None => AccessFs::ResolveUnix.into(),
    }
}

fn allow(set: RulesetCreated, path: Option<OwnedFd>, access: BitFlags<AccessFs>) -> Result<RulesetCreated, RulesetError> {
    match path {
        Some(path) => set.add_rule(PathBeneath::new(path, access)),
        None => Ok(set),
    }
}

/// Opens what may be written. A symbolic link anywhere in the path means that somebody has exchanged it since it was granted.
fn open_strictly(path: &Path) -> Result<Option<OwnedFd>, RestrictError> {
    match rustix::fs::openat2(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS) => Ok(None),
        Err(error) => Err(RestrictError::Refused(Box::new(error))),
    }
}

fn open(path: &Path) -> Result<Option<OwnedFd>, RestrictError> {
    match rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS) => Ok(None),
        Err(error) => Err(RestrictError::Refused(Box::new(error))),
    }
}

/// Returns the version of the interface that the kernel has and this program knows; 0 when there is none. Confines the calling thread,
/// though to next to nothing: to be called in a thread that ends.
pub(super) fn version() -> u32 {
    let rules = Ruleset::default().handle_access(AccessFs::MakeBlock).and_then(Ruleset::create).and_then(RulesetCreated::restrict_self);
    match rules.map(|status| status.landlock) {
        Ok(LandlockStatus::Available { effective_abi, .. }) => effective_abi as u32,
        Ok(LandlockStatus::NotEnabled | LandlockStatus::NotImplemented) | Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    /// Acts in a thread that the kernel confines. Without landlock in the kernel there is nothing to see, and the test says so.
    fn confined<T: Send>(rules: &Rules<'_>, act: impl FnOnce() -> T + Send) -> Option<T> {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| match restrict(rules) {
                Err(RestrictError::NotEnforced) => {
                    println!("this kernel has no landlock");
                    None
                }
                other => other.map(|()| act()).map(Some).unwrap(),
            });
            thread.join().unwrap()
        })
    }

    fn create(path: &Path) -> Result<(), ErrorKind> {
        std::fs::File::create(path).map(|_| ()).map_err(|error| error.kind())
    }

    #[test]
    fn only_what_is_granted_is_writable() {
        let here = tempfile::tempdir().unwrap();
        let root = here.path().canonicalize().unwrap();
        let (inside, outside) = (root.join("in"), root.join("out"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
        let writable = [inside.clone(), root.join("missing"), root.join("link")];
        let rules = Rules { writable: &writable, readable: None, network: Network::Full };
        let tried = confined(&rules, || {
            let names = [inside.join("a"), outside.join("a"), root.join("link/a"), root.join("missing"), "/dev/null".into()];
            names.map(|path| create(&path))
        });
        let refused = Err(ErrorKind::PermissionDenied);
        if let Some(tried) = tried {
            assert_eq!(tried, [Ok(()), refused, refused, refused, Ok(())]);
            assert!(!outside.join("a").exists());
        }
    }

    #[test]
    fn only_what_is_listed_is_readable() {
        let here = tempfile::tempdir().unwrap();
        let root = here.path().canonicalize().unwrap();
        for name in ["shown", "secret"] {
            create(&root.join(name)).unwrap();
        }
        let readable = [root.join("shown")];
        let rules = Rules { writable: &[], readable: Some(&readable), network: Network::Full };
        let read = |name: &str| std::fs::read(root.join(name)).map_err(|error| error.kind());
        if let Some(found) = confined(&rules, || (read("shown"), read("secret"))) {
            assert_eq!(found, (Ok(Vec::new()), Err(ErrorKind::PermissionDenied)));
        }
    }

    #[test]
    fn without_network_no_port_is_reached() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let reach = |network| {
            let rules = Rules { writable: &[], readable: None, network };
            confined(&rules, move || {
                (std::net::TcpStream::connect(address).map_err(|e| e.kind()).err(), std::net::TcpListener::bind("127.0.0.1:0").is_ok())
            })
        };
        if std::thread::spawn(version).join().unwrap() >= 4 {
            assert_eq!(reach(Network::Full), Some((None, true)));
            assert_eq!(reach(Network::None), Some((Some(ErrorKind::PermissionDenied), false)));
        }
    }

    #[test]
    fn the_version_is_found_without_confining_anybody_else() {
        println!("landlock {}", std::thread::spawn(version).join().unwrap());
        create(&tempfile::tempdir().unwrap().path().join("free")).unwrap();
    }
}
