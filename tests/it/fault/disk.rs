//! A disk that is really full: of bytes, or of names.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

use super::stage::{PATCHES, PROGRAMS, Stage, Tally};
use crate::harness::rounds;

/// The variable that says that the test runs with the rights to mount.
const INSIDE: &str = "GIT_ORC_TEST_MAY_MOUNT";

/// A file system in memory with a size, taken away at the end.
struct Disk(PathBuf);

impl Disk {
    fn mount(options: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("git-orc-disk-").tempdir().unwrap().keep();
        let disk = Self(folder.canonicalize().unwrap());
        run("mount", &["-t", "tmpfs", "-o", options, "tmpfs", disk.path()]);
        disk
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn resize(&self, options: &str) {
        run("mount", &["-o", &format!("remount,{options}"), self.path()]);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").args(["--lazy", self.path()]).status();
        let _gone = std::fs::remove_dir(&self.0);
    }
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a test where it may mount: as root here, and else again in a namespace of its own. Returns whether it is to be run here.
fn may_mount(test: &str) -> bool {
    if geteuid().is_root() || std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut again = Command::new("unshare");
    again.arg("-Urm").arg(std::env::current_exe().unwrap()).args(["--ignored", "--exact", "--nocapture", test]).env(INSIDE, "1");
    assert!(again.status().unwrap().success(), "{test} failed in its namespace");
    false
}

/// Fills a disk up to some bytes that stay free.
fn fill(disk: &Disk, free: u64) {
    let stat = rustix::fs::statvfs(Path::new(disk.path())).unwrap();
    let bytes = (stat.f_bavail * stat.f_frsize).saturating_sub(free);
    let file = std::fs::File::create(disk.0.join("filling")).unwrap();
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes).unwrap();
}

/// Runs a plan on a disk that gets full, makes room, and judges.
fn squeeze(stage: &Stage, disk: &Disk, room: &str, (tally, case): (&mut Tally, &str)) -> Option<i32> {
    let (oracle, repo) = (stage.oracle(), stage.repo());
    let running = repo.start_orc(&["run", stage.plan(), "--progress", "json"]);
    let outcome = running.finish();
    let code = outcome.status.code();
    disk.resize(room);
    let _room = std::fs::remove_file(disk.0.join("filling"));
    let mut judged = stage.judge(&oracle, &outcome.stderr);
    let said: Vec<&str> = outcome.stderr.lines().filter(|line| !line.starts_with('{')).collect();
    let is_named = said.iter().any(|line| line.contains("No space left on device"));
    if !(code == Some(0) || code == Some(128) && is_named) {
        judged.wrong.push(format!("exit code {code:?} and {said:?}"));
    }
    tally.add(case, judged);
    code
}

#[test]
#[ignore = "half a minute: runs on a disk of 3 MB at 20 levels of filling"]
fn a_disk_that_gets_full_is_named_and_loses_nothing() {
    if !may_mount("fault::disk::a_disk_that_gets_full_is_named_and_loses_nothing") {
        return;
    }
    let (mut tally, mut stopped) = (Tally::default(), 0);
    let levels = u64::from(rounds(20));
    for level in 0..levels {
        let disk = Disk::mount("size=3m,mode=700");
        let stage = Stage::on(&disk.0, if level % 2 == 0 { PATCHES } else { PROGRAMS });
        fill(&disk, 4096 * (1 + level * 240 / levels));
        stopped += u32::from(squeeze(&stage, &disk, "size=64m", (&mut tally, &format!("level {level}"))) == Some(128));
    }
    tally.assert_clean(&format!("full disks, {stopped} runs were stopped by them"));
    assert!(stopped > 0, "no disk was full");
}

#[test]
#[ignore = "ten seconds: runs on a disk that can hold only so many more files"]
fn a_disk_without_names_is_named_and_loses_nothing() {
    if !may_mount("fault::disk::a_disk_without_names_is_named_and_loses_nothing") {
        return;
    }
    let (mut tally, mut stopped) = (Tally::default(), 0);
    for more in [1, 5, 15, 40, 90] {
        let disk = Disk::mount("size=64m,nr_inodes=4000,mode=700");
        let stage = Stage::on(&disk.0, PROGRAMS);
        let stat = rustix::fs::statvfs(&disk.0).unwrap();
        disk.resize(&format!("nr_inodes={}", stat.f_files - stat.f_ffree + more));
        stopped += u32::from(squeeze(&stage, &disk, "nr_inodes=8000", (&mut tally, &format!("{more} more files"))) == Some(128));
    }
    tally.assert_clean(&format!("disks without names, {stopped} runs were stopped by them"));
    assert!(stopped > 0, "no disk was full");
}
