//! Java and its kin, by Maven and Gradle.

use crate::domain::survey::report::{Group, Survey};
use crate::domain::survey::tree::Tree;

/// Looks for Maven and Gradle. A project that has both is built by Maven and told of Gradle.
pub(super) fn look(tree: &Tree, out: &mut Survey) {
    let gradle = tree.first(&["build.gradle.kts", "build.gradle", "settings.gradle.kts", "settings.gradle"]);
    if tree.text("pom.xml").is_some() {
        language(tree, out);
        out.note("pom.xml", "a project of Maven");
        let program = if tree.has("mvnw") { "./mvnw" } else { "mvn" };
        out.propose(Group::Build, &[program, "--batch-mode", "compile"], ("pom.xml", "is there"));
        out.propose(Group::Runtime, &[program, "--batch-mode", "test"], ("pom.xml", "is there"));
        if let Some(file) = gradle {
            out.hint(file, "a project of Gradle as well");
        }
    } else if let Some(file) = gradle {
        language(tree, out);
        out.note(file, "a project of Gradle");
        let program = if tree.has("gradlew") { "./gradlew" } else { "gradle" };
        out.propose(Group::Build, &[program, "assemble"], (file, "is there"));
        out.propose(Group::Runtime, &[program, "test"], (file, "is there"));
    }
}

fn language(tree: &Tree, out: &mut Survey) {
    let count = |ending: &str| tree.files.iter().filter(|file| file.ends_with(ending)).count();
    out.languages.push(if count(".kt") > count(".java") { "Kotlin" } else { "Java" });
}
