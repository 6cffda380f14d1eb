//! What the targets in `targets/` have in common: their bodies, which ordinary tests replay as well.

#[path = "../../tests/it/corpora/targets/mod.rs"]
pub mod targets;
