//! Which files a gate takes from the base commit, so that no workstream can weaken its own gate.
//!
//! A gate takes what it *runs* and what tells it how to judge: the script that its command starts, and for well-known programs the files that
//! they read their rules from. A file that is merely named, as in `grep -q done notes.txt`, is the work that is judged, and stays as it was
//! merged.

use super::command_line::{Started, started};
use crate::domain::policy::pattern::Pattern;

/// How a file is taken from the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// The whole file.
    Whole,
    /// Its `scripts` only: the rest of a `package.json` is the work that is judged.
    Scripts,
}

const INTERPRETERS: [&str; 10] = ["python", "python3", "node", "ruby", "perl", "php", "lua", "source", ".", "bun"];
/// Options of interpreters after which no script follows, but a text or a module.
const TEXTS: [&str; 3] = ["-c", "-e", "-m"];
/// Options whose value is a file of rules, by program; `*` stands for every program.
const OPTIONS: &[(&str, &[&str])] = &[
    ("make", &["-f", "--file", "--makefile"]),
    ("gmake", &["-f", "--file", "--makefile"]),
    ("just", &["-f", "--justfile"]),
    ("ninja", &["-f"]),
    ("pytest", &["-c"]),
    ("eslint", &["-c"]),
    ("jest", &["-c"]),
    ("tsc", &["-p", "--project"]),
    ("*", &["--config", "--config-file", "--config-path", "--rcfile", "--rules"]),
];

const PYTHON_RULES: &[&str] = &[
    "**/setup.cfg",
    "**/tox.ini",
    "**/.flake8",
    "**/mypy.ini",
    "**/.mypy.ini",
    "**/ruff.toml",
    "**/.ruff.toml",
    "**/.pylintrc",
    "**/pylintrc",
];
const PYTHON_TESTS: &[&str] =
    &["**/pytest.ini", "**/.pytest.ini", "**/tox.ini", "**/setup.cfg", "**/conftest.py", "noxfile.py", "**/.coveragerc"];
const SCRIPT_RULES: &[&str] = &[
    "**/eslint.config.*",
    "**/.eslintrc",
    "**/.eslintrc.*",
    "**/.eslintignore",
    "**/.prettierrc",
    "**/.prettierrc.*",
    "**/.prettierignore",
    "**/jest.config.*",
    "**/vitest.config.*",
    "**/.mocharc.*",
    "**/biome.json",
    "**/tsconfig.json",
    "**/tsconfig.*.json",
    "**/.npmrc",
    "**/.yarnrc*",
];
const RUST_RULES: &[&str] = &[
    "**/.cargo/config",
    "**/.cargo/config.toml",
    "**/clippy.toml",
    "**/.clippy.toml",
    "**/rustfmt.toml",
    "**/.rustfmt.toml",
    "**/deny.toml",
    ".config/nextest.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
];

/// The files from which programs read what they do, by program.
const RULES: &[(&[&str], &[&str])] = &[
    (&["make", "gmake"], &["**/GNUmakefile", "**/makefile", "**/Makefile", "**/*.mk"]),
    (&["just"], &["justfile", "Justfile", ".justfile"]),
    (&["rake"], &["Rakefile", "rakefile"]),
    (&["cargo", "rustfmt", "clippy-driver"], RUST_RULES),
    (&["pytest", "py.test", "tox", "nox", "coverage"], PYTHON_TESTS),
    (&["ruff", "flake8", "mypy", "pylint", "black", "isort", "pyright"], PYTHON_RULES),
    (&["npm", "npx", "pnpm", "yarn", "bun", "node", "eslint", "prettier", "jest", "vitest", "mocha", "tsc", "biome"], SCRIPT_RULES),
    (&["golangci-lint"], &["**/.golangci.yml", "**/.golangci.yaml", "**/.golangci.toml", "**/.golangci.json"]),
    (&["pre-commit", "prek"], &[".pre-commit-config.yaml", "prek.toml"]),
    (&["shellcheck"], &["**/.shellcheckrc"]),
    (&["rubocop"], &["**/.rubocop.yml"]),
    (&["rspec"], &[".rspec"]),
    (&["yamllint"], &["**/.yamllint", "**/.yamllint.yaml", "**/.yamllint.yml"]),
    (&["clang-tidy", "clang-format"], &["**/.clang-tidy", "**/.clang-format"]),
];
/// Programs that run the scripts of a `package.json`.
const SCRIPT_RUNNERS: [&str; 4] = ["npm", "pnpm", "yarn", "bun"];

/// What a gate takes from the base.
#[derive(Debug, Clone)]
pub struct BaseFiles {
    named: Vec<Vec<u8>>,
    globs: Vec<Pattern>,
    scripts: bool,
}

impl BaseFiles {
    /// Returns what a gate takes: the scripts that its command runs, and either the globs that the plan lists or, when it lists none, the files
    /// that decide what well-known programs do.
    #[must_use]
    pub fn new(command: &[String], config: Option<&[Pattern]>) -> Self {
        let programs = started(command);
        let mut named: Vec<Vec<u8>> = programs.iter().flat_map(files_run).collect();
        named.sort_unstable();
        named.dedup();
        let is_in = |names: &[&str]| programs.iter().any(|one| names.iter().any(|name| is_program(one, name)));
        let globs = match config {
            Some(globs) => globs.to_vec(),
            None => {
                let texts = RULES.iter().filter(|(names, _)| is_in(names)).flat_map(|(_, globs)| *globs);
                texts.filter_map(|text| Pattern::parse(text).ok()).collect()
            }
        };
        Self { named, globs, scripts: config.is_none() && is_in(&SCRIPT_RUNNERS) }
    }

    /// Returns how a file is taken, if it is.
    #[must_use]
    pub fn takes(&self, path: &[u8]) -> Option<Taking> {
        if self.named.iter().any(|named| named == path) || self.globs.iter().any(|glob| glob.matches(path)) {
            return Some(Taking::Whole);
        }
        let is_package = path == b"package.json" || path.ends_with(b"/package.json");
        (self.scripts && is_package).then_some(Taking::Scripts)
    }
}

/// Returns whether a program is meant by a name: by its own, as `python -m name`, or as `npx name`.
fn is_program(one: &Started, name: &str) -> bool {
    let by_module = is_interpreter(one.name()) && one.words.windows(2).any(|pair| pair[0] == "-m" && pair[1] == name);
    let by_runner = matches!(one.name(), "npx" | "pnpm" | "yarn" | "bunx" | "uv" | "poetry" | "pipx" | "coverage")
        && one.words.iter().any(|word| word == name);
    one.name() == name || by_module || by_runner
}

fn is_interpreter(name: &str) -> bool {
    INTERPRETERS.contains(&name) || name.strip_prefix("python3.").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns the paths of the files that a program runs or reads its rules from because its words say so.
fn files_run(one: &Started) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    out.extend(path(&one.program));
    if one.is_shell() || is_interpreter(one.name()) {
        let script = one.words.iter().find(|word| !word.starts_with('-') || TEXTS.contains(&word.as_str()));
        out.extend(script.and_then(|word| path(word)).filter(|path| !path.starts_with(b"-")));
    }
    let options = OPTIONS.iter().filter(|(program, _)| *program == "*" || is_program(one, program)).flat_map(|(_, options)| *options);
    for option in options {
        for (at, word) in one.words.iter().enumerate() {
            let value = if word == option {
                one.words.get(at + 1).map(String::as_str)
            } else {
                word.strip_prefix(option).and_then(|rest| rest.strip_prefix('='))
            };
            out.extend(value.and_then(path));
        }
    }
    out
}

/// Returns a word as a path below the top, if it can be one.
fn path(word: &str) -> Option<Vec<u8>> {
    let inner = word.trim_start_matches("./");
    let is_below = !inner.is_empty() && !inner.starts_with('/') && inner.split('/').all(|part| !part.is_empty() && part != "..");
    is_below.then(|| inner.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(argv: &[&str], config: Option<&[&str]>) -> BaseFiles {
        let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
        let globs: Option<Vec<Pattern>> = config.map(|globs| globs.iter().map(|glob| Pattern::parse(glob).unwrap()).collect());
        BaseFiles::new(&argv, globs.as_deref())
    }

    #[test]
    fn what_a_gate_runs_is_taken() {
        let check = |argv: &[&str], path: &str| assert_eq!(of(argv, None).takes(path.as_bytes()), Some(Taking::Whole), "{argv:?} {path}");
        check(&["ci/check.sh"], "ci/check.sh");
        check(&["./check"], "check");
        check(&["sh", "ci/check.sh"], "ci/check.sh");
        check(&["sh", "-ec", "cd . && ./ci/check.sh --all"], "ci/check.sh");
        check(&["python3.12", "-B", "tools/lint.py"], "tools/lint.py");
        check(&["make", "-f", "ci/rules.make", "test"], "ci/rules.make");
        check(&["make", "test"], "Makefile");
        check(&["make", "-C", "sub", "test"], "sub/Makefile");
        check(&["cargo", "test"], ".cargo/config.toml");
        check(&["cargo", "clippy"], "crates/a/clippy.toml");
        check(&["python", "-m", "pytest"], "tests/conftest.py");
        check(&["uv", "run", "pytest"], "pytest.ini");
        check(&["npx", "eslint", "."], "eslint.config.mjs");
        check(&["ruff", "check", "--config=ci/ruff.toml"], "ci/ruff.toml");
        check(&["npm", "test"], "jest.config.js");
        assert_eq!(of(&["npm", "test"], None).takes(b"web/package.json"), Some(Taking::Scripts));
    }

    #[test]
    fn what_a_gate_judges_is_not_taken() {
        let check = |argv: &[&str], path: &str| assert_eq!(of(argv, None).takes(path.as_bytes()), None, "{argv:?} {path}");
        check(&["grep", "-q", "done", "notes.txt"], "notes.txt");
        check(&["test", "-f", "README"], "README");
        check(&["sh", "-c", "! grep -rq poison a b c"], "a");
        check(&["cargo", "test"], "Cargo.toml");
        check(&["cargo", "test"], "Makefile");
        check(&["pytest", "tests/test_x.py"], "tests/test_x.py");
        check(&["python", "-m", "app"], "app");
        check(&["/usr/bin/check"], "usr/bin/check");
        check(&["sh", "../check.sh"], "check.sh");
        check(&["npx", "eslint"], "package.json");
    }

    #[test]
    fn a_plan_that_lists_its_files_says_it_all_but_for_the_script() {
        let files = of(&["make", "test"], Some(&["ci/**"]));
        assert_eq!((files.takes(b"ci/a/b"), files.takes(b"Makefile")), (Some(Taking::Whole), None));
        let files = of(&["npm", "test"], Some(&[]));
        assert_eq!((files.takes(b"package.json"), files.takes(b".npmrc")), (None, None));
        assert_eq!(of(&["ci/check.sh"], Some(&[])).takes(b"ci/check.sh"), Some(Taking::Whole));
    }

    #[test]
    fn every_glob_of_the_list_is_one() {
        for glob in RULES.iter().flat_map(|(_, globs)| *globs) {
            assert!(Pattern::parse(glob).is_ok(), "{glob}");
        }
    }
}
