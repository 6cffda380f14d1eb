//! Taking workstreams apart that are too large: what is too large, into which parts, and who then waits for whom. All of it is a function of a
//! plan, the files of its base commit and the rules; nothing here reads a repository.

pub mod infer;
pub mod parts;
pub mod rules;
pub mod split;
