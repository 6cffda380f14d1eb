//! The engine on real repositories with real programs, through the library's verbs.

mod fixers;
mod hearing;
mod landing;
mod left_behind;
mod output;
mod pace;
mod phased;
mod places;
mod prompts;
mod rig;
mod runs;
mod stops;
mod tooling;
