//! `ai_policies.yaml` as people write it. The doc comments here are the descriptions in its JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json};

use crate::domain::document::node::{Entry, Node};
use crate::domain::document::read::{Free, Name, Read, Whole};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::At;
use crate::domain::policy::governance::word::{Anything, Enforcement, Fingerprint, Ruling, Version};

/// A number of files, lines or bytes.
pub type Most = Whole<0, 1_000_000_000_000>;
/// A list of texts.
pub type Texts = Vec<At<String>>;

record! {
    /// What may land in a repository, whoever made it.
    RawPolicies requires [] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// The version of the format.
        version "version": Version,
        /// Which paths may be changed freely, after a review, or never.
        zones "zones": RawZones,
        /// What must stay true, and who sees to it.
        invariants "invariants": Vec<At<RawInvariant>>,
        /// What no added line may hold.
        forbidden_patterns "forbidden_patterns": Vec<At<RawForbidden>>,
        /// How large a change may be, and of which kinds.
        limits "limits": RawLimits,
        /// Paths that a workstream changes only when its own scope names them without wildcards.
        protected "protected": RawProtected,
        /// Files that come along with other changes; changed outside of a scope, they are noted and not refused.
        overflow "overflow": RawOverflow,
        /// Whether added lines are searched for secrets, and which finds are none.
        secrets "secrets": RawSecrets,
        /// Advice for tools; kept and not judged.
        ai_guidance "ai_guidance": RawGuidance,
        /// Of the original format: when the file is to be made again; kept and not judged.
        regeneration "regeneration": Anything,
        /// Free data.
        metadata "metadata": Free,
    }

    /// Which paths may be changed freely, after a review, or never. A path in several zones is in the strictest.
    RawZones requires [] extra Closed {
        /// Changes may land.
        safe_to_modify "safe_to_modify": RawZone,
        /// Changes wait for a person.
        review_required "review_required": RawZone,
        /// Changes are refused.
        read_only "read_only": RawZone,
    }

    /// A zone.
    RawZone requires ["paths"] extra Closed {
        /// Globs of the paths that are in it.
        paths "paths": Texts,
        /// Conditions for people.
        conditions "conditions": Texts,
        /// What checks a change in it; shown to who reviews, and not run.
        validation "validation": Vec<At<RawValidation>>,
        /// Why; shown with every refusal.
        rationale "rationale": String,
    }

    /// What checks a change in a zone.
    RawValidation requires ["command"] extra Closed {
        /// The command.
        command "command": String,
        /// Whether it must pass.
        required "required": bool,
    }

    /// What must stay true.
    RawInvariant requires ["id"] extra Closed {
        /// The id, such as `INV-1`.
        id "id": String,
        /// What must stay true.
        description "description": String,
        /// Who sees to it. A change that `manual-review` concerns waits for a person.
        enforcement "enforcement": Enforcement,
        /// Globs of the paths that it concerns.
        affected_paths "affected_paths": Texts,
        /// Rules for people.
        rules "rules": Anything,
        /// What checks it; kept and not run.
        validation "validation": RawCheck,
    }

    /// What checks an invariant.
    RawCheck requires [] extra Closed {
        /// The script.
        script "script": String,
        /// Whether a server runs it.
        ci_enforced "ci_enforced": bool,
    }

    /// What no added line may hold.
    RawForbidden requires ["id", "pattern", "reason"] extra Closed {
        /// The id.
        id "id": Name,
        /// The regular expression, searched for in every added line.
        pattern "pattern": String,
        /// Globs of the files in which it is searched for; all of them when absent.
        paths "paths": Texts,
        /// Why; shown with every refusal.
        reason "reason": String,
        /// What to write in its place.
        alternative "alternative": String,
    }

    /// How large a change may be, and of which kinds.
    RawLimits requires [] extra Closed {
        /// How many files a workstream may change in all.
        max_files_changed "max_files_changed": Most,
        /// How many lines a workstream may add and remove in all.
        max_lines_changed "max_lines_changed": Most,
        /// How large a changed file may be, in bytes.
        max_file_bytes "max_file_bytes": Most,
        /// Whether binary files may be added and changed.
        binary "binary": Ruling,
        /// Whether symbolic links may be added and changed.
        symlinks "symlinks": Ruling,
        /// Whether submodules may be added and changed.
        submodules "submodules": Ruling,
        /// Whether a file may become executable, or cease to be.
        mode_changes "mode_changes": Ruling,
    }

    /// Paths that a workstream changes only when its own scope names them without wildcards.
    RawProtected requires ["paths"] extra Closed {
        /// Globs of the paths.
        paths "paths": Texts,
        /// Why; shown with every refusal.
        rationale "rationale": String,
    }

    /// Files that come along with other changes.
    RawOverflow requires ["paths"] extra Closed {
        /// Globs of the files. They replace those of the layer below, and each must be one of those or narrower.
        paths "paths": Texts,
    }

    /// Whether added lines are searched for secrets, and which finds are none.
    RawSecrets requires [] extra Closed {
        /// Whether they are.
        scan "scan": bool,
        /// Finds that are no secrets.
        allow "allow": Vec<At<RawAllow>>,
    }

    /// Finds that are no secrets: all of what is given must fit.
    RawAllow requires ["reason"] extra Closed {
        /// The id of the rule.
        rule "rule": String,
        /// A glob of the file.
        path "path": String,
        /// The fingerprint, as it is told with the refusal.
        fingerprint "fingerprint": Fingerprint,
        /// Why it is no secret.
        reason "reason": String,
    }

    /// Advice for tools; kept and not judged.
    RawGuidance requires [] extra Closed {
        /// What to read first.
        context_priority "context_priority": RawPriority,
        /// What is good.
        safe_patterns "safe_patterns": Anything,
        /// What is not, in words; `forbidden_patterns` at the top is what added lines are searched for.
        forbidden_patterns "forbidden_patterns": Vec<At<RawAdvice>>,
    }

    /// What to read first.
    RawPriority requires [] extra Closed {
        /// First.
        high "high": Texts,
        /// Then.
        medium "medium": Texts,
        /// At last.
        low "low": Texts,
    }

    /// What tools should not write.
    RawAdvice requires ["pattern"] extra Closed {
        /// What.
        pattern "pattern": String,
        /// Why.
        reason "reason": String,
        /// What to write in its place.
        alternative "alternative": String,
    }
}
