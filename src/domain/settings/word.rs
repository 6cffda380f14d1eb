//! The fixed words of a profile.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::document::node::Node;
use crate::domain::document::read::Read;
use crate::domain::document::sink::Sink;
use crate::domain::document::word::words;

words! {
    /// What a project is about.
    Domain {
        /// Programs.
        SoftwareDev = "software-dev",
        /// Flows of data.
        DataPipeline = "data-pipeline",
        /// The running of machines.
        Operations = "operations",
        /// Texts.
        Documentation = "documentation",
        /// Several of these.
        Mixed = "mixed",
    }
    /// How much of a loss of power the ledger must survive.
    DurabilityWord {
        /// An entry is on the disk before it counts.
        Full = "full",
        /// An entry survives the death of the program, not that of the machine.
        Relaxed = "relaxed",
    }
    /// How progress is shown.
    ProgressWord {
        /// Bars on a terminal, else lines.
        Auto = "auto",
        /// Lines.
        Plain = "plain",
        /// Nothing.
        None = "none",
    }
    /// The sandboxes that a person may ask for.
    SandboxWord {
        /// The tightest that the machine allows.
        Auto = "auto",
        /// None.
        None = "none",
        /// The kernel refuses writes outside of the granted folders.
        Landlock = "landlock",
        /// Own file system, processes and, if wished, no network.
        Bubblewrap = "bubblewrap",
    }
    /// What a person may say about the network.
    NetworkWord {
        /// Whatever the user can reach is reached.
        Full = "full",
        /// Nothing is reached.
        None = "none",
    }
    /// What a person may say about reading.
    ReadsWord {
        /// Everything but secrets is read.
        All = "all",
        /// Only what is listed is read.
        Listed = "listed",
    }
    /// The sandboxes that a repository may ask for.
    TighterSandbox {
        /// The kernel refuses writes outside of the granted folders.
        Landlock = "landlock",
        /// Own file system, processes and, if wished, no network.
        Bubblewrap = "bubblewrap",
    }
    /// What a repository may say about the network.
    TighterNetwork {
        /// Nothing is reached.
        None = "none",
    }
    /// What a repository may say about reading.
    TighterReads {
        /// Only what is listed is read.
        Listed = "listed",
    }
    /// What happens when everything has been tried.
    ExhaustedWord {
        /// The workstream has failed.
        Fail = "fail",
        /// The workstream waits for a person.
        Pause = "pause",
    }
}
