//! Histories of a workflow.
