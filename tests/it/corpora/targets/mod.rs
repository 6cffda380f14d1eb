//! The bodies of the fuzz targets: each takes any bytes and panics when a promise does not hold for them.
//!
//! The fuzzer's package includes this folder by its path, and [`super`] gives every committed input to the same functions, so that a target
//! and its replay can not drift apart. Nothing here may use anything else of the tests.

mod chains;
mod channels;
mod documents;
mod entries;
mod findings;
mod fodder;
mod gates;
mod globs;
mod graphs;
mod patches;
mod paths;
mod plans;
mod settings;
mod states;
mod tools;
mod words;

pub use chains::ledger_chain;
pub use channels::channel;
pub use documents::markdown;
pub use entries::{ledger_entry, ledger_message};
pub use findings::{
    finding_arrow, finding_cargo, finding_json, finding_matcher, finding_people, finding_python, finding_rust_test, finding_tap,
    finding_xml, findings, problem_matchers,
};
pub use gates::{coverage_report, gate_file, gate_updates, policies};
pub use globs::{glob_overlap, globs};
pub use graphs::graph;
pub use patches::{diff_paths, patch_text};
pub use paths::{links, paths};
pub use plans::{bundles, plan_json, plan_yaml};
pub use settings::{git_config, settings_limits, settings_overlay, settings_profile};
pub use states::checkpoint;
pub use tools::{profiles, template, tool_output};
pub use words::{display, ids, subjects};

/// A fuzz target.
pub type Target = fn(&[u8]);

/// Every target by its name: that of its program in `fuzz/` and of its folder in `fixtures/corpora/`.
pub const ALL: [(&str, Target); 41] = [
    ("bundles", bundles),
    ("channel", channel),
    ("checkpoint", checkpoint),
    ("coverage_report", coverage_report),
    ("diff_paths", diff_paths),
    ("display", display),
    ("finding_arrow", finding_arrow),
    ("finding_cargo", finding_cargo),
    ("finding_json", finding_json),
    ("finding_matcher", finding_matcher),
    ("finding_people", finding_people),
    ("finding_python", finding_python),
    ("finding_rust_test", finding_rust_test),
    ("finding_tap", finding_tap),
    ("finding_xml", finding_xml),
    ("findings", findings),
    ("gate_file", gate_file),
    ("gate_updates", gate_updates),
    ("git_config", git_config),
    ("glob_overlap", glob_overlap),
    ("globs", globs),
    ("graph", graph),
    ("ids", ids),
    ("ledger_chain", ledger_chain),
    ("ledger_entry", ledger_entry),
    ("ledger_message", ledger_message),
    ("links", links),
    ("markdown", markdown),
    ("patch_text", patch_text),
    ("paths", paths),
    ("plan_json", plan_json),
    ("plan_yaml", plan_yaml),
    ("policies", policies),
    ("problem_matchers", problem_matchers),
    ("profiles", profiles),
    ("settings_limits", settings_limits),
    ("settings_overlay", settings_overlay),
    ("settings_profile", settings_profile),
    ("subjects", subjects),
    ("template", template),
    ("tool_output", tool_output),
];
