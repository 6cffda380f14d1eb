//! The files of a repository, as far as a survey looks at them.

use std::collections::BTreeMap;

/// Files at the top whose text is read.
const READ: [&str; 29] = [
    "Cargo.toml",
    "package.json",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "pytest.ini",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "settings.gradle",
    "settings.gradle.kts",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    ".justfile",
    ".pre-commit-config.yaml",
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    ".travis.yml",
    "bitbucket-pipelines.yml",
];

/// The folder of GitHub's workflows.
const WORKFLOWS: &str = ".github/workflows/";

/// What was seen of a repository.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The name of its folder.
    pub name: String,
    /// The paths of its files, below its top.
    pub files: Vec<String>,
    /// The texts of some of them.
    pub texts: BTreeMap<String, String>,
}

impl Tree {
    /// Returns whether the text of a file is wanted.
    #[must_use]
    pub fn wants(path: &str) -> bool {
        READ.contains(&path) || is_workflow(path)
    }

    /// Returns whether a file is there.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.texts.contains_key(path) || self.files.iter().any(|file| file == path)
    }

    /// Returns the first of some files that is there.
    #[must_use]
    pub fn first<'p>(&self, paths: &[&'p str]) -> Option<&'p str> {
        paths.iter().copied().find(|path| self.has(path))
    }

    /// Returns the text of a file that was read.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Returns the first of some files whose text was read, with that text.
    #[must_use]
    pub fn first_text<'p>(&self, paths: &[&'p str]) -> Option<(&'p str, &str)> {
        paths.iter().find_map(|path| Some((*path, self.text(path)?)))
    }

    /// Returns the files that tell a server what to check.
    pub fn server_files(&self) -> impl Iterator<Item = &str> {
        let named =
            [".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines.yml", "Jenkinsfile", ".travis.yml", "bitbucket-pipelines.yml"];
        self.texts.keys().map(String::as_str).filter(move |path| is_workflow(path) || named.contains(path))
    }
}

fn is_workflow(path: &str) -> bool {
    let name = path.strip_prefix(WORKFLOWS).unwrap_or_default();
    !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml"))
}
