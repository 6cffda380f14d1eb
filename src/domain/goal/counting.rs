//! What is counted in texts: words, chapters, and parts that are there.

/// Returns the number of words, as white space parts them.
#[must_use]
pub fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// A line that begins a part of a text.
struct Heading<'a> {
    title: &'a str,
    level: usize,
}

/// Returns the title and the level of a heading of Markdown.
fn heading(line: &str) -> Option<Heading<'_>> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let rest = line.get(level..)?;
    let is_heading = (1..=6).contains(&level) && (rest.is_empty() || rest.starts_with([' ', '\t']));
    is_heading.then(|| Heading { title: rest.trim().trim_end_matches('#').trim_end(), level })
}

/// Returns whether a line begins a chapter in plain words: `Chapter 3`, `CHAPTER IV: Home`.
fn is_chapter_line(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_chapter = words.next().is_some_and(|word| word.eq_ignore_ascii_case("chapter"));
    let Some(number) = words.next().filter(|_| is_chapter) else { return false };
    let number = number.trim_end_matches([':', '.', ',', ')']);
    let is_roman = number.bytes().all(|byte| b"IVXLCDM".contains(&byte));
    !number.is_empty() && (number.bytes().all(|byte| byte.is_ascii_digit()) || is_roman)
}

/// Returns the lines of a text that are no part of a fenced block.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fence: Option<&str> = None;
    text.lines().filter(move |line| {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => return true,
            (Some(_), Some(_) | None) => {}
        }
        false
    })
}

/// Returns the number of chapters: headings of the first and the second level, and lines that say so. A heading of Markdown is one of the
/// first two levels; of a text that has such headings of the second level the one title above them does not count.
#[must_use]
pub fn chapters(text: &str) -> u64 {
    let (mut first, mut second, mut plain) = (0, 0, 0);
    for line in prose(text) {
        match heading(line) {
            Some(Heading { level: 1, .. }) => first += 1,
            Some(Heading { level: 2, .. }) => second += 1,
            Some(_) => {}
            None => plain += u64::from(is_chapter_line(line)),
        }
    }
    let titles = if first == 1 && second > 0 { 0 } else { first };
    titles + second + plain
}

/// Returns whether a text has a heading of this title, whatever the case, with something below it.
#[must_use]
pub fn has_part(text: &str, title: &str) -> bool {
    let mut inside: Option<usize> = None;
    for line in prose_with_fences(text) {
        match (heading(line), inside) {
            (Some(found), _) if found.title.eq_ignore_ascii_case(title.trim()) => inside = Some(found.level),
            (Some(found), Some(level)) if found.level <= level => inside = None,
            (None, Some(_)) if !line.trim().is_empty() => return true,
            (Some(_) | None, _) => {}
        }
    }
    false
}

/// Returns all lines; inside of a fenced block none is a heading.
fn prose_with_fences(text: &str) -> impl Iterator<Item = &str> {
    let mut is_open = false;
    text.lines().map(move |line| {
        let is_mark = line.trim_start().starts_with("```");
        is_open ^= is_mark;
        // What is quoted is content, and never a heading.
        if is_open && line.starts_with('#') { "." } else { line }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_between_white_space() {
        let check = |text: &str, expect: u64| assert_eq!(words(text), expect, "{text:?}");
        check("", 0);
        check(" \n\t", 0);
        check("one  two\nthree\u{a0}four", 4);
        check("don't stop - now", 4);
    }

    #[test]
    fn chapters_are_headings_or_lines_that_say_so() {
        let check = |text: &str, expect: u64| assert_eq!(chapters(text), expect, "{text:?}");
        check("", 0);
        check("# One\n\ntext\n\n# Two\n", 2);
        check("# The book\n\n## One\n\n## Two\n\n### Part\n", 2);
        check("# A\n## One\n# B\n## Two\n", 4);
        check("# Only a title\n", 1);
        check("Chapter 1\ntext\nCHAPTER IV: Home\nchapter 12.\n", 3);
        check("Chapter one of many\nThe chapter 3 is long\nChapter\n", 0);
        check("#hash\n####### seven\n", 0);
        check("```\n# comment\n## other\n```\n## Real\n~~~\n# x\n~~~\n", 1);
        check("## Chapter 3\n", 1);
    }

    #[test]
    fn a_part_is_there_when_something_stands_below_it() {
        let check = |text: &str, title: &str, expect: bool| assert_eq!(has_part(text, title), expect, "{title} in {text:?}");
        check("## Risks\nmany\n", "risks", true);
        check("## Risks\n\n\n## Next\nx\n", "Risks", false);
        check("## Risks\n### Small\nfew\n", "Risks", true);
        check("## Risks ##\nmany", "Risks", true);
        check("Risks\nmany\n", "Risks", false);
        check("```\n## Risks\n```\nmany\n", "Risks", false);
        check("## Usage\n```\n# run it\n```\n", "Usage", true);
    }
}
