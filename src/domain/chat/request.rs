//! What a model is asked: a prompt, the files that it is about, and one diff in return.

use serde_json::{Value, json};

use crate::domain::text::count;

/// What a model is told about its part.
const SYSTEM: &str = "\
You change files of a git repository by answering with a patch; you can run nothing and ask nothing.

Answer with exactly one unified diff in the format of git, in one fenced block that begins with ```diff. For every file that changes:
- a line `diff --git a/PATH b/PATH`, then `--- a/PATH` and `+++ b/PATH`, with paths from the top of the repository;
- for a new file `new file mode 100644` and `--- /dev/null`, for a file that goes `deleted file mode 100644` and `+++ /dev/null`;
- hunks with `@@ -LINE,COUNT +LINE,COUNT @@` whose counts are right, three unchanged lines around each change, and every line as it stands
  in the file, with its blanks.
Change only what the task needs and only files that it allows. Keep prose short, and put no other diff into the answer.";

/// A file that the model is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownFile {
    /// Its path, for people.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its content; `None` for one that is only named.
    pub content: Option<String>,
}

/// Whether the server is asked to tell the usage at the end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageWish {
    /// It is.
    Asked,
    /// It is not: some servers do not know the option and refuse it.
    Unasked,
}

/// Returns the body of a request.
#[must_use]
pub fn body(model: &str, user: &str, wish: UsageWish) -> Value {
    let mut body = json!({
        "model": model,
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user}],
        "stream": true,
    });
    if wish == UsageWish::Asked {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

/// Returns the message of the user: the prompt, then the files.
#[must_use]
pub fn user_message(prompt: &str, files: &[ShownFile]) -> String {
    let mut text = prompt.trim_end().to_owned();
    text.push_str("\n\n## Files as they are now\n");
    if files.is_empty() {
        text.push_str("\nThere is none yet.\n");
    }
    for file in files {
        let size = count(usize::try_from(file.size).unwrap_or(usize::MAX), "byte");
        match &file.content {
            None => text.push_str(&format!("\n`{}` ({size}; its content is not shown)\n", file.path)),
            Some(content) => {
                let fence = fence(content);
                let end = if content.is_empty() || content.ends_with('\n') { "" } else { "\n(no line break at the end of the file)\n" };
                text.push_str(&format!("\n`{}` ({size})\n{fence}\n{content}{end}{fence}\n", file.path));
            }
        }
    }
    text
}

/// Returns a fence that the content does not hold.
fn fence(content: &str) -> String {
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, content: Option<&str>) -> ShownFile {
        ShownFile { path: path.to_owned(), size: content.map_or(9, |text| text.len() as u64), content: content.map(str::to_owned) }
    }

    #[test]
    fn files_stand_below_the_prompt_and_cannot_leave_their_fence() {
        let files = [shown("a.md", Some("x\n````\ny\n")), shown("b.bin", None), shown("c", Some("z"))];
        let text = user_message("do it\n", &files);
        let expect = "do it\n\n## Files as they are now\n\n`a.md` (9 bytes)\n`````\nx\n````\ny\n`````\n\n`b.bin` (9 bytes; its content is not shown)\n\n`c` (1 byte)\n```\nz\n(no line break at the end of the file)\n```\n";
        assert_eq!(text, expect);
        assert!(user_message("p", &[]).ends_with("There is none yet.\n"));
    }

    #[test]
    fn usage_is_asked_for_unless_the_server_does_not_know_how() {
        let asked = body("m", "u", UsageWish::Asked);
        assert_eq!((&asked["model"], &asked["stream_options"]["include_usage"]), (&json!("m"), &json!(true)));
        assert_eq!(asked["messages"][1], json!({"role": "user", "content": "u"}));
        assert_eq!(body("m", "u", UsageWish::Unasked).get("stream_options"), None);
    }
}
