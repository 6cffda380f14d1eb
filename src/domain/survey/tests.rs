//! Surveys: one table per ecosystem, from files to commands.

use super::look::survey;
use super::proposal::{gates, profile};
use super::report::{Group, Survey};
use super::tree::Tree;
use crate::domain::document::source::SourceFile;
use crate::domain::gate::parse::parse;
use crate::domain::settings::parse::parse_profile;
use crate::domain::settings::word::Domain;

/// Makes a tree: files with a text, and files whose text nobody reads.
fn tree(texts: &[(&str, &str)], others: &[&str]) -> Tree {
    let files = texts.iter().map(|(path, _)| *path).chain(others.iter().copied()).map(str::to_owned).collect();
    assert!(texts.iter().all(|(path, _)| Tree::wants(path)), "{texts:?}");
    let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Tree { name: "folder".to_owned(), files, texts }
}

fn commands(survey: &Survey) -> Vec<String> {
    let of = |group: Group| survey.commands.iter().filter(move |one| one.group == group);
    Group::ALL.into_iter().flat_map(of).map(|one| format!("{}: {}", one.group.key(), one.command.join(" "))).collect()
}

/// Checks the commands, and that the profile that is written is one.
fn check(texts: &[(&str, &str)], others: &[&str], expect: &[&str]) -> Survey {
    let tree = tree(texts, others);
    let found = survey(&tree);
    assert_eq!(commands(&found), expect, "{texts:?} {others:?}");
    let text = profile(&tree, &found, ".git-orc/project_profile.schema.json");
    let (read, warnings) =
        parse_profile(&SourceFile::new("PROJECT_PROFILE.yaml", text.as_str()), &[]).unwrap_or_else(|found| panic!("{found:#?} in\n{text}"));
    assert!(warnings.is_empty(), "{warnings:#?} in\n{text}");
    let written =
        |group: Group| found.commands.iter().filter(move |one| one.group == group).map(|one| one.command.clone()).collect::<Vec<_>>();
    let gates = gates(&found, ".git-orc/quality_gate.schema.json");
    assert_eq!(gates.is_some(), !found.commands.is_empty());
    if let Some(text) = gates {
        let (gates, notes) =
            parse(&SourceFile::new("QUALITY_GATE.yaml", text.as_str())).unwrap_or_else(|found| panic!("{found:#?} in\n{text}"));
        assert!(notes.is_empty() && gates.gates.len() == found.commands.len(), "{notes:#?} in\n{text}");
    }
    let kept = read.commands;
    assert_eq!(
        (kept.setup, kept.build, kept.statics, kept.runtime),
        (written(Group::Setup), written(Group::Build), written(Group::Static), written(Group::Runtime))
    );
    found
}

#[test]
fn rust() {
    check(&[("Cargo.toml", "[package]\nname = \"x\"\n")], &[], &["build: cargo build", "runtime: cargo test"]);
    let found = check(
        &[("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n[workspace.lints.clippy]\nall = \"warn\"\n")],
        &[".rustfmt.toml", "a/src/lib.rs"],
        &[
            "build: cargo build --workspace",
            "static: cargo fmt --all --check",
            "static: cargo clippy --workspace --all-targets",
            "runtime: cargo test --workspace",
        ],
    );
    assert_eq!((found.languages.as_slice(), found.name.as_deref()), (&["Rust"][..], None));
    check(
        &[("Cargo.toml", "[package]\nname = \"x\"\n")],
        &["clippy.toml"],
        &["build: cargo build", "static: cargo clippy --all-targets", "runtime: cargo test"],
    );
    let broken = check(&[("Cargo.toml", "[package\n")], &[], &[]);
    assert_eq!(broken.hints[0].says, "can not be read as TOML");
    check(&[], &["sub/Cargo.toml"], &[]);
}

#[test]
fn node() {
    let scripts = r#"{"name": "web", "scripts": {"build": "vite build", "lint": "eslint .", "test": "vitest run", "dev": "vite"}, "devDependencies": {"vite": "5"}}"#;
    let with = |lock: &[&str], expect: &[&str]| check(&[("package.json", scripts)], lock, expect);
    with(&["package-lock.json"], &["setup: npm ci", "build: npm run build", "static: npm run lint", "runtime: npm test"]);
    with(
        &["pnpm-lock.yaml"],
        &["setup: pnpm install --frozen-lockfile", "build: pnpm run build", "static: pnpm run lint", "runtime: pnpm test"],
    );
    with(
        &["yarn.lock"],
        &["setup: yarn install --frozen-lockfile", "build: yarn run build", "static: yarn run lint", "runtime: yarn test"],
    );
    with(
        &["yarn.lock", ".yarnrc.yml"],
        &["setup: yarn install --immutable", "build: yarn run build", "static: yarn run lint", "runtime: yarn test"],
    );
    with(
        &["bun.lockb"],
        &["setup: bun install --frozen-lockfile", "build: bun run build", "static: bun run lint", "runtime: bun run test"],
    );
    let found = with(&["src/a.ts"], &["setup: npm install", "build: npm run build", "static: npm run lint", "runtime: npm test"]);
    assert_eq!((found.languages.as_slice(), found.name.as_deref()), (&["TypeScript"][..], Some("web")));
    check(
        &[(
            "package.json",
            r#"{"packageManager": "pnpm@9.1.0", "scripts": {"typecheck": "tsc", "test": "echo \"Error: no test specified\" && exit 1"}}"#,
        )],
        &[],
        &["static: pnpm run typecheck"],
    );
    check(&[("package.json", "[")], &["package-lock.json"], &[]);
    check(&[("package.json", "[]")], &[], &[]);
}

#[test]
fn python() {
    let poetry = "[tool.poetry]\nname = \"p\"\n[tool.poetry.group.dev.dependencies]\npytest = \"^8\"\nmypy = \"*\"\n";
    let found = check(
        &[("pyproject.toml", poetry)],
        &["poetry.lock"],
        &["setup: poetry install", "static: poetry run mypy .", "runtime: poetry run pytest"],
    );
    assert_eq!(found.name.as_deref(), Some("p"));
    let uv = "[project]\nname = \"p\"\n[project.optional-dependencies]\ndev = [\"pytest[cov]>=8\"]\n[tool.ruff]\nline-length = 100\n";
    check(&[("pyproject.toml", uv)], &["uv.lock"], &["setup: uv sync --frozen", "static: uv run ruff check .", "runtime: uv run pytest"]);
    check(&[("pyproject.toml", "[dependency-groups]\ndev = [\"ruff\", {include-group = \"test\"}]\n")], &[], &["static: ruff check ."]);
    check(&[("pyproject.toml", "[project]\nname = \"p\"\ndependencies = [\"pytest-mock\", \"mypy_extensions\"]\n")], &[], &[]);
    check(&[("setup.cfg", "[mypy]\nstrict = true\n[tool:pytest]\n")], &[], &["static: mypy .", "runtime: pytest"]);
    check(&[("tox.ini", "[tox]\nenvlist = py3\n")], &[], &["runtime: tox"]);
    check(&[("tox.ini", "[tox]\n[pytest]\n")], &[], &["runtime: pytest"]);
    check(
        &[("requirements-dev.txt", "ruff==0.5 # linter\n-r requirements.txt\nPyTest\n")],
        &[],
        &["static: ruff check .", "runtime: pytest"],
    );
    check(&[("requirements.txt", "flask\n")], &["tests/conftest.py"], &["runtime: pytest"]);
}

#[test]
fn go_and_the_jvm() {
    let found = check(
        &[("go.mod", "module example.com/x/tool\n\ngo 1.23\n")],
        &[".golangci.yml"],
        &["build: go build ./...", "static: go vet ./...", "static: golangci-lint run", "runtime: go test ./..."],
    );
    assert_eq!(found.name.as_deref(), Some("tool"));
    check(&[("pom.xml", "<project/>")], &[], &["build: mvn --batch-mode compile", "runtime: mvn --batch-mode test"]);
    check(
        &[("pom.xml", "<project/>"), ("build.gradle", "")],
        &["mvnw"],
        &["build: ./mvnw --batch-mode compile", "runtime: ./mvnw --batch-mode test"],
    );
    let found = check(&[("build.gradle.kts", "")], &["gradlew", "src/A.kt"], &["build: ./gradlew assemble", "runtime: ./gradlew test"]);
    assert_eq!(found.languages, ["Kotlin"]);
}

#[test]
fn makefiles_fill_gaps() {
    let make = ".PHONY: test\nbuild: x\n\tcc x\nlint:\n\tcheck\ncheck:\n\tcheck\ntest : build\n\t./x\nNAME := x\n";
    let found = check(&[("Makefile", make)], &[], &["build: make build", "static: make lint", "runtime: make test"]);
    assert_eq!(found.hints[0].says, "has a target `check`: `make check`");
    let found = check(
        &[("Makefile", make), ("go.mod", "module m\n")],
        &[],
        &["build: go build ./...", "static: go vet ./...", "runtime: go test ./..."],
    );
    assert_eq!(found.hints.len(), 4);
    check(&[("justfile", "@test:\n  x\nbuild target:\n  x\nlint := 'x'\n")], &[], &["runtime: just test"]);
    check(&[("Makefile", "test:=x\nbuild ::= y\nlinter:\n")], &[], &[]);
}

#[test]
fn hooks_and_servers_are_hints() {
    let found =
        check(&[(".pre-commit-config.yaml", "repos: []\n"), (".github/workflows/ci.yml", "run: cargo clippy && cargo test\n")], &[], &[]);
    let hints: Vec<(&str, &str)> = found.hints.iter().map(|hint| (hint.file.as_str(), hint.says.as_str())).collect();
    assert_eq!(hints[1], (".github/workflows/ci.yml", "runs cargo clippy, cargo test"));
    assert!(hints[0].1.contains("mends files"), "{hints:?}");
    assert!(!Tree::wants(".github/workflows/deep/ci.yml") && !Tree::wants("src/package.json"));
}

#[test]
fn the_domain_follows_from_most_of_the_files() {
    let check = |files: &[&str], expect: Option<Domain>| assert_eq!(survey(&tree(&[], files)).domain, expect, "{files:?}");
    check(&["a.rs", "b.rs", "README.md"], Some(Domain::SoftwareDev));
    check(&["a.md", "b.md", "c.rst", "conf.py"], Some(Domain::Documentation));
    check(&["main.tf", "vars.tf", "Dockerfile", "run.sh"], Some(Domain::Operations));
    check(&["a.sql", "b.sql", "dbt_project.yml"], Some(Domain::DataPipeline));
    check(&["a.rs", "b.md"], Some(Domain::Mixed));
    assert_eq!(survey(&tree(&[("go.mod", "module m\n")], &["a.md", "b.md", "main.go"])).domain, Some(Domain::Mixed));
    check(&["LICENSE", "data.bin"], None);
    check(&[], None);
}

#[test]
fn names_and_texts_of_strangers_stay_on_their_lines() {
    let hostile = r#"{"name": "x\ncommands: {static: [[rm]]}", "scripts": {"test": "a\nb: \u001b[2J\u202e", "lint": "x"}}"#;
    let found = check(&[("package.json", hostile)], &[], &["static: npm run lint", "runtime: npm test"]);
    let text = profile(&tree(&[], &[]), &found, "s.json");
    assert!(!text.chars().any(|c| c != '\n' && crate::domain::text::is_unsafe(c)), "{text}");
    for name in ["", "--", "é", "no", "3", "a: b", "#x", "'", "x\\y\"z"] {
        let tree = Tree { name: name.to_owned(), ..Tree::default() };
        let text = profile(&tree, &Survey::default(), "s.json");
        let read = parse_profile(&SourceFile::new("p.yaml", text.as_str()), &[]).unwrap_or_else(|found| panic!("{found:#?} in\n{text}")).0;
        assert_eq!(read.project_name.as_deref(), Some(name));
    }
}
