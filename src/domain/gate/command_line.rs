//! The programs that a gate's command starts, as far as its words tell: those of `sh -c` texts included.

/// Programs that run the program that their words name.
const CARRIERS: [&str; 12] = ["env", "time", "nice", "exec", "command", "timeout", "nohup", "xargs", "sudo", "stdbuf", "!", "then"];
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "zsh", "ksh"];
/// How deep shells inside shells are looked into.
const DEPTH: usize = 4;

/// One program and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The program as it is named.
    pub program: String,
    /// What follows it.
    pub words: Vec<String>,
}

impl Started {
    /// Returns the name of the program without its folder.
    #[must_use]
    pub fn name(&self) -> &str {
        self.program.rsplit('/').next().unwrap_or(&self.program)
    }

    /// Returns whether the program is a shell.
    #[must_use]
    pub fn is_shell(&self) -> bool {
        SHELLS.contains(&self.name())
    }
}

/// Returns the programs that a command starts.
#[must_use]
pub fn started(argv: &[String]) -> Vec<Started> {
    let mut out = Vec::new();
    look(argv, DEPTH, &mut out);
    out
}

fn look(words: &[String], depth: usize, out: &mut Vec<Started>) {
    let Some(at) = words.iter().position(|word| !is_carried(word)) else { return };
    let one = Started { program: words[at].clone(), words: words[at + 1..].to_vec() };
    let text = if one.is_shell() { script(&one.words) } else { None };
    match text.filter(|_| depth > 0) {
        Some(text) => simple_commands(text).iter().for_each(|words| look(words, depth - 1, out)),
        None => out.push(one),
    }
}

fn is_carried(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let is_assignment =
        word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    let is_limit = word.bytes().next().is_some_and(|b| b.is_ascii_digit()) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    CARRIERS.contains(&name) || is_assignment || is_limit || word.starts_with('-')
}

/// Returns the text behind `-c`, `-ec` and the like.
fn script(words: &[String]) -> Option<&str> {
    let is_c = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    let at = words.iter().take_while(|word| word.starts_with('-')).position(is_c)?;
    words.get(at + 1).map(String::as_str)
}

/// Splits the text of a shell into its simple commands and their words. Quotes are taken off; what they hold stays one word.
fn simple_commands(text: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(chars.next()),
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (';' | '&' | '|' | '\n' | '(' | ')' | '{' | '}' | '`', None) => {
                words.extend(word.take());
                commands.push(std::mem::take(&mut words));
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    commands.push(words);
    commands.retain(|words| !words.is_empty());
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argv: &[&str], expect: &[&str]) {
        let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
        let found: Vec<String> =
            started(&argv).iter().map(|one| [std::slice::from_ref(&one.program), one.words.as_slice()].concat().join(" ")).collect();
        assert_eq!(found, expect, "{argv:?}");
    }

    #[test]
    fn programs_are_found_in_the_words_of_a_command() {
        check(&["make", "test"], &["make test"]);
        check(&["env", "CI=1", "timeout", "60s", "ci/check.sh"], &["ci/check.sh"]);
        check(&["sh", "ci/check.sh", "-x"], &["sh ci/check.sh -x"]);
        check(&["sh", "-c", "cd x && make -C y; ! grep -q 'a b' f | sort"], &["cd x", "make -C y", "grep -q a b f", "sort"]);
        check(&["bash", "-euo", "pipefail", "-c", "x"], &["bash -euo pipefail -c x"]);
        check(&["bash", "-ec", "A=1 npm test || (exit 1)"], &["npm test", "exit 1"]);
        check(&["sh", "-c", "sh -c './ci/run one'"], &["./ci/run one"]);
        check(&["sh"], &["sh"]);
        check(&["env"], &[]);
    }
}
