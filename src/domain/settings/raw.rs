//! The profile as people write it. The doc comments here are the descriptions in the JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Anything, Free, Read, Whole, wrong_type};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema, unknown_key};
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::At;
use crate::domain::document::version::Version;
use crate::domain::plan::raw::{Commands, Pause, Positive, Texts};
use crate::domain::policy::budget::raw::RawBudgets;
use crate::domain::settings::limits::LimitValues;
use crate::domain::settings::word::{Domain, DurabilityWord, ProgressWord, TighterNetwork, TighterReads, TighterSandbox};

record! {
    /// What a repository says about itself. It may propose and tighten; it grants nothing.
    RawProfile requires [] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// The version of this format.
        version "version": Version,
        /// The id of the project.
        project_id "project_id": String,
        /// The name of the project.
        project_name "project_name": String,
        /// The top of the project: `.`, or a path below it. An absolute path is ignored.
        project_root "project_root": String,
        /// What the project is about.
        domain "domain": Domain,
        /// The id of the profile.
        profile_id "profile_id": String,
        /// Of the original format: what the project works with.
        resource_types "resource_types": Anything,
        /// The tools that are meant to be used here.
        available_tools "available_tools": Vec<At<RawTool>>,
        /// Of the original format: folders of its own; they mean nothing here.
        framework_paths "framework_paths": Free,
        /// What patches must keep to.
        constraints "constraints": RawConstraints,
        /// Settings for this repository.
        settings "settings": RepositorySettings,
        /// Commands for workstreams that give none of their own.
        commands "commands": RawCommands,
        /// Attempts, waits and time limits.
        limits "limits": LimitValues,
        /// The commit to start from, for plans that name none; `HEAD` when absent.
        base "base": String,
        /// Free data.
        metadata "metadata": Free,
    }

    /// A tool that is meant to be used here.
    RawTool requires ["tool_id"] extra Closed {
        /// Its id, as the tool profiles have it.
        tool_id "tool_id": String,
        /// Of the original format: its program. The profile of the tool decides.
        command "command": String,
        /// Of the original format: what it can do. The profile of the tool decides.
        capabilities "capabilities": Texts,
        /// Of the original format: how many of it may run at once.
        max_parallel "max_parallel": Positive,
    }

    /// What patches must keep to.
    RawConstraints requires [] extra Closed {
        /// Of the original format: whether all changes come as patches. They always do.
        patch_only "patch_only": bool,
        /// Whether tests must pass; a workstream that nothing tests is warned of.
        tests_must_pass "tests_must_pass": bool,
        /// Whether added lines must be ASCII.
        ascii_only "ascii_only": bool,
        /// How many lines a patch may change.
        max_lines_changed "max_lines_changed": Positive,
        /// How many files a patch may change.
        max_files_changed "max_files_changed": Positive,
        /// Whether every workstream must name an issue: `ccpm_issue`, or `metadata.issue`.
        require_issue_ref "require_issue_ref": bool,
    }

    /// Settings that a repository may propose: how work is done, and how programs are held more tightly.
    RawRepositorySettings requires [] extra Closed {
        /// How many workstreams run at once.
        max_workers "max_workers": Whole<1, 1_024>,
        /// Where worktrees are made: a folder beside the repository, such as `../worktrees`.
        worktree_dir "worktree_dir": String,
        /// How much of a loss of power the ledger must survive.
        durability "durability": DurabilityWord,
        /// How progress is shown.
        progress "progress": ProgressWord,
        /// Whether patches and merges get notes.
        notes "notes": bool,
        /// The longest time for any step, in seconds; 0 says nothing.
        timeout_sec "timeout_sec": Pause,
        /// The sandbox that programs are held by at least.
        sandbox "sandbox": TighterSandbox,
        /// That programs reach nothing over the network.
        network "network": TighterNetwork,
        /// That programs read only what is listed.
        reads "reads": TighterReads,
        /// How much may be spent at most; it lowers budgets and never raises them.
        budget "budget": RawBudgets,
    }

    /// Commands for workstreams that give none of their own. A list that a workstream or the plan's defaults give, even an empty one, wins.
    RawCommands requires [] extra Closed {
        /// Commands that prepare a worktree.
        setup "setup": Commands,
        /// Commands that build; they come before the static ones.
        build "build": Commands,
        /// Commands that look at the files: linters, compilers.
        statics "static": Commands,
        /// Commands that run the program: tests.
        runtime "runtime": Commands,
    }
}

/// Settings that a person has and a repository must not have, since it would grant itself something.
const GRANTS: [&str; 6] = ["env_allow", "sandbox_write", "sandbox_read", "resources", "min_free_mib", "prices"];

/// The settings of a repository.
#[derive(Debug, Clone, Default)]
pub struct RepositorySettings(pub RawRepositorySettings);

impl Read for RepositorySettings {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong_type(node, "a map", sink);
            return None;
        };
        let before = sink.errors();
        let mut record = RawRepositorySettings::default();
        for entry in entries {
            if GRANTS.contains(&entry.key.as_str()) {
                let message = format!("a repository may not grant itself anything, and `{}` would", entry.key);
                let hint = "Put it into your own `config.yaml`, or into git's configuration of this clone.";
                sink.add(Draft::new(Code::UnknownKey, entry.key_place, message).hint(hint));
            } else if !record.take(entry, sink) && !entry.key.starts_with("x-") {
                unknown_key(entry, RawRepositorySettings::KEYS, sink);
            }
        }
        record.broken = sink.errors() > before;
        Some(Self(record))
    }
}

impl JsonSchema for RepositorySettings {
    fn schema_name() -> Cow<'static, str> {
        "RepositorySettings".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        RawRepositorySettings::json_schema(generator)
    }
}
