//! Attacks on the machine and on whoever sits at it: the network, the terminal, memory, disk and processes.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{Held, Plain};
use crate::harness::{TestEnvironment, alive_after};
use crate::hostile::ground::{Ground, Level};

/// Listens, and tells the attack where.
fn listen(ground: &Ground<'_>) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    ground.repo.write("port.txt", listener.local_addr().unwrap().port().to_string());
    ground.repo.commit("where to send it");
    listener.set_nonblocking(true).unwrap();
    listener
}

fn received(listener: &TcpListener) -> String {
    let mut text = String::new();
    if let Ok((mut stream, _)) = listener.accept() {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.read_to_string(&mut text).unwrap();
    }
    text
}

#[test]
#[ignore = "five runs"]
fn t07_what_was_read_leaves_the_machine() {
    let environment = TestEnvironment::in_memory();
    let mut listener = None;
    let _plain = Plain::attack(&environment, "T07", |ground| listener = Some(listen(ground)));
    assert_eq!(received(&listener.unwrap()), "stolen\n", "the attack does not work");

    for (level, network, sent) in
        [(Level::None, "full", true), (Level::Landlock, "none", false), (Level::Bubblewrap, "none", false), (Level::Landlock, "full", true)]
    {
        let environment = TestEnvironment::in_memory();
        let mut listener = None;
        let held = Held::attack(&environment, "T07", level, |ground| {
            ground.repo.git(&["config", "orc.network", network]);
            listener = Some(listen(ground));
        });
        held.assert_end("merged", "");
        assert_eq!(received(&listener.unwrap()) == "stolen\n", sent, "{level:?} with {network}");
        assert_eq!(held.landed("src/a.txt"), if sent { "sent" } else { "kept" }, "{level:?} with {network}");
    }
}

/// Returns what a terminal would act on: escape, bell, the C1 controls in UTF-8 and as single bytes of it, and what turns the order of letters.
fn acting(text: &str) -> Vec<char> {
    text.chars().filter(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}')).collect()
}

#[test]
#[ignore = "four runs"]
fn t12_output_that_takes_over_the_terminal() {
    let environment = TestEnvironment::in_memory();
    let plain = Plain::attack(&environment, "T12", |_| {});
    assert!(!acting(&plain.outcome.stderr).is_empty(), "the attack does not work");

    for level in Level::ALL {
        let environment = TestEnvironment::in_memory();
        let held = Held::attack(&environment, "T12", level, |_| {});
        held.assert_end("failed", "");
        let repo = &held.ground.repo;
        let mut shown = vec![("run".to_owned(), held.outcome.stdout.clone() + &held.outcome.stderr)];
        for arguments in [&["status"][..], &["log"], &["show", "ws"], &["list"]] {
            let outcome = held.ground.orc(arguments);
            shown.push((arguments.join(" "), outcome.stdout + &outcome.stderr));
        }
        for arguments in [&["log", "--format=%an %ae %s", "refs/orc/ledger"][..], &["log", "--all", "--format=%an %ae %s"]] {
            shown.push((arguments.join(" "), repo.git(arguments)));
        }
        for (what, text) in shown {
            assert_eq!(acting(&text), Vec::<char>::new(), "{what} at {level:?}: {text:?}");
            assert!(!text.is_empty(), "{what}");
        }
    }
}

#[test]
#[ignore = "four runs"]
fn t13_memory_and_processes_are_used_up() {
    let environment = TestEnvironment::in_memory();
    let plain = Plain::attack(&environment, "T13", |_| {});
    assert!(plain.outcome.stdout.len() >= 200_000_000, "a plain script holds all of it: {}", plain.outcome.stdout.len());

    for level in Level::ALL {
        let environment = TestEnvironment::in_memory();
        let start = Instant::now();
        let held = Held::attack(&environment, "T13", level, |_| {});
        held.assert_end("merged", "");
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
        assert_eq!(alive_after(&held.ground.repo, Duration::from_secs(2)), Vec::<String>::new());
        let kept = held.ground.environment.run("sh", &["-c", "du -sk project/.git/orc | cut -f1"]);
        assert!(kept.stdout.trim().parse::<u64>().unwrap() < 80 << 10, "{} KiB are kept", kept.stdout.trim());
    }
}
