//! A few bytes that become many: binary patches that ask for more memory than there is, files without end that take no room.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::ground::Ground;
use crate::harness::TestEnvironment;

/// Writes bytes as a binary patch holds them: lines of up to 52 bytes in base 85, each with its length in front.
fn base85(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let mut text = String::new();
    for line in bytes.chunks(52) {
        let length = u8::try_from(line.len()).unwrap();
        text.push(char::from(if length <= 26 { b'A' + length - 1 } else { b'a' + length - 27 }));
        for group in line.chunks(4) {
            let mut four = [0; 4];
            four[..group.len()].copy_from_slice(group);
            let number = u32::from_be_bytes(four);
            for power in [52_200_625, 614_125, 7_225, 85, 1] {
                text.push(char::from(DIGITS[(number / power % 85) as usize]));
            }
        }
        text.push('\n');
    }
    text
}

/// Packs bytes as zlib does when it does not compress.
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        packed.push(u8::from(blocks.peek().is_none()));
        let length = u16::try_from(block.len()).unwrap();
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    packed.extend((b << 16 | a).to_be_bytes());
    packed
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        bytes.push(if number > 0 { low | 0x80 } else { low });
        if number == 0 {
            return bytes;
        }
    }
}

/// Returns a patch that makes a file of `times` copies of the first 64 KiB of `big`: each copy costs one byte.
fn bomb(id: &str, size: u64, times: usize) -> String {
    let mut delta = varint(size);
    delta.extend(varint(0x1_0000 * times as u64));
    delta.extend(std::iter::repeat_n(0x80, times));
    let mut patch = format!("diff --git a/big b/big\nindex {id}..{} 100644\nGIT binary patch\n", "1".repeat(40));
    write!(patch, "delta {}\n{}\ndelta 4\n{}\n", delta.len(), base85(&zlib(&delta)), base85(&zlib(&[1, 1, 1, 65]))).unwrap();
    patch
}

/// Runs one patch, and returns the reason why it did not land and how long that took.
fn refused(times: usize) -> (String, Duration) {
    let environment = TestEnvironment::in_memory();
    let mut ground = Ground::new(&environment);
    ground.repo.write("big", "x".repeat(0x1_0000));
    ground.repo.commit("a large file");
    let id = ground.repo.git(&["rev-parse", "HEAD:big"]);
    std::fs::write(environment.root().join("bomb.patch"), bomb(&id, 0x1_0000, times)).unwrap();
    let start = Instant::now();
    let plan = "version: 1\nname: bomb\ndefaults: {retry: {max_attempts: 1}}\nworkstreams:\n  - id: ws\n    files_scope: [\"**\"]\n    tool: replay\n    patches: [bomb.patch]\n";
    ground.run(plan).expect_code(1);
    (ground.reasons().remove("ws").unwrap_or_default(), start.elapsed())
}

#[test]
fn a_small_patch_that_unpacks_to_gigabytes_is_refused() {
    // It is well formed: what is wrong with a small one is its id alone.
    let (reason, _) = refused(2);
    assert!(reason.contains("creates incorrect result"), "{reason}");
    for times in [40_000, 1_000_000] {
        let (reason, took) = refused(times);
        assert!(reason.contains("Out of memory"), "{times}: {reason}");
        assert!(took < Duration::from_secs(30), "{times}: {took:?}");
    }
}

#[test]
fn a_file_without_end_that_takes_no_room_is_kept_and_named() {
    let environment = TestEnvironment::in_memory();
    let mut ground = Ground::new(&environment);
    let line = "  - id: ws\n    files_scope: [\"**\"]\n    tool: command\n    command: [sh, -c, 'echo x >small; truncate -s 100G huge']\n";
    let start = Instant::now();
    ground.run(&format!("version: 1\nname: huge\ndefaults: {{retry: {{max_attempts: 1}}}}\nworkstreams:\n{line}")).expect_code(3);
    let reason = ground.reasons().remove("ws").unwrap_or_default();
    assert!(reason.contains("`huge` is larger than 4 GiB"), "{reason}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert_eq!(ground.repo.worktrees().len(), 2, "the worktree is kept");
    ground.assert_nothing_around_changed();
}
