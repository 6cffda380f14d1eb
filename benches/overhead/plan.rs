//! The work: the same for the script and for git-orc.

use std::fmt::Write as _;

/// How the workstreams lie in waves.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) workstreams: usize,
    waves: usize,
}

impl Shape {
    /// Returns a shape of three waves, or of one wave for fewer than three workstreams.
    pub(crate) fn new(workstreams: usize) -> Self {
        Self { workstreams, waves: if workstreams < 3 { 1 } else { 3 } }
    }

    /// Returns the numbers of the workstreams of each wave.
    fn waves(self) -> Vec<Vec<usize>> {
        let all: Vec<usize> = (1..=self.workstreams).collect();
        all.chunks(self.workstreams.div_ceil(self.waves)).map(<[usize]>::to_vec).collect()
    }

    /// Returns the plan; each wave depends on the first workstream of the one before.
    pub(crate) fn plan(self) -> String {
        let mut text = "version: 1\nname: bench\nbase: HEAD\ntarget: orc/bench\nworkstreams:\n".to_owned();
        let mut before = None;
        for wave in self.waves() {
            for number in &wave {
                let tool = tool(*number);
                let _ = writeln!(text, "  - id: ws{number}\n    files_scope: ['ws{number}/**']\n    tool: command");
                let _ = writeln!(text, "    command: ['sh', '-c', '{tool}']");
                if let Some(before) = before {
                    let _ = writeln!(text, "    depends_on: [ws{before}]");
                }
            }
            before = wave.first().copied();
        }
        text
    }

    /// Returns the script, which has to know nothing and to keep nothing.
    pub(crate) fn script(self) -> String {
        let mut text = "set -e\ngit worktree add -q -b orc/bench ../integration HEAD 2>/dev/null\n".to_owned();
        for wave in self.waves() {
            for number in &wave {
                let (tree, tool) = (format!("../ws{number}"), tool(*number));
                let _ = writeln!(text, "git worktree add -q --detach {tree} orc/bench");
                let _ = writeln!(text, "cd {tree}; sh -c '{tool}'; cd ../project");
                let _ = writeln!(text, "git -C {tree} add -A");
                let _ = writeln!(text, "git -C {tree} commit -q -m 'ws{number}: work'");
            }
            for number in wave {
                let _ = writeln!(text, "read -r tip < .git/worktrees/ws{number}/HEAD");
                let _ = writeln!(text, "git -C ../integration merge -q --no-ff -m 'merge ws{number}' \"$tip\"");
                let _ = writeln!(text, "git worktree remove ../ws{number}");
            }
        }
        text.push_str("git worktree remove ../integration\n");
        text
    }
}

/// The work of one tool: one line in one file.
fn tool(number: usize) -> String {
    format!("mkdir -p ws{number} && echo done >> ws{number}/result.txt")
}
