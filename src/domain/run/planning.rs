//! What is recorded of plans before any run: who put a workstream into which plan. A stored format: fields are only ever added, with a default.

use serde::{Deserialize, Serialize};

use crate::domain::id::WorkstreamId;

/// Somebody put a workstream into a plan. The text of the plan afterwards is in the ledger's tree, by its digest: the first checkpoint of the
/// workstream. Those after it belong to runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkstreamCreated {
    /// The workstream.
    pub workstream: WorkstreamId,
    /// The plan, as it was named.
    pub plan: String,
    /// The SHA-256 of the plan's text afterwards, 64 hexadecimal digits.
    pub digest: String,
    /// Which time this workstream was put into a plan, a ULID.
    pub session: String,
    /// Who, as git knows them.
    pub who: String,
}
