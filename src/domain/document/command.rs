//! Commands: from what was written to an argument vector. Nothing here is ever given to a shell.

use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::document::word::Command;

/// A command as an argument vector; the first element is the program. Never passed through a shell.
pub type Argv = Vec<String>;

/// Words that only a shell understands.
const OPERATORS: [&str; 11] = ["|", "||", "&&", "&", ";", ">", ">>", "<", "2>", "2>&1", "&>"];

/// Returns the argument vectors of commands; the bad ones go to the sink.
pub fn argvs(commands: Option<&At<Vec<At<Command>>>>, sink: &mut Sink<'_>) -> Vec<Argv> {
    commands.map_or_else(Vec::new, |commands| commands.value.iter().filter_map(|command| argv(command, sink)).collect())
}

/// Returns the argument vector of a command; a bad one goes to the sink.
pub fn argv(command: &At<Command>, sink: &mut Sink<'_>) -> Option<Argv> {
    let words: Argv = match &command.value {
        Command::Words(words) => words.iter().map(|word| word.value.clone()).collect(),
        Command::Line(line) => match shell_words::split(line) {
            Ok(words) => {
                warn_of_shell(line, command.place, sink);
                words
            }
            Err(error) => {
                let draft = Draft::new(Code::BadCommand, command.place, format!("can not be split into words: {error}"));
                sink.add(draft.hint("Close the quote, or write the command as a list of words."));
                return None;
            }
        },
    };
    let (message, hint) = match words.first() {
        None => ("no program".to_owned(), "Name at least a program."),
        Some(program) if program.is_empty() => ("the program is empty".to_owned(), "Name at least a program."),
        Some(program) if program.starts_with('-') => (
            format!("{} is an option, not a program", quoted(program)),
            "Each item of the list is a command of its own; write one command as `[[\"program\", \"-option\"]]`.",
        ),
        Some(_) if words.iter().any(|word| word.contains('\0')) => ("a word holds a NUL byte".to_owned(), "Remove it."),
        Some(_) => return Some(words),
    };
    sink.add(Draft::new(Code::BadCommand, command.place, message).hint(hint));
    None
}

fn warn_of_shell(line: &str, place: Place, sink: &mut Sink<'_>) {
    let needs_shell = |word: &&str| OPERATORS.contains(word) || word.starts_with('$') || word.ends_with(';') || word.contains("$(");
    if let Some(word) = line.split_ascii_whitespace().find(needs_shell) {
        let draft = Draft::new(Code::ShellSyntax, place, format!("{} is passed to the program as it is; no shell is run", quoted(word)));
        sink.add(draft.hint("Write `[\"sh\", \"-c\", \"...\"]` to have a shell run it."));
    }
}
