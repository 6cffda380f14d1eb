//! Every committed input of the fuzz targets, given to the same functions again: what was found once is not found twice.

#[expect(unreachable_pub, reason = "the fuzzer's package includes the folder and calls the targets from outside")]
mod targets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpora")
}

fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = std::fs::read_dir(corpora().join(target)).unwrap_or_else(|e| panic!("no corpus of {target}: {e}"));
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn every_input_that_fuzzing_kept_is_still_answered() {
    for (name, target) in targets::ALL {
        let inputs = inputs(name);
        assert!(!inputs.is_empty(), "the corpus of {name} is empty");
        for (path, bytes) in inputs {
            let answered = std::panic::catch_unwind(|| target(&bytes));
            assert!(answered.is_ok(), "{} makes the target `{name}` panic", path.display());
        }
    }
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml")).unwrap();
    let targets: BTreeSet<&str> = targets::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(targets.len(), targets::ALL.len());
    let programs: BTreeSet<&str> =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"targets/")?.strip_suffix(".rs\"")).collect();
    assert_eq!(programs, targets);
    let folders = std::fs::read_dir(corpora()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(folders.collect::<BTreeSet<_>>(), targets.iter().map(ToString::to_string).collect());
}
