//! What a program reaches and what it does not: files, secrets, the network.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use super::{Stage, at_both_levels};
use crate::harness::TestEnvironment;

at_both_levels!(
    ordinary_work_goes_on,
    nothing_outside_is_written,
    without_network_nothing_is_reached,
    with_network_everything_is_reached,
    secrets_are_out_of_reach
);

fn ordinary_work_goes_on(level: &'static str) {
    let environment = TestEnvironment::new();
    std::fs::create_dir_all(environment.home().join(".cache")).unwrap();
    let stage = Stage::new(&environment, level);
    let script = "t edit sh -c 'echo more >>a/x.txt'; t remove rm b/y.txt; t rename sh -c 'mkdir c && mv a/x.txt c/'; \
        t temporary sh -c 'mktemp && mkdir $TMPDIR/d'; t null sh -c ': >/dev/null </dev/zero'; t cache touch ~/.cache/tool; \
        t shared touch /dev/shm/orc-$$; t pipes sh -c 'echo x | cat'; t status git status; t own sh -c 'kill -0 $$'; rm -f /dev/shm/orc-*";
    let tried = stage.tried(script, &[]);
    assert!(tried.len() == 10 && tried.iter().all(|line| line.ends_with(" done")), "{tried:?}");
    stage.assert_sound();
}

fn nothing_outside_is_written(level: &'static str) {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, level);
    let before = stage.repo.fingerprint("orc/tour");
    let git = stage.repo.git_dir().display().to_string();
    let checkout = stage.repo.path().display().to_string();
    let outside = std::process::id();
    let script = format!(
        "t checkout sh -c 'echo evil >{checkout}/README'; t config git config --file {git}/config core.fsmonitor evil; \
         t hook sh -c 'echo evil >{git}/hooks/pre-commit'; t ledger rm {git}/refs/orc/ledger; t ref git --git-dir {git} update-ref refs/heads/evil HEAD; \
         t delete git --git-dir {git} update-ref -d refs/orc/ledger; t objects sh -c 'find {git}/objects -type f | xargs rm'; \
         t home touch ~/evil; t others touch $ORC_WORKTREE/../evil; t remove rm -r {git}/worktrees; t signal kill -0 {outside}; \
         t commondir sh -c 'echo /evil >{git}/worktrees/orc-*/commondir'; t profile sh -c 'echo evil >>~/.gitconfig'"
    );
    let tried = stage.tried(&script, &[]);
    assert!(tried.len() == 13 && tried.iter().all(|line| line.ends_with(" refused")), "{tried:?}");
    assert!(!environment.home().join("evil").exists());
    stage.repo.assert_untouched(&before);
    stage.assert_sound();
}

/// What a program on the other side of a network would hear.
struct Ears {
    tcp: TcpListener,
    udp: UdpSocket,
    _unix: UnixListener,
    script: String,
    _folder: tempfile::TempDir,
}

impl Ears {
    fn new() -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let script = format!(
            "t tcp bash -c 'exec 3<>/dev/tcp/127.0.0.1/{}'; bash -c 'echo x >/dev/udp/127.0.0.1/{}'; \
             t unix perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Peer => shift) or die' {}",
            tcp.local_addr().unwrap().port(),
            udp.local_addr().unwrap().port(),
            socket.display()
        );
        Self { tcp, udp, _unix: UnixListener::bind(socket).unwrap(), script, _folder: folder }
    }

    fn heard_tcp(&self) -> bool {
        self.tcp.set_nonblocking(true).unwrap();
        self.tcp.accept().is_ok()
    }

    fn heard_udp(&self) -> bool {
        self.udp.recv(&mut [0; 8]).is_ok()
    }
}

fn without_network_nothing_is_reached(level: &'static str) {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, level);
    let ears = Ears::new();
    let tried = stage.tried(&ears.script, &["--network", "none"]);
    assert_eq!(tried[0], "tcp refused");
    assert!(!ears.heard_tcp());
    if level == "bubblewrap" {
        assert_eq!(tried[1], "unix refused");
        assert!(!ears.heard_udp());
    } else {
        // What landlock can not hold is said, not hidden.
        let note = &stage.entry("run_started")["sandbox_notes"][0];
        assert_eq!(note, "without network: only TCP is cut off by landlock");
    }
}

fn with_network_everything_is_reached(level: &'static str) {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, level);
    let ears = Ears::new();
    let tried = stage.tried(&ears.script, &[]);
    assert_eq!(tried[0], "tcp done");
    assert!(ears.heard_tcp() && ears.heard_udp());
}

fn secrets_are_out_of_reach(level: &'static str) {
    let environment = TestEnvironment::new();
    let planted = [".ssh/id_ed25519", ".aws/credentials", ".netrc", ".config/gh/hosts.yml", ".codex/auth.json", ".gnupg/private"];
    for secret in planted {
        let path = environment.home().join(secret);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "the planted secret").unwrap();
    }
    let stage = Stage::new(&environment, level);
    stage.repo.git(&["config", "orc.reads", if level == "landlock" { "listed" } else { "all" }]);
    let before = stage.repo.fingerprint("orc/tour");
    let tries: String = planted.iter().enumerate().map(|(n, secret)| format!("t {n} grep -q planted ~/{secret}; ")).collect();
    let script = format!("{tries} t work sh -c 'git status && git log -1 && ls -l /usr/bin && cat a/x.txt'");
    let mut tried = stage.tried(&script, &[]);
    assert_eq!(tried.pop().as_deref(), Some("work done"));
    assert!(tried.len() == planted.len() && tried.iter().all(|line| line.ends_with(" refused")), "{tried:?}");
    stage.repo.assert_untouched(&before);
}
