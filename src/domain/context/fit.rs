//! What of a workstream's files a tool is given, so that they fit into its window together with the prompt.

use std::collections::BTreeMap;

use crate::domain::id::RepoPath;
use crate::domain::text::grouped;
use crate::domain::text::{count, one_line};

/// Why a file is given, the strongest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// The prompt, a task or a finding names it.
    Named,
    /// The scope names it, without wildcards.
    Listed,
    /// A pattern of the scope covers it.
    Covered,
}

/// A file with its weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighed {
    /// Where it is.
    pub path: RepoPath,
    /// How many tokens it is, its name included.
    pub tokens: u64,
    /// How many tokens the line is that names it with size and outline.
    pub outline: u64,
    /// Why it is given.
    pub priority: Priority,
}

/// What a tool can take in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// All tokens.
    pub tokens: u64,
    /// Those that are kept free for what the tool writes.
    pub reserved: u64,
}

impl Window {
    /// Returns a window of so many tokens, a quarter of them, at most 32,000, kept free.
    #[must_use]
    pub const fn new(tokens: u64) -> Self {
        let quarter = tokens / 4;
        Self { tokens, reserved: if quarter < 32_000 { quarter } else { 32_000 } }
    }

    /// Returns what is left for files beside a prompt; `None` when there is not even room for that.
    #[must_use]
    pub const fn room(self, prompt: u64) -> Option<u64> {
        self.tokens.saturating_sub(self.reserved).checked_sub(prompt)
    }
}

/// How much of the files is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All of them.
    Whole,
    /// The most important ones; the others are left out.
    PriorityFiles,
    /// None of them; they are named with size and outline.
    SummarisedScope,
    /// Nothing fits: the workstream must be split.
    Split,
}

/// What of the files is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// How much.
    pub level: Level,
    /// The files that are given, in the order of their paths.
    pub given: Vec<RepoPath>,
    /// How many are left out.
    pub left_out: usize,
    /// What prompt and files would take.
    pub wanted: u64,
    /// What prompt and files take now.
    pub taken: u64,
    /// What the tool can take in.
    pub window: Window,
}

/// Chooses what is given: every file when all fit; else named files before listed before covered ones, and smaller ones before larger. When
/// not even all named files fit, all files are only outlined. Every token is counted once.
#[must_use]
pub fn fit(window: Window, prompt: u64, files: &[Weighed]) -> Fit {
    let sum = |tokens: fn(&Weighed) -> u64| files.iter().map(tokens).fold(0, u64::saturating_add);
    let all = sum(|file| file.tokens);
    let wanted = prompt.saturating_add(all);
    let with = |level, mut given: Vec<RepoPath>, used: u64| {
        given.sort();
        Fit { level, left_out: files.len() - given.len(), given, wanted, taken: prompt.saturating_add(used), window }
    };
    let Some(room) = window.room(prompt) else { return with(Level::Split, Vec::new(), 0) };
    if all <= room {
        return with(Level::Whole, files.iter().map(|file| file.path.clone()).collect(), all);
    }
    let mut order: Vec<&Weighed> = files.iter().collect();
    order.sort_by(|a, b| (a.priority, a.tokens, &a.path).cmp(&(b.priority, b.tokens, &b.path)));
    let (mut kept, mut used) = (Vec::new(), 0_u64);
    let mut lost_named = false;
    for file in order {
        if file.tokens <= room - used {
            used += file.tokens;
            kept.push(file.path.clone());
        } else {
            lost_named |= file.priority == Priority::Named;
        }
    }
    if !kept.is_empty() && !lost_named {
        return with(Level::PriorityFiles, kept, used);
    }
    let outlines = sum(|file| file.outline);
    if outlines <= room { with(Level::SummarisedScope, Vec::new(), outlines) } else { with(Level::Split, Vec::new(), 0) }
}

impl Fit {
    /// Returns what is worth telling; `None` when everything is given.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let head = format!("context: {} of {} tokens", grouped(self.wanted), grouped(self.window.tokens));
        match self.level {
            Level::Whole => None,
            Level::PriorityFiles => Some(format!("{head}: {} left out", count(self.left_out, "file"))),
            Level::SummarisedScope => Some(format!("{head}: {} only outlined", count(self.left_out, "file"))),
            Level::Split => Some(format!("{head}: nothing of it fits")),
        }
    }
}

/// The most parts that a proposal names.
const MOST_PARTS: usize = 8;

/// Returns a sentence that proposes how to split a workstream whose files do not fit: by folders that do.
#[must_use]
pub fn proposal(window: Window, prompt: u64, files: &[Weighed]) -> String {
    let head = |wanted: u64| format!("context: {} of {} tokens", grouped(wanted), grouped(window.tokens));
    let reserved = grouped(window.reserved);
    let Some(room) = window.room(prompt) else {
        return format!("{}: the prompt alone does not fit beside the {reserved} that are kept for the answer; shorten it", head(prompt));
    };
    let all = files.iter().map(|file| file.tokens).fold(prompt, u64::saturating_add);
    let weights: BTreeMap<&[u8], u64> = files.iter().map(|file| (file.path.as_bytes(), file.tokens)).collect();
    let mut parts = Vec::new();
    part(&weights.into_iter().collect::<Vec<_>>(), 0, room, &mut parts);
    let more = parts.len().saturating_sub(MOST_PARTS);
    let mut named: Vec<String> = parts.iter().take(MOST_PARTS).map(|(glob, tokens)| format!("`{glob}` ({})", grouped(*tokens))).collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    format!("{}: it does not fit; split the workstream by its scope: {}", head(all), named.join(", "))
}

/// Divides files that are sorted by path into folders that fit; a folder that does not is divided further, and a file can not be.
fn part(files: &[(&[u8], u64)], depth: usize, room: u64, parts: &mut Vec<(String, u64)>) {
    let name = |path: &[u8]| path[depth..].iter().position(|byte| *byte == b'/').map(|at| depth + at + 1);
    let mut rest = files;
    while let Some(((first, tokens), others)) = rest.split_first() {
        let Some(end) = name(first) else {
            parts.push((one_line(&String::from_utf8_lossy(first)), *tokens));
            rest = others;
            continue;
        };
        let size = rest.iter().take_while(|(path, _)| path.starts_with(&first[..end])).count();
        let (folder, behind) = rest.split_at(size);
        let sum = folder.iter().map(|(_, tokens)| *tokens).fold(0, u64::saturating_add);
        if sum <= room {
            parts.push((format!("{}**", one_line(&String::from_utf8_lossy(&first[..end]))), sum));
        } else {
            part(folder, end, room, parts);
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests;
