//! The parts of one workstream: which files go together, and which tasks go with them.

use super::rules::{Groups, Rules};
use crate::domain::policy::pattern::Pattern;

/// A part of a workstream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Its files, sorted.
    pub files: Vec<String>,
    /// Its tasks, in the order of the workstream.
    pub tasks: Vec<String>,
}

/// Returns the parts of a workstream with these files and tasks: at most so many files and tasks in each as the rules allow, as far as that can
/// be. A single part says that it can not be taken apart.
#[must_use]
pub fn parts(files: &[String], tasks: &[String], rules: &Rules) -> Vec<Part> {
    let by_files = files.len().div_ceil(rules.max_files.max(1));
    let by_tasks = tasks.len().div_ceil(rules.max_tasks.max(1));
    let wanted = by_files.max(by_tasks).clamp(1, files.len().max(1));
    let room = files.len().div_ceil(wanted).clamp(1, rules.max_files.max(1));
    let mut parts: Vec<Part> = packed(files, room, rules).into_iter().map(|files| Part { files, tasks: Vec::new() }).collect();
    deal(&mut parts, tasks);
    let mut parts = merge_idle(parts, tasks);
    parts.iter_mut().for_each(|part| part.files.sort());
    parts
}

/// Packs files into bins with so much room each: a directory stays together where it fits, else a language in it.
fn packed(files: &[String], room: usize, rules: &Rules) -> Vec<Vec<String>> {
    let mut keyed: Vec<(String, String, &String)> =
        files.iter().map(|file| (directory(file, &rules.directory), language(file, &rules.language), file)).collect();
    keyed.sort();
    keyed.dedup();
    let mut bins: Vec<Vec<String>> = Vec::new();
    for of_directory in keyed.chunk_by(|a, b| a.0 == b.0) {
        if of_directory.len() <= room {
            put(&mut bins, of_directory, room);
            continue;
        }
        for of_language in of_directory.chunk_by(|a, b| a.1 == b.1) {
            for piece in of_language.chunks(room) {
                put(&mut bins, piece, room);
            }
        }
    }
    bins
}

/// Puts files into the last bin when they fit there, else into a new one.
fn put(bins: &mut Vec<Vec<String>>, files: &[(String, String, &String)], room: usize) {
    let files = files.iter().map(|(_, _, file)| (*file).clone());
    match bins.last_mut().filter(|bin| bin.len() + files.len() <= room) {
        Some(bin) => bin.extend(files),
        None => bins.push(files.collect()),
    }
}

fn named(file: &str, groups: &Groups) -> Option<String> {
    let fits = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(file.as_bytes()));
    groups.iter().find(|(_, patterns)| fits(patterns)).map(|(name, _)| name.clone())
}

fn directory(file: &str, groups: &Groups) -> String {
    named(file, groups).unwrap_or_else(|| file.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned()))
}

fn language(file: &str, groups: &Groups) -> String {
    let ending = || file.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or(String::new(), |(_, ending)| ending.to_owned());
    named(file, groups).unwrap_or_else(ending)
}

/// Gives each task to the parts whose files it names. One that names no file is about all of them.
fn deal(parts: &mut [Part], tasks: &[String]) {
    for task in tasks {
        let meant: Vec<usize> = (0..parts.len()).filter(|at| parts[*at].files.iter().any(|file| is_named(task, file))).collect();
        for (at, part) in parts.iter_mut().enumerate() {
            if meant.is_empty() || meant.contains(&at) {
                part.tasks.push(task.clone());
            }
        }
    }
}

/// Returns whether a text names a file: by its path, by its name, or by one of the folders above it.
fn is_named(text: &str, file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let folders = file.match_indices('/').filter_map(|(at, _)| file.get(..=at));
    has_word(text, file) || (name.contains('.') && has_word(text, name)) || folders.into_iter().any(|folder| has_path(text, folder))
}

/// Returns whether a text holds a name that is not a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let mut after = text.get(at + word.len()..).unwrap_or_default().chars();
        let (next, second) = (after.next(), after.next());
        // A dot ends a sentence, or begins an ending.
        let goes_on = next.is_some_and(is_part) || (next == Some('.') && second.is_some_and(char::is_alphanumeric));
        !before.is_some_and(is_part) && !goes_on
    })
}

/// Returns whether a text holds a folder with its slash, as itself and not as the beginning of a longer path.
fn has_path(text: &str, folder: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.');
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(folder).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + folder.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(goes_on)
    })
}

/// Files that no task is about go to the first part: nobody would know what to do with them.
fn merge_idle(parts: Vec<Part>, tasks: &[String]) -> Vec<Part> {
    if tasks.is_empty() {
        return parts;
    }
    let (mut busy, idle): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| !part.tasks.is_empty());
    if let Some(first) = busy.first_mut() {
        first.files.extend(idle.into_iter().flat_map(|part| part.files));
    }
    busy
}

#[cfg(test)]
mod tests {
    use super::super::rules::{SHIPPED, parse_rules};
    use super::*;
    use crate::domain::document::source::SourceFile;

    fn rules(max_files: usize, max_tasks: usize) -> Rules {
        Rules { max_files, max_tasks, ..parse_rules(&[SourceFile::new("rules.yaml", SHIPPED)]).unwrap() }
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn directories_stay_together_then_languages() {
        let check = |files: &[&str], room: usize, expect: &[&[&str]]| {
            let found: Vec<Vec<String>> = parts(&texts(files), &[], &rules(room, 7)).into_iter().map(|part| part.files).collect();
            assert_eq!(found, expect.iter().map(|files| texts(files)).collect::<Vec<_>>(), "{files:?}");
        };
        check(&["a/1.rs", "a/2.rs", "b/1.rs"], 2, &[&["a/1.rs", "a/2.rs"], &["b/1.rs"]]);
        check(&["a/1.rs", "b/1.rs", "b/2.rs"], 2, &[&["a/1.rs"], &["b/1.rs", "b/2.rs"]]);
        check(&["a/1.py", "a/1.rs", "a/2.py", "a/2.rs"], 2, &[&["a/1.py", "a/2.py"], &["a/1.rs", "a/2.rs"]]);
        check(&["a/1.rs"], 2, &[&["a/1.rs"]]);
        check(&["c", "a", "b"], 1, &[&["a"], &["b"], &["c"]]);
    }

    #[test]
    fn tasks_follow_the_files_that_they_name() {
        let files = texts(&["src/api/get.rs", "src/api/put.rs", "src/ui/view.rs"]);
        let check = |task: &str, expect: &[usize]| {
            let mut found: Vec<Part> = files.iter().map(|file| Part { files: vec![file.clone()], tasks: Vec::new() }).collect();
            deal(&mut found, &texts(&[task]));
            let with: Vec<usize> = (0..3).filter(|at| !found[*at].tasks.is_empty()).collect();
            assert_eq!(with, expect, "{task}");
        };
        check("mend src/api/get.rs", &[0]);
        check("mend `view.rs`.", &[2]);
        check("the files of src/api/ and no others", &[0, 1]);
        check("rename get.rs and view.rs", &[0, 2]);
        check("forget.rs is none of them", &[0, 1, 2]);
        check("make it fast", &[0, 1, 2]);
        check("get.rs.bak", &[0, 1, 2]);
    }

    #[test]
    fn files_without_a_task_stay_in_the_first_part() {
        let found = parts(&texts(&["a/1", "b/2", "c/3"]), &texts(&["only c/3"]), &rules(1, 7));
        assert_eq!(found, [Part { files: texts(&["a/1", "b/2", "c/3"]), tasks: texts(&["only c/3"]) }]);
        let found = parts(&texts(&["a/1", "b/2", "c/3"]), &texts(&["a/1 and", "then b/2"]), &rules(1, 7));
        let counts: Vec<_> = found.iter().map(|part| (part.files.len(), part.tasks.len())).collect();
        assert_eq!(counts, [(2, 1), (1, 1)]);
    }

    #[test]
    fn too_many_tasks_make_parts_as_well() {
        let tasks = texts(&["one of a", "two of a", "three of b", "four of b"]);
        let found = parts(&texts(&["a", "b"]), &tasks, &rules(10, 2));
        assert_eq!(found.iter().map(|part| part.tasks.len()).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(parts(&texts(&["a"]), &tasks, &rules(10, 2)).len(), 1);
    }
}
