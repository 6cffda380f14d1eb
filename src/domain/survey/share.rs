//! What a repository is about, by what its files are.

use crate::domain::settings::word::Domain;
use crate::domain::survey::report::Survey;
use crate::domain::survey::tree::Tree;

/// Endings of files, and what they are for.
const ENDINGS: [(&[&str], Domain); 4] = [
    (
        &[
            "rs", "go", "py", "js", "jsx", "ts", "tsx", "mjs", "cjs", "java", "kt", "scala", "c", "h", "cc", "cpp", "hpp", "cs", "rb",
            "php", "swift", "m", "zig", "hs", "ml", "ex", "exs", "erl", "lua", "dart", "vue", "svelte", "sh", "pl", "r", "jl", "clj", "fs",
        ],
        Domain::SoftwareDev,
    ),
    (&["sql", "ipynb", "parquet", "avro", "csv", "tsv", "dbt"], Domain::DataPipeline),
    (&["tf", "tfvars", "hcl", "nix", "pp", "j2", "service", "timer"], Domain::Operations),
    (&["md", "rst", "adoc", "tex", "txt", "mdx", "org"], Domain::Documentation),
];

/// Names of files that say what a repository is for, whatever their endings.
const NAMES: [(&[&str], Domain); 2] = [
    (&["Dockerfile", "docker-compose.yml", "compose.yaml", "Chart.yaml", "ansible.cfg", "playbook.yml", "Vagrantfile"], Domain::Operations),
    (&["dbt_project.yml", "dvc.yaml", "airflow.cfg"], Domain::DataPipeline),
];

/// What most of the files must be for the repository to be about it, of a hundred.
const MOST: usize = 60;

/// Says what the repository is about.
pub(super) fn look(tree: &Tree, out: &mut Survey) {
    let counts = [Domain::SoftwareDev, Domain::DataPipeline, Domain::Operations, Domain::Documentation]
        .map(|domain| (domain, tree.files.iter().filter(|file| domain_of(file) == Some(domain)).count()));
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    let Some((domain, most)) = counts.into_iter().rev().max_by_key(|(_, count)| *count).filter(|_| all > 0) else { return };
    // Pages about a program do not make a book of it.
    let is_program = domain == Domain::Documentation && !out.languages.is_empty();
    let domain = if most * 100 >= all * MOST && !is_program { domain } else { Domain::Mixed };
    let told: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(domain, count)| format!("{count} of {}", domain.as_str())).collect();
    out.domain = Some(domain);
    out.note("all files", told.join(", "));
}

fn domain_of(path: &str) -> Option<Domain> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some((_, domain)) = NAMES.iter().find(|(names, _)| names.contains(&name)) {
        return Some(*domain);
    }
    let (_, ending) = name.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    ENDINGS.iter().find(|(endings, _)| endings.contains(&ending.as_str())).map(|(_, domain)| *domain)
}
