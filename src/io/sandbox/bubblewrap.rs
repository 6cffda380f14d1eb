//! Bubblewrap: the arguments that give a program its own view of the file system, its own processes and, if wished, no network.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::domain::policy::sandbox::Network;

/// Where the sockets of the machine's services are.
const SERVICES: &str = "/run";
/// What below [`SERVICES`] is no socket and is needed to run programs.
const NEEDED_SERVICES: [&str; 4] = ["/run/current-system", "/run/wrappers", "/run/opengl-driver", "/run/systemd/resolve/stub-resolv.conf"];
const TMP: &str = "/tmp";

/// What a program is to see.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// What may be written.
    pub(super) writable: &'a [PathBuf],
    /// What may be read; `None` is everything.
    pub(super) readable: Option<&'a [PathBuf]>,
    /// What is read-only although something above it is hidden.
    pub(super) shown: &'a [PathBuf],
    /// What is hidden.
    pub(super) masked: &'a [PathBuf],
    /// What may be reached.
    pub(super) network: Network,
    /// What stands at `/tmp`.
    pub(super) tmp: Option<&'a Path>,
}

/// One thing that is put into the view. In this order at the same path: what is granted wins over what is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Hide,
    Show,
    Grant,
}

/// Returns the arguments of `bwrap` up to the program.
pub(super) fn arguments(view: &View<'_>) -> Vec<OsString> {
    let mut args = Arguments::default();
    args.words(&["--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]);
    if view.network == Network::None {
        args.words(&["--unshare-net"]);
    }
    match view.readable {
        None => args.pair("--ro-bind", Path::new("/"), Path::new("/")),
        Some(listed) => listed.iter().for_each(|path| args.listed(path)),
    }
    args.words(&["--proc", "/proc", "--dev", "/dev"]);
    if view.network == Network::None {
        args.one("--tmpfs", Path::new(SERVICES));
        NEEDED_SERVICES.iter().map(Path::new).for_each(|path| args.pair("--ro-bind-try", path, path));
    }
    if let Some(tmp) = view.tmp {
        args.pair("--bind", tmp, Path::new(TMP));
        args.pair("--bind", tmp, tmp);
    }
    for (path, kind) in layers(view) {
        match kind {
            Kind::Hide if path.is_dir() => args.one("--tmpfs", path),
            Kind::Hide if path.exists() => args.pair("--ro-bind", Path::new("/dev/null"), path),
            Kind::Hide => {}
            Kind::Show => args.pair("--ro-bind-try", path, path),
            // Without this, a device is there and can not be opened.
            Kind::Grant if path.starts_with("/dev") => args.pair("--dev-bind-try", path, path),
            Kind::Grant => args.pair("--bind-try", path, path),
        }
    }
    args.0
}

/// Returns everything that is laid over the first view, folders before what is in them: each mount hides what an earlier one put below it.
fn layers<'a>(view: &View<'a>) -> Vec<(&'a Path, Kind)> {
    let of = |paths: &'a [PathBuf], kind: Kind| paths.iter().map(move |path| (path.as_path(), kind));
    let mut layers: Vec<_> = of(view.masked, Kind::Hide).chain(of(view.shown, Kind::Show)).chain(of(view.writable, Kind::Grant)).collect();
    layers.sort_by_key(|(path, kind)| (path.components().count(), *path, *kind));
    layers
}

#[derive(Debug, Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn one(&mut self, option: &str, path: &Path) {
        self.0.extend([option.into(), path.into()]);
    }

    fn pair(&mut self, option: &str, from: &Path, to: &Path) {
        self.0.extend([option.into(), from.into(), to.into()]);
    }

    /// Shows a listed path in an otherwise empty view: a link stays a link, and what it leads to is there as well.
    fn listed(&mut self, path: &Path) {
        match std::fs::read_link(path) {
            Ok(target) => {
                self.pair("--symlink", &target, path);
                if let Ok(real) = path.canonicalize() {
                    self.pair("--ro-bind-try", &real, &real);
                }
            }
            Err(_) => self.pair("--ro-bind-try", path, path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(view: &View<'_>) -> String {
        arguments(view).iter().map(|arg| arg.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn folders_come_before_what_is_in_them_and_grants_win() {
        let (writable, shown, masked) = (["/usr/lib".into(), "/usr".into()], ["/etc/ssl".into()], ["/etc".into(), "/usr/lib".into()]);
        let view = View { writable: &writable, readable: None, shown: &shown, masked: &masked, network: Network::Full, tmp: None };
        assert_eq!(
            text(&view),
            "--unshare-user --unshare-pid --unshare-ipc --die-with-parent --new-session --cap-drop ALL --ro-bind / / --proc /proc \
             --dev /dev --tmpfs /etc --bind-try /usr /usr --ro-bind-try /etc/ssl /etc/ssl --tmpfs /usr/lib --bind-try /usr/lib /usr/lib"
        );
    }

    #[test]
    fn without_network_the_sockets_of_services_are_gone_as_well() {
        let view = View { writable: &[], readable: None, shown: &[], masked: &[], network: Network::None, tmp: Some(Path::new("/t")) };
        let text = text(&view);
        assert!(text.contains(" --unshare-net ") && text.contains(" --tmpfs /run "), "{text}");
        assert!(text.ends_with(" --bind /t /tmp --bind /t /t"), "{text}");
    }

    #[test]
    fn a_listed_link_leads_to_what_it_leads_to() {
        let here = tempfile::tempdir().unwrap();
        let root = here.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink("real", root.join("link")).unwrap();
        let listed = [root.join("link")];
        let view = View { writable: &[], readable: Some(&listed), shown: &[], masked: &[], network: Network::Full, tmp: None };
        let (link, real) = (root.join("link").display().to_string(), root.join("real").display().to_string());
        let text = text(&view);
        assert!(
            text.contains(&format!(" --symlink real {link} --ro-bind-try {real} {real} ")) && !text.contains("--ro-bind / /"),
            "{text}"
        );
    }
}
